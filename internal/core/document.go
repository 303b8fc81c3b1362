package core

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/id"
)

// MaxDocument is the largest body of a document, in bytes.
const MaxDocument = 64 << 10

// A document belongs to a customer, or to one project of it. A key that is narrowed to a
// project sees and changes the documents of that project alone, and what it makes is of it.

// Document returns a live document of a kind whose customer the actor belongs to.
func (s *Scene) Document(kind string, i id.ID) (Document, error) {
	d, err := s.r.Document(i)
	if err != nil {
		return d, err
	}
	if d.Kind != kind || d.RemovedAt != nil || !s.owns(d) {
		return Document{}, notFound(kind, i)
	}
	return d, nil
}

func (s *Scene) owns(d Document) bool {
	if s.who.Project != 0 && d.Project != s.who.Project {
		return false
	}
	return s.who.SeesAll() || slices.Contains(s.customers(), d.Customer)
}

// keeps refuses a new document of a customer that is not the actor's, or of a project that
// is not that customer's.
func (s *Scene) keeps(d Document) error {
	if !s.owns(d) {
		return notFound("customer", d.Customer)
	}
	if d.Project == 0 {
		return nil
	}
	if of, err := s.owner(d.Project); err != nil || of != d.Customer {
		return errors.Join(err, notFound("project", d.Project))
	}
	return nil
}

// Documents lists live documents that the actor may see.
func (s *Scene) Documents(q DocumentQuery) ([]Document, error) {
	q, none := s.ownDocuments(q)
	if none {
		return nil, nil
	}
	return s.r.Documents(q)
}

// CountDocuments counts what Documents would list without its page.
func (s *Scene) CountDocuments(q DocumentQuery) (int, error) {
	q, none := s.ownDocuments(q)
	if none {
		return 0, nil
	}
	return s.r.CountDocuments(q)
}

// ShownDocument returns a live document that a door keeps about records which the caller was
// shown: the door says who may see it.
func (s *Scene) ShownDocument(kind string, i id.ID) (Document, error) {
	d, err := s.r.Document(i)
	if err == nil && (d.Kind != kind || d.RemovedAt != nil) {
		err = notFound(kind, i)
	}
	return d, err
}

// ShownDocuments lists live documents that a door keeps about records which the caller was
// shown: the door says who may see which.
func (s *Scene) ShownDocuments(q DocumentQuery) ([]Document, error) { return s.r.Documents(q) }

func (s *Scene) ownDocuments(q DocumentQuery) (DocumentQuery, bool) {
	if p := s.who.Project; p != 0 {
		if q.Projects != nil && !slices.Contains(q.Projects, p) {
			return q, true
		}
		q.Projects = []id.ID{p}
	}
	if s.who.SeesAll() {
		return q, false
	}
	mine := s.customers()
	if q.Customers != nil {
		mine = slices.DeleteFunc(mine, func(i id.ID) bool { return !slices.Contains(q.Customers, i) })
	}
	q.Customers = mine
	return q, len(mine) == 0
}

// NewDocument keeps a new document. The ID may be drawn before with NewID, or 0. may, if
// not nil, says over the same snapshot what is against it: a quota, a parent that must live.
func (c *Core) NewDocument(ctx context.Context, who Actor, d Document, may func(s *Scene) error) (Document, error) {
	return c.NewDocumentOnce(ctx, who, nil, d, may)
}

// NewShownDocument keeps a new document about records that the caller was shown: the door
// says who may. A name that is taken is a Conflict. Keys that are narrowed are refused.
func (c *Core) NewShownDocument(ctx context.Context, who Actor, d Document) (Document, error) {
	if err := who.writeWide(); err != nil {
		return Document{}, err
	}
	if err := checkBody(d.Body); err != nil {
		return Document{}, err
	}
	d.ID, d.Rev = c.NewID(), 0
	err := c.store.Update(ctx, Touch{Scan: true}, func(tx Tx) error { return tx.PutDocument(d) })
	d.Rev = 1
	return d, err
}

// NewDocumentOnce is NewDocument that answers a repeat of the same request with the
// document as it is now. k nil: every request makes one.
func (c *Core) NewDocumentOnce(ctx context.Context, who Actor, k *IdemKey, d Document, may func(s *Scene) error) (Document, error) {
	if err := who.write(); err != nil {
		return Document{}, err
	}
	if err := checkBody(d.Body); err != nil {
		return Document{}, err
	}
	if d.ID == 0 {
		d.ID = c.NewID()
	}
	if d.Project == 0 {
		d.Project = who.Project
	}
	d.Rev = 0
	var out Document
	now := c.Now()
	on := Touch{Customers: []id.ID{d.Customer}, Documents: []id.ID{d.Parent}, Exclusive: may != nil, Scan: may != nil}
	err := c.store.Update(ctx, touchIdem(on, who, k), func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		first, again, err := c.done(tx, who, k, now)
		if err != nil || again {
			out = first
			return err
		}
		if err := s.keeps(d); err != nil {
			return err
		}
		if may != nil {
			if err := may(s); err != nil {
				return err
			}
		}
		if err := tx.PutDocument(d); err != nil {
			return err
		}
		out = d
		out.Rev = 1
		return remember(tx, who, k, d.ID, now)
	})
	return out, err
}

// ChangeDocument reads a live document, lets change edit its Name, State, Parent and
// Body, and writes it back. change may run more than once and touches nothing else.
func (c *Core) ChangeDocument(ctx context.Context, who Actor, kind string, i id.ID, change func(s *Scene, d *Document) error) (Document, error) {
	return c.ChangeDocumentOnce(ctx, who, nil, kind, i, change)
}

// ChangeDocumentOnce is ChangeDocument that answers a repeat of the same request with the
// document as it is now. k nil: every request changes it.
func (c *Core) ChangeDocumentOnce(ctx context.Context, who Actor, k *IdemKey, kind string, i id.ID, change func(s *Scene, d *Document) error) (Document, error) {
	return c.changeDocument(ctx, who, k, i, func(s *Scene) (Document, error) { return s.Document(kind, i) }, change)
}

// ChangeShownDocument is ChangeDocument of one that a door keeps about other records: change
// says whether the actor may see it and change it. RemovedAt set removes it. Keys that are
// narrowed are refused.
func (c *Core) ChangeShownDocument(ctx context.Context, who Actor, kind string, i id.ID, change func(s *Scene, d *Document) error) (Document, error) {
	if err := who.wide(0); err != nil {
		return Document{}, err
	}
	return c.changeDocument(ctx, who, nil, i, func(s *Scene) (Document, error) { return s.ShownDocument(kind, i) }, change)
}

func (c *Core) changeDocument(ctx context.Context, who Actor, k *IdemKey, i id.ID, find func(s *Scene) (Document, error), change func(s *Scene, d *Document) error) (Document, error) {
	if err := who.write(); err != nil {
		return Document{}, err
	}
	var out Document
	now := c.Now()
	// change may list what is for the document, so that nothing may come to it meanwhile.
	on := Touch{Documents: []id.ID{i}, Exclusive: true, Scan: true}
	if err := c.store.View(ctx, func(r Reader) error {
		d, err := r.Document(i)
		on.Customers = []id.ID{d.Customer}
		return missing(err)
	}); err != nil {
		return out, err
	}
	err := c.store.Update(ctx, touchIdem(on, who, k), func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		first, again, err := c.done(tx, who, k, now)
		if err != nil || again {
			out = first
			return err
		}
		d, err := find(s)
		if err != nil {
			return err
		}
		fixed := d
		if err := change(s, &d); err != nil {
			return err
		}
		d.ID, d.Kind, d.Customer, d.Project, d.Rev = fixed.ID, fixed.Kind, fixed.Customer, fixed.Project, fixed.Rev
		if err := checkBody(d.Body); err != nil {
			return err
		}
		if err := tx.PutDocument(d); err != nil {
			return err
		}
		d.Rev++
		out = d
		return remember(tx, who, k, d.ID, now)
	})
	return out, err
}

// RemoveDocument ends a document; may says why it cannot be, over the same snapshot.
func (c *Core) RemoveDocument(ctx context.Context, who Actor, kind string, i id.ID, may func(s *Scene, d Document) error) error {
	now := c.Now()
	_, err := c.ChangeDocument(ctx, who, kind, i, func(s *Scene, d *Document) error {
		if may != nil {
			if err := may(s, *d); err != nil {
				return err
			}
		}
		d.RemovedAt = &now
		return nil
	})
	return err
}

func checkBody(b json.RawMessage) error {
	if len(b) > MaxDocument {
		return &Error{Kind: TooLarge, Msg: "The document is larger than 64 KiB."}
	}
	if !json.Valid(b) {
		return invalid("body", "The document is no JSON.")
	}
	return nil
}
