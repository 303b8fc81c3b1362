package core

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

type refusalKey struct{ limit, user id.ID }

// throttle lets the first of a kind through each minute.
type throttle struct {
	mu   sync.Mutex
	last map[refusalKey]time.Time
}

func (t *throttle) first(k refusalKey, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.last[k]; ok && now.Sub(at) < time.Minute && !now.Before(at) {
		return false
	}
	if t.last == nil || len(t.last) > 10000 { // forgetting costs an event too many
		t.last = map[refusalKey]time.Time{}
	}
	t.last[k] = now
	return true
}

// noteRefusal leaves an event for each limit that refused: a write of its own, at most
// one a minute for each limit and actor, so that refusals cannot load the writer.
func (c *Core) noteRefusal(ctx context.Context, who Actor, e *Error) {
	now := c.Now()
	var events []Event
	for _, b := range e.Breaches {
		if !c.refusals.first(refusalKey{b.ID, who.User.ID}, now) {
			continue
		}
		body, err := json.Marshal(map[string]string{"scope": string(b.Scope), "measure": string(b.Measure), "period": string(b.Period),
			"limit": b.Value.String(), "used": b.Used.String(), "held": b.Held.String(), "asked": b.Asked.String()})
		if err != nil { // texts
			panic(err)
		}
		events = append(events, Event{At: now, Kind: "limit.refused", Customer: b.Customer, Subject: b.ID, By: who.User.ID, Body: body})
	}
	if len(events) == 0 {
		return
	}
	err := c.store.Update(ctx, Touch{}, func(tx Tx) error {
		for _, e := range events {
			if err := tx.InsertEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.log.Warn("a refusal was not noted", "limit", e.Breaches[0].ID, "error", err)
	}
}
