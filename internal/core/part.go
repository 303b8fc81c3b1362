package core

import (
	"encoding/json"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// MaxParts bounds what one order makes at once: each part is a row, written in the
// order's own transaction.
const MaxParts = 10_000

// boundParts refuses to make more at once than MaxParts. Limits come first: they say more.
func (d *draft) boundParts() error {
	if d.sheet.Offering.Measure != catalog.Count || d.sheet.Offering.Fulfilment != catalog.Instant {
		return nil
	}
	room := MaxParts * money.Unit
	for _, l := range d.lines {
		if room -= l.Quantity; room < 0 {
			return invalid("quantity", "One order may come to %d at most of what is made at once.", MaxParts).because(ReasonQuantity)
		}
	}
	return nil
}

// keepAssets makes the resource's parts match its quantities: the pieces that came with
// shipped lines, and a part for each unit of what is done at once.
func (d *draft) keepAssets(before order.Quantities) error {
	if d.sheet.Offering.Measure != catalog.Count {
		return nil
	}
	have, err := d.r.Assets(d.res.ID)
	if err != nil {
		return err
	}
	for _, l := range d.lines {
		if l.Shipment == nil || l.State != order.Installed {
			continue
		}
		for _, piece := range l.Shipment.Assets {
			attrs, err := json.Marshal(piece)
			if err != nil {
				return err
			}
			d.assets = append(d.assets, order.Asset{ID: d.ids.draw(), Resource: d.res.ID, Line: l.N, Component: l.Component, Name: piece.Name, State: AssetActive, Attrs: attrs})
		}
	}
	if d.sheet.Offering.Fulfilment != catalog.Instant {
		return nil
	}
	for _, c := range d.sheet.Components {
		want, parts := d.res.Quantities[c.ID].Floor(), activeOf(have, c.ID)
		parts = d.namedLast(parts, c.ID)
		for n := int64(len(parts)); n < want; n++ {
			i := d.ids.draw()
			d.assets = append(d.assets, order.Asset{ID: i, Resource: d.res.ID, Component: c.ID, Name: "node-" + i.Base36(), State: AssetActive, Attrs: PartOrders{Made: d.o.ID}.json()})
		}
		for n := int64(len(parts)); n > want; n-- {
			gone := parts[n-1]
			gone.State, gone.Attrs = AssetGone, partOrders(gone).ended(d.o.ID).json()
			d.assets = append(d.assets, gone)
		}
	}
	return nil
}

// The states of an asset that the core sets.
const (
	AssetActive = "active"
	AssetGone   = "gone"
)

func activeOf(assets []order.Asset, c id.ID) []order.Asset {
	var out []order.Asset
	for _, a := range assets {
		if a.Component == c && a.State != AssetGone {
			out = append(out, a)
		}
	}
	return out
}

// PartOrders are the Attrs of a part that is made at once: the orders that made it and,
// once it is gone, gave it back.
type PartOrders struct {
	Made  id.ID `json:"made,omitempty"`
	Ended id.ID `json:"ended,omitempty"`
}

func partOrders(a order.Asset) PartOrders {
	var p PartOrders
	if err := json.Unmarshal(a.Attrs, &p); err != nil {
		return PartOrders{} // attributes of an operator's own
	}
	return p
}

func (p PartOrders) ended(by id.ID) PartOrders { p.Ended = by; return p }

func (p PartOrders) json() json.RawMessage {
	b, err := json.Marshal(p)
	if err != nil { // two numbers
		panic(err)
	}
	return b
}

// LineNodes is a line's Detail where a request names the parts to give back.
type LineNodes struct {
	Nodes []string `json:"nodes,omitempty"`
}

// namedLast moves the parts that a line names to the end, where parts are given back from.
func (d *draft) namedLast(parts []order.Asset, c id.ID) []order.Asset {
	var named LineNodes
	for _, l := range d.lines {
		if l.Component == c && len(l.Detail) > 0 {
			if err := json.Unmarshal(l.Detail, &named); err != nil {
				continue // another fulfilment's detail
			}
		}
	}
	slices.SortStableFunc(parts, func(a, b order.Asset) int {
		x, y := slices.Contains(named.Nodes, a.Name), slices.Contains(named.Nodes, b.Name)
		switch {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
	return parts
}
