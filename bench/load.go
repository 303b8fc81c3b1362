//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// operation is done again and again by one of many; r is the worker's own.
type operation func(ctx context.Context, worker int, r *rand.Rand) error

// plan is a load: so many workers, each beginning anew when it has its answer, a moment
// to get going and then the time that counts.
type plan struct {
	workers    int
	warm, time time.Duration
	meter      meter
	seed       uint64
}

// meter tells what was spent and written so far.
type meter func() (spent, error)

// spent is CPU in seconds, the part of it that is the database's, and bytes written.
type spent struct{ cpu, db, bytes float64 }

// load runs an operation. What ended within the time counts. The first that fails ends it.
func load(ctx context.Context, p plan, op operation) (sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		counts window
		stop   atomic.Bool
		done   atomic.Int64
		all    sync.WaitGroup
		lat    = make([][]float64, p.workers)
	)
	for w := range p.workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(p.seed, uint64(w)))
			for !stop.Load() && ctx.Err() == nil {
				began := time.Now()
				if err := op(ctx, w, r); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
				if counts.open.Load() {
					counts.ended.Add(1)
					lat[w] = append(lat[w], millis(time.Since(began)))
				}
			}
		})
	}
	out, err := p.watch(ctx, &counts)
	stop.Store(true)
	all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return sample{}, cause
	}
	for _, l := range lat {
		out.Lat = append(out.Lat, l...)
	}
	out.Ops, out.All = len(out.Lat), int(done.Load())
	slices.Sort(out.Lat)
	if err == nil && out.Ops == 0 {
		err = errors.New("nothing came to an end within the time")
	}
	return out, err
}

// window is the time that counts, and how many ended in it.
type window struct {
	open  atomic.Bool
	ended atomic.Int64
}

// watch lets the time pass, and more where nothing has ended in it.
func (p plan) watch(ctx context.Context, counts *window) (sample, error) {
	var out sample
	if !pass(ctx, p.warm) {
		return out, nil
	}
	before, err := p.read()
	if err != nil {
		return out, err
	}
	began := time.Now()
	counts.open.Store(true)
	for pass(ctx, p.time) && counts.ended.Load() == 0 && time.Since(began) < patience {
	}
	counts.open.Store(false)
	out.Seconds = time.Since(began).Seconds()
	after, err := p.read()
	out.CPU, out.DB, out.Bytes = after.cpu-before.cpu, after.db-before.db, after.bytes-before.bytes
	return out, err
}

func (p plan) read() (spent, error) {
	if p.meter == nil {
		return spent{}, nil
	}
	return p.meter()
}

// pass waits; false where the context ended first.
func pass(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
