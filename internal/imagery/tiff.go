package imagery

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/peterstace/simplefeatures/geom"
)

// pixels is the edge of stand-in rasters; on the ground a pixel is 83.0078125 m,
// which is exact in binary, so that their bounds are to the digit those of real ones.
const pixels = 64

// The classes of the cloud raster; the others have 1 where their mask has features.
const (
	classNoData = 0
	classClear  = 1
	classCloud  = 2
	classShadow = 3
)

// raster is how a raster looks: its bands and what a pixel has in each.
type raster struct {
	bands []band
	wide  bool // two bytes a sample rather than one
	rgb   bool
	at    func(band int, class byte, x, y float64, green bool) uint16 // of a pixel with data
}

// band is one band's name in STAC.
type band struct{ Name, Common, Description string }

var (
	visualRaster = raster{rgb: true, bands: []band{{"BAND_R", "red", "Red"}, {"BAND_G", "green", "Green"}, {"BAND_B", "blue", "Blue"}},
		at: func(b int, class byte, x, y float64, green bool) uint16 {
			return 1 + uint16(254*brightness(b, class, x, y, green))
		}}
	panRaster = raster{wide: true, bands: []band{{"BAND_P", "pan", "Pan"}},
		at: func(_ int, class byte, x, y float64, green bool) uint16 {
			return 1 + uint16(2000*brightness(3, class, x, y, green))
		}}
	msRaster = raster{wide: true, bands: []band{{"BAND_C", "coastal", "Coastal Blue"}, {"BAND_B", "blue", "Blue"}, {"BAND_G", "green", "Green"},
		{"BAND_Y", "yellow", "Yellow"}, {"BAND_R", "red", "Red"}, {"BAND_RE", "rededge", "Red Edge"}, {"BAND_N", "nir08", "Near Infrared 1"}, {"BAND_N2", "nir09", "Near Infrared 2"}},
		at: func(b int, class byte, x, y float64, green bool) uint16 {
			return 1 + uint16(2000*brightness(4+b, class, x, y, green))
		}}
	cloudRaster = raster{bands: []band{{"BAND_CM", "", "Clouds/Cloud Shadows Mask"}},
		at: func(_ int, class byte, _, _ float64, _ bool) uint16 { return uint16(class) }}
	vegetationRaster = raster{bands: []band{{"BAND_HV", "", "Healthy Vegetation Mask"}},
		at: func(_ int, _ byte, _, _ float64, green bool) uint16 {
			if green {
				return 1
			}
			return 0
		}}
	emptyRaster = raster{bands: []band{{"BAND_M", "", "Mask"}},
		at: func(int, byte, float64, float64, bool) uint16 { return 0 }}
)

// brightness, 0 … 1, is a pattern of fields that goes on over the borders of tiles.
func brightness(kind int, class byte, x, y float64, green bool) float64 {
	v := 0.35 + 0.1*math.Sin(x/610)*math.Cos(y/740) + 0.05*math.Sin((x+y)/260+float64(kind))
	if green && (kind == 1 || kind >= 9) { // the eye's green, and red edge and infrared
		v += 0.15
	}
	switch class {
	case classCloud:
		return min(1, v/5+0.8)
	case classShadow:
		return v / 2
	}
	return v
}

// samples fills the raster, bands of a pixel together.
func (r *raster) samples(s scene) []byte {
	data, clouds, shadows, fields := ringsOf(s.data), ringsOf(s.clouds), ringsOf(s.shadows), ringsOf(s.vegetation)
	b := s.tile.Cell.PixelBounds()
	step := (b.East - b.West) / pixels
	out := make([]byte, 0, pixels*pixels*len(r.bands)*2)
	for row := range pixels {
		for col := range pixels {
			p := geom.XY{X: b.West + (float64(col)+0.5)*step, Y: b.North - (float64(row)+0.5)*step}
			class := byte(classNoData)
			if data.holds(p) {
				switch {
				case clouds.holds(p):
					class = classCloud
				case shadows.holds(p):
					class = classShadow
				default:
					class = classClear
				}
			}
			for i := range r.bands {
				var v uint16
				if class != classNoData {
					v = r.at(i, class, p.X, p.Y, fields.holds(p))
				}
				if r.wide {
					out = binary.LittleEndian.AppendUint16(out, v)
				} else {
					out = append(out, byte(v))
				}
			}
		}
	}
	return out
}

// Field types of TIFF.
const (
	tiffASCII  = 2
	tiffShort  = 3
	tiffLong   = 4
	tiffDouble = 12
)

// entry is one field of a TIFF directory.
type entry struct {
	tag, kind uint16
	count     uint32
	data      []byte
}

func shorts(tag uint16, v ...uint16) entry {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint16(b, n)
	}
	return entry{tag, tiffShort, uint32(len(v)), b}
}

func long(tag uint16, v uint32) entry {
	return entry{tag, tiffLong, 1, binary.LittleEndian.AppendUint32(nil, v)}
}

func doubles(tag uint16, v ...float64) entry {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(n))
	}
	return entry{tag, tiffDouble, uint32(len(v)), b}
}

func ascii(tag uint16, s string) entry {
	return entry{tag, tiffASCII, uint32(len(s) + 1), append([]byte(s), 0)}
}

// same is n times the same value.
func same(n int, v uint16) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// tiff writes the raster as a GeoTIFF of one deflated tile behind its directory,
// which makes it a cloud optimized one too; it is too small for overviews.
func (r *raster) tiff(s scene) ([]byte, error) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(r.samples(s)); err != nil {
		return nil, fmt.Errorf("compressing pixels: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compressing pixels: %w", err)
	}
	n := len(r.bands)
	bits, photometric, extra := uint16(8), uint16(1), n-1
	if r.wide {
		bits = 16
	}
	if r.rgb {
		photometric, extra = 2, n-3
	}
	b := s.tile.Cell.PixelBounds()
	step := (b.East - b.West) / pixels
	entries := []entry{ // in order of their tags, as the format wants them
		shorts(256, pixels), shorts(257, pixels), // width, length
		shorts(258, same(n, bits)...),
		shorts(259, 8), // deflate
		shorts(262, photometric),
		shorts(277, uint16(n)),                      // samples a pixel
		shorts(284, 1),                              // together
		shorts(322, pixels),                         // tile width
		shorts(323, pixels),                         // tile length
		long(324, 0),                                // tile offset, set below
		long(325, uint32(packed.Len())),             // tile bytes
		shorts(338, same(extra, 0)...),              // further samples: unspecified
		shorts(339, same(n, 1)...),                  // unsigned numbers
		doubles(33550, step, step, 0),               // pixel scale
		doubles(33922, 0, 0, 0, b.West, b.North, 0), // pixel (0, 0) is the north-west corner
		shorts(34735, 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, uint16(s.tile.Cell.EPSG())), // projected, pixels are areas, EPSG
		ascii(42113, "0"), // GDAL's no data value
	}
	if extra == 0 {
		entries = append(entries[:11], entries[12:]...)
	}
	return assemble(entries, packed.Bytes()), nil
}

// assemble lays out header, directory, the fields' longer values, and the tile.
func assemble(entries []entry, tile []byte) []byte {
	const header = 8
	values := header + 2 + 12*len(entries) + 4
	size := values
	for _, e := range entries {
		if len(e.data) > 4 {
			size += (len(e.data) + 7) &^ 7
		}
	}
	size = (size + 7) &^ 7 // where the tile begins
	out := append(make([]byte, 0, size+len(tile)), 'I', 'I', 42, 0, header, 0, 0, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(entries)))
	var rest []byte
	for _, e := range entries {
		if e.tag == 324 {
			e.data = binary.LittleEndian.AppendUint32(nil, uint32(size))
		}
		out = binary.LittleEndian.AppendUint16(out, e.tag)
		out = binary.LittleEndian.AppendUint16(out, e.kind)
		out = binary.LittleEndian.AppendUint32(out, e.count)
		if len(e.data) <= 4 {
			out = append(out, e.data...)
			out = append(out, make([]byte, 4-len(e.data))...)
			continue
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(values+len(rest)))
		rest = append(rest, e.data...)
		rest = append(rest, make([]byte, (8-len(e.data)%8)%8)...)
	}
	out = append(out, 0, 0, 0, 0) // no further directory
	out = append(out, rest...)
	out = append(out, make([]byte, size-len(out))...)
	return append(out, tile...)
}
