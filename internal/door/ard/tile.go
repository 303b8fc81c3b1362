package ard

import (
	"encoding/json"
	"fmt"

	"github.com/peterstace/simplefeatures/geom"

	"github.com/docket-desk/docket/internal/imagery"
)

// tileOutput is one tile as selects and metadata searches show it.
type tileOutput struct {
	ID              string           `json:"id"` // of the acquisition
	AcquisitionID   string           `json:"acquisition_id"`
	Date            string           `json:"date"`
	Datetime        string           `json:"datetime"`
	Platform        string           `json:"platform"`
	Category        imagery.Category `json:"image_age_category"`
	Quadkey         string           `json:"tile:quadkey"`
	Zone            int              `json:"tile:zone"`
	CloudCover      float64          `json:"eo:cloud_cover"`
	OffNadir        *float64         `json:"view:off_nadir"`
	Azimuth         *float64         `json:"view:azimuth"`
	SunAzimuth      *float64         `json:"view:sun_azimuth"`
	SunElevation    *float64         `json:"view:sun_elevation"`
	OffNadirMin     *float64         `json:"off_nadir_min"`
	OffNadirMax     *float64         `json:"off_nadir_max"`
	PanMin          *float64         `json:"pan_resolution_min"`
	PanAvg          *float64         `json:"pan_resolution_avg"`
	PanMax          *float64         `json:"pan_resolution_max"`
	MultiMin        *float64         `json:"multi_resolution_min"`
	MultiAvg        *float64         `json:"multi_resolution_avg"`
	MultiMax        *float64         `json:"multi_resolution_max"`
	TileCloudFree   float64          `json:"tile:cloud_free_percentage"`
	TileCloud       float64          `json:"tile:cloud_percentage"`
	TileData        float64          `json:"tile:data_percentage"`
	TileNoData      float64          `json:"tile:no_data_percentage"`
	AreaData        number           `json:"aoi:data_area_sqkm"`
	AreaDataPercent float64          `json:"aoi:data_percentage"`
	AreaCloudFree   float64          `json:"aoi:cloud_free_percentage"`
	WKT             string           `json:"wkt"` // where there is data
}

// microTime is how tiles spell their time.
const microTime = "2006-01-02T15:04:05.000000Z"

func wireTile(s imagery.Selected) (tileOutput, geom.Geometry, error) {
	t, p := s.Tile, s.Tile.Properties
	outline, err := geom.UnmarshalWKB(t.Outline, geom.NoValidate{})
	if err != nil {
		return tileOutput{}, outline, fmt.Errorf("outline of %s in %s: %w", t.CatalogID, t.Cell, err)
	}
	pan, multi := p.GSD, (*float64)(nil)
	if pan != nil && !imagery.PanOnly(p.Platform) {
		four := *pan * 4 // the colour bands have a quarter of the resolution
		multi = &four
	}
	return tileOutput{
		ID: t.CatalogID, AcquisitionID: t.CatalogID, Date: t.Day(), Datetime: t.At.UTC().Format(microTime),
		Platform: imagery.PlatformName(p.Platform), Category: s.Category, Quadkey: t.Cell.Quadkey(), Zone: t.Cell.Zone(),
		CloudCover: p.CloudsPercent, OffNadir: p.OffNadir, Azimuth: p.Azimuth, SunAzimuth: p.SunAzimuth, SunElevation: p.SunElevation,
		OffNadirMin: p.OffNadir, OffNadirMax: p.OffNadir, PanMin: pan, PanAvg: pan, PanMax: pan, MultiMin: multi, MultiAvg: multi, MultiMax: multi,
		TileCloudFree: s.CloudFreePercent(), TileCloud: p.CloudsPercent, TileData: s.TileDataPercent(), TileNoData: 100 - s.TileDataPercent(),
		AreaData: number(s.Micro), AreaDataPercent: s.DataPercent(), AreaCloudFree: s.CloudFreePercent(), WKT: outline.AsText(),
	}, outline, nil
}

// feature is a GeoJSON feature; with the members below its own, a STAC item.
type feature struct {
	Type       string          `json:"type"`
	Version    string          `json:"stac_version,omitempty"`
	ID         string          `json:"id,omitempty"`
	Collection string          `json:"collection,omitempty"`
	BBox       []float64       `json:"bbox,omitempty"`
	Geometry   json.RawMessage `json:"geometry"`
	Properties any             `json:"properties"`
	Links      *[]any          `json:"links,omitempty"`
	Assets     *struct{}       `json:"assets,omitempty"`
}

type collection struct {
	Type     string `json:"type"`
	Features []any  `json:"features"`
}

// tileFeature is a tile by itself, as metadata searches answer.
func tileFeature(s imagery.Selected) (feature, error) {
	tile, outline, err := wireTile(s)
	if err != nil {
		return feature{}, err
	}
	shape, err := outline.MarshalJSON()
	return feature{Type: "Feature", Geometry: shape, Properties: tile}, err
}

// stacFeature is a tile as a STAC item without files: it is only there to be ordered.
func stacFeature(s imagery.Selected, in string) (feature, error) {
	f, err := tileFeature(s)
	if err != nil {
		return f, err
	}
	outline, err := geom.UnmarshalWKB(s.Tile.Outline, geom.NoValidate{})
	if err != nil {
		return f, err
	}
	f.Version, f.ID, f.Collection = stacVersion, s.Tile.Cell.Path()+"/"+s.Tile.CatalogID, in
	f.BBox, f.Links, f.Assets = bounds(outline), &[]any{}, &struct{}{}
	return f, nil
}

const stacVersion = "1.0.0"

// bounds are west, south, east and north; nil of an empty geometry.
func bounds(g geom.Geometry) []float64 {
	low, high, ok := g.Envelope().MinMaxXYs()
	if !ok {
		return nil
	}
	return []float64{low.X, low.Y, high.X, high.Y}
}
