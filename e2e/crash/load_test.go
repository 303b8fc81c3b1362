package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/order"
)

// load is what goes through the doors while a desk is broken.
type load struct {
	t     testing.TB
	d     *rig.Desk
	doors []rig.Door
	book  *book
	round int

	limit limitKnown
}

// workers are how many clients there are. One of them changes limits.
const workers = 12

// startLater places orders that wait for a day: the desk's own jobs begin them.
type startLater struct {
	d  *rig.Desk
	on string
}

func (startLater) Name() string { return "native" }

func (s startLater) Place(ctx context.Context, key string, n int, _ bool) rig.Result {
	return s.d.Place(ctx, key, client.Placement{Offering: rig.Bench, Name: key, Amounts: map[string]string{rig.Component: fmt.Sprint(n)}, StartsOn: s.on})
}

// run asks until ctx ends or no process is left.
func (l *load) run(ctx context.Context, seed uint64) {
	doors := append([]rig.Door{startLater{l.d, time.Now().Add(l.d.Ahead()).UTC().AddDate(0, 0, 1).Format(time.DateOnly)}}, l.doors...)
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(n)))
			for i := 0; ctx.Err() == nil && l.d.Root() != ""; i++ {
				if n == 0 && i%4 == 0 {
					l.changeLimit(ctx)
					continue
				}
				l.one(ctx, rng, doors)
			}
		})
	}
	all.Wait()
}

// one asks for one thing.
func (l *load) one(ctx context.Context, rng *rand.Rand, doors []rig.Door) {
	switch p := rng.IntN(100); {
	case p < 45:
		l.place(ctx, doors[rng.IntN(len(doors))], 1+rng.IntN(5))
	case p < 90:
		if o := l.book.any(rng); o != nil {
			l.act(ctx, rng, o)
		}
	case p < 97:
		if o := l.book.any(rng); o != nil && o.round == l.round {
			l.hear(o, o.door.Place(ctx, o.key, o.many, true)) // a client that forgot the answer
		}
	default:
		if o := l.book.any(rng); o != nil {
			_, err := l.d.Staff().Order(ctx, o.id.Decimal())
			if p, ok := err.(*client.Problem); ok && p.Status < 500 {
				l.t.Errorf("order %d was answered to %s %s, and is read as %v", o.id, o.door.Name(), o.key, err)
			}
		}
	}
}

func (l *load) hear(o *asked, r rig.Result) {
	if err := l.book.answered(o, r); err != nil {
		l.t.Error(err)
	}
}

func (l *load) place(ctx context.Context, door rig.Door, many int) {
	o := l.book.asking(door, l.book.key(door.Name()[:1]), many, l.round)
	r := door.Place(ctx, o.key, many, false)
	if l.hear(o, r); r.Outcome == rig.Unknown { // a client that gets no answer does not hurry
		l.after(50 * time.Millisecond)
	}
}

// deed is a way to do an act.
type deed struct {
	name  string      // for those that end an order, the state that they end it in
	doors string      // whose orders it fits: n, o, w
	state order.State // what a yes means, where the answer does not say
	do    func(ctx context.Context, d *rig.Desk, o *asked, key string) (rig.Result, string)
	bare  bool // the wire has no key: a repeat is a request of its own
}

func native(act string, staff bool, body any) func(context.Context, *rig.Desk, *asked, string) (rig.Result, string) {
	return func(ctx context.Context, d *rig.Desk, o *asked, key string) (rig.Result, string) {
		token := d.Keys.Buyer
		if staff {
			token = d.Keys.Staff
		}
		return d.Act(ctx, token, o.id, act, key, body)
	}
}

func atWaldur(act string) func(context.Context, *rig.Desk, *asked, string) (rig.Result, string) {
	return func(ctx context.Context, d *rig.Desk, o *asked, _ string) (rig.Result, string) {
		return d.ActWaldur(ctx, o.id, act), ""
	}
}

var deeds = []deed{
	{"approve", "now", "", native("approve", true, client.Verdict{}), false},
	{"approve", "now", "", native("approve", true, client.Verdict{}), false},
	{"approve", "nw", order.Executing, atWaldur("approve_by_provider"), true},
	{"done", "now", "", native("done", true, client.Verdict{}), false},
	{"done", "nw", order.Done, atWaldur("set_state_done"), true},
	{"done", "nw", "", native("ship", true, client.Move{Lines: []int{1}, State: "delivered", Delivered: "1"}), false},
	{"building", "o", "", native("ship", true, client.Move{Lines: []int{1}, State: "building"}), false},
	{"done", "o", "", native("ship", true, client.Move{Lines: []int{1}, State: "installed"}), false},
	{"rejected", "now", "", native("reject", true, client.Verdict{Message: "no"}), false},
	{"erred", "now", "", native("fail", true, client.Verdict{Message: "broken"}), false},
	{"canceled", "nw", "", native("cancel", false, client.Verdict{}), false},
	{"canceled", "o", order.Canceled, func(ctx context.Context, d *rig.Desk, o *asked, key string) (rig.Result, string) {
		return d.CancelOutposts(ctx, o.id, key), ""
	}, false},
}

// act does something to an order that may fit or be refused.
func (l *load) act(ctx context.Context, rng *rand.Rand, o *asked) {
	how := deeds[rng.IntN(len(deeds))]
	if !contains(how.doors, o.door.Name()[0]) { // imagery and pools look after themselves
		return
	}
	a := act{on: o, name: how.name, key: l.book.key("act"), bare: how.bare}
	a.ask = func(ctx context.Context) (rig.Result, string) {
		r, state := how.do(ctx, l.d, o, a.key)
		if r.Outcome == rig.Done && state == "" {
			state = string(how.state)
		}
		return r, state
	}
	l.book.acting(o, a.name)
	r, state := a.ask(ctx)
	l.book.acted(a, r, state)
}

func contains(doors string, first byte) bool {
	for n := range len(doors) {
		if doors[n] == first {
			return true
		}
	}
	return false
}

// limitKnown is what the one client that changes the limit knows of it.
type limitKnown struct {
	n     int
	stood string   // answered last
	may   []string // unanswered since
}

func (l *load) changeLimit(ctx context.Context) {
	if l.limit.n++; l.limit.stood == "" {
		l.limit.stood = rig.FirstLimit
	}
	value := fmt.Sprint(1_000_000_000 + l.limit.n)
	_, err := l.d.Staff().Apply(ctx, client.World{Customers: []client.Customer{{Slug: rig.Customer, Limits: []client.Limit{rig.Money(value)}}}})
	if err != nil {
		l.limit.may = append(l.limit.may, value)
		return
	}
	l.limit.stood, l.limit.may = value, nil
}

// checkLimit asks which value stands, by what a refusal says of it.
func (l *load) checkLimit(ctx context.Context) error {
	r := l.d.Place(ctx, "", client.Placement{Offering: rig.Bench, Amounts: map[string]string{rig.Component: "2000000000"}, DryRun: true})
	told := rig.Breaches(r.Body)
	if len(told) != 1 {
		return fmt.Errorf("what no limit takes is answered %s", r)
	}
	for _, value := range append(l.limit.may, l.limit.stood) {
		if value == told[0].Limit {
			l.limit.stood, l.limit.may = value, nil
			return nil
		}
	}
	return fmt.Errorf("the limit is %s; answered was %q, and without an answer are %v", told[0].Limit, l.limit.stood, l.limit.may)
}
