package world

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/door/native"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

type desk struct {
	*core.Core
	store core.Store
	now   time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	store := fresh.Store(t, clock)
	d.store = store
	d.Core = core.New(store, clock, id.NewSource(clock, 0, 0), seal.Key{1}, slog.New(slog.DiscardHandler), core.Config{})
	return d
}

func (d *desk) apply(t *testing.T, text string) (core.Made, error) {
	t.Helper()
	doc, err := Parse("w.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w, err := native.World(doc.World)
	if err != nil {
		return core.Made{}, doc.Locate(err)
	}
	made, err := d.Apply(t.Context(), core.System(), w)
	return made, doc.Locate(err)
}

func (d *desk) mustApply(t *testing.T, text string) core.Made {
	t.Helper()
	made, err := d.apply(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTheDemoWorldIsMadeOnceAndThenKept(t *testing.T) {
	d := open(t)
	first := d.mustApply(t, string(demo))
	for _, c := range first.Changes {
		if c.What != core.DidMake {
			t.Errorf("%s %s was %s in an empty desk", c.Kind, c.Name, c.What)
		}
	}
	if len(first.Keys) != 13 || first.Tiles == 0 {
		t.Errorf("%d keys made and %d tiles, want 13 keys and some tiles", len(first.Keys), first.Tiles)
	}
	again := d.mustApply(t, string(demo))
	for _, c := range again.Changes {
		if c.What != core.DidKeep {
			t.Errorf("%s: %s %s was %s the second time", c.Path, c.Kind, c.Name, c.What)
		}
	}
	if len(again.Keys) != 0 || again.Tiles != 0 {
		t.Errorf("the second time made %d keys and %d tiles", len(again.Keys), again.Tiles)
	}
	d.now = d.now.AddDate(0, 0, 1)
	if next := d.mustApply(t, string(demo)); next.Tiles != first.Tiles {
		t.Errorf("the next day's archive has %d tiles, the first one's %d", next.Tiles, first.Tiles)
	}
}

func TestMadeKeysOpen(t *testing.T) {
	d := open(t)
	for _, k := range d.mustApply(t, string(demo)).Keys {
		switch k.Kind {
		case tenant.Token:
			i, err := tenant.ParseToken(k.Secret)
			if err != nil {
				t.Fatal(err)
			}
			h, err := d.Holder(t.Context(), i)
			if err != nil || string(h.Key.Verifier) != string(seal.Hash(k.Secret)) || h.Actor.User.Login != k.Login {
				t.Errorf("the token of %s lets in %q, %v", k.Login, h.Actor.User.Login, err)
			}
		case tenant.Pair:
			i, err := tenant.ParseAccessKey(k.AccessKey)
			if err != nil {
				t.Fatal(err)
			}
			h, err := d.Holder(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			if secret, err := d.Secret(h.Key); err != nil || secret != k.Secret || h.Actor.ReadOnly != k.ReadOnly {
				t.Errorf("the pair of %s has secret %q and reads only: %v, %v", k.Login, secret, h.Actor.ReadOnly, err)
			}
		case tenant.Password:
			h, err := d.PasswordHolder(t.Context(), k.Login)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := seal.IsPassword(h.Key.Verifier, k.Secret); err != nil || !ok {
				t.Errorf("the password of %s does not open: %v", k.Login, err)
			}
		}
	}
}

func TestGivenKeysAreTakenAsTheyAre(t *testing.T) {
	d := open(t)
	token := "000000000000002a" + strings.Repeat("ab", 12)
	text := `
users:
  - login: x
    password: {value: correct horse}
    tokens: [{value: ` + token + `}]
    pairs: [{access_key: ` + tenant.AccessKey(43) + `, secret: ` + strings.Repeat("s", 40) + `}]
`
	if made := d.mustApply(t, text); len(made.Keys) != 0 {
		t.Errorf("keys were made though all were given: %+v", made.Keys)
	}
	for _, c := range d.mustApply(t, text).Changes {
		if c.What != core.DidKeep {
			t.Errorf("%s was %s the second time", c.Name, c.What)
		}
	}
	h, err := d.Holder(t.Context(), 43)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := d.Secret(h.Key); err != nil || secret != strings.Repeat("s", 40) {
		t.Errorf("the pair's secret is %q, %v", secret, err)
	}
	if _, err := d.apply(t, "users:\n  - login: y\n    tokens: [{value: "+token+"}]\n"); err == nil {
		t.Error("another user got the same token")
	}
}

func TestAPriceThatChangesIsANewRow(t *testing.T) {
	d := open(t)
	world := func(price string) string {
		return `
customers: [{slug: p}]
providers:
  - customer: p
    offerings:
      - code: o
        components: [{code: c}]
        plans: [{code: l, prices: [{component: c, each: ` + price + `}]}]
`
	}
	d.mustApply(t, world("4.50"))
	d.now = d.now.AddDate(0, 0, 3)
	d.mustApply(t, world("5"))
	d.mustApply(t, world("5"))
	err := d.View(t.Context(), core.System(), func(s *core.Scene) error {
		sh, err := s.OfferingByCode("o")
		if err != nil {
			return err
		}
		var got []string
		for _, p := range sh.Prices {
			got = append(got, p.From.String()+" "+p.Each.String())
		}
		if want := "2026-11-01 4.5, 2026-11-27 5"; strings.Join(got, ", ") != want {
			t.Errorf("prices are %s, want %s", strings.Join(got, ", "), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARefusalNamesTheLineAndKeepsNothing(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"a slug that is none":        {"customers:\n  - slug: good\n  - slug: Not Good\n", "w.yaml:3: customers[1].slug: \"Not Good\" is no slug"},
		"a customer nobody knows":    {"users:\n  - login: x\n    home: nowhere\n", "w.yaml:3: users[0].home: There is no customer \"nowhere\""},
		"a role nobody knows":        {"users:\n  - login: x\n    roles:\n      - {role: king}\n", "w.yaml:4: users[0].roles[0].role: \"king\" is no role"},
		"a role in the wrong scope":  {"customers: [{slug: c}]\nusers:\n  - login: x\n    roles:\n      - {role: project.member, customer: c}\n", "w.yaml:5: users[0].roles[0]: The role project.member is granted in one project"},
		"a limit below zero":         {"customers:\n  - slug: c\n    limits:\n      - {measure: money, period: year, value: -1}\n", "w.yaml:4: customers[0].limits[0].value: A limit is 0 or more"},
		"a limit twice":              {"customers:\n  - slug: c\n    limits:\n      - {measure: money, period: year, value: 1}\n      - {measure: money, period: year, value: 2}\n", "w.yaml:5: customers[0].limits[1]: This limit is named twice"},
		"a price for nothing":        {"customers: [{slug: c}]\nproviders:\n  - customer: c\n    offerings:\n      - code: o\n        plans:\n          - code: l\n            prices:\n              - {component: none, once: 1}\n", "w.yaml:9: providers[0].offerings[0].plans[0].prices[0].component: The offering o has no component"},
		"a number with two points":   {"customers:\n  - slug: c\n    approve_over: 1.2.3\n", "w.yaml:3: customers[0].approve_over: \"1.2.3\" is no decimal number"},
		"contracts that overlap":     {"customers:\n  - slug: c\n    contracts:\n      - {from: 2026-01-01, to: 2027-01-01}\n      - {from: 2026-06-01, to: 2027-06-01}\n", "w.yaml:5: customers[0].contracts[1]: The contract overlaps"},
		"another customer's project": {"customers:\n  - slug: a\n    projects: [{slug: p}]\n  - slug: b\n    projects:\n      - slug: p\n", "w.yaml:6: customers[1].projects[0].slug: The project p belongs to another customer"},
		"another customer's folder":  {"customers:\n  - slug: a\n    buckets: [{name: x}]\n  - slug: b\n    buckets:\n      - name: x\n", "w.yaml:6: customers[1].buckets[0].name: The folder x is another customer's"},
		"a capacity by contract":     {"customers: [{slug: c}]\nproviders:\n  - customer: c\n    offerings:\n      - code: o\n        components: [{code: n}]\n        limits:\n          - {measure: quantity, period: contract, value: 4}\n", "w.yaml:8: providers[0].offerings[0].limits[0].period: A capacity is for all customers"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			_, err := d.apply(t, tt.text)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if err := d.View(t.Context(), core.System(), func(s *core.Scene) error {
				list, err := s.Customers(core.CustomerQuery{})
				if len(list) > 0 {
					t.Errorf("customers were kept: %+v", list)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestALimitThatComesLaterCountsWhatIsThere(t *testing.T) {
	d := open(t)
	made := d.mustApply(t, string(demo))
	customer := made.ID("customer", "aurora-institute")
	pools := made.ID("offering", "docket-operations/pools")
	who, err := d.PasswordHolder(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.PlaceOrder(t.Context(), who.Actor, core.Placement{Offering: pools, Plan: made.ID("plan", "docket-operations/pools/on-demand"), Name: "pool-test",
		Asks: []core.Ask{{Component: "modelarts.vm.cpu.8u.d", Quantity: 3 * money.Unit}}}); err != nil {
		t.Fatal(err)
	}
	d.mustApply(t, `
customers:
  - slug: aurora-institute
    limits:
      - {measure: money, offering: pools, period: month, value: 1}
      - {measure: quantity, offering: pools, component: modelarts.vm.cpu.8u.d, period: total, value: 100}
`)
	want := map[limit.Measure]string{limit.Money: "1.29", limit.Quantity: "3"}
	err = d.View(t.Context(), core.System(), func(s *core.Scene) error {
		standings, err := s.Standings(customer, core.LimitScope{Scope: tenant.OnCustomer, ID: customer})
		for _, st := range standings {
			if st.Period == limit.Month || st.Component != 0 && st.Offering == pools {
				if st.Used.String() != want[st.Measure] {
					t.Errorf("the new %s limit has %s used, want %s", st.Measure, st.Used, want[st.Measure])
				}
				delete(want, st.Measure)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		t.Errorf("no standing of these limits: %v", want)
	}
	events, err := exceeded(t, d)
	if err != nil || events != 1 {
		t.Errorf("%d events tell of the limit found broken, want 1 (%v)", events, err)
	}
}

func exceeded(t *testing.T, d *desk) (n int, err error) {
	t.Helper()
	err = d.View(t.Context(), core.System(), func(s *core.Scene) error {
		list, err := s.Events(core.EventQuery{Kinds: []string{"limit.exceeded"}})
		n = len(list)
		return err
	})
	return n, err
}

func TestALimitIsTakenAway(t *testing.T) {
	d := open(t)
	d.mustApply(t, "customers:\n  - slug: c\n    limits: [{measure: money, period: year, value: 5}]\n")
	made := d.mustApply(t, "customers:\n  - slug: c\n    limits: [{measure: money, period: year, value: none}]\n")
	c := made.ID("customer", "c")
	err := d.View(t.Context(), core.System(), func(s *core.Scene) error {
		standings, err := s.Standings(c, core.LimitScope{Scope: tenant.OnCustomer, ID: c})
		if len(standings) != 0 {
			t.Errorf("limits are left: %+v", standings)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAResourceHasLimitsOfItsOwn(t *testing.T) {
	d := open(t)
	made := d.mustApply(t, string(demo))
	pools := made.ID("offering", "docket-operations/pools")
	who, err := d.PasswordHolder(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	nodes := func(n int64) []core.Ask {
		return []core.Ask{{Component: "modelarts.vm.cpu.8u.d", Quantity: money.Micro(n) * money.Unit}}
	}
	p, err := d.PlaceOrder(t.Context(), who.Actor, core.Placement{Offering: pools, Plan: made.ID("plan", "docket-operations/pools/on-demand"), Name: "pool-test", Asks: nodes(3)})
	if err != nil {
		t.Fatal(err)
	}
	grow := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: nodes(5)}
	for _, id := range []string{p.Resource.ID.Decimal(), p.Resource.ID.UUID(id.Resource), p.Resource.ID.Hex17("oo-")} {
		d.mustApply(t, "resources:\n  - id: "+id+"\n    limits:\n      - {measure: quantity, component: modelarts.vm.cpu.8u.d, period: total, value: 4}\n      - {measure: money, period: month, value: 1000}\n")
		_, err := d.PlaceOrder(t.Context(), who.Actor, grow)
		e := core.AsError(err)
		if e.Kind != core.LimitExceeded || len(e.Breaches) != 1 {
			t.Fatalf("five nodes where the resource may have four: %v", err)
		}
		if b := e.Breaches[0]; b.Scope != tenant.OnResource || b.ScopeName != "pool-test" || b.Used.String() != "3" || b.Asked.String() != "2" || b.Value.String() != "4" {
			t.Errorf("refused by %+v", b)
		}
	}
	d.mustApply(t, "resources:\n  - id: "+p.Resource.ID.Decimal()+"\n    limits: [{measure: quantity, component: modelarts.vm.cpu.8u.d, period: total, value: none}]\n")
	if _, err := d.PlaceOrder(t.Context(), who.Actor, grow); err != nil {
		t.Errorf("without the limit it is refused still: %v", err)
	}
	for text, want := range map[string]string{
		"resources:\n  - id: 12\n    limits: []\n":  "w.yaml:2: resources[0].id: There is no resource 12.",
		"resources:\n  - id: x y\n    limits: []\n": "w.yaml:2: resources[0].id: There is no resource x y.",
	} {
		if _, err := d.apply(t, text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
