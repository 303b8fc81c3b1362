package core

import (
	"reflect"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/price"
	"github.com/docket-desk/docket/internal/tenant"
)

func (a *applier) provider(path string, s ProviderSpec) error {
	c, err := a.customerAt(path+".customer", s.Customer)
	if err != nil {
		return err
	}
	p, found, err := a.providerOf(c.ID)
	if err != nil {
		return err
	}
	if !found {
		p.ID = a.c.NewID()
		if err := a.tx.PutProvider(p); err != nil {
			return within(path, err)
		}
	}
	a.did(path, "provider", c.Slug, p.ID, became(found, found))
	for n, o := range s.Offerings {
		if err := a.offering(at(path+".offerings", n), c, p, o); err != nil {
			return err
		}
	}
	return nil
}

// providerOf finds the provider that a customer is; without one it has no id.
func (a *applier) providerOf(customer id.ID) (tenant.Provider, bool, error) {
	all, err := a.tx.Providers()
	for _, p := range all {
		if p.Customer == customer {
			return p, true, err
		}
	}
	return tenant.Provider{Customer: customer}, false, err
}

// offeringAt returns the offering that a member of the World refers to by its code, or
// by provider/code where several providers use one code.
func (a *applier) offeringAt(path, ref string) (*catalog.Sheet, error) {
	provider, code, qualified := strings.Cut(ref, "/")
	if !qualified {
		code = ref
	}
	list, err := a.tx.Offerings(OfferingQuery{Code: code, Page: Page{Limit: 100}})
	if err != nil {
		return nil, err
	}
	keys := []string{}
	for key := range a.offerings {
		if _, c, _ := strings.Cut(key, "/"); c == code {
			keys = append(keys, key)
		}
	}
	for _, o := range list {
		key, err := a.offeringKey(o)
		if err != nil {
			return nil, err
		}
		if _, ok := a.offerings[key]; !ok {
			keys = append(keys, key)
			sh, err := readSheet(a.tx, o)
			if err != nil {
				return nil, err
			}
			a.offerings[key] = &sh
		}
	}
	var hits []*catalog.Sheet
	for _, key := range keys {
		if p, _, _ := strings.Cut(key, "/"); !qualified || p == provider {
			hits = append(hits, a.offerings[key])
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return nil, invalid(path, "There is no offering %.80q.", ref)
	}
	return nil, invalid(path, "Several providers have an offering %.80q: write provider/code.", ref)
}

func (a *applier) offeringKey(o catalog.Offering) (string, error) {
	p, err := a.tx.Provider(o.Provider)
	if err != nil {
		return "", err
	}
	for _, c := range a.customers {
		if c.ID == p.Customer {
			return c.Slug + "/" + o.Code, nil
		}
	}
	c, err := a.tx.Customer(p.Customer)
	return c.Slug + "/" + o.Code, err
}

func (a *applier) offering(path string, c tenant.Customer, p tenant.Provider, s OfferingSpec) error {
	if s.Code == "" || strings.ContainsAny(s.Code, "/ ") {
		return invalid(path+".code", "%.80q is no code: it may have no slash and no blank.", s.Code)
	}
	list, err := a.tx.Offerings(OfferingQuery{Code: s.Code, Providers: []id.ID{p.ID}, Page: Page{Limit: 1}})
	if err != nil {
		return err
	}
	key := c.Slug + "/" + s.Code
	sh := a.offerings[key]
	if sh == nil && len(list) > 0 {
		read, err := readSheet(a.tx, list[0])
		if err != nil {
			return err
		}
		sh = &read
	}
	found := sh != nil
	if !found {
		sh = &catalog.Sheet{Offering: newOffering(p, s)}
		sh.Offering.ID = a.c.NewID()
	}
	old := sh.Offering
	if err := a.changeOffering(path, &sh.Offering, s); err != nil {
		return err
	}
	if found {
		if err := a.keepMeasure(path, old, sh.Offering); err != nil {
			return err
		}
	}
	same := found && reflect.DeepEqual(old, sh.Offering)
	if !same {
		if err := a.tx.PutOffering(sh.Offering); err != nil {
			return within(path, err)
		}
		sh.Offering.Rev++
	}
	a.offerings[key] = sh
	a.did(path, "offering", key, sh.Offering.ID, became(found, same))
	before := len(a.made.Changes)
	for n, comp := range s.Components {
		if err := a.component(at(path+".components", n), key, sh, comp); err != nil {
			return err
		}
	}
	for n, plan := range s.Plans {
		if err := a.plan(at(path+".plans", n), key, sh, plan); err != nil {
			return err
		}
	}
	changed := slices.ContainsFunc(a.made.Changes[before:], func(c Change) bool { return c.What != DidKeep })
	if !changed || !same {
		return nil
	}
	if err := a.tx.PutOffering(sh.Offering); err != nil { // its rev tells that what it is made of has changed
		return within(path, err)
	}
	sh.Offering.Rev++
	return nil
}

// newOffering holds what a new offering has unless the World names it: allocations ask
// for the payer's consent, what people deliver waits for the provider.
func newOffering(p tenant.Provider, s OfferingSpec) catalog.Offering {
	o := catalog.Offering{Provider: p.ID, Code: s.Code, Name: s.Code, Slug: s.Code, State: catalog.Active, Measure: catalog.Limits, Fulfilment: catalog.Manual,
		Consent: catalog.ByRoles, Approval: catalog.ApproveNever, Cancel: catalog.CancelPending, Charged: catalog.OnDone, Shared: s.PrivateTo == ""}
	if s.Measure == catalog.Count || s.Measure == catalog.Imagery {
		o.Consent = catalog.Never
	}
	byPeople := map[catalog.Fulfilment]bool{catalog.Shipment: true, catalog.Manual: true}
	if s.Fulfilment == "" || byPeople[s.Fulfilment] {
		o.Approval = catalog.ApproveAlways
	}
	if s.Fulfilment == catalog.Shipment {
		o.Cancel = catalog.CancelPreparing
	}
	return o
}

func (a *applier) changeOffering(path string, o *catalog.Offering, s OfferingSpec) error {
	name(&o.Name, s.Name)
	name(&o.Slug, s.Slug)
	name(&o.Description, s.Description)
	name(&o.State, s.State)
	name(&o.Measure, s.Measure)
	name(&o.Fulfilment, s.Fulfilment)
	name(&o.Consent, s.Consent)
	name(&o.Approval, s.Approval)
	name(&o.Cancel, s.Cancel)
	name(&o.Charged, s.Charged)
	set(&o.Shared, s.Shared)
	set(&o.Deadline, s.Deadline)
	attrs(&o.Attrs, s.Attrs)
	if s.PrivateTo != "" {
		c, err := a.customerAt(path+".private_to", s.PrivateTo)
		if err != nil {
			return err
		}
		o.PrivateTo = c.ID
	}
	if s.ForProject != "" {
		p, err := a.projectAt(path+".for_project", s.ForProject)
		if err != nil {
			return err
		}
		o.ForProject = p.ID
	}
	for _, err := range []error{
		checkSlug(path+".slug", o.Slug),
		oneOf(path+".state", o.State, catalog.States()...),
		oneOf(path+".measure", o.Measure, catalog.Count, catalog.Limits, catalog.Imagery),
		oneOf(path+".fulfilment", o.Fulfilment, catalog.Fulfilments()...),
		oneOf(path+".consent", o.Consent, catalog.ByRoles, catalog.Outsiders, catalog.Never),
		oneOf(path+".approval", o.Approval, catalog.ApproveAlways, catalog.ApproveOutsiders, catalog.ApproveNever),
		oneOf(path+".cancel", o.Cancel, catalog.CancelPreparing, catalog.CancelPending, catalog.CancelNever),
		oneOf(path+".charged", o.Charged, catalog.OnDone, catalog.OnPlacing),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// keepMeasure: what orders were measured and fulfilled by stays while there are orders.
func (a *applier) keepMeasure(path string, old, o catalog.Offering) error {
	if old.Measure == o.Measure && old.Fulfilment == o.Fulfilment {
		return nil
	}
	if ordered, err := a.hasOrders(OrderQuery{Offerings: []id.ID{o.ID}}); err != nil || ordered {
		field, word := ".measure", string(old.Measure)
		if old.Measure == o.Measure {
			field, word = ".fulfilment", string(old.Fulfilment)
		}
		return orErr(err, invalid(path+field, "%s has orders: it stays %s. Offer the other under a new code.", o.Code, word))
	}
	return nil
}

// An offering is bounded, for what it is made of is set up, read and priced as one: every
// plan may price every component.
const (
	MostComponents = 100
	MostPlans      = 100 // that are public
)

func (a *applier) component(path, key string, sh *catalog.Sheet, s ComponentSpec) error {
	if s.Code == "" {
		return invalid(path+".code", "A component needs a code.")
	}
	n, found := -1, false
	for i, c := range sh.Components {
		if s.ID == c.ID || s.ID == 0 && c.Code == s.Code {
			n, found = i, true
		} else if c.Code == s.Code {
			return invalid(path+".code", "%s has a component %.80q.", sh.Offering.Code, s.Code).because(ReasonName)
		}
	}
	if s.ID != 0 && !found {
		return notFound("component", s.ID)
	}
	if !found && len(sh.Components) >= MostComponents {
		return invalid(path, "An offering has no more than %d components.", MostComponents)
	}
	c := catalog.Component{Offering: sh.Offering.ID, Code: s.Code, Name: s.Code, Unit: "unit", Billing: catalog.ByLimit}
	if found {
		c = sh.Components[n]
	} else {
		c.ID = a.c.NewID()
	}
	old := c
	c.Code = s.Code
	name(&c.Name, s.Name)
	name(&c.Unit, s.Unit)
	name(&c.Billing, s.Billing)
	set(&c.Stock, s.Stock)
	attrs(&c.Attrs, s.Attrs)
	if s.Min != nil || s.NoMin {
		c.Min = s.Min
	}
	if s.Max != nil || s.NoMax {
		c.Max = s.Max
	}
	if err := oneOf(path+".billing", c.Billing, catalog.Billings()...); err != nil {
		return err
	}
	if c.Min != nil && *c.Min < 0 || c.Max != nil && *c.Max < 0 || c.Min != nil && c.Max != nil && *c.Max < *c.Min {
		return invalid(path+".max", "The bounds of %s are not in order.", c.Code)
	}
	if found {
		if err := a.keepComponent(path, sh.Offering, old, c); err != nil {
			return err
		}
	}
	same := found && reflect.DeepEqual(old, c)
	if !same {
		if err := a.tx.PutComponent(c); err != nil {
			return within(path, err)
		}
	}
	if found {
		sh.Components[n] = c
	} else {
		sh.Components = append(sh.Components, c)
	}
	a.did(path, "component", key+"/"+c.Code, c.ID, became(found, same))
	if !found {
		old = catalog.Component{}
	}
	a.components = append(a.components, componentPut{path, sh.Offering.ID, sh.Offering.Code, old, c})
	return nil
}

// keepComponent: what was ordered stays measured and charged as it was. Of allocations the
// unit is a word of the provider's for the same amounts, and may be put otherwise.
func (a *applier) keepComponent(path string, o catalog.Offering, old, c catalog.Component) error {
	whole := price.Whole(c) != price.Whole(old)
	if !whole && c.Billing == old.Billing && c.Stock == old.Stock && c.Code == old.Code && (c.Unit == old.Unit || o.Measure == catalog.Limits) {
		return nil
	}
	if ordered, err := a.hasOrders(OrderQuery{Offerings: []id.ID{o.ID}}); err != nil || ordered {
		if whole {
			return orErr(err, invalid(path, "%s has orders: whether %s is charged once for all or by the period stays. Offer the other under a new code.", o.Code, old.Code).because(ReasonComponent))
		}
		return orErr(err, invalid(path, "%s has orders: how %s is measured and charged stays (%s, %s). Offer the other under a new code.", o.Code, old.Code, old.Unit, old.Billing).because(ReasonComponent))
	}
	return nil
}

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
