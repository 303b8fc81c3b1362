package core_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/money"
)

// word is a note that its writer agreed to something, as often as it is asked for.
func (d *desk) word() *core.Keeping {
	return &core.Keeping{DocumentKey: core.DocumentKey{Kind: "test.word", Customer: d.buyer.ID, Name: "olive"}, Change: func(_ *core.Scene, doc *core.Document) error {
		doc.Body = json.RawMessage(`{"agreed":true}`)
		return nil
	}}
}

func (d *desk) words(t *testing.T) []core.Document {
	t.Helper()
	var out []core.Document
	must(struct{}{}, d.View(ctx, d.staff, func(s *core.Scene) (err error) {
		out, err = s.ShownDocuments(core.DocumentQuery{Kind: "test.word", Page: core.Page{Limit: 10}})
		return err
	}))(t)
	return out
}

// TestWhatIsKeptWithAnOrderIsKeptWithItAlone: where the order is refused, nothing of it stays.
func TestWhatIsKeptWithAnOrderIsKeptWithItAlone(t *testing.T) {
	d := newDesk(t)
	p := d.ask("pool", map[string]money.Micro{"node": units(17)}) // of 16
	p.Keep = d.word()
	if _, err := d.PlaceOrder(ctx, d.owner, p); core.KindOf(err) != core.LimitExceeded {
		t.Fatalf("17 nodes of 16: %v", err)
	}
	narrowed := d.owner
	narrowed.Project = d.project.ID
	p = d.ask("pool", map[string]money.Micro{"node": units(1)})
	p.Keep = d.word()
	if _, err := d.PlaceOrder(ctx, narrowed, p); core.AsError(err).Reason != core.ReasonWrongProject {
		t.Errorf("a narrowed key gives its user's word beside its project: %v", err)
	}
	if got := d.words(t); len(got) != 0 {
		t.Fatalf("of orders that were refused stays %v", got)
	}
	must(d.PlaceOrder(ctx, d.owner, p))(t)
	must(d.PlaceOrder(ctx, d.owner, p))(t)
	if got := d.words(t); len(got) != 1 || got[0].Rev != 1 {
		t.Errorf("kept is %v, want one that was written once", got)
	}
	d.audit(t)
}

func TestOrdersAtOnceKeepOneDocument(t *testing.T) {
	d := newDesk(t)
	p := d.ask("pool", map[string]money.Micro{"node": units(1)})
	p.Keep = d.word()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := d.PlaceOrder(ctx, d.owner, p); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := d.words(t); len(got) != 1 {
		t.Errorf("kept is %v, want one", got)
	}
	d.audit(t)
}
