// Package history asks whether the balances of limits are linearizable: whether all that
// many clients were answered, through several doors at once, could have been answered by
// one desk that does one thing after another. Clients note when they asked, what they were
// told and when; a request without an answer stays open to the end. The checker is
// porcupine; what one step may answer is here. A refusal tells limit, used, held and asked,
// so it is checked to the unit like everything else.
package history

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// The limits that are watched, by what a refusal calls them.
var limits = [...]string{"money customer", "money project", "quantity offering"}

// balance is one limit's: what it allows and what counts against it.
type balance struct{ Value, Used, Held int64 }

// phase is where an order is in its life.
type phase byte

const (
	absent phase = iota
	pending
	executing
	done
	erred
	canceled
	rejected
)

func (p phase) String() string {
	return [...]string{"absent", "pending", "executing", "done", "erred", "canceled", "rejected"}[p]
}

// placed is an order as its client asks for it.
type placed struct {
	n      int // its place in the state
	many   int64
	on     [len(limits)]bool // which limits it counts against
	enters phase             // done: it is done, and used, at once
}

// kind is what is asked.
type kind string

const (
	place kind = "place"
	move  kind = "move"
	set   kind = "set"
	look  kind = "look" // what every limit stands at
)

// asked is one request.
type asked struct {
	kind  kind
	order *placed
	from  []phase // of a move: where it is possible
	to    phase
	many  int64 // of a move to done: how much was delivered
	limit int   // of a change of limit
	value int64
}

// told is its answer.
type told struct {
	outcome outcome
	figures map[int]balance // of a refusal, and of a look: by limit
}

type outcome string

const (
	open     outcome = "open" // there was no answer: it may have been done, and may be yet
	yes      outcome = "yes"
	refused  outcome = "refused"  // by limits
	conflict outcome = "conflict" // by the order's state
)

// state is all that the answers rest on. It is a value: porcupine compares states.
type state struct {
	at     [len(limits)]balance
	phases string // a phase a byte, by the orders' places
}

func (s state) phase(o *placed) phase { return phase(s.phases[o.n]) }

func (s state) with(o *placed, p phase) state {
	b := []byte(s.phases)
	b[o.n] = byte(p)
	s.phases = string(b)
	return s
}

// broken are the limits that an order would break.
func (s state) broken(o *placed) map[int]balance {
	out := map[int]balance{}
	for n, b := range s.at {
		if o.on[n] && b.Used+b.Held+o.many > b.Value {
			out[n] = b
		}
	}
	return out
}

func (s state) count(o *placed, used, held int64) state {
	for n := range s.at {
		if o.on[n] {
			s.at[n].Used += used
			s.at[n].Held += held
		}
	}
	return s
}

// step says whether a desk in a state may answer so, and what state it is in then.
func step(s state, q asked, a told) (bool, state) {
	switch q.kind {
	case place:
		return s.place(q.order, a)
	case move:
		return s.move(q, a)
	case set:
		s.at[q.limit].Value = q.value
		return true, s
	case look:
		for n, b := range s.at {
			if a.figures[n] != b {
				return false, s
			}
		}
		return a.outcome == refused, s
	}
	return false, s
}

func (s state) place(o *placed, a told) (bool, state) {
	if s.phase(o) != absent { // asked again under its key
		return a.outcome == yes || a.outcome == open, s
	}
	broken := s.broken(o)
	if a.outcome == refused {
		return len(broken) > 0 && same(broken, a.figures), s
	}
	if len(broken) > 0 {
		return a.outcome == open, s
	}
	if a.outcome == conflict {
		return false, s
	}
	s = s.with(o, o.enters)
	if o.enters == done {
		return true, s.count(o, o.many, 0)
	}
	return true, s.count(o, 0, o.many)
}

func (s state) move(q asked, a told) (bool, state) {
	if !slices.Contains(q.from, s.phase(q.order)) {
		return a.outcome == conflict || a.outcome == open, s
	}
	if a.outcome != yes && a.outcome != open {
		return false, s
	}
	s = s.with(q.order, q.to)
	switch q.to {
	case done:
		s = s.count(q.order, q.many, -q.order.many)
	case erred, canceled, rejected:
		s = s.count(q.order, 0, -q.order.many)
	case absent, pending, executing: // what is held stays held
	}
	return true, s
}

func same(a, b map[int]balance) bool {
	if len(a) != len(b) {
		return false
	}
	for n := range a {
		if a[n] != b[n] {
			return false
		}
	}
	return true
}

var hashing = maphash.MakeSeed()

// model is porcupine's: a desk with these limits and room for so many orders.
func model(at [len(limits)]balance, orders int) porcupine.Model {
	return porcupine.Model{
		Init:              func() any { return state{at, strings.Repeat("\x00", orders)} },
		Step:              func(s, in, out any) (bool, any) { return step(s.(state), in.(asked), out.(told)) },
		Equal:             func(a, b any) bool { return a.(state) == b.(state) },
		Hash:              func(s any) uint64 { return maphash.Comparable(hashing, s.(state)) },
		DescribeOperation: func(in, out any) string { return in.(asked).String() + " → " + out.(told).String() },
		DescribeState:     func(s any) string { return fmt.Sprint(s.(state).at) },
	}
}

func (q asked) String() string {
	switch q.kind {
	case place:
		return fmt.Sprintf("place %d: %d", q.order.n, q.order.many)
	case move:
		return fmt.Sprintf("move %d to %s: %d", q.order.n, q.to, q.many)
	case set:
		return fmt.Sprintf("set %s to %d", limits[q.limit], q.value)
	case look:
	}
	return "look"
}

func (a told) String() string {
	if len(a.figures) == 0 {
		return string(a.outcome)
	}
	return fmt.Sprint(a.outcome, " ", a.figures)
}

// forever is when those return that never did.
const forever = math.MaxInt64

// check looks for an order of all that was done in which every answer is right.
func check(at [len(limits)]balance, orders int, ops []porcupine.Operation, within time.Duration) (porcupine.CheckResult, porcupine.LinearizationInfo) {
	return porcupine.CheckOperationsVerbose(model(at, orders), ops, within)
}
