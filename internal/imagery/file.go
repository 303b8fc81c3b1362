package imagery

import (
	"fmt"

	"github.com/peterstace/simplefeatures/geom"
)

// File is one file of a delivered tile, beside its item in the tile's folder.
type File struct {
	Name      string // such as 103001007B478000-visual.tif
	Asset     string // its key in the item
	MediaType string
	Source    string // where the archive has it; empty: Bytes makes a stand-in
	product   product
	tile      Tile
}

const (
	typeCOG        = "image/tiff; application=geotiff; profile=cloud-optimized"
	typeGeoPackage = "application/geopackage+sqlite3"
)

// product is a kind of file: which switch orders it and what is in it.
type product struct {
	suffix  string // of the file's name, with extension
	asset   string
	title   string
	ordered func(Settings) bool
	colours bool // needs a sensor with colours
	raster  *raster
	mask    func(scene) geom.Geometry // in metres of the cell's projection; nil for rasters
}

func (p product) mediaType() string {
	if p.raster != nil {
		return typeCOG
	}
	return typeGeoPackage
}

func nothing(scene) geom.Geometry { return geom.MultiPolygon{}.AsGeometry() }

// products are all files, in the order of the vendor's documentation; the names of
// flare, water and terrain files are ours, made like the others.
var products = []product{
	{suffix: "visual.tif", asset: "visual", title: "Visual (RGB) Image", ordered: func(s Settings) bool { return s.Visual }, colours: true, raster: &visualRaster},
	{suffix: "pan.tif", asset: "pan_analytic", title: "Panchromatic Image", ordered: func(s Settings) bool { return s.PanAnalytic }, raster: &panRaster},
	{suffix: "ms.tif", asset: "ms_analytic", title: "Multispectral Image", ordered: func(s Settings) bool { return s.MSAnalytic }, colours: true, raster: &msRaster},
	{suffix: "clouds.tif", asset: "cloud-mask-raster", title: "Cloud/Cloud Shadow Coverage Raster", ordered: cloudFiles, raster: &cloudRaster},
	{suffix: "cloud-mask.gpkg", asset: "cloud-mask", title: "Cloud Coverage Polygons", ordered: cloudFiles, mask: func(s scene) geom.Geometry { return s.clouds }},
	{suffix: "cloud-shadow-mask.gpkg", asset: "cloud-shadow-mask", title: "Cloud Shadow Coverage Polygons", ordered: cloudFiles, mask: func(s scene) geom.Geometry { return s.shadows }},
	{suffix: "data-mask.gpkg", asset: "data-mask", title: "Valid Data Polygons", ordered: func(s Settings) bool { return s.DataMask }, mask: func(s scene) geom.Geometry { return s.data }},
	{suffix: "healthy-vegetation.tif", asset: "healthy-vegetation", title: "Healthy Vegetation Raster", ordered: vegetationFiles, colours: true, raster: &vegetationRaster},
	{suffix: "healthy-vegetation-mask.gpkg", asset: "healthy-vegetation-mask", title: "Healthy Vegetation Polygons", ordered: vegetationFiles, colours: true, mask: func(s scene) geom.Geometry { return s.vegetation }},
	{suffix: "ms-saturation.tif", asset: "ms-saturation", title: "Multispectral Saturation Raster", ordered: func(s Settings) bool { return s.MSSaturationMask }, colours: true, raster: &emptyRaster},
	{suffix: "ms-saturation-mask.gpkg", asset: "ms-saturation-mask", title: "Multispectral Saturation Polygons", ordered: func(s Settings) bool { return s.MSSaturationMask }, colours: true, mask: nothing},
	{suffix: "pan-flare.tif", asset: "pan-flare", title: "Panchromatic Flare Raster", ordered: func(s Settings) bool { return s.PanFlareMask }, raster: &emptyRaster},
	{suffix: "pan-flare-mask.gpkg", asset: "pan-flare-mask", title: "Panchromatic Flare Polygons", ordered: func(s Settings) bool { return s.PanFlareMask }, mask: nothing},
	{suffix: "terrain-shadows.tif", asset: "terrain-shadows", title: "Terrain Shadow Raster", ordered: func(s Settings) bool { return s.TerrainShadowMask }, raster: &emptyRaster},
	{suffix: "terrain-shadow-mask.gpkg", asset: "terrain-shadow-mask", title: "Terrain Shadow Polygons", ordered: func(s Settings) bool { return s.TerrainShadowMask }, mask: nothing},
	{suffix: "water.tif", asset: "water", title: "Water Raster", ordered: func(s Settings) bool { return s.WaterMask }, raster: &emptyRaster},
	{suffix: "water-mask.gpkg", asset: "water-mask", title: "Water Polygons", ordered: func(s Settings) bool { return s.WaterMask }, mask: nothing},
}

func cloudFiles(s Settings) bool      { return s.CloudMask }
func vegetationFiles(s Settings) bool { return s.HealthyVegetationMask }

// Files are those that the settings ask for, as far as the sensor has them: without
// colours there are no visual, multispectral, vegetation and saturation files. Of a
// tile whose archive names its files, only those named there.
func Files(t Tile, s Settings) []File {
	var out []File
	for _, p := range products {
		if !p.ordered(s) || p.colours && PanOnly(t.Properties.Platform) {
			continue
		}
		source := t.Properties.Assets[p.asset]
		if len(t.Properties.Assets) > 0 && source == "" {
			continue
		}
		out = append(out, File{Name: t.CatalogID + "-" + p.suffix, Asset: p.asset, MediaType: p.mediaType(), Source: source, product: p, tile: t})
	}
	return out
}

// Bytes makes the file: small, with true georeferencing, and the same each time.
func (f File) Bytes() ([]byte, error) {
	s, err := newScene(f.tile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if f.product.raster != nil {
		return f.product.raster.tiff(s)
	}
	return geoPackage(s.tile, f.product.title, f.product.mask(s))
}

// scene is what the stand-in pixels of a tile show. Archives tell how much of a tile
// is cloudy but not where, so the clouds take that share from the north of the data,
// their shadow a strip below, and green fields a part of the south.
type scene struct {
	tile                              Tile
	data, clouds, shadows, vegetation geom.Geometry
}

const shadowDepth = 150 // metres

func newScene(t Tile) (scene, error) {
	none := nothing(scene{})
	s := scene{tile: t, clouds: none, shadows: none, vegetation: none}
	err := guard("data of the tile", func() (err error) {
		s.data, err = geom.UnmarshalWKB(t.Data, geom.NoValidate{})
		return err
	})
	if err != nil {
		return s, err
	}
	r := ringsOf(s.data)
	b, ok := r.bounds()
	if !ok {
		return s, fmt.Errorf("the data of tile %s has no polygon", t.Cell)
	}
	cloudy := t.Properties.CloudsPercent / 100
	edge := b.North
	if cloudy > 0 {
		edge = r.parallel(1 - cloudy)
		s.clouds = s.band(edge, b.North)
		s.shadows = s.band(max(b.South, edge-shadowDepth), edge)
	}
	if green := min(0.25, (1-cloudy)/2); green > 0 {
		if y := r.parallel(green); y < edge-shadowDepth {
			s.vegetation = s.band(b.South, y)
		}
	}
	return s, nil
}

// parallel is the y below which a share of the area lies.
func (r rings) parallel(share float64) float64 {
	b, _ := r.bounds()
	whole := r.area()
	low, high := b.South, b.North
	for range 40 { // halves 5 km to less than a micrometre
		y := (low + high) / 2
		if r.inside(Box{West: b.West, South: b.South, East: b.East, North: y}).area() < share*whole {
			low = y
		} else {
			high = y
		}
	}
	return (low + high) / 2
}

// band is the data between two northings.
func (s scene) band(south, north float64) geom.Geometry {
	b, _ := ringsOf(s.data).bounds()
	if north <= south {
		return nothing(s)
	}
	window := asPolygon(Box{West: b.West - 1, South: south, East: b.East + 1, North: north}.ring()).AsGeometry()
	out := nothing(s)
	err := guard("cutting a band", func() (err error) {
		out, err = geom.Intersection(s.data, window)
		return err
	})
	if err != nil { // a stand-in without clouds is better than none
		return nothing(s)
	}
	var parts []geom.Polygon
	for _, p := range out.Dump() {
		if p.IsPolygon() && !p.IsEmpty() {
			parts = append(parts, p.MustAsPolygon())
		}
	}
	return geom.NewMultiPolygon(parts).AsGeometry()
}
