package core_test

import (
	"math/big"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// history is what became of a resource, written down as it happened. What it comes to is
// found the plain way: every hour, day or month there was is looked at by itself, and the
// sum is a fraction that is rounded at the end. It shares nothing with what it is held
// against.
type history struct {
	resource id.ID
	parts    []part
	reports  map[report]reported
	byHand   bool // money was given back by hand
}

// part is what a resource was for a while.
type part struct {
	from, until time.Time // until zero: still
	plan        string
	have        map[string]money.Micro // by component
	promised    map[string]string      // price of a unit for the period it began in, where the plan began here
	begins      bool                   // the resource begins (again)
}

type report struct {
	comp  string
	month day.Day
}

type reported struct {
	total money.Micro
	part  int // whose plan prices it; -1: none
}

// tariff is what a plan is like, and what it asks from which day on.
type tariff struct {
	unit   string
	own    bool // months of the resource's own
	each   map[string][]dated
	once   map[string]string // the price of growing, or of what happens once
	repeat bool              // it asks again and again
}

type dated struct {
	from day.Day
	rate string
}

func (t *tariff) on(comp string, d day.Day) (string, bool) {
	rate, found := "", false
	best := day.Day(-1 << 30)
	for _, x := range t.each[comp] {
		if x.from <= d && x.from >= best {
			rate, found, best = x.rate, true, x.from
		}
	}
	return rate, found
}

// tariffs are the plans of the desk that charges are tried on.
type tariffs map[string]*tariff

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func ratOf(q money.Micro, rate string) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(int64(q), 1_000_000), rat(rate))
}

// cents rounds half away from zero; nothing here is below it.
func cents(r *big.Rat) money.Micro {
	x := new(big.Rat).Mul(r, big.NewRat(100, 1))
	twice := new(big.Int).Add(new(big.Int).Mul(x.Num(), big.NewInt(2)), x.Denom())
	return money.Micro(new(big.Int).Div(twice, new(big.Int).Mul(x.Denom(), big.NewInt(2))).Int64()) * 10_000
}

// joined reports whether a part goes on where the one before it ended.
func (h *history) joined(n int) bool {
	return n > 0 && !h.parts[n].begins && !h.parts[n-1].until.IsZero()
}

// planBegan is the part with which the plan of part n began.
func (h *history) planBegan(n int) int {
	for h.joined(n) && h.parts[n-1].plan == h.parts[n].plan {
		n--
	}
	return n
}

// price of a unit of part n in the period that begins on a day.
func (h *history) price(ts tariffs, n int, comp string, period day.Day) (string, bool) {
	began := h.parts[h.planBegan(n)]
	if rate, ok := began.promised[comp]; ok && !began.from.Before(period.Time()) {
		return rate, true
	}
	t := ts[h.parts[n].plan]
	if rate, ok := t.on(comp, period); ok {
		return rate, true
	}
	return t.on(comp, day.Of(h.parts[n].from))
}

// span of the period of part n's plan in which a day falls, by counting from the start.
func (h *history) span(ts tariffs, n int, on day.Day) (first, next day.Day) {
	t := ts[h.parts[n].plan]
	months := 1
	if t.unit == "quarter" {
		months = 3
	}
	if !t.own {
		first = on
		for first.Time().Day() != 1 || (int(first.Time().Month())-1)%months != 0 {
			first--
		}
		next = first + 1
		for next.Time().Day() != 1 || (int(next.Time().Month())-1)%months != 0 {
			next++
		}
		return first, next
	}
	began := n
	for h.joined(began) && ts[h.parts[began-1].plan].own {
		began--
	}
	anchor := day.Of(h.parts[began].from)
	for k := 0; ; k++ {
		if first, next = h.months(anchor, k*months), h.months(anchor, (k+1)*months); on < next {
			return first, next
		}
	}
}

// months is so many months after a day, or the last day of the month that has no such day.
func (h *history) months(d day.Day, n int) day.Day {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, 0).AddDate(0, 0, -1).Day()
	return day.Date(first.Year(), first.Month(), min(last, t.Day()))
}

// window is one unit of a plan within a period.
type window struct {
	kind     string
	from, to time.Time
}

// windows of part n's plan in the period that begins on a day; none where none does.
func (h *history) windows(ts tariffs, n int, period day.Day) []window {
	p := h.parts[n]
	if p.from.Before(period.Time()) && !p.until.IsZero() && !p.until.After(period.Time()) {
		return nil
	}
	first, next := h.span(ts, n, max(period, day.Of(p.from)))
	if first != period {
		return nil
	}
	t := ts[p.plan]
	kind := t.unit
	if t.own {
		kind += " of its own"
	}
	var out []window
	add := func(from, to time.Time) { out = append(out, window{kind, from, to}) }
	switch t.unit {
	case "hour":
		began := n
		for h.joined(began) && ts[h.parts[began-1].plan].unit == "hour" {
			began--
		}
		at := h.parts[began].from
		for at.Add(1000 * time.Hour).Before(first.Time()) {
			at = at.Add(1000 * time.Hour)
		}
		for ; at.Before(next.Time()); at = at.Add(time.Hour) {
			if !at.Before(first.Time()) {
				add(at, at.Add(time.Hour))
			}
		}
	case "day":
		for d := first; d < next; d++ {
			add(d.Time(), (d + 1).Time())
		}
	case "half_month":
		add(first.Time(), (first + 15).Time())
		add((first + 15).Time(), next.Time())
	default:
		add(first.Time(), next.Time())
	}
	return out
}

// in reports whether a part is there at any time of a window.
func (p part) in(w window) bool {
	if !p.from.Before(w.to) {
		return false
	}
	return p.until.IsZero() || p.until.After(w.from) || !p.from.Before(w.from) // what ended as it began was there
}

// comesTo is the total of a component that is asked in advance, in the period that begins
// on a day, at an instant.
func (h *history) comesTo(ts tariffs, comp string, period day.Day, at time.Time) money.Micro {
	dearest := map[window]*big.Rat{}
	var once money.Micro
	for n, p := range h.parts {
		t := ts[p.plan]
		if !t.repeat || p.from.After(at) {
			continue
		}
		list := h.windows(ts, n, period)
		if len(list) > 0 && !p.from.Before(period.Time()) {
			if first, _ := h.span(ts, n, day.Of(p.from)); first == period {
				once += h.grew(ts, n, comp)
			}
		}
		rate, ok := h.price(ts, n, comp, period)
		if !ok {
			continue
		}
		cost := ratOf(p.have[comp], rate)
		for _, w := range list {
			begun := w.from
			if w.kind == "day" || w.kind == "day of its own" {
				begun = period.Time() // all days of a period as it begins
			}
			if begun.After(at) || period.Time().After(at) || !p.in(w) {
				continue
			}
			if dearest[w] == nil || cost.Cmp(dearest[w]) > 0 {
				dearest[w] = cost
			}
		}
	}
	sum := new(big.Rat)
	for _, cost := range dearest {
		sum.Add(sum, cost)
	}
	return cents(sum) + once
}

// grew is what part n paid for what the resource grew by.
func (h *history) grew(ts tariffs, n int, comp string) money.Micro {
	growth := h.parts[n].have[comp]
	if h.joined(n) {
		growth -= h.parts[n-1].have[comp]
	}
	rate, ok := ts[h.parts[n].plan].once[comp]
	if !ok || growth <= 0 {
		return 0
	}
	return cents(ratOf(growth, rate))
}

// happened is what was charged in a period for what happens: one as the resource begins,
// few as its plan changes, too.
func (h *history) happened(ts tariffs, comp string, few bool, period day.Day, at time.Time) money.Micro {
	var sum money.Micro
	for n, p := range h.parts {
		t := ts[p.plan]
		switched := h.joined(n) && h.parts[n-1].plan != p.plan
		if p.from.After(at) || !t.repeat || h.joined(n) && !(few && switched) {
			continue
		}
		if first, _ := h.span(ts, n, day.Of(p.from)); first == period {
			sum += cents(rat(t.once[comp]))
		}
	}
	return sum
}

// wholeLife is what a component comes to that is charged once for good, and the period that
// holds it.
func (h *history) wholeLife(ts tariffs, comp string) (money.Micro, day.Day) {
	var period day.Day
	var sum money.Micro
	found := false
	for n, p := range h.parts {
		if !ts[p.plan].repeat {
			continue
		}
		if !found {
			period, _ = h.span(ts, n, day.Of(p.from))
			found = true
		}
		rate, _ := h.price(ts, n, comp, day.Of(h.parts[h.planBegan(n)].from))
		sum = cents(ratOf(p.have[comp], rate))
	}
	return sum, period
}

// metered is what was reported of a month, at the price of the plan it was found under.
func (h *history) metered(ts tariffs, k report) (amount, quantity money.Micro) {
	r, ok := h.reports[k]
	if !ok || r.part < 0 {
		return 0, 0
	}
	rate, ok := h.price(ts, r.part, k.comp, k.month)
	if !ok {
		return 0, 0
	}
	return cents(ratOf(r.total, rate)), r.total
}
