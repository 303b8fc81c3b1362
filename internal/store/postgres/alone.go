package postgres

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/record"
)

// mostTries bounds how often an act runs again after a clash; others have gone on each
// time.
const mostTries = 12

// alone reads and writes statement by statement, in a transaction of its own under the
// locks that its act named. What is read by key is locked with it. Events wait until the
// end, for their position is the last thing that is locked.
type alone struct {
	record.Tx
	e      engine
	events []core.Event
}

var _ core.Tx = (*alone)(nil)

// runAlone runs fn until it is committed, refused or hopeless. It has had its turn: the
// end of ctx does not stop it.
func (s *Store) runAlone(ctx context.Context, on core.Touch, fn func(core.Tx) error) error {
	select {
	case s.turns <- struct{}{}:
	case <-s.closed:
		return s.open("update")
	case <-ctx.Done():
		return ended(ctx)
	}
	defer func() { <-s.turns }()
	if ctx.Err() != nil {
		return ended(ctx)
	}
	ctx = context.WithoutCancel(ctx)
	began := time.Now()
	for try := 1; ; try++ {
		err, rerun := s.tryAlone(ctx, on, fn)
		if !rerun || (try >= mostTries && time.Since(began) > s.opts.connect) {
			return err
		}
		if err := s.pause(try); err != nil {
			return err
		}
	}
}

// pause waits a moment before a clash is tried again: the longer, the oftener it came.
func (s *Store) pause(try int) error {
	most := time.Millisecond << min(try, 9)
	select {
	case <-time.After(time.Duration(rand.Int64N(int64(most)))):
		return nil
	case <-s.closed:
		return s.open("update")
	}
}

// tryAlone runs fn once. rerun says that what failed may not fail again.
func (s *Store) tryAlone(ctx context.Context, on core.Touch, fn func(core.Tx) error) (err error, rerun bool) {
	c, err := s.alones.Acquire(ctx)
	if err != nil {
		return s.cannot(ctx, "update", err), mayCome(err)
	}
	defer c.Release()
	defer s.leave(c.Conn()) // where it was not committed, fn's panic included
	name, within := aloneName, s.opts.within
	if on.Scan {
		name, within = scanName, scanBound
	}
	ctx, cancel := context.WithTimeout(ctx, within) // beyond it the backend is ended, which a lost connection does not tell
	defer cancel()
	if err := s.begin(ctx, c.Conn(), name, on); err != nil {
		return failure(ctx, "update", err), again(err) || fatal(err)
	}
	t := &alone{e: engine{conn: c.Conn(), ctx: ctx}}
	defer func() { t.e.conn = nil }() // fn may have kept tx
	t.Tx = record.Tx{Reader: record.Reader{Engine: &t.e, Now: s.opts.Now, Guard: " FOR UPDATE"}, Owners: &s.owners}
	err = fn(t)
	if err == nil {
		err = t.e.failed
	}
	if err == nil {
		err = t.finish()
	}
	if b := t.e.broken; b != nil && (again(b) || fatal(b)) {
		return failure(ctx, "update", b), true
	} else if spent(b) {
		_ = c.Conn().Close(ctx) // the next one may do better
	}
	if err != nil || !t.e.wrote {
		return err, false
	}
	return s.commit(ctx, c.Conn(), t)
}

// leave ends a transaction whatever state it is in. Where the connection is lost its
// backend may not know for seconds, with locks that the next try would wait for.
func (s *Store) leave(c *pgx.Conn) {
	rollback(c)
	if !c.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), cancelWithin)
	defer cancel()
	_, _ = s.keeper.Exec(ctx, endBackend, int32(c.PgConn().PID())) // else it is ended when its time is up
}

// begin begins a transaction and takes the locks.
func (s *Store) begin(ctx context.Context, c *pgx.Conn, name string, on core.Touch) error {
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	b.Queue("SELECT set_config('application_name', $1, true)", s.node.named(name))
	if on.Scan { // a world of thousands is thought about between two statements
		b.Queue("SELECT set_config('idle_in_transaction_session_timeout', '60000', true)")
	}
	locksOf(on).queue(b)
	b.Queue("SELECT holder FROM nodes WHERE number = $1", s.node.number).QueryRow(func(r pgx.Row) error {
		var holder string
		if err := r.Scan(&holder); err != nil {
			return err
		}
		return s.node.check(holder)
	})
	return c.SendBatch(ctx, b).Close()
}

// finish writes what waited for the end.
func (tx *alone) finish() error {
	if tx.e.shelf {
		if _, err := tx.Exec("write shelf", "UPDATE shelf SET rev = rev + 1 WHERE id = 1", func(record.Params) error { return nil }); err != nil {
			return err
		}
	}
	return tx.flushEvents()
}

// flushEvents gives the events their positions, after the last.
func (tx *alone) flushEvents() error {
	if len(tx.events) == 0 {
		return nil
	}
	if err := tx.Query("SELECT pg_advisory_xact_lock(?)", false, []record.Arg{record.Number(lockFeed)}, func(record.Row) {}); err != nil {
		return tx.Spoil(err)
	}
	var last int64
	if err := tx.Query("SELECT coalesce(max(pos), 0) FROM events", false, nil, func(row record.Row) { last = row.Int(0) }); err != nil {
		return tx.Spoil(err)
	}
	for _, e := range tx.events {
		last++
		e.Pos = last
		if err := tx.WriteEvent(e); err != nil {
			return err
		}
	}
	tx.events = nil
	return nil
}

// commit commits, and finds out whether it did where the answer was lost.
func (s *Store) commit(ctx context.Context, c *pgx.Conn, t *alone) (err error, rerun bool) {
	id, pid := s.node.batch(), c.PgConn().PID()
	if _, err := c.Exec(ctx, "INSERT INTO batches (id, done) VALUES ($1, 1)", id); err != nil {
		return failure(ctx, "commit", err), again(err) || fatal(err)
	}
	if err := fault.At(fault.CommitBefore); err != nil {
		return failure(ctx, "commit", err), false
	}
	tag, err := c.Exec(ctx, "COMMIT")
	switch {
	case err == nil && tag.String() == "COMMIT":
		_ = fault.At(fault.CommitAfter) // an error here would deny what is done
		s.owners.Keep(t.Added)
		return nil, false
	case err == nil: // something had failed that nobody heard of
		return failure(ctx, "commit", errRolledBack), false
	case !fatal(err):
		return failure(ctx, "commit", err), again(err)
	}
	done, lost := s.settle(id, pid)
	switch {
	case lost != nil:
		return lost, false
	case done:
		s.owners.Keep(t.Added)
		return nil, false
	}
	return failure(ctx, "commit", err), true
}

// InsertEvent keeps the event for the end.
func (tx *alone) InsertEvent(e core.Event) error {
	if err := tx.e.usable(); err != nil {
		return tx.Spoil(err)
	}
	tx.e.wrote = true
	tx.events = append(tx.events, e)
	return nil
}

// Events reads the feed, this transaction's own included.
func (tx *alone) Events(q core.EventQuery) ([]core.Event, error) {
	if err := tx.flushEvents(); err != nil {
		return nil, err
	}
	return tx.Tx.Events(q)
}

// Balance makes the row first where there is none, so that there is one to lock.
func (tx *alone) Balance(k limit.Key) (limit.Balance, error) {
	wrote := tx.e.wrote
	if err := tx.AddBalance(limit.Balance{Key: k}); err != nil {
		return limit.Balance{Key: k}, err
	}
	tx.e.wrote = wrote
	return tx.Tx.Balance(k)
}
