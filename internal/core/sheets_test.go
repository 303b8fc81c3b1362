package core_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/money"
)

// hpc changes one thing of the allocation's offering.
func hpc(plan core.PlanSpec, components ...core.ComponentSpec) core.World {
	w := core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Components: components}}}}}
	if plan.Code != "" {
		w.Providers[0].Offerings[0].Plans = []core.PlanSpec{plan}
	}
	return w
}

func (d *desk) quoted(t *testing.T) string {
	t.Helper()
	return must(d.QuoteOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t).Order.Due.String()
}

func TestAChangedPriceCountsForTheNextOrder(t *testing.T) {
	d := newDesk(t)
	for _, tt := range []struct{ each, due string }{{"20", "260"}, {"30", "310"}, {"40", "360"}} {
		must(d.Apply(ctx, core.System(), hpc(core.PlanSpec{Code: "basic", Prices: []core.PriceSpec{{Component: "storage", Each: price(tt.each)}}})))(t)
		if got := d.quoted(t); got != tt.due {
			t.Errorf("at %s a TB five are quoted at %s, want %s", tt.each, got, tt.due)
		}
		p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
		if got := p.Order.Due.String(); got != tt.due {
			t.Errorf("at %s a TB five are ordered for %s, want %s", tt.each, got, tt.due)
		}
	}
}

func TestAChangedComponentIsSeenAtOnce(t *testing.T) {
	d := newDesk(t)
	for _, most := range []int64{4, 9} {
		must(d.Apply(ctx, core.System(), hpc(core.PlanSpec{}, core.ComponentSpec{Code: "storage", Max: ptr(units(most))})))(t)
		_, err := d.QuoteOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)}))
		if refused := err != nil; refused != (most < 5) {
			t.Errorf("with at most %d TB, five are answered %v", most, err)
		}
	}
}

func TestAPriceThatWasRolledBackCountsForNobody(t *testing.T) {
	d := newDesk(t)
	before := d.quoted(t)
	w := hpc(core.PlanSpec{Code: "basic", Prices: []core.PriceSpec{{Component: "storage", Each: price("77")}}})
	w.Users = []core.UserSpec{{Login: "no login"}} // refused after the prices were written
	if _, err := d.Apply(ctx, core.System(), w); err == nil {
		t.Fatal("a world with a fault was applied")
	}
	if got := d.quoted(t); got != before {
		t.Errorf("after a world that was refused five TB are quoted at %s, before at %s", got, before)
	}
	must(d.Apply(ctx, core.System(), hpc(core.PlanSpec{Code: "basic", Prices: []core.PriceSpec{{Component: "storage", Each: price("30")}}})))(t)
	if got := d.quoted(t); got != "310" {
		t.Errorf("five TB at 30 are quoted at %s", got)
	}
}

func TestApplyingTheSameAgainLeavesTheOfferingsRevAlone(t *testing.T) {
	d := newDesk(t)
	rev := func() int64 {
		var rev int64
		if err := d.View(ctx, d.staff, func(s *core.Scene) error {
			o, err := s.OfferingCoded("hpc")
			rev = o.Rev
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return rev
	}
	first := rev()
	must(d.Apply(ctx, core.System(), world()))(t)
	if again := rev(); again != first {
		t.Errorf("the rev went from %d to %d for nothing", first, again)
	}
	must(d.Apply(ctx, core.System(), hpc(core.PlanSpec{Code: "basic", Name: "Basic, renamed"})))(t)
	if renamed := rev(); renamed != first+1 {
		t.Errorf("a plan was renamed, and the rev went from %d to %d", first, renamed)
	}
}
