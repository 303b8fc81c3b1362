package sqlite

import (
	"context"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/line"
	"github.com/docket-desk/docket/internal/store/record"
)

// mostTogether bounds how many acts share a commit: what one that fails after a write
// makes the others do again.
const mostTogether = 256

// Update runs fn on the writing goroutine, in one transaction with whoever waits there
// too, and returns once that is synced. fn sees what those before it in the transaction
// wrote; one that returns an error before it writes anything leaves the others alone. One
// that fails after a write, or panics, undoes the transaction: each of them runs again,
// by itself, and it alone gets its error. Once its turn has come the outcome stands,
// whether or not ctx ends.
func (s *Store) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	if s.opts.ReadOnly {
		return unusable("update", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	if err := s.usable("update"); err != nil {
		return err
	}
	return s.line.Wait(ctx, on, fn).Err
}

// write is the writing goroutine: it takes who waits, never waiting for more.
func (s *Store) write() {
	defer s.line.Gone()
	var b batch
	var next *line.Call
	for {
		if b.calls, next = s.line.Batch(b.calls, next, mostTogether); b.calls == nil {
			return
		}
		s.together(&b)
	}
}

// batch are the acts of one transaction and what it changes of the writer's memory.
type batch struct {
	store    *Store
	calls    []*line.Call
	outcomes []line.Outcome
	pos      int64 // of the last event
	idem     idemChanges
	added    record.Added
	moved    map[limit.Key]limit.Balance // as they are to be, not written yet
	small    bool                        // a small table was written: the shelf is of no use
	written  written
}

// together runs the acts of a batch in one transaction and answers them once it is
// synced.
func (s *Store) together(b *batch) {
	turn := b.calls[:0]
	for _, c := range b.calls {
		if c.Take() {
			turn = append(turn, c)
		}
	}
	b.calls = turn
	if len(b.calls) == 1 && b.calls[0].Between != nil {
		c := b.calls[0]
		all := written{tables: record.AllTables, unknown: record.AllTables}
		s.marks.begin(all.tables)
		o := line.Protect(c.Between)
		s.marks.end(&all)
		c.Answer(o)
		return
	}
	if !s.attempt(b) {
		for _, c := range b.calls {
			one := batch{calls: []*line.Call{c}}
			s.attempt(&one)
			c.Answer(one.outcomes[0])
		}
		return
	}
	for i, c := range b.calls {
		c.Answer(b.outcomes[i])
	}
}

// attempt runs a batch and commits it. It reports false where an act among several spoilt
// it: then nothing is kept and nothing answered.
func (s *Store) attempt(b *batch) bool {
	*b = batch{store: s, calls: b.calls, outcomes: b.outcomes[:0], pos: s.pos, moved: map[limit.Key]limit.Balance{}}
	if err := s.writer.run("BEGIN IMMEDIATE"); err != nil {
		b.all(failure(context.Background(), "update", err))
		return true
	}
	defer func() {
		s.writer.endTx() // where it was not committed: nothing is kept
		if b.small {
			s.shelf.Clear()
		}
	}()
	wrote := false
	for _, c := range b.calls {
		o, touched := b.run(c)
		b.outcomes = append(b.outcomes, o)
		if touched && (o.Err != nil || o.Panicked != nil) {
			return len(b.calls) == 1
		}
		wrote = wrote || touched
	}
	if !wrote {
		return true
	}
	if b.small {
		s.gen.Add(1)
		defer s.gen.Add(1)
	}
	err := b.writeBalances()
	if err == nil {
		s.marks.begin(b.written.tables)
		err = s.commit()
		s.marks.end(&b.written)
	}
	if err != nil {
		b.all(failure(context.Background(), "commit", err))
		return true
	}
	s.commits.Add(1)
	s.pos = b.pos
	s.idem.keep(b.idem)
	s.owners.Keep(b.added)
	s.balances.keep(b.moved)
	if s.log.waiting() >= longLog {
		select {
		case s.long <- struct{}{}:
		default:
		}
	}
	return true
}

// commit keeps what was written, between the two points at which the crash harness may
// break the program: before, nothing was kept; after, all was and nobody was told.
func (s *Store) commit() error {
	if err := fault.At(fault.CommitBefore); err != nil {
		return err
	}
	if err := s.writer.run("COMMIT"); err != nil {
		return err
	}
	_ = fault.At(fault.CommitAfter) // an error here would deny what is done
	return nil
}

// all gives every act the same outcome: what some were refused for was decided on what
// the others did.
func (b *batch) all(err error) {
	b.outcomes = b.outcomes[:0]
	for range b.calls {
		b.outcomes = append(b.outcomes, line.Outcome{Err: err})
	}
}

// run runs one act and reports whether it wrote.
func (b *batch) run(c *line.Call) (o line.Outcome, wrote bool) {
	t := &tx{batch: b, e: engine{c: b.store.writer, ctx: context.WithoutCancel(c.Ctx)}}
	t.Tx = record.Tx{Reader: record.Reader{Engine: &t.e, Now: b.store.opts.Now}, Owners: &b.store.owners, Added: b.added}
	t.Shelved.Under = &t.Tx.Reader
	if !b.small {
		t.Shelved.Shelf = &b.store.shelf
	}
	t.e.change = b.written.add
	t.e.small = func() {
		b.small, t.Shelved.Shelf = true, nil
		b.store.shelf.Clear()
	}
	o = line.Protect(func() error { return c.Fn(t) })
	t.e.c = nil // fn may have kept tx
	b.added = t.Added
	if o.Err == nil {
		o.Err = t.e.failed
	}
	return o, t.e.wrote
}
