package core_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// limit sets, raises, lowers or takes away a limit at any level.
func (w *modelWalk) limit(rt *rapid.T) {
	l := modelLimit{measure: rapid.SampledFrom([]limit.Measure{limit.Money, limit.Quantity}).Draw(rt, "measure"), period: rapid.SampledFrom(limit.Periods()).Draw(rt, "period"),
		scope: rapid.SampledFrom([]tenant.Scope{tenant.OnCustomer, tenant.OnProject, tenant.OnUser, tenant.OnResource, tenant.OnOffering}).Draw(rt, "scope")}
	offer := modelOffers[rapid.IntRange(0, len(modelOffers)-1).Draw(rt, "about")]
	b := w.buyers[rapid.IntRange(0, len(w.buyers)-1).Draw(rt, "whose")]
	world := core.World{}
	var into *[]core.LimitSpec
	slug := w.model.customers[b.customer].slug
	l.within = b.customer
	switch l.scope {
	case tenant.OnCustomer:
		l.scopeID = b.customer
		world.Customers = []core.CustomerSpec{{Slug: slug}}
		into = &world.Customers[0].Limits
	case tenant.OnProject:
		l.scopeID = b.project
		names := map[string]string{}
		for p, b := range map[string]buyer{"p1": w.buyers[0], "p2": w.buyers[1], "q1": w.buyers[3]} {
			names[b.project.Decimal()] = p
		}
		world.Customers = []core.CustomerSpec{{Slug: slug, Projects: []core.ProjectSpec{{Slug: names[b.project.Decimal()]}}}}
		into = &world.Customers[0].Projects[0].Limits
	case tenant.OnUser:
		l.scopeID = b.User.ID
		world.Users = []core.UserSpec{{Login: b.User.Login}}
		into = &world.Users[0].Limits
	case tenant.OnResource:
		res := w.anyResource(rt, func(r *modelResource) bool { return true })
		l.scopeID, l.within, offer = res.resource, res.customer, res.offer
		world.Resources = []core.ResourceSpec{{ID: res.resource}}
		into = &world.Resources[0].Limits
	case tenant.OnOffering:
		l.scopeID, l.within, l.measure, l.offer = w.sheets[offer.code].Offering.ID, 0, limit.Quantity, offer.code
		if l.period == limit.Contract {
			l.period = limit.Year
		}
		world.Providers = []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: offer.code}}}}
		into = &world.Providers[0].Offerings[0].Limits
	}
	spec := core.LimitSpec{Measure: l.measure, Period: l.period}
	if l.scope == tenant.OnUser {
		spec.Customer = slug
	}
	w.about(rt, &l, &spec, offer)
	if rapid.IntRange(0, 5).Draw(rt, "none") > 0 {
		values := map[limit.Measure][]string{limit.Money: {"0", "40.01", "100", "250", "600", "1500"}, limit.Quantity: {"0", "1", "2.5", "4", "8", "15"}}[l.measure]
		spec.Value = dollars(rapid.SampledFrom(values).Draw(rt, "value"))
	}
	spec.Period = l.period
	*into = []core.LimitSpec{spec}
	if _, err := w.Apply(ctx, core.System(), world); err != nil {
		rt.Fatalf("the limit %+v: %v", l, err)
	}
	w.model.setLimit(l, spec.Value)
}

// about says what a limit is about, in a way that makes sense there.
func (w *modelWalk) about(rt *rapid.T, l *modelLimit, spec *core.LimitSpec, offer *modelOffer) {
	c := offer.comps[rapid.IntRange(0, len(offer.comps)-1).Draw(rt, "component")]
	whole := rapid.Bool().Draw(rt, "whole")
	switch {
	case l.measure == limit.Money && rapid.Bool().Draw(rt, "everything"):
		return
	case whole && (l.measure == limit.Money || len(offer.comps) == 1):
		l.offer, spec.Offering = offer.code, "seller/"+offer.code
	default:
		l.offer, l.comp, spec.Offering, spec.Component = offer.code, c.code, "seller/"+offer.code, c.code
	}
	stock := slices.ContainsFunc(offer.comps, func(x modelComponent) bool { return x.stock && (l.comp == "" || l.comp == x.code) })
	if l.measure == limit.Quantity && stock && l.scope != tenant.OnOffering {
		l.period = limit.Total
	}
}

// contract signs one, or moves the end of one that runs.
func (w *modelWalk) contract(rt *rapid.T) {
	customers := idsOf(w.buyers, func(b buyer) id.ID { return b.customer })
	c := w.model.customers[customers[rapid.IntRange(0, len(customers)-1).Draw(rt, "customer")]]
	today := w.today()
	from := today - day.Day(rapid.IntRange(0, 90).Draw(rt, "since"))
	to := today + day.Day(rapid.IntRange(1, 120).Draw(rt, "days"))
	for _, k := range c.contracts {
		if k.From < to && from < k.To { // it would overlap: move that one's end instead
			from = k.From
			if k.To <= today {
				rt.Skip("what is past never changes")
			}
		}
	}
	for _, k := range c.contracts {
		if k.From != from && k.From < to && from < k.To {
			rt.Skip("there is no room for another contract")
		}
	}
	spec := core.CustomerSpec{Slug: c.slug, Contracts: []core.ContractSpec{{From: from, To: to}}}
	if _, err := w.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{spec}}); err != nil {
		rt.Fatalf("the contract of %s from %s to %s: %v", c.slug, from, to, err)
	}
	w.model.setContract(c, from, to)
}
