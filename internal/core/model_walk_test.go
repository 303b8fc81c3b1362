package core_test

import (
	"cmp"
	"flag"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/sqlite"
	"github.com/docket-desk/docket/internal/tenant"
)

// Whatever is asked, in whatever order, of whatever limits: the core takes what the model
// takes, refuses what it refuses and keeps nothing of that, and after each step every
// order, resource and balance is what the model adds up, and the books verify.
// -rapid.checks and -rapid.steps ask for more; there are four times as many of these.
func TestTheLedgerIsWhatAPlainModelOfItAddsUp(t *testing.T) {
	checks := flag.Lookup("rapid.checks").Value.String()
	n := must(strconv.Atoi(checks))(t)
	setChecks := func(n string) {
		if err := flag.Set("rapid.checks", n); err != nil {
			t.Fatal(err)
		}
	}
	setChecks(strconv.Itoa(4 * n))
	defer setChecks(checks)
	steps := 0
	rapid.Check(t, func(rt *rapid.T) {
		w := newModelWalk(t)
		rt.Repeat(map[string]func(*rapid.T){
			"place": w.place, "place more": w.place, "change": w.change, "rush": w.rush, "approve": w.approve, "end": w.end, "fulfil": w.fulfil, "lines": w.moveLines,
			"retry": w.retry, "amend": w.amend, "adjust": w.adjust, "unlink": w.unlink, "report": w.report, "mend": w.mend, "limit": w.limit, "limit more": w.limit, "contract": w.contract, "wait": w.wait,
			"": func(rt *rapid.T) {
				steps++
				w.clock.ahead(time.Millisecond)
				w.compare(rt)
				if v := must(w.Verify(ctx, core.System(), nil))(t); len(v.Disagrees) > 0 {
					rt.Fatalf("the books disagree: %q", v.Disagrees)
				}
			},
		})
	})
	t.Logf("%d steps", steps)
}

// modelWalk is a desk and the model that it is held against.
type modelWalk struct {
	*core.Core
	store  core.Store
	clock  *clock
	model  *model
	buyers []buyer
	sheets map[string]catalog.Sheet
}

// buyer is one who orders: an owner or a member, for one project.
type buyer struct {
	core.Actor
	customer, project id.ID
	member            bool
}

var modelOffers = []*modelOffer{
	{code: "nodes", count: true, instant: true, comps: []modelComponent{{"node", "limit", true, "10"}}},
	{code: "racks", count: true, shipment: true, provider: true, comps: []modelComponent{{"big", "limit", true, "100"}, {"small", "limit", false, "40.01"}}},
	{code: "cloud", byRoles: true, provider: true, comps: []modelComponent{{"cpu", "usage", false, "0.012345"}, {"disk", "limit", true, "20"}, {"km", "limit", false, "7.77"}, {"setup", "once", false, "30"}}},
	{code: "shots", onPlacing: true, provider: true, comps: []modelComponent{{"shot", "limit", false, "33.33"}}},
}

func modelWorld() core.World {
	w := core.World{Users: []core.UserSpec{
		{Login: "o1", Home: "c1", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "c1"}}}, {Login: "m1", Home: "c1", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "p1"}}},
		{Login: "o2", Home: "c2", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "c2"}, {Role: tenant.CustomerOwner, Customer: "c1"}}}}}
	expire := 20 * 24 * time.Hour
	w.Customers = []core.CustomerSpec{
		{Slug: "c1", Projects: []core.ProjectSpec{{Slug: "p1"}, {Slug: "p2"}}, YearFrom: ptr(day.Date(2020, 5, 17))},
		{Slug: "c2", Projects: []core.ProjectSpec{{Slug: "q1"}}, ExpireAfter: &expire}, {Slug: "seller", Projects: []core.ProjectSpec{{Slug: "own"}}}}
	p := core.ProviderSpec{Customer: "seller"}
	for _, o := range modelOffers {
		spec := core.OfferingSpec{Code: o.code, Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPreparing}
		plan := core.PlanSpec{Code: "plan", Unit: catalog.Quantity}
		if o.count {
			spec.Measure = catalog.Count
		}
		if o.instant {
			spec.Fulfilment = catalog.Instant
		}
		if o.shipment {
			spec.Fulfilment = catalog.Shipment
		}
		if o.byRoles {
			spec.Consent = catalog.ByRoles
		}
		if o.provider {
			spec.Approval = catalog.ApproveAlways
		}
		if o.onPlacing {
			spec.Charged = catalog.OnPlacing
		}
		for _, c := range o.comps {
			billing := map[string]catalog.Billing{"limit": catalog.ByLimit, "usage": catalog.ByUsage, "once": catalog.Once}[c.kind]
			spec.Components = append(spec.Components, core.ComponentSpec{Code: c.code, Unit: c.code, Billing: billing, Stock: ptr(c.stock)})
			charge := core.PriceSpec{Component: c.code, Once: price(c.price), From: ptr(day.Date(2020, 1, 1))}
			if c.kind == "usage" {
				charge.Once, charge.Each = 0, price(c.price)
			}
			plan.Prices = append(plan.Prices, charge)
		}
		spec.Plans = []core.PlanSpec{plan}
		p.Offerings = append(p.Offerings, spec)
	}
	w.Providers = []core.ProviderSpec{p}
	return w
}

func newModelWalk(t *testing.T) *modelWalk {
	w := &modelWalk{clock: &clock{at: time.Date(2026, 2, 10, 9, 30, 0, 0, time.UTC)}, sheets: map[string]catalog.Sheet{},
		model: &model{customers: map[id.ID]*modelCustomer{}, offers: map[string]*modelOffer{}, resources: map[id.ID]*modelResource{}}}
	store := must(sqlite.Open(t.TempDir(), sqlite.Options{}))(t)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w.store = store
	w.Core = core.New(store, w.clock.now, id.NewSource(w.clock.now, 0, 0), seal.Key{1}, slog.New(slog.NewTextHandler(io.Discard, nil)), core.Config{})
	made := must(w.Apply(ctx, core.System(), modelWorld()))(t)
	for _, slug := range []string{"c1", "c2"} {
		i := made.ID("customer", slug)
		w.model.customers[i] = &modelCustomer{id: i, slug: slug, yearFrom: day.Date(2020, 5, 17)}
	}
	w.model.customers[made.ID("customer", "c2")].yearFrom = day.Date(2026, 1, 1)
	w.model.customers[made.ID("customer", "c2")].expires = 20 * 24 * time.Hour
	for _, o := range modelOffers {
		w.model.offers[o.code] = o
	}
	if err := store.View(ctx, func(r core.Reader) error { return w.load(r, made) }); err != nil {
		t.Fatal(err)
	}
	if err := w.View(ctx, core.System(), func(s *core.Scene) error {
		for _, o := range modelOffers {
			sh, err := s.OfferingByCode(o.code)
			if err != nil {
				return err
			}
			w.sheets[o.code] = sh
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *modelWalk) load(r core.Reader, made core.Made) error {
	for _, b := range []struct{ login, customer, project string }{{"o1", "c1", "p1"}, {"o1", "c1", "p2"}, {"m1", "c1", "p1"}, {"o2", "c2", "q1"}, {"o2", "c1", "p2"}} {
		u, err := r.UserByLogin(b.login)
		if err != nil {
			return err
		}
		grants, err := r.Grants(core.GrantQuery{Users: []id.ID{u.ID}})
		if err != nil {
			return err
		}
		w.buyers = append(w.buyers, buyer{core.Actor{User: u, Grants: grants, Key: u.ID, Door: "test"}, made.ID("customer", b.customer), made.ID("project", b.project), b.login == "m1"})
	}
	return nil
}

// compare holds everything there is against what the model adds up.
func (w *modelWalk) compare(rt *rapid.T) {
	err := w.store.View(ctx, func(r core.Reader) error {
		for _, o := range w.model.orders {
			if err := w.compareOrder(rt, r, o); err != nil {
				return err
			}
		}
		for i, m := range w.model.resources {
			res, err := r.Resource(i)
			if err != nil {
				return err
			}
			m.state = res.State
			for _, c := range m.offer.comps {
				if got := res.Quantities[w.componentID(m.offer.code, c.code)]; got != m.have[c.code] {
					rt.Fatalf("resource %s has %s %s, the model %s", i, got, c.code, m.have[c.code])
				}
			}
			if (res.OpenOrder != 0) != m.open {
				rt.Fatalf("resource %s has open order %s, the model says %v", i, res.OpenOrder, m.open)
			}
			if !m.open && m.state != order.Terminated { // what there is of stock is what is used of it
				for _, c := range m.offer.comps {
					w.compareStock(rt, m, c)
				}
			}
		}
		events, err := r.Events(core.EventQuery{Kinds: []string{"limit.exceeded"}, Limit: 100_000})
		if len(events) != w.model.exceeded {
			rt.Fatalf("%d limits were told as exceeded, the model says %d", len(events), w.model.exceeded)
		}
		return errorsOr(err, w.compareBalances(rt, r))
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func errorsOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (w *modelWalk) compareStock(rt *rapid.T, m *modelResource, c modelComponent) {
	if !c.stock || m.byHand {
		return
	}
	var used money.Micro
	for _, u := range w.model.units(m.resource, c.code) {
		used += u.left
	}
	if used != m.have[c.code] {
		rt.Fatalf("resource %s has %s %s, and %s are used by the ledger", m.resource, m.have[c.code], c.code, used)
	}
}

func (w *modelWalk) compareOrder(rt *rapid.T, r core.Reader, o *modelOrder) error {
	got, err := r.Order(o.id)
	if err != nil {
		return err
	}
	entries, err := r.Entries(o.id)
	if err != nil {
		return err
	}
	if got.State != o.state || got.CountsOn != o.on {
		rt.Fatalf("order %s (%s of %s) is %s and counts on %s, the model says %s and %s", o.id, o.typ, o.offer.code, got.State, got.CountsOn, o.state, o.on)
	}
	var held, charged money.Micro
	for _, c := range o.offer.comps {
		var mine []ledger.Entry
		for _, e := range entries {
			if e.Component == w.componentID(o.offer.code, c.code) {
				mine = append(mine, e)
			}
		}
		total := ledger.Total(mine)
		for _, k := range ledger.Kinds() {
			a, u := w.model.sums(o.id, c.code, map[ledger.Kind]money.Micro{k: 1}, 0)
			if total[k] != (ledger.Sums{Amount: a, Quantity: u}) {
				rt.Fatalf("order %s (%s of %s) has %s of %s: %v, the model %s and %s", o.id, o.typ, o.offer.code, k, c.code, total[k], a, u)
			}
		}
		a, _ := w.model.sums(o.id, c.code, heldBy, 0)
		held += a
		a, _ = w.model.sums(o.id, c.code, usedBy, 0)
		charged += a
	}
	if got.Held != held || got.Charged != charged || held < 0 || charged < 0 || (held > 0 && !got.State.Open()) {
		rt.Fatalf("order %s is %s, holds %s and was charged %s; the model says %s and %s", o.id, got.State, got.Held, got.Charged, held, charged)
	}
	return nil
}

func (w *modelWalk) componentID(offer, code string) id.ID {
	sh := w.sheets[offer]
	c, _ := sh.Component(code)
	return c.ID
}

func (w *modelWalk) compareBalances(rt *rapid.T, r core.Reader) error {
	all, err := r.AllLimits()
	if err != nil {
		return err
	}
	if len(all) != len(w.model.limits) {
		rt.Fatalf("there are %d limits, the model has %d", len(all), len(w.model.limits))
	}
	for _, l := range all {
		n := slices.IndexFunc(w.model.limits, w.inWords(l).same)
		if n < 0 || w.model.limits[n].value != l.Value {
			rt.Fatalf("limit %+v is none of the model's", l)
		}
		want := w.model.balances(w.model.limits[n])
		rows, err := r.Balances([]id.ID{l.ID})
		if err != nil {
			return err
		}
		for _, b := range rows {
			if m := want[b.Window]; m.used != b.Used || m.held != b.Held || b.Used < 0 || b.Held < 0 {
				rt.Fatalf("the %s limit on %s by %s about %q %q from %s on has %s used and %s held, the model %s and %s", l.Measure, l.Scope, l.Period, w.model.limits[n].offer,
					w.model.limits[n].comp, b.Window, b.Used, b.Held, m.used, m.held)
			}
			delete(want, b.Window)
		}
		for win, m := range want {
			if m != (balance{}) {
				rt.Fatalf("the %s limit on %s by %s has no balance from %s on, the model %s and %s", l.Measure, l.Scope, l.Period, win, m.used, m.held)
			}
		}
	}
	return nil
}

// inWords is a stored limit as the model writes it.
func (w *modelWalk) inWords(l limit.Limit) modelLimit {
	out := modelLimit{scope: l.Scope, scopeID: l.ScopeID, within: l.Customer, measure: l.Measure, period: l.Period}
	for code, sh := range w.sheets {
		if sh.Offering.ID == l.Offering {
			out.offer = code
		}
		if c, ok := sh.ComponentByID(l.Component); ok && l.Component != 0 {
			out.comp = c.Code
		}
	}
	return out
}

// size counts what a refusal must not change.
func (w *modelWalk) size(rt *rapid.T) []int {
	var out []int
	if err := w.store.View(ctx, func(r core.Reader) error {
		orders, err := r.AllOrders(0, 100_000)
		entries, err2 := r.AllEntries(core.EntryKey{}, 1_000_000)
		jobs, err3 := r.AllJobs(core.Job{}, 100_000)
		events, err4 := r.Events(core.EventQuery{Limit: 1_000_000})
		told := slices.DeleteFunc(events, func(e core.Event) bool { return e.Kind == "limit.refused" })
		out = []int{len(orders), len(entries), len(jobs), len(told)}
		return cmp.Or(err, err2, err3, err4)
	}); err != nil {
		rt.Fatal(err)
	}
	return out
}
