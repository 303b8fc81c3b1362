package core

import (
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// charged holds what a resource was charged, period by period, against its entries and
// against the totals computed afresh from its terms, prices and reports.
type charged struct {
	v     *books
	res   order.Resource
	sheet catalog.Sheet
	terms []order.Term
	rows  []order.Usage
	lines map[periodKey]money.Micro // what orders took of each period
	back  map[id.ID]money.Micro     // what orders gave back of a component, by hand
	until time.Time                 // when the bill was done last
	clean bool                      // nothing has changed since
	never bool                      // it was never done: what orders took is not kept by periods yet
}

type periodKey struct {
	component id.ID
	period    day.Day
}

// charges checks a resource that is charged over time.
func (v *books) charges(r order.Resource, terms []order.Term) error {
	off, err := v.r.Offering(r.Offering)
	if err != nil || off.Measure == catalog.Imagery || len(terms) == 0 {
		return missing(err) // that it is not there is told elsewhere
	}
	c := &charged{v: v, res: r, terms: terms, lines: map[periodKey]money.Micro{}, back: map[id.ID]money.Micro{}}
	if c.sheet, err = v.core.sheet(v.r, off); err != nil {
		return err
	}
	q := UsageQuery{Resources: []id.ID{r.ID}, Any: &Sight{All: true}, Page: Page{Ascending: true, Limit: verifyPage}}
	for {
		page, err := v.r.Usages(q)
		if err != nil {
			return err
		}
		c.rows = append(c.rows, page...)
		if len(page) < verifyPage {
			break
		}
		q.After = page[len(page)-1].ID
	}
	if err := c.job(); err != nil {
		return err
	}
	if c.never || len(c.rows) == 0 && !c.recurs() {
		return nil
	}
	if err := c.orders(); err != nil {
		return err
	}
	for _, u := range c.rows {
		if err := c.row(u); err != nil {
			return err
		}
	}
	return c.missing()
}

func (c *charged) recurs() bool {
	for _, t := range c.terms {
		if p, ok := c.sheet.Plan(t.Plan); ok && price.Recurs(p) {
			return true
		}
	}
	return false
}

// job finds out as of when the charges are. What asks for more has a job that will see to it.
func (c *charged) job() error {
	last := c.terms[len(c.terms)-1]
	plan, _ := c.sheet.Plan(last.Plan)
	j, err := c.v.r.Job(c.res.ID, JobBill)
	switch {
	case err == nil:
		c.clean = j.Attempt == 0 && j.Since != nil && j.RunAt.After(c.v.core.Now()) && !changed(c.terms).After(*j.Since) // else it is about to be billed again, of days long over perhaps
		if c.never = j.Since == nil; !c.never {
			c.until = *j.Since
		}
		return nil
	case KindOf(err) != NotFound:
		return err
	case last.Until == nil && len(last.Quantities) > 0 && (price.Recurs(plan) || plan.Prepaid && c.res.PaidUntil != nil):
		c.v.say("Resource %s is charged over time, and there is no job %s to see to it.", c.res.ID, JobBill)
		return nil
	}
	c.until, c.clean = last.From, true
	if last.Until != nil {
		c.until = *last.Until
	}
	return nil
}

// orders adds up what the resource's orders took of each period, and gave back by hand: that
// is not given back again by the period.
func (c *charged) orders() error {
	q := OrderQuery{Any: &Sight{All: true}, Resources: []id.ID{c.res.ID}, States: []order.State{order.Done}, Hidden: true, Page: Page{Ascending: true, Limit: verifyPage}}
	for {
		page, err := c.v.r.Orders(q)
		if err != nil {
			return err
		}
		for _, o := range page {
			q.After = o.ID
			if err := c.order(o); err != nil {
				return err
			}
		}
		if len(page) < verifyPage {
			return nil
		}
	}
}

func (c *charged) order(o order.Order) error {
	lines, err := c.v.r.Lines(o.ID)
	if err != nil {
		return err
	}
	c.v.found.Rows += int64(len(lines))
	for _, l := range lines {
		x, _ := c.sheet.ComponentByID(l.Component)
		if key, ok := paidFor(&c.sheet, x, c.terms, o); ok {
			c.lines[periodKey{x.ID, key}] += l.Charged
		}
	}
	entries, err := c.v.r.Entries(o.ID)
	c.v.found.Rows += int64(len(entries))
	for _, e := range entries {
		if e.Kind == ledger.Refund {
			c.back[e.Component] += e.Amount
		}
	}
	return err
}

// row: its entries and those of orders are what it says was billed, and that is what the
// period comes to.
func (c *charged) row(u order.Usage) error {
	x, ok := c.sheet.ComponentByID(u.Component)
	if !ok {
		return nil // told elsewhere
	}
	entries, err := c.v.r.Entries(u.ID)
	if err != nil {
		return err
	}
	got := ledger.Total(entries).Charged()
	k := periodKey{x.ID, u.Period}
	if sum := got.Amount + c.lines[k]; sum != u.Amount {
		c.v.say("The period of resource %s from %s was billed %s for %s, and %s by its entries and orders.", c.res.ID, u.Period, u.Amount, x.Code, sum)
	}
	delete(c.lines, k)
	if !c.clean {
		return nil
	}
	total, err := c.total(x, u)
	if err != nil {
		return err
	}
	over := u.Amount - total.Amount
	if over != 0 && (over < 0 || over > c.back[x.ID]) || x.Billing == catalog.ByUsage && u.Quantity != total.Quantity {
		c.v.say("The period of resource %s from %s was billed %s for %s of %s, and comes to %s for %s.", c.res.ID, u.Period, u.Amount, u.Quantity, x.Code, total.Amount, total.Quantity)
	}
	return nil
}

func (c *charged) total(x catalog.Component, u order.Usage) (price.Charged, error) {
	return price.Charge(termsOf(&c.sheet, x, c.terms), price.Usage{Reported: u.Reported, Term: u.Term}, u.Period, c.until)
}

// missing are periods that orders paid for, or that come to something, without a row.
func (c *charged) missing() error {
	for k, amount := range c.lines {
		if amount != 0 {
			c.v.say("Orders of resource %s took %s for the period from %s, of which there is no row.", c.res.ID, amount, k.period)
		}
	}
	if !c.clean {
		return nil
	}
	have := map[periodKey]bool{}
	for _, u := range c.rows {
		have[periodKey{u.Component, u.Period}] = true
	}
	for _, x := range c.sheet.Components {
		if x.Billing == catalog.ByUsage {
			continue
		}
		for _, key := range termsOf(&c.sheet, x, c.terms).Keys(c.terms[0].From, c.until) {
			if have[periodKey{x.ID, key}] {
				continue
			}
			total, err := c.total(x, order.Usage{Period: key})
			if err != nil {
				return err
			}
			if total.Amount != 0 {
				c.v.say("The period of resource %s from %s comes to %s for %s of %s, and was not billed.", c.res.ID, key, total.Amount, total.Quantity, x.Code)
			}
		}
	}
	return nil
}
