package imagery

import (
	"math"

	"github.com/peterstace/simplefeatures/geom"
)

// The bounds an area of interest keeps, each for every polygon of it but MaxVertices,
// which is for all together.
const (
	MaxVertices = 1000
	minArea     = 1e6   // square metres
	minWidth    = 250.0 // metres, of the smallest rectangle around it, however turned
)

// rules asks everything that must hold of an area of interest and returns its
// polygons, two-dimensional. Its refusals are *AOIError; any other error is the
// library's own word on a polygon.
func rules(g geom.Geometry) ([]geom.Geometry, error) {
	var parts []geom.Geometry
	vertices := 0
	for _, part := range g.Dump() {
		p, ok := part.AsPolygon()
		if !ok {
			return nil, refuseAOI(AOIKind, "The area has to be of polygons; there is a %s in it.", part.Type())
		}
		if p.IsEmpty() {
			continue
		}
		if p.CoordinatesType() != geom.DimXY {
			return nil, refuseAOI(AOIDimension, "The area has to be two-dimensional; its points have more than longitude and latitude.")
		}
		if err := numbers(p); err != nil {
			return nil, err
		}
		for _, ring := range p.DumpRings() {
			vertices += max(0, ring.Coordinates().Length()-1)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil, refuseAOI(AOIKind, "The area is empty.")
	}
	if vertices > MaxVertices {
		return nil, refuseAOI(AOIVertices, "The area has %d vertices; at most %d are allowed.", vertices, MaxVertices)
	}
	for _, part := range parts {
		if err := guard("checking polygon", part.Validate); err != nil {
			return nil, refuseAOI(AOIInvalid, "A polygon of the area is not valid (%v); rings have to be closed and edges must not cross.", err)
		}
		if err := size(part); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// numbers refuses coordinates that are none, and edges that wrap round the globe.
func numbers(p geom.Polygon) error {
	for _, ring := range p.DumpRings() {
		seq := ring.Coordinates()
		for i := range seq.Length() {
			at := seq.GetXY(i)
			if !(at.Y >= -90 && at.Y <= 90) || math.IsNaN(at.X) || math.IsInf(at.X, 0) {
				return refuseAOI(AOIRange, "The point (%v, %v) is not a longitude from -180 to 180 and a latitude from -90 to 90.", at.X, at.Y)
			}
			if math.Abs(at.X) > 180 {
				return refuseAOI(AOIRange, "The longitude %v is not from -180 to 180; an area across the antimeridian "+
					"has to be split into a multipolygon.", at.X)
			}
			if i > 0 && math.Abs(at.X-seq.GetXY(i-1).X) > 180 {
				return refuseAOI(AOIAntimeridian, "The edge from longitude %v to %v crosses the antimeridian; "+
					"such an area has to be split into a multipolygon.", seq.GetXY(i-1).X, at.X)
			}
		}
	}
	return nil
}

// size refuses polygons that are too small, too narrow or where there is no terrain model.
func size(part geom.Geometry) error {
	r := ringsOf(part)
	if area := r.each(equalArea).area(); area < minArea {
		return refuseAOI(AOITooSmall, "A polygon of the area measures %.4f km²; each has to have 1 km² or more.", area/1e6)
	}
	b, _ := r.bounds()
	middle := (b.West + b.East) / 2
	var width float64
	err := guard("measuring polygon", func() error {
		width = shorterSide(part.TransformXY(func(p geom.XY) geom.XY {
			x, y := mercator(middle, p.X, p.Y)
			return geom.XY{X: x, Y: y}
		}))
		return nil
	})
	if b.East-b.West > 60 { // too wide for one projection, and for being narrow in the middle
		width, err = minWidth, nil
	}
	if err != nil {
		return err
	}
	if width < minWidth {
		return refuseAOI(AOITooNarrow, "A polygon of the area is only %.0f m wide; each has to be %.0f m or more.", width, minWidth)
	}
	return covered(r)
}

// shorterSide of the rectangle of least area around a geometry.
func shorterSide(g geom.Geometry) float64 {
	rect, ok := geom.RotatedMinimumAreaBoundingRectangle(g).AsPolygon()
	if !ok {
		return 0
	}
	seq := rect.ExteriorRing().Coordinates()
	return min(seq.GetXY(1).Sub(seq.GetXY(0)).Length(), seq.GetXY(2).Sub(seq.GetXY(1)).Length())
}

// equalArea projects degrees to metres so that areas on the ellipsoid stay true,
// wherever they are: the cylindrical projection of Lambert.
func equalArea(p geom.XY) geom.XY {
	sin := math.Sin(p.Y * math.Pi / 180)
	e, e2 := eccentricity, eccentricity*eccentricity
	q := (1 - e2) * (sin/(1-e2*sin*sin) + math.Atanh(e*sin)/e)
	return geom.XY{X: semiMajor * p.X * math.Pi / 180, Y: semiMajor * q / 2}
}

// Where the terrain model that tiles are made with ends. The vendor names Greenland,
// the Arctic and Antarctica; these lines are ours.
const (
	northernmost = 80.0  // degrees; beyond are the Arctic Ocean and its northern islands
	southernmost = -60.0 // degrees; the Antarctic Treaty's line
)

// greenland is a rough outline, off its coasts and clear of Iceland and Ellesmere Island.
var greenland = ringsOf(asPolygon([]geom.XY{
	{X: -43.5, Y: 59.4}, {X: -40, Y: 62}, {X: -36, Y: 65}, {X: -29, Y: 67.6}, {X: -20.5, Y: 69.5}, {X: -15.5, Y: 75},
	{X: -10, Y: 80}, {X: -10, Y: 82}, {X: -30, Y: 84}, {X: -58, Y: 82.8}, {X: -64, Y: 81.2}, {X: -68, Y: 80}, {X: -73.5, Y: 78.5},
	{X: -73.5, Y: 77.5}, {X: -68, Y: 75.5}, {X: -59, Y: 74}, {X: -56, Y: 70}, {X: -54.5, Y: 66}, {X: -51.5, Y: 62}, {X: -47, Y: 59.6},
}).AsGeometry())

func covered(r rings) error {
	b, _ := r.bounds()
	where := ""
	switch {
	case b.North > northernmost:
		where = "reaches into the Arctic, beyond 80 degrees north"
	case b.South < southernmost:
		where = "reaches into Antarctica, beyond 60 degrees south"
	case overlap(greenland, r) > 1e-9: // square degrees, above what rounding leaves
		where = "touches Greenland"
	default:
		return nil
	}
	return refuseAOI(AOINotCovered, "The area %s, where there is no terrain model.", where)
}
