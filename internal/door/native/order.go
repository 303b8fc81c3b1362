package native

import (
	"cmp"
	"errors"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

// view reads what names stand around orders, each once.
type view struct {
	*core.Scene
	named  map[string]client.Named
	sheets map[id.ID]catalog.Sheet
}

func newView(s *core.Scene) *view {
	return &view{Scene: s, named: map[string]client.Named{}, sheets: map[id.ID]catalog.Sheet{}}
}

// name looks a record up; one that is gone keeps its id.
func (v *view) name(kind string, i id.ID, get func() (key, name string, err error)) (client.Named, error) {
	if i == 0 {
		return client.Named{}, nil
	}
	k := kind + " " + i.Decimal()
	if n, ok := v.named[k]; ok {
		return n, nil
	}
	key, name, err := get()
	if err != nil && !errors.Is(err, core.NotFound) {
		return client.Named{}, err
	}
	n := client.Named{ID: i.Decimal(), Key: key, Name: name}
	v.named[k] = n
	return n, nil
}

func (v *view) customer(i id.ID) (client.Named, error) {
	return v.name("customer", i, func() (string, string, error) { c, err := v.CustomerName(i); return c.Slug, c.Name, err })
}

func (v *view) provider(i id.ID) (client.Named, error) {
	p, err := v.Provider(i)
	if err != nil {
		return client.Named{ID: i.Decimal()}, err
	}
	n, err := v.customer(p.Customer)
	n.ID = i.Decimal()
	return n, err
}

func (v *view) sheet(i id.ID) (catalog.Sheet, error) {
	if sh, ok := v.sheets[i]; ok {
		return sh, nil
	}
	sh, err := v.ShownOffering(i)
	v.sheets[i] = sh
	return sh, err
}

// component is one of an offering's, or one that was taken out of it.
func (v *view) component(offering, i id.ID) (catalog.Component, error) {
	sh, err := v.sheet(offering)
	if err != nil {
		return catalog.Component{}, err
	}
	if c, ok := sh.ComponentByID(i); ok {
		return c, nil
	}
	return catalog.Component{ID: i, Code: i.Base36()}, nil
}

// order is an order as this API tells it.
func (v *view) order(p core.Placed) (client.Order, error) {
	o := p.Order
	resource := p.Resource.Name
	out := client.Order{ID: o.ID.Decimal(), Spellings: spellings(o.ID, o.Name), Type: string(o.Type), State: string(o.State), Outcome: string(o.Outcome), Door: o.Door,
		Name: cmp.Or(o.Name, resource), Currency: string(o.Currency), Due: o.Due.String(), Held: o.Held.String(), Charged: o.Charged.String(), Message: o.Message,
		CreatedAt: o.CreatedAt(), BeganAt: o.BeganAt, EndedAt: o.EndedAt, CountsOn: o.CountsOn.String(), Lines: []client.Line{}}
	if o.StartsOn != nil {
		out.StartsOn = o.StartsOn.String()
	}
	if p.Resource.ID != 0 {
		out.Resource = client.Resource{ID: p.Resource.ID.Decimal(), Name: resource, State: string(p.Resource.State), BackendID: p.Resource.BackendID}
	}
	if err := v.names(o, &out); err != nil {
		return out, err
	}
	for _, l := range p.Lines {
		c, err := v.component(o.Offering, l.Component)
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, line(l, c))
	}
	return out, nil
}

func (v *view) names(o order.Order, out *client.Order) error {
	sh, err := v.sheet(o.Offering)
	if err != nil {
		return err
	}
	out.Offering = client.Named{ID: o.Offering.Decimal(), Key: sh.Offering.Code, Name: sh.Offering.Name}
	var errs [4]error
	out.Customer, errs[0] = v.customer(o.Customer)
	out.Provider, errs[1] = v.provider(o.Provider)
	out.Project, errs[2] = v.name("project", o.Project, func() (string, string, error) { p, err := v.ProjectName(o.Project); return p.Slug, p.Name, err })
	out.User, errs[3] = v.name("user", o.User, func() (string, string, error) { u, err := v.UserName(o.User); return u.Login, u.FullName, err })
	if o.Plan != 0 {
		plan, ok := sh.Plan(o.Plan)
		if !ok { // agreed with one customer: a colleague of the provider's may see it all the same
			if plan, err = v.Plan(o.Plan); err != nil {
				return err
			}
		}
		out.Plan = client.Named{ID: o.Plan.Decimal(), Key: plan.Code, Name: plan.Name}
	}
	return errors.Join(errs[:]...)
}

func line(l order.Line, c catalog.Component) client.Line {
	out := client.Line{N: l.N, Component: c.Code, Unit: c.Unit, Label: l.Label, Before: l.Before.String(), Quantity: l.Quantity.String(), Delivered: l.Delivered.String(),
		Due: l.Due.String(), Charged: l.Charged.String(), State: string(l.State), Message: l.Message}
	if s := l.Shipment; s != nil {
		out.Shipment = &client.Shipment{Carrier: s.Carrier, Tracking: s.Tracking}
		for _, a := range s.Assets {
			out.Shipment.Assets = append(out.Shipment.Assets, client.Asset{Name: a.Name, MACs: a.MACs})
		}
	}
	return out
}

// entries are what the ledger has of an order.
func (v *view) entries(p core.Placed) ([]client.Entry, error) {
	list, err := v.EntriesOf(p)
	if err != nil {
		return nil, err
	}
	return v.entriesOf(p.Order.Offering, list)
}

func (v *view) entriesOf(offering id.ID, list []ledger.Entry) ([]client.Entry, error) {
	var out []client.Entry
	for _, e := range list {
		c, err := v.component(offering, e.Component)
		if err != nil {
			return nil, err
		}
		out = append(out, client.Entry{N: e.N, Posting: e.Posting, Kind: e.Kind.String(), Component: c.Code, Amount: e.Amount.String(), Quantity: e.Quantity.String(),
			CountsOn: e.CountsOn.String(), At: e.At.UTC().Truncate(time.Microsecond), Reason: e.Reason})
	}
	return out, nil
}
