package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/backup"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fulfil"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store"
)

// BackupPlace opens where a backup is to go: a file by its path, or a folder of a bucket by
// its URL. It refuses to write over anything.
func BackupPlace(ctx context.Context, to string) (backup.Place, error) {
	if !strings.Contains(to, "://") {
		if s, err := os.Stat(to); err == nil && s.IsDir() {
			return nil, fmt.Errorf("%s is a folder: name a file in it, such as %s, or write file://%s to have the pieces in it as files of their own", to, filepath.Join(to, "desk.tar"), absolute(to))
		}
		return backup.NewFile(to)
	}
	b, err := fulfil.OpenFolder(ctx, to, true)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %w", to, err)
	}
	p, err := backup.NewBucket(ctx, b, to)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return p, nil
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return filepath.ToSlash(a)
	}
	return path
}

// BackupSource opens a backup where BackupPlace put it.
func BackupSource(ctx context.Context, from string) (*backup.Source, error) {
	if !strings.Contains(from, "://") {
		s, err := os.Stat(from)
		if err != nil || !s.IsDir() {
			return backup.OpenFile(from)
		}
		from = "file://" + absolute(from)
	}
	b, err := fulfil.OpenFolder(ctx, from, false)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %w", from, err)
	}
	s, err := backup.OpenBucket(ctx, b, from)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return s, nil
}

// Backup writes a desk that was opened for reading to a place. It may be running elsewhere.
func (d *Desk) Backup(ctx context.Context, to backup.Place, within time.Duration, tell backup.Tell) (backup.Manifest, error) {
	m, err := backup.Write(ctx, backup.Request{Place: to, Docket: Version(), Tell: tell,
		Read: func(ctx context.Context, t core.Taker) error { return core.DumpWithin(ctx, d.store, within, t) }})
	return m, plain(err)
}

// Carrying is what is asked of a restore or a move.
type Carrying struct {
	Anyway bool // keep a desk whose books disagree as they did where it came from
	Tell   backup.Tell
}

// Carried is what became of it.
type Carried struct {
	Rows     int64
	Took     time.Duration
	Verified core.Verification
	Source   string // kind of store
	Master   string // fingerprint of the master key that the desk's secrets need; "" where none was claimed
}

// ErrDisagrees says that a desk was taken in as it was, and that its books disagree.
var ErrDisagrees = errors.New("the desk is there exactly as it was taken, and its books disagree")

// Restore takes a backup in where nothing is. The backup is read to its end before anything
// is touched.
func Restore(ctx context.Context, cfg Config, src *backup.Source, how Carrying) (Carried, error) {
	m := src.Manifest
	out := Carried{Rows: m.Rows, Source: m.Source, Master: m.MasterKey}
	if err := vacant(cfg.Data, cfg.DB); err != nil {
		return out, err
	}
	if err := opens(cfg.MasterKey, m.MasterKey); err != nil {
		return out, err
	}
	if err := backup.Check(ctx, src, how.Tell); err != nil {
		return out, err
	}
	began := time.Now()
	err := settleIn(ctx, cfg.Data, cfg.DB, how, &out, func(s core.Store) ([]backup.Table, error) {
		r, err := backup.NewReader(ctx, src, "restore", how.Tell)
		if err != nil {
			return nil, err
		}
		return m.Tables, s.Load(ctx, r)
	})
	out.Took = time.Since(began)
	return out, plain(err)
}

// Move takes a whole desk from one store into another: each the address of a database
// (postgres://…) or a data directory. Nobody may have either open; the one that it comes
// from is left as it is.
func Move(ctx context.Context, from, to string, how Carrying) (Carried, error) {
	var out Carried
	fromData, fromDB := parted(from)
	toData, toDB := parted(to)
	if !(Config{Data: fromData, DB: fromDB}).There() {
		return out, fmt.Errorf("there is no desk in %s", Named(from))
	}
	if err := vacant(toData, toDB); err != nil {
		return out, err
	}
	src, err := store.Open(ctx, fromData, fromDB, store.Options{})
	if err != nil {
		return out, plain(err)
	}
	began := time.Now()
	err = moved(ctx, src, toData, toDB, how, &out)
	out.Took = time.Since(began)
	return out, errors.Join(plain(err), src.Close())
}

func moved(ctx context.Context, src core.Store, data, db string, how Carrying, out *Carried) error {
	release, err := src.Still(ctx)
	if err != nil {
		return err
	}
	defer release()
	read := src.Dump
	return settleIn(ctx, data, db, how, out, func(s core.Store) ([]backup.Table, error) {
		d, err := backup.Through(ctx, how.Tell, read, func(ctx context.Context, g core.Giver) error {
			shot := g.Snapshot()
			out.Rows, out.Source, out.Master = shot.Rows(), shot.Source, shot.Master
			if data != "" {
				if err := opens(filepath.Join(data, masterName), shot.Master); err != nil {
					return err
				}
			}
			return s.Load(ctx, g)
		})
		if err != nil {
			return nil, err
		}
		return d.Tables(), nil
	})
}

// Named is a desk's place as people may see it: an address without its password.
func Named(at string) string {
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		return u.Redacted()
	}
	return at
}

// parted tells a data directory from the address of a database.
func parted(at string) (data, db string) {
	if strings.Contains(at, "://") {
		return "", at
	}
	return at, ""
}

// vacant refuses a data directory in which there is a database. Another database says for
// itself what is in it.
func vacant(data, db string) error {
	if db != "" {
		return store.CheckAddress(db)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		name := filepath.Join(data, databaseName+end)
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is a desk in %s already: nothing is ever written over one; choose another folder, or take %s away", data, name)
		}
	}
	return nil
}

// opens refuses a master key other than the one that a desk's secrets are sealed under. That
// there is none yet is no reason not to begin.
func opens(file, fingerprint string) error {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || fingerprint == "" {
		return nil
	}
	k, err := seal.LoadOrMake(file)
	if err != nil {
		return err
	}
	if k.Fingerprint() != fingerprint {
		return fmt.Errorf("the secrets of this desk are sealed under another master key than the one in %s: put the right one there first", file)
	}
	return nil
}

// settleIn has a store loaded, compares what is in it with what was to come, verifies the
// books, and only then makes it one that can be opened.
func settleIn(ctx context.Context, data, db string, how Carrying, out *Carried, load func(core.Store) ([]backup.Table, error)) error {
	s, err := store.Open(ctx, data, db, store.Options{})
	if err != nil {
		return err
	}
	tables, err := load(s)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if s, err = store.Open(ctx, data, db, store.Options{Unfinished: true}); err != nil {
		return err
	}
	return errors.Join(prove(ctx, s, tables, how, out), s.Close())
}

func prove(ctx context.Context, s core.Store, tables []backup.Table, how Carrying, out *Carried) error {
	d, err := backup.Read(ctx, "compare", how.Tell, s.Dump)
	if err != nil {
		return err
	}
	if err := backup.Same(tables, d); err != nil {
		return fmt.Errorf("what was loaded is not what came: %w", err)
	}
	quiet := Config{LogLevel: "error"}
	c := core.New(s, time.Now, id.NewSource(time.Now, 0, 0), seal.Key{}, quiet.logger(), core.Config{})
	out.Verified, err = c.Verify(ctx, Operator(), func(v core.Verification) {
		if how.Tell != nil {
			how.Tell(backup.Progress{Doing: "verify " + v.Doing, Rows: v.Rows, Took: v.Took})
		}
	})
	if err != nil {
		return err
	}
	if len(out.Verified.Disagrees) > 0 && !how.Anyway {
		return ErrDisagrees
	}
	return s.Loaded(ctx)
}
