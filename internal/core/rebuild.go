package core

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// rebuild sums the balances of new limits, and of limits whose windows moved, up from
// the entries of the customers concerned: the only scan there is outside of Verify.
// Limits found broken, or lowered below what counts against them, stay so until there is
// room again, and are told once.
func (a *applier) rebuild() error {
	rebuilt, err := a.toRebuild()
	if err != nil {
		return err
	}
	looked := slices.Clone(rebuilt)
	for _, l := range a.lowered {
		if !slices.ContainsFunc(looked, func(r limit.Limit) bool { return r.ID == l.ID }) {
			looked = append(looked, l)
		}
	}
	if len(looked) == 0 {
		return nil
	}
	before, err := balancesOf(a.tx, looked)
	if err != nil {
		return err
	}
	if len(rebuilt) > 0 {
		sums, err := summedUp(a.tx, rebuilt)
		if err != nil {
			return err
		}
		if err := a.setBalances(rebuilt, before, sums); err != nil {
			return err
		}
	}
	return a.tellExceeded(looked, before)
}

// toRebuild lists the limits that are new, and those of customers whose windows moved.
func (a *applier) toRebuild() ([]limit.Limit, error) {
	rebuilt := slices.Clone(a.fresh)
	if len(a.moved) == 0 {
		return rebuilt, nil
	}
	all, err := a.tx.AllLimits()
	for _, l := range all {
		isFresh := slices.ContainsFunc(a.fresh, func(f limit.Limit) bool { return f.ID == l.ID })
		if a.moved[l.Customer] && !isFresh && (l.Period == limit.Contract || l.Period == limit.Year) {
			rebuilt = append(rebuilt, l)
		}
	}
	return rebuilt, err
}

func balancesOf(r Reader, limits []limit.Limit) (map[limit.Key]limit.Balance, error) {
	ids := make([]id.ID, len(limits))
	for n, l := range limits {
		ids[n] = l.ID
	}
	list, err := r.Balances(ids)
	out := map[limit.Key]limit.Balance{}
	for _, b := range list {
		out[b.Key] = b
	}
	return out, err
}

// setBalances writes what was summed up, and zero where a window has emptied.
func (a *applier) setBalances(limits []limit.Limit, before, sums map[limit.Key]limit.Balance) error {
	for k := range before {
		if _, ok := sums[k]; !ok && slices.ContainsFunc(limits, func(l limit.Limit) bool { return l.ID == k.Limit }) {
			sums[k] = limit.Balance{Key: k}
		}
	}
	for _, b := range sums {
		if b == before[b.Key] {
			continue
		}
		if err := a.tx.SetBalance(b); err != nil {
			return err
		}
	}
	return nil
}

// tellExceeded writes an event for each balance that is above its limit now and was not
// before.
func (a *applier) tellExceeded(limits []limit.Limit, before map[limit.Key]limit.Balance) error {
	for _, l := range limits {
		list, err := a.tx.Balances([]id.ID{l.ID})
		if err != nil {
			return err
		}
		was, changed := a.was[l.ID]
		if !changed {
			was = l.Value
		}
		for _, b := range list {
			had, there := before[b.Key]
			if b.Used+b.Held <= l.Value || (there && had.Used+had.Held > was) {
				continue
			}
			if err := a.tx.InsertEvent(exceeded(l, b, l.Customer, a.now, a.by)); err != nil {
				return err
			}
		}
	}
	return nil
}

// exceeded tells that a balance has come above its limit.
func exceeded(l limit.Limit, b limit.Balance, customer id.ID, now time.Time, by id.ID) Event {
	body, err := json.Marshal(map[string]string{"scope": string(l.Scope), "measure": string(l.Measure), "period": string(l.Period), "window": b.Window.String(),
		"limit": l.Value.String(), "used": b.Used.String(), "held": b.Held.String()})
	if err != nil { // texts
		panic(err)
	}
	return Event{At: now, Kind: "limit.exceeded", Customer: customer, Subject: l.ID, By: by, Body: body}
}

// entriesPage bounds what a scan of the ledger holds at a time.
const entriesPage = 5000

// summedUp is what entries count for against limits: each customer's against its own, and
// everybody's, customer by customer, against capacities.
func summedUp(r Reader, limits []limit.Limit) (map[limit.Key]limit.Balance, error) {
	sums := map[limit.Key]limit.Balance{}
	own, capacities := byCustomer(limits)
	if len(capacities) == 0 {
		for c, list := range own {
			if err := addUp(r, c, list, sums, nil); err != nil {
				return nil, err
			}
		}
		return sums, nil
	}
	return sums, eachCustomer(r, func(c tenant.Customer) error {
		return addUp(r, c.ID, append(own[c.ID], capacities...), sums, nil)
	})
}

// byCustomer parts limits by whose entries count against them.
func byCustomer(limits []limit.Limit) (own map[id.ID][]limit.Limit, capacities []limit.Limit) {
	own = map[id.ID][]limit.Limit{}
	for _, l := range limits {
		if l.Customer == 0 {
			capacities = append(capacities, l)
		} else {
			own[l.Customer] = append(own[l.Customer], l)
		}
	}
	return own, capacities
}

// eachCustomer walks all customers, page by page.
func eachCustomer(r Reader, fn func(tenant.Customer) error) error {
	q := CustomerQuery{Page: Page{Ascending: true, Limit: 500}}
	for {
		page, err := r.Customers(q)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, c := range page {
			if err := fn(c); err != nil {
				return err
			}
		}
		q.After = page[len(page)-1].ID
	}
}

// addUp adds what one customer's entries count for against limits. seen, if not nil, is
// told of each page.
func addUp(r Reader, customer id.ID, limits []limit.Limit, sums map[limit.Key]limit.Balance, seen func([]ledger.Entry)) error {
	who, err := r.Customer(customer)
	if err != nil {
		return err
	}
	contracts, err := r.Contracts(customer)
	if err != nil {
		return err
	}
	cal := limit.Calendar{YearFrom: who.YearFrom, Contracts: contracts}
	by := index(limits)
	var after EntryKey
	for {
		page, err := r.CustomerEntries(customer, after, entriesPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := limit.AddUp(sums, by.near(e), cal, e); err != nil {
				return invalid("limits", "What counts against a limit of %s is more than can be counted.", who.Name).because(ReasonQuantity)
			}
		}
		if seen != nil {
			seen(page)
		}
		last := page[len(page)-1]
		after = EntryKey{last.Subject, last.N}
	}
}

// byScope finds the few limits that an entry can count against.
type byScope map[id.ID][]limit.Limit

func index(limits []limit.Limit) byScope {
	out := byScope{}
	for _, l := range limits {
		out[l.ScopeID] = append(out[l.ScopeID], l)
	}
	return out
}

func (b byScope) near(e ledger.Entry) []limit.Limit {
	var out []limit.Limit
	for _, i := range [...]id.ID{e.Customer, e.Project, e.User, e.Resource, e.Offering} {
		if i != 0 {
			out = append(out, b[i]...)
		}
	}
	return out
}
