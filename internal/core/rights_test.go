package core_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// TestWhoMayApproveInAnOfferingApprovesItsOrders: the right counts where the role is held, and
// roles that hold it nowhere by default may be given it.
func TestWhoMayApproveInAnOfferingApprovesItsOrders(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: "eve", Roles: []core.RoleSpec{{Role: tenant.OfferingManager, Offering: "hpc"}}}}}))(t)
	d.load(t)
	manager := d.outsider
	approve := func(code, component string) error {
		p := must(d.PlaceOrder(ctx, d.owner, d.ask(code, map[string]money.Micro{component: units(1)})))(t)
		if _, err := d.Act(ctx, manager, p.Order.ID, order.ApproveProvider, core.Verdict{}); err != nil {
			return err
		}
		_, err := d.Act(ctx, manager, p.Order.ID, order.Fulfil, core.Verdict{})
		return err
	}
	if err := approve("hpc", "storage"); core.KindOf(err) != core.Forbidden {
		t.Errorf("by default a manager approves: %v", err)
	}
	d.SetPolicy(tenant.DefaultPolicy().Change(map[tenant.Role]tenant.Change{tenant.OfferingManager: {Add: []tenant.Right{tenant.ApproveOrder}}}))
	if err := approve("hpc", "storage"); err != nil {
		t.Errorf("with the right in the offering: %v", err)
	}
	if err := approve("rack", "big"); core.KindOf(err) != core.NotFound {
		t.Errorf("what another offering has is known to its manager: %v", err)
	}
}

func TestToRejectIsARightOfItsOwn(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: "eve", Roles: []core.RoleSpec{{Role: tenant.OfferingManager, Offering: "hpc"}}}}}))(t)
	d.load(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	for _, right := range []tenant.Right{tenant.ApproveOrder, tenant.RejectOrder} {
		d.SetPolicy(tenant.DefaultPolicy().Change(map[tenant.Role]tenant.Change{tenant.OfferingManager: {Add: []tenant.Right{right}}}))
		_, err := d.Act(ctx, d.outsider, p.Order.ID, order.RejectProvider, core.Verdict{})
		if want := right == tenant.RejectOrder; want != (err == nil) || !want && core.KindOf(err) != core.Forbidden {
			t.Errorf("with %s: %v", right, err)
		}
	}
}
