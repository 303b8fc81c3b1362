package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/docket-desk/docket/internal/clock"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store"
	"github.com/docket-desk/docket/internal/tenant"
)

// Desk is an open desk: its books and what may be done with them, without any port.
type Desk struct {
	*core.Core
	Config Config
	Master seal.Key

	store core.Store
	clock *clock.Clock     // nil: true time
	now   func() time.Time // the desk's clock; true time is time.Now
	ids   *id.Source
	log   *slog.Logger
}

// Open opens the desk in a data directory, makes it where there is none, and brings its
// database to this program's version. It refuses a master key other than the one that
// the desk's secrets are sealed under.
func Open(ctx context.Context, cfg Config) (*Desk, error) {
	log := cfg.logger()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	d := &Desk{Config: cfg, log: log}
	if err := d.setClock(); err != nil {
		return nil, err
	}
	var err error
	if d.store, err = store.Open(ctx, cfg.Data, cfg.DB, store.Options{Now: d.now}); err != nil {
		return nil, plain(err)
	}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(plain(err), d.store.Close())
	}
	return d, nil
}

// Names of files in the data directory.
const (
	databaseName = "docket.db"
	masterName   = "master.key"
)

// There reports whether there is a desk: another database than the data directory's tells
// by itself, once it is opened.
func (c Config) There() bool {
	_, err := os.Stat(filepath.Join(c.Data, databaseName))
	return err == nil || c.DB != ""
}

// Look opens a desk for reading alone, beside one that may be running.
func Look(cfg Config) (*Desk, error) {
	d := &Desk{Config: cfg, log: cfg.logger()}
	if err := d.setClock(); err != nil {
		return nil, err
	}
	var err error
	if d.store, err = store.Open(context.Background(), cfg.Data, cfg.DB, store.Options{ReadOnly: true, Now: d.now}); err != nil {
		return nil, plain(err)
	}
	d.Core = core.New(d.store, d.now, id.NewSource(d.now, 0, 0), seal.Key{}, d.log, core.Config{})
	return d, nil
}

// setClock gives the desk its clock: true time, unless the configuration says otherwise.
func (d *Desk) setClock() error {
	c, err := d.Config.clock()
	if err != nil {
		return err
	}
	d.clock, d.now = c, time.Now
	if c != nil {
		d.now = c.Now
		d.log.Warn("this desk's clock is not the true one, and staff may turn it", "shows", c.Now().UTC())
	}
	return nil
}

func (d *Desk) start(ctx context.Context) error {
	if err := d.store.Migrate(ctx); err != nil {
		return err
	}
	var err error
	if d.Master, err = seal.LoadOrMake(d.Config.MasterKey); err != nil {
		return err
	}
	if err := d.claim(ctx); err != nil {
		return err
	}
	node, err := d.store.Node(ctx)
	if err != nil {
		return err
	}
	d.ids = id.NewSource(d.now, uint8(node.Number), node.Floor)
	policy, err := d.Config.policy()
	if err != nil {
		return err
	}
	d.Core = core.New(d.store, d.now, d.ids, d.Master, d.log, core.Config{Clock: d.clock, Policy: policy})
	return d.keepFloor(ctx)
}

// claim checks that the master key is the desk's; the first to open a desk says which.
func (d *Desk) claim(ctx context.Context) error {
	mine := d.Master.Fingerprint()
	return d.store.Update(ctx, core.Touch{Scan: true, Exclusive: true}, func(tx core.Tx) error {
		theirs, err := tx.Meta(core.MetaMaster)
		if err != nil {
			return err
		}
		if theirs != "" && theirs != mine {
			return &core.Error{Kind: core.Conflict, Op: "open", Msg: fmt.Sprintf(
				"The secrets of this desk are sealed under another master key than the one in %s: put the right one there, or name it with --master-key-file.", d.Config.MasterKey)}
		}
		if theirs == "" {
			return tx.PutMeta(core.MetaMaster, mine)
		}
		return nil
	})
}

// keepFloor remembers up to where ids were drawn, so that they go on from there though
// the clock be set back.
func (d *Desk) keepFloor(ctx context.Context) error { return d.store.KeepFloor(ctx, d.ids.Next()) }

// Close closes the books. Nothing may be using the desk any more.
func (d *Desk) Close() error {
	var err error
	if d.ids != nil {
		err = d.keepFloor(context.Background())
	}
	return errors.Join(err, d.store.Close())
}

// Operator acts for whoever has the data directory in their hands: staff.
func Operator() core.Actor {
	return core.Actor{User: tenant.User{Login: "operator", FullName: "The operator, at the desk", Active: true, Staff: true}}
}

func (c Config) logger() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Load has checked it; what is none counts as info
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// plain gives people the sentence that the core has for them.
func plain(err error) error {
	var e *core.Error
	if errors.As(err, &e) && e.Msg != "" {
		if e.Err != nil {
			return fmt.Errorf("%s (%w)", e.Msg, e.Err)
		}
		return errors.New(e.Msg)
	}
	return err
}
