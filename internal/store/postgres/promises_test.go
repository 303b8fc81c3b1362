package postgres

import (
	"context"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
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
