package postgres

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/line"
	"github.com/docket-desk/docket/internal/store/record"
)

// Options are what may be chosen. The zero value serves.
type Options struct {
	// ReadOnly refuses Update.
	ReadOnly bool
	// Unfinished opens a store that carries the mark of a Load, too.
	Unfinished bool
	// Readers is how many Views run at once; 0: four a processor, at least 8.
	Readers int
	// Now tells which grants have expired and which days requests are remembered for; nil:
	// time.Now.
	Now func() time.Time

	plain      bool             // every act runs alone
	within     time.Duration    // an act that runs alone; 0: aloneBound
	writer     time.Duration    // a batch, before it is ended from outside; 0: writerBound
	connect    time.Duration    // how long a database that is away is waited for; 0: connectWithin
	unattended bool             // nobody renews the lease
	wall       func() time.Time // the machine's clock; nil: time.Now
}

// mostAlone is how many acts run alone at once: more would only wait for each other's
// locks.
const mostAlone = 6

// mostKeeping is how many connections there are for what must not wait.
const mostKeeping = 3

// Store is core.Store over one PostgreSQL database.
type Store struct {
	dsn, name string
	opts      Options
	readers   *pgxpool.Pool
	alones    *pgxpool.Pool // this and keeper are made when the schema is this program's
	keeper    *pgxpool.Pool // for what must not wait for readers: the lease, and how a transaction ended
	node      *node
	line      *line.Line
	turns     chan struct{} // one for each act that may run alone
	ready     atomic.Bool   // the schema is this program's
	closing   sync.Once
	closed    chan struct{}
	rest      context.CancelFunc // of what attends the lease
	door      sync.RWMutex       // whoever enters does so before it is closed, or not at all
	working   sync.WaitGroup
	lost      struct{ all, stood atomic.Int64 } // commits whose answer was lost, and those that stand all the same
	owners    record.Owners
	shared    record.Shared // for readers, as are lists
	lists     record.Lists
}

var _ core.Store = (*Store)(nil)

// Open reaches a database by its address (postgres://…) and looks at its version. Migrate
// must be run once before anything else.
func Open(ctx context.Context, dsn string, opts Options) (*Store, error) {
	if opts.Readers <= 0 {
		opts.Readers = max(8, 4*runtime.GOMAXPROCS(0))
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	opts.within, opts.writer, opts.connect = cmp.Or(opts.within, aloneBound), cmp.Or(opts.writer, writerBound), cmp.Or(opts.connect, connectWithin)
	if opts.wall == nil {
		opts.wall = time.Now
	}
	s := &Store{dsn: dsn, name: where(dsn), opts: opts, closed: make(chan struct{}), turns: make(chan struct{}, mostAlone)}
	var err error
	if s.readers, err = newPool(ctx, dsn, readerName, opts.Readers, nil); err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// check looks at the version of what was opened.
func (s *Store) check(ctx context.Context) error {
	todo, err := migrations()
	if err != nil {
		return err
	}
	ours := int64(len(todo))
	c, err := s.readers.Acquire(ctx)
	if err != nil {
		return s.cannot(ctx, "open", err)
	}
	defer c.Release()
	at, err := version(ctx, c.Conn())
	if err != nil {
		return failure(ctx, "open "+s.name, err)
	}
	if err := s.tooNew(at, ours); err != nil {
		return err
	}
	if s.opts.ReadOnly && at < ours {
		return unusable("open", fmt.Sprintf("The database %s is at version %d, older than this program's %d: migrate it first.", s.name, at, ours), nil)
	}
	if at == ours {
		return s.become(ctx, c.Conn())
	}
	return nil
}

// cannot says that there is no connection to be had.
func (s *Store) cannot(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return unusable(op, "The database "+s.name+" cannot be reached.", err)
}

// become makes a store of this program's version ready: it takes a number among the
// processes that write.
func (s *Store) become(ctx context.Context, c *pgx.Conn) error {
	if s.ready.Load() {
		return nil
	}
	if err := s.whole(ctx, c); err != nil {
		return failure(ctx, "open", err)
	}
	r := record.Reader{Engine: &engine{conn: c, ctx: ctx}, Now: s.opts.Now}
	if err := s.owners.Load(&r); err != nil {
		return err
	}
	if s.opts.ReadOnly {
		s.ready.Store(true)
		return nil
	}
	var err error
	if s.node, err = takeNode(ctx, c, s.opts.wall); err != nil {
		return failure(ctx, "open", err)
	}
	if s.alones, err = newPool(context.WithoutCancel(ctx), s.dsn, s.node.named(aloneName), mostAlone, writing()); err != nil {
		return err
	}
	if s.keeper, err = newPool(context.WithoutCancel(ctx), s.dsn, keeperName, mostKeeping, nil); err != nil {
		return err
	}
	s.line = line.New(s.closed)
	w := &writer{s: s, line: s.line}
	go w.write()
	if !s.opts.unattended {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		s.rest = cancel
		s.working.Go(func() { s.attend(ctx) })
	}
	s.ready.Store(true)
	return nil
}

// Close waits for those who are reading and writing and closes the connections.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.door.Lock()
		close(s.closed)
		s.door.Unlock()
		if s.rest != nil {
			s.rest()
		}
		if s.line != nil {
			<-s.line.Ended()
		}
		s.working.Wait()
		if s.alones != nil {
			s.alones.Close()
		}
		if s.keeper != nil {
			s.release()
			s.keeper.Close()
		}
		s.readers.Close()
	})
	return nil
}

// open refuses what comes after Close.
func (s *Store) open(op string) error {
	select {
	case <-s.closed:
		return unusable(op, "The desk is closing.", nil)
	default:
		return nil
	}
}

// enter is open for whom Close waits; they leave by working.Done.
func (s *Store) enter(op string) error {
	s.door.RLock()
	defer s.door.RUnlock()
	if err := s.open(op); err != nil {
		return err
	}
	s.working.Add(1)
	return nil
}

// migrated refuses what needs the schema.
func (s *Store) migrated(op string) error {
	if !s.ready.Load() {
		return unusable(op, "The database "+s.name+" has not been migrated.", nil)
	}
	return nil
}

// View reads one snapshot: that of its first reading.
func (s *Store) View(ctx context.Context, fn func(r core.Reader) error) error {
	if err := s.open("view"); err != nil {
		return err
	}
	if err := s.migrated("view"); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	c, shot, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer c.Release() // drops it where it is of no use any more
	r := &reader{e: engine{conn: c.Conn(), ctx: ctx}}
	r.Reader = record.Reader{Engine: &r.e, Now: s.opts.Now}
	r.Shelved = record.Shelved{Shelf: s.shared.At(shot.rev), Under: &r.Reader}
	if !s.opts.ReadOnly { // whose writer would notice that another server has taken over
		r.Lists, r.Snapshot = &s.lists, shot
	}
	defer func() {
		r.e.conn = nil // fn may have kept r
		rollback(c.Conn())
	}()
	return fn(r)
}

// snapshot begins a transaction that reads, and reads the revision of the small tables with
// it, which takes its snapshot. A connection that was kept may have died since, and so may
// all of them: nothing has been asked yet, so the next one is tried.
func (s *Store) snapshot(ctx context.Context) (*pgxpool.Conn, snapshot, error) {
	for try := 0; ; try++ {
		c, err := s.readers.Acquire(ctx)
		if err != nil {
			return nil, snapshot{}, s.cannot(ctx, "view", err)
		}
		shot, err := beginView(ctx, c.Conn().PgConn())
		if err == nil {
			return c, shot, nil
		}
		c.Release()
		if !fatal(err) || ctx.Err() != nil || try == s.opts.Readers {
			return nil, snapshot{}, failure(ctx, "view", err)
		}
	}
}

// snapshot is what a View reads: the revision of the small tables in it, and which
// transactions it has, as the database says it. Two that have the same ones have the same
// rows; a commit in between, whichever process it is of, tells them apart.
type snapshot struct {
	rev int64
	has string
}

// Standing is that of all tables alike.
func (s snapshot) Standing(record.Tables) string { return s.has }

// Changed is unknown: nobody sees what all processes write.
func (s snapshot) Changed(record.Tables, string) ([]int64, bool) { return nil, false }

// beginView takes one round trip.
func beginView(ctx context.Context, c *pgconn.PgConn) (shot snapshot, err error) {
	results, err := c.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT rev, pg_current_snapshot() FROM shelf WHERE id = 1").ReadAll()
	if err != nil {
		return shot, err
	}
	if len(results) != 2 || len(results[1].Rows) != 1 {
		return shot, &core.Error{Kind: core.Internal, Op: "view", Msg: "The database has lost its row of revisions."}
	}
	shot.has = string(results[1].Rows[0][1])
	shot.rev, err = strconv.ParseInt(string(results[1].Rows[0][0]), 10, 64)
	return shot, err
}

// Update runs fn in a transaction with whoever waits, too, under the locks that on names, or
// alone where it says so or turns out to need it. Once its turn has come the outcome
// stands, whether or not ctx ends.
func (s *Store) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	if s.opts.ReadOnly {
		return unusable("update", "The database "+s.name+" was opened for reading only.", nil)
	}
	if err := s.enter("update"); err != nil {
		return err
	}
	defer s.working.Done()
	if err := s.migrated("update"); err != nil {
		return err
	}
	if err := s.node.usable(); err != nil {
		return err
	}
	if !s.opts.plain && !on.Scan && !on.Exclusive {
		if o := s.line.Wait(ctx, on, fn); !o.Alone {
			return o.Err
		}
		ctx = context.WithoutCancel(ctx) // it has had its turn
	}
	return s.runAlone(ctx, on, fn)
}

// rollback ends a transaction whatever state it is in; where that fails the pool drops
// the connection.
func rollback(c *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelWithin)
	defer cancel()
	_, _ = c.Exec(ctx, "ROLLBACK")
}

// reader reads within one transaction.
type reader struct {
	under          // what is read out of the database,
	record.Shelved // unless it is in memory
	e              engine
}

type under struct{ record.Reader }

var _ core.Reader = (*reader)(nil)
