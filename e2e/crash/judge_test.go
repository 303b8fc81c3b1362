package crash

import (
	"context"
	"strings"
	"testing"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

type noDoor struct{}

func (noDoor) Name() string                                        { return "door" }
func (noDoor) Place(context.Context, string, int, bool) rig.Result { return rig.Result{} }

func done(i id.ID) rig.Result { return rig.Result{Outcome: rig.Done, ID: i, Status: 200} }

// The judge has to see what it is there for.
func TestTheBookSeesWhatIsLostDoubledOrUndone(t *testing.T) {
	b := newBook()
	one, two := b.asking(noDoor{}, "one", 1, 0), b.asking(noDoor{}, "two", 1, 0)
	for _, err := range []error{b.answered(one, done(1)), b.answered(two, done(2))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.acted(act{on: two, name: "done"}, done(2), "done")
	whole := []client.Order{{ID: "1", State: "executing"}, {ID: "2", State: "done"}}
	if said := b.disagree(whole); len(said) > 0 {
		t.Errorf("of a desk that kept its word it says %v", said)
	}
	for name, tt := range map[string]struct {
		have []client.Order
		want string
	}{
		"lost":    {whole[1:], "is lost"},
		"doubled": {append(whole, client.Order{ID: "3", State: "executing"}), "somebody's second"},
		"undone":  {[]client.Order{whole[0], {ID: "2", State: "executing"}}, "was answered as done, and is executing"},
		"twice":   {append(whole, whole[0]), "listed twice"},
	} {
		t.Run(name, func(t *testing.T) {
			if said := b.disagree(tt.have); len(said) != 1 || !strings.Contains(said[0], tt.want) {
				t.Errorf("it says %v, want %q", said, tt.want)
			}
		})
	}
}

func TestTheBookSeesTwoOrdersOfOneKeyAndTwoKeysOfOneOrder(t *testing.T) {
	b := newBook()
	one, two := b.asking(noDoor{}, "one", 1, 0), b.asking(noDoor{}, "two", 1, 0)
	if err := b.answered(one, rig.Result{}); err != nil {
		t.Errorf("without an answer: %v", err)
	}
	if err := b.answered(one, done(1)); err != nil {
		t.Fatal(err)
	}
	if err := b.answered(one, done(2)); err == nil {
		t.Error("one key has two orders")
	}
	if err := b.answered(one, rig.Result{Outcome: rig.Refused, Status: 400}); err == nil {
		t.Error("an order that was answered is refused on repeat")
	}
	if err := b.answered(two, done(1)); err == nil {
		t.Error("one order has two keys")
	}
}

func TestLaterStatesAreThoseOfTheLifecycle(t *testing.T) {
	for from, want := range map[order.State]string{
		order.Done: "done", order.Executing: "canceled done erred executing", order.Erred: "erred",
		order.PendingProvider: "canceled done erred executing pending-project pending-provider pending-start-date rejected",
	} {
		var got []string
		for _, s := range order.States() {
			if later(from)[s] {
				got = append(got, string(s))
			}
		}
		if !sameWords(got, strings.Fields(want)) {
			t.Errorf("after %s come %v, want %s", from, got, want)
		}
	}
}

func sameWords(a, b []string) bool {
	seen := map[string]int{}
	for _, w := range a {
		seen[w]++
	}
	for _, w := range b {
		seen[w]--
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}
