package imagery

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/peterstace/simplefeatures/geom"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// geoPackageSchema is what the OGC GeoPackage standard 1.3 wants of a file with one
// table of features; 1196444487 is GPKG in ASCII.
const geoPackageSchema = `
PRAGMA page_size = 1024;
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
	organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
	last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
	CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
	z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
	CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE mask (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON);
INSERT INTO gpkg_spatial_ref_sys VALUES
	('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
	('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
`

const geographicWKT = `GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],` +
	`PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]`

func (u UTM) name() string {
	if u.South {
		return fmt.Sprintf("WGS 84 / UTM zone %dS", u.Zone)
	}
	return fmt.Sprintf("WGS 84 / UTM zone %dN", u.Zone)
}

// wkt is the projection in the well-known text that GeoPackages hold.
func (u UTM) wkt() string {
	northing := 0
	if u.South {
		northing = falseY
	}
	return fmt.Sprintf(`PROJCS["%s",%s,PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",%d],`+
		`PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",%d],PARAMETER["false_northing",%d],UNIT["metre",1,AUTHORITY["EPSG","9001"]],`+
		`AXIS["Easting",EAST],AXIS["Northing",NORTH],AUTHORITY["EPSG","%d"]]`, u.name(), geographicWKT, u.Zone*6-183, falseX, northing, u.EPSG())
}

// geoPackage writes a mask: one row a polygon, or none, in the projection of the tile's cell.
func geoPackage(t Tile, title string, mask geom.Geometry) (out []byte, err error) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("opening a GeoPackage: %w", err)
	}
	defer func() {
		if e := conn.Close(); err == nil && e != nil {
			err = fmt.Errorf("closing a GeoPackage: %w", e)
		}
	}()
	if err := sqlitex.ExecuteScript(conn, geoPackageSchema, nil); err != nil {
		return nil, fmt.Errorf("setting up a GeoPackage: %w", err)
	}
	u := t.Cell.UTM()
	b, ok := ringsOf(mask).bounds()
	limits := []any{nil, nil, nil, nil}
	if ok {
		limits = []any{b.West, b.South, b.East, b.North}
	}
	// The tile's time, not the clock's, stands as the time of change: a file made again is the same.
	changed := t.At.UTC().Format("2006-01-02T15:04:05.000Z")
	for _, row := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84 geodetic', 4326, 'EPSG', 4326, ?, 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid')`, []any{geographicWKT}},
		{`INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'EPSG', ?, ?, NULL)`, []any{u.name(), u.EPSG(), u.EPSG(), u.wkt()}},
		{`INSERT INTO gpkg_contents VALUES ('mask', 'features', ?, '', ?, ?, ?, ?, ?, ?)`, append(append([]any{title, changed}, limits...), u.EPSG())},
		{`INSERT INTO gpkg_geometry_columns VALUES ('mask', 'geom', 'MULTIPOLYGON', ?, 0, 0)`, []any{u.EPSG()}},
	} {
		if err := sqlitex.Execute(conn, row.sql, &sqlitex.ExecOptions{Args: row.args}); err != nil {
			return nil, fmt.Errorf("describing a GeoPackage: %w", err)
		}
	}
	for _, part := range mask.Dump() {
		p, ok := part.AsPolygon()
		if !ok || p.IsEmpty() {
			continue
		}
		blob := geoPackageBlob(u.EPSG(), p.Force2D().AsMultiPolygon())
		if err := sqlitex.Execute(conn, `INSERT INTO mask (geom) VALUES (?)`, &sqlitex.ExecOptions{Args: []any{blob}}); err != nil {
			return nil, fmt.Errorf("writing a mask: %w", err)
		}
	}
	return conn.Serialize("main")
}

// geoPackageBlob is a geometry as GeoPackages store it: a header with the projection
// and the bounds, then WKB.
func geoPackageBlob(epsg int, m geom.MultiPolygon) []byte {
	const littleEndianWithXY = 0b00000011
	out := append([]byte("GP"), 0, littleEndianWithXY)
	out = binary.LittleEndian.AppendUint32(out, uint32(epsg))
	lo, hi, _ := m.Envelope().MinMaxXYs()
	for _, v := range []float64{lo.X, hi.X, lo.Y, hi.Y} {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return m.AppendWKB(out)
}

// stacTime is a time as items write it.
func stacTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }
