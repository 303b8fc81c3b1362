package postgres

import (
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/record"
	"github.com/docket-desk/docket/internal/tenant"
)

// shelf is what the writer keeps of the small tables. It is of one revision, which every
// commit that changes these tables moves on, and which a batch reads under its locks;
// where it has moved, all is forgotten. So limits and contracts are exact, for who changes a
// customer's holds it exclusively; the rest may be a moment old.
type shelf struct {
	record.Shelf
	rev int64
}

// at brings the shelf to a revision.
func (s *shelf) at(rev int64) {
	if s.rev != rev {
		s.rev = rev
		s.Clear()
	}
}

// Contracts are those under the customer's lock.
func (a *act) Contracts(customer id.ID) ([]tenant.Contract, error) {
	if !a.b.held(customer) {
		return nil, a.want(core.Touch{Customers: []id.ID{customer}})
	}
	return a.Shelved.Contracts(customer)
}

// Limits are those under the locks: a customer's or offering's that is not locked is named
// for the next batch. A project, a user and a resource stand under their customer's lock.
func (a *act) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	for _, s := range on {
		if (s.Scope == tenant.OnCustomer || s.Scope == tenant.OnOffering) && !a.b.held(s.ID) {
			return nil, a.want(unlocked(on, a.b.keep))
		}
	}
	return a.Shelved.Limits(on)
}

// unlocked names the customers and offerings among scopes that are not locked.
func unlocked(on []core.LimitScope, k *keep) core.Touch {
	var t core.Touch
	for _, s := range slices.DeleteFunc(slices.Clone(on), func(s core.LimitScope) bool { return k.held(s.ID) }) {
		switch s.Scope {
		case tenant.OnCustomer:
			t.Customers = append(t.Customers, s.ID)
		case tenant.OnOffering:
			t.Offerings = append(t.Offerings, s.ID)
		case tenant.OnProject, tenant.OnUser, tenant.OnResource:
		}
	}
	return t
}
