package ard

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/imagery"
)

// metadataFormats are the shapes that a metadata search can be asked for in.
var metadataFormats = map[string]func([]imagery.Selected) (any, error){
	"geojson": tilesGeoJSON,
	"order":   tilesOrder,
	"stac":    tilesSTAC,
}

func metadataFormat(query url.Values) (func([]imagery.Selected) (any, error), error) {
	name := query.Get("format")
	if name == "" {
		name = "geojson"
	}
	write, ok := metadataFormats[name]
	if !ok {
		return nil, invalid("format", "format has to be geojson, stac or order.")
	}
	return write, nil
}

func tilesGeoJSON(tiles []imagery.Selected) (any, error) {
	out := collection{"FeatureCollection", make([]any, 0, len(tiles))}
	for _, t := range tiles {
		f, err := tileFeature(t)
		if err != nil {
			return nil, err
		}
		out.Features = append(out.Features, f)
	}
	return out, nil
}

func tilesSTAC(tiles []imagery.Selected) (any, error) {
	out := collection{"FeatureCollection", make([]any, 0, len(tiles))}
	for _, t := range tiles {
		f, err := stacFeature(t, t.Tile.CatalogID)
		if err != nil {
			return nil, err
		}
		out.Features = append(out.Features, f)
	}
	return out, nil
}

// tilesOrder is what an order's acquisitions can be made of.
func tilesOrder(tiles []imagery.Selected) (any, error) {
	out := map[string][]string{}
	for _, t := range tiles {
		out[t.Tile.CatalogID] = append(out[t.Tile.CatalogID], t.Tile.Cell.String())
	}
	return out, nil
}

// searchArea lists the tiles of an area, or of acquisitions.
func (d *door) searchArea(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return d.search(w, r, who, nil)
}

// searchCell lists the tiles of one cell.
func (d *door) searchCell(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	cell, err := imagery.ParseCell(r.PathValue("cell"))
	if err != nil {
		return noSuch("cell")
	}
	return d.search(w, r, who, []imagery.Cell{cell})
}

func (d *door) search(w http.ResponseWriter, r *http.Request, who core.Actor, cells []imagery.Cell) error {
	write, err := metadataFormat(r.URL.Query())
	if err != nil {
		return err
	}
	var in searchInput
	if err := front.ReadOptionalJSON(r, &in); err != nil {
		return err
	}
	details, err := in.details(-1)
	if err != nil {
		return err
	}
	aoi, err := readArea(in.Intersects, in.BBox)
	if err != nil {
		return err
	}
	if aoi.IsZero() && len(details.IDs) == 0 && cells == nil {
		return invalid("intersects", "One of intersects, bbox and ids has to be given.")
	}
	req, err := details.request(aoi, d.core.Now())
	if err != nil {
		return err
	}
	req.Cells, req.NewestOnly = cells, true
	tiles, err := d.tiles(r, who, req)
	if err != nil {
		return err
	}
	body, err := write(tiles)
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, body)
}

// tiles finds tiles, the newest first, without a price: metadata searches cost nothing.
func (d *door) tiles(r *http.Request, who core.Actor, req imagery.Request) ([]imagery.Selected, error) {
	var tiles []imagery.Selected
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		found, err := s.FindImagery(req, 0)
		tiles = found.Tiles()
		return err
	})
	slices.SortStableFunc(tiles, func(a, b imagery.Selected) int { return b.Tile.At.Compare(a.Tile.At) })
	return tiles, err
}

// showTile is one tile of the archive.
func (d *door) showTile(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	cell, err := imagery.ParseCell(r.PathValue("cell"))
	if err != nil {
		return noSuch("cell")
	}
	tiles, err := d.tiles(r, who, imagery.Request{Cells: []imagery.Cell{cell}, IDs: []string{r.PathValue("acquisition")}, StackDepth: -1, At: d.core.Now()})
	if err != nil {
		return err
	}
	if len(tiles) == 0 {
		return noSuch("tile")
	}
	f, err := tileFeature(tiles[0])
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, f)
}

// cellsOfArea lists the cells that an area touches, with data or without.
func (d *door) cellsOfArea(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	var in struct {
		Intersects json.RawMessage `json:"intersects"`
		BBox       json.RawMessage `json:"bbox"`
	}
	if err := front.ReadJSON(r, &in); err != nil {
		return err
	}
	aoi, err := readArea(in.Intersects, in.BBox)
	if err != nil {
		return err
	}
	if aoi.IsZero() {
		return invalid("intersects", "One of intersects and bbox has to be given.")
	}
	cells, err := aoi.Cells()
	if err != nil {
		return err
	}
	out := map[string][]string{"cell_ids": make([]string, len(cells))}
	for n, c := range cells {
		out["cell_ids"][n] = c.String()
	}
	return front.WriteJSON(w, http.StatusOK, out)
}
