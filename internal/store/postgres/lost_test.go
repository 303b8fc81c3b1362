package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
	"github.com/docket-desk/docket/internal/tenant"
)

// sql is a connection of a test's own to a store's database.
func sql(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func execute(t testing.TB, c *pgx.Conn, text string, args ...any) {
	t.Helper()
	if _, err := c.Exec(context.Background(), text, args...); err != nil {
		t.Fatal(err)
	}
}

// ask reads one value.
func ask[T any](t testing.TB, c *pgx.Conn, text string, args ...any) (v T) {
	t.Helper()
	if err := c.QueryRow(context.Background(), text, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// until looks again and again until something is so.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !is() {
		select {
		case <-late:
			t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}

// waiting waits until a backend of that name waits for a lock.
func waiting(t testing.TB, c *pgx.Conn, name string) {
	t.Helper()
	until(t, name+" waits for a lock", func() bool {
		return ask[bool](t, c, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND datname = current_database())", name)
	})
}

func anOrder(i id.ID) order.Order {
	return order.Order{ID: i, Type: order.Create, State: order.Executing, Customer: 1, Project: 2, User: 3, Provider: 4, Offering: 5, Resource: i, Currency: "USD"}
}

func aResource(i id.ID) order.Resource {
	return order.Resource{ID: i, Customer: 1, Project: 2, User: 3, Provider: 4, Offering: 5, State: order.OK, OpenOrder: i}
}

func update(t testing.TB, s *Store, on core.Touch, fn func(tx core.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), on, fn); err != nil {
		t.Fatal(err)
	}
}

func place(i id.ID) func(tx core.Tx) error {
	return func(tx core.Tx) error {
		return errors.Join(tx.InsertOrder(anOrder(i)), tx.InsertEvent(core.Event{Kind: "order.placed", Subject: i}))
	}
}

// commits finds the commit of a batch, a prepared statement, and that of an act alone, a text.
func commits(sent []byte) bool {
	return bytes.Contains(sent, []byte("\x00commit\x00")) || bytes.Contains(sent, []byte("\x0bCOMMIT\x00"))
}

// However a connection is lost at its commit, the act is done once and answered so.
func TestAnActWhoseCommitIsCutIsDoneOnce(t *testing.T) {
	for name, f := range map[string]fate{"after it": cutAfter, "within it": cutWithin, "at its answer": swallow} {
		for how, on := range map[string]core.Touch{"in a batch": {}, "alone": {Scan: true}} {
			t.Run(name+" "+how, func(t *testing.T) {
				dsn := pgtest.Database(t)
				p, through := newProxy(t, dsn)
				s := openAt(t, through, Options{})
				p.set(once(f, commits))
				update(t, s, on, place(7))
				if p.count(f) != 1 {
					t.Fatalf("%d commits were cut", p.count(f))
				}
				if n := ask[int](t, sql(t, dsn), "SELECT count(*) FROM events"); n != 1 {
					t.Errorf("it was done %d times", n)
				}
			})
		}
	}
}

// A commit's outcome can be found out though every connection for readers is in use.
func TestReadersDoNotKeepAnOutcomeFromBeingFoundOut(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	s := openAt(t, through, Options{Readers: 1})
	err := s.View(t.Context(), func(core.Reader) error {
		p.set(once(cutAfter, commits))
		return s.Update(t.Context(), core.Touch{}, place(7))
	})
	if err != nil {
		t.Error(err)
	}
}

// A reader hears nothing of a server that was away while its connections lay idle.
func TestReadersFindLiveConnectionsWhereAllKeptOnesAreDead(t *testing.T) {
	dsn := pgtest.Database(t)
	s := openAt(t, dsn, Options{Readers: 4})
	fill := func(fn func(core.Reader) error) []error {
		errs := make([]error, 4)
		var all, in sync.WaitGroup
		in.Add(len(errs))
		for n := range errs {
			all.Go(func() {
				errs[n] = s.View(t.Context(), func(r core.Reader) error {
					in.Done()
					in.Wait() // so that each has a connection of its own
					return fn(r)
				})
			})
		}
		all.Wait()
		return errs
	}
	if err := errors.Join(fill(func(core.Reader) error { return nil })...); err != nil {
		t.Fatal(err)
	}
	execute(t, sql(t, dsn), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", readerName)
	for n := range 4 { // at once: whoever looks a second later is told by a ping
		if err := s.View(t.Context(), func(r core.Reader) error { _, err := r.Meta("x"); return err }); err != nil {
			t.Errorf("view %d: %v", n, err)
		}
	}
}

// An act that runs alone does not wait for a server that has vanished without a word.
func TestAnActAloneOutlastsAConnectionThatFallsSilent(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	s := openAt(t, through, Options{plain: true, within: 200 * time.Millisecond})
	runs := 0
	update(t, s, core.Touch{}, func(tx core.Tx) error {
		if runs++; runs == 1 {
			p.set(once(silence, func([]byte) bool { return true }))
		}
		return tx.PutMeta("a", "b")
	})
	p.hangUp() // or closing would wait for it
	if runs != 2 {
		t.Errorf("it ran %d times", runs)
	}
}

// A batch whose every commit is cut is taken apart in the end.
func TestABatchThatCannotBeCommittedIsTakenApart(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	s := openAt(t, through, Options{})
	p.set(func(sent []byte) fate {
		if bytes.Contains(sent, []byte("\x00commit\x00")) {
			return cutAfter
		}
		return pass
	})
	p.linger = func() time.Duration { return time.Minute }
	execute(t, sql(t, dsn), "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$")
	execute(t, sql(t, dsn), "CREATE TRIGGER late AFTER INSERT ON batches FOR EACH ROW WHEN (NEW.done = 1 AND current_setting('application_name') LIKE 'docket writer%') EXECUTE FUNCTION late()")
	update(t, s, core.Touch{}, place(7))
	if n := ask[int](t, sql(t, dsn), "SELECT count(*) FROM events"); n != 1 {
		t.Errorf("it was done %d times", n)
	}
}

// While the database is away nobody waits for it longer than whoever came first.
func TestWhoIsInTheLineIsToldThatTheDatabaseIsAway(t *testing.T) {
	p, through := newProxy(t, pgtest.Database(t))
	s := openAt(t, through, Options{connect: 500 * time.Millisecond})
	update(t, s, core.Touch{}, event)
	p.set(func([]byte) fate { return cutAfter })
	began := time.Now()
	var all sync.WaitGroup
	for range 10 * mostTogether {
		all.Go(func() {
			if err := s.Update(t.Context(), core.Touch{}, event); core.KindOf(err) != core.Unavailable {
				t.Errorf("an act that cannot be done: %v", err)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the last one waited for %v", took)
	}
}

func TestAClosedStoreLeavesNothingBehind(t *testing.T) {
	dsn := pgtest.Database(t)
	c := sql(t, dsn)
	before := runtime.NumGoroutine()
	for n := range 3 {
		p, through := newProxy(t, dsn)
		s := openAt(t, through, Options{})
		for _, on := range ways {
			p.set(once([]fate{cutAfter, cutWithin, swallow}[n], commits))
			update(t, s, on, event)
			if err := s.View(t.Context(), func(r core.Reader) error { _, err := r.Meta("x"); return err }); err != nil {
				t.Error(err)
			}
		}
		s.Close()
		p.listener.Close()
	}
	until(t, "all connections end", func() bool {
		return ask[int](t, c, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'docket%' AND datname = current_database()") == 0
	})
	until(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// A database that is away for a moment is waited for, whichever way an act runs.
func TestActsWaitForADatabaseThatComesBack(t *testing.T) {
	for how, on := range ways {
		t.Run(how, func(t *testing.T) {
			p, through := newProxy(t, pgtest.Database(t))
			s := openAt(t, through, Options{})
			left := 8 // the first words of so many connections are lost
			p.set(func([]byte) fate {
				if left--; left < 0 {
					return pass
				}
				return cutAfter
			})
			update(t, s, on, event)
		})
	}
}

// The next try does not wait for the locks of the last one, whose end the server has not
// heard of.
func TestAnActAloneEndsWhatItLeftBehind(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	p.linger = func() time.Duration { return time.Minute }
	s := openAt(t, through, Options{plain: true})
	update(t, s, core.Touch{}, place(7))
	p.set(once(cutAfter, func(sent []byte) bool { return bytes.Contains(sent, []byte("INTO meta")) }))
	began, runs := time.Now(), 0
	update(t, s, core.Touch{Orders: []id.ID{7}}, func(tx core.Tx) error { runs++; return tx.PutMeta("a", "b") })
	if took := time.Since(began); runs != 2 || took > 3*time.Second {
		t.Errorf("it took %v and ran %d times", took, runs)
	}
}

func TestATransactionThatWaitsForAnAnswerToItsHalfIsEnded(t *testing.T) {
	dsn := pgtest.Database(t)
	p, through := newProxy(t, dsn)
	p.linger = func() time.Duration { return time.Minute } // the server is not told that nobody is there
	s, other := openAt(t, through, Options{}), openAt(t, dsn, Options{})
	update(t, s, core.Touch{}, place(7))
	p.set(once(cutWithin, commits))
	add := func(tx core.Tx) error {
		o, err := tx.Order(7)
		if err != nil {
			return err
		}
		o.Due++
		return tx.UpdateOrder(o)
	}
	on := core.Touch{Orders: []id.ID{7}}
	var both sync.WaitGroup
	began := time.Now()
	both.Go(func() { update(t, s, on, add) })
	both.Go(func() { update(t, other, on, add) })
	both.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("they waited for %v", took)
	}
	if due := ask[int](t, sql(t, dsn), "SELECT due FROM orders WHERE id = 7"); due != 2 {
		t.Errorf("two acts added up to %d", due)
	}
}

// What processes keep in memory is forgotten with the connection: another server may know less.
func TestWhatWasReadFromOneServerIsNotBelievedOfTheNext(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c := openAt(t, dsn, Options{}), sql(t, dsn)
	update(t, s, core.Touch{Scan: true}, func(tx core.Tx) error {
		return tx.PutCustomer(tenant.Customer{ID: 1, Name: "old", Slug: "c", Number: "1", Currency: "USD"})
	})
	name := func(i id.ID) string {
		var got string
		update(t, s, core.Touch{}, func(tx core.Tx) error {
			c, err := tx.Customer(1)
			got = c.Name
			return errors.Join(err, tx.InsertOrder(anOrder(i)))
		})
		return got
	}
	if got := name(7); got != "old" {
		t.Fatal(got)
	}
	// As a standby would that had not heard of all: the same revision, reached otherwise.
	execute(t, c, "UPDATE customers SET name = 'new'")
	execute(t, c, "DELETE FROM order_owners")
	execute(t, c, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()", s.node.named(writerName))
	if got := name(8); got != "new" {
		t.Errorf("the customer's name is %q", got)
	}
	if n := ask[int](t, c, "SELECT count(*) FROM order_owners"); n != 1 {
		t.Errorf("%d rows lead to the owners' orders", n)
	}
}

// A database that was for reading only for a while takes writes again.
func TestWritesGoOnOnceTheDatabaseTakesThemAgain(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c := openAt(t, dsn, Options{}), sql(t, dsn)
	database := ask[string](t, c, "SELECT current_database()")
	for how, on := range map[string]core.Touch{"in a batch": {}, "alone": {Scan: true}} {
		t.Run(how, func(t *testing.T) {
			execute(t, c, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
			execute(t, c, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE 'docket %' AND datname = current_database()")
			event := func(tx core.Tx) error { return tx.InsertEvent(core.Event{Kind: "x"}) }
			if err := s.Update(t.Context(), on, event); core.KindOf(err) != core.Unavailable {
				t.Fatalf("a write to what can only be read: %v", err)
			}
			execute(t, c, "ALTER DATABASE "+database+" RESET default_transaction_read_only")
			update(t, s, on, event)
		})
	}
}

// A row that cannot be read is a matter of whoever reads it.
func TestARowThatCannotBeReadCostsNobodyTheConnection(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c := openAt(t, dsn, Options{}), sql(t, dsn)
	update(t, s, core.Touch{}, place(7))
	execute(t, c, "UPDATE orders SET state = 99")
	pid := "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
	before := ask[int](t, c, pid, s.node.named(writerName))
	err := s.Update(t.Context(), core.Touch{Orders: []id.ID{7}}, func(tx core.Tx) error { _, err := tx.Order(7); return err })
	if err == nil || !strings.Contains(fmt.Sprint(err), "99") {
		t.Errorf("reading it: %v", err)
	}
	if after := ask[int](t, c, pid, s.node.named(writerName)); after != before {
		t.Error("the writer has another connection")
	}
}
