package core

import (
	"cmp"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// adjust charges or refunds by hand. What is charged asks the limits.
func (d *draft) adjust(step order.Step, v Verdict) error {
	n := slices.IndexFunc(d.lines, func(l order.Line) bool { return l.N == max(1, v.Line) })
	if n < 0 {
		return invalid("line", "The order has no line %d.", v.Line)
	}
	if v.Delta%d.o.Currency.Quantum() != 0 {
		return invalid("amount", "The amount must be a whole number of %s %s.", d.o.Currency, d.o.Currency.Quantum())
	}
	if v.Delta == 0 && v.Quantity == 0 {
		return invalid("amount", "An adjustment of nothing is none.")
	}
	component := d.lines[n].Component
	d.posting++
	if v.Delta < 0 || v.Quantity < 0 {
		if v.Delta > 0 || v.Quantity > 0 {
			return invalid("amount", "Amount and quantity must have one sign.")
		}
		return d.giveBack(component, ledger.Sums{Amount: -v.Delta, Quantity: -v.Quantity}, v, step)
	}
	charged, err := money.Add(d.o.Charged, v.Delta)
	if err != nil {
		return invalid("amount", "The amount is too large.").because(ReasonQuantity)
	}
	d.entry(ledger.Charge, component, ledger.Sums{Amount: v.Delta, Quantity: v.Quantity}, d.o.CountsOn, v.Message)
	broken, err := d.check(d.entries, nil, nil)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return d.c.refusal(d.r, broken)
	}
	d.o.Charged = charged
	d.event(step.Event, d.o.ID, map[string]any{"amount": v.Delta.String(), "message": v.Message})
	return nil
}

// giveBack refunds the latest entries of a component first, each where it counted.
func (d *draft) giveBack(component id.ID, want ledger.Sums, v Verdict, step order.Step) error {
	left := map[day.Day]ledger.Sums{}
	var days []day.Day
	for _, e := range slices.Backward(d.past) {
		if e.Component != component {
			continue
		}
		if !slices.Contains(days, e.CountsOn) {
			days = append(days, e.CountsOn)
		}
		_, used := e.Delta()
		left[e.CountsOn] = left[e.CountsOn].Plus(used)
	}
	if c, _ := d.sheet.ComponentByID(component); c.Stock && want.Quantity > 0 {
		if err := d.capByStock(component, left); err != nil {
			return err
		}
	}
	if err := d.givenBack(component, left); err != nil {
		return err
	}
	total := want.Amount
	for _, on := range days {
		part := ledger.Sums{Amount: max(0, min(want.Amount, left[on].Amount)), Quantity: max(0, min(want.Quantity, left[on].Quantity))}
		d.entry(ledger.Refund, component, part, on, v.Message)
		want = ledger.Sums{Amount: want.Amount - part.Amount, Quantity: want.Quantity - part.Quantity}
	}
	if want != (ledger.Sums{}) {
		return invalid("amount", "No more can be refunded than was charged.").because(ReasonQuantity)
	}
	d.o.Charged -= total
	d.event(step.Event, d.o.ID, map[string]any{"amount": (-total).String(), "message": v.Message})
	return nil
}

// givenBack takes off what an order was charged what the period that it was charged for has
// given back of it.
func (d *draft) givenBack(component id.ID, left map[day.Day]ledger.Sums) error {
	x, _ := d.sheet.ComponentByID(component)
	if d.sheet.Offering.Measure == catalog.Imagery || !price.Recurs(d.plan) {
		return nil
	}
	life, err := d.r.Terms(d.res.ID)
	if err != nil {
		return err
	}
	key, ok := paidFor(&d.sheet, x, life, d.o)
	if !ok {
		return nil
	}
	rows, err := d.r.Usages(UsageQuery{Resources: []id.ID{d.res.ID}, Components: []id.ID{component}, From: &key, To: &key, Any: &Sight{All: true}, Page: Page{Limit: 1}})
	if err != nil || len(rows) == 0 {
		return err
	}
	entries, err := d.r.Entries(rows[0].ID)
	for k, s := range nets(entries, component) {
		if had, counts := left[k.on]; counts && k.user == d.o.User {
			left[k.on] = ledger.Sums{Amount: had.Amount + min(0, s.Amount), Quantity: had.Quantity + min(0, s.Quantity)}
		}
	}
	return err
}

// capByStock leaves of an order's units of stock what the resource has not given back
// already, by this order or a later one.
func (d *draft) capByStock(component id.ID, left map[day.Day]ledger.Sums) error {
	used, err := d.stockUsed(component)
	for on, s := range left {
		var there money.Micro
		for _, u := range used {
			if u.counted == (counted{d.o.User, on}) {
				there += u.left
			}
		}
		s.Quantity = min(s.Quantity, there)
		left[on] = s
	}
	return err
}

// counted is whom and when an entry counts for: what is given back is given back there.
type counted struct {
	user id.ID
	on   day.Day
}

// taken is what is left of one entry by which units came to be used.
type taken struct {
	counted
	left money.Micro
}

// stockUsed is what the ledger has as used of a component by the resource: its orders'
// entries in the order of time, those of this draft last, less what was given back of each.
func (d *draft) stockUsed(component id.ID) ([]taken, error) {
	entries := slices.Clone(d.past)
	q := OrderQuery{Any: &Sight{All: true}, Resources: []id.ID{d.res.ID}, Hidden: true, Page: Page{Ascending: true, Limit: 1000}}
	for more := true; more; {
		orders, err := d.r.Orders(q)
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			q.After = o.ID
			if o.ID == d.o.ID {
				continue
			}
			theirs, err := d.r.Entries(o.ID)
			if err != nil {
				return nil, err
			}
			entries = append(entries, theirs...)
		}
		more = len(orders) == q.Limit
	}
	slices.SortFunc(entries, func(a, b ledger.Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.N, b.N))
	})
	return stillUsed(component, slices.Concat(entries, d.beside, d.entries)), nil
}

// stillUsed takes what was given back off the latest entries that count for the same.
func stillUsed(component id.ID, entries []ledger.Entry) []taken {
	var used []taken
	for _, e := range entries {
		if e.Component != component {
			continue
		}
		k := counted{e.User, e.CountsOn}
		_, u := e.Delta()
		if u.Quantity > 0 {
			used = append(used, taken{k, u.Quantity})
		}
		back := max(0, -u.Quantity)
		for n := len(used) - 1; n >= 0 && back > 0; n-- {
			if used[n].counted == k {
				part := min(back, used[n].left)
				used[n].left -= part
				back -= part
			}
		}
	}
	return used
}

// stockBack gives back the units of stock that the resource has no longer, the latest
// first, to those they count for: amount 0. What the ledger has as used of it is what it
// has. A create that was never taken up again has all it used.
func (d *draft) stockBack() error {
	again := slices.ContainsFunc(d.past, func(e ledger.Entry) bool { return e.Kind == ledger.Release })
	if d.o.Type == order.Create && !again {
		return nil
	}
	gone := slices.Sorted(maps.Keys(d.had)) // an end that is retried ends what there is by now
	for _, l := range d.lines {
		gone = append(gone, l.Component)
	}
	seen := map[id.ID]bool{}
	for _, i := range gone {
		c, ok := d.sheet.ComponentByID(i)
		if !ok || !c.Stock || seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		used, err := d.stockUsed(c.ID)
		if err != nil {
			return err
		}
		over := -d.res.Quantities[c.ID]
		for _, u := range used {
			over += u.left
		}
		for _, u := range slices.Backward(used) {
			part := max(0, min(over, u.left))
			over -= part
			if err := d.stockOf(u.counted, c.ID, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// stockOf gives units back to whom they count for, whoever gives them up.
func (d *draft) stockOf(k counted, component id.ID, part money.Micro) error {
	if part == 0 {
		return nil
	}
	d.entry(ledger.Refund, component, ledger.Sums{Quantity: part}, k.on, "given back")
	d.entries[len(d.entries)-1].User = k.user
	return d.limitsOf(k.user)
}
