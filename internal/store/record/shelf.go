package record

import (
	"slices"
	"sync"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// Shelf is what a writer keeps in memory of the small tables: what people set up and every
// placement reads. Whoever keeps one clears it when these tables change. One goroutine's.
type Shelf struct{ items map[item]any }

// Shared is a shelf for many readers, each of which has a snapshot: it is of one generation
// of the small tables, and serves those whose snapshot has that generation, too.
type Shared struct {
	mu    sync.RWMutex
	gen   int64
	items map[item]any
}

// At is the shelf for a reader whose snapshot has a generation of the small tables.
func (s *Shared) At(gen int64) Keeper { return sharedAt{s, gen} }

// Reset forgets all: what stood may stand no more, and generations may come twice.
func (s *Shared) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gen, s.items = 0, nil
}

type sharedAt struct {
	s   *Shared
	gen int64
}

func (a sharedAt) get(k item) (any, bool) {
	a.s.mu.RLock()
	defer a.s.mu.RUnlock()
	if a.s.gen != a.gen {
		return nil, false
	}
	v, ok := a.s.items[k]
	return v, ok
}

func (a sharedAt) put(k item, v any) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	switch {
	case a.gen < a.s.gen: // others are further
		return
	case a.gen > a.s.gen, a.s.items == nil, len(a.s.items) >= mostItems:
		a.s.gen, a.s.items = a.gen, map[item]any{}
	}
	a.s.items[k] = v
}

// Keeper is where Shelved looks first.
type Keeper interface {
	get(k item) (any, bool)
	put(k item, v any)
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
	ofGrants
)

// mostItems bounds the memory; beyond it what is needed is read again.
const mostItems = 200_000

// Clear forgets all.
func (s *Shelf) Clear() { s.items = nil }

func (s *Shelf) get(k item) (any, bool) {
	v, ok := s.items[k]
	return v, ok
}

func (s *Shelf) put(k item, v any) {
	if s.items == nil || len(s.items) >= mostItems {
		s.items = map[item]any{}
	}
	s.items[k] = v
}

// Shelved reads through a shelf, and what is not there out of the database; with no shelf
// always from there. A list is the reader's own copy.
type Shelved struct {
	Shelf Keeper
	Under *Reader
}

func shelved[T any](s Shelved, k item, read func() (T, error)) (T, error) {
	if s.Shelf == nil {
		return read()
	}
	if v, ok := s.Shelf.get(k); ok {
		return v.(T), nil
	}
	v, err := read()
	if err == nil {
		s.Shelf.put(k, v)
	}
	return v, err
}

func shelvedOne[T any](s Shelved, kind byte, about id.ID, read func(*Reader, id.ID) (T, error)) (T, error) {
	return shelved(s, item{kind: kind, about: about}, func() (T, error) { return read(s.Under, about) })
}

func shelvedList[T any](s Shelved, kind byte, about id.ID, read func(*Reader, id.ID) ([]T, error)) ([]T, error) {
	list, err := shelvedOne(s, kind, about, read)
	return slices.Clone(list), err
}

// Customer is as core.Reader says, as are the others.
func (s Shelved) Customer(i id.ID) (tenant.Customer, error) {
	return shelvedOne(s, ofCustomer, i, (*Reader).Customer)
}

// Contracts are a customer's.
func (s Shelved) Contracts(customer id.ID) ([]tenant.Contract, error) {
	return shelvedList(s, ofContracts, customer, (*Reader).Contracts)
}

// Project is one.
func (s Shelved) Project(i id.ID) (tenant.Project, error) {
	return shelvedOne(s, ofProject, i, (*Reader).Project)
}

// User is one.
func (s Shelved) User(i id.ID) (tenant.User, error) {
	return shelvedOne(s, ofUser, i, (*Reader).User)
}

// Grants of one user are kept, those that have expired with them: what has is told by the
// clock each time.
func (s Shelved) Grants(q core.GrantQuery) ([]tenant.Grant, error) {
	if s.Shelf == nil || q.All || len(q.Users) != 1 || q.Scope != "" || len(q.ScopeIDs) > 0 {
		return s.Under.Grants(q)
	}
	all, err := shelvedOne(s, ofGrants, q.Users[0], func(r *Reader, user id.ID) ([]tenant.Grant, error) {
		return r.Grants(core.GrantQuery{Users: []id.ID{user}, All: true})
	})
	now := s.Under.Now()
	var out []tenant.Grant
	for _, g := range all {
		if g.RevokedAt == nil && (g.Until == nil || g.Until.UnixMicro() > now.UnixMicro()) {
			out = append(out, g)
		}
	}
	return out, err
}

// Provider is one.
func (s Shelved) Provider(i id.ID) (tenant.Provider, error) {
	return shelvedOne(s, ofProvider, i, (*Reader).Provider)
}

// Offering is one.
func (s Shelved) Offering(i id.ID) (catalog.Offering, error) {
	return shelvedOne(s, ofOffering, i, (*Reader).Offering)
}

// Components are an offering's.
func (s Shelved) Components(offering id.ID) ([]catalog.Component, error) {
	return shelvedList(s, ofComponents, offering, (*Reader).Components)
}

// Component is one.
func (s Shelved) Component(i id.ID) (catalog.Component, error) {
	return shelvedOne(s, ofComponent, i, (*Reader).Component)
}

// Plans are an offering's.
func (s Shelved) Plans(offering id.ID) ([]catalog.Plan, error) {
	return shelvedList(s, ofPlans, offering, (*Reader).Plans)
}

// Plan is one.
func (s Shelved) Plan(i id.ID) (catalog.Plan, error) {
	return shelvedOne(s, ofPlan, i, (*Reader).Plan)
}

// Prices are those of an offering's plans.
func (s Shelved) Prices(offering id.ID) ([]catalog.Price, error) {
	return shelvedList(s, ofPrices, offering, (*Reader).Prices)
}

// Limits are those that stand on any of these.
func (s Shelved) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	var out []limit.Limit
	for n, k := range on {
		if slices.Contains(on[:n], k) {
			continue
		}
		found, err := shelved(s, item{ofLimits, k.ID, k.Scope}, func() ([]limit.Limit, error) { return s.Under.Limits([]core.LimitScope{k}) })
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b limit.Limit) int { return int(min(1, max(-1, int64(a.ID-b.ID)))) })
	return out, nil
}

// Preload puts onto the shelf what a batch will need and that is not there, in one reading
// a kind: customers with their contracts, projects, and the limits that stand on these scopes.
func (s Shelved) Preload(customers, projects []id.ID, on []core.LimitScope) error {
	if ids := s.missing(ofCustomer, customers); len(ids) > 0 {
		found, err := s.Under.Customers(core.CustomerQuery{IDs: ids, Page: core.Page{Limit: len(ids)}})
		if err != nil {
			return err
		}
		contracts, err := contractsOfMany.all(s.Under, listed(ids))
		if err != nil {
			return err
		}
		for _, c := range found {
			s.Shelf.put(item{kind: ofCustomer, about: c.ID}, c)
			s.Shelf.put(item{kind: ofContracts, about: c.ID}, slices.DeleteFunc(slices.Clone(contracts), func(k tenant.Contract) bool { return k.Customer != c.ID }))
		}
	}
	if ids := s.missing(ofProject, projects); len(ids) > 0 {
		found, err := s.Under.Projects(core.ProjectQuery{IDs: ids, IncludeWithRemoved: true, Page: core.Page{Limit: len(ids)}})
		if err != nil {
			return err
		}
		for _, p := range found {
			s.Shelf.put(item{kind: ofProject, about: p.ID}, p)
		}
	}
	return s.preloadLimits(on)
}

func (s Shelved) missing(kind byte, ids []id.ID) []id.ID {
	return slices.DeleteFunc(distinct(ids), func(i id.ID) bool {
		_, there := s.Shelf.get(item{kind: kind, about: i})
		return there || i == 0
	})
}

func (s Shelved) preloadLimits(on []core.LimitScope) error {
	wanted := map[item][]limit.Limit{}
	var scopes []string
	var ids []id.ID
	for _, k := range on {
		at := item{ofLimits, k.ID, k.Scope}
		if _, there := s.Shelf.get(at); !there && wanted[at] == nil {
			wanted[at] = []limit.Limit{}
			scopes, ids = append(scopes, string(k.Scope)), append(ids, k.ID)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	slices.Sort(scopes)
	found, err := limitsOnAny.all(s.Under, Arg{Kind: Texts, Texts: slices.Compact(scopes)}, listed(distinct(ids)))
	if err != nil {
		return err
	}
	for _, l := range found {
		at := item{ofLimits, l.ScopeID, l.Scope}
		if list, asked := wanted[at]; asked {
			wanted[at] = append(list, l)
		}
	}
	for at, list := range wanted {
		s.Shelf.put(at, list)
	}
	return nil
}
