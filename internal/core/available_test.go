package core_test

import (
	"errors"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func TestNobodyChangesWhatAnUnavailableOfferingDelivers(t *testing.T) {
	d := newDesk(t)
	hpc := d.sheets["hpc"].Offering.ID
	p := d.allocated(t, 5)
	waits := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	end := day.Date(2026, 12, 15)
	rename := func(who core.Actor, side core.Side, right tenant.Right) error {
		_, err := d.ChangeResource(ctx, who, p.Resource.ID, side, right, func(_ *core.Scene, r *order.Resource) error { r.Name, r.EndsOn = "other", &end; return nil })
		return err
	}
	if err := rename(d.owner, core.Consuming, tenant.Terminate); err != nil {
		t.Fatal(err)
	}
	must(d.MoveOffering(ctx, d.seller, hpc, catalog.Suspend, nil))(t)
	for name, err := range map[string]error{
		"the owner by hand": rename(d.owner, core.Consuming, tenant.Terminate), "the seller by hand": rename(d.seller, core.Providing, tenant.SetState), "staff by hand": rename(d.staff, core.Providing, tenant.SetState),
		"staff by unlinking it": d.UnlinkResource(ctx, d.staff, p.Resource.ID),
	} {
		refusedFor(t, err, core.Invalid, core.ReasonUnavailable)
		if core.AsError(err).Msg != "Offering is unavailable." {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, o := range []core.Placement{d.toStorage(p, 8), {Type: order.Terminate, Resource: p.Resource.ID}} {
		for _, who := range []core.Actor{d.owner, d.staff} {
			_, err := d.PlaceOrder(ctx, who, o)
			refusedFor(t, err, core.Invalid, core.ReasonUnavailable)
		}
	}
	_, err := d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)}))
	refusedFor(t, err, core.Invalid, core.ReasonOffering)
	if err := rename(d.member, core.Consuming, tenant.Terminate); !errors.Is(err, core.Forbidden) {
		t.Errorf("who may not is told more: %v", err)
	}

	d.finish(t, waits, core.Verdict{}) // what was placed goes on
	if err := d.report(p, "100"); err != nil {
		t.Errorf("what was used is not told: %v", err)
	}
	charged := d.spent(t, p.Resource.ID)
	d.passes(t, 40) // to 20 December
	if got := d.spent(t, p.Resource.ID); got <= charged {
		t.Errorf("December was not billed: %s after %s", got, charged)
	}
	if list := d.ending(t); len(list) != 1 || list[0].Resource != p.Resource.ID {
		t.Errorf("the desk has not ended what is over: %v", list)
	}
	d.verified(t)
	must(d.MoveOffering(ctx, d.seller, hpc, catalog.Reinstate, nil))(t)
	if err := rename(d.owner, core.Consuming, tenant.Terminate); err != nil {
		t.Error(err)
	}
}
