package imagery

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// property is something a query can ask of a tile.
type property struct {
	form   string                        // what its values look like, to follow "it has to be"
	ranged bool                          // has an order, for lt, lte, gt and gte
	span   float64                       // of a number: the width of its usual values, for scores
	read   func(string) (string, bool)   // of a text: its one spelling; nil means a number
	of     func(*Selected) (value, bool) // false: the archive does not say
}

func number(span float64, of func(*Selected) *float64) property {
	return property{form: "a number", ranged: true, span: span, of: func(s *Selected) (value, bool) {
		if v := of(s); v != nil {
			return value{number: *v}, true
		}
		return value{}, false
	}}
}

func percent(of func(*Selected) float64) property {
	return number(100, func(s *Selected) *float64 { v := of(s); return &v })
}

func date(form, layout string, read func(string) (string, bool)) property {
	return property{form: form, ranged: true, read: read, of: func(s *Selected) (value, bool) {
		return value{text: s.Tile.At.UTC().Format(layout)}, true
	}}
}

// twoDigits takes 6, 06 and 6.0 for 06.
func twoDigits(most int) func(string) (string, bool) {
	return func(s string) (string, bool) {
		n, err := strconv.Atoi(strings.TrimSuffix(s, ".0"))
		return fmt.Sprintf("%02d", n), err == nil && n >= 1 && n <= most
	}
}

func monthDay(s string) (string, bool) {
	t, err := time.Parse("2006-01-02", "2000-"+s) // a leap year, so that 02-29 is a day
	return t.Format("01-02"), err == nil
}

func timesGSD(factor float64) func(*Selected) *float64 {
	return func(s *Selected) *float64 {
		if s.Tile.Properties.GSD == nil {
			return nil
		}
		v := *s.Tile.Properties.GSD * factor
		return &v
	}
}

// multi is the resolution of the colour bands, a quarter of the panchromatic one's;
// WorldView-1 has none.
func multi(s *Selected) *float64 {
	if PanOnly(s.Tile.Properties.Platform) {
		return nil
	}
	return timesGSD(4)(s)
}

var (
	offNadir = number(45, func(s *Selected) *float64 { return s.Tile.Properties.OffNadir })
	clouds   = percent(func(s *Selected) float64 { return s.Tile.Properties.CloudsPercent })
	pan      = number(1, timesGSD(1))
	colour   = number(4, multi)
)

var properties = map[string]property{
	"platform": {form: "a platform, such as worldview-02 or WV02", read: func(s string) (string, bool) { p := platformCode(s); return p, p != "" },
		of: func(s *Selected) (value, bool) {
			return value{text: platformCode(s.Tile.Properties.Platform)}, true
		}},
	"gsd":                        pan,
	"view:off_nadir":             offNadir,
	"off_nadir_min":              offNadir,
	"off_nadir_max":              offNadir,
	"view:azimuth":               number(360, func(s *Selected) *float64 { return s.Tile.Properties.Azimuth }),
	"view:incidence_angle":       number(45, func(s *Selected) *float64 { return s.Tile.Properties.Incidence }),
	"view:sun_azimuth":           number(360, func(s *Selected) *float64 { return s.Tile.Properties.SunAzimuth }),
	"view:sun_elevation":         number(90, func(s *Selected) *float64 { return s.Tile.Properties.SunElevation }),
	"eo:cloud_cover":             clouds,
	"tile:cloud_percentage":      clouds,
	"tile:clouds_percent":        clouds,
	"tile:cloud_free_percentage": percent((*Selected).CloudFreePercent),
	"tile:clouds_area":           number(25, func(s *Selected) *float64 { return &s.Tile.Properties.CloudsArea }),
	"tile:data_area":             number(25, func(s *Selected) *float64 { return &s.Tile.Properties.DataArea }),
	"tile:data_percentage":       percent((*Selected).TileDataPercent),
	"tile:no_data_percentage":    percent(func(s *Selected) float64 { return 100 - s.TileDataPercent() }),
	"aoi:data_area_sqkm":         number(25, func(s *Selected) *float64 { v := float64(s.Micro) / 1e6; return &v }),
	"aoi:data_percentage":        percent((*Selected).DataPercent),
	"aoi:cloud_free_percentage":  percent((*Selected).CloudFreePercent),
	"pan_resolution_min":         pan,
	"pan_resolution_avg":         pan,
	"pan_resolution_max":         pan,
	"multi_resolution_min":       colour,
	"multi_resolution_avg":       colour,
	"multi_resolution_max":       colour,
	"collect_month":              date(`a month, "01" to "12"`, "01", twoDigits(12)),
	"collect_day":                date(`a day of the month, "01" to "31"`, "02", twoDigits(31)),
	"collect_month_day":          date(`a month and day, such as "12-21"`, "01-02", monthDay),
}

// PropertyNames lists what a query can ask for, in order.
func PropertyNames() []string {
	out := make([]string, 0, len(properties))
	for name := range properties {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// platformNames are the long names of the satellites, by the short ones in tiles.
var platformNames = map[string]string{
	"WV01": "worldview-01", "WV02": "worldview-02", "WV03": "worldview-03", "WV04": "worldview-04", "GE01": "geoeye-01",
}

// PlatformName is a satellite's long name, such as worldview-02 for WV02. Names it
// does not know stay as they are.
func PlatformName(short string) string {
	if long, ok := platformNames[strings.ToUpper(short)]; ok {
		return long
	}
	return short
}

// PanOnly reports whether a satellite takes no colours.
func PanOnly(platform string) bool { return platformCode(platform) == "WV01" }

// platformCode is the one spelling by which platforms are compared.
func platformCode(s string) string {
	for short, long := range platformNames {
		if strings.EqualFold(s, short) || strings.EqualFold(s, long) || strings.EqualFold(s, strings.Replace(long, "-0", "-", 1)) {
			return short
		}
	}
	return strings.ToUpper(s)
}
