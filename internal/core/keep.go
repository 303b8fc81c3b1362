package core

import (
	"context"
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
	var err error
	for range keepTries {
		err = c.store.Update(ctx, Touch{Offerings: []id.ID{k.Beside}, Exclusive: k.Beside != 0, Scan: true}, func(tx Tx) error {
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
		if r := AsError(err); err == nil || r.Kind != Conflict || r.Reason != ReasonName && r.Reason != ReasonStale {
			break
		}
	}
	return out, err == nil && out.Rev == 1 && out.ID == fresh.ID, err
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
