//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// The world that orders are placed in. Orders are uniform over its customers, the worst
// case for a store: no two orders of a batch share a customer's pages.
const (
	providers    = 5
	offeringsOf  = 4 // each provider's, and as many that deliver at once, for filling
	usersOf      = 3 // each customer's
	projectsOf   = 2
	pairKeys     = 1_000_000 // ids of access key pairs begin here, those of tokens at 1
	busyCustomer = 0         // the one that has a fiftieth of what is stored, for lists of whole pages
)

// world names the records by number; what it stands for is in the store.
type world struct {
	customers int
	actors    []core.Actor      // by customer × usersOf + user
	projects  map[string]id.ID  // by slug
	offerings map[string]*sheet // by code
	byUser    map[id.ID]int     // which actor a user is
	provider  map[id.ID]id.ID   // by offering
}

type sheet struct{ offering, plan id.ID }

func customerSlug(n int) string    { return fmt.Sprintf("customer-%04d", n) }
func projectSlug(n, m int) string  { return fmt.Sprintf("project-%04d-%d", n, m) }
func offeringCode(p, n int) string { return fmt.Sprintf("hours-%d-%d", p, n) }
func instantCode(p, n int) string  { return fmt.Sprintf("instant-%d-%d", p, n) }
func tokenOf(actor int) string     { return fmt.Sprintf("%016x%024x", actor+1, actor+1) }
func pairOf(actor int) (string, string) {
	return tenant.AccessKey(id.ID(pairKeys + actor)), fmt.Sprintf("%040d", actor)
}

// spec is the world as docket apply would be given it. Three limits match an order of
// anyone's, and none is ever reached.
func spec(customers int) core.World {
	plenty := money.Micro(1_000_000_000) * money.Unit
	of := func(p limit.Period) []core.LimitSpec {
		return []core.LimitSpec{{Measure: limit.Money, Period: p, Value: &plenty}}
	}
	var w core.World
	for n := range customers {
		c := core.CustomerSpec{Slug: customerSlug(n), Name: fmt.Sprintf("Customer %d", n), Limits: of(limit.Year)}
		for m := range projectsOf {
			c.Projects = append(c.Projects, core.ProjectSpec{Slug: projectSlug(n, m), Limits: of(limit.Total)})
		}
		w.Customers = append(w.Customers, c)
		for m := range usersOf {
			actor := n*usersOf + m
			access, secret := pairOf(actor)
			w.Users = append(w.Users, core.UserSpec{Login: fmt.Sprintf("user-%04d-%d", n, m), Home: c.Slug, Limits: of(limit.Month),
				Roles:  []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: c.Slug}},
				Tokens: []core.TokenSpec{{Value: tokenOf(actor)}}, Pairs: []core.PairSpec{{AccessKey: access, Secret: secret}}})
		}
	}
	for p := range providers {
		c := core.CustomerSpec{Slug: fmt.Sprintf("provider-%d", p), Projects: []core.ProjectSpec{{Slug: fmt.Sprintf("provider-%d", p)}}}
		w.Customers = append(w.Customers, c)
		provider := core.ProviderSpec{Customer: c.Slug}
		for n := range offeringsOf {
			provider.Offerings = append(provider.Offerings, hours(offeringCode(p, n), catalog.Manual), hours(instantCode(p, n), catalog.Instant))
		}
		w.Providers = append(w.Providers, provider)
	}
	return w
}

// hours is an allocation of two components. By its deadline an order of it has a job.
func hours(code string, f catalog.Fulfilment) core.OfferingSpec {
	soon, long := 72*time.Hour, day.Of(time.Now())-1000
	return core.OfferingSpec{Code: code, Name: "Hours " + code, Measure: catalog.Limits, Fulfilment: f, Consent: catalog.Never, Approval: catalog.ApproveNever,
		Cancel: catalog.CancelPreparing, Deadline: &soon,
		Components: []core.ComponentSpec{{Code: "cpu", Name: "CPU", Unit: "kh"}, {Code: "storage", Name: "Storage", Unit: "TB"}},
		Plans: []core.PlanSpec{{Code: "once", Name: "Paid once", Unit: catalog.Quantity, Prices: []core.PriceSpec{
			{Component: "cpu", Once: 16_000_000_000, From: &long}, {Component: "storage", Once: 200_000_000_000, From: &long}}}}}
}

// build makes the world on a desk that has none.
func build(ctx context.Context, c *core.Core, customers int) error {
	_, err := c.Apply(ctx, core.System(), spec(customers))
	return err
}

// readWorld finds the world of a desk.
func readWorld(ctx context.Context, store core.Store, c *core.Core) (*world, error) {
	w := &world{projects: map[string]id.ID{}, offerings: map[string]*sheet{}, provider: map[id.ID]id.ID{}, byUser: map[id.ID]int{}}
	err := store.View(ctx, func(r core.Reader) error {
		projects, err := r.Projects(core.ProjectQuery{Any: &core.Sight{All: true}, Page: core.Page{Limit: 1 << 30}})
		if err != nil {
			return err
		}
		for _, p := range projects {
			w.projects[p.Slug] = p.ID
		}
		offerings, err := r.Offerings(core.OfferingQuery{Page: core.Page{Limit: 1 << 30}})
		if err != nil {
			return err
		}
		for _, o := range offerings {
			plans, err := r.Plans(o.ID)
			if err != nil {
				return err
			}
			w.offerings[o.Code] = &sheet{o.ID, plans[0].ID}
			w.provider[o.ID] = o.Provider
		}
		return nil
	})
	for err == nil {
		if _, ok := w.projects[projectSlug(w.customers, 0)]; !ok {
			break
		}
		for range usersOf {
			var h core.Holder
			if h, err = c.Holder(ctx, id.ID(len(w.actors)+1)); err != nil {
				break
			}
			h.Actor.Door = "native"
			w.byUser[h.Actor.User.ID] = len(w.actors)
			w.actors = append(w.actors, h.Actor)
		}
		w.customers++
	}
	return w, err
}

// anyone draws a customer.
func (w *world) anyone(r *rand.Rand) int { return r.IntN(w.customers) }

// placement is an order of a customer's. key, where there is one, makes it safe to repeat.
func (w *world) placement(r *rand.Rand, customer int, instant bool, key string) (core.Actor, core.Placement) {
	code := offeringCode
	if instant {
		code = instantCode
	}
	s := w.offerings[code(r.IntN(providers), r.IntN(offeringsOf))]
	p := core.Placement{Offering: s.offering, Plan: s.plan, Project: w.projects[projectSlug(customer, r.IntN(projectsOf))], Name: "allocation of a survey",
		Asks: []core.Ask{{Component: "cpu", Quantity: 100 * money.Unit}, {Component: "storage", Quantity: 5 * money.Unit}}, Request: request}
	if key != "" {
		p.Idem = &core.IdemKey{Key: key, Body: request, Window: 24 * time.Hour}
	}
	return w.actors[customer*usersOf+r.IntN(usersOf)], p
}

// request is about what a client sends along.
var request = json.RawMessage(`{"limits":{"cpu":100,"storage":5},"attributes":{"name":"allocation of a survey","partition":"gpu","qos":"normal","contact":"ops@example.test","justification":"training run for the survey"}}`)
