package imagery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/peterstace/simplefeatures/geom"
)

// AOI is an area of interest: polygons in longitude and latitude that keep the
// rules of an order. The zero AOI is none: everything.
type AOI struct {
	shape geom.Geometry
	areas rings
}

// IsZero reports whether there is no area of interest.
func (a AOI) IsZero() bool { return len(a.areas) == 0 }

// Geometry is a polygon or multipolygon whose parts do not overlap.
func (a AOI) Geometry() geom.Geometry { return a.shape }

// WKT is the geometry in well-known text; StoredAOI reads it back. No AOI is "".
func (a AOI) WKT() string {
	if a.IsZero() {
		return ""
	}
	return a.shape.AsText()
}

// GeoJSON is the geometry as a GeoJSON geometry object; no AOI is null.
func (a AOI) GeoJSON() json.RawMessage {
	if a.IsZero() {
		return json.RawMessage("null")
	}
	b, err := a.shape.MarshalJSON()
	if err != nil { // coordinates are finite, so there is nothing it could refuse
		return json.RawMessage("null")
	}
	return b
}

// BBox is west, south, east, north in degrees; all 0 without an AOI.
func (a AOI) BBox() [4]float64 {
	b, ok := a.areas.bounds()
	if !ok {
		return [4]float64{}
	}
	return [4]float64{b.West, b.South, b.East, b.North}
}

// Cells are those the area touches, as Covers lists them.
func (a AOI) Cells() ([]Cell, error) {
	cells, err := Covers(a.shape)
	if err != nil {
		return nil, refuseAOI(AOITooLarge, "The area is too large: it touches more than %d cells.", MaxCells)
	}
	return cells, nil
}

// AOIReason says which rule an area of interest breaks.
type AOIReason string

// The reasons, in the order in which the rules are asked.
const (
	AOIUnreadable   AOIReason = "unreadable"   // neither WKT, GeoJSON nor four numbers
	AOIKind         AOIReason = "kind"         // not of polygons, or empty
	AOIDimension    AOIReason = "dimension"    // more than two dimensions
	AOIRange        AOIReason = "range"        // no longitude or latitude, or no number
	AOIAntimeridian AOIReason = "antimeridian" // crosses it
	AOIVertices     AOIReason = "vertices"     // more than MaxVertices
	AOIInvalid      AOIReason = "invalid"      // a ring is open, or edges cross
	AOITooSmall     AOIReason = "small"        // a polygon of less than 1 km²
	AOITooNarrow    AOIReason = "narrow"       // a polygon less than 250 m wide
	AOINotCovered   AOIReason = "coverage"     // Greenland, Arctic, Antarctica
	AOITooLarge     AOIReason = "large"        // touches more than MaxCells
)

// AOIError is why a geometry is no area of interest.
type AOIError struct {
	Reason AOIReason
	Msg    string // a sentence to show
}

func (e *AOIError) Error() string { return e.Msg }

func refuseAOI(reason AOIReason, format string, args ...any) error {
	return &AOIError{Reason: reason, Msg: fmt.Sprintf(format, args...)}
}

// ParseAOI reads an area of interest from WKT or, if it begins with a brace, GeoJSON.
func ParseAOI(text string) (AOI, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return AOIFromGeoJSON([]byte(text))
	}
	g, err := readWKT(text)
	if err != nil {
		return AOI{}, err
	}
	return newAOI(g)
}

// AOIFromGeoJSON reads a geometry, a Feature or a FeatureCollection.
func AOIFromGeoJSON(b []byte) (AOI, error) {
	g, err := readGeoJSON(b)
	if err != nil {
		return AOI{}, err
	}
	return newAOI(g)
}

// AOIFromBBox makes an area of west, south, east and north in degrees.
func AOIFromBBox(b []float64) (AOI, error) {
	if len(b) != 4 {
		return AOI{}, refuseAOI(AOIUnreadable, "A bbox is four numbers, west, south, east and north; this one has %d.", len(b))
	}
	box := Box{West: b[0], South: b[1], East: b[2], North: b[3]}
	if box.West > box.East && box.West <= 180 && box.East >= -180 {
		return AOI{}, refuseAOI(AOIAntimeridian, "The bbox's west (%v) lies east of its east (%v); "+
			"an area across the antimeridian has to be split into a multipolygon.", box.West, box.East)
	}
	if box.South > box.North {
		return AOI{}, refuseAOI(AOIUnreadable, "The bbox's south (%v) lies north of its north (%v).", box.South, box.North)
	}
	return newAOI(asPolygon(box.ring()).AsGeometry())
}

// StoredAOI reads back what AOI.WKT wrote. It does not ask the rules again, so that
// what was accepted once can always be read; never use it on what a caller sent.
func StoredAOI(wkt string) (AOI, error) {
	if wkt == "" {
		return AOI{}, nil
	}
	g, err := readWKT(wkt)
	if err != nil {
		return AOI{}, err
	}
	a := AOI{shape: g, areas: ringsOf(g)}
	if a.IsZero() {
		return AOI{}, refuseAOI(AOIKind, "The stored area has no polygon.")
	}
	return a, nil
}

// deepest is how far brackets may nest: parsers recurse, and a stack that is used up
// cannot be recovered.
const deepest = 32

func nesting(text, open, shut string) int {
	depth, most := 0, 0
	for _, r := range text {
		switch {
		case strings.ContainsRune(open, r):
			depth++
			most = max(most, depth)
		case strings.ContainsRune(shut, r):
			depth--
		}
	}
	return most
}

func readWKT(text string) (g geom.Geometry, err error) {
	if nesting(text, "(", ")") > deepest {
		return g, refuseAOI(AOIUnreadable, "The WKT nests deeper than %d brackets.", deepest)
	}
	err = guard("reading WKT", func() (err error) {
		g, err = geom.UnmarshalWKT(text, geom.NoValidate{})
		return err
	})
	if err != nil {
		return g, refuseAOI(AOIUnreadable, "The text %q is no WKT geometry.", clip(strings.TrimSpace(text)))
	}
	return g, nil
}

// geoJSON is any GeoJSON object; its coordinates are left to the library.
type geoJSON struct {
	Type       string            `json:"type"`
	Geometry   json.RawMessage   `json:"geometry"`
	Features   []json.RawMessage `json:"features"`
	Geometries []json.RawMessage `json:"geometries"`
}

func readGeoJSON(b []byte) (geom.Geometry, error) {
	if nesting(string(b), "[{", "]}") > deepest {
		return geom.Geometry{}, refuseAOI(AOIUnreadable, "The GeoJSON nests deeper than %d brackets.", deepest)
	}
	var in geoJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return geom.Geometry{}, refuseAOI(AOIUnreadable, "The area is no GeoJSON object.")
	}
	switch in.Type {
	case "Feature":
		if len(in.Geometry) == 0 || bytes.Equal(in.Geometry, []byte("null")) {
			return geom.Geometry{}, refuseAOI(AOIKind, "The GeoJSON feature has no geometry.")
		}
		return readGeoJSON(in.Geometry)
	case "FeatureCollection":
		return readParts(in.Features)
	case "GeometryCollection":
		return readParts(in.Geometries)
	}
	var g geom.Geometry
	err := guard("reading GeoJSON", func() (err error) {
		g, err = geom.UnmarshalGeoJSON(b, geom.NoValidate{})
		return err
	})
	if err != nil {
		return g, refuseAOI(AOIUnreadable, "The GeoJSON geometry of type %q cannot be read: its coordinates have to be "+
			"lists of numbers nested as that type asks.", clip(in.Type))
	}
	return g, nil
}

func readParts(parts []json.RawMessage) (geom.Geometry, error) {
	all := make([]geom.Geometry, 0, len(parts))
	for _, p := range parts {
		g, err := readGeoJSON(p)
		if err != nil {
			return geom.Geometry{}, err
		}
		all = append(all, g)
	}
	if len(all) == 0 {
		return geom.Geometry{}, refuseAOI(AOIKind, "The GeoJSON collection is empty.")
	}
	return geom.NewGeometryCollection(all).AsGeometry(), nil
}

// newAOI asks the rules, and joins the parts where they overlap.
func newAOI(g geom.Geometry) (AOI, error) {
	parts, err := rules(g)
	if err != nil {
		var refused *AOIError
		if errors.As(err, &refused) {
			return AOI{}, err
		}
		return AOI{}, refuseAOI(AOIInvalid, "The area's polygons are not valid: %v.", err)
	}
	shape := parts[0]
	if len(parts) > 1 {
		err := guard("joining polygons", func() (err error) {
			shape, err = geom.UnionMany(parts)
			return err
		})
		if err != nil {
			return AOI{}, refuseAOI(AOIInvalid, "The area's polygons overlap in a way that cannot be joined.")
		}
	}
	return AOI{shape: shape, areas: ringsOf(shape)}, nil
}
