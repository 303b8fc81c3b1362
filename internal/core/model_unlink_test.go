package core_test

import (
	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// unlink takes a resource out of sight: its open order comes to nothing, and what there is
// left ends by an order that nobody is shown.
func (w *modelWalk) unlink(rt *rapid.T) {
	res := w.anyResource(rt, func(r *modelResource) bool {
		return r.state != order.Unlinked || rapid.IntRange(0, 9).Draw(rt, "again") == 0
	})
	before := w.size(rt)
	err := w.UnlinkResource(ctx, root, res.resource)
	if w.refused(rt, "unlinking a resource", before, map[bool]core.Kind{true: core.NotFound}[res.state == order.Unlinked], err) {
		return
	}
	ends := res.state != order.Terminated
	for _, o := range w.model.orders {
		if o.res == res && o.state.Open() {
			w.model.end(o, order.Canceled)
			ends = o.typ == order.Update || o.typ == order.Terminate
		}
	}
	enders := w.unseenEnds(rt, res.resource)
	switch {
	case len(enders) > 1, ends != (len(enders) == 1):
		rt.Fatalf("resource %s was unlinked by the orders %v; to be ended: %v", res.resource, enders, ends)
	case ends:
		o := &modelOrder{id: enders[0], typ: order.Terminate, offer: res.offer, res: res, user: root.User.ID, on: w.today(), state: order.Executing, created: w.clock.now()}
		o.lines, _ = w.model.price(order.Terminate, res.offer, res, nil)
		for n := range o.lines {
			o.lines[n].state = order.Preparing
		}
		w.model.orders = append(w.model.orders, o)
		w.model.fulfil(o, w.clock.now())
	}
}

// unseenEnds are the hidden orders by which a resource was ended.
func (w *modelWalk) unseenEnds(rt *rapid.T, resource id.ID) []id.ID {
	var out []id.ID
	if err := w.store.View(ctx, func(r core.Reader) error {
		list, err := r.Orders(core.OrderQuery{Resources: []id.ID{resource}, Types: []order.Type{order.Terminate}, States: []order.State{order.Done}, Hidden: true, Page: core.Page{Limit: 1000}})
		for _, o := range list {
			if o.HiddenAt != nil {
				out = append(out, o.ID)
			}
		}
		return err
	}); err != nil {
		rt.Fatal(err)
	}
	return out
}
