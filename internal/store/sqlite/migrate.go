package sqlite

import (
	"context"
	"embed"
	"fmt"

	"github.com/docket-desk/docket/internal/store/record"
)

//go:embed migration/*.sql
var migrationFiles embed.FS

func migrations() ([]record.Migration, error) { return record.Migrations(migrationFiles) }

// version reads which version the database is at; one never migrated is at 0.
func (c *conn) version() (int64, error) {
	there, err := c.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'")
	if err != nil || there == 0 {
		return 0, err
	}
	return c.number("SELECT max(version) FROM schema_version")
}

// tooNew refuses a database that a newer program wrote: this one would not keep what
// it does not know.
func (s *Store) tooNew(version, ours int64) error {
	if version <= ours {
		return nil
	}
	return unusable("open", fmt.Sprintf("The database in %s is at version %d, and this program knows versions up to %d: run a newer docket.", s.dir, version, ours), nil)
}

// Migrate brings the schema to this program's version, one transaction a migration.
// Where there is nothing to do it does nothing.
func (s *Store) Migrate(ctx context.Context) error {
	if s.opts.ReadOnly {
		return unusable("migrate", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	select {
	case <-s.closed:
		return unusable("migrate", "The desk is closing.", nil)
	default:
	}
	return s.line.Between(ctx, func() error { return s.migrate(context.WithoutCancel(ctx), false) })
}

// migrate may mark what it makes as a store into which a desk is being loaded.
func (s *Store) migrate(ctx context.Context, marked bool) error {
	todo, err := migrations()
	if err != nil {
		return err
	}
	at, err := s.writer.version()
	if err != nil {
		return failure(ctx, "migrate", err)
	}
	if err := s.tooNew(at, int64(len(todo))); err != nil {
		return err
	}
	if at > 0 {
		if err := s.whole(s.writer); err != nil {
			return failure(ctx, "migrate", err)
		}
	}
	if marked {
		todo[0].SQL += record.Marking
	}
	for _, m := range todo[at:] {
		if err := s.apply(m); err != nil {
			return failure(ctx, "migrate: "+m.Name, err)
		}
	}
	if err := s.load(s.writer); err != nil {
		return failure(ctx, "migrate", err)
	}
	s.ready.Store(true)
	return nil
}

func (s *Store) apply(m record.Migration) error {
	if err := s.writer.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer s.writer.endTx() // does nothing once committed
	for _, sql := range []string{
		"CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT",
		m.SQL,
		fmt.Sprintf("INSERT INTO schema_version (version) VALUES (%d)", m.Version),
	} {
		if err := s.writer.script(sql); err != nil {
			return err
		}
	}
	return s.commit()
}
