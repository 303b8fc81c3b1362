package core

import (
	"context"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// View runs fn over one snapshot. It is how a door reads several things at once; the
// Scene answers with what the actor may see and nothing else.
func (c *Core) View(ctx context.Context, who Actor, fn func(s *Scene) error) error {
	return c.store.View(ctx, func(r Reader) error { return fn(&Scene{c: c, r: r, who: who}) })
}

// Scene is a snapshot as one actor sees it: what another customer owns does not exist.
type Scene struct {
	c   *Core
	r   Reader
	who Actor
}

// Order returns an order with its lines and resource.
func (s *Scene) Order(i id.ID) (Placed, error) {
	o, err := s.r.Order(i)
	if err != nil {
		return Placed{}, err
	}
	see, err := s.c.sight(s.r, s.who, tenant.ListOrders)
	if err != nil {
		return Placed{}, err
	}
	if o.HiddenAt != nil || !see.sees(o.Customer, o.Project, o.Provider, o.Offering, o.User) {
		return Placed{}, notFound("order", i)
	}
	return s.c.placed(s.r, o)
}

// placed fills in what stands around an order.
func (c *Core) placed(r Reader, o order.Order) (Placed, error) {
	p := Placed{Order: o}
	var err error
	if p.Lines, err = r.Lines(o.ID); err != nil {
		return p, err
	}
	if o.Resource != 0 {
		if p.Resource, err = r.Resource(o.Resource); err != nil {
			return p, err
		}
	}
	p.Offering, err = r.Offering(o.Offering)
	return p, err
}

// Orders lists orders that the actor may see and q lets through, with their lines and
// resources.
func (s *Scene) Orders(q OrderQuery) ([]Placed, error) {
	if err := s.narrowIn(&q.Any, tenant.ListOrders, q.Providers, q.Offerings); err != nil {
		return nil, err
	}
	orders, err := s.r.Orders(q)
	if err != nil || len(orders) == 0 {
		return nil, err
	}
	ids := make([]id.ID, len(orders))
	for n, o := range orders {
		ids[n] = o.ID
	}
	lines, err := s.r.Lines(ids...)
	if err != nil {
		return nil, err
	}
	byOrder := map[id.ID][]order.Line{}
	for _, l := range lines {
		byOrder[l.Order] = append(byOrder[l.Order], l)
	}
	resources, err := s.resourcesOf(orders)
	if err != nil {
		return nil, err
	}
	offerings := map[id.ID]catalog.Offering{}
	out := make([]Placed, len(orders))
	for n, o := range orders {
		p := Placed{Order: o, Lines: byOrder[o.ID], Resource: resources[o.Resource]}
		off, ok := offerings[o.Offering]
		if !ok {
			if off, err = s.r.Offering(o.Offering); err != nil {
				return nil, err
			}
			offerings[o.Offering] = off
		}
		p.Offering = off
		out[n] = p
	}
	return out, nil
}

// resourcesOf reads the resources that orders are of, all at once.
func (s *Scene) resourcesOf(orders []order.Order) (map[id.ID]order.Resource, error) {
	var ids []id.ID
	for _, o := range orders {
		if o.Resource != 0 {
			ids = append(ids, o.Resource)
		}
	}
	out := make(map[id.ID]order.Resource, len(ids))
	if len(ids) == 0 { // a query without ids would not narrow
		return out, nil
	}
	list, err := s.r.Resources(ResourceQuery{IDs: ids, Hidden: true, Page: Page{Limit: len(ids)}})
	for _, r := range list {
		out[r.ID] = r
	}
	return out, err
}

// CountOrders counts what Orders would list without its page.
func (s *Scene) CountOrders(q OrderQuery) (int, error) {
	if err := s.narrowIn(&q.Any, tenant.ListOrders, q.Providers, q.Offerings); err != nil {
		return 0, err
	}
	return s.r.CountOrders(q)
}

// narrow keeps a door's own narrowing only where it lies inside what the actor may see.
func (s *Scene) narrow(any **Sight, right tenant.Right) error {
	see, err := s.c.sight(s.r, s.who, right)
	if err != nil {
		return err
	}
	if *any == nil || see.All && *any == nil {
		*any = see
		return nil
	}
	if see.All {
		return nil
	}
	keep := func(want, may []id.ID) []id.ID {
		return slices.DeleteFunc(slices.Clone(want), func(i id.ID) bool { return !slices.Contains(may, i) })
	}
	w := *any
	if w.All {
		*any = see
		return nil
	}
	*any = &Sight{Customers: keep(w.Customers, see.Customers), Projects: keep(w.Projects, see.Projects), Providers: keep(w.Providers, see.Providers),
		Offerings: keep(w.Offerings, see.Offerings), Users: keep(w.Users, see.Users)}
	return nil
}

// narrowIn is narrow for a list of what certain providers or offerings deliver. Where the
// actor sees all of that, nothing is left to be asked of each row.
func (s *Scene) narrowIn(any **Sight, right tenant.Right, providers, offerings []id.ID) error {
	if err := s.narrow(any, right); err != nil {
		return err
	}
	all, err := s.covers(*any, providers, offerings)
	if all {
		*any = &Sight{All: true}
	}
	return err
}

// covers reports whether all that some providers or offerings deliver is inside see.
func (s *Scene) covers(see *Sight, providers, offerings []id.ID) (bool, error) {
	unseen := func(i id.ID) bool { return !slices.Contains(see.Providers, i) }
	switch {
	case see.All || len(providers) > 0 && !slices.ContainsFunc(providers, unseen):
		return true, nil
	case len(offerings) == 0:
		return false, nil
	}
	for _, i := range offerings {
		o, err := s.r.Offering(i)
		switch {
		case KindOf(err) == NotFound: // nothing is of it
		case err != nil:
			return false, err
		case unseen(o.Provider) && !slices.Contains(see.Offerings, i):
			return false, nil
		}
	}
	return true, nil
}

// Resource returns a resource.
func (s *Scene) Resource(i id.ID) (order.Resource, error) {
	res, err := s.anyResource(i)
	if err == nil && res.State == order.Unlinked {
		return order.Resource{}, notFound("resource", i)
	}
	return res, err
}

// anyResource returns a resource, one that is unlinked too: what was used of it stays to be seen.
func (s *Scene) anyResource(i id.ID) (order.Resource, error) {
	res, err := s.r.Resource(i)
	if err != nil {
		return res, err
	}
	see, err := s.c.sight(s.r, s.who, tenant.ListResources)
	if err != nil {
		return res, err
	}
	if !see.sees(res.Customer, res.Project, res.Provider, res.Offering, 0) {
		return order.Resource{}, notFound("resource", i)
	}
	return res, nil
}

// Resources lists resources.
func (s *Scene) Resources(q ResourceQuery) ([]order.Resource, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return nil, err
	}
	q.Any.Users = nil
	return s.r.Resources(q)
}

// CountResources counts what Resources would list without its page.
func (s *Scene) CountResources(q ResourceQuery) (int, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return 0, err
	}
	q.Any.Users = nil
	return s.r.CountResources(q)
}

// Tally counts what Resources would list without its page, by project and offering.
func (s *Scene) Tally(q ResourceQuery) ([]Tally, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return nil, err
	}
	q.Any.Users = nil
	return s.r.Tally(q)
}

// Terms, Assets and Usages are those of records the caller has already been shown.

// Terms lists a resource's stretches of plan and quantities, oldest first.
func (s *Scene) Terms(resource id.ID) ([]order.Term, error) {
	if _, err := s.Resource(resource); err != nil {
		return nil, err
	}
	return s.r.Terms(resource)
}

// Assets lists the parts of resources that the actor may see.
func (s *Scene) Assets(resources ...id.ID) ([]order.Asset, error) {
	for _, i := range resources {
		if _, err := s.Resource(i); err != nil {
			return nil, err
		}
	}
	return s.r.Assets(resources...)
}

// Usage returns one usage row.
func (s *Scene) Usage(i id.ID) (order.Usage, error) {
	u, err := s.r.Usage(i)
	if err != nil {
		return u, err
	}
	if _, err := s.anyResource(u.Resource); err != nil {
		return order.Usage{}, notFound("usage", i)
	}
	return u, nil
}

// Usages lists usage rows.
func (s *Scene) Usages(q UsageQuery) ([]order.Usage, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return nil, err
	}
	q.Any.Users = nil
	return s.r.Usages(q)
}

// CountUsages counts what Usages would list without its page.
func (s *Scene) CountUsages(q UsageQuery) (int, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return 0, err
	}
	q.Any.Users = nil
	return s.r.CountUsages(q)
}

// UserUsageList lists users' parts of usages that the actor may see.
func (s *Scene) UserUsageList(q UserUsageQuery) ([]order.UserUsage, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return nil, err
	}
	q.Any.Users = nil
	return s.r.UserUsageList(q)
}

// CountUserUsages counts what UserUsageList would list without its page.
func (s *Scene) CountUserUsages(q UserUsageQuery) (int, error) {
	if err := s.narrowIn(&q.Any, tenant.ListResources, q.Providers, q.Offerings); err != nil {
		return 0, err
	}
	q.Any.Users = nil
	return s.r.CountUserUsages(q)
}

// Charge is what a period of one component was charged, with the entries that orders did
// not make.
type Charge struct {
	order.Usage
	Entries []ledger.Entry
}

// Charges lists what a resource was charged, period by period: the rows made last first.
// What orders took of a period is in its Amount, and among the orders' own entries.
func (s *Scene) Charges(resource id.ID, p Page) ([]Charge, error) {
	if _, err := s.Resource(resource); err != nil {
		return nil, err
	}
	rows, err := s.r.Usages(UsageQuery{Resources: []id.ID{resource}, Any: &Sight{All: true}, Page: p})
	if err != nil {
		return nil, err
	}
	out := make([]Charge, len(rows))
	for n, u := range rows {
		out[n].Usage = u
		if out[n].Entries, err = s.r.Entries(u.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// UserUsages lists users' parts of usages the caller has been shown.
func (s *Scene) UserUsages(usages ...id.ID) ([]order.UserUsage, error) {
	return s.r.UserUsages(usages...)
}

// Offering returns an offering with its components, plans and prices, private plans of
// other customers left out.
func (s *Scene) Offering(i id.ID) (catalog.Sheet, error) {
	o, err := s.r.Offering(i)
	if err != nil {
		return catalog.Sheet{}, err
	}
	if ok, err := s.c.seesOffering(s.r, s.who, o); err != nil || !ok {
		return catalog.Sheet{}, errors.Join(err, notFound("offering", i))
	}
	return s.sheet(o)
}

func (s *Scene) sheet(o catalog.Offering) (catalog.Sheet, error) {
	sheet, err := s.c.sheet(s.r, o)
	agreed := func(p catalog.Plan) bool { return p.Customer != 0 }
	if err != nil || s.who.SeesAll() || !slices.ContainsFunc(sheet.Plans, agreed) {
		return sheet, err
	}
	provider, err := s.r.Provider(o.Provider)
	if err != nil {
		return sheet, err
	}
	mine := s.customers()
	sheet.Plans = slices.DeleteFunc(slices.Clone(sheet.Plans), func(p catalog.Plan) bool {
		return agreed(p) && !slices.Contains(mine, p.Customer) && !slices.Contains(mine, provider.Customer)
	})
	return sheet, nil
}

// seesOffering: shared ones everybody, private ones their customer's and project's
// people, all of them those who deliver.
func (c *Core) seesOffering(r Reader, who Actor, o catalog.Offering) (bool, error) {
	if who.SeesAll() || o.Shared {
		return true, nil
	}
	p, err := r.Provider(o.Provider)
	if err != nil {
		return false, err
	}
	mine := who.scopes(tenant.OnCustomer)
	private := o.PrivateTo
	if private == 0 {
		private = p.Customer
	}
	if slices.Contains(mine, p.Customer) || slices.Contains(mine, private) || slices.Contains(who.scopes(tenant.OnOffering), o.ID) {
		return true, nil
	}
	for _, i := range who.Projects() {
		pr, err := r.Project(i)
		if err != nil {
			return false, err
		}
		if pr.Customer == private && (o.ForProject == 0 || o.ForProject == pr.ID) {
			return true, nil
		}
	}
	return false, nil
}

// Offerings lists offerings that the actor may see.
func (s *Scene) Offerings(q OfferingQuery) ([]catalog.Offering, error) {
	if !s.who.SeesAll() {
		see := &Sight{Customers: s.customers(), Projects: s.who.Projects(), Offerings: s.who.scopes(tenant.OnOffering)}
		providers, err := s.r.Providers()
		if err != nil {
			return nil, err
		}
		for _, p := range providers {
			if slices.Contains(s.who.Customers(), p.Customer) {
				see.Providers = append(see.Providers, p.ID)
			}
		}
		q.Any = see
	}
	return s.r.Offerings(q)
}

// OfferingByCode returns the offering of a code, whoever provides it; the oldest where
// several providers use one code.
func (s *Scene) OfferingByCode(code string) (catalog.Sheet, error) {
	o, err := s.OfferingCoded(code)
	if err != nil {
		return catalog.Sheet{}, err
	}
	return s.sheet(o)
}

// OfferingCoded is OfferingByCode without what the offering is made of.
func (s *Scene) OfferingCoded(code string) (catalog.Offering, error) {
	list, err := s.Offerings(OfferingQuery{Code: code, Page: Page{Ascending: true, Limit: 1}})
	if err != nil {
		return catalog.Offering{}, err
	}
	if len(list) == 0 {
		return catalog.Offering{}, notFound("offering", 0)
	}
	return list[0], nil
}

// OfferingsMeasured lists the sheets of offerings measured one way: how a door finds
// the archive, the hardware catalogue, the pool service.
func (s *Scene) OfferingsMeasured(m catalog.Measuring, f catalog.Fulfilment) ([]catalog.Sheet, error) {
	list, err := s.Offerings(OfferingQuery{Measure: m, Page: Page{Ascending: true, Limit: 1000}})
	if err != nil {
		return nil, err
	}
	var out []catalog.Sheet
	for _, o := range list {
		if o.Fulfilment != f {
			continue
		}
		sh, err := s.sheet(o)
		if err != nil {
			return nil, err
		}
		out = append(out, sh)
	}
	return out, nil
}

// Component returns a component by id, whatever its offering: orders name them.
func (s *Scene) Component(i id.ID) (catalog.Component, error) { return s.r.Component(i) }

// Plan returns a plan by id: orders and resources name them.
func (s *Scene) Plan(i id.ID) (catalog.Plan, error) { return s.r.Plan(i) }

// Provider returns a provider.
func (s *Scene) Provider(i id.ID) (tenant.Provider, error) { return s.r.Provider(i) }

// Providers lists all providers: anyone signed in may know who delivers.
func (s *Scene) Providers() ([]tenant.Provider, error) { return s.r.Providers() }
