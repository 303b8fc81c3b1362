package ard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// components looks up what lines are of, once each.
type components struct {
	scene *core.Scene
	known map[id.ID]catalog.Component
}

func newComponents(s *core.Scene) components {
	return components{s, map[id.ID]catalog.Component{}}
}

func (c components) code(i id.ID) (string, error) {
	if have, ok := c.known[i]; ok {
		return have.Code, nil
	}
	found, err := c.scene.Component(i)
	c.known[i] = found
	return found.Code, err
}

// wireOrder shows an order, whichever door it came through: one that is of no imagery
// has neither acquisitions nor usage, and its cost stands in the message.
func (d *door) wireOrder(r *http.Request, c components, p core.Placed) (orderOutput, error) {
	o := p.Order
	out := orderOutput{ID: o.ID.Decimal(), Status: stateName[o.State], Message: statusMessage(p), AccountID: o.Customer.Decimal(), UserID: o.User.Dashed(id.User),
		Created: wireTime(o.CreatedAt()), Order: map[string]json.RawMessage{}, Timestamp: wireTime(d.core.Now())}
	out.Links = map[string]string{"self": d.link(r, "order", "status", out.ID)}
	delivery, _, err := core.ParseDelivery(o.Request)
	if err != nil {
		return out, err
	}
	if o.Door == Name {
		if err := json.Unmarshal(delivery.Document, &out.Order); err != nil {
			return out, err
		}
	}
	rest := map[string]any{"usage": nil}
	switch {
	case given(out.Order["output_config"]): // shown in the shape it was sent in
	case given(out.Order["destination"]):
		rest["output_config"] = out.Order["destination"]
	default:
		rest["output_config"] = map[string]string{"bucket": delivery.Bucket, "prefix": delivery.Prefix}
	}
	if !given(out.Order["acquisitions"]) {
		if rest["acquisitions"], err = acquisitions(p); err != nil {
			return out, err
		}
	}
	if imageryOrder(p) {
		if rest["usage"], err = orderUsage(c, p); err != nil {
			return out, err
		}
	}
	for name, v := range rest {
		if out.Order[name], err = json.Marshal(v); err != nil {
			return out, err
		}
	}
	return out, nil
}

func imageryOrder(p core.Placed) bool { return p.Offering.Measure == catalog.Imagery }

type acquisitionOutput struct {
	ID    string   `json:"id"`
	Cells []string `json:"cells"`
}

// acquisitions are an order's lines in this door's words.
func acquisitions(p core.Placed) ([]acquisitionOutput, error) {
	out := []acquisitionOutput{}
	if !imageryOrder(p) {
		return out, nil
	}
	for _, l := range p.Lines {
		detail, err := core.ParseLineCells(l.Detail)
		if err != nil {
			return nil, err
		}
		if detail.Cells == nil {
			detail.Cells = []string{}
		}
		out = append(out, acquisitionOutput{l.Label, detail.Cells})
	}
	return out, nil
}

// orderUsage is what an order will cost while it is open, what it did cost once it is
// done, and null where it came to nothing.
func orderUsage(c components, p core.Placed) (*usageOutput, error) {
	open := p.Order.State.Open()
	if !open && p.Order.State != order.Done {
		return nil, nil
	}
	zero := func() part { return part{cost: new(money.Micro)} }
	parts := map[imagery.Category]part{imagery.Fresh: zero(), imagery.Standard: zero(), imagery.Training: zero()}
	for _, l := range p.Lines {
		code, err := c.code(l.Component)
		if err != nil {
			return nil, err
		}
		if open {
			add(parts, code, l.Quantity, l.Due)
		} else {
			add(parts, code, l.Delivered, l.Charged)
		}
	}
	out := usage(parts, open)
	if !open { // with what was charged or given back afterwards
		total := number(p.Order.Charged)
		out.Cost.Total = &total
	}
	return &out, nil
}

// add counts a line into its category.
func add(parts map[imagery.Category]part, code string, area, cost money.Micro) {
	p := parts[imagery.Category(code)]
	sum := cost
	if p.cost != nil {
		sum += *p.cost
	}
	parts[imagery.Category(code)] = part{p.area + area, &sum}
}

// statusMessage says in words how an order stands, why, and what is missing of it.
func statusMessage(p core.Placed) string {
	o := p.Order
	says := []string{stateSays[o.State]}
	if of := typeSays[o.Type]; of != "" {
		says = append(says, fmt.Sprintf(of, p.Resource.Name))
	}
	if o.Message != "" {
		says = append(says, o.Message)
	}
	if o.Outcome == order.Partial {
		says = append(says, "Not delivered: "+strings.Join(missing(p.Lines), "; ")+".")
	}
	if !imageryOrder(p) {
		cost, word := o.Due, "will cost"
		if o.State == order.Done {
			cost, word = o.Charged, "cost"
		}
		if o.State.Open() || o.State == order.Done {
			says = append(says, fmt.Sprintf("It is of %s and %s %s %s.", p.Offering.Name, word, cost.Fixed(o.Currency.Places()), o.Currency))
		}
	}
	return strings.Join(says, " ")
}

func missing(lines []order.Line) []string {
	var out []string
	for _, l := range lines {
		if !undelivered[l.State] && l.Delivered >= l.Quantity {
			continue
		}
		name := l.Label
		if name == "" {
			name = fmt.Sprintf("line %d", l.N)
		}
		if l.Message != "" {
			name += " (" + strings.TrimSuffix(l.Message, ".") + ")"
		}
		out = append(out, name)
	}
	return out
}
