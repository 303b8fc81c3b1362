package core

import (
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/tenant"
)

// customers lists the customers in which the actor has a role, or has one in a project of.
func (s *Scene) customers() []id.ID {
	out := s.who.Customers()
	for _, i := range s.who.Projects() {
		if p, err := s.r.Project(i); err == nil && !slices.Contains(out, p.Customer) {
			out = append(out, p.Customer)
		}
	}
	return out
}

// Home is the customer that doors without a choice act for: the user's own, else the
// only one they have a role in. NotFound where there is none.
func (s *Scene) Home() (tenant.Customer, error) {
	i := s.who.User.Home
	if i == 0 {
		if mine := s.customers(); len(mine) == 1 {
			i = mine[0]
		}
	}
	if i == 0 {
		return tenant.Customer{}, notFound("customer", 0)
	}
	return s.r.Customer(i)
}

// DefaultProject is the project that doors without projects order for.
func (s *Scene) DefaultProject(customer id.ID) (tenant.Project, error) {
	list, err := s.r.Projects(ProjectQuery{Customers: []id.ID{customer}, Default: true, Page: Page{Limit: 1}})
	if err != nil {
		return tenant.Project{}, err
	}
	if len(list) == 0 {
		return tenant.Project{}, notFound("project", 0)
	}
	return list[0], nil
}

// Customer returns a customer in which the actor has a role; providers are known to all.
func (s *Scene) Customer(i id.ID) (tenant.Customer, error) {
	if !s.who.SeesAll() && !slices.Contains(s.customers(), i) {
		return tenant.Customer{}, notFound("customer", i)
	}
	return s.r.Customer(i)
}

// CustomerName names a customer that a record the caller was shown belongs to.
func (s *Scene) CustomerName(i id.ID) (tenant.Customer, error) { return s.r.Customer(i) }

// CustomerByNumber returns the customer of a 12-digit number, if the actor may see it.
func (s *Scene) CustomerByNumber(number string) (tenant.Customer, error) {
	list, err := s.r.Customers(CustomerQuery{Number: number, Page: Page{Limit: 1}})
	if err != nil {
		return tenant.Customer{}, err
	}
	if len(list) == 0 {
		return tenant.Customer{}, notFound("customer", 0)
	}
	return s.Customer(list[0].ID)
}

// Customers lists customers that the actor may see.
func (s *Scene) Customers(q CustomerQuery) ([]tenant.Customer, error) {
	if !s.who.SeesAll() {
		mine := s.customers()
		if q.IDs != nil {
			mine = slices.DeleteFunc(mine, func(i id.ID) bool { return !slices.Contains(q.IDs, i) })
		}
		if len(mine) == 0 {
			return nil, nil
		}
		q.IDs = mine
	}
	return s.r.Customers(q)
}

// Project returns a project that the actor may see.
func (s *Scene) Project(i id.ID) (tenant.Project, error) {
	p, err := s.r.Project(i)
	if err != nil {
		return p, err
	}
	if s.who.Project != 0 && s.who.Project != i {
		return tenant.Project{}, notFound("project", i)
	}
	if !s.who.SeesAll() && !slices.Contains(s.who.Customers(), p.Customer) && !slices.Contains(s.who.Projects(), i) {
		return tenant.Project{}, notFound("project", i)
	}
	return p, nil
}

// ProjectName names a project that a record the caller was shown belongs to.
func (s *Scene) ProjectName(i id.ID) (tenant.Project, error) { return s.r.Project(i) }

// Projects lists projects that the actor may see.
func (s *Scene) Projects(q ProjectQuery) ([]tenant.Project, error) {
	if !s.who.SeesAll() {
		q.Any = &Sight{Customers: s.who.Customers(), Projects: s.who.Projects()}
	}
	return s.r.Projects(q)
}

// User returns a user: oneself, or one who shares a customer with the actor.
func (s *Scene) User(i id.ID) (tenant.User, error) {
	u, err := s.r.User(i)
	if err != nil || i == s.who.User.ID || s.who.SeesAll() {
		return u, err
	}
	known, err := s.colleagues()
	if err != nil {
		return tenant.User{}, err
	}
	if !slices.Contains(known, i) {
		return tenant.User{}, notFound("user", i)
	}
	return u, nil
}

// UserName names a user that a record the caller was shown belongs to; the zero User
// for an id that is none (the desk itself acted).
func (s *Scene) UserName(i id.ID) (tenant.User, error) {
	if i == 0 {
		return tenant.User{}, nil
	}
	return s.r.User(i)
}

// UserNames names several users that records the caller was shown belong to.
func (s *Scene) UserNames(ids []id.ID) ([]tenant.User, error) {
	if len(ids) == 0 { // a query without ids would not narrow
		return nil, nil
	}
	return s.r.Users(UserQuery{IDs: ids, Page: Page{Limit: len(ids)}})
}

// colleagues lists users who have a role in the actor's customers or their projects.
func (s *Scene) colleagues() ([]id.ID, error) {
	mine := s.customers()
	if len(mine) == 0 { // a query without ids would not narrow
		return []id.ID{s.who.User.ID}, nil
	}
	grants, err := s.r.Grants(GrantQuery{Scope: tenant.OnCustomer, ScopeIDs: mine})
	if err != nil {
		return nil, err
	}
	projects, err := s.r.Projects(ProjectQuery{Customers: mine, Page: Page{Limit: 10000}})
	if err != nil {
		return nil, err
	}
	var ids []id.ID
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	if len(ids) > 0 {
		more, err := s.r.Grants(GrantQuery{Scope: tenant.OnProject, ScopeIDs: ids})
		if err != nil {
			return nil, err
		}
		grants = append(grants, more...)
	}
	out := []id.ID{s.who.User.ID}
	for _, g := range grants {
		out = append(out, g.User)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Users lists users that the actor may see; others than staff see active ones only.
func (s *Scene) Users(q UserQuery) ([]tenant.User, error) {
	if !s.who.SeesAll() {
		known, err := s.colleagues()
		if err != nil {
			return nil, err
		}
		if q.IDs != nil {
			known = slices.DeleteFunc(known, func(i id.ID) bool { return !slices.Contains(q.IDs, i) })
		}
		if len(known) == 0 {
			return nil, nil
		}
		q.IDs = known
		yes := true
		q.Active = &yes
	}
	return s.r.Users(q)
}

// Grants lists live grants in one scope that the actor may see.
func (s *Scene) Grants(scope tenant.Scope, i id.ID) ([]tenant.Grant, error) {
	var err error
	switch scope {
	case tenant.OnProject:
		_, err = s.Project(i)
	case tenant.OnCustomer:
		_, err = s.Customer(i)
	case tenant.OnOffering:
		_, err = s.Offering(i)
	case tenant.OnUser, tenant.OnResource:
		return nil, notFound(string(scope), i)
	}
	if err != nil {
		return nil, err
	}
	return s.r.Grants(GrantQuery{Scope: scope, ScopeIDs: []id.ID{i}})
}

// Contracts lists a customer's contracts, oldest first.
func (s *Scene) Contracts(customer id.ID) ([]tenant.Contract, error) {
	if _, err := s.Customer(customer); err != nil {
		return nil, err
	}
	return s.r.Contracts(customer)
}

// Account is what a customer, or one user of it, was charged, by component, in a span
// of time by when it was charged.
func (s *Scene) Account(q SpendQuery) ([]Spent, error) {
	if _, err := s.Customer(q.Customer); err != nil {
		return nil, err
	}
	return s.r.Spent(q)
}

// NetOf adds up what was captured and charged less what was refunded.
func NetOf(spent []Spent) map[id.ID]ledger.Sums {
	net := map[id.ID]ledger.Sums{}
	for _, p := range spent {
		sums := p.Sums
		if p.Kind == ledger.Refund {
			sums = ledger.Sums{Amount: -sums.Amount, Quantity: -sums.Quantity}
		}
		net[p.Component] = net[p.Component].Plus(sums)
	}
	return net
}

// Standings lists the limits on a customer, project, user or resource that the actor may
// see, with what counts against each in the window of today.
func (s *Scene) Standings(customer id.ID, on ...LimitScope) ([]Standing, error) {
	if _, err := s.Customer(customer); err != nil {
		return nil, err
	}
	return s.c.standings(s.r, customer, on)
}

// Buckets lists a customer's buckets.
func (s *Scene) Buckets(customer id.ID) ([]Bucket, error) {
	if _, err := s.Customer(customer); err != nil {
		return nil, err
	}
	return s.r.Buckets(customer)
}

// Events lists the feed of the actor's customers from a position.
func (s *Scene) Events(q EventQuery) ([]Event, error) {
	if !s.who.SeesAll() {
		q.Customers = s.customers()
		if len(q.Customers) == 0 {
			return nil, nil
		}
	}
	return s.r.Events(q)
}
