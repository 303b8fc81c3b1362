package sqlite

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/record"
)

const (
	// mostWaiting bounds the line before the writer. Beyond it callers are told to come
	// again rather than kept until they have given up.
	mostWaiting = 4096
	// mostTogether bounds how many acts share a commit: what one that fails after a write
	// makes the others do again.
	mostTogether = 256
)

// call is an act in the line before the writer.
type call struct {
	ctx   context.Context
	fn    func(core.Tx) error
	alone func() error // instead of fn: outside of any transaction, between two batches
	scans bool         // has a batch of its own
	state atomic.Int32 // waiting, or else who came first: the writer or the end of ctx
	done  chan outcome
}

const (
	waiting int32 = iota
	taken
	dropped
)

// outcome is how an act ended.
type outcome struct {
	err      error
	panicked *panicked
}

// panicked is what fn panicked with, to panic with where it was called.
type panicked struct {
	value any
	stack []byte
}

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
	return s.wait(&call{ctx: ctx, fn: fn, scans: on.Scan, done: make(chan outcome, 1)})
}

// between runs fn on the writing goroutine between two batches.
func (s *Store) between(ctx context.Context, fn func() error) error {
	return s.wait(&call{ctx: ctx, alone: fn, done: make(chan outcome, 1)})
}

func (s *Store) wait(c *call) error {
	if c.ctx.Err() != nil {
		return ended(c.ctx)
	}
	select {
	case s.queue <- c:
	default:
		return unusable("update", "The desk is busy. Try again in a moment.", nil)
	}
	select {
	case o := <-c.done:
		return o.told()
	case <-c.ctx.Done():
		if c.state.CompareAndSwap(waiting, dropped) {
			return ended(c.ctx)
		}
	case <-s.gone:
	}
	select {
	case o := <-c.done:
		return o.told()
	case <-s.gone: // it came too late, or its answer lies there since
	}
	select {
	case o := <-c.done:
		return o.told()
	default:
		return unusable("update", "The desk is closing.", nil)
	}
}

// told is the outcome as the caller gets it.
func (o outcome) told() error {
	if o.panicked != nil {
		panic(fmt.Sprintf("%v\n\n%s", o.panicked.value, o.panicked.stack))
	}
	return o.err
}

// write is the writing goroutine: it takes who waits, never waiting for more.
func (s *Store) write() {
	defer close(s.gone)
	var b batch
	var next *call // taken out of the line, for the next batch
	for {
		first := next
		next = nil
		if first == nil {
			select {
			case first = <-s.queue:
			case <-s.closed:
				return
			}
		}
		b.calls = append(b.calls[:0], first)
		for !first.apart() && next == nil && len(b.calls) < mostTogether {
			select {
			case c := <-s.queue:
				if c.apart() {
					next = c
				} else {
					b.calls = append(b.calls, c)
				}
				continue
			default:
			}
			break
		}
		s.together(&b)
		select {
		case <-s.closed:
			if next != nil {
				next.done <- outcome{err: unusable("update", "The desk is closing.", nil)}
			}
			return
		default:
		}
	}
}

func (c *call) apart() bool { return c.scans || c.alone != nil }

// batch are the acts of one transaction and what it changes of the writer's memory.
type batch struct {
	store    *Store
	calls    []*call
	outcomes []outcome
	pos      int64 // of the last event
	idem     idemChanges
	added    record.Added
}

// together runs the acts of a batch in one transaction and answers them once it is
// synced.
func (s *Store) together(b *batch) {
	turn := b.calls[:0]
	for _, c := range b.calls {
		if c.state.CompareAndSwap(waiting, taken) {
			turn = append(turn, c)
		}
	}
	b.calls = turn
	if len(b.calls) == 1 && b.calls[0].alone != nil {
		c := b.calls[0]
		c.done <- protect(c.alone)
		return
	}
	if !s.attempt(b) {
		for _, c := range b.calls {
			one := batch{calls: []*call{c}}
			s.attempt(&one)
			c.done <- one.outcomes[0]
		}
		return
	}
	for i, c := range b.calls {
		c.done <- b.outcomes[i]
	}
}

// attempt runs a batch and commits it. It reports false where an act among several spoilt
// it: then nothing is kept and nothing answered.
func (s *Store) attempt(b *batch) bool {
	b.store, b.outcomes, b.pos, b.idem, b.added = s, b.outcomes[:0], s.pos, idemChanges{}, record.Added{}
	if err := s.writer.run("BEGIN IMMEDIATE"); err != nil {
		b.all(failure(context.Background(), "update", err))
		return true
	}
	defer s.writer.endTx() // where it was not committed: nothing is kept
	wrote := false
	for _, c := range b.calls {
		o, touched := b.run(c)
		b.outcomes = append(b.outcomes, o)
		if touched && (o.err != nil || o.panicked != nil) {
			return len(b.calls) == 1
		}
		wrote = wrote || touched
	}
	if !wrote {
		return true
	}
	if err := s.writer.run("COMMIT"); err != nil {
		b.all(failure(context.Background(), "commit", err))
		return true
	}
	s.commits.Add(1)
	s.pos = b.pos
	s.idem.keep(b.idem)
	s.owners.Keep(b.added)
	if s.log.waiting() >= longLog {
		select {
		case s.long <- struct{}{}:
		default:
		}
	}
	return true
}

// all gives every act the same outcome: what some were refused for was decided on what
// the others did.
func (b *batch) all(err error) {
	b.outcomes = b.outcomes[:0]
	for range b.calls {
		b.outcomes = append(b.outcomes, outcome{err: err})
	}
}

// run runs one act and reports whether it wrote.
func (b *batch) run(c *call) (o outcome, wrote bool) {
	t := &tx{batch: b, e: engine{c: b.store.writer, ctx: context.WithoutCancel(c.ctx)}}
	t.Tx = record.Tx{Reader: record.Reader{Engine: &t.e, Now: b.store.opts.Now}, Owners: &b.store.owners, Added: b.added}
	o = protect(func() error { return c.fn(t) })
	t.e.c = nil // fn may have kept tx
	b.added = t.Added
	if o.err == nil {
		o.err = t.e.failed
	}
	return o, t.e.wrote
}

// protect runs fn and catches its panic.
func protect(fn func() error) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o.panicked = &panicked{p, debug.Stack()}
		}
	}()
	return outcome{err: fn()}
}
