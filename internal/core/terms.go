package core

import (
	"maps"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// stretches are a resource's terms as one component sees them.
func stretches(terms []order.Term, component id.ID) []price.Stretch {
	out := make([]price.Stretch, len(terms))
	for n, t := range terms {
		out[n] = price.Stretch{ID: t.ID, From: t.From, Until: t.Until, Plan: t.Plan, Quantity: t.Quantities[component],
			Once: promised(t.Once, component), Each: promised(t.Each, component)}
	}
	return out
}

func promised(r order.Rates, component id.ID) *money.Rate {
	if v, ok := r[component]; ok {
		return &v
	}
	return nil
}

func termsOf(sheet *catalog.Sheet, c catalog.Component, terms []order.Term) price.Terms {
	return price.Terms{Sheet: sheet, Component: c, Stretches: stretches(terms, c.ID)}
}

// flows reports whether the quantities of what a component is charged for count as used:
// what is metered, and what is asked again each period and never comes back.
func flows(c catalog.Component) bool {
	return c.Billing == catalog.ByUsage || (!c.Stock && (c.Billing == catalog.ByLimit || c.Billing == catalog.ByFixed))
}

// firstDay is the day on which the stretches that cover any of a period began: nothing of
// it can count before that.
func firstDay(res order.Resource, terms []order.Term, period day.Day) day.Day {
	first, found := day.Of(res.ID.Time()), false
	for n, t := range terms {
		if follows := n > 0 && terms[n-1].Until != nil && terms[n-1].Until.Equal(t.From); follows || found && t.Until != nil && !t.Until.After(period.Time()) {
			continue
		}
		if found && lifeEnd(terms, n-1) > period { // an earlier life reaches into the period
			break
		}
		first, found = day.Of(t.From), true
	}
	return first
}

// lifeEnd is the day on which stretch n ended.
func lifeEnd(terms []order.Term, n int) day.Day {
	if terms[n].Until == nil {
		return 1<<31 - 1
	}
	return day.Of(*terms[n].Until)
}

// openTerm closes the running stretch of plan and quantities and opens the next. One that
// began at this very instant is only corrected: two cannot begin at once.
func (d *draft) openTerm() error {
	if d.sheet.Offering.Measure == catalog.Imagery {
		return nil
	}
	if err := d.readLife(); err != nil {
		return err
	}
	if err := d.goOn(); err != nil {
		return err
	}
	n := len(d.life) - 1
	if d.o.Type == order.Terminate {
		if n >= 0 && d.life[n].Until == nil {
			d.endTerm(n)
		}
		return nil
	}
	next := order.Term{ID: d.ids.draw(), Resource: d.res.ID, From: d.now, Plan: d.res.Plan, Quantities: d.res.Quantities}
	next.Once, next.Each = d.promises()
	switch {
	case n >= 0 && d.life[n].From.Equal(d.now):
		was := d.life[n]
		next.ID, next.Once, next.Each = was.ID, merged(was.Once, next.Once), merged(was.Each, next.Each)
		d.life[n] = next
		d.terms = append(d.terms, next)
		return nil
	case n >= 0 && d.life[n].Until == nil:
		d.endTerm(n)
	}
	d.life = append(d.life, next)
	d.terms = append(d.terms, next)
	return nil
}

// stop closes the running stretch, if there is one.
func (d *draft) stop() error {
	if err := d.readLife(); err != nil {
		return err
	}
	n := len(d.life) - 1
	if n < 0 || d.life[n].Until != nil {
		return nil
	}
	if err := d.goOn(); err != nil {
		return err
	}
	d.endTerm(n)
	return d.billLater()
}

// goOn makes the time that of what becomes of the resource next.
func (d *draft) goOn() error {
	at, err := d.instant()
	d.behind += at.Sub(d.now)
	d.now = at
	return err
}

// instant is when a change counts that is made now: at once, and where the clock was set back
// behind the latest change or what was billed already, just after that. So stretches begin
// in the order in which they were made, and what was charged is only looked at again where
// it can have changed.
func (d *draft) instant() (time.Time, error) {
	n := len(d.life) - 1
	if n < 0 {
		return d.now, nil
	}
	at := d.now
	if last := changed(d.life); last.After(at) {
		at = last.Add(time.Microsecond)
	}
	j, err := d.r.Job(d.res.ID, JobBill)
	if err != nil || j.Since == nil || j.Since.Before(at) || d.life[n].From.Equal(at) {
		return at, missing(err)
	}
	return j.Since.Add(time.Microsecond), nil
}

// changed is when the last of some terms began, or ended.
func changed(life []order.Term) time.Time {
	n := len(life) - 1
	switch {
	case n < 0:
		return time.Time{}
	case life[n].Until != nil:
		return *life[n].Until
	}
	return life[n].From
}

func (d *draft) endTerm(n int) {
	until := d.now
	d.life[n].Until = &until
	d.terms = append(d.terms, d.life[n])
}

func merged(was, more order.Rates) order.Rates {
	if len(was) == 0 {
		return more
	}
	out := maps.Clone(was)
	maps.Copy(out, more)
	return out
}

// readLife reads the resource's terms, once.
func (d *draft) readLife() error {
	if d.life != nil || d.resNew {
		return nil
	}
	terms, err := d.r.Terms(d.res.ID)
	if err != nil {
		return err
	}
	d.life = append(make([]order.Term, 0, len(terms)+1), terms...)
	return nil
}

// promises are the prices that the order's lines were promised, as the stretch that it
// begins keeps them: what the resource grows by, and where it begins a plan, what is asked
// for the period under way.
func (d *draft) promises() (once, each order.Rates) {
	opens := d.o.Type != order.Update || d.switched
	recurs := price.Recurs(d.plan)
	for _, l := range d.lines {
		c, ok := d.sheet.ComponentByID(l.Component)
		if !ok || l.Replaces != "" || l.State == order.LineCanceled {
			continue
		}
		happens := c.Billing == catalog.Once || c.Billing == catalog.Few
		if recurs && c.Billing != catalog.ByUsage && (!happens || l.Quantity > 0) {
			rate := l.Once
			if happens && rate == 0 {
				rate = l.Each
			}
			once = with(once, l.Component, rate)
		}
		if opens && !happens && (recurs || c.Billing == catalog.ByUsage) {
			each = with(each, l.Component, l.Each)
		}
	}
	return once, each
}

func with(r order.Rates, c id.ID, rate money.Rate) order.Rates {
	if r == nil {
		r = order.Rates{}
	}
	r[c] = rate
	return r
}
