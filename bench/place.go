//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/sqlite"
)

// site is where a desk lies: its data directory and, where the books are kept elsewhere,
// the database.
type site struct{ Data, DB string }

// openStore opens the store of a site. It is the one place that knows the stores.
func openStore(_ context.Context, s site) (core.Store, error) {
	if s.DB == "" {
		return sqlite.Open(s.Data, sqlite.Options{})
	}
	if open, ok := openers[strings.SplitN(s.DB, ":", 2)[0]]; ok {
		return open(s.DB)
	}
	return nil, errors.New("no store opens " + s.DB)
}

// openers open the stores that have a DSN, by its scheme.
var openers = map[string]func(dsn string) (core.Store, error){}

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

// open opens a site for placing without HTTP. Processes that share it differ in node.
func (s site) open(ctx context.Context, node uint8) (*desk, error) {
	store, err := openStore(ctx, s)
	if err != nil {
		return nil, err
	}
	d := &desk{store: store, core: newCore(store, time.Now, node), run: runName(node)}
	if err = store.Migrate(ctx); err == nil {
		d.world, err = readWorld(ctx, store, d.core)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return d, nil
}

// runName begins the keys of the requests of one opening.
func runName(node uint8) string {
	return strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.Itoa(int(node)) + "-"
}

func (d *desk) close() error { return d.store.Close() }

func newCore(store core.Store, now func() time.Time, node uint8) *core.Core {
	return core.New(store, now, id.NewSource(now, node, 0), seal.Key{}, slog.New(slog.NewTextHandler(io.Discard, nil)), core.Config{})
}

// place places one order, of anyone or of one customer alone.
func (d *desk) place(ctx context.Context, r *rand.Rand, hot bool) error {
	customer := busyCustomer
	if !hot {
		customer = d.world.anyone(r)
	}
	who, p := d.world.placement(r, customer, false, d.run+strconv.FormatInt(d.keys.Add(1), 36))
	_, err := d.core.PlaceOrder(ctx, who, p)
	return err
}
