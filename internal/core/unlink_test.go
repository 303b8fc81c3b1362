package core_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// seen counts what somebody sees: resources, orders that are open, all orders.
func (d *desk) seen(t *testing.T, who core.Actor) (out [3]int) {
	t.Helper()
	if err := d.View(ctx, who, func(s *core.Scene) error {
		resources, err := s.CountResources(core.ResourceQuery{})
		if err != nil {
			return err
		}
		orders, err := s.Orders(core.OrderQuery{Page: core.Page{Limit: 100}})
		for _, o := range orders {
			if o.Order.State.Open() {
				out[1]++
			}
		}
		out[0], out[2] = resources, len(orders)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// running is an allocation that is OK, and one order of it that waits for its provider.
func (d *desk) running(t *testing.T) (resource, waits id.ID) {
	t.Helper()
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	more := must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(8)}}}))(t)
	return p.Resource.ID, more.Order.ID
}

func (d *desk) verifies(t *testing.T) {
	t.Helper()
	d.audit(t)
	if v := must(d.Verify(ctx, core.System(), nil))(t); len(v.Disagrees) > 0 {
		t.Errorf("the books disagree: %q", v.Disagrees)
	}
}

func TestAnUnlinkedResourceIsOutOfSightAndItsOrdersAskNobody(t *testing.T) {
	d := newDesk(t)
	i, waits := d.running(t)
	if err := d.UnlinkResource(ctx, d.staff, i); err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]core.Actor{"the owner": d.owner, "the seller": d.seller, "staff": d.staff} {
		if got := d.seen(t, who); got != [3]int{0, 0, 1} {
			t.Errorf("%s sees %d resources, %d open orders and %d in all; want 0, 0 and the create", name, got[0], got[1], got[2])
		}
	}
	if err := d.store.View(ctx, func(r core.Reader) error {
		res, err := r.Resource(i)
		if err != nil || res.State != order.Unlinked || res.OpenOrder != 0 || len(res.Quantities) != 0 {
			t.Errorf("the resource is %+v", res)
		}
		o, err := r.Order(waits)
		if err != nil || o.State != order.Canceled || o.HiddenAt == nil || o.Held != 0 {
			t.Errorf("the open order is %s, hidden at %v, and holds %s", o.State, o.HiddenAt, o.Held)
		}
		terms, err := r.Terms(i)
		if len(terms) != 1 || terms[0].Until == nil {
			t.Errorf("it still runs: %+v", terms)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.clock.ahead(70 * aDay)
	must(d.Tick(ctx))(t)
	d.verifies(t)
}

func TestNothingMoreBecomesOfAnUnlinkedResource(t *testing.T) {
	d := newDesk(t)
	i, waits := d.running(t)
	must(d.Act(ctx, d.seller, waits, order.ApproveProvider, core.Verdict{}))(t)
	must(d.Act(ctx, d.seller, waits, order.Fail, core.Verdict{Message: "no"}))(t)
	if err := d.UnlinkResource(ctx, d.staff, i); err != nil {
		t.Fatal(err)
	}
	asked := map[string]error{}
	for _, typ := range []order.Type{order.Update, order.Terminate, order.Restore} {
		_, asked[string(typ)] = d.PlaceOrder(ctx, d.owner, core.Placement{Type: typ, Resource: i, Asks: []core.Ask{{Component: "storage", Quantity: units(2)}}})
	}
	asked["unlink"] = d.UnlinkResource(ctx, d.staff, i)
	_, asked["report"] = d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: i, Amounts: []core.UsageAmount{{Component: "cpu", Amount: units(1)}}})
	for what, err := range asked {
		if core.KindOf(err) != core.NotFound {
			t.Errorf("%s: %v, want not found", what, err)
		}
	}
	if _, err := d.Act(ctx, d.staff, waits, order.Retry, core.Verdict{}); core.KindOf(err) != core.Conflict {
		t.Errorf("to take up an order of it again: %v, want a conflict", err)
	}
	d.verifies(t)
}

func TestStaffAloneUnlinkAResource(t *testing.T) {
	d := newDesk(t)
	i, _ := d.running(t)
	reader := d.staff
	reader.ReadOnly = true
	for name, tt := range map[string]struct {
		who  core.Actor
		want core.Kind
	}{"owner": {d.owner, core.Forbidden}, "seller": {d.seller, core.Forbidden}, "outsider": {d.outsider, core.NotFound}, "a key that only reads": {reader, core.Forbidden}} {
		if err := d.UnlinkResource(ctx, tt.who, i); core.KindOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if got := d.seen(t, d.owner); got != [3]int{1, 1, 2} {
		t.Errorf("something has changed: %v", got)
	}
}

// What is unlinked gives its stock back, and what its open order held: both can be ordered again.
func TestWhatIsUnlinkedGivesItsStockBack(t *testing.T) {
	d := newDesk(t)
	nodes := func(n int64) (core.Placed, error) {
		return d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(n)}))
	}
	p := must(nodes(6))(t)
	if _, err := nodes(11); core.KindOf(err) != core.LimitExceeded {
		t.Fatalf("17 of 16 nodes: %v", err)
	}
	if err := d.UnlinkResource(ctx, d.staff, p.Resource.ID); err != nil {
		t.Fatal(err)
	}
	var used []money.Micro
	if err := d.View(ctx, d.owner, func(s *core.Scene) error {
		list, err := s.Standings(d.buyer.ID, core.LimitScope{Scope: "customer", ID: d.buyer.ID})
		for _, l := range list {
			if l.Measure == "quantity" {
				used = append(used, l.Used+l.Held)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(used, []money.Micro{0}) {
		t.Errorf("of the nodes %v are used", used)
	}
	d.verifies(t)
}

// What an open order took on being placed is given back once: by its own end, and not again
// by the resource's.
func TestWhatWasChargedOnPlacingIsGivenBackOnce(t *testing.T) {
	d := newDesk(t)
	yes := true
	must(d.Apply(ctx, core.System(), core.World{
		Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Quantity, Offering: "seller/lease", Component: "desk", Period: limit.Total, Value: ptr(units(9))}}}},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "lease", Measure: catalog.Count, Fulfilment: catalog.Manual, Charged: catalog.OnPlacing,
			Consent: catalog.Never, Approval: catalog.ApproveNever, Components: []core.ComponentSpec{{Code: "desk", Stock: &yes}},
			Plans: []core.PlanSpec{{Code: "once", Unit: catalog.Quantity, Prices: []core.PriceSpec{{Component: "desk", Once: price("10")}}}}}}}}}))(t)
	asks := func(n int64) []core.Ask { return []core.Ask{{Component: "desk", Quantity: units(n)}} }
	var lease id.ID
	if err := d.View(ctx, d.staff, func(s *core.Scene) error {
		sh, err := s.OfferingByCode("lease")
		lease = sh.Offering.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p := must(d.PlaceOrder(ctx, d.owner, core.Placement{Offering: lease, Project: d.project.ID, Asks: asks(3)}))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: asks(8)}))(t)
	if err := d.UnlinkResource(ctx, d.staff, p.Resource.ID); err != nil {
		t.Fatal(err)
	}
	d.verifies(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Offering: lease, Project: d.project.ID, Asks: asks(9)}))(t)
	if _, err := d.PlaceOrder(ctx, d.owner, core.Placement{Offering: lease, Project: d.project.ID, Asks: asks(1)}); core.KindOf(err) != core.LimitExceeded {
		t.Errorf("ten of nine: %v", err)
	}
}

// Whoever else has a hand on the resource meanwhile: it is unlinked, the books balance, and
// who comes too late is told so.
func TestUnlinkingBesideOtherActs(t *testing.T) {
	d := newDesk(t)
	type subject struct{ resource, order id.ID }
	var list []subject
	for range 6 {
		resource, waits := d.running(t)
		must(d.Act(ctx, d.seller, waits, order.ApproveProvider, core.Verdict{}))(t)
		list = append(list, subject{resource, waits})
	}
	var all sync.WaitGroup
	late := []core.Kind{"", core.Conflict, core.NotFound}
	for n, s := range list {
		all.Go(func() {
			if err := d.UnlinkResource(ctx, d.staff, s.resource); err != nil {
				t.Errorf("unlinking: %v", err)
			}
		})
		all.Go(func() {
			act := []order.Act{order.Fulfil, order.Fail}[n%2]
			if _, err := d.Act(ctx, d.seller, s.order, act, core.Verdict{Message: "no"}); !slices.Contains(late, core.KindOf(err)) {
				t.Errorf("%s: %v", act, err)
			}
		})
		all.Go(func() {
			if _, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: s.resource, Amounts: []core.UsageAmount{{Component: "cpu", Amount: units(2)}}}); err != nil && core.KindOf(err) == core.Internal {
				t.Errorf("reporting: %v", err)
			}
		})
	}
	all.Wait()
	if got := d.seen(t, d.staff); got[0] != 0 || got[1] != 0 {
		t.Errorf("there are still %d resources and %d open orders", got[0], got[1])
	}
	d.verifies(t)
}

// What somebody has called terminated runs all the same, until it is ended.
func TestWhatIsTerminatedByWordIsEndedWhereItIsUnlinked(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
		Plans: []core.PlanSpec{{Code: "metered", Unit: catalog.Month, Prices: []core.PriceSpec{{Component: "cpu", Each: price("1")}}}}}}}}}))(t)
	d.load(t)
	metered := d.ask("hpc", nil)
	metered.Plan = d.sheets["hpc"].Plans[1].ID
	for _, p := range []core.Placed{d.allocated(t, 5), d.finish(t, must(d.PlaceOrder(ctx, d.owner, metered))(t), core.Verdict{})} {
		must(d.ChangeResource(ctx, d.staff, p.Resource.ID, core.Providing, tenant.SetState, func(_ *core.Scene, r *order.Resource) error { r.State = order.Terminated; return nil }))(t)
		if err := d.UnlinkResource(ctx, d.staff, p.Resource.ID); err != nil {
			t.Fatal(err)
		}
	}
	d.verifies(t)
}
