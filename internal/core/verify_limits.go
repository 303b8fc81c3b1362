package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
)

// limits of each customer have the balances that its entries add up to, window by window.
func (v *books) limits() error {
	own, _, err := v.allLimits()
	if err != nil {
		return err
	}
	for _, c := range slices.Sorted(maps.Keys(own)) {
		if err := v.piece(func() error { return v.ofCustomer(c, own[c]) }); err != nil {
			return err
		}
	}
	return nil
}

// allLimits lists those there are. They may change before they are looked at: each piece
// reads them again.
func (v *books) allLimits() (own map[id.ID][]limit.Limit, capacities []limit.Limit, err error) {
	err = v.piece(func() error {
		all, err := v.r.AllLimits()
		own, capacities = byCustomer(all)
		v.found.Limits = len(all)
		return err
	})
	return own, capacities, err
}

// still returns those of some limits that are there in this snapshot, as they are now.
func (v *books) still(limits []limit.Limit) ([]limit.Limit, error) {
	var on []LimitScope
	for _, l := range limits {
		if at := (LimitScope{l.Scope, l.ScopeID}); !slices.Contains(on, at) {
			on = append(on, at)
		}
	}
	now, err := v.r.Limits(on)
	return slices.DeleteFunc(now, func(l limit.Limit) bool {
		return !slices.ContainsFunc(limits, func(x limit.Limit) bool { return x.ID == l.ID })
	}), err
}

func (v *books) ofCustomer(c id.ID, limits []limit.Limit) error {
	limits, err := v.still(limits)
	if err != nil || len(limits) == 0 {
		return err
	}
	if ok, err := v.there("customer", c); err != nil || !ok {
		v.say("%s is of customer %s, who is not there.", named(limits[0]), c)
		return err
	}
	want := map[limit.Key]limit.Balance{}
	if err := addUp(v.r, c, limits, want, func(page []ledger.Entry) { v.found.Rows += int64(len(page)) }); err != nil {
		return err
	}
	return v.compare(limits, want)
}

// compare holds the balances of limits against what the entries add up to.
func (v *books) compare(limits []limit.Limit, want map[limit.Key]limit.Balance) error {
	byID := map[id.ID]limit.Limit{}
	for _, l := range limits {
		byID[l.ID] = l
	}
	have, err := balancesOf(v.r, limits)
	if err != nil {
		return err
	}
	v.found.Rows += int64(len(have))
	all := map[limit.Key]bool{}
	for k := range have {
		all[k] = true
	}
	for k := range want {
		all[k] = true
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b limit.Key) int {
		return cmp.Or(cmp.Compare(a.Limit, b.Limit), cmp.Compare(a.Window, b.Window))
	})
	for _, k := range keys {
		b, ok := have[k]
		w := want[k]
		switch {
		case !ok && (w.Used != 0 || w.Held != 0):
			v.say("%s has no balance from %s on, and %s used and %s held by the entries.", named(byID[k.Limit]), k.Window, w.Used, w.Held)
		case ok && (w.Used != b.Used || w.Held != b.Held || b.Used < 0 || b.Held < 0):
			v.say("%s has %s used and %s held from %s on, and %s and %s by the entries.", named(byID[k.Limit]), b.Used, b.Held, b.Window, w.Used, w.Held)
		}
	}
	return nil
}

func named(l limit.Limit) string {
	return fmt.Sprintf("The %s limit %s by %s on %s %s", l.Measure, l.ID, l.Period, l.Scope, l.ScopeID)
}

// shares are what each customer's entries count for against capacities, and the position
// of the feed in the snapshot they were read from.
type shares struct {
	sums map[id.ID]map[limit.Key]limit.Balance
	at   map[id.ID]int64
	size map[id.ID]int // entries
}

// fewEntries are read again in the snapshot that balances are compared in. Tests make them fewer.
var fewEntries = 100_000

// capacities have balances that span customers. Each customer's share is read from a
// snapshot of its own; then, as whatever writes an entry leaves an event of its customer,
// the feed tells whose shares have moved since. Those are read again, in ever shorter
// rounds, and the last few in the snapshot in which all are compared with the balances.
func (v *books) capacities() error {
	_, limits, err := v.allLimits()
	if err != nil || len(limits) == 0 {
		return err
	}
	v.fed = map[id.ID]int64{}
	s := &shares{map[id.ID]map[limit.Key]limit.Balance{}, map[id.ID]int64{}, map[id.ID]int{}}
	todo, err := v.customers()
	for before := int(^uint(0) >> 1); err == nil; {
		for _, c := range todo {
			if err := v.piece(func() error { return v.share(s, c, limits) }); err != nil {
				return err
			}
		}
		done := false
		err = v.piece(func() error {
			if err := v.feedAll(); err != nil {
				return err
			}
			size := 0
			todo, size = s.stale(v.fed)
			if done = size <= fewEntries || size >= before; !done {
				before = size
				return nil
			}
			return v.compareShares(s, todo, limits)
		})
		if done {
			break
		}
	}
	v.fed = nil
	return err
}

func (v *books) customers() (out []id.ID, err error) {
	q := CustomerQuery{Page: Page{Ascending: true, Limit: verifyPage}}
	err = v.pieces(func() (bool, error) {
		page, err := v.r.Customers(q)
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, c := range page {
			out = append(out, c.ID)
		}
		q.After = page[len(page)-1].ID
		return true, nil
	})
	return out, err
}

func (v *books) feedAll() error {
	for {
		if more, err := v.feed(); err != nil || !more {
			return err
		}
	}
}

// share reads one customer's part of the capacities, in the snapshot of this piece.
func (v *books) share(s *shares, c id.ID, limits []limit.Limit) error {
	if err := v.feedAll(); err != nil {
		return err
	}
	sums, n := map[limit.Key]limit.Balance{}, 0
	err := addUp(v.r, c, limits, sums, func(page []ledger.Entry) { n += len(page) })
	v.found.Rows += int64(n)
	s.sums[c], s.at[c], s.size[c] = sums, v.found.Events, n
	return err
}

// stale lists the customers whose shares may have moved since they were read, and how
// many entries they had.
func (s *shares) stale(fed map[id.ID]int64) (list []id.ID, entries int) {
	for c, pos := range fed {
		if c != 0 && pos > s.at[c] {
			list = append(list, c)
			entries += s.size[c]
		}
	}
	slices.Sort(list)
	return list, entries
}

// compareShares reads the last shares again, and compares all with the balances, in the
// snapshot of this piece.
func (v *books) compareShares(s *shares, stale []id.ID, limits []limit.Limit) error {
	limits, err := v.still(limits)
	if err != nil {
		return err
	}
	for _, c := range stale {
		if err := v.share(s, c, limits); err != nil {
			return err
		}
	}
	is := map[id.ID]bool{}
	for _, l := range limits {
		is[l.ID] = true
	}
	want := map[limit.Key]limit.Balance{}
	for _, sums := range s.sums {
		for k, b := range sums {
			if is[k.Limit] {
				w := want[k]
				want[k] = limit.Balance{Key: k, Used: w.Used + b.Used, Held: w.Held + b.Held}
			}
		}
	}
	return v.compare(limits, want)
}
