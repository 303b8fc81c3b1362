package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/line"
)

const (
	// mostTogether bounds a batch: what others wait for its locks.
	mostTogether = 64
	// mostRounds is how often an act may name more and come again before it runs alone.
	mostRounds = 6
	// roundWithin bounds a round trip; beyond it the connection counts as lost. It is longer
	// than any wait for a lock.
	roundWithin = 20 * time.Second
	// connectWithin is how long acts wait for a database that does not answer.
	connectWithin = 6 * time.Second
)

// writer is the one goroutine of a process that writes in batches, with its connection.
type writer struct {
	s     *Store
	line  *line.Line
	conn  *pgx.Conn // nil: to be made
	pid   uint32    // of the last connection's backend
	oids  map[string][]uint32
	sheet map[string]*columns // rows to be written, by statement
	shelf shelf
	later []*waiter // acts that come again with more names
}

// waiter is an act that waits for its batch, with what it named and what it found out that
// it needs.
type waiter struct {
	*line.Call
	on     core.Touch
	keys   []limit.Key
	rounds int
}

// write takes who waits, never waiting for more, until the store closes.
func (w *writer) write() {
	defer w.line.Gone()
	defer w.drop()
	var calls []*line.Call
	for {
		batch := w.later
		w.later = nil
		if len(batch) == 0 {
			if calls, _ = w.line.Batch(calls, nil, mostTogether); calls == nil {
				return
			}
		} else {
			calls = calls[:0]
			for len(batch)+len(calls) < mostTogether {
				c := w.line.More()
				if c == nil {
					break
				}
				calls = append(calls, c)
			}
		}
		for _, c := range calls {
			if c.Take() {
				batch = append(batch, &waiter{Call: c, on: c.On})
			}
		}
		if len(batch) > 0 {
			w.run(batch)
		}
	}
}

// run runs a batch until all of it is answered, put off, or sent to run alone.
func (w *writer) run(calls []*waiter) {
	for try := 1; ; try++ {
		if err := w.connect(); err != nil {
			for _, c := range calls {
				c.Answer(line.Outcome{Err: err})
			}
			w.turnAway(err)
			return
		}
		b := &batch{w: w, calls: calls, keep: newKeep()}
		err := b.attempt()
		if err == nil {
			return
		}
		if spent(err) {
			w.drop()
		} else {
			w.rollback()
		}
		var unknown *lostError
		if errors.As(err, &unknown) {
			done, lost := w.s.settle(unknown.batch, unknown.pid)
			if done {
				b.stands()
				return
			}
			if lost != nil {
				for _, c := range b.calls {
					c.Answer(line.Outcome{Err: lost})
				}
				return
			}
			// It never will be: it is as if it had not been tried.
		}
		switch {
		case fatal(err) && try < mostTries:
			calls = b.calls
		case codeOf(err) == codeLockTimeout && try < mostTries: // whoever has the lock is none of these
			calls = b.calls
		case again(err) && try == 1:
			calls = b.calls
		default: // an act among them is at fault, or they clash: each by itself
			for _, c := range b.calls {
				c.Answer(line.Outcome{Alone: true})
			}
			return
		}
		if w.s.pause(min(try, 6)) != nil {
			for _, c := range calls {
				c.Answer(line.Outcome{Err: line.Closing()})
			}
			return
		}
	}
}

// turnAway tells who is in the line what those before them were told: each batch would wait
// as long for the database, one after the other.
func (w *writer) turnAway(err error) {
	for range w.line.Waiting() {
		if c := w.line.More(); c != nil && c.Take() {
			c.Answer(line.Outcome{Err: err})
		}
	}
}

// connect makes the connection where there is none, once the last one's backend is ended:
// it may sit on its locks in the middle of a pipeline.
func (w *writer) connect() error {
	if err := w.s.node.usable(); err != nil {
		return err
	}
	if w.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.s.opts.connect)
	defer cancel()
	for try := 1; ; try++ {
		err := w.tryConnect(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !mayCome(err) || w.s.pause(min(try, 9)) != nil {
			return w.s.cannot(context.Background(), "update", err)
		}
	}
}

func (w *writer) tryConnect(ctx context.Context) error {
	cfg, err := pgx.ParseConfig(w.s.dsn)
	if err != nil {
		return err
	}
	settings(&cfg.Config, w.s.node.named(writerName), writing())
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	if err := w.prepare(ctx, c); err != nil {
		c.Close(ctx)
		return err
	}
	if w.pid != 0 {
		// Another server may have taken over without the last commits of the one before, and
		// come to the same revision another way.
		w.shelf = shelf{}
		w.s.shared.Reset()
		w.s.lists.Reset()
		w.s.owners.Forget()
	}
	w.conn, w.pid = c, c.PgConn().PID()
	return nil
}

func (w *writer) prepare(ctx context.Context, c *pgx.Conn) error {
	if w.pid != 0 {
		if _, err := c.Exec(ctx, endBackend, int32(w.pid)); err != nil {
			return err
		}
	}
	types, err := typesOf(ctx, c)
	if err != nil {
		return err
	}
	w.oids, w.sheet = map[string][]uint32{}, map[string]*columns{}
	for _, t := range written {
		for _, column := range t.Columns {
			w.oids[t.Name] = append(w.oids[t.Name], types[t.Name][column])
		}
	}
	p := c.PgConn().StartPipeline(ctx)
	for name, text := range texts(w.oids) {
		p.SendPrepare(name, text, nil)
	}
	if err := p.Sync(); err != nil {
		return err
	}
	for {
		got, err := p.GetResults()
		if err != nil {
			return errors.Join(err, p.Close())
		}
		if _, ok := got.(*pgconn.PipelineSync); ok || got == nil {
			return p.Close()
		}
	}
}

func (w *writer) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelWithin)
	defer cancel()
	if _, err := w.conn.Exec(ctx, "ROLLBACK"); err != nil {
		w.drop()
	}
}

func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), cancelWithin)
	defer cancel()
	_ = w.conn.Close(ctx)
	w.conn = nil
}
