package imagery

import (
	"fmt"
	"math"
	"sort"

	"github.com/peterstace/simplefeatures/geom"
)

// MaxCells is the most cells that Covers answers with: 1.25 million km².
const MaxCells = 50_000

// corners are the longitudes, from -180 to 180, and latitudes of the cell's corners,
// counterclockwise from the south-west.
func (c Cell) corners() [4]geom.XY {
	u, b := c.UTM(), c.Bounds()
	var out [4]geom.XY
	for i, p := range b.ring() {
		out[i].X, out[i].Y = u.Inverse(p.X, p.Y)
	}
	return out
}

// Outline is the cell in longitude and latitude: its four corners, their edges not
// bent. A cell across the antimeridian is two polygons, one on each side of it.
func (c Cell) Outline() geom.Geometry {
	corners := c.corners()
	ring := corners[:]
	for i := range ring { // longitudes on from the zone's middle, so that the ring does not wrap
		ring[i].X = c.UTM().west() + 3 + math.Remainder(ring[i].X-c.UTM().west()-3, 360)
	}
	var parts []geom.Polygon
	for _, turn := range []float64{0, 360, -360} {
		shifted := rings{ring}.each(func(p geom.XY) geom.XY { return geom.XY{X: p.X + turn, Y: p.Y} })
		if cut := shifted.between(-180, 180); cut.area() > 0 {
			parts = append(parts, asPolygon(cut[0]))
		}
	}
	if len(parts) == 1 {
		return parts[0].AsGeometry()
	}
	return geom.NewMultiPolygon(parts).AsGeometry()
}

// Member reports whether the cell belongs to its zone's grid. Those wholly in the
// zone do, and those across its east edge; of those across its west edge, the ones
// with the larger part of their side towards the equator east of it. This is the
// rule of the vendor's own grid, which at the antimeridian, where longitudes wrap,
// keeps the cells of zone 1 and none of zone 60.
func (c Cell) Member() bool {
	corners := c.corners()
	lons := make([]float64, 0, len(corners))
	for _, p := range corners {
		lons = append(lons, p.X)
	}
	sort.Float64s(lons)
	first, last := lons[0], lons[len(lons)-1]
	west, east := c.UTM().west(), c.UTM().east()
	switch {
	case first >= west && last <= east:
		return true
	case last >= east && first <= east:
		return true
	case last >= west && first <= west:
		return lons[3]-west >= west-lons[1]
	}
	return false
}

// outline is a geometry taken apart for Covers: every edge (a point is one of no
// length), and the rings that have an inside.
type outline struct {
	edges [][2]geom.XY
	areas rings
}

func (o *outline) add(g geom.Geometry) {
	if areas := ringsOf(g); len(areas) > 0 {
		o.areas = append(o.areas, areas...)
		return
	}
	seq := g.DumpCoordinates()
	for i := range seq.Length() {
		o.edges = append(o.edges, [2]geom.XY{seq.GetXY(max(0, i-1)), seq.GetXY(i)})
	}
}

// shifted is the outline moved in longitude and cut to a range of it.
func (o outline) shifted(by, west, east float64) outline {
	var out outline
	for _, ring := range o.areas.each(func(p geom.XY) geom.XY { return geom.XY{X: p.X + by, Y: p.Y} }).between(west, east) {
		if signedArea(ring) != 0 { // what only touched the range leaves a line
			out.areas = append(out.areas, ring)
		}
	}
	for _, e := range o.edges {
		p, q := e[0], e[1]
		p.X, q.X = p.X+by, q.X+by
		if p.X > q.X {
			p, q = q, p
		}
		if q.X < west || p.X > east {
			continue
		}
		whole := q.Sub(p)
		if q.X > east {
			q = p.Add(whole.Scale((east - p.X) / whole.X))
		}
		if p.X < west {
			p = p.Add(whole.Scale((west - p.X) / whole.X))
		}
		out.edges = append(out.edges, [2]geom.XY{p, q})
	}
	return out
}

// margin is how far beyond a zone a cell of it can reach: a cell's width at 84
// degrees and a little more, in degrees.
const margin = cellEdge / 40_075_000 * 360 / 0.1

// inZone projects what lies near a zone to metres of its northern projection. Edges
// are straight lines between their projected ends, as the vendor's grid draws them.
func (o outline) inZone(zone int) outline {
	u := UTM{Zone: zone}
	near := o.shifted(0, u.west()-margin, u.east()+margin)
	project := func(p geom.XY) geom.XY {
		x, y := u.Forward(p.X, p.Y)
		return geom.XY{X: x, Y: y}
	}
	near.areas = near.areas.each(project)
	for i, e := range near.edges {
		near.edges[i] = [2]geom.XY{project(e[0]), project(e[1])}
	}
	for _, ring := range near.areas {
		for i, p := range ring {
			near.edges = append(near.edges, [2]geom.XY{ring[(i+len(ring)-1)%len(ring)], p})
		}
	}
	return near
}

// zonesNear are those whose grids may have cells that touch a part with such bounds.
func zonesNear(b geom.Envelope) []int {
	lo, hi, _ := b.MinMaxXYs()
	lat := max(math.Abs(lo.Y), math.Abs(hi.Y))
	pad := cellEdge / 40_075_000 * 360 / math.Cos(lat*math.Pi/180)
	var out []int
	if !(hi.X-lo.X+2*pad < 360-6) || pad < 0 {
		for z := 1; z <= 60; z++ {
			out = append(out, z)
		}
		return out
	}
	last := ZoneAt(hi.X + pad)
	for z := ZoneAt(lo.X - pad); ; z = z%60 + 1 {
		out = append(out, z)
		if z == last {
			return out
		}
	}
}

// Covers lists the cells that a geometry in longitude and latitude touches, each
// once, in order. Longitudes may go on beyond 180 where it crosses the antimeridian.
// Near a border of zones cells of both may be in it. More than MaxCells are refused.
func Covers(g geom.Geometry) ([]Cell, error) {
	var parts outline
	zones := map[int]bool{}
	for _, part := range g.Dump() {
		if part.IsEmpty() {
			continue
		}
		if err := part.Envelope().Validate(); err != nil {
			return nil, fmt.Errorf("geometry without finite coordinates: %w", err)
		}
		var whole outline
		whole.add(part)
		for _, turn := range []float64{0, 360, -360} {
			piece := whole.shifted(turn, -180, 180)
			parts.areas = append(parts.areas, piece.areas...)
			parts.edges = append(parts.edges, piece.edges...)
		}
		for _, z := range zonesNear(part.Envelope()) {
			zones[z] = true
		}
	}
	var out []Cell
	for zone := 1; zone <= 60; zone++ {
		if !zones[zone] {
			continue
		}
		near := parts.inZone(zone)
		d := descent{areas: near.areas, found: out}
		d.visit(Cell(zone), 0, near.edges)
		if len(d.found) > MaxCells {
			return nil, fmt.Errorf("the area touches more than %d cells", MaxCells)
		}
		out = d.found
	}
	return out, nil
}

// descent goes down one zone's tree. An edge is handed on only to squares it
// touches; a square without edges is wholly inside or wholly outside.
type descent struct {
	areas rings
	found []Cell
}

func (d *descent) visit(square Cell, depth int, edges [][2]geom.XY) {
	b := square.squareBounds(depth)
	near := make([][2]geom.XY, 0, len(edges))
	for _, e := range edges {
		if b.touches(e[0], e[1]) {
			near = append(near, e)
		}
	}
	middle := geom.XY{X: (b.West + b.East) / 2, Y: (b.South + b.North) / 2}
	if len(near) == 0 {
		if d.areas.holds(middle) {
			d.all(square, depth)
		}
		return
	}
	if depth == zoom {
		if square.Member() {
			d.found = append(d.found, square)
		}
		return
	}
	for i := range Cell(4) {
		if len(d.found) <= MaxCells {
			d.visit(square<<2|i, depth+1, near)
		}
	}
}

// all takes every cell of a square.
func (d *descent) all(square Cell, depth int) {
	below := 2 * (zoom - depth)
	for c := square << below; c < (square+1)<<below && len(d.found) <= MaxCells; c++ {
		if c.Member() {
			d.found = append(d.found, c)
		}
	}
}

// squareBounds are the grid bounds of a square at some depth of the tree.
func (c Cell) squareBounds(depth int) Box {
	below := 2 * (zoom - depth)
	b := (c << below).gridBounds()
	edge := rootEdge / float64(int(1)<<depth)
	return Box{West: b.West, South: b.North - edge, East: b.West + edge, North: b.North}
}

// touches reports whether the line from p to q has a point in the box or on its edge.
func (b Box) touches(p, q geom.XY) bool {
	if max(p.X, q.X) < b.West || min(p.X, q.X) > b.East || max(p.Y, q.Y) < b.South || min(p.Y, q.Y) > b.North {
		return false
	}
	l := line{p, q.Sub(p)}
	var left, right int
	for _, corner := range b.ring() {
		side := l.side(corner)
		if side > 0 {
			left++
		} else if side < 0 {
			right++
		}
	}
	return left < 4 && right < 4
}
