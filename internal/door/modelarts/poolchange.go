package modelarts

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// poolChange is what a PATCH comes to: an order to confirm, an order to place, and what is
// written beside them.
type poolChange struct {
	res     order.Resource
	list    []resourceAsk // nil: as they are
	confirm id.ID
	update  *core.Placement
	attrs   bool // something that is kept here changes
}

func (d *door) changePool(w http.ResponseWriter, r *http.Request, at place) error {
	var in poolBody
	if err := readObject(r, &in); err != nil {
		return err
	}
	if err := in.check("v2", "Pool"); err != nil {
		return err
	}
	list, err := in.resources()
	if err != nil {
		return err
	}
	c := poolChange{list: list}
	if err := d.view(r, at, func(s *core.Scene) error { return c.decide(s, at, r.PathValue("pool"), in) }); err != nil {
		return err
	}
	if err := d.carryOut(r, at, in, &c); err != nil {
		return err
	}
	return d.answerPool(w, r, at, c.res)
}

// decide finds out what the change needs; all that can be refused before the core is asked
// is refused here.
func (c *poolChange) decide(s *core.Scene, at place, name string, in poolBody) error {
	var err error
	if c.res, err = poolNamedSo(s, at, name); err != nil {
		return err
	}
	if paid := string(in.Metadata.Annotations[noteOrder]); paid != "" {
		if c.confirm, err = orderToConfirm(s, c.res, paid); err != nil {
			return err
		}
	}
	before := poolOf(c.res)
	after := poolOf(c.res)
	if err := after.change(in, c.list); err != nil {
		return err
	}
	if _, err := after.attributes(c.res.Attrs); err != nil {
		return err
	}
	c.attrs = !bytes.Equal(encoded(before), encoded(after))
	if c.list == nil {
		return nil
	}
	sheet, err := s.ShownOffering(c.res.Offering)
	if err != nil {
		return err
	}
	return c.resize(s, sheet, in)
}

// resize makes an order of the counts, if any differs from what the pool has.
func (c *poolChange) resize(s *core.Scene, sheet catalog.Sheet, in poolBody) error {
	asks, err := asked(c.list)
	if err != nil {
		return err
	}
	p := core.Placement{Type: order.Update, Resource: c.res.ID, Staged: true}
	var most, unnamed money.Micro // of any flavor; of flavors that the list leaves out
	for _, q := range c.res.Quantities {
		unnamed += q
	}
	differs, grows := false, false
	for _, a := range asks {
		comp, ok := sheet.Component(a.Component)
		if !ok {
			return noFlavor(a.Component)
		}
		has := c.res.Quantities[comp.ID]
		differs, grows = differs || a.Quantity != has, grows || a.Quantity > has
		most, unnamed = max(most, a.Quantity), unnamed-has
		if a.Quantity > 0 || has > 0 {
			p.Asks = append(p.Asks, a)
		}
	}
	if most == 0 {
		return bad("One node must remain in the pool.")
	}
	if !differs && unnamed == 0 {
		return nil
	}
	if p.Confirm, err = c.mustConfirm(s, in, grows); err != nil {
		return err
	}
	p.Request = encoded(map[string]any{"spec": map[string]any{"resources": in.Spec["resources"]}})
	c.update = &p
	return nil
}

// mustConfirm: nodes that are added to a pool paid ahead wait for the payer, unless this
// request, or the one that made the pool, says that they are paid at once.
func (c *poolChange) mustConfirm(s *core.Scene, in poolBody, grows bool) (bool, error) {
	pays, err := readAutoPay(in.Metadata.Annotations)
	if err != nil || !grows || c.res.Plan == 0 {
		return false, err
	}
	plan, err := s.Plan(c.res.Plan)
	if err != nil {
		return false, err
	}
	if in.Metadata.Annotations[noteAutoPay] == "" {
		pays, err = readAutoPay(map[string]text{noteAutoPay: text(poolOf(c.res).Annotations[noteAutoPay])})
	}
	return plan.Prepaid && !pays, err
}

// orderToConfirm reads the id that CreateOrderId gave; 0 where that order is done already.
func orderToConfirm(s *core.Scene, res order.Resource, spelled string) (id.ID, error) {
	none := bad("%s must be an unpaid order of this pool.", noteOrder)
	i, err := parsePaymentID(spelled)
	if err != nil {
		return 0, none
	}
	p, err := s.Order(i)
	if err != nil {
		return 0, missing(err, none)
	}
	switch {
	case p.Order.Resource != res.ID:
		return 0, none
	case p.Order.State == order.PendingConsumer:
		return i, nil
	case p.Order.State == order.Done:
		return 0, nil
	}
	return 0, none
}

// carryOut does what was decided. Orders come first: a refusal leaves the rest undone.
func (d *door) carryOut(r *http.Request, at place, in poolBody, c *poolChange) error {
	if c.confirm != 0 {
		p, err := d.core.Act(r.Context(), at.who, c.confirm, order.ApproveConsumer, core.Verdict{})
		if err != nil {
			return err
		}
		c.res = p.Resource
	}
	if c.update != nil {
		p, err := d.core.PlaceOrder(r.Context(), at.who, *c.update)
		if err != nil {
			return err
		}
		c.res = p.Resource
	}
	if !c.attrs {
		return nil
	}
	res, err := d.core.ChangeResource(r.Context(), at.who, c.res.ID, core.Consuming, tenant.PlaceOrder, func(_ *core.Scene, res *order.Resource) error {
		kept := poolOf(*res)
		if err := kept.change(in, c.list); err != nil {
			return err
		}
		attrs, err := kept.attributes(res.Attrs)
		res.Attrs = attrs
		return err
	})
	if err == nil {
		c.res = res
	}
	return err
}

func (d *door) deletePool(w http.ResponseWriter, r *http.Request, at place) error {
	var out wirePool
	var res order.Resource
	err := d.view(r, at, func(s *core.Scene) (err error) {
		if res, err = poolNamedSo(s, at, r.PathValue("pool")); err == nil {
			out, err = newShower(s, at).pool(res)
		}
		return err
	})
	if err != nil {
		return err
	}
	placed, err := d.end(r, at.who, res)
	if err != nil {
		return err
	}
	out.deleted(d.core.Now(), placed.Order)
	return reply(w, r, http.StatusOK, out)
}

// end ends a pool by an order of its own. An order that waits is withdrawn first, for there
// is no other way here to be rid of it; where it is the one that makes the pool, that is all.
func (d *door) end(r *http.Request, who core.Actor, res order.Resource) (core.Placed, error) {
	if res.OpenOrder != 0 {
		var open core.Placed
		err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { open, err = s.Order(res.OpenOrder); return err })
		if err != nil && core.KindOf(err) != core.NotFound { // one that the caller cannot see they cannot withdraw
			return open, err
		}
		if err == nil && open.Order.State.Pending() && open.Order.Type != order.Terminate {
			withdrawn, err := d.core.Act(r.Context(), who, res.OpenOrder, order.Cancel, core.Verdict{})
			if err != nil || open.Order.Type == order.Create {
				return withdrawn, err
			}
		}
	}
	return d.core.PlaceOrder(r.Context(), who, core.Placement{Type: order.Terminate, Resource: res.ID, Request: json.RawMessage("{}")})
}

// createOrderID makes the order by which a pool on demand is paid for by the month from
// now on. It waits for its payer: at the billing centre, or by a change of the pool that
// names it.
func (d *door) createOrderID(w http.ResponseWriter, r *http.Request, at place) error {
	var in struct {
		Action string `json:"actionType"`
	}
	if err := readObject(r, &in); err != nil {
		return err
	}
	if q := r.URL.Query().Get("actionType"); in.Action != "toPeriod" || q != "" && q != in.Action {
		return bad("actionType must be toPeriod.")
	}
	var p core.Placement
	var waiting id.ID
	err := d.view(r, at, func(s *core.Scene) (err error) { p, waiting, err = toPeriod(s, at, r.PathValue("pool")); return err })
	if err != nil {
		return err
	}
	if waiting == 0 {
		placed, err := d.core.PlaceOrder(r.Context(), at.who, p)
		if err != nil {
			return err
		}
		waiting = placed.Order.ID
	}
	return reply(w, r, http.StatusOK, map[string]string{"id": paymentID(waiting)})
}

// toPeriod words the order, or finds the one that waits already.
func toPeriod(s *core.Scene, at place, name string) (core.Placement, id.ID, error) {
	p := core.Placement{Type: order.Update, Confirm: true, Periods: 1}
	res, err := poolNamedSo(s, at, name)
	if err != nil {
		return p, 0, err
	}
	sheet, err := s.ShownOffering(res.Offering)
	if err != nil {
		return p, 0, err
	}
	if now, _ := sheet.Plan(res.Plan); aheadOfUse(now) {
		return p, 0, bad("The pool is paid by the period already.")
	}
	plan, _, err := billing{ahead: true, periods: 1}.plan(sheet, res.Customer)
	if err != nil {
		return p, 0, err
	}
	if res.OpenOrder != 0 {
		open, err := s.Order(res.OpenOrder)
		if err == nil && open.Order.Plan == plan.ID && open.Order.State == order.PendingConsumer {
			return p, open.Order.ID, nil
		}
	}
	p.Resource, p.Plan, p.Request = res.ID, plan.ID, json.RawMessage(`{"actionType":"toPeriod"}`)
	for _, c := range sheet.Components {
		if q := res.Quantities[c.ID]; q > 0 {
			p.Asks = append(p.Asks, core.Ask{Component: c.Code, Quantity: q})
		}
	}
	return p, 0, nil
}
