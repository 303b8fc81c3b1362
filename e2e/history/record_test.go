package history

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

var (
	histories = flag.Int("histories", 2, "how many histories of each sort are recorded")
	perClient = flag.Int("requests", 100, "of each client in one history")
	seed      = flag.Uint64("seed", 0, "of the histories' chance; 0: another each time, and told")
)

func TestMain(m *testing.M) { rig.Main(m) }

// clients are few enough that a history can be checked: its length matters little, how
// many requests are under way at once matters much.
const clients = 12

// recorder is what clients do and note.
type recorder struct {
	t     *testing.T
	d     *rig.Desk
	doors []rig.Door
	clock atomic.Int64 // one tick an event: no two happen at once
	asked atomic.Int64

	mu     sync.Mutex
	ops    []porcupine.Operation
	orders []*known
	made   int
}

// known is an order that a client was told of.
type known struct {
	placed
	door rig.Door
	key  string
	id   id.ID
}

// insist asks until there is an answer, as a client does that is sent away by a desk that
// dies: under the same key, where the door has keys. To the checker that is one request,
// which was done at one moment between its first call and its last return, or not at all.
// keyed tells that a request which was done is not refused when it is asked again.
func (r *recorder) insist(ctx context.Context, client int, q asked, keyed bool, ask func(again bool) rig.Result) (told, rig.Result) {
	first := r.clock.Add(1)
	for again := false; ; again = true {
		call := r.clock.Add(1)
		res := ask(again)
		a := r.read(q, res)
		switch {
		case a.outcome == yes || !again:
			call = first
		case a.outcome != open && !(keyed && r.alone()): // what had no answer may have been done, and may be yet
			r.note(client, q, first, forever, told{outcome: open})
		}
		if a.outcome != open {
			r.note(client, q, call, r.clock.Add(1), a)
			return a, res
		}
		if !r.served(ctx) {
			r.note(client, q, first, forever, a)
			return a, res
		}
	}
}

// alone reports whether a request cannot be done once the process that it was sent to has
// ended: nobody else works on the database, and the database is no process of its own.
func (r *recorder) alone() bool { return !rig.OnServer() }

// served waits until a process of the desk runs.
func (r *recorder) served(ctx context.Context) bool {
	for r.d.Root() == "" {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

func (r *recorder) note(client int, q asked, call, back int64, a told) {
	if q.kind == look && a.outcome == open {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, porcupine.Operation{ClientId: client, Input: q, Output: a, Call: call, Return: back})
}

// read makes an answer of what a door said: a refusal with figures is the limits', one
// without is about the order's state.
func (r *recorder) read(q asked, res rig.Result) told {
	switch res.Outcome {
	case rig.Unknown:
		return told{outcome: open}
	case rig.Done:
		return told{outcome: yes}
	}
	breaches := rig.Breaches(res.Body)
	if len(breaches) == 0 {
		if q.kind != move {
			r.t.Errorf("%s is answered %s", q, res)
		}
		return told{outcome: conflict}
	}
	out := told{outcome: refused, figures: map[int]balance{}}
	for _, b := range breaches {
		n := -1
		for i, name := range limits {
			if name == b.Measure+" "+b.Scope {
				n = i
			}
		}
		if n < 0 || (q.kind == place && r.units(b.Asked) != q.order.many) {
			r.t.Errorf("%s is refused for %+v", q, b)
			continue
		}
		out.figures[n] = balance{r.units(b.Limit), r.units(b.Used), r.units(b.Held)}
	}
	return out
}

func (r *recorder) units(text string) int64 {
	m, err := money.ParseMicro(text)
	if err != nil || m%money.Unit != 0 {
		r.t.Errorf("%q is no whole number, as all are here: %v", text, err)
	}
	return int64(m / money.Unit)
}

// bench is a door to the offering that nobody approves.
type bench struct{ d *rig.Desk }

func (bench) Name() string { return "native" }

func (b bench) Place(ctx context.Context, key string, n int, _ bool) rig.Result {
	return b.d.Place(ctx, key, client.Placement{Offering: rig.Bench, Name: key, Amounts: map[string]string{rig.Component: strconv.Itoa(n)}})
}

// fresh is an order about to be placed at some door.
func (r *recorder) fresh(rng *rand.Rand) *known {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &known{placed: placed{n: r.made, many: 1 + rng.Int64N(5), on: [len(limits)]bool{true, true, false}, enters: pending}, door: r.doors[rng.IntN(len(r.doors))]}
	o.key = fmt.Sprintf("%s-%06d", o.door.Name()[:1], o.n)
	r.made++
	switch {
	case o.door == rig.Door(bench{r.d}):
		o.enters = executing
	case o.door.Name() == "modelarts":
		o.enters = done
	case o.door.Name() != "outposts":
		o.on[2] = true
	}
	return o
}

// place asks for an order, and now and then for one that it has, again.
func (r *recorder) place(ctx context.Context, client int, rng *rand.Rand) {
	o := r.fresh(rng)
	q := asked{kind: place, order: &o.placed}
	ask := func(again bool) rig.Result { return o.door.Place(ctx, o.key, int(o.many), again) }
	a, res := r.insist(ctx, client, q, true, ask)
	if a.outcome != yes {
		return
	}
	o.id = res.ID
	r.mu.Lock()
	r.orders = append(r.orders, o)
	r.mu.Unlock()
	if rng.IntN(10) > 0 {
		return
	}
	if a, res := r.insist(ctx, client, q, true, func(bool) rig.Result { return ask(true) }); a.outcome == yes && res.ID != o.id {
		r.t.Errorf("%s is order %d and order %d", o.key, o.id, res.ID)
	}
}

// way is a way to move an order.
type way struct {
	doors string // whose orders: n, o, w
	from  []phase
	to    phase
	part  bool
	keyed bool
	do    func(ctx context.Context, r *recorder, o *known, many int64, key string) rig.Result
}

func native(act string, staff bool, body any) func(context.Context, *recorder, *known, int64, string) rig.Result {
	return func(ctx context.Context, r *recorder, o *known, _ int64, key string) rig.Result {
		token := r.d.Keys.Buyer
		if staff {
			token = r.d.Keys.Staff
		}
		res, _ := r.d.Act(ctx, token, o.id, act, key, body)
		return res
	}
}

func waldur(act string) func(context.Context, *recorder, *known, int64, string) rig.Result {
	return func(ctx context.Context, r *recorder, o *known, _ int64, _ string) rig.Result {
		return r.d.ActWaldur(ctx, o.id, act)
	}
}

var ways = []way{
	{"now", []phase{pending}, executing, false, true, native("approve", true, client.Verdict{})},
	{"nw", []phase{pending}, executing, false, false, waldur("approve_by_provider")},
	{"now", []phase{executing}, done, false, true, native("done", true, client.Verdict{})},
	{"nw", []phase{executing}, done, false, false, waldur("set_state_done")},
	{"nw", []phase{executing}, done, true, true, func(ctx context.Context, r *recorder, o *known, many int64, key string) rig.Result {
		res, _ := r.d.Act(ctx, r.d.Keys.Staff, o.id, "ship", key, client.Move{Lines: []int{1}, State: "delivered", Delivered: strconv.FormatInt(many, 10)})
		return res
	}},
	{"now", []phase{pending}, rejected, false, true, native("reject", true, client.Verdict{})},
	{"now", []phase{pending, executing}, erred, false, true, native("fail", true, client.Verdict{Message: "broken"})},
	{"nw", []phase{pending, executing}, canceled, false, true, native("cancel", false, client.Verdict{})},
	{"o", []phase{pending, executing}, canceled, false, true, func(ctx context.Context, r *recorder, o *known, _ int64, key string) rig.Result {
		return r.d.CancelOutposts(ctx, o.id, key)
	}},
}

// move moves one of the orders that were placed last, so that clients get in each other's way.
func (r *recorder) move(ctx context.Context, client int, rng *rand.Rand) {
	r.mu.Lock()
	if len(r.orders) == 0 {
		r.mu.Unlock()
		return
	}
	o := r.orders[len(r.orders)-1-rng.IntN(min(len(r.orders), 8))]
	r.mu.Unlock()
	w := ways[rng.IntN(len(ways))]
	fits := false
	for _, c := range w.doors {
		fits = fits || byte(c) == o.door.Name()[0]
	}
	if !fits {
		return
	}
	q := asked{kind: move, order: &o.placed, from: w.from, to: w.to, many: o.many}
	if w.part {
		q.many = 1 + rng.Int64N(o.many)
	}
	key := fmt.Sprintf("act-%d-%d", client, r.clock.Add(1))
	r.insist(ctx, client, q, w.keyed, func(bool) rig.Result { return w.do(ctx, r, o, q.many, key) })
}

// look asks for more than any limit takes, without placing it: the refusal tells all.
func (r *recorder) look(ctx context.Context, client int) told {
	a, _ := r.insist(ctx, client, asked{kind: look}, true, func(bool) rig.Result { return r.d.Place(ctx, "", hugely) })
	return a
}

var hugely = client.Placement{Offering: rig.Storage, Amounts: map[string]string{rig.Component: "1000000"}, DryRun: true}

// set moves a limit to near what counts against it. Only one client does, so that asking
// for the same again is the same.
func (r *recorder) set(ctx context.Context, who int, rng *rand.Rand) {
	a := r.look(ctx, who)
	if a.outcome != refused {
		return
	}
	n := rng.IntN(len(limits))
	q := asked{kind: set, limit: n, value: max(0, a.figures[n].Used+a.figures[n].Held+rng.Int64N(120)-20)}
	r.insist(ctx, who, q, true, func(bool) rig.Result {
		_, err := r.d.Staff().Apply(ctx, limitTo(n, strconv.FormatInt(q.value, 10)))
		if p, ok := err.(*client.Problem); ok && p.Status < 500 {
			r.t.Errorf("a limit cannot be changed: %v", err)
		}
		if err != nil {
			return rig.Result{Err: err}
		}
		return rig.Result{Outcome: rig.Done}
	})
}

func limitTo(n int, value string) client.World {
	return [...]client.World{
		{Customers: []client.Customer{{Slug: rig.Customer, Limits: []client.Limit{rig.Money(value)}}}},
		{Customers: []client.Customer{{Slug: rig.Customer, Projects: []client.Project{{Slug: rig.Project, Limits: []client.Limit{rig.Money(value)}}}}}},
		{Providers: []client.Provider{{Customer: rig.Provider, Offerings: []client.Offering{{Code: rig.Storage,
			Limits: []client.Limit{{Measure: "quantity", Component: rig.Component, Period: "total", Value: value}}}}}}},
	}[n]
}

// client asks for one thing after another.
func (r *recorder) client(ctx context.Context, n int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	for range *perClient {
		if !r.served(ctx) {
			return
		}
		r.asked.Add(1)
		switch p := rng.IntN(100); {
		case n == 0 && p < 50:
			r.set(ctx, n, rng)
		case p < 45:
			r.place(ctx, n, rng)
		case p < 90:
			r.move(ctx, n, rng)
		default:
			r.look(ctx, n)
		}
	}
}

// record has the clients ask, and kills the desk in between where it shall.
func record(t *testing.T, seed uint64, kills int) (*recorder, [len(limits)]balance) {
	t.Helper()
	at := [len(limits)]balance{{Value: 60}, {Value: 50}, {Value: 40}}
	d := rig.New(t, rig.Options{World: func(w *client.World) {
		for n := range at {
			extend(w, n, strconv.FormatInt(at[n].Value, 10))
		}
	}})
	d.Start(t)
	r := &recorder{t: t, d: d}
	all := rig.Doors(t, d)
	r.doors = []rig.Door{bench{d}}
	for _, name := range []string{"native", "outposts", "modelarts", "waldur"} {
		r.doors = append(r.doors, rig.DoorOf(all, name))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var running sync.WaitGroup
	for n := range clients {
		running.Go(func() { r.client(ctx, n, seed) })
	}
	for k := range kills {
		for r.asked.Load() < int64((k+1)*clients**perClient/(kills+1)) && ctx.Err() == nil {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
		}
		processes := d.Processes()
		processes[k%len(processes)].Kill()
		d.Start(t)
	}
	running.Wait()
	if ctx.Err() != nil {
		t.Fatal("the clients are not answered in time")
	}
	d.Verify(t)
	return r, at
}

// extend puts a limit into the world.
func extend(w *client.World, n int, value string) {
	one := limitTo(n, value)
	for _, c := range one.Customers {
		if len(c.Projects) > 0 {
			w.Customers[0].Projects[0].Limits = c.Projects[0].Limits
			continue
		}
		w.Customers[0].Limits = c.Limits
	}
	for _, p := range one.Providers {
		for i := range w.Providers {
			for o := range w.Providers[i].Offerings {
				if w.Providers[i].Customer == p.Customer && w.Providers[i].Offerings[o].Code == rig.Storage {
					w.Providers[i].Offerings[o].Limits = p.Offerings[0].Limits
				}
			}
		}
	}
}

// historyWithin bounds the search for an order in which every answer is right.
const historyWithin = 2 * time.Minute

func TestEveryBalanceIsLinearizable(t *testing.T) {
	rig.Needed(t)
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	for name, kills := range map[string]int{"undisturbed": 0, "killed and started again": 2} {
		t.Run(name, func(t *testing.T) {
			for n := range *histories {
				r, at := record(t, *seed+uint64(n), kills)
				began := time.Now()
				got, info := check(at, r.made, r.ops, historyWithin)
				t.Logf("%s, -seed %d: %s; %s after %s", r.d, *seed+uint64(n), r.tally(), got, time.Since(began).Round(time.Millisecond))
				if got != porcupine.Ok {
					file := filepath.Join(os.TempDir(), fmt.Sprintf("docket-history-%d.html", *seed))
					if err := porcupine.VisualizePath(model(at, r.made), info, file); err != nil {
						t.Error(err)
					}
					t.Fatalf("the history is %s: %s shows it", got, file)
				}
			}
		})
	}
}

// tally counts answers, and fails where there is too little to be seen.
func (r *recorder) tally() string {
	count := map[string]int{}
	for _, op := range r.ops {
		count[string(op.Input.(asked).kind)+" "+string(op.Output.(told).outcome)]++
	}
	for _, k := range []string{"place yes", "place refused", "move yes", "move conflict", "set yes", "look refused"} {
		if count[k] < 10 {
			r.t.Errorf("only %d times %s: the history shows too little", count[k], k)
		}
	}
	return fmt.Sprintf("%d operations %v", len(r.ops), count)
}
