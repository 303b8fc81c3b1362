package modelarts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
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

// desk is a small world behind the door: aurora and borealis order, ops delivers.
type desk struct {
	t       testing.TB
	core    *core.Core
	handler http.Handler
	mu      sync.Mutex
	at      time.Time
	made    core.Made
}

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

// pairs are whom Sign-As may name.
var pairs = map[string]auth.Credentials{
	"alice":    {Access: tenant.AccessKey(id.ID(1001)), Secret: "alice-secret-of-twenty-characters"},
	"reader":   {Access: tenant.AccessKey(id.ID(1002)), Secret: "reader-secret-of-twenty-characters"},
	"bob":      {Access: tenant.AccessKey(id.ID(1003)), Secret: "bob-secret-of-twenty-characters"},
	"carol":    {Access: tenant.AccessKey(id.ID(1004)), Secret: "carol-secret-of-twenty-characters"},
	"homeless": {Access: tenant.AccessKey(id.ID(1005)), Secret: "homeless-secret-of-twenty-characters"},
	"stranger": {Access: tenant.AccessKey(id.ID(1006)), Secret: "nobody knows what it may be"},
	"forger":   {Access: tenant.AccessKey(id.ID(1001)), Secret: "not alice's"},
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}
	var err error
	d.core = core.New(fresh.Store(t, nil), d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{})
	if d.made, err = d.core.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	tokens := auth.Signed{Core: d.core, Key: seal.Key{1}, Purpose: "iam token", Header: TokenHeader}
	d.handler = New(d.core, Options{Scheme: auth.First(auth.SDKHMAC{Core: d.core, Now: d.now}, tokens), Tokens: tokens})
	return d
}

func (d *desk) project(slug string) string { return d.made.ID("project", slug).UUID(id.Project) }

func rate(s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

// flavorsOfTheWorld tell what the vendor tells of its own, or nothing at all.
var flavorsOfTheWorld = map[string]string{
	"modelarts.vm.cpu.2u.d": `{"type":"Dedicate","cpuArch":"x86","cpu":"2","memory":"8Gi","jobFlavors":["Train","Infer","Notebook"],"azs":{"eu-north-1a":"normal","eu-north-1b":"soldout"},
		"dataVolumes":[{"volumeType":"SSD","size":"500Gi"}]}`,
	"modelarts.vm.gpu.v100.d": `{"cpuArch":"x86","cpu":8,"memory":"64Gi","gpu":{"type":"nvidia-v100","size":"1","memory":"32Gi"},"jobFlavors":["Train"],"billingCode":"modelarts.v100"}`,
	"modelarts.vm.npu.d":      `{"cpuArch":"arm64","cpu":"24","memory":"192Gi","npu":{"type":"ascend","size":"1"},"jobFlavors":["Train"],"azs":{"eu-north-1a":"normal"}}`,
	"modelarts.vm.plain":      `{}`,
}

func world() core.World {
	yes := true
	price := func(each string, but ...string) []core.PriceSpec {
		var out []core.PriceSpec
		for _, code := range sorted(flavorsOfTheWorld) {
			if !slices.Contains(but, code) {
				out = append(out, core.PriceSpec{Component: code, Each: rate(each)})
			}
		}
		return out
	}
	pools := core.OfferingSpec{Code: "pools", Name: "Resource pools", Measure: catalog.Count, Fulfilment: catalog.Instant, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPending,
		Plans: []core.PlanSpec{
			{Code: "on-demand", Unit: catalog.Hour, Prices: price("0.43")},
			{Code: "monthly", Unit: catalog.Month, TermMonths: ptr(1), Prepaid: &yes, Prices: price("310", "modelarts.vm.plain")},
			{Code: "yearly", Unit: catalog.Month, TermMonths: ptr(12), Prepaid: &yes, Prices: price("260", "modelarts.vm.plain")},
		}}
	for _, code := range sorted(flavorsOfTheWorld) {
		pools.Components = append(pools.Components, core.ComponentSpec{Code: code, Name: code, Unit: "node", Stock: &yes, Attrs: json.RawMessage(flavorsOfTheWorld[code])})
	}
	hpc := core.OfferingSpec{Code: "hpc", Name: "HPC", Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.Never, Approval: catalog.ApproveNever,
		Components: []core.ComponentSpec{{Code: "storage", Name: "Storage", Unit: "TB", Stock: &yes}, {Code: "setup", Name: "Setup", Unit: "setup", Billing: catalog.Once}},
		Plans:      []core.PlanSpec{{Code: "month", Prices: []core.PriceSpec{{Component: "storage", Each: rate("20")}, {Component: "setup", Once: rate("100")}}}}}
	racks := core.OfferingSpec{Code: "racks", Name: "Racks", Measure: catalog.Count, Fulfilment: catalog.Shipment, Consent: catalog.Never, Approval: catalog.ApproveNever,
		Components: []core.ComponentSpec{{Code: "OR-RACK001", Name: "Rack", Unit: "rack", Stock: &yes}},
		Plans:      []core.PlanSpec{{Code: "upfront", Option: catalog.AllUpfront, TermMonths: ptr(36), Prices: []core.PriceSpec{{Component: "OR-RACK001", Once: rate("1000")}}}}}
	pair := func(who string, n core.Narrowing) []core.PairSpec {
		return []core.PairSpec{{AccessKey: pairs[who].Access, Secret: pairs[who].Secret, Narrowing: n}}
	}
	owner := func(customer string) []core.RoleSpec {
		return []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: customer}}
	}
	quota := []core.LimitSpec{{Measure: limit.Quantity, Offering: "ops/pools", Period: limit.Total, Value: ptr(16 * money.Unit)}}
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "aurora", Name: "Aurora Institute", Number: "111122223333", Limits: quota, Projects: []core.ProjectSpec{{Slug: "maps", Name: "Maps"}, {Slug: "ice", Name: "Ice"}}},
			{Slug: "borealis", Name: "Borealis Labs", Number: "444455556666", Projects: []core.ProjectSpec{{Slug: "labs", Name: "Labs"}}},
			{Slug: "ops", Name: "Ops", Number: "777788889999", Projects: []core.ProjectSpec{{Slug: "own", Name: "Own"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "ops", Offerings: []core.OfferingSpec{pools, hpc, racks}}},
		Users: []core.UserSpec{
			{Login: "alice", Home: "aurora", Roles: owner("aurora"), Password: &core.PasswordSpec{Value: "wonderland"},
				Pairs: append(pair("alice", core.Narrowing{}), pair("reader", core.Narrowing{ReadOnly: true})...)},
			{Login: "carol", Home: "aurora", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "maps"}}, Pairs: pair("carol", core.Narrowing{})},
			{Login: "bob", Home: "borealis", Roles: owner("borealis"), Password: &core.PasswordSpec{Value: "builder"}, Pairs: pair("bob", core.Narrowing{})},
			{Login: "homeless", Pairs: pair("homeless", core.Narrowing{})},
		},
	}
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// sign signs as the vendor's clients do. Test-Clock is how far the client's is off.
func (d *desk) sign(r *http.Request, who string) error {
	c, ok := pairs[who]
	if !ok {
		return fmt.Errorf("nobody is called %s", who)
	}
	at := d.now()
	if off := r.Header.Get("Test-Clock"); off != "" {
		by, err := time.ParseDuration(off)
		if err != nil {
			return err
		}
		at = at.Add(by)
		r.Header.Del("Test-Clock")
	}
	return auth.SignSDK(r, c, at)
}

var staff = core.Actor{User: tenant.User{ID: 1, Staff: true}}

// around are the steps of others: time passes, other doors order, providers act.
func (d *desk) around() map[string]func(args ...string) error {
	act := func(name string, a order.Act, v core.Verdict) error {
		i, err := parseOrderName(name)
		if err != nil {
			return err
		}
		_, err = d.core.Act(ctx, staff, i, a, v)
		return err
	}
	return map[string]func(args ...string) error{
		"advance": func(args ...string) error {
			by, err := time.ParseDuration(args[0])
			d.mu.Lock()
			defer d.mu.Unlock()
			d.at = d.at.Add(by)
			return err
		},
		"fulfil": func(args ...string) error { return act(args[0], order.Fulfil, core.Verdict{}) },
		"fail": func(args ...string) error {
			return act(args[0], order.Fail, core.Verdict{Message: "The disks are full."})
		},
		"reject": func(args ...string) error { return act(args[0], order.RejectConsumer, core.Verdict{}) },
		"partial": func(args ...string) error {
			return act(args[0], order.Fulfil, core.Verdict{Lines: []core.Moved{{Line: 1, To: order.Delivered, Delivered: ptr(money.Unit)}}})
		},
		// order OFFERING COMPONENT QUANTITY NAME: by alice, through another door
		"order": d.orderElsewhere,
		"rename": func(args ...string) error {
			i, err := parseNamed(id.Resource, args[0])
			if err != nil {
				return err
			}
			_, err = d.core.ChangeResource(ctx, staff, i, core.Consuming, tenant.PlaceOrder, func(_ *core.Scene, r *order.Resource) error { r.Name = args[1]; return nil })
			return err
		},
	}
}

func (d *desk) orderElsewhere(args ...string) error {
	h, err := d.core.Holder(ctx, id.ID(1001))
	if err != nil {
		return err
	}
	who := h.Actor
	who.Door = "elsewhere"
	quantity, err := money.ParseMicro(args[2])
	if err != nil {
		return err
	}
	var off, plan id.ID
	err = d.core.View(ctx, who, func(s *core.Scene) error {
		sh, err := s.OfferingByCode(args[0])
		off = sh.Offering.ID
		for _, p := range sh.Plans {
			if plan == 0 || p.Code == "on-demand" {
				plan = p.ID
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.core.PlaceOrder(ctx, who, core.Placement{Offering: off, Plan: plan, Project: d.made.ID("project", "maps"), Name: args[3], Asks: []core.Ask{{Component: args[1], Quantity: quantity}}})
	return err
}

func TestEveryCallAnswersAsItsConversationSays(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/*.txtar", fronttest.Options{
		Headers: []string{"Content-Type", "X-Subject-Token"},
		New: func(t *testing.T) (http.Handler, fronttest.Options) {
			d := newDesk(t)
			return d.handler, fronttest.Options{Sign: d.sign, Do: d.around(), Vars: map[string]string{
				"maps": d.project("maps"), "ice": d.project("ice"), "labs": d.project("labs"),
				"aurora": d.made.ID("customer", "aurora").UUID(id.Customer), "borealis": d.made.ID("customer", "borealis").UUID(id.Customer),
			}}
		},
	})
}

func TestConversationsWhereTheSameBodyIsTheSamePool(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/repeat/*.txtar", fronttest.Options{New: func(t *testing.T) (http.Handler, fronttest.Options) {
		d := newDesk(t)
		return New(d.core, Options{Scheme: auth.SDKHMAC{Core: d.core, Now: d.now}, Repeat: front.SameBody(10 * time.Minute)}),
			fronttest.Options{Sign: d.sign, Do: d.around(), Vars: map[string]string{"maps": d.project("maps")}}
	}})
}

func TestEveryWordOfTheCoreHasANameHere(t *testing.T) {
	for _, s := range order.States() {
		if orderPhase[s] == "" || stepStatus[s] == "" {
			t.Errorf("order state %s has no phase or no status", s)
		}
		if orderPhase[s] == failedWord && outcomeWord[s] == "" {
			t.Errorf("nothing says why an order is %s", s)
		}
	}
	for _, typ := range order.Types() {
		if operation[typ] == "" {
			t.Errorf("order type %s has no name", typ)
		}
	}
	for _, s := range order.ResourceStates() {
		p, ok := phaseOfPool[s]
		if !ok || (p == "") == slices.Contains(live, s) {
			t.Errorf("resource state %s has phase %q, listed: %v", s, p, slices.Contains(live, s))
		}
		if p != "" && (scopeState[p] == "" || statisticOf[p] == "" || nodePhase[p] == "") {
			t.Errorf("phase %s has no words beside it", p)
		}
	}
	for _, k := range core.Kinds() {
		if failure[k].code == "" || failure[k].status < 400 {
			t.Errorf("kind %s has no failure", k)
		}
	}
	for word, phases := range phaseWords {
		for _, p := range phases {
			if p != partial && len(inPhase[p]) == 0 {
				t.Errorf("the filter %s lets %s through, which no order has", word, p)
			}
		}
	}
}
