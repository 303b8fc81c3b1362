package core_test

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// A year of a hundred resources, on plans of every unit, through the desk's own jobs: the
// clock is turned from one job that is due to the next.
func TestAYearOfAHundredResourcesIsBilled(t *testing.T) {
	const many = 100
	w := newChargeWalk(t)
	for n := range many {
		plan := chargePlans[n%(len(chargePlans)-2)].code // those that ask again and again
		q := &pending{typ: order.Create, plan: plan, targets: map[string]money.Micro{"disk": units(int64(1 + n%4)), "care": careAmount}}
		p := core.Placement{Offering: w.sheets["cloud"].Offering.ID, Plan: w.plans["cloud"][plan], Project: w.project.ID, Asks: []core.Ask{{Component: "disk", Quantity: q.targets["disk"]}}}
		got := must(w.PlaceOrder(ctx, w.owner, p))(t)
		w.offer[got.Resource.ID] = "cloud"
		w.histories = append(w.histories, &history{resource: got.Resource.ID, reports: map[report]reported{}})
		q.resource, q.promised = got.Resource.ID, map[string]string{}
		for _, c := range []string{"disk", "care", "cpu"} {
			q.promised[c] = w.tariffs[plan].each[c][0].rate
		}
		w.done(q)
		w.clock.ahead(7 * time.Minute)
	}
	began := w.clock.now()
	jobs := 0
	for end := began.AddDate(1, 0, 0); ; {
		next := must(w.NextJob(ctx, core.DeskKinds()))(t)
		if next.After(end) {
			break
		}
		w.clock.ahead(next.Sub(w.clock.now()))
		for {
			n := must(w.Tick(ctx))(t)
			if n == 0 {
				break
			}
			jobs += n
		}
	}
	var entries []ledger.Entry
	if err := w.store.View(ctx, func(r core.Reader) (err error) {
		if entries, err = r.AllEntries(core.EntryKey{}, 1<<20); err != nil {
			return err
		}
		for _, h := range w.histories {
			if err := w.compare(r, h, entries); err != nil {
				return err
			}
		}
		return nothingBeyond(entries)
	}); err != nil {
		t.Fatal(err)
	}
	if v := must(w.Verify(ctx, core.System(), nil))(t); len(v.Disagrees) > 0 {
		t.Fatalf("the books disagree: %q", v.Disagrees)
	}
	if jobs < 12*many || len(entries) < 12*many {
		t.Errorf("a year made %d jobs and %d entries", jobs, len(entries))
	}
	t.Logf("%d jobs, %d entries", jobs, len(entries))
}
