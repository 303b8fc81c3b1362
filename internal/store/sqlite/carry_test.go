package sqlite_test

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/sqlite"
	"github.com/docket-desk/docket/internal/store/storetest"
)

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

func TestADeskIsCarriedFromFileToFile(t *testing.T) { storetest.Carry(t, folder, folder, folder) }
