package core

import (
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// ShownOffering returns the sheet of an offering that a record the caller was shown
// belongs to: an order or a resource says what it is of, even where the offering itself
// is no longer one the actor may order from.
func (s *Scene) ShownOffering(i id.ID) (catalog.Sheet, error) {
	o, err := s.r.Offering(i)
	if err != nil {
		return catalog.Sheet{}, err
	}
	return s.sheet(o)
}

// Team lists the live grants in the project of a resource that the actor may see: those
// who deliver it need to know for whom, though they have no role in the project.
func (s *Scene) Team(resource id.ID) ([]tenant.Grant, error) {
	res, err := s.Resource(resource)
	if err != nil {
		return nil, err
	}
	return s.r.Grants(GrantQuery{Scope: tenant.OnProject, ScopeIDs: []id.ID{res.Project}})
}

// GrantsIn lists live grants in scopes of one kind, of customers and projects that the
// caller was shown: how many people a customer has is counted so.
func (s *Scene) GrantsIn(scope tenant.Scope, ids ...id.ID) ([]tenant.Grant, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.r.Grants(GrantQuery{Scope: scope, ScopeIDs: ids})
}

// GrantsOf lists the live grants of a user whom the caller was shown.
func (s *Scene) GrantsOf(user id.ID) ([]tenant.Grant, error) {
	return s.r.Grants(GrantQuery{Users: []id.ID{user}})
}

// Term returns a stretch of a resource that the actor may see.
func (s *Scene) Term(i id.ID) (order.Term, error) {
	t, err := s.r.Term(i)
	if err != nil {
		return t, err
	}
	if _, err := s.Resource(t.Resource); err != nil {
		return order.Term{}, notFound("term", i)
	}
	return t, nil
}

// EntriesOf lists the ledger entries of an order that the caller was shown; of one that
// the core has just changed, those that it then had.
func (s *Scene) EntriesOf(p Placed) ([]ledger.Entry, error) {
	if p.entries != nil {
		return p.entries, nil
	}
	return s.r.Entries(p.Order.ID)
}
