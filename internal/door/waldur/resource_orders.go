package waldur

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// takesAmounts reports whether an order may name an amount of a component.
func takesAmounts(o catalog.Offering, c catalog.Component) bool {
	return o.Measure == catalog.Count || c.Billing == catalog.ByLimit
}

// byOrder is a change of a resource that is made by ordering it.
type byOrder struct {
	typ   order.Type
	right tenant.Right // for telling a refusal before a fault of the body; the core decides
	from  []order.ResourceState
	words phrasing
	// read reads what is asked for of the resource as it stands.
	read func(d *door, v *view, b *body, r order.Resource, p *core.Placement)
}

var termination = byOrder{order.Terminate, tenant.Terminate, []order.ResourceState{order.OK, order.ResourceErred}, terminating,
	func(_ *door, _ *view, b *body, _ order.Resource, p *core.Placement) {
		p.Request = withoutSecrets(b.object("attributes", false))
	}}

var limitUpdate = byOrder{order.Update, tenant.SetLimits, []order.ResourceState{order.OK}, changing,
	func(_ *door, v *view, b *body, r order.Resource, p *core.Placement) {
		p.Asks = b.limits("limits", true)
		p.Notes.Comment = b.text("request_comment", false, 0)
		p.Request, _ = json.Marshal(map[string]any{"old_limits": resourceLimits(v, r)}) // numbers by name
	}}

var planSwitch = byOrder{order.Update, tenant.SetPlan, []order.ResourceState{order.OK}, changing,
	func(d *door, v *view, b *body, r order.Resource, p *core.Placement) {
		p.Plan = b.link(d, "plan", true, id.Plan, planPaths)
		if p.Plan == 0 {
			return
		}
		plan, err := v.Plan(p.Plan)
		switch {
		case core.KindOf(err) == core.NotFound && err != nil:
			b.errs.add("plan", noSuchThing)
		case err != nil:
			v.failed(err)
		case plan.Offering != r.Offering:
			b.errs["plan"] = "Plan is not available for this offering."
		}
	}}

var restoration = byOrder{order.Restore, tenant.PlaceOrder, []order.ResourceState{order.Terminated}, restoring,
	func(_ *door, v *view, b *body, r order.Resource, _ *core.Placement) {
		b.errs = fieldErrors{}
		if !plugin(v.sheet(r.Offering).Offering).CanRestore {
			v.failed(rule("Restoration of resources is not enabled for this offering."))
		}
	}}

// changeByOrder places an order that changes a resource and answers with its UUID.
func (d *door) changeByOrder(s sideView, c byOrder) func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		p := core.Placement{Type: c.typ, Resource: named(r, id.Resource)}
		var state order.ResourceState
		err := d.read(r, who, func(v *view) error {
			res, err := s.resource(v, p.Resource)
			if err != nil {
				return err
			}
			p.Offering, p.Project, state = res.Offering, res.Project, res.State
			b, err := readBody(r)
			if c.typ == order.Restore { // whatever it says
				err = nil
			}
			if err == nil {
				c.read(d, v, b, res, &p)
				err, v.err = cmp.Or(v.err, b.done()), nil
			}
			if err != nil {
				return c.sooner(v, res, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		placed, err := d.core.PlaceOrder(r.Context(), who, p)
		if err != nil {
			if core.AsError(err).Reason == core.ReasonOpenOrder && !slices.Contains(c.from, state) {
				return c.wrongState()
			}
			if again := d.approveTermination(r, who, err, c); again != 0 {
				return reply(w, http.StatusOK, map[string]string{"order_uuid": again.UUID(id.Order)})
			}
			return d.placingRefused(r, who, err, p, c.words)
		}
		return reply(w, http.StatusOK, map[string]string{"order_uuid": placed.Order.ID.UUID(id.Order)})
	}
}

// sooner tells what refuses a change before a fault of its body does.
func (c byOrder) sooner(v *view, r order.Resource, fault error) error {
	scopes := []id.ID{r.Project, r.Customer}
	if c.typ == order.Terminate {
		scopes = append(scopes, v.provider(r.Provider).Customer)
	}
	switch {
	case !v.may(c.right, scopes...):
		return refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
	case !slices.Contains(c.from, r.State):
		return c.wrongState()
	}
	return fault
}

func (c byOrder) wrongState() error {
	return refuse(http.StatusConflict, detail("Valid states for operation: "+c.words.states+"."))
}

// approveTermination: to terminate what somebody asked to be terminated, by one who may
// approve it, is to approve that. It returns the order approved, or 0.
func (d *door) approveTermination(r *http.Request, who core.Actor, err error, c byOrder) id.ID {
	e := core.AsError(err)
	if c.typ != order.Terminate || e.Reason != core.ReasonOpenOrder {
		return 0
	}
	waits := false
	if d.read(r, who, func(v *view) error {
		p, err := v.Order(e.About.ID)
		waits = err == nil && p.Order.Type == order.Terminate && p.Order.State == order.PendingConsumer
		return err
	}) != nil || !waits {
		return 0
	}
	if _, err := d.core.Act(r.Context(), who, e.About.ID, order.ApproveConsumer, core.Verdict{}); err != nil {
		return 0
	}
	return e.About.ID
}
