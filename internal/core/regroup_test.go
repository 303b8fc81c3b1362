package core_test

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// asBefore makes of a resource what a desk kept of it before charges were made over time:
// what each order took, by the calendar month in which it was done, and no promised prices.
func (w *chargeWalk) asBefore(t *testing.T, resource id.ID) {
	t.Helper()
	if err := w.store.Update(ctx, core.Touch{Scan: true, Exclusive: true}, func(tx core.Tx) error {
		terms, err := tx.Terms(resource)
		if err != nil {
			return err
		}
		for _, x := range terms {
			x.Once, x.Each = nil, nil
			if err := tx.PutTerm(x); err != nil {
				return err
			}
		}
		rows, err := tx.Usages(core.UsageQuery{Resources: []id.ID{resource}, Any: &core.Sight{All: true}, Page: core.Page{Limit: 100, Ascending: true}})
		if err != nil {
			return err
		}
		orders, err := tx.Orders(core.OrderQuery{Resources: []id.ID{resource}, Any: &core.Sight{All: true}, States: []order.State{order.Done}})
		if err != nil {
			return err
		}
		kept := map[id.ID]bool{}
		for _, u := range rows {
			if kept[u.Component] { // as good as not there
				u.Amount, u.Quantity, u.Period = 0, 0, day.Date(2020, 1, 1)
				if err := tx.PutUsage(u); err != nil {
					return err
				}
				continue
			}
			kept[u.Component] = true
			u.Amount, u.Quantity, u.Period = 0, 0, core.PeriodOf(*orders[0].EndedAt)
			for _, o := range orders {
				entries, err := tx.Entries(o.ID)
				if err != nil {
					return err
				}
				for _, e := range entries {
					if _, used := e.Delta(); e.Component == u.Component && core.PeriodOf(*o.EndedAt) == u.Period {
						u.Amount, u.Quantity = u.Amount+used.Amount, u.Quantity+used.Quantity
					}
				}
			}
			if err := tx.PutUsage(u); err != nil {
				return err
			}
		}
		return tx.PutJob(core.Job{Subject: resource, Kind: core.JobBill, RunAt: time.Unix(0, 0).UTC()})
	}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasTakenBeforeChargesWereMadeOverTimeIsNotTakenAgain(t *testing.T) {
	for _, pl := range chargePlans {
		if pl.prepaid || pl.unit == "quantity" {
			continue // charged by its orders
		}
		t.Run(pl.code, func(t *testing.T) {
			w := newChargeWalk(t)
			p := w.made(t, pl.code, 2)
			was := w.spent(t, p.Resource.ID)
			w.asBefore(t, p.Resource.ID)
			w.verified(t) // nobody has looked at it yet
			w.due(t)
			if got := w.spent(t, p.Resource.ID); got != was {
				t.Errorf("%s was taken, and after the first bill %s", was, got)
			}
			w.verified(t)
			w.clock.ahead(100 * aDay)
			w.due(t)
			w.verified(t)
		})
	}
}

// What two orders of one month took may have been for two periods.
func TestWhatWasTakenInOneMonthIsToldApart(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 2)
	w.clock.ahead(aDay)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Plan: w.plans["cloud"]["bound"]}))(t)
	w.due(t)
	was, rows := w.spent(t, p.Resource.ID), w.rows(t, p.Resource.ID, "disk")
	w.asBefore(t, p.Resource.ID)
	w.due(t)
	if got := w.spent(t, p.Resource.ID); got != was {
		t.Errorf("%s was taken, and after the first bill %s", was, got)
	}
	for period, row := range w.rows(t, p.Resource.ID, "disk") {
		if row.Amount != rows[period].Amount {
			t.Errorf("%s was %s, and is %s", period, rows[period].Amount, row.Amount)
		}
	}
	w.verified(t)
}

// An order may come before the bill that is made first.
func TestAChangeBeforeTheFirstBillFindsWhatWasTaken(t *testing.T) {
	spent := map[bool]money.Micro{}
	for _, before := range []bool{false, true} {
		w := newChargeWalk(t)
		p := w.made(t, "bound", 2)
		if before {
			w.asBefore(t, p.Resource.ID)
		}
		w.clock.ahead(aDay)
		must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "disk", Quantity: units(5)}}}))(t)
		w.due(t)
		w.verified(t)
		spent[before] = w.spent(t, p.Resource.ID)
	}
	if spent[true] != spent[false] {
		t.Errorf("%s was charged where nobody had billed before, else %s", spent[true], spent[false])
	}
}
