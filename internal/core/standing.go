package core

import (
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// standings are limits with what counts against each today.
func (c *Core) standings(r Reader, customer id.ID, on []LimitScope) ([]Standing, error) {
	cust, err := r.Customer(customer)
	if err != nil {
		return nil, err
	}
	contracts, err := r.Contracts(customer)
	if err != nil {
		return nil, err
	}
	cal := limit.Calendar{YearFrom: cust.YearFrom, Contracts: contracts}
	limits, err := r.Limits(on)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, l := range limits {
		if l.Customer != 0 && l.Customer != customer {
			continue
		}
		w, ok := l.Window(cal, day.Of(c.Now()))
		if !ok {
			continue
		}
		b, err := r.Balance(limit.Key{Limit: l.ID, Window: w})
		if err != nil {
			return nil, err
		}
		out = append(out, Standing{Limit: l, Window: w, Used: b.Used, Held: b.Held})
	}
	return out, nil
}

// SelectImagery finds tiles and says what ordering them would cost the actor's customer
// today. Nothing is kept.
func (s *Scene) SelectImagery(req imagery.Request) (Selection, error) {
	if req.At.IsZero() {
		req.At = s.c.Now()
	}
	var sel Selection
	var err error
	if sel.Result, err = s.FindImagery(req, 0); err != nil {
		return Selection{}, err
	}
	home, err := s.Home()
	if err != nil {
		return Selection{}, err
	}
	sh, err := s.Archive()
	if err != nil {
		return Selection{}, err
	}
	if sel.Costs, err = imageryCosts(&sh, home, sel.Result.Tiles(), req.At); err != nil {
		return Selection{}, err
	}
	sel.Standings, err = s.c.standings(s.r, home.ID, []LimitScope{{tenant.OnCustomer, home.ID}, {tenant.OnUser, s.who.User.ID}})
	return sel, err
}

// imageryCosts prices tiles as an order of them would be: a line an acquisition.
func imageryCosts(sh *catalog.Sheet, customer tenant.Customer, tiles []imagery.Selected, at time.Time) (map[imagery.Category]ImageryCost, error) {
	rates := ImageryPrices(sh, customer.ID, at)
	out := map[imagery.Category]ImageryCost{}
	for _, k := range imagery.Categories() {
		cost := ImageryCost{Price: rates[k]}
		if cost.Price != nil {
			cost.Amount = new(money.Micro)
		}
		out[k] = cost
	}
	area := map[string]money.Micro{}
	category := map[string]imagery.Category{}
	var names []string
	for _, t := range tiles {
		if !slices.Contains(names, t.Tile.CatalogID) {
			names = append(names, t.Tile.CatalogID)
		}
		area[t.Tile.CatalogID] += money.Micro(t.Micro)
		category[t.Tile.CatalogID] = t.Category
	}
	for _, n := range names {
		cost := out[category[n]]
		cost.Area += area[n]
		if cost.Price != nil {
			due, err := money.Times(customer.Currency, area[n], *cost.Price, 1, 1)
			if err != nil {
				return nil, err
			}
			*cost.Amount += due
		}
		out[category[n]] = cost
	}
	return out, nil
}

// ImageryPrices are the prices of a km² by age category that a customer pays on a day:
// of the plan agreed with it, else of the public one. nil: unpriced.
func ImageryPrices(sh *catalog.Sheet, customer id.ID, at time.Time) map[imagery.Category]*money.Rate {
	var plan *catalog.Plan
	for n, p := range sh.Plans {
		if p.ArchivedAt == nil && (p.Customer == customer || p.Customer == 0 && (plan == nil || plan.Customer != customer)) {
			plan = &sh.Plans[n]
		}
	}
	out := map[imagery.Category]*money.Rate{}
	for _, k := range imagery.Categories() {
		comp, ok := sh.Component(string(k))
		if !ok || plan == nil {
			continue
		}
		if p, ok := sh.Price(plan.ID, comp.ID, day.Of(at)); ok {
			rate := p.Once
			out[k] = &rate
		}
	}
	return out
}
