//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// References are what the machine could do at best in the same minute.

// f1 is how many records of 500 bytes one goroutine appends and syncs in a second: F1.
func f1(ctx context.Context, dir string, d time.Duration) (rate float64, err error) {
	f, err := os.Create(filepath.Join(dir, "f1"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	record := make([]byte, 500)
	n, began := 0, time.Now()
	for time.Since(began) < d && ctx.Err() == nil {
		if _, err := f.Write(record); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		n++
	}
	return over(float64(n), time.Since(began).Seconds()), ctx.Err()
}

// s1 is the same writer inserting the order row alone, without secondary indexes: S1. It
// takes away a desk's indexes for good.
func s1(ctx context.Context, s site, p plan) (out sample, err error) {
	if err := dropIndexes(filepath.Join(s.Data, "docket.db"), "orders_customer", "orders_provider", "orders_open", "orders_resource"); err != nil {
		return sample{}, err
	}
	d, err := s.open(ctx)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	at := d.core.Now()
	return load(ctx, p, func(ctx context.Context, _ int, r *rand.Rand) error {
		o := d.row(r, at)
		return d.store.Update(ctx, core.Touch{Customers: []id.ID{o.Customer}, Offerings: []id.ID{o.Offering}}, func(tx core.Tx) error { return tx.InsertOrder(o) })
	})
}

// row is an order row like those that place writes.
func (d *desk) row(r *rand.Rand, at time.Time) order.Order {
	who, p := d.world.placement(r, d.world.anyone(r), false, "")
	i := d.core.NewID()
	return order.Order{ID: i, Type: order.Create, State: order.Executing, Customer: who.User.Home, Project: p.Project, User: who.User.ID, Provider: d.world.provider[p.Offering],
		Offering: p.Offering, Resource: i, Plan: p.Plan, Periods: 1, CountsOn: 20000, Currency: "USD", Due: 260_000_000, Held: 260_000_000, Door: who.Door, Key: who.Key,
		Request: p.Request, Name: p.Name, ConsumerBy: who.User.ID, ConsumerAt: &at, BeganAt: &at, Notes: order.Notes{ConsumerSkipped: true}}
}

// dropIndexes goes round the store, which has no such thing: only a reference needs it.
func dropIndexes(file string, names ...string) (err error) {
	c, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, name := range names {
		s, err := c.Prepare("DROP INDEX IF EXISTS " + name)
		if err != nil {
			return err
		}
		if _, err := s.Step(); err != nil {
			return err
		}
	}
	return nil
}

// bare serves one kilobyte, whatever is asked, until its standard input ends.
func bare(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	body := make([]byte, 1024)
	for n := range body {
		body[n] = 'a' + byte(n%26)
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	})}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	if _, err := fmt.Printf("bare answers at http://%s\n", l.Addr()); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return srv.Close()
	}
}
