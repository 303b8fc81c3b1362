package core

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// bill brings what a resource was charged in line with what it comes to, period by period
// since the job was last done, and puts the job for the next boundary. What ran out of what
// was paid ahead ends.
func (c *Core) bill(ctx context.Context, j Job) error {
	now, ids := c.Now(), &drawn{c: c}
	unpaid := false
	err := c.store.Update(ctx, touchJob(j), func(tx Tx) error {
		unpaid = false
		had, err := tx.Job(j.Subject, j.Kind)
		if err != nil || had.Attempt != j.Attempt { // it was put anew meanwhile, and another has it
			return missing(err)
		}
		b := biller{draft: draft{c: c, r: tx, who: System(), now: now, ids: ids.again()}}
		if err := b.load(j.Subject); err != nil {
			return err
		}
		until, done, err := b.bill(had.Since)
		if err != nil {
			return err
		}
		if err := b.keep(tx); err != nil {
			return err
		}
		next := Job{Subject: j.Subject, Kind: j.Kind, RunAt: now, Since: &until}
		if done {
			var again bool
			if next.RunAt, again = b.boundary(until); !again {
				_, err := tx.DeleteJob(j.Subject, j.Kind, j.Attempt)
				return err
			}
			if unpaid = b.res.PaidUntil != nil && !next.RunAt.After(now); unpaid {
				next.RunAt = now.AddDate(0, 0, 1) // until it is ended, or renewed
			}
		}
		return tx.PutJob(next)
	})
	if err != nil || !unpaid {
		return err
	}
	_, err = c.PlaceOrder(ctx, System(), Placement{Type: order.Terminate, Resource: j.Subject})
	if err != nil && KindOf(err) != Conflict && KindOf(err) != NotFound { // an order of it is open: tomorrow again
		return err
	}
	return nil
}

// biller decides what is posted of a resource's periods.
type biller struct {
	draft
	list []ledger.Entry // of all rows
	kept []order.Usage
}

// load reads the resource with what it is priced and limited by.
func (b *biller) load(resource id.ID) error {
	var err error
	if b.res, err = b.r.Resource(resource); err != nil {
		return err
	}
	if err := b.readLife(); err != nil {
		return err
	}
	off, err := b.r.Offering(b.res.Offering)
	if err != nil {
		return err
	}
	if b.sheet, err = b.c.sheet(b.r, off); err != nil {
		return err
	}
	b.plan, _ = b.sheet.Plan(b.res.Plan)
	b.o = order.Order{Customer: b.res.Customer, Project: b.res.Project, User: b.res.User, Provider: b.res.Provider, Offering: b.res.Offering, Resource: b.res.ID, Plan: b.res.Plan}
	if err := b.around(); err != nil {
		return err
	}
	b.o.Currency = b.customer.Currency
	return nil
}

// mostPeriods bounds what one run of a bill takes in hand; what is left follows at once.
const mostPeriods = 24

// bill posts what is missing of each period since an instant. done is false where some are
// left; until is how far it came.
func (b *biller) bill(since *time.Time) (until time.Time, done bool, err error) {
	until = b.now
	if len(b.life) == 0 {
		return until, true, nil
	}
	from := b.life[0].From
	if since != nil {
		from = *since
	}
	for _, at := range []time.Time{from, changed(b.life)} { // the clock was turned back: what was charged stays
		if at.After(until) {
			until = at
		}
	}
	keys := b.keys(from, until)
	if done = len(keys) <= mostPeriods; !done {
		until = keys[mostPeriods].Time().Add(-time.Microsecond)
		keys = b.keys(from, until)
	}
	if since == nil {
		if _, err := b.rowsOf(PeriodOf(from.UTC())); err != nil { // which regroups them all
			return until, done, err
		}
	}
	for _, key := range keys {
		for _, x := range b.sheet.Components {
			if err := b.period(x, key, until); err != nil {
				return until, done, err
			}
		}
	}
	return until, done, nil
}

// keys are the first days of all periods between two instants, and of those that hold what
// is charged for the whole life, in order.
func (b *biller) keys(from, until time.Time) []day.Day {
	var keys []day.Day
	add := func(list ...day.Day) {
		for _, k := range list {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	add(termsOf(&b.sheet, catalog.Component{}, b.life).Keys(from, until)...)
	for _, x := range b.sheet.Components {
		switch {
		case price.Whole(x):
			add(termsOf(&b.sheet, x, b.life).Keys(from, until)...)
		case x.Billing == catalog.ByUsage:
			for m := PeriodOf(from.UTC()); m <= day.Of(until); m = m.Month(1) {
				add(m)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// period posts what is missing of one component in one period.
func (b *biller) period(x catalog.Component, key day.Day, until time.Time) error {
	rows, err := b.rowsOf(key)
	if err != nil {
		return err
	}
	var u order.Usage
	n := slices.IndexFunc(rows, func(u order.Usage) bool { return u.Component == x.ID })
	if n >= 0 {
		u = rows[n]
	}
	total, err := price.Charge(termsOf(&b.sheet, x, b.life), price.Usage{Reported: u.Reported, Term: u.Term}, key, until)
	if err != nil {
		return err
	}
	if n < 0 {
		if total.Amount == 0 && (total.Quantity == 0 || !flows(x)) {
			return nil
		}
		u = order.Usage{ID: b.ids.draw(), Resource: b.res.ID, Offering: b.res.Offering, Component: x.ID, Period: key, CountsOn: max(key, firstDay(b.res, b.life, key))}
	}
	billed, moved, err := b.post(u, n >= 0, x, total, "period from "+key.String())
	if moved {
		billed.UpdatedAt = b.now
		b.kept = append(b.kept, billed)
	}
	return err
}

// boundary is when the resource asks for more after an instant: at its plan's next unit, or
// when what was paid ahead runs out. ok is false where it asks for nothing again.
func (b *biller) boundary(after time.Time) (at time.Time, ok bool) { return boundary(&b.draft, after) }

func boundary(d *draft, after time.Time) (at time.Time, ok bool) {
	n := len(d.life) - 1
	if n < 0 || d.life[n].Until != nil {
		return at, false
	}
	if d.plan.Prepaid && d.res.PaidUntil != nil {
		return *d.res.PaidUntil, true
	}
	if len(d.life[n].Quantities) == 0 {
		return at, false
	}
	return termsOf(&d.sheet, catalog.Component{}, d.life).Next(after)
}

// billLater puts the job that bills the resource: now, where an order has changed what it
// comes to, else at the next boundary.
func (d *draft) billLater() error {
	if len(d.life) == 0 || !d.mayOwe() {
		return nil
	}
	j := Job{Subject: d.res.ID, Kind: JobBill, RunAt: d.now.Add(-d.behind), Since: &d.now}
	if d.o.Type == order.Create && d.o.State == order.Done {
		settled, err := d.settled()
		if err != nil {
			return err
		}
		at, again := boundary(d, d.now)
		if settled && !again {
			return nil
		}
		if settled {
			j.RunAt = at
		}
	} else if had, err := d.r.Job(d.res.ID, JobBill); err == nil {
		j.Since = had.Since
	} else if KindOf(err) != NotFound {
		return err
	}
	d.jobs = append(d.jobs, j)
	return nil
}

// mayOwe reports whether any of the plans that the order leaves or begins charges over time.
func (d *draft) mayOwe() bool {
	for _, t := range d.life[max(0, len(d.life)-2):] {
		if p, ok := d.sheet.Plan(t.Plan); ok && (p.Prepaid || price.Recurs(p)) {
			return true
		}
	}
	return false
}

// settled reports whether what a new resource's order took is what its first period comes
// to: where two lines of one component were rounded apart, a cent is missing.
func (d *draft) settled() (bool, error) {
	for _, x := range d.sheet.Components {
		row, err := d.periodOf(x.ID)
		if err != nil {
			return false, err
		}
		if row == nil {
			continue
		}
		total, err := price.Charge(termsOf(&d.sheet, x, d.life), price.Usage{}, row.Period, d.now)
		if err != nil {
			return false, err
		}
		if total.Amount != row.Amount || (flows(x) && total.Quantity != row.Quantity) {
			return false, nil
		}
	}
	return true, nil
}

// keep writes the rows and entries, and the events of what was charged and of each limit
// that this took above its value.
func (b *biller) keep(tx Tx) error {
	if len(b.list) > 0 {
		var sum money.Micro
		for _, e := range b.list {
			_, used := e.Delta()
			sum += used.Amount
		}
		body, err := json.Marshal(map[string]string{"amount": sum.String(), "currency": string(b.o.Currency)})
		if err != nil {
			return err
		}
		b.events = append(b.events, Event{At: b.now, Kind: "resource.charged", Customer: b.res.Customer, Subject: b.res.ID, By: b.who.User.ID, Body: body})
	}
	return b.store(tx)
}
