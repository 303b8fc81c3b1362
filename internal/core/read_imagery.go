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

// candidates is Candidates that reads no other cells than those named.
func (s *Scene) candidates(req imagery.Request) ([]imagery.Tile, error) {
	var ids []string
	if len(req.IDs) > 0 {
		ids = req.IDs
	}
	if len(req.Cells) == 0 {
		return s.Candidates(ids, req.AOI)
	}
	q := TileQuery{Cells: req.Cells}
	if ids != nil {
		list, err := s.r.Acquisitions(AcquisitionQuery{CatalogIDs: ids, Page: Page{Limit: len(ids)}})
		if err != nil || len(list) == 0 {
			return nil, err
		}
		for _, a := range list {
			q.Acquisitions = append(q.Acquisitions, a.ID)
		}
	}
	return s.r.Tiles(q)
}
