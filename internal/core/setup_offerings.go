package core

import (
	"context"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// MakeOffering makes a new offering of a provider, under a code that is free there where
// the OfferingSpec names none, as a draft where it names no state.
func (c *Core) MakeOffering(ctx context.Context, who Actor, customer id.ID, s OfferingSpec) (catalog.Sheet, error) {
	var made catalog.Sheet
	err := c.setUp(ctx, who, Touch{Customers: []id.ID{customer}}, func(scene *Scene, a *applier) error {
		of, err := scene.setsUp(customer, tenant.CreateOffering)
		if err != nil {
			return err
		}
		p, is, err := a.providerOf(of.ID)
		if err != nil || !is {
			return orErr(err, invalid("customer", "%s is no service provider yet: register it as one first.", of.Name))
		}
		s := s
		if s.State == "" {
			s.State = catalog.Draft
		}
		if s.Code, err = c.given(s.Code, orText(s.Slug, s.Name), "offering", a.codeTaken(p.ID)); err != nil {
			return err
		}
		sh, err := a.reshape(of, p, s)
		if err == nil {
			made = *sh
		}
		return err
	})
	return made, err
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (a *applier) codeTaken(provider id.ID) func(code string) (bool, error) {
	return func(code string) (bool, error) {
		list, err := a.tx.Offerings(OfferingQuery{Code: code, Providers: []id.ID{provider}, Page: Page{Limit: 1}})
		return len(list) > 0, err
	}
}

// reshape applies a spec to one offering, with its limits.
func (a *applier) reshape(of tenant.Customer, p tenant.Provider, s OfferingSpec) (*catalog.Sheet, error) {
	a.customers[of.Slug] = of
	if err := a.offering("offering", of, p, s); err != nil {
		return nil, err
	}
	sh := a.offerings[of.Slug+"/"+s.Code]
	if err := a.limitsOn("offering", limit.Limit{Scope: tenant.OnOffering, ScopeID: sh.Offering.ID}, s.Code, s.Limits); err != nil {
		return nil, err
	}
	return sh, a.ceilings()
}

// offered finds an offering that is the actor's to change by a right there or on its
// customer.
func (s *Scene) offered(i id.ID, right tenant.Right) (catalog.Sheet, tenant.Provider, tenant.Customer, error) {
	sh, err := s.Offering(i)
	if err != nil {
		return sh, tenant.Provider{}, tenant.Customer{}, err
	}
	p, err := s.r.Provider(sh.Offering.Provider)
	if err != nil {
		return sh, p, tenant.Customer{}, err
	}
	if err := s.who.wide(0); err != nil {
		return sh, p, tenant.Customer{}, err
	}
	if err := s.c.may(s.who, right, i, p.Customer); err != nil {
		return sh, p, tenant.Customer{}, err
	}
	of, err := s.r.Customer(p.Customer)
	if err == nil {
		err = open(of)
	}
	return sh, p, of, err
}

// ChangeOffering changes an offering, its components, plans, prices and capacities by what
// change answers, as Apply would; its Code need not be named. An archived one stays as it
// is. change may run more than once.
func (c *Core) ChangeOffering(ctx context.Context, who Actor, offering id.ID, right tenant.Right, change func(s *Scene, sh catalog.Sheet) (OfferingSpec, error)) (catalog.Sheet, error) {
	var out catalog.Sheet
	err := c.setUp(ctx, who, Touch{Offerings: []id.ID{offering}}, func(scene *Scene, a *applier) error {
		sh, p, of, err := scene.offered(offering, right)
		if err != nil {
			return err
		}
		if sh.Offering.State == catalog.Archived {
			return invalid("", "It is not possible to update archived offering.").because(ReasonOffering)
		}
		spec, err := change(scene, sh)
		if err != nil {
			return err
		}
		spec.Code = sh.Offering.Code
		changed, err := a.reshape(of, p, spec)
		if err == nil {
			out = *changed
		}
		return err
	})
	return out, err
}

// toMove is the right that each act of an offering's life needs.
var toMove = map[catalog.Act]tenant.Right{
	catalog.Activate: tenant.ActivateOffering, catalog.Pause: tenant.PauseOffering, catalog.Resume: tenant.PauseOffering, catalog.Archive: tenant.ArchiveOffering,
	catalog.Suspend: tenant.PauseOffering, catalog.Reinstate: tenant.PauseOffering,
}

// MoveOffering moves an offering on in its life, and changes with it what change answers.
// A Conflict, reason state, where the act leads nowhere from the state it is in, or there
// is no plan to order on.
func (c *Core) MoveOffering(ctx context.Context, who Actor, offering id.ID, act catalog.Act, change func(sh catalog.Sheet) (OfferingSpec, error)) (catalog.Sheet, error) {
	var out catalog.Sheet
	err := c.setUp(ctx, who, Touch{Offerings: []id.ID{offering}}, func(scene *Scene, a *applier) error {
		sh, p, of, err := scene.offered(offering, toMove[act])
		if err != nil {
			return err
		}
		to, ok := sh.Next(act)
		if !ok {
			return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"offering", offering}, Msg: "Offering state is invalid."}
		}
		spec := OfferingSpec{}
		if change != nil {
			if spec, err = change(sh); err != nil {
				return err
			}
		}
		spec.Code, spec.State = sh.Offering.Code, to
		moved, err := a.reshape(of, p, spec)
		if err == nil {
			out = *moved
		}
		return err
	})
	return out, err
}

// RemoveComponent takes a component out of its offering, with its prices and the limits
// about it, whoever's they are: only orders of the offering count against those. Invalid,
// reason component, once the offering was ordered: what was charged is told by its components.
func (c *Core) RemoveComponent(ctx context.Context, who Actor, offering id.ID, which func(sh catalog.Sheet) (id.ID, error)) error {
	return c.setUp(ctx, who, Touch{Offerings: []id.ID{offering}}, func(scene *Scene, a *applier) error {
		sh, _, _, err := scene.offered(offering, tenant.EditComponents)
		if err != nil {
			return err
		}
		i, err := which(sh)
		if err != nil {
			return err
		}
		comp, ok := sh.ComponentByID(i)
		if !ok {
			return notFound("component", i)
		}
		if sh.Offering.State == catalog.Archived {
			return invalid("", "It is not possible to update archived offering.").because(ReasonOffering)
		}
		if ordered, err := a.hasOrders(OrderQuery{Offerings: []id.ID{offering}}); err != nil || ordered {
			return orErr(err, invalid("component", "The component %s cannot be removed because it is already used", comp.Name).because(ReasonComponent))
		}
		all, err := a.tx.AllLimits()
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.Component != comp.ID {
				continue
			}
			if err := a.tx.DeleteLimit(l.ID); err != nil {
				return err
			}
		}
		if err := a.tx.DeleteComponent(comp.ID); err != nil {
			return err
		}
		return a.remade(&sh.Offering)
	})
}

// hasPlan reports whether a plan of the sheet is public and has the code.
func hasPlan(sh catalog.Sheet, code string) bool {
	return slices.ContainsFunc(sh.Plans, func(p catalog.Plan) bool { return p.Code == code && p.Customer == 0 })
}
