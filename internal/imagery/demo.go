package imagery

import (
	"math"
	"time"

	"github.com/peterstace/simplefeatures/geom"
)

// pass is one acquisition of the demo's archive.
type pass struct {
	id       string // in the form that the vendor's client reads in paths
	platform string
	days     int     // before today
	clock    string  // time of day, UTC
	east     float64 // km from the place's middle to the strip's
	north    float64
	width    float64 // km across the strip
	length   float64 // km along it
	turn     float64 // degrees clockwise from north
	offNadir float64
	clouds   float64 // per cent over the whole strip
}

// place is a part of the world that the demo's satellites look at.
type place struct {
	lon, lat float64
	passes   []pass
}

// places are Albuquerque; Brisbane, in the south; and Halle, where UTM zones 32 and
// 33 meet. Each has images of every age, in stacks, with strips that leave cells
// partly empty, with and without clouds, and with views beyond 30 degrees off nadir.
var places = []place{
	{lon: -106.6, lat: 35.25, passes: []pass{
		{"10300100EA41D300", "WV02", 4, "17:58:12", 0, 0, 16, 24, 8, 11.4, 2},
		{"10400100B2C71E00", "WV03", 23, "18:04:40", 2.5, 1, 13, 26, 10, 22.8, 14},
		{"10500100C9D02A00", "GE01", 71, "17:49:03", -3, -2, 15, 22, 6, 31.9, 37},
		{"10300100D15B4C00", "WV02", 160, "18:01:55", 1, -1.5, 16, 28, 9, 17.2, 0},
		{"10200100A06E7D00", "WV01", 540, "18:22:31", -1, 2, 17, 24, 7, 25.6, 8},
		{"10400100783F9100", "WV03", 1340, "17:55:47", 0.5, 0, 13, 25, 11, 8.3, 5},
		{"1030010051D8E200", "WV02", 2480, "17:46:20", -2, 1, 16, 22, 8, 28.1, 61},
	}},
	{lon: 152.95, lat: -27.45, passes: []pass{
		{"10300100E2A90300", "WV02", 9, "00:12:33", 0, 0, 16, 22, 170, 14.9, 9},
		{"10400100C5174800", "WV03", 38, "00:20:05", -2, 2, 13, 26, 168, 6.2, 27},
		{"10500100B83C6D00", "GE01", 84, "00:03:51", 3, -1, 15, 20, 172, 19.4, 1},
		{"10300100B7720E00", "WV02", 210, "00:15:28", 1, 1, 16, 25, 171, 33.5, 12},
		{"104001009A64F500", "WV03", 905, "00:18:16", -1, -2.5, 13, 24, 169, 12.7, 45},
		{"10300100662B8700", "WV02", 1510, "00:09:44", 0, 1.5, 16, 26, 170, 20.6, 3},
	}},
	{lon: 12.0, lat: 51.48, passes: []pass{
		{"10300100F03D5900", "WV02", 2, "10:31:19", 0, 0, 16, 24, 9, 9.8, 6},
		{"10400100DD8A2100", "WV03", 17, "10:44:02", 2, -1, 13, 25, 12, 27.3, 18},
		{"10500100D4E61B00", "GE01", 55, "10:27:36", -2.5, 2, 15, 22, 7, 15.5, 33},
		{"10300100C8FA7400", "WV02", 130, "10:36:48", 1.5, 0.5, 16, 26, 10, 30.8, 0},
		{"10400100A17C0D00", "WV03", 480, "10:41:11", -1, -2, 13, 24, 11, 18.9, 22},
		{"103001008E054200", "WV02", 1020, "10:29:57", 0.5, 1, 16, 22, 8, 21.7, 50},
		{"105001003B96A800", "GE01", 1890, "10:24:05", 0, -0.5, 15, 25, 9, 12.2, 4},
	}},
}

// Demo makes the archive of the demo: the same for the same UTM day, and from one
// day to the next the same but for its dates, which keep their distance from today.
func Demo(today time.Time) ([]Acquisition, []Tile) {
	y, m, d := today.UTC().Date()
	var tiles []Tile
	for _, at := range places {
		for _, p := range at.passes {
			clock, err := time.Parse(time.TimeOnly, p.clock)
			if err != nil {
				panic("demo: " + err.Error()) // a slip in the table above; the tests walk it
			}
			taken := time.Date(y, m, d-p.days, clock.Hour(), clock.Minute(), clock.Second(), 0, time.UTC)
			tiles = append(tiles, p.tiles(at, taken)...)
		}
	}
	archive, err := gather(tiles)
	if err != nil {
		panic("demo: " + err.Error()) // outlines were made above
	}
	return archive.Acquisitions, archive.Tiles
}

// strip is the ground the pass saw, in longitude and latitude.
func (p pass) strip(at place) rings {
	sin, cos := math.Sincos(p.turn * math.Pi / 180)
	ring := Box{West: -p.width / 2, South: -p.length / 2, East: p.width / 2, North: p.length / 2}.ring()
	for i, c := range ring {
		x, y := mercator(at.lon, at.lon, at.lat)
		x += 1000 * (p.east + c.X*cos + c.Y*sin)
		y += 1000 * (p.north - c.X*sin + c.Y*cos)
		ring[i].X, ring[i].Y = mercatorInverse(at.lon, x, y)
	}
	return rings{ring}
}

// tiles cuts the pass into the cells it touches.
func (p pass) tiles(at place, taken time.Time) []Tile {
	strip := p.strip(at)
	cells, err := Covers(asPolygon(strip[0]).AsGeometry())
	if err != nil {
		panic("demo: " + err.Error()) // twenty kilometres cannot be too large
	}
	var out []Tile
	_, top := mercator(at.lon, at.lon, at.lat+1)
	for i, c := range cells {
		u := c.UTM()
		data := strip.each(func(q geom.XY) geom.XY {
			x, y := u.Forward(q.X, q.Y)
			return geom.XY{X: math.Round(x*1000) / 1000, Y: math.Round(y*1000) / 1000}
		}).inside(c.PixelBounds())
		if len(data) == 0 || data.area() < 0.05e6 {
			continue
		}
		g := asPolygon(data[0]).AsGeometry().ForceCCW()
		lon, lat := u.Inverse((c.Bounds().West+c.Bounds().East)/2, (c.Bounds().South+c.Bounds().North)/2)
		_, y := mercator(at.lon, lon, lat)
		out = append(out, Tile{
			Cell: c, CatalogID: p.id, At: taken.Add(time.Duration((top-y)/20_000) * time.Second), // the scan runs south at 20 km or so a second
			Data: g.AsBinary(), Outline: geographic(c, g).AsBinary(), Properties: p.figures(i, data.area(), lat),
		})
	}
	return out
}

// figures are a tile's: near those of its pass, each tile a little apart.
func (p pass) figures(i int, area, lat float64) Properties {
	wave := math.Sin(float64(i)*2.4 + p.offNadir) // -1 … 1, the same in every world
	tenth := func(v float64) *float64 { v = math.Round(v*10) / 10; return &v }
	gsd := math.Round(100*(resolution[p.platform]/math.Cos(p.offNadir*math.Pi/180))) / 100
	percent := math.Floor(min(100, max(0, p.clouds*(1+0.8*wave))))
	return Properties{
		Platform: p.platform, GSD: &gsd,
		OffNadir: tenth(p.offNadir + 0.3*wave), Incidence: tenth(90 - 1.12*(p.offNadir+0.3*wave)), Azimuth: tenth(math.Mod(97+p.turn*3+40*wave, 360)),
		SunAzimuth: tenth(sunAzimuth(lat) + wave), SunElevation: tenth(68 - 0.5*math.Abs(lat) + wave),
		DataArea: CutTenth(area), CloudsArea: CutTenth(area * percent / 100), CloudsPercent: percent, Version: "0.0.1",
	}
}

// resolution in metres straight below.
var resolution = map[string]float64{"WV01": 0.5, "WV02": 0.46, "WV03": 0.31, "GE01": 0.41}

// sunAzimuth in the late morning: south-east north of the equator, north-east south of it.
func sunAzimuth(lat float64) float64 {
	if lat < 0 {
		return 52
	}
	return 151
}
