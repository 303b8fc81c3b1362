package native

import (
	"context"
	"strings"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

type listInput struct {
	State    string `query:"state" doc:"Any of these states, between commas."`
	Customer string `query:"customer" doc:"Slug."`
	Project  string `query:"project" doc:"Slug."`
	Offering string `query:"offering" doc:"Code."`
	Door     string `query:"door" doc:"Placed through this door."`
	After    string `query:"after" doc:"Older ones than this order."`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// query reads a list's narrowing.
func (in *listInput) query(s *core.Scene) (core.OrderQuery, error) {
	q := core.OrderQuery{Page: core.Page{Limit: in.Limit + 1}} // one more tells whether there are more
	for _, word := range strings.FieldsFunc(in.State, func(r rune) bool { return r == ',' }) {
		state := order.State(word)
		if _, known := states[state]; !known {
			return q, &core.Error{Kind: core.Invalid, Field: "state", Msg: "There is no state " + clip(word) + "."}
		}
		q.States = append(q.States, state)
	}
	if in.Door != "" {
		q.Doors = []string{in.Door}
	}
	if in.After != "" {
		i, err := parseOrder(in.After)
		if err != nil {
			return q, err
		}
		q.After = i
	}
	return q, in.narrow(s, &q)
}

var states = func() map[order.State]bool {
	out := map[order.State]bool{}
	for _, s := range order.States() {
		out[s] = true
	}
	return out
}()

func (in *listInput) narrow(s *core.Scene, q *core.OrderQuery) error {
	if in.Customer != "" {
		list, err := s.Customers(core.CustomerQuery{Slug: in.Customer, Page: core.Page{Limit: 1}})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return unknown("customer", in.Customer)
		}
		q.Customers = []id.ID{list[0].ID}
	}
	if in.Project != "" {
		list, err := s.Projects(core.ProjectQuery{Slug: in.Project, Page: core.Page{Limit: 1}})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return unknown("project", in.Project)
		}
		q.Projects = []id.ID{list[0].ID}
	}
	if in.Offering != "" {
		o, err := s.OfferingCoded(in.Offering)
		if err != nil {
			return unknown("offering", in.Offering)
		}
		q.Offerings = []id.ID{o.ID}
	}
	return nil
}

func unknown(field, v string) error {
	return &core.Error{Kind: core.Invalid, Field: field, Msg: "There is no " + field + " " + clip(v) + "."}
}

func (d *door) listOrders(ctx context.Context, who core.Actor, in *listInput) (client.Orders, error) {
	out := client.Orders{Orders: []client.Order{}}
	err := d.core.View(ctx, who, func(s *core.Scene) error {
		q, err := in.query(s)
		if err != nil {
			return err
		}
		list, err := s.Orders(q)
		if err != nil {
			return err
		}
		if len(list) > in.Limit {
			list = list[:in.Limit]
			out.Next = list[in.Limit-1].Order.ID.Decimal()
		}
		v := newView(s)
		for _, p := range list {
			o, err := v.order(p)
			if err != nil {
				return err
			}
			out.Orders = append(out.Orders, o)
		}
		return nil
	})
	return out, err
}

// OrderPath names an order. It is exported, as is Keyed, because huma reads only embedded
// members that are.
type OrderPath struct {
	ID string `path:"id" doc:"The order's id, in any spelling." maxLength:"200"`
}

func (d *door) getOrder(ctx context.Context, who core.Actor, in *OrderPath) (client.Order, error) {
	i, err := parseOrder(in.ID)
	if err != nil {
		return client.Order{}, err
	}
	return d.tell(ctx, who, i)
}

// tell reads one order whole.
func (d *door) tell(ctx context.Context, who core.Actor, i id.ID) (client.Order, error) {
	var out client.Order
	err := d.core.View(ctx, who, func(s *core.Scene) error {
		p, err := s.Order(i)
		if err != nil {
			return err
		}
		out, err = whole(s, p)
		return err
	})
	return out, err
}

// show tells an order that the core has just handed over, as it then stood.
func (d *door) show(ctx context.Context, who core.Actor, p core.Placed) (client.Order, error) {
	var out client.Order
	err := d.core.View(ctx, who, func(s *core.Scene) (err error) { out, err = whole(s, p); return err })
	return out, err
}

// whole is an order with what the ledger has of it.
func whole(s *core.Scene, p core.Placed) (client.Order, error) {
	v := newView(s)
	out, err := v.order(p)
	if err != nil {
		return out, err
	}
	out.Entries, err = v.entries(p)
	return out, err
}
