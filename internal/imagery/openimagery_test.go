package imagery

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peterstace/simplefeatures/geom"
)

// openImagery finds the folder of real tiles: where DOCKET_OPEN_IMAGERY says, or
// shared/data/open-imagery beside the repository.
func openImagery(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DOCKET_OPEN_IMAGERY")
	if dir != "" {
		return dir
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for up := here; up != filepath.Dir(up); up = filepath.Dir(up) {
		dir = filepath.Join(up, "shared", "data", "open-imagery")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
	}
	t.Skip("no real tiles here: set DOCKET_OPEN_IMAGERY to a folder of open imagery GeoJSON to test with them")
	return ""
}

// realFiles are the collections in it, by name.
func realFiles(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(openImagery(t), "*.geojson"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no .geojson in the folder of real tiles: %v", err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = b
	}
	return out
}

func TestEveryRealTileIsImportedAsItWasPublished(t *testing.T) {
	total := 0
	for name, b := range realFiles(t) {
		archive, err := Import(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var raw struct {
			Features []struct {
				Properties struct {
					CatalogID string  `json:"catalog_id"`
					Quadkey   string  `json:"quadkey"`
					Zone      int     `json:"utm_zone"`
					EPSG      int     `json:"proj:epsg"`
					Grid      string  `json:"grid:code"`
					DataArea  float64 `json:"tile:data_area"`
					Clouds    float64 `json:"tile:clouds_area"`
					Percent   float64 `json:"tile:clouds_percent"`
				} `json:"properties"`
			} `json:"features"`
		}
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatal(err)
		}
		if len(archive.Tiles) != len(raw.Features) {
			t.Errorf("%s: %d tiles of %d features", name, len(archive.Tiles), len(raw.Features))
		}
		tiles := map[string]Tile{}
		for _, tile := range archive.Tiles {
			tiles[tile.CatalogID+tile.Cell.Path()] = tile
			realTile(t, tile)
		}
		for _, f := range raw.Features {
			p := f.Properties
			c, err := NewCell(p.Zone, p.Quadkey)
			if err != nil {
				t.Fatal(err)
			}
			tile, ok := tiles[p.CatalogID+c.Path()]
			if !ok {
				t.Errorf("%s: %s of %s is not there", name, c, p.CatalogID)
			}
			if got := tile.Properties; got.DataArea != p.DataArea || got.CloudsArea != p.Clouds || got.CloudsPercent != p.Percent {
				t.Errorf("%s %s: areas %v, %v, %v, published %v, %v, %v", p.CatalogID, c, got.DataArea, got.CloudsArea, got.CloudsPercent, p.DataArea, p.Clouds, p.Percent)
			}
			if c.EPSG() != p.EPSG || (p.Grid != "" && c.GridCode() != p.Grid) {
				t.Errorf("%s: EPSG:%d %s, published EPSG:%d %s", c, c.EPSG(), c.GridCode(), p.EPSG, p.Grid)
			}
			total++
		}
	}
	t.Logf("%d tiles", total)
}

// realTile asks of one tile what the contract says of all.
func realTile(t *testing.T, tile Tile) {
	t.Helper()
	data, err := polygons(tile.Data)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := data.bounds()
	room := tile.Cell.PixelBounds().Widen(1e-6)
	if b.West < room.West || b.South < room.South || b.East > room.East || b.North > room.North {
		t.Errorf("%s %s: data %v reach out of %v", tile.CatalogID, tile.Cell, b, room)
	}
	if !tile.Cell.Member() {
		t.Errorf("%s is no member of its zone", tile.Cell)
	}
	area, err := DataArea(tile)
	if err != nil || CutTenth(area) != tile.Properties.DataArea {
		t.Errorf("%s %s: %v m², %v", tile.CatalogID, tile.Cell, area, err)
	}
	measured, err := Measure([]Tile{tile}, AOI{})
	if err != nil || measured[0].Micro < 0 || measured[0].Micro > 25_000_000 || float64(measured[0].Micro) > math.Ceil(area) {
		t.Errorf("%s %s: %+v of %v m², %v", tile.CatalogID, tile.Cell, measured, area, err)
	}
	outline, err := geom.UnmarshalWKB(tile.Outline)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := Covers(outline)
	found := false
	for _, c := range cells {
		found = found || c == tile.Cell
	}
	if err != nil || !found {
		t.Errorf("%s %s: its outline covers %v, %v", tile.CatalogID, tile.Cell, cells, err)
	}
}

func TestRealTilesCanBeSelectedAndDelivered(t *testing.T) {
	for name, b := range realFiles(t) {
		archive, err := Import(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range archive.Acquisitions {
			g, err := geom.UnmarshalWKB(a.Footprint)
			if err != nil || g.IsEmpty() {
				t.Errorf("%s %s: footprint %v", name, a.CatalogID, err)
			}
		}
		tile := archive.Tiles[0]
		res, err := Select(archive.Tiles, Request{IDs: []string{tile.CatalogID}, At: tile.At, StackDepth: -1})
		if err != nil || len(res.Acquisitions) != 1 || res.Micro[Fresh] == 0 {
			t.Errorf("%s: %+v, %v", name, res.Depth, err)
		}
		for _, f := range Files(tile, DefaultSettings()) {
			if b, err := f.Bytes(); err != nil || len(b) == 0 || !strings.HasPrefix(f.Name, tile.CatalogID+"-") {
				t.Errorf("%s: %d bytes, %v", f.Name, len(b), err)
			}
		}
		if _, err := (Delivery{Order: "1", Tiles: archive.Tiles, Settings: DefaultSettings()}).Item(tile); err != nil {
			t.Error(err)
		}
	}
}
