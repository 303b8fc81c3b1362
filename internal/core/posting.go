package core

import (
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
	"github.com/docket-desk/docket/internal/tenant"
)

// post writes the entries that bring a row from what was billed to a total: a charge of
// what is missing, a refund of what is over. stored: the row is there already; moved says that the row has changed.
func (b *biller) post(u order.Usage, stored bool, x catalog.Component, total price.Charged, reason string) (billed order.Usage, moved bool, err error) {
	was := u
	up := ledger.Sums{Amount: max(0, total.Amount-u.Amount)}
	down := ledger.Sums{Amount: max(0, u.Amount-total.Amount)}
	if flows(x) {
		up.Quantity, down.Quantity = max(0, total.Quantity-u.Quantity), max(0, u.Quantity-total.Quantity)
	} else {
		u.Quantity = total.Quantity
	}
	if up == (ledger.Sums{}) && down == (ledger.Sums{}) {
		return u, u.Quantity != was.Quantity, nil
	}
	b.past, b.entries, b.posting = nil, nil, 1
	if stored {
		if b.past, err = b.r.Entries(u.ID); err != nil {
			return u, false, err
		}
	}
	for _, e := range b.past {
		b.posting = max(b.posting, e.Posting+1)
	}
	b.o.ID = u.ID
	b.entry(ledger.Charge, x.ID, up, u.CountsOn, reason)
	back, err := b.refund(u, x, down, reason)
	if err != nil {
		return u, false, err
	}
	for n := range b.entries {
		b.entries[n].Usage = u.ID
	}
	b.list = append(b.list, b.entries...)
	if u.Amount, err = money.Add(u.Amount, up.Amount, -back.Amount); err != nil {
		return u, false, err
	}
	if flows(x) {
		u.Quantity += up.Quantity - back.Quantity
	}
	return u, u != was, nil
}

// refund gives back of what a period was charged, the latest entries first, each where it
// counted and to whom, and never more than they charged: what somebody has given back by
// hand is not given twice. It says how much went back.
func (b *biller) refund(u order.Usage, x catalog.Component, want ledger.Sums, reason string) (ledger.Sums, error) {
	var back ledger.Sums
	if want == (ledger.Sums{}) {
		return back, nil
	}
	left, order := nets(b.past, x.ID), latest(b.past, x.ID)
	if !covers(left, want) {
		captured, err := b.capturedFor(u, x)
		if err != nil {
			return back, err
		}
		for k, s := range nets(captured, x.ID) {
			left[k] = left[k].Plus(s)
		}
		order = append(order, latest(captured, x.ID)...)
	}
	for _, k := range order {
		part := ledger.Sums{Amount: max(0, min(want.Amount-back.Amount, left[k].Amount)), Quantity: max(0, min(want.Quantity-back.Quantity, left[k].Quantity))}
		if !b.entry(ledger.Refund, x.ID, part, k.on, reason) {
			continue
		}
		left[k] = ledger.Sums{Amount: left[k].Amount - part.Amount, Quantity: left[k].Quantity - part.Quantity}
		back = back.Plus(part)
		if err := b.countFor(k.user); err != nil {
			return back, err
		}
	}
	return back, nil
}

// countFor lets the entry written last count for a user, with the limits on them.
func (b *biller) countFor(user id.ID) error {
	b.entries[len(b.entries)-1].User = user
	return b.limitsOf(user)
}

// limitsOf adds the limits on a user to those that this draft moves.
func (d *draft) limitsOf(user id.ID) error {
	if user == d.o.User || slices.ContainsFunc(d.limits, func(l limit.Limit) bool { return l.Scope == tenant.OnUser && l.ScopeID == user }) {
		return nil
	}
	theirs, err := d.r.Limits([]LimitScope{{tenant.OnUser, user}})
	d.limits = append(d.limits, theirs...)
	return err
}

// nets are what entries of a component come to as used, by whom and when they count for.
func nets(entries []ledger.Entry, component id.ID) map[counted]ledger.Sums {
	out := map[counted]ledger.Sums{}
	for _, e := range entries {
		if e.Component == component {
			_, used := e.Delta()
			k := counted{e.User, e.CountsOn}
			out[k] = out[k].Plus(used)
		}
	}
	return out
}

// latest lists whom and when what was charged counts for, the latest entry first.
func latest(entries []ledger.Entry, component id.ID) []counted {
	var out []counted
	for _, e := range slices.Backward(entries) {
		takes := e.Kind == ledger.Capture || e.Kind == ledger.Charge
		if k := (counted{e.User, e.CountsOn}); takes && e.Component == component && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// covers reports whether what entries come to is enough to give back of, and nothing was
// given back beyond it before.
func covers(left map[counted]ledger.Sums, want ledger.Sums) bool {
	var sum ledger.Sums
	for _, s := range left {
		if s.Amount < 0 || s.Quantity < 0 {
			return false
		}
		sum = sum.Plus(s)
	}
	return sum.Amount >= want.Amount && sum.Quantity >= want.Quantity
}

// capturedFor are the entries of the orders that paid for a part of a period, the earliest
// first.
func (b *biller) capturedFor(u order.Usage, x catalog.Component) ([]ledger.Entry, error) {
	if x.Billing == catalog.ByUsage {
		return nil, nil
	}
	since := u.Period.Time()
	q := OrderQuery{Any: &Sight{All: true}, Resources: []id.ID{b.res.ID}, States: []order.State{order.Done}, OpenOrEndedSince: &since, Hidden: true,
		Page: Page{Ascending: true, Limit: 500}}
	var out []ledger.Entry
	for {
		orders, err := b.r.Orders(q)
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			q.After = o.ID
			if key, ok := paidFor(&b.sheet, x, b.life, o); !ok || key != u.Period {
				continue
			}
			entries, err := b.r.Entries(o.ID)
			if err != nil {
				return nil, err
			}
			out = append(out, entries...)
		}
		if len(orders) < q.Limit {
			return out, nil
		}
	}
}

// paidFor is the period of a component for which an order that is done was charged.
func paidFor(sheet *catalog.Sheet, x catalog.Component, life []order.Term, o order.Order) (day.Day, bool) {
	if o.State != order.Done || o.EndedAt == nil || o.Type == order.Terminate || x.Billing == catalog.ByUsage {
		return 0, false
	}
	n := 0
	for n < len(life) && !life[n].From.After(*o.EndedAt) {
		n++
	}
	return termsOf(sheet, x, life[:n]).Key(*o.EndedAt)
}

// captureAll charges an order on placing.
func (d *draft) captureAll() {
	d.posting++
	for _, e := range slices.Clone(d.entries) {
		if e.Kind == ledger.Hold {
			d.entry(ledger.Capture, e.Component, ledger.Sums{Amount: e.Amount, Quantity: e.Quantity}, e.CountsOn, "charged on placing")
		}
	}
	d.o.Charged += d.o.Held
	d.o.Held = 0
	for n, l := range d.lines {
		if l.State != order.LineCanceled && l.State != order.Replaced { // as hold leaves out
			d.lines[n].Charged = l.Due
		}
	}
}
