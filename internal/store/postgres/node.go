package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// A number is leased for a minute and renewed every ten seconds. Who could not renew it
// for so long has lost it, and writes no more: another process may draw ids under it.
const (
	leaseFor   = time.Minute
	renewEvery = 10 * time.Second
	// reapEvery and the bounds below are for transactions that nobody is at any more, whose
	// backends sit on their locks: waiting for the rest of a pipeline they count neither as
	// idle nor as running a statement, so that no timeout of PostgreSQL ends them.
	reapEvery   = time.Second
	writerBound = 5 * time.Second
	aloneBound  = 30 * time.Second
	scanBound   = 10 * time.Minute
	// batchesFor is how long a batch's row is kept: longer than anybody looks for it.
	batchesFor = 24 * time.Hour
)

// node is this process among those that share the database.
type node struct {
	number  int
	holder  string
	taken   atomic.Bool  // another has the number: for good
	late    atomic.Bool  // the lease could not be renewed in time: another may have it
	renewed time.Time    // of attend alone
	now     func() int64 // the database's clock, in microseconds, whatever this machine's shows
	last    atomic.Int64 // batch
}

// errTaken ends a transaction of a process whose number another has.
var errTaken = &core.Error{Kind: core.Unavailable, Op: "update", Msg: "This process could not keep its number among those that share the database: start it again."}

// usable reports whether this process may write under its number.
func (n *node) usable() error {
	switch {
	case n.taken.Load():
		return errTaken
	case n.late.Load():
		return unusable("update", "This process has not reached the database for so long that another may have its number. It goes on once it has seen that none has.", nil)
	}
	return nil
}

// check ends the transaction under way where another has the number. Whoever takes it
// writes that down first and then ends the backends that are there, so that none which
// has not seen it commits any more.
func (n *node) check(holder string) error {
	if holder != n.holder {
		n.taken.Store(true)
		return errTaken
	}
	return nil
}

// named is an application_name that says whose backend it is.
func (n *node) named(what string) string { return what + " " + strconv.Itoa(n.number) }

// batch draws a number for a transaction, that no other process draws.
func (n *node) batch() int64 {
	for {
		last := n.last.Load()
		next := max(last+256, n.now()<<8|int64(n.number))
		if n.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

const clock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint" // the database's, which all processes share

// takeNode leases the lowest number that is free, and ends what backends of its last
// holder are left: they may still commit what he never heard of.
func takeNode(ctx context.Context, c *pgx.Conn, wall func() time.Time) (*node, error) {
	n := &node{holder: rand.Text(), renewed: time.Now()}
	var there int64
	err := c.QueryRow(ctx, "UPDATE nodes SET holder = $1, until = "+clock+" + $2 WHERE number = ("+
		"SELECT number FROM nodes WHERE until < "+clock+" ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING number, "+clock,
		n.holder, leaseFor.Microseconds()).Scan(&n.number, &there)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, unusable("open", "All 256 numbers for processes over this database are taken: stop one, or wait a minute after one has died.", nil)
	}
	if err != nil {
		return nil, err
	}
	ahead := there - wall().UnixMicro()
	n.now = func() int64 { return wall().UnixMicro() + ahead }
	_, err = c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ANY ($1)",
		[]string{n.named(writerName), n.named(aloneName), n.named(scanName)})
	return n, err
}

// Node says by which number this process' ids are told from others'. A process that was
// killed kept no floor of its last moments, but the records tell.
func (s *Store) Node(ctx context.Context) (core.Node, error) {
	if s.node == nil {
		return core.Node{}, unusable("open", "The database "+s.name+" has not been migrated.", nil)
	}
	n := core.Node{Number: s.node.number}
	if err := s.View(ctx, func(r core.Reader) (err error) { n.Floor, err = r.Newest(); return err }); err != nil {
		return n, err
	}
	var floor int64
	err := s.keeper.QueryRow(ctx, "SELECT floor FROM nodes WHERE number = $1", n.Number).Scan(&floor)
	n.Floor = max(n.Floor, id.ID(floor))
	return n, failure(ctx, "open", err)
}

// KeepFloor remembers up to where ids were drawn.
func (s *Store) KeepFloor(ctx context.Context, floor id.ID) error {
	if s.node == nil {
		return unusable("keep floor", "The database "+s.name+" has no number for this process.", nil)
	}
	_, err := s.keeper.Exec(ctx, "UPDATE nodes SET floor = $1 WHERE number = $2 AND holder = $3 AND floor < $1", int64(floor), s.node.number, s.node.holder)
	return failure(ctx, "keep floor", err)
}

// attend renews the lease and ends transactions that nobody is at, until the store closes.
func (s *Store) attend(ctx context.Context) {
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.reap(ctx)
		s.keepLease(ctx, time.Now())
	}
}

// keepLease renews the lease where it is time to. Where it cannot for too long, nothing is
// written until it can: as long as the number has not gone to another, it is still ours.
func (s *Store) keepLease(ctx context.Context, now time.Time) {
	if now.Sub(s.node.renewed) < renewEvery {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	if err := s.renew(ctx); err != nil {
		s.node.late.Store(now.Sub(s.node.renewed) > leaseFor-renewEvery)
		return
	}
	s.node.renewed = now
	s.node.late.Store(false)
	// The batches' rows that nobody can ask for any more; where it fails the next time's may not.
	_, _ = s.keeper.Exec(ctx, "DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE id < $1 ORDER BY id LIMIT 20000)", (s.node.now()-batchesFor.Microseconds())<<8)
}

// renew moves the lease ahead.
func (s *Store) renew(ctx context.Context) error {
	tag, err := s.keeper.Exec(ctx, "UPDATE nodes SET until = "+clock+" + $1 WHERE number = $2 AND holder = $3", leaseFor.Microseconds(), s.node.number, s.node.holder)
	if err == nil && tag.RowsAffected() == 0 {
		s.node.taken.Store(true)
	}
	return err
}

// release gives the number back. Nothing is written under it any more.
func (s *Store) release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = s.keeper.Exec(ctx, "UPDATE nodes SET until = 0 WHERE number = $1 AND holder = $2", s.node.number, s.node.holder) // else the lease ends by itself
}

// reap ends transactions that are too old and wait for their client. Those that wait for a
// lock are not at fault: whoever has it is, and they have a timeout of their own.
func (s *Store) reap(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	// Where it fails the next second's may not.
	_, _ = s.keeper.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type IS DISTINCT FROM 'Lock' AND ("+
		"application_name LIKE $1 AND xact_start < clock_timestamp() - make_interval(secs => $2) OR "+
		"application_name LIKE $3 AND xact_start < clock_timestamp() - make_interval(secs => $4) OR "+
		"application_name LIKE $5 AND xact_start < clock_timestamp() - make_interval(secs => $6))",
		writerName+" %", s.opts.writer.Seconds(), aloneName+" %", aloneBound.Seconds(), scanName+" %", scanBound.Seconds())
}
