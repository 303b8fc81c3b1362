package ard

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// placeOrder places an order, or says what it would cost.
func (d *door) placeOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	ask, err := d.readOrder(r)
	if err != nil {
		return err
	}
	p, err := d.placement(r, who, ask)
	if err != nil {
		return refusal(err)
	}
	if ask.dryRun {
		return d.dryRun(w, r, who, p)
	}
	placed, err := d.core.PlaceOrder(r.Context(), who, p)
	if err != nil {
		return refusal(err)
	}
	return d.writeOrder(w, r, who, placed)
}

// placement brings an order's request into the core's words.
func (d *door) placement(r *http.Request, who core.Actor, ask orderAsk) (core.Placement, error) {
	p := core.Placement{Imagery: &core.ImageryAsk{Acquisitions: ask.acquisitions, Area: ask.area}, Notes: order.Notes{Notify: ask.notify}, Idem: ask.idem}
	prefix, err := core.CleanPrefix(ask.output.prefix)
	if err != nil {
		return p, err
	}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		home, err := account(s)
		if err != nil {
			return err
		}
		if _, err := s.Destination(home.ID, ask.output.bucket, ask.output.kinds...); err != nil {
			return err
		}
		archive, err := s.Archive()
		if err != nil {
			return err
		}
		p.Offering = archive.Offering.ID
		if ask.selectID == "" {
			return nil
		}
		p.Imagery, err = selected(s, ask.selectID)
		return err
	})
	if err != nil {
		return p, err
	}
	delivery := core.DeliveryRequest{Bucket: ask.output.bucket, Prefix: prefix, Settings: ask.settings, Document: ask.document}
	p.Request, err = delivery.Encode()
	return p, err
}

// selected is what a select found, to be ordered: its tiles, inside its area.
func selected(s *core.Scene, text string) (*core.ImageryAsk, error) {
	i, rec, err := readSelect(s, text)
	if err != nil {
		return nil, err
	}
	found, err := rec.again(s, i)
	if err != nil {
		return nil, err
	}
	ask := &core.ImageryAsk{}
	if ask.Area, err = imagery.StoredAOI(rec.Area); err != nil {
		return nil, err
	}
	cells := map[string][]string{}
	for _, t := range found.Tiles() {
		cells[t.Tile.CatalogID] = append(cells[t.Tile.CatalogID], t.Tile.Cell.String())
	}
	for _, name := range found.Acquisitions {
		ask.Acquisitions = append(ask.Acquisitions, core.AcquisitionAsk{CatalogID: name, Cells: cells[name]})
	}
	if len(ask.Acquisitions) == 0 {
		return nil, &core.Error{Kind: core.Invalid, Reason: core.ReasonNothing, Field: "select_id", Msg: "The select found nothing to order."}
	}
	return ask, nil
}

type dryRunOutput struct {
	DryRun    bool        `json:"dry_run"`
	Usage     usageOutput `json:"usage"`
	Timestamp string      `json:"response_timestamp"`
}

func (d *door) dryRun(w http.ResponseWriter, r *http.Request, who core.Actor, p core.Placement) error {
	q, err := d.core.QuoteOrder(r.Context(), who, p)
	if err != nil {
		return refusal(err)
	}
	out := dryRunOutput{DryRun: true, Timestamp: wireTime(d.core.Now())}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		parts := map[imagery.Category]part{}
		for category := range core.ImageryPrices(&q.Sheet, q.Order.Customer, d.core.Now()) {
			parts[category] = part{cost: new(money.Micro)}
		}
		for _, l := range q.Lines {
			c, _ := q.Sheet.ComponentByID(l.Component)
			add(parts, c.Code, l.Quantity, l.Due)
		}
		out.Usage = usage(parts, true)
		g, err := newGauge(s, q.Sheet)
		if err != nil {
			return err
		}
		limits, left := g.read(onAccount(q.Standings))
		out.Usage.Limits, out.Usage.Available = &limits, &left
		return nil
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

// onAccount are the limits that stand on the account, not on its user.
func onAccount(standings []core.Standing) []core.Standing {
	var out []core.Standing
	for _, s := range standings {
		if s.Scope == tenant.OnCustomer {
			out = append(out, s)
		}
	}
	return out
}

func (d *door) orderStatus(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := id.ParseDecimal(r.PathValue("id"))
	if err != nil {
		return noSuch("order")
	}
	var placed core.Placed
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		placed, err = s.Order(i)
		return err
	})
	if err != nil {
		return err
	}
	return d.writeOrder(w, r, who, placed)
}

func (d *door) writeOrder(w http.ResponseWriter, r *http.Request, who core.Actor, placed core.Placed) error {
	var out orderOutput
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		var err error
		out, err = d.wireOrder(r, newComponents(s), placed)
		return err
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

type orderOutput struct {
	ID        string                     `json:"id"`
	Status    string                     `json:"status"`
	Message   string                     `json:"status_message"`
	AccountID string                     `json:"account_id"`
	UserID    string                     `json:"user_id"`
	Created   string                     `json:"created"`
	Order     map[string]json.RawMessage `json:"order"`
	Links     map[string]string          `json:"links"`
	Timestamp string                     `json:"response_timestamp"`
}
