package core_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// made places an order of the cloud and settles.
func (w *chargeWalk) made(t *testing.T, plan string, disk int64) core.Placed {
	t.Helper()
	p := must(w.PlaceOrder(ctx, w.owner, core.Placement{Offering: w.sheets["cloud"].Offering.ID, Plan: w.plans["cloud"][plan], Project: w.project.ID,
		Asks: []core.Ask{{Component: "disk", Quantity: units(disk)}}}))(t)
	w.due(t)
	return p
}

func (d *desk) due(t *testing.T) {
	t.Helper()
	for must(d.Tick(ctx))(t) > 0 {
	}
	if d.logged.list != nil {
		t.Fatalf("%q", d.logged.list)
	}
}

// spent is what a resource was charged in all.
func (d *desk) spent(t *testing.T, resource id.ID) (sum money.Micro) {
	t.Helper()
	if err := d.store.View(ctx, func(r core.Reader) error {
		entries, err := r.AllEntries(core.EntryKey{}, 1<<20)
		for _, e := range entries {
			if _, used := e.Delta(); e.Resource == resource {
				sum += used.Amount
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestABillThatIsLostIsTakenUpAndPostsNothingTwice(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 3)
	was := w.spent(t, p.Resource.ID)
	w.clock.ahead(30 * aDay)
	lost := must(w.ClaimJobs(ctx, []string{core.JobBill}, 9))(t) // and its worker dies
	if len(lost) != 1 || must(w.Tick(ctx))(t) != 0 {
		t.Fatalf("claimed %+v", lost)
	}
	w.clock.ahead(2 * w.Lease())
	w.due(t)
	month := w.spent(t, p.Resource.ID) - was
	if month == 0 {
		t.Fatal("the second month was not billed")
	}
	// The first worker comes back, and several desks look at once.
	var all sync.WaitGroup
	for range 4 {
		other := w.over(w.store)
		all.Go(func() {
			if _, err := other.Tick(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.due(t)
	if got := w.spent(t, p.Resource.ID) - was; got != month {
		t.Errorf("the second month was billed %s, then %s", month, got)
	}
	w.audit(t)
}

func TestADeskThatWasDownForYearsBillsEachPeriodAtItsOwnPrice(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 1)
	var offers []core.OfferingSpec
	from := day.Date(2028, 1, 1)
	offers = append(offers, core.OfferingSpec{Code: "cloud", Plans: []core.PlanSpec{{Code: "monthly", Prices: []core.PriceSpec{{Component: "disk", Each: price("500"), From: &from}}}}})
	must(w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: offers}}}))(t)
	w.clock.ahead(6 * 365 * aDay) // more periods than one run takes in hand
	w.due(t)
	want := map[day.Day]money.Micro{}
	for m := day.Date(2026, 12, 1); m <= day.Of(w.clock.now()); m = m.Month(1) {
		want[m] = units(310)
		if m >= from {
			want[m] = units(500)
		}
	}
	rows := w.rows(t, p.Resource.ID, "disk")
	for m, amount := range want {
		if rows[m].Amount != amount || rows[m].CountsOn != m {
			t.Errorf("%s was billed %s and counts on %s, want %s", m, rows[m].Amount, rows[m].CountsOn, amount)
		}
	}
	if len(rows) != len(want)+1 {
		t.Errorf("%d periods, want %d and the first", len(rows), len(want))
	}
	w.audit(t)
}

// rows are a component's, by period.
func (w *chargeWalk) rows(t *testing.T, resource id.ID, component string) map[day.Day]order.Usage {
	t.Helper()
	out := map[day.Day]order.Usage{}
	if err := w.store.View(ctx, func(r core.Reader) error {
		rows, err := r.Usages(core.UsageQuery{Resources: []id.ID{resource}, Components: []id.ID{w.component("cloud", component)}, Any: &core.Sight{All: true}, Page: core.Page{Limit: 1000}})
		for _, u := range rows {
			out[u.Period] = u
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheNextPeriodIsChargedAboveALimitAndToldOnce(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 2)
	must(w.Apply(ctx, core.System(), core.World{Resources: []core.ResourceSpec{{ID: p.Resource.ID, Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Total, Value: dollars("1000")}}}}}))(t)
	for range 4 {
		w.clock.ahead(31 * aDay)
		w.due(t)
	}
	var told []core.Event
	if err := w.store.View(ctx, func(r core.Reader) (err error) {
		told, err = r.Events(core.EventQuery{Kinds: []string{"limit.exceeded"}, Limit: 100})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || w.spent(t, p.Resource.ID) <= *dollars("1000") {
		t.Errorf("told %d times, charged %s", len(told), w.spent(t, p.Resource.ID))
	}
	more := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "disk", Quantity: units(3)}}}
	if _, err := w.PlaceOrder(ctx, w.owner, more); core.KindOf(err) != core.LimitExceeded {
		t.Errorf("what is asked above it: %v", err)
	}
	w.audit(t)
}

func TestAPeriodGivesBackNothingThatWasGivenBackByHand(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "daily", 2) // to the end of November
	disk := 0
	for _, l := range p.Lines {
		if l.Component == w.component("cloud", "disk") {
			disk = l.N
		}
	}
	due := p.Lines[disk-1].Due
	must(w.Act(ctx, w.staff, p.Order.ID, order.Adjust, core.Verdict{Line: disk, Delta: -due, Message: "on the house"}))(t)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	w.due(t)
	if err := w.store.View(ctx, func(r core.Reader) error {
		entries, err := r.AllEntries(core.EntryKey{}, 1000)
		if err != nil {
			return err
		}
		var net money.Micro
		for _, e := range entries {
			if _, used := e.Delta(); e.Component == w.component("cloud", "disk") {
				net += used.Amount
			}
		}
		if net != 0 {
			t.Errorf("%s of disk are charged; all was given back", net)
		}
		return nothingBeyond(entries)
	}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Act(ctx, w.staff, p.Order.ID, order.Adjust, core.Verdict{Line: disk, Delta: -10_000})
	if core.KindOf(err) != core.Invalid {
		t.Errorf("a cent more: %v", err)
	}
	w.audit(t)
	w.verified(t)
}

func TestAHandGivesBackNothingThatAPeriodHasGivenBack(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "daily", 2)
	w.clock.ahead(3 * aDay)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	w.due(t)
	kept := w.rows(t, p.Resource.ID, "disk")[day.Date(2026, 11, 1)].Amount
	_, err := w.Act(ctx, w.staff, p.Order.ID, order.Adjust, core.Verdict{Line: 1, Delta: -kept - 10_000})
	if core.KindOf(err) != core.Invalid {
		t.Errorf("more than was kept: %v", err)
	}
	if _, err := w.Act(ctx, w.staff, p.Order.ID, order.Adjust, core.Verdict{Line: 1, Delta: -kept}); err != nil {
		t.Error(err)
	}
	w.audit(t)
}

func TestChargesThatWereTamperedWithAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		tamper func(w *chargeWalk, tx core.Tx, p core.Placed) error
		want   string
	}{
		"a row that says more": {func(w *chargeWalk, tx core.Tx, p core.Placed) error {
			u, err := w.rowOf(tx, p)
			u.Amount += 10_000
			return errorsOr(err, tx.PutUsage(u))
		}, "by its entries and orders."},
		"a charge too many": {func(w *chargeWalk, tx core.Tx, p core.Placed) error {
			u, err := w.rowOf(tx, p)
			u.Amount += 10_000
			e := ledger.Entry{Subject: u.ID, N: 9, Kind: ledger.Charge, Amount: 10_000, Component: u.Component, Currency: "USD", Customer: p.Order.Customer, Project: p.Order.Project, User: p.Order.User,
				Provider: p.Order.Provider, Offering: p.Order.Offering, Resource: u.Resource, Usage: u.ID, CountsOn: u.CountsOn, At: w.clock.now()}
			return errorsOr(err, errorsOr(tx.PutUsage(u), tx.InsertEntries([]ledger.Entry{e})))
		}, "and comes to 620 for 2."},
		"a stretch that was longer": {func(w *chargeWalk, tx core.Tx, p core.Placed) error {
			terms, err := tx.Terms(p.Resource.ID)
			terms[0].Quantities[w.component("cloud", "disk")] = units(3)
			return errorsOr(err, tx.PutTerm(terms[0]))
		}, "and comes to"},
		"a job that is gone": {func(w *chargeWalk, tx core.Tx, p core.Placed) error {
			_, err := tx.DeleteJob(p.Resource.ID, core.JobBill, -1)
			return err
		}, "there is no job bill to see to it."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newChargeWalk(t)
			p := w.made(t, "monthly", 2)
			w.clock.ahead(30 * aDay)
			w.due(t)
			w.verified(t)
			if err := w.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error { return tt.tamper(w, tx, p) }); err != nil {
				t.Fatal(err)
			}
			v := must(w.Verify(ctx, w.staff, nil))(t)
			if said := strings.Join(v.Disagrees, "\n"); !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want %q", said, tt.want)
			}
		})
	}
}

// rowOf is the latest period of the resource's disk.
func (w *chargeWalk) rowOf(r core.Reader, p core.Placed) (order.Usage, error) {
	december := day.Date(2026, 12, 1)
	rows, err := r.Usages(core.UsageQuery{Resources: []id.ID{p.Resource.ID}, Components: []id.ID{w.component("cloud", "disk")}, From: &december, To: &december, Any: &core.Sight{All: true}, Page: core.Page{Limit: 1}})
	if err != nil {
		return order.Usage{}, err
	}
	return rows[0], nil
}

func TestAClockThatIsTurnedBackTakesNothingBack(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "hourly", 1)
	w.clock.ahead(48 * time.Hour)
	w.due(t)
	was := w.spent(t, p.Resource.ID)
	w.clock.ahead(-40 * time.Hour)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "disk", Quantity: units(2)}}}))(t)
	w.due(t)
	if got := w.spent(t, p.Resource.ID); got < was {
		t.Errorf("charged %s, then %s", was, got)
	}
	w.audit(t)
}

func TestAClockThatIsSetBackChargesNothingTwiceAndForgetsNothing(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 2)
	w.clock.ahead(-2 * time.Second)
	for _, n := range []int64{3, 5} {
		must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "disk", Quantity: units(n)}}}))(t)
		w.verified(t)
		w.due(t)
		w.verified(t)
	}
	if setup := w.rows(t, p.Resource.ID, "setup"); setup[day.Date(2026, 11, 1)].Amount != *dollars("100.01") {
		t.Errorf("setup was charged %+v", setup)
	}
	if disk := w.rows(t, p.Resource.ID, "disk"); disk[day.Date(2026, 11, 1)].Amount != units(5*310) {
		t.Errorf("November was charged %+v", disk)
	}
	w.clock.ahead(22 * aDay)
	w.due(t)
	if disk := w.rows(t, p.Resource.ID, "disk"); disk[day.Date(2026, 12, 1)].Amount != units(5*310) {
		t.Errorf("December was charged %+v", disk)
	}
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	w.clock.ahead(-2 * time.Second)
	must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Restore, Resource: p.Resource.ID, Plan: w.plans["cloud"]["daily"], Asks: []core.Ask{{Component: "disk", Quantity: units(1)}}}))(t)
	w.due(t)
	w.verified(t)
	w.audit(t)
}

// A plan by the day is charged the period ahead: what is left of it comes back, from where
// it was billed.
func TestWhatEndsByAClockThatIsSetBackIsRefunded(t *testing.T) {
	for _, back := range []time.Duration{0, 2 * time.Second, 12 * time.Hour} {
		w := newChargeWalk(t)
		p := w.made(t, "daily", 2)
		w.clock.ahead(time.Date(2026, 12, 1, 0, 0, 1, 0, time.UTC).Sub(w.clock.now()))
		w.due(t)
		w.clock.ahead(-back)
		must(w.PlaceOrder(ctx, w.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
		w.verified(t)
		w.due(t)
		w.verified(t)
		w.clock.ahead(40 * aDay)
		w.due(t)
		w.verified(t)
		w.audit(t)
		day1 := w.rows(t, p.Resource.ID, "disk")[day.Date(2026, 12, 1)]
		if day1.Amount != *dollars("24.69") {
			t.Errorf("set back by %s, December was charged %s, want that of a day", back, day1.Amount)
		}
	}
}

func TestWhatWasOrderedStaysChargedByThePeriodOrOnceForAll(t *testing.T) {
	w := newChargeWalk(t)
	p := must(w.PlaceOrder(ctx, w.owner, core.Placement{Offering: w.sheets["cloud"].Offering.ID, Plan: w.plans["cloud"]["monthly"], Project: w.project.ID,
		Asks: []core.Ask{{Component: "net", Quantity: units(2)}}}))(t)
	was := w.spent(t, p.Resource.ID)
	put := func(code, attrs string) error {
		_, err := w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{
			{Code: "cloud", Components: []core.ComponentSpec{{Code: code, Attrs: json.RawMessage(attrs)}}}}}}})
		return err
	}
	for code, attrs := range map[string]string{"net": `{"limit_period":"total"}`, "seats": `{"limit_period":"month"}`} {
		if err := put(code, attrs); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonComponent {
			t.Errorf("%s for %s: %v", attrs, code, err)
		}
	}
	if err := put("net", `{"limit_period":"month","limit_amount":5}`); err != nil { // its cap is another matter
		t.Error(err)
	}
	w.due(t)
	if got := w.spent(t, p.Resource.ID); got != was || got == money.Micro(0) {
		t.Errorf("charged %s, then %s", was, got)
	}
	w.verified(t)
}
