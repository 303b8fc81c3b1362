// Package price says what things cost, as pure functions: no clock, no I/O. An
// order's line is priced when it is placed (Request.Line), and what was delivered of it
// (Priced.Part) follows from the same prices. What a resource comes to in a period is
// Charge's to say, of its Terms. Rounding is package money's.
package price

import (
	"errors"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// ErrUnpriced says that a plan has no price for a component: it cannot be ordered.
var ErrUnpriced = errors.New("the plan has no price for this component")

// Request is what the lines of one order are priced under.
type Request struct {
	Sheet     *catalog.Sheet
	Plan      catalog.Plan
	Now       time.Time
	Periods   int        // plan units paid ahead, of a prepaid plan; on an update of one, 0: none
	New       bool       // the resource is made (or restored) by this order
	Switched  bool       // the plan changes
	PaidUntil *time.Time // of the resource, where its plan is prepaid
	// Before is what the resource was so far, as a component sees it (nil: there is none);
	// Posted is what the period in which this order counts has been charged already.
	Before func(component id.ID) []Stretch
	Posted map[id.ID]money.Micro
	Free   bool // a replacement: nothing is due
}

// Line is one priced line.
type Line struct {
	Component catalog.Component
	Before    money.Micro // the resource's quantity now
	Quantity  money.Micro // what it comes to
	Moves     money.Micro // what the ledger moves: the growth; 0 where only money moves
	Once      money.Rate
	Each      money.Rate
	Due       money.Micro // what completion charges
}

// Line prices a component going from one quantity to another.
func (r Request) Line(c catalog.Component, before, target money.Micro) (Line, error) {
	l := Line{Component: c, Before: before, Quantity: target}
	p, ok := r.Sheet.Price(r.Plan.ID, c.ID, day.Of(r.Now))
	if !ok {
		return l, ErrUnpriced
	}
	l.Once, l.Each = p.Once, p.Each
	if before := r.terms(c); !r.New && !r.Switched && !eventful(c) {
		if each, ok := before.rate(r.Now); ok { // the running period's
			l.Each = each
		}
	}
	switch c.Billing {
	case catalog.ByUsage: // nothing is due before it is reported
		l.Quantity, l.Before = 0, 0
		return l, nil
	case catalog.ByFixed:
		l.Quantity = p.Amount
	case catalog.Once, catalog.Few:
		l.Quantity, l.Before = money.Unit, 0
		if !r.New && (c.Billing == catalog.Once || !r.Switched) {
			l.Quantity = 0
		}
	case catalog.ByLimit: // what was asked
	}
	if c.Billing == catalog.ByLimit || c.Billing == catalog.ByFixed {
		l.Moves = max(0, l.Quantity-l.Before)
	}
	if r.Free {
		l.Once, l.Each = 0, 0
		return l, nil
	}
	var err error
	l.Due, err = r.due(l)
	return l, err
}

func (r Request) due(l Line) (money.Micro, error) {
	cur := r.Plan.Currency
	grown := max(0, l.Quantity-l.Before)
	switch {
	case eventful(l.Component):
		rate := l.Once
		if rate == 0 {
			rate = l.Each
		}
		return money.Times(cur, l.Quantity, rate, 1, 1)
	case Recurs(r.Plan):
		return r.recurring(l)
	}
	once, err := money.Times(cur, grown, l.Once, 1, 1)
	if err != nil {
		return 0, err
	}
	each, err := r.ahead(l, grown)
	if err != nil {
		return 0, err
	}
	return money.Add(once, each)
}

// recurring is what the running period asks: what it would come to less what it comes to
// without the order, or was charged.
func (r Request) recurring(l Line) (money.Micro, error) {
	before := r.terms(l.Component)
	next := Stretch{From: r.Now, Plan: r.Plan.ID, Quantity: l.Quantity, Once: &l.Once}
	if r.New || r.Switched || len(before.Stretches) == 0 {
		next.Each = &l.Each
	}
	after := before.Begun(next)
	key, _ := after.Key(r.Now)
	total, err := Charge(after, Usage{}, key, r.Now)
	if err != nil {
		return 0, err
	}
	was, err := Charge(before, Usage{}, key, r.Now)
	return max(0, total.Amount-max(was.Amount, r.Posted[l.Component.ID])), err
}

func (r Request) terms(c catalog.Component) Terms {
	t := Terms{Sheet: r.Sheet, Component: c}
	if r.Before != nil {
		t.Stretches = r.Before(c.ID)
	}
	return t
}

// ahead is what is paid ahead: of a prepaid plan the growth for what is left of what was
// paid, and all there is for the periods that follow; of what is paid by quantity alone the
// growth.
func (r Request) ahead(l Line, grown money.Micro) (money.Micro, error) {
	cur, periods := r.Plan.Currency, int64(max(1, r.Periods))
	switch {
	case !r.Plan.Prepaid:
		return money.Times(cur, grown, l.Each, 1, 1)
	case r.New:
		return money.Times(cur, l.Quantity, l.Each, periods, 1)
	case r.Switched || r.PaidUntil == nil: // all there is is paid ahead from now on
		return money.Times(cur, l.Quantity, l.Each, periods, 1)
	}
	left, whole := Left(r.Plan.Unit, r.Now, *r.PaidUntil)
	rest, err := money.Times(cur, grown, l.Each, left, whole)
	if err != nil || r.Periods == 0 {
		return rest, err
	}
	renewed, err := money.Times(cur, l.Quantity, l.Each, periods, 1)
	if err != nil {
		return 0, err
	}
	return money.Add(rest, renewed)
}

// Left is the part of a prepaid plan's unit that is still to come, in whole days of the
// last unit's length: 10 of 30 days. Several units ahead count as more than one.
func Left(u catalog.Unit, now, until time.Time) (num, den int64) {
	days := func(from, to time.Time) int64 { return max(0, int64((to.Sub(from)+24*time.Hour-1)/(24*time.Hour))) }
	start := Back(u, until)
	return days(now, until), max(1, days(start, until))
}

// Ahead returns the instant n plan units later, in calendar months where the unit is one.
func Ahead(u catalog.Unit, from time.Time, n int) time.Time {
	switch u {
	case catalog.Hour:
		return from.Add(time.Duration(n) * time.Hour)
	case catalog.Day:
		return from.AddDate(0, 0, n)
	case catalog.HalfMonth:
		return from.AddDate(0, 0, 15*n)
	case catalog.Quarter:
		return months(from, 3*n)
	case catalog.Month, catalog.Quantity:
	}
	return months(from, n)
}

// Back is one plan unit earlier.
func Back(u catalog.Unit, to time.Time) time.Time { return Ahead(u, to, -1) }

// months adds calendar months and stays within the month meant: 31 January and one is
// 28 or 29 February.
func months(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// Priced is what Part needs of a line that was held.
type Priced struct {
	Currency money.Currency
	Moves    money.Micro // the growth ordered
	Once     money.Rate
	Each     money.Rate
	Periods  int
	Due      money.Micro
}

// Part is what to charge where only some of the growth was delivered. All of it
// charges Due; it never exceeds Due and never falls as the part grows.
func (p Priced) Part(delivered money.Micro) (money.Micro, error) {
	switch {
	case delivered >= p.Moves:
		return p.Due, nil
	case delivered <= 0:
		return 0, nil
	}
	sum := func(q money.Micro) (money.Micro, error) {
		once, err1 := money.Times(p.Currency, q, p.Once, 1, 1)
		each, err2 := money.Times(p.Currency, q, p.Each, int64(max(1, p.Periods)), 1)
		total, err3 := money.Add(once, each)
		return total, errors.Join(err1, err2, err3)
	}
	whole, err := sum(p.Moves)
	if err != nil {
		return 0, err
	}
	if whole == p.Due {
		return sum(delivered)
	}
	// Due is a share of the whole price (days left, less what was posted): the part's is
	// the same share.
	return money.Share(p.Currency, p.Due, int64(delivered), int64(p.Moves))
}

// Metered is the price of a period's reported total.
func Metered(c money.Currency, quantity money.Micro, each money.Rate) (money.Micro, error) {
	return money.Times(c, quantity, each, 1, 1)
}
