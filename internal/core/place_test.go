package core_test

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

func TestAnAllocationIsHeldApprovedDoneAndCharged(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	if p.Order.State != order.PendingProvider || p.Order.Due.String() != "260" || p.Order.Held != p.Order.Due {
		t.Fatalf("%s, due %s, held %s; want pending-provider, 260 held", p.Order.State, p.Order.Due, p.Order.Held)
	}
	d.audit(t)
	p = must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	if p.Order.State != order.Executing || p.Resource.State != order.Creating {
		t.Fatalf("%s, resource %s", p.Order.State, p.Resource.State)
	}
	p = must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	if p.Order.State != order.Done || p.Order.Charged.String() != "260" || p.Order.Held != 0 || p.Resource.State != order.OK {
		t.Fatalf("%s, charged %s, held %s, resource %s", p.Order.State, p.Order.Charged, p.Order.Held, p.Resource.State)
	}
	d.audit(t)

	grow := d.ask("hpc", map[string]money.Micro{"storage": units(8)})
	grow.Type, grow.Resource = order.Update, p.Resource.ID
	up := must(d.PlaceOrder(ctx, d.owner, grow))(t)
	if up.Order.Due.String() != "60" {
		t.Errorf("five to eight TB is due %s, not 60", up.Order.Due)
	}
	must(d.Act(ctx, d.seller, up.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	up = must(d.Act(ctx, d.seller, up.Order.ID, order.Fulfil, core.Verdict{}))(t)
	if got := up.Resource.Quantities[d.component("hpc", "storage")]; got != units(8) {
		t.Errorf("the resource has %s TB", got)
	}
	d.audit(t)
	end := must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	must(d.Act(ctx, d.seller, end.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	end = must(d.Act(ctx, d.seller, end.Order.ID, order.Fulfil, core.Verdict{}))(t)
	if end.Resource.State != order.Terminated || end.Order.Charged != 0 {
		t.Errorf("ended: %s, charged %s", end.Resource.State, end.Order.Charged)
	}
	d.audit(t)
}

func TestImageryIsMeasuredPricedAndQueuedForDelivery(t *testing.T) {
	d := newDesk(t)
	quote := must(d.QuoteOrder(ctx, d.owner, d.imagery(1)))(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.imagery(1)))(t)
	if p.Order.State != order.Executing || p.Order.Due == 0 || p.Order.Due != quote.Order.Due || len(p.Lines) != 1 {
		t.Fatalf("%s, due %s, quoted %s", p.Order.State, p.Order.Due, quote.Order.Due)
	}
	jobs := must(d.ClaimJobs(ctx, []string{core.JobDelivery}, 10))(t)
	if len(jobs) != 1 || jobs[0].Subject != p.Order.ID {
		t.Fatalf("claimed %v", jobs)
	}
	if again := must(d.ClaimJobs(ctx, []string{core.JobDelivery}, 10))(t); len(again) != 0 {
		t.Errorf("a leased job was claimed again: %v", again)
	}
	d.clock.ahead(2 * time.Minute)
	taken := must(d.ClaimJobs(ctx, []string{core.JobDelivery}, 10))(t)
	if len(taken) != 1 {
		t.Fatal("a job whose lease ended was not given to another")
	}
	late := core.Verdict{Job: core.JobDelivery, Attempt: jobs[0].Attempt}
	if _, err := d.Act(ctx, core.WorkerActor(), p.Order.ID, order.Fulfil, late); core.KindOf(err) != core.Conflict {
		t.Errorf("who lost the lease reported: %v", err)
	}
	done := must(d.Act(ctx, core.WorkerActor(), p.Order.ID, order.Fulfil, core.Verdict{Job: core.JobDelivery, Attempt: taken[0].Attempt}))(t)
	if done.Order.State != order.Done || done.Order.Charged != p.Order.Due {
		t.Errorf("%s, charged %s of %s", done.Order.State, done.Order.Charged, p.Order.Due)
	}
	if left := must(d.ClaimJobs(ctx, []string{core.JobDelivery}, 10))(t); len(left) != 0 {
		t.Errorf("the job is still there: %v", left)
	}
	d.audit(t)
}

func TestALineThatCannotBeDeliveredIsReleased(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.imagery(2)))(t)
	done := must(d.Act(ctx, core.WorkerActor(), p.Order.ID, order.Fulfil, core.Verdict{Lines: []core.Moved{{Line: 2, To: order.LineErred, Message: "gone"}}}))(t)
	if done.Order.Outcome != order.Partial || done.Order.Charged != p.Lines[0].Due || done.Order.Held != 0 {
		t.Errorf("%s, charged %s, want %s", done.Order.Outcome, done.Order.Charged, p.Lines[0].Due)
	}
	d.audit(t)
}

func TestARefusalNamesEveryLimitBrokenAndKeepsNothing(t *testing.T) {
	d := newDesk(t)
	before := d.count(t)
	_, err := d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(17)}))
	e := core.AsError(err)
	if e.Kind != core.LimitExceeded || len(e.Breaches) != 3 {
		t.Fatalf("%v", err)
	}
	for n, want := range []string{"The money limit of customer Buyer (year, USD) is 5000 USD: used 0, held 0, asked 5270.",
		"The money limit of customer Buyer for Pool (month, USD) is 2000 USD: used 0, held 0, asked 5270.",
		"The quantity limit of customer Buyer for Node (total, node) is 16 node: used 0, held 0, asked 17."} {
		if got := e.Breaches[n].Sentence(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if after := d.count(t); after != before {
		t.Errorf("a refusal left something: %d orders, %d before", after, before)
	}
	if _, err := d.PlaceOrder(ctx, d.member, d.ask("pool", map[string]money.Micro{"node": units(3)})); core.KindOf(err) != core.LimitExceeded {
		t.Errorf("above the user's own limit: %v", err)
	}
	d.audit(t)
}

func TestNodesComeAndGoWithTheirQuota(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(3)})))(t)
	if p.Order.State != order.Done || p.Order.Charged.String() != "930" || p.Resource.PaidUntil == nil {
		t.Fatalf("%s, charged %s, paid until %v", p.Order.State, p.Order.Charged, p.Resource.PaidUntil)
	}
	change := func(n int64) core.Placed {
		a := d.ask("pool", map[string]money.Micro{"node": units(n)})
		a.Type, a.Resource = order.Update, p.Resource.ID
		return must(d.PlaceOrder(ctx, d.owner, a))(t)
	}
	d.clock.ahead(20 * 24 * time.Hour) // ten days of the thirty are left
	if up := change(5); up.Order.Charged.String() != "206.67" {
		t.Errorf("two more nodes for ten days of thirty: %s", up.Order.Charged)
	}
	if down := change(1); down.Order.Charged != 0 || len(d.assets(t, p)) != 1 {
		t.Errorf("four nodes fewer: charged %s, %d nodes left", down.Order.Charged, len(d.assets(t, p)))
	}
	d.audit(t)
	if held := d.standing(t, "node"); held != units(1) {
		t.Errorf("%s nodes count against the quota", held)
	}
}

func TestTheSameRequestAgainGetsTheFirstOrder(t *testing.T) {
	d := newDesk(t)
	p := d.ask("hpc", map[string]money.Micro{"storage": units(1)})
	p.Idem = &core.IdemKey{Key: "k", Body: []byte("a"), Window: time.Hour, WhileGood: true}
	first := must(d.PlaceOrder(ctx, d.owner, p))(t)
	again := must(d.PlaceOrder(ctx, d.owner, p))(t)
	if again.Order.ID != first.Order.ID || !again.Repeated {
		t.Errorf("the repeat made order %d", again.Order.ID)
	}
	other := p
	other.Idem = &core.IdemKey{Key: "k", Body: []byte("b"), Window: time.Hour}
	if _, err := d.PlaceOrder(ctx, d.owner, other); core.AsError(err).Reason != core.ReasonIdempotency {
		t.Errorf("another body: %v", err)
	}
	must(d.Act(ctx, d.seller, first.Order.ID, order.RejectProvider, core.Verdict{}))(t)
	anew := must(d.PlaceOrder(ctx, d.owner, p))(t)
	if anew.Order.ID == first.Order.ID {
		t.Error("an order that was rejected stands in the way of another")
	}
	if third := must(d.PlaceOrder(ctx, d.owner, p))(t); third.Order.ID != anew.Order.ID {
		t.Error("the key still names the rejected order")
	}
	d.audit(t)
}

func TestUsageReportsReplaceEachOther(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", nil)))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	for _, step := range []struct{ total, billed string }{{"1234.56", "15.24"}, {"1300", "16.05"}, {"1200", "14.81"}, {"1200", "14.81"}, {"0", "0"}} {
		rows, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: *dollars(step.total)}}})
		if err != nil || len(rows) != 1 || rows[0].Amount.String() != step.billed {
			t.Fatalf("%s kh: %v, %v; want %s", step.total, rows, err, step.billed)
		}
		d.audit(t)
	}
	if _, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "setup", Amount: 1}}}); core.AsError(err).Reason != core.ReasonComponent {
		t.Errorf("usage of a component that takes none: %v", err)
	}
	if _, err := d.ReportUsage(ctx, d.owner, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: 1}}}); core.KindOf(err) != core.Forbidden {
		t.Errorf("the payer reported usage: %v", err)
	}
}

func TestWhatAnotherCustomerOwnsDoesNotExist(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	for _, act := range order.Acts()[1:] {
		if _, err := d.Act(ctx, d.outsider, p.Order.ID, act, core.Verdict{}); core.KindOf(err) != core.NotFound {
			t.Errorf("%s by a stranger: %v", act, err)
		}
	}
	if _, err := d.PlaceOrder(ctx, d.outsider, d.ask("hpc", map[string]money.Micro{"storage": units(1)})); core.KindOf(err) != core.NotFound {
		t.Errorf("ordering for another's project: %v", err)
	}
	if _, err := d.PlaceOrder(ctx, d.outsider, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}); core.KindOf(err) != core.NotFound {
		t.Errorf("ending another's resource: %v", err)
	}
	err := d.View(ctx, d.outsider, func(s *core.Scene) error { _, err := s.Order(p.Order.ID); return err })
	if core.KindOf(err) != core.NotFound {
		t.Errorf("reading another's order: %v", err)
	}
}

func TestAMembersOrderWaitsForOneWhoMayApprove(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.member, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	if p.Order.State != order.PendingConsumer {
		t.Fatal(p.Order.State)
	}
	if _, err := d.Act(ctx, d.member, p.Order.ID, order.ApproveConsumer, core.Verdict{}); core.KindOf(err) != core.Forbidden {
		t.Errorf("a member approved their own order: %v", err)
	}
	if _, err := d.Act(ctx, d.seller, p.Order.ID, order.ApproveConsumer, core.Verdict{}); core.KindOf(err) != core.Forbidden {
		t.Errorf("the provider approved for the payer: %v", err)
	}
	if _, err := d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}); core.KindOf(err) != core.Conflict {
		t.Errorf("the provider came before the payer: %v", err)
	}
	p = must(d.Act(ctx, d.owner, p.Order.ID, order.ApproveConsumer, core.Verdict{}))(t)
	if p.Order.State != order.PendingProvider {
		t.Error(p.Order.State)
	}
}

func TestAgeDecidesThePriceOnTheDayOfPlacing(t *testing.T) {
	d := newDesk(t)
	list, tiles := imagery.Demo(d.clock.now())
	for _, a := range list {
		p := d.imagery(0)
		p.Imagery.Acquisitions = []core.AcquisitionAsk{oneCell(a.CatalogID, tiles)}
		q := must(d.QuoteOrder(ctx, d.staff, p))(t)
		want := imagery.CategoryOf(a.AcquiredAt, d.clock.now())
		if got := d.codeOf("archive", q.Lines[0].Component); got != string(want) {
			t.Errorf("%s of %s is sold as %s, not %s", a.CatalogID, a.AcquiredAt, got, want)
		}
	}
}

func TestWhatIsMadeAtOnceIsBoundedBeforeAnyOfItIsMade(t *testing.T) {
	d := newDesk(t)
	var theirs id.ID
	if err := d.View(ctx, d.outsider, func(s *core.Scene) error {
		home, err := s.Home()
		if err != nil {
			return err
		}
		p, err := s.DefaultProject(home.ID)
		theirs = p.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a := d.ask("pool", map[string]money.Micro{"node": units(core.MaxParts + 1)})
	a.Project = theirs
	if _, err := d.PlaceOrder(ctx, d.outsider, a); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonQuantity {
		t.Errorf("one more than the bound: %v", err)
	}
	a.Asks = []core.Ask{{Component: "node", Quantity: units(core.MaxParts)}, {Component: "node", Quantity: units(1)}}
	if _, err := d.PlaceOrder(ctx, d.outsider, a); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonQuantity {
		t.Errorf("one more than the bound, in two lines: %v", err)
	}
	a.Asks = []core.Ask{{Component: "node", Quantity: units(3)}}
	must(d.PlaceOrder(ctx, d.outsider, a))(t)
}

func TestWhoWaitsForJobsIsWokenByThoseThatAreDueAlone(t *testing.T) {
	d := newDesk(t)
	woken := func() bool {
		select {
		case <-d.Woken():
			return true
		default:
			return false
		}
	}
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("task", map[string]money.Micro{"shot": units(1)})))(t)
	if woken() {
		t.Error("an order that no worker has to do with wakes the workers")
	}
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	if woken() {
		t.Error("an approval that makes no job wakes the workers")
	}
	must(d.PlaceOrder(ctx, d.owner, d.imagery(1)))(t)
	if !woken() {
		t.Error("an order to deliver does not wake the workers")
	}
	later, soon := day.Of(d.clock.now())+30, day.Of(d.clock.now())+1
	ask := d.ask("task", map[string]money.Micro{"shot": units(1)})
	ask.StartsOn = &later
	must(d.PlaceOrder(ctx, d.owner, ask))(t)
	d.clock.ahead(soon.Time().Sub(d.clock.now()) - time.Second)
	ask.StartsOn = &soon
	q := must(d.PlaceOrder(ctx, d.owner, ask))(t)
	if woken() {
		t.Error("orders that wait for the provider wake the workers")
	}
	must(d.Act(ctx, d.seller, q.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	if !woken() {
		t.Error("an order that begins in a second does not wake the workers")
	}
}
