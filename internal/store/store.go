// Package store opens the store that a deployment names.
package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres"
	"github.com/docket-desk/docket/internal/store/sqlite"
)

// Options are what may be chosen. The zero value serves.
type Options struct {
	ReadOnly   bool             // Update is refused
	Unfinished bool             // one into which a desk is being loaded, too
	Now        func() time.Time // tells which grants have expired; nil: time.Now
}

// Open opens the database at an address (postgres://…) or, where there is none, the one in
// a data directory.
func Open(ctx context.Context, data, address string, opts Options) (core.Store, error) {
	if address != "" {
		return opened(postgres.Open(ctx, address, postgres.Options{ReadOnly: opts.ReadOnly, Unfinished: opts.Unfinished, Now: opts.Now}))
	}
	return opened(sqlite.Open(data, sqlite.Options{ReadOnly: opts.ReadOnly, Unfinished: opts.Unfinished, Now: opts.Now}))
}

// opened keeps a store that is none from being one.
func opened[S core.Store](s S, err error) (core.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// CheckAddress refuses an address that Open could do nothing with.
func CheckAddress(address string) error {
	if address == "" || strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return nil
	}
	return fmt.Errorf("%q is no database that this docket can open: write postgres://user:password@host:5432/name, or leave it out for SQLite in the data directory", address)
}
