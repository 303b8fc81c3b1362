package postgres

import (
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

var ways = map[string]core.Touch{"in a batch": {}, "alone": {Scan: true}}

func event(tx core.Tx) error { return tx.InsertEvent(core.Event{Kind: "x"}) }

// Who stood still for so long that another took the number does not write under it once
// more before hearing of it.
func TestAProcessWhoseNumberWasTakenWritesNoMore(t *testing.T) {
	for how, on := range ways {
		t.Run(how, func(t *testing.T) {
			dsn := pgtest.Database(t)
			s, c := openAt(t, dsn, Options{}), sql(t, dsn)
			update(t, s, on, event)
			execute(t, c, "UPDATE nodes SET holder = 'another' WHERE number = $1", s.node.number)
			for range 2 {
				if err := s.Update(t.Context(), on, event); core.KindOf(err) != core.Unavailable {
					t.Errorf("a write under another's number: %v", err)
				}
			}
			if n := ask[int](t, c, "SELECT count(*) FROM events"); n != 1 {
				t.Errorf("%d events", n)
			}
			if err := s.View(t.Context(), func(r core.Reader) error { _, err := r.Meta("x"); return err }); err != nil {
				t.Errorf("it may still read: %v", err)
			}
		})
	}
}

// A database that is away for longer than a lease does not end the processes before it.
func TestAProcessGoesOnUnderItsNumberOnceTheDatabaseIsBack(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	s := openAt(t, through, Options{unattended: true})
	update(t, s, core.Touch{}, event)
	p.set(func([]byte) fate { return cutAfter })
	s.keepLease(s.node.renewed.Add(leaseFor - renewEvery/2))
	if err := s.node.usable(); core.KindOf(err) != core.Unavailable {
		t.Fatalf("the lease may have ended: %v", err)
	}
	p.set(nil)
	s.keepLease(time.Now().Add(renewEvery))
	if err := s.node.usable(); err != nil {
		t.Errorf("nobody has taken the number: %v", err)
	}
}

// The number goes to the next process when the last act of this one is over.
func TestANumberIsGivenBackWhenNothingIsWrittenUnderItAnyMore(t *testing.T) {
	dsn := pgtest.Database(t)
	s := openAt(t, dsn, Options{})
	var both sync.WaitGroup
	both.Go(func() {
		err := s.Update(t.Context(), core.Touch{Scan: true}, func(tx core.Tx) error {
			both.Go(func() { s.Close() })
			<-s.closed
			c := sql(t, dsn)
			for range 50 {
				if ask[bool](t, c, "SELECT until = 0 FROM nodes WHERE number = $1", s.node.number) {
					t.Error("the number was given back while an act was under way")
					break
				}
			}
			return event(tx)
		})
		if err != nil {
			t.Errorf("an act that had begun: %v", err)
		}
	})
	both.Wait()
	if !ask[bool](t, sql(t, dsn), "SELECT until = 0 FROM nodes WHERE number = $1", s.node.number) {
		t.Error("the number was not given back")
	}
}
