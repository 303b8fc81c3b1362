package core

import (
	"reflect"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/price"
)

func (a *applier) plan(path, key string, sh *catalog.Sheet, s PlanSpec) error {
	var customer id.ID
	if s.Customer != "" {
		c, err := a.customerAt(path+".customer", s.Customer)
		if err != nil {
			return err
		}
		customer = c.ID
	}
	if s.Code == "" {
		return invalid(path+".code", "A plan needs a code.")
	}
	n, found, public := -1, false, 0
	for i, p := range sh.Plans {
		if p.Code == s.Code && p.Customer == customer {
			n, found = i, true
		}
		if p.Customer == 0 {
			public++
		}
	}
	if !found && customer == 0 && public >= MostPlans {
		return invalid(path, "An offering has no more than %d plans.", MostPlans)
	}
	p := catalog.Plan{Offering: sh.Offering.ID, Customer: customer, Code: s.Code, Name: s.Code, Unit: catalog.Month, Currency: "USD"}
	if found {
		p = sh.Plans[n]
	} else {
		p.ID = a.c.NewID()
	}
	old := p
	if err := a.changePlan(path, &p, old, s, found); err != nil {
		return err
	}
	same := found && reflect.DeepEqual(old, p)
	if !same {
		if err := a.tx.PutPlan(p); err != nil {
			return within(path, err)
		}
		p.Rev++
	}
	if found {
		sh.Plans[n] = p
	} else {
		sh.Plans = append(sh.Plans, p)
	}
	a.did(path, "plan", key+"/"+p.Code, p.ID, became(found, same))
	for n, price := range s.Prices {
		if err := a.price(at(path+".prices", n), key, sh, p, price); err != nil {
			return err
		}
	}
	if s.Free {
		return a.freely(path, key, sh, p)
	}
	return nil
}

// freely prices at nothing what a plan does not price.
func (a *applier) freely(path, key string, sh *catalog.Sheet, p catalog.Plan) error {
	for _, c := range sh.Components {
		if len(a.pricesOf(sh)[pair{p.ID, c.ID}]) > 0 {
			continue
		}
		s := PriceSpec{Component: c.Code}
		if c.Billing == catalog.ByFixed {
			s.Amount = new(money.Micro)
		}
		if err := a.price(path, key, sh, p, s); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) changePlan(path string, p *catalog.Plan, old catalog.Plan, s PlanSpec, found bool) error {
	name(&p.Name, s.Name)
	name(&p.Unit, s.Unit)
	name(&p.Option, s.Option)
	name(&p.Currency, s.Currency)
	set(&p.TermMonths, s.TermMonths)
	set(&p.Prepaid, s.Prepaid)
	set(&p.MaxResources, s.MaxResources)
	attrs(&p.Attrs, s.Attrs)
	if s.Archived != nil && *s.Archived && p.ArchivedAt == nil {
		now := a.now
		p.ArchivedAt = &now
	}
	if s.Archived != nil && !*s.Archived {
		p.ArchivedAt = nil
	}
	if err := oneOf(path+".unit", p.Unit, catalog.UnitsOfPlan()...); err != nil {
		return err
	}
	if err := oneOf(path+".option", p.Option, "", catalog.AllUpfront, catalog.PartialUpfront, catalog.NoUpfront); err != nil {
		return err
	}
	if !p.Currency.Valid() {
		return invalid(path+".currency", "%.80q is no currency: want three capital letters such as USD.", p.Currency)
	}
	if p.TermMonths < 0 || p.MaxResources < 0 {
		return invalid(path, "A plan's term and its number of resources are not negative.")
	}
	if found && (p.Unit != old.Unit || p.Currency != old.Currency || p.Prepaid != old.Prepaid || p.TermMonths != old.TermMonths) {
		if ordered, err := a.hasOrders(OrderQuery{Offerings: []id.ID{p.Offering}}); err != nil || ordered {
			return orErr(err, invalid(path, "The offering has orders: unit, currency, term and prepayment of plan %s stay. Offer others under a new code.", p.Code))
		}
	}
	return nil
}

// price adds a row where the World's price differs from the one valid on its day. The
// first price of a component is valid from the first of the month, because recurring
// charges take the price of their period's first day.
func (a *applier) price(path, key string, sh *catalog.Sheet, p catalog.Plan, s PriceSpec) error {
	c, ok := sh.Component(s.Component)
	if !ok {
		return invalid(path+".component", "The offering %s has no component %.80q.", sh.Offering.Code, s.Component)
	}
	row := catalog.Price{Plan: p.ID, Component: c.ID, From: a.today, Once: s.Once, Each: s.Each}
	if s.Once < 0 || s.Each < 0 {
		return invalid(path, "A price must not be negative.")
	}
	if c.Billing == catalog.ByFixed {
		row.Amount = money.Unit
		set(&row.Amount, s.Amount)
		if row.Amount < 0 {
			return invalid(path+".amount", "The amount must not be negative.")
		}
	} else if s.Amount != nil {
		return invalid(path+".amount", "Only a fixed component has an amount; %s is billed by %s.", c.Code, c.Billing)
	}
	rows := a.pricesOf(sh)
	of := pair{p.ID, c.ID}
	before := len(rows[of]) > 0
	if s.From != nil {
		row.From = *s.From
	} else if !before {
		row.From = a.today.Month(0)
	}
	valid, found := (&catalog.Sheet{Prices: rows[of]}).Price(p.ID, c.ID, row.From)
	if found && valid.Once == row.Once && valid.Each == row.Each && valid.Amount == row.Amount {
		a.did(path, "price", key+"/"+p.Code+"/"+c.Code, 0, DidKeep)
		return nil
	}
	if before && row.From < a.today {
		return invalid(path+".from", "Prices before today never change: charges were made by them.")
	}
	if row.From < a.today.Month(0) {
		if ordered, err := a.hasOrders(OrderQuery{Offerings: []id.ID{sh.Offering.ID}}); err != nil || ordered {
			return orErr(err, invalid(path+".from", "%s has orders: what had no price is priced from %s on at the earliest.", sh.Offering.Code, a.today.Month(0)))
		}
	}
	if err := a.tx.PutPrice(row); err != nil {
		return within(path, err)
	}
	if row.From <= a.today && chargesOverTime(sh) {
		if err := a.billAgain(sh, p, row.From); err != nil {
			return within(path, err)
		}
	}
	sh.Prices, rows[of] = append(sh.Prices, row), append(rows[of], row)
	a.did(path, "price", key+"/"+p.Code+"/"+c.Code, 0, became(found, false))
	return nil
}

// pair is what a price is of.
type pair struct{ plan, component id.ID }

// pricesOf is a sheet's prices by what they are of: to look through all of them for each
// pair would be the square of a long list.
func (a *applier) pricesOf(sh *catalog.Sheet) map[pair][]catalog.Price {
	if rows, ok := a.prices[sh]; ok {
		return rows
	}
	rows := map[pair][]catalog.Price{}
	for _, p := range sh.Prices {
		of := pair{p.Plan, p.Component}
		rows[of] = append(rows[of], p)
	}
	a.prices[sh] = rows
	return rows
}

// chargesOverTime reports whether any resource of an offering can be charged after its order.
func chargesOverTime(sh *catalog.Sheet) bool {
	return sh.Offering.Measure != catalog.Imagery &&
		(slices.ContainsFunc(sh.Plans, price.Recurs) || slices.ContainsFunc(sh.Components, func(c catalog.Component) bool { return c.Billing == catalog.ByUsage }))
}
