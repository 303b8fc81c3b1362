// Package pgtest starts a real PostgreSQL server for tests: Debian's, on loopback, in a
// folder of its own, as an unprivileged user, since it refuses root. It ends with the
// process that started it, however that ends.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running server.
type Server struct {
	Dir  string // all that it keeps
	Port int

	bin   string
	who   *syscall.Credential
	user  string
	args  []string
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
}

// Demanded reports whether nothing may be passed over for want of a server.
func Demanded() bool { return os.Getenv("CI") == "true" || os.Getenv("DOCKET_E2E") == "1" }

// Long passes a test over that the inner loop is spared.
func Long(t testing.TB) {
	t.Helper()
	if !Demanded() {
		t.Skip("takes long: `make test` runs it, and DOCKET_E2E=1 go test")
	}
}

// ErrNone says that no PostgreSQL is installed.
var ErrNone = errors.New("no PostgreSQL is installed: apt-get install postgresql")

// Start makes a database cluster and serves it. settings are the server's, name=value.
// Stop ends it and removes its folder.
func Start(settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, user: "docket"}
	if s.Dir, err = os.MkdirTemp("", "docket-postgres-"); err != nil {
		return nil, err
	}
	if err := s.drop(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.Dir))
	}
	initdb := s.command(filepath.Join(bin, "initdb"), "-D", s.data(), "-U", s.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(s.Dir))
	}
	if err := s.serve(settings...); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.Dir))
	}
	return s, nil
}

// serve starts the server for the first time, on a port that is free.
func (s *Server) serve(settings ...string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	s.args = []string{"-D", s.data(), "-p", strconv.Itoa(s.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"}
	for _, one := range settings {
		s.args = append(s.args, "-c", one)
	}
	return s.Serve()
}

// Standby copies a server that runs, and serves the copy: it follows the first one, and is
// for reading alone.
func (s *Server) Standby() (*Server, error) {
	copied := &Server{bin: s.bin, user: s.user}
	var err error
	if copied.Dir, err = os.MkdirTemp("", "docket-postgres-"); err != nil {
		return nil, err
	}
	if err := copied.drop(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(copied.Dir))
	}
	base := copied.command(filepath.Join(s.bin, "pg_basebackup"), "-D", copied.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port), "-U", s.user, "-R", "-c", "fast", "--no-sync")
	if out, err := base.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("pg_basebackup: %w\n%s", err, out), os.RemoveAll(copied.Dir))
	}
	if err := copied.serve(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(copied.Dir))
	}
	return copied, nil
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

// binaries finds the folder of the newest version.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil { // beside which the rest lies
			path = real
		}
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrNone
	}
	slices.SortFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

func versionOf(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // what is no number is older than all that are
	return n
}

// drop gives the folder to the user postgres, who the server will be, where this is root.
func (s *Server) drop() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("the server refuses to be root, and there is no user for it: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	s.who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.Dir, uid, gid)
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.Dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who}
	return cmd
}

// Serve starts the server again after Kill or Halt, and waits until it answers.
func (s *Server) Serve() error {
	s.ended = make(chan struct{})
	s.log.Reset()
	s.cmd = s.command(filepath.Join(s.bin, "postgres"), s.args...)
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	s.cmd.SysProcAttr.Setpgid = true // an interrupt at the keyboard is for the tests
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // what Pdeathsig means by a parent is a thread
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended: %s", s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// PID is the server's, whose children all its backends are.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the server as a power cut would.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// end signals the server and waits for it. A killed server leaves children, which find
// out by themselves and end; until then the next one would refuse to start.
func (s *Server) end(sig syscall.Signal) {
	_ = s.cmd.Process.Signal(sig) // it may have ended by itself
	<-s.ended
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.end(syscall.SIGQUIT)
	os.RemoveAll(s.Dir)
}

// Quick starts a server that keeps nothing safe and is fast.
func Quick() (*Server, error) {
	return Start("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB", "max_connections=400")
}

// Env names the variable that says which server to use instead of one of the tests' own,
// by an Address.
const Env = "DOCKET_TEST_POSTGRES"

// Address is the server without a database.
func (s *Server) Address() string { return fmt.Sprintf("%s@127.0.0.1:%d", s.user, s.Port) }

// DSN is the address of a database.
func (s *Server) DSN(database string) string { return dsn(s.Address(), database) }

func dsn(address, database string) string {
	return "postgres://" + address + "/" + database + "?sslmode=disable"
}

var (
	mine   = sync.OnceValues(Quick)
	begun  atomic.Bool
	serial atomic.Int64
)

// Database returns the address of a new, empty database on a server that the whole test
// process shares, which keeps nothing safe and is fast. Main must stop it, unless Env names
// another.
func Database(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(Env); address != "" {
		return database(t, address)
	}
	begun.Store(true)
	s, err := mine()
	if errors.Is(err, ErrNone) && !Demanded() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

// Database makes a new, empty database.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return database(t, s.Address())
}

func database(t testing.TB, address string) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%d", os.Getpid(), serial.Add(1))
	admin(t, address, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return dsn(address, name)
}

func admin(t testing.TB, address, sql string) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn(address, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

// Main runs a package's tests and stops their server, where one was started.
func Main(m *testing.M) int {
	code := m.Run()
	if begun.Load() {
		if s, err := mine(); err == nil {
			s.Stop()
		}
	}
	return code
}
