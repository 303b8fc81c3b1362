package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
)

// Desk is a desk under test: one database and the processes that serve it.
type Desk struct {
	Dir  string
	Env  []string // of its processes, on top of what each needs
	Wrap []string // the command line before docket's own, such as prlimit's
	Keys Keys

	db      string
	clocked bool
	ahead   atomic.Int64 // of true time, in nanoseconds: kept over restarts
	mu      sync.Mutex
	procs   []*Process
	turn    atomic.Int64
}

// Keys are those of the world's users.
type Keys struct {
	Staff, Buyer, Provider string // API tokens
	Access, Secret         string // the buyer's pair
}

// Options say what a desk is.
type Options struct {
	Dir     string                // "": one of the test's own
	Clocked bool                  // its clock can be turned
	World   func(w *client.World) // changes the world that is applied
}

// New makes a desk at rest, with the world in it.
func New(t testing.TB, opt Options) *Desk {
	t.Helper()
	d := &Desk{Dir: opt.Dir, db: database(t), clocked: opt.Clocked, procs: make([]*Process, *Servers)}
	if d.Dir == "" {
		d.Dir = t.TempDir()
	}
	d.Apply(t, World(t, opt.World))
	return d
}

// Empty is a desk in a folder where there is none yet.
func Empty(dir string) *Desk { return &Desk{Dir: dir, procs: make([]*Process, 1)} }

// database is the one that the flags name, else a new one of the store that the
// environment names.
func database(t testing.TB) string {
	t.Helper()
	if *DB != "" {
		return *DB
	}
	return fresh.Address(t)
}

// Quiet waits until every transaction that had begun by now has ended. A process that was
// killed may have sent a commit that the database is still carrying out; who looks before
// that and finds nothing has not learnt that nothing will be there.
func (d *Desk) Quiet(ctx context.Context) error {
	if d.db == "" {
		return nil // the file's commits end with their process
	}
	c, err := pgx.Connect(ctx, d.db)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var now time.Time
	if err := c.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var left int
		if err := c.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'docket %' AND xact_start < $1", now).Scan(&left); err != nil || left == 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Shared reports whether the desk's database is a server's, which other processes may be
// using, and which goes on when those that asked it have died.
func (d *Desk) Shared() bool { return d.db != "" }

// OnServer reports whether desks are on a database server, not in folders.
func OnServer() bool { return *DB != "" || os.Getenv("DOCKET_TEST_STORE") == "postgres" }

// Apply applies a world to the desk at rest, and remembers the keys that were made.
func (d *Desk) Apply(t testing.TB, w client.World) {
	t.Helper()
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "world.yaml") // JSON is YAML
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var made client.Applied
	if err := json.Unmarshal([]byte(must(t, d.env(), "apply", "--data", d.Dir, "--json", file)), &made); err != nil {
		t.Fatal(err)
	}
	for _, k := range made.Keys {
		switch k.Login + " " + k.Kind {
		case "operator token":
			d.Keys.Staff = k.Secret
		case "alice token":
			d.Keys.Buyer = k.Secret
		case "pat token":
			d.Keys.Provider = k.Secret
		case "alice pair":
			if !k.ReadOnly {
				d.Keys.Access, d.Keys.Secret = k.AccessKey, k.Secret
			}
		}
	}
}

func (d *Desk) env() []string {
	if d.db == "" {
		return nil
	}
	return []string{"DOCKET_DB=" + d.db}
}

// Root is the root of a process that runs, each in turn; "" where none does.
func (d *Desk) Root() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := int(d.turn.Add(1))
	for n := range d.procs {
		if p := d.procs[(first+n)%len(d.procs)]; p != nil && p.Alive() && p.URL != "" {
			return p.URL
		}
	}
	return ""
}

// Processes are those that were started last.
func (d *Desk) Processes() []*Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*Process(nil), d.procs...)
}

// Kill ends every process.
func (d *Desk) Kill() {
	for _, p := range d.Processes() {
		if p != nil {
			p.Kill()
		}
	}
}

// Stop asks every process to end.
func (d *Desk) Stop(t testing.TB) {
	t.Helper()
	for _, p := range d.Processes() {
		if p != nil && p.Alive() {
			p.Stop(t)
		}
	}
}

// Staff asks as staff, wherever a process runs.
func (d *Desk) Staff() *client.Client {
	c := client.New(d.Root(), d.Keys.Staff)
	c.HTTP = HTTP
	return c
}

// Advance turns the clock of every process, and of those started later.
func (d *Desk) Advance(ctx context.Context, by time.Duration) error {
	d.ahead.Add(int64(by))
	for _, p := range d.Processes() {
		if p == nil || !p.Alive() || p.URL == "" {
			continue
		}
		c := client.New(p.URL, d.Keys.Staff)
		c.HTTP = HTTP
		if _, err := c.TurnClock(ctx, client.Turn{Advance: by.String()}); err != nil {
			return err
		}
	}
	return nil
}

// Verify has the running desk recompute its books.
func (d *Desk) Verify(t testing.TB) client.Report {
	t.Helper()
	r, err := d.Staff().Verify(t.Context())
	if err != nil {
		t.Fatalf("the books cannot be verified: %v", err)
	}
	if len(r.Disagrees) > 0 {
		t.Errorf("the books disagree:\n%s", strings.Join(r.Disagrees, "\n"))
	}
	return r
}

// Try runs a verb over the desk's database, and returns its exit code and all that it said.
func (d *Desk) Try(t testing.TB, env []string, args ...string) (int, string) {
	t.Helper()
	return Run(t, append(d.env(), env...), args...)
}

// Backup writes the desk's backup to a file, whether it runs or not.
func (d *Desk) Backup(t testing.TB, file string) {
	t.Helper()
	must(t, d.env(), "backup", "--data", d.Dir, file)
}

// VerifyAtRest recomputes the books of a desk of which nothing runs.
func (d *Desk) VerifyAtRest(t testing.TB) {
	t.Helper()
	if code, said := Run(t, d.env(), "verify", "--data", d.Dir); code != 0 {
		t.Errorf("the books of the desk at rest: %d\n%s", code, tail(said))
	}
}

// Orders are all orders of the desk.
func (d *Desk) Orders(ctx context.Context, q client.OrderQuery) ([]client.Order, error) {
	var all []client.Order
	for q.Limit = 1000; ; {
		page, err := d.Staff().Orders(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Orders...)
		if q.After = page.Next; page.Next == "" {
			return all, nil
		}
	}
}

// Bucket is the folder that stands for the buyer's bucket.
func (d *Desk) Bucket() string { return filepath.Join(d.Dir, "buckets", bucketName) }

// HTTP asks for all clients of the rig: a process that hangs is told from one that is slow.
var HTTP = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 0}}

func (d *Desk) String() string {
	if d.db != "" {
		return fmt.Sprintf("%d processes over PostgreSQL", len(d.procs))
	}
	return "one process over SQLite"
}

// Ahead is how far the desk's clock is ahead of true time.
func (d *Desk) Ahead() time.Duration { return time.Duration(d.ahead.Load()) }

// SetAhead sets how far the clocks of processes started from now on are ahead.
func (d *Desk) SetAhead(by time.Duration) { d.ahead.Store(int64(by)) }
