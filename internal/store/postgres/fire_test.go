package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// The harness: desks over one database under fire. What they answered is judged by what
// stands when they are done (judge_test.go).

const (
	// envDesk makes this test binary a desk of a run, so that it can be killed for good.
	envDesk = "DOCKET_FIRE_DESK"
	// envSeconds and envRounds ask for longer runs and more of them than go test does.
	envSeconds = "DOCKET_FIRE_SECONDS"
	envRounds  = "DOCKET_FIRE_ROUNDS"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(envDesk); text != "" {
		if err := beDesk(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := pgtest.Main(m)
	if s := underFire.Load(); s != nil {
		s.Stop()
	}
	os.Exit(code)
}

// beDesk works as a run says.
func beDesk(text string) error {
	var r run
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	return atWork(context.Background(), r, func(ctx context.Context, d *desk) { d.work(ctx) })
}

// atWork opens a desk, however often that takes while the database is away, and closes
// it when its work is done.
func atWork(ctx context.Context, r run, work func(context.Context, *desk)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var err error
	for time.Now().Before(r.Ends) {
		var d *desk
		if d, err = openDesk(ctx, r); err == nil {
			if err = d.meet(ctx); err == nil {
				if d.notes, err = openNotebook(r); err != nil {
					return err
				}
				work(ctx, d)
				err = d.store.Close()
				d.notes.write(note{Op: -int64(r.Process)<<32 - int64(r.Generation), Kind: lostCommits, Amount: d.store.lost.all.Load(), Lines: int(d.store.lost.stood.Load())})
				return errors.Join(err, d.notes.close())
			}
			d.store.Close()
		}
		<-tick.C
	}
	return nil // it never came to work
}

// count is what was done to the desks in a run.
type count struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *count) add(what string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]int{}
	}
	c.seen[what] += n
}

// fire is one run.
type fire struct {
	perils
	t      *testing.T
	server *pgtest.Server
	dsn    string
	run    run
	count  count
	mu     sync.Mutex
	procs  map[int]*exec.Cmd // running, by desk
}

// perils are what befalls the desks of a run.
type perils struct {
	cuts      int  // of a thousand pieces sent to the database
	injected  bool // transactions refused as if they had clashed
	terminate bool // backends are ended
	strangers bool // who lock in the wrong order
	kill      bool // a process, again and again
	restart   bool // the server is killed
	stall     bool // a process stands still for longer than its locks may last
	plain     bool // one desk runs every act alone
}

// TestDesksUnderFire has four desks, two of them processes of their own, take 64
// submitters' acts while everything befalls them that should not.
func TestDesksUnderFire(t *testing.T) {
	pgtest.Long(t)
	seconds, rounds := setting(t, envSeconds, 5), setting(t, envRounds, 1)
	for n := range rounds {
		for name, p := range map[string]perils{
			"cut, killed and restarted": {cuts: 10, injected: true, terminate: true, strangers: true, kill: true, restart: true, plain: true},
			"stalled":                   {cuts: 3, injected: true, strangers: true, stall: true},
			"left alone":                {}, // and so at their fastest
		} {
			t.Run(fmt.Sprintf("%s %d", name, n+1), func(t *testing.T) {
				lasts := time.Duration(seconds) * time.Second
				if p.stall {
					lasts = max(lasts, writerBound+2*time.Second)
				}
				f := begin(t, p, lasts)
				f.burn()
				f.tell(judged(t, f.run))
			})
		}
	}
}

// boom refuses transactions as if they had clashed with others.
const boom = `CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF random() < 0.003 THEN RAISE SQLSTATE '40001' USING message = 'injected'; END IF;
	IF random() < 0.002 THEN RAISE SQLSTATE '40P01' USING message = 'injected'; END IF;
	RETURN NULL; END $$; CREATE TRIGGER boom AFTER INSERT ON entries FOR EACH STATEMENT EXECUTE FUNCTION boom()`

func setting(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// begin makes the world of a run that lasts so long.
func begin(t *testing.T, p perils, lasts time.Duration) *fire {
	t.Helper()
	f := &fire{t: t, perils: p, server: serverUnderFire(t), procs: map[int]*exec.Cmd{}}
	f.dsn = f.server.Database(t)
	now := time.Now()
	f.run = run{DSN: f.dsn, Dir: t.TempDir(), Began: now, Shown: midnight.Add(-lasts / 2), Submitters: 16, Hot: 3, Keys: true}
	setUp(t, f.run)
	if p.injected {
		execute(t, sql(t, f.dsn), boom)
	}
	f.run.Began = time.Now()
	f.run.Ends = f.run.Began.Add(lasts)
	return f
}

// burn runs the desks, with everything that is done to them, until all have ended.
func (f *fire) burn() {
	ctx, stop := context.WithCancel(context.Background())
	var desks, faults sync.WaitGroup
	var proxies []*proxy
	for n := range 4 {
		r := f.run
		r.Process, r.Ahead, r.Plain = n+1, time.Duration(n)*700*time.Millisecond, f.plain && n == 1
		p, through := newProxy(f.t, f.dsn)
		p.linger = func() time.Duration { return time.Duration(rand.IntN(4000)) * time.Millisecond }
		p.set(f.misfortune)
		proxies, r.DSN = append(proxies, p), through
		if n < 2 {
			desks.Go(func() { f.inside(ctx, r, n == 0) })
		} else {
			desks.Go(func() { f.outside(r) })
		}
	}
	gap := ""
	faults.Go(func() { gap = tail(ctx, f.dsn) })
	for _, peril := range []struct {
		on bool
		do func()
	}{
		{f.terminate, func() { f.every(ctx, 250*time.Millisecond, f.end) }},
		{f.strangers, func() { f.every(ctx, 100*time.Millisecond, f.lockBackwards) }},
		{f.kill, func() { f.every(ctx, 1100*time.Millisecond, func(context.Context, *pgx.Conn) { f.slay(3) }) }},
		{f.stall, func() { f.stop(ctx, 4) }},
		{f.restart, func() { f.crash(ctx) }},
	} {
		if peril.on {
			faults.Go(peril.do)
		}
	}
	<-time.After(time.Until(f.run.Ends))
	for _, p := range proxies {
		for _, x := range []fate{cutAfter, cutWithin, swallow} {
			f.count.add("cuts", p.count(x))
		}
		p.set(nil)
	}
	f.drain(&desks)
	stop()
	faults.Wait()
	if gap != "" {
		f.t.Errorf("a reader of the feed saw %s", gap)
	}
}

// misfortune cuts a piece now and then, and oftener where it hurts most.
func (f *fire) misfortune(sent []byte) fate {
	cuts := f.cuts
	if commits(sent) {
		cuts *= 10
	}
	switch x := rand.IntN(10_000); {
	case x < 5*cuts:
		return cutAfter
	case x < 7*cuts:
		return cutWithin
	case x < 10*cuts:
		return swallow
	}
	return pass
}

// inside is a desk within the test's own process.
func (f *fire) inside(ctx context.Context, r run, sets bool) {
	err := atWork(ctx, r, func(ctx context.Context, d *desk) {
		var both sync.WaitGroup
		if sets {
			both.Go(func() { d.set(ctx) })
		}
		d.work(ctx)
		both.Wait()
	})
	if err != nil {
		f.t.Errorf("desk %d: %v", r.Process, err)
	}
}

// outside is a desk that is a process of its own, started again whenever it was killed.
func (f *fire) outside(r run) {
	for time.Now().Before(r.Ends) {
		r.Generation++
		text, err := json.Marshal(r)
		if err != nil {
			f.t.Error(err)
			return
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envDesk+"="+string(text))
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		f.mu.Lock()
		if err = cmd.Start(); err == nil {
			f.procs[r.Process] = cmd
		}
		f.mu.Unlock()
		if err == nil {
			err = cmd.Wait()
		}
		f.mu.Lock()
		delete(f.procs, r.Process)
		f.mu.Unlock()
		var ended *exec.ExitError
		if err != nil && !(errors.As(err, &ended) && ended.Sys().(syscall.WaitStatus).Signaled()) {
			f.t.Errorf("desk %d: %v", r.Process, err)
			return
		}
	}
}

// signal reaches a desk that is a process of its own.
func (f *fire) signal(desk int, s syscall.Signal) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	cmd := f.procs[desk]
	return cmd != nil && cmd.Process.Signal(s) == nil
}

// drain waits for the desks. Whoever hangs is shown.
func (f *fire) drain(desks *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() { desks.Wait(); close(ended) }()
	began := time.Now()
	select {
	case <-ended:
		f.count.add("ms to drain", int(time.Since(began).Milliseconds()))
	case <-time.After(75 * time.Second):
		rows, err := sql(f.t, f.dsn).Query(context.Background(), "SELECT application_name || ' ' || state || ' ' || coalesce(wait_event, '') || ' ' || left(query, 80) FROM pg_stat_activity WHERE application_name LIKE 'docket%'")
		if err != nil {
			f.t.Error(err)
		}
		seen, err := pgx.CollectRows(rows, pgx.RowTo[string])
		panic(fmt.Sprintf("the desks hang: %q, %v", seen, err)) // and shows where
	}
}

// tell reports a run, and what is wrong with it.
func (f *fire) tell(j *judge) {
	acts, unknown, stand, unheard, by := j.tally()
	f.t.Logf("%d acts, %d of unknown outcome of which %d stand, %d unheard; %v; %d events; checker: %d operations followed, gave up on %d; %v",
		acts, unknown, stand, unheard, f.count.seen, len(j.events), j.checked, j.gaveUp, by)
	for _, s := range j.wrong() {
		f.t.Error(s)
	}
}
