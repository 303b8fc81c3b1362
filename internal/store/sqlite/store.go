package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/flock"
	"github.com/docket-desk/docket/internal/store/line"
	"github.com/docket-desk/docket/internal/store/record"
)

// Names of the files in the data directory.
const (
	fileName = "docket.db"
	lockName = "docket.lock"
)

// Options are what may be chosen. The zero value serves.
type Options struct {
	// ReadOnly opens without the directory's lock, beside a desk that may be running.
	// Update is refused.
	ReadOnly bool
	// Unfinished opens a store that carries the mark of a Load, too.
	Unfinished bool
	// Readers is how many Views run at once; 0: one a processor, at least 4. A View
	// within a View takes two.
	Readers int
	// Now tells which grants have expired; nil: time.Now.
	Now func() time.Time
}

// Store is core.Store over the SQLite file in one directory.
type Store struct {
	dir      string
	opts     Options
	lock     *os.File
	writer   *conn // the writing goroutine's alone
	line     *line.Line
	readers  *pool
	ready    atomic.Bool // the schema is this program's
	closing  sync.Once
	closed   chan struct{}
	pos      int64 // of the last event; the writing goroutine's
	commits  atomic.Int64
	log      *walIndex
	long     chan struct{} // told when the log is long enough to be taken into the file
	taking   sync.WaitGroup
	idem     idemIndex
	owners   record.Owners
	shelf    record.Shelf // the writing goroutine's, as are balances
	balances balances
	gen      atomic.Int64  // of the small tables: moved before and after each commit that changes them, so odd in between
	shared   record.Shared // for readers, as are lists
	marks    marks
	lists    record.Lists
}

var _ core.Store = (*Store)(nil)

// Open opens the database in a directory, making both where they are not there. It
// fails with a sentence naming the directory where another process writes there, or
// where a newer program has. Migrate must be run once before anything else.
func Open(dir string, opts Options) (*Store, error) {
	if opts.Readers <= 0 {
		opts.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Store{dir: dir, opts: opts, closed: make(chan struct{}), long: make(chan struct{}, 1)}
	s.line = line.New(s.closed)
	s.readers = newPool(opts.Readers, func() (*conn, error) { return openReader(s.path()) })
	err := s.open(s.path())
	if err != nil {
		s.shut()
		return nil, err
	}
	if s.writer == nil {
		s.line.Gone()
	} else {
		go s.write()
		s.taking.Go(s.checkpoint)
	}
	return s, nil
}

func (s *Store) path() string { return filepath.Join(s.dir, fileName) }

func (s *Store) open(path string) error {
	if !s.opts.ReadOnly {
		if err := s.takeLock(); err != nil {
			return err
		}
		w, err := openWriter(path)
		if err != nil {
			return unusable("open", "The database in "+s.dir+" cannot be opened.", err)
		}
		s.writer = w
	}
	if err := s.check(); err != nil || s.opts.ReadOnly {
		return err
	}
	var err error
	if s.log, err = openWALIndex(path); err != nil { // made by the first reading
		return unusable("open", "The database in "+s.dir+" cannot be opened.", err)
	}
	return nil
}

// check looks at the version of what was opened.
func (s *Store) check() error {
	todo, err := migrations()
	if err != nil {
		return err
	}
	ours := int64(len(todo))
	c := s.writer
	if c == nil {
		var err error
		if c, _, err = s.readers.take(nil, nil); err != nil {
			return unusable("open", "There is no database in "+s.dir+" that can be read.", err)
		}
		defer s.readers.give(c)
	}
	at, err := c.version()
	if err != nil {
		return failure(context.Background(), "open "+s.dir, err)
	}
	if err := s.tooNew(at, ours); err != nil {
		return err
	}
	if s.opts.ReadOnly && at < ours {
		return unusable("open", fmt.Sprintf("The database in %s is at version %d, older than this program's %d: migrate it first.", s.dir, at, ours), nil)
	}
	if at == ours {
		if err := s.whole(c); err != nil {
			return failure(context.Background(), "open "+s.dir, err)
		}
		if !s.opts.ReadOnly {
			if err := s.load(c); err != nil {
				return failure(context.Background(), "open "+s.dir, err)
			}
		}
		s.ready.Store(true)
	}
	return nil
}

// load reads what the writer keeps in memory.
func (s *Store) load(c *conn) error {
	if err := s.idem.load(c); err != nil {
		return err
	}
	var err error
	if s.pos, err = c.number("SELECT coalesce(max(pos), 0) FROM events"); err != nil {
		return err
	}
	return s.owners.Load(&s.newReader(context.Background(), c).Reader)
}

func openWriter(path string) (*conn, error) {
	return openConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate,
		"page_size = 4096", "journal_mode = wal", "synchronous = full",
		"temp_store = memory",    // else a statement of several rows spills a journal of its own
		"cache_size = -65536",    // 64 MiB
		"mmap_size = 1073741824", //
		"wal_autocheckpoint = 0", // see checkpointer
		"trusted_schema = off")
}

// openReader maps nothing: each reader would have the file's pages counted for itself, and
// what a read takes longer (some 3 of 100 on one order, 15 on a page of 100) is less than that.
func openReader(path string) (*conn, error) {
	return openConn(path, sqlite.OpenReadOnly, "temp_store = memory", "cache_size = -8192", "mmap_size = 0", "trusted_schema = off")
}

func (s *Store) takeLock() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unusable("open", "The folder "+s.dir+" cannot be made.", err)
	}
	f, err := os.OpenFile(filepath.Join(s.dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unusable("open", "The folder "+s.dir+" cannot be written to.", err)
	}
	s.lock = f
	held, err := flock.Try(f)
	if held {
		return unusable("open", "The folder "+s.dir+" is in use by another docket: two may not write to one database. Stop the other, or choose another folder.", nil)
	}
	if err != nil {
		return unusable("open", "The folder "+s.dir+" cannot be locked.", err)
	}
	return nil
}

// Close waits for those who are reading and writing and closes the database. Who is
// still waiting to write is told that the desk is closing.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.closed)
		<-s.line.Ended()
		s.taking.Wait()
		err = s.shut()
	})
	return err
}

func (s *Store) shut() error {
	err := s.readers.close()
	if s.writer != nil { // last, so that it takes the log into the file
		if e := s.writer.c.Close(); err == nil {
			err = e
		}
	}
	s.log.close()
	if s.lock != nil {
		s.lock.Close()
	}
	return err
}

func ended(ctx context.Context) error {
	return unusable("store", "The request ended before its turn.", ctx.Err())
}

// View reads one snapshot: that of its first reading.
func (s *Store) View(ctx context.Context, fn func(r core.Reader) error) error {
	if err := s.usable("view"); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	c, ok, err := s.readers.take(ctx.Done(), s.closed)
	if err != nil {
		return failure(ctx, "view", err)
	}
	if !ok {
		if err := s.usable("view"); err != nil {
			return err
		}
		return ended(ctx)
	}
	r := s.newReader(ctx, c)
	defer r.end()
	gen := s.gen.Load()
	s.marks.before(&c.stood)
	if err := c.run("BEGIN"); err != nil {
		return r.e.failure("view", err)
	}
	// The first reading takes the snapshot. Where no commit that changes small tables came in
	// between, it is of this generation of them; so with the mark of any table.
	if _, err := c.number("SELECT count(*) FROM meta WHERE name = ''"); err != nil {
		return r.e.failure("view", err)
	}
	if gen%2 == 0 && gen == s.gen.Load() && !s.opts.ReadOnly {
		r.Shelf = s.shared.At(gen)
	}
	if !s.opts.ReadOnly { // others write then
		s.marks.after(&c.stood)
		r.Lists, r.Snapshot = &s.lists, r
	}
	return fn(r)
}

func (s *Store) usable(op string) error {
	select {
	case <-s.closed:
		return unusable(op, "The desk is closing.", nil)
	default:
	}
	if !s.ready.Load() {
		return unusable(op, "The database in "+s.dir+" has not been migrated.", nil)
	}
	return nil
}
