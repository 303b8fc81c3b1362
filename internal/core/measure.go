package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// MaxLines bounds one order.
const MaxLines = 5000

// measured is what a request comes to in quantities, before prices. Imagery is
// measured outside the transaction: geometry takes its time and needs no lock.
type measured struct {
	component catalog.Component
	before    money.Micro
	target    money.Micro
	label     string
	detail    json.RawMessage
	replaces  string
}

// measureImagery cuts each acquisition to its cells and the area: a line each.
func measureImagery(r Reader, sh *catalog.Sheet, ask *ImageryAsk, now time.Time) ([]measured, error) {
	if ask == nil || len(ask.Acquisitions) == 0 {
		return nil, invalid("acquisitions", "Name at least one acquisition.").because(ReasonAcquisition)
	}
	if len(ask.Acquisitions) > MaxLines {
		return nil, invalid("acquisitions", "An order may name at most %d acquisitions.", MaxLines).because(ReasonAcquisition)
	}
	wanted, names, err := wantedCells(ask)
	if err != nil {
		return nil, err
	}
	found, err := r.Acquisitions(AcquisitionQuery{CatalogIDs: names, Page: Page{Limit: len(names)}})
	if err != nil {
		return nil, err
	}
	acquired := map[string]imagery.Acquisition{}
	var ids []id.ID
	for _, a := range found {
		acquired[a.CatalogID] = a
		ids = append(ids, a.ID)
	}
	for _, n := range names {
		if _, ok := acquired[n]; !ok {
			return nil, invalid("acquisitions", "There is no acquisition %q.", clip(n)).because(ReasonAcquisition)
		}
	}
	tiles, err := r.Tiles(TileQuery{Acquisitions: ids})
	if err != nil {
		return nil, err
	}
	tiles, err = pickTiles(tiles, wanted)
	if err != nil {
		return nil, err
	}
	areas, err := imagery.Measure(tiles, ask.Area)
	if err != nil {
		return nil, areaError(err)
	}
	return imageryLines(sh, names, acquired, areas, now)
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

// areaError words what package imagery says of a geometry.
func areaError(err error) error {
	var aoi *imagery.AOIError
	if errors.As(err, &aoi) {
		return invalid("area", "%s", aoi.Error()).because(ReasonArea)
	}
	return err
}

// wantedCells gathers the cells asked of each acquisition, named twice or not; nil: all.
func wantedCells(ask *ImageryAsk) (map[string][]imagery.Cell, []string, error) {
	wanted := map[string][]imagery.Cell{}
	var names []string
	for _, a := range ask.Acquisitions {
		have, seen := wanted[a.CatalogID]
		if !seen {
			names = append(names, a.CatalogID)
		}
		if len(a.Cells) == 0 || (seen && have == nil) {
			wanted[a.CatalogID] = nil
			continue
		}
		for _, text := range a.Cells {
			cell, err := imagery.ParseCell(text)
			if err != nil {
				return nil, nil, invalid("cells", "%q is no cell of the grid.", clip(text)).because(ReasonAcquisition)
			}
			have = append(have, cell)
		}
		wanted[a.CatalogID] = have
	}
	return wanted, names, nil
}

func pickTiles(tiles []imagery.Tile, wanted map[string][]imagery.Cell) ([]imagery.Tile, error) {
	has := map[string]map[imagery.Cell]bool{}
	for _, t := range tiles {
		if has[t.CatalogID] == nil {
			has[t.CatalogID] = map[imagery.Cell]bool{}
		}
		has[t.CatalogID][t.Cell] = true
	}
	for name, cells := range wanted {
		for _, c := range cells {
			if !has[name][c] {
				return nil, invalid("cells", "Acquisition %s has nothing in cell %s.", clip(name), c).because(ReasonAcquisition)
			}
		}
	}
	return slices.DeleteFunc(tiles, func(t imagery.Tile) bool {
		cells := wanted[t.CatalogID]
		return cells != nil && !slices.Contains(cells, t.Cell)
	}), nil
}

// imageryLines makes a line of each acquisition that has something in the area.
func imageryLines(sh *catalog.Sheet, names []string, acquired map[string]imagery.Acquisition, areas []imagery.Measured, now time.Time) ([]measured, error) {
	sum, cells := map[string]int64{}, map[string][]string{}
	for _, a := range areas {
		if a.Micro > 0 {
			sum[a.CatalogID] += a.Micro
			cells[a.CatalogID] = append(cells[a.CatalogID], a.Cell.String())
		}
	}
	var out []measured
	for _, n := range names {
		if sum[n] == 0 {
			return nil, invalid("acquisitions", "Acquisition %s has no data inside the area.", clip(n)).because(ReasonNothing)
		}
		category := imagery.CategoryOf(acquired[n].AcquiredAt, now)
		comp, ok := sh.Component(string(category))
		if !ok {
			return nil, invalid("acquisitions", "%s imagery cannot be ordered: acquisition %s.", category, clip(n)).because(ReasonUnpriced)
		}
		detail, err := json.Marshal(LineCells{Cells: cells[n]})
		if err != nil {
			return nil, err
		}
		out = append(out, measured{component: comp, target: money.Micro(sum[n]), label: n, detail: detail})
	}
	return out, nil
}

// measure turns asks into quantities by the offering's measure. res is the resource
// as it stands, of an update, terminate or restore.
func measure(sh *catalog.Sheet, p Placement, res order.Resource) ([]measured, error) {
	if p.Type == order.Terminate {
		return ending(sh, res), nil
	}
	if len(p.Asks) > MaxLines {
		return nil, invalid("lines", "An order may have at most %d lines.", MaxLines).because(ReasonQuantity)
	}
	if sh.Offering.Measure == catalog.Count {
		return measureCount(sh, p, res)
	}
	return measureLimits(sh, p, res)
}

// ending brings every component the resource has to nothing.
func ending(sh *catalog.Sheet, res order.Resource) []measured {
	var out []measured
	for _, c := range sh.Components {
		if q := res.Quantities[c.ID]; q > 0 && c.Billing == catalog.ByLimit {
			out = append(out, measured{component: c, before: q})
		}
	}
	return out
}

func measureCount(sh *catalog.Sheet, p Placement, res order.Resource) ([]measured, error) {
	if len(p.Asks) == 0 {
		return nil, invalid("lines", "Name at least one thing to order.").because(ReasonQuantity)
	}
	var out []measured
	named := map[id.ID]bool{}
	for _, a := range p.Asks {
		c, ok := sh.Component(a.Component)
		if !ok {
			return nil, invalid("component", "There is no %q to order.", clip(a.Component)).because(ReasonComponent)
		}
		if err := inBounds(c, a.Quantity); err != nil {
			return nil, err
		}
		if a.Quantity%money.Unit != 0 {
			return nil, invalid("quantity", "The quantity of %s must be a whole number.", c.Code).because(ReasonQuantity)
		}
		if a.Quantity == 0 && p.Type != order.Update {
			return nil, invalid("quantity", "The quantity of %s must be at least 1.", c.Code).because(ReasonQuantity)
		}
		m := measured{component: c, target: a.Quantity, label: a.Label, detail: a.Detail, replaces: a.Replaces}
		if p.Type == order.Update && a.Replaces == "" {
			if named[c.ID] {
				return nil, invalid("component", "%s is named twice.", c.Code).because(ReasonComponent)
			}
			m.before = res.Quantities[c.ID]
		}
		named[c.ID] = true
		out = append(out, m)
	}
	if p.Type == order.Update && p.Staged {
		for _, c := range sh.Components {
			if q := res.Quantities[c.ID]; q > 0 && !named[c.ID] {
				out = append(out, measured{component: c, before: q})
			}
		}
	}
	return out, nil
}

// inBounds asks a component's own bounds.
func inBounds(c catalog.Component, q money.Micro) error {
	switch {
	case q < 0:
		return invalid("quantity", "The quantity of %s must not be negative.", c.Code).because(ReasonQuantity)
	case c.Max != nil && q > *c.Max:
		return invalid("quantity", "The limit %s value cannot be more than %s.", q, *c.Max).because(ReasonQuantity)
	case c.Min != nil && q < *c.Min:
		return invalid("quantity", "The limit %s value cannot be less than %s.", q, *c.Min).because(ReasonQuantity)
	}
	return nil
}

func measureLimits(sh *catalog.Sheet, p Placement, res order.Resource) ([]measured, error) {
	asked := map[string]Ask{}
	for _, a := range p.Asks {
		c, ok := sh.Component(a.Component)
		if !ok || c.Billing != catalog.ByLimit {
			return nil, invalid("component", "Invalid types: %s", clip(a.Component)).because(ReasonComponent)
		}
		if _, twice := asked[a.Component]; twice {
			return nil, invalid("component", "%s is named twice.", c.Code).because(ReasonComponent)
		}
		if err := inBounds(c, a.Quantity); err != nil {
			return nil, err
		}
		asked[a.Component] = a
	}
	var out []measured
	for _, c := range sh.Components {
		m := measured{component: c}
		switch c.Billing {
		case catalog.ByLimit:
			m.before = res.Quantities[c.ID]
			m.target = m.before
			if p.Type == order.Restore {
				m.before = 0
			}
			if a, ok := asked[c.Code]; ok {
				m.target, m.label, m.detail = a.Quantity, a.Label, a.Detail
			} else if p.Staged {
				m.target = 0
			}
			if m.target == 0 && m.before == 0 {
				continue
			}
		case catalog.ByFixed:
			m.before = res.Quantities[c.ID] // the plan says what it comes to
		case catalog.ByUsage, catalog.Once, catalog.Few: // price.Request knows their quantity
		}
		out = append(out, m)
	}
	return out, nil
}

// priced makes lines of what was measured. Components that are charged whether asked or
// not are left out where the plan has no price for them; what was asked is refused.
func priced(req price.Request, o order.Order, ms []measured) ([]order.Line, error) {
	var out []order.Line
	for _, m := range ms {
		l := order.Line{Order: o.ID, N: len(out) + 1, Component: m.component.ID, Label: m.label, Detail: m.detail, Before: m.before, Quantity: m.target,
			Replaces: m.replaces, State: order.Preparing}
		if o.Type == order.Terminate {
			out = append(out, l)
			continue
		}
		r := req
		r.Free = r.Free || m.replaces != ""
		p, err := r.Line(m.component, m.before, m.target)
		switch {
		case errors.Is(err, price.ErrUnpriced) && m.component.Billing != catalog.ByLimit:
			continue
		case errors.Is(err, price.ErrUnpriced):
			return nil, invalid("component", "%s has no price and cannot be ordered.", nameOf(m.component)).because(ReasonUnpriced)
		case errors.Is(err, money.ErrRange):
			return nil, invalid("quantity", "The quantity of %s is too large.", nameOf(m.component)).because(ReasonQuantity)
		case err != nil:
			return nil, err
		}
		l.Before, l.Quantity, l.Once, l.Each, l.Due = p.Before, p.Quantity, p.Once, p.Each, p.Due
		out = append(out, l)
	}
	if len(out) == 0 && o.Type != order.Terminate { // what has no amounts, only usage, ends without lines
		return nil, invalid("lines", "There is nothing in this order.").because(ReasonSame)
	}
	return out, nil
}

func nameOf(c catalog.Component) string {
	if c.Name != "" {
		return fmt.Sprintf("%s (%s)", c.Name, c.Code)
	}
	return c.Code
}
