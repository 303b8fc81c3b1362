package core_test

import (
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func TestBooksThatWereTamperedWithAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		tamper func(d *desk, tx core.Tx, p core.Placed) error
		want   string
	}{
		"nothing was": {func(*desk, core.Tx, core.Placed) error { return nil }, ""},
		"a balance": {func(d *desk, tx core.Tx, p core.Placed) error {
			all, err := tx.AllLimits()
			if err != nil {
				return err
			}
			for _, l := range all {
				if l.Scope == tenant.OnCustomer && l.Measure == limit.Money {
					return tx.AddBalance(limit.Balance{Key: limit.Key{Limit: l.ID, Window: 1}, Used: money.Unit})
				}
			}
			t.Fatal("the desk has no limit on money")
			return nil
		}, "has 1 used and 0 held from 1970-01-02 on, and 0 and 0 by the entries."},
		"an order's hold": {func(d *desk, tx core.Tx, p core.Placed) error {
			o, err := tx.Order(p.Order.ID)
			o.Held += 10_000
			if err != nil {
				return err
			}
			return tx.UpdateOrder(o)
		}, "by its record, and"},
		"a line": {func(d *desk, tx core.Tx, p core.Placed) error {
			l := p.Lines[0]
			l.Due += 10_000
			return tx.UpdateLine(l)
		}, "its lines"},
		"entries of nothing": {func(d *desk, tx core.Tx, p core.Placed) error {
			e, err := tx.Entries(p.Order.ID)
			if err != nil {
				return err
			}
			e[0].Subject = id.ID(12345)
			return tx.InsertEntries(e[:1])
		}, "The ledger has entries of 12345, which is no order and no usage."},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(2)})))(t)
			if err := d.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error { return tt.tamper(d, tx, p) }); err != nil {
				t.Fatal(err)
			}
			v, err := d.Verify(ctx, d.staff, nil)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(v.Disagrees, "\n")
			if v.Orders != 1 || v.Entries == 0 || v.Events == 0 || v.Limits == 0 {
				t.Errorf("looked at %+v", v)
			}
			if (tt.want == "") != (said == "") || !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want %q", said, tt.want)
			}
		})
	}
}

func TestStockThatIsGivenBackIsNoFaultOfTheBooks(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("pool", map[string]money.Micro{"node": units(3)})))(t)
	less := core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "node", Quantity: units(1)}}}
	must(d.PlaceOrder(ctx, d.owner, less))(t)
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
	if v := must(d.Verify(ctx, d.staff, nil))(t); len(v.Disagrees) > 0 {
		t.Errorf("said %q", v.Disagrees)
	}
}

func TestOnlyStaffLookThroughTheBooks(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Verify(ctx, d.owner, nil); core.KindOf(err) != core.Forbidden {
		t.Errorf("got %v, want a refusal", err)
	}
}
