package core_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func TestBooksThatWereTamperedWithAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		tamper func(d *desk, tx core.Tx, p core.Placed) error
		want   string
	}{
		"nothing was": {func(*desk, core.Tx, core.Placed) error { return nil }, ""},
		"a balance": {func(d *desk, tx core.Tx, p core.Placed) error {
			all, err := tx.AllLimits()
			if err != nil {
				return err
			}
			for _, l := range all {
				if l.Scope == tenant.OnCustomer && l.Measure == limit.Money {
					return tx.AddBalance(limit.Balance{Key: limit.Key{Limit: l.ID, Window: 1}, Used: money.Unit})
				}
			}
			t.Fatal("the desk has no limit on money")
			return nil
		}, "has 1 used and 0 held from 1970-01-02 on, and 0 and 0 by the entries."},
		"an order's hold": {func(d *desk, tx core.Tx, p core.Placed) error {
			o, err := tx.Order(p.Order.ID)
			o.Held += 10_000
			if err != nil {
				return err
			}
			return tx.UpdateOrder(o)
		}, "by its record, and"},
		"a line": {func(d *desk, tx core.Tx, p core.Placed) error {
			l := p.Lines[0]
			l.Due += 10_000
			return tx.UpdateLine(l)
		}, "its lines"},
		"an order without its entries' owner": {func(d *desk, tx core.Tx, p core.Placed) error {
			o, err := tx.Order(p.Order.ID)
			o.Project = 4711
			if err != nil {
				return err
			}
			return tx.UpdateOrder(o)
		}, "names project 4711, which is not there."},
		"a capacity's balance": {func(d *desk, tx core.Tx, p core.Placed) error {
			l := limit.Limit{ID: 99, Scope: tenant.OnOffering, ScopeID: p.Order.Offering, Offering: p.Order.Offering, Component: p.Lines[0].Component,
				Measure: limit.Quantity, Period: limit.Total, Value: units(9)}
			if err := tx.PutLimit(l); err != nil {
				return err
			}
			return tx.SetBalance(limit.Balance{Key: limit.Key{Limit: 99}, Held: units(1)})
		}, "has 0 used and 1 held from 1970-01-01 on, and 0 and 2 by the entries."},
		"a limit's missing balance": {func(d *desk, tx core.Tx, p core.Placed) error {
			return tx.PutLimit(limit.Limit{ID: 99, Scope: tenant.OnResource, ScopeID: p.Order.Resource, Customer: p.Order.Customer, Measure: limit.Money, Period: limit.Total})
		}, "has no balance from 1970-01-01 on, and 0 used and 224.69 held by the entries."},
		"a resource's open order": {func(d *desk, tx core.Tx, p core.Placed) error {
			r := p.Resource
			r.OpenOrder = 0
			return tx.UpdateResource(r)
		}, "is pending-provider, and the open order of its resource is 0."},
		"a resource's terms": {func(d *desk, tx core.Tx, p core.Placed) error {
			for n, i := range []id.ID{5, 6} {
				if err := tx.PutTerm(order.Term{ID: i, Resource: p.Resource.ID, From: d.clock.now().Add(time.Duration(n) * time.Hour)}); err != nil {
					return err
				}
			}
			return nil
		}, "goes on beyond the next one's beginning"},
		"an unlinked resource's open order": {func(_ *desk, tx core.Tx, p core.Placed) error {
			r := p.Resource
			r.State = order.Unlinked
			return tx.UpdateResource(r)
		}, "is unlinked, and has 0 amounts and the open order"},
		"an unlinked resource's term": {func(d *desk, tx core.Tx, p core.Placed) error {
			r := p.Resource
			r.State = order.Unlinked
			return errors.Join(tx.UpdateResource(r), tx.PutTerm(order.Term{ID: 5, Resource: r.ID, From: d.clock.now()}))
		}, "goes on."},
		"a job of nothing": {func(d *desk, tx core.Tx, p core.Placed) error {
			return tx.PutJob(core.Job{Subject: 12, Kind: core.JobDelivery, RunAt: d.clock.now()})
		}, "The job delivery is about order 12, which is not there."},
		"a project's last day": {func(_ *desk, tx core.Tx, p core.Placed) error {
			return tx.PutJob(core.Job{Subject: p.Order.Project, Kind: core.JobProject, RunAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
		}, ""},
		"the last day of a project that is none": {func(_ *desk, tx core.Tx, _ core.Placed) error {
			return tx.PutJob(core.Job{Subject: 12, Kind: core.JobProject})
		}, "The job end-project is about project 12, which is not there."},
		"a job that is gone": {func(d *desk, tx core.Tx, p core.Placed) error {
			o, err := tx.Order(p.Order.ID)
			o.State, o.StartsOn = order.PendingStartDate, ptr(o.CountsOn+3)
			if err != nil {
				return err
			}
			return tx.UpdateOrder(o)
		}, "is pending-start-date, and there is no job begin to wake it."},
		"a remembered request": {func(d *desk, tx core.Tx, p core.Placed) error {
			return tx.PutIdem(core.Idem{Day: p.Order.CountsOn, Hash: [16]byte{1}, About: 13, At: d.clock.now()})
		}, "is remembered as having made 13, which is no order and no document."},
		"a usage": {func(d *desk, tx core.Tx, p core.Placed) error {
			return tx.PutUsage(order.Usage{ID: 77, Resource: 14, Component: d.component("hpc", "cpu"), Period: p.Order.CountsOn, Amount: 10_000, UpdatedAt: d.clock.now()})
		}, "The usage 77 is of resource 14, which is not there."},
		"a usage of another offering": {func(d *desk, tx core.Tx, p core.Placed) error {
			return tx.PutUsage(order.Usage{ID: 77, Resource: p.Resource.ID, Offering: 15, Component: d.component("rack", "big"), Period: p.Order.CountsOn, UpdatedAt: d.clock.now()})
		}, "The usage 77 is of offering 15, and its resource"},
		"entries of nothing": {func(d *desk, tx core.Tx, p core.Placed) error {
			e, err := tx.Entries(p.Order.ID)
			if err != nil {
				return err
			}
			e[0].Subject = id.ID(12345)
			return tx.InsertEntries(e[:1])
		}, "The ledger has entries of 12345, which is no order and no usage."},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(2)})))(t)
			if err := d.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error { return tt.tamper(d, tx, p) }); err != nil {
				t.Fatal(err)
			}
			v, err := d.Verify(ctx, d.staff, nil)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(v.Disagrees, "\n")
			if v.Orders != 1 || v.Entries == 0 || v.Events == 0 || v.Limits == 0 {
				t.Errorf("looked at %+v", v)
			}
			if (tt.want == "") != (said == "") || !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want %q", said, tt.want)
			}
		})
	}
}

func TestStockThatIsGivenBackIsNoFaultOfTheBooks(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(3)})))(t)
	less := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "node", Quantity: units(1)}}}
	must(d.PlaceOrder(ctx, d.owner, less))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	if v := must(d.Verify(ctx, d.staff, nil))(t); len(v.Disagrees) > 0 {
		t.Errorf("said %q", v.Disagrees)
	}
}

func TestOnlyStaffLookThroughTheBooks(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Verify(ctx, d.owner, nil); core.KindOf(err) != core.Forbidden {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestBooksThatAreWrittenToMeanwhileAreNotFoundFaulty(t *testing.T) {
	for name, few := range map[string]int{"capacities settle at once": 100_000, "capacities take rounds": 3} {
		t.Run(name, func(t *testing.T) {
			defer core.SetFewEntries(few)()
			d := newDesk(t)
			yes := true
			capacity := []core.LimitSpec{{Measure: limit.Quantity, Period: limit.Total, Value: ptr(units(1000))}}
			must(d.Apply(ctx, core.System(), core.World{
				Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: dollars("500000")},
					{Measure: limit.Money, Offering: "seller/pool", Period: limit.Month, Value: dollars("200000")}, {Measure: limit.Quantity, Offering: "seller/pool", Component: "node", Period: limit.Total, Value: ptr(units(500))}}}},
				Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "pool", Shared: &yes, Limits: capacity}}}}}))(t)
			done := make(chan struct{})
			var writers sync.WaitGroup
			for _, who := range []core.Actor{d.owner, d.outsider} {
				writers.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-done:
							return
						default:
						}
						ask := d.ask("pool", map[string]money.Micro{"node": units(int64(n%3 + 1))})
						ask.Project = 0
						p, err := d.PlaceOrder(ctx, who, ask)
						if err == nil && n%2 == 0 {
							_, err = d.PlaceOrder(ctx, who, core.Placement{Type: order.Terminate, Resource: p.Resource.ID})
						}
						if err != nil && core.KindOf(err) != core.LimitExceeded {
							t.Error(err)
							return
						}
					}
				})
			}
			writers.Go(func() { // limits come and go
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
					}
					spec := core.LimitSpec{Measure: limit.Quantity, Component: "node", Period: limit.Total, Value: ptr(units(900))}
					if n%2 == 1 {
						spec.Value = nil
					}
					if _, err := d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "pool", Limits: []core.LimitSpec{spec}}}}}}); err != nil {
						t.Error(err)
						return
					}
				}
			})
			heard := map[string]bool{}
			var v core.Verification
			for n := 0; n < 12 || v.Orders < 150; n++ {
				v = must(d.Verify(ctx, d.staff, func(v core.Verification) { heard[v.Doing] = true }))(t)
				if len(v.Disagrees) > 0 {
					t.Errorf("the books disagree: %q", v.Disagrees)
					break
				}
			}
			close(done)
			writers.Wait()
			if v.Entries < v.Orders || v.Rows < int64(v.Entries) || v.Rate() <= 0 || !heard["orders"] || !heard["capacities"] {
				t.Errorf("looked at %+v, heard of %v", v, heard)
			}
			d.verified(t)
		})
	}
}
