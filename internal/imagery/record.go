package imagery

import (
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

// Acquisition is one pass of one satellite: what a line of an order names.
type Acquisition struct {
	ID         id.ID           `json:"-"` // zero until the core has stored it
	CatalogID  string          `json:"catalog_id"`
	AcquiredAt time.Time       `json:"acquired_at"` // the earliest of its tiles' times
	Platform   string          `json:"platform"`    // WV01, WV02, WV03, WV04, GE01
	Footprint  []byte          `json:"footprint"`   // WKB, longitude and latitude: the tiles' outlines together
	Attrs      json.RawMessage `json:"attrs,omitempty"`
}

// Tile is one acquisition's pixels in one cell.
type Tile struct {
	Cell        Cell       `json:"cell"`
	Acquisition id.ID      `json:"-"` // zero until the core has stored it; CatalogID names the same
	CatalogID   string     `json:"catalog_id"`
	At          time.Time  `json:"datetime"` // the tile's own time: those of one acquisition differ by seconds
	AcquiredAt  time.Time  `json:"-"`        // the acquisition's, by which its age is reckoned; zero: At
	Data        []byte     `json:"data"`     // WKB, metres of the cell's UTM: where there is data, apron included
	Outline     []byte     `json:"outline"`  // WKB, longitude and latitude: a looser copy of Data, for showing
	Properties  Properties `json:"properties"`
}

// Day is the UTC day the tile is filed under, as in delivery paths: 2024-09-21.
func (t Tile) Day() string { return t.At.UTC().Format(time.DateOnly) }

// Category is the tile's age at an instant, the same for every tile of an acquisition.
func (t Tile) Category(at time.Time) Category {
	if t.AcquiredAt.IsZero() {
		return CategoryOf(t.At, at)
	}
	return CategoryOf(t.AcquiredAt, at)
}

// Properties are a tile's published figures, under their names in the vendor's STAC
// items. What the archive does not say is nil.
type Properties struct {
	Platform      string   `json:"platform"`
	GSD           *float64 `json:"gsd,omitempty"`                  // metres a pixel on the ground
	OffNadir      *float64 `json:"view:off_nadir,omitempty"`       // degrees, as all that follow
	Azimuth       *float64 `json:"view:azimuth,omitempty"`         //
	Incidence     *float64 `json:"view:incidence_angle,omitempty"` //
	SunAzimuth    *float64 `json:"view:sun_azimuth,omitempty"`     //
	SunElevation  *float64 `json:"view:sun_elevation,omitempty"`   //
	DataArea      float64  `json:"tile:data_area"`                 // km² of Data, cut to one decimal
	CloudsArea    float64  `json:"tile:clouds_area"`               // km² of it under cloud, one decimal
	CloudsPercent float64  `json:"tile:clouds_percent"`            // of Data, whole
	Version       string   `json:"ard_metadata_version,omitempty"`
	// Assets are the files the archive has of the tile: STAC asset key to address,
	// relative to where the item was read. None: stand-in pixels are made on delivery.
	Assets map[string]string `json:"assets,omitempty"`
}

// Archive is what an import reads or the demo makes: every tile's acquisition is there, once.
type Archive struct {
	Acquisitions []Acquisition
	Tiles        []Tile
}
