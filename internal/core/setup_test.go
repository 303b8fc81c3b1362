package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// refusedFor fails unless err is of a kind and for a reason.
func refusedFor(t *testing.T, err error, kind core.Kind, reason string) {
	t.Helper()
	if e := core.AsError(err); err == nil || e.Kind != kind || e.Reason != reason {
		t.Errorf("%v, want %s: %s", err, kind, reason)
	}
}

// reprice sets the price of storage.
func (d *desk) reprice(t *testing.T, plan id.ID, rate string) {
	t.Helper()
	err := d.RepricePlan(ctx, d.seller, plan, func(catalog.Sheet, catalog.Plan) (map[string]core.Reprice, error) {
		return map[string]core.Reprice{"storage": {Rate: ptr(price(rate))}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// priceOn is what a plan asks for storage on a day.
func (d *desk) priceOn(t *testing.T, offering, plan id.ID, on day.Day) string {
	t.Helper()
	var out string
	if err := d.View(ctx, d.seller, func(s *core.Scene) error {
		sh, err := s.Offering(offering)
		c, _ := sh.Component("storage")
		p, _ := sh.Price(plan, c.ID, on)
		out = p.Each.String()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPlanIsPricedAnewUntilSomethingIsOrderedOnIt(t *testing.T) {
	d := newDesk(t)
	hpc := d.sheets["hpc"].Offering.ID
	plan := must(d.MakePlan(ctx, d.seller, hpc, core.PlanSpec{Name: "Fresh"}))(t)
	first, today, next := day.Date(2026, 11, 1), day.Date(2026, 11, 10), day.Date(2026, 12, 1)
	for _, rate := range []string{"3", "4"} {
		d.reprice(t, plan.ID, rate)
		d.clock.ahead(time.Hour)
		for _, on := range []day.Day{first, today, next} {
			if got := d.priceOn(t, hpc, plan.ID, on); got != rate {
				t.Errorf("set to %s before it was used: %s on %s", rate, got, on)
			}
		}
	}
	p := d.ask("hpc", map[string]money.Micro{"storage": units(2)})
	p.Plan = plan.ID
	placed := must(d.PlaceOrder(ctx, d.owner, p))(t)
	if placed.Order.Due != *dollars("8") {
		t.Errorf("the first month is %s, want 2 × 4.00", placed.Order.Due)
	}
	d.reprice(t, plan.ID, "5")
	if got := d.priceOn(t, hpc, plan.ID, today); got != "4" {
		t.Errorf("what was ordered at 4 is %s today", got)
	}
	if got := d.priceOn(t, hpc, plan.ID, next); got != "5" {
		t.Errorf("the next month is at %s, want 5", got)
	}
	must(d.Act(ctx, d.seller, placed.Order.ID, order.RejectProvider, core.Verdict{}))(t)
	must(struct{}{}, d.ArchivePlan(ctx, d.seller, plan.ID))(t)
	refusedFor(t, d.ArchivePlan(ctx, d.seller, plan.ID), core.Conflict, core.ReasonState)
	if got := d.priceOn(t, hpc, plan.ID, today); got != "4" {
		t.Errorf("archiving the plan made it %s", got)
	}
}

func TestAQuantityIsSetForFixedComponentsAlone(t *testing.T) {
	d := newDesk(t)
	sh := d.sheets["hpc"]
	set := func(code string) error {
		return d.RepricePlan(ctx, d.seller, sh.Plans[0].ID, func(catalog.Sheet, catalog.Plan) (map[string]core.Reprice, error) {
			return map[string]core.Reprice{code: {Amount: ptr(units(3))}}, nil
		})
	}
	if err := set("support"); err != nil {
		t.Error(err)
	}
	for _, code := range []string{"storage", "cpu", "none"} {
		if err := set(code); !errors.Is(err, core.Invalid) {
			t.Errorf("a quantity of %s: %v", code, err)
		}
	}
	for name, who := range map[string]core.Actor{"the buyer's owner": d.owner, "a member": d.member, "an outsider": d.outsider} {
		if err := d.RepricePlan(ctx, who, sh.Plans[0].ID, nil); !errors.Is(err, core.Forbidden) {
			t.Errorf("%s reprices: %v", name, err)
		}
	}
}

func TestAnOfferingsLife(t *testing.T) {
	d := newDesk(t)
	hpc := d.sheets["hpc"].Offering.ID
	for _, from := range catalog.States() {
		for _, step := range catalog.Life() {
			must(d.Apply(ctx, d.staff, core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", State: from}}}}}))(t)
			sh := d.sheets["hpc"]
			sh.Offering.State = from
			want, ok := sh.Next(step.Act)
			got, err := d.MoveOffering(ctx, d.staff, hpc, step.Act, nil)
			if ok && (err != nil || got.Offering.State != want) {
				t.Errorf("%s from %s: %s, %v, want %s", step.Act, from, got.Offering.State, err, want)
			}
			if !ok {
				refusedFor(t, err, core.Conflict, core.ReasonState)
			}
		}
	}
	bare := must(d.MakeOffering(ctx, d.seller, d.seller.Grants[0].ScopeID, core.OfferingSpec{Name: "Bare", Measure: catalog.Limits}))(t)
	if bare.Offering.State != catalog.Draft || bare.Offering.Code != "bare" {
		t.Errorf("a new offering is %+v", bare.Offering)
	}
	if _, err := d.MoveOffering(ctx, d.seller, bare.Offering.ID, catalog.Activate, nil); !errors.Is(err, core.Forbidden) {
		t.Errorf("a provider activates: %v", err)
	}
	_, err := d.MoveOffering(ctx, d.staff, bare.Offering.ID, catalog.Activate, nil)
	refusedFor(t, err, core.Conflict, core.ReasonState) // without a plan
	must(d.MakePlan(ctx, d.seller, bare.Offering.ID, core.PlanSpec{Name: "Plan"}))(t)
	must(d.MoveOffering(ctx, d.staff, bare.Offering.ID, catalog.Activate, nil))(t)
	if _, err := d.MakeOffering(ctx, d.owner, d.buyer.ID, core.OfferingSpec{Name: "None"}); !errors.Is(err, core.Invalid) || !strings.Contains(core.AsError(err).Msg, "register") {
		t.Errorf("one that delivers nothing offers: %v", err)
	}
}

// several are components and plans with their numbers in their codes.
func several(components, plans int) (s core.OfferingSpec) {
	for n := range components {
		s.Components = append(s.Components, core.ComponentSpec{Code: fmt.Sprint("c", n), Billing: catalog.ByLimit})
	}
	for n := range plans {
		s.Plans = append(s.Plans, core.PlanSpec{Code: fmt.Sprint("p", n), Free: true})
	}
	s.Name, s.Measure = "Big", catalog.Limits
	return s
}

func TestAnOfferingIsBounded(t *testing.T) {
	d := newDesk(t)
	seller := d.seller.Grants[0].ScopeID
	for _, s := range []core.OfferingSpec{several(core.MostComponents+1, 1), several(1, core.MostPlans+1)} {
		if _, err := d.MakeOffering(ctx, d.seller, seller, s); !errors.Is(err, core.Invalid) {
			t.Errorf("%d components and %d plans: %v", len(s.Components), len(s.Plans), err)
		}
	}
	full := must(d.MakeOffering(ctx, d.seller, seller, several(core.MostComponents, core.MostPlans)))(t)
	if n := len(full.Prices); n != core.MostComponents*core.MostPlans {
		t.Errorf("%d prices", n)
	}
	if _, err := d.MakePlan(ctx, d.seller, full.Offering.ID, core.PlanSpec{Name: "One more"}); !errors.Is(err, core.Invalid) {
		t.Errorf("one plan more: %v", err)
	}
	change := func(s core.OfferingSpec) (catalog.Sheet, error) {
		return d.ChangeOffering(ctx, d.seller, full.Offering.ID, tenant.EditComponents, func(*core.Scene, catalog.Sheet) (core.OfferingSpec, error) { return s, nil })
	}
	if _, err := change(core.OfferingSpec{Components: []core.ComponentSpec{{Code: "more"}}}); !errors.Is(err, core.Invalid) {
		t.Errorf("one component more: %v", err)
	}
	same := several(core.MostComponents, core.MostPlans)
	same.Plans[3].Prices = []core.PriceSpec{{Component: "c5", Each: price("7")}}
	changed := must(change(same))(t)
	if n := len(changed.Prices); n != core.MostComponents*core.MostPlans+1 {
		t.Errorf("%d prices after one was set and nothing else", n)
	}
}

// component changes one of an offering's.
func (d *desk) changed(offering string, c core.ComponentSpec) error {
	_, err := d.ChangeOffering(ctx, d.seller, d.sheets[offering].Offering.ID, tenant.EditComponents, func(*core.Scene, catalog.Sheet) (core.OfferingSpec, error) {
		return core.OfferingSpec{Components: []core.ComponentSpec{c}}, nil
	})
	return err
}

func TestWhatWasOrderedStaysMeasuredAndChargedAsItWas(t *testing.T) {
	d := newDesk(t)
	cpu, storage := d.component("hpc", "cpu"), d.component("hpc", "storage")
	if err := errors.Join(d.changed("hpc", core.ComponentSpec{ID: cpu, Code: "core", Name: "Cores", Billing: catalog.ByLimit}),
		d.changed("hpc", core.ComponentSpec{ID: cpu, Code: "cpu", Billing: catalog.ByUsage})); err != nil {
		t.Fatal(err)
	}
	must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(2)})))(t)
	must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(1)})))(t)
	for name, tt := range map[string]struct {
		offering string
		c        core.ComponentSpec
		reason   string // "": done
	}{
		"another billing":        {"hpc", core.ComponentSpec{Code: "cpu", Billing: catalog.ByLimit}, core.ReasonComponent},
		"stock no more":          {"hpc", core.ComponentSpec{Code: "storage", Stock: ptr(false)}, core.ReasonComponent},
		"another code":           {"hpc", core.ComponentSpec{ID: storage, Code: "disk"}, core.ReasonComponent},
		"another's code":         {"hpc", core.ComponentSpec{ID: storage, Code: "cpu"}, core.ReasonName},
		"a word for the unit":    {"hpc", core.ComponentSpec{Code: "cpu", Unit: "k-Hours", Name: "CPU time"}, ""},
		"a unit that is counted": {"rack", core.ComponentSpec{Code: "big", Unit: "kg"}, core.ReasonComponent},
		"bounds":                 {"hpc", core.ComponentSpec{Code: "storage", Max: ptr(units(5))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if err := d.changed(tt.offering, tt.c); tt.reason != "" {
				refusedFor(t, err, core.Invalid, tt.reason)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	err := d.RemoveComponent(ctx, d.seller, d.sheets["hpc"].Offering.ID, func(catalog.Sheet) (id.ID, error) { return cpu, nil })
	refusedFor(t, err, core.Invalid, core.ReasonComponent)
}

func TestAComponentGoesWithTheLimitsAboutIt(t *testing.T) {
	d := newDesk(t)
	seller := d.seller.Grants[0].ScopeID
	sh := must(d.MakeOffering(ctx, d.seller, seller, core.OfferingSpec{Name: "Box", Measure: catalog.Limits,
		Components: []core.ComponentSpec{{Code: "a"}, {Code: "b"}}, Plans: []core.PlanSpec{{Code: "p", Free: true}},
		Limits: []core.LimitSpec{{Measure: limit.Quantity, Component: "a", Period: limit.Total, Value: ptr(units(3))}}}))(t)
	a, _ := sh.Component("a")
	limits := func() (n int) {
		must(struct{}{}, d.store.View(ctx, func(r core.Reader) error {
			all, err := r.AllLimits()
			for _, l := range all {
				if l.Component == a.ID {
					n++
				}
			}
			return err
		}))(t)
		return n
	}
	if n := limits(); n != 1 {
		t.Fatalf("%d limits about it", n)
	}
	remove := func() error {
		return d.RemoveComponent(ctx, d.seller, sh.Offering.ID, func(catalog.Sheet) (id.ID, error) { return a.ID, nil })
	}
	if err := remove(); err != nil || limits() != 0 {
		t.Errorf("%v, %d limits left", err, limits())
	}
	if err := remove(); !errors.Is(err, core.NotFound) {
		t.Errorf("again: %v", err)
	}
	must(struct{}{}, d.View(ctx, d.seller, func(s *core.Scene) error {
		now, err := s.Offering(sh.Offering.ID)
		if len(now.Components) != 1 || now.Components[0].Code != "b" {
			t.Errorf("it has %+v left", now.Components)
		}
		return err
	}))(t)
}

func TestRolesAreGivenTakenAndEnd(t *testing.T) {
	d := newDesk(t)
	give := core.Giving{User: d.outsider.User.ID, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: d.project.ID}
	roles := func() (n int) {
		must(struct{}{}, d.store.View(ctx, func(r core.Reader) error {
			all, err := r.Grants(core.GrantQuery{Users: []id.ID{give.User}, Scope: give.Scope, ScopeIDs: []id.ID{give.ScopeID}, All: true})
			for _, g := range all {
				if g.Live(d.Now()) {
					n++
				}
			}
			return err
		}))(t)
		return n
	}
	soon, late := d.Now().Add(time.Hour), d.Now().Add(2*time.Hour)
	give.Until = &soon
	first := must(d.GiveRole(ctx, d.owner, give))(t)
	_, err := d.GiveRole(ctx, d.owner, give)
	refusedFor(t, err, core.Invalid, core.ReasonName)
	give.Until = &late
	if g := must(d.GiveRole(ctx, d.owner, give))(t); g.ID != first.ID || !g.Until.Equal(late) || roles() != 1 {
		t.Errorf("a later end made %+v of %+v", g, first)
	}
	d.clock.ahead(3 * time.Hour)
	if n := roles(); n != 0 {
		t.Errorf("%d roles live after their end", n)
	}
	give.Until = nil
	if g := must(d.GiveRole(ctx, d.owner, give))(t); g.ID == first.ID || roles() != 1 {
		t.Errorf("one that ended was given again as %+v, %d live", g, roles())
	}
	if err := errors.Join(d.TakeRole(ctx, d.owner, give), d.TakeRole(ctx, d.owner, give)); err != nil || roles() != 0 {
		t.Errorf("taken twice: %v, %d live", err, roles())
	}
	must(d.GiveRole(ctx, d.owner, give))(t)
	for name, tt := range map[string]struct {
		who    core.Actor
		change func(g *core.Giving)
		kind   core.Kind
		field  string
	}{
		"a past end":          {d.owner, func(g *core.Giving) { g.Until = ptr(d.Now()) }, core.Invalid, "until"},
		"a role that is none": {d.owner, func(g *core.Giving) { g.Role = "boss" }, core.Invalid, "role"},
		"of another scope":    {d.owner, func(g *core.Giving) { g.Role = tenant.CustomerOwner }, core.Invalid, ""},
		"nobody":              {d.owner, func(g *core.Giving) { g.User = 7 }, core.Invalid, "user"},
		"a closed role":       {d.owner, func(g *core.Giving) { g.Role = tenant.ProjectMember }, core.Invalid, ""},
		"by a member":         {d.member, func(*core.Giving) {}, core.Forbidden, ""},
		"by an outsider":      {d.seller, func(*core.Giving) {}, core.NotFound, ""},
		"in an offering":      {d.staff, func(g *core.Giving) { g.Scope, g.Role = tenant.OnOffering, tenant.OfferingManager }, core.NotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := give
			g.User = d.seller.User.ID
			tt.change(&g)
			_, err := d.GiveRole(ctx, tt.who, g)
			if e := core.AsError(err); err == nil || e.Kind != tt.kind || e.Field != tt.field {
				t.Errorf("%v", err)
			}
		})
	}
	closed := give
	closed.User, closed.Role = d.seller.User.ID, tenant.ProjectMember
	must(d.GiveRole(ctx, d.staff, closed))(t)
}

func TestWhatIsMadeGetsASlugOfItsOwn(t *testing.T) {
	d := newDesk(t)
	seen := map[string]bool{}
	for range 30 {
		p := must(d.MakeProject(ctx, d.owner, d.buyer.ID, core.ProjectSpec{Name: "Ærlig talt"}))(t)
		if seen[p.Slug] || !strings.HasPrefix(p.Slug, "rlig-talt") || p.Default {
			t.Errorf("another is %q, default %t", p.Slug, p.Default)
		}
		seen[p.Slug] = true
	}
	c := must(d.MakeCustomer(ctx, d.staff, core.CustomerSpec{Name: "Ny"}))(t)
	if p := must(d.MakeProject(ctx, d.staff, c.ID, core.ProjectSpec{Name: "First"}))(t); !p.Default || len(c.Number) != 12 || c.Currency != "USD" {
		t.Errorf("%+v of %+v", p, c)
	}
	if _, err := d.MakeCustomer(ctx, d.owner, core.CustomerSpec{Name: "Mine"}); !errors.Is(err, core.Forbidden) {
		t.Errorf("an owner makes a customer: %v", err)
	}
	_, err := d.MakeProject(ctx, d.owner, d.buyer.ID, core.ProjectSpec{Name: "Past", EndOn: ptr(day.Date(2026, 11, 9))})
	refusedFor(t, err, core.Invalid, core.ReasonFuture)
	for _, who := range []core.Actor{d.member, d.outsider} {
		if _, err := d.MakeProject(ctx, who, d.buyer.ID, core.ProjectSpec{Name: "Theirs"}); err == nil {
			t.Errorf("%s makes a project of the buyer's", who.User.Login)
		}
	}
}

func TestANewCustomerPaysAsTheOthersDo(t *testing.T) {
	d := newDesk(t)
	made := func() money.Currency {
		return must(d.MakeCustomer(ctx, d.staff, core.CustomerSpec{Name: "New"}))(t).Currency
	}
	all := func(c money.Currency) {
		var w core.World
		must(struct{}{}, d.View(ctx, d.staff, func(s *core.Scene) error {
			list, err := s.Customers(core.CustomerQuery{})
			for _, one := range list {
				w.Customers = append(w.Customers, core.CustomerSpec{Slug: one.Slug, Currency: c})
			}
			return err
		}))(t)
		must(d.Apply(ctx, d.staff, w))(t)
	}
	all("EUR")
	if got := made(); got != "EUR" {
		t.Errorf("in %s among those in EUR", got)
	}
	must(d.MakeCustomer(ctx, d.staff, core.CustomerSpec{Name: "Odd", Currency: "SEK"}))(t)
	if got := made(); got != "USD" {
		t.Errorf("in %s where there are several", got)
	}
}

func TestWhatIsRefusedHalfwayLeavesNothing(t *testing.T) {
	d := newDesk(t)
	seller := d.seller.Grants[0].ScopeID
	_, err := d.MakeOffering(ctx, d.seller, seller, core.OfferingSpec{Name: "Half", Measure: catalog.Limits,
		Components: []core.ComponentSpec{{Code: "a"}, {Code: "b", Min: ptr(units(3)), Max: ptr(units(2))}}})
	if !errors.Is(err, core.Invalid) {
		t.Fatal(err)
	}
	must(struct{}{}, d.View(ctx, d.staff, func(s *core.Scene) error {
		list, err := s.Offerings(core.OfferingQuery{Code: "half"})
		if len(list) != 0 {
			t.Errorf("there is %+v", list)
		}
		return err
	}))(t)
}

// TestNamesGivenOutAtOnceDiffer: makers of one name, for one customer and for several, have a
// slug each.
func TestNamesGivenOutAtOnceDiffer(t *testing.T) {
	d := newDesk(t)
	seller := d.seller.Grants[0].ScopeID
	for what, make := range map[string]func(n int) (string, error){
		"customers": func(int) (string, error) {
			c, err := d.MakeCustomer(ctx, d.staff, core.CustomerSpec{Name: "Same name"})
			return c.Slug, err
		},
		"projects": func(n int) (string, error) {
			p, err := d.MakeProject(ctx, d.staff, []id.ID{d.buyer.ID, seller}[n%2], core.ProjectSpec{Name: "Same name"})
			return p.Slug, err
		},
		"offerings": func(int) (string, error) {
			sh, err := d.MakeOffering(ctx, d.seller, seller, core.OfferingSpec{Name: "Same name", Measure: catalog.Limits})
			return sh.Offering.Code, err
		},
	} {
		const makers = 6
		slugs := [makers]string{}
		var all sync.WaitGroup
		for n := range makers {
			all.Go(func() {
				var err error
				if slugs[n], err = make(n); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			})
		}
		all.Wait()
		given := slugs[:]
		slices.Sort(given)
		if want := []string{"same-name", "same-name-2", "same-name-3", "same-name-4", "same-name-5", "same-name-6"}; !slices.Equal(given, want) {
			t.Errorf("%s are called %v, want %v", what, given, want)
		}
	}
	ended := [4]error{}
	var all sync.WaitGroup
	for n := range ended {
		all.Go(func() { _, ended[n] = d.MakeProvider(ctx, d.staff, d.buyer.ID, nil) })
	}
	all.Wait()
	made := 0
	for _, err := range ended {
		if err == nil {
			made++
			continue
		}
		refusedFor(t, err, core.Conflict, core.ReasonName)
	}
	if made != 1 {
		t.Errorf("%d of %d made the customer a provider", made, len(ended))
	}
}
