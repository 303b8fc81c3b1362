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
//	Covers(geom.Geometry) ([]Cell, error)      those the geometry touches, data or none; at most MaxCells
//	UTM{Zone, South}: EPSG Forward Inverse     UTMOf(epsg int), ZoneAt(longitude)
//
// Areas of interest, each error an *AOIError with its Reason and a sentence to show:
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
//	DataArea(Tile) (float64, error)            square metres of the tile's data; CutTenth shows it
//	CategoryOf(acquired, at time.Time) Category, Tile.Category(at), Categories()
//
// Selects, each error of parsing a *QueryError with its Field and a sentence to show:
//
//	ParseQuery([]byte) (Query, error)          PropertyNames() lists what it knows
//	ParseInterval(string) (Interval, error)
//	ParseCategories([]string) ([]Category, error)
//	Select([]Tile, Request) (Result, error)    Result: Stacks Depth Acquisitions Micro Missing Tiles
//	Selected: DataPercent TileDataPercent CloudFreePercent
//	PlatformName(short), PanOnly(platform)
//
// Records from outside, and the demo's. Both leave ids zero; the core gives them:
//
//	Import([]byte) (Archive, error)            faults are *ImportError, joined: each names feature and member
//	Demo(today time.Time) ([]Acquisition, []Tile)
//
// Deliveries. Paths are relative to the order's prefix:
//
//	Settings, DefaultSettings()
//	Files(Tile, Settings) []File               File: Name Asset MediaType Source Bytes()
//	FilePath(Tile, File), ItemPath(Tile), TileFolder(Tile), AcquisitionPath(catalogID), RootPath(order), RequestPath(order)
//	Delivery{Order, Settings, Tiles}: Item(Tile) AcquisitionCollection(catalogID) RootCollection() CatalogIDs()
//
// How a select ranks the tiles of a cell: each lt, lte, gt and gte clause on a number
// gives 0 to 1, the distance by which the tile stands inside the bound as a share of
// the property's usual width (100 for per cent, 45 degrees for off-nadir and incidence
// angles, 90 for the sun's elevation, 360 for azimuths, 1 m and 4 m for resolutions,
// 25 km² for areas); the score is their mean. The highest come first, and of equal
// ones the newest. Without such clauses the newest come first.
package imagery
