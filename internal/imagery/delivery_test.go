package imagery

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// clientPattern is how the vendor's client finds an acquisition in a path.
var clientPattern = regexp.MustCompile(`^10[1-6][0AC][0-9A-F]{3}0[0-9A-F]{6}00$`)

func demoTile(t *testing.T, platform string) Tile {
	t.Helper()
	_, tiles := Demo(noon)
	for _, tile := range tiles {
		if tile.Properties.Platform == platform && tile.Properties.CloudsPercent > 5 && tile.Properties.DataArea > 15 {
			return tile
		}
	}
	t.Fatalf("no cloudy tile of %s", platform)
	return Tile{}
}

func suffixes(files []File) string {
	var out []string
	for _, f := range files {
		_, suffix, _ := strings.Cut(f.Name, "-")
		out = append(out, suffix)
	}
	return strings.Join(out, " ")
}

func TestSettingsDecideTheFiles(t *testing.T) {
	colour, pan := demoTile(t, "WV02"), demoTile(t, "WV01")
	for name, tt := range map[string]struct {
		tile     Tile
		settings Settings
		want     string
	}{
		"none":            {colour, Settings{BundleAdjust: true}, ""},
		"visual":          {colour, Settings{Visual: true}, "visual.tif"},
		"analytic":        {colour, Settings{PanAnalytic: true, MSAnalytic: true}, "pan.tif ms.tif"},
		"clouds":          {colour, Settings{CloudMask: true}, "clouds.tif cloud-mask.gpkg cloud-shadow-mask.gpkg"},
		"data":            {colour, Settings{DataMask: true}, "data-mask.gpkg"},
		"vegetation":      {colour, Settings{HealthyVegetationMask: true}, "healthy-vegetation.tif healthy-vegetation-mask.gpkg"},
		"saturation":      {colour, Settings{MSSaturationMask: true}, "ms-saturation.tif ms-saturation-mask.gpkg"},
		"flare":           {colour, Settings{PanFlareMask: true}, "pan-flare.tif pan-flare-mask.gpkg"},
		"terrain shadows": {colour, Settings{TerrainShadowMask: true}, "terrain-shadows.tif terrain-shadow-mask.gpkg"},
		"water":           {colour, Settings{WaterMask: true}, "water.tif water-mask.gpkg"},
		"without colours": {pan, DefaultSettings(), "pan.tif clouds.tif cloud-mask.gpkg cloud-shadow-mask.gpkg data-mask.gpkg pan-flare.tif pan-flare-mask.gpkg " +
			"terrain-shadows.tif terrain-shadow-mask.gpkg water.tif water-mask.gpkg"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := suffixes(Files(tt.tile, tt.settings)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	if got := len(Files(colour, DefaultSettings())); got != len(products) {
		t.Errorf("by default %d files of %d", got, len(products))
	}
}

func TestSettingsLeftOutKeepTheirDefault(t *testing.T) {
	s := DefaultSettings()
	if err := json.Unmarshal([]byte(`{"bundle_adjust": true, "visual": false}`), &s); err != nil {
		t.Fatal(err)
	}
	want := DefaultSettings()
	want.BundleAdjust, want.Visual = true, false
	if s != want {
		t.Errorf("%+v", s)
	}
}

// tiffField reads numbers of a field of the first directory.
func tiffField(t *testing.T, b []byte, tag uint16) []float64 {
	t.Helper()
	le := binary.LittleEndian
	if string(b[:4]) != "II*\x00" {
		t.Fatal("no TIFF")
	}
	at := le.Uint32(b[4:])
	for i := range uint32(le.Uint16(b[at:])) {
		e := b[at+2+12*i:]
		if le.Uint16(e) != tag {
			continue
		}
		n := le.Uint32(e[4:])
		sizes := map[uint16]uint32{tiffShort: 2, tiffLong: 4, tiffDouble: 8}
		size := sizes[le.Uint16(e[2:])]
		data := e[8:]
		if n*size > 4 {
			data = b[le.Uint32(e[8:]):]
		}
		var out []float64
		for k := range n {
			switch v := data[k*size:]; size {
			case 2:
				out = append(out, float64(le.Uint16(v)))
			case 4:
				out = append(out, float64(le.Uint32(v)))
			case 8:
				out = append(out, math.Float64frombits(le.Uint64(v)))
			}
		}
		return out
	}
	return nil
}

func TestRastersLieWhereTheTileDoes(t *testing.T) {
	tile := demoTile(t, "WV03")
	bands := map[string]float64{"visual": 3, "pan_analytic": 1, "ms_analytic": 8}
	for _, f := range Files(tile, DefaultSettings()) {
		if f.MediaType != typeCOG {
			continue
		}
		b, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		want := tile.Cell.PixelBounds()
		scale, tie, keys := tiffField(t, b, 33550), tiffField(t, b, 33922), tiffField(t, b, 34735)
		if tie[3] != want.West || tie[4] != want.North || tie[3]+pixels*scale[0] != want.East || tie[4]-pixels*scale[1] != want.South {
			t.Errorf("%s lies at %v, step %v; want %v", f.Name, tie, scale, want)
		}
		if keys[len(keys)-1] != float64(tile.Cell.EPSG()) {
			t.Errorf("%s is in EPSG:%v", f.Name, keys[len(keys)-1])
		}
		if got, want := tiffField(t, b, 277)[0], max(1, bands[f.Asset]); got != want {
			t.Errorf("%s has %v bands, want %v", f.Name, got, want)
		}
		if offset, size := tiffField(t, b, 324)[0], tiffField(t, b, 325)[0]; int(offset+size) != len(b) {
			t.Errorf("%s: pixels from %v, %v bytes, of %d", f.Name, offset, size, len(b))
		}
	}
}

func TestTheCloudRasterShowsTheCloudsThatThePropertiesTell(t *testing.T) {
	tile := demoTile(t, "WV02")
	s, err := newScene(tile)
	if err != nil {
		t.Fatal(err)
	}
	count := map[byte]float64{}
	for _, v := range cloudRaster.samples(s) {
		count[v]++
	}
	seen := count[classClear] + count[classCloud] + count[classShadow]
	if got := 100 * count[classCloud] / seen; math.Abs(got-tile.Properties.CloudsPercent) > 3 {
		t.Errorf("%v%% of pixels are cloud, want %v%%", got, tile.Properties.CloudsPercent)
	}
	if cut := CutTenth(seen * math.Pow(2*(2500+apron)/pixels, 2)); math.Abs(cut-tile.Properties.DataArea) > 0.3 {
		t.Errorf("%v km² of pixels have data, want %v", cut, tile.Properties.DataArea)
	}
}

func TestMasksAreGeoPackagesInTheCellsProjection(t *testing.T) {
	tile := demoTile(t, "WV02")
	want := map[string]float64{"data-mask": 0, "cloud-mask": 0, "water-mask": 0}
	area, err := DataArea(tile)
	if err != nil {
		t.Fatal(err)
	}
	want["data-mask"], want["cloud-mask"] = area, area*tile.Properties.CloudsPercent/100
	for _, f := range Files(tile, DefaultSettings()) {
		if f.MediaType != typeGeoPackage {
			continue
		}
		b, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, srs := readMask(t, b)
		if expected, ok := want[f.Asset]; ok && math.Abs(got-expected) > 1 {
			t.Errorf("%s covers %v m², want %v", f.Name, got, expected)
		}
		if srs != tile.Cell.EPSG() {
			t.Errorf("%s is in EPSG:%d", f.Name, srs)
		}
	}
}

// readMask is the area of a GeoPackage's features, and their projection.
func readMask(t *testing.T, b []byte) (area float64, srs int) {
	t.Helper()
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := conn.Deserialize("main", b); err != nil {
		t.Fatal(err)
	}
	err = sqlitex.Execute(conn, `SELECT srs_id FROM gpkg_contents JOIN gpkg_geometry_columns USING (table_name, srs_id) JOIN gpkg_spatial_ref_sys USING (srs_id)`,
		&sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error { srs = s.ColumnInt(0); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.Execute(conn, `SELECT geom FROM mask`, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		blob := make([]byte, s.ColumnLen(0))
		s.ColumnBytes(0, blob)
		r, err := polygons(blob[40:])
		area += r.area()
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return area, srs
}

func TestAFileMadeAgainIsTheSame(t *testing.T) {
	for _, f := range Files(demoTile(t, "WV02"), DefaultSettings()) {
		one, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		two, err := f.Bytes()
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s differs, %v", f.Name, err)
		}
	}
}

// links follows hrefs the way the vendor's client does: without any ../, from the prefix.
func links(t *testing.T, doc []byte, rel string) []string {
	t.Helper()
	var in struct {
		Links []link `json:"links"`
	}
	if err := json.Unmarshal(doc, &in); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range in.Links {
		if l.Rel == rel {
			out = append(out, strings.ReplaceAll(l.Href, "../", ""))
		}
	}
	return out
}

func TestDocumentsLeadFromTheRootToEveryTile(t *testing.T) {
	_, tiles := Demo(noon)
	d := Delivery{Order: "5867496013686833273", Settings: DefaultSettings(), Tiles: tiles}
	root, err := d.RootCollection()
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(root, &members); err != nil || members["type"] != nil || members["id"] != d.Order {
		t.Errorf("a root with type %v, id %v, %v", members["type"], members["id"], err)
	}
	var want, got, children []string
	for _, tile := range tiles {
		want = append(want, ItemPath(tile))
	}
	for _, id := range d.CatalogIDs() {
		children = append(children, AcquisitionPath(id))
		c, err := d.AcquisitionCollection(id)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, links(t, c, "item")...)
		if up := links(t, c, "root"); !slices.Equal(up, []string{RootPath(d.Order)}) {
			t.Errorf("%s leads back to %v", id, up)
		}
	}
	if !slices.Equal(links(t, root, "child"), children) || !slices.Equal(got, want) {
		t.Errorf("%d of %d items", len(got), len(want))
	}
	if _, err := d.AcquisitionCollection("absent"); err == nil {
		t.Error("an acquisition that is not delivered has a document")
	}
}

func TestAnItemNamesFilesBesideItself(t *testing.T) {
	for _, platform := range []string{"WV01", "WV02"} {
		tile := demoTile(t, platform)
		for name, settings := range map[string]Settings{"all": DefaultSettings(), "masks only": {DataMask: true}, "nothing": {}} {
			d := Delivery{Order: "1", Settings: settings, Tiles: []Tile{tile}}
			b, err := d.Item(tile)
			if err != nil {
				t.Fatal(err)
			}
			var in struct {
				ID         string
				Assets     map[string]struct{ Href string }
				Properties map[string]any
			}
			if err := json.Unmarshal(b, &in); err != nil {
				t.Fatal(err)
			}
			there := []string{"./" + path.Base(ItemPath(tile))}
			for _, f := range Files(tile, settings) {
				there = append(there, "./"+f.Name)
				if in.Assets[f.Asset].Href != "./"+f.Name {
					t.Errorf("%s, %s: no asset for %s", platform, name, f.Name)
				}
			}
			for key, a := range in.Assets {
				if !slices.Contains(there, a.Href) {
					t.Errorf("%s, %s: asset %s is %s, which is not delivered", platform, name, key, a.Href)
				}
			}
			if in.Assets["visual"].Href == "" || in.ID != tile.Cell.Path()+"/"+tile.CatalogID || in.Properties["grid:code"] != tile.Cell.GridCode() || in.Properties["assets"] != nil {
				t.Errorf("%s, %s: %s", platform, name, b)
			}
		}
	}
}

func TestAnItemCanBeImportedAgain(t *testing.T) {
	tile := demoTile(t, "WV02")
	b, err := (Delivery{Order: "1", Settings: DefaultSettings(), Tiles: []Tile{tile}}).Item(tile)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Import(b)
	if err != nil {
		t.Fatal(err)
	}
	back := archive.Tiles[0]
	if len(back.Properties.Assets) != len(products) {
		t.Errorf("%d assets", len(back.Properties.Assets))
	}
	back.Properties.Assets, back.AcquiredAt = nil, tile.AcquiredAt
	one, err := json.Marshal(tile)
	if err != nil {
		t.Fatal(err)
	}
	two, err := json.Marshal(back)
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("%s\n%s\n%v", one, two, err)
	}
}

func TestPathsAreThoseTheClientReads(t *testing.T) {
	tile := demoTile(t, "WV02")
	tile.Cell = cellOf(t, "Z04-122000312222")
	for got, want := range map[string]string{
		RootPath("7"): "order_collections/7_root_collection.json", AcquisitionPath("A"): "acquisition_collections/A_collection.json",
		RequestPath("7"): "7-request.json", ItemPath(tile): "04/122000312222/" + tile.Day() + "/" + tile.CatalogID + ".json",
		FilePath(tile, Files(tile, Settings{Visual: true})[0]): "04/122000312222/" + tile.Day() + "/" + tile.CatalogID + "-visual.tif",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
