package core_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// passes turns the clock on by a day at a time, with a round of the desk's jobs in each.
func (d *desk) passes(t *testing.T, days int) {
	t.Helper()
	for range days {
		d.clock.ahead(aDay)
		must(d.Tick(ctx))(t)
	}
}

func (d *desk) told(t *testing.T, p core.Placed, kind string) int {
	t.Helper()
	n := 0
	if err := d.store.View(ctx, func(r core.Reader) error {
		list, err := r.Events(core.EventQuery{Subject: p.Order.ID})
		for _, e := range list {
			if e.Kind == kind {
				n++
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnOrderNobodyApprovesExpiresAndIsFree(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", ExpireAfter: ptr(5 * aDay)}}}))(t)
	waits := must(d.PlaceOrder(ctx, d.member, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	if waits.Order.State != order.PendingConsumer {
		t.Fatalf("a member's order is %s", waits.Order.State)
	}
	approved := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	must(d.Act(ctx, d.seller, approved.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	d.passes(t, 4)
	if s := d.state(t, waits.Order.ID); s != order.PendingConsumer {
		t.Errorf("after four days of five it is %s", s)
	}
	must(d.Act(ctx, d.owner, waits.Order.ID, order.ApproveConsumer, core.Verdict{}))(t)
	d.passes(t, 2) // the provider is too late: the days count from placing
	if s := d.state(t, waits.Order.ID); s != order.Canceled {
		t.Errorf("after six days of five it is %s", s)
	}
	if s := d.state(t, approved.Order.ID); s != order.Executing {
		t.Errorf("an order that executes is %s: only what waits expires", s)
	}
	d.audit(t)
}

func TestAnOrderWaitsForItsProjectAndThenForItsOwnDay(t *testing.T) {
	d := newDesk(t)
	today := day.Of(d.clock.now())
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Projects: []core.ProjectSpec{{Slug: "lab", StartOn: ptr(today + 2)}}}}}))(t)
	a := d.ask("hpc", map[string]money.Micro{"storage": units(5)})
	a.StartsOn = ptr(today + 6)
	p := must(d.PlaceOrder(ctx, d.owner, a))(t)
	if p.Order.State != order.PendingProject || p.Order.CountsOn != today+6 || p.Order.Held.String() != "260" {
		t.Fatalf("%s, counts on %s, holds %s", p.Order.State, p.Order.CountsOn, p.Order.Held)
	}
	d.passes(t, 1)
	if s := d.state(t, p.Order.ID); s != order.PendingProject {
		t.Errorf("a day early it is %s", s)
	}
	d.passes(t, 1)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	if s := d.state(t, p.Order.ID); s != order.PendingStartDate {
		t.Errorf("approved before its day it is %s", s)
	}
	d.passes(t, 3)
	if s := d.state(t, p.Order.ID); s != order.PendingStartDate {
		t.Errorf("a day before its own it is %s", s)
	}
	d.passes(t, 1)
	if s := d.state(t, p.Order.ID); s != order.Executing {
		t.Errorf("on its day it is %s", s)
	}
	d.audit(t)
}

func TestAnOrderWhoseProjectBeginsEarlierDoesNotWaitForTheOldDay(t *testing.T) {
	d := newDesk(t)
	today := day.Of(d.clock.now())
	to := func(on day.Day) {
		t.Helper()
		must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Projects: []core.ProjectSpec{{Slug: "lab", StartOn: &on}}}}}))(t)
	}
	to(today + 20)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(1)})))(t)
	if p.Order.State != order.PendingProject {
		t.Fatalf("it is %s", p.Order.State)
	}
	to(today + 2)
	d.passes(t, 3)
	if s := d.state(t, p.Order.ID); s != order.Done {
		t.Errorf("a day after the project began it is %s", s)
	}
}

func TestAnOrderOpenBeyondItsDeadlineIsToldOnce(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Deadline: ptr(2 * aDay)}}}}}))(t)
	late := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	must(d.Act(ctx, d.seller, late.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	done := d.allocated(t, 1)
	d.passes(t, 1)
	if n := d.told(t, late, "order.stuck"); n != 0 {
		t.Errorf("told %d times before the deadline", n)
	}
	d.passes(t, 3)
	if n := d.told(t, late, "order.stuck"); n != 1 {
		t.Errorf("told %d times", n)
	}
	if n := d.told(t, done, "order.stuck"); n != 0 {
		t.Errorf("an order that is done was told of %d times", n)
	}
	if s := d.state(t, late.Order.ID); s != order.Executing {
		t.Errorf("it is %s: being late changes nothing", s)
	}
}
