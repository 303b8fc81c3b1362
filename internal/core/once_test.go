package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
)

func (d *desk) shed(name string) core.Document {
	return core.Document{Kind: "test.shed", Customer: d.buyer.ID, Body: json.RawMessage(`{"name":"` + name + `"}`)}
}

func TestAKeyStandsForOneRequestWhateverThatRequestWrites(t *testing.T) {
	d := newDesk(t)
	key := func(name, body string) *core.IdemKey {
		return &core.IdemKey{Key: name, Body: []byte(body), Window: 24 * time.Hour}
	}
	first := must(d.NewDocumentOnce(ctx, d.owner, key("a", "shed"), d.shed("one"), nil))(t)
	if again := must(d.NewDocumentOnce(ctx, d.owner, key("a", "shed"), d.shed("one"), nil))(t); again.ID != first.ID {
		t.Error("the repeat made another document")
	}
	if _, err := d.NewDocumentOnce(ctx, d.owner, key("a", "other"), d.shed("two"), nil); !errors.Is(err, core.Conflict) {
		t.Errorf("the key was taken for another document: %v", err)
	}
	rack := core.Placement{Offering: d.sheets["rack"].Offering.ID, Asks: []core.Ask{{Component: "big", Quantity: units(1)}}}
	rack.Idem = key("a", "rack")
	if _, err := d.PlaceOrder(ctx, d.owner, rack); !errors.Is(err, core.Conflict) {
		t.Errorf("a document's key was taken for an order: %v", err)
	}
	rack.Idem = key("b", "rack")
	placed := must(d.PlaceOrder(ctx, d.owner, rack))(t)
	if _, err := d.NewDocumentOnce(ctx, d.owner, key("b", "shed"), d.shed("three"), nil); !errors.Is(err, core.Conflict) {
		t.Errorf("an order's key was taken for a document: %v", err)
	}

	cancel := core.Verdict{Idem: key("c", "cancel")}
	for n := range 2 {
		got := must(d.Act(ctx, d.owner, placed.Order.ID, order.Cancel, cancel))(t)
		if got.Order.State != order.Canceled {
			t.Errorf("attempt %d: the order is %s", n+1, got.Order.State)
		}
	}
	if _, err := d.Act(ctx, d.owner, placed.Order.ID, order.Cancel, core.Verdict{}); !errors.Is(err, core.Conflict) {
		t.Errorf("a second cancel that is no repeat: %v", err)
	}
	d.clock.ahead(25 * time.Hour)
	if late := must(d.NewDocumentOnce(ctx, d.owner, key("a", "shed"), d.shed("one"), nil))(t); late.ID == first.ID {
		t.Error("the key still stands after its window")
	}
}

func TestAChangeIsMadeOnceForARepeatedRequest(t *testing.T) {
	d := newDesk(t)
	doc := must(d.NewDocument(ctx, d.owner, d.shed("one"), nil))(t)
	k := &core.IdemKey{Key: "k", Body: []byte("rename"), Window: time.Hour}
	ran := 0
	for range 2 {
		got := must(d.ChangeDocumentOnce(ctx, d.owner, k, doc.Kind, doc.ID, func(_ *core.Scene, doc *core.Document) error {
			ran++
			doc.State = "renamed"
			return nil
		}))(t)
		if got.State != "renamed" {
			t.Errorf("the document is %q", got.State)
		}
	}
	if ran != 1 {
		t.Errorf("the change was made %d times", ran)
	}
}

func TestAnOrderIsForADocumentThatStillLives(t *testing.T) {
	d := newDesk(t)
	doc := must(d.NewDocument(ctx, d.owner, d.shed("one"), nil))(t)
	ask := core.Placement{Offering: d.sheets["rack"].Offering.ID, Ref: doc.ID, Asks: []core.Ask{{Component: "big", Quantity: units(1)}}}
	placed := must(d.PlaceOrder(ctx, d.owner, ask))(t)
	check := func(wantOpen int, wantLives bool) {
		t.Helper()
		if err := d.View(ctx, d.member, func(s *core.Scene) error {
			open, err := s.OpenFor(doc.ID)
			if err != nil {
				return err
			}
			lives, err := s.LivesOn(doc.ID)
			if len(open) != wantOpen || lives != wantLives {
				t.Errorf("%d open orders, live resource: %v", len(open), lives)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	check(1, true)
	must(d.Act(ctx, d.owner, placed.Order.ID, order.Cancel, core.Verdict{}))(t)
	check(0, false)
	if err := d.RemoveDocument(ctx, d.owner, doc.Kind, doc.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PlaceOrder(ctx, d.owner, ask); !errors.Is(err, core.NotFound) {
		t.Errorf("an order was placed for a document that has gone: %v", err)
	}
}

// full is a store whose disk is full.
type full struct{ core.Store }

func (full) Update(context.Context, core.Touch, func(core.Tx) error) error {
	return &core.Error{Kind: core.Unavailable, Msg: "There is no room."}
}

func TestARepeatIsAnsweredWhereNothingCanBeWritten(t *testing.T) {
	d := newDesk(t)
	p := d.ask("task", map[string]money.Micro{"shot": units(1)})
	p.Idem = &core.IdemKey{Key: "k", Body: []byte("b"), Window: time.Hour}
	first := must(d.PlaceOrder(ctx, d.owner, p))(t)
	stuck := core.New(full{d.store}, d.clock.now, id.NewSource(d.clock.now, 1, 0), seal.Key{1}, slog.New(slog.DiscardHandler), core.Config{})
	for _, known := range []bool{false, true} { // whether the desk has seen the offering before
		again := must(stuck.PlaceOrder(ctx, d.owner, p))(t)
		if !again.Repeated || again.Order.ID != first.Order.ID {
			t.Errorf("with the offering known: %v, the repeat is answered with order %s, first it was %s", known, again.Order.ID, first.Order.ID)
		}
		other := p
		other.Idem = &core.IdemKey{Key: "new", Body: []byte("b"), Window: time.Hour}
		if _, err := stuck.PlaceOrder(ctx, d.owner, other); core.KindOf(err) != core.Unavailable {
			t.Errorf("a first request is answered %v", err)
		}
	}
}
