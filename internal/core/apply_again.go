package core

import (
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/price"
)

// onPlan is a plan with prices that are new from a day on.
type onPlan struct {
	plan id.ID
	from day.Day
}

// billAgain has what began since a day billed again where a price that is new from that day
// on, today or before, can have changed it: what runs on the plan, if one of its periods began
// since, and what an order has changed or ended since.
func (a *applier) billAgain(sh *catalog.Sheet, p catalog.Plan, from day.Day) error {
	k := onPlan{p.ID, from}
	if a.again[k] {
		return nil
	}
	if a.again == nil {
		a.again = map[onPlan]bool{}
	}
	a.again[k] = true
	today := price.Terms{Sheet: sh, Stretches: []price.Stretch{{Plan: p.ID}}}.Period(0, a.today)
	if p.TermMonths > 0 || today.First >= from || a.today.Month(0) >= from {
		if err := a.billRunning(sh, k); err != nil {
			return err
		}
	}
	return a.billChanged(sh, k)
}

// againPage is how many are read at a time.
const againPage = 500

func (a *applier) billRunning(sh *catalog.Sheet, k onPlan) error {
	q := ResourceQuery{Offerings: []id.ID{sh.Offering.ID}, Plans: []id.ID{k.plan}, States: living, Page: Page{Ascending: true, Limit: againPage}}
	for {
		page, err := a.tx.Resources(q)
		if err != nil {
			return err
		}
		for _, r := range page {
			q.After = r.ID
			if err := a.billTouched(sh, k, r.ID); err != nil {
				return err
			}
		}
		if len(page) < q.Limit {
			return nil
		}
	}
}

func (a *applier) billChanged(sh *catalog.Sheet, k onPlan) error {
	changed, err := a.changedSince(sh.Offering.ID, k.from)
	if err != nil {
		return err
	}
	for _, r := range changed {
		if err := a.billTouched(sh, k, r); err != nil {
			return err
		}
	}
	return nil
}

// changes are what orders of an offering change since a day.
type changes struct {
	offering id.ID
	since    day.Day
}

// changedSince lists the resources that an order which is open, or has ended since a day, is
// of. They are listed once, however many plans have new prices from that day on.
func (a *applier) changedSince(offering id.ID, from day.Day) ([]id.ID, error) {
	k := changes{offering, from}
	if list, ok := a.changed[k]; ok {
		return list, nil
	}
	if a.changed == nil {
		a.changed = map[changes][]id.ID{}
	}
	since, seen, out := from.Time(), map[id.ID]bool{0: true}, []id.ID{}
	q := OrderQuery{Offerings: []id.ID{offering}, Any: &Sight{All: true}, OpenOrEndedSince: &since, Hidden: true, Page: Page{Ascending: true, Limit: againPage}}
	for {
		page, err := a.tx.Orders(q)
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			q.After = o.ID
			if !seen[o.Resource] {
				seen[o.Resource] = true
				out = append(out, o.Resource)
			}
		}
		if len(page) < q.Limit {
			a.changed[k] = out
			return out, nil
		}
	}
}

// billTouched bills a resource again where a stretch on the plan, or one of its periods, began
// since the new price did.
func (a *applier) billTouched(sh *catalog.Sheet, k onPlan, resource id.ID) error {
	life, err := a.tx.Terms(resource)
	if err != nil {
		return err
	}
	terms := termsOf(sh, catalog.Component{}, life)
	for n, t := range life {
		if t.Plan != k.plan || t.Until != nil && day.Of(*t.Until) < k.from {
			continue
		}
		if day.Of(t.From) >= k.from || terms.Period(n, a.today).First >= k.from || a.today.Month(0) >= k.from {
			return a.billSince(resource, k.from.Time())
		}
	}
	return nil
}

// billSince puts a resource's bill for now, so that it looks at all since an instant.
func (a *applier) billSince(resource id.ID, since time.Time) error {
	j, err := a.tx.Job(resource, JobBill)
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	from := &since
	if err == nil && (j.Since == nil || j.Since.Before(since)) { // what was never done is done from the beginning
		from = j.Since
	}
	return a.tx.PutJob(Job{Subject: resource, Kind: JobBill, RunAt: a.now, Since: from})
}
