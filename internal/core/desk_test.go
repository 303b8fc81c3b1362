package core_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// clock is a time that tests turn.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) ahead(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// desk is a core over a real store with a small world: buyer pays, seller delivers.
type desk struct {
	*core.Core
	store    core.Store
	clock    *clock
	staff    core.Actor
	owner    core.Actor // of the buyer
	member   core.Actor // of the buyer's project
	seller   core.Actor // owner of the provider
	outsider core.Actor
	buyer    tenant.Customer
	project  tenant.Project
	sheets   map[string]catalog.Sheet // by offering code
	logged   faults
}

var ctx = context.Background()

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ptr[T any](v T) *T { return &v }

func units(n int64) money.Micro { return money.Micro(n) * money.Unit }

func dollars(s string) *money.Micro {
	m, err := money.ParseMicro(s)
	if err != nil {
		panic(err)
	}
	return &m
}

func price(s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{clock: &clock{at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}, sheets: map[string]catalog.Sheet{}}
	store := fresh.Store(t, nil)
	d.store = store
	d.Core = d.over(store)
	must(d.Apply(ctx, core.System(), world()))(t)
	d.load(t)
	return d
}

// over is the desk's core over another store.
func (d *desk) over(s core.Store) *core.Core {
	return core.New(s, d.clock.now, id.NewSource(d.clock.now, 0, 0), seal.Key{1}, slog.New(&d.logged), core.Config{})
}

// faults keeps what the desk logs as an error: a job that failed, and is tried again.
type faults struct {
	mu   sync.Mutex
	list []string
}

func (f *faults) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (f *faults) WithAttrs([]slog.Attr) slog.Handler           { return f }
func (f *faults) WithGroup(string) slog.Handler                { return f }

func (f *faults) Handle(_ context.Context, r slog.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	f.list = append(f.list, text)
	return nil
}

// world has one offering of each kind that the lifecycle tells apart.
func world() core.World {
	yes := true
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "buyer", Name: "Buyer", Projects: []core.ProjectSpec{{Slug: "lab", Name: "Lab"}},
				Buckets: []core.BucketSpec{{Name: "box"}},
				Limits: []core.LimitSpec{
					{Measure: limit.Money, Period: limit.Year, Value: dollars("5000")},
					{Measure: limit.Money, Offering: "seller/pool", Period: limit.Month, Value: dollars("2000")},
					{Measure: limit.Quantity, Offering: "seller/pool", Component: "node", Period: limit.Total, Value: ptr(units(16))},
				}},
			{Slug: "seller", Name: "Seller", Projects: []core.ProjectSpec{{Slug: "own", Name: "Own"}}},
			{Slug: "other", Name: "Other", Projects: []core.ProjectSpec{{Slug: "theirs", Name: "Theirs"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{
			{Code: "pool", Name: "Pool", Measure: catalog.Count, Fulfilment: catalog.Instant, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPending,
				Components: []core.ComponentSpec{{Code: "node", Name: "Node", Unit: "node", Stock: &yes}},
				Plans:      []core.PlanSpec{{Code: "prepaid", Name: "Prepaid", Unit: catalog.Month, Prepaid: &yes, Prices: []core.PriceSpec{{Component: "node", Each: price("310")}}}}},
			{Code: "rack", Name: "Racks", Measure: catalog.Count, Fulfilment: catalog.Shipment, Consent: catalog.Never, Approval: catalog.ApproveAlways, Cancel: catalog.CancelPreparing,
				Components: []core.ComponentSpec{{Code: "big", Name: "Big rack", Unit: "rack", Stock: &yes}, {Code: "small", Name: "Small rack", Unit: "rack", Stock: &yes}},
				Plans:      []core.PlanSpec{{Code: "mixed", Name: "Mixed", Unit: catalog.Month, Prices: []core.PriceSpec{{Component: "big", Once: price("100"), Each: price("12.345")}, {Component: "small", Once: price("40")}}}}},
			{Code: "hpc", Name: "HPC", Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.ByRoles, Approval: catalog.ApproveAlways, Cancel: catalog.CancelPreparing,
				Components: []core.ComponentSpec{{Code: "cpu", Name: "CPU", Unit: "kh", Billing: catalog.ByUsage}, {Code: "storage", Name: "Storage", Unit: "TB", Stock: &yes},
					{Code: "support", Name: "Support", Unit: "month", Billing: catalog.ByFixed}, {Code: "setup", Name: "Setup", Unit: "time", Billing: catalog.Once}, {Code: "change", Name: "Change", Unit: "time", Billing: catalog.Few}},
				Plans: []core.PlanSpec{{Code: "basic", Name: "Basic", Unit: catalog.Month, Prices: []core.PriceSpec{{Component: "cpu", Each: price("0.012345")}, {Component: "storage", Each: price("20")},
					{Component: "support", Each: price("50")}, {Component: "setup", Once: price("100")}, {Component: "change", Once: price("10")}}}}},
			{Code: "task", Name: "Tasking", Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.Never, Approval: catalog.ApproveOutsiders, Cancel: catalog.CancelPreparing, Charged: catalog.OnPlacing,
				Components: []core.ComponentSpec{{Code: "shot", Name: "Shot", Unit: "shot"}},
				Plans:      []core.PlanSpec{{Code: "credit", Name: "Credit", Unit: catalog.Quantity, Prices: []core.PriceSpec{{Component: "shot", Once: price("33.33")}}}}},
			{Code: "archive", Name: "Archive", Measure: catalog.Imagery, Fulfilment: catalog.Delivery, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelNever,
				Components: []core.ComponentSpec{{Code: "fresh", Name: "Fresh", Unit: "km²"}, {Code: "standard", Name: "Standard", Unit: "km²"}, {Code: "training", Name: "Training", Unit: "km²"}},
				Plans:      []core.PlanSpec{{Code: "imagery", Name: "Imagery", Unit: catalog.Quantity, Prices: []core.PriceSpec{{Component: "fresh", Once: price("25")}, {Component: "standard", Once: price("20")}, {Component: "training", Once: price("5")}}}}},
		}}},
		Users: []core.UserSpec{
			{Login: "root", Name: "Root", Staff: &yes},
			{Login: "olive", Name: "Olive", Home: "buyer", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "buyer"}}},
			{Login: "max", Name: "Max", Home: "buyer", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "lab"}}, Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: dollars("700")}}},
			{Login: "pat", Name: "Pat", Home: "seller", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "seller"}}},
			{Login: "eve", Name: "Eve", Home: "other", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "other"}}},
		},
		Archive: core.ArchiveSpec{Generated: true},
	}
}

func (d *desk) load(t testing.TB) {
	t.Helper()
	err := d.store.View(ctx, func(r core.Reader) error {
		for login, a := range map[string]*core.Actor{"root": &d.staff, "olive": &d.owner, "max": &d.member, "pat": &d.seller, "eve": &d.outsider} {
			u, err := r.UserByLogin(login)
			if err != nil {
				return err
			}
			grants, err := r.Grants(core.GrantQuery{Users: []id.ID{u.ID}})
			if err != nil {
				return err
			}
			*a = core.Actor{User: u, Grants: grants, Key: u.ID, Door: "test"}
		}
		customers, err := r.Customers(core.CustomerQuery{Slug: "buyer"})
		if err != nil {
			return err
		}
		d.buyer = customers[0]
		projects, err := r.Projects(core.ProjectQuery{Slug: "lab"})
		if err != nil {
			return err
		}
		d.project = projects[0]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(ctx, d.staff, func(s *core.Scene) error {
		for _, code := range []string{"pool", "rack", "hpc", "task", "archive"} {
			sh, err := s.OfferingByCode(code)
			if err != nil {
				return err
			}
			d.sheets[code] = sh
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask places quantities of components of an offering's only plan.
func (d *desk) ask(code string, quantities map[string]money.Micro) core.Placement {
	sh := d.sheets[code]
	p := core.Placement{Offering: sh.Offering.ID, Plan: sh.Plans[0].ID, Project: d.project.ID}
	for _, c := range sh.Components {
		if q, ok := quantities[c.Code]; ok {
			p.Asks = append(p.Asks, core.Ask{Component: c.Code, Quantity: q})
		}
	}
	return p
}

// imagery asks for one cell of each of the first acquisitions of the archive.
func (d *desk) imagery(n int) core.Placement {
	p := core.Placement{Offering: d.sheets["archive"].Offering.ID, Project: d.project.ID, Imagery: &core.ImageryAsk{}}
	list, tiles := imagery.Demo(d.clock.now())
	for _, a := range list[:n] {
		p.Imagery.Acquisitions = append(p.Imagery.Acquisitions, oneCell(a.CatalogID, tiles))
	}
	return p
}

func oneCell(catalogID string, tiles []imagery.Tile) core.AcquisitionAsk {
	for _, t := range tiles {
		if t.CatalogID == catalogID {
			return core.AcquisitionAsk{CatalogID: catalogID, Cells: []string{t.Cell.String()}}
		}
	}
	return core.AcquisitionAsk{CatalogID: catalogID}
}

func (d *desk) state(t interface{ Fatal(...any) }, i id.ID) order.State {
	var s order.State
	if err := d.store.View(ctx, func(r core.Reader) error {
		o, err := r.Order(i)
		s = o.State
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *desk) component(offering, code string) id.ID {
	sh := d.sheets[offering]
	c, _ := sh.Component(code)
	return c.ID
}

func (d *desk) codeOf(offering string, i id.ID) string {
	sh := d.sheets[offering]
	c, _ := sh.ComponentByID(i)
	return c.Code
}

func (d *desk) count(t testing.TB) int {
	t.Helper()
	n := 0
	if err := d.View(ctx, d.staff, func(s *core.Scene) (err error) { n, err = s.CountOrders(core.OrderQuery{}); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *desk) assets(t testing.TB, p core.Placed) []order.Asset {
	t.Helper()
	var live []order.Asset
	if err := d.View(ctx, d.owner, func(s *core.Scene) error {
		all, err := s.Assets(p.Resource.ID)
		for _, a := range all {
			if a.State == core.AssetActive {
				live = append(live, a)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return live
}

// standing is what counts as used against the limit about a component of the pool.
func (d *desk) standing(t testing.TB, code string) money.Micro {
	t.Helper()
	var used money.Micro
	if err := d.View(ctx, d.owner, func(s *core.Scene) error {
		list, err := s.Standings(d.buyer.ID, core.LimitScope{Scope: tenant.OnCustomer, ID: d.buyer.ID})
		for _, l := range list {
			if l.Component == d.component("pool", code) {
				used = l.Used
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return used
}
