package core

import (
	"context"
	"encoding/json"
	"math"
	"reflect"

	"github.com/docket-desk/docket/internal/id"
)

// DocumentKey is the natural key of a document that a door keeps about other records.
type DocumentKey struct {
	Kind     string
	Customer id.ID
	Name     string
	// Beside, if not 0, is an offering beside which nobody makes another document meanwhile:
	// for names that must differ from the others' there.
	Beside id.ID
}

// keepTries bounds how often a document that another process made meanwhile is read anew.
const keepTries = 5

// KeepDocument makes the live document of a natural key, or changes the one that is there,
// and says whether it made it: two at once make one. change gets a new document with Rev 0;
// it says whether the actor may, and may run more than once. Nothing is written where it
// changed nothing. Keys that are narrowed are refused.
func (c *Core) KeepDocument(ctx context.Context, who Actor, k DocumentKey, change func(s *Scene, d *Document) error) (Document, bool, error) {
	if err := who.writeWide(); err != nil {
		return Document{}, false, err
	}
	fresh := Document{ID: c.NewID(), Kind: k.Kind, Customer: k.Customer, Name: k.Name}
	var out Document
	err := c.untilKept(ctx, Touch{Offerings: []id.ID{k.Beside}, Exclusive: k.Beside != 0, Scan: true}, func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		was, err := s.keyed(k)
		if err != nil {
			return err
		}
		d := was
		if was.Rev == 0 {
			d = fresh
		}
		if err := change(s, &d); err != nil {
			return err
		}
		d.Kind, d.Customer, d.Name, d.Rev = k.Kind, k.Customer, k.Name, was.Rev
		out = d
		if reflect.DeepEqual(was, d) {
			return nil
		}
		if err := checkBody(d.Body); err != nil {
			return err
		}
		out.Rev++
		return tx.PutDocument(d)
	})
	return out, err == nil && out.Rev == 1 && out.ID == fresh.ID, err
}

// untilKept runs an update again where another process made or changed a document meanwhile.
func (c *Core) untilKept(ctx context.Context, on Touch, fn func(tx Tx) error) error {
	var err error
	for range keepTries {
		err = c.store.Update(ctx, on, fn)
		if r := AsError(err); err == nil || r.Kind != Conflict || r.Reason != ReasonName && r.Reason != ReasonStale {
			break
		}
	}
	return err
}

// Part is one document of several that a door keeps as a whole beside a record.
type Part struct {
	Name string
	Body json.RawMessage
}

// ReplaceDocuments makes the live documents of a kind beside a parent those given, by name,
// all in one write: what is there under another name is removed. Keys that are narrowed are
// refused.
func (c *Core) ReplaceDocuments(ctx context.Context, who Actor, kind string, customer, parent id.ID, parts []Part) error {
	if err := who.writeWide(); err != nil {
		return err
	}
	for _, p := range parts {
		if err := checkBody(p.Body); err != nil {
			return err
		}
	}
	now, ids := c.Now(), &drawn{c: c}
	return c.untilKept(ctx, Touch{Scan: true}, func(tx Tx) error {
		ids.again()
		there, err := tx.Documents(DocumentQuery{Kind: kind, Parent: parent, Page: Page{Ascending: true, Limit: math.MaxInt32}})
		if err != nil {
			return err
		}
		left := map[string]Document{}
		for _, d := range there {
			left[d.Name] = d
		}
		for _, p := range parts {
			d, ok := left[p.Name]
			if !ok {
				d = Document{ID: ids.draw(), Kind: kind, Customer: customer, Parent: parent, Name: p.Name}
			}
			delete(left, p.Name)
			d.Body = p.Body
			if err := tx.PutDocument(d); err != nil {
				return err
			}
		}
		for _, d := range there {
			if _, over := left[d.Name]; !over {
				continue
			}
			d.RemovedAt = &now
			if err := tx.PutDocument(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// keyed finds the live document of a natural key; the zero Document where there is none.
func (s *Scene) keyed(k DocumentKey) (Document, error) {
	list, err := s.r.Documents(DocumentQuery{Kind: k.Kind, Customers: []id.ID{k.Customer}, Name: k.Name, Page: Page{Limit: 1}})
	if err != nil || len(list) == 0 {
		return Document{}, err
	}
	return list[0], nil
}

// Seal makes a text unreadable for whoever has not the desk's master key; Unseal opens it.
func (c *Core) Seal(text string) ([]byte, error) { return c.master.Seal([]byte(text)) }

// Unseal opens what Seal has made.
func (c *Core) Unseal(sealed []byte) (string, error) {
	b, err := c.master.Open(sealed)
	return string(b), err
}
