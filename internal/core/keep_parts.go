package core

import (
	"context"
	"encoding/json"
	"math"

	"github.com/docket-desk/docket/internal/id"
)

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
