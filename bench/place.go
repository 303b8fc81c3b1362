//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store"
)

// site is where a desk lies: its data directory and, where the books are kept elsewhere,
// the database.
type site struct{ Data, DB string }

// config is what docket serve would make of a site.
func (s site) config() (app.Config, error) {
	set := map[string]string{"http": "127.0.0.1:0", "https": "127.0.0.1:0", "log-level": "warn"}
	if s.DB != "" {
		set["db"] = s.DB
	}
	return app.Load(s.Data, set, func(string) string { return "" })
}

// found makes a desk with its world at a site.
func (s site) found(ctx context.Context, customers int) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	d, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(build(ctx, d.Core, customers), d.Close())
}

// desk is a store with a core over it and the world in it, without doors.
type desk struct {
	store core.Store
	core  *core.Core
	world *world
	keys  atomic.Int64 // of requests, all different
	run   string
}

// open opens a site for placing without HTTP.
func (s site) open(ctx context.Context) (*desk, error) {
	books, err := store.Open(ctx, s.Data, s.DB, store.Options{})
	if err != nil {
		return nil, err
	}
	d := &desk{store: books, run: runName()}
	if err := d.begin(ctx); err != nil {
		return nil, errors.Join(err, books.Close())
	}
	return d, nil
}

func (d *desk) begin(ctx context.Context) error {
	if err := d.store.Migrate(ctx); err != nil {
		return err
	}
	node, err := d.store.Node(ctx)
	if err != nil {
		return err
	}
	d.core = core.New(d.store, time.Now, id.NewSource(time.Now, uint8(node.Number), node.Floor), seal.Key{}, slog.New(slog.DiscardHandler), core.Config{})
	d.world, err = readWorld(ctx, d.store, d.core)
	return err
}

// runName begins the keys of the requests of one opening.
func runName() string { return rand.Text() + "-" }

func (d *desk) close() error { return d.store.Close() }

// place places one order, of anyone or of one customer alone.
func (d *desk) place(ctx context.Context, r *mathrand.Rand, hot bool) error {
	customer := busyCustomer
	if !hot {
		customer = d.world.anyone(r)
	}
	who, p := d.world.placement(r, customer, false, d.run+strconv.FormatInt(d.keys.Add(1), 36))
	_, err := d.core.PlaceOrder(ctx, who, p)
	return err
}
