package core

import (
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// componentPut is a component as a spec has left it, and as it was.
type componentPut struct {
	path     string
	offering id.ID
	code     string // of the offering
	was, is  catalog.Component
}

// periodOf is the period of the limit that keeps a ceiling.
var periodOf = map[catalog.Span]limit.Period{
	catalog.Ever: limit.Total, catalog.EachYear: limit.Year, catalog.EachQuarter: limit.Quarter, catalog.EachMonth: limit.Month,
}

// ceilings keeps what components say of how much of them all customers together may be
// given as capacities of their offering, so that whatever is held asks them like any other
// limit. Another value that a World puts on the same limit stands until the component says
// something new.
func (a *applier) ceilings() error {
	for _, c := range a.components {
		was, is := c.was.Ceilings(), c.is.Ceilings()
		for _, span := range catalog.Spans() {
			before, had := was[span]
			most, has := is[span]
			l := limit.Limit{Scope: tenant.OnOffering, ScopeID: c.offering, Measure: limit.Quantity, Offering: c.offering, Component: c.is.ID, Period: periodOf[span]}
			if !had && !has || a.named[key(l)] {
				continue
			}
			old, err := a.like(l)
			if err != nil {
				return err
			}
			if old.ID != 0 && had && has && before == most {
				continue
			}
			s := LimitSpec{Measure: l.Measure, Period: l.Period}
			if has {
				s.Value = &most
			}
			if err := a.limit(c.path, c.code, l, s); err != nil {
				return err
			}
		}
	}
	a.components = nil
	return nil
}
