// Package fresh gives tests of what stands above the stores one of them, empty: SQLite,
// or PostgreSQL where the environment says DOCKET_TEST_STORE=postgres.
package fresh

import (
	"os"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// Store opens and migrates one; the test's end closes it. now tells which grants have
// expired; nil: time.Now.
func Store(t testing.TB, now func() time.Time) core.Store {
	t.Helper()
	s := open(t, t.TempDir(), Address(t), now)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Pair is Store as two processes have it: each its own connections to one database; the
// same store twice where only one process may open it.
func Pair(t testing.TB, now func() time.Time) (core.Store, core.Store) {
	t.Helper()
	address := Address(t)
	first := open(t, t.TempDir(), address, now)
	if err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if address == "" {
		return first, first
	}
	return first, open(t, t.TempDir(), address, now)
}

func open(t testing.TB, dir, address string, now func() time.Time) core.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir, address, store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Address is that of a new database, or empty where a data directory serves.
func Address(t testing.TB) string {
	t.Helper()
	if os.Getenv("DOCKET_TEST_STORE") != "postgres" {
		return ""
	}
	return pgtest.Database(t)
}
