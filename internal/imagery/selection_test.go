package imagery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fullTile is one of a whole cell, days before noon.
func fullTile(t *testing.T, name string, days int, change func(*Properties)) Tile {
	t.Helper()
	c := cellOf(t, "Z10-120020223032")
	g := asPolygon(c.PixelBounds().ring()).AsGeometry()
	f := func(v float64) *float64 { return &v }
	out := Tile{Cell: c, CatalogID: name, At: noon.AddDate(0, 0, -days), Data: g.AsBinary(), Outline: geographic(c, g).AsBinary(),
		Properties: Properties{Platform: "WV02", GSD: f(0.5), OffNadir: f(20), Azimuth: f(100), SunElevation: f(40), DataArea: 28.2, CloudsPercent: 10}}
	if change != nil {
		change(&out.Properties)
	}
	return out
}

func query(t *testing.T, s string) Query {
	t.Helper()
	q, err := ParseQuery([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func names(r Result) string {
	var out []string
	for _, s := range r.Tiles() {
		out = append(out, s.Tile.CatalogID)
	}
	return strings.Join(out, " ")
}

func off(v float64) func(*Properties) { return func(p *Properties) { p.OffNadir = &v } }

func TestQueriesFilterTiles(t *testing.T) {
	tiles := []Tile{
		fullTile(t, "A", 1, nil),
		fullTile(t, "B", 2, func(p *Properties) { p.Platform, p.CloudsPercent = "WV03", 0 }),
		fullTile(t, "C", 3, func(p *Properties) { p.Platform, p.OffNadir = "GE01", nil }),
		fullTile(t, "D", 4, func(p *Properties) { p.Platform = "WV01"; v := 35.0; p.OffNadir = &v }),
	}
	tiles[1].At = time.Date(2025, 12, 21, 1, 0, 0, 0, time.UTC)
	for q, want := range map[string]string{
		`{}`:                                                              "A C D B",
		`null`:                                                            "A C D B",
		`{"platform": {"eq": "worldview-02"}}`:                            "A",
		`{"platform": {"eq": "WV02"}}`:                                    "A",
		`{"platform": {"ne": "WorldView-2"}}`:                             "C D B",
		`{"platform": {"in": ["wv02", "GE01"]}}`:                          "A C",
		`{"platform": {"eq": "landsat-9"}}`:                               "",
		`{"view:off_nadir": {"lte": 20}}`:                                 "A B",
		`{"view:off_nadir": {"lt": 20}}`:                                  "",
		`{"view:off_nadir": {"gt": 20.0}}`:                                "D",
		`{"view:off_nadir": {"gte": 20, "lt": 30}}`:                       "A B",
		`{"view:off_nadir": {"ne": 20}}`:                                  "D",
		`{"view:off_nadir": {"eq": "35"}}`:                                "D",
		`{"view:off_nadir": {"or": [{"gt": 30}, {"lt": 21, "gt": 19}]}}`:  "A D B",
		`{"view:off_nadir": {"or": [{"gt": 30}, {"eq": 20}], "lt": 30}}`:  "A B",
		`{"aoi:cloud_free_percentage": {"gte": 95}}`:                      "B",
		`{"aoi:cloud_free_percentage": {"eq": 100}}`:                      "B",
		`{"aoi:data_percentage": {"eq": 100}}`:                            "A C D B",
		`{"tile:data_percentage": {"lt": 100}}`:                           "",
		`{"tile:no_data_percentage": {"eq": 0}}`:                          "A C D B",
		`{"eo:cloud_cover": {"lt": 5}}`:                                   "B",
		`{"collect_month": {"eq": "12"}}`:                                 "B",
		`{"collect_month": {"in": [12.0, 1]}}`:                            "B",
		`{"collect_month": {"lt": "06"}}`:                                 "A C D",
		`{"collect_month_day": {"eq": "12-21"}}`:                          "B",
		`{"collect_month_day": {"gte": "02-27", "lte": "02-29"}}`:         "A",
		`{"collect_day": {"eq": "21"}}`:                                   "B",
		`{"multi_resolution_avg": {"lte": 2}}`:                            "A C B",
		`{"pan_resolution_avg": {"gt": 0.4}, "platform": {"eq": "WV01"}}`: "D",
		`{"view:sun_azimuth": {"gt": 0}}`:                                 "",
	} {
		res, err := Select(tiles, Request{Query: query(t, q), At: noon, IDs: []string{"A", "B", "C", "D"}, StackDepth: -1, NewestOnly: true})
		if err != nil || names(res) != want {
			t.Errorf("%s finds %q, %v; want %q", q, names(res), err, want)
		}
	}
}

func TestQueriesThatCannotBeUnderstoodSayWhat(t *testing.T) {
	for q, want := range map[string]string{
		`[]`:                                                "object of properties",
		`"platform"`:                                        "object of properties",
		`{`:                                                 "object of properties",
		`{"bogus": {"eq": 1}}`:                              `no property "bogus"`,
		`{"platform": "worldview-02"}`:                      "object of operators",
		`{"platform": {}}`:                                  "object of operators",
		`{"platform": null}`:                                "object of operators",
		`{"platform": {"like": "w"}}`:                       `the operator "like"`,
		`{"platform": {"lt": "WV02"}}`:                      "no order to compare by lt",
		`{"platform": {"eq": null}}`:                        "has to be a platform",
		`{"platform": {"in": "WV02"}}`:                      "list of 1 to",
		`{"platform": {"in": []}}`:                          "list of 1 to",
		`{"view:off_nadir": {"lte": "steep"}}`:              "has to be a number",
		`{"view:off_nadir": {"lte": [1]}}`:                  "has to be a number",
		`{"view:off_nadir": {"lte": true}}`:                 "has to be a number",
		`{"view:off_nadir": {"lte": "NaN"}}`:                "has to be a number",
		`{"view:off_nadir": {"or": {"lt": 1}}}`:             "list of operator objects",
		`{"view:off_nadir": {"or": []}}`:                    "list of operator objects",
		`{"view:off_nadir": {"or": [1]}}`:                   "object of operators",
		`{"view:off_nadir": {"or": [{"or": [{"lt": 1}]}]}}`: "another or",
		`{"collect_month": {"eq": "13"}}`:                   `"01" to "12"`,
		`{"collect_month": {"eq": 6.5}}`:                    `"01" to "12"`,
		`{"collect_month_day": {"eq": "02-30"}}`:            "12-21",
	} {
		_, err := ParseQuery([]byte(q))
		var refused *QueryError
		if !errors.As(err, &refused) || refused.Field != "query" || !strings.Contains(refused.Msg, want) {
			t.Errorf("%s: %v; want %q", q, err, want)
		}
	}
}

func TestTheBestOfACellAreKept(t *testing.T) {
	var tiles []Tile
	for i, v := range []float64{25, 5, 15, 29, 10, 20, 12} {
		tiles = append(tiles, fullTile(t, fmt.Sprintf("T%.0f", v), i+1, off(v)))
	}
	for name, tt := range map[string]struct {
		req  Request
		want string
	}{
		"five, the newest first":             {Request{}, "T25 T5 T15 T29 T10"},
		"as many as asked for":               {Request{StackDepth: 2}, "T25 T5"},
		"all":                                {Request{StackDepth: -1}, "T25 T5 T15 T29 T10 T20 T12"},
		"the deepest inside the bound first": {Request{StackDepth: 3, Query: query(t, `{"view:off_nadir": {"lte": 30}}`)}, "T5 T10 T12"},
		"either way":                         {Request{StackDepth: 3, Query: query(t, `{"view:off_nadir": {"gt": 1}}`)}, "T29 T25 T20"},
		"the best alternative counts":        {Request{StackDepth: 2, Query: query(t, `{"view:off_nadir": {"or": [{"lt": 6}, {"gt": 24}]}}`)}, "T29 T25"},
		"bounds on what all have alike leave newest first": {Request{StackDepth: 2, Query: query(t, `{"eo:cloud_cover": {"lt": 50}}`)}, "T25 T5"},
		"eq does not rank":              {Request{StackDepth: 1, Query: query(t, `{"platform": {"eq": "WV02"}}`)}, "T25"},
		"metadata searches do not rank": {Request{StackDepth: 2, NewestOnly: true, Query: query(t, `{"view:off_nadir": {"lte": 30}}`)}, "T25 T5"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.req.At = noon
			res, err := Select(tiles, tt.req)
			if err != nil || names(res) != tt.want {
				t.Errorf("%s, %v; want %s", names(res), err, tt.want)
			}
			if s := res.Stacks[0]; s.Available < len(s.Best) || s.Fulfilled != (res.Depth.Fulfilled == 1) || int64(len(s.Best))*25_000_000 != res.Micro[Fresh] {
				t.Errorf("%+v %v", res.Depth, res.Micro)
			}
		})
	}
}

func TestASelectSaysWhatEachCellHas(t *testing.T) {
	tiles := []Tile{fullTile(t, "A", 1, nil), fullTile(t, "B", 200, nil), fullTile(t, "C", 2000, nil), fullTile(t, "A", 1, nil)}
	lon, lat := tiles[0].Cell.UTM().Inverse(555000, 4182500) // the east side's middle: two cells
	aoi, err := AOIFromBBox([]float64{lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01})
	if err != nil {
		t.Fatal(err)
	}
	res, err := Select(tiles, Request{AOI: aoi, At: noon, StackDepth: 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := (DepthSummary{StackDepth: 3, Cells: 2, Fulfilled: 1, Empty: 1, Tiles: 3}); res.Depth != want {
		t.Errorf("%+v, want %+v", res.Depth, want)
	}
	if !slices.Equal(res.Acquisitions, []string{"A", "B", "C"}) {
		t.Errorf("%v", res.Acquisitions)
	}
	one := res.Micro[Fresh]
	if one == 0 || one > 2_100_000 || res.Micro[Standard] != one || res.Micro[Training] != one {
		t.Errorf("%v", res.Micro)
	}
	for _, s := range res.Stacks {
		first, last := s.Times()
		if len(s.Best) == 0 {
			if s.Available != 0 || s.Fulfilled || !first.IsZero() {
				t.Errorf("%+v", s)
			}
			continue
		}
		if !first.Equal(tiles[2].At) || !last.Equal(tiles[0].At) || s.Best[0].DataPercent() != 100 || s.Best[0].TileDataPercent() != 100 || s.Best[0].CloudFreePercent() != 90 {
			t.Errorf("%v to %v, %+v", first, last, s.Best[0].DataPercent())
		}
	}
}

func TestASelectKeepsToWhatIsAsked(t *testing.T) {
	tiles := []Tile{fullTile(t, "A", 1, nil), fullTile(t, "B", 200, nil), fullTile(t, "C", 2000, nil)}
	interval := func(s string) Interval {
		i, err := ParseInterval(s)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	for name, tt := range map[string]struct {
		req           Request
		want, missing string
	}{
		"acquisitions":                 {Request{IDs: []string{"C", "X", "A", "X"}}, "A C", "X"},
		"a time":                       {Request{Interval: interval("2025")}, "B", ""},
		"ages":                         {Request{Categories: []Category{Fresh, Standard}}, "A B", ""},
		"one cell":                     {Request{Cells: []Cell{tiles[0].Cell}}, "A B C", ""},
		"another cell":                 {Request{Cells: []Cell{tiles[0].Cell + 1}}, "", ""},
		"an area where there is none":  {Request{AOI: areaOf(t, square)}, "", ""},
		"found, but not in the year":   {Request{IDs: []string{"A"}, Interval: interval("2025")}, "", ""},
		"acquisitions that are not it": {Request{IDs: []string{"Y"}}, "", "Y"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.req.At = noon
			res, err := Select(tiles, tt.req)
			if err != nil || names(res) != tt.want || strings.Join(res.Missing, " ") != tt.missing {
				t.Errorf("%q, missing %v, %v", names(res), res.Missing, err)
			}
		})
	}
}

func TestAnAcquisitionIsOfOneAge(t *testing.T) {
	acquired := noon.AddDate(0, 0, -91)
	tile := fullTile(t, "A", 91, nil)
	tile.At, tile.AcquiredAt = acquired.Add(3*time.Second), acquired
	if got := tile.Category(noon); got != Standard {
		t.Errorf("a tile three seconds younger than its acquisition is %s", got)
	}
}

func TestCategoriesByName(t *testing.T) {
	if got, err := ParseCategories([]string{"Fresh", "standard", "fresh"}); err != nil || !slices.Equal(got, []Category{Fresh, Standard}) {
		t.Errorf("%v, %v", got, err)
	}
	var refused *QueryError
	if _, err := ParseCategories([]string{"stale"}); !errors.As(err, &refused) || refused.Field != "image_age_category" {
		t.Errorf("%v", err)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add(`{"view:off_nadir": {"or": [{"lt": 6}, {"gt": 24}]}, "platform": {"in": ["WV02"]}}`)
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseQuery([]byte(s))
		var refused *QueryError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%T", err)
		}
		tile := fullTile(t, "A", 1, nil)
		if res, err := Select([]Tile{tile}, Request{Query: q, At: noon}); err != nil || len(res.Tiles()) > 1 {
			t.Errorf("%v, %v", res, err)
		}
	})
}
