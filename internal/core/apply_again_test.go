package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

func (w *chargeWalk) bill(t *testing.T, resource id.ID) (j core.Job) {
	t.Helper()
	if err := w.store.View(ctx, func(r core.Reader) (err error) { j, err = r.Job(resource, core.JobBill); return err }); err != nil {
		t.Fatal(err)
	}
	return j
}

// repriced sets the price of disk on a plan from today on.
func (w *chargeWalk) repriced(t *testing.T, plan, each string) {
	t.Helper()
	must(w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{
		{Code: "cloud", Plans: []core.PlanSpec{{Code: plan, Prices: []core.PriceSpec{{Component: "disk", Each: price(each)}}}}}}}}}))(t)
}

func TestANewPriceBillsAgainWhatItCanHaveChangedAlone(t *testing.T) {
	w := newChargeWalk(t)
	before := map[string]id.ID{}
	for _, plan := range []string{"dearer", "monthly", "bound"} {
		before[plan] = w.made(t, plan, 2).Resource.ID
	}
	w.clock.ahead(aDay)
	today := map[string]id.ID{}
	for _, plan := range []string{"monthly", "daily"} {
		today[plan] = w.made(t, plan, 2).Resource.ID
	}
	must(w.MakePlan(ctx, w.staff, w.sheets["cloud"].Offering.ID, core.PlanSpec{Name: "Nobody's yet"}))(t)
	w.repriced(t, "monthly", "400")
	w.repriced(t, "bound", "400")
	for _, i := range before {
		if j := w.bill(t, i); !j.RunAt.After(w.clock.now()) {
			t.Errorf("what began on another day, or on another plan, is billed again: %+v", j)
		}
	}
	if j := w.bill(t, today["monthly"]); j.RunAt.After(w.clock.now()) {
		t.Errorf("what began on the plan today is not billed again: %+v", j)
	}
	if j := w.bill(t, today["daily"]); !j.RunAt.After(w.clock.now()) {
		t.Errorf("what began on another plan is billed again: %+v", j)
	}
	w.due(t)
	w.verified(t)
	// As a period begins, everything on the plan is looked at.
	w.clock.ahead(time.Date(2026, 12, 1, 0, 0, 1, 0, time.UTC).Sub(w.clock.now()))
	w.due(t)
	w.repriced(t, "monthly", "500")
	w.due(t)
	w.verified(t)
	if row := w.rows(t, before["monthly"], "disk")[day.Date(2026, 12, 1)]; row.Amount != units(1000) {
		t.Errorf("December was charged %s", row.Amount)
	}
	// A period of its own begins on the 10th.
	w.clock.ahead(9 * aDay)
	w.due(t)
	w.repriced(t, "bound", "600")
	w.due(t)
	w.verified(t)
	if row := w.rows(t, before["bound"], "disk")[day.Date(2026, 12, 10)]; row.Amount != units(1200) {
		t.Errorf("the period of its own was charged %s", row.Amount)
	}
}

// What left the plan today, or ended, was charged by today's price too.
func TestANewPriceBillsAgainWhatEndedToday(t *testing.T) {
	w := newChargeWalk(t)
	w.clock.ahead(time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC).Sub(w.clock.now()))
	ended, left := w.made(t, "monthly", 1).Resource.ID, w.made(t, "monthly", 1).Resource.ID
	w.clock.ahead(time.Hour)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Terminate, Resource: ended}))(t)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Update, Resource: left, Plan: w.plans["cloud"]["daily"]}))(t)
	w.due(t)
	w.repriced(t, "monthly", "500")
	for _, i := range []id.ID{ended, left} {
		if j := w.bill(t, i); j.RunAt.After(w.clock.now()) {
			t.Errorf("%s is not billed again: %+v", i, j)
		}
	}
	w.due(t)
	w.verified(t)
}

// counted is a store that counts how often orders are listed.
type counted struct {
	core.Store
	lists int
}

type countedTx struct {
	core.Tx
	lists *int
}

func (c *counted) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	return c.Store.Update(ctx, on, func(tx core.Tx) error { c.lists = 0; return fn(&countedTx{tx, &c.lists}) })
}

func (t *countedTx) Orders(q core.OrderQuery) ([]order.Order, error) {
	*t.lists++
	return t.Tx.Orders(q)
}

func TestNewPricesOfManyPlansListAnOfferingsOrdersOnce(t *testing.T) {
	w := newChargeWalk(t)
	var resources []id.ID
	plans := []string{"monthly", "daily", "dearer"}
	for _, plan := range plans {
		resources = append(resources, w.made(t, plan, 2).Resource.ID)
	}
	c := &counted{Store: w.store}
	w.Core = w.over(c)
	spec := core.OfferingSpec{Code: "cloud"}
	for _, plan := range plans {
		spec.Plans = append(spec.Plans, core.PlanSpec{Code: plan, Prices: []core.PriceSpec{{Component: "disk", Each: price("77")}}})
	}
	must(w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{spec}}}}))(t)
	if c.lists != 1 {
		t.Errorf("orders were listed %d times for %d plans, want once", c.lists, len(plans))
	}
	for n, i := range resources {
		if j := w.bill(t, i); j.RunAt.After(w.clock.now()) {
			t.Errorf("what began on %s today is not billed again: %+v", plans[n], j)
		}
	}
	w.due(t)
	w.verified(t)
}
