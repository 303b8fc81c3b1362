package crash

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// asked is one order as its clients know it.
type asked struct {
	door  rig.Door
	key   string
	many  int
	round int

	outcome rig.Outcome
	id      id.ID
	acked   map[order.State]bool // states that answers told
	tried   map[string]int       // how often each act was asked
}

// act is one act that had no answer.
type act struct {
	on   *asked
	name string
	key  string
	bare bool // no key goes with it
	ask  func(ctx context.Context) (r rig.Result, state string)
}

// book is what the clients know: what was asked and what was answered. It is kept apart
// from the desk, so that the desk can be held to it.
type book struct {
	mu     sync.Mutex
	orders []*asked
	byID   map[id.ID]*asked
	acts   []act // without an answer
	keys   int
}

func newBook() *book { return &book{byID: map[id.ID]*asked{}} }

// key is a new key: short, and a name at every door.
func (b *book) key(prefix string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys++
	return fmt.Sprintf("%s-%06d", prefix, b.keys)
}

// asking notes a placement before it is sent.
func (b *book) asking(door rig.Door, key string, many, round int) *asked {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := &asked{door: door, key: key, many: many, round: round, acked: map[order.State]bool{}, tried: map[string]int{}}
	b.orders = append(b.orders, o)
	return o
}

// answered notes what came of it. It fails where one key has two orders, or one order two keys.
func (b *book) answered(o *asked, r rig.Result) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.Outcome == rig.Unknown:
		return nil
	case o.outcome == rig.Done && (r.Outcome != rig.Done || r.ID != o.id):
		return fmt.Errorf("%s %s was order %d; asked again it is answered %d %s", o.door.Name(), o.key, o.id, r.ID, r)
	case r.Outcome == rig.Done && b.byID[r.ID] != nil && b.byID[r.ID] != o:
		return fmt.Errorf("order %d is answered to %s and to %s", r.ID, b.byID[r.ID].key, o.key)
	}
	o.outcome, o.id = r.Outcome, r.ID
	if r.Outcome == rig.Done {
		b.byID[r.ID] = o
	}
	return nil
}

// acting notes that an act is about to be asked.
func (b *book) acting(o *asked, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.tried[name]++
}

// acted notes an answer's state, or that an act had none.
func (b *book) acted(a act, r rig.Result, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.Outcome == rig.Unknown:
		b.acts = append(b.acts, a)
	case r.Outcome == rig.Done && state != "":
		a.on.acked[order.State(state)] = true
	}
}

// any is one of the orders that are there, mostly a young one.
func (b *book) any(rng *rand.Rand) *asked {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range 20 {
		if len(b.orders) == 0 {
			return nil
		}
		n := len(b.orders) - 1 - rng.IntN(min(len(b.orders), 60))
		if o := b.orders[n]; o.outcome == rig.Done {
			return o
		}
	}
	return nil
}

// unanswered takes what has to be repeated.
func (b *book) unanswered() (orders []*asked, acts []act) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.orders {
		if o.outcome == rig.Unknown {
			orders = append(orders, o)
		}
	}
	acts, b.acts = b.acts, nil
	return orders, acts
}

// later are the states that an order can be in after one, if nothing erred is taken up again.
func later(s order.State) map[order.State]bool {
	out := map[order.State]bool{s: true}
	for grew := true; grew; {
		grew = false
		for _, step := range order.Lifecycle {
			if !out[step.From] || step.Act == order.Retry || step.Act == order.Restart {
				continue
			}
			next := []order.State{step.To}
			if step.To == order.Onward {
				next = []order.State{order.PendingProject, order.PendingProvider, order.PendingStartDate, order.Executing, order.Done}
			}
			for _, to := range next {
				if to != order.Same && !out[to] {
					out[to], grew = true, true
				}
			}
		}
	}
	return out
}

// disagree compares what the desk has with what was answered: a sentence for each thing.
func (b *book) disagree(have []client.Order) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	there := map[id.ID]client.Order{}
	for _, o := range have {
		i, err := id.ParseDecimal(o.ID)
		if err != nil {
			say("An order has the id %q.", o.ID)
			continue
		}
		if _, twice := there[i]; twice {
			say("Order %d is listed twice.", i)
		}
		there[i] = o
		if b.byID[i] == nil {
			say("Order %d (%s, %s, %s) was never answered to anyone: it is nobody's, or somebody's second.", i, o.Door, o.Name, o.State)
		}
	}
	for i, o := range b.byID {
		now, ok := there[i]
		if !ok {
			say("Order %d was answered to %s %s, and is lost.", i, o.door.Name(), o.key)
			continue
		}
		for _, was := range slices.Sorted(maps.Keys(o.acked)) {
			if !later(was)[order.State(now.State)] {
				say("Order %d was answered as %s, and is %s.", i, was, now.State)
			}
		}
	}
	return out
}
