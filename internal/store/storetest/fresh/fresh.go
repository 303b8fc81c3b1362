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
	s, err := store.Open(t.Context(), t.TempDir(), Address(t), store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
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
