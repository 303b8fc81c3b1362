package core

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Verification is what Verify found.
type Verification struct {
	Orders, Entries, Limits int
	Events                  int64
	Disagrees               []string // a sentence each, at most mostDisagreements; none: all is well
}

// mostDisagreements bounds what is told: beyond it there is one cause behind many.
const mostDisagreements = 1000

// Verify recomputes the books from the ledger's entries, over one snapshot: what each
// order holds and was charged, what its lines add up to, what usage was billed, every
// balance, and that no event is missing. Staff only. It changes nothing.
func (c *Core) Verify(ctx context.Context, who Actor) (Verification, error) {
	if !who.IsStaff() && !who.desk() {
		return Verification{}, forbidden("Only staff may look through all the books.")
	}
	v := &books{}
	err := c.store.View(ctx, func(r Reader) error {
		v.r = r
		for _, check := range []func() error{v.orders, v.usages, v.entries, v.balances, v.events} {
			if err := check(); err != nil {
				return err
			}
		}
		return nil
	})
	return v.found, err
}

type books struct {
	r        Reader
	found    Verification
	subjects map[id.ID]bool // those that entries may be of
}

func (v *books) say(format string, args ...any) {
	if len(v.found.Disagrees) < mostDisagreements {
		v.found.Disagrees = append(v.found.Disagrees, fmt.Sprintf(format, args...))
	}
}

const verifyPage = 500

func (v *books) orders() error {
	v.subjects = map[id.ID]bool{}
	for after := id.ID(0); ; {
		page, err := v.r.AllOrders(after, verifyPage)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]id.ID, len(page))
		for n, o := range page {
			ids[n] = o.ID
			v.subjects[o.ID] = true
		}
		lines, err := v.r.Lines(ids...)
		if err != nil {
			return err
		}
		of := map[id.ID][]order.Line{}
		for _, l := range lines {
			of[l.Order] = append(of[l.Order], l)
		}
		for _, o := range page {
			entries, err := v.r.Entries(o.ID)
			if err != nil {
				return err
			}
			v.order(o, of[o.ID], entries)
			if err := v.around(o); err != nil {
				return err
			}
		}
		v.found.Orders += len(page)
		after = page[len(page)-1].ID
	}
}

// order holds what is left of its holds, and nothing once it has ended; it was charged
// what its entries say and its lines add up to.
func (v *books) order(o order.Order, lines []order.Line, entries []ledger.Entry) {
	t := ledger.Total(entries)
	if held := t.Held(); held.Amount != o.Held || held.Amount < 0 || held.Quantity < 0 {
		v.say("Order %s holds %s %s by its record, and %s by its entries.", o.ID, o.Held, o.Currency, held.Amount)
	}
	if o.Held > 0 && !o.State.Open() {
		v.say("Order %s is %s and still holds %s %s.", o.ID, o.State, o.Held, o.Currency)
	}
	// An update or the end of a resource gives back stock that an order before it was charged for.
	whole := o.Type == order.Create || o.Type == order.Restore
	if charged := t.Charged(); charged.Amount != o.Charged || charged.Amount < 0 || (whole && charged.Quantity < 0) {
		v.say("Order %s was charged %s %s by its record, and %s by its entries.", o.ID, o.Charged, o.Currency, charged.Amount)
	}
	for n, e := range entries {
		if e.N != n+1 || e.Amount < 0 || e.Quantity < 0 || e.Amount%o.Currency.Quantum() != 0 || e.Currency != o.Currency {
			v.say("Entry %d of order %s is none that could have been written: number %d, %s %s, quantity %s.", n+1, o.ID, e.N, e.Amount, e.Currency, e.Quantity)
		}
	}
	var due, charged money.Micro
	for _, l := range lines {
		due += l.Due
		charged += l.Charged
		v.line(o, l)
	}
	if due != o.Due {
		v.say("Order %s is due %s %s, its lines %s.", o.ID, o.Due, o.Currency, due)
	}
	// Charges and refunds by hand are of no line.
	if byHand := t[ledger.Charge].Amount != 0 || t[ledger.Refund].Amount != 0; charged != o.Charged && !byHand {
		v.say("Order %s was charged %s %s, its lines %s.", o.ID, o.Charged, o.Currency, charged)
	}
}

func (v *books) line(o order.Order, l order.Line) {
	if l.Charged < 0 || l.Charged > l.Due {
		v.say("Line %d of order %s was charged %s of %s %s due.", l.N, o.ID, l.Charged, l.Due, o.Currency)
	}
	if l.Delivered < 0 || l.Delivered > max(l.Quantity, 0) {
		v.say("Line %d of order %s has %s delivered of %s.", l.N, o.ID, l.Delivered, l.Quantity)
	}
	well := l.State == order.Delivered || l.State == order.Installed
	if o.State == order.Done && well && l.Delivered == l.Quantity && l.Charged != l.Due {
		v.say("Line %d of order %s was delivered whole and charged %s of %s %s.", l.N, o.ID, l.Charged, l.Due, o.Currency)
	}
}

// around checks what the store has no foreign keys for.
func (v *books) around(o order.Order) error {
	looks := []struct {
		what string
		id   id.ID
		get  func(id.ID) error
	}{
		{"customer", o.Customer, func(i id.ID) error { _, err := v.r.Customer(i); return err }},
		{"project", o.Project, func(i id.ID) error { _, err := v.r.Project(i); return err }},
		{"provider", o.Provider, func(i id.ID) error { _, err := v.r.Provider(i); return err }},
		{"offering", o.Offering, func(i id.ID) error { _, err := v.r.Offering(i); return err }},
	}
	for _, l := range looks {
		if err := l.get(l.id); KindOf(err) == NotFound && err != nil {
			v.say("Order %s names %s %s, which is not there.", o.ID, l.what, l.id)
		} else if err != nil {
			return err
		}
	}
	if o.Resource == 0 {
		return nil
	}
	res, err := v.r.Resource(o.Resource)
	if err != nil && KindOf(err) == NotFound {
		v.say("Order %s names resource %s, which is not there.", o.ID, o.Resource)
		return nil
	}
	if (res.OpenOrder == o.ID) != o.State.Open() && err == nil {
		v.say("Order %s is %s, and the open order of its resource is %s.", o.ID, o.State, res.OpenOrder)
	}
	return err
}

// usages were billed what their entries say.
func (v *books) usages() error {
	billed := map[id.ID]bool{}
	q := UsageQuery{Any: &Sight{All: true}, Page: Page{Ascending: true, Limit: verifyPage}}
	for {
		page, err := v.r.Usages(q)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, u := range page {
			v.subjects[u.ID] = true
			metered, ok := billed[u.Component]
			if !ok {
				c, err := v.r.Component(u.Component)
				if err != nil {
					return err
				}
				metered = c.Billing == catalog.ByUsage
				billed[u.Component] = metered
			}
			entries, err := v.r.Entries(u.ID)
			if err != nil {
				return err
			}
			if got := ledger.Total(entries).Charged(); metered && (got.Amount != u.Amount || got.Quantity != u.Quantity) {
				v.say("The usage of resource %s in %s was billed %s for %s, and %s for %s by its entries.", u.Resource, u.Period, u.Amount, u.Quantity, got.Amount, got.Quantity)
			}
		}
		q.After = page[len(page)-1].ID
	}
}

// entries are of orders and usages that are there.
func (v *books) entries() error {
	lost := id.ID(0)
	return eachEntries(v.r, func(page []ledger.Entry) error {
		v.found.Entries += len(page)
		for _, e := range page {
			if !v.subjects[e.Subject] && e.Subject != lost {
				lost = e.Subject
				v.say("The ledger has entries of %s, which is no order and no usage.", e.Subject)
			}
		}
		return nil
	})
}

// balances are what the entries add up to, window by window.
func (v *books) balances() error {
	limits, err := v.r.AllLimits()
	if err != nil {
		return err
	}
	v.found.Limits = len(limits)
	want, err := balances(v.r, limits)
	if err != nil {
		return err
	}
	for _, l := range limits {
		rows, err := v.r.Balances([]id.ID{l.ID})
		if err != nil {
			return err
		}
		for _, b := range rows {
			if w := want[b.Key]; w.Used != b.Used || w.Held != b.Held || b.Used < 0 || b.Held < 0 {
				v.say("%s has %s used and %s held from %s on, and %s and %s by the entries.", named(l), b.Used, b.Held, b.Window, w.Used, w.Held)
			}
			delete(want, b.Key)
		}
	}
	byID := map[id.ID]limit.Limit{}
	for _, l := range limits {
		byID[l.ID] = l
	}
	keys := slices.SortedFunc(maps.Keys(want), func(a, b limit.Key) int {
		return cmp.Or(cmp.Compare(a.Limit, b.Limit), cmp.Compare(a.Window, b.Window))
	})
	for _, k := range keys {
		if b := want[k]; b.Used != 0 || b.Held != 0 {
			v.say("%s has no balance from %s on, and %s used and %s held by the entries.", named(byID[k.Limit]), k.Window, b.Used, b.Held)
		}
	}
	return nil
}

func named(l limit.Limit) string {
	return fmt.Sprintf("The %s limit %s by %s on %s %s", l.Measure, l.ID, l.Period, l.Scope, l.ScopeID)
}

// events follow each other without gaps.
func (v *books) events() error {
	for {
		page, err := v.r.Events(EventQuery{After: v.found.Events, Limit: 1000})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if e.Pos != v.found.Events+1 {
				v.say("Event %d follows event %d: what is between is missing.", e.Pos, v.found.Events)
			}
			v.found.Events = e.Pos
		}
	}
}
