package imagery

import (
	"errors"
	"fmt"
	"math"

	"github.com/peterstace/simplefeatures/geom"
)

// rings are the boundaries of an area, each without its closing point, outer ones
// counterclockwise and holes clockwise: the sum of their windings is 1 inside and 0
// outside. Clipping them may leave edges that run forth and back along the window;
// these have no area, so sums over rings stay exact where a polygon would be invalid.
type rings [][]geom.XY

// ringsOf are the boundaries of all polygons in a geometry; points and lines have none.
func ringsOf(g geom.Geometry) rings {
	var out rings
	for _, part := range g.Dump() {
		p, ok := part.AsPolygon()
		if !ok || p.IsEmpty() {
			continue
		}
		for _, line := range p.ForceCCW().DumpRings() {
			seq := line.Coordinates()
			ring := make([]geom.XY, 0, seq.Length())
			for i := range max(0, seq.Length()-1) {
				ring = append(ring, seq.GetXY(i))
			}
			out = append(out, ring)
		}
	}
	return out
}

// each returns the rings with every point replaced.
func (r rings) each(f func(geom.XY) geom.XY) rings {
	out := make(rings, len(r))
	for i, ring := range r {
		out[i] = make([]geom.XY, len(ring))
		for j, p := range ring {
			out[i][j] = f(p)
		}
	}
	return out
}

// area is the sum of the rings' signed areas.
func (r rings) area() float64 {
	var sum float64
	for _, ring := range r {
		sum += signedArea(ring)
	}
	return sum
}

func signedArea(ring []geom.XY) float64 {
	if len(ring) < 3 {
		return 0
	}
	var sum float64
	o := ring[0] // sums about a corner of the ring lose less to rounding than about a far origin
	for i := 1; i+1 < len(ring); i++ {
		sum += ring[i].Sub(o).Cross(ring[i+1].Sub(o))
	}
	return sum / 2
}

// bounds is the box around all points; ok is false when there are none.
func (r rings) bounds() (b Box, ok bool) {
	b = Box{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)}
	for _, ring := range r {
		for _, p := range ring {
			b.West, b.East = min(b.West, p.X), max(b.East, p.X)
			b.South, b.North = min(b.South, p.Y), max(b.North, p.Y)
			ok = true
		}
	}
	return b, ok
}

// line is a directed line; its left side is kept when it clips.
type line struct{ from, along geom.XY }

func (l line) side(p geom.XY) float64 { return l.along.Cross(p.Sub(l.from)) }

// keepLeft cuts a ring at a line, after Sutherland and Hodgman.
func keepLeft(ring []geom.XY, l line) []geom.XY {
	if len(ring) == 0 {
		return nil
	}
	out := make([]geom.XY, 0, len(ring)+4)
	last := ring[len(ring)-1]
	lastSide := l.side(last)
	for _, p := range ring {
		side := l.side(p)
		if (side > 0 && lastSide < 0) || (side < 0 && lastSide > 0) {
			t := lastSide / (lastSide - side)
			out = append(out, last.Add(p.Sub(last).Scale(t)))
		}
		if side >= 0 {
			out = append(out, p)
		}
		last, lastSide = p, side
	}
	return out
}

// within cuts the rings to what lies left of every line.
func (r rings) within(lines ...line) rings {
	out := make(rings, 0, len(r))
	for _, ring := range r {
		for _, l := range lines {
			ring = keepLeft(ring, l)
		}
		if len(ring) > 2 {
			out = append(out, ring)
		}
	}
	return out
}

// inside cuts the rings to a box.
func (r rings) inside(b Box) rings {
	return r.within(
		line{geom.XY{X: b.West, Y: b.South}, geom.XY{X: 1}}, line{geom.XY{X: b.East, Y: b.South}, geom.XY{Y: 1}},
		line{geom.XY{X: b.East, Y: b.North}, geom.XY{X: -1}}, line{geom.XY{X: b.West, Y: b.North}, geom.XY{Y: -1}})
}

// between cuts the rings to a range of x.
func (r rings) between(west, east float64) rings {
	return r.within(line{geom.XY{X: east}, geom.XY{Y: 1}}, line{geom.XY{X: west}, geom.XY{Y: -1}})
}

// overlap is the area that two sets of rings share. It spreads the first into
// triangles from one corner of each ring, whose signed areas sum to the ring, and
// cuts the second to each: exact for any rings, with no case in which it fails.
func overlap(a, b rings) float64 {
	var sum float64
	for _, ring := range a {
		for i := 1; i+1 < len(ring); i++ {
			p, q, s := ring[0], ring[i], ring[i+1]
			turn := q.Sub(p).Cross(s.Sub(p))
			if turn == 0 {
				continue
			}
			if turn < 0 {
				q, s = s, q
			}
			part := b.within(line{p, q.Sub(p)}, line{q, s.Sub(q)}, line{s, p.Sub(s)}).area()
			sum += math.Copysign(1, turn) * part
		}
	}
	return sum
}

// holds reports whether a point is inside; of a point on an edge it may say either.
func (r rings) holds(p geom.XY) bool {
	winding := 0
	for _, ring := range r {
		for i, to := range ring {
			from := ring[(i+len(ring)-1)%len(ring)]
			left := to.Sub(from).Cross(p.Sub(from))
			switch {
			case from.Y <= p.Y && to.Y > p.Y && left > 0:
				winding++
			case from.Y > p.Y && to.Y <= p.Y && left < 0:
				winding--
			}
		}
	}
	return winding != 0
}

// guard runs what calls the geometry library on data from outside. The library
// means to return errors, but a panic of its must not end the server.
func guard(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", what, r)
		}
	}()
	return f()
}

// polygons reads WKB of polygons that a record carries.
func polygons(wkb []byte) (r rings, err error) {
	err = guard("stored geometry", func() error {
		g, err := geom.UnmarshalWKB(wkb, geom.NoValidate{})
		if err != nil {
			return err
		}
		if r = ringsOf(g); len(r) == 0 {
			return errors.New("no polygon in it")
		}
		return nil
	})
	return r, err
}

// asPolygon makes a polygon of one outer ring.
func asPolygon(ring []geom.XY) geom.Polygon {
	xy := make([]float64, 0, 2*len(ring)+2)
	for _, p := range ring {
		xy = append(xy, p.X, p.Y)
	}
	if len(ring) > 0 {
		xy = append(xy, ring[0].X, ring[0].Y)
	}
	return geom.NewPolygon([]geom.LineString{geom.NewLineString(geom.NewSequence(xy, geom.DimXY))})
}

func (b Box) ring() []geom.XY {
	return []geom.XY{{X: b.West, Y: b.South}, {X: b.East, Y: b.South}, {X: b.East, Y: b.North}, {X: b.West, Y: b.North}}
}
