package imagery

import (
	"math"
	"slices"
	"testing"

	"github.com/peterstace/simplefeatures/geom"
)

func cellOf(t testing.TB, s string) Cell {
	t.Helper()
	c, err := ParseCell(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEverySpellingOfACellIsTheSameCell(t *testing.T) {
	want := cellOf(t, "Z04-122000312222")
	for _, s := range []string{"z04-122000312222", "04-122000312222", "04/122000312222", "Z04/122000312222", "MXRA-Z4-122000312222", "MXRA-Z04-122000312222"} {
		if got, err := ParseCell(s); err != nil || got != want {
			t.Errorf("ParseCell(%q) = %v, %v", s, got, err)
		}
	}
	for got, want := range map[string]string{
		want.String(): "Z04-122000312222", want.Path(): "04/122000312222", want.GridCode(): "MXRA-Z4-122000312222", want.Quadkey(): "122000312222",
	} {
		if got != want {
			t.Errorf("spelled %s, want %s", got, want)
		}
	}
}

func TestWhatIsNoCellIsRefused(t *testing.T) {
	for _, s := range []string{"", "Z04", "Z04-12200031222", "Z04-1220003122222", "Z04-122000312224", "Z00-122000312222", "Z61-122000312222",
		"4-122000312222", "Z04 122000312222", "ZZ04-122000312222", "Z04-122000312222\n", "Z٠٤-122000312222"} {
		if c, err := ParseCell(s); err == nil {
			t.Errorf("ParseCell(%q) = %v", s, c)
		}
	}
	if Cell(0).Valid() || Cell(61<<24).Valid() || Cell(-1).Valid() || !Cell(1<<24).Valid() || !Cell(60<<24|quadMask).Valid() {
		t.Error("Valid does not tell cells from other numbers")
	}
}

func TestCellsLieWhereTheGridPutsThem(t *testing.T) {
	for s, want := range map[string]struct {
		epsg int
		Box
	}{
		"Z10-120020223032": {32610, Box{550000, 4180000, 555000, 4185000}},
		"Z17-031313123113": {32617, Box{415000, 3390000, 420000, 3395000}},
	} {
		c := cellOf(t, s)
		if c.EPSG() != want.epsg || c.Bounds() != want.Box {
			t.Errorf("%s is EPSG:%d %v, want %v", s, c.EPSG(), c.Bounds(), want)
		}
	}
	if got, want := cellOf(t, "Z10-120020223032").PixelBounds(), (Box{549843.75, 4179843.75, 555156.25, 4185156.25}); got != want {
		t.Errorf("pixels reach %v, want %v", got, want)
	}
}

type coverData struct {
	Members []struct {
		Cell     string
		Bounds   [4]float64
		Member   bool
		Geometry [][2]float64
	}
	Covers []struct {
		Name, WKT string
		Cells     []string
	}
}

func TestMembersOfAZoneAreThoseOfTheVendorsGrid(t *testing.T) {
	var data coverData
	readTestdata(t, "cover.json", &data)
	for _, m := range data.Members {
		c := cellOf(t, m.Cell)
		b := c.Bounds()
		if (b != Box{m.Bounds[0], m.Bounds[1], m.Bounds[2], m.Bounds[3]}) {
			t.Errorf("%s has bounds %v, want %v", c, b, m.Bounds)
		}
		if got := c.Member(); got != m.Member {
			t.Errorf("%s: member %v, want %v", c, got, m.Member)
		}
		for _, p := range c.corners() {
			if !slices.ContainsFunc(m.Geometry, func(q [2]float64) bool {
				return math.Abs(math.Remainder(p.X-q[0], 360)) < 1e-9 && math.Abs(p.Y-q[1]) < 1e-9
			}) {
				t.Errorf("%s has a corner at %v, want one of %v", c, p, m.Geometry)
			}
		}
	}
}

func TestCoversAreThoseOfTheVendorsGrid(t *testing.T) {
	var data coverData
	readTestdata(t, "cover.json", &data)
	for _, tt := range data.Covers {
		t.Run(tt.Name, func(t *testing.T) {
			g, err := geom.UnmarshalWKT(tt.WKT)
			if err != nil {
				t.Fatal(err)
			}
			cells, err := Covers(g)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range cells {
				got = append(got, c.String())
			}
			if !slices.Equal(got, tt.Cells) {
				t.Errorf("%d cells, want %d:\n%v\n%v", len(got), len(tt.Cells), got, tt.Cells)
			}
		})
	}
}

func TestACellAcrossTheAntimeridianIsOutlinedOnBothSides(t *testing.T) {
	c, err := Covers(geom.NewPoint(geom.Coordinates{XY: geom.XY{X: -179.999, Y: -17}}).AsGeometry())
	if err != nil || len(c) != 1 {
		t.Fatalf("%v, %v", c, err)
	}
	g := c[0].Outline()
	if !g.IsMultiPolygon() || g.Validate() != nil || g.Area() > 0.01 {
		t.Errorf("%s is %s", c[0], g.AsText())
	}
	if plain := cellOf(t, "Z10-120020223032").Outline(); !plain.IsPolygon() || plain.Validate() != nil {
		t.Errorf("a plain cell is %s", plain.AsText())
	}
}

func TestAnAreaOfTooManyCellsIsRefusedSoon(t *testing.T) {
	if cells, err := Covers(asPolygon(Box{West: -120, South: 20, East: 60, North: 70}.ring()).AsGeometry()); err == nil {
		t.Errorf("%d cells", len(cells))
	}
}

func FuzzParseCell(f *testing.F) {
	f.Add("Z10-120020223032")
	f.Add("mxra-z4-122000312222")
	f.Add("60/333333333333")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCell(s)
		if err != nil {
			return
		}
		if back, err := ParseCell(c.String()); !c.Valid() || err != nil || back != c {
			t.Errorf("%q is %v, which reads back as %v, %v", s, c, back, err)
		}
	})
}
