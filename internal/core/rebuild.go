package core

import (
	"encoding/json"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
)

// rebuild sums the balances of new limits, and of limits whose windows moved, up from
// the entries: the only scan there is outside of Verify. Limits found broken, or lowered
// below what counts against them, stay so until there is room again, and are told.
func (a *applier) rebuild() error {
	all, err := a.tx.AllLimits()
	if err != nil {
		return err
	}
	rebuilt := slices.Clone(a.fresh)
	for _, l := range all {
		isFresh := slices.ContainsFunc(a.fresh, func(f limit.Limit) bool { return f.ID == l.ID })
		if a.moved[l.Customer] && !isFresh && (l.Period == limit.Contract || l.Period == limit.Year) {
			rebuilt = append(rebuilt, l)
		}
	}
	if len(rebuilt) > 0 {
		sums, err := balances(a.tx, rebuilt)
		if err != nil {
			return err
		}
		if err := a.setBalances(rebuilt, sums); err != nil {
			return err
		}
	}
	return a.tellExceeded(append(rebuilt, a.lowered...))
}

// setBalances writes what was summed up, and zero where a window has emptied.
func (a *applier) setBalances(limits []limit.Limit, sums map[limit.Key]limit.Balance) error {
	ids := make([]id.ID, len(limits))
	for n, l := range limits {
		ids[n] = l.ID
	}
	now, err := a.tx.Balances(ids)
	if err != nil {
		return err
	}
	for _, b := range now {
		if _, ok := sums[b.Key]; !ok {
			sums[b.Key] = limit.Balance{Key: b.Key}
		}
	}
	for _, b := range sums {
		if err := a.tx.SetBalance(b); err != nil {
			return err
		}
	}
	return nil
}

// tellExceeded writes an event for each balance that is above its limit now.
func (a *applier) tellExceeded(limits []limit.Limit) error {
	for _, l := range limits {
		list, err := a.tx.Balances([]id.ID{l.ID})
		if err != nil {
			return err
		}
		for _, b := range list {
			if b.Used+b.Held <= l.Value {
				continue
			}
			body, err := json.Marshal(map[string]string{"limit": l.ID.Decimal(), "measure": string(l.Measure), "period": string(l.Period), "window": b.Window.String(),
				"value": l.Value.String(), "used": b.Used.String(), "held": b.Held.String()})
			if err != nil {
				return err
			}
			if err := a.tx.InsertEvent(Event{At: a.now, Kind: "limit.exceeded", Customer: l.Customer, Subject: l.ID, By: a.by, Body: body}); err != nil {
				return err
			}
		}
	}
	return nil
}

// entriesPage bounds what a scan of the ledger holds at a time.
const entriesPage = 5000

// eachEntries walks the whole ledger in pages, by (subject, n).
func eachEntries(r Reader, fn func([]ledger.Entry) error) error {
	var after EntryKey
	for {
		page, err := r.AllEntries(after, entriesPage)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
		last := page[len(page)-1]
		after = EntryKey{last.Subject, last.N}
	}
}

// calendars reads what windows are reckoned by, once a customer.
type calendars struct {
	r    Reader
	seen map[id.ID]limit.Calendar
}

func (c *calendars) of(customer id.ID) (limit.Calendar, error) {
	if k, ok := c.seen[customer]; ok {
		return k, nil
	}
	who, err := c.r.Customer(customer)
	if err != nil {
		return limit.Calendar{}, err
	}
	contracts, err := c.r.Contracts(customer)
	if err != nil {
		return limit.Calendar{}, err
	}
	k := limit.Calendar{YearFrom: who.YearFrom, Contracts: contracts}
	c.seen[customer] = k
	return k, nil
}

// balances sums up what all entries count for against limits.
func balances(r Reader, limits []limit.Limit) (map[limit.Key]limit.Balance, error) {
	by := index(limits)
	when := &calendars{r, map[id.ID]limit.Calendar{}}
	sums := map[limit.Key]limit.Balance{}
	err := eachEntries(r, func(page []ledger.Entry) error {
		for _, e := range page {
			near := by.near(e)
			if len(near) == 0 {
				continue
			}
			cal, err := when.of(e.Customer)
			if err != nil {
				return err
			}
			for k, d := range limit.Deltas(near, cal, []ledger.Entry{e}) {
				b, err := sums[k].Plus(d)
				if err != nil {
					return invalid("limits", "What counts against the limit %s is more than can be counted.", k.Limit).because(ReasonQuantity)
				}
				sums[k] = b
			}
		}
		return nil
	})
	return sums, err
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
	for _, i := range []id.ID{e.Customer, e.Project, e.User, e.Resource, e.Offering} {
		if i != 0 {
			out = append(out, b[i]...)
		}
	}
	return out
}
