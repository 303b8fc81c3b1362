package native

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// keyFor is how long an Idempotency-Key is remembered.
const keyFor = 24 * time.Hour

// Keyed makes a request safe to repeat.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"The same key with the same request again gets the order as it is now, and does nothing twice."`
}

// idem is the key of a request; what is asked of which order is the body.
func (k Keyed) idem(act string, i id.ID, body any) (*core.IdemKey, error) {
	if k.Key == "" {
		return nil, nil
	}
	b, err := json.Marshal([]any{act, i.Decimal(), body})
	return &core.IdemKey{Key: k.Key, Body: b, Window: keyFor}, err
}

type verdictInput struct {
	OrderPath
	Keyed
	Body *client.Verdict
}

type moveInput struct {
	OrderPath
	Keyed
	Body client.Move
}

type adjustInput struct {
	OrderPath
	Keyed
	Body client.Adjustment
}

// act does one act and tells the order as it then is.
func (d *door) act(ctx context.Context, who core.Actor, i id.ID, act order.Act, v core.Verdict) (client.Order, error) {
	if _, err := d.core.Act(ctx, who, i, act, v); err != nil {
		return client.Order{}, err
	}
	return d.tell(ctx, who, i)
}

// plain is an act that takes no more than a word.
func (d *door) plain(ctx context.Context, who core.Actor, act order.Act, in *verdictInput) (client.Order, error) {
	i, err := parseOrder(in.ID)
	if err != nil {
		return client.Order{}, err
	}
	v := core.Verdict{}
	if in.Body != nil {
		v.Message, v.Comment = in.Body.Message, in.Body.Message
	}
	if v.Idem, err = in.idem(string(act), i, in.Body); err != nil {
		return client.Order{}, err
	}
	return d.act(ctx, who, i, act, v)
}

// gates are the acts of approval and refusal, by the side that takes them.
var gates = map[string]struct{ approve, reject order.Act }{
	"consumer": {order.ApproveConsumer, order.RejectConsumer},
	"provider": {order.ApproveProvider, order.RejectProvider},
}

// side is the side named, else the one that the order waits for.
func (d *door) side(ctx context.Context, who core.Actor, in *verdictInput) (string, error) {
	if in.Body != nil && in.Body.Side != "" {
		if _, ok := gates[in.Body.Side]; !ok {
			return "", &core.Error{Kind: core.Invalid, Field: "side", Msg: "A side is consumer or provider."}
		}
		return in.Body.Side, nil
	}
	i, err := parseOrder(in.ID)
	if err != nil {
		return "", err
	}
	side := "provider"
	err = d.core.View(ctx, who, func(s *core.Scene) error {
		p, err := s.Order(i)
		if p.Order.State == order.PendingConsumer {
			side = "consumer"
		}
		return err
	})
	return side, err
}

func (d *door) approve(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	side, err := d.side(ctx, who, in)
	if err != nil {
		return client.Order{}, err
	}
	return d.plain(ctx, who, gates[side].approve, in)
}

func (d *door) reject(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	side, err := d.side(ctx, who, in)
	if err != nil {
		return client.Order{}, err
	}
	return d.plain(ctx, who, gates[side].reject, in)
}

func (d *door) cancel(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	return d.plain(ctx, who, order.Cancel, in)
}

func (d *door) done(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	return d.plain(ctx, who, order.Fulfil, in)
}

func (d *door) failOrder(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	return d.plain(ctx, who, order.Fail, in)
}

func (d *door) retry(ctx context.Context, who core.Actor, in *verdictInput) (client.Order, error) {
	return d.plain(ctx, who, order.Retry, in)
}

func (d *door) ship(ctx context.Context, who core.Actor, in *moveInput) (client.Order, error) {
	i, err := parseOrder(in.ID)
	if err != nil {
		return client.Order{}, err
	}
	to, ok := lineStates[in.Body.State]
	if !ok {
		return client.Order{}, &core.Error{Kind: core.Invalid, Field: "state", Msg: "A line has no state " + clip(in.Body.State) + "."}
	}
	one := core.Moved{To: to, Message: in.Body.Message, Shipment: shipment(in.Body)}
	r := &reader{}
	one.Delivered = r.micro("delivered", in.Body.Delivered)
	if r.err != nil {
		return client.Order{}, r.err
	}
	v := core.Verdict{}
	if v.Idem, err = in.idem("ship", i, in.Body); err != nil {
		return client.Order{}, err
	}
	numbers := in.Body.Lines
	if len(numbers) == 0 {
		if numbers, err = d.openLines(ctx, who, i); err != nil {
			return client.Order{}, err
		}
	}
	for _, n := range numbers {
		one.Line = n
		v.Lines = append(v.Lines, one)
	}
	return d.act(ctx, who, i, order.MoveLine, v)
}

// openLines are the lines of an order that are on their way. An order that is not
// executing gets all of its lines named: the core then says in which state it is.
func (d *door) openLines(ctx context.Context, who core.Actor, i id.ID) ([]int, error) {
	var open, all []int
	err := d.core.View(ctx, who, func(s *core.Scene) error {
		p, err := s.Order(i)
		for _, l := range p.Lines {
			all = append(all, l.N)
			if ended, _ := order.At(l.State, order.Installed); !ended {
				open = append(open, l.N)
			}
		}
		return err
	})
	if len(open) == 0 {
		open = all
	}
	return open, err
}

func shipment(m client.Move) *order.Shipment {
	if m.Carrier == "" && m.Tracking == "" && len(m.Assets) == 0 {
		return nil
	}
	s := &order.Shipment{Carrier: m.Carrier, Tracking: m.Tracking}
	for _, a := range m.Assets {
		s.Assets = append(s.Assets, order.Piece{Name: a.Name, MACs: a.MACs})
	}
	return s
}

func (d *door) adjust(ctx context.Context, who core.Actor, in *adjustInput) (client.Order, error) {
	i, err := parseOrder(in.ID)
	if err != nil {
		return client.Order{}, err
	}
	r := &reader{}
	v := core.Verdict{Line: in.Body.Line, Message: in.Body.Message}
	if m := r.micro("amount", in.Body.Amount); m != nil {
		v.Delta = *m
	}
	if m := r.micro("quantity", in.Body.Quantity); m != nil {
		v.Quantity = *m
	}
	if r.err != nil {
		return client.Order{}, r.err
	}
	if v.Idem, err = in.idem("adjust", i, in.Body); err != nil {
		return client.Order{}, err
	}
	return d.act(ctx, who, i, order.Adjust, v)
}

type placeInput struct {
	Keyed
	Repeat string `header:"Docket-Repeat" enum:"new" doc:"new: an order of its own, where the desk takes the same body for the same order."`
	Body   client.Placement
}

func (d *door) placeOrder(ctx context.Context, who core.Actor, in *placeInput) (client.Order, error) {
	p, err := d.placement(ctx, who, in)
	if err != nil {
		return client.Order{}, err
	}
	if in.Body.DryRun {
		return d.quote(ctx, who, p)
	}
	placed, err := d.core.PlaceOrder(ctx, who, p)
	if err != nil {
		return client.Order{}, err
	}
	return d.show(ctx, who, placed)
}

func (d *door) quote(ctx context.Context, who core.Actor, p core.Placement) (client.Order, error) {
	q, err := d.core.QuoteOrder(ctx, who, p)
	if err != nil {
		return client.Order{}, err
	}
	var out client.Order
	err = d.core.View(ctx, who, func(s *core.Scene) error {
		out, err = newView(s).order(core.Placed{Order: q.Order, Lines: q.Lines, Offering: q.Sheet.Offering})
		out.ID, out.Spellings, out.Held = "", nil, money.Micro(0).String() // there is no such order, and nothing is held
		return err
	})
	return out, err
}

// placement reads a request for an order; records are named by their keys here.
func (d *door) placement(ctx context.Context, who core.Actor, in *placeInput) (core.Placement, error) {
	b := in.Body
	r := &reader{}
	p := core.Placement{Type: order.Type(b.Type), Name: b.Name, Periods: b.Periods, StartsOn: r.day("starts_on", b.StartsOn)}
	if p.Type != "" && !slices.Contains(order.Types(), p.Type) {
		r.refuse("type", "There is no type of order %s.", clip(b.Type))
	}
	for _, code := range slices.Sorted(maps.Keys(b.Amounts)) {
		if q := r.micro("amounts."+code, b.Amounts[code]); q != nil {
			p.Asks = append(p.Asks, core.Ask{Component: code, Quantity: *q})
		}
	}
	if b.Resource != "" {
		i, err := id.ParseDecimal(b.Resource)
		if err != nil {
			r.refuse("resource", "%s.", err)
		}
		p.Resource = i
	}
	if r.err != nil {
		return p, r.err
	}
	var err error
	if p.Idem, err = in.idem("place", 0, b); err == nil && p.Idem == nil && in.Repeat == "" {
		var body []byte
		body, err = json.Marshal(b)
		p.Idem = d.opt.Repeat.Of(body)
	}
	if err != nil {
		return p, err
	}
	return p, d.core.View(ctx, who, func(s *core.Scene) error { return resolve(s, b, &p) })
}

// resolve finds the records that a placement names.
func resolve(s *core.Scene, b client.Placement, p *core.Placement) error {
	if b.Project != "" {
		list, err := s.Projects(core.ProjectQuery{Slug: b.Project, Page: core.Page{Limit: 1}})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return unknown("project", b.Project)
		}
		p.Project = list[0].ID
	}
	offering := p.Offering
	if p.Resource != 0 {
		res, err := s.Resource(p.Resource)
		if err != nil {
			return err
		}
		offering = res.Offering
	} else if b.Offering == "" {
		return &core.Error{Kind: core.Invalid, Field: "offering", Msg: "Name the offering, or the resource that the order changes."}
	} else {
		o, err := s.OfferingCoded(b.Offering)
		if err != nil {
			return unknown("offering", b.Offering)
		}
		offering, p.Offering = o.ID, o.ID
	}
	if b.Plan == "" {
		return nil
	}
	sh, err := s.ShownOffering(offering)
	if err != nil {
		return err
	}
	for _, plan := range sh.Plans {
		if plan.Code == b.Plan {
			p.Plan = plan.ID
			return nil
		}
	}
	return unknown("plan", b.Plan)
}
