package ard

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
)

func TestNumbersAreExact(t *testing.T) {
	for micro, want := range map[money.Micro]string{0: "0", 253090000: "253.09", 15000 * money.Unit: "15000", 2271315: "2.271315", -money.Unit: "-1", 1: "0.000001"} {
		if b, err := json.Marshal(number(micro)); err != nil || string(b) != want {
			t.Errorf("%d is written %s, %v, want %s", int64(micro), b, err, want)
		}
	}
}

func TestBodiesThatDifferInSpacesAndOrderAreOneRequest(t *testing.T) {
	same := func(a, b string) bool {
		x, err := front.Canonical([]byte(a))
		if err != nil {
			t.Fatal(err)
		}
		y, err := front.Canonical([]byte(b))
		if err != nil {
			t.Fatal(err)
		}
		return string(x) == string(y)
	}
	if !same(`{"a":[1,2],"b":{"x":null,"y":"é"}}`, "{ \"b\": {\"y\":\"\\u00e9\", \"x\":null},\n\"a\":[1, 2]}") {
		t.Error("spaces and the order of members count")
	}
	for a, b := range map[string]string{
		`{"a":[1,2]}`:                       `{"a":[2,1]}`,
		`{"a":12345678901234567890123}`:     `{"a":12345678901234567890124}`,
		`{"a":"1"}`:                         `{"a":1}`,
		`{"a":0.1000000000000000000000001}`: `{"a":0.1}`,
	} {
		if same(a, b) {
			t.Errorf("%s and %s are one request", a, b)
		}
	}
}

// around is a ring of many vertices about a point, in WKT.
func around(lon, lat float64, vertices int) string {
	points := make([]string, 0, vertices+1)
	for n := range vertices {
		side, along := n*4/vertices, float64(n*4%vertices)/float64(vertices)*0.2
		at := [][2]float64{{lon - 0.1 + along, lat - 0.1}, {lon + 0.1, lat - 0.1 + along}, {lon + 0.1 - along, lat + 0.1}, {lon - 0.1, lat + 0.1 - along}}[side]
		points = append(points, fmt.Sprintf("%.17f %.17f", at[0], at[1]))
	}
	return "POLYGON((" + strings.Join(append(points, points[0]), ", ") + "))"
}

func TestASelectByTheLongestGeometryIsKeptAndReadBack(t *testing.T) {
	d := newDesk(t)
	ask := func(method, path, body string) (int, map[string]any) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if err := d.sign(r, "alice"); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		return w.Code, out
	}
	wkt := around(-106.6, 35.25, imagery.MaxVertices)
	if len(wkt) < echoed {
		t.Fatal("the geometry is not long enough to be shortened")
	}
	code, made := ask("POST", "/select", `{"intersects":"`+wkt+`"}`)
	if code != 200 {
		t.Fatalf("%d: %v", code, made)
	}
	code, read := ask("GET", "/select/request/"+made["id"].(string), "")
	shown := read["request_details"].(map[string]any)["intersects"].(string)
	if code != 200 || fmt.Sprint(read["usage"]) != fmt.Sprint(made["usage"]) {
		t.Errorf("read back with %d, a usage of %v, made with %v", code, read["usage"], made["usage"])
	}
	if _, err := imagery.ParseAOI(shown); err != nil {
		t.Errorf("the geometry shown is none: %v", err)
	}
	code, ordered := ask("POST", "/order", `{"select_id":"`+made["id"].(string)+`","output_config":{"bucket":"tiles","prefix":""},"dry_run":true}`)
	if code != 400 || !strings.Contains(fmt.Sprint(ordered["message"]), "limit") { // it is large: the select's price is beyond the limit
		t.Errorf("ordered with %d: %v", code, ordered["message"])
	}
	code, big := ask("POST", "/order", `{"acquisitions":["10300100EA41D300"],"intersects":"`+wkt+`","output_config":{"bucket":"tiles","prefix":""}}`)
	if kept := big["order"]; code != 200 || len(kept.(map[string]any)["intersects"].(string)) < echoed {
		t.Errorf("an order by it: %d, %v", code, kept)
	}
	code, refused := ask("POST", "/order", `{"acquisitions":["10300100EA41D300"],"output_config":{"bucket":"tiles","prefix":""},"metadata":"`+strings.Repeat("x", bodyBound)+`"}`)
	if code != 413 || !strings.Contains(fmt.Sprint(refused["message"]), tooLarge) {
		t.Errorf("an order with a great deal to keep: %d, %v", code, refused["message"])
	}
}

func TestASelectFindsWhatItFoundThoughTheArchiveHasGrown(t *testing.T) {
	d := newDesk(t)
	aoi, err := imagery.AOIFromBBox([]float64{-106.63, 35.24, -106.615, 35.255})
	if err != nil {
		t.Fatal(err)
	}
	rec := selectRecord{At: d.now(), Area: aoi.WKT(), Details: searchDetails{Query: json.RawMessage("{}")}}
	made := d.core.NewID()
	find := func() (tiles int) {
		if err := d.core.View(ctx, d.actor(t, "alice"), func(s *core.Scene) error {
			found, err := rec.again(s, made)
			tiles = len(found.Tiles())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return tiles
	}
	before := find()
	acquisitions, tiles := imagery.Demo(d.now())
	more := imagery.Archive{}
	for _, a := range acquisitions[:1] {
		a.CatalogID = "10300100FFFFFF00"
		more.Acquisitions = append(more.Acquisitions, a)
	}
	for _, tile := range tiles {
		if tile.CatalogID == acquisitions[0].CatalogID {
			tile.CatalogID = "10300100FFFFFF00"
			more.Tiles = append(more.Tiles, tile)
		}
	}
	if _, err := d.core.ImportArchive(ctx, core.System(), more); err != nil {
		t.Fatal(err)
	}
	if after := find(); before == 0 || after != before {
		t.Errorf("found %d tiles, and %d after an import", before, after)
	}
	made = d.core.NewID()
	if now := find(); now != before+1 {
		t.Errorf("a new select finds %d tiles, want %d", now, before+1)
	}
}

func FuzzOrderBodiesAreReadOrRefused(f *testing.F) {
	for _, body := range []string{`{}`, `{"acquisitions":["x"],"output_config":{"bucket":"b","prefix":"p"}}`, `{"acquisitions":[{"id":"x","cells":["Z13-031133320032"]}],"output_config":{"amazon_s3":{"bucket":"b","prefix":""}},"settings":{"visual":false}}`,
		`{"select_id":"1","destination":{"bucket":"b","prefix":"","sas_url":"s"}}`, `{"acquisitions":[null],"output_config":{"azure_blob_storage":{"container":"c"}},"notifications":[{}],"bbox":[1,2,3,4]}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in orderInput
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &members) != nil || members == nil {
			t.Skip()
		}
		ask, err := in.read()
		if err != nil {
			if k := core.KindOf(coreError(err)); k != core.Invalid {
				t.Fatalf("refused as %s: %v", k, err)
			}
			return
		}
		doc, err := document(members, ask)
		if err != nil || !json.Valid(doc) {
			t.Fatalf("what is kept of it: %s, %v", doc, err)
		}
		if ask.output.bucket == "" || (ask.selectID == "") == (len(ask.acquisitions) == 0) {
			t.Fatalf("understood as %+v", ask)
		}
	})
}
