package core

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Events about roles. Subject is the scope; the body says whose the role is. A role that
// ends by its own date has no event.
const (
	EventGranted = "role.granted"
	EventRevoked = "role.revoked"
)

// RoleChange is what an event about a role says.
type RoleChange struct {
	User  id.ID        `json:"user,string"`
	Role  tenant.Role  `json:"role"`
	Scope tenant.Scope `json:"scope"`
}

// tellRole writes the event of a role that was granted, changed or revoked.
func (c *Core) tellRole(tx Tx, kind string, g tenant.Grant, by id.ID) error {
	body, err := json.Marshal(RoleChange{g.User, g.Role, g.Scope})
	if err != nil {
		return err
	}
	e := Event{At: c.Now(), Kind: kind, Subject: g.ScopeID, By: by, Body: body}
	if e.Customer, err = customerOf(tx, g.Scope, g.ScopeID); err != nil {
		return err
	}
	return tx.InsertEvent(e)
}

// customerOf is the customer that a scope of roles belongs to.
func customerOf(r Reader, s tenant.Scope, i id.ID) (id.ID, error) {
	switch s {
	case tenant.OnProject:
		p, err := r.Project(i)
		return p.Customer, err
	case tenant.OnOffering:
		o, err := r.Offering(i)
		if err != nil {
			return 0, err
		}
		p, err := r.Provider(o.Provider)
		return p.Customer, err
	case tenant.OnCustomer, tenant.OnUser, tenant.OnResource:
	}
	return i, nil
}

// Reaction is what a reader of the feed does, and how it is known.
type Reaction struct {
	Name  string   // under which its place in the feed is remembered
	Kinds []string // of events that it waits for
	Most  int      // events at once
	// FromEnd: a reader that has no place yet begins where the feed ends then.
	FromEnd bool
	Do      func(ctx context.Context, events []Event) error
}

// Follow hands a reader of the feed the events that came since it last followed, at most
// r.Most, and says how many there were. The reader's place is remembered after Do, so that
// it gets events again where it did not come so far: at least once, in order. Several
// processes may follow under one name; each then may be handed the same.
func (c *Core) Follow(ctx context.Context, r Reaction) (int, error) {
	var from, to int64
	var events []Event
	known := true
	if err := c.store.View(ctx, func(rd Reader) (err error) {
		if from, known, err = feedPlace(rd, r.Name); err != nil {
			return err
		}
		if to, err = rd.LastEvent(); err != nil || to <= from || !known && r.FromEnd {
			return err
		}
		events, err = rd.Events(EventQuery{After: from, Kinds: r.Kinds, Limit: r.Most})
		return err
	}); err != nil || known && to <= from {
		return 0, err
	}
	if r.Most > 0 && len(events) == r.Most { // there may be more before the feed's end
		to = events[len(events)-1].Pos
	}
	if len(events) > 0 {
		if err := r.Do(ctx, events); err != nil {
			return 0, err
		}
	}
	return len(events), c.store.Update(ctx, Touch{Scan: true}, func(tx Tx) error {
		now, known, err := feedPlace(tx, r.Name)
		if err != nil || known && now >= to { // another process is further on
			return err
		}
		return tx.PutMeta(feedMeta+r.Name, strconv.FormatInt(to, 10))
	})
}

const feedMeta = "feed of "

func feedPlace(r Reader, name string) (place int64, known bool, err error) {
	s, err := r.Meta(feedMeta + name)
	if err != nil || s == "" {
		return 0, false, err
	}
	place, err = strconv.ParseInt(s, 10, 64)
	return place, true, err
}
