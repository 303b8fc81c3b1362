package crash

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/fault"
)

var (
	rounds = flag.Int("rounds", 20, "how many crashes")
	point  = flag.String("point", "", "break every round at this point, instead of each in turn")
	seed   = flag.Uint64("seed", 0, "of the rounds' chance; 0: another each time, and told")
)

func TestMain(m *testing.M) { rig.Main(m) }

// mostOf bounds at which time a point is broken at, so that it is soon reached.
var mostOf = map[string]int{
	fault.CommitBefore: 60, fault.CommitAfter: 60, fault.RenameBefore: 4, fault.RenameAfter: 4,
	fault.UploadBefore: 20, fault.UploadHalf: 20, fault.UploadAfter: 20,
	fault.JobClaimed: 4, fault.JobRead: 4, fault.JobLine: 4, fault.JobEffect: 4, fault.JobReported: 4,
	fault.TickClaimed: 2, fault.TickDone: 2,
}

// plan says how each round ends: of ten, three at any moment, the others at each point in
// turn, so that twenty rounds pass them all.
func plan(round int) (point string) {
	n := round / 10 * 7
	for r := range round % 10 {
		if r%3 != 2 {
			n++
		}
	}
	if round%10%3 == 2 {
		return ""
	}
	return fault.Points()[n%len(fault.Points())]
}

func TestTwentyRoundsPassEveryPoint(t *testing.T) {
	seen := map[string]int{}
	for r := range 20 {
		seen[plan(r)]++
	}
	for _, p := range append(fault.Points(), "") {
		if want := map[bool]int{true: 6, false: 1}[p == ""]; seen[p] != want {
			t.Errorf("%q comes %d times, want %d", p, seen[p], want)
		}
		if p != "" && mostOf[p] == 0 {
			t.Errorf("%s has no bound", p)
		}
	}
}

func TestNothingIsLostOrDoubledWhateverKillsTheDesk(t *testing.T) {
	rig.Needed(t)
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("%d rounds, -seed %d", *rounds, *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	d := rig.New(t, rig.Options{Clocked: true})
	d.Start(t)
	l := &load{t: t, d: d, book: newBook(), doors: rig.Doors(t, d)}
	d.Stop(t)
	count := tally{}
	for round := range *rounds {
		began := time.Now()
		l.round = round
		at := plan(round)
		if *point != "" {
			at = *point
		}
		how := l.crash(rng, at)
		if rng.IntN(4) == 0 { // and again while it recovers
			d.Start(t, randomly(rng, fault.Any, 8))
			l.after(time.Duration(rng.IntN(150)) * time.Millisecond)
			d.Kill()
		}
		if !rig.OnServer() && round%3 == 0 {
			d.VerifyAtRest(t)
		}
		d.Start(t)
		l.settle(&count)
		d.Kill()
		t.Logf("round %d: %s, %s; %d orders", round, how, time.Since(began).Round(time.Millisecond), count.orders)
		if t.Failed() {
			t.Fatalf("round %d; again with -seed %d", round, *seed)
		}
	}
	t.Logf("%d rounds: %d orders and %d events in the books, %d placements without an answer of which %d were done, %d acts without an answer, %d deliveries whole",
		*rounds, count.orders, count.events, count.unanswered, count.wereDone, count.acts, count.delivered)
}

// randomly arms a point at one of its first times.
func randomly(rng *rand.Rand, point string, most int) string {
	return point + ":" + strconv.Itoa(1+rng.IntN(most)) + ":" + fault.Kill
}

// crash loads the desk until it is dead, and says what killed it.
func (l *load) crash(rng *rand.Rand, point string) string {
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	if point == "" {
		// Errors on the way to it: nothing fails only by dying.
		l.d.Start(l.t, fmt.Sprintf("%s:%d:error,%s:%d:error,%s:%d:error", fault.Any, 20+rng.IntN(100), fault.CommitBefore, 5+rng.IntN(40), fault.UploadHalf, 1+rng.IntN(20)))
		done := make(chan struct{})
		go func() { l.run(ctx, rng.Uint64()); close(done) }()
		l.after(time.Duration(100+rng.IntN(1200)) * time.Millisecond)
		how := "killed"
		if rng.IntN(5) == 0 {
			how = "stopped"
			cancel()
			l.d.Stop(l.t)
		}
		l.killSome(rng)
		cancel()
		<-done
		l.d.Kill()
		return how
	}
	spec := randomly(rng, point, mostOf[point])
	if strings.HasPrefix(point, "rename.") { // files are renamed where there are none
		if err := os.RemoveAll(filepath.Join(l.d.Dir, "tls")); err != nil {
			l.t.Fatal(err)
		}
	}
	l.d.Start(l.t, slices.Repeat([]string{spec}, *rig.Servers)...) // whichever comes there first
	if strings.HasPrefix(point, "tick.") && l.d.Root() != "" {     // those that wait for tomorrow fall due
		_ = l.d.Advance(ctx, 25*time.Hour) // its answer may be cut off
	}
	l.until(ctx, cancel, spec, rng)
	return spec
}

// pointWithin bounds the load until a point is reached.
const pointWithin = 30 * time.Second

// until loads the desk until the first process is dead.
func (l *load) until(ctx context.Context, cancel context.CancelFunc, spec string, rng *rand.Rand) {
	dead := make(chan *rig.Process, *rig.Servers)
	for _, p := range l.d.Processes() {
		go func() { <-p.Ended(); dead <- p }() // all are killed in the end
	}
	done := make(chan struct{})
	go func() { l.run(ctx, rng.Uint64()); close(done) }()
	select {
	case victim := <-dead:
		if !strings.Contains(victim.Said(), "killed at ") {
			l.t.Errorf("it did not die at %s:\n%s", spec, victim.Said())
		}
	case <-time.After(pointWithin):
		l.t.Errorf("%s was not reached within %s", spec, pointWithin)
	}
	l.killSome(rng)
	cancel()
	<-done
	l.d.Kill()
}

// killSome kills one process or all, and lets the others go on for a while.
func (l *load) killSome(rng *rand.Rand) {
	all := l.d.Processes()
	if len(all) == 1 || rng.IntN(2) == 0 {
		l.d.Kill()
		return
	}
	all[rng.IntN(len(all))].Kill()
	l.after(time.Duration(rng.IntN(500)) * time.Millisecond)
}

// after waits: how long a desk is let be is what the rounds try out.
func (l *load) after(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.t.Context().Done():
	}
}
