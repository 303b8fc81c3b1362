// Package order holds orders, their lines and the resources they make or change,
// and the table by which they live. Nothing outside the table changes a state;
// what follows an act (ledger, job, event) is said by its row.
package order

import (
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// Type is what an order does to its resource.
type Type string

// The types.
const (
	Create    Type = "create"
	Update    Type = "update"
	Terminate Type = "terminate"
	Restore   Type = "restore"
)

// Types lists them all.
func Types() []Type { return []Type{Create, Update, Terminate, Restore} }

// State is where an order stands.
type State string

// The states. None is where an order comes from; Onward, in the table alone,
// means the pending state of the first gate still shut, else Executing.
const (
	None             State = ""
	PendingConsumer  State = "pending-consumer"
	PendingProject   State = "pending-project"
	PendingProvider  State = "pending-provider"
	PendingStartDate State = "pending-start-date"
	Executing        State = "executing"
	Done             State = "done"
	Erred            State = "erred"
	Canceled         State = "canceled"
	Rejected         State = "rejected"
	Onward           State = "onward"
)

// States lists the nine an order can be found in.
func States() []State {
	return []State{PendingConsumer, PendingProject, PendingProvider, PendingStartDate, Executing, Done, Erred, Canceled, Rejected}
}

// Open reports whether an order in this state may still come to its end.
func (s State) Open() bool { return s.Pending() || s == Executing }

// Pending reports whether the order waits for a gate.
func (s State) Pending() bool {
	return s == PendingConsumer || s == PendingProject || s == PendingProvider || s == PendingStartDate
}

// Outcome says how much of a done order was delivered.
type Outcome string

// The outcomes.
const (
	Full    Outcome = "full"
	Partial Outcome = "partial"
)

// Gates are the approvals an order still waits for, a bit each, passed in order.
type Gates uint8

// The gates.
const (
	ConsumerGate Gates = 1 << iota
	ProjectGate
	ProviderGate
	StartGate
)

// First returns the state of the first gate left, else Executing.
func (g Gates) First() State {
	switch {
	case g&ConsumerGate != 0:
		return PendingConsumer
	case g&ProjectGate != 0:
		return PendingProject
	case g&ProviderGate != 0:
		return PendingProvider
	case g&StartGate != 0:
		return PendingStartDate
	}
	return Executing
}

// Order is one order.
type Order struct {
	ID         id.ID
	Type       Type
	State      State
	Outcome    Outcome
	Customer   id.ID
	Project    id.ID
	User       id.ID
	Provider   id.ID
	Offering   id.ID
	Resource   id.ID
	Plan       id.ID // 0: none
	Ref        id.ID // a door's document; 0: none
	Previous   id.ID // of a replacement
	Gates      Gates
	Periods    int // plan units paid ahead; 0 of an update that pays none
	StartsOn   *day.Day
	CountsOn   day.Day
	Currency   money.Currency
	Due        money.Micro // what completion will charge
	Held       money.Micro
	Charged    money.Micro
	Door       string
	Key        id.ID // the key that asked
	Request    json.RawMessage
	Name       string
	ConsumerBy id.ID
	ConsumerAt *time.Time
	ProviderBy id.ID
	ProviderAt *time.Time
	BeganAt    *time.Time
	EndedAt    *time.Time
	Message    string
	Notes      Notes
	HiddenAt   *time.Time
	Rev        int64
}

// CreatedAt is when the order was placed: its id says so.
func (o Order) CreatedAt() time.Time { return o.ID.Time() }

// Notes are what people and programs wrote beside an order.
type Notes struct {
	Trace            string          `json:"trace,omitempty"` // of an error
	Comment          string          `json:"comment,omitempty"`
	ConsumerComment  string          `json:"consumer_comment,omitempty"`
	ProviderComment  string          `json:"provider_comment,omitempty"`
	ConsumerMessage  string          `json:"consumer_message,omitempty"`
	ProviderMessage  string          `json:"provider_message,omitempty"`
	ProviderURL      string          `json:"provider_url,omitempty"`
	BackendID        string          `json:"backend_id,omitempty"`
	Callback         string          `json:"callback,omitempty"`
	Output           string          `json:"output,omitempty"`
	Notify           json.RawMessage `json:"notify,omitempty"` // who wants to hear of it
	ConsumerSkipped  bool            `json:"consumer_skipped,omitempty"`
	ProviderAttached json.RawMessage `json:"provider_attributes,omitempty"` // attributes the provider added on approval
	PurchaseOrder    *Paper          `json:"purchase_order,omitempty"`
}

// Paper is a file that belongs to an order; what is in it is kept beside the order.
type Paper struct {
	Name string    `json:"name"`
	Size int       `json:"size"`
	At   time.Time `json:"at"`
}

// LineState is where a line stands.
type LineState string

// The states of a line, in their natural order; erred, canceled and replaced aside.
const (
	Preparing    LineState = "preparing"
	Building     LineState = "building"
	Shipped      LineState = "shipped"
	Delivered    LineState = "delivered"
	Installing   LineState = "installing"
	Installed    LineState = "installed"
	LineErred    LineState = "erred"
	LineCanceled LineState = "canceled"
	Replaced     LineState = "replaced"
)

// LineStates lists them all.
func LineStates() []LineState {
	return []LineState{Preparing, Building, Shipped, Delivered, Installing, Installed, LineErred, LineCanceled, Replaced}
}

// Line is one thing ordered. Its key is (Order, N).
type Line struct {
	Order     id.ID
	N         int // from 1
	Component id.ID
	Label     string          // such as an acquisition's id
	Detail    json.RawMessage // what the fulfilment needs: cells of the acquisition, named nodes
	Before    money.Micro     // the resource's quantity before, of an update or terminate
	Quantity  money.Micro     // what is ordered: the target, of an update
	Delivered money.Micro
	Once      money.Rate // the prices promised
	Each      money.Rate
	Due       money.Micro
	Charged   money.Micro
	State     LineState
	Shipment  *Shipment
	Replaces  string // another order's line, "order/n"
	Message   string
}

// Shipment is what is known of a line on its way.
type Shipment struct {
	Carrier  string  `json:"carrier,omitempty"`
	Tracking string  `json:"tracking,omitempty"`
	Assets   []Piece `json:"assets,omitempty"`
}

// Piece is one asset that came with a line.
type Piece struct {
	Name string   `json:"name"`
	MACs []string `json:"macs,omitempty"`
}

// ResourceState is where a resource stands.
type ResourceState string

// The states of a resource.
const (
	Creating      ResourceState = "creating"
	OK            ResourceState = "ok"
	ResourceErred ResourceState = "erred"
	Updating      ResourceState = "updating"
	Terminating   ResourceState = "terminating"
	Terminated    ResourceState = "terminated"
	Unlinked      ResourceState = "unlinked" // ended, and out of sight for good: see core.UnlinkResource
)

// ResourceStates lists them all.
func ResourceStates() []ResourceState {
	return []ResourceState{Creating, OK, ResourceErred, Updating, Terminating, Terminated, Unlinked}
}

// Quantities are amounts by component.
type Quantities map[id.ID]money.Micro

// Resource is what an order made. It has the id of its first order.
type Resource struct {
	ID         id.ID
	Customer   id.ID
	Project    id.ID
	User       id.ID
	Provider   id.ID
	Offering   id.ID
	Plan       id.ID
	Ref        id.ID
	Name       string
	Slug       string
	State      ResourceState
	Quantities Quantities // what was ordered and done: bills follow this
	Reported   Quantities // limits the provider last set: shown, never billed
	BackendID  string
	OpenOrder  id.ID // at most one open order; 0: none
	PaidUntil  *time.Time
	EndsOn     *day.Day
	Attrs      json.RawMessage // endpoints, report, flags; what doors keep beside it
	Live       bool            // named uniquely among a customer's live resources of such offerings (pools)
	ChangedAt  time.Time       // zero: not since it was made
	Rev        int64
}

// Changed is when the resource last changed, by an order or by hand.
func (r Resource) Changed() time.Time { return r.ID.Since(r.ChangedAt) }

// Term is a stretch of one plan and one set of quantities. It keeps the prices that the
// order which began it was promised: Each where it began a plan, for the period that it
// began in; Once for what the resource grew by.
type Term struct {
	ID         id.ID
	Resource   id.ID
	From       time.Time
	Until      *time.Time
	Plan       id.ID
	Quantities Quantities
	Once, Each Rates
}

// Rates are prices by component.
type Rates map[id.ID]money.Rate

// Asset is a part of a resource: a rack's part, a pool's node.
type Asset struct {
	ID        id.ID
	Resource  id.ID
	Line      int
	Component id.ID
	Name      string
	State     string
	Attrs     json.RawMessage
}

// Usage is what was reported of a (resource, component, period), and billed.
type Usage struct {
	ID        id.ID
	Resource  id.ID
	Offering  id.ID // the resource's
	Component id.ID
	Period    day.Day // first day of the billing period
	Reported  *money.Micro
	Recurring bool
	Term      id.ID       // whose plan prices what was reported; 0: it is not billed
	Quantity  money.Micro // billed
	Amount    money.Micro // billed
	CountsOn  day.Day
	Note      string
	UpdatedAt time.Time
}

// UserUsage is one user's part of a usage.
type UserUsage struct {
	Usage    id.ID
	Username string
	Quantity money.Micro
}
