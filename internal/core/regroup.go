package core

import (
	"cmp"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

// regroup brings together by periods what the orders of a resource took before charges were
// made over time: then it was kept by the calendar month in which an order was done, or not
// at all. Such a resource is told by its bill, which has never been done. What there is goes
// to d.rows, and what has changed to d.usages too.
func (d *draft) regroup() error {
	j, err := d.r.Job(d.res.ID, JobBill)
	if err != nil || j.Since != nil {
		return missing(err)
	}
	if err := d.readLife(); err != nil {
		return err
	}
	want, err := d.tookOf()
	if err != nil {
		return err
	}
	rows, err := d.allRows()
	if err != nil {
		return err
	}
	var strays []order.Usage
	for _, u := range rows {
		d.rows[u.Period] = []order.Usage{}
	}
	for _, u := range rows {
		k := periodKey{u.Component, u.Period}
		sum, ok := want[k]
		x, known := d.sheet.ComponentByID(u.Component)
		switch delete(want, k); {
		case ok && sum.Amount != u.Amount, !ok && known && x.Billing != catalog.ByUsage && u.Reported != nil && u.Amount != 0:
			d.regrouped(u, u.Period, sum)
		case ok, !known, x.Billing == catalog.ByUsage, u.Reported != nil:
			d.rows[u.Period] = append(d.rows[u.Period], u)
		default:
			strays = append(strays, u)
		}
	}
	left := slices.SortedFunc(maps.Keys(want), func(a, b periodKey) int {
		return cmp.Or(cmp.Compare(a.component, b.component), cmp.Compare(a.period, b.period))
	})
	for _, u := range strays {
		to, sum := u.Period, ledger.Sums{}
		if n := slices.IndexFunc(left, func(k periodKey) bool { return k.component == u.Component }); n >= 0 {
			to, sum = left[n].period, want[left[n]]
			left = slices.Delete(left, n, n+1)
		}
		d.regrouped(u, to, sum)
	}
	for _, k := range left {
		u := order.Usage{ID: d.ids.draw(), Resource: d.res.ID, Offering: d.res.Offering, Component: k.component, CountsOn: max(k.period, firstDay(d.res, d.life, k.period))}
		d.regrouped(u, k.period, want[k])
	}
	return nil
}

func (d *draft) regrouped(u order.Usage, to day.Day, sum ledger.Sums) {
	u.Period, u.Amount, u.Quantity, u.UpdatedAt = to, sum.Amount, sum.Quantity, d.now
	d.rows[to] = append(d.rows[to], u)
	d.usages = append(d.usages, u)
}

// tookOf is what the resource's orders took of each period.
func (d *draft) tookOf() (map[periodKey]ledger.Sums, error) {
	want := map[periodKey]ledger.Sums{}
	q := OrderQuery{Any: &Sight{All: true}, Resources: []id.ID{d.res.ID}, States: []order.State{order.Done}, Hidden: true, Page: Page{Ascending: true, Limit: 500}}
	for {
		orders, err := d.r.Orders(q)
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			q.After = o.ID
			lines, err := d.r.Lines(o.ID)
			if err != nil {
				return nil, err
			}
			for _, l := range lines {
				x, _ := d.sheet.ComponentByID(l.Component)
				took := ledger.Sums{Amount: l.Charged}
				if _, well := order.At(l.State, order.Delivered); well {
					took.Quantity = d.moves(l, l.Delivered)
				}
				if key, ok := paidFor(&d.sheet, x, d.life, o); ok && took != (ledger.Sums{}) {
					k := periodKey{x.ID, key}
					want[k] = want[k].Plus(took)
				}
			}
		}
		if len(orders) < q.Limit {
			return want, nil
		}
	}
}

func (d *draft) allRows() ([]order.Usage, error) {
	var out []order.Usage
	q := UsageQuery{Resources: []id.ID{d.res.ID}, Any: &Sight{All: true}, Page: Page{Ascending: true, Limit: 500}}
	for {
		page, err := d.r.Usages(q)
		out = append(out, page...)
		if err != nil || len(page) < q.Limit {
			return out, err
		}
		q.After = page[len(page)-1].ID
	}
}
