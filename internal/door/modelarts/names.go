package modelarts

import (
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/order"
)

// The phases of an order. partial is that of a done one of which only a part was delivered.
const (
	pending    = "pending"
	processing = "processing"
	successed  = "successed" // the vendor's spelling
	partial    = "partialSuccessed"
	failedWord = "failed"
)

// orderPhase names an order's state; see phase for the partial ones.
var orderPhase = map[order.State]string{
	order.PendingConsumer:  pending,
	order.PendingProject:   pending,
	order.PendingProvider:  pending,
	order.PendingStartDate: pending,
	order.Executing:        processing,
	order.Done:             successed,
	order.Erred:            failedWord,
	order.Canceled:         failedWord,
	order.Rejected:         failedWord,
}

// inPhase are the states of each phase.
var inPhase = front.Invert(orderPhase)

// phaseWords are what the filters phase and result take, in lower case, and the phases they
// let through: the vendor's documents, examples and clients spell them in several ways.
var phaseWords = map[string][]string{
	"pending":          {pending},
	"running":          {processing},
	"processing":       {processing},
	"successed":        {successed, partial},
	"succeeded":        {successed, partial},
	"succeed":          {successed, partial},
	"success":          {successed, partial},
	"partialsuccessed": {partial},
	"failed":           {failedWord},
	"completed":        {successed, partial, failedWord},
	"finished":         {successed, partial, failedWord},
}

// stepStatus names an order's state where its parts are listed.
var stepStatus = map[order.State]string{
	order.PendingConsumer:  "processing",
	order.PendingProject:   "processing",
	order.PendingProvider:  "processing",
	order.PendingStartDate: "processing",
	order.Executing:        "processing",
	order.Done:             "succeed",
	order.Erred:            "failed",
	order.Canceled:         "failed",
	order.Rejected:         "failed",
}

// outcomeWord says why an order failed that left no message.
var outcomeWord = map[order.State]string{
	order.Erred:    "The order failed.",
	order.Canceled: "The order was canceled.",
	order.Rejected: "The order was rejected.",
}

// operation names an order's type.
var operation = map[order.Type]string{
	order.Create:    "apply",
	order.Restore:   "apply",
	order.Update:    "modify",
	order.Terminate: "delete",
}

// The phases of a pool. Waiting is that of one whose order is not begun: see poolPhase.
const (
	poolWaiting  = "Waiting"
	poolCreating = "Creating"
	poolRunning  = "Running"
	poolAbnormal = "Abnormal"
	poolDeleting = "Deleting"
)

// phaseOfPool names a resource's state. One that is terminated is no more: 404.
var phaseOfPool = map[order.ResourceState]string{
	order.Creating:      poolCreating,
	order.OK:            poolRunning,
	order.ResourceErred: poolAbnormal,
	order.Updating:      poolRunning,
	order.Terminating:   poolDeleting,
	order.Terminated:    "",
	order.Unlinked:      "",
}

// scopeState says how far what a pool is for is enabled, by the pool's phase.
var scopeState = map[string]string{
	poolWaiting:  "Enabling",
	poolCreating: "Enabling",
	poolRunning:  "Enabled",
	poolAbnormal: "Enabled",
	poolDeleting: "Disabling",
}

// statisticOf counts a pool of a phase under.
var statisticOf = map[string]string{
	poolWaiting:  "pending",
	poolCreating: "creating",
	poolRunning:  "created",
	poolAbnormal: "failed",
	poolDeleting: "deleting",
}

// statusOfPool are the phases that the filter status of pools lets through.
var statusOfPool = map[string][]string{
	"created":  {poolRunning, poolAbnormal, poolDeleting},
	"creating": {poolCreating, poolWaiting},
	"failed":   {},
}

// live are the states of pools that are there.
var live = []order.ResourceState{order.Creating, order.OK, order.ResourceErred, order.Updating, order.Terminating}

// Codes of failures.
const (
	codeBadRequest    = "ModelArts.50004000"
	codeInternal      = "ModelArts.50005000"
	codeNoFlavor      = "ModelArts.50005101" // of orders too, which have none of their own
	codePoolExists    = "ModelArts.50015000"
	codeNoPool        = "ModelArts.50015001"
	codeNoNetwork     = "ModelArts.50025001"
	codeNoWorkspace   = "ModelArts.0102"
	codeWorkspaceGone = "ModelArts.7005"
	codeQuota         = "ModelArts.0118"
	codeForbidden     = "ModelArts.0108"
	codeNoProject     = "ModelArts.0204"
	codeOtherProject  = "ModelArts.0210"
	codePaid          = "ModelArts.5042"
	codeCredentials   = "APIGW.0301"
	codeNoAPI         = "APIGW.0101"
	codeTooLarge      = "APIGW.0201"
)

// failed is how the vendor spells a failure.
type failed struct {
	status int
	code   string
}

var failure = map[core.Kind]failed{
	core.Invalid:         {http.StatusBadRequest, codeBadRequest},
	core.Unauthenticated: {http.StatusUnauthorized, codeCredentials},
	core.Forbidden:       {http.StatusForbidden, codeForbidden},
	core.NotFound:        {http.StatusNotFound, codeNoPool},
	core.Conflict:        {http.StatusBadRequest, codeBadRequest}, // the vendor has a 409 for taken names alone
	core.Unsupported:     {http.StatusBadRequest, codeBadRequest},
	core.LimitExceeded:   {http.StatusBadRequest, codeQuota},
	core.TooLarge:        {http.StatusRequestEntityTooLarge, codeTooLarge},
	core.Unavailable:     {http.StatusServiceUnavailable, codeInternal},
	core.Internal:        {http.StatusInternalServerError, codeInternal},
}
