package core

import (
	"reflect"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
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
		if found {
			sh.Offering.ChangedAt = a.now
		}
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
	return within(path, a.remade(&sh.Offering))
}

// remade writes an offering of whose components, plans or prices one has changed: its rev
// tells those who have read them.
func (a *applier) remade(o *catalog.Offering) error {
	o.ChangedAt = a.now
	err := a.tx.PutOffering(*o)
	o.Rev++
	return err
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
