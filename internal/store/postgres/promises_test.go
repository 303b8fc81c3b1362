package postgres

import (
	"context"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
	"github.com/docket-desk/docket/internal/store/record"
	"github.com/docket-desk/docket/internal/store/storetest"
)

// open opens and migrates a store over a new database.
func open(t *testing.T, opts Options) *Store {
	t.Helper()
	return openAt(t, pgtest.Database(t), opts)
}

func openAt(t *testing.T, dsn string, opts Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if !opts.ReadOnly {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestStore(t *testing.T) {
	for how, opts := range map[string]Options{"in batches": {}, "one by one": {plain: true}} {
		if opts.plain && !pgtest.Demanded() {
			continue // a minute that the inner loop is spared
		}
		t.Run(how, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) core.Store { return open(t, opts) })
		})
	}
}

func TestSeveralProcessesRememberNoListAsAnotherLeftIt(t *testing.T) {
	dsn := pgtest.Database(t)
	storetest.Lists(t, openAt(t, dsn, Options{}), openAt(t, dsn, Options{}), openAt(t, dsn, Options{}))
}

// Nothing else would tell that a process asks the database each time.
func TestWhatIsRememberedOfAListIsTold(t *testing.T) {
	s := open(t, Options{unattended: true})
	standing := func() (had string) {
		if err := s.View(t.Context(), func(r core.Reader) error {
			had = r.(*reader).Snapshot.Standing(record.AllTables)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return had
	}
	var first string
	until(t, "two views are told to be of the same rows", func() bool { // others use the server
		first = standing()
		return first != "" && standing() == first
	})
	update(t, s, core.Touch{}, func(tx core.Tx) error { return tx.PutMeta("a", "1") })
	if standing() == first {
		t.Error("rows that were changed are told to be the same")
	}
}
