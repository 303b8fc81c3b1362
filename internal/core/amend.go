package core

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Amendment is what an order that waits asks for, as Amend may change it.
type Amendment struct {
	Type     order.Type // this and the offering stay, whatever becomes of them here
	Offering id.ID
	Asks     []Ask // all of them
	Plan     id.ID
	StartsOn *day.Day
	Request  json.RawMessage
	// Of the resource that a create makes; of other orders they change nothing.
	Name   string // "": made from the offering's name and the id
	EndsOn *day.Day
	Attrs  json.RawMessage
}

// amendment is the order as it stands. What a change leaves as it is is not asked for.
func (d *draft) amendment() Amendment {
	a := Amendment{Type: d.o.Type, Offering: d.o.Offering, Plan: d.o.Plan, StartsOn: copied(d.o.StartsOn), Request: bytes.Clone(d.o.Request), Name: d.o.Name,
		EndsOn: copied(d.res.EndsOn), Attrs: bytes.Clone(d.res.Attrs)}
	for _, l := range d.lines {
		c, ok := d.sheet.ComponentByID(l.Component)
		stays := d.o.Type == order.Update && d.sheet.Offering.Measure == catalog.Limits && l.Quantity == l.Before
		if ok && !stays && d.o.Type != order.Terminate && l.State != order.LineCanceled && d.takes(c) {
			a.Asks = append(a.Asks, Ask{Component: c.Code, Quantity: l.Quantity, Label: l.Label, Detail: l.Detail, Replaces: l.Replaces})
		}
	}
	return a
}

func copied[T any](v *T) *T {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}

// takes reports whether an order may name an amount of a component.
func (d *draft) takes(c catalog.Component) bool {
	return d.sheet.Offering.Measure == catalog.Count || c.Billing == catalog.ByLimit
}

// amend changes what the order asks for, as if it were placed so now: what refuses a new
// order refuses this. Where amounts, plan or start change, it is priced anew and the hold
// moves. What was consented to is changed by those alone who need nobody's consent.
func (d *draft) amend(step order.Step, v Verdict) error {
	if d.sheet.Offering.Measure == catalog.Imagery {
		return &Error{Kind: Unsupported, About: Ref{"order", d.o.ID}, Msg: "An order of imagery cannot be amended; cancel it and place another."}
	}
	if err := d.consented(); err != nil {
		return err
	}
	was, a := d.amendment(), d.amendment()
	if v.Amend != nil {
		if err := v.Amend(&Scene{c: d.c, r: d.r, who: d.who}, &a); err != nil {
			return err
		}
	}
	moves := a.Plan != was.Plan || !same(a.StartsOn, was.StartsOn) || !d.sameAsks(a.Asks, was.Asks)
	words := !bytes.Equal(a.Request, was.Request)
	if d.o.Type == order.Create {
		words = words || a.Name != was.Name || !same(a.EndsOn, was.EndsOn) || !bytes.Equal(a.Attrs, was.Attrs)
	}
	if d.idle = !moves && !words; d.idle {
		return nil
	}
	p := Placement{Type: d.o.Type, Offering: d.o.Offering, Plan: a.Plan, Resource: d.o.Resource, Asks: a.Asks, Periods: d.o.Periods, StartsOn: a.StartsOn}
	if !same(a.EndsOn, was.EndsOn) {
		p.EndsOn = a.EndsOn
	}
	for _, refused := range []func(Placement) error{d.allowed, d.timely, d.open} {
		if err := refused(p); err != nil {
			return err
		}
	}
	if moves {
		if err := d.askAnew(p); err != nil {
			return err
		}
	}
	if err := d.consented(); err != nil { // it may be dearer by now
		return err
	}
	if err := d.mirror(a, was); err != nil {
		return err
	}
	if moves {
		if err := d.hold(); err != nil {
			return err
		}
	}
	d.event(step.Event, d.o.ID, nil)
	return nil
}

func (d *draft) consented() error {
	if d.o.Gates&order.ConsumerGate == 0 && d.needsConsent() {
		return forbidden("This order was consented to as it is: it is for those who may approve to change it.")
	}
	return nil
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// sameAsks reports whether two lists come to the same, whatever their order: what is asked
// to be as it is anyway is as good as not named.
func (d *draft) sameAsks(a, b []Ask) bool {
	part := func(list []Ask) []Ask {
		out := slices.DeleteFunc(slices.Clone(list), func(x Ask) bool {
			c, ok := d.sheet.Component(x.Component)
			var before money.Micro
			if d.o.Type == order.Update {
				before = d.res.Quantities[c.ID]
			}
			return ok && d.takes(c) && x.Replaces == "" && x.Quantity == before && inBounds(c, x.Quantity) == nil
		})
		slices.SortStableFunc(out, func(x, y Ask) int {
			return cmp.Or(cmp.Compare(x.Component, y.Component), cmp.Compare(x.Label, y.Label), cmp.Compare(x.Quantity, y.Quantity))
		})
		return out
	}
	return slices.EqualFunc(part(a), part(b), func(x, y Ask) bool {
		return x.Component == y.Component && x.Quantity == y.Quantity && x.Label == y.Label && x.Replaces == y.Replaces && bytes.Equal(x.Detail, y.Detail)
	})
}

// startOn moves the day on which the order may begin, and with it the day it counts on.
func (d *draft) startOn(p Placement) error {
	d.o.StartsOn = p.StartsOn
	d.o.Gates &^= order.StartGate
	if p.StartsOn != nil && *p.StartsOn > day.Of(d.now) {
		d.o.Gates |= order.StartGate
	}
	return d.dated(p)
}

// askAnew releases what is held and prices what is asked for now, which counts from now or
// the start on. Lines keep their places; what is over is canceled.
func (d *draft) askAnew(p Placement) error {
	if err := d.startOn(p); err != nil {
		return err
	}
	if d.o.Type == order.Terminate && len(p.Asks) > 0 {
		return invalid("component", "What ends takes no amounts.").because(ReasonComponent)
	}
	if err := d.choosePlan(p); err != nil {
		return err
	}
	old := d.lines
	d.undo("amended")
	d.o.Due = 0
	if err := d.priceLines(p, nil); err != nil {
		return err
	}
	if err := d.changesSomething(p); err != nil {
		return err
	}
	d.o.Previous = 0
	if err := d.replacing(); err != nil {
		return err
	}
	d.newLines = max(0, len(d.lines)-len(old))
	for n := range old {
		if n >= len(d.lines) {
			gone := old[n]
			gone.State, gone.Quantity, gone.Due = order.LineCanceled, gone.Before, 0
			d.lines = append(d.lines, gone)
		}
		d.moved[n] = true
	}
	return nil
}

// mirror keeps the words of the order, and makes the resource of a create what is asked
// for now.
func (d *draft) mirror(a, was Amendment) error {
	d.o.Request = a.Request
	if d.o.Type != order.Create {
		return nil
	}
	d.o.Name = d.nameOf(a.Name)
	if err := d.named(); err != nil {
		return err
	}
	d.res.Name, d.res.Plan, d.res.Attrs, d.resDirty = d.o.Name, d.o.Plan, a.Attrs, true
	if same(a.EndsOn, was.EndsOn) {
		return nil
	}
	d.res.EndsOn = a.EndsOn
	if end := d.endOf(Placement{Type: order.Create, EndsOn: a.EndsOn}); end != nil {
		d.jobs = append(d.jobs, Job{Subject: d.res.ID, Kind: JobEnd, RunAt: end.Time()})
	} else {
		d.dropped = append(d.dropped, JobEnd)
	}
	return nil
}
