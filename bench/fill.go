//go:build linux

package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
)

const (
	perFill = 5000    // orders in one transaction of filling
	perDay  = 100_000 // of what is stored: a million orders are those of ten days
	keyed   = 2 * perDay
)

// fill stores so many settled orders on a desk that has none: placed through the core as any other, of offerings that deliver at once, but
// thousands in a transaction. Their times rise to the present, a hundred thousand a day,
// and those of the last two days have keys of their requests, as on a desk that drops
// older ones.
func (d *desk) fill(ctx context.Context, to int) error {
	r := rand.New(rand.NewPCG(1, 2))
	var clock atomic.Int64
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	began := time.Now()
	ids := id.NewSource(now, 0, 0)
	read := newRemembered()
	for from := 0; from < to; from += perFill {
		next := min(from+perFill, to)
		err := d.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error {
			read.begin(tx)
			c := core.New(read, now, ids, seal.Key{}, slog.New(slog.DiscardHandler), core.Config{})
			for n := from; n < next; n++ {
				clock.Store(began.Add(-time.Duration(to-n) * 24 * time.Hour / perDay).UnixNano())
				customer, key := d.world.anyone(r), ""
				if isBusy(n) {
					customer = busyCustomer
				}
				if to-n <= keyed {
					key = "fill-" + strconv.Itoa(n)
				}
				who, p := d.world.placement(r, customer, true, key)
				if _, err := c.PlaceOrder(ctx, who, p); err != nil {
					return err
				}
			}
			return read.flush()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillTogether stores so many settled orders by placing them, many at once, now: for a
// store whose long transactions are slower than its short ones.
func (d *desk) fillTogether(ctx context.Context, to int) error {
	var next atomic.Int64
	var all sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for w := range 2 * clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(w)))
			for n := int(next.Add(1)); n <= to && ctx.Err() == nil; n = int(next.Add(1)) {
				customer := d.world.anyone(r)
				if isBusy(n) {
					customer = busyCustomer
				}
				who, p := d.world.placement(r, customer, true, d.run+strconv.Itoa(n))
				if _, err := d.core.PlaceOrder(ctx, who, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// isBusy says which orders are the busy customer's: a small desk, too, has whole pages of them.
func isBusy(n int) bool { return n%50 == 0 || n < 1000 && n%5 == 0 }
