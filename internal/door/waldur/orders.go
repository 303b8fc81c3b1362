package waldur

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) orderOperations() []operation {
	const root, one = "/api/marketplace-orders/", "/api/marketplace-orders/{uuid}/"
	ops := []operation{
		{"marketplace_orders_list", "GET", root, orders.serve(d, oldestOrders), false},
		{"marketplace_orders_retrieve", "GET", one, retrieve(d, id.Order, (*view).Order, orderModel), false},
		{"marketplace_orders_create", "POST", root, d.createOrder, false},
		{"marketplace_orders_partial_update", "PATCH", one, d.amendOrder, false},
		{"marketplace_orders_update", "PUT", one, d.amendOrder, false},
		{"marketplace_orders_set_backend_id", "POST", one + "set_backend_id/", d.setOrderBackendID, false},
		{"marketplace_orders_set_consumer_info", "POST", one + "set_consumer_info/", d.setInfo(consumerInfo), false},
		{"marketplace_orders_set_provider_info", "POST", one + "set_provider_info/", d.setInfo(providerInfo), false},
	}
	ops = append(ops, attachmentOperations(d, one)...)
	for _, a := range acts {
		path := one
		if a.name != "destroy" {
			path += a.name + "/"
		}
		ops = append(ops, operation{"marketplace_orders_" + a.name, orElse(a.method, http.MethodPost), path, d.act(a), false})
	}
	return ops
}

func oldestOrders(*view) (core.OrderQuery, error) {
	return core.OrderQuery{Page: core.Page{Ascending: true}}, nil
}

func ofOrder(read func(o order.Order) any) func(*view, core.Placed) any {
	return func(_ *view, p core.Placed) any { return read(p.Order) }
}

// reviewer leaves a key out while nobody has reviewed the order.
func reviewer(by func(o order.Order) (id.ID, *time.Time), read func(u tenant.User) any) func(*view, core.Placed) any {
	return func(v *view, p core.Placed) any {
		i, at := by(p.Order)
		if at == nil || i == 0 {
			return absent
		}
		return read(v.user(i))
	}
}

func consumerReview(o order.Order) (id.ID, *time.Time) { return o.ConsumerBy, o.ConsumerAt }
func providerReview(o order.Order) (id.ID, *time.Time) { return o.ProviderBy, o.ProviderAt }

func login(u tenant.User) any    { return u.Login }
func fullName(u tenant.User) any { return u.FullName }

var orderModel = slices.Concat(of(aroundModel, func(_ *view, p core.Placed) around {
	return around{p.Order.Offering, p.Order.Plan, p.Order.Customer, p.Order.Project}
}), model[core.Placed]{
	{name: "uuid", value: ofOrder(func(o order.Order) any { return o.ID.UUID(id.Order) })},
	{name: "url", value: func(v *view, p core.Placed) any { return v.orderLink(p.Order.ID) }},
	{name: "slug", value: ofOrder(func(o order.Order) any { return orderSlug(o) })},
	{name: "created", value: ofOrder(func(o order.Order) any { return stamp(o.CreatedAt()) })},
	{name: "modified", value: ofOrder(func(o order.Order) any { return stamp(modified(o)) })},
	{name: "type", value: ofOrder(func(o order.Order) any { return orderType[o.Type] })},
	{name: "state", value: ofOrder(func(o order.Order) any { return orderState[o.State] })},
	{name: "attributes", value: ofOrder(orderAttributes)},
	{name: "limits", value: func(v *view, p core.Placed) any { return lineLimits(v, p) }},
	{name: "marketplace_resource_uuid", value: ofOrder(func(o order.Order) any {
		if o.Resource == 0 {
			return absent
		}
		return o.Resource.UUID(id.Resource)
	})},
	{name: "resource_name", value: func(_ *view, p core.Placed) any { return orElse(p.Resource.Name, p.Order.Name) }},
	{name: "cost", value: ofOrder(func(o order.Order) any { return o.Due.Fixed(10) })},
	{name: "fixed_price", value: func(v *view, p core.Placed) any { return exact(dueOf(v, p, catalog.ByFixed)) }},
	{name: "activation_price", value: func(v *view, p core.Placed) any { return exact(dueOf(v, p, catalog.Once) + dueOf(v, p, catalog.Few)) }},
	{name: "old_cost_estimate", value: func(v *view, p core.Placed) any { return exact(estimate(v, p, before)) }},
	{name: "new_cost_estimate", value: func(v *view, p core.Placed) any { return estimate(v, p, after).Fixed(10) }},
	{name: "new_plan_uuid", value: ofOrder(func(o order.Order) any { return uuidOrNull(o.Plan, id.Plan) })},
	{name: "new_plan_name", value: func(v *view, p core.Placed) any { return orNull(planName(v, p.Order.Plan)) }},
	{name: "old_plan_uuid", value: func(v *view, p core.Placed) any { return uuidOrNull(oldPlan(p), id.Plan) }},
	{name: "old_plan_name", value: func(v *view, p core.Placed) any { return orNull(planName(v, oldPlan(p))) }},
	{name: "output", value: ofOrder(output)},
	{name: "error_message", value: ofOrder(func(o order.Order) any { return errorMessage(o) })},
	{name: "error_traceback", value: func(v *view, p core.Placed) any {
		if !v.who.SeesAll() {
			return absent
		}
		return p.Order.Notes.Trace
	}},
	{name: "completed_at", value: ofOrder(func(o order.Order) any { return stampOrNull(o.EndedAt) })},
	{name: "start_date", value: ofOrder(func(o order.Order) any { return dayOrNull(o.StartsOn) })},
	{name: "consumer_reviewed_at", value: ofOrder(func(o order.Order) any { return stampOrNull(o.ConsumerAt) })},
	{name: "consumer_reviewed_by", value: reviewer(consumerReview, login)},
	{name: "consumer_reviewed_by_username", value: reviewer(consumerReview, login)},
	{name: "consumer_reviewed_by_full_name", value: reviewer(consumerReview, fullName)},
	{name: "provider_reviewed_at", value: ofOrder(func(o order.Order) any { return stampOrNull(o.ProviderAt) })},
	{name: "provider_reviewed_by", value: reviewer(providerReview, login)},
	{name: "provider_reviewed_by_username", value: reviewer(providerReview, login)},
	{name: "provider_reviewed_by_full_name", value: reviewer(providerReview, fullName)},
	{name: "created_by", value: func(v *view, p core.Placed) any {
		if p.Order.User == 0 {
			return nil
		}
		return v.userLink(p.Order.User)
	}},
	{name: "created_by_username", value: func(v *view, p core.Placed) any { return v.user(p.Order.User).Login }},
	{name: "created_by_full_name", value: func(v *view, p core.Placed) any { return v.user(p.Order.User).FullName }},
	{name: "created_by_email", value: func(v *view, p core.Placed) any { return orNull(v.user(p.Order.User).Email) }},
	{name: "can_terminate", value: func(_ *view, p core.Placed) any {
		return p.Order.State.Open() && p.Offering.Cancel != catalog.CancelNever
	}},
	{name: "callback_url", value: ofOrder(func(o order.Order) any { return orNull(o.Notes.Callback) })},
	{name: "request_comment", value: ofOrder(func(o order.Order) any { return orNull(o.Notes.Comment) })},
	{name: "backend_id", value: ofOrder(func(o order.Order) any { return o.Notes.BackendID })},
	{name: "provider_message", value: ofOrder(func(o order.Order) any { return o.Notes.ProviderMessage })},
	{name: "provider_message_url", value: ofOrder(func(o order.Order) any { return o.Notes.ProviderURL })},
	{name: "consumer_message", value: ofOrder(func(o order.Order) any { return o.Notes.ConsumerMessage })},
	{name: "consumer_rejection_comment", value: ofOrder(func(o order.Order) any { return o.Notes.ConsumerComment })},
	{name: "provider_rejection_comment", value: ofOrder(func(o order.Order) any { return o.Notes.ProviderComment })},
}, always[core.Placed](false, "auto_approved"),
	always[core.Placed](nil, "resource_uuid", "resource_type", "output_updated_at", "error_updated_at", "provider_message_updated_at", "consumer_message_updated_at",
		"provider_message_attachment", "consumer_message_attachment"),
	model[core.Placed]{{name: "attachment", value: attachmentOf}},
	always[core.Placed](nil, "auto_approved_by_rule_uuid", "auto_approved_cost_limit_snapshot",
		"issue", "termination_comment", "order_subtype", "created_by_civil_number", "created_by_organization", "created_by_organization_country",
		"created_by_organization_registry_code", "created_by_organization_vat_code", "created_by_organization_address"),
)

func orderSlug(o order.Order) string { return "order-" + o.ID.Base36() }

// modified is when the order last moved on.
func modified(o order.Order) time.Time {
	at := o.CreatedAt()
	for _, t := range []*time.Time{o.ConsumerAt, o.ProviderAt, o.BeganAt, o.EndedAt} {
		if t != nil && t.After(at) {
			at = *t
		}
	}
	return at
}

// orderAttributes are what was asked for, with what the provider added on approval.
func orderAttributes(o order.Order) any {
	if len(o.Notes.ProviderAttached) == 0 {
		return object(o.Request)
	}
	all := attrs[map[string]json.RawMessage](object(o.Request))
	for k, v := range attrs[map[string]json.RawMessage](o.Notes.ProviderAttached) {
		all[k] = v
	}
	return all
}

// lineLimits are the amounts ordered, in whole units. Of an allocation they are those of
// its limit components; of what other doors order, all there is.
func lineLimits(v *view, p core.Placed) map[string]int64 {
	out := map[string]int64{}
	if p.Order.Type == order.Terminate {
		return out
	}
	sums := map[string]money.Micro{}
	for _, l := range p.Lines {
		c := v.component(p.Order.Offering, l.Component)
		if p.Offering.Measure == catalog.Limits && c.Billing != catalog.ByLimit {
			continue
		}
		sums[c.Code] += l.Quantity
	}
	for code, sum := range sums {
		out[code] = sum.Floor()
	}
	return out
}

// dueOf is what the order is due for components charged one way.
func dueOf(v *view, p core.Placed, how catalog.Billing) money.Micro {
	var sum money.Micro
	for _, l := range p.Lines {
		if v.component(p.Order.Offering, l.Component).Billing == how {
			sum += l.Due
		}
	}
	return sum
}

func before(l order.Line) money.Micro { return l.Before }
func after(l order.Line) money.Micro  { return l.Quantity }

// estimate is what the quantities cost for one unit of the plan's time.
func estimate(v *view, p core.Placed, quantity func(l order.Line) money.Micro) money.Micro {
	var sum money.Micro
	for _, l := range p.Lines {
		if v.component(p.Order.Offering, l.Component).Billing == catalog.ByUsage {
			continue
		}
		m, err := money.Times(p.Order.Currency, quantity(l), l.Each, 1, 1)
		if err == nil {
			sum, err = money.Add(sum, m)
		}
		v.failed(err)
	}
	return sum
}

func planName(v *view, i id.ID) string {
	p := v.plan(i)
	return orElse(p.Name, p.Code)
}

// oldPlan is the plan that an open order to change a resource would end.
func oldPlan(p core.Placed) id.ID {
	if p.Order.Type != order.Update || !p.Order.State.Open() {
		return 0
	}
	return p.Resource.Plan
}

func uuidOrNull(i id.ID, kind id.Kind) any {
	if i == 0 {
		return nil
	}
	return i.UUID(kind)
}

// output says what was done; of an order that was delivered in part, what is missing.
func output(o order.Order) any {
	if o.Notes.Output == "" && o.State == order.Done && o.Outcome == order.Partial {
		return orElse(o.Message, "Delivered in part.")
	}
	return o.Notes.Output
}

func errorMessage(o order.Order) string {
	if o.State == order.Erred {
		return o.Message
	}
	return ""
}

type (
	orderAsk    = ask[core.OrderQuery, core.Placed]
	orderFilter = filter[core.OrderQuery, core.Placed]
)

// orderIDs narrows one of the query's lists of ids.
func orderIDs(kind id.Kind, field func(q *core.OrderQuery) *[]id.ID) orderFilter {
	return uuids(kind, func(_ *view, a *orderAsk, ids []id.ID) { among(a, field(&a.q), ids) })
}

func orderLinks(kind id.Kind, field func(q *core.OrderQuery) *[]id.ID) orderFilter {
	return links(kind, func(_ *view, a *orderAsk, ids []id.ID) { among(a, field(&a.q), ids) })
}

// ofOfferings narrows orders to offerings that pass.
func ofOfferings(pass func(o catalog.Offering, values []string) bool) orderFilter {
	return func(v *view, a *orderAsk, _ string, values []string) {
		among(a, &a.q.Offerings, v.offeringsThat(func(o catalog.Offering) bool { return pass(o, values) }))
	}
}

// offeringsThat lists the offerings that the caller sees and that pass.
func (v *view) offeringsThat(pass func(o catalog.Offering) bool) []id.ID {
	list, err := v.Offerings(core.OfferingQuery{Page: everything})
	v.failed(err)
	var out []id.ID
	for _, o := range list {
		if pass(o) {
			out = append(out, o.ID)
		}
	}
	return out
}

func bySlug(o catalog.Offering, values []string) bool {
	return slices.Contains(values, orElse(o.Slug, slugOf(o.Code)))
}

func byType(o catalog.Offering, values []string) bool {
	return slices.Contains(values, offeringType(o))
}

// providersOf lists the providers that customers are: the vendor names a provider by its
// customer.
func (v *view) providersOf(customers []id.ID) []id.ID {
	list, err := v.Providers()
	v.failed(err)
	var out []id.ID
	for _, p := range list {
		if slices.Contains(customers, p.Customer) {
			out = append(out, p.ID)
		}
	}
	return out
}

// approvable narrows to orders that wait for the caller's own approval.
func approvable(state order.State, where func(v *view) *core.Sight) orderFilter {
	return flag(func(v *view, a *orderAsk, yes bool) {
		if !yes {
			return
		}
		if len(a.q.States) > 0 { // both flags: no order waits for both
			a.none = true
		}
		a.q.States, a.q.Any = []order.State{state}, where(v)
	})
}

func approvesAsConsumer(v *view) *core.Sight {
	s := &core.Sight{All: v.who.IsStaff()}
	for _, i := range v.who.Customers() {
		if v.may(tenant.ApproveOrder, i) {
			s.Customers = append(s.Customers, i)
		}
	}
	for _, i := range v.who.Projects() {
		if v.may(tenant.ApproveOrder, i) {
			s.Projects = append(s.Projects, i)
		}
	}
	return s
}

func approvesAsProvider(v *view) *core.Sight {
	s := &core.Sight{All: v.who.IsStaff()}
	list, err := v.Providers()
	v.failed(err)
	for _, p := range list {
		if v.may(tenant.ApproveOrder, p.Customer) {
			s.Providers = append(s.Providers, p.ID)
		}
	}
	for _, g := range v.who.Grants {
		if g.Scope == tenant.OnOffering && v.may(tenant.ApproveOrder, g.ScopeID) {
			s.Offerings = append(s.Offerings, g.ScopeID)
		}
	}
	return s
}

var orders = list[core.OrderQuery, core.Placed]{
	rows: func(v *view, q core.OrderQuery, skip, size int) ([]core.Placed, error) {
		q.Page = corePage(q.Page, skip, size)
		return v.Orders(q)
	},
	count:   func(v *view, q core.OrderQuery) (int, error) { return v.CountOrders(q) },
	filters: orderFilters,
	sorts:   orderSorts,
	model:   orderModel,
}

var orderFilters = map[string]orderFilter{
	"state": choices(orderState, func(_ *view, a *orderAsk, states []order.State) {
		if len(a.q.States) > 0 { // a flag has said which it must be
			a.keep = append(a.keep, func(p core.Placed) bool { return slices.Contains(states, p.Order.State) })
			return
		}
		a.q.States = states
	}),
	"type":          choices(orderType, func(_ *view, a *orderAsk, types []order.Type) { a.q.Types = types }),
	"customer_uuid": orderIDs(id.Customer, func(q *core.OrderQuery) *[]id.ID { return &q.Customers }),
	"project_uuid":  orderIDs(id.Project, func(q *core.OrderQuery) *[]id.ID { return &q.Projects }),
	"offering_uuid": orderIDs(id.Offering, func(q *core.OrderQuery) *[]id.ID { return &q.Offerings }),
	"resource_uuid": orderIDs(id.Resource, func(q *core.OrderQuery) *[]id.ID { return &q.Resources }),
	"offering":      orderLinks(id.Offering, func(q *core.OrderQuery) *[]id.ID { return &q.Offerings }),
	"resource":      orderLinks(id.Resource, func(q *core.OrderQuery) *[]id.ID { return &q.Resources }),
	"offering_slug": ofOfferings(bySlug),
	"offering_type": ofOfferings(byType),
	"category_uuid": uuids(id.Category, func(v *view, a *orderAsk, ids []id.ID) { among(a, &a.q.Offerings, v.offeringsIn(ids)) }),
	"provider_uuid": uuids(id.Customer, func(v *view, a *orderAsk, ids []id.ID) { among(a, &a.q.Providers, v.providersOf(ids)) }),
	"created":       instant(func(_ *view, a *orderAsk, t time.Time) { a.q.From = &t }),
	"created_before": instant(func(_ *view, a *orderAsk, t time.Time) {
		a.q.Until = justAfter(t)
	}),
	"modified":        since[core.OrderQuery](func(_ *view, p core.Placed) time.Time { return modified(p.Order) }),
	"modified_before": until[core.OrderQuery](func(_ *view, p core.Placed) time.Time { return modified(p.Order) }),
	"resource_name":   contains[core.OrderQuery](func(_ *view, p core.Placed) string { return orElse(p.Resource.Name, p.Order.Name) }),
	"slug":            equals[core.OrderQuery](func(_ *view, p core.Placed) string { return orderSlug(p.Order) }),
	"query": text(func(_ *view, a *orderAsk, s string) {
		if i, err := id.ParseUUID(id.Order, s); err == nil {
			among(a, &a.q.IDs, []id.ID{i})
		} else if i, err := id.ParseUUID(id.Resource, s); err == nil {
			among(a, &a.q.Resources, []id.ID{i})
		} else {
			a.q.Words = s
		}
	}),
	"can_approve_as_consumer": approvable(order.PendingConsumer, approvesAsConsumer),
	"can_approve_as_provider": approvable(order.PendingProvider, approvesAsProvider),
	"was_auto_approved":       flag(func(_ *view, a *orderAsk, yes bool) { a.none = a.none || yes }),
	"service_manager_uuid": uuids(id.User, func(v *view, a *orderAsk, ids []id.ID) {
		among(a, &a.q.Offerings, v.offeringsThat(func(o catalog.Offering) bool { return v.managed(o, ids) }))
	}),
	"parent_offering_uuid": nothing[core.OrderQuery, core.Placed](id.Offering),
}

var orderSorts = map[string]sorting[core.OrderQuery, core.Placed]{
	"created": {
		query: func(q *core.OrderQuery, down bool) { q.SortBy, q.Ascending = "", !down },
		rows:  func(_ *view, a, b core.Placed) int { return cmp.Compare(a.Order.ID, b.Order.ID) },
	},
	"cost": {
		query: func(q *core.OrderQuery, down bool) { q.SortBy, q.Ascending = "cost", !down },
		rows:  func(_ *view, a, b core.Placed) int { return cmp.Compare(a.Order.Due, b.Order.Due) },
	},
	"state": {
		query: func(q *core.OrderQuery, down bool) { q.SortBy, q.Ascending = "state", !down },
		rows: func(_ *view, a, b core.Placed) int {
			return strings.Compare(string(a.Order.State), string(b.Order.State))
		},
	},
	"consumer_reviewed_at": {
		query: func(q *core.OrderQuery, down bool) { q.SortBy, q.Ascending = "consumer-at", !down },
		rows: func(_ *view, a, b core.Placed) int {
			x, _ := stampOrNull(a.Order.ConsumerAt).(string)
			y, _ := stampOrNull(b.Order.ConsumerAt).(string)
			return strings.Compare(x, y)
		},
	},
}
