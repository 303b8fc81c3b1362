package imagery

import (
	"fmt"
	"regexp"
	"strconv"
)

const (
	zoom     = 12         // depth of the quadkey tree at which its squares are tiles
	cellEdge = 5000.0     // metres
	rootEdge = 20_480_000 // metres: edge of the tree's root square
	apron    = 156.25     // metres by which delivered pixels overshoot the cell on each side
	falseY   = 10_000_000 // metres added to northings south of the equator

	quadBits = 2 * zoom
	quadMask = 1<<quadBits - 1
)

// Cell is one square of 5 km of the ARD grid: its UTM zone and, below that, its
// quadkey of twelve digits at two bits each. Cells sort by zone, then quadkey, so
// cells that share a quadkey's head are a range. Zero is no cell.
type Cell int64

// NewCell returns the cell of a zone (1 to 60) and a quadkey of twelve digits 0 to 3.
func NewCell(zone int, quadkey string) (Cell, error) {
	if zone < 1 || zone > 60 {
		return 0, fmt.Errorf("zone %d is not one of the 60 UTM zones", zone)
	}
	if len(quadkey) != zoom {
		return 0, fmt.Errorf("quadkey %q does not have %d digits", clip(quadkey), zoom)
	}
	c := Cell(zone)
	for _, d := range []byte(quadkey) {
		if d < '0' || d > '3' {
			return 0, fmt.Errorf("quadkey %q has a digit other than 0, 1, 2 and 3", clip(quadkey))
		}
		c = c<<2 | Cell(d-'0')
	}
	return c, nil
}

// cellPattern takes Z10-120020223032, z10/120020223032, 10-…, and the STAC grid
// code MXRA-Z4-…, which alone writes a zone below ten with one digit.
var cellPattern = regexp.MustCompile(`^(?:(?:[Mm][Xx][Rr][Aa]-[Zz](\d{1,2})-)|(?:[Zz]?(\d\d)[-/]))([0-3]{12})$`)

// ParseCell reads every spelling of a cell: with or without Z of either case, a
// dash or a slash before the quadkey, and the STAC grid code.
func ParseCell(s string) (Cell, error) {
	m := cellPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no cell: want a zone and twelve digits 0 to 3, such as Z10-120020223032", clip(s))
	}
	zone, _ := strconv.Atoi(m[1] + m[2]) // digits by the pattern, one of the two empty
	return NewCell(zone, m[3])
}

// Valid reports whether the number names a cell.
func (c Cell) Valid() bool { return c > 0 && c.Zone() >= 1 && c.Zone() <= 60 }

// Zone is the number of the UTM zone, 1 to 60.
func (c Cell) Zone() int { return int(c >> quadBits) }

// Quadkey is the cell's path down the zone's tree: twelve digits, 0 north-west,
// 1 north-east, 2 south-west, 3 south-east.
func (c Cell) Quadkey() string {
	var q [zoom]byte
	for i := range q {
		q[i] = '0' + byte(c>>(quadBits-2-2*i)&3)
	}
	return string(q[:])
}

// String is the cell's id, such as Z04-122000312222.
func (c Cell) String() string { return fmt.Sprintf("Z%02d-%s", c.Zone(), c.Quadkey()) }

// Path is the spelling used in delivery paths, such as 04/122000312222.
func (c Cell) Path() string { return fmt.Sprintf("%02d/%s", c.Zone(), c.Quadkey()) }

// GridCode is the STAC grid code, whose zone has no leading zero: MXRA-Z4-122000312222.
func (c Cell) GridCode() string { return fmt.Sprintf("MXRA-Z%d-%s", c.Zone(), c.Quadkey()) }

// UTM is the projection the cell's coordinates are in.
func (c Cell) UTM() UTM { return UTM{Zone: c.Zone(), South: c>>(quadBits-1)&1 == 1} }

// EPSG is the code of UTM: 326zz north of the equator, 327zz south of it.
func (c Cell) EPSG() int { return c.UTM().EPSG() }

// index is the cell's column from the west and row from the north.
func (c Cell) index() (x, y int) {
	for i := zoom - 1; i >= 0; i-- {
		digit := int(c >> (2 * i) & 3)
		x, y = x<<1|digit&1, y<<1|digit>>1
	}
	return x, y
}

// gridBounds are the bounds in metres of the zone's northern projection, which
// the tree uses on both sides of the equator.
func (c Cell) gridBounds() Box {
	x, y := c.index()
	west := falseX - rootEdge/2 + float64(x)*cellEdge
	north := rootEdge/2 - float64(y)*cellEdge
	return Box{West: west, South: north - cellEdge, East: west + cellEdge, North: north}
}

// Bounds are the edges of the bare cell in metres of its UTM projection.
func (c Cell) Bounds() Box {
	b := c.gridBounds()
	if c.UTM().South {
		b.South += falseY
		b.North += falseY
	}
	return b
}

// PixelBounds are the edges of the delivered rasters: the cell and its apron.
func (c Cell) PixelBounds() Box { return c.Bounds().Widen(apron) }

// Box is a rectangle by its edges, in metres or degrees as its owner says.
type Box struct{ West, South, East, North float64 }

// Widen returns the box with d more on each side.
func (b Box) Widen(d float64) Box {
	return Box{West: b.West - d, South: b.South - d, East: b.East + d, North: b.North + d}
}

func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
