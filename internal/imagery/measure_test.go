package imagery

import (
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/peterstace/simplefeatures/geom"
)

func wkt(t testing.TB, s string) geom.Geometry {
	t.Helper()
	g, err := geom.UnmarshalWKT(s)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func areaOf(t testing.TB, s string) AOI {
	t.Helper()
	a, err := ParseAOI(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAreasAgreeWithShapelyAndPROJ(t *testing.T) {
	var cases []struct {
		Cell, Data, AOI string
		Area, InCell    float64
	}
	readTestdata(t, "measure.json", &cases)
	if len(cases) < 30 {
		t.Fatalf("only %d cases", len(cases))
	}
	for i, c := range cases {
		tile := Tile{Cell: cellOf(t, c.Cell), CatalogID: "A", Data: wkt(t, c.Data).AsBinary()}
		aoi, err := StoredAOI(c.AOI)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []struct {
			aoi  AOI
			want float64
		}{{aoi, c.Area}, {AOI{}, c.InCell}} {
			got, err := Measure([]Tile{tile, tile}, m.aoi)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || math.Abs(float64(got[0].Micro)-m.want) > 0.51 {
				t.Errorf("case %d, %s: %+v, want %.2f m²", i, c.Cell, got, m.want)
			}
		}
	}
}

func TestAWholeCellIsExactly25SquareKilometres(t *testing.T) {
	c := cellOf(t, "Z10-120020223032")
	tile := Tile{Cell: c, CatalogID: "A", Data: asPolygon(c.PixelBounds().ring()).AsGeometry().AsBinary()}
	lon, lat := c.UTM().Inverse(552500, 4182500)
	around, err := AOIFromBBox([]float64{lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for name, aoi := range map[string]AOI{"without an area of interest": {}, "inside one": around} {
		got, err := Measure([]Tile{tile}, aoi)
		if err != nil || got[0].Micro != 25_000_000 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	away := areaOf(t, "POLYGON((10 10, 10.1 10, 10.1 10.1, 10 10.1, 10 10))")
	if got, err := Measure([]Tile{tile}, away); err != nil || got[0].Micro != 0 {
		t.Errorf("far away: %+v, %v", got, err)
	}
}

func TestAnAreaCutInTwoMeasuresTheSame(t *testing.T) {
	_, tiles := Demo(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	sum := func(aoi ...AOI) (total int64) {
		for _, a := range aoi {
			all, err := Measure(tiles, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range all {
				total += m.Micro
			}
		}
		return total
	}
	whole := sum(areaOf(t, "POLYGON((11.9 51.4, 12.0 51.4, 12.1 51.4, 12.1 51.5, 12.0 51.5, 11.9 51.5, 11.9 51.4))"))
	parts := sum(areaOf(t, "POLYGON((11.9 51.4, 12.0 51.4, 12.0 51.5, 11.9 51.5, 11.9 51.4))"), areaOf(t, "POLYGON((12.0 51.4, 12.1 51.4, 12.1 51.5, 12.0 51.5, 12.0 51.4))"))
	if d := whole - parts; whole == 0 || d > int64(len(tiles)) || d < -int64(len(tiles)) {
		t.Errorf("whole %d, in parts %d", whole, parts)
	}
}

func TestACellAcrossTheAntimeridianIsMeasuredOnBothSides(t *testing.T) {
	cells, err := Covers(wkt(t, "POINT(-179.999 -17)"))
	if err != nil || len(cells) != 1 {
		t.Fatalf("%v, %v", cells, err)
	}
	c := cells[0]
	tile := Tile{Cell: c, CatalogID: "A", Data: asPolygon(c.Bounds().ring()).AsGeometry().AsBinary()}
	var sum int64
	var parts []int64
	for _, side := range []string{"POLYGON((179 -18, 180 -18, 180 -16, 179 -16, 179 -18))", "POLYGON((-180 -18, -179 -18, -179 -16, -180 -16, -180 -18))"} {
		got, err := Measure([]Tile{tile}, areaOf(t, side))
		if err != nil {
			t.Fatal(err)
		}
		sum += got[0].Micro
		parts = append(parts, got[0].Micro)
	}
	if d := sum - 25_000_000; d < -1 || d > 1 || parts[0] == 0 || parts[1] == 0 {
		t.Errorf("the sides measure %d m²", parts)
	}
}

func TestOverlapAgreesWithTheGeometryLibrary(t *testing.T) {
	rnd := rand.New(rand.NewSource(3))
	star := func(n int) geom.Geometry {
		ring := make([]geom.XY, n)
		for i := range ring {
			s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
			r := 0.3 + rnd.Float64()
			ring[i] = geom.XY{X: 1000 * r * c, Y: 1000 * r * s}
		}
		return asPolygon(ring).AsGeometry()
	}
	for range 50 {
		a, b := star(3+rnd.Intn(20)), star(3+rnd.Intn(60))
		both, err := geom.Intersection(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := overlap(ringsOf(a), ringsOf(b)); math.Abs(got-both.Area()) > 1e-4 {
			t.Errorf("%v, want %v", got, both.Area())
		}
	}
}

func TestAStoredGeometryThatIsBrokenIsAnErrorThatNamesTheTile(t *testing.T) {
	for name, data := range map[string][]byte{"empty": nil, "noise": {1, 2, 3}, "a point": geom.NewPoint(geom.Coordinates{}).AsGeometry().AsBinary()} {
		if got, err := Measure([]Tile{{Cell: cellOf(t, "Z10-120020223032"), CatalogID: "A", Data: data}}, AOI{}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCategoryByAge(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, tt := range map[string]struct {
		acquired, at string
		want         Category
	}{
		"just taken":                                   {"2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z", Fresh},
		"taken in the future, by a clock ahead":        {"2026-01-02T10:00:00Z", "2026-01-01T10:00:00Z", Fresh},
		"90 whole days":                                {"2026-01-01T10:00:00Z", "2026-04-01T10:00:00Z", Fresh},
		"90 days and most of another":                  {"2026-01-01T10:00:00Z", "2026-04-02T09:59:59Z", Fresh},
		"91 whole days":                                {"2026-01-01T10:00:00Z", "2026-04-02T10:00:00Z", Standard},
		"last day of the third year":                   {"2023-05-06T10:00:00Z", "2026-05-06T23:59:59Z", Standard},
		"the day after":                                {"2023-05-06T10:00:00Z", "2026-05-07T00:00:00Z", Training},
		"29 February counts as 1 March":                {"2024-02-29T10:00:00Z", "2027-03-01T23:59:59Z", Standard},
		"and is over then":                             {"2024-02-29T10:00:00Z", "2027-03-02T00:00:00Z", Training},
		"28 February before a leap year ends that day": {"2021-02-28T10:00:00Z", "2024-02-29T00:00:00Z", Training},
		"days are UTC's, wherever the times are from":  {"2023-05-07T01:00:00+02:00", "2026-05-07T01:59:59+02:00", Standard},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CategoryOf(at(tt.acquired), at(tt.at)); got != tt.want {
				t.Errorf("%s at %s is %s, want %s", tt.acquired, tt.at, got, tt.want)
			}
		})
	}
}

func BenchmarkMeasureTheDemoInALargeArea(b *testing.B) {
	_, tiles := Demo(time.Now())
	aoi := areaOf(b, "POLYGON((11.9 51.4, 12.1 51.4, 12.1 51.55, 11.9 51.55, 11.9 51.4))")
	for b.Loop() {
		if _, err := Measure(tiles, aoi); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCoverALargeCountry(b *testing.B) {
	g := areaOf(b, "POLYGON((-4.5 48.3, 2.5 51, 8 48.9, 7.5 43.8, 3 42.5, -1.7 43.4, -4.5 48.3))").Geometry()
	for b.Loop() {
		if cells, err := Covers(g); err != nil || len(cells) < 15_000 {
			b.Fatal(len(cells), err)
		}
	}
}
