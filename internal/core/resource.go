package core

import (
	"context"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Side is the side of an order from which somebody acts.
type Side string

// The paying side's scopes are the project and its customer; the delivering side's the
// offering and the provider's customer; the provider's that customer alone.
const (
	Consuming  Side = "consuming"
	Providing  Side = "providing"
	ByProvider Side = "by-provider"
)

// scopes lists where a right on a record counts for a side.
func (c *Core) scopes(r Reader, side Side, customer, project, provider, offering id.ID) ([]id.ID, error) {
	if side == Consuming {
		return []id.ID{project, customer}, nil
	}
	p, err := r.Provider(provider)
	if err != nil {
		return nil, err
	}
	if side == ByProvider {
		return []id.ID{p.Customer}, nil
	}
	return []id.ID{p.Customer, offering}, nil
}

// available: while an offering is unavailable nobody changes what it delivers, by an order
// or by hand. Time passes: the desk bills, and ends what is over; orders that were placed
// go on, and what was used is told.
func available(who Actor, o catalog.Offering) error {
	if o.State == catalog.Unavailable && !who.desk() {
		return invalid("offering", "Offering is unavailable.").because(ReasonUnavailable)
	}
	return nil
}

// Changeable reports whether a resource may be changed now, for what a door keeps about one.
func (s *Scene) Changeable(r order.Resource) error {
	o, err := s.r.Offering(r.Offering)
	if err != nil {
		return err
	}
	return available(s.who, o)
}

// MaxAttrs is how long a resource's attributes may become, in bytes: lists read them.
const MaxAttrs = 64 << 10

// ChangeResource lets one side edit what carries no money: name, slug, backend id, state
// by hand, reported limits, last day, attributes. change may run more than once and
// returns a refusal to leave the resource as it was. Nothing is written where it changed
// nothing that is kept here. Invalid, field attributes, where those grow beyond MaxAttrs;
// reason unavailable while the offering is.
func (c *Core) ChangeResource(ctx context.Context, who Actor, i id.ID, side Side, right tenant.Right, change func(s *Scene, r *order.Resource) error) (order.Resource, error) {
	if err := who.write(); err != nil {
		return order.Resource{}, err
	}
	var out order.Resource
	err := c.store.Update(ctx, Touch{Resources: []id.ID{i}}, func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		res, err := s.Resource(i)
		if err != nil {
			return err
		}
		scopes, err := c.scopes(tx, side, res.Customer, res.Project, res.Provider, res.Offering)
		if err != nil {
			return err
		}
		if !c.May(who, right, scopes...) {
			return forbidden("You do not have permission to change this resource.")
		}
		if err := s.Changeable(res); err != nil {
			return err
		}
		fixed, ended := res, res.EndsOn
		if err := change(s, &res); err != nil {
			return err
		}
		if n := len(res.Attrs); n > MaxAttrs && n > len(fixed.Attrs) {
			return invalid("attributes", "All that is kept of the resource would be %d bytes, and may be %d: shorten this, or another of its texts.", n, MaxAttrs)
		}
		res.ID, res.Customer, res.Project, res.User, res.Provider, res.Offering, res.Rev = fixed.ID, fixed.Customer, fixed.Project, fixed.User, fixed.Provider, fixed.Offering, fixed.Rev
		res.Quantities, res.Plan, res.OpenOrder, res.PaidUntil = fixed.Quantities, fixed.Plan, fixed.OpenOrder, fixed.PaidUntil
		res.ChangedAt = c.Now()
		if err := tx.UpdateResource(res); err != nil {
			return err
		}
		if res.EndsOn != nil && (ended == nil || *ended != *res.EndsOn) {
			if err := tx.PutJob(Job{Subject: res.ID, Kind: JobEnd, RunAt: res.EndsOn.Time()}); err != nil {
				return err
			}
		}
		if ended != nil && res.EndsOn == nil {
			if _, err := tx.DeleteJob(res.ID, JobEnd, -1); err != nil {
				return err
			}
		}
		res.Rev++
		out = res
		return nil
	})
	return out, err
}

// ChangeNotes lets one side edit the notes of an order without moving it. states, if
// any, are those in which it may.
func (c *Core) ChangeNotes(ctx context.Context, who Actor, i id.ID, side Side, right tenant.Right, states []order.State, change func(n *order.Notes) error) (Placed, error) {
	if err := who.write(); err != nil {
		return Placed{}, err
	}
	var out Placed
	err := c.store.Update(ctx, Touch{Orders: []id.ID{i}}, func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		p, err := s.Order(i)
		if err != nil {
			return err
		}
		o := p.Order
		scopes, err := c.scopes(tx, side, o.Customer, o.Project, o.Provider, o.Offering)
		if err != nil {
			return err
		}
		if !c.May(who, right, scopes...) {
			return forbidden("You do not have permission to change this order.")
		}
		if states != nil && !slices.Contains(states, o.State) {
			return &Error{Kind: Conflict, About: Ref{"order", i}, States: states, Msg: "The order is " + string(o.State) + "."}
		}
		if err := change(&o.Notes); err != nil {
			return err
		}
		if err := tx.UpdateOrder(o); err != nil {
			return err
		}
		o.Rev++
		p.Order = o
		out = p
		return nil
	})
	return out, err
}

// UsageReport tells what a resource used in one billing period. An amount is the
// period's total so far and replaces the last one.
type UsageReport struct {
	Resource id.ID
	Date     time.Time // names the period, in the offset it was written with; zero: now
	Term     id.ID     // the stretch (plan period) whose plan prices it; 0: the one that covers the date
	Amounts  []UsageAmount
}

// UsageAmount is one component's total of the period.
type UsageAmount struct {
	Component string // code; the display name where no component has that code
	Amount    money.Micro
	Recurring bool
	Note      string // at most MostNote characters
}

// MostNote is the longest note of a usage, in characters.
const MostNote = 4000

// UserUsageReport tells users' parts of a usage; each replaces the user's last one.
type UserUsageReport struct {
	Usage id.ID
	Date  time.Time // zero: the usage's own period; another month's: that month's row, made if missing
	Users map[string]money.Micro
	Check func(s *Scene, u order.Usage) error // may refuse them, when they are written; nil: nothing more is asked
}

// PeriodOf is the first day of the billing period an instant falls in, in its own offset.
func PeriodOf(t time.Time) day.Day {
	y, m, _ := t.Date()
	return day.Date(y, m, 1)
}
