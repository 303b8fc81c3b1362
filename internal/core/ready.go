package core

import (
	"context"
	"strings"
	"sync"
	"time"
)

// watched is a store that remembers how its last write went.
type watched struct {
	Store
	mu    sync.Mutex
	wrote time.Time // when one was last tried and succeeded, by the desk's clock; zero: it is in doubt
}

// Update implements Store. What the storage cannot take puts all further writes in doubt.
func (w *watched) Update(ctx context.Context, on Touch, fn func(tx Tx) error) error {
	err := w.Store.Update(ctx, on, fn)
	if KindOf(err) == Unavailable && ctx.Err() == nil {
		w.note(time.Time{})
	}
	return err
}

func (w *watched) note(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrote = at
}

func (w *watched) last() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
}

// tryEvery is how long a write that succeeded stands for those that nobody tried.
const tryEvery = 10 * time.Second

// room is what must fit where a write failed: a disk that has none for an order may have
// some for a word.
const room = 64 << 10

const metaReady = "ready" // what was written last to see whether one can

// Ready reports whether the desk reads and writes. It tries a write where the last one
// failed, or was long ago: a full disk is found before an order finds it, and room on it,
// too.
func (c *Core) Ready(ctx context.Context) error {
	err := c.store.View(ctx, func(r Reader) error {
		_, err := r.Meta(metaReady)
		return err
	})
	if err != nil {
		return err
	}
	now, wrote := c.Now(), c.store.last()
	if now.Sub(wrote).Abs() < tryEvery {
		return nil
	}
	mark := c.NewID().Decimal() // another each time: what is there already a store need not write
	if wrote.IsZero() {
		mark += strings.Repeat(" ", room)
	}
	if err := c.store.Update(ctx, Touch{}, func(tx Tx) error { return tx.PutMeta(metaReady, mark) }); err != nil {
		return err
	}
	c.store.note(now)
	return nil
}
