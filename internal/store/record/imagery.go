package record

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/imagery"
)

var acquisitions = newTable("acquisitions", 1, "id, catalog_id, acquired_at, platform, footprint, attrs", func(f *Fields, a *imagery.Acquisition) {
	num(f, &a.ID)
	text(f, &a.CatalogID)
	at(f, &a.AcquiredAt)
	text(f, &a.Platform)
	blob(f, &a.Footprint)
	raw(f, &a.Attrs)
})

func (r *Reader) Acquisitions(q core.AcquisitionQuery) ([]imagery.Acquisition, error) {
	var w where
	in(&w, "a.id", q.IDs)
	words(&w, "a.catalog_id", q.CatalogIDs)
	w.between("a.acquired_at", q.From, q.Until)
	return list(r, acquisitions, "a", "acquisitions a", &w, q.Page, sorting{id: "a.id"})
}

func (tx *Tx) PutAcquisition(a imagery.Acquisition) error { return put(tx, acquisitions, &a) }

var tiles = newTable("tiles", 2, "cell, acquisition_id, at, data, outline, properties", func(f *Fields, t *imagery.Tile) {
	num(f, &t.Cell)
	num(f, &t.Acquisition)
	at(f, &t.At)
	blob(f, &t.Data)
	blob(f, &t.Outline)
	object(f, &t.Properties)
})

func (r *Reader) Tiles(q core.TileQuery) ([]imagery.Tile, error) {
	var w where
	in(&w, "t.cell", q.Cells)
	in(&w, "t.acquisition_id", q.Acquisitions)
	w.between("a.acquired_at", q.From, q.Until)
	return gather(r, tiles.selects("t")+", a.catalog_id, a.acquired_at FROM tiles t JOIN acquisitions a ON a.id = t.acquisition_id"+
		w.sql()+" ORDER BY t.cell, t.acquisition_id", true, func(f *Fields, t *imagery.Tile) {
		tiles.Each(f, t)
		text(f, &t.CatalogID)
		at(f, &t.AcquiredAt)
	}, w.args)
}

func (tx *Tx) PutTile(t imagery.Tile) error { return put(tx, tiles, &t) }
