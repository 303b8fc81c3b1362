package price

import (
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// Terms is what one component of a resource was from when to when, and what it is priced
// by.
type Terms struct {
	Sheet     *catalog.Sheet
	Component catalog.Component
	Stretches []Stretch // oldest first; they do not overlap
}

// Stretch is one plan and one quantity, from an instant to another. Once and Each are the
// prices that the order which began it was promised; nil: those of the price list.
type Stretch struct {
	ID         id.ID
	From       time.Time
	Until      *time.Time // nil: it goes on
	Plan       id.ID
	Quantity   money.Micro
	Once, Each *money.Rate
}

// Period is what a plan's recurring prices are reckoned by: a calendar month or quarter,
// or the resource's own where the plan binds for a term. It is named by its first day.
type Period struct{ First, Next day.Day }

// Begun returns the terms with another stretch from an instant on, as an order done then
// would leave them. One that began at that very instant is replaced.
func (t Terms) Begun(s Stretch) Terms {
	before := t.Stretches
	out := make([]Stretch, len(before), len(before)+1)
	copy(out, before)
	if n := len(out) - 1; n >= 0 && out[n].Until == nil {
		if out[n].From.Equal(s.From) {
			s.Once, s.Each = kept(s.Once, out[n].Once), kept(s.Each, out[n].Each)
			out = out[:n]
		} else {
			until := s.From
			out[n].Until = &until
		}
	}
	t.Stretches = append(out, s)
	return t
}

func kept(r, was *money.Rate) *money.Rate {
	if r == nil {
		return was
	}
	return r
}

func (t Terms) plan(i int) catalog.Plan {
	p, _ := t.Sheet.Plan(t.Stretches[i].Plan)
	return p
}

// Recurs reports whether a plan asks again and again. What is prepaid, and what is paid
// by quantity alone, is charged by its orders.
func Recurs(p catalog.Plan) bool { return p.ID != 0 && !p.Prepaid && p.Unit != catalog.Quantity }

// follows reports whether a stretch goes on where the one before it ended: the resource
// was not ended between them.
func (t Terms) follows(i int) bool {
	if i == 0 {
		return false
	}
	until := t.Stretches[i-1].Until
	return until != nil && until.Equal(t.Stretches[i].From)
}

// since is the first stretch of those up to i that follow each other and are alike.
func (t Terms) since(i int, alike func(i int) bool) int {
	for t.follows(i) && alike(i-1) {
		i--
	}
	return i
}

// run is the first stretch of i's plan.
func (t Terms) run(i int) int {
	return t.since(i, func(n int) bool { return t.Stretches[n].Plan == t.Stretches[i].Plan })
}

// own reports whether a plan's periods are the resource's own months.
func own(p catalog.Plan) bool { return p.TermMonths > 0 && !p.Prepaid }

// Period is the one in which a day falls, of the plan of stretch i.
func (t Terms) Period(i int, on day.Day) Period {
	p, months := t.plan(i), 1
	if p.Unit == catalog.Quarter {
		months = 3
	}
	if own(p) {
		began := t.since(i, func(n int) bool { return own(t.plan(n)) })
		return ownPeriod(day.Of(t.Stretches[began].From), on, months)
	}
	at := on.Time()
	first := day.Date(at.Year(), time.Month((int(at.Month())-1)/months*months+1), 1)
	return Period{first, first.Month(months)}
}

// ownPeriod counts months from an anchor: from the 31st the next begins on the 30th, or
// on the last of February, and the one after it on the 31st again.
func ownPeriod(anchor, on day.Day, size int) Period {
	a, o := anchor.Time(), on.Time()
	at := func(n int) day.Day { return day.Of(months(a, n*size)) }
	n := ((o.Year()-a.Year())*12 + int(o.Month()) - int(a.Month())) / size
	for at(n) > on {
		n--
	}
	for at(n+1) <= on {
		n++
	}
	return Period{at(n), at(n + 1)}
}

// starting is the period of stretch i's plan that begins on a day, if one does.
func (t Terms) starting(i int, on day.Day) (Period, bool) {
	p := t.Period(i, on)
	return p, p.First == on
}

// Whole reports whether a component is charged once for a resource's whole life, and
// later changes as more or less: what is asked in advance, and capped in all.
func Whole(c catalog.Component) bool {
	return c.Billing == catalog.ByLimit && c.Span() == "total"
}

// wholeKey is the period that holds the charge for a whole life: its first one.
func (t Terms) wholeKey() (day.Day, bool) {
	for i, s := range t.Stretches {
		if Recurs(t.plan(i)) {
			return t.Period(i, day.Of(s.From)).First, true
		}
	}
	return 0, false
}

// Key is the first day of the period in which what happens at an instant to the latest
// stretch is charged.
func (t Terms) Key(at time.Time) (day.Day, bool) {
	i := len(t.Stretches) - 1
	if i < 0 || !Recurs(t.plan(i)) {
		return 0, false
	}
	if Whole(t.Component) {
		return t.wholeKey()
	}
	return t.Period(i, day.Of(at)).First, true
}

// last is the last instant that a stretch covers, up to a bound.
func (s Stretch) last(until time.Time) time.Time {
	if s.Until == nil || s.Until.After(until) {
		return until
	}
	if end := s.Until.Add(-time.Microsecond); end.After(s.From) {
		return end
	}
	return s.From // what ended as it began has begun
}

// Keys lists the first days of the periods that any stretch covers a part of between two
// instants, each once, the earliest first in each stretch.
func (t Terms) Keys(from, until time.Time) []day.Day {
	var out []day.Day
	seen := map[day.Day]bool{}
	add := func(k day.Day) {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	for i, s := range t.Stretches {
		begin, end := s.From, s.last(until)
		if begin.Before(from) {
			begin = from
		}
		if !Recurs(t.plan(i)) || begin.After(end) {
			continue
		}
		if Whole(t.Component) {
			k, _ := t.wholeKey()
			add(k)
			continue
		}
		for p := t.Period(i, day.Of(begin)); p.First <= day.Of(end); p = t.Period(i, p.Next) {
			add(p.First)
		}
	}
	return out
}

// Next is when the latest stretch asks for more: at the next boundary of its plan after an
// instant. ok is false where it has ended, or asks for nothing again.
func (t Terms) Next(after time.Time) (at time.Time, ok bool) {
	i := len(t.Stretches) - 1
	if i < 0 || t.Stretches[i].Until != nil || !Recurs(t.plan(i)) {
		return time.Time{}, false
	}
	today := day.Of(after)
	p := t.Period(i, today)
	switch u := t.plan(i).Unit; {
	case u == catalog.Hour:
		return (today + 1).Time(), true
	case u == catalog.HalfMonth && today < p.First+half:
		return (p.First + half).Time(), true
	}
	return p.Next.Time(), true
}

// half is when the second half of a month begins, in days from its first.
const half = 15

// each is the price of a unit of stretch i in a period: what was promised where the plan
// began in it, else what the price list says on its first day; of what had no price then,
// on the day the stretch began.
func (t Terms) each(i int, p day.Day) (money.Rate, bool) {
	s := t.Stretches[i]
	if run := t.Stretches[t.run(i)]; run.Each != nil && day.Of(run.From) >= p {
		return *run.Each, true
	}
	row, ok := t.Sheet.Price(s.Plan, t.Component.ID, p)
	if !ok {
		row, ok = t.Sheet.Price(s.Plan, t.Component.ID, day.Of(s.From))
	}
	return row.Each, ok
}

// rate is the price of a unit of the latest stretch at an instant.
func (t Terms) rate(at time.Time) (money.Rate, bool) {
	i := len(t.Stretches) - 1
	switch {
	case i < 0 || !Recurs(t.plan(i)):
		return 0, false
	case Whole(t.Component):
		return t.each(i, t.begun(i))
	}
	return t.each(i, t.Period(i, day.Of(at)).First)
}

// begun is the day on which the plan of stretch i began.
func (t Terms) begun(i int) day.Day { return day.Of(t.Stretches[t.run(i)].From) }

// once is the price of growing by a unit as stretch i begins.
func (t Terms) once(i int) money.Rate {
	s := t.Stretches[i]
	if s.Once != nil {
		return *s.Once
	}
	row, _ := t.Sheet.Price(s.Plan, t.Component.ID, day.Of(s.From))
	if row.Once == 0 && eventful(t.Component) {
		return row.Each
	}
	return row.Once
}

// eventful components are charged as something happens, not by the period.
func eventful(c catalog.Component) bool {
	return c.Billing == catalog.Once || c.Billing == catalog.Few
}
