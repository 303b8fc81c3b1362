package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
	"github.com/docket-desk/docket/internal/store/record"
	"github.com/docket-desk/docket/internal/store/sqlite"
	"github.com/docket-desk/docket/internal/store/storetest"
)

func database(t *testing.T) storetest.Site {
	dsn := pgtest.Database(t)
	return func(unfinished bool) (core.Store, error) {
		s, err := Open(t.Context(), dsn, Options{Unfinished: unfinished})
		if err != nil {
			return nil, err
		}
		return s, s.Migrate(t.Context())
	}
}

func folder(t *testing.T) storetest.Site {
	dir := t.TempDir()
	return func(unfinished bool) (core.Store, error) {
		s, err := sqlite.Open(dir, sqlite.Options{Unfinished: unfinished})
		if err != nil {
			return nil, err
		}
		return s, s.Migrate(t.Context())
	}
}

func TestADeskIsCarriedFromStoreToStore(t *testing.T) {
	pgtest.Long(t)
	for name, way := range map[string][2]storetest.Sites{"from file to database": {folder, database}, "from database to file": {database, folder}} {
		t.Run(name, func(t *testing.T) { storetest.Carry(t, folder, way[0], way[1]) })
	}
}

func TestEveryTableGoesWithItsDesk(t *testing.T) {
	s := open(t, Options{})
	c, err := s.readers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	types, err := typesOf(t.Context(), c.Conn())
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"schema_version", "batches", "nodes", "shelf"} { // of this store alone
		if types[own] == nil {
			t.Errorf("there is no %s", own)
		}
		delete(types, own)
	}
	for _, l := range record.Carried() {
		for _, column := range l.Columns {
			if kindOf[types[l.Name][column]] == core.Null {
				t.Errorf("%s.%s has the type %d, which is not carried", l.Name, column, types[l.Name][column])
			}
		}
		if len(types[l.Name]) != len(l.Columns) {
			t.Errorf("%s has %d columns, and %d go along", l.Name, len(types[l.Name]), len(l.Columns))
		}
		delete(types, l.Name)
	}
	if len(types) > 0 {
		t.Errorf("these do not go along: %v", types)
	}
}

func TestRowsAreHandedOverAsTheyAreRead(t *testing.T) {
	s := open(t, Options{})
	c, err := s.carrier(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, l := range record.Carried() {
		rows, err := c.Query(t.Context(), "EXPLAIN "+l.Handing())
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Sort") {
			t.Errorf("%s: %s", l.Name, text)
		}
	}
}

func TestADatabaseThatOthersHaveOpenIsNeitherLoadedNorStilled(t *testing.T) {
	dsn := pgtest.Database(t)
	s, other := openAt(t, dsn, Options{}), openAt(t, dsn, Options{})
	err := s.Load(t.Context(), (&given{}).from(t, s))
	if core.KindOf(err) != core.Conflict || !strings.Contains(core.AsError(err).Msg, "1 other processes have the database") {
		t.Errorf("loaded it says %v", err)
	}
	if _, err := s.Still(t.Context()); core.KindOf(err) != core.Conflict || !strings.Contains(core.AsError(err).Msg, "stop them first") {
		t.Errorf("stilled it says %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	release, err := s.Still(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	late := openAt(t, dsn, Options{plain: true, within: time.Second})
	ended := make(chan error, 1)
	go func() {
		ended <- late.Update(t.Context(), core.Touch{}, func(tx core.Tx) error { return tx.PutMeta("a", "b") })
	}()
	waitsForDesk(t, s)
	release()
	if err := <-ended; err != nil {
		t.Errorf("released, who waited is told %v", err)
	}
}

// waitsForDesk waits until somebody waits for the desk.
func waitsForDesk(t *testing.T, s *Store) {
	t.Helper()
	for n := 0; n == 0; {
		if err := s.readers.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

// given is an empty desk.
type given struct{ shot core.Snapshot }

func (g *given) from(t *testing.T, s *Store) *given {
	t.Helper()
	c, err := s.readers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if g.shot, err = snapshotOf(t.Context(), c.Conn()); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *given) Snapshot() core.Snapshot    { return g.shot }
func (g *given) Table() (core.Table, error) { return core.Table{}, io.EOF }
func (g *given) Row() ([]core.Value, error) { return nil, io.EOF }

func TestADeskIsHandedOverByAStandby(t *testing.T) {
	primary, err := pgtest.Start("wal_level=replica", "max_wal_senders=4", "fsync=off")
	if errors.Is(err, pgtest.ErrNone) && !pgtest.Demanded() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(primary.Stop)
	dsn := primary.Database(t)
	s := openAt(t, dsn, Options{})
	if err := s.Update(t.Context(), core.Touch{}, func(tx core.Tx) error { return tx.PutMeta("a", "b") }); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Stop)
	reading, err := Open(t.Context(), strings.Replace(dsn, fmt.Sprint(primary.Port), fmt.Sprint(standby.Port), 1), Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reading.Close() })
	c := &counted{}
	if err := reading.Dump(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if c.rows != 1 {
		t.Errorf("%d rows came, and one is there", c.rows)
	}
}

type counted struct{ rows int }

func (c *counted) Begin(core.Snapshot) error { return nil }
func (c *counted) Table(core.Table) error    { return nil }
func (c *counted) Row([]core.Value) error    { c.rows++; return nil }
func (c *counted) End() error                { return nil }
