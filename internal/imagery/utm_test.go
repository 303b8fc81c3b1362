package imagery

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

func readTestdata(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestProjectionAgreesWithPROJInEveryZone(t *testing.T) {
	var points []struct {
		EPSG           int
		Lon, Lat, X, Y float64
	}
	readTestdata(t, "utm.json", &points)
	if len(points) < 500 {
		t.Fatalf("only %d points", len(points))
	}
	var worst float64
	for _, p := range points {
		u, err := UTMOf(p.EPSG)
		if err != nil {
			t.Fatal(err)
		}
		x, y := u.Forward(p.Lon, p.Lat)
		off := math.Hypot(x-p.X, y-p.Y)
		worst = max(worst, off)
		if !(off < 1e-6) {
			t.Errorf("EPSG:%d (%v, %v) is at %v, %v, %g m from %v, %v", p.EPSG, p.Lon, p.Lat, x, y, off, p.X, p.Y)
		}
		lon, lat := u.Inverse(p.X, p.Y)
		if d := math.Abs(math.Remainder(lon-p.Lon, 360)); !(d < 1e-10 && math.Abs(lat-p.Lat) < 1e-11) {
			t.Errorf("EPSG:%d (%v, %v) comes back as %v, %v", p.EPSG, p.Lon, p.Lat, lon, lat)
		}
	}
	t.Logf("worst of %d points: %g m", len(points), worst)
}

func TestEveryUTMProjectionHasOneCode(t *testing.T) {
	seen := map[int]bool{}
	for zone := 1; zone <= 60; zone++ {
		for _, south := range []bool{false, true} {
			u := UTM{Zone: zone, South: south}
			back, err := UTMOf(u.EPSG())
			if err != nil || back != u || seen[u.EPSG()] {
				t.Errorf("%+v is EPSG:%d, which is %+v, %v", u, u.EPSG(), back, err)
			}
			seen[u.EPSG()] = true
		}
	}
	for _, code := range []int{0, 4326, 32600, 32661, 32700, 32761, 326, -32610, 32810} {
		if u, err := UTMOf(code); err == nil {
			t.Errorf("EPSG:%d is read as %+v", code, u)
		}
	}
}

func TestZoneOfALongitude(t *testing.T) {
	for lon, want := range map[float64]int{-180: 1, -174.01: 1, -174: 2, 0: 31, -0.01: 30, 11.99: 32, 12: 33, 179.99: 60, 180: 1, 186.5: 2, -180.5: 60} {
		if got := ZoneAt(lon); got != want {
			t.Errorf("ZoneAt(%v) = %d, want %d", lon, got, want)
		}
	}
}
