package core

import (
	"slices"
	"sync"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
)

// sheets keeps what offerings are made of, the newest revision of each that was read.
// Every request needs one and hardly any changes one. An offering's row is read each time
// all the same, in the reader's own snapshot, and its rev says whether the sheet kept is
// the one that belongs there: whoever writes a component, a plan or a price writes the
// offering, too.
type sheets struct {
	mu   sync.RWMutex
	kept map[id.ID]catalog.Sheet
}

// mostSheets bounds what is kept; beyond it all is forgotten and read anew.
const mostSheets = 4096

func (s *sheets) find(o catalog.Offering) (catalog.Sheet, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sh, ok := s.kept[o.ID]
	return sh, ok && sh.Offering.Rev == o.Rev
}

// measure is how an offering was measured when its sheet was last read.
func (s *sheets) measure(offering id.ID) (catalog.Measuring, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sh, ok := s.kept[offering]
	return sh.Offering.Measure, ok
}

func (s *sheets) keep(sh catalog.Sheet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= mostSheets {
		s.kept = map[id.ID]catalog.Sheet{}
	}
	s.kept[sh.Offering.ID] = sh
}

// sheet returns what an offering is made of. It is everybody's: copy before changing it.
func (c *Core) sheet(r Reader, o catalog.Offering) (catalog.Sheet, error) {
	if sh, ok := c.sheets.find(o); ok {
		sh.Offering = o
		return sh, nil
	}
	sh, err := readSheet(r, o)
	// What a transaction reads may be its own, and be rolled back.
	if _, writes := r.(Tx); err == nil && !writes {
		sh.Components, sh.Plans, sh.Prices = slices.Clip(sh.Components), slices.Clip(sh.Plans), slices.Clip(sh.Prices)
		c.sheets.keep(sh)
	}
	return sh, err
}

func readSheet(r Reader, o catalog.Offering) (catalog.Sheet, error) {
	s := catalog.Sheet{Offering: o}
	var err error
	if s.Components, err = r.Components(o.ID); err != nil {
		return s, err
	}
	if s.Plans, err = r.Plans(o.ID); err != nil {
		return s, err
	}
	s.Prices, err = r.Prices(o.ID)
	return s, err
}
