package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/store/storetest/fresh"
)

const (
	// startWithin bounds the wait for both ports; a newcomer is promised the
	// whole demo within a minute.
	startWithin = 60 * time.Second
	// stopWithin is what the demo promises between a signal and its end.
	stopWithin = 5 * time.Second
	// runWithin bounds one client's script, so that a hang ends with its output.
	runWithin = 10 * time.Minute
)

// root is the repository's folder.
var root = func() string {
	dir, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// demanded reports whether the real clients must run: then nothing is passed
// over, and what is missing is a failure.
func demanded() bool {
	return os.Getenv("DOCKET_E2E") == "1" || os.Getenv("CI") == "true"
}

// needsClients passes a test over in the fast inner loop.
func needsClients(t *testing.T) {
	t.Helper()
	if !demanded() {
		t.Skip("real clients against the built binary: `make test` runs these")
	}
}

// binary builds docket once for all tests and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "docket-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "docket")
	build := exec.Command("go", "build", "-o", path, "./cmd/docket")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // the promise is one binary without a C compiler
	if out, err := build.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("go build ./cmd/docket: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if demanded() {
		if running != nil {
			if err := running.stop(); err != nil {
				fmt.Fprintln(os.Stderr, "the agents' runner:", err)
				code = 1
			}
		}
		if path, err := binary(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// run is one docket process that goes on by itself.
type run struct {
	cmd  *exec.Cmd
	out  transcript
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read after done
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

// launch starts docket in a clean environment and kills it, by its id, should
// the test end before it does.
func launch(t *testing.T, args ...string) *run {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{cmd: exec.Command(path, args...), done: make(chan struct{})}
	r.cmd.Dir = t.TempDir()
	r.cmd.Env = environment(t, nil)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.err = r.cmd.Wait(); close(r.done) }()
	t.Cleanup(func() {
		select {
		case <-r.done:
		default:
			r.kill(t)
		}
		if t.Failed() {
			t.Logf("docket %s said:\n%s", strings.Join(args, " "), tail(r.out.String()))
		}
	})
	return r
}

// tail keeps a failing test's report readable.
func tail(s string) string {
	const most = 20_000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// kill ends the process as a power cut would.
func (r *run) kill(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	<-r.done
}

// wait returns the exit code, or fails when the process outlives the bound.
func (r *run) wait(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-r.done:
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("still running after %s:\n%s", within, tail(r.out.String()))
		return -1
	}
}

// stop asks the process to end as an operator does, and holds it to its promise.
func (r *run) stop(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(t, stopWithin); code != 0 {
		t.Errorf("ended with %d after SIGTERM, want 0", code)
	}
}

// until polls ready a few times a second and fails at once when the process ends first.
func (r *run) until(t *testing.T, what string, within time.Duration, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(within)
	for !ready() {
		select {
		case <-tick.C:
		case <-r.done:
			if ready() {
				return
			}
			t.Fatalf("docket ended before %s: %v\n%s", what, r.err, tail(r.out.String()))
		case <-late:
			t.Fatalf("no %s within %s\n%s", what, within, tail(r.out.String()))
		}
	}
}

// desk is a demo world that serves, and the keys to it.
type desk struct {
	*run
	dir  string
	keys map[string]string // demo.json
}

// open starts the demo over a data directory and waits until both ports answer.
func open(t *testing.T, dir string, flags ...string) *desk {
	t.Helper()
	file := filepath.Join(dir, "demo.json")
	// An earlier run's file names ports that nobody answers any more.
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	args := append([]string{"demo", "--data", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"}, flags...)
	d := &desk{run: launch(t, args...), dir: dir}
	d.until(t, "demo.json", startWithin, func() bool {
		raw, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(raw, &d.keys) == nil
	})
	return d
}

// folder is a data directory for a desk, which says where its books are: there too, or in
// a database of its own where the tests run over PostgreSQL.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if address := fresh.Address(t); address != "" {
		if err := os.WriteFile(filepath.Join(dir, "docket.yaml"), []byte("db: "+address+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// empty is the world without the demo's own orders, in a folder of this test.
func empty(t *testing.T) *desk {
	t.Helper()
	return open(t, folder(t), "--no-orders")
}

// environment is what docket and the clients see: nothing of the caller's own
// keys, proxies or configuration, the demo's keys, and a home of its own.
func environment(t *testing.T, keys map[string]string) []string {
	t.Helper()
	env := map[string]string{
		"PATH":                    os.Getenv("PATH"),
		"HOME":                    t.TempDir(),
		"LANG":                    "C.UTF-8",
		"NO_PROXY":                "127.0.0.1,localhost",
		"PYTHONDONTWRITEBYTECODE": "1",
		"PYTHONPATH":              filepath.Join(root, "e2e", "clients"),
		"PYTHONWARNINGS":          "ignore",
	}
	if path, err := binary(); err == nil {
		env["DOCKET_BIN"] = path
	}
	maps.Copy(env, keys)
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// docket runs a verb of the command line as the operator, against this desk.
func (d *desk) docket(t *testing.T, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return command(t, d.keys, path, args...)
}

// python runs a script of a client in that client's own virtual environment
// and returns what it printed.
func (d *desk) python(t *testing.T, client string, args ...string) string {
	t.Helper()
	interpreter := filepath.Join(root, ".cache", "venv", client, "bin", "python")
	if _, err := os.Stat(interpreter); err != nil {
		t.Fatalf("no virtual environment for %s: run e2e/setup (%v)", client, err)
	}
	return command(t, d.keys, interpreter, args...)
}

// command runs a program to its end; anything but success fails the test with
// all that it said.
func command(t *testing.T, keys map[string]string, path string, args ...string) string {
	t.Helper()
	c, stderr := prepare(t, keys, path, args)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(path), strings.Join(args, " "), err, tail(string(out)), tail(stderr.String()))
	}
	return string(out)
}

// try runs a program that may refuse, and returns all that it said and its exit code.
func try(t *testing.T, keys map[string]string, path string, args ...string) (string, int) {
	t.Helper()
	c, stderr := prepare(t, keys, path, args)
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out) + stderr.String(), c.ProcessState.ExitCode()
}

func prepare(t *testing.T, keys map[string]string, path string, args []string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runWithin)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.Dir = t.TempDir()
	c.Env = environment(t, keys)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	return c, &stderr
}

// decode reads a JSON answer of a script or of the command line.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, tail(text))
	}
	return v
}
