package core_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

func (d *desk) keyed(key, body string) core.Placement {
	p := d.ask("rack", map[string]money.Micro{"small": units(1)})
	p.Idem = &core.IdemKey{Key: key, Body: []byte(body), Window: 24 * time.Hour}
	return p
}

func TestAKeyIsFoundOnTheOtherSideOfMidnight(t *testing.T) {
	for name, step := range map[string]time.Duration{"the next day": 2 * time.Second, "the day before, by a clock that is late": -2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			at := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
			if step < 0 {
				at = at.Add(time.Second)
			}
			d.clock.ahead(at.Sub(d.clock.now()))
			first := must(d.PlaceOrder(ctx, d.owner, d.keyed("k", "a")))(t)
			d.clock.ahead(step)
			again := must(d.PlaceOrder(ctx, d.owner, d.keyed("k", "a")))(t)
			if day.Of(at) == day.Of(d.clock.now()) || again.Order.ID != first.Order.ID || !again.Repeated {
				t.Errorf("at %s the repeat made order %s, not %s", d.clock.now(), again.Order.ID, first.Order.ID)
			}
		})
	}
}

func TestOfManyAtOnceWithOneKeyOneIsPlacedAndAllGetIt(t *testing.T) {
	d := newDesk(t)
	var all sync.WaitGroup
	got := make([]id.ID, 16)
	for n := range got {
		all.Go(func() {
			p, err := d.PlaceOrder(ctx, d.owner, d.keyed("k", "a"))
			if err != nil {
				t.Error(err)
			}
			got[n] = p.Order.ID
		})
	}
	all.Wait()
	for _, i := range got {
		if i != got[0] {
			t.Errorf("the answers are %v", got)
			break
		}
	}
	if n := d.count(t); n != 1 {
		t.Errorf("%d orders were placed", n)
	}
}

func TestARefusalIsNotRemembered(t *testing.T) {
	d := newDesk(t)
	p := d.keyed("k", "a")
	p.Asks[0].Quantity = units(1000)
	if _, err := d.PlaceOrder(ctx, d.owner, p); core.KindOf(err) != core.LimitExceeded {
		t.Fatalf("got %v", err)
	}
	p.Asks[0].Quantity = units(1)
	p.Idem.Body = []byte("b")
	if placed := must(d.PlaceOrder(ctx, d.owner, p))(t); placed.Repeated {
		t.Error("what was refused was remembered")
	}
}

func TestRequestsOfDaysGoneByAreForgotten(t *testing.T) {
	d := newDesk(t)
	remembered := func() (n int) {
		t.Helper()
		if err := d.store.View(ctx, func(r core.Reader) error {
			list, _, err := r.AllIdem("", 10_000)
			n = len(list)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := d.store.Update(ctx, core.Touch{}, func(tx core.Tx) error {
		for n := range 2500 {
			var hash [16]byte
			copy(hash[:], fmt.Sprint(n))
			if err := tx.PutIdem(core.Idem{Day: day.Of(d.clock.now()), Hash: hash, About: 1, At: d.clock.now()}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for passed, want := range []int{2500, 2500, 2500, 1} {
		for more := true; more; {
			more = must(d.Tick(ctx))(t) > 0
		}
		if n := remembered(); n != want {
			t.Errorf("after %d days %d requests are remembered, want %d", passed, n, want)
		}
		if passed == 2 {
			must(d.PlaceOrder(ctx, d.owner, d.keyed("late", "a")))(t)
			d.clock.ahead(24 * time.Hour)
			continue
		}
		d.clock.ahead(24 * time.Hour)
	}
}
