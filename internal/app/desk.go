package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/docket-desk/docket/internal/clock"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/sqlite"
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

// Metas are single values beside the books.
const (
	metaMaster = "master" // the fingerprint of the key that secrets are sealed under
	metaIDs    = "ids"    // no id below this may be drawn again
)

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
	if d.store, err = sqlite.Open(cfg.Data, sqlite.Options{Now: d.now}); err != nil {
		return nil, plain(err)
	}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(plain(err), d.store.Close())
	}
	return d, nil
}

// Look opens a desk for reading alone, beside one that may be running.
func Look(cfg Config) (*Desk, error) {
	d := &Desk{Config: cfg, log: cfg.logger()}
	if err := d.setClock(); err != nil {
		return nil, err
	}
	var err error
	if d.store, err = sqlite.Open(cfg.Data, sqlite.Options{ReadOnly: true, Now: d.now}); err != nil {
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
	floor, err := d.claim(ctx)
	if err != nil {
		return err
	}
	d.ids = id.NewSource(d.now, 0, floor)
	d.Core = core.New(d.store, d.now, d.ids, d.Master, d.log, core.Config{Clock: d.clock})
	return d.keepFloor(ctx)
}

// claim checks that the master key is the desk's, and says above which id to go on.
func (d *Desk) claim(ctx context.Context) (floor id.ID, err error) {
	mine := d.Master.Fingerprint()
	err = d.store.Update(ctx, core.Touch{}, func(tx core.Tx) error {
		theirs, err := tx.Meta(metaMaster)
		if err != nil {
			return err
		}
		if theirs != "" && theirs != mine {
			return &core.Error{Kind: core.Conflict, Op: "open", Msg: fmt.Sprintf(
				"The secrets of this desk are sealed under another master key than the one in %s: put the right one there, or name it with --master-key-file.", d.Config.MasterKey)}
		}
		kept, err := tx.Meta(metaIDs)
		if err != nil {
			return err
		}
		if kept != "" {
			if floor, err = id.ParseDecimal(kept); err != nil {
				return err
			}
		}
		// A desk that was killed kept no floor of its last moments, but its records tell.
		newest, err := tx.Newest()
		if err != nil {
			return err
		}
		floor = max(floor, newest)
		if theirs == "" {
			return tx.PutMeta(metaMaster, mine)
		}
		return nil
	})
	return floor, err
}

// keepFloor remembers up to where ids were drawn, so that they go on from there though
// the clock be set back.
func (d *Desk) keepFloor(ctx context.Context) error {
	at := d.ids.Next().Decimal()
	return d.store.Update(ctx, core.Touch{}, func(tx core.Tx) error { return tx.PutMeta(metaIDs, at) })
}

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
