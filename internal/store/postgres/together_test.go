package postgres

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
	"github.com/docket-desk/docket/internal/tenant"
)

// pile lets acts gather in the line while the writer is at another, lets them go, in one
// batch, and returns how each ended.
func pile(t *testing.T, s *Store, acts ...func(tx core.Tx) error) []error {
	t.Helper()
	ended := make([]error, len(acts))
	var all sync.WaitGroup
	update(t, s, core.Touch{}, func(core.Tx) error {
		for n, act := range acts {
			all.Go(func() { ended[n] = s.Update(t.Context(), core.Touch{}, act) })
			until(t, "it is in the line", func() bool { return s.line.Waiting() == n+1 })
		}
		return nil
	})
	all.Wait()
	return ended
}

// A job of what is no order and no resource has no row to be locked but its own.
func TestOneOfTwoProcessesClaimsAJob(t *testing.T) {
	dsn := pgtest.Database(t)
	one, two, c := openAt(t, dsn, Options{}), openAt(t, dsn, Options{}), sql(t, dsn)
	update(t, one, core.Touch{Scan: true}, func(tx core.Tx) error { return tx.PutJob(core.Job{Subject: 9, Kind: "end-project"}) })
	on := core.Touch{Projects: []id.ID{9}}
	var claims atomic.Int64
	claim := func(between func()) func(core.Tx) error {
		return func(tx core.Tx) error {
			j, err := tx.Job(9, "end-project")
			if err != nil {
				return err
			}
			if j.Attempt > 0 {
				return nil
			}
			between()
			j.Attempt++
			claims.Add(1)
			return tx.PutJob(j)
		}
	}
	var both sync.WaitGroup
	var ended atomic.Bool
	update(t, one, on, claim(func() {
		both.Go(func() { update(t, two, on, claim(func() {})); ended.Store(true) })
		until(t, "the other waits, or has it too", func() bool {
			return ended.Load() || ask[bool](t, c, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock')", two.node.named(writerName))
		})
	}))
	both.Wait()
	if n := claims.Load(); n != 1 {
		t.Errorf("%d claimed it", n)
	}
}

// ownedBy inserts orders of these users.
func ownedBy(runs *atomic.Int64, first id.ID, users ...id.ID) func(core.Tx) error {
	return func(tx core.Tx) error {
		runs.Add(1)
		var errs []error
		for n, u := range users {
			o := anOrder(first + id.ID(n))
			o.User = u
			errs = append(errs, tx.InsertOrder(o))
		}
		return errors.Join(errs...)
	}
}

func TestTwoProcessesThatMeetTheSameOwnersDoNotDeadlock(t *testing.T) {
	dsn := pgtest.Database(t)
	one, two, c, between := openAt(t, dsn, Options{}), openAt(t, dsn, Options{}), sql(t, dsn), sql(t, dsn)
	execute(t, between, "BEGIN")
	execute(t, between, "INSERT INTO order_owners (project_id, user_id, customer_id) VALUES (2, 20, 1)")
	var runs atomic.Int64
	var both sync.WaitGroup
	both.Go(func() { update(t, one, core.Touch{}, ownedBy(&runs, 100, 10, 20, 30)) })
	both.Go(func() { update(t, two, core.Touch{}, ownedBy(&runs, 200, 30, 20, 10)) })
	waiting(t, c, one.node.named(writerName))
	waiting(t, c, two.node.named(writerName))
	execute(t, between, "ROLLBACK")
	both.Wait()
	if n := runs.Load(); n != 2 {
		t.Errorf("two acts ran %d times", n)
	}
}

// An open order that ends while its row is waited for is not taken for one that was read.
func TestAnOrderThatEndedMeanwhileIsReadWhole(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c, between := openAt(t, dsn, Options{}), sql(t, dsn), sql(t, dsn)
	update(t, s, core.Touch{}, func(tx core.Tx) error {
		second := anOrder(8)
		second.Resource = 7
		return errors.Join(tx.InsertOrder(anOrder(7)), tx.InsertOrder(second), tx.InsertLines([]order.Line{{Order: 7, N: 1, State: order.Preparing}}), tx.InsertResource(aResource(7)))
	})
	execute(t, between, "BEGIN")
	execute(t, between, "UPDATE orders SET rev = rev WHERE id = 7")
	var lines []order.Line
	var both sync.WaitGroup
	both.Go(func() {
		update(t, s, core.Touch{Resources: []id.ID{7}}, func(tx core.Tx) error {
			_, err := tx.Resource(7)
			if err != nil {
				return err
			}
			if _, err := tx.Order(7); err != nil {
				return err
			}
			lines, err = tx.Lines(7)
			return err
		})
	})
	waiting(t, c, s.node.named(writerName))
	execute(t, between, "UPDATE resources SET open_order = 8 WHERE id = 7")
	execute(t, between, "COMMIT")
	both.Wait()
	if len(lines) != 1 {
		t.Errorf("%d lines of an order of one", len(lines))
	}
}

// An order that appears while locks are waited for is read under its customer's lock.
func TestAnOrderThatAppearedMeanwhileIsLockedWhole(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c, between := openAt(t, dsn, Options{}), sql(t, dsn), sql(t, dsn)
	update(t, s, core.Touch{}, event) // so that it is connected
	execute(t, between, "BEGIN")
	execute(t, between, "SELECT pg_advisory_xact_lock(55)")
	execute(t, between, "INSERT INTO orders SELECT 7, 1, 5, 0, 66, 2, 3, 4, 5, 7, 0, 0, 0, 0, 1, NULL, 0, 'USD', 0, 0, 0, '', 0, NULL, '', 0, NULL, 0, NULL, NULL, NULL, '', NULL, NULL, 1")
	var both sync.WaitGroup
	runs, held := 0, false
	both.Go(func() {
		update(t, s, core.Touch{Customers: []id.ID{55}, Orders: []id.ID{7}}, func(tx core.Tx) error {
			runs++
			if _, err := tx.Limits([]core.LimitScope{{Scope: tenant.OnCustomer, ID: 66}}); err != nil {
				return err
			}
			held = ask[bool](t, c, "SELECT NOT pg_try_advisory_xact_lock(66)")
			return nil
		})
	})
	waiting(t, c, s.node.named(writerName))
	execute(t, between, "COMMIT")
	both.Wait()
	if !held {
		t.Errorf("after %d runs the order's customer was not locked", runs)
	}
}

// A user's part that two reports of one batch name is the later one's.
func TestReportsOfOneUserInOneBatchReplaceEachOther(t *testing.T) {
	dsn := pgtest.Database(t)
	s, c := openAt(t, dsn, Options{}), sql(t, dsn)
	runs := 0
	report := func(q money.Micro) func(core.Tx) error {
		return func(tx core.Tx) error {
			runs++
			return tx.PutUserUsage(order.UserUsage{Usage: 1, Username: "ann", Quantity: q})
		}
	}
	for n, err := range pile(t, s, report(1), report(2)) {
		if err != nil {
			t.Errorf("report %d: %v", n, err)
		}
	}
	if q := ask[int64](t, c, "SELECT quantity FROM user_usages"); q != 2 || runs != 2 {
		t.Errorf("%d after %d runs", q, runs)
	}
}
