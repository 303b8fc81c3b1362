package core_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// An order that failed is not taken up again once a later one has overtaken it: to make
// anew what is in use since would lose the units that it has.
func TestAnOrderThatWasOvertakenIsNotTakenUpAgain(t *testing.T) {
	d := newDesk(t)
	run := func(p core.Placement, last order.Act) core.Placed {
		t.Helper()
		got := must(d.PlaceOrder(ctx, d.owner, p))(t)
		must(d.Act(ctx, d.seller, got.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
		return must(d.Act(ctx, d.seller, got.Order.ID, last, core.Verdict{Message: "so it went"}))(t)
	}
	again := func(p core.Placed) error {
		_, err := d.Act(ctx, d.seller, p.Order.ID, order.Retry, core.Verdict{})
		return err
	}
	made := run(d.ask("hpc", map[string]money.Micro{"storage": units(5)}), order.Fail)
	of := func(typ order.Type, storage int64) core.Placement {
		p := d.ask("hpc", map[string]money.Micro{"storage": units(storage)})
		return core.Placement{Type: typ, Resource: made.Resource.ID, Asks: p.Asks}
	}
	run(of(order.Restore, 3), order.Fulfil)
	if err := again(made); core.AsError(err) == nil || core.AsError(err).Kind != core.Conflict {
		t.Errorf("the create, with its resource restored since: %v", err)
	}
	change := run(of(order.Update, 4), order.Fail)
	run(core.Placement{Type: order.Terminate, Resource: made.Resource.ID}, order.Fulfil)
	if err := again(change); core.AsError(err) == nil || core.AsError(err).Kind != core.Conflict {
		t.Errorf("the update, with its resource ended since: %v", err)
	}
	if err := again(made); err != nil {
		t.Errorf("the create, with its resource ended again: %v", err)
	}
}
