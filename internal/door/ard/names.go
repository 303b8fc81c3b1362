package ard

import (
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/order"
)

// The vendor's four words for how an order or a select stands; ERROR is never sent.
const (
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	failed    = "FAILED"
)

// stateName is how an order's state is spelt.
var stateName = map[order.State]string{
	order.PendingConsumer:  running,
	order.PendingProject:   running,
	order.PendingProvider:  running,
	order.PendingStartDate: running,
	order.Executing:        running,
	order.Done:             succeeded,
	order.Erred:            failed,
	order.Canceled:         failed,
	order.Rejected:         failed,
}

// stateSays begins an order's status_message.
var stateSays = map[order.State]string{
	order.PendingConsumer:  "The order waits for approval by its account.",
	order.PendingProject:   "The order waits for its project to start.",
	order.PendingProvider:  "The order waits for approval by its provider.",
	order.PendingStartDate: "The order waits for its start date.",
	order.Executing:        "Order submitted and running.",
	order.Done:             "Order succeeded.",
	order.Erred:            "Order failed.",
	order.Canceled:         "The order was canceled.",
	order.Rejected:         "The order was rejected.",
}

// typeSays follows it where the order is none that makes something new.
var typeSays = map[order.Type]string{
	order.Create:    "",
	order.Update:    "It changes %s.",
	order.Terminate: "It ends %s.",
	order.Restore:   "It restores %s.",
}

// undelivered are the states of lines that a partial order names as missing.
var undelivered = map[order.LineState]bool{
	order.Preparing:    true,
	order.Building:     true,
	order.Shipped:      true,
	order.Delivered:    false,
	order.Installing:   true,
	order.Installed:    false,
	order.LineErred:    true,
	order.LineCanceled: true,
	order.Replaced:     false,
}

type failure struct {
	status int
	code   string
	typ    string
	says   string // where the core's error has nothing to show
}

const (
	badRequest = "invalid_request_error"
	badLogin   = "authentication_error"
	badServer  = "api_error"
)

// failures words each kind of error. Limits are 400, for the client's command line
// shows those and dies of any other.
var failures = map[core.Kind]failure{
	core.Invalid:         {http.StatusBadRequest, "invalid_parameters", badRequest, "The request is not valid."},
	core.Unauthenticated: {http.StatusUnauthorized, "unrecognized_credentials", badLogin, "The credentials are not valid."},
	core.Forbidden:       {http.StatusForbidden, "not_allowed", "permission_error", "This user may not do that."},
	core.NotFound:        {http.StatusNotFound, "not_found", badRequest, "There is no such thing."},
	core.Conflict:        {http.StatusConflict, "conflict", badRequest, "This cannot be done in the present state."},
	core.Unsupported:     {http.StatusBadRequest, "unsupported", badRequest, "This cannot be done here."},
	core.LimitExceeded:   {http.StatusBadRequest, "limit_exceeded", badRequest, "A limit would be exceeded."},
	core.TooLarge:        {http.StatusRequestEntityTooLarge, "too_large", badRequest, tooLarge + "."},
	core.Unavailable:     {http.StatusServiceUnavailable, "unavailable", badServer, "The service is not available now; try again."},
	core.Internal:        {http.StatusInternalServerError, "internal_error", badServer, "Something went wrong on the server."},
}

// codes are finer than the kind's.
var codes = map[string]string{
	front.ReasonSyntax:     "unparsable_body",
	front.ReasonType:       "invalid_input",
	core.ReasonArea:        "invalid_geometry",
	core.ReasonDestination: "invalid_output_config",
	core.ReasonUnpriced:    "unpriced",
	core.ReasonIdempotency: "idempotency_conflict",
}

// The client makes exceptions of their own of answers whose text contains these.
const (
	areaTrouble = "Problem with intersects/bbox"
	tooLarge    = "Request Entity Too Large"
)
