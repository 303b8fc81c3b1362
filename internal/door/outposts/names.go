package outposts

import (
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/order"
)

// orderStatus names an order's state. Executing orders are named by their lines: see
// status.
var orderStatus = map[order.State]string{
	order.PendingConsumer:  "PREPARING",
	order.PendingProject:   "PREPARING",
	order.PendingProvider:  "PREPARING",
	order.PendingStartDate: "PREPARING",
	order.Executing:        "IN_PROGRESS",
	order.Done:             "COMPLETED",
	order.Erred:            "ERROR",
	order.Canceled:         "CANCELLED",
	order.Rejected:         "CANCELLED",
}

// lineStatus names a line's state.
var lineStatus = map[order.LineState]string{
	order.Preparing:    "PREPARING",
	order.Building:     "BUILDING",
	order.Shipped:      "SHIPPED",
	order.Delivered:    "DELIVERED",
	order.Installing:   "INSTALLING",
	order.Installed:    "INSTALLED",
	order.LineErred:    "ERROR",
	order.LineCanceled: "CANCELLED",
	order.Replaced:     "REPLACED",
}

// stage says how far a line has come, for the status of an executing order.
type stage int

const (
	waiting stage = iota // nothing has been done about it
	moving               // being built or on its way
	arrived              // at the site, or beyond
	aside                // counts for nothing: it will not come
)

var lineStage = map[order.LineState]stage{
	order.Preparing:    waiting,
	order.Building:     moving,
	order.Shipped:      moving,
	order.Delivered:    arrived,
	order.Installing:   arrived,
	order.Installed:    arrived,
	order.LineErred:    aside,
	order.LineCanceled: aside,
	order.Replaced:     aside,
}

// paymentOption names a plan's payment option. Plans without one have no upfront part.
var paymentOption = map[string]string{
	catalog.AllUpfront:     "ALL_UPFRONT",
	catalog.PartialUpfront: "PARTIAL_UPFRONT",
	catalog.NoUpfront:      "NO_UPFRONT",
}

// paymentTerm names a plan's term, in months.
var paymentTerm = map[int]string{12: "ONE_YEAR", 36: "THREE_YEARS", 60: "FIVE_YEARS"}

// defaultTerm was the only one there was before a request could name it.
const defaultTerm = "THREE_YEARS"

// subscriptionStatus names a resource's state.
var subscriptionStatus = map[order.ResourceState]string{
	order.Creating:      "PENDING",
	order.OK:            "ACTIVE",
	order.ResourceErred: "ACTIVE",
	order.Updating:      "ACTIVE",
	order.Terminating:   "ACTIVE",
	order.Terminated:    "INACTIVE", // CANCELLED where it never began: see subscription
	order.Unlinked:      "INACTIVE", // not listed
}

// assetState names the state of an asset by that of the resource it belongs to; what an
// asset says of itself goes first.
var assetState = map[order.ResourceState]string{
	order.Creating:      "INSTALLING",
	order.OK:            "ACTIVE",
	order.ResourceErred: "ACTIVE",
	order.Updating:      "ACTIVE",
	order.Terminating:   "RETIRING",
	order.Terminated:    "RETIRING",
	order.Unlinked:      "RETIRING", // not listed
}

// failed is how the vendor spells a failure.
type failed struct {
	status int
	name   string
}

var failure = map[core.Kind]failed{
	core.Invalid:         {http.StatusBadRequest, "ValidationException"},
	core.Unauthenticated: {http.StatusForbidden, "InvalidSignatureException"},
	core.Forbidden:       {http.StatusForbidden, "AccessDeniedException"},
	core.NotFound:        {http.StatusNotFound, "NotFoundException"},
	core.Conflict:        {http.StatusConflict, "ConflictException"},
	core.Unsupported:     {http.StatusConflict, "ConflictException"},
	core.LimitExceeded:   {http.StatusPaymentRequired, "ServiceQuotaExceededException"},
	core.TooLarge:        {http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException"},
	core.Unavailable:     {http.StatusServiceUnavailable, "ServiceUnavailableException"},
	core.Internal:        {http.StatusInternalServerError, "InternalServerException"},
}

const reasonOperation = "operation" // no route takes the path
