package core_test

import (
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// buyerLimits sets limits on the buyer.
func (d *desk) buyerLimits(t testing.TB, limits ...core.LimitSpec) {
	t.Helper()
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Limits: limits}}}))(t)
}

// verified fails the test where the books disagree.
func (d *desk) verified(t testing.TB) {
	t.Helper()
	if v := must(d.Verify(ctx, d.staff, nil))(t); len(v.Disagrees) > 0 {
		t.Errorf("the books disagree: %q", v.Disagrees)
	}
}

// wantBreach fails the test unless err names, first, a limit of that scope.
func wantBreach(t testing.TB, err error, scope tenant.Scope, limit, used, held, asked string) {
	t.Helper()
	e := core.AsError(err)
	if e.Kind != core.LimitExceeded || len(e.Breaches) == 0 {
		t.Fatalf("got %v, want a refusal by a limit", err)
	}
	b := e.Breaches[0]
	if b.Scope != scope || b.Value.String() != limit || b.Used.String() != used || b.Held.String() != held || b.Asked.String() != asked {
		t.Errorf("refused by %s: limit %s, used %s, held %s, asked %s", b.Scope, b.Value, b.Used, b.Held, b.Asked)
	}
}

func (d *desk) events(t testing.TB, kind string) []core.Event {
	t.Helper()
	var list []core.Event
	if err := d.View(ctx, d.staff, func(s *core.Scene) (err error) {
		list, err = s.Events(core.EventQuery{Kinds: []string{kind}, Limit: 1000})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// finish lets a provider approve an order and do it.
func (d *desk) finish(t testing.TB, p core.Placed, v core.Verdict) core.Placed {
	t.Helper()
	if d.state(t, p.Order.ID) == order.PendingProvider {
		must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	}
	return must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, v))(t)
}

func nodes(n int64) []core.Ask { return []core.Ask{{Component: "node", Quantity: units(n)}} }

func TestStockComesBackToWhomItCountsForWhoeverGivesItUp(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: "max", Limits: []core.LimitSpec{
		{Measure: limit.Quantity, Offering: "seller/pool", Period: limit.Total, Value: ptr(units(2))},
		{Measure: limit.Money, Period: limit.Year, Value: dollars("10000")}}}}}))(t)
	first := must(d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(2)})))(t)
	_, err := d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(1)}))
	wantBreach(t, err, tenant.OnUser, "2", "2", "0", "1")
	// The owner makes it larger, cuts into what the member has, and ends it.
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: first.Resource.ID, Asks: nodes(3)}))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: first.Resource.ID, Asks: nodes(1)}))(t)
	d.verified(t)
	must(d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(1)})))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: first.Resource.ID}))(t)
	d.verified(t)
	must(d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(1)})))(t)
	_, err = d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(1)}))
	wantBreach(t, err, tenant.OnUser, "2", "2", "0", "1")
}

func TestStockThatWasNotDeliveredIsNotUsed(t *testing.T) {
	d := newDesk(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/hpc", Component: "storage", Period: limit.Total, Value: ptr(units(8))})
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t), core.Verdict{})
	grow := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(8)}}}
	up := must(d.PlaceOrder(ctx, d.owner, grow))(t)
	at := slices.IndexFunc(up.Lines, func(l order.Line) bool { return l.Component == d.component("hpc", "storage") })
	up = d.finish(t, up, core.Verdict{Lines: []core.Moved{{Line: up.Lines[at].N, To: order.Delivered, Delivered: ptr(units(6))}}})
	if got := up.Resource.Quantities[d.component("hpc", "storage")]; got != units(6) {
		t.Fatalf("the resource has %s TB", got)
	}
	d.verified(t)
	_, err := d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(3)}))
	wantBreach(t, err, tenant.OnCustomer, "8", "6", "0", "3")
	must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(2)})))(t)
}

func TestARetriedChangeCountsFromWhatThereIsNow(t *testing.T) {
	d := newDesk(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/hpc", Component: "storage", Period: limit.Total, Value: ptr(units(8))})
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t), core.Verdict{})
	to := func(n int64) core.Placed {
		return must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(n)}}}))(t)
	}
	failed := to(8)
	must(d.Act(ctx, d.seller, failed.Order.ID, order.Fail, core.Verdict{Message: "no disks"}))(t)
	must(d.ChangeResource(ctx, d.staff, p.Resource.ID, core.Providing, tenant.SetLimits, func(_ *core.Scene, r *order.Resource) error { r.State = order.OK; return nil }))(t)
	d.finish(t, to(3), core.Verdict{})
	again := must(d.Act(ctx, d.seller, failed.Order.ID, order.Retry, core.Verdict{}))(t)
	d.verified(t)
	_, err := d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)}))
	wantBreach(t, err, tenant.OnCustomer, "8", "3", "5", "1")
	d.finish(t, again, core.Verdict{})
	d.verified(t)
	end := must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	d.finish(t, end, core.Verdict{})
	must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(8)})))(t)
	d.verified(t)
}

func TestAReplacementTakesNoRoom(t *testing.T) {
	d := newDesk(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/rack", Component: "big", Period: limit.Total, Value: ptr(units(2))})
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(2)})))(t), core.Verdict{})
	swap := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "big", Quantity: units(1), Replaces: core.LineName(p.Order.ID, 1)}}}
	again := must(d.PlaceOrder(ctx, d.owner, swap))(t)
	if again.Order.Due != 0 || again.Order.Held != 0 {
		t.Errorf("due %s, held %s", again.Order.Due, again.Order.Held)
	}
	done := d.finish(t, again, core.Verdict{})
	if got := done.Resource.Quantities[d.component("rack", "big")]; got != units(2) {
		t.Errorf("the resource has %s racks", got)
	}
	d.verified(t)
	_, err := d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(1)}))
	wantBreach(t, err, tenant.OnCustomer, "2", "2", "0", "1")
}

func TestWhatWasChargedOnPlacingComesBackWhereItIsNotDelivered(t *testing.T) {
	d := newDesk(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/task", Component: "shot", Period: limit.Month, Value: ptr(units(3))})
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("task", map[string]money.Micro{"shot": units(3)})))(t)
	if p.Order.Charged.String() != "99.99" {
		t.Fatalf("charged %s on placing", p.Order.Charged)
	}
	done := d.finish(t, p, core.Verdict{Lines: []core.Moved{{Line: 1, To: order.Delivered, Delivered: ptr(units(2))}}})
	if done.Order.Outcome != order.Partial || done.Order.Charged.String() != "66.66" || done.Lines[0].Charged != done.Order.Charged {
		t.Errorf("%s, charged %s, its line %s", done.Order.Outcome, done.Order.Charged, done.Lines[0].Charged)
	}
	d.verified(t)
	must(d.PlaceOrder(ctx, d.owner, d.ask("task", map[string]money.Micro{"shot": units(1)})))(t)
}

func TestALimitThatIsBrokenStopsWhatGrowsAndNotWhatShrinks(t *testing.T) {
	d := newDesk(t)
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t), core.Verdict{})
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Money, Period: limit.Year, Value: dollars("100")})
	to := func(n int64) error {
		_, err := d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(n)}}})
		return err
	}
	wantBreach(t, to(6), tenant.OnCustomer, "100", "260", "0", "20")
	if err := to(3); err != nil {
		t.Errorf("less was refused: %v", err)
	}
}

func TestWhatCanBeChargedLaterNeedsALimitWithRoom(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "meter", Name: "Meter", Measure: catalog.Limits,
		Fulfilment: catalog.Instant, Consent: catalog.Never, Approval: catalog.ApproveNever,
		Components: []core.ComponentSpec{{Code: "call", Unit: "call", Billing: catalog.ByUsage}},
		Plans:      []core.PlanSpec{{Code: "flat", Unit: catalog.Quantity, Prices: []core.PriceSpec{{Component: "call", Each: price("0.5")}}}}}}}}}))(t)
	var ask core.Placement
	if err := d.View(ctx, d.staff, func(s *core.Scene) error {
		sh, err := s.OfferingByCode("meter")
		ask = core.Placement{Offering: sh.Offering.ID, Project: d.project.ID}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p := must(d.PlaceOrder(ctx, d.owner, ask))(t)
	must(d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "call", Amount: units(300)}}}))(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Money, Period: limit.Year, Value: dollars("100")})
	_, err := d.PlaceOrder(ctx, d.owner, ask)
	wantBreach(t, err, tenant.OnCustomer, "100", "150", "0", "0")
}

func TestNoAdjustmentGivesBackWhatCameBackAlready(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(3)})))(t)
	end := must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	for what, o := range map[string]core.Placed{"the order that made it": p, "the order that ended it": end} {
		if _, err := d.Act(ctx, d.staff, o.Order.ID, order.Adjust, core.Verdict{Quantity: -units(1)}); core.KindOf(err) != core.Invalid {
			if what == "the order that ended it" && len(o.Lines) == 0 {
				continue
			}
			t.Errorf("%s: %v", what, err)
		}
	}
	d.verified(t)
	must(d.Act(ctx, d.staff, p.Order.ID, order.Adjust, core.Verdict{Delta: -*dollars("10")}))(t)
	d.verified(t)
	if _, err := d.Act(ctx, d.staff, p.Order.ID, order.Adjust, core.Verdict{Delta: 9_223_372_036_850_000_000}); core.KindOf(err) != core.Invalid && core.KindOf(err) != core.LimitExceeded {
		t.Errorf("a charge beyond all amounts: %v", err)
	}
}

func TestALineThatTheProviderCanceledStaysSoWhenTheOrderIsRetried(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(1), "small": units(2)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	small := slices.IndexFunc(p.Lines, func(l order.Line) bool { return l.Component == d.component("rack", "small") })
	must(d.Act(ctx, d.seller, p.Order.ID, order.MoveLine, core.Verdict{Lines: []core.Moved{{Line: p.Lines[small].N, To: order.LineCanceled}}}))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fail, core.Verdict{}))(t)
	again := must(d.Act(ctx, d.seller, p.Order.ID, order.Retry, core.Verdict{}))(t)
	if again.Lines[small].State != order.LineCanceled || again.Order.Held != p.Lines[1-small].Due {
		t.Errorf("the line is %s, held %s", again.Lines[small].State, again.Order.Held)
	}
	done := d.finish(t, again, core.Verdict{})
	if done.Order.Charged != p.Lines[1-small].Due {
		t.Errorf("charged %s", done.Order.Charged)
	}
	d.verified(t)
}

func TestARetryNeedsAContractForItsDay(t *testing.T) {
	d := newDesk(t)
	today := day.Of(d.clock.now())
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Contracts: []core.ContractSpec{{From: today - 30, To: today + 5}}}}}))(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(1)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fail, core.Verdict{}))(t)
	d.clock.ahead(10 * 24 * time.Hour)
	if _, err := d.Act(ctx, d.seller, p.Order.ID, order.Retry, core.Verdict{}); core.AsError(err).Reason != core.ReasonContract {
		t.Errorf("retried on a day without a contract: %v", err)
	}
}

func TestALimitIsToldAsExceededOnceForEachCrossing(t *testing.T) {
	d := newDesk(t)
	told := func(n int, when string) {
		t.Helper()
		if got := len(d.events(t, "limit.exceeded")); got != n {
			t.Errorf("%s: told %d times, want %d", when, got, n)
		}
	}
	year := func(value string) {
		d.buyerLimits(t, core.LimitSpec{Measure: limit.Money, Period: limit.Year, Value: dollars(value)})
	}
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t), core.Verdict{})
	year("300")
	told(0, "lowered to where there is room")
	year("200")
	told(1, "lowered below what is used")
	year("100")
	told(1, "lowered again")
	year("150")
	year("140")
	told(1, "raised and lowered below it all")
	year("300")
	year("250")
	told(2, "raised above and lowered below")
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Money, Period: limit.Quarter, Value: dollars("50")})
	told(3, "a new limit found broken")
	year("280")
	report := func(kh string) {
		must(d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: *dollars(kh)}}}))(t)
	}
	report("1000")
	told(3, "usage that fits")
	report("2000")
	told(4, "usage that does not")
	report("3000")
	told(4, "more of it")
	report("0")
	report("2000")
	told(5, "usage taken back and reported again")
	today := day.Of(d.clock.now())
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Money, Period: limit.Contract, Value: dollars("20")})
	told(5, "a contract's limit without a contract")
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Contracts: []core.ContractSpec{{From: today - 3, To: today + 30}}}}}))(t)
	told(7, "a contract, from which on both its limit and the year that it anchors are broken")
	d.verified(t)
}

func TestAnInstantOrderLeavesNoJobBehind(t *testing.T) {
	d := newDesk(t)
	soon := time.Hour
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "pool", Deadline: &soon}}}}}))(t)
	ask := d.ask("pool", map[string]money.Micro{"node": units(1)})
	ask.EndsOn = ptr(day.Of(d.clock.now()) + 9)
	must(d.PlaceOrder(ctx, d.owner, ask))(t)
	if err := d.store.View(ctx, func(r core.Reader) error {
		jobs, err := r.AllJobs(core.Job{}, 10)
		if len(jobs) != 2 || jobs[0].Kind != core.JobBill || jobs[1].Kind != core.JobEnd { // the resource's
			t.Errorf("jobs: %+v", jobs)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.verified(t)
}

func TestAResourceWithNothingLeftCanBeEnded(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(2)})))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: nodes(0)}))(t)
	end := must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	if end.Order.State != order.Done || end.Resource.State != order.Terminated {
		t.Errorf("the order is %s, the resource %s", end.Order.State, end.Resource.State)
	}
	d.verified(t)
}

func TestWhatRunsCanBeEndedAfterTheContract(t *testing.T) {
	d := newDesk(t)
	today := day.Of(d.clock.now())
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Contracts: []core.ContractSpec{{From: today, To: today + 5}}}}}))(t)
	ask := d.ask("pool", map[string]money.Micro{"node": units(2)})
	ask.EndsOn = ptr(today + 9)
	p := must(d.PlaceOrder(ctx, d.owner, ask))(t)
	d.clock.ahead(10 * 24 * time.Hour)
	if _, err := d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(1)})); core.AsError(err).Reason != core.ReasonContract {
		t.Errorf("ordered after the contract: %v", err)
	}
	must(d.Tick(ctx))(t)
	if err := d.store.View(ctx, func(r core.Reader) error {
		res, err := r.Resource(p.Resource.ID)
		if res.State != order.Terminated {
			t.Errorf("the resource whose last day has come is %s", res.State)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.verified(t)
}
