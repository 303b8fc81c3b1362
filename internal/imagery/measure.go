package imagery

import (
	"fmt"
	"math"

	"github.com/peterstace/simplefeatures/geom"

	"github.com/docket-desk/docket/internal/id"
)

// Measured is the area of one tile that an order of it pays for.
type Measured struct {
	Acquisition id.ID
	CatalogID   string
	Cell        Cell
	Micro       int64 // millionths of a km², that is square metres; never negative
}

// DataArea is the planar area of the tile's data, apron included, in square metres.
func DataArea(t Tile) (float64, error) {
	r, err := polygons(t.Data)
	if err != nil {
		return 0, fmt.Errorf("tile %s of %s: %w", t.Cell, t.CatalogID, err)
	}
	return r.area(), nil
}

// CutTenth is an area in km², cut to one decimal as the vendor publishes areas.
func CutTenth(squareMetres float64) float64 { return math.Floor(squareMetres/1e5) / 10 }

// Measure is the planar area, in the cell's UTM projection, of each tile's data in
// the bare cell and in the area of interest, if there is one, rounded to 1 m². Each
// (acquisition, cell) comes once, in the order of the tiles; a tile wholly outside
// comes with 0. Aprons of neighbours are therefore not sold twice.
func Measure(tiles []Tile, aoi AOI) ([]Measured, error) {
	type key struct {
		acquisition string
		cell        Cell
	}
	ruler := newRuler(aoi)
	seen := make(map[key]bool, len(tiles))
	out := make([]Measured, 0, len(tiles))
	for _, t := range tiles {
		k := key{t.CatalogID, t.Cell}
		if seen[k] {
			continue
		}
		seen[k] = true
		micro, _, err := ruler.tile(t)
		if err != nil {
			return nil, err
		}
		out = append(out, Measured{Acquisition: t.Acquisition, CatalogID: t.CatalogID, Cell: t.Cell, Micro: micro})
	}
	return out, nil
}

// ruler measures tiles against one area of interest, which it projects once a zone
// and cuts once a cell.
type ruler struct {
	whole bool // no area of interest: all of each cell
	aoi   outline
	zones map[int]rings
	cells map[Cell]window
}

// window is the part of a cell inside the area of interest, in metres from the
// cell's middle.
type window struct {
	rings rings
	full  bool
	area  float64
}

var bare = Box{West: -cellEdge / 2, South: -cellEdge / 2, East: cellEdge / 2, North: cellEdge / 2}

func newRuler(aoi AOI) *ruler {
	r := &ruler{whole: aoi.IsZero(), zones: map[int]rings{}, cells: map[Cell]window{}}
	r.aoi.areas = aoi.areas
	return r
}

// window is what the area of interest leaves of a cell.
func (r *ruler) window(c Cell) window {
	if r.whole {
		return window{full: true, area: cellEdge * cellEdge}
	}
	if w, ok := r.cells[c]; ok {
		return w
	}
	near, ok := r.zones[c.Zone()]
	if !ok {
		for _, turn := range []float64{0, 360, -360} { // cells at the antimeridian reach over it
			near = append(near, r.aoi.shifted(turn, -540, 540).inZone(c.Zone()).areas...)
		}
		r.zones[c.Zone()] = near
	}
	w := window{rings: near.inside(c.gridBounds()).each(fromMiddle(c.gridBounds()))}
	w.area = max(0, w.rings.area())
	w.full = w.area > cellEdge*cellEdge-1e-3
	r.cells[c] = w
	return w
}

// tile is the area of one tile's data in the window of its cell, and in all of the
// bare cell, in whole m².
func (r *ruler) tile(t Tile) (inWindow, inCell int64, err error) {
	w := r.window(t.Cell)
	if w.area == 0 {
		return 0, 0, nil
	}
	data, err := polygons(t.Data)
	if err != nil {
		return 0, 0, fmt.Errorf("tile %s of %s: %w", t.Cell, t.CatalogID, err)
	}
	data = data.each(fromMiddle(t.Cell.Bounds())).inside(bare)
	area := data.area()
	inside := area
	if !w.full {
		inside = overlap(data, w.rings)
	}
	return squareMetres(inside), squareMetres(area), nil
}

func squareMetres(area float64) int64 { return int64(math.Round(max(0, area))) }

// fromMiddle moves the origin to the middle of a box, where small areas keep their digits.
func fromMiddle(b Box) func(geom.XY) geom.XY {
	middle := geom.XY{X: (b.West + b.East) / 2, Y: (b.South + b.North) / 2}
	return func(p geom.XY) geom.XY { return p.Sub(middle) }
}
