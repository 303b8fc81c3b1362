//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// bench is one run of the program.
type bench struct {
	opt     options
	n       stored
	dir     string          // for what is made anew
	sites   map[string]site // filled desks, by name: empty, small, base, most, few, many
	round   int             // from 0
	estates []estate
	pg      *cluster
	docket  string
	self    string
	seed    uint64
	book    book
	plots   []point
	told    io.Writer

	machine machine
}

// measure does all that was asked for and writes it down.
func measure(ctx context.Context, opt options) (err error) {
	b, err := newBench(opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if opt.profile != "" {
		return b.profile(ctx)
	}
	for round := range opt.rounds {
		b.say("round %d of %d", round+1, opt.rounds)
		b.round = round
		chosen := b.chosen()
		for n := range chosen {
			s := chosen[(n+round)%len(chosen)]
			if err := s.do(b, ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	if err := b.draw(ctx); err != nil {
		return err
	}
	return b.report(ctx)
}

func newBench(opt options) (*bench, error) {
	b := &bench{opt: opt, n: opt.sizes(), sites: map[string]site{}, docket: opt.docket, told: os.Stderr, estates: estates()}
	var err error
	if b.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opt.data, 0o755); err != nil {
		return nil, err
	}
	data, err := filepath.Abs(opt.data)
	if err != nil {
		return nil, err
	}
	b.opt.data = data
	if b.machine, err = facts(data); err != nil {
		return nil, err
	}
	b.dir, err = os.MkdirTemp(data, "run-")
	return b, err
}

func (b *bench) close() error {
	if b.pg != nil {
		b.pg.stop()
	}
	err := os.RemoveAll(b.dir)
	if !b.opt.keep {
		for _, s := range b.sites {
			err = errors.Join(err, os.RemoveAll(s.Data))
		}
	}
	return err
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.told, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

func (b *bench) chosen() []step {
	return slices.DeleteFunc(steps(), func(s step) bool { return !b.opt.run.MatchString(s.name) || s.postgres && b.pg == nil })
}

// needs are the desks that the chosen steps and plots want.
func (b *bench) needs() map[string]bool {
	out := map[string]bool{"empty": true}
	for _, s := range b.chosen() {
		for _, name := range s.needs {
			out[name] = true
		}
	}
	if b.opt.profile != "" || b.opt.run.MatchString(plotClients) {
		out["base"] = true
	}
	if b.opt.run.MatchString(plotRows) {
		for _, name := range []string{"small", "base", "most"} {
			out[name] = true
		}
	}
	return out
}

// prepare builds docket and makes the desks that are needed.
func (b *bench) prepare(ctx context.Context) error {
	if b.docket == "" {
		b.docket = filepath.Join(b.dir, "docket")
		if err := buildDocket(ctx, b.docket); err != nil {
			return err
		}
	}
	if _, err := exec.LookPath(b.docket); err != nil {
		return fmt.Errorf("there is no docket to serve with: %w", err)
	}
	if err := b.preparePostgres(ctx); err != nil {
		return err
	}
	needs := b.needs()
	for _, one := range []struct {
		name string
		n    int
	}{{"empty", 0}, {"small", b.n.Small}, {"base", b.n.Base}, {"most", b.n.Most}} {
		if !needs[one.name] {
			continue
		}
		s := site{Data: filepath.Join(b.opt.data, fmt.Sprintf("stored-%d-%d", b.opt.customers, one.n))}
		b.sites[one.name] = s
		if _, err := os.Stat(s.Data); err == nil { // of an earlier run that kept it
			continue
		}
		if err := b.make(ctx, s, one.n); err != nil {
			return err
		}
	}
	if err := b.prepareAllocations(ctx); err != nil {
		return err
	}
	if b.opt.keep && needs["most"] { // what is kept stays as it was filled
		var err error
		b.sites["most"], err = b.fresh("most")
		return err
	}
	return nil
}

func buildDocket(ctx context.Context, to string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", to, "github.com/docket-desk/docket/cmd/docket")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/docket: %w\n%s", err, out)
	}
	return nil
}

// make makes a desk with so many orders. It gets its name when it is whole, so that a run
// that was broken off leaves no half of one.
func (b *bench) make(ctx context.Context, s site, n int) error {
	began := time.Now()
	half := site{Data: filepath.Join(b.dir, "half")}
	if err := half.found(ctx, b.opt.customers); err != nil {
		return err
	}
	before := half.size()
	if n > 0 {
		d, err := half.open(ctx)
		if err != nil {
			return err
		}
		if err := errors.Join(d.fill(ctx, n), d.close()); err != nil {
			return err
		}
		b.book.note("sqlite.settled", (half.size()-before)/float64(n))
		b.say("a desk with %d orders took %.0f s", n, time.Since(began).Seconds())
	}
	return os.Rename(half.Data, s.Data)
}

// fresh copies a filled desk, so that what a round writes does not weigh on the next.
func (b *bench) fresh(name string) (site, error) {
	s := site{Data: filepath.Join(b.dir, name)}
	return s, copySite(s, b.sites[name])
}

// copySite copies a desk at rest and waits until the copy has reached the disk, so that
// no load pays for it.
func copySite(to, from site) error {
	if err := os.RemoveAll(to.Data); err != nil {
		return err
	}
	if err := os.CopyFS(to.Data, os.DirFS(from.Data)); err != nil {
		return err
	}
	return filepath.WalkDir(to.Data, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
	})
}

// size is what a desk at rest takes up, in bytes.
func (s site) size() float64 {
	sum := int64(0)
	filepath.WalkDir(s.Data, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := e.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return float64(sum)
}
