package crash

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/id"
)

// A clock that was wrong is put right, by hand or by the network: an hour back, while the
// desk runs and across its death.
func TestAClockThatIsSetBackLosesAndDoublesNothing(t *testing.T) {
	rig.Needed(t)
	d := rig.New(t, rig.Options{Clocked: true})
	d.Start(t)
	l := &load{t: t, d: d, book: newBook(), doors: rig.Doors(t, d)}
	var highest id.ID
	place := func(when string) {
		t.Helper()
		lowest := id.Max
		for _, door := range l.doors {
			o := l.book.asking(door, l.book.key(door.Name()[:1]), 1, l.round)
			l.hear(o, door.Place(t.Context(), o.key, 1, false))
			if o.id == 0 {
				t.Fatalf("%s, %s takes no order", when, door.Name())
			}
			lowest = min(lowest, o.id)
		}
		if lowest <= highest && *rig.Servers == 1 { // of several, each goes on from its own last one
			t.Errorf("%s, an order is %d: there was one of %d before", when, lowest, highest)
		}
		for _, o := range l.book.orders {
			highest = max(highest, o.id)
			l.hear(o, o.door.Place(t.Context(), o.key, o.many, true)) // whatever the clock says, the same
		}
	}
	place("at first")
	for _, step := range []struct {
		when string
		back func()
	}{
		{"set back while it runs", func() {
			if err := d.Advance(t.Context(), -time.Hour); err != nil {
				t.Fatal(err)
			}
		}},
		{"set back across a kill", func() { d.Kill(); d.SetAhead(d.Ahead() - time.Hour); d.Start(t) }},
		{"set back across a stop", func() { d.Stop(t); d.SetAhead(d.Ahead() - time.Hour); d.Start(t) }},
	} {
		step.back()
		place(step.when)
		if have, err := d.Orders(t.Context(), client.OrderQuery{}); err != nil {
			t.Fatal(err)
		} else if said := l.book.disagree(have); len(said) > 0 {
			t.Errorf("%s: %v", step.when, said)
		}
		d.Verify(t)
	}
	// What was put before the clock was set back is due when it shows that time again.
	if err := d.Advance(t.Context(), 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	l.settle(&tally{})
}
