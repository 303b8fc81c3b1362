package native

import (
	"context"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
)

type chargesInput struct {
	OrderPath
	After string `query:"after" doc:"Rows made before this one."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (d *door) listCharges(ctx context.Context, who core.Actor, in *chargesInput) (client.Charges, error) {
	out := client.Charges{Charges: []client.Charge{}}
	i, err := parseOrder(in.ID)
	if err != nil {
		return out, err
	}
	page := core.Page{Limit: in.Limit + 1} // one more tells whether there are more
	if in.After != "" {
		if page.After, err = id.ParseDecimal(in.After); err != nil {
			return out, unknown("after", in.After)
		}
	}
	err = d.core.View(ctx, who, func(s *core.Scene) error {
		p, err := s.Order(i)
		if err != nil {
			return err
		}
		list, err := s.Charges(p.Resource.ID, page)
		if err != nil {
			return err
		}
		out.Resource = client.Resource{ID: p.Resource.ID.Decimal(), Name: p.Resource.Name, State: string(p.Resource.State), BackendID: p.Resource.BackendID}
		out.Currency = string(p.Order.Currency)
		if len(list) > in.Limit {
			list = list[:in.Limit]
			out.Next = list[in.Limit-1].ID.Decimal()
		}
		v := newView(s)
		for _, c := range list {
			one, err := v.charge(p.Order.Offering, c)
			if err != nil {
				return err
			}
			out.Charges = append(out.Charges, one)
		}
		return nil
	})
	return out, err
}

func (v *view) charge(offering id.ID, c core.Charge) (client.Charge, error) {
	x, err := v.component(offering, c.Component)
	if err != nil {
		return client.Charge{}, err
	}
	own := ledger.Total(c.Entries).Charged().Amount
	out := client.Charge{ID: c.ID.Decimal(), Period: c.Period.String(), Component: x.Code, Quantity: c.Quantity.String(), Amount: c.Amount.String(), ByOrders: (c.Amount - own).String(),
		CountsOn: c.CountsOn.String(), UpdatedAt: c.UpdatedAt.UTC().Truncate(time.Microsecond)}
	if c.Reported != nil {
		out.Reported = c.Reported.String()
	}
	out.Entries, err = v.entriesOf(offering, c.Entries)
	if out.Entries == nil {
		out.Entries = []client.Entry{}
	}
	return out, err
}
