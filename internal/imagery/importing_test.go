package imagery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// published is a feature as the archive publishes them, of the cell Z10-120020223032.
func published(t *testing.T, change func(properties map[string]any)) map[string]any {
	t.Helper()
	p := map[string]any{
		"datetime": "2016-10-08 19:25:32Z", "platform": "WV02", "gsd": 0.6, "ard_metadata_version": "0.0.1", "catalog_id": "103001005D31F500",
		"utm_zone": 10, "quadkey": "120020223032", "view:off_nadir": 29.8, "view:azimuth": 262.5, "view:incidence_angle": 56.2,
		"view:sun_azimuth": 168.7, "view:sun_elevation": 45.5, "proj:epsg": 32610, "tile:data_area": 28.2, "tile:clouds_area": 1.5, "tile:clouds_percent": 5,
		"proj:geometry": map[string]any{"type": "Polygon", "coordinates": [][][2]float64{{{549843.75, 4185156.25}, {549843.75, 4179843.75}, {555156.25, 4179843.75}, {555156.25, 4185156.25}, {549843.75, 4185156.25}}}},
	}
	if change != nil {
		change(p)
	}
	return map[string]any{"type": "Feature", "id": "10/120020223032/103001005D31F500", "properties": p, "geometry": nil}
}

func collectionOf(t *testing.T, features ...map[string]any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnItemIsImportedWithItsFiles(t *testing.T) {
	f := published(t, func(p map[string]any) {
		delete(p, "proj:epsg")
		p["proj:code"], p["grid:code"], p["utm_zone"] = "EPSG:32610", "MXRA-Z10-120020223032", "10"
	})
	f["assets"] = map[string]any{"visual": map[string]any{"href": "./103001005D31F500-visual.tif"}}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Import(b)
	if err != nil || len(archive.Tiles) != 1 || len(archive.Acquisitions) != 1 {
		t.Fatalf("%+v, %v", archive, err)
	}
	tile, a := archive.Tiles[0], archive.Acquisitions[0]
	at := time.Date(2016, 10, 8, 19, 25, 32, 0, time.UTC)
	if tile.Cell.String() != "Z10-120020223032" || !tile.At.Equal(at) || !tile.AcquiredAt.Equal(at) || *tile.Properties.OffNadir != 29.8 || tile.Properties.CloudsPercent != 5 {
		t.Errorf("%+v", tile)
	}
	if a.CatalogID != "103001005D31F500" || a.Platform != "WV02" || !a.AcquiredAt.Equal(at) || len(a.Footprint) == 0 {
		t.Errorf("%+v", a)
	}
	files := Files(tile, DefaultSettings())
	if len(files) != 1 || files[0].Name != "103001005D31F500-visual.tif" || files[0].Source != "./103001005D31F500-visual.tif" {
		t.Errorf("%+v", files)
	}
}

func TestAnAcquisitionBeginsWithItsFirstTile(t *testing.T) {
	later := published(t, func(p map[string]any) {
		p["datetime"], p["quadkey"] = "2016-10-08T19:25:30.5Z", "120020223033"
		p["proj:geometry"] = map[string]any{"type": "Polygon", "coordinates": [][][2]float64{{{555000, 4180000}, {560000, 4180000}, {560000, 4185000}, {555000, 4180000}}}}
	})
	archive, err := Import(collectionOf(t, published(t, nil), later))
	if err != nil {
		t.Fatal(err)
	}
	if got := archive.Acquisitions; len(got) != 1 || !got[0].AcquiredAt.Equal(archive.Tiles[1].At) || !archive.Tiles[0].AcquiredAt.Equal(got[0].AcquiredAt) {
		t.Errorf("%+v", got)
	}
}

func TestWhatCannotBeImportedIsNamed(t *testing.T) {
	set := func(member string, v any) func(map[string]any) { return func(p map[string]any) { p[member] = v } }
	unset := func(member string) func(map[string]any) { return func(p map[string]any) { delete(p, member) } }
	ring := func(xy ...[2]float64) map[string]any {
		return map[string]any{"type": "Polygon", "coordinates": [][][2]float64{xy}}
	}
	for name, tt := range map[string]struct {
		change func(map[string]any)
		member string
	}{
		"no acquisition":              {unset("catalog_id"), "catalog_id"},
		"an acquisition with a path":  {set("catalog_id", "../../x"), "catalog_id"},
		"an acquisition of a number":  {set("catalog_id", 103), "catalog_id"},
		"no zone":                     {unset("utm_zone"), "utm_zone"},
		"a zone that is none":         {set("utm_zone", 61), "utm_zone"},
		"no quadkey":                  {unset("quadkey"), "quadkey"},
		"a short quadkey":             {set("quadkey", "1200"), "quadkey"},
		"a cell of another zone":      {set("quadkey", "121020223032"), "quadkey"},
		"another cell's code":         {set("grid:code", "MXRA-Z10-120020223033"), "grid:code"},
		"another zone's projection":   {set("proj:epsg", 32710), "proj:epsg"},
		"another code of it":          {set("proj:code", "EPSG:32611"), "proj:code"},
		"a time that is none":         {set("datetime", "last week"), "datetime"},
		"no platform":                 {unset("platform"), "platform"},
		"an angle that is none":       {set("view:off_nadir", 120), "view:off_nadir"},
		"an angle in words":           {set("view:azimuth", "north"), "view:azimuth"},
		"more cloud than sky":         {set("tile:clouds_percent", 101), "tile:clouds_percent"},
		"no outline":                  {unset("proj:geometry"), "proj:geometry"},
		"an outline elsewhere":        {set("proj:geometry", ring([2]float64{0, 0}, [2]float64{10, 0}, [2]float64{10, 10}, [2]float64{0, 0})), "proj:geometry"},
		"an outline that crosses":     {set("proj:geometry", ring([2]float64{550000, 4180000}, [2]float64{551000, 4181000}, [2]float64{551000, 4180000}, [2]float64{550000, 4181000}, [2]float64{550000, 4180000})), "proj:geometry"},
		"an outline without area":     {set("proj:geometry", map[string]any{"type": "Point", "coordinates": []float64{550000, 4180000}}), "proj:geometry"},
		"an outline that is not open": {set("proj:geometry", "POLYGON"), "proj:geometry"},
	} {
		t.Run(name, func(t *testing.T) {
			good := published(t, func(p map[string]any) { p["catalog_id"] = "GOOD" })
			archive, err := Import(collectionOf(t, good, published(t, tt.change)))
			var fault *ImportError
			if !errors.As(err, &fault) || fault.Feature != 1 || fault.Member != tt.member || !strings.Contains(err.Error(), "feature 1") {
				t.Errorf("%d tiles, %v; want a fault of %s", len(archive.Tiles), err, tt.member)
			}
		})
	}
}

func TestEveryFaultOfAnImportIsListed(t *testing.T) {
	bad := published(t, func(p map[string]any) { delete(p, "platform") })
	_, err := Import(collectionOf(t, bad, published(t, nil), published(t, nil), bad))
	for _, want := range []string{"feature 0 (103001005D31F500 Z10-120020223032), platform", "feature 2 (103001005D31F500 Z10-120020223032), catalog_id", "in feature 1", "feature 3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	for _, text := range []string{"", "[]", `{"type":"Catalog"}`, `{"type":"FeatureCollection","features":[1]}`} {
		if archive, err := Import([]byte(text)); err == nil {
			t.Errorf("%q gives %+v", text, archive)
		}
	}
}

func TestTheDemoHasEveryAgeInEveryPlaceOnEveryDay(t *testing.T) {
	for _, today := range []time.Time{noon, time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2031, 12, 31, 23, 59, 59, 0, time.UTC)} {
		acquisitions, tiles := Demo(today)
		if len(acquisitions) != 20 || len(tiles) < 400 {
			t.Fatalf("%d acquisitions, %d tiles", len(acquisitions), len(tiles))
		}
		ages := map[string]int{}
		for _, tile := range tiles {
			lon, _ := tile.Cell.UTM().Inverse(tile.Cell.Bounds().West, tile.Cell.Bounds().South)
			ages[fmt.Sprintf("%.0f %s", lon/20, tile.Category(today))]++
		}
		if len(ages) != 9 {
			t.Errorf("%s: %v", today.Format(time.DateOnly), ages)
		}
		for _, a := range acquisitions {
			if !a.AcquiredAt.Before(today) {
				t.Errorf("%s is of %s", a.CatalogID, a.AcquiredAt)
			}
		}
	}
}

func TestTheDemoIsTheSameAllDay(t *testing.T) {
	spell := func(today time.Time) string {
		a, tiles := Demo(today)
		b, err := json.Marshal(Archive{a, tiles})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if spell(noon) != spell(noon.Add(11*time.Hour)) {
		t.Error("the demo differs between noon and evening")
	}
	if spell(noon) == spell(noon.Add(24*time.Hour)) {
		t.Error("the demo's dates do not follow today")
	}
}

func TestTheDemosTilesAreLikeRealOnes(t *testing.T) {
	acquisitions, tiles := Demo(noon)
	seen := map[string]bool{}
	zones := map[UTM]bool{}
	cloudy, partly, steep := 0, 0, 0
	for _, tile := range tiles {
		realTile(t, tile)
		key := tile.CatalogID + tile.Cell.Path()
		if seen[key] {
			t.Errorf("%s comes twice", key)
		}
		seen[key] = true
		zones[tile.Cell.UTM()] = true
		p := tile.Properties
		if p.CloudsPercent > 0 {
			cloudy++
		}
		if p.DataArea < 25 {
			partly++
		}
		if *p.OffNadir > 30 {
			steep++
		}
		if p.CloudsArea > p.DataArea || p.CloudsPercent > 100 || *p.Azimuth < 0 || *p.Azimuth >= 360 || *p.SunElevation <= 0 || *p.Incidence <= 0 {
			t.Errorf("%s: %+v", key, p)
		}
	}
	if cloudy < 100 || partly < 100 || steep < 30 {
		t.Errorf("%d cloudy, %d partly filled, %d steep of %d", cloudy, partly, steep, len(tiles))
	}
	for _, u := range []UTM{{13, false}, {32, false}, {33, false}, {56, true}} {
		if !zones[u] {
			t.Errorf("no tile in %+v of %v", u, zones)
		}
	}
	for _, a := range acquisitions {
		if !clientPattern.MatchString(a.CatalogID) {
			t.Errorf("the vendor's client cannot read %s", a.CatalogID)
		}
	}
	if !slices.ContainsFunc(acquisitions, func(a Acquisition) bool { return PanOnly(a.Platform) }) {
		t.Error("none is panchromatic only")
	}
}
