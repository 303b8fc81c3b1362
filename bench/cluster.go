//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// cluster is a PostgreSQL of this run's own, with the settings that it comes with, and a
// filled desk in it.
type cluster struct {
	server *pgtest.Server
	data   string // the desk's data directory, which holds its key
}

// The databases: one as it was filled, and the copy of it that a round works on.
const (
	filledDB = "filled"
	roundDB  = "round"
)

// noPostgres says why there are no lines of PostgreSQL; "" where there are.
func (b *bench) noPostgres() string {
	if _, err := exec.LookPath("initdb"); err == nil {
		return ""
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) == 0 {
		return pgtest.ErrNone.Error()
	}
	return ""
}

// preparePostgres starts a server and makes a desk in it, where a step wants it.
func (b *bench) preparePostgres(ctx context.Context) error {
	wanted := b.opt.run.MatchString(plotClients) && b.opt.profile == ""
	for _, s := range steps() {
		wanted = wanted || s.postgres && b.opt.run.MatchString(s.name)
	}
	if !wanted || b.noPostgres() != "" {
		return nil
	}
	began := time.Now()
	server, err := pgtest.Start()
	if err != nil {
		return err
	}
	b.pg = &cluster{server: server, data: filepath.Join(b.dir, "postgres")}
	s := site{Data: b.pg.data, DB: server.DSN(filledDB)}
	if err := b.pg.do(ctx, "CREATE DATABASE "+filledDB); err != nil {
		return err
	}
	if err := s.found(ctx, b.opt.customers); err != nil {
		return err
	}
	d, err := s.open(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(d.fillTogether(ctx, b.n.Base), d.close()); err != nil {
		return err
	}
	b.say("a desk in PostgreSQL with %d orders took %.0f s", b.n.Base, time.Since(began).Seconds())
	return b.pg.at(ctx, filledDB, "VACUUM ANALYZE")
}

// do runs a statement beside the desks.
func (c *cluster) do(ctx context.Context, sql string) error { return c.at(ctx, "postgres", sql) }

func (c *cluster) at(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, c.server.DSN(database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// fresh copies the filled desk, and lets the copy reach the disk before anything counts.
func (c *cluster) fresh(ctx context.Context) (site, error) {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + roundDB + " WITH (FORCE)", "CREATE DATABASE " + roundDB + " TEMPLATE " + filledDB + " STRATEGY FILE_COPY", "CHECKPOINT"} {
		if err := c.do(ctx, sql); err != nil {
			return site{}, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return site{Data: c.data, DB: c.server.DSN(roundDB)}, nil
}

func (c *cluster) stop() { c.server.Stop() }

// meter is the database's own processes.
func (c *cluster) meter() meter {
	return others(func() ([]int, error) { return family(c.server.PID()) })
}

// meterOf meters this process and, where the desk has one, its database.
func (b *bench) meterOf(s site) meter {
	if s.DB == "" {
		return myself
	}
	db := b.pg.meter()
	return func() (spent, error) {
		own, err1 := myself()
		its, err2 := db()
		return spent{cpu: own.cpu + its.cpu, db: its.cpu, bytes: own.bytes + its.bytes}, errors.Join(err1, err2)
	}
}

// stepPostgres is the store alone by one process and by three, with one hot account, and
// the whole POST.
func (b *bench) stepPostgres(ctx context.Context) error {
	s, err := b.pg.fresh(ctx)
	if err != nil {
		return err
	}
	rate, err := b.f1(ctx)
	if err != nil {
		return err
	}
	got, err := b.place(ctx, s, clients, false)
	if err != nil {
		return err
	}
	hot, err := b.place(ctx, s, clients, true)
	if err != nil {
		return err
	}
	b.book.note("postgres.place", got.rate())
	b.book.note("postgres.place/f1", over(got.rate(), rate))
	b.book.note("postgres.place.p50", got.p(.5))
	b.book.note("postgres.place.p99", got.p(.99))
	b.book.note("postgres.cpu", got.micros())
	b.book.note("postgres.cpu.process", over((got.CPU-got.DB)*1e6, float64(got.Ops)))
	b.book.note("postgres.hot", hot.rate())
	b.book.note("postgres.hot/place", over(hot.rate(), got.rate()))
	several := make([]part, 3)
	for n := range several {
		p := b.planOn(s, clients, nil)
		several[n] = part{Site: s, Workers: clients, Warm: p.warm, Time: p.time, Seed: rand.Uint64()}
	}
	one, err := b.together("place", several[0])
	if err != nil {
		return err
	}
	three, err := b.together("place", several...)
	if err != nil {
		return err
	}
	b.book.note("postgres.three", three.rate())
	b.book.note("postgres.three/one", over(three.rate(), one.rate()))
	return b.postBeside(ctx, "postgres", s)
}

// why says what a line has no figures for.
func (b *bench) why(l line) string {
	missing := ""
	if l.postgres() && b.pg == nil {
		missing = b.noPostgres()
	}
	return cmp.Or(l.Absent, missing, "not asked for")
}
