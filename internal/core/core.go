// Package core holds the use cases: all that front doors, workers and the command
// line may do, the Store they need and the Error they return. It knows neither HTTP
// nor SQL nor any vendor's words. Every call is (ctx, who, request) (answer, error).
// What must follow an act (ledger, job, event) follows here, in the act's own
// transaction. A use case decides before it writes: decide reads and returns the
// changes or a refusal, write only writes; a dry run is decide alone.
package core

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/docket-desk/docket/internal/clock"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// Config is what a deployment decides.
type Config struct {
	Policy tenant.Policy // of roles; the zero Policy: tenant.DefaultPolicy
	Lease  time.Duration // of a job; 0: one minute
	Clock  *clock.Clock  // what New's now reads, where it may be turned; nil: it may not
}

// Core is one desk.
type Core struct {
	store  *watched
	now    func() time.Time
	clock  *clock.Clock // nil: it cannot be turned
	ids    *id.Source
	master seal.Key
	log    *slog.Logger
	policy atomic.Pointer[tenant.Policy]
	lease  time.Duration
	wake   chan struct{} // told when a job was put

	refusals throttle
	tidied   atomic.Int32 // the day on which what is remembered was last tidied
	sheets   sheets
	owners   owners
	carrying atomic.Bool // a backup is being taken
}

// New returns a desk over a store. now is UTC time; it is cut to microseconds, the
// most that stores keep.
func New(store Store, now func() time.Time, ids *id.Source, master seal.Key, log *slog.Logger, cfg Config) *Core {
	if cfg.Policy.Rights == nil {
		cfg.Policy = tenant.DefaultPolicy()
	}
	if cfg.Lease == 0 {
		cfg.Lease = time.Minute
	}
	c := &Core{store: &watched{Store: store}, now: now, clock: cfg.Clock, ids: ids, master: master, log: log, lease: cfg.Lease, wake: make(chan struct{}, 1)}
	c.SetPolicy(cfg.Policy)
	return c
}

// SetPolicy says from now on what roles may do and which may be given.
func (c *Core) SetPolicy(p tenant.Policy) { c.policy.Store(&p) }

// Now is the desk's clock, in UTC and whole microseconds.
func (c *Core) Now() time.Time { return c.now().UTC().Truncate(time.Microsecond) }

// NewID draws an id.
func (c *Core) NewID() id.ID { return c.ids.Next() }

// drawn are the ids of one act's new records: the same ones, though the store run the act
// again.
type drawn struct {
	c    *Core
	ids  []id.ID
	next int
}

// again begins the act anew.
func (d *drawn) again() *drawn { d.next = 0; return d }

func (d *drawn) draw() id.ID {
	if d.next == len(d.ids) {
		d.ids = append(d.ids, d.c.NewID())
	}
	d.next++
	return d.ids[d.next-1]
}
