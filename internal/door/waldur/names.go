package waldur

import (
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// The vendor's words for the core's. Filters read the same tables the other way round.

var orderState = map[order.State]string{
	order.PendingConsumer: "pending-consumer", order.PendingProject: "pending-project", order.PendingProvider: "pending-provider",
	order.PendingStartDate: "pending-start-date", order.Executing: "executing", order.Done: "done", order.Erred: "erred",
	order.Canceled: "canceled", order.Rejected: "rejected",
}

var orderType = map[order.Type]string{
	order.Create: "Create", order.Update: "Update", order.Terminate: "Terminate", order.Restore: "Restore",
}

var resourceState = map[order.ResourceState]string{
	order.Creating: "Creating", order.OK: "OK", order.ResourceErred: "Erred", order.Updating: "Updating",
	order.Terminating: "Terminating", order.Terminated: "Terminated",
	order.Unlinked: "Terminated", // not shown
}

var offeringState = map[catalog.State]string{
	catalog.Draft: "Draft", catalog.Active: "Active", catalog.Paused: "Paused", catalog.Archived: "Archived", catalog.Unavailable: "Unavailable",
}

var billingType = map[catalog.Billing]string{
	catalog.ByUsage: "usage", catalog.ByLimit: "limit", catalog.ByFixed: "fixed", catalog.Once: "one", catalog.Few: "few",
}

var planUnit = map[catalog.Unit]string{
	catalog.Hour: "hour", catalog.Day: "day", catalog.HalfMonth: "half_month", catalog.Month: "month", catalog.Quarter: "quarter", catalog.Quantity: "quantity",
}

var roleName = map[tenant.Role]string{
	tenant.CustomerOwner: "CUSTOMER.OWNER", tenant.CustomerSupport: "CUSTOMER.SUPPORT", tenant.CustomerManager: "CUSTOMER.MANAGER",
	tenant.OfferingManager: "OFFERING.MANAGER",
	tenant.ProjectManager:  "PROJECT.MANAGER", tenant.ProjectAdmin: "PROJECT.ADMIN", tenant.ProjectMember: "PROJECT.MEMBER",
}

var roleDescription = map[tenant.Role]string{
	tenant.CustomerOwner: "Organization owner", tenant.CustomerSupport: "Organization support", tenant.CustomerManager: "Service manager",
	tenant.OfferingManager: "Offering manager",
	tenant.ProjectManager:  "Project manager", tenant.ProjectAdmin: "System administrator", tenant.ProjectMember: "Project member",
}

// modelName is the vendor's name of a record, for its sentence about what is not there.
var modelName = map[string]string{
	"order": "Order", "resource": "Resource", "offering": "Offering", "plan": "Plan", "component": "OfferingComponent", "customer": "Customer",
	"project": "Project", "user": "User", "provider": "ServiceProvider", "usage": "ComponentUsage", "category": "Category", "public key": "SshPublicKey",
	kindAccount: "OfferingUser", kindConsent: "UserOfferingConsent",
	kindIdentity: "AgentIdentity", kindService: "AgentService", kindSubscription: "EventSubscription", kindFound: "BackendResource", kindRequest: "BackendResourceRequest",
	kindAPIKey: "ResourceApiKey", projectServices.kind: "ProjectServiceAccount", customerServices.kind: "CustomerServiceAccount", courses.kind: "CourseAccount",
}

// failed is how a kind of refusal goes out where the handler had no words of its own.
type failed struct {
	status int
	body   func(r *http.Request, err *core.Error) any
}

var failure = map[core.Kind]failed{
	core.Invalid:         {http.StatusBadRequest, invalidBody},
	core.Unauthenticated: {http.StatusUnauthorized, msgBody},
	core.Forbidden:       {http.StatusForbidden, forbiddenBody},
	core.NotFound:        {http.StatusNotFound, notFoundBody},
	core.Conflict:        {http.StatusConflict, conflictBody},
	core.Unsupported:     {http.StatusMethodNotAllowed, msgBody},
	core.LimitExceeded:   {http.StatusBadRequest, limitBody},
	core.TooLarge:        {http.StatusRequestEntityTooLarge, msgBody},
	core.Unavailable:     {http.StatusServiceUnavailable, msgBody},
	core.Internal:        {http.StatusInternalServerError, internalBody},
}

func internalBody(*http.Request, *core.Error) any { return detail("A server error occurred.") }
