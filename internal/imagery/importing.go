package imagery

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peterstace/simplefeatures/geom"
)

// ImportError is what is wrong with one feature of an import.
type ImportError struct {
	Feature int    // its place in the collection, from 0
	ID      string // acquisition and cell, or the item's id, as far as they could be read
	Member  string // the member at fault, such as proj:geometry
	Msg     string
}

func (e *ImportError) Error() string {
	where := fmt.Sprintf("feature %d", e.Feature)
	if e.ID != "" {
		where += " (" + e.ID + ")"
	}
	return where + ", " + e.Member + ": " + e.Msg
}

// feature is a tile as GeoJSON feature or STAC item.
type feature struct {
	Type       string                     `json:"type"`
	ID         json.RawMessage            `json:"id"`
	Geometry   json.RawMessage            `json:"geometry"`
	Properties map[string]json.RawMessage `json:"properties"`
	Assets     map[string]struct {
		Href string `json:"href"`
	} `json:"assets"`
	Features []json.RawMessage `json:"features"`
}

// Import reads tiles from a GeoJSON FeatureCollection or a STAC ItemCollection of
// them, or from one Feature or Item. Acquisitions come in the order of their first
// tile, each one's tiles together in the order of the file, all without ids. What
// cannot be taken whole is refused whole: every fault is in the error, an *ImportError.
func Import(b []byte) (Archive, error) {
	var in feature
	if err := json.Unmarshal(b, &in); err != nil {
		return Archive{}, fmt.Errorf("no GeoJSON: %w", err)
	}
	var features []json.RawMessage
	switch in.Type {
	case "FeatureCollection":
		features = in.Features
	case "Feature":
		features = []json.RawMessage{b}
	default:
		return Archive{}, fmt.Errorf("the type is %q; want a FeatureCollection or a Feature of tiles", clip(in.Type))
	}
	var tiles []Tile
	var faults []error
	first := map[string]int{}
	for i, f := range features {
		t, err := readTile(f)
		if err == nil {
			key := t.CatalogID + " " + t.Cell.String()
			if other, twice := first[key]; twice {
				err = &ImportError{ID: key, Member: "catalog_id", Msg: fmt.Sprintf("the acquisition has this cell already, in feature %d", other)}
			}
			first[key] = i
		}
		var fault *ImportError
		if errors.As(err, &fault) {
			fault.Feature = i
			faults = append(faults, err)
			continue
		}
		tiles = append(tiles, t)
	}
	if len(faults) > 0 {
		return Archive{}, errors.Join(faults...)
	}
	return gather(tiles)
}

// reader takes a feature's members one by one and keeps the first fault.
type reader struct {
	f     feature
	fault *ImportError
}

func (r *reader) refuse(member, format string, args ...any) {
	if r.fault == nil {
		r.fault = &ImportError{Member: member, Msg: fmt.Sprintf(format, args...)}
	}
}

// has reads a member into a variable, if it is there.
func (r *reader) has(member string, into any, want string) bool {
	raw, ok := r.f.Properties[member]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		r.refuse(member, "%s is not %s", clip(string(raw)), want)
		return false
	}
	return true
}

func (r *reader) text(member string) string {
	var s string
	if !r.has(member, &s, "a text") {
		r.refuse(member, "is missing")
	} else if s == "" {
		r.refuse(member, "is empty")
	}
	return s
}

func (r *reader) number(member string, low, high float64) *float64 {
	var n float64
	if !r.has(member, &n, "a number") {
		return nil
	}
	if n < low || n > high {
		r.refuse(member, "%v is not from %v to %v", n, low, high)
	}
	return &n
}

// whole is a number written as one or as digits.
func (r *reader) whole(member string) (int, bool) {
	raw, ok := r.f.Properties[member]
	if !ok || string(raw) == "null" {
		return 0, false
	}
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil {
		r.refuse(member, "%s is not a whole number", clip(string(raw)))
		return 0, false
	}
	return n, true
}

// MaxCatalogID is the longest name an acquisition may have.
const MaxCatalogID = 64

func readTile(b []byte) (Tile, error) {
	r := &reader{}
	if err := json.Unmarshal(b, &r.f); err != nil {
		r.refuse("feature", "cannot be read: %v", err)
	} else if r.f.Type != "Feature" {
		r.refuse("type", "%q is not Feature", clip(r.f.Type))
	}
	var t Tile
	t.CatalogID = r.text("catalog_id")
	if len(t.CatalogID) > MaxCatalogID || strings.Trim(t.CatalogID, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") != "" {
		r.refuse("catalog_id", "%q has other characters than letters, digits, dash and underscore, or more than %d; it becomes a file name", clip(t.CatalogID), MaxCatalogID)
	}
	t.Cell = r.cell()
	t.At = r.time("datetime")
	t.Properties = r.figures()
	data := r.data(t.Cell)
	if r.fault == nil {
		t.Data = data.AsBinary()
		t.Outline = r.outline(t.Cell, data).AsBinary()
		t.Properties.DataArea = CutTenth(ringsOf(data).area())
	}
	for name, asset := range r.f.Assets {
		if asset.Href == "" {
			r.refuse("assets."+clip(name), "has no href")
		}
		if t.Properties.Assets == nil {
			t.Properties.Assets = map[string]string{}
		}
		t.Properties.Assets[name] = asset.Href
	}
	if r.fault != nil {
		r.fault.ID = strings.TrimSpace(t.CatalogID + " " + r.named(t.Cell))
		return Tile{}, r.fault
	}
	return t, nil
}

// named is the cell, or what the feature calls itself when that could not be read.
func (r *reader) named(c Cell) string {
	if c.Valid() {
		return c.String()
	}
	return clip(strings.Trim(string(r.f.ID), `"`))
}

// cell is that of zone and quadkey, with which every other member that tells it has
// to agree.
func (r *reader) cell() Cell {
	zone, ok := r.whole("utm_zone")
	if !ok {
		r.refuse("utm_zone", "is missing")
		return 0
	}
	if zone < 1 || zone > 60 {
		r.refuse("utm_zone", "%d is not from 1 to 60", zone)
		return 0
	}
	c, err := NewCell(zone, r.text("quadkey"))
	if err != nil {
		r.refuse("quadkey", "%v", err)
		return 0
	}
	if !c.Member() {
		r.refuse("quadkey", "%s is too far from zone %d to belong to its grid", c.Quadkey(), zone)
	}
	if !c.Member() {
		r.refuse("quadkey", "%s is too far from zone %d to belong to its grid", c.Quadkey(), zone)
	}
	var grid string
	if r.has("grid:code", &grid, "a text") && grid != "" {
		if other, err := ParseCell(grid); err != nil || other != c {
			r.refuse("grid:code", "%q is not %s", clip(grid), c.GridCode())
		}
	}
	if code, ok := r.whole("proj:epsg"); ok && code != c.EPSG() {
		r.refuse("proj:epsg", "%d is not %d, the projection of cell %s", code, c.EPSG(), c)
	}
	var text string
	if r.has("proj:code", &text, "a text") && text != fmt.Sprintf("EPSG:%d", c.EPSG()) {
		r.refuse("proj:code", "%q is not EPSG:%d, the projection of cell %s", clip(text), c.EPSG(), c)
	}
	return c
}

// time takes the vendor's two ways of writing it: with a T, and, before 2022, a space.
func (r *reader) time(member string) time.Time {
	s := r.text(member)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	r.refuse(member, "%q is no time such as 2016-10-08T19:25:32Z", clip(s))
	return time.Time{}
}

func (r *reader) figures() Properties {
	p := Properties{
		Platform:     r.text("platform"),
		GSD:          r.number("gsd", 0, 1000),
		OffNadir:     r.number("view:off_nadir", 0, 90),
		Azimuth:      r.number("view:azimuth", 0, 360),
		Incidence:    r.number("view:incidence_angle", 0, 90),
		SunAzimuth:   r.number("view:sun_azimuth", 0, 360),
		SunElevation: r.number("view:sun_elevation", -90, 90),
	}
	if n := r.number("tile:clouds_area", 0, 30); n != nil {
		p.CloudsArea = *n
	}
	if n := r.number("tile:clouds_percent", 0, 100); n != nil {
		p.CloudsPercent = *n
	}
	r.has("ard_metadata_version", &p.Version, "a text")
	return p
}

// data reads proj:geometry and holds it against the cell it is said to lie in.
func (r *reader) data(c Cell) geom.Geometry {
	raw, ok := r.f.Properties["proj:geometry"]
	if !ok {
		r.refuse("proj:geometry", "is missing")
		return geom.Geometry{}
	}
	g := r.geometry("proj:geometry", raw)
	if r.fault != nil || !c.Valid() {
		return g
	}
	b, _ := ringsOf(g).bounds()
	const slack = 0.01 // metres; published coordinates are rounded
	if room := c.PixelBounds().Widen(slack); b.West < room.West || b.East > room.East || b.South < room.South || b.North > room.North {
		r.refuse("proj:geometry", "reaches out of cell %s and its apron", c)
	}
	return g
}

// geometry reads valid polygons in two dimensions.
func (r *reader) geometry(member string, raw []byte) geom.Geometry {
	g, err := readGeoJSON(raw)
	if err != nil {
		r.refuse(member, "%v", err)
		return geom.Geometry{}
	}
	g = g.Force2D()
	if len(ringsOf(g)) == 0 || g.Dimension() != 2 || (!g.IsPolygon() && !g.IsMultiPolygon()) {
		r.refuse(member, "is not a polygon or multipolygon")
		return geom.Geometry{}
	}
	if err := guard("polygon", g.Validate); err != nil {
		r.refuse(member, "is not valid: %v", err)
		return geom.Geometry{}
	}
	return g.ForceCCW()
}

// outline is the feature's own geometry, or the data's if it has none that is valid:
// it is only for showing, and published ones are loose copies.
func (r *reader) outline(c Cell, data geom.Geometry) geom.Geometry {
	if !bytes.Equal(r.f.Geometry, []byte("null")) && len(r.f.Geometry) > 0 {
		trial := &reader{}
		if g := trial.geometry("geometry", r.f.Geometry); trial.fault == nil {
			return g
		}
	}
	return geographic(c, data)
}

// geographic is a geometry in metres of the cell's projection, in longitude and latitude.
func geographic(c Cell, g geom.Geometry) geom.Geometry {
	u := c.UTM()
	return g.TransformXY(func(p geom.XY) geom.XY {
		lon, lat := u.Inverse(p.X, p.Y)
		return geom.XY{X: round8(u.west() + 3 + math.Remainder(lon-u.west()-3, 360)), Y: round8(lat)}
	})
}

func round8(v float64) float64 { return math.Round(v*1e8) / 1e8 }

// gather makes the acquisitions of tiles: the earliest time, the platform of the
// first, the outlines of all as footprint.
func gather(tiles []Tile) (Archive, error) {
	out := Archive{Tiles: tiles}
	index := map[string]int{}
	parts := map[string][]geom.Geometry{}
	for _, t := range tiles {
		i, known := index[t.CatalogID]
		if !known {
			i = len(out.Acquisitions)
			index[t.CatalogID] = i
			out.Acquisitions = append(out.Acquisitions, Acquisition{CatalogID: t.CatalogID, AcquiredAt: t.At, Platform: t.Properties.Platform})
		}
		if a := &out.Acquisitions[i]; t.At.Before(a.AcquiredAt) {
			a.AcquiredAt = t.At
		}
		g, err := geom.UnmarshalWKB(t.Outline, geom.NoValidate{})
		if err != nil {
			return Archive{}, fmt.Errorf("outline of %s %s: %w", t.CatalogID, t.Cell, err)
		}
		parts[t.CatalogID] = append(parts[t.CatalogID], g)
	}
	for i := range out.Acquisitions {
		a := &out.Acquisitions[i]
		a.Footprint = join(parts[a.CatalogID]).AsBinary()
	}
	for i := range out.Tiles {
		out.Tiles[i].AcquiredAt = out.Acquisitions[index[out.Tiles[i].CatalogID]].AcquiredAt
	}
	slices.SortStableFunc(out.Tiles, func(a, b Tile) int {
		return cmp.Compare(index[a.CatalogID], index[b.CatalogID])
	})
	return out, nil
}

// join unites polygons; should the library fail on them they stand side by side.
func join(parts []geom.Geometry) geom.Geometry {
	var whole geom.Geometry
	err := guard("joining outlines", func() (err error) {
		whole, err = geom.UnionMany(parts)
		return err
	})
	if err == nil && (whole.IsPolygon() || whole.IsMultiPolygon()) && !whole.IsEmpty() {
		return whole
	}
	var all []geom.Polygon
	for _, g := range parts {
		for _, p := range g.Dump() {
			if p.IsPolygon() {
				all = append(all, p.MustAsPolygon())
			}
		}
	}
	return geom.NewMultiPolygon(all).AsGeometry()
}
