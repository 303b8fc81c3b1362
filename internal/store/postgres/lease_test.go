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
	s.keepLease(t.Context(), s.node.renewed.Add(leaseFor-renewEvery/2))
	if err := s.node.usable(); core.KindOf(err) != core.Unavailable {
		t.Fatalf("the lease may have ended: %v", err)
	}
	p.set(nil)
	s.keepLease(t.Context(), time.Now().Add(renewEvery))
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

// A batch's row is kept for a day by the database's clock, whatever its process' shows.
func TestABatchIsRememberedThoughItsProcessIsDaysBehind(t *testing.T) {
	dsn := pgtest.Database(t)
	late := openAt(t, dsn, Options{wall: func() time.Time { return time.Now().Add(-2 * batchesFor) }})
	update(t, late, core.Touch{}, event)
	other := openAt(t, dsn, Options{unattended: true})
	other.keepLease(t.Context(), time.Now().Add(renewEvery))
	if n := ask[int](t, sql(t, dsn), "SELECT count(*) FROM batches"); n != 1 {
		t.Errorf("%d rows tell of one batch", n)
	}
}

// Who waits for a lock longer than a batch may last is not ended for another's fault; who
// has one, and is at nothing, is.
func TestWhoeverHoldsALockForTooLongIsEndedAndNotWhoWaitsForIt(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c, stuck := openAt(t, dsn, Options{unattended: true, writer: time.Millisecond}), sql(t, dsn), sql(t, dsn)
	update(t, s, core.Touch{}, event)
	execute(t, stuck, "BEGIN")
	execute(t, stuck, "SELECT pg_advisory_xact_lock($1)", lockDesk)
	var waits sync.WaitGroup
	runs := 0
	writer := "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
	before := ask[int](t, c, writer, s.node.named(writerName))
	waits.Go(func() {
		update(t, s, core.Touch{}, func(tx core.Tx) error { runs++; return event(tx) })
	})
	waiting(t, c, s.node.named(writerName))
	s.reap(t.Context())
	if after := ask[int](t, c, writer, s.node.named(writerName)); after != before {
		t.Error("who waits was ended")
	}
	execute(t, stuck, "SELECT set_config('application_name', $1, false)", writerName+" 200")
	s.reap(t.Context())
	waits.Wait()
	if runs != 1 {
		t.Errorf("it ran %d times", runs)
	}
}

func TestAStoreClosesThoughItsDatabaseIsSilent(t *testing.T) {
	p, through := newProxy(t, pgtest.Database(t))
	s := openAt(t, through, Options{})
	update(t, s, core.Touch{}, event)
	p.set(func([]byte) fate { return silence })
	until(t, "something is asked in vain", func() bool { return p.count(silence) > 0 })
	began := time.Now()
	s.Close()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
