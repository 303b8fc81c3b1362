package postgres

import (
	"context"
	"errors"
	"time"
)

var errRolledBack = errors.New("the transaction was rolled back")

// settleWithin is how long an act whose outcome is unknown waits for the database to come
// back. Beyond it the caller is told that nobody knows.
const settleWithin = 30 * time.Second

// unknown is what is said then.
const unknown = "The connection to the database was lost while this was committed: it may have been done or not. Look before you ask again, or ask again with the same key."

// endBackend ends one of ours by its process id, which the system may have given away.
const endBackend = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND pid <> pg_backend_pid() AND application_name LIKE 'docket %' AND datname = current_database()"

// settle finds out whether a transaction was committed whose answer was lost: the
// connection broke, or the server ended it. Nothing that is not there proves anything, for
// the old backend works on through what it has received; so it is ended, and then the
// batch's row decides. Whoever inserts it first has it: the backend with done = 1, or this
// one with 0, which waits for the other to end and keeps it from ever committing.
func (s *Store) settle(batch int64, pid uint32) (done bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), settleWithin)
	defer cancel()
	s.lost.all.Add(1)
	if leftOut.batchRows {
		return false, nil
	}
	for try := 1; ; try++ {
		if done, err = s.trySettle(ctx, batch, pid); err == nil {
			if done {
				s.lost.stood.Add(1)
			}
			return done, nil
		}
		if ctx.Err() != nil || s.pause(min(try, 8)) != nil {
			return false, unusable("commit", unknown, err)
		}
	}
}

func (s *Store) trySettle(ctx context.Context, batch int64, pid uint32) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	c, err := s.keeper.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			_ = c.Conn().Close(ctx) // the next one may do better
		}
		c.Release()
	}()
	if _, err := c.Exec(ctx, endBackend, int32(pid)); err != nil {
		return false, err
	}
	if _, err := c.Exec(ctx, "INSERT INTO batches (id, done) VALUES ($1, 0) ON CONFLICT DO NOTHING", batch); err != nil {
		return false, err
	}
	var n int16
	err = c.QueryRow(ctx, "SELECT done FROM batches WHERE id = $1", batch).Scan(&n)
	return n == 1, err
}
