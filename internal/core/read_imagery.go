package core

import (
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
)

// FindImagery finds tiles without saying what they cost: anyone signed in may look at
// the archive. known, if not 0, is an id drawn at some time: acquisitions that the archive
// got after it are left out, so that what was found then is found again.
func (s *Scene) FindImagery(req imagery.Request, known id.ID) (imagery.Result, error) {
	if req.At.IsZero() {
		req.At = s.c.Now()
	}
	tiles, err := s.candidates(req)
	if err != nil {
		return imagery.Result{}, areaError(err)
	}
	if known != 0 {
		tiles = slices.DeleteFunc(tiles, func(t imagery.Tile) bool { return t.Acquisition > known })
	}
	found, err := imagery.Select(tiles, req)
	return found, areaError(err)
}

// candidates reads the tiles that a request can mean: those of the acquisitions it names,
// in the cells it names, else in those of its area.
func (s *Scene) candidates(req imagery.Request) ([]imagery.Tile, error) {
	q := TileQuery{Cells: req.Cells}
	if len(req.IDs) > 0 {
		list, err := s.r.Acquisitions(AcquisitionQuery{CatalogIDs: req.IDs, Page: Page{Limit: len(req.IDs)}})
		if err != nil || len(list) == 0 {
			return nil, err
		}
		for _, a := range list {
			q.Acquisitions = append(q.Acquisitions, a.ID)
		}
	}
	if len(req.Cells) == 0 && !req.AOI.IsZero() {
		var err error
		if q.Cells, err = req.AOI.Cells(); err != nil || len(q.Cells) == 0 {
			return nil, err
		}
	}
	return s.r.Tiles(q)
}
