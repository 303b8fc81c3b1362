package record

import (
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

var orders = newTable("orders", 1,
	"id, type, state, outcome, customer_id, project_id, user_id, provider_id, offering_id, resource_id, plan_id, ref, previous_id, gates, periods, starts_on, counts_on, "+
		"currency, due, held, charged, door, key_id, request, name, consumer_by, consumer_at, provider_by, provider_at, began_at, ended_at, message, notes, hidden_at, rev",
	func(f *Fields, o *order.Order) {
		num(f, &o.ID)
		code(f, &o.Type, orderTypes)
		code(f, &o.State, orderStates)
		code(f, &o.Outcome, orderOutcomes)
		num(f, &o.Customer)
		num(f, &o.Project)
		num(f, &o.User)
		num(f, &o.Provider)
		num(f, &o.Offering)
		num(f, &o.Resource)
		num(f, &o.Plan)
		num(f, &o.Ref)
		num(f, &o.Previous)
		num(f, &o.Gates)
		num(f, &o.Periods)
		opt(f, &o.StartsOn)
		num(f, &o.CountsOn)
		text(f, &o.Currency)
		num(f, &o.Due)
		num(f, &o.Held)
		num(f, &o.Charged)
		text(f, &o.Door)
		num(f, &o.Key)
		raw(f, &o.Request)
		text(f, &o.Name)
		num(f, &o.ConsumerBy)
		optAt(f, &o.ConsumerAt)
		num(f, &o.ProviderBy)
		optAt(f, &o.ProviderAt)
		optAt(f, &o.BeganAt)
		optAt(f, &o.EndedAt)
		text(f, &o.Message)
		object(f, &o.Notes)
		optAt(f, &o.HiddenAt)
		num(f, &o.Rev)
	})

var (
	orderByID = orders.guard("WHERE id = ?1")
	allOrders = orders.where("WHERE id > ?1 ORDER BY id LIMIT ?2 + 0")
)

func (r *Reader) Order(i id.ID) (order.Order, error) { return orderByID.byID(r, "order", i) }

func (r *Reader) AllOrders(after id.ID, n int) ([]order.Order, error) {
	return allOrders.all(r, num64(after), num64(n))
}

// orderSorts are the keys by which orders can be sorted before their id. One that was
// never confirmed comes before those that were.
var orderSorts = map[string][]string{
	"":            nil,
	"cost":        {"o.due"},
	"state":       {"o.state"},
	"consumer-at": {"coalesce(o.consumer_at, 0)"},
}

func (r *Reader) Orders(q core.OrderQuery) ([]order.Order, error) {
	keys, ok := orderSorts[q.SortBy]
	if !ok {
		return nil, &core.Error{Kind: core.Invalid, Field: "sort", Msg: "Orders cannot be sorted that way."}
	}
	w, h, err := r.orderWays(q, q.Skip > 0)
	if err != nil {
		return nil, err
	}
	return reachList(r, orders, "o", h, w, q.Page, sorting{id: "o.id", keys: keys, from: "orders o"})
}

func (r *Reader) CountOrders(q core.OrderQuery) (int, error) {
	w, h, err := r.orderWays(q, true)
	if err != nil {
		return 0, err
	}
	return reachCount(r, orders, "o", h, w)
}

// orderWays are the conditions on orders, and by which indexes these are read; many says
// that far more rows are passed than shown.
func (r *Reader) orderWays(q core.OrderQuery, many bool) (*where, whence, error) {
	q, err := r.allOfProviders(q)
	if err != nil {
		return nil, whence{}, err
	}
	hidden := q.Hidden
	q.Hidden = q.Hidden || many && len(q.Providers) > 0
	w, err := r.orderFilters(q)
	if err != nil {
		return nil, whence{}, err
	}
	if q.Hidden && !hidden { // said without a look at each order: orders_hidden has them
		sql, a := among("h.provider_id", q.Providers)
		w.and("o.id NOT IN (SELECT h.id FROM orders h WHERE h.hidden_at IS NOT NULL AND "+sql+")", a)
	}
	h, err := r.orderReach(q)
	return w, h, err
}

// allOfProviders names, in place of offerings, their providers, where these have no others:
// what orders are indexed by is then all that is asked.
func (r *Reader) allOfProviders(q core.OrderQuery) (core.OrderQuery, error) {
	if len(q.Offerings) == 0 || len(q.Providers)+len(q.IDs)+len(q.Resources)+len(q.Customers)+len(q.Projects)+len(q.Users)+len(q.States) > 0 {
		return q, nil
	}
	providers, err := r.providersOf(q.Offerings)
	if err != nil || len(providers) == 0 {
		return q, err
	}
	offered, err := r.offeringsOf(providers)
	if err == nil && !slices.ContainsFunc(offered, func(o id.ID) bool { return !slices.Contains(q.Offerings, o) }) {
		q.Providers, q.Offerings = providers, nil
	}
	return q, err
}

// orderReach says by which indexes orders are read: by customer, by provider, or, for
// what a reader may see, by both.
func (r *Reader) orderReach(q core.OrderQuery) (whence, error) {
	byCustomer := reach{from: "orders o", id: "o.id", column: "o.customer_id", whole: "%s"}
	byProvider := reach{from: "orders o", id: "o.id", column: "o.provider_id", whole: "%s"}
	if len(q.IDs)+len(q.Resources) > 0 || (len(q.Offerings) > 0 && len(q.States) > 0 && allOpen(q.States)) {
		return whence{whole: true}, nil // by themselves, or by orders_open
	}
	customers, known, err := r.customersFor(q.Customers, q.Projects, q.Users)
	if err != nil {
		return whence{}, err
	}
	if known {
		byCustomer.keys = distinct(customers)
		return whence{reaches: []reach{byCustomer}}, nil
	}
	offered, err := r.providersOf(q.Offerings)
	if err != nil {
		return whence{}, err
	}
	switch {
	case len(q.Providers) > 0:
		byProvider.keys = distinct(q.Providers)
		return whence{reaches: []reach{byProvider}}, nil
	case len(q.Offerings) > 0:
		byProvider.keys = distinct(offered)
		return whence{reaches: []reach{byProvider}}, nil
	case q.Any == nil || q.Any.All:
		return whence{whole: true}, nil
	}
	if customers, err = r.seenCustomers(q.Any); err != nil {
		return whence{}, err
	}
	if offered, err = r.providersOf(q.Any.Offerings); err != nil {
		return whence{}, err
	}
	byCustomer.keys, byProvider.keys = distinct(customers), distinct(append(offered, q.Any.Providers...))
	return whence{reaches: []reach{byCustomer, byProvider}, customer: "o.customer_id"}, nil
}

// openOnly says to the planner what orders_open holds; resourceOnly what orders_resource does.
const (
	openOnly = "o.state <= 5"
	named    = "EXISTS (SELECT 1 FROM resources r WHERE r.id = o.resource_id AND "
)

func (r *Reader) orderFilters(q core.OrderQuery) (*where, error) {
	w := &where{}
	in(w, "o.id", q.IDs)
	in(w, "o.customer_id", q.Customers)
	in(w, "o.project_id", q.Projects)
	in(w, "o.user_id", q.Users)
	in(w, "o.provider_id", q.Providers)
	in(w, "o.offering_id", q.Offerings)
	in(w, "o.plan_id", q.Plans)
	w.ofResources(q.Resources)
	w.sight(q.Any, owners{"o.customer_id", "o.project_id", "o.provider_id", "o.offering_id", "o.user_id"})
	is(w, "o.ref", q.Ref)
	coded(w, "o.state", orderStates, q.States)
	if len(q.States) > 0 && allOpen(q.States) {
		w.and(openOnly)
	}
	coded(w, "o.outcome", orderOutcomes, q.Outcomes)
	coded(w, "o.type", orderTypes, q.Types)
	w.text("o.name", q.Name)
	if q.Words != "" {
		w.and("("+Contains("o.name")+" OR "+named+Contains("r.name")+"))", Pattern(q.Words), Pattern(q.Words))
	}
	words(w, "o.door", q.Doors)
	w.made("o.id", q.From, q.Until)
	if q.OpenOrEndedSince != nil {
		w.and("("+openOnly+" OR o.ended_at >= ?)", num64(q.OpenOrEndedSince.UnixMicro()))
	}
	if q.ResourceName != "" {
		w.and(named+"r.name = ?)", str(q.ResourceName))
	}
	if len(q.RequestPath) > 0 {
		if slices.ContainsFunc(q.RequestPath, unsearchable) {
			return nil, &core.Error{Kind: core.Invalid, Field: "filter", Msg: "That part of the request cannot be searched."}
		}
		sql, args := r.RequestContains(q.RequestPath, q.RequestContains)
		w.and(sql, args...)
	}
	if !q.Hidden {
		w.and("o.hidden_at IS NULL")
	}
	return w, nil
}

// ofResources narrows to orders of any of these: the create, which has the resource's
// id, and the others, which orders_resource holds.
func (w *where) ofResources(resources []id.ID) {
	if len(resources) == 0 {
		return
	}
	byID, a := among("o.id", resources)
	others, _ := among("o.resource_id", resources)
	w.and("(("+byID+" AND o.resource_id = o.id) OR ("+others+" AND o.type > 1))", a, a)
}

// unsearchable is a key that would need escaping in a path, where there is none.
func unsearchable(key string) bool {
	return key == "" || strings.ContainsAny(key, `"\`) || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' })
}

func allOpen(states []order.State) bool {
	for _, s := range states {
		if !s.Open() {
			return false
		}
	}
	return true
}

func (tx *Tx) InsertOrder(o order.Order) error {
	if err := insertNew(tx, orders, &o, &o.Rev); err != nil {
		return err
	}
	return tx.noteOwners(ownership{o.Customer, o.Project, o.User}, source{o.Offering, o.Provider})
}

func (tx *Tx) UpdateOrder(o order.Order) error {
	if err := replaceRev(tx, orders, &o, core.Ref{Kind: "order", ID: o.ID}); err != nil {
		return err
	}
	return tx.noteOwners(ownership{o.Customer, o.Project, o.User}, source{o.Offering, o.Provider})
}

var lines = newTable("lines", 2,
	"order_id, n, component_id, label, detail, before, quantity, delivered, once, each, due, charged, state, shipment, replaces, message",
	func(f *Fields, l *order.Line) {
		num(f, &l.Order)
		num(f, &l.N)
		num(f, &l.Component)
		text(f, &l.Label)
		raw(f, &l.Detail)
		num(f, &l.Before)
		num(f, &l.Quantity)
		num(f, &l.Delivered)
		num(f, &l.Once)
		num(f, &l.Each)
		num(f, &l.Due)
		num(f, &l.Charged)
		code(f, &l.State, lineStates)
		optObject(f, &l.Shipment)
		text(f, &l.Replaces)
		text(f, &l.Message)
	})

var (
	linesOf     = lines.where("WHERE order_id = ?1 ORDER BY n")
	linesOfMany = lines.where("WHERE order_id = ANY (?1) ORDER BY order_id, n")
)

func (r *Reader) Lines(orders ...id.ID) ([]order.Line, error) {
	return ofAny(r, linesOf, linesOfMany, orders)
}

// ofAny reads what belongs to any of these records.
func ofAny[T any](r *Reader, ofOne, ofMany query[T], of []id.ID) ([]T, error) {
	if len(of) == 0 {
		return nil, nil
	}
	if len(of) == 1 {
		return ofOne.all(r, num64(of[0]))
	}
	return ofMany.all(r, listed(of))
}

func (tx *Tx) InsertLines(list []order.Line) error {
	for i := range list {
		if _, err := write(tx, lines, lines.insert, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) UpdateLine(l order.Line) error {
	n, err := write(tx, lines, lines.replace, &l)
	if err == nil && n == 0 {
		err = tx.Spoil(&core.Error{Kind: core.NotFound, About: core.Ref{Kind: "line", ID: l.Order}, Msg: "There is no such line."})
	}
	return err
}
