//go:build linux

package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
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

// fill stores settled orders, from the from-th to the to-th of a desk that will have so
// many: placed through the core as any other, of offerings that deliver at once, but
// thousands in a transaction. Their times rise to the present, a hundred thousand a day,
// and those of the last two days have keys of their requests, as on a desk that drops
// older ones.
func (d *desk) fill(ctx context.Context, from, to int) error {
	r := rand.New(rand.NewPCG(1, uint64(from)))
	var clock atomic.Int64
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	began := time.Now()
	ids := id.NewSource(now, 0, 0)
	read := newRemembered()
	for from < to {
		next := min(from+perFill, to)
		err := d.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error {
			read.begin(tx)
			c := core.New(read, now, ids, seal.Key{}, slog.New(slog.DiscardHandler), core.Config{})
			for n := from; n < next; n++ {
				clock.Store(began.Add(-time.Duration(to-n) * 24 * time.Hour / perDay).UnixNano())
				customer, key := d.world.anyone(r), ""
				if n%50 == 0 || n < 1000 && n%5 == 0 { // a small desk, too, has whole pages of one customer's
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
		from = next
	}
	return nil
}
