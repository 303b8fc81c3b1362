package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
)

// reader reads within one transaction. c is nil once that is over.
type reader struct {
	store *Store
	c     *conn
	ctx   context.Context
	armed bool         // the end of ctx interrupts the connection
	own   *idemChanges // of the transaction, where it is one that writes
}

var _ core.Reader = (*reader)(nil)

// prepare returns a statement by its text, which is a constant of this package.
func (r *reader) prepare(sql string) (*sqlite.Stmt, error) {
	if r.c == nil {
		return nil, errOver
	}
	if r.ctx.Err() != nil {
		return nil, ended(r.ctx)
	}
	s, err := r.c.c.Prepare(sql)
	return s, r.failure("prepare", err)
}

// shaped returns a statement whose text filters made. It may scan for long, so the end
// of the context interrupts it; arming costs as much as a read by key, which is
// looked at only before it begins.
func (r *reader) shaped(sql string) (*sqlite.Stmt, error) {
	if r.c == nil {
		return nil, errOver
	}
	if r.ctx.Err() != nil {
		return nil, ended(r.ctx)
	}
	if done := r.ctx.Done(); done != nil && !r.armed {
		r.c.c.SetInterrupt(done)
		r.armed = true
	}
	s, err := r.c.shaped(sql)
	return s, r.failure("prepare", err)
}

// end ends a View: the connection goes back to the pool.
func (r *reader) end() {
	c := r.c
	r.c = nil // fn may have kept r
	if r.armed {
		c.c.SetInterrupt(nil)
	}
	if c.endTx() != nil {
		c.c.Close() // whatever state it is in, nobody else is given it
		c = nil
	}
	r.store.readers.give(c)
}

func (r *reader) failure(op string, err error) error { return failure(r.ctx, op, err) }

// tx reads and writes. A write that failed spoils it: whatever fn does after, nothing
// is kept.
type tx struct {
	reader
	failed  error
	idem    idemChanges
	owners  []ownership // added, as are sources
	sources []source
}

var _ core.Tx = (*tx)(nil)

// change prepares a statement that writes.
func (tx *tx) change(sql string) (*sqlite.Stmt, error) {
	if tx.failed != nil {
		return nil, tx.failed
	}
	s, err := tx.prepare(sql)
	if err != nil {
		return nil, tx.spoil(err)
	}
	return s, nil
}

// spoil remembers the first failure of a write.
func (tx *tx) spoil(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// exec runs a statement that writes and returns how many rows it changed.
func (tx *tx) exec(op, sql string, args ...arg) (int, error) {
	s, err := tx.change(sql)
	if err != nil {
		return 0, err
	}
	bind(s, args)
	for more := true; more; {
		if more, err = s.Step(); err != nil {
			return 0, tx.spoil(tx.failure(op, err))
		}
	}
	return tx.c.c.Changes(), nil
}
