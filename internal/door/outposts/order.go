package outposts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// orderRequest is CreateOrder's body once it has met the model; kept with the order.
type orderRequest struct {
	OutpostIdentifier string        `json:"OutpostIdentifier"`
	LineItems         []requestLine `json:"LineItems"`
	PaymentOption     string        `json:"PaymentOption"`
	PaymentTerm       string        `json:"PaymentTerm"`
}

type requestLine struct {
	CatalogItemID string `json:"CatalogItemId"`
	Quantity      int32  `json:"Quantity"`
}

const mostLines = 20

// readOrder reads CreateOrder's body.
func readOrder(r *http.Request) (orderRequest, error) {
	in, err := readInput(r)
	if err != nil {
		return orderRequest{}, err
	}
	in.require("OutpostIdentifier", "PaymentOption")
	out := orderRequest{OutpostIdentifier: in.word("OutpostIdentifier", outpostID), PaymentOption: in.word("PaymentOption", payOption),
		PaymentTerm: in.word("PaymentTerm", payTerm)}
	for _, l := range in.objects("LineItems", 1, mostLines) {
		l.require("CatalogItemId", "Quantity")
		out.LineItems = append(out.LineItems, requestLine{l.word("CatalogItemId", skuCode), l.integer("Quantity", 1)})
	}
	_, lines := in.raw("LineItems")
	quote, option := in.text("QuoteIdentifier", quoteID), in.text("QuoteOptionIdentifier", quoteOptionID)
	switch {
	case lines && quote != nil, !lines && quote == nil:
		in.add("LineItems", "Exactly one of LineItems and QuoteIdentifier must be given")
	case (quote == nil) != (option == nil):
		in.add("QuoteOptionIdentifier", "QuoteIdentifier and QuoteOptionIdentifier must be given together")
	}
	if err := in.err(); err != nil {
		return out, err
	}
	if quote != nil {
		return out, none("Quote", *quote)
	}
	if out.PaymentTerm == "" {
		out.PaymentTerm = defaultTerm
	}
	return out, nil
}

func (d *door) createOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	req, err := readOrder(r)
	if err != nil {
		return err
	}
	var p core.Placement
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { p, err = req.placement(s, who); return err }); err != nil {
		return err
	}
	if p.Idem = repeatable(r); p.Idem == nil {
		if p.Idem, err = d.opt.Repeat.Key(r); err != nil {
			return err
		}
	}
	placed, err := d.core.PlaceOrder(r.Context(), who, p)
	if err != nil {
		return err
	}
	return d.answerOrder(w, r, who, placed)
}

// placement turns wire words into core words.
func (req orderRequest) placement(s *core.Scene, who core.Actor) (core.Placement, error) {
	p := core.Placement{Project: who.Project}
	on, err := findOutpost(s, parse(req.OutpostIdentifier))
	if err != nil {
		return p, err
	}
	p.Ref = on.doc.ID
	if p.Project == 0 {
		project, err := s.DefaultProject(on.doc.Customer)
		if err != nil {
			return p, err
		}
		p.Project = project.ID
	}
	var sheet *catalog.Sheet
	for n, l := range req.LineItems {
		o, err := findItem(s, l.CatalogItemID)
		if err != nil {
			return p, err
		}
		if sheet == nil {
			sheet = o.sheet
		}
		switch {
		case o.sheet.Offering.ID != sheet.Offering.ID:
			return p, invalid(fmt.Sprintf("Catalog items %s and %s cannot be in one order.", req.LineItems[0].CatalogItemID, l.CatalogItemID))
		case o.item.Status == discontinued:
			return p, invalid(fmt.Sprintf("Catalog item %s is discontinued.", l.CatalogItemID))
		}
		quantity, err := money.Units(int64(l.Quantity))
		if err != nil {
			return p, err // 32 bits always fit
		}
		p.Asks = append(p.Asks, core.Ask{Component: o.component.Code, Quantity: quantity, Label: fmt.Sprint(n + 1)})
	}
	p.Offering = sheet.Offering.ID
	p.Request, err = json.Marshal(req)
	if err != nil {
		return p, err
	}
	var ok bool
	if p.Plan, ok = req.plan(sheet, on.doc.Customer); !ok {
		return p, invalid(fmt.Sprintf("The catalog has no prices for %s over %s.", req.PaymentOption, req.PaymentTerm))
	}
	return p, nil
}

// plan returns the plan of a payment option and term; prices agreed with the customer go
// before public ones.
func (req orderRequest) plan(sheet *catalog.Sheet, customer id.ID) (id.ID, bool) {
	var found id.ID
	for _, p := range sheet.Plans {
		if p.ArchivedAt != nil || paymentOption[p.Option] != req.PaymentOption || paymentTerm[p.TermMonths] != req.PaymentTerm {
			continue
		}
		if p.Customer == customer {
			return p.ID, true
		}
		if p.Customer == 0 && found == 0 {
			found = p.ID
		}
	}
	return found, found != 0
}

// answerOrder answers with an order as it stands.
func (d *door) answerOrder(w http.ResponseWriter, r *http.Request, who core.Actor, p core.Placed) error {
	var out wireOrder
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { out, err = showOrder(s, p); return err }); err != nil {
		return err
	}
	return reply(w, r, orderOutput{out})
}

func (d *door) getOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "order", "OrderId", orderID)
	if err != nil {
		return err
	}
	var out wireOrder
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		p, err := s.Order(i.id)
		if err != nil {
			return missing(err, "Order", i.spelled)
		}
		out, err = showOrder(s, p)
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, orderOutput{out})
}

func (d *door) cancelOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "order", "OrderId", orderID)
	if err != nil {
		return err
	}
	_, err = d.core.Act(r.Context(), who, i.id, order.Cancel, core.Verdict{Idem: repeatable(r)})
	if e := core.AsError(err); err != nil && (e.Kind == core.Conflict || e.Kind == core.Unsupported) {
		said := *e
		said.About = core.Ref{Kind: "order", ID: i.id}
		return &said
	}
	if err != nil {
		return missing(err, "Order", i.spelled)
	}
	return reply(w, r, empty{})
}

func (d *door) listOrders(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	p := q.page(ownID)
	var on identifier
	if q.values.Has("OutpostIdentifierFilter") {
		s := q.values.Get("OutpostIdentifierFilter")
		outpostID.check(q.faults, "OutpostIdentifierFilter", s)
		on = parse(s)
	}
	if err := q.err(); err != nil {
		return err
	}
	out := ordersOutput{Orders: []wireSummary{}}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		customer, err := home(s)
		if err != nil {
			return err
		}
		ask := core.OrderQuery{Page: core.Page{After: p.afterID(), Limit: p.limit + 1}, Customers: []id.ID{customer}}
		if on.spelled != "" {
			one, err := findOutpost(s, on)
			if err != nil {
				return err
			}
			ask.Ref, ask.Customers = one.doc.ID, []id.ID{one.doc.Customer}
		}
		found, err := s.Orders(ask)
		if err != nil {
			return err
		}
		if len(found) > p.limit {
			found = found[:p.limit]
			out.NextToken = p.next(p.limit, found[p.limit-1].Order.ID.Base36())
		}
		for _, o := range found {
			out.Orders = append(out.Orders, summary(o))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, r, out)
}

// status names the state of an order, of an executing one by its lines.
func status(p core.Placed) string {
	if p.Order.State != order.Executing {
		return orderStatus[p.Order.State]
	}
	seen := map[stage]int{}
	for _, l := range p.Lines {
		seen[lineStage[l.State]]++
	}
	switch live := len(p.Lines) - seen[aside]; {
	case seen[waiting] == len(p.Lines):
		return orderStatus[order.PendingProvider]
	case live > 0 && seen[arrived] == live:
		return "DELIVERED"
	}
	return orderStatus[order.Executing]
}

// outpostOf is the Outpost an order says it is for; other doors' orders are for none, and
// are given one of their resource's id, which names nothing.
func outpostOf(o order.Order) string {
	if o.Ref != 0 {
		return o.Ref.Hex17(outpostPrefix)
	}
	return o.Resource.Hex17(outpostPrefix)
}

// orderType tells replacements, whose lines stand in for others, from all else.
func orderType(p core.Placed) string {
	for _, l := range p.Lines {
		if l.Replaces != "" {
			return "REPLACEMENT"
		}
	}
	return "OUTPOST"
}

// fulfilled is when an order was done; 0 where it is not.
func fulfilled(o order.Order) int64 {
	if o.State == order.Done && o.EndedAt != nil {
		return o.EndedAt.Unix()
	}
	return 0
}

func summary(p core.Placed) wireSummary {
	out := wireSummary{OutpostID: outpostOf(p.Order), OrderID: p.Order.ID.Hex17(orderPrefix), OrderType: orderType(p), Status: status(p), Counts: map[string]int{},
		Submitted: p.Order.CreatedAt().Unix(), Fulfilled: fulfilled(p.Order)}
	for _, l := range p.Lines {
		out.Counts[lineStatus[l.State]]++
	}
	return out
}

func showOrder(s *core.Scene, p core.Placed) (wireOrder, error) {
	o := p.Order
	out := wireOrder{OutpostID: outpostOf(o), OrderID: o.ID.Hex17(orderPrefix), OrderType: orderType(p), Status: status(p), LineItems: []wireLine{},
		PaymentOption: paymentOption[catalog.NoUpfront], Submitted: o.CreatedAt().Unix(), Fulfilled: fulfilled(o)}
	if o.Plan != 0 {
		plan, err := s.Plan(o.Plan)
		if err != nil {
			return out, err
		}
		if name, ok := paymentOption[plan.Option]; ok {
			out.PaymentOption = name
		}
		out.PaymentTerm = paymentTerm[plan.TermMonths]
	}
	for _, l := range p.Lines {
		c, err := s.Component(l.Component)
		if err != nil {
			return out, err
		}
		out.LineItems = append(out.LineItems, showLine(c, l))
	}
	return out, nil
}

func showLine(c catalog.Component, l order.Line) wireLine {
	out := wireLine{CatalogItemID: spellItem(c), LineItemID: id.LineHex17(linePrefix, l.Order, l.N), Quantity: max(1, l.Quantity.Ceil()), Status: lineStatus[l.State]}
	if l.Shipment != nil {
		if l.Shipment.Carrier != "" || l.Shipment.Tracking != "" {
			out.Shipment = &wireShipment{Tracking: l.Shipment.Tracking, Carrier: l.Shipment.Carrier}
		}
		for _, a := range l.Shipment.Assets {
			out.Assets = append(out.Assets, wirePiece{a.Name, a.MACs})
		}
	}
	if was, n, ok := strings.Cut(l.Replaces, "/"); ok {
		var line int
		previous, err := id.ParseDecimal(was)
		if _, bad := fmt.Sscanf(n, "%d", &line); err == nil && bad == nil {
			out.PreviousOrder, out.PreviousLineID = previous.Hex17(orderPrefix), id.LineHex17(linePrefix, previous, line)
		}
	}
	return out
}
