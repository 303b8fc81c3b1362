package core_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// A price for today has what runs billed again from midnight on, before some of it had
// begun: until that is done, the books are not wrong.
func TestBooksAgreeBeforeANewPriceIsBilled(t *testing.T) {
	w := newChargeWalk(t)
	p := w.made(t, "monthly", 1)
	was := w.spent(t, p.Resource.ID)
	must(w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "cloud",
		Plans: []core.PlanSpec{{Code: "monthly", Prices: []core.PriceSpec{{Component: "disk", Each: price("500")}}}}}}}}}))(t)
	w.verified(t)
	w.due(t)
	w.verified(t)
	if got := w.spent(t, p.Resource.ID); got != was {
		t.Errorf("its first period, promised at %s, was billed %s", was, got)
	}
}
