package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Placement asks for an order.
type Placement struct {
	Type     order.Type // "": create
	Offering id.ID      // of a create; else the resource's own
	Plan     id.ID      // 0: the offering's only plan, or on an update the resource's own
	Project  id.ID      // 0: the actor's home customer's default project
	Resource id.ID      // of an update, terminate or restore
	Ref      id.ID      // a door's document the order is for
	Name     string     // of the resource; "": made from the offering's name and the id
	Asks     []Ask
	Imagery  *ImageryAsk
	Periods  int // paid ahead; 0: 1
	StartsOn *day.Day
	EndsOn   *day.Day // of the resource
	Confirm  bool     // the payer must confirm, though they placed it
	Free     bool     // a replacement: due 0
	Staged   bool     // an update that replaces all quantities: components not named go to zero
	Live     bool     // the resource's name must be unique among the customer's live ones
	Request  json.RawMessage
	Notes    order.Notes
	Attrs    json.RawMessage // of the resource
	Idem     *IdemKey
}

// Ask is a quantity of one component. Of an update it is the target.
type Ask struct {
	Component string // code
	Quantity  money.Micro
	Label     string
	Detail    json.RawMessage
	Replaces  string
}

// ImageryAsk names imagery: acquisitions, each with cells or whole, inside an area.
type ImageryAsk struct {
	Acquisitions []AcquisitionAsk
	Area         imagery.AOI // zero: no area
}

// AcquisitionAsk names an acquisition by its catalogue id; no cells: all of them.
type AcquisitionAsk struct {
	CatalogID string
	Cells     []string
}

// IdemKey makes a placement safe to repeat: the same key and body again get the
// first order.
type IdemKey struct {
	Key       string // what the client sent, or a hash of the body where a door makes its own
	Body      []byte // canonical body
	Window    time.Duration
	WhileGood bool // only while the first order is not erred, rejected or canceled
}

// Quote is what an order would be: made by QuoteOrder and, within its transaction, by
// PlaceOrder.
type Quote struct {
	Order     order.Order
	Lines     []order.Line
	Sheet     catalog.Sheet
	Standings []Standing // of every limit touched, before the order
}

// Standing is a limit with what counts against it now.
type Standing struct {
	limit.Limit
	Window     day.Day
	Used, Held money.Micro
}

// Available is what may still be asked: never below zero.
func (s Standing) Available() money.Micro { return max(0, s.Value-s.Used-s.Held) }

// Placed is an order with its lines and resource as they stand.
type Placed struct {
	Order    order.Order
	Lines    []order.Line
	Resource order.Resource
	Offering catalog.Offering
	Repeated bool // the answer to a repeat of an earlier request
}

// QuoteOrder is PlaceOrder up to the write: the same validation, the same quote, the
// same refusals, nothing kept. It is what a dry run answers.
func (c *Core) QuoteOrder(ctx context.Context, who Actor, p Placement) (Quote, error) {
	panic("unreached")
}

// PlaceOrder places an order: holds the quote at every level that has a limit, in the
// transaction that writes the order.
func (c *Core) PlaceOrder(ctx context.Context, who Actor, p Placement) (Placed, error) {
	panic("unreached")
}

// Moved is how a line moves.
type Moved struct {
	Line      int // n
	To        order.LineState
	Delivered *money.Micro // nil: all of it, where the line ends well
	Shipment  *order.Shipment
	Message   string
}

// Verdict is what comes with an act.
type Verdict struct {
	Message  string          // shown to all
	Trace    string          // of an error
	Comment  string          // the reviewer's
	Attrs    json.RawMessage // the provider's additions to the request
	Attempt  int             // of a worker's job; acts of workers are dropped where another has it
	Job      string          // the worker's kind of job
	Lines    []Moved         // how lines end; none: all open lines end well, in full
	Assets   []order.Asset   // of the resource
	Delta    money.Micro     // of Adjust: what to charge (positive) or refund
	Quantity money.Micro     // of Adjust
	Line     int             // of Adjust
	Asks     []Ask           // of Amend
	Output   string
}

// Act does one of the acts of the lifecycle table on an order. Refusals come in one
// order: not visible (NotFound), not allowed (Forbidden), wrong state (Conflict, with
// the states where the act is possible), wrong kind of offering (Unsupported), over
// the limit (LimitExceeded).
func (c *Core) Act(ctx context.Context, who Actor, o id.ID, act order.Act, v Verdict) (Placed, error) {
	panic("unreached")
}

var _ = ledger.Hold
