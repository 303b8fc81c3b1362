package record

import (
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

var resources = newTable("resources", 1,
	"id, customer_id, project_id, user_id, provider_id, offering_id, plan_id, ref, name, slug, state, quantities, reported, backend_id, open_order, "+
		"paid_until, ends_on, attrs, live, changed_at, rev",
	func(f *Fields, r *order.Resource) {
		num(f, &r.ID)
		num(f, &r.Customer)
		num(f, &r.Project)
		num(f, &r.User)
		num(f, &r.Provider)
		num(f, &r.Offering)
		num(f, &r.Plan)
		num(f, &r.Ref)
		text(f, &r.Name)
		text(f, &r.Slug)
		code(f, &r.State, resourceStates)
		amounts(f, &r.Quantities)
		amounts(f, &r.Reported)
		text(f, &r.BackendID)
		num(f, &r.OpenOrder)
		optAt(f, &r.PaidUntil)
		opt(f, &r.EndsOn)
		raw(f, &r.Attrs)
		flag(f, &r.Live)
		since(f, &r.ChangedAt)
		num(f, &r.Rev)
	})

var resourceByID = resources.guard("WHERE id = ?1")

func (r *Reader) Resource(i id.ID) (order.Resource, error) {
	return resourceByID.byID(r, "resource", i)
}

// resourceSorts are the keys by which resources can be sorted before their id.
var resourceSorts = map[string][]string{
	"":      nil,
	"name":  {"r.name"},
	"state": {"r.state"},
}

func (r *Reader) Resources(q core.ResourceQuery) ([]order.Resource, error) {
	keys, ok := resourceSorts[q.SortBy]
	if !ok {
		return nil, &core.Error{Kind: core.Invalid, Field: "sort", Msg: "Resources cannot be sorted that way."}
	}
	h, err := r.resourceReach(q)
	if err != nil {
		return nil, err
	}
	return reachList(r, resources, "r", h, resourceFilters(q), q.Page, sorting{id: "r.id", keys: keys, from: "resources r"})
}

func (r *Reader) CountResources(q core.ResourceQuery) (int, error) {
	h, err := r.resourceReach(q)
	if err != nil {
		return 0, err
	}
	return reachCount(r, resources, "r", h, resourceFilters(q))
}

// Tally counts resources by project and offering.
func (r *Reader) Tally(q core.ResourceQuery) ([]core.Tally, error) {
	h, err := r.resourceReach(q)
	if err != nil {
		return nil, err
	}
	w := resourceFilters(q)
	h.either(w)
	text := "SELECT r.project_id, r.offering_id, count(*) FROM resources r" + w.sql() +
		" GROUP BY r.project_id, r.offering_id ORDER BY r.project_id, r.offering_id"
	l, known := r.known(text, w.args)
	if known {
		if list, ok := l.tallies(); ok {
			return list, nil
		}
	}
	list, err := gather(r, text, true, func(f *Fields, t *core.Tally) {
		num(f, &t.Project)
		num(f, &t.Offering)
		num(f, &t.Resources)
	}, w.args)
	if known && err == nil {
		l.tallied(list)
	}
	return list, err
}

// resourceReach says by which indexes resources are read: by customer through the
// customer's orders, for a resource has the id of its first; by offering; or, for what a
// reader may see, by both.
func (r *Reader) resourceReach(q core.ResourceQuery) (whence, error) {
	byCustomer := reach{from: "orders o JOIN resources r ON r.id = o.id", id: "o.id", column: "o.customer_id",
		whole: "r.id IN (SELECT o.id FROM orders o WHERE %s)"}
	byOffering := reach{from: "resources r", id: "r.id", column: "r.offering_id", whole: "%s"}
	if len(q.IDs) > 0 || q.Ref != 0 {
		return whence{whole: true}, nil
	}
	customers, known, err := r.customersFor(q.Customers, q.Projects, nil)
	if err != nil {
		return whence{}, err
	}
	if known {
		byCustomer.keys = distinct(customers)
		return whence{reaches: []reach{byCustomer}}, nil
	}
	switch {
	case len(q.Offerings) > 0:
		byOffering.keys = distinct(q.Offerings)
		return whence{reaches: []reach{byOffering}}, nil
	case len(q.Providers) > 0:
		byOffering.keys, err = r.offeringsOf(q.Providers)
		return whence{reaches: []reach{byOffering}}, err
	case q.Any == nil || q.Any.All:
		return whence{whole: true}, nil
	}
	if customers, err = r.seenCustomers(q.Any); err != nil {
		return whence{}, err
	}
	offered, err := r.offeringsOf(q.Any.Providers)
	if err != nil {
		return whence{}, err
	}
	byCustomer.keys, byOffering.keys = distinct(customers), distinct(append(offered, q.Any.Offerings...))
	return whence{reaches: []reach{byCustomer, byOffering}, customer: "r.customer_id"}, nil
}

func resourceFilters(q core.ResourceQuery) *where {
	w := &where{}
	in(w, "r.id", q.IDs)
	in(w, "r.customer_id", q.Customers)
	in(w, "r.project_id", q.Projects)
	in(w, "r.provider_id", q.Providers)
	in(w, "r.offering_id", q.Offerings)
	in(w, "r.plan_id", q.Plans)
	w.sight(q.Any, owners{"r.customer_id", "r.project_id", "r.provider_id", "r.offering_id", "r.user_id"})
	if q.Ref != 0 {
		is(w, "r.ref", q.Ref)
		w.and("r.ref <> 0") // what resources_ref holds
	}
	coded(w, "r.state", resourceStates, q.States)
	if !q.Hidden && (len(q.States) == 0 || slices.Contains(q.States, order.Unlinked)) {
		w.and("r.state <> ?", num64(resourceStates.code[order.Unlinked]))
	}
	w.text("r.name", q.Name)
	w.contains(q.Words, "r.name", "r.slug", "r.backend_id")
	w.text("r.backend_id", q.BackendID)
	w.text("r.slug", q.Slug)
	w.contains(q.NameContains, "r.name")
	w.yes("r.live", q.Live)
	w.made("r.id", q.From, q.Until)
	w.changed("r.id", "r.changed_at", q.ChangedFrom, q.ChangedUntil)
	return w
}

func (tx *Tx) InsertResource(r order.Resource) error {
	if err := insertNew(tx, resources, &r, &r.Rev); err != nil {
		return err
	}
	return tx.noteOwners(ownership{r.Customer, r.Project, r.User}, source{r.Offering, r.Provider})
}

func (tx *Tx) UpdateResource(r order.Resource) error {
	if err := replaceRev(tx, resources, &r, core.Ref{Kind: "resource", ID: r.ID}); err != nil {
		return err
	}
	return tx.noteOwners(ownership{r.Customer, r.Project, r.User}, source{r.Offering, r.Provider})
}

var terms = newTable("terms", 1, "id, resource_id, from_at, until_at, plan_id, quantities, once, each", func(f *Fields, t *order.Term) {
	num(f, &t.ID)
	num(f, &t.Resource)
	at(f, &t.From)
	optAt(f, &t.Until)
	num(f, &t.Plan)
	amounts(f, &t.Quantities)
	amounts(f, &t.Once)
	amounts(f, &t.Each)
})

var (
	termByID = terms.where("WHERE id = ?1")
	termsOf  = terms.where("WHERE resource_id = ?1 ORDER BY from_at")
)

func (r *Reader) Term(i id.ID) (order.Term, error)           { return termByID.byID(r, "term", i) }
func (r *Reader) Terms(resource id.ID) ([]order.Term, error) { return termsOf.all(r, num64(resource)) }
func (tx *Tx) PutTerm(t order.Term) error                    { return put(tx, terms, &t) }

var assets = newTable("assets", 1, "id, resource_id, line, component_id, name, state, attrs", func(f *Fields, a *order.Asset) {
	num(f, &a.ID)
	num(f, &a.Resource)
	num(f, &a.Line)
	num(f, &a.Component)
	text(f, &a.Name)
	text(f, &a.State)
	raw(f, &a.Attrs)
})

var (
	assetsOf     = assets.where("WHERE resource_id = ?1 ORDER BY id")
	assetsOfMany = assets.where("WHERE resource_id = ANY (?1) ORDER BY resource_id, id")
)

func (r *Reader) Assets(resources ...id.ID) ([]order.Asset, error) {
	return ofAny(r, assetsOf, assetsOfMany, resources)
}

func (tx *Tx) PutAsset(a order.Asset) error { return put(tx, assets, &a) }
