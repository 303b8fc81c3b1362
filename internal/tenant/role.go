package tenant

import "slices"

// Role is a named set of rights, granted in one scope.
type Role string

// The roles. A deployment may change what each may do (Rights), not their names.
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

	ListProjects   Right = "project.list"
	ManageProjects Right = "project.manage" // make and change projects
	ManageMembers  Right = "project.members"
	ManageCustomer Right = "customer.manage" // users, keys, limits of its own users

	EditOffering  Right = "offering.edit"
	OfferingUsers Right = "offering.users"
	ListProvided  Right = "provider.list"
)

// Rights says what each role may do. It is configuration: a deployment may
// replace it.
type Rights map[Role][]Right

// DefaultRights is the table that Waldur's roles come with.
func DefaultRights() Rights {
	project := []Right{PlaceOrder, ApprovePrivate, DestroyOrder, CancelOrder, ListOrders, Terminate, SetPlan, SetLimits, ListResources, ListProjects, ManageMembers}
	return Rights{
		CustomerOwner: {PlaceOrder, ApproveOrder, RejectOrder, ApprovePrivate, DestroyOrder, CancelOrder, ListOrders,
			Terminate, SetPlan, SetLimits, ListResources, SetUsage, SetBackendID, SetState, SubmitReport, SetEndDate,
			ListProjects, ManageProjects, ManageMembers, ManageCustomer, EditOffering, OfferingUsers, ListProvided},
		CustomerSupport: {},
		CustomerManager: {SetBackendID, SetState, SubmitReport, SetEndDate, EditOffering, OfferingUsers, ListProvided},
		OfferingManager: {SetUsage, SetBackendID, SetState, EditOffering},
		ProjectManager:  project,
		ProjectAdmin:    project,
		ProjectMember:   {PlaceOrder, ListResources, ListProjects},
	}
}

// Allow reports whether a role has a right.
func (r Rights) Allow(role Role, right Right) bool { return slices.Contains(r[role], right) }
