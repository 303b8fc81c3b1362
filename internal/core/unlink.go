package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// UnlinkResource takes a resource out of sight for good, and asks nothing of who delivers it:
// for what their system has lost, or what hangs in a state that nobody will end. Its open
// order is unlinked with it; what runs is ended by an order that is done at once and that
// nobody is shown, so that stock comes back and charges stop as at any end. What was ordered,
// used and charged stays in the books. Staff only, from every state, but not while its offering
// is unavailable.
func (c *Core) UnlinkResource(ctx context.Context, who Actor, i id.ID) error {
	if err := who.write(); err != nil {
		return err
	}
	now, ids := c.Now(), &drawn{c: c, ids: []id.ID{c.NewID()}}
	var jobs []Job
	err := c.store.Update(ctx, Touch{Resources: []id.ID{i}, Days: []day.Day{day.Of(now)}}, func(tx Tx) error {
		u := &unlinking{c: c, r: tx, who: who, now: now, ids: ids.again()}
		if err := u.decide(i); err != nil {
			return err
		}
		jobs = u.jobs()
		return u.write(tx)
	})
	if err == nil {
		c.nudge(now, jobs)
	}
	return err
}

// unlinking is what becomes of one resource and its orders.
type unlinking struct {
	c   *Core
	r   Reader
	who Actor
	now time.Time
	ids *drawn

	res   order.Resource // what it will be
	open  *draft         // of the open order, where there is one
	ender *draft         // of the order that ends what runs, where something does
}

func (u *unlinking) draft() *draft {
	return &draft{c: u.c, r: u.r, who: u.who, now: u.now, ids: u.ids, moved: map[int]bool{}}
}

func (u *unlinking) decide(i id.ID) error {
	s := &Scene{c: u.c, r: u.r, who: u.who}
	var err error
	if u.res, err = s.Resource(i); err != nil {
		return err
	}
	if !u.who.IsStaff() && !u.who.desk() {
		return forbidden("You do not have permission to unlink this resource.")
	}
	if err := s.Changeable(u.res); err != nil {
		return err
	}
	if u.res.OpenOrder != 0 {
		if err := u.withdraw(); err != nil {
			return err
		}
	}
	runs, err := u.runs()
	if err != nil {
		return err
	}
	if runs {
		if err := u.end(); err != nil {
			return err
		}
	}
	u.res.State, u.res.ChangedAt = order.Unlinked, u.now
	return nil
}

// runs reports whether there is something to end: that it is terminated may be somebody's word.
func (u *unlinking) runs() (bool, error) {
	if u.res.State != order.Terminated || len(u.res.Quantities) > 0 {
		return true, nil
	}
	if u.open != nil { // whose end has ended it
		return false, nil
	}
	d := u.draft()
	d.res = u.res
	term, err := d.runningTerm()
	return term != nil, err
}

// withdraw unlinks the open order.
func (u *unlinking) withdraw() error {
	u.open = u.draft()
	if err := u.open.load(u.res.OpenOrder); err != nil {
		return err
	}
	step, ok := order.Find(u.open.o.State, order.Unlink)
	if !ok {
		return u.open.wrongState(order.Possible(order.Unlink))
	}
	err := u.open.take(step, Verdict{})
	u.res, u.open.resDirty = u.open.res, false // it is written once, at the end
	return err
}

// end ends what runs by an order of its own.
func (u *unlinking) end() error {
	d := u.draft()
	if u.open != nil {
		d.beside = u.open.entries
	}
	if err := d.endUnseen(u.res); err != nil {
		return err
	}
	u.res, d.resDirty = d.res, false
	u.ender = d
	return nil
}

// endUnseen makes the draft an order that ends a resource at once and is hidden: nobody is
// asked, nobody is told, and limits take what gives back.
func (d *draft) endUnseen(res order.Resource) error {
	at, p := d.now, Placement{Type: order.Terminate, Resource: res.ID}
	d.fresh = true
	d.o = order.Order{ID: d.ids.draw(), Type: order.Terminate, User: d.who.User.ID, Door: d.who.Door, Key: d.who.Key, Periods: 1,
		CountsOn: day.Of(d.now), ConsumerBy: d.who.User.ID, ConsumerAt: &at, HiddenAt: &at, Notes: order.Notes{ConsumerSkipped: true}}
	if err := d.target(p); err != nil {
		return err
	}
	d.res = res
	if err := d.choosePlan(p); err != nil {
		return err
	}
	if err := d.priceLines(p, nil); err != nil {
		return err
	}
	d.enter(order.Executing, false)
	step, _ := order.Find(order.Executing, order.Fulfil)
	err := d.fulfil(step, Verdict{})
	d.events = nil // of an order that nobody is shown
	return err
}

func (u *unlinking) jobs() (out []Job) {
	for _, d := range []*draft{u.open, u.ender} {
		if d != nil {
			out = append(out, d.jobs...)
		}
	}
	return out
}

func (u *unlinking) write(tx Tx) error {
	for _, d := range []*draft{u.open, u.ender} {
		if d == nil {
			continue
		}
		if err := d.write(tx); err != nil {
			return err
		}
	}
	if err := tx.UpdateResource(u.res); err != nil {
		return err
	}
	if _, err := tx.DeleteJob(u.res.ID, JobEnd, -1); err != nil {
		return err
	}
	return tx.InsertEvent(Event{At: u.now, Kind: "resource.unlinked", Customer: u.res.Customer, Subject: u.res.ID, By: u.who.User.ID, Body: json.RawMessage("{}")})
}
