// Package imagery is the archive: acquisitions and their tiles in the vendor's
// grid, what a select finds among them, how much of each lies in an area of
// interest, and what a delivery of them is made of. It is pure: records in, records
// or bytes out. Storing is the core's, prices and limits are the core's, wire
// shapes of requests and answers are the ARD door's, copying to buckets is fulfil's.
//
// Cells and projections:
//
//	ParseCell(string) (Cell, error)            every spelling
//	NewCell(zone int, quadkey string) (Cell, error)
//	Cell: Zone Quadkey String Path GridCode EPSG UTM Bounds PixelBounds Outline Member Valid
//	Covers(geom.Geometry) ([]Cell, error)      those the geometry touches, data or none
//	UTM{Zone, South}: EPSG Forward Inverse     UTMOf(epsg int) (UTM, error)
//
// Areas of interest, each error an *AOIError with a sentence to show:
//
//	ParseAOI(wktOrGeoJSON string) (AOI, error)
//	AOIFromGeoJSON([]byte) (AOI, error)        geometry, Feature or FeatureCollection
//	AOIFromBBox([]float64) (AOI, error)        west, south, east, north
//	StoredAOI(wkt string) (AOI, error)         reads back AOI.WKT, asks no rules again
//	AOI: IsZero Geometry WKT GeoJSON BBox Cells
//
// Areas and ages:
//
//	Measure([]Tile, AOI) ([]Measured, error)   micro-km² of each (acquisition, cell)
//	DataArea(Tile) (float64, error)            square metres of the tile's data
//	CategoryOf(acquired, at time.Time) Category
//
// Selects, each error of parsing a *QueryError with a sentence to show:
//
//	ParseQuery([]byte) (Query, error)
//	ParseInterval(string) (Interval, error)
//	ParseCategories([]string) ([]Category, error)
//	Select([]Tile, Request) (Result, error)
//
// Records from outside, and the demo's:
//
//	Import([]byte) (Archive, error)            an *ImportError names feature and member
//	Demo(today time.Time) ([]Acquisition, []Tile)
//
// Deliveries:
//
//	Settings, DefaultSettings()
//	Files(Tile, Settings) []File               File: Name Asset MediaType Bytes
//	TileFolder(Tile), ItemPath(Tile), AcquisitionPath(catalogID), RootPath(order), RequestPath(order) string
//	Item(Delivery, Tile), AcquisitionCollection(Delivery, Acquisition), RootCollection(Delivery) ([]byte, error)
package imagery
