package postgres

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/record"
)

//go:embed migration/*.sql
var migrationFiles embed.FS

func migrations() ([]record.Migration, error) { return record.Migrations(migrationFiles) }

// version reads which version the database is at; one never migrated is at 0.
func version(ctx context.Context, c *pgx.Conn) (int64, error) {
	var there bool
	if err := c.QueryRow(ctx, "SELECT to_regclass('schema_version') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, err
	}
	var v int64
	err := c.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&v)
	return v, err
}

// tooNew refuses a database that a newer program wrote: this one would not keep what
// it does not know.
func (s *Store) tooNew(version, ours int64) error {
	if version <= ours {
		return nil
	}
	return unusable("open", fmt.Sprintf("The database %s is at version %d, and this program knows versions up to %d: run a newer docket.", s.name, version, ours), nil)
}

// Migrate brings the schema to this program's version, one transaction a migration.
// Where there is nothing to do it does nothing. Processes that start at once take turns.
func (s *Store) Migrate(ctx context.Context) error {
	if s.opts.ReadOnly {
		return unusable("migrate", "The database "+s.name+" was opened for reading only.", nil)
	}
	if err := s.open("migrate"); err != nil {
		return err
	}
	return s.migrate(ctx, false)
}

// migrate may mark what it makes as a store into which a desk is being loaded.
func (s *Store) migrate(ctx context.Context, marked bool) error {
	todo, err := migrations()
	if err != nil {
		return err
	}
	c, err := s.readers.Acquire(ctx)
	if err != nil {
		return s.cannot(ctx, "migrate", err)
	}
	defer c.Release()
	if marked {
		todo[0].SQL += record.Marking
	}
	for done := false; !done; {
		if done, err = s.migrateOne(ctx, c.Conn(), todo); err != nil {
			return failure(ctx, "migrate", err)
		}
	}
	return s.become(ctx, c.Conn())
}

func (s *Store) migrateOne(ctx context.Context, c *pgx.Conn, todo []record.Migration) (done bool, err error) {
	err = pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('application_name', $1, true), pg_advisory_xact_lock($2)", scanName, lockMigrate); err != nil {
			return err
		}
		at, err := version(ctx, c)
		if err != nil {
			return err
		}
		if err := s.tooNew(at, int64(len(todo))); err != nil {
			return err
		}
		if at == int64(len(todo)) {
			done = true
			return nil
		}
		m := todo[at]
		_, err = tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY);\n"+m.SQL+fmt.Sprintf("\nINSERT INTO schema_version (version) VALUES (%d);", m.Version))
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		return nil
	})
	return done, err
}
