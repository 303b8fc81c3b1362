package core_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// amending is what comes with Amend.
func amending(change func(a *core.Amendment)) core.Verdict {
	return core.Verdict{Amend: func(_ *core.Scene, a *core.Amendment) error { change(a); return nil }}
}

// amounts changes those alone.
func amounts(asks ...core.Ask) core.Verdict {
	return amending(func(a *core.Amendment) { a.Asks = asks })
}

func (d *desk) entries(t testing.TB, of id.ID) int {
	t.Helper()
	n := 0
	if err := d.store.View(ctx, func(r core.Reader) error {
		list, err := r.Entries(of)
		n = len(list)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnOrderThatWaitsIsAmendedInAllItsParts(t *testing.T) {
	d := newDesk(t)
	p := d.ask("hpc", map[string]money.Micro{"storage": units(5)})
	p.Name, p.Request = "first", json.RawMessage(`{"a":1}`)
	placed := must(d.PlaceOrder(ctx, d.member, p))(t)
	later, end := day.Date(2026, 12, 20), day.Date(2027, 3, 1)
	got := must(d.Act(ctx, d.member, placed.Order.ID, order.Amend, amending(func(a *core.Amendment) {
		if a.Name != "first" || len(a.Asks) != 1 || a.Asks[0].Quantity != units(5) || a.Plan != placed.Order.Plan || a.StartsOn != nil || string(a.Request) != `{"a":1}` {
			t.Errorf("the order as it stands: %+v", a)
		}
		a.Name, a.Asks[0].Quantity, a.StartsOn, a.EndsOn, a.Request, a.Attrs = "second", units(7), &later, &end, json.RawMessage(`{"b":2}`), json.RawMessage(`{"c":3}`)
	})))(t)
	o, r := got.Order, got.Resource
	if o.State != order.PendingConsumer || o.Name != "second" || o.Held != placed.Order.Held+2*(*dollars("20")) || o.Due != o.Held || o.CountsOn != later || *o.StartsOn != later || string(o.Request) != `{"b":2}` {
		t.Errorf("the order is %+v", o)
	}
	if r.Name != "second" || r.EndsOn == nil || *r.EndsOn != end || string(r.Attrs) != `{"c":3}` {
		t.Errorf("the resource is %+v", r)
	}
	d.verified(t)
	before := d.entries(t, o.ID)
	must(d.Act(ctx, d.member, o.ID, order.Amend, amending(func(a *core.Amendment) { a.Name = "third" })))(t)
	same := must(d.Act(ctx, d.member, o.ID, order.Amend, amending(func(a *core.Amendment) { a.Asks = []core.Ask{{Component: "storage", Quantity: units(7)}} })))(t)
	if d.entries(t, o.ID) != before || len(d.events(t, "order.amended")) != 2 || same.Order.Name != "third" {
		t.Errorf("words alone move money, or what changes nothing is told: %d entries, %d before", d.entries(t, o.ID), before)
	}
	must(d.Act(ctx, d.owner, o.ID, order.ApproveConsumer, core.Verdict{}))(t)
	if must(d.Act(ctx, d.seller, o.ID, order.ApproveProvider, core.Verdict{}))(t).Order.State != order.PendingStartDate {
		t.Errorf("the order does not wait for the start it was given")
	}
}

func TestAStartThatIsTakenBackIsNotWaitedFor(t *testing.T) {
	d := newDesk(t)
	p := d.ask("hpc", map[string]money.Micro{"storage": units(5)})
	p.StartsOn = ptr(day.Date(2026, 12, 20))
	placed := must(d.PlaceOrder(ctx, d.owner, p))(t)
	got := must(d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amending(func(a *core.Amendment) { a.StartsOn = nil })))(t)
	if got.Order.CountsOn != day.Date(2026, 11, 10) {
		t.Errorf("it counts on %s", got.Order.CountsOn)
	}
	d.verified(t)
	if got = d.finish(t, got, core.Verdict{}); got.Order.State != order.Done {
		t.Errorf("it is %s", got.Order.State)
	}
	d.verified(t)
}

func TestWhatWasConsentedToIsForThoseWhoMayConsent(t *testing.T) {
	d := newDesk(t)
	placed := must(d.PlaceOrder(ctx, d.member, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	i := placed.Order.ID
	more := amounts(core.Ask{Component: "storage", Quantity: units(6)})
	must(d.Act(ctx, d.member, i, order.Amend, more))(t)
	must(d.Act(ctx, d.owner, i, order.ApproveConsumer, core.Verdict{}))(t)
	for _, v := range []core.Verdict{amounts(core.Ask{Component: "storage", Quantity: units(9)}), amending(func(a *core.Amendment) { a.Name = "other" })} {
		if _, err := d.Act(ctx, d.member, i, order.Amend, v); !errors.Is(err, core.Forbidden) {
			t.Errorf("a member changes what the owner consented to: %v", err)
		}
	}
	must(d.Act(ctx, d.owner, i, order.Amend, amounts(core.Ask{Component: "storage", Quantity: units(9)})))(t)
	for name, who := range map[string]core.Actor{"the seller": d.seller, "an outsider": d.outsider} {
		if _, err := d.Act(ctx, who, i, order.Amend, more); !errors.Is(err, core.Forbidden) && !errors.Is(err, core.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.finish(t, placed, core.Verdict{})
	if _, err := d.Act(ctx, d.owner, i, order.Amend, more); !errors.Is(err, core.Conflict) || len(core.AsError(err).States) != 3 {
		t.Errorf("an order that is done: %v", err)
	}
	d.verified(t)
}

// Above what may be spent without an owner, an amendment waits for one like an order would.
func TestAnAmendmentIsNoWayRoundApproval(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", ApproveOver: dollars("400")}}}))(t)
	placed := must(d.PlaceOrder(ctx, d.member, d.ask("rack", map[string]money.Micro{"big": units(2)})))(t)
	if placed.Order.State != order.PendingProvider {
		t.Fatalf("the order is %s", placed.Order.State)
	}
	racks := func(n int64) core.Verdict { return amounts(core.Ask{Component: "big", Quantity: units(n)}) }
	must(d.Act(ctx, d.member, placed.Order.ID, order.Amend, racks(3)))(t)
	if _, err := d.Act(ctx, d.member, placed.Order.ID, order.Amend, racks(4)); !errors.Is(err, core.Forbidden) {
		t.Errorf("four racks for 449.38: %v", err)
	}
	must(d.Act(ctx, d.owner, placed.Order.ID, order.Amend, racks(4)))(t)
	d.verified(t)
}

func TestAnAmendmentIsRefusedAsTheOrderWouldBe(t *testing.T) {
	d := newDesk(t)
	one := 1
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
		Components: []core.ComponentSpec{{Code: "storage", Max: ptr(units(50))}},
		Plans:      []core.PlanSpec{{Code: "few", Name: "Few", Unit: catalog.Month, MaxResources: &one, Free: true}}}}}}}))(t)
	d.load(t)
	few := d.sheets["hpc"].Plans[1].ID
	taken := d.ask("hpc", map[string]money.Micro{"storage": units(1)})
	taken.Plan = few
	held := d.finish(t, must(d.PlaceOrder(ctx, d.owner, taken))(t), core.Verdict{})
	placed := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/hpc", Component: "storage", Period: limit.Total, Value: ptr(units(8))})
	yesterday := day.Date(2026, 11, 9)
	before, events := d.entries(t, placed.Order.ID), len(d.events(t, "order.amended"))
	for name, tt := range map[string]struct {
		change func(a *core.Amendment)
		kind   core.Kind
		reason string
	}{
		"over a limit":            {func(a *core.Amendment) { a.Asks[0].Quantity = units(8) }, core.LimitExceeded, ""},
		"over the component's":    {func(a *core.Amendment) { a.Asks[0].Quantity = units(51) }, core.Invalid, core.ReasonQuantity},
		"what takes no amounts":   {func(a *core.Amendment) { a.Asks = []core.Ask{{Component: "cpu", Quantity: units(1)}} }, core.Invalid, core.ReasonComponent},
		"a plan that is full":     {func(a *core.Amendment) { a.Plan = few }, core.Invalid, core.ReasonPlan},
		"another offering's plan": {func(a *core.Amendment) { a.Plan = d.sheets["rack"].Plans[0].ID }, core.Invalid, core.ReasonPlan},
		"an end that is over":     {func(a *core.Amendment) { a.EndsOn = &yesterday }, core.Invalid, core.ReasonFuture},
	} {
		_, err := d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amending(tt.change))
		if e := core.AsError(err); err == nil || e.Kind != tt.kind || e.Reason != tt.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.entries(t, placed.Order.ID) != before || len(d.events(t, "order.amended")) != events {
		t.Errorf("what was refused has left something")
	}
	d.finish(t, must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: held.Resource.ID}))(t), core.Verdict{})
	switched := must(d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amending(func(a *core.Amendment) { a.Plan = few })))(t)
	if switched.Order.Plan != few || switched.Resource.Plan != few || switched.Order.Due != 0 {
		t.Errorf("on the plan that has room: %+v", switched.Order)
	}
	blocked := true
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Blocked: &blocked}}}))(t)
	_, err := d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amending(func(a *core.Amendment) { a.Name = "x" }))
	refusedFor(t, err, core.Invalid, core.ReasonBlocked)
	d.verified(t)
}

func TestAChangeThatIsAmendedToNoneIsRefused(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	up := must(d.PlaceOrder(ctx, d.owner, d.toStorage(p, 8)))(t)
	_, err := d.Act(ctx, d.owner, up.Order.ID, order.Amend, amounts(core.Ask{Component: "storage", Quantity: units(5)}))
	refusedFor(t, err, core.Invalid, core.ReasonSame)
	got := must(d.Act(ctx, d.owner, up.Order.ID, order.Amend, amounts(core.Ask{Component: "storage", Quantity: units(6)})))(t)
	if got.Resource.Name != p.Resource.Name {
		t.Errorf("a change renames the resource %q", got.Resource.Name)
	}
	done := d.finish(t, got, core.Verdict{})
	if q := done.Resource.Quantities[d.component("hpc", "storage")]; q != units(6) {
		t.Errorf("the resource has %s", q)
	}
	d.verified(t)
}

func TestAnAmendmentAsksWhatAllCustomersTogetherMayBeGiven(t *testing.T) {
	d := newDesk(t)
	d.say(t, `{"limit_amount": 6, "limit_period": "month"}`)
	must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 2)))(t)
	placed := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(4)})))(t)
	_, err := d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amounts(core.Ask{Component: "storage", Quantity: units(5)}))
	wantBreach(t, err, tenant.OnOffering, "6", "0", "2", "5")
	must(d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amounts(core.Ask{Component: "storage", Quantity: units(3)})))(t)
	must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 1)))(t)
	d.verified(t)
}

// Nobody gets for nothing, in the place of another customer's, what an order would not give them.
func TestAnAmendmentReplacesNothingOfOthers(t *testing.T) {
	d := newDesk(t)
	p := d.ask("rack", map[string]money.Micro{"big": units(2)})
	other := p
	other.Project = d.theirs(t, 1).Project
	theirs := d.finish(t, must(d.PlaceOrder(ctx, d.outsider, other))(t), core.Verdict{})
	mine := must(d.PlaceOrder(ctx, d.owner, p))(t)
	_, err := d.Act(ctx, d.owner, mine.Order.ID, order.Amend, amounts(core.Ask{Component: "big", Quantity: units(2), Replaces: core.LineName(theirs.Order.ID, 1)}))
	if e := core.AsError(err); err == nil || e.Kind != core.Invalid || e.Field != "replaces" {
		t.Errorf("in the place of another customer's: %v", err)
	}
	first := d.finish(t, mine, core.Verdict{})
	again := must(d.PlaceOrder(ctx, d.owner, p))(t)
	got := must(d.Act(ctx, d.owner, again.Order.ID, order.Amend, amounts(core.Ask{Component: "big", Quantity: units(2), Replaces: core.LineName(first.Order.ID, 1)})))(t)
	if got.Order.Due != 0 || got.Order.Previous != first.Order.ID {
		t.Errorf("in the place of their own: due %s, of order %s", got.Order.Due, got.Order.Previous)
	}
	if got = must(d.Act(ctx, d.owner, again.Order.ID, order.Amend, amounts(core.Ask{Component: "big", Quantity: units(2)})))(t); got.Order.Due == 0 || got.Order.Previous != 0 {
		t.Errorf("in nobody's place after all: due %s, of order %s", got.Order.Due, got.Order.Previous)
	}
	d.verified(t)
}

// A month takes what it takes: what is asked for in it counts in it, though its order is older.
func TestWhatIsAmendedCountsFromNow(t *testing.T) {
	d := newDesk(t)
	d.buyerLimits(t, core.LimitSpec{Measure: limit.Quantity, Offering: "seller/task", Component: "shot", Period: limit.Month, Value: ptr(units(10))})
	shots := func(n int64) core.Placement { return d.ask("task", map[string]money.Micro{"shot": units(n)}) }
	placed := must(d.PlaceOrder(ctx, d.owner, shots(1)))(t)
	d.clock.ahead(30 * aDay)
	got := must(d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amounts(core.Ask{Component: "shot", Quantity: units(8)})))(t)
	if got.Order.CountsOn != day.Date(2026, 12, 10) {
		t.Errorf("it counts on %s", got.Order.CountsOn)
	}
	if _, err := d.PlaceOrder(ctx, d.owner, shots(3)); core.KindOf(err) != core.LimitExceeded {
		t.Errorf("11 of 10 in December: %v", err)
	}
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Contracts: []core.ContractSpec{{From: day.Date(2026, 1, 1), To: day.Date(2026, 12, 11)}}}}}))(t)
	d.clock.ahead(2 * aDay)
	_, err := d.Act(ctx, d.owner, placed.Order.ID, order.Amend, amounts(core.Ask{Component: "shot", Quantity: units(9)}))
	refusedFor(t, err, core.Invalid, core.ReasonContract)
	d.verified(t)
}

// The start of a change may be moved, whatever bounds there are by now of what it leaves as it is.
func TestAnAmendedChangeAsksNothingOfWhatStays(t *testing.T) {
	d := newDesk(t)
	ram := func(s core.ComponentSpec, plans ...core.PlanSpec) {
		must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Components: []core.ComponentSpec{s}, Plans: plans}}}}}))(t)
		d.load(t)
	}
	ram(core.ComponentSpec{Code: "ram", Unit: "GB"}, core.PlanSpec{Code: "basic", Prices: []core.PriceSpec{{Component: "ram", Each: price("1")}}})
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5), "ram": units(8)})))(t), core.Verdict{})
	ram(core.ComponentSpec{Code: "ram", Max: ptr(units(4))})
	up := must(d.PlaceOrder(ctx, d.owner, d.toStorage(p, 8)))(t)
	later := day.Date(2026, 12, 20)
	got := must(d.Act(ctx, d.owner, up.Order.ID, order.Amend, amending(func(a *core.Amendment) {
		if len(a.Asks) != 1 {
			t.Errorf("the order asks for %v", a.Asks)
		}
		a.StartsOn = &later
	})))(t)
	if got.Order.CountsOn != later || got.Order.Due != up.Order.Due {
		t.Errorf("it counts on %s and is due %s", got.Order.CountsOn, got.Order.Due)
	}
	d.verified(t)
}

// An amendment needs the right that the order would: who holds it no longer changes nothing.
func TestWhoMayNotOrderAChangeAmendsNone(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	must(d.Apply(ctx, core.System(), core.World{
		Users:     []core.UserSpec{{Login: "max", Roles: []core.RoleSpec{{Role: tenant.ProjectAdmin, Project: "lab"}}}},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Plans: []core.PlanSpec{{Code: "free", Unit: catalog.Month, Free: true}}}}}}}))(t)
	d.load(t)
	up := must(d.PlaceOrder(ctx, d.member, d.toStorage(p, 8)))(t)
	more := amounts(core.Ask{Component: "storage", Quantity: units(9)})
	for n := range d.member.Grants {
		d.member.Grants[n].Role = tenant.ProjectMember
	}
	if _, err := d.Act(ctx, d.member, up.Order.ID, order.Amend, more); core.KindOf(err) != core.Forbidden {
		t.Errorf("amounts, by a member: %v", err)
	}
	d.SetPolicy(tenant.DefaultPolicy().Change(map[tenant.Role]tenant.Change{tenant.ProjectMember: {Add: []tenant.Right{tenant.SetLimits}}}))
	must(d.Act(ctx, d.member, up.Order.ID, order.Amend, more))(t)
	if _, err := d.Act(ctx, d.member, up.Order.ID, order.Amend, amending(func(a *core.Amendment) { a.Plan = d.sheets["hpc"].Plans[1].ID })); core.KindOf(err) != core.Forbidden {
		t.Errorf("a plan, by one who may change amounts alone: %v", err)
	}
	d.verified(t)
}
