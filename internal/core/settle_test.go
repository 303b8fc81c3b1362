package core_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
)

// allocated is an allocation of storage that is done.
func (d *desk) allocated(t *testing.T, n int64) core.Placed {
	t.Helper()
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(n)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	return must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
}

// change places an update of an allocation's storage, which executes.
func (d *desk) change(t *testing.T, p core.Placed, n int64) core.Placed {
	t.Helper()
	a := d.ask("hpc", map[string]money.Micro{"storage": units(n)})
	a.Type, a.Resource = order.Update, p.Resource.ID
	up := must(d.PlaceOrder(ctx, d.owner, a))(t)
	return must(d.Act(ctx, d.seller, up.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
}

func (d *desk) storageLine(p core.Placed) int {
	n := slices.IndexFunc(p.Lines, func(l order.Line) bool { return l.Component == d.component("hpc", "storage") })
	return p.Lines[n].N
}

func TestAChangeDeliveredInPartNeverTakesWhatWasThere(t *testing.T) {
	for name, tt := range map[string]struct {
		to        int64
		delivered money.Micro
		has       money.Micro // 0: refused
	}{
		"growth, in part":                  {8, units(6), units(6)},
		"growth of which nothing came":     {8, units(5), units(5)},
		"growth and less than there was":   {8, units(2), 0},
		"growth, less than nothing":        {8, -units(1), 0},
		"a cut is made":                    {3, units(3), units(3)},
		"a cut, and less than it leaves":   {3, units(2), 0},
		"a cut and more: what was ordered": {3, units(4), units(3)},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := d.allocated(t, 5)
			up := d.change(t, p, tt.to)
			done, err := d.Act(ctx, d.seller, up.Order.ID, order.Fulfil, core.Verdict{Lines: []core.Moved{{Line: d.storageLine(up), To: order.Delivered, Delivered: &tt.delivered}}})
			if tt.has == 0 {
				if e := core.AsError(err); err == nil || e.Kind != core.Invalid || e.Field != "delivered" {
					t.Errorf("it was taken: %v", err)
				}
			} else if got := done.Resource.Quantities[d.component("hpc", "storage")]; err != nil || got != tt.has {
				t.Errorf("the resource has %s, want %s: %v", got, tt.has, err)
			}
			d.audit(t)
		})
	}
}

func TestALineThatErrsAfterItCameWasNotDelivered(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	n := d.storageLine(p)
	for _, to := range []order.LineState{order.Delivered, order.LineErred} {
		must(d.Act(ctx, d.seller, p.Order.ID, order.MoveLine, core.Verdict{Lines: []core.Moved{{Line: n, To: to}}}))(t)
	}
	done := must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	if l := done.Lines[n-1]; l.Delivered != 0 || l.Charged != 0 || done.Order.Outcome != order.Partial {
		t.Errorf("delivered %s, charged %s, the order %s", l.Delivered, l.Charged, done.Order.Outcome)
	}
	d.audit(t)
}

func TestAWordOnALineLeavesWhatWasDeliveredOfIt(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(2), "small": units(1)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	for _, m := range []core.Moved{{Line: 1, To: order.Installed, Delivered: ptr(units(1))}, {Line: 1, Message: "the other one is lost"}} {
		must(d.Act(ctx, d.seller, p.Order.ID, order.MoveLine, core.Verdict{Lines: []core.Moved{m}}))(t)
	}
	done := must(d.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}))(t)
	if l := done.Lines[0]; l.Delivered != units(1) || l.Charged.String() != "112.35" {
		t.Errorf("delivered %s, charged %s; want one at 112.35", l.Delivered, l.Charged)
	}
	d.audit(t)
}

// broken is a store that cannot read usage rows.
type broken struct{ core.Store }

type brokenTx struct{ core.Tx }

func (s broken) Update(ctx context.Context, on core.Touch, fn func(core.Tx) error) error {
	return s.Store.Update(ctx, on, func(tx core.Tx) error { return fn(brokenTx{tx}) })
}

var errDisk = errors.New("the disk is gone")

func (brokenTx) Usages(core.UsageQuery) ([]order.Usage, error) { return nil, errDisk }

func TestWhatTheMonthWasBilledIsNotWrittenOverUnread(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	c := core.New(broken{d.store}, d.clock.now, id.NewSource(d.clock.now, 1, 0), seal.Key{1}, slog.New(slog.DiscardHandler), core.Config{})
	if _, err := c.Act(ctx, d.seller, p.Order.ID, order.Fulfil, core.Verdict{}); !errors.Is(err, errDisk) {
		t.Errorf("fulfilled over what could not be read: %v", err)
	}
	if s := d.state(t, p.Order.ID); s != order.Executing {
		t.Errorf("the order is %s", s)
	}
}
