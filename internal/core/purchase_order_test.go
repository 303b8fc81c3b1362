package core_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

func pdf(name string, size int) *core.File {
	f := &core.File{Name: name, Data: []byte("%PDF-1.7")}
	for n := range size - len(f.Data) {
		f.Data = append(f.Data, byte(n*n>>3))
	}
	return f
}

func (d *desk) handIn(who core.Actor, o id.ID, f *core.File) error {
	_, err := d.ChangePurchaseOrder(ctx, who, o, func(bool) (*core.File, error) { return f, nil })
	return err
}

func (d *desk) paper(who core.Actor, o id.ID) (f core.File, err error) {
	err = d.View(ctx, who, func(s *core.Scene) error { f, err = s.PurchaseOrder(o); return err })
	return f, err
}

// papered is a desk whose allocations need a purchase order.
func papered(t *testing.T) *desk {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Attrs: json.RawMessage(`{"purchase_order": "required"}`)}}}}}))(t)
	return d
}

func TestConsentWaitsForThePurchaseOrderWhoeverOrders(t *testing.T) {
	d := papered(t)
	for name, who := range map[string]core.Actor{"the owner": d.owner, "staff": d.staff} {
		p := must(d.PlaceOrder(ctx, who, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
		if p.Order.State != order.PendingConsumer {
			t.Errorf("an order of %s is %s", name, p.Order.State)
		}
		_, err := d.Act(ctx, d.owner, p.Order.ID, order.ApproveConsumer, core.Verdict{})
		refusedFor(t, err, core.Invalid, core.ReasonPaper)
		must(0, d.handIn(d.owner, p.Order.ID, pdf("po.pdf", 1000)))(t)
		must(d.Act(ctx, d.owner, p.Order.ID, order.ApproveConsumer, core.Verdict{}))(t)
		if err := d.handIn(d.owner, p.Order.ID, nil); !errors.Is(err, core.Conflict) {
			t.Errorf("what consent rested on is taken away: %v", err)
		}
		d.finish(t, p, core.Verdict{})
		end := must(d.PlaceOrder(ctx, who, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t)
		if end.Order.State != order.PendingProvider {
			t.Errorf("its end, by %s, is %s", name, end.Order.State)
		}
	}
	d.verified(t)
}

func TestWhatConsentRestsOnIsExchangedByWhoMayConsent(t *testing.T) {
	d := papered(t)
	p := must(d.PlaceOrder(ctx, d.member, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	must(0, d.handIn(d.member, p.Order.ID, pdf("first.pdf", 1000)))(t)
	must(0, d.handIn(d.member, p.Order.ID, pdf("second.pdf", 1000)))(t)
	must(d.Act(ctx, d.owner, p.Order.ID, order.ApproveConsumer, core.Verdict{}))(t)
	if err := d.handIn(d.member, p.Order.ID, pdf("third.pdf", 1000)); !errors.Is(err, core.Forbidden) {
		t.Errorf("by the member who placed it: %v", err)
	}
	must(0, d.handIn(d.owner, p.Order.ID, pdf("fourth.pdf", 1000)))(t)
	if f, err := d.paper(d.member, p.Order.ID); err != nil || f.Name != "fourth.pdf" {
		t.Errorf("it is %q, %v", f.Name, err)
	}
}

func TestAPurchaseOrderIsKeptWholeAndReplaced(t *testing.T) {
	d := papered(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)})))(t)
	i := p.Order.ID
	if _, err := d.paper(d.owner, i); !errors.Is(err, core.NotFound) {
		t.Errorf("there is none yet: %v", err)
	}
	for _, size := range []int{core.MostPurchaseOrder, 9, 200_000, core.MaxDocument} {
		want := pdf("po.pdf", size)
		must(0, d.handIn(d.owner, i, want))(t)
		for name, who := range map[string]core.Actor{"the owner": d.owner, "the seller": d.seller} {
			if got, err := d.paper(who, i); err != nil || got.Name != want.Name || !bytes.Equal(got.Data, want.Data) {
				t.Errorf("%d bytes, to %s: %d, %v", size, name, len(got.Data), err)
			}
		}
	}
	if _, err := d.paper(d.outsider, i); !errors.Is(err, core.NotFound) {
		t.Errorf("an outsider: %v", err)
	}
	for name, f := range map[string]*core.File{"no PDF": {Name: "a.txt", Data: []byte("hello")}, "too large": pdf("a.pdf", core.MostPurchaseOrder+1), "no name": pdf("", 100)} {
		if err := d.handIn(d.owner, i, f); !errors.Is(err, core.Invalid) || core.AsError(err).Reason != core.ReasonPaper {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, who := range map[string]core.Actor{"the seller": d.seller, "an outsider": d.outsider} {
		if err := d.handIn(who, i, pdf("a.pdf", 100)); !errors.Is(err, core.Forbidden) && !errors.Is(err, core.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	block := func(yes bool) {
		must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Blocked: &yes}}}))(t)
	}
	block(true)
	if err := d.handIn(d.owner, i, pdf("a.pdf", 100)); core.AsError(err).Reason != core.ReasonBlocked {
		t.Errorf("of a blocked customer: %v", err)
	}
	block(false)
	must(0, d.handIn(d.owner, i, nil))(t)
	if _, err := d.paper(d.owner, i); !errors.Is(err, core.NotFound) {
		t.Errorf("it was taken away: %v", err)
	}
	must(d.Act(ctx, d.owner, i, order.Cancel, core.Verdict{}))(t)
	if err := d.handIn(d.owner, i, pdf("a.pdf", 100)); !errors.Is(err, core.Conflict) {
		t.Errorf("an order that has ended: %v", err)
	}
}
