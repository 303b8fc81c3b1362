package postgres

import (
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// shelf is what a writer keeps in memory of the small tables: what people set up and
// every placement reads. It is of one revision, which every commit that changes these
// tables moves on, and which a batch reads under its locks; where it has moved, all is
// forgotten. So limits and contracts are exact, for who changes a customer's holds it
// exclusively; the rest may be a moment old.
type shelf struct {
	rev   int64
	items map[item]any
}

// item names what is kept: a reading of one kind about one record.
type item struct {
	kind  byte
	about id.ID
	scope tenant.Scope
}

const (
	ofCustomer byte = iota
	ofContracts
	ofProject
	ofUser
	ofProvider
	ofOffering
	ofComponents
	ofComponent
	ofPlans
	ofPlan
	ofPrices
	ofLimits
)

// mostItems bounds the memory; beyond it what is needed is read again.
const mostItems = 200_000

// at brings the shelf to a revision.
func (s *shelf) at(rev int64) {
	if s.items == nil || s.rev != rev || len(s.items) > mostItems {
		s.rev, s.items = rev, map[item]any{}
	}
}

// shelved reads through the shelf.
func shelved[T any](a *act, k item, read func() (T, error)) (T, error) {
	if v, ok := a.b.shelf.items[k]; ok {
		return v.(T), nil
	}
	v, err := read()
	if err == nil {
		a.b.shelf.items[k] = v
	}
	return v, err
}

// shelvedList is shelved of a list, of which each reader gets a copy of its own.
func shelvedList[T any](a *act, kind byte, about id.ID, read func(id.ID) ([]T, error)) ([]T, error) {
	list, err := shelved(a, item{kind: kind, about: about}, func() ([]T, error) { return read(about) })
	return slices.Clone(list), err
}

func shelvedOne[T any](a *act, kind byte, about id.ID, read func(id.ID) (T, error)) (T, error) {
	return shelved(a, item{kind: kind, about: about}, func() (T, error) { return read(about) })
}

func (a *act) Customer(i id.ID) (tenant.Customer, error) {
	return shelvedOne(a, ofCustomer, i, a.b.direct.Customer)
}

func (a *act) Contracts(customer id.ID) ([]tenant.Contract, error) {
	if !a.b.held(customer) {
		return nil, a.want(core.Touch{Customers: []id.ID{customer}})
	}
	return shelvedList(a, ofContracts, customer, a.b.direct.Contracts)
}

func (a *act) Project(i id.ID) (tenant.Project, error) {
	return shelvedOne(a, ofProject, i, a.b.direct.Project)
}

func (a *act) User(i id.ID) (tenant.User, error) { return shelvedOne(a, ofUser, i, a.b.direct.User) }

func (a *act) Provider(i id.ID) (tenant.Provider, error) {
	return shelvedOne(a, ofProvider, i, a.b.direct.Provider)
}

func (a *act) Offering(i id.ID) (catalog.Offering, error) {
	return shelvedOne(a, ofOffering, i, a.b.direct.Offering)
}

func (a *act) Components(offering id.ID) ([]catalog.Component, error) {
	return shelvedList(a, ofComponents, offering, a.b.direct.Components)
}

func (a *act) Component(i id.ID) (catalog.Component, error) {
	return shelvedOne(a, ofComponent, i, a.b.direct.Component)
}

func (a *act) Plans(offering id.ID) ([]catalog.Plan, error) {
	return shelvedList(a, ofPlans, offering, a.b.direct.Plans)
}

func (a *act) Plan(i id.ID) (catalog.Plan, error) { return shelvedOne(a, ofPlan, i, a.b.direct.Plan) }

func (a *act) Prices(offering id.ID) ([]catalog.Price, error) {
	return shelvedList(a, ofPrices, offering, a.b.direct.Prices)
}

// Limits are those under the locks: a customer's or offering's that is not locked is named
// for the next batch. A project, a user and a resource stand under their customer's lock.
func (a *act) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	var out []limit.Limit
	for n, s := range on {
		if slices.Contains(on[:n], s) {
			continue
		}
		var miss core.Touch
		switch s.Scope {
		case tenant.OnCustomer:
			miss.Customers = []id.ID{s.ID}
		case tenant.OnOffering:
			miss.Offerings = []id.ID{s.ID}
		}
		if len(miss.Customers)+len(miss.Offerings) > 0 && !a.b.held(s.ID) {
			return nil, a.want(miss)
		}
		found, err := shelved(a, item{ofLimits, s.ID, s.Scope}, func() ([]limit.Limit, error) { return a.b.direct.Limits([]core.LimitScope{s}) })
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b limit.Limit) int { return int(min(1, max(-1, int64(a.ID-b.ID)))) })
	return out, nil
}
