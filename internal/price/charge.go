package price

import (
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// Usage is what was reported of a component in a month. Term is the stretch whose plan
// prices it; 0: it is stored, not charged.
type Usage struct {
	Reported *money.Micro
	Term     id.ID
}

// Charged is what a period comes to: the amount, and the quantity it is for (of what is
// billed by limit, the most there was; of what is charged as it happens, how often).
type Charged struct{ Quantity, Amount money.Micro }

// Charge is what one component of a resource comes to in the period that begins on a day,
// as things stand at an instant: the total, rounded once. It is a function of what it is
// given alone, so that it comes to the same whenever, and however often, it is asked.
func Charge(t Terms, u Usage, period day.Day, at time.Time) (Charged, error) {
	switch {
	case t.Component.Billing == catalog.ByUsage:
		return t.metered(u, period)
	case eventful(t.Component):
		return t.events(period, at)
	case Whole(t.Component):
		return t.whole(period, at)
	}
	return t.recurring(period, at)
}

// metered: what was reported, at the price of its stretch.
func (t Terms) metered(u Usage, period day.Day) (Charged, error) {
	for i, s := range t.Stretches {
		if s.ID != u.Term || u.Term == 0 || u.Reported == nil {
			continue
		}
		each, ok := t.each(i, period)
		if !ok {
			break
		}
		amount, err := Metered(t.plan(i).Currency, *u.Reported, each)
		return Charged{*u.Reported, amount}, err
	}
	return Charged{}, nil
}

// events: one as the resource begins; few at each switch of plan, too.
func (t Terms) events(period day.Day, at time.Time) (Charged, error) {
	var out Charged
	for i, s := range t.Stretches {
		first := !t.follows(i)
		switched := !first && t.Component.Billing == catalog.Few && t.Stretches[i-1].Plan != s.Plan
		if s.From.After(at) || !Recurs(t.plan(i)) || !(first || switched) || t.Period(i, day.Of(s.From)).First != period {
			continue
		}
		amount, err := money.Times(t.plan(i).Currency, money.Unit, t.once(i), 1, 1)
		if err != nil {
			return out, err
		}
		if out.Amount, err = money.Add(out.Amount, amount); err != nil {
			return out, err
		}
		out.Quantity += money.Unit
	}
	return out, nil
}

// grown is what the resource paid, as stretch i began, for what it grew by.
func (t Terms) grown(i int) (money.Micro, error) {
	growth := t.Stretches[i].Quantity
	if t.follows(i) {
		growth -= t.Stretches[i-1].Quantity
	}
	if growth <= 0 {
		return 0, nil
	}
	return money.Times(t.plan(i).Currency, growth, t.once(i), 1, 1)
}

// whole: the quantity there is, or was last, at the price of the plan's beginning.
func (t Terms) whole(period day.Day, at time.Time) (Charged, error) {
	var out Charged
	if key, ok := t.wholeKey(); !ok || key != period {
		return out, nil
	}
	var total, once money.Micro
	for i, s := range t.Stretches {
		if s.From.After(at) || !Recurs(t.plan(i)) {
			continue
		}
		grown, err := t.grown(i)
		if err != nil {
			return out, err
		}
		if once, err = money.Add(once, grown); err != nil {
			return out, err
		}
		each, _ := t.each(i, t.begun(i))
		if total, err = money.Times(t.plan(i).Currency, s.Quantity, each, 1, 1); err != nil {
			return out, err
		}
		out.Quantity = s.Quantity
	}
	var err error
	out.Amount, err = money.Add(total, once)
	return out, err
}

// slot is one unit of a plan within a period: the month itself, a day, an hour.
type slot struct {
	unit  catalog.Unit
	own   bool
	begin int64
}

// recurring: each unit of the plan that has begun, at the dearest of what it was for: a
// raise counts from the unit in which it came, a cut from the one after it. What the
// resource grew by is paid once beside it.
func (t Terms) recurring(period day.Day, at time.Time) (Charged, error) {
	var out Charged
	var once money.Micro
	var currency money.Currency
	dearest := map[slot]money.Product{}
	for i, s := range t.Stretches {
		plan := t.plan(i)
		if s.From.After(at) || !Recurs(plan) || period.Time().After(at) {
			continue
		}
		p, ok := t.starting(i, period)
		if !ok || !s.From.Before(p.Next.Time()) || s.last(p.Next.Time()).Before(p.First.Time()) {
			continue
		}
		currency = plan.Currency
		if first := day.Of(s.From); first >= p.First {
			grown, err := t.grown(i)
			if err != nil {
				return out, err
			}
			if once, err = money.Add(once, grown); err != nil {
				return out, err
			}
		}
		each, priced := t.each(i, period)
		if !priced {
			continue
		}
		out.Quantity = max(out.Quantity, s.Quantity)
		product := money.Product{Quantity: s.Quantity, Rate: each, Num: 1}
		t.units(i, p, at, func(begin int64) {
			k := slot{plan.Unit, own(plan), begin}
			if had, ok := dearest[k]; !ok || product.More(had) {
				dearest[k] = product
			}
		})
	}
	total, err := money.Total(currency, together(dearest)...)
	if err != nil {
		return out, err
	}
	out.Amount, err = money.Add(total, once)
	return out, err
}

// together counts units of one price and quantity as one product.
func together(units map[slot]money.Product) []money.Product {
	count := map[money.Product]int64{}
	for _, p := range units {
		count[p]++
	}
	out := make([]money.Product, 0, len(count))
	for p, n := range count {
		p.Num = n
		out = append(out, p)
	}
	return out
}

// units names each unit of a period that stretch i has a part of and that is charged by an
// instant: months, quarters and days as the period begins, hours and halves as they do.
func (t Terms) units(i int, p Period, at time.Time, each func(begin int64)) {
	s := t.Stretches[i]
	end := s.last(p.Next.Time().Add(-time.Microsecond))
	switch t.plan(i).Unit {
	case catalog.Hour:
		t.hours(i, p, at, each)
	case catalog.Day:
		for d := max(p.First, day.Of(s.From)); d <= day.Of(end); d++ {
			each(int64(d))
		}
	case catalog.HalfMonth:
		for _, b := range []Period{{p.First, p.First + half}, {p.First + half, p.Next}} {
			if s.From.Before(b.Next.Time()) && !end.Before(b.First.Time()) && !b.First.Time().After(at) {
				each(int64(b.First))
			}
		}
	case catalog.Month, catalog.Quarter, catalog.Quantity:
		each(int64(p.First))
	}
}

// hours are counted from the beginning of the first plan by the hour; one belongs to the
// period in which it begins.
func (t Terms) hours(i int, p Period, at time.Time, each func(begin int64)) {
	s := t.Stretches[i]
	began := t.Stretches[t.since(i, func(n int) bool { return t.plan(n).Unit == catalog.Hour })].From
	first := began.Add(s.From.Sub(began) / time.Hour * time.Hour)
	if behind := p.First.Time().Sub(first); behind > 0 {
		first = first.Add((behind + time.Hour - 1) / time.Hour * time.Hour)
	}
	last := s.last(at)
	for h := first; !h.After(last) && h.Before(p.Next.Time()); h = h.Add(time.Hour) {
		each(h.Unix())
	}
}
