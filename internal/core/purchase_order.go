package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// File is what somebody hands in.
type File struct {
	Name string
	Data []byte
}

// MostPurchaseOrder is how large a purchase order may be, in bytes.
const MostPurchaseOrder = 1 << 20

// kindPurchaseOrder is a part of one, in a document beside its order: lists of orders read
// none of it.
const kindPurchaseOrder = "purchase order"

// partSize is how much of a file fits into a document, in base64 and quotes.
const partSize = (MaxDocument - 2) / 4 * 3

// papering are the states in which a purchase order is handed in.
var papering = []order.State{order.PendingConsumer, order.PendingProject, order.PendingProvider}

// lacksPaper reports whether consent waits for a purchase order. What ends needs none.
func (d *draft) lacksPaper() bool {
	return d.o.Type != order.Terminate && d.o.Notes.PurchaseOrder == nil && d.sheet.Offering.WantsPurchaseOrder()
}

func (d *draft) papered() error {
	if d.lacksPaper() {
		return invalid("purchase_order", "Purchase order is required for approval.").because(ReasonPaper)
	}
	return nil
}

// ChangePurchaseOrder lets the consumer of an order that waits hand in its purchase order,
// a PDF, in place of what there is; no file takes that away, which the offering may forbid
// once somebody has consented: then another takes its place by the word of those alone who may
// consent. file is asked after all else that may refuse, and may run
// more than once.
func (c *Core) ChangePurchaseOrder(ctx context.Context, who Actor, i id.ID, file func(had bool) (*File, error)) (Placed, error) {
	if err := who.write(); err != nil {
		return Placed{}, err
	}
	var out Placed
	now, ids := c.Now(), &drawn{c: c}
	err := c.store.Update(ctx, Touch{Orders: []id.ID{i}, Scan: true}, func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		p, err := s.Order(i)
		if err != nil {
			return err
		}
		o := p.Order
		rests := o.Type != order.Terminate && o.Gates&order.ConsumerGate == 0 && p.Offering.WantsPurchaseOrder() // somebody's consent, on it
		if err := s.mayPaper(o, rests); err != nil {
			return err
		}
		f, err := file(o.Notes.PurchaseOrder != nil)
		if err != nil {
			return err
		}
		if f == nil && rests {
			return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"order", i}, States: papering[:1], Msg: "The order was consented to with its purchase order."}
		}
		o.Notes.PurchaseOrder = nil
		var parts [][]byte
		if f != nil {
			if err := f.check(); err != nil {
				return err
			}
			o.Notes.PurchaseOrder = &order.Paper{Name: f.Name, Size: len(f.Data), At: now}
			parts = slices.Collect(slices.Chunk(f.Data, partSize))
		}
		writes, err := papers(tx, o, parts, ids.again())
		if err != nil {
			return err
		}
		for _, w := range writes {
			if w.Body == nil {
				w.Body, w.RemovedAt = json.RawMessage(`""`), &now
			}
			if err := tx.PutDocument(w); err != nil {
				return err
			}
		}
		if err := tx.UpdateOrder(o); err != nil {
			return err
		}
		o.Rev++
		p.Order = o
		out = p
		return nil
	})
	return out, err
}

func (s *Scene) mayPaper(o order.Order, rests bool) error {
	if !s.c.May(s.who, tenant.PlaceOrder, o.Project, o.Customer) || rests && !s.c.May(s.who, tenant.ApproveOrder, o.Project, o.Customer) {
		return forbidden("You do not have permission to change this order.")
	}
	if !slices.Contains(papering, o.State) {
		return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"order", o.ID}, States: papering, Msg: "The order is " + string(o.State) + "."}
	}
	of, err := s.r.Customer(o.Customer)
	return cmp.Or(err, open(of))
}

func (f *File) check() error {
	switch {
	case len(f.Data) > MostPurchaseOrder:
		return invalid("purchase_order", "A purchase order has %d bytes at most.", MostPurchaseOrder).because(ReasonPaper)
	case !bytes.HasPrefix(f.Data, []byte("%PDF-")):
		return invalid("purchase_order", "A purchase order is a PDF.").because(ReasonPaper)
	case f.Name == "" || len(f.Name) > 255:
		return invalid("purchase_order", "The file's name has 1 to 255 bytes.").because(ReasonPaper)
	}
	return nil
}

// papers are the documents of an order's purchase order as they are to be: those there are,
// in their order, with what is in them now, then new ones. One without a body is over.
func papers(r Reader, o order.Order, parts [][]byte, ids *drawn) ([]Document, error) {
	out, err := partsOf(r, o.ID)
	if err != nil {
		return nil, err
	}
	for n := range out {
		out[n].Body = nil
	}
	for n, part := range parts {
		if n == len(out) {
			out = append(out, Document{ID: ids.draw(), Kind: kindPurchaseOrder, Customer: o.Customer, Project: o.Project, Parent: o.ID})
		}
		if out[n].Body, err = json.Marshal(part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func partsOf(r Reader, o id.ID) ([]Document, error) {
	return r.Documents(DocumentQuery{Kind: kindPurchaseOrder, Parent: o, Page: Page{Ascending: true, Limit: MostPurchaseOrder/partSize + 1}})
}

// PurchaseOrder returns the purchase order of an order that the actor sees.
func (s *Scene) PurchaseOrder(i id.ID) (File, error) {
	p, err := s.Order(i)
	if err != nil {
		return File{}, err
	}
	paper := p.Order.Notes.PurchaseOrder
	if paper == nil {
		return File{}, notFound("purchase order", i)
	}
	parts, err := partsOf(s.r, i)
	f := File{Name: paper.Name, Data: make([]byte, 0, paper.Size)}
	for _, d := range parts {
		var part []byte
		if err := json.Unmarshal(d.Body, &part); err != nil {
			return File{}, err
		}
		f.Data = append(f.Data, part...)
	}
	return f, err
}
