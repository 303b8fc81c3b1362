package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// underFire is a server that may be killed: no other test uses it. It keeps what it has
// committed, as long as the machine stands.
var underFire atomic.Pointer[pgtest.Server]

var startUnderFire = sync.OnceValue(func() error {
	s, err := pgtest.Start("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=300", "deadlock_timeout=100ms")
	if err == nil {
		underFire.Store(s)
	}
	return err
})

func serverUnderFire(t testing.TB) *pgtest.Server {
	t.Helper()
	err := startUnderFire()
	if errors.Is(err, pgtest.ErrNone) && !pgtest.Demanded() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return underFire.Load()
}

// every does something now and then until the run ends, with a connection of its own.
func (f *fire) every(ctx context.Context, each time.Duration, do func(context.Context, *pgx.Conn)) {
	var c *pgx.Conn
	for {
		select {
		case <-ctx.Done():
			if c != nil {
				c.Close(context.Background())
			}
			return
		case <-time.After(time.Duration(float64(each) * (0.5 + rand.Float64()))):
		}
		if c == nil || c.IsClosed() {
			c, _ = pgx.Connect(ctx, f.dsn) // the server may be away
		}
		if c != nil && time.Now().Before(f.run.Ends) {
			do(ctx, c)
		}
	}
}

// end ends a backend of some desk.
func (f *fire) end(ctx context.Context, c *pgx.Conn) {
	tag, err := c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'docket %' ORDER BY random() LIMIT 1")
	if err == nil {
		f.count.add("terminated", int(tag.RowsAffected()))
	}
}

// lockBackwards is a stranger who locks balances in the wrong order.
func (f *fire) lockBackwards(ctx context.Context, c *pgx.Conn) {
	tx, err := c.Begin(ctx)
	if err != nil {
		return
	}
	for range 3 {
		_, err = tx.Exec(ctx, "SELECT FROM balances WHERE limit_id = (SELECT limit_id FROM balances ORDER BY random() LIMIT 1) FOR UPDATE")
		if err != nil {
			f.count.add("strangers refused", 1)
			break
		}
	}
	_ = tx.Rollback(ctx) // the connection may be gone
}

// slay kills a desk that is a process of its own.
func (f *fire) slay(desk int) {
	if time.Until(f.run.Ends) > 700*time.Millisecond && f.signal(desk, syscall.SIGKILL) {
		f.count.add("killed", 1)
	}
}

// stop has a desk stand still for longer than its transactions may last.
func (f *fire) stop(ctx context.Context, desk int) {
	for time.Until(f.run.Ends) > writerBound {
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
		if !f.signal(desk, syscall.SIGSTOP) {
			continue
		}
		f.count.add("stalled", 1)
		<-time.After(writerBound + 1500*time.Millisecond)
		f.signal(desk, syscall.SIGCONT)
	}
}

// crash kills the server in the middle of the run and starts it again.
func (f *fire) crash(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(time.Until(f.run.Ends) / 2):
	}
	f.server.Kill()
	f.count.add("servers killed", 1)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var err error
	for range 600 {
		if err = f.server.Serve(); err == nil {
			return
		}
		<-tick.C
	}
	panic("the server does not come back: " + err.Error())
}
