package core

import (
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// limits come after everything they can be about.
func (a *applier) limits(w World) error {
	for n, c := range w.Customers {
		path := at("customers", n)
		who := a.customers[c.Slug]
		if err := a.limitsOn(path, limit.Limit{Scope: tenant.OnCustomer, ScopeID: who.ID, Customer: who.ID}, c.Slug, c.Limits); err != nil {
			return err
		}
		for m, p := range c.Projects {
			on := limit.Limit{Scope: tenant.OnProject, ScopeID: a.projects[p.Slug].ID, Customer: who.ID}
			if err := a.limitsOn(at(path+".projects", m), on, p.Slug, p.Limits); err != nil {
				return err
			}
		}
	}
	for n, u := range w.Users {
		if len(u.Limits) == 0 {
			continue
		}
		who, err := a.tx.UserByLogin(u.Login)
		if err != nil {
			return err
		}
		on := limit.Limit{Scope: tenant.OnUser, ScopeID: who.ID, Customer: who.Home}
		if err := a.limitsOn(at("users", n), on, u.Login, u.Limits); err != nil {
			return err
		}
	}
	for n, p := range w.Providers {
		for m, o := range p.Offerings {
			on := limit.Limit{Scope: tenant.OnOffering, ScopeID: a.offerings[p.Customer+"/"+o.Code].Offering.ID}
			if err := a.limitsOn(at(at("providers", n)+".offerings", m), on, o.Code, o.Limits); err != nil {
				return err
			}
		}
	}
	if err := a.ceilings(); err != nil {
		return err
	}
	return a.resourceLimits(w.Resources)
}

func (a *applier) resourceLimits(specs []ResourceSpec) error {
	for n, s := range specs {
		path := at("resources", n)
		res, err := a.tx.Resource(s.ID)
		if err != nil && KindOf(err) == NotFound {
			return invalid(path+".id", "There is no resource %s.", s.ID.Decimal())
		}
		if err != nil {
			return err
		}
		on := limit.Limit{Scope: tenant.OnResource, ScopeID: res.ID, Customer: res.Customer}
		if err := a.limitsOn(path, on, res.Name, s.Limits); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) limitsOn(path string, on limit.Limit, named string, specs []LimitSpec) error {
	for n, s := range specs {
		path := at(path+".limits", n)
		l, err := a.limitAbout(path, on, s)
		if err != nil {
			return err
		}
		if err := a.limit(path, named, l, s); err != nil {
			return err
		}
	}
	return nil
}

// limitAbout fills in what a limit is about and checks that it makes sense there.
func (a *applier) limitAbout(path string, l limit.Limit, s LimitSpec) (limit.Limit, error) {
	l.Measure, l.Period = s.Measure, s.Period
	if s.Customer != "" {
		if l.Scope != tenant.OnUser {
			return l, invalid(path+".customer", "Only a user's limit names the customer that it is within.")
		}
		c, err := a.customerAt(path+".customer", s.Customer)
		if err != nil {
			return l, err
		}
		l.Customer = c.ID
	}
	if l.Scope == tenant.OnUser && l.Customer == 0 {
		return l, invalid(path+".customer", "The user has no home: say within which customer the limit is.")
	}
	if err := oneOf(path+".measure", s.Measure, limit.Money, limit.Quantity); err != nil {
		return l, err
	}
	if err := oneOf(path+".period", s.Period, limit.Periods()...); err != nil {
		return l, err
	}
	var about *catalog.Sheet
	switch {
	case s.Offering != "":
		var err error
		if about, err = a.offeringAt(path+".offering", s.Offering); err != nil {
			return l, err
		}
		l.Offering = about.Offering.ID
	case l.Scope == tenant.OnOffering: // a capacity is about its own offering
		sh, err := a.sheetByID(l.ScopeID)
		if err != nil {
			return l, err
		}
		about = sh
		l.Offering = l.ScopeID
	case l.Scope == tenant.OnResource && (s.Component != "" || s.Measure == limit.Quantity): // of its own offering
		res, err := a.tx.Resource(l.ScopeID)
		if err != nil {
			return l, err
		}
		if about, err = a.sheetByID(res.Offering); err != nil {
			return l, err
		}
		l.Offering = res.Offering
	case s.Component != "":
		return l, invalid(path+".offering", "Say of which offering %s is a component.", s.Component)
	}
	if s.Component != "" {
		c, ok := about.Component(s.Component)
		if !ok {
			return l, invalid(path+".component", "The offering %s has no component %.80q.", about.Offering.Code, s.Component)
		}
		l.Component = c.ID
	}
	return l, a.limitFits(path, l, about)
}

func (a *applier) sheetByID(i id.ID) (*catalog.Sheet, error) {
	for _, s := range a.offerings {
		if s.Offering.ID == i {
			return s, nil
		}
	}
	o, err := a.tx.Offering(i)
	if err != nil {
		return nil, err
	}
	s, err := readSheet(a.tx, o)
	return &s, err
}

// limitFits: a quantity needs one unit, and stock, which comes back, no period but total.
// A capacity counts over spans of the calendar, whatever it is of: what is given out in one.
func (a *applier) limitFits(path string, l limit.Limit, about *catalog.Sheet) error {
	capacity := l.Scope == tenant.OnOffering
	if capacity && l.Period == limit.Contract {
		return invalid(path+".period", "A capacity is for all customers: it cannot go by the contract of one.")
	}
	if l.Measure == limit.Money {
		if capacity {
			return invalid(path+".measure", "A capacity is a quantity: customers may pay in different currencies.")
		}
		return nil
	}
	if about == nil {
		return invalid(path+".offering", "A quantity is one of an offering: name it, and a component of it where they have different units.")
	}
	units := map[string]bool{}
	stock := false
	for _, c := range about.Components {
		if l.Component == 0 || l.Component == c.ID {
			units[c.Unit] = true
			stock = stock || c.Stock
		}
	}
	if len(units) > 1 {
		return invalid(path+".component", "The components of %s have different units: name one of them.", about.Offering.Code)
	}
	if stock && l.Period != limit.Total && !capacity {
		return invalid(path+".period", "What comes back is limited in total, not by %s.", l.Period)
	}
	return nil
}

// key is a limit but for its id, value and revision.
func key(l limit.Limit) limit.Limit {
	l.ID, l.Value, l.Rev = 0, 0, 0
	return l
}

// like is the limit that there is of a key; ID 0: there is none.
func (a *applier) like(l limit.Limit) (limit.Limit, error) {
	have, err := a.tx.Limits([]LimitScope{{l.Scope, l.ScopeID}})
	for _, h := range have {
		if key(h) == key(l) {
			return h, err
		}
	}
	return limit.Limit{}, err
}

func (a *applier) limit(path, named string, l limit.Limit, s LimitSpec) error {
	a.named[key(l)] = true
	old, err := a.like(l)
	if err != nil {
		return err
	}
	for _, f := range a.fresh { // named twice in one World
		if key(f) == key(l) {
			return invalid(path, "This limit is named twice.")
		}
	}
	label := named + " " + string(l.Measure) + " " + string(l.Period)
	if s.Value == nil {
		if old.ID == 0 {
			a.did(path, "limit", label, 0, DidKeep)
			return nil
		}
		a.did(path, "limit", label, old.ID, DidChange)
		return within(path, a.tx.DeleteLimit(old.ID))
	}
	if *s.Value < 0 {
		return invalid(path+".value", "A limit is 0 or more; write none to take it away.")
	}
	found := old.ID != 0
	if found {
		l = old
	} else {
		l.ID = a.c.NewID()
	}
	l.Value = *s.Value
	a.did(path, "limit", label, l.ID, became(found, found && l.Value == old.Value))
	if found && l.Value == old.Value {
		return nil
	}
	if err := a.tx.PutLimit(l); err != nil {
		return within(path, err)
	}
	l.Rev++
	if !found {
		a.fresh = append(a.fresh, l)
	}
	if _, twice := a.was[l.ID]; found && !twice {
		a.was[l.ID] = old.Value
	}
	if found && l.Value < old.Value {
		a.lowered = append(a.lowered, l)
	}
	return nil
}
