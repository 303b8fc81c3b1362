package waldur

import (
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// act is a verb of the vendor's on an order, and the core's act it stands for.
type act struct {
	name   string
	method string // "": POST
	act    order.Act
	side   core.Side
	right  tenant.Right
	status int
	detail string
	// body reads what comes with it.
	body func(b *body) core.Verdict
	// only: types of offering that take it; nil: as the core says.
	only []string
	// again is a state in which repeating it is no error.
	again order.State
}

// acts are all verbs on orders. Side and right say who may, for telling that before a
// fault of the body; it is the core that decides.
var acts = []act{
	{name: "approve_by_consumer", act: order.ApproveConsumer, side: core.Consuming, right: tenant.ApproveOrder, status: 200, detail: "Order has been approved.", body: nothingMore},
	{name: "approve_by_provider", act: order.ApproveProvider, side: core.Providing, right: tenant.ApproveOrder, status: 200, detail: "Order has been approved.", body: addedAttributes},
	{name: "reject_by_consumer", act: order.RejectConsumer, side: core.Consuming, right: tenant.RejectOrder, status: 200, detail: "Order has been rejected.", body: comment("consumer_rejection_comment")},
	{name: "reject_by_provider", act: order.RejectProvider, side: core.Providing, right: tenant.RejectOrder, status: 200, detail: "Order has been rejected.", body: comment("provider_rejection_comment")},
	{name: "cancel", act: order.Cancel, side: core.Consuming, right: tenant.CancelOrder, status: 202, detail: "Order has been canceled.", body: nothingMore},
	{name: "destroy", method: http.MethodDelete, act: order.Withdraw, side: core.Consuming, right: tenant.DestroyOrder, status: 204, body: nothingMore},
	{name: "retry", act: order.Retry, side: core.Providing, right: tenant.ApproveOrder, status: 200, detail: "Order is executed again.", body: nothingMore},
	{name: "unlink", act: order.Unlink, side: core.Consuming, right: staffOnly, status: 204, body: nothingMore},
	{name: "set_state_executing", act: order.Restart, side: core.Providing, right: tenant.ApproveOrder, status: 200, detail: "Order is executing.", body: nothingMore, only: byAgent},
	{name: "set_state_done", act: order.Fulfil, side: core.Providing, right: tenant.ApproveOrder, status: 200, detail: "Order is done.", body: nothingMore, only: byProvider},
	{name: "set_state_erred", act: order.Fail, side: core.Providing, right: tenant.ApproveOrder, status: 200, detail: "Order is erred.", body: failing, only: byAgent, again: order.Erred},
}

// staffOnly is a right that no role gives: of acts that the vendor keeps for staff.
const staffOnly tenant.Right = ""

// byAgent are the types whose orders a site's agent moves, with those of other doors' that
// a provider moves; byProvider those that people move as well.
var (
	byAgent    = []string{"Marketplace.Slurm", "Docket.Hardware", "Docket.Pool"}
	byProvider = append([]string{"Marketplace.Basic", "Support.OfferingTemplate"}, byAgent...)
)

func nothingMore(*body) core.Verdict { return core.Verdict{} }

func comment(field string) func(b *body) core.Verdict {
	return func(b *body) core.Verdict { return core.Verdict{Comment: b.text(field, false, 0)} }
}

func failing(b *body) core.Verdict {
	return core.Verdict{Message: b.text("error_message", false, 0), Trace: b.text("error_traceback", false, 0)}
}

// addedAttributes are what the provider adds to the request on approving it.
func addedAttributes(b *body) core.Verdict {
	m := b.object("attributes", false)
	if len(m) == 0 {
		return core.Verdict{}
	}
	return core.Verdict{Attrs: withoutSecrets(m)}
}

func (d *door) act(a act) func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		o := named(r, id.Order)
		b, err := readBody(r)
		var verdict core.Verdict
		if err == nil {
			verdict = a.body(b)
			err = b.done()
		}
		if err != nil || len(a.only) > 0 {
			if first := d.read(r, who, func(v *view) error { return v.before(a, o) }); first != nil {
				return first
			}
		}
		if err != nil {
			return err
		}
		if _, err := d.core.Act(r.Context(), who, o, a.act, verdict); err != nil {
			return d.actRefused(r, who, err, a, o)
		}
		if a.status == http.StatusNoContent {
			return empty(w, a.status)
		}
		return reply(w, a.status, detail(a.detail))
	}
}

// before tells what refuses an act before its body is looked at: 404, 403, 409, 405 in
// turn. The core says the same of an act that it is asked to do.
func (v *view) before(a act, i id.ID) error {
	p, err := v.Order(i)
	if err != nil {
		return err
	}
	if !v.mayOn(a.side, a.right, p.Order) && !(a.side == core.Consuming && p.Order.User == v.who.User.ID) {
		return refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
	}
	if _, ok := order.Find(p.Order.State, a.act); !ok && (a.again == "" || p.Order.State != a.again) {
		return refuse(http.StatusConflict, validStates(order.Possible(a.act)))
	}
	if len(a.only) > 0 && !slices.Contains(a.only, offeringType(p.Offering)) {
		return unsupported(p)
	}
	return nil
}

// mayOn reports whether the caller has a right on one side of an order.
func (v *view) mayOn(side core.Side, right tenant.Right, o order.Order) bool {
	if side == core.Consuming {
		return v.may(right, o.Project, o.Customer)
	}
	return v.mayIn(right, o.Provider, o.Offering)
}

func unsupported(p core.Placed) error {
	return refuse(http.StatusMethodNotAllowed, detail("Method \"The order's offering with "+offeringType(p.Offering)+" type does not support this action\" not allowed."))
}

// actRefused words what the core has against an act.
func (d *door) actRefused(r *http.Request, who core.Actor, err error, a act, i id.ID) error {
	e := core.AsError(err)
	var p core.Placed
	if e.Kind == core.NotFound || e.Kind == core.Forbidden {
		return err
	}
	if d.read(r, who, func(v *view) (gone error) { p, gone = v.Order(i); return gone }) != nil {
		return err
	}
	switch {
	case e.Kind == core.Unsupported:
		return unsupported(p)
	case e.Kind == core.Conflict && a.again != "" && p.Order.State == a.again:
		return errAgain
	case len(e.States) > 0:
		return err
	case e.Kind == core.Conflict && e.Reason == core.ReasonState:
		return refuse(http.StatusConflict, detail(e.Msg))
	}
	return d.placingRefused(r, who, err, core.Placement{Offering: p.Order.Offering, Project: p.Order.Project, Plan: p.Order.Plan}, changing)
}

// errAgain is what repeating an act is, where that is no error: the answer is the first one's.
var errAgain = refuse(http.StatusOK, detail("Order is erred."))

// setOrderBackendID keeps the name that the provider's own system has for an order.
func (d *door) setOrderBackendID(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	value := ""
	if err == nil {
		value = b.text("backend_id", true, 255)
		if isBlankOnly(b, "backend_id") {
			delete(b.errs, "backend_id")
		}
		err = b.done()
	}
	changed := false
	note := func(n *order.Notes) error {
		if err != nil {
			return err
		}
		changed = n.BackendID != value
		n.BackendID = value
		return nil
	}
	if _, err := d.core.ChangeNotes(r.Context(), who, named(r, id.Order), core.Providing, tenant.ApproveOrder, nil, note); err != nil {
		return err
	}
	return reply(w, http.StatusOK, statusOf("Order backend_id", changed, map[string]any{"backend_id": value}))
}

// isBlankOnly reports whether a text is wrong only in that it is blank.
func isBlankOnly(b *body, name string) bool {
	list, _ := b.errs[name].([]string)
	return len(list) == 1 && strings.HasSuffix(list[0], "may not be blank.")
}

// statusOf says whether something was changed, with what was sent for older clients.
func statusOf(what string, changed bool, sent map[string]any) map[string]any {
	sent["status"] = what + " is not changed."
	if changed {
		sent["status"] = what + " has been changed."
	}
	return sent
}

// info is a message of one side of an order to the other.
type info struct {
	side  core.Side
	write func(b *body) func(n *order.Notes)
}

var consumerInfo = info{core.Consuming, func(b *body) func(n *order.Notes) {
	text := b.text("consumer_message", false, 0)
	return func(n *order.Notes) { n.ConsumerMessage = text }
}}

var providerInfo = info{core.Providing, func(b *body) func(n *order.Notes) {
	text, link := b.text("provider_message", false, 0), b.url("provider_message_url")
	return func(n *order.Notes) {
		if b.given("provider_message") {
			n.ProviderMessage = text
		}
		if b.given("provider_message_url") {
			n.ProviderURL = link
		}
	}
}}

// setInfo keeps a message while the order waits for its provider, where the offering lets
// the two sides talk.
func (d *door) setInfo(in info) func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		o := named(r, id.Order)
		talks := false
		err := d.read(r, who, func(v *view) error {
			p, err := v.Order(o)
			talks = err == nil && plugin(p.Offering).Messaging
			return err
		})
		if err != nil {
			return err
		}
		note := func(n *order.Notes) error {
			if !talks {
				return refuse(http.StatusConflict, detail("Messaging between provider and consumer is not enabled for this offering."))
			}
			b, err := readBody(r)
			if err != nil {
				return err
			}
			write := in.write(b)
			if err := b.done(); err != nil {
				return err
			}
			write(n)
			return nil
		}
		states := []order.State{order.PendingProvider}
		if _, err := d.core.ChangeNotes(r.Context(), who, o, in.side, tenant.ApproveOrder, states, note); err != nil {
			return err
		}
		return reply(w, http.StatusOK, detail("Message has been set."))
	}
}
