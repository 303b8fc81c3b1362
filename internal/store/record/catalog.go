package record

import (
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

var offerings = newTable("offerings", 1,
	"id, provider_id, code, name, slug, description, state, measure, fulfilment, consent, approval, cancel, charged, shared, private_to, for_project, deadline, attrs, changed_at, rev",
	func(f *Fields, o *catalog.Offering) {
		num(f, &o.ID)
		num(f, &o.Provider)
		text(f, &o.Code)
		text(f, &o.Name)
		text(f, &o.Slug)
		text(f, &o.Description)
		text(f, &o.State)
		text(f, &o.Measure)
		text(f, &o.Fulfilment)
		text(f, &o.Consent)
		text(f, &o.Approval)
		text(f, &o.Cancel)
		text(f, &o.Charged)
		flag(f, &o.Shared)
		num(f, &o.PrivateTo)
		num(f, &o.ForProject)
		num(f, &o.Deadline)
		raw(f, &o.Attrs)
		since(f, &o.ChangedAt)
		num(f, &o.Rev)
	})

var offeringByID = offerings.where("WHERE id = ?1")

func (r *Reader) Offering(i id.ID) (catalog.Offering, error) {
	return offeringByID.byID(r, "offering", i)
}

func (r *Reader) Offerings(q core.OfferingQuery) ([]catalog.Offering, error) {
	var w where
	in(&w, "f.id", q.IDs)
	in(&w, "f.provider_id", q.Providers)
	w.offerings(q.Any)
	w.text("f.code", q.Code)
	w.text("f.name", q.Name)
	w.contains(q.Words, "f.name", "f.slug", "f.code", "f.description")
	words(&w, "f.state", q.States)
	w.text("f.measure", string(q.Measure))
	w.yes("f.shared", q.Shared)
	by := sorting{id: "f.id", from: "offerings f"}
	if q.AscendingByName {
		by.keys = []string{"f.name"}
		q.Ascending = true
	}
	return list(r, offerings, "f", "offerings f", &w, q.Page, by)
}

// offerings narrows offerings to what a reader may see. One that is private to nobody
// named is private to its provider's own customer.
func (w *where) offerings(s *core.Sight) {
	if s == nil || s.All {
		return
	}
	const owner = "CASE f.private_to WHEN 0 THEN (SELECT p.customer_id FROM providers p WHERE p.id = f.provider_id) ELSE f.private_to END"
	parts := []string{"f.shared = 1"}
	add := func(before, column, after string, list []id.ID) {
		if len(list) > 0 {
			sql, a := among(column, list)
			parts = append(parts, before+sql+after)
			w.args = append(w.args, a)
		}
	}
	add("", owner, "", s.Customers)
	add("", "f.for_project", "", s.Projects)
	add("(f.for_project = 0 AND "+owner+" IN (SELECT j.customer_id FROM projects j WHERE ", "j.id", "))", s.Projects)
	add("", "f.provider_id", "", s.Providers)
	add("", "f.id", "", s.Offerings)
	w.either(parts)
}

func (tx *Tx) PutOffering(o catalog.Offering) error {
	return putRev(tx, offerings, &o, &o.Rev, core.Ref{Kind: "offering", ID: o.ID})
}

var components = newTable("components", 1, "id, offering_id, code, name, unit, billing, stock, least, most, attrs",
	func(f *Fields, c *catalog.Component) {
		num(f, &c.ID)
		num(f, &c.Offering)
		text(f, &c.Code)
		text(f, &c.Name)
		text(f, &c.Unit)
		text(f, &c.Billing)
		flag(f, &c.Stock)
		opt(f, &c.Min)
		opt(f, &c.Max)
		raw(f, &c.Attrs)
	})

var (
	componentByID = components.where("WHERE id = ?1")
	componentsOf  = components.where("WHERE offering_id = ?1 ORDER BY id")
)

func (r *Reader) Component(i id.ID) (catalog.Component, error) {
	return componentByID.byID(r, "component", i)
}

func (r *Reader) Components(offering id.ID) ([]catalog.Component, error) {
	return componentsOf.all(r, num64(offering))
}

func (tx *Tx) PutComponent(c catalog.Component) error { return put(tx, components, &c) }

func (tx *Tx) DeleteComponent(i id.ID) error {
	_, err := tx.Exec("delete component", "DELETE FROM components WHERE id = ?1", with(num64(i)))
	return err
}

var plans = newTable("plans", 1,
	"id, offering_id, customer_id, code, name, unit, option, term_months, prepaid, currency, max_resources, archived_at, attrs, rev",
	func(f *Fields, p *catalog.Plan) {
		num(f, &p.ID)
		num(f, &p.Offering)
		num(f, &p.Customer)
		text(f, &p.Code)
		text(f, &p.Name)
		text(f, &p.Unit)
		text(f, &p.Option)
		num(f, &p.TermMonths)
		flag(f, &p.Prepaid)
		text(f, &p.Currency)
		num(f, &p.MaxResources)
		optAt(f, &p.ArchivedAt)
		raw(f, &p.Attrs)
		num(f, &p.Rev)
	})

var (
	planByID = plans.where("WHERE id = ?1")
	plansOf  = plans.where("WHERE offering_id = ?1 ORDER BY id")
)

func (r *Reader) Plan(i id.ID) (catalog.Plan, error) { return planByID.byID(r, "plan", i) }

func (r *Reader) Plans(offering id.ID) ([]catalog.Plan, error) {
	return plansOf.all(r, num64(offering))
}

func (tx *Tx) PutPlan(p catalog.Plan) error {
	return putRev(tx, plans, &p, &p.Rev, core.Ref{Kind: "plan", ID: p.ID})
}

var prices = newTable("prices", 3, "plan_id, component_id, from_day, once, each, amount", func(f *Fields, p *catalog.Price) {
	num(f, &p.Plan)
	num(f, &p.Component)
	num(f, &p.From)
	num(f, &p.Once)
	num(f, &p.Each)
	num(f, &p.Amount)
})

var pricesOf = prices.where("WHERE plan_id IN (SELECT id FROM plans WHERE offering_id = ?1) ORDER BY from_day, plan_id, component_id")

func (r *Reader) Prices(offering id.ID) ([]catalog.Price, error) {
	return pricesOf.all(r, num64(offering))
}

func (tx *Tx) PutPrice(p catalog.Price) error { return put(tx, prices, &p) }
