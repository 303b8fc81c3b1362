//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"

	"github.com/docket-desk/docket/internal/app"
)

// profile writes what placing and reading orders spends, CPU and allocations, into a
// folder: by the store alone, and by a whole server whose clients are another process.
func (b *bench) profile(ctx context.Context) error {
	if err := os.MkdirAll(b.opt.profile, 0o755); err != nil {
		return err
	}
	runtime.MemProfileRate = 64 << 10
	if b.pg != nil {
		s, err := b.pg.fresh(ctx)
		if err == nil {
			err = b.profiled("postgres", func() (sample, error) { return b.place(ctx, s, clients, false) })
		}
		if err != nil {
			return err
		}
	}
	s, err := b.fresh("base")
	if err != nil {
		return err
	}
	err = b.profiled("place", func() (sample, error) { return b.place(ctx, s, clients, false) })
	if err != nil {
		return err
	}
	cfg, err := s.config()
	if err != nil {
		return err
	}
	d, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	srv, err := d.Serve(ctx)
	if err != nil {
		return err
	}
	p := b.plan(clients, nil)
	asks := part{Addr: srv.HTTPAddr, Customers: b.opt.customers, Workers: clients, Warm: p.warm, Time: p.time, Seed: p.seed}
	err = b.profiled("post", func() (sample, error) { return b.together("post", asks) })
	if err == nil {
		err = b.profiled("get", func() (sample, error) { return b.together("get", asks) })
	}
	return errors.Join(err, srv.Stop())
}

// profiled writes NAME.cpu and NAME.allocs of what fn does.
func (b *bench) profiled(name string, fn func() (sample, error)) (err error) {
	f, err := os.Create(filepath.Join(b.opt.profile, name+".cpu"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := fn()
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	b.say("%s: %.0f/s; for each order %.0f allocations, %.1f KB", name, s.rate(), over(float64(after.Mallocs-before.Mallocs), float64(s.All)), over(float64(after.TotalAlloc-before.TotalAlloc)/1000, float64(s.All)))
	a, err := os.Create(filepath.Join(b.opt.profile, name+".allocs"))
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(a, 0), a.Close())
}
