package ard

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
)

// selectFiles are the files of a select, by their extension.
var selectFiles = map[string]struct {
	mediaType string
	write     func(id.ID, selectRecord, imagery.Result) ([]byte, error)
}{
	"geojson":  {"application/geo+json", selectGeoJSON},
	"geojsonl": {"application/geo+json-seq", selectLines},
	"html":     {"text/html; charset=utf-8", selectPage},
	"stac":     {"application/geo+json", selectSTAC},
}

// cellOutput has these keys and no others: the client makes columns of them.
type cellOutput struct {
	CellID      string       `json:"cell_id"`
	Available   int          `json:"available_tiles"`
	Fulfilled   bool         `json:"stack_depth_fulfilled"`
	First       *string      `json:"acquisition_datetime_min"`
	Last        *string      `json:"acquisition_datetime_max"`
	BestMatches []tileOutput `json:"best_matches"`
}

// cellFeatures are the features of a select: a cell each, with its best tiles.
func cellFeatures(found imagery.Result) ([]any, error) {
	out := make([]any, 0, len(found.Stacks))
	for _, stack := range found.Stacks {
		shape, err := stack.Cell.Outline().MarshalJSON()
		if err != nil {
			return nil, err
		}
		cell := cellOutput{CellID: stack.Cell.String(), Available: stack.Available, Fulfilled: stack.Fulfilled, BestMatches: []tileOutput{}}
		if first, last := stack.Times(); !first.IsZero() {
			from, until := first.UTC().Format(microTime), last.UTC().Format(microTime)
			cell.First, cell.Last = &from, &until
		}
		for _, s := range stack.Best {
			tile, _, err := wireTile(s)
			if err != nil {
				return nil, err
			}
			cell.BestMatches = append(cell.BestMatches, tile)
		}
		out = append(out, feature{Type: "Feature", Geometry: shape, Properties: cell})
	}
	return out, nil
}

func selectGeoJSON(_ id.ID, _ selectRecord, found imagery.Result) ([]byte, error) {
	features, err := cellFeatures(found)
	if err != nil {
		return nil, err
	}
	return json.Marshal(collection{"FeatureCollection", features})
}

func selectLines(_ id.ID, _ selectRecord, found imagery.Result) ([]byte, error) {
	features, err := cellFeatures(found)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	for _, f := range features {
		if err := e.Encode(f); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// stacCollection stands for a cell.
type stacCollection struct {
	Type        string           `json:"type"`
	Version     string           `json:"stac_version"`
	ID          string           `json:"id"`
	Description string           `json:"description"`
	License     string           `json:"license"`
	Providers   []map[string]any `json:"providers"`
	Extent      map[string]any   `json:"extent"`
	Links       []any            `json:"links"`
}

// selectSTAC mixes a collection for each cell with the tiles of it, as the vendor does.
func selectSTAC(_ id.ID, _ selectRecord, found imagery.Result) ([]byte, error) {
	out := collection{"FeatureCollection", []any{}}
	for _, stack := range found.Stacks {
		interval := []any{nil, nil}
		if first, last := stack.Times(); !first.IsZero() {
			interval = []any{first.UTC().Format(microTime), last.UTC().Format(microTime)}
		}
		out.Features = append(out.Features, stacCollection{
			Type: "Collection", Version: stacVersion, ID: stack.Cell.String(), Description: "Tiles in cell " + stack.Cell.String(), License: "proprietary",
			Providers: []map[string]any{{"name": "Maxar", "roles": []string{"producer", "licensor"}}},
			Extent: map[string]any{
				"spatial":  map[string]any{"bbox": []any{bounds(stack.Cell.Outline())}},
				"temporal": map[string]any{"interval": []any{interval}},
			},
			Links: []any{},
		})
		for _, s := range stack.Best {
			f, err := stacFeature(s, stack.Cell.String())
			if err != nil {
				return nil, err
			}
			out.Features = append(out.Features, f)
		}
	}
	return json.Marshal(out)
}

//go:embed select.html
var pageText string

var page = template.Must(template.New("select").Parse(pageText))

type pageTile struct {
	Cell, Acquisition, Date, Platform, Age string
	Area                                   number
	Clouds                                 float64
}

// selectPage is a page to read, without scripts and without anything from elsewhere.
func selectPage(i id.ID, rec selectRecord, found imagery.Result) ([]byte, error) {
	view := struct {
		ID, Made     string
		Depth        imagery.DepthSummary
		Acquisitions int
		Tiles        []pageTile
	}{i.Decimal(), wireTime(rec.At), found.Depth, len(found.Acquisitions), nil}
	for _, s := range found.Tiles() {
		view.Tiles = append(view.Tiles, pageTile{s.Tile.Cell.String(), s.Tile.CatalogID, s.Tile.Day(), imagery.PlatformName(s.Tile.Properties.Platform),
			string(s.Category), number(s.Micro), s.Tile.Properties.CloudsPercent})
	}
	var out bytes.Buffer
	err := page.Execute(&out, view)
	return out.Bytes(), err
}
