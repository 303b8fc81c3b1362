// Package core holds the use cases: all that front doors, workers and the command
// line may do, the Store they need and the Error they return. It knows neither HTTP
// nor SQL nor any vendor's words. Every call is (ctx, who, request) (answer, error).
// What must follow an act (ledger, job, event) follows here, in the act's own
// transaction. A use case decides before it writes: decide reads and returns the
// changes or a refusal, write only writes; a dry run is decide alone.
package core

import (
	"context"
	"log/slog"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// Config is what a deployment decides.
type Config struct {
	Rights tenant.Rights // nil: tenant.DefaultRights
	Lease  time.Duration // of a job; 0: one minute
}

// Core is one desk.
type Core struct {
	store  Store
	now    func() time.Time
	ids    *id.Source
	master seal.Key
	log    *slog.Logger
	rights tenant.Rights
	lease  time.Duration
	wake   chan struct{} // told when a job was put

	refusals throttle
	sheets   sheets
	owners   owners
}

// New returns a desk over a store. now is UTC time; it is cut to microseconds, the
// most that stores keep.
func New(store Store, now func() time.Time, ids *id.Source, master seal.Key, log *slog.Logger, cfg Config) *Core {
	if cfg.Rights == nil {
		cfg.Rights = tenant.DefaultRights()
	}
	if cfg.Lease == 0 {
		cfg.Lease = time.Minute
	}
	return &Core{store: store, now: now, ids: ids, master: master, log: log, rights: cfg.Rights, lease: cfg.Lease, wake: make(chan struct{}, 1)}
}

// Now is the desk's clock, in UTC and whole microseconds.
func (c *Core) Now() time.Time { return c.now().UTC().Truncate(time.Microsecond) }

// NewID draws an id.
func (c *Core) NewID() id.ID { return c.ids.Next() }

// Ready reports whether the store answers.
func (c *Core) Ready(ctx context.Context) error {
	return c.store.View(ctx, func(r Reader) error {
		_, err := r.Meta("master")
		return err
	})
}
