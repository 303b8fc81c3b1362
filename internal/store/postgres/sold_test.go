package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// Ten times as much is asked for as there is, by 64 clients of three desks at once.
func TestThreeDesksSellWhatThereIsAndNoMore(t *testing.T) {
	const room, attempts, clients = 1000, 10_000, 64
	r := run{DSN: pgtest.Database(t), Dir: t.TempDir(), Began: time.Now(), Shown: midnight.Add(-time.Hour)}
	setUp(t, r)
	var desks []*desk
	for n := range 3 {
		r.Process = n
		d, err := openDesk(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.store.Close() })
		if err := d.meet(t.Context()); err != nil {
			t.Fatal(err)
		}
		desks = append(desks, d)
	}
	if _, err := desks[0].Apply(t.Context(), core.System(), limitWorld("hot", room)); err != nil {
		t.Fatal(err)
	}
	var sold, left, other atomic.Int64
	left.Store(attempts)
	var all sync.WaitGroup
	for n := range clients {
		d := desks[n%len(desks)]
		p := d.ask("solo", "hot", "", 1)
		all.Go(func() {
			for left.Add(-1) >= 0 {
				switch _, err := d.PlaceOrder(context.Background(), d.root, p); statusOf(err) {
				case done:
					sold.Add(1)
				case refused:
				default:
					other.Add(1)
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	stand := ask[int](t, sql(t, r.DSN), "SELECT count(*) FROM orders WHERE offering_id = $1", int64(desks[0].sheets["solo"].Offering.ID))
	if sold.Load() != room || stand != room || other.Load() != 0 {
		t.Errorf("%d were sold and %d stand, of %d", sold.Load(), stand, room)
	}
	v, err := desks[1].Verify(t.Context(), core.System(), nil)
	if err != nil || len(v.Disagrees) > 0 {
		t.Errorf("the books: %v, %v", v.Disagrees, err)
	}
}
