package sqlite

import (
	"context"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/record"
)

type under struct{ record.Reader }

// reader reads within one transaction.
type reader struct {
	under          // what is read out of the database,
	record.Shelved // unless it is in memory
	store          *Store
	e              engine
	own            *idemChanges // of the transaction, where it is one that writes
}

var _ core.Reader = (*reader)(nil)

func (s *Store) newReader(ctx context.Context, c *conn) *reader {
	r := &reader{store: s, e: engine{c: c, ctx: ctx}}
	r.Reader = record.Reader{Engine: &r.e, Now: s.opts.Now}
	r.Shelved.Under = &r.Reader
	return r
}

// end ends a View: the connection goes back to the pool.
func (r *reader) end() {
	c := r.e.c
	r.e.c = nil // fn may have kept r
	if r.e.armed {
		c.c.SetInterrupt(nil)
	}
	if c.endTx() != nil {
		c.c.Close() // whatever state it is in, nobody else is given it
		c = nil
	}
	r.store.readers.give(c)
}

// tx reads and writes: one act of a batch. A write that failed spoils it: whatever fn
// does after, nothing is kept.
type tx struct {
	record.Tx
	record.Shelved // goes before what Tx reads
	e              engine
	batch          *batch
}

var _ core.Tx = (*tx)(nil)
