package tenant

import (
	"maps"
	"slices"
)

// Role is a named set of rights, granted in one scope.
type Role string

// The roles. A deployment may change what each may do (Policy), not their names.
const (
	CustomerOwner   Role = "customer.owner"
	CustomerSupport Role = "customer.support"
	CustomerManager Role = "customer.manager" // manages what a provider offers
	OfferingManager Role = "offering.manager"
	ProjectManager  Role = "project.manager"
	ProjectAdmin    Role = "project.admin"
	ProjectMember   Role = "project.member"
)

// Roles lists every role and the scope it is granted in.
func Roles() map[Role]Scope {
	return map[Role]Scope{
		CustomerOwner: OnCustomer, CustomerSupport: OnCustomer, CustomerManager: OnCustomer,
		OfferingManager: OnOffering,
		ProjectManager:  OnProject, ProjectAdmin: OnProject, ProjectMember: OnProject,
	}
}

// Right is something a role may allow.
type Right string

// The rights. Staff have all of them everywhere; support may see everything.
const (
	PlaceOrder     Right = "order.place"
	ApproveOrder   Right = "order.approve" // as consumer on the paying side, as provider on the delivering one
	RejectOrder    Right = "order.reject"
	ApprovePrivate Right = "order.approve_private"
	DestroyOrder   Right = "order.destroy"
	CancelOrder    Right = "order.cancel"
	ListOrders     Right = "order.list"

	Terminate     Right = "resource.terminate"
	SetPlan       Right = "resource.set_plan"
	SetLimits     Right = "resource.set_limits"
	ListResources Right = "resource.list"
	SetUsage      Right = "resource.set_usage"
	SetBackendID  Right = "resource.set_backend_id"
	SetState      Right = "resource.set_state"
	SubmitReport  Right = "resource.submit_report"
	SetEndDate    Right = "resource.set_end_date"
	SetOptions    Right = "resource.set_options"

	ListProjects   Right = "project.list"
	CreateProject  Right = "project.create"
	ManageMembers  Right = "project.members" // give and take roles in projects
	CreateCustomer Right = "customer.create" // counts wherever it is held: what is made has no scope yet
	ManageCustomer Right = "customer.members"

	CreateOffering   Right = "offering.create"
	EditOffering     Right = "offering.update"
	EditComponents   Right = "offering.update_components"
	ActivateOffering Right = "offering.activate"
	PauseOffering    Right = "offering.pause" // and to go on
	ArchiveOffering  Right = "offering.archive"
	CreatePlan       Right = "offering.create_plan"
	EditPlan         Right = "offering.update_plan" // prices and quantities
	ArchivePlan      Right = "offering.archive_plan"
	OfferingUsers    Right = "offering.users"
	ServiceAccounts  Right = "service_account.manage" // accounts of programs, in a project or a customer
	CourseAccounts   Right = "course_account.manage"  // accounts of a course, in its project
	RegisterProvider Right = "provider.register"
	ListProvided     Right = "provider.list"
)

// AllRights lists them all, as they are declared.
func AllRights() []Right {
	return []Right{PlaceOrder, ApproveOrder, RejectOrder, ApprovePrivate, DestroyOrder, CancelOrder, ListOrders,
		Terminate, SetPlan, SetLimits, ListResources, SetUsage, SetBackendID, SetState, SubmitReport, SetEndDate, SetOptions,
		ListProjects, CreateProject, ManageMembers, CreateCustomer, ManageCustomer,
		CreateOffering, EditOffering, EditComponents, ActivateOffering, PauseOffering, ArchiveOffering, CreatePlan, EditPlan, ArchivePlan,
		OfferingUsers, ServiceAccounts, CourseAccounts, RegisterProvider, ListProvided}
}

// Rights says what each role may do.
type Rights map[Role][]Right

// DefaultRights is the table that Waldur's roles come with.
func DefaultRights() Rights {
	administer := []Right{PlaceOrder, ApprovePrivate, DestroyOrder, CancelOrder, ListOrders, Terminate, SetPlan, SetLimits, ListResources, SetOptions, ListProjects, ServiceAccounts, CourseAccounts}
	offer := []Right{CreateOffering, EditOffering, EditComponents, PauseOffering, ArchiveOffering, CreatePlan, EditPlan, ArchivePlan, OfferingUsers, ListProvided}
	return Rights{
		CustomerOwner: slices.Concat([]Right{PlaceOrder, ApproveOrder, RejectOrder, ApprovePrivate, DestroyOrder, CancelOrder, ListOrders,
			Terminate, SetPlan, SetLimits, ListResources, SetUsage, SetBackendID, SetState, SubmitReport, SetEndDate, SetOptions,
			ListProjects, CreateProject, ManageMembers, ManageCustomer, ServiceAccounts, CourseAccounts}, offer),
		CustomerSupport: {},
		CustomerManager: slices.Concat([]Right{SetBackendID, SetState, SubmitReport, SetEndDate}, offer),
		OfferingManager: {SetUsage, SetBackendID, SetState, EditOffering, EditComponents, PauseOffering},
		ProjectManager:  append(slices.Clone(administer), ManageMembers),
		ProjectAdmin:    administer,
		ProjectMember:   {PlaceOrder, ListResources, ListProjects},
	}
}

// Allow reports whether a role has a right.
func (r Rights) Allow(role Role, right Right) bool { return slices.Contains(r[role], right) }

// Policy is what a deployment decides about roles: what each may do, and which are given
// to nobody new. What was granted counts all the same.
type Policy struct {
	Rights Rights
	Closed map[Role]bool // nobody but staff grants them
}

// DefaultPolicy is Waldur's: roles for support and for plain members wait to be enabled.
func DefaultPolicy() Policy {
	return Policy{Rights: DefaultRights(), Closed: map[Role]bool{CustomerSupport: true, ProjectMember: true}}
}

// Change is what a deployment says about one role. Nil leaves as it is.
type Change struct {
	Enabled     *bool
	Rights      []Right // instead of those it has
	Add, Remove []Right
}

// Change returns the policy with the changes made: first Rights, then Add, then Remove.
func (p Policy) Change(changes map[Role]Change) Policy {
	out := Policy{Rights: maps.Clone(p.Rights), Closed: maps.Clone(p.Closed)}
	for role, c := range changes {
		has := slices.Clone(out.Rights[role])
		if c.Rights != nil {
			has = slices.Clone(c.Rights)
		}
		for _, right := range c.Add {
			if !slices.Contains(has, right) {
				has = append(has, right)
			}
		}
		out.Rights[role] = slices.DeleteFunc(has, func(r Right) bool { return slices.Contains(c.Remove, r) })
		if c.Enabled != nil {
			out.Closed[role] = !*c.Enabled
		}
	}
	return out
}
