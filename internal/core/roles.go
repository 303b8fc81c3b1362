package core

import (
	"context"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Giving is a role to be given to a user in one customer or project, or to be taken.
type Giving struct {
	User    id.ID
	Role    tenant.Role
	Scope   tenant.Scope
	ScopeID id.ID
	Until   *time.Time // nil: for good
}

// GiveRole gives a role, or gives the one that is there a later end. Owners give the roles
// of their customers and projects, managers those of their projects; none of them gives a
// closed role, nor, without a right on the customer, one to themselves. Refusals that are
// Invalid name role, user or until; those about all of it have no Field.
func (c *Core) GiveRole(ctx context.Context, who Actor, g Giving) (tenant.Grant, error) {
	var out tenant.Grant
	on, err := c.around(ctx, g)
	if err != nil {
		return out, err
	}
	err = c.setUp(ctx, who, on, func(s *Scene, a *applier) error {
		if err := c.mayGive(s, g); err != nil {
			return err
		}
		if g.Until != nil && !g.Until.After(a.now) {
			return invalid("until", "Expiration time should be greater than current time.")
		}
		if c.policy.Load().Closed[g.Role] && !who.IsStaff() && !who.desk() {
			return invalid("", "Role is not active.").because(ReasonClosedRole)
		}
		has, err := a.held(g)
		if err != nil {
			return err
		}
		for _, h := range has {
			if h.Until == nil || g.Until != nil && !h.Until.Before(*g.Until) {
				return invalid("", "User has already the same role in this scope.").because(ReasonName)
			}
		}
		out = tenant.Grant{User: g.User, Role: g.Role, Scope: g.Scope, ScopeID: g.ScopeID, By: who.User.ID, Until: g.Until}
		_, _, err = a.grant("", &out)
		return err
	})
	return out, err
}

// TakeRole ends a role at once. To take one that is not held changes nothing.
func (c *Core) TakeRole(ctx context.Context, who Actor, g Giving) error {
	on, err := c.around(ctx, g)
	if err != nil {
		return err
	}
	return c.setUp(ctx, who, on, func(s *Scene, a *applier) error {
		if err := c.mayGive(s, g); err != nil {
			return err
		}
		has, err := a.held(g)
		if err != nil {
			return err
		}
		for _, h := range has {
			h.RevokedAt, h.ChangedAt = &a.now, a.now
			if err := a.tx.PutGrant(h); err != nil {
				return err
			}
			if err := c.tellRole(a.tx, EventRevoked, h, who.User.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// around names the customer that a scope is in, for good; where there is no such scope
// there is nothing to name.
func (c *Core) around(ctx context.Context, g Giving) (Touch, error) {
	if g.Scope != tenant.OnProject {
		return Touch{Customers: []id.ID{g.ScopeID}}, nil
	}
	var on Touch
	err := c.store.View(ctx, func(r Reader) error {
		p, err := r.Project(g.ScopeID)
		on.Customers = []id.ID{p.Customer}
		return missing(err)
	})
	return on, err
}

// held lists the live grants of one role to one user in one scope.
func (a *applier) held(g Giving) ([]tenant.Grant, error) {
	all, err := a.tx.Grants(GrantQuery{Users: []id.ID{g.User}, Scope: g.Scope, ScopeIDs: []id.ID{g.ScopeID}, All: true})
	var out []tenant.Grant
	for _, h := range all {
		if h.Role == g.Role && h.Live(a.now) {
			out = append(out, h)
		}
	}
	return out, err
}

// mayGive asks whether the actor sees the scope and manages its members, whether the role
// and the user are there, and whether the customer takes part.
func (c *Core) mayGive(s *Scene, g Giving) error {
	customer, direct, err := s.givingScope(g)
	if err != nil {
		return err
	}
	switch scope, ok := tenant.Roles()[g.Role]; {
	case !ok:
		return invalid("role", "Role is not found.")
	case scope != g.Scope:
		return invalid("", "Role is not valid for this scope.")
	}
	if _, err := s.r.User(g.User); KindOf(err) == NotFound && err != nil {
		return invalid("user", "User is not found.")
	} else if err != nil {
		return err
	}
	of, err := s.r.Customer(customer)
	if err != nil {
		return err
	}
	if of.Blocked || of.Archived {
		return invalid("", "Customer is not available.").because(ReasonBlocked)
	}
	if !direct && g.User == s.who.User.ID {
		return invalid("", "User can not manage own role.")
	}
	return nil
}

// givingScope finds the customer around a scope, refuses who may not manage its members,
// and says whether the actor may by a right on the customer itself.
func (s *Scene) givingScope(g Giving) (customer id.ID, direct bool, err error) {
	switch g.Scope {
	case tenant.OnCustomer:
		if _, err := s.Customer(g.ScopeID); err != nil {
			return 0, false, err
		}
		if err := s.who.wide(0); err != nil {
			return 0, false, err
		}
		return g.ScopeID, true, s.c.may(s.who, tenant.ManageCustomer, g.ScopeID)
	case tenant.OnProject:
		p, err := s.Project(g.ScopeID)
		if err != nil {
			return 0, false, err
		}
		return p.Customer, s.c.May(s.who, tenant.ManageMembers, p.Customer), s.c.may(s.who, tenant.ManageMembers, p.ID, p.Customer)
	case tenant.OnOffering, tenant.OnUser, tenant.OnResource:
	}
	return 0, false, notFound(string(g.Scope), g.ScopeID)
}

// MayManageMembers reports whether the actor may give and take roles in a scope; NotFound
// where it is not there for them.
func (s *Scene) MayManageMembers(scope tenant.Scope, i id.ID) error {
	_, _, err := s.givingScope(Giving{Scope: scope, ScopeID: i})
	return err
}
