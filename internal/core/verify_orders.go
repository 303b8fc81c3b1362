package core

import (
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// orders are looked through page by page, each with all entries up to its last order's:
// those that are of no order are of usages.
func (v *books) orders() error {
	after := id.ID(0)
	return v.pieces(func() (bool, error) {
		page, err := v.r.AllOrders(after, verifyPage)
		if err != nil {
			return false, err
		}
		last := id.ID(0) // no order follows: all entries that do
		if len(page) > 0 {
			last = page[len(page)-1].ID
		}
		if err := v.ordersPage(page, after, last); err != nil {
			return false, err
		}
		v.found.Orders += len(page)
		after = last
		return len(page) > 0, nil
	})
}

func (v *books) ordersPage(page []order.Order, after, last id.ID) error {
	of := map[id.ID][]ledger.Entry{}
	ids, resources := make([]id.ID, len(page)), []id.ID{0}
	for n, o := range page {
		of[o.ID] = nil
		ids[n] = o.ID
		resources = append(resources, o.Resource)
	}
	if err := v.entries(of, after, last); err != nil || len(page) == 0 {
		return err
	}
	lines, err := v.r.Lines(ids...)
	if err != nil {
		return err
	}
	ofOrder := map[id.ID][]order.Line{}
	for _, l := range lines {
		ofOrder[l.Order] = append(ofOrder[l.Order], l)
	}
	list, err := v.r.Resources(ResourceQuery{IDs: resources, Any: &Sight{All: true}, Hidden: true, Page: Page{Limit: len(resources)}})
	if err != nil {
		return err
	}
	byID := map[id.ID]order.Resource{}
	for _, r := range list {
		byID[r.ID] = r
	}
	v.found.Rows += int64(len(page) + len(lines) + len(list))
	for _, o := range page {
		v.order(o, ofOrder[o.ID], of[o.ID])
		if err := v.around(o, byID); err != nil {
			return err
		}
	}
	return nil
}

// entries sorts the entries up to those of the last order into of, and looks at whether
// the others are of usages.
func (v *books) entries(of map[id.ID][]ledger.Entry, after, last id.ID) error {
	lost := id.ID(0)
	for at := (EntryKey{after, lastOfEntry}); ; {
		page, err := v.r.AllEntries(at, verifyEntries)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if last != 0 && e.Subject > last {
				return nil
			}
			v.found.Entries++
			v.found.Rows++
			if list, ok := of[e.Subject]; ok {
				of[e.Subject] = append(list, e)
			} else if e.Subject != lost {
				lost = e.Subject
				_, err := v.r.Usage(e.Subject)
				if err != nil && KindOf(err) == NotFound {
					v.say("The ledger has entries of %s, which is no order and no usage.", e.Subject)
				} else if err != nil {
					return err
				}
			}
			at = EntryKey{e.Subject, e.N}
		}
	}
}

// order holds what is left of its holds, and nothing once it has ended; it was charged
// what its entries say and its lines add up to.
func (v *books) order(o order.Order, lines []order.Line, entries []ledger.Entry) {
	t := ledger.Total(entries)
	held := t.Held()
	if held.Amount != o.Held || held.Amount < 0 || held.Quantity < 0 {
		v.say("Order %s holds %s %s by its record, and %s by its entries.", o.ID, o.Held, o.Currency, held.Amount)
	}
	if (o.Held > 0 || held.Quantity > 0) && !o.State.Open() {
		v.say("Order %s is %s and still holds %s %s and a quantity of %s.", o.ID, o.State, o.Held, o.Currency, held.Quantity)
	}
	// Not so of quantities: an order gives back stock that an earlier one was charged for.
	if charged := t.Charged(); charged.Amount != o.Charged || charged.Amount < 0 {
		v.say("Order %s was charged %s %s by its record, and %s by its entries.", o.ID, o.Charged, o.Currency, charged.Amount)
	}
	for n, e := range entries {
		if e.N != n+1 || e.Amount < 0 || e.Quantity < 0 || e.Amount%o.Currency.Quantum() != 0 || e.Currency != o.Currency {
			v.say("Entry %d of order %s is none that could have been written: number %d, %s %s, quantity %s.", n+1, o.ID, e.N, e.Amount, e.Currency, e.Quantity)
		}
		if e.Customer != o.Customer || e.Project != o.Project || e.Offering != o.Offering || e.Resource != o.Resource {
			v.say("Entry %d of order %s is of customer %s, project %s, offering %s and resource %s, which the order is not.", e.N, o.ID, e.Customer, e.Project, e.Offering, e.Resource)
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
	changed := o.Type == order.Update || o.Type == order.Restore // what recurs takes what the period asks for when it is done
	if o.State == order.Done && well && l.Delivered == l.Quantity && l.Charged != l.Due && !changed {
		v.say("Line %d of order %s was delivered whole and charged %s of %s %s.", l.N, o.ID, l.Charged, l.Due, o.Currency)
	}
}

// around checks what the store has no foreign keys for, and that what waits is woken.
func (v *books) around(o order.Order, resources map[id.ID]order.Resource) error {
	for _, ref := range []Ref{{"customer", o.Customer}, {"project", o.Project}, {"provider", o.Provider}, {"offering", o.Offering}} {
		ok, err := v.there(ref.Kind, ref.ID)
		if err != nil {
			return err
		}
		if !ok {
			v.say("Order %s names %s %s, which is not there.", o.ID, ref.Kind, ref.ID)
		}
	}
	if kind := waits[o.State]; kind != "" {
		_, err := v.r.Job(o.ID, kind)
		if err != nil && KindOf(err) == NotFound {
			v.say("Order %s is %s, and there is no job %s to wake it.", o.ID, o.State, kind)
		} else if err != nil {
			return err
		}
	}
	if o.Resource == 0 {
		return nil
	}
	res, ok := resources[o.Resource]
	if !ok {
		v.say("Order %s names resource %s, which is not there.", o.ID, o.Resource)
	} else if (res.OpenOrder == o.ID) != o.State.Open() {
		v.say("Order %s is %s, and the open order of its resource is %s.", o.ID, o.State, res.OpenOrder)
	}
	return nil
}

// usages are of what is there, and their entries count where they do. What they were billed
// is looked at with the resource.
func (v *books) usages() error {
	known := map[id.ID]bool{}
	q := UsageQuery{Any: &Sight{All: true}, Page: Page{Ascending: true, Limit: verifyPage}}
	return v.pieces(func() (bool, error) {
		page, err := v.r.Usages(q)
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, u := range page {
			if err := v.usage(u, known); err != nil {
				return false, err
			}
		}
		v.found.Rows += int64(len(page))
		q.After = page[len(page)-1].ID
		return true, nil
	})
}

func (v *books) usage(u order.Usage, known map[id.ID]bool) error {
	if !known[u.Component] {
		if _, err := v.r.Component(u.Component); err != nil && KindOf(err) == NotFound {
			v.say("The usage of resource %s in %s is of component %s, which is not there.", u.Resource, u.Period, u.Component)
			return nil
		} else if err != nil {
			return err
		}
		known[u.Component] = true
	}
	entries, err := v.r.Entries(u.ID)
	if err != nil {
		return err
	}
	v.found.Rows += int64(len(entries))
	switch res, err := v.r.Resource(u.Resource); {
	case KindOf(err) == NotFound:
		v.say("The usage %s is of resource %s, which is not there.", u.ID, u.Resource)
	case err != nil:
		return err
	case u.Offering != res.Offering:
		v.say("The usage %s is of offering %s, and its resource %s of %s.", u.ID, u.Offering, u.Resource, res.Offering)
	}
	for _, e := range entries {
		if e.Kind == ledger.Charge && e.CountsOn != u.CountsOn || e.Resource != u.Resource || e.Usage != u.ID {
			v.say("Entry %d of the usage of resource %s in %s counts on %s for resource %s, and not where the usage does.", e.N, u.Resource, u.Period, e.CountsOn, e.Resource)
		}
	}
	return nil
}

// resources have the open order they say, and stretches that follow each other.
func (v *books) resources() error {
	q := ResourceQuery{Any: &Sight{All: true}, Hidden: true, Page: Page{Ascending: true, Limit: verifyPage}}
	return v.pieces(func() (bool, error) {
		page, err := v.r.Resources(q)
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, r := range page {
			if err := v.resource(r); err != nil {
				return false, err
			}
		}
		v.found.Rows += int64(len(page))
		q.After = page[len(page)-1].ID
		return true, nil
	})
}

func (v *books) resource(r order.Resource) error {
	if r.State == order.Unlinked && (r.OpenOrder != 0 || len(r.Quantities) > 0) {
		v.say("Resource %s is unlinked, and has %d amounts and the open order %s.", r.ID, len(r.Quantities), r.OpenOrder)
	}
	if r.OpenOrder != 0 {
		o, err := v.r.Order(r.OpenOrder)
		switch {
		case err != nil && KindOf(err) != NotFound:
			return err
		case err != nil:
			v.say("The open order %s of resource %s is not there.", r.OpenOrder, r.ID)
		case o.Resource != r.ID:
			v.say("The open order %s of resource %s is of resource %s.", r.OpenOrder, r.ID, o.Resource)
		}
	}
	terms, err := v.r.Terms(r.ID)
	v.found.Rows += int64(len(terms))
	slices.SortFunc(terms, func(a, b order.Term) int { return a.From.Compare(b.From) })
	for n := 1; n < len(terms); n++ {
		if was := terms[n-1]; was.Until == nil || was.Until.After(terms[n].From) {
			v.say("Resource %s has a term from %s that goes on beyond the next one's beginning, %s.", r.ID, was.From, terms[n].From)
		}
	}
	if n := len(terms); r.State == order.Unlinked && n > 0 && terms[n-1].Until == nil {
		v.say("Resource %s is unlinked, and its term from %s goes on.", r.ID, terms[n-1].From)
	}
	if err != nil {
		return err
	}
	return v.charges(r, terms)
}
