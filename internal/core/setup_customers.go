package core

import (
	"context"
	"encoding/json"
	"math"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// MakeCustomer makes a new customer, under a free slug where the CustomerSpec names none,
// and in the currency that all others have, if they have one. Whoever makes one without
// being staff owns it. Forbidden to those who hold the right to nowhere.
func (c *Core) MakeCustomer(ctx context.Context, who Actor, s CustomerSpec) (tenant.Customer, error) {
	var made tenant.Customer
	on := Touch{Names: []Named{customerSlugs}} // nobody knows the customer yet
	if len(s.Projects) > 0 {
		on.Names = append(on.Names, projectSlugs)
	}
	err := c.setUp(ctx, who, on, func(_ *Scene, a *applier) (err error) {
		if err := who.wide(0); err != nil {
			return err
		}
		if !c.Holds(who, tenant.CreateCustomer) {
			return c.may(who, tenant.CreateCustomer)
		}
		s := s
		if s.Slug, err = c.given(s.Slug, s.Name, "customer", func(slug string) (bool, error) { _, is, err := a.findCustomer(slug); return is, err }); err != nil {
			return err
		}
		if s.Currency == "" {
			if s.Currency, err = a.commonCurrency(); err != nil {
				return err
			}
		}
		if err := a.customer("customer", s); err != nil {
			return err
		}
		made = a.customers[s.Slug]
		if who.IsStaff() || who.desk() {
			return nil
		}
		_, _, err = a.grant("customer", &tenant.Grant{User: who.User.ID, Role: tenant.CustomerOwner, Scope: tenant.OnCustomer, ScopeID: made.ID, By: who.User.ID})
		return err
	})
	return made, err
}

// commonCurrency is the one that all customers have; "" where they have several, or there
// are none: plans are ordered in the customer's own currency alone.
func (a *applier) commonCurrency() (money.Currency, error) {
	all, err := a.tx.Customers(CustomerQuery{Page: Page{Limit: math.MaxInt32}})
	var common money.Currency
	for _, c := range all {
		if common != "" && c.Currency != common {
			return "", err
		}
		common = c.Currency
	}
	return common, err
}

// MakeProject makes a new project of a customer, under a free slug where the ProjectSpec
// names none.
func (c *Core) MakeProject(ctx context.Context, who Actor, customer id.ID, s ProjectSpec) (tenant.Project, error) {
	var made tenant.Project
	err := c.setUp(ctx, who, Touch{Customers: []id.ID{customer}, Names: []Named{projectSlugs}}, func(scene *Scene, a *applier) error {
		of, err := scene.setsUp(customer, tenant.CreateProject)
		if err != nil {
			return err
		}
		s := s
		if s.Slug, err = c.given(s.Slug, s.Name, "project", func(slug string) (bool, error) { _, is, err := a.findProject(slug); return is, err }); err != nil {
			return err
		}
		if s.StartOn != nil && *s.StartOn < a.today {
			return invalid("project.start_on", "Cannot be earlier than the current date.").because(ReasonFuture)
		}
		if s.EndOn != nil && *s.EndOn < a.today {
			return invalid("project.end_on", "Cannot be earlier than the current date.").because(ReasonFuture)
		}
		a.customers[of.Slug] = of
		err = a.project("project", of, s)
		made = a.projects[s.Slug]
		return err
	})
	return made, err
}

// MakeProvider makes a customer one that delivers. note, if not nil, changes what the
// customer's attributes say about it. A Conflict, reason name, where it is one already.
func (c *Core) MakeProvider(ctx context.Context, who Actor, customer id.ID, note func(attrs json.RawMessage) json.RawMessage) (tenant.Provider, error) {
	var made tenant.Provider
	err := c.setUp(ctx, who, Touch{Customers: []id.ID{customer}}, func(scene *Scene, a *applier) error {
		of, err := scene.setsUp(customer, tenant.RegisterProvider)
		if err != nil {
			return err
		}
		if _, is, err := a.providerOf(of.ID); err != nil || is {
			return orErr(err, &Error{Kind: Conflict, Reason: ReasonName, Field: "customer", Msg: "Service provider with this customer already exists."})
		}
		a.customers[of.Slug] = of
		if note != nil {
			if err := a.customer("customer", CustomerSpec{Slug: of.Slug, Attrs: note(of.Attrs)}); err != nil {
				return err
			}
		}
		if err := a.provider("provider", ProviderSpec{Customer: of.Slug}); err != nil {
			return err
		}
		made, _, err = a.providerOf(of.ID)
		return err
	})
	return made, err
}
