// Package limit says which limits an entry counts against and whether what is
// asked fits. Pure functions: no clock, no I/O. Balances come from the caller and
// are a cache of the ledger's entries.
package limit

import (
	"cmp"
	"slices"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// Measure is what a limit bounds.
type Measure string

// Money in the customer's currency, or a quantity of components of one unit.
const (
	Money    Measure = "money"
	Quantity Measure = "quantity"
)

// Period is the span a limit counts over.
type Period string

// The periods. Total never ends.
const (
	Contract Period = "contract"
	Year     Period = "year"
	Quarter  Period = "quarter"
	Month    Period = "month"
	Total    Period = "total"
)

// Periods lists them, wide before narrow.
func Periods() []Period { return []Period{Total, Contract, Year, Quarter, Month} }

// Limit bounds used + held.
type Limit struct {
	ID        id.ID
	Scope     tenant.Scope
	ScopeID   id.ID
	Customer  id.ID // 0 only on an offering
	Measure   Measure
	Offering  id.ID // about; 0 with Component 0: everything
	Component id.ID // about
	Period    Period
	Value     money.Micro // ≥ 0; no limit is no row
	Rev       int64
}

// Calendar is what windows of one customer are reckoned by.
type Calendar struct {
	YearFrom  day.Day
	Contracts []tenant.Contract
}

// Window returns the first day of the window a day falls in; ok is false where
// no contract covers it.
func (c Calendar) Window(p Period, on day.Day) (day.Day, bool) {
	switch p {
	case Total:
		return 0, true
	case Month:
		return on.Month(0), true
	case Quarter:
		t := on.Time()
		return day.Date(t.Year(), (t.Month()-1)/3*3+1, 1), true
	case Year:
		return c.year(on), true
	case Contract:
		for _, k := range c.Contracts {
			if k.From <= on && on < k.To {
				return k.From, true
			}
		}
	}
	return 0, false
}

// year counts anniversaries of YearFrom; 29 February as 1 March.
func (c Calendar) year(on day.Day) day.Day {
	from, t := c.YearFrom.Time(), on.Time()
	in := func(y int) day.Day { return day.Date(y, from.Month(), from.Day()) }
	if first := in(t.Year()); first <= on {
		return first
	}
	return in(t.Year() - 1)
}

// Covered reports whether orders may count on a day: a customer with contracts
// orders only for days that one covers.
func (c Calendar) Covered(on day.Day) bool {
	_, ok := c.Window(Contract, on)
	return ok || len(c.Contracts) == 0
}

// Key names a balance: a limit and the first day of one of its windows.
type Key struct {
	Limit  id.ID
	Window day.Day
}

// Balance is what counts against a limit in one window.
type Balance struct {
	Key
	Used, Held money.Micro
}

// Plus adds what happened to a balance; money.ErrRange where that is more than can be
// counted.
func (b Balance) Plus(d Balance) (Balance, error) {
	used, err := money.Add(b.Used, d.Used)
	if err != nil {
		return b, err
	}
	held, err := money.Add(b.Held, d.Held)
	return Balance{Key: d.Key, Used: used, Held: held}, err
}

// Match returns the balances an entry counts against, in the order of limits.
func Match(limits []Limit, c Calendar, e ledger.Entry) []Key {
	var keys []Key
	for _, l := range limits {
		if k, ok := l.match(c, e); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// Window returns the first day of the limit's window that a day falls in, by the calendar of
// the customer who asks; what all customers share has the calendar's own years.
func (l Limit) Window(c Calendar, on day.Day) (day.Day, bool) {
	if l.Customer == 0 {
		c = Calendar{}
	}
	return c.Window(l.Period, on)
}

func (l Limit) match(c Calendar, e ledger.Entry) (Key, bool) {
	if !l.stands(e) || !l.about(e) {
		return Key{}, false
	}
	w, ok := l.Window(c, e.CountsOn)
	return Key{l.ID, w}, ok
}

func (l Limit) stands(e ledger.Entry) bool {
	if l.Customer != 0 && l.Customer != e.Customer {
		return false
	}
	switch l.Scope { // no map: a scan of the ledger comes here for each entry and limit
	case tenant.OnCustomer:
		return l.ScopeID == e.Customer
	case tenant.OnProject:
		return l.ScopeID == e.Project
	case tenant.OnUser:
		return l.ScopeID == e.User
	case tenant.OnResource:
		return l.ScopeID == e.Resource
	case tenant.OnOffering:
		return l.ScopeID == e.Offering
	}
	return false
}

func (l Limit) about(e ledger.Entry) bool {
	return (l.Component == 0 || l.Component == e.Component) && (l.Offering == 0 || l.Offering == e.Offering)
}

// of picks what the limit measures.
func (l Limit) of(s ledger.Sums) money.Micro {
	if l.Measure == Quantity {
		return s.Quantity
	}
	return s.Amount
}

// Deltas adds up what the entries of one act do to each balance they count against. Who
// made them has seen that they can be counted.
func Deltas(limits []Limit, c Calendar, entries []ledger.Entry) map[Key]Balance {
	out := map[Key]Balance{}
	for _, e := range entries {
		held, used := e.Delta()
		for _, l := range limits {
			if k, ok := l.match(c, e); ok {
				b := out[k]
				out[k] = Balance{Key: k, Used: b.Used + l.of(used), Held: b.Held + l.of(held)}
			}
		}
	}
	return out
}

// AddUp adds what one entry does to each balance it counts against; money.ErrRange where
// nobody could count that.
func AddUp(sums map[Key]Balance, limits []Limit, c Calendar, e ledger.Entry) error {
	held, used := e.Delta()
	for _, l := range limits {
		if k, ok := l.match(c, e); ok {
			b, err := sums[k].Plus(Balance{Key: k, Used: l.of(used), Held: l.of(held)})
			if err != nil {
				return err
			}
			sums[k] = b
		}
	}
	return nil
}

// Breach is a limit that what is asked does not fit.
type Breach struct {
	Limit
	Used, Held, Asked money.Micro
}

// Check adds up what holds and charges ask of each balance and returns every
// limit broken: used + held + asked > value. later names components that can be
// charged later, so that their limits are looked at though nothing is asked now.
// First customer, then project, user, resource, offering; money before quantity;
// wide before narrow.
func Check(limits []Limit, c Calendar, asked []ledger.Entry, later map[id.ID]bool, read func(Key) (Balance, error)) ([]Breach, error) {
	type sum struct {
		asked money.Micro
		look  bool
	}
	sums := map[Key]sum{}
	for _, e := range asked {
		_, used := ledger.Entry{Kind: ledger.Charge, Amount: e.Amount, Quantity: e.Quantity}.Delta()
		for _, l := range limits {
			k, ok := l.match(c, e)
			if !ok {
				continue
			}
			s := sums[k]
			total, err := money.Add(s.asked, l.of(used))
			if err != nil {
				return nil, err
			}
			sums[k] = sum{total, s.look || later[e.Component]}
		}
	}
	var broken []Breach
	for _, l := range limits {
		for k, s := range sums {
			if k.Limit != l.ID || (s.asked == 0 && !s.look) {
				continue
			}
			b, err := read(k)
			if err != nil {
				return nil, err
			}
			if total, err := money.Add(b.Used, b.Held, s.asked); err != nil || total > l.Value {
				broken = append(broken, Breach{l, b.Used, b.Held, s.asked})
			}
		}
	}
	slices.SortFunc(broken, func(a, b Breach) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
	})
	return broken, nil
}

func rank(b Breach) int {
	scopes := []tenant.Scope{tenant.OnCustomer, tenant.OnProject, tenant.OnUser, tenant.OnResource, tenant.OnOffering}
	n := slices.Index(scopes, b.Scope) * 100
	if b.Measure == Quantity {
		n += 50
	}
	if b.Offering != 0 {
		n += 10
	}
	if b.Component != 0 {
		n += 20
	}
	return n + slices.Index(Periods(), b.Period)
}
