package postgres

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
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
	for name, way := range map[string][2]storetest.Sites{"from database to database": {database, database}, "from file to database": {folder, database}, "from database to file": {database, folder}} {
		t.Run(name, func(t *testing.T) { storetest.Carry(t, folder, way[0], way[1]) })
	}
}
