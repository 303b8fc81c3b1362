package core

import (
	"context"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// endResource places the terminate order of a resource whose last day has come. While
// another order of it is open it waits.
func (c *Core) endResource(ctx context.Context, j Job) error {
	_, err := c.PlaceOrder(ctx, System(), Placement{Type: order.Terminate, Resource: j.Subject})
	if err != nil && AsError(err).Reason == ReasonOpenOrder {
		return c.DelayJob(ctx, j, err)
	}
	if err != nil && KindOf(err) != Conflict && KindOf(err) != NotFound {
		return err
	}
	return c.dropJob(ctx, j)
}

// endProject gives each resource of a project whose last day has come a job to end it,
// so that one which cannot end yet holds up no other.
func (c *Core) endProject(ctx context.Context, j Job) error {
	return c.store.Update(ctx, Touch{Scan: true}, func(tx Tx) error {
		p, err := tx.Project(j.Subject)
		if err != nil {
			return err
		}
		if p.EndOn != nil && *p.EndOn > day.Of(c.Now()) { // it was moved
			return tx.PutJob(Job{Subject: p.ID, Kind: j.Kind, RunAt: p.EndOn.Time()})
		}
		q := ResourceQuery{Projects: []id.ID{p.ID}, States: living, Page: Page{Ascending: true, Limit: 500}}
		for p.EndOn != nil {
			page, err := tx.Resources(q)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				if err := tx.PutJob(Job{Subject: r.ID, Kind: JobEnd, RunAt: c.Now()}); err != nil {
					return err
				}
			}
			q.After = page[len(page)-1].ID
		}
		_, err = tx.DeleteJob(j.Subject, j.Kind, j.Attempt)
		return err
	})
}

// living are the states of a resource that has not ended.
var living = []order.ResourceState{order.Creating, order.OK, order.ResourceErred, order.Updating, order.Terminating}
