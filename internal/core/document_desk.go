package core

import (
	"context"
	"math"
)

// DeskDocuments lists live documents of a kind that are the desk's own: everybody may
// read them.
func (s *Scene) DeskDocuments(kind string) ([]Document, error) {
	return s.r.Documents(DocumentQuery{Kind: kind, Customers: desksOwn, Page: Page{Limit: math.MaxInt32, Ascending: true}})
}

// NewDeskDocument keeps a new document of the desk's own. Staff only, by a key that is not narrowed. A Conflict, reason
// name, where there is one of that kind and name.
func (c *Core) NewDeskDocument(ctx context.Context, who Actor, d Document) (Document, error) {
	if err := who.writeWide(); err != nil {
		return d, err
	}
	if !who.IsStaff() && !who.desk() {
		return d, forbidden("You do not have permission to perform this action.")
	}
	if err := checkBody(d.Body); err != nil {
		return d, err
	}
	d.ID, d.Customer, d.Project, d.Rev = c.NewID(), 0, 0, 0
	err := c.store.Update(ctx, Touch{}, func(tx Tx) error { return tx.PutDocument(d) })
	d.Rev = 1
	return d, err
}
