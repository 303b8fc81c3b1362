package waldur

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
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

// desk is a small world behind the door: aurora and borealis order, nordic delivers.
type desk struct {
	t       testing.TB
	core    *core.Core
	handler http.Handler
	made    core.Made
	mu      sync.Mutex
	at      time.Time
}

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

// people are whom Sign-As may name, in the order of their tokens.
var people = []string{"alice", "mary", "carol", "bob", "pat", "sam", "olga", "operator", "sue", "nobody", "reader", "expired", "inactive", "cy", "adam", "frank"}

func tokenOf(who string) string {
	for n, p := range people {
		if p == who {
			return fmt.Sprintf("%016x%024x", 3001+n, 0xfeed+n)
		}
	}
	return who // the spelling itself
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}
	var err error
	d.core = core.New(fresh.Store(t, d.now), d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{})
	if d.made, err = d.core.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	d.handler = New(d.core, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: d.core}, Version: "1.2.3"})
	return d
}

func rate(s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

// user has a token of their own and one role.
func user(login, name string, more func(u *core.UserSpec), roles ...core.RoleSpec) core.UserSpec {
	u := core.UserSpec{Login: login, Name: name, Email: login + "@example.org", Roles: roles, Tokens: []core.TokenSpec{{Value: tokenOf(login)}}}
	if more != nil {
		more(&u)
	}
	return u
}

func world() core.World {
	yes := true
	hpc := core.OfferingSpec{Code: "hpc", Name: "HPC", Description: "A cluster.", Measure: catalog.Limits, Fulfilment: catalog.Manual, Cancel: catalog.CancelNever,
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","plugin_options":{"service_provider_can_create_offering_user":true,"enable_provider_consumer_messaging":true,"can_restore_resource":true}}`),
		Components: []core.ComponentSpec{
			{Code: "cpu", Name: "CPU hours", Unit: "kh", Billing: catalog.ByUsage},
			{Code: "storage", Name: "Storage", Unit: "TB", Billing: catalog.ByLimit, Stock: &yes, Min: ptr(money.Unit), Max: ptr(1000 * money.Unit)},
			{Code: "setup", Name: "Setup", Unit: "setup", Billing: catalog.Once},
		},
		Plans: []core.PlanSpec{
			{Code: "standard", Name: "Standard", Prices: []core.PriceSpec{{Component: "cpu", Each: rate("4.5")}, {Component: "storage", Each: rate("20")}, {Component: "setup", Once: rate("100")},
				{Component: "storage", Each: rate("21"), From: ptr(day.Date(2027, 1, 1))}}},
			{Code: "premium", Name: "Premium", Prices: []core.PriceSpec{{Component: "cpu", Each: rate("3")}, {Component: "storage", Each: rate("30")}, {Component: "setup", Once: rate("100")}}},
			{Code: "single", Name: "Single", MaxResources: ptr(1), Prices: []core.PriceSpec{{Component: "storage", Each: rate("1")}}},
		}}
	lab := core.OfferingSpec{Code: "lab", Name: "Lab desk", Measure: catalog.Limits, Fulfilment: catalog.Manual, Cancel: catalog.CancelPreparing,
		Attrs: json.RawMessage(`{"type":"Marketplace.Basic","category":"Services"}`),
		Components: []core.ComponentSpec{
			{Code: "storage", Name: "Storage", Unit: "TB", Billing: catalog.ByLimit, Stock: &yes},
			{Code: "support", Name: "Support", Unit: "month", Billing: catalog.ByFixed},
			{Code: "change", Name: "Change", Unit: "change", Billing: catalog.Few},
		},
		Plans: []core.PlanSpec{{Code: "standard", Name: "Standard", Prices: []core.PriceSpec{{Component: "storage", Each: rate("20")}, {Component: "support", Each: rate("50")}, {Component: "change", Once: rate("10")}}}}}
	racks := core.OfferingSpec{Code: "hardware", Name: "Hardware", Measure: catalog.Count, Fulfilment: catalog.Shipment, Consent: catalog.Never,
		Components: []core.ComponentSpec{{Code: "OR-A1B2C3D", Name: "A rack", Unit: "unit", Stock: &yes}},
		Plans:      []core.PlanSpec{{Code: "upfront", Name: "All upfront", Option: catalog.AllUpfront, TermMonths: ptr(12), Prices: []core.PriceSpec{{Component: "OR-A1B2C3D", Once: rate("6000")}}}}}
	secret := core.OfferingSpec{Code: "secret", Name: "Secret", Measure: catalog.Limits, Fulfilment: catalog.Manual, PrivateTo: "borealis",
		Components: []core.ComponentSpec{{Code: "storage", Name: "Storage", Unit: "TB"}},
		Plans:      []core.PlanSpec{{Code: "only", Name: "Only", Prices: []core.PriceSpec{{Component: "storage", Each: rate("1")}}}}}
	draft := core.OfferingSpec{Code: "draft", Name: "Draft", State: catalog.Draft, Measure: catalog.Limits, Fulfilment: catalog.Manual}
	gone := core.OfferingSpec{Code: "gone", Name: "Gone", State: catalog.Archived, Measure: catalog.Limits, Fulfilment: catalog.Manual,
		Components: []core.ComponentSpec{{Code: "storage", Name: "Storage", Unit: "TB"}},
		Plans:      []core.PlanSpec{{Code: "only", Name: "Only", Prices: []core.PriceSpec{{Component: "storage", Each: rate("1")}}}}}
	in := func(role tenant.Role, customer string) core.RoleSpec {
		return core.RoleSpec{Role: role, Customer: customer}
	}
	on := func(role tenant.Role, project string) core.RoleSpec {
		return core.RoleSpec{Role: role, Project: project}
	}
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "aurora", Name: "Aurora", Number: "111122223333", Attrs: json.RawMessage(`{"abbreviation":"AU","country":"NO"}`),
				Projects: []core.ProjectSpec{{Slug: "aurora", Name: "Aurora one"}, {Slug: "old", Name: "Old", EndOn: ptr(day.Date(2026, 1, 1))}, {Slug: "later", Name: "Later", StartOn: ptr(day.Date(2027, 1, 1))}},
				Limits:   []core.LimitSpec{{Measure: limit.Money, Offering: "nordic/hpc", Period: limit.Year, Value: ptr(3000 * money.Unit)}}},
			{Slug: "borealis", Name: "Borealis", Number: "444455556666", Projects: []core.ProjectSpec{{Slug: "borealis", Name: "Borealis one"}}},
			{Slug: "nordic", Name: "Nordic", Number: "777788889999", Projects: []core.ProjectSpec{{Slug: "nordic", Name: "Nordic one"}}},
			{Slug: "blocked", Name: "Blocked", Number: "123412341234", Blocked: &yes, Projects: []core.ProjectSpec{{Slug: "blocked", Name: "Blocked one"}}},
			{Slug: "archived", Name: "Archived", Number: "123412341235", Archived: &yes, Projects: []core.ProjectSpec{{Slug: "archived", Name: "Archived one"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{hpc, lab, racks, secret, draft, gone}}},
		Users: []core.UserSpec{
			user("alice", "Alice Owner", func(u *core.UserSpec) { u.Home, u.Password = "aurora", &core.PasswordSpec{Value: "correct horse"} },
				in(tenant.CustomerOwner, "aurora"), in(tenant.CustomerOwner, "blocked"), in(tenant.CustomerOwner, "archived")),
			user("mary", "Mary Manager", nil, on(tenant.ProjectManager, "aurora"), on(tenant.ProjectMember, "aurora")),
			user("carol", "Carol Member", nil, on(tenant.ProjectMember, "aurora")),
			user("bob", "Bob Owner", nil, in(tenant.CustomerOwner, "borealis")),
			user("pat", "Pat Provider", nil, in(tenant.CustomerOwner, "nordic")),
			user("sam", "Sam Service", nil, in(tenant.CustomerManager, "nordic")),
			user("olga", "Olga Offering", nil, core.RoleSpec{Role: tenant.OfferingManager, Offering: "nordic/hpc"}),
			user("operator", "The Operator", func(u *core.UserSpec) { u.Staff = &yes }),
			user("sue", "Sue Support", func(u *core.UserSpec) { u.Support = &yes }),
			user("nobody", "No Body", nil),
			user("reader", "Ready Reader", func(u *core.UserSpec) { u.Tokens[0].ReadOnly = true }, in(tenant.CustomerOwner, "aurora")),
			user("expired", "Ex Pired", func(u *core.UserSpec) {
				u.Tokens[0].ExpiresAt = ptr(time.Date(2026, 11, 10, 9, 45, 0, 0, time.UTC))
			}),
			user("inactive", "In Active", func(u *core.UserSpec) { u.Active = ptr(false) }),
		},
	}
}

// find returns the UUID of what the world made.
func (d *desk) find(kind string, as id.Kind, name string) string {
	for _, c := range d.made.Changes {
		if c.Kind == kind && c.Name == name {
			return c.ID.UUID(as)
		}
	}
	d.t.Fatalf("there is no %s %q", kind, name)
	return ""
}

func (d *desk) vars() map[string]string {
	return map[string]string{
		"aurora": d.find("customer", id.Customer, "aurora"), "nordic": d.find("customer", id.Customer, "nordic"), "borealis": d.find("customer", id.Customer, "borealis"),
		"project": d.find("project", id.Project, "aurora"), "old-project": d.find("project", id.Project, "old"), "later-project": d.find("project", id.Project, "later"),
		"bobs-project": d.find("project", id.Project, "borealis"), "blocked-project": d.find("project", id.Project, "blocked"), "archived-project": d.find("project", id.Project, "archived"),
		"hpc": d.find("offering", id.Offering, "nordic/hpc"), "lab": d.find("offering", id.Offering, "nordic/lab"), "hardware": d.find("offering", id.Offering, "nordic/hardware"),
		"secret": d.find("offering", id.Offering, "nordic/secret"), "draft": d.find("offering", id.Offering, "nordic/draft"), "gone": d.find("offering", id.Offering, "nordic/gone"),
		"provider": d.find("provider", id.Provider, "nordic"),
		"standard": d.find("plan", id.Plan, "nordic/hpc/standard"), "premium": d.find("plan", id.Plan, "nordic/hpc/premium"), "single": d.find("plan", id.Plan, "nordic/hpc/single"), "lab-plan": d.find("plan", id.Plan, "nordic/lab/standard"), "gone-plan": d.find("plan", id.Plan, "nordic/gone/only"),
		"alice": d.find("user", id.User, "alice"), "carol": d.find("user", id.User, "carol"), "pat": d.find("user", id.User, "pat"), "bob": d.find("user", id.User, "bob"),
		"unknown": "00000000000000000000000000000000",
	}
}

// options are what the conversations with this desk may do beside asking.
func (d *desk) options() fronttest.Options {
	return fronttest.Options{
		Vars: d.vars(),
		Sign: func(r *http.Request, who string) error {
			r.Header.Set("Authorization", "Token "+tokenOf(who))
			return nil
		},
		Do: map[string]func(args ...string) error{
			"advance": func(args ...string) error {
				by, err := time.ParseDuration(args[0])
				d.mu.Lock()
				d.at = d.at.Add(by)
				d.mu.Unlock()
				return err
			},
			"keep-accounts": func(...string) error { _, err := d.keeper().Once(ctx); return err },
			"order-racks":   func(args ...string) error { return d.orderRacks(args[0]) },
			"block":         func(args ...string) error { return d.block(args[0], args[1] == "yes") },
		},
	}
}

// orderRacks places an order as another door would.
func (d *desk) orderRacks(quantity string) error {
	n, err := strconv.ParseInt(quantity, 10, 64)
	if err != nil {
		return err
	}
	who, err := d.actor("alice")
	if err != nil {
		return err
	}
	who.Door = "outposts"
	hardware, err := id.ParseUUID(id.Offering, d.find("offering", id.Offering, "nordic/hardware"))
	if err != nil {
		return err
	}
	_, err = d.core.PlaceOrder(ctx, who, core.Placement{Offering: hardware, Name: "racks", Request: json.RawMessage(`{"PaymentOption":"ALL_UPFRONT"}`),
		Asks: []core.Ask{{Component: "OR-A1B2C3D", Quantity: money.Micro(n) * money.Unit}}})
	return err
}

func (d *desk) actor(who string) (core.Actor, error) {
	i, err := tenant.ParseToken(tokenOf(who))
	if err != nil {
		return core.Actor{}, err
	}
	h, err := d.core.Holder(ctx, i)
	return h.Actor, err
}

func (d *desk) block(customer string, yes bool) error {
	_, err := d.core.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: customer, Blocked: &yes}}})
	return err
}

func TestConversations(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/*.txtar", fronttest.Options{New: func(t *testing.T) (http.Handler, fronttest.Options) {
		d := newDesk(t)
		return d.handler, d.options()
	}})
}

func TestConversationsWhereTheSameBodyIsTheSameOrder(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/repeat/*.txtar", fronttest.Options{New: func(t *testing.T) (http.Handler, fronttest.Options) {
		d := newDesk(t)
		return New(d.core, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: d.core}, Repeat: front.SameBody(10 * time.Minute)}), d.options()
	}})
}

func TestEveryWordOfTheCoreHasOneOfTheVendors(t *testing.T) {
	for _, s := range order.States() {
		if orderState[s] == "" {
			t.Errorf("order state %s has no name", s)
		}
	}
	for _, s := range order.Types() {
		if orderType[s] == "" {
			t.Errorf("order type %s has no name", s)
		}
	}
	for _, s := range order.ResourceStates() {
		if resourceState[s] == "" {
			t.Errorf("resource state %s has no name", s)
		}
	}
	for _, s := range catalog.States() {
		if offeringState[s] == "" {
			t.Errorf("offering state %s has no name", s)
		}
	}
	for _, b := range catalog.Billings() {
		if billingType[b] == "" {
			t.Errorf("billing %s has no name", b)
		}
	}
	for _, u := range catalog.UnitsOfPlan() {
		if planUnit[u] == "" {
			t.Errorf("plan unit %s has no name", u)
		}
	}
	for r := range tenant.Roles() {
		if roleName[r] == "" || roleDescription[r] == "" {
			t.Errorf("role %s has no name or description", r)
		}
	}
	for _, k := range core.Kinds() {
		if failure[k].status == 0 || failure[k].body == nil {
			t.Errorf("kind %s has no failure", k)
		}
	}
	for _, f := range catalog.Fulfilments() {
		if typeOfCount[f] == "" {
			t.Errorf("what is counted and fulfilled by %s has no type", f)
		}
		if typeOfLimits[f] == "" {
			t.Errorf("allocations fulfilled by %s have no type", f)
		}
	}
	for _, m := range []catalog.Measuring{catalog.Count, catalog.Limits, catalog.Imagery} {
		if categoryOf[m] == "" {
			t.Errorf("what is measured by %s has no category", m)
		}
	}
}
