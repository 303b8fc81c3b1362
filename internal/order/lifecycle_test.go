package order

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/ledger"
)

var update = flag.Bool("update", false, "write docs/lifecycle.md anew")

func TestEveryStepIsOneOfKnownStatesActsAndParties(t *testing.T) {
	parties := []Who{Consumer, Creator, Approver, Rejecter, Canceller, Destroyer, Provider, Decliner, Worker, System, Staff}
	type key struct {
		s State
		a Act
	}
	seen := map[key]bool{}
	for _, s := range Lifecycle {
		if s.From != None && !slices.Contains(States(), s.From) || !slices.Contains(Acts(), s.Act) {
			t.Errorf("%q %q is of no known state or act", s.From, s.Act)
		}
		if s.To != Same && s.To != Onward && !slices.Contains(States(), s.To) {
			t.Errorf("%s %s leads to %q", s.From, s.Act, s.To)
		}
		if seen[key{s.From, s.Act}] {
			t.Errorf("%s %s stands twice", s.From, s.Act)
		}
		seen[key{s.From, s.Act}] = true
		for _, w := range s.Who {
			if !slices.Contains(parties, w) {
				t.Errorf("%s %s is for %q", s.From, s.Act, w)
			}
		}
		if _, ok := books[s.Books]; !ok || s.Event == "" {
			t.Errorf("%s %s books %q and tells %q", s.From, s.Act, s.Books, s.Event)
		}
	}
	for _, a := range Acts() {
		if a != Place && len(Possible(a)) == 0 {
			t.Errorf("%s is possible in no state", a)
		}
	}
}

// What is held ends captured or released, once: along every path of the table, however
// it wanders, an end state is reached with nothing held, and never by a step that books
// nothing while something is held.
func TestEveryPathEndsWithNothingHeld(t *testing.T) {
	type place struct {
		at    State
		gates Gates
		held  bool
	}
	seen := map[place]bool{}
	var walk func(p place, trail string)
	walk = func(p place, trail string) {
		if seen[p] {
			return
		}
		seen[p] = true
		if !p.at.Open() && p.held {
			t.Errorf("held in an end state: %s", trail)
		}
		if p.at.Open() && !p.held {
			t.Errorf("nothing held while open: %s", trail)
		}
		for _, s := range Lifecycle {
			if s.From != p.at {
				continue
			}
			next := place{p.at, p.gates, p.held}
			kinds := s.Books.Books()
			switch {
			case slices.Contains(kinds, ledger.Hold):
				if p.held && !slices.Contains(kinds, ledger.Release) {
					t.Errorf("held twice: %s, %s", trail, s.Act)
				}
				next.held = true
			case slices.Contains(kinds, ledger.Release):
				next.held = false
			}
			gate := map[State]Gates{PendingConsumer: ConsumerGate, PendingProject: ProjectGate, PendingProvider: ProviderGate, PendingStartDate: StartGate}[p.at]
			switch s.To {
			case Same:
			case Onward:
				next.gates = p.gates &^ gate
				next.at = next.gates.First()
			default:
				next.at = s.To
			}
			walk(next, trail+" → "+string(s.Act)+" → "+string(next.at))
		}
	}
	for g := Gates(0); g < 16; g++ {
		walk(place{g.First(), g, true}, fmt.Sprintf("placed with gates %04b", g))
	}
	for _, s := range States() {
		if !slices.ContainsFunc(keys(seen), func(p place) bool { return p.at == s }) {
			t.Errorf("no path comes to %s", s)
		}
	}
}

func keys[K comparable, V any](m map[K]V) []K {
	var out []K
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestLinesMoveForwardOnly(t *testing.T) {
	for i, from := range path {
		for j, to := range path {
			if got := MayMove(from, to); got != (j > i) {
				t.Errorf("%s → %s: %v", from, to, got)
			}
		}
		if from != Installed && !MayMove(from, LineErred) {
			t.Errorf("%s cannot err", from)
		}
	}
	for _, end := range []LineState{LineCanceled, Replaced} {
		for _, to := range LineStates() {
			if MayMove(end, to) {
				t.Errorf("%s → %s", end, to)
			}
		}
	}
	if !MayMove(LineErred, Building) || MayMove(LineErred, Installed) {
		t.Error("an erred line is mended by building it, and in no other way")
	}
}

func TestTheResourceFollowsItsOrder(t *testing.T) {
	for _, tt := range []struct {
		typ     Type
		entered State
		now     ResourceState
		known   bool
		want    ResourceState
	}{
		{Create, None, "", false, Creating}, {Create, Executing, Creating, false, Creating}, {Create, Done, Creating, false, OK},
		{Create, Erred, Creating, false, Terminated}, {Create, Erred, Creating, true, ResourceErred}, {Create, Executing, Terminated, false, Creating},
		{Create, Rejected, Creating, false, Terminated}, {Create, Canceled, Creating, false, Terminated},
		{Restore, None, Terminated, true, Creating}, {Restore, Done, Creating, true, OK},
		{Update, None, OK, true, OK}, {Update, Executing, OK, true, Updating}, {Update, Done, Updating, true, OK}, {Update, Erred, Updating, true, ResourceErred},
		{Update, Rejected, OK, true, OK}, {Update, Canceled, OK, true, OK},
		{Terminate, Executing, OK, true, Terminating}, {Terminate, Done, Terminating, true, Terminated}, {Terminate, Erred, Terminating, true, OK},
		{Terminate, Rejected, OK, true, OK}, {Terminate, Canceled, OK, true, OK},
	} {
		if got := Effect(tt.typ, tt.entered, tt.now, tt.known); got != tt.want {
			t.Errorf("%s entering %q with the resource %q (known %v): %q, want %q", tt.typ, tt.entered, tt.now, tt.known, got, tt.want)
		}
	}
}

func TestTheDocumentShowsTheTable(t *testing.T) {
	const file = "../../docs/lifecycle.md"
	want := document()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/lifecycle.md is not what the table says: go test ./internal/order -update")
	}
}

func document() string {
	var b strings.Builder
	b.WriteString(`# The life of an order

Generated from internal/order/lifecycle.go (` + "`go test ./internal/order -update`" + `). Every (state, act) that does not stand here is a conflict, and
the answer names the states in which the act is possible. *onward*: the pending state of the first gate still shut (consumer, project, provider, start),
else executing. *release* stands for: release what is held, and refund what is charged already.

| from | act | who | to | ledger | jobs | event |
| --- | --- | --- | --- | --- | --- | --- |
`)
	word := func(s State) string {
		if s == None {
			return "–"
		}
		return string(s)
	}
	for _, a := range Acts() {
		for _, s := range Lifecycle {
			if s.Act != a {
				continue
			}
			var who []string
			for _, w := range s.Who {
				who = append(who, string(w))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", word(s.From), s.Act, strings.Join(who, ", "), word(s.To), s.Books, s.Jobs, s.Event)
		}
	}
	b.WriteString(`
- **cancel** of an executing order: only while every line is preparing, and only where the offering lets orders be canceled so late.
- **move-line** ends the order when no line is left open: all well, fulfil (full); some, fulfil (partial); none, fail; all canceled, canceled.
- **amend** changes amounts, plan, start and words, as if the order were placed so now; what was consented to is changed by those alone who need no consent. Where amounts, plan and
  start stay, so does the hold.
- **retry** holds anew at the prices promised, counts from today, and may therefore be refused by a limit. It is refused where a later order has overtaken it: a create or restore when
  the resource is in use by now, a change when it has ended, anything when it was unlinked.
- An order that begins to execute is done at once where its offering is instant.
- **fulfil** also puts the resource's job bill where a plan that it begins or leaves charges over time: what an order takes, and what the periods after it come to, is in [billing.md](billing.md).

## What becomes of the resource

| order | placed | executing | done | erred | rejected | canceled |
| --- | --- | --- | --- | --- | --- | --- |
`)
	for _, typ := range Types() {
		fmt.Fprintf(&b, "| %s |", typ)
		for _, s := range []State{None, Executing, Done, Erred, Rejected, Canceled} {
			cell := string(effect[typ][s])
			if s == Erred && (typ == Create || typ == Restore) {
				cell = "erred if the provider's system knows it, else terminated"
			}
			if cell == "" {
				cell = "–"
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	b.WriteString(`
Staff may **unlink a resource** in any state, unless its offering is unavailable: its open order is unlinked; what runs ends by a terminate that is placed and done at once and is hidden, with all that an end does; and the
resource, with what was used of it in the books for good, is out of sight.
`)
	b.WriteString("\n## Lines\n\npreparing → building → shipped → delivered → installing → installed. Forward moves may skip, none goes back; any of them may err, and an erred line\nis mended by building it again. A line of a shipment ends well at installed, any other at delivered.\n")
	return b.String()
}
