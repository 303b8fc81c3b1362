package core

import (
	"context"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// Writes that are no placements are made safe to repeat by the same keys: one key, used
// for one request, whatever that request makes or changes.

// otherRequest refuses a key that was used for something else.
func otherRequest(about Ref) *Error {
	return &Error{Kind: Conflict, Reason: ReasonIdempotency, About: about, Msg: "This idempotency key was used with another request; use a new one."}
}

// done finds the document that an earlier request with the same key made or changed.
func (c *Core) done(r Reader, who Actor, k *IdemKey, now time.Time) (Document, bool, error) {
	if k == nil {
		return Document{}, false, nil
	}
	today := day.Of(now)
	had, err := r.Idem([]day.Day{today - 1, today, today + 1}, idemHash(who, k))
	switch {
	case err != nil && KindOf(err) == NotFound, err == nil && k.Window > 0 && now.Sub(had.At) > k.Window:
		return Document{}, false, nil
	case err != nil:
		return Document{}, false, err
	case had.Body != bodyHash(k.Body):
		return Document{}, false, otherRequest(Ref{})
	}
	d, err := r.Document(had.About)
	return d, err == nil, err
}

// remember keeps a key, in the transaction that does what it stands for.
func remember(tx Tx, who Actor, k *IdemKey, about id.ID, now time.Time) error {
	if k == nil {
		return nil
	}
	return tx.PutIdem(Idem{Day: day.Of(now), Hash: idemHash(who, k), Body: bodyHash(k.Body), About: about, At: now})
}

// OpenFor lists the open orders for documents that the caller was shown, whoever placed
// them: what is under way for a thing stops it from being moved or removed.
func (s *Scene) OpenFor(refs ...id.ID) ([]Placed, error) {
	var out []Placed
	for _, ref := range refs {
		orders, err := s.r.Orders(OrderQuery{Page: Page{Limit: 1000, Ascending: true}, Any: &Sight{All: true}, Ref: ref,
			States: []order.State{order.PendingConsumer, order.PendingProject, order.PendingProvider, order.PendingStartDate, order.Executing}})
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			p, err := s.c.placed(s.r, o)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// LivesOn reports whether a resource that has not ended is for a document that the caller
// was shown, whoever it belongs to.
func (s *Scene) LivesOn(ref id.ID) (bool, error) {
	n, err := s.r.CountResources(ResourceQuery{Any: &Sight{All: true}, Ref: ref,
		States: []order.ResourceState{order.Creating, order.OK, order.ResourceErred, order.Updating, order.Terminating}})
	return n > 0, err
}

// tidyPiece bounds what one write forgets, so that nobody waits behind it.
const tidyPiece = 1000

// tidy forgets requests of days that nobody asks for any more, once a day, piece by piece;
// it reports whether more are left for the next round.
func (c *Core) tidy(ctx context.Context) (more bool, err error) {
	today := day.Of(c.Now())
	if day.Day(c.tidied.Load()) == today {
		return false, nil
	}
	n := 0
	err = c.store.Update(ctx, Touch{}, func(tx Tx) (err error) {
		n, err = tx.DropIdem(today-2, tidyPiece) // clocks differ: the day before yesterday is another's yesterday
		return err
	})
	if err == nil && n < tidyPiece {
		c.tidied.Store(int32(today))
	}
	return n == tidyPiece, err
}
