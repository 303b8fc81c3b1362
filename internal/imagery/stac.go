package imagery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/peterstace/simplefeatures/geom"
)

// Delivery is what an order's documents are written from.
type Delivery struct {
	Order    string // the order's id as the ARD door spells it
	Settings Settings
	Tiles    []Tile // those delivered
}

// Paths of a delivery, each below the order's prefix. Nothing else may stand four
// folders deep with the ending .json: the vendor's client takes that for an item.

// RootPath is the document that a client opens first.
func RootPath(order string) string {
	return "order_collections/" + order + "_root_collection.json"
}

// AcquisitionPath is the document of one acquisition; orders under one prefix share it.
func AcquisitionPath(catalogID string) string {
	return "acquisition_collections/" + catalogID + "_collection.json"
}

// RequestPath is the copy of the order's request.
func RequestPath(order string) string { return order + "-request.json" }

// TileFolder is where a tile's item and files are.
func TileFolder(t Tile) string { return t.Cell.Path() + "/" + t.Day() }

// ItemPath is a tile's item.
func ItemPath(t Tile) string { return TileFolder(t) + "/" + t.CatalogID + ".json" }

// FilePath is where a file of a tile is.
func FilePath(t Tile, f File) string { return TileFolder(t) + "/" + f.Name }

type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
	Type string `json:"type"`
}

func toJSON(rel, href string) link { return link{Rel: rel, Href: href, Type: "application/json"} }

type extent struct {
	Spatial struct {
		BBox [][4]float64 `json:"bbox"`
	} `json:"spatial"`
	Temporal struct {
		Interval [][2]string `json:"interval"`
	} `json:"temporal"`
}

// collection is both kinds of collection; members stand in the order of this struct.
type collection struct {
	Type        string `json:"type,omitempty"`
	ID          string `json:"id"`
	Version     string `json:"stac_version"`
	Description string `json:"description"`
	Links       []link `json:"links"`
	Extent      extent `json:"extent"`
	License     string `json:"license"`
}

// summary is what collections say of an acquisition.
type summary struct {
	catalogID   string
	bbox        Box
	first, last time.Time
	tiles       []Tile
}

// summaries are the acquisitions of a delivery, in the order of their first tiles.
func (d Delivery) summaries() ([]*summary, error) {
	var out []*summary
	index := map[string]*summary{}
	for _, t := range d.Tiles {
		g, err := geom.UnmarshalWKB(t.Outline, geom.NoValidate{})
		if err != nil {
			return nil, fmt.Errorf("outline of %s %s: %w", t.CatalogID, t.Cell, err)
		}
		b := bboxOf(g)
		s := index[t.CatalogID]
		if s == nil {
			s = &summary{catalogID: t.CatalogID, bbox: b, first: t.At, last: t.At}
			index[t.CatalogID] = s
			out = append(out, s)
		}
		s.bbox = Box{West: min(s.bbox.West, b.West), South: min(s.bbox.South, b.South), East: max(s.bbox.East, b.East), North: max(s.bbox.North, b.North)}
		if t.At.Before(s.first) {
			s.first = t.At
		}
		if t.At.After(s.last) {
			s.last = t.At
		}
		s.tiles = append(s.tiles, t)
	}
	return out, nil
}

func bboxOf(g geom.Geometry) Box {
	lo, hi, _ := g.Envelope().MinMaxXYs()
	return Box{West: lo.X, South: lo.Y, East: hi.X, North: hi.Y}
}

func (b Box) list() [4]float64 { return [4]float64{b.West, b.South, b.East, b.North} }

func (e *extent) add(s *summary, layout string) {
	e.Spatial.BBox = append(e.Spatial.BBox, s.bbox.list())
	e.Temporal.Interval = append(e.Temporal.Interval, [2]string{s.first.UTC().Format(layout), s.last.UTC().Format(layout)})
}

// RootCollection is the document at RootPath. It has no member "type", which STAC
// 1.0.0 wants: the vendor's client takes whatever has one for an item and fails.
func (d Delivery) RootCollection() ([]byte, error) {
	all, err := d.summaries()
	if err != nil {
		return nil, err
	}
	c := collection{ID: d.Order, Version: "0.8.1", Description: "Order " + d.Order + " collection", License: "proprietary",
		Links: []link{toJSON("root", "./"+d.Order+"_root_collection.json")}}
	c.Extent.Spatial.BBox, c.Extent.Temporal.Interval = [][4]float64{}, [][2]string{}
	for _, s := range all {
		c.Links = append(c.Links, toJSON("child", "../"+AcquisitionPath(s.catalogID)))
		c.Extent.add(s, "2006-01-02 15:04:05Z")
	}
	return document(c)
}

// AcquisitionCollection is the document at AcquisitionPath, of the delivery's tiles
// of one acquisition.
func (d Delivery) AcquisitionCollection(catalogID string) ([]byte, error) {
	all, err := d.summaries()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.catalogID != catalogID {
			continue
		}
		root := "../" + RootPath(d.Order)
		c := collection{Type: "Collection", ID: catalogID, Version: "1.0.0", Description: catalogID + " ARD Tiles", License: "proprietary",
			Links: []link{toJSON("root", root), toJSON("parent", root)}}
		for _, t := range s.tiles {
			c.Links = append(c.Links, toJSON("item", "../"+ItemPath(t)))
		}
		c.Extent.add(s, "2006-01-02T15:04:05Z")
		return document(c)
	}
	return nil, fmt.Errorf("the delivery has no tile of acquisition %s", clip(catalogID))
}

// CatalogIDs are the delivery's acquisitions, each once, in the order of their first tiles.
func (d Delivery) CatalogIDs() []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range d.Tiles {
		if !seen[t.CatalogID] {
			out = append(out, t.CatalogID)
		}
		seen[t.CatalogID] = true
	}
	return out
}

var extensions = []string{
	"https://stac-extensions.github.io/view/v1.0.0/schema.json",
	"https://stac-extensions.github.io/projection/v1.0.0/schema.json",
	"https://stac-extensions.github.io/eo/v1.0.0/schema.json",
	"https://stac-extensions.github.io/raster/v1.1.0/schema.json",
	"https://stac-extensions.github.io/classification/v1.1.0/schema.json",
	"https://stac-extensions.github.io/grid/v1.0.0/schema.json",
}

type item struct {
	Type       string           `json:"type"`
	Version    string           `json:"stac_version"`
	Extensions []string         `json:"stac_extensions"`
	ID         string           `json:"id"`
	Properties itemProperties   `json:"properties"`
	BBox       [4]float64       `json:"bbox"`
	Geometry   json.RawMessage  `json:"geometry"`
	Links      []link           `json:"links"`
	Assets     map[string]asset `json:"assets"`
	Collection string           `json:"collection"`
}

type itemProperties struct {
	Datetime string `json:"datetime"`
	Properties
	CatalogID string          `json:"catalog_id"`
	Zone      int             `json:"utm_zone"`
	Quadkey   string          `json:"quadkey"`
	GridCode  string          `json:"grid:code"`
	EPSG      int             `json:"proj:epsg"`
	Geometry  json.RawMessage `json:"proj:geometry"`
	BBox      [4]float64      `json:"proj:bbox"`
}

type asset struct {
	Type        string       `json:"type"`
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty"`
	Href        string       `json:"href"`
	BBox        *[4]float64  `json:"proj:bbox,omitempty"`
	Shape       []int        `json:"proj:shape,omitempty"`
	Transform   []float64    `json:"proj:transform,omitempty"`
	EOBands     []eoBand     `json:"eo:bands,omitempty"`
	RasterBands []rasterBand `json:"raster:bands,omitempty"`
}

type eoBand struct {
	Name        string `json:"name"`
	Common      string `json:"common_name,omitempty"`
	Description string `json:"description"`
}

type rasterBand struct {
	NoData  int     `json:"nodata"`
	Type    string  `json:"data_type"`
	Classes []class `json:"classification:classes,omitempty"`
}

type class struct {
	Value       int    `json:"value"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Colour      string `json:"color-hint,omitempty"`
}

var cloudClasses = []class{
	{classNoData, "nodata", "NoData", ""}, {classClear, "clear", "Clear of clouds or shadows", ""},
	{classCloud, "cloud", "Clouds", "B8D0EC"}, {classShadow, "cloud_shadow", "Cloud shadows", "9C9EA0"},
}

// Item is the document at ItemPath, with an asset for each of the tile's Files. The
// client cannot do without an asset "visual": where no such file is delivered, that
// entry names another that is.
func (d Delivery) Item(t Tile) ([]byte, error) {
	data, err := geom.UnmarshalWKB(t.Data, geom.NoValidate{})
	if err != nil {
		return nil, fmt.Errorf("data of %s %s: %w", t.CatalogID, t.Cell, err)
	}
	outline, err := geom.UnmarshalWKB(t.Outline, geom.NoValidate{})
	if err != nil {
		return nil, fmt.Errorf("outline of %s %s: %w", t.CatalogID, t.Cell, err)
	}
	projected, err := data.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("data of %s %s: %w", t.CatalogID, t.Cell, err)
	}
	geographic, err := outline.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("outline of %s %s: %w", t.CatalogID, t.Cell, err)
	}
	figures := t.Properties
	figures.Assets = nil // where the archive has its files is nobody's business but ours
	acquisition, root := "../../../"+AcquisitionPath(t.CatalogID), "../../../"+RootPath(d.Order)
	return document(item{
		Type: "Feature", Version: "1.0.0", Extensions: extensions, ID: t.Cell.Path() + "/" + t.CatalogID, Collection: t.CatalogID,
		Properties: itemProperties{Datetime: stacTime(t.At), Properties: figures, CatalogID: t.CatalogID, Zone: t.Cell.Zone(), Quadkey: t.Cell.Quadkey(),
			GridCode: t.Cell.GridCode(), EPSG: t.Cell.EPSG(), Geometry: projected, BBox: bboxOf(data).list()},
		BBox: bboxOf(outline).list(), Geometry: geographic,
		Links:  []link{toJSON("collection", acquisition), toJSON("parent", acquisition), toJSON("root", root)},
		Assets: assets(t, Files(t, d.Settings)),
	})
}

func assets(t Tile, files []File) map[string]asset {
	out := map[string]asset{}
	for _, f := range files {
		out[f.Asset] = f.asset()
	}
	if _, ok := out["visual"]; ok {
		return out
	}
	stand := asset{Type: "application/json", Title: "This item", Href: "./" + t.CatalogID + ".json"}
	for i, f := range files {
		if i == 0 || f.product.raster != nil {
			stand = f.asset()
		}
		if f.product.raster != nil {
			break
		}
	}
	stand.Description = "No visual image was delivered; this entry stands in for readers that cannot do without one."
	out["visual"] = stand
	return out
}

func (f File) asset() asset {
	a := asset{Type: f.MediaType, Title: f.product.title, Href: "./" + f.Name}
	r := f.product.raster
	if r == nil {
		return a
	}
	for _, b := range r.bands {
		a.EOBands = append(a.EOBands, eoBand(b))
	}
	kind := rasterBand{Type: "uint8"}
	if r.wide {
		kind.Type = "uint16"
	}
	if f.Asset == "cloud-mask-raster" {
		a.Description = "thematic raster, 0 -> no data, 1 -> clear, 2 -> cloud, 3 -> cloud shadow"
		kind.Classes = cloudClasses
	}
	for range r.bands {
		a.RasterBands = append(a.RasterBands, kind)
	}
	if f.Source != "" {
		return a // how large its pixels are only the file itself knows
	}
	b := f.tile.Cell.PixelBounds()
	list, step := b.list(), (b.East-b.West)/pixels
	a.BBox, a.Shape = &list, []int{pixels, pixels}
	a.Transform = []float64{step, 0, b.West, 0, -step, b.North, 0, 0, 1}
	return a
}

// document is indented JSON: people read these files too.
func document(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing a STAC document: %w", err)
	}
	return out.Bytes(), nil
}
