package imagery

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

const square = "POLYGON((12 45, 12.1 45, 12.1 45.1, 12 45.1, 12 45))"

func circle(n int) string {
	var b strings.Builder
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		fmt.Fprintf(&b, "%v %v, ", 12+0.1*c, 45+0.1*s)
	}
	return "POLYGON((" + b.String() + "12.1 45))"
}

func TestAreasOfInterestThatAreTaken(t *testing.T) {
	for name, text := range map[string]string{
		"WKT":                            square,
		"lower case WKT":                 strings.ToLower(square),
		"multipolygon":                   "MULTIPOLYGON(((12 45, 12.1 45, 12.1 45.1, 12 45)), ((13 45, 13.1 45, 13.1 45.1, 13 45)))",
		"collection of WKT":              "GEOMETRYCOLLECTION(" + square + ", POLYGON((12.05 45, 12.2 45, 12.2 45.1, 12.05 45.1, 12.05 45)))",
		"clockwise":                      "POLYGON((12 45, 12 45.1, 12.1 45.1, 12.1 45, 12 45))",
		"with a hole":                    "POLYGON((12 45, 12.1 45, 12.1 45.1, 12 45.1, 12 45), (12.04 45.04, 12.06 45.04, 12.06 45.06, 12.04 45.04))",
		"GeoJSON geometry":               `{"type":"Polygon","coordinates":[[[12,45],[12.1,45],[12.1,45.1],[12,45]]]}`,
		"GeoJSON feature":                ` {"type":"Feature","properties":{"a":[1]},"geometry":{"type":"Polygon","coordinates":[[[12,45],[12.1,45],[12.1,45.1],[12,45]]]}}`,
		"GeoJSON features":               `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[12,45],[12.1,45],[12.1,45.1],[12,45]]]}}]}`,
		"GeoJSON collection":             `{"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":[[[12,45],[12.1,45],[12.1,45.1],[12,45]]]}]}`,
		"up to the antimeridian":         "POLYGON((179.8 -17, 180 -17, 180 -16.8, 179.8 -16.8, 179.8 -17))",
		"both sides of the antimeridian": "MULTIPOLYGON(((179.8 -17, 180 -17, 180 -16.8, 179.8 -17)), ((-180 -17, -179.8 -17, -179.8 -16.8, -180 -17)))",
		"1000 vertices":                  circle(1000),
		"just large enough":              "POLYGON((0 0, 0.00901 0, 0.00901 0.00908, 0 0.00908, 0 0))",
		"Iceland":                        "POLYGON((-24 64, -14 64, -14 66.4, -24 66.4, -24 64))",
		"Northern Norway":                "POLYGON((24 70, 26 70, 26 71.2, 24 71.2, 24 70))",
		"Ellesmere's south":              "POLYGON((-88 76.5, -84 76.5, -84 77, -88 77, -88 76.5))",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ParseAOI(text)
			if err != nil {
				t.Fatal(err)
			}
			if a.IsZero() || !(a.areas.area() > 0) || a.Geometry().Validate() != nil {
				t.Errorf("%s", a.WKT())
			}
			back, err := StoredAOI(a.WKT())
			if err != nil || back.WKT() != a.WKT() {
				t.Errorf("stored as %s, read back as %s, %v", a.WKT(), back.WKT(), err)
			}
			if again, err := AOIFromGeoJSON(a.GeoJSON()); err != nil || again.WKT() != a.WKT() {
				t.Errorf("GeoJSON %s gives %s, %v", a.GeoJSON(), again.WKT(), err)
			}
		})
	}
}

func TestAreasOfInterestThatAreRefused(t *testing.T) {
	deep := strings.Repeat("GEOMETRYCOLLECTION(", 100_000) + strings.Repeat(")", 100_000)
	for name, tt := range map[string]struct {
		text string
		want AOIReason
	}{
		"nothing":                            {"", AOIUnreadable},
		"prose":                              {"all of Italy", AOIUnreadable},
		"half a polygon":                     {"POLYGON((12 45, 12.1 45", AOIUnreadable},
		"deep WKT":                           {deep, AOIUnreadable},
		"deep GeoJSON":                       {strings.Repeat(`{"type":"Feature","geometry":`, 5000), AOIUnreadable},
		"no JSON":                            {"{", AOIUnreadable},
		"a JSON object of another kind":      {`{"bbox":[1,2,3,4]}`, AOIUnreadable},
		"coordinates that are no numbers":    {`{"type":"Polygon","coordinates":[[["a",45],[12.1,45],[12.1,45.1],["a",45]]]}`, AOIUnreadable},
		"null coordinates":                   {`{"type":"Polygon","coordinates":null}`, AOIKind},
		"points of one coordinate":           {`{"type":"Polygon","coordinates":[[[12],[12.1],[12.2],[12]]]}`, AOIUnreadable},
		"a feature without geometry":         {`{"type":"Feature","geometry":null}`, AOIKind},
		"no features":                        {`{"type":"FeatureCollection","features":[]}`, AOIKind},
		"a point":                            {"POINT(12 45)", AOIKind},
		"a line":                             {"LINESTRING(12 45, 13 45)", AOIKind},
		"a polygon and a point":              {"GEOMETRYCOLLECTION(" + square + ", POINT(12 45))", AOIKind},
		"an empty polygon":                   {"POLYGON EMPTY", AOIKind},
		"three dimensions":                   {"POLYGON Z((12 45 0, 12.1 45 0, 12.1 45.1 0, 12 45 0))", AOIDimension},
		"latitude beyond the pole":           {"POLYGON((12 85, 12.1 85, 12.1 95, 12 85))", AOIRange},
		"latitude and longitude swapped":     {"POLYGON((45 120, 45 121, 46 121, 45 120))", AOIRange},
		"longitude beyond 180":               {"POLYGON((179 10, 181 10, 181 11, 179 10))", AOIRange},
		"across the antimeridian":            {"POLYGON((179 10, -179 10, -179 11, 179 11, 179 10))", AOIAntimeridian},
		"1001 vertices":                      {circle(1001), AOIVertices},
		"a bow tie":                          {"POLYGON((12 45, 12.1 45.1, 12.1 45, 12 45.1, 12 45))", AOIInvalid},
		"an open ring":                       {"POLYGON((12 45, 12.1 45, 12.1 45.1, 12 45.1))", AOIInvalid},
		"two points":                         {"POLYGON((12 45, 12.1 45, 12 45))", AOIInvalid},
		"the same point again and again":     {"POLYGON((12 45, 12 45, 12 45, 12 45))", AOIInvalid},
		"a hole outside":                     {"POLYGON((12 45, 12.1 45, 12.1 45.1, 12 45), (13 45, 13.1 45, 13.1 45.1, 13 45))", AOIInvalid},
		"under a square kilometre":           {"POLYGON((0 0, 0.0089 0, 0.0089 0.009, 0 0.009, 0 0))", AOITooSmall},
		"one polygon of two too small":       {"MULTIPOLYGON(((12 45, 12.1 45, 12.1 45.1, 12 45)), ((13 45, 13.001 45, 13.001 45.001, 13 45)))", AOITooSmall},
		"narrow, and turned":                 {"POLYGON((12 45, 12.3 45.3, 12.301 45.298, 12.001 44.998, 12 45))", AOITooNarrow},
		"Greenland's ice":                    {"POLYGON((-40 70, -39 70, -39 71, -40 71, -40 70))", AOINotCovered},
		"Nuuk":                               {"POLYGON((-51.8 64.1, -51.6 64.1, -51.6 64.25, -51.8 64.25, -51.8 64.1))", AOINotCovered},
		"an area that Greenland lies within": {"POLYGON((-80 55, -5 55, -5 79, -80 79, -80 55))", AOINotCovered},
		"the Arctic":                         {"POLYGON((60 80, 61 80, 61 81, 60 81, 60 80))", AOINotCovered},
		"Antarctica":                         {"POLYGON((60 -71, 61 -71, 61 -70, 60 -70, 60 -71))", AOINotCovered},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := ParseAOI(tt.text)
			var refused *AOIError
			if !errors.As(err, &refused) {
				t.Fatalf("%v, %v", a.WKT(), err)
			}
			if refused.Reason != tt.want || !strings.HasSuffix(refused.Msg, ".") || len(refused.Msg) > 300 {
				t.Errorf("%s: %s; want %s", refused.Reason, refused.Msg, tt.want)
			}
		})
	}
}

func TestBoundingBoxes(t *testing.T) {
	a, err := AOIFromBBox([]float64{12, 45, 12.1, 45.1})
	if err != nil || a.BBox() != [4]float64{12, 45, 12.1, 45.1} {
		t.Errorf("%v, %v", a.BBox(), err)
	}
	for name, tt := range map[string]struct {
		box  []float64
		want AOIReason
	}{
		"three numbers":           {[]float64{12, 45, 13}, AOIUnreadable},
		"across the antimeridian": {[]float64{179, 10, -179, 11}, AOIAntimeridian},
		"upside down":             {[]float64{12, 46, 13, 45}, AOIUnreadable},
		"no number":               {[]float64{math.NaN(), 45, 13, 46}, AOIRange},
		"without end":             {[]float64{12, 45, math.Inf(1), 46}, AOIRange},
		"a line":                  {[]float64{12, 45, 13, 45}, AOIInvalid},
		"the whole world":         {[]float64{-180, -90, 180, 90}, AOIAntimeridian},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := AOIFromBBox(tt.box)
			var refused *AOIError
			if !errors.As(err, &refused) || refused.Reason != tt.want {
				t.Errorf("%v, %v; want %s", a.BBox(), err, tt.want)
			}
		})
	}
}

func TestOverlappingPartsAreMeasuredOnce(t *testing.T) {
	twice := areaOf(t, "GEOMETRYCOLLECTION("+square+","+square+", POLYGON((12.05 45, 12.2 45, 12.2 45.1, 12.05 45.1, 12.05 45)))")
	once := areaOf(t, "POLYGON((12 45, 12.2 45, 12.2 45.1, 12 45.1, 12 45))")
	if d := twice.areas.area() - once.areas.area(); math.Abs(d) > 1e-12 {
		t.Errorf("%s is %v larger", twice.WKT(), d)
	}
}

func TestAnAreaOfTooManyCellsSaysSo(t *testing.T) {
	_, err := areaOf(t, "POLYGON((0 0, 40 0, 40 40, 0 40, 0 0))").Cells()
	var refused *AOIError
	if !errors.As(err, &refused) || refused.Reason != AOITooLarge {
		t.Errorf("%v", err)
	}
}

func FuzzParseAOI(f *testing.F) {
	f.Add(square)
	f.Add("GEOMETRYCOLLECTION(MULTIPOLYGON(((12 45, 12.1 45, 12.1 45.1, 12 45)), EMPTY), POLYGON EMPTY)")
	f.Add(`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[12,45],[12.1,45],[12.1,45.1],[12,45]]]}}]}`)
	f.Add(`{"type":"MultiPolygon","coordinates":[[[[12,45,1],[12.1,45,1],[1e308,45.1],[12,45]]]]}`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAOI(s)
		if err != nil {
			var refused *AOIError
			if !errors.As(err, &refused) {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		if back, err := StoredAOI(a.WKT()); err != nil || back.IsZero() {
			t.Errorf("%q was taken as %s, which reads back as %v", s, a.WKT(), err)
		}
	})
}
