package waldur

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// amendment words what refuses a change of an order: as the order itself was.
var amendment = act{name: "partial_update", act: order.Amend, side: core.Consuming}

// amendOrder changes what an order that waits asks for. What is wrong with the body is told
// after 404, 403 and 409.
func (d *door) amendOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	o := named(r, id.Order)
	sent, fault := readBody(r)
	var asked core.Placement
	p, err := d.core.Act(r.Context(), who, o, order.Amend, core.Verdict{Amend: func(s *core.Scene, a *core.Amendment) error {
		if fault != nil {
			return fault
		}
		b := &body{fields: sent.fields, form: sent.form, errs: maps.Clone(sent.errs)} // it may be read again
		if err := d.readAmendment(b, s, a); err != nil {
			return err
		}
		asked.Asks, asked.Plan = a.Asks, a.Plan
		return b.done()
	}})
	if err != nil {
		return d.amendRefused(r, who, err, o, asked)
	}
	var out map[string]any
	err = d.read(r, who, func(v *view) error {
		out = map[string]any{"limits": lineLimits(v, p), "attributes": orderAttributes(p.Order), "start_date": dayOrNull(p.Order.StartsOn)}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

// readAmendment reads what is sent; the rest stays.
func (d *door) readAmendment(b *body, s *core.Scene, a *core.Amendment) error {
	if b.given("limits") {
		a.Asks = b.limits("limits", true)
	}
	if b.given("start_date") {
		a.StartsOn = nil
		if on, ok := b.day("start_date"); ok {
			a.StartsOn = &on
		}
	}
	if b.given("attributes") {
		b.raw("attributes", true)
		if err := amendAttributes(b, a); err != nil {
			return err
		}
	}
	if plan := b.link(d, "plan", false, id.Plan, planPaths); plan != 0 {
		p, err := s.Plan(plan)
		switch {
		case err != nil && core.KindOf(err) == core.NotFound:
			b.errs.add("plan", noSuchThing)
		case err != nil:
			return err
		case p.Offering != a.Offering:
			b.errs.add("plan", "This plan is not available for selected offering.")
		}
		a.Plan = plan
	}
	return nil
}

// amendAttributes puts others in their place. What a new resource is called, and when it
// ends, stays where they do not say.
func amendAttributes(b *body, a *core.Amendment) error {
	var p core.Placement
	readAttributes(b, &p)
	a.Request = p.Request
	if a.Type != order.Create || b.errs["attributes"] != nil {
		return nil
	}
	if p.Name != "" {
		a.Name = p.Name
	}
	if (&body{fields: b.object("attributes", false)}).given("end_date") {
		a.EndsOn = p.EndsOn
	}
	kept := attrs[map[string]json.RawMessage](object(a.Attrs))
	kept["attributes"] = p.Request
	var err error
	a.Attrs, err = json.Marshal(kept)
	return err
}

// amendRefused words what the core has against a change as it words it of a new order.
func (d *door) amendRefused(r *http.Request, who core.Actor, err error, o id.ID, asked core.Placement) error {
	e := core.AsError(err)
	if e.Kind != core.Invalid || e.Err != nil {
		return d.actRefused(r, who, err, amendment, o)
	}
	if gone := d.read(r, who, func(v *view) error {
		p, err := v.Order(o)
		asked.Offering, asked.Project = p.Order.Offering, p.Order.Project
		return err
	}); gone != nil {
		return err
	}
	return d.placingRefused(r, who, err, asked, creation)
}
