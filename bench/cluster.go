//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// cluster is a PostgreSQL of this run's own, on loopback, in a folder of its own. As root
// it runs as the user of Debian's package, for PostgreSQL refuses to run as root.
type cluster struct {
	cmd *exec.Cmd
	dir string
	dsn string
}

// programs is where Debian puts the newest PostgreSQL's; "" where there is none.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) }) // 9 before 15
	return filepath.Dir(found[len(found)-1])
}

// startCluster makes and starts one under a folder, with the settings that it comes with.
func startCluster(ctx context.Context, under string) (*cluster, error) {
	bin, port := programs(), 0
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: filepath.Join(under, "postgres")}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	if as != nil {
		// Its own user must reach it; what else is in there stays closed.
		if err := errors.Join(os.Chmod(under, 0o711), os.Chown(c.dir, int(as.Uid), int(as.Gid))); err != nil {
			return nil, err
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = c.dir, &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	if out, err := run("initdb", "-D", c.dir, "-U", "docket", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-instructions").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if port, err = freePort(); err != nil {
		return nil, err
	}
	c.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", c.dir, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port), "-c", "unix_socket_directories=")
	c.cmd.Dir, c.cmd.SysProcAttr = c.dir, &syscall.SysProcAttr{Credential: as}
	var said bytes.Buffer
	c.cmd.Stdout, c.cmd.Stderr = &said, &said
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.dsn = fmt.Sprintf("postgres://docket@127.0.0.1:%d/postgres?sslmode=disable", port)
	for range 300 {
		if run("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port)).Run() == nil {
			return c, nil
		}
		if !pass(ctx, 100*time.Millisecond) {
			break
		}
	}
	return nil, errors.Join(errors.New("PostgreSQL does not answer"), ctx.Err(), c.stop())
}

// unprivileged is whom to run as instead of root; nil of anyone else.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// stop ends it at once, with its connections.
func (c *cluster) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	t := time.AfterFunc(patience, func() { c.cmd.Process.Kill() })
	defer t.Stop()
	return c.cmd.Wait()
}

// meter is the database's own processes.
func (c *cluster) meter() meter {
	return others(func() ([]int, error) { return family(c.cmd.Process.Pid) })
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

// noPostgres says why there are no lines of PostgreSQL; "" where there are.
func (b *bench) noPostgres() string {
	switch {
	case openers["postgres"] == nil:
		return "there is no PostgreSQL store yet"
	case programs() == "":
		return "there is no PostgreSQL here: apt-get install postgresql"
	}
	return ""
}

// preparePostgres starts the cluster and makes a desk in it, where a step wants it.
func (b *bench) preparePostgres(ctx context.Context) error {
	wanted := false
	for _, s := range steps() {
		wanted = wanted || s.postgres && b.opt.run.MatchString(s.name)
	}
	if !wanted || b.noPostgres() != "" {
		return nil
	}
	var err error
	if b.pg, err = startCluster(ctx, b.dir); err != nil {
		return err
	}
	s := site{Data: filepath.Join(b.dir, "postgres-desk"), DB: b.pg.dsn}
	if err := s.found(ctx, b.opt.customers); err != nil {
		return err
	}
	d, err := s.open(ctx, 0)
	if err != nil {
		return err
	}
	began := time.Now()
	err = errors.Join(d.fill(ctx, 0, b.n.Small), d.close())
	b.say("a desk in PostgreSQL with %d orders took %.0f s", b.n.Small, time.Since(began).Seconds())
	b.pgSite = s
	return err
}

// stepPostgres is the store alone by one process and by three, with one hot account, and
// the whole POST.
func (b *bench) stepPostgres(ctx context.Context) error {
	rate, err := b.f1(ctx)
	if err != nil {
		return err
	}
	got, err := b.place(ctx, b.pgSite, clients, false)
	if err != nil {
		return err
	}
	hot, err := b.place(ctx, b.pgSite, clients, true)
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
		p := b.plan(clients, nil)
		several[n] = part{Site: b.pgSite, Node: uint8(n + 1), Workers: clients, Warm: p.warm, Time: p.time, Seed: rand.Uint64()}
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
	return b.postBeside(ctx, "postgres", b.pgSite)
}
