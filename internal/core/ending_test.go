package core_test

import (
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

const aDay = 24 * time.Hour

// ending lists the open terminate orders of the buyer, oldest first.
func (d *desk) ending(t *testing.T) []order.Order {
	t.Helper()
	var out []order.Order
	if err := d.View(ctx, d.staff, func(s *core.Scene) error {
		list, err := s.Orders(core.OrderQuery{Types: []order.Type{order.Terminate}, Page: core.Page{Ascending: true}})
		for _, p := range list {
			out = append(out, p.Order)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAResourceEndsOnItsLastDayHoweverLateItCame(t *testing.T) {
	d := newDesk(t)
	a := d.ask("hpc", map[string]money.Micro{"storage": units(5)})
	a.EndsOn = ptr(day.Of(d.clock.now()) + 2)
	p := must(d.PlaceOrder(ctx, d.owner, a))(t)
	for range 3 { // the provider lets it wait beyond its last day
		d.clock.ahead(aDay)
		must(d.Tick(ctx))(t)
	}
	if list := d.ending(t); len(list) != 0 {
		t.Fatalf("what is not there yet was ended: %v", list)
	}
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	for range 3 {
		d.clock.ahead(time.Hour)
		must(d.Tick(ctx))(t)
	}
	if list := d.ending(t); len(list) != 1 || list[0].Resource != p.Resource.ID || list[0].State != order.PendingProvider {
		t.Errorf("the orders to end it: %v", list)
	}
}

func TestAProjectTakesItsResourcesWithItOnItsLastDay(t *testing.T) {
	d := newDesk(t)
	to := func(n int) {
		t.Helper()
		must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Projects: []core.ProjectSpec{{Slug: "lab", EndOn: ptr(day.Of(d.clock.now()) + day.Day(n))}}}}}))(t)
	}
	to(3)
	first, second := d.allocated(t, 5), d.allocated(t, 1)
	to(4)
	d.clock.ahead(3 * aDay)
	must(d.Tick(ctx))(t)
	if list := d.ending(t); len(list) != 0 {
		t.Fatalf("ended on a day that was moved: %v", list)
	}
	d.clock.ahead(aDay)
	for range 2 {
		must(d.Tick(ctx))(t)
	}
	late := d.allocated(t, 2) // the last day is a day of the project's
	d.clock.ahead(time.Hour)
	must(d.Tick(ctx))(t)
	var resources []any
	for _, o := range d.ending(t) {
		resources = append(resources, o.Resource)
	}
	if !slices.Equal(resources, []any{first.Resource.ID, second.Resource.ID, late.Resource.ID}) {
		t.Errorf("ended: %v", resources)
	}
}

func TestWhatACustomerHasCanBeEndedAfterTheLastContract(t *testing.T) {
	d := newDesk(t)
	today := day.Of(d.clock.now())
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Contracts: []core.ContractSpec{{From: today - 10, To: today + 10}},
		Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Contract, Value: dollars("300")}}}}}))(t)
	p := d.allocated(t, 5)
	d.clock.ahead(20 * aDay)
	if _, err := d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)})); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonContract {
		t.Errorf("an order without a contract: %v", err)
	}
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	if v := must(d.Verify(ctx, d.staff, nil))(t); len(v.Disagrees) > 0 {
		t.Error(v.Disagrees)
	}
}
