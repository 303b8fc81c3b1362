// Package catalog holds what can be ordered: offerings, the components that are
// measured, the plans that price them. How much a request is (Measure) is decided
// here for counts and requested amounts; imagery is measured by package imagery.
package catalog

import (
	"bytes"
	"encoding/json"
	"math"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// State is an offering's state.
type State string

// The states of an offering. Only active and paused ones take orders.
const (
	Draft       State = "draft"
	Active      State = "active"
	Paused      State = "paused"
	Archived    State = "archived"
	Unavailable State = "unavailable"
)

// States lists them all.
func States() []State { return []State{Draft, Active, Paused, Archived, Unavailable} }

// Measuring is how a request becomes quantities.
type Measuring string

// By count (racks, nodes), by requested amounts and billing kinds (allocations),
// or by the planar area of imagery.
const (
	Count   Measuring = "count"
	Limits  Measuring = "limits"
	Imagery Measuring = "imagery"
)

// Fulfilment is how an order of the offering is carried out.
type Fulfilment string

// The fulfilments; see the table of workers in docs/architecture.md.
const (
	Delivery Fulfilment = "delivery" // a worker copies files to a bucket
	Shipment Fulfilment = "shipment" // the provider's staff move the lines on
	Manual   Fulfilment = "manual"   // the provider approves and sets done
	Webhook  Fulfilment = "webhook"  // the provider's own system is called and reports back
	Instant  Fulfilment = "instant"  // done at once
)

// Fulfilments lists them all.
func Fulfilments() []Fulfilment { return []Fulfilment{Delivery, Shipment, Manual, Webhook, Instant} }

// Consent says whether the paying side's roles decide who may spend.
type Consent string

// ByRoles: one without the right to approve waits for one who has it. Outsiders: the same,
// but the provider's own projects order what it shares without. Never: every user of the
// customer may spend within the limits.
const (
	ByRoles   Consent = "roles"
	Outsiders Consent = "outsiders"
	Never     Consent = "never"
)

// Approval says when the provider must approve an order.
type Approval string

// The approvals.
const (
	ApproveAlways    Approval = "always"
	ApproveOutsiders Approval = "outsiders" // customers other than the provider's own
	ApproveNever     Approval = "never"
)

// Cancelling says until when the consumer may cancel.
type Cancelling string

// The cancellings: while every line is still preparing, only while pending, or not at all.
const (
	CancelPreparing Cancelling = "preparing"
	CancelPending   Cancelling = "pending"
	CancelNever     Cancelling = "never"
)

// Charging says when what was held is captured.
type Charging string

// The chargings.
const (
	OnDone    Charging = "done"
	OnPlacing Charging = "placing"
)

// Offering is what can be ordered.
type Offering struct {
	ID          id.ID
	Provider    id.ID
	Code        string // unique with one provider
	Name        string
	Slug        string
	Description string
	State       State
	Measure     Measuring
	Fulfilment  Fulfilment
	Consent     Consent
	Approval    Approval
	Cancel      Cancelling
	Charged     Charging
	Shared      bool  // anyone may order it; else PrivateTo
	PrivateTo   id.ID // a customer; 0: the provider's own
	ForProject  id.ID // a project of PrivateTo; 0: any
	Deadline    time.Duration
	Attrs       json.RawMessage // what one door alone knows: type, category, plugin options
	ChangedAt   time.Time       // or what it is made of; zero: not since it was made
	Rev         int64
}

// Changed is when the offering, or what it is made of, last changed.
func (o Offering) Changed() time.Time { return o.ID.Since(o.ChangedAt) }

// WantsPurchaseOrder reports whether the payer's consent needs a purchase order, by the
// provider's word; it stands in the offering's attributes.
func (o Offering) WantsPurchaseOrder() bool {
	if !bytes.Contains(o.Attrs, []byte(`"purchase_order"`)) { // each order asks
		return false
	}
	var a struct {
		PurchaseOrder string `json:"purchase_order"`
	}
	return json.Unmarshal(o.Attrs, &a) == nil && a.PurchaseOrder == "required"
}

// Billing is how a component is charged.
type Billing string

// The billing kinds.
const (
	ByUsage Billing = "usage" // what is reported
	ByLimit Billing = "limit" // what was asked, each period in advance
	ByFixed Billing = "fixed" // the plan's amount, each period in advance
	Once    Billing = "one"   // on creation
	Few     Billing = "few"   // on creation and each switch of plan
)

// Billings lists them all.
func Billings() []Billing { return []Billing{ByUsage, ByLimit, ByFixed, Once, Few} }

// Component is what is measured.
type Component struct {
	ID       id.ID
	Offering id.ID
	Code     string // unique in the offering
	Name     string
	Unit     string
	Billing  Billing
	Stock    bool // comes back when the resource shrinks or ends: racks, nodes, TB; not km², hours
	Min, Max *money.Micro
	Attrs    json.RawMessage
}

// Cap is the most that may be reported of a component in a span, by its provider's own
// rule; it stands in the component's attributes. ok is false where there is none.
func (c Component) Cap() (most money.Micro, span Span, ok bool) {
	b := c.bounds()
	most, ok = bound(b.Amount)
	return most, b.Span, ok && spans[b.Span] != nil
}

// Ceilings are the most of a component that all customers together may be given, by the
// span in which it is asked for: its provider's own rule, as the Cap is of what is metered.
// What nobody asks for an amount of has none: what was used would close the offering to all.
func (c Component) Ceilings() map[Span]money.Micro {
	out := map[Span]money.Micro{}
	if c.Billing != ByLimit {
		return out
	}
	if most, span, ok := c.Cap(); ok {
		out[span] = most
	}
	if most, ok := bound(c.bounds().Available); ok {
		if other, both := out[Ever]; both {
			most = min(most, other)
		}
		out[Ever] = most
	}
	return out
}

// bounds are what a component's attributes say of how much there may be.
type bounds struct {
	Amount    json.RawMessage `json:"limit_amount"`
	Span      Span            `json:"limit_period"`
	Available json.RawMessage `json:"max_available_limit"`
}

func (c Component) bounds() (b bounds) {
	if json.Unmarshal(c.Attrs, &b) != nil {
		return bounds{}
	}
	return b
}

// bound reads one; none, and nothing, bound nothing.
func bound(raw json.RawMessage) (money.Micro, bool) {
	var n json.Number
	if json.Unmarshal(raw, &n) != nil {
		return 0, false
	}
	most, err := money.ParseMicro(n.String())
	return most, err == nil && most > 0
}

// Reported tells whether it is told how much of a component was used: of what is metered or
// asked for, and of what is paid once where its provider says that it is used up.
func (c Component) Reported() bool {
	var a struct {
		Prepaid bool `json:"is_prepaid"`
	}
	return c.Billing == ByUsage || c.Billing == ByLimit || c.Billing == Once && json.Unmarshal(c.Attrs, &a) == nil && a.Prepaid
}

// Span is what the component's attributes say its amounts are counted over; "" where they
// do not.
func (c Component) Span() Span {
	if s := c.bounds().Span; spans[s] != nil {
		return s
	}
	return ""
}

// Span is what a Cap or a ceiling counts over, of the calendar; attributes spell it so.
type Span string

// The spans.
const (
	EachMonth   Span = "month"
	EachQuarter Span = "quarterly"
	EachYear    Span = "annual"
	Ever        Span = "total"
)

// Spans lists them, wide before narrow.
func Spans() []Span { return []Span{Ever, EachYear, EachQuarter, EachMonth} }

var spans = map[Span]func(on day.Day) (from, to day.Day){
	EachMonth:   func(on day.Day) (day.Day, day.Day) { return on.Month(0), on.Month(1) },
	EachQuarter: func(on day.Day) (day.Day, day.Day) { return months(on, 3) },
	EachYear:    func(on day.Day) (day.Day, day.Day) { return months(on, 12) },
	Ever:        func(day.Day) (day.Day, day.Day) { return 0, math.MaxInt32 },
}

// Around returns the first day of the span that a day falls in, and the first one after it.
func (s Span) Around(on day.Day) (from, to day.Day) { return spans[s](on) }

// months is the n months of the calendar year that a day falls in.
func months(on day.Day, n int) (from, to day.Day) {
	t := on.Time()
	from = day.Date(t.Year(), time.Month((int(t.Month())-1)/n*n+1), 1)
	return from, from.Month(n)
}

// Unit is the span a plan's recurring prices are for.
type Unit string

// The units of a plan.
const (
	Hour      Unit = "hour"
	Day       Unit = "day"
	HalfMonth Unit = "half_month"
	Month     Unit = "month"
	Quarter   Unit = "quarter"
	Quantity  Unit = "quantity"
)

// UnitsOfPlan lists them all.
func UnitsOfPlan() []Unit { return []Unit{Hour, Day, HalfMonth, Month, Quarter, Quantity} }

// Plan prices the components of one offering.
type Plan struct {
	ID           id.ID
	Offering     id.ID
	Customer     id.ID  // agreed with this customer alone; 0: public
	Code         string // unique in (offering, customer)
	Name         string
	Unit         Unit
	Option       string // payment option, such as "partial upfront"; "" where there is none
	TermMonths   int    // 0: open ended
	Prepaid      bool
	Currency     money.Currency
	MaxResources int // 0: no bound
	ArchivedAt   *time.Time
	Attrs        json.RawMessage
	Rev          int64
}

// The payment options a plan may have.
const (
	AllUpfront     = "all upfront"
	PartialUpfront = "partial upfront"
	NoUpfront      = "no upfront"
)

// Price is what a plan asks for one component from a day on. A price is never
// changed: a new one is a new row. A component without a row cannot be ordered.
type Price struct {
	Plan      id.ID
	Component id.ID
	From      day.Day
	Once      money.Rate  // for one unit, once
	Each      money.Rate  // for one unit, each plan unit (usage: for one unit reported)
	Amount    money.Micro // the quantity of a `fixed` component
}

// Sheet is an offering with all that prices it: what a quote is made from.
type Sheet struct {
	Offering   Offering
	Components []Component
	Plans      []Plan
	Prices     []Price // of all the plans, ascending by From
}

// Component returns the component of a code.
func (s *Sheet) Component(code string) (Component, bool) {
	for _, c := range s.Components {
		if c.Code == code {
			return c, true
		}
	}
	return Component{}, false
}

// ComponentByID returns the component of an id.
func (s *Sheet) ComponentByID(i id.ID) (Component, bool) {
	for _, c := range s.Components {
		if c.ID == i {
			return c, true
		}
	}
	return Component{}, false
}

// Plan returns the plan of an id.
func (s *Sheet) Plan(i id.ID) (Plan, bool) {
	for _, p := range s.Plans {
		if p.ID == i {
			return p, true
		}
	}
	return Plan{}, false
}

// Price returns the price of a component that is valid on a day.
func (s *Sheet) Price(plan, component id.ID, on day.Day) (Price, bool) {
	var found Price
	ok := false
	for _, p := range s.Prices {
		if p.Plan == plan && p.Component == component && p.From <= on && (!ok || p.From >= found.From) {
			found, ok = p, true
		}
	}
	return found, ok
}
