package history

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// simulated is a desk that does one thing after another, unless a flaw has it do otherwise.
type simulated struct {
	state
	flaw string
	hurt int // how often the flaw made a difference
	rng  *rand.Rand
}

var start = [len(limits)]balance{{Value: 60}, {Value: 50}, {Value: 40}}

// answer does what is asked, as the model says it is done right.
func (d *simulated) answer(q asked) told {
	for _, a := range []told{{outcome: yes}, {outcome: conflict}, {outcome: refused, figures: d.figures(q)}} {
		if ok, next := step(d.state, q, a); ok {
			d.state = next
			return a
		}
	}
	panic("a desk that has no answer to " + q.String())
}

func (d *simulated) figures(q asked) map[int]balance {
	if q.kind == place {
		return d.broken(q.order)
	}
	out := map[int]balance{}
	for n, b := range d.at {
		out[n] = b
	}
	return out
}

// flawed answers some requests as a desk with a flaw would.
func (d *simulated) flawed(q asked) told {
	if d.rng.IntN(2) == 0 {
		return d.answer(q)
	}
	right := *d
	a := right.answer(q)
	switch {
	case d.flaw == "an order above its limit" && q.kind == place && d.phase(q.order) == absent && len(d.broken(q.order)) > 0:
		d.hurt++
		d.state = d.with(q.order, q.order.enters).count(q.order, 0, q.order.many)
		return told{outcome: yes}
	case d.flaw == "a release that is forgotten" && q.kind == move && q.to == canceled && a.outcome == yes:
		d.hurt++
		d.state = right.count(q.order, 0, q.order.many)
		return a
	case d.flaw == "a capture done twice" && q.kind == move && q.to == done && d.phase(q.order) == done:
		d.hurt++
		d.state = d.count(q.order, q.many, 0)
		return told{outcome: yes}
	case d.flaw == "a key that makes two orders" && q.kind == place && d.phase(q.order) != absent && len(d.broken(q.order)) == 0:
		d.hurt++
		d.state = d.count(q.order, 0, q.order.many)
		return told{outcome: yes}
	case d.flaw == "a limit that is not changed" && q.kind == set:
		d.hurt++
		return told{outcome: yes}
	case d.flaw == "room that is refused" && q.kind == place && d.phase(q.order) == absent && len(d.broken(q.order)) == 0:
		d.hurt++
		return told{outcome: refused, figures: map[int]balance{0: d.at[0]}}
	}
	d.state = right.state
	return a
}

var movesTo = map[phase][]phase{executing: {pending}, done: {executing}, canceled: {pending, executing}, erred: {pending, executing}}

// request makes one up.
func request(rng *rand.Rand, orders []*placed) asked {
	o := orders[rng.IntN(len(orders))]
	switch p := rng.IntN(100); {
	case p < 45:
		return asked{kind: place, order: o}
	case p < 80:
		to := slices.Sorted(maps.Keys(movesTo))[rng.IntN(len(movesTo))]
		return asked{kind: move, order: o, from: movesTo[to], to: to, many: 1 + rng.Int64N(o.many)}
	case p < 88:
		return asked{kind: set, limit: rng.IntN(len(limits)), value: 20 + rng.Int64N(80)}
	}
	return asked{kind: look}
}

const simulatedOrders = 60

// simulate lets clients ask a desk: each request is done at some moment between its call
// and its return, and some never return.
func simulate(seed uint64, flaw string, clients, requests int) (ops []porcupine.Operation, hurt int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	d := &simulated{state: state{start, string(make([]byte, simulatedOrders))}, flaw: flaw, rng: rng}
	orders := make([]*placed, simulatedOrders)
	for n := range orders {
		orders[n] = &placed{n: n, many: 1 + rng.Int64N(9), on: [len(limits)]bool{true, n%3 > 0, n%2 > 0}, enters: []phase{pending, executing, executing, done}[n%4]}
	}
	type running struct {
		op   porcupine.Operation
		done bool
	}
	busy := make([]*running, clients)
	var out []porcupine.Operation
	for now := int64(0); len(out) < requests; now++ {
		c := rng.IntN(clients)
		switch r := busy[c]; {
		case r == nil:
			busy[c] = &running{op: porcupine.Operation{ClientId: c, Input: request(rng, orders), Call: now}}
		case !r.done:
			r.op.Output, r.done = d.flawed(r.op.Input.(asked)), true
		default:
			r.op.Return, busy[c] = now, nil
			if q := r.op.Input.(asked); q.kind != look && rng.IntN(200) == 0 { // its answer is lost
				r.op.Return, r.op.Output = forever, told{outcome: open}
			}
			out = append(out, r.op)
		}
	}
	for _, r := range busy {
		if r != nil && r.op.Input.(asked).kind != look {
			r.op.Return, r.op.Output = forever, told{outcome: open}
			out = append(out, r.op)
		}
	}
	return out, d.hurt
}

const checkWithin = time.Minute

func TestWhatADeskDoesOneByOneIsTakenForThat(t *testing.T) {
	for seed := range uint64(20) {
		ops, _ := simulate(seed, "", 15, 400)
		if got, _ := check(start, simulatedOrders, ops, checkWithin); got != porcupine.Ok {
			t.Errorf("seed %d: %s", seed, got)
		}
	}
}

// A checker that cannot fail proves nothing.
func TestEachFlawOfADeskIsSeenInItsHistory(t *testing.T) {
	for _, flaw := range []string{"an order above its limit", "a release that is forgotten", "a capture done twice", "a key that makes two orders", "a limit that is not changed", "room that is refused"} {
		t.Run(flaw, func(t *testing.T) {
			for seed := range uint64(5) {
				ops, hurt := simulate(seed, flaw, 6, 600)
				if hurt == 0 {
					t.Fatalf("seed %d: the flaw made no difference", seed)
				}
				if got, _ := check(start, simulatedOrders, ops, checkWithin); got != porcupine.Illegal {
					t.Errorf("seed %d, where the flaw made a difference %d times: %s", seed, hurt, got)
				}
			}
		})
	}
}

// One figure of one refusal, off by one, is enough.
func TestAHistoryThatIsTamperedWithIsIllegal(t *testing.T) {
	ops, _ := simulate(7, "", 1, 300)
	seen := 0
	for n := range ops {
		a := ops[n].Output.(told)
		if len(a.figures) == 0 {
			continue
		}
		seen++
		if seen%20 > 0 {
			continue
		}
		for l, b := range a.figures {
			tampered := slices.Clone(ops)
			figures := maps.Clone(a.figures)
			b.Held++
			figures[l] = b
			tampered[n].Output = told{outcome: a.outcome, figures: figures}
			if got, _ := check(start, simulatedOrders, tampered, checkWithin); got != porcupine.Illegal {
				t.Errorf("%s with %s off by one: %s", ops[n].Input.(asked), limits[l], got)
			}
		}
	}
	if seen < 40 {
		t.Fatalf("only %d answers have figures", seen)
	}
}

// What was answered before another thing was asked comes before it.
func TestAnAnswerThatIsOlderThanWhatWasKnownIsIllegal(t *testing.T) {
	o := &placed{n: 0, many: 5, on: [len(limits)]bool{true, true, true}, enters: pending}
	before := told{outcome: refused, figures: map[int]balance{0: start[0], 1: start[1], 2: start[2]}}
	placing := porcupine.Operation{Input: asked{kind: place, order: o}, Output: told{outcome: yes}, Call: 1, Return: 2}
	looking := porcupine.Operation{ClientId: 1, Input: asked{kind: look}, Output: before, Call: 3, Return: 4}
	if got, _ := check(start, 1, []porcupine.Operation{placing, looking}, checkWithin); got != porcupine.Illegal {
		t.Errorf("a look after an order that does not see it: %s", got)
	}
	looking.Call = 1
	if got, _ := check(start, 1, []porcupine.Operation{placing, looking}, checkWithin); got != porcupine.Ok {
		t.Errorf("a look beside an order that does not see it yet: %s", got)
	}
}
