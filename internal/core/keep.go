package core

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
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

// Keeping is a document of a natural key, and what is to become of it. Change gets a new
// document with Rev 0; it says whether the actor may, and may run more than once.
type Keeping struct {
	DocumentKey
	Change func(s *Scene, d *Document) error
}

// keepTries bounds how often a document that another process made meanwhile is read anew.
const keepTries = 5

// untilKept runs an update that keeps documents by their names again where another made or
// changed one meanwhile.
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

// KeepDocument makes the live document of a natural key, or changes the one that is there,
// and says whether it made it: two at once make one. change gets a new document with Rev 0;
// it says whether the actor may, and may run more than once. Nothing is written where it
// changed nothing. Keys that are narrowed are refused.
func (c *Core) KeepDocument(ctx context.Context, who Actor, k DocumentKey, change func(s *Scene, d *Document) error) (Document, bool, error) {
	if err := who.writeWide(); err != nil {
		return Document{}, false, err
	}
	fresh := c.NewID()
	var out Document
	err := c.untilKept(ctx, Touch{Offerings: []id.ID{k.Beside}, Exclusive: k.Beside != 0, Scan: true}, func(tx Tx) error {
		d, changed, err := (&Scene{c: c, r: tx, who: who}).keep(Keeping{k, change}, fresh)
		if err != nil {
			return err
		}
		out = d
		if !changed {
			return nil
		}
		out.Rev++
		return tx.PutDocument(d)
	})
	return out, err == nil && out.Rev == 1 && out.ID == fresh, err
}

// keep decides what a document becomes, and whether that is another than it was.
func (s *Scene) keep(k Keeping, fresh id.ID) (d Document, changed bool, err error) {
	was, err := s.keyed(k.DocumentKey)
	if err != nil {
		return d, false, err
	}
	if d = was; was.Rev == 0 {
		d = Document{ID: fresh, Kind: k.Kind, Customer: k.Customer, Name: k.Name}
	}
	if err := k.Change(s, &d); err != nil {
		return d, false, err
	}
	d.Kind, d.Customer, d.Name, d.Rev = k.Kind, k.Customer, k.Name, was.Rev
	if reflect.DeepEqual(was, d) {
		return d, false, nil
	}
	return d, true, checkBody(d.Body)
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

// EventRevealed tells that somebody was shown a secret about a resource; its body names the
// document that holds it.
const EventRevealed = "resource.secret_revealed"

// Reveal opens a secret about a resource, which a document holds sealed, for the people who use
// the resource; the feed tells who saw it. Forbidden to keys that may only read.
func (c *Core) Reveal(ctx context.Context, who Actor, resource, document id.ID, sealed []byte) (string, error) {
	if err := who.write(); err != nil {
		return "", err
	}
	secret, err := c.Unseal(sealed)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"document": document.Decimal()})
	if err != nil {
		return "", err
	}
	now := c.Now()
	err = c.store.Update(ctx, Touch{Resources: []id.ID{resource}}, func(tx Tx) error {
		r, err := (&Scene{c: c, r: tx, who: who}).Resource(resource)
		if err != nil {
			return err
		}
		if err := c.may(who, tenant.ListResources, r.Project, r.Customer); err != nil {
			return err
		}
		return tx.InsertEvent(Event{At: now, Kind: EventRevealed, Customer: r.Customer, Subject: r.ID, By: who.User.ID, Body: body})
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}
