package outposts

import (
	"net/http"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// subscriptionsOf lists all resources that are for an Outpost and that the caller may
// see, oldest first.
func subscriptionsOf(s *core.Scene, on outpost) ([]order.Resource, error) {
	var out []order.Resource
	page := core.Page{Limit: chunk, Ascending: true}
	for {
		some, err := s.Resources(core.ResourceQuery{Page: page, Ref: on.doc.ID, Customers: []id.ID{on.doc.Customer}})
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if len(some) < chunk {
			return out, nil
		}
		page.After = some[len(some)-1].ID
	}
}

func (d *door) billingInformation(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	p := q.page(ownID)
	i, err := label(r, "outpost", "OutpostIdentifier", outpostID)
	if err != nil {
		return err
	}
	if err := q.err(); err != nil {
		return err
	}
	out := billingOutput{Subscriptions: []wireSubscription{}}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		on, err := findOutpost(s, i)
		if err != nil {
			return err
		}
		all, err := subscriptionsOf(s, on)
		if err != nil {
			return err
		}
		return out.fill(s, all, p)
	})
	if err != nil {
		return err
	}
	return reply(w, r, out)
}

// fill shows the subscriptions of a page; what is said of the contract is of all of them.
func (b *billingOutput) fill(s *core.Scene, all []order.Resource, p page) error {
	var ends time.Time
	var last id.ID
	original := true // until the first that was not cancelled before it began
	for _, res := range all {
		sub, plan, end, err := subscription(s, res, original)
		if err != nil {
			return err
		}
		original = original && sub.Status == "CANCELLED"
		if sub.Status == "ACTIVE" || sub.Status == "PENDING" {
			b.PaymentOption, b.PaymentTerm = paymentOption[plan.Option], paymentTerm[plan.TermMonths]
			if end.After(ends) {
				ends = end
			}
		}
		switch {
		case res.ID <= p.afterID():
		case len(b.Subscriptions) < p.limit:
			b.Subscriptions = append(b.Subscriptions, sub)
			last = res.ID
		default:
			b.NextToken = p.next(p.limit, last.Base36())
		}
	}
	if !ends.IsZero() {
		b.ContractEndDate = ends.UTC().Format(time.RFC3339)
	}
	return nil
}

// subscription shows a resource, with its plan and the end of its term.
func subscription(s *core.Scene, res order.Resource, original bool) (wireSubscription, catalog.Plan, time.Time, error) {
	out := wireSubscription{SubscriptionID: res.ID.Decimal(), Type: "CAPACITY_INCREASE", Status: subscriptionStatus[res.State], OrderIDs: []string{}}
	if original {
		out.Type = "ORIGINAL"
	}
	var end time.Time
	plan, err := planOf(s, res)
	if err != nil {
		return out, plan, end, err
	}
	out.Currency = string(plan.Currency)
	terms, err := s.Terms(res.ID)
	if err != nil {
		return out, plan, end, err
	}
	switch {
	case len(terms) > 0:
		out.Begin = terms[0].From.Unix()
		if plan.TermMonths > 0 {
			end = price.Ahead(catalog.Month, terms[0].From, plan.TermMonths)
		}
		if until := terms[len(terms)-1].Until; res.State == order.Terminated && until != nil {
			end = *until
		}
	case res.State == order.Terminated:
		out.Status = "CANCELLED"
	}
	if !end.IsZero() {
		out.End = end.Unix()
	}
	err = out.amounts(s, res, plan)
	return out, plan, end, err
}

func planOf(s *core.Scene, res order.Resource) (catalog.Plan, error) {
	if res.Plan == 0 {
		return catalog.Plan{}, nil
	}
	return s.Plan(res.Plan)
}

// amounts adds up what the orders of a resource promised: the rates of their lines for
// what was ordered, or of those done, delivered.
func (sub *wireSubscription) amounts(s *core.Scene, res order.Resource, plan catalog.Plan) error {
	orders, err := s.Orders(core.OrderQuery{Page: core.Page{Limit: mostResults, Ascending: true}, Resources: []id.ID{res.ID}})
	if err != nil {
		return err
	}
	var upfront, monthly money.Micro
	for _, p := range orders {
		sub.OrderIDs = append(sub.OrderIDs, p.Order.ID.Hex17(orderPrefix))
		if p.Order.State != order.Done && !p.Order.State.Open() {
			continue
		}
		for _, l := range p.Lines {
			moved := l.Quantity
			if p.Order.State == order.Done {
				moved = l.Delivered
			}
			once, err1 := money.Times(plan.Currency, max(0, moved-l.Before), l.Once, 1, 1)
			each, err2 := money.Times(plan.Currency, max(0, moved-l.Before), l.Each, 1, 1)
			if err1 != nil || err2 != nil {
				continue // too large to have been ordered
			}
			upfront, monthly = upfront+once, monthly+each
		}
	}
	sub.Upfront, sub.Monthly = upfront.Float(), monthly.Float()
	return nil
}
