package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/limit"
)

// name reads the name of customer 1 in a view of its own.
func name(t *testing.T, s core.Store) string {
	t.Helper()
	var got string
	view(t, s, func(r core.Reader) error {
		c, err := r.Customer(1)
		got = c.Name
		return err
	})
	return got
}

// rename puts another name for customer 1, whatever its rev.
func rename(tx core.Tx, name string) error {
	c, err := tx.Customer(1)
	if err != nil {
		return err
	}
	c.Name = name
	return tx.PutCustomer(c)
}

// atOnce runs fn n times at once and waits.
func atOnce(n int, fn func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

func oneWins(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
	const writers = 16
	ended := make([]error, writers)
	atOnce(writers, func(i int) {
		ended[i] = tryUpdate(s, func(tx core.Tx) error {
			c := customer(1)
			c.Rev = 1
			return tx.PutCustomer(c)
		})
	})
	won := 0
	for _, err := range ended {
		if err == nil {
			won++
			continue
		}
		wantConflict(t, err, core.ReasonStale)
	}
	if won != 1 {
		t.Errorf("%d of %d writers of one revision won", won, writers)
	}
}

func increments(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.InsertOrder(anOrder(1)) })
	const writers, each = 8, 10
	atOnce(writers, func(int) {
		for range each {
			if err := tryUpdate(s, func(tx core.Tx) error {
				o, err := tx.Order(1)
				if err != nil {
					return err
				}
				o.Due++
				return errors.Join(tx.UpdateOrder(o), tx.AddBalance(limit.Balance{Key: limit.Key{Limit: 1}, Held: 1}))
			}); err != nil {
				t.Error(err)
			}
		}
	})
	view(t, s, func(r core.Reader) error {
		o, err := r.Order(1)
		b, err2 := r.Balance(limit.Key{Limit: 1})
		if o.Due != writers*each || o.Rev != writers*each+1 || b.Held != writers*each {
			t.Errorf("due %d, rev %d, held %d after %d increments", o.Due, o.Rev, b.Held, writers*each)
		}
		return errors.Join(err, err2)
	})
}

func snapshot(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
	hasRead, committed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(committed)
		<-hasRead
		if err := tryUpdate(s, func(tx core.Tx) error { return errors.Join(rename(tx, "new"), tx.PutCustomer(customer(2))) }); err != nil {
			t.Error(err)
		}
	}()
	view(t, s, func(r core.Reader) error {
		before, err := r.Customer(1)
		close(hasRead)
		<-committed
		after, err2 := r.Customer(1)
		if before.Name != after.Name {
			t.Errorf("read %q, then %q in one view", before.Name, after.Name)
		}
		_, err3 := r.Customer(2)
		wantNotFound(t, err3)
		return errors.Join(err, err2)
	})
	if got := name(t, s); got != "new" {
		t.Errorf("the next view reads %q", got)
	}
}

func readersDoNotWait(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
	update(t, s, func(tx core.Tx) error {
		if err := rename(tx, "new"); err != nil {
			return err
		}
		if got := name(t, s); got != "customer 1" { // while the writer is in the middle
			t.Errorf("a view reads %q, which is not committed", got)
		}
		return nil
	})
	if got := name(t, s); got != "new" {
		t.Errorf("after the commit a view reads %q", got)
	}
}

func droppedBeforeTurn(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
	ctx, cancel := context.WithCancel(context.Background())
	ran := false
	update(t, s, func(tx core.Tx) error {
		waits := make(chan error)
		go func() {
			waits <- s.Update(ctx, core.Touch{}, func(core.Tx) error { ran = true; return nil })
		}()
		cancel()
		if err := <-waits; !errors.Is(err, context.Canceled) { // before this one is over
			t.Errorf("the waiting update returned %v", err)
		}
		return rename(tx, "new")
	})
	if err := s.Update(ctx, core.Touch{}, func(core.Tx) error { ran = true; return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("an update of an ended context returned %v", err)
	}
	if ran {
		t.Error("an update ran though its context had ended before its turn")
	}
	if got := name(t, s); got != "new" {
		t.Errorf("the other update left %q", got)
	}
}

func endedView(t *testing.T, s core.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.View(ctx, func(core.Reader) error { t.Error("fn ran"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("view of an ended context returned %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	err = s.View(ctx, func(r core.Reader) error {
		cancel()
		_, err := r.Customers(core.CustomerQuery{})
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a read after the context ended returned %v", err)
	}
	view(t, s, func(r core.Reader) error { _, err := r.Customers(core.CustomerQuery{}); return err })
}

func standsThoughEnded(t *testing.T, s core.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	err := s.Update(ctx, core.Touch{}, func(tx core.Tx) error {
		cancel()
		if _, err := tx.Customers(core.CustomerQuery{}); err != nil {
			return err
		}
		return tx.PutCustomer(customer(1))
	})
	if err != nil {
		t.Fatalf("update returned %v", err)
	}
	if got := name(t, s); got != "customer 1" {
		t.Errorf("left is %q", got)
	}
}

func eventsWithoutGaps(t *testing.T, s core.Store) {
	const writers, each = 8, 12
	atOnce(writers, func(w int) {
		for i := range each {
			err := tryUpdate(s, func(tx core.Tx) error {
				if err := errors.Join(tx.InsertEvent(core.Event{Kind: "a", At: began}), tx.InsertEvent(core.Event{Kind: "b", At: began})); err != nil {
					return err
				}
				if (w+i)%3 == 0 {
					return errRefused // its positions are not used up
				}
				return nil
			})
			if err != nil && !errors.Is(err, errRefused) {
				t.Error(err)
			}
		}
	})
	view(t, s, func(r core.Reader) error {
		events, err := r.Events(core.EventQuery{Limit: 1000})
		if len(events) != writers*each/3*2*2 {
			t.Errorf("%d events are there", len(events))
		}
		for i, e := range events {
			if want := []string{"a", "b"}[i%2]; e.Pos != int64(i+1) || e.Kind != want {
				t.Fatalf("event %d has position %d, kind %s", i+1, e.Pos, e.Kind)
			}
		}
		return err
	})
}
