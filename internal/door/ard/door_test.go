package ard

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front/fronttest"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

var ctx = context.Background()

// desk is a small world behind the door.
type desk struct {
	core    *core.Core
	handler http.Handler
	access  auth.Signed
	mu      sync.Mutex
	at      time.Time
}

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

func (d *desk) advance(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.at = d.at.Add(by) }

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}
	store := fresh.Store(t, nil)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	key := seal.Key{1}
	d.core = core.New(store, d.now, id.NewSource(d.now, 0, 0), key, log, core.Config{})
	if _, err := d.core.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	d.access = auth.Signed{Core: d.core, Key: key, Purpose: "ard access"}
	d.handler = New(d.core, Options{Log: log, Scheme: d.access, Access: d.access,
		Refresh: auth.Signed{Core: d.core, Key: key, Purpose: "ard refresh"}, Links: auth.Link{Core: d.core, Key: key}})
	return d
}

func rate(s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func dollars(n int64) *money.Micro {
	m := money.Micro(n) * money.Unit
	return &m
}

// world has two accounts that order imagery, and what else one of them can order.
func world() core.World {
	yes, tile := true, []core.PriceSpec{{Component: "fresh", Once: rate("25")}, {Component: "standard", Once: rate("20")}, {Component: "training", Once: rate("5")}}
	categories := []core.ComponentSpec{{Code: "fresh", Unit: "km²"}, {Code: "standard", Unit: "km²"}, {Code: "training", Unit: "km²"}}
	about := func(offering, component string, value int64) core.LimitSpec {
		return core.LimitSpec{Measure: limit.Money, Offering: offering, Component: component, Period: limit.Year, Value: dollars(value)}
	}
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "aurora", Name: "Aurora Institute", Projects: []core.ProjectSpec{{Slug: "aurora", Name: "Aurora"}},
				Buckets: []core.BucketSpec{{Name: "tiles"}, {Name: "cloud", Kind: "gcs", URL: "gs://cloud"}},
				Limits:  []core.LimitSpec{about("archive", "", 15000), about("archive", "fresh", 20000), about("tasking", "", 5000)}},
			{Slug: "borealis", Name: "Borealis Labs", ForeignID: "65432", Projects: []core.ProjectSpec{{Slug: "borealis", Name: "Borealis"}},
				Buckets:   []core.BucketSpec{{Name: "borealis"}},
				Contracts: []core.ContractSpec{{From: day.Date(2026, 2, 20), To: day.Date(2027, 2, 20)}}},
			{Slug: "ops", Name: "Operations", Projects: []core.ProjectSpec{{Slug: "ops", Name: "Operations"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "ops", Offerings: []core.OfferingSpec{
			{Code: "archive", Name: "Imagery archive", Measure: catalog.Imagery, Fulfilment: catalog.Delivery, Components: categories, Plans: []core.PlanSpec{
				{Code: "list", Name: "List", Unit: catalog.Quantity, Prices: tile},
				{Code: "agreed", Customer: "borealis", Name: "Agreed", Unit: catalog.Quantity, Prices: tile[1:]}}},
			{Code: "tasking", Name: "Tasking", State: catalog.Unavailable, Measure: catalog.Imagery, Fulfilment: catalog.Manual,
				Components: []core.ComponentSpec{{Code: "tasking", Unit: "km²"}}, Plans: []core.PlanSpec{{Code: "list", Name: "List", Unit: catalog.Quantity}}},
			{Code: "racks", Name: "Racks", Measure: catalog.Count, Fulfilment: catalog.Shipment,
				Components: []core.ComponentSpec{{Code: "OR-A1B2C3D", Name: "Rack", Unit: "rack", Stock: &yes}},
				Plans:      []core.PlanSpec{{Code: "upfront", Name: "Upfront", Unit: catalog.Month, Prices: []core.PriceSpec{{Component: "OR-A1B2C3D", Once: rate("60000")}}}}},
		}}},
		Users: []core.UserSpec{
			{Login: "alice", Name: "Alice Aurén", Email: "alice@aurora.example", Home: "aurora", Password: &core.PasswordSpec{Value: "alice's secret"},
				Attrs: []byte(`{"country_code":"FIN","job_title":"Analyst"}`), Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "aurora"}}},
			{Login: "carol", Email: "carol@aurora.example", Home: "aurora", Password: &core.PasswordSpec{Value: "carol's secret"},
				Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora"}}, Limits: []core.LimitSpec{about("archive", "", 100)}},
			{Login: "bob", Name: "Bob Borg", Home: "borealis", Password: &core.PasswordSpec{Value: "bob's secret"}, Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "borealis"}}},
			{Login: "drifter", Name: "Drifter", Password: &core.PasswordSpec{Value: "drifter's secret"}},
		},
		Archive: core.ArchiveSpec{Generated: true},
	}
}

func (d *desk) actor(t testing.TB, login string) core.Actor {
	t.Helper()
	h, err := d.core.PasswordHolder(ctx, login)
	if err != nil {
		t.Fatal(err)
	}
	return h.Actor
}

// sign sends who's access token.
func (d *desk) sign(r *http.Request, who string) error {
	h, err := d.core.PasswordHolder(r.Context(), who)
	if err != nil {
		return err
	}
	token, err := d.access.Issue(h, time.Hour)
	r.Header.Set("Authorization", "Bearer "+token)
	return err
}

// does are what a conversation may ask for beside requests.
func (d *desk) does(t testing.TB) map[string]func(args ...string) error {
	act := func(who core.Actor, spelt string, act order.Act, v core.Verdict) error {
		i, err := id.ParseDecimal(spelt)
		if err != nil {
			return err
		}
		_, err = d.core.Act(ctx, who, i, act, v)
		return err
	}
	return map[string]func(args ...string) error{
		"advance": func(args ...string) error {
			by, err := time.ParseDuration(args[0])
			d.advance(by)
			return err
		},
		"deliver": func(args ...string) error { return act(core.WorkerActor(), args[0], order.Fulfil, core.Verdict{}) },
		"fail": func(args ...string) error {
			return act(core.WorkerActor(), args[0], order.Fail, core.Verdict{Message: strings.Join(args[1:], " ")})
		},
		// part ORDER: the first line is delivered, the second is not.
		"part": func(args ...string) error {
			return act(core.WorkerActor(), args[0], order.Fulfil, core.Verdict{Lines: []core.Moved{
				{Line: 1, To: order.Delivered}, {Line: 2, To: order.LineErred, Message: "its pixels are missing"}}})
		},
		// racks LOGIN N: N racks are ordered through another door.
		"racks": func(args ...string) error {
			who := d.actor(t, args[0])
			who.Door = "another"
			var n int64
			if _, err := fmt.Sscan(args[1], &n); err != nil {
				return err
			}
			return d.core.View(ctx, who, func(s *core.Scene) error {
				sheet, err := s.OfferingByCode("racks")
				if err != nil {
					return err
				}
				_, err = d.core.PlaceOrder(ctx, who, core.Placement{Offering: sheet.Offering.ID, Name: "hall-1",
					Asks: []core.Ask{{Component: "OR-A1B2C3D", Quantity: money.Micro(n) * money.Unit}}, Request: []byte(`{"outpost":"op-1"}`)})
				return err
			})
		},
	}
}

func TestConversations(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/*.txtar", fronttest.Options{
		Headers: []string{"Content-Type", "WWW-Authenticate", "Cache-Control", "Retry-After"},
		New: func(t *testing.T) (http.Handler, fronttest.Options) {
			d := newDesk(t)
			vars := map[string]string{}
			for _, login := range []string{"alice", "carol", "bob"} {
				who := d.actor(t, login)
				vars[login] = who.User.ID.Dashed(id.User)
				vars[login+"-account"] = who.User.Home.Decimal()
			}
			delete(vars, "carol-account") // which is alice's
			return d.handler, fronttest.Options{Vars: vars, Sign: d.sign, Do: d.does(t)}
		},
	})
}
