package core

import (
	"context"
	"errors"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
)

// Archive returns the sheet of the imagery archive: the oldest offering measured as
// imagery that is delivered.
func (s *Scene) Archive() (catalog.Sheet, error) {
	sheets, err := s.OfferingsMeasured(catalog.Imagery, catalog.Delivery)
	if err != nil {
		return catalog.Sheet{}, err
	}
	if len(sheets) == 0 {
		return catalog.Sheet{}, notFound("offering", 0)
	}
	return sheets[0], nil
}

// Acquisitions lists acquisitions: anyone signed in may look at the archive.
func (s *Scene) Acquisitions(q AcquisitionQuery) ([]imagery.Acquisition, error) {
	return s.r.Acquisitions(q)
}

// Tiles lists tiles of the archive, by cell and acquisition.
func (s *Scene) Tiles(q TileQuery) ([]imagery.Tile, error) { return s.r.Tiles(q) }

// Selection is what a select found and what ordering it today would cost.
type Selection struct {
	Result    imagery.Result
	Costs     map[imagery.Category]ImageryCost
	Standings []Standing
}

// ImageryCost is the area and price of one age category.
type ImageryCost struct {
	Area   money.Micro  // km²
	Price  *money.Rate  // of one km²; nil: unpriced, cannot be ordered
	Amount *money.Micro // nil where unpriced
}

// ImportArchive adds acquisitions and tiles, or replaces those of the same catalogue id
// and cell, in one transaction. Staff only. It returns how many tiles there were.
func (c *Core) ImportArchive(ctx context.Context, who Actor, a imagery.Archive) (int, error) {
	if err := who.write(); err != nil {
		return 0, err
	}
	if !who.IsStaff() && !who.desk() {
		return 0, forbidden("Only staff may change the archive.")
	}
	err := c.store.Update(ctx, Touch{Scan: true}, func(tx Tx) error { return c.importArchive(tx, a) })
	return len(a.Tiles), err
}

func (c *Core) importArchive(tx Tx, a imagery.Archive) error {
	ids := map[string]id.ID{}
	for _, acq := range a.Acquisitions {
		have, err := tx.Acquisitions(AcquisitionQuery{CatalogIDs: []string{acq.CatalogID}, Page: Page{Limit: 1}})
		if err != nil {
			return err
		}
		acq.ID = c.NewID()
		if len(have) > 0 {
			acq.ID = have[0].ID
		}
		ids[acq.CatalogID] = acq.ID
		if err := tx.PutAcquisition(acq); err != nil {
			return err
		}
	}
	for _, t := range a.Tiles {
		i, ok := ids[t.CatalogID]
		if !ok {
			return errors.New("a tile's acquisition is not in the import")
		}
		t.Acquisition = i
		if err := tx.PutTile(t); err != nil {
			return err
		}
	}
	return nil
}
