package core_test

import (
	"errors"
	"fmt"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// audit recomputes the invariants of the ledger from what is stored, by other code than
// the desk's own verify: entries against orders, lines, usages and balances.
func (d *desk) audit(t interface{ Fatalf(string, ...any) }) {
	err := d.store.View(ctx, func(r core.Reader) error {
		entries, err := r.AllEntries(core.EntryKey{}, 100000)
		if err != nil {
			return err
		}
		orders, err := r.AllOrders(0, 100000)
		if err != nil {
			return err
		}
		limits, err := r.AllLimits()
		if err != nil {
			return err
		}
		bySubject := map[id.ID][]ledger.Entry{}
		for _, e := range entries {
			if e.Amount < 0 || e.Quantity < 0 || e.Amount%e.Currency.Quantum() != 0 {
				return fmt.Errorf("entry %d/%d moves %d, %d", e.Subject, e.N, e.Amount, e.Quantity)
			}
			bySubject[e.Subject] = append(bySubject[e.Subject], e)
		}
		return errors.Join(auditOrders(r, orders, bySubject), auditUsages(r, bySubject), auditStock(r, entries), auditBalances(r, limits, entries), auditEvents(r))
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func auditOrders(r core.Reader, orders []order.Order, entries map[id.ID][]ledger.Entry) error {
	for _, o := range orders {
		totals := ledger.Total(entries[o.ID])
		if totals.Held().Amount != o.Held || o.Held < 0 || totals.Held().Quantity < 0 || (o.Held > 0 && !o.State.Open()) {
			return fmt.Errorf("order %d is %s and holds %s; its entries hold %v", o.ID, o.State, o.Held, totals.Held())
		}
		if totals.Charged().Amount != o.Charged || o.Charged < 0 {
			return fmt.Errorf("order %d was charged %s; its entries say %v", o.ID, o.Charged, totals.Charged())
		}
		lines, err := r.Lines(o.ID)
		if err != nil {
			return err
		}
		var due, charged money.Micro
		for _, l := range lines {
			due += l.Due
			charged += l.Charged
			if l.Charged < 0 || l.Charged > l.Due || l.Delivered < 0 || l.Delivered > max(l.Quantity, 0) || (l.State == order.LineErred && l.Delivered != 0) {
				return fmt.Errorf("line %d of order %d: due %s, charged %s, ordered %s, delivered %s", l.N, o.ID, l.Due, l.Charged, l.Quantity, l.Delivered)
			}
			changed := o.Type == order.Update || o.Type == order.Restore // may take less: what the running period asks for
			if o.State == order.Done && !changed && (l.State == order.Delivered || l.State == order.Installed) && l.Delivered == l.Quantity && l.Charged != l.Due {
				return fmt.Errorf("line %d of order %d was delivered whole and charged %s of %s", l.N, o.ID, l.Charged, l.Due)
			}
		}
		byHand := totals[ledger.Charge].Amount != 0 || totals[ledger.Refund].Amount != 0
		if due != o.Due || (charged != o.Charged && !byHand) {
			return fmt.Errorf("order %d: due %s, its lines %s; charged %s, its lines %s: %v", o.ID, o.Due, due, o.Charged, charged, entries[o.ID])
		}
		if o.Resource != 0 {
			res, err := r.Resource(o.Resource)
			if err != nil {
				return err
			}
			if (res.OpenOrder == o.ID) != o.State.Open() {
				return fmt.Errorf("order %d is %s, its resource's open order is %d", o.ID, o.State, res.OpenOrder)
			}
		}
	}
	return nil
}

func auditUsages(r core.Reader, entries map[id.ID][]ledger.Entry) error {
	rows, err := r.Usages(core.UsageQuery{Any: &core.Sight{All: true}, Page: core.Page{Limit: 100000}})
	if err != nil {
		return err
	}
	for _, u := range rows {
		c, err := r.Component(u.Component)
		if err != nil {
			return err
		}
		if got := ledger.Total(entries[u.ID]).Charged(); c.Billing == "usage" && (got.Amount != u.Amount || got.Quantity != u.Quantity) {
			return fmt.Errorf("usage %d was billed %s for %s; its entries say %v", u.ID, u.Amount, u.Quantity, got)
		}
	}
	return nil
}

// auditStock finds what the ledger has as used of stock where it is: with the resource.
func auditStock(r core.Reader, entries []ledger.Entry) error {
	used := map[id.ID]map[id.ID]money.Micro{}
	for _, e := range entries {
		if used[e.Resource] == nil {
			used[e.Resource] = map[id.ID]money.Micro{}
		}
		_, moved := e.Delta()
		used[e.Resource][e.Component] += moved.Quantity
	}
	for i, of := range used {
		res, err := r.Resource(i)
		if err != nil {
			return err
		}
		for component, n := range of {
			c, err := r.Component(component)
			if err != nil {
				return err
			}
			if has := res.Quantities[component]; c.Stock && has != n {
				return fmt.Errorf("resource %d has %s of %s; its entries say %s", i, has, c.Code, n)
			}
		}
	}
	return nil
}

func auditBalances(r core.Reader, limits []limit.Limit, entries []ledger.Entry) error {
	want := map[limit.Key]limit.Balance{}
	for _, e := range entries {
		c, err := r.Customer(e.Customer)
		if err != nil {
			return err
		}
		for k, b := range limit.Deltas(limits, limit.Calendar{YearFrom: c.YearFrom}, []ledger.Entry{e}) {
			w := want[k]
			want[k] = limit.Balance{Key: k, Used: w.Used + b.Used, Held: w.Held + b.Held}
		}
	}
	byID := map[id.ID]limit.Limit{}
	for _, l := range limits {
		byID[l.ID] = l
		rows, err := r.Balances([]id.ID{l.ID})
		if err != nil {
			return err
		}
		for _, b := range rows {
			if want[b.Key].Used != b.Used || want[b.Key].Held != b.Held || b.Used < 0 || b.Held < 0 {
				return fmt.Errorf("limit %d in %s: used %s, held %s; entries say %s, %s", l.ID, b.Window, b.Used, b.Held, want[b.Key].Used, want[b.Key].Held)
			}
			delete(want, b.Key)
		}
	}
	for k, b := range want {
		if b.Used != 0 || b.Held != 0 {
			return fmt.Errorf("limit %d in %s has no balance; entries say %s, %s", k.Limit, k.Window, b.Used, b.Held)
		}
	}
	return nil
}

func auditEvents(r core.Reader) error {
	last := int64(0)
	for {
		list, err := r.Events(core.EventQuery{After: last, Limit: 1000})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if e.Pos != last+1 {
				return fmt.Errorf("event %d follows %d", e.Pos, last)
			}
			last = e.Pos
		}
	}
}
