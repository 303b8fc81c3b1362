// Package rig runs whole desks for the tests that break them: the built binary in one
// process or several over one database, killed one by one and started again over the same
// data, with a world of its own and the wires of the doors in their clients' own words.
// What must hold of a desk is for those tests to say.
package rig

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What is broken, by flag: `go test ./e2e/crash -args -db postgres://… -servers 3`.
var (
	DB      = flag.String("db", "", "the database, such as postgres://…, empty at the start; by default SQLite in a folder of the test's")
	Servers = flag.Int("servers", 1, "how many processes serve the database; SQLite takes one")
)

const (
	startWithin = 60 * time.Second
	stopWithin  = 5 * time.Second // what serve promises between a signal and its end
)

// Demanded reports whether whole desks must be run: then nothing is passed over.
func Demanded() bool {
	return os.Getenv("DOCKET_E2E") == "1" || os.Getenv("CI") == "true"
}

// Needed passes a test over in the fast inner loop.
func Needed(t testing.TB) {
	t.Helper()
	if !Demanded() {
		t.Skip("whole desks, killed and started again: `make test` and `make crash` run these")
	}
}

// Main is TestMain of a package that runs desks: it takes the built binary away again.
func Main(m *testing.M) {
	code := m.Run()
	if path := built.Load(); path != nil {
		os.RemoveAll(filepath.Dir(*path))
	}
	os.Exit(code)
}

// Process is one docket that serves.
type Process struct {
	URL string // of the http port; "" where it ended before it answered

	cmd  *exec.Cmd
	said transcript
	done chan struct{} // closed when it has ended
}

// transcript collects what a process says, and can be read while it does.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

var answersAt = regexp.MustCompile(`answers at (http://\S+)`)

// launch starts a program in a clean environment, with env on top.
func launch(t testing.TB, env []string, path string, args ...string) *Process {
	t.Helper()
	p := &Process{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "LANG=C.UTF-8"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }() // how it ended is in ProcessState
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() && slices.Contains(args, "serve") { // other verbs' words are their callers' to tell
			t.Logf("docket %s said:\n%s", strings.Join(args, " "), tail(p.said.String()))
		}
	})
	return p
}

// await waits until the process says where it answers, or has ended.
func (p *Process) await(t testing.TB) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(startWithin)
	for {
		if m := answersAt.FindStringSubmatch(p.said.String()); m != nil {
			p.URL = m[1]
			return
		}
		select {
		case <-tick.C:
		case <-p.done:
			return
		case <-late:
			t.Fatalf("docket does not answer within %s:\n%s", startWithin, tail(p.said.String()))
		}
	}
}

// Kill ends the process as a power cut would, and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// Stop asks the process to end as an operator does, and holds it to its promise.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		t.Errorf("docket goes on %s after SIGTERM", stopWithin)
		p.Kill()
	}
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Alive reports whether the process has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Said is all that the process has said.
func (p *Process) Said() string { return p.said.String() }

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Code is the exit code of a process that has ended; -1 where a signal ended it.
func (p *Process) Code() int { return p.cmd.ProcessState.ExitCode() }

// tail keeps a failing test's report readable.
func tail(s string) string {
	const most = 8_000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// Run runs a verb of the command line to its end and returns its exit code and all that
// it said.
func Run(t testing.TB, env []string, args ...string) (int, string) {
	t.Helper()
	p := launch(t, env, Binary(t), args...)
	select {
	case <-p.done:
	case <-time.After(startWithin):
		t.Fatalf("docket %s goes on after %s:\n%s", strings.Join(args, " "), startWithin, tail(p.Said()))
	}
	return p.Code(), p.Said()
}

// must is Run of what has to succeed.
func must(t testing.TB, env []string, args ...string) string {
	t.Helper()
	code, said := Run(t, env, args...)
	if code != 0 {
		t.Fatalf("docket %s ended with %d:\n%s", strings.Join(args, " "), code, tail(said))
	}
	return said
}

// faultEnv arms a process, or does not.
func faultEnv(faults []string, n int) []string {
	if n < len(faults) && faults[n] != "" {
		return []string{"DOCKET_FAULT=" + faults[n]}
	}
	return nil
}

// args are the command line of serve.
func (d *Desk) args() []string {
	args := []string{"serve", "--data", d.Dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--log-level", "warn"}
	if d.clocked {
		args = append(args, fmt.Sprintf("--clock=%+ds", int(d.ahead.Load()/int64(time.Second))))
	}
	return args
}

// Start starts every process of the desk that does not run, each armed with its fault,
// and waits until each answers or, as a fault may have it, has ended.
func (d *Desk) Start(t testing.TB, faults ...string) {
	t.Helper()
	var started []*Process
	Binary(t)
	d.mu.Lock()
	for n := range d.procs {
		if d.procs[n] != nil && d.procs[n].Alive() {
			continue
		}
		line := slices.Concat(d.Wrap, []string{Binary(t)}, d.args())
		d.procs[n] = launch(t, slices.Concat(d.env(), d.Env, faultEnv(faults, n)), line[0], line[1:]...)
		started = append(started, d.procs[n])
	}
	d.mu.Unlock()
	for _, p := range started {
		p.await(t)
	}
}
