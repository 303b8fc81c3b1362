package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fault"
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
	// Readers is how many Views run at once; 0: one a processor, at least 4. A View
	// within a View takes two.
	Readers int
	// Now tells which grants have expired; nil: time.Now.
	Now func() time.Time
}

// mostWaiting bounds the line before the writer. Beyond it callers are told to come
// again rather than kept until they have given up.
const mostWaiting = 4096

// Store is core.Store over the SQLite file in one directory.
type Store struct {
	dir     string
	opts    Options
	lock    *os.File
	writer  *conn
	token   chan struct{} // holds one while nobody writes
	waiting atomic.Int64
	readers *pool
	ready   atomic.Bool // the schema is this program's
	closed  chan struct{}
	idem    idemIndex
	owners  known[ownership]
	sources known[source]
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
	s := &Store{dir: dir, opts: opts, token: make(chan struct{}, 1), closed: make(chan struct{})}
	s.token <- struct{}{}
	path := filepath.Join(dir, fileName)
	s.readers = newPool(opts.Readers, func() (*conn, error) { return openReader(path) })
	err := s.open(path)
	if err != nil {
		s.shut()
		return nil, err
	}
	return s, nil
}

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
	return s.check()
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
	if err := s.owners.load(c, ownerships); err != nil {
		return err
	}
	return s.sources.load(c, sources)
}

func openWriter(path string) (*conn, error) {
	return openConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate,
		"page_size = 4096", "journal_mode = wal", "synchronous = full",
		"temp_store = memory",       // else a statement of several rows spills a journal of its own
		"cache_size = -65536",       // 64 MiB
		"mmap_size = 1073741824",    //
		"wal_autocheckpoint = 8000", // on the writer's path, after the commit that reaches it
		"trusted_schema = off")
}

func openReader(path string) (*conn, error) {
	return openConn(path, sqlite.OpenReadOnly, "temp_store = memory", "cache_size = -8192", "mmap_size = 1073741824", "trusted_schema = off")
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
	held, err := lockFile(f)
	if held {
		return unusable("open", "The folder "+s.dir+" is in use by another docket: two may not write to one database. Stop the other, or choose another folder.", nil)
	}
	if err != nil {
		return unusable("open", "The folder "+s.dir+" cannot be locked.", err)
	}
	return nil
}

// Close waits for those who are reading and writing and closes the database.
func (s *Store) Close() error {
	select {
	case <-s.closed:
		return nil
	case <-s.token:
		close(s.closed)
	}
	return s.shut()
}

func (s *Store) shut() error {
	err := s.readers.close()
	if s.writer != nil { // last, so that it takes the log into the file
		if e := s.writer.c.Close(); err == nil {
			err = e
		}
	}
	if s.lock != nil {
		s.lock.Close()
	}
	return err
}

// turn waits until the caller alone may write. A context that ends before is dropped.
func (s *Store) turn(ctx context.Context) error {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostWaiting {
		return unusable("update", "The desk is busy. Try again in a moment.", nil)
	}
	select {
	case <-s.token:
	case <-s.closed:
		return unusable("update", "The desk is closing.", nil)
	case <-ctx.Done():
		return ended(ctx)
	}
	if ctx.Err() != nil {
		s.pass()
		return ended(ctx)
	}
	return nil
}

func (s *Store) pass() { s.token <- struct{}{} }

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
	r := &reader{store: s, c: c, ctx: ctx}
	defer r.end()
	if err := c.run("BEGIN"); err != nil {
		return r.failure("view", err)
	}
	return fn(r)
}

// Update runs fn alone and keeps all it wrote or nothing. Once its turn has come the
// outcome stands, whether or not ctx ends. One commit, one sync each; a group of
// callers may come to share them, so on is not looked at yet.
func (s *Store) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	if s.opts.ReadOnly {
		return unusable("update", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	if err := s.usable("update"); err != nil {
		return err
	}
	if err := s.turn(ctx); err != nil {
		return err
	}
	defer s.pass()
	t := &tx{reader: reader{store: s, c: s.writer, ctx: context.WithoutCancel(ctx)}}
	t.own = &t.idem
	if err := t.c.run("BEGIN IMMEDIATE"); err != nil {
		return t.failure("update", err)
	}
	defer func() { // also where fn panics or ends its goroutine: nothing is kept
		t.c = nil // fn may have kept tx
		s.writer.endTx()
	}()
	err := fn(t)
	if err == nil {
		err = t.failed
	}
	if err != nil {
		return err
	}
	if err := s.commit(); err != nil {
		return t.failure("commit", err)
	}
	s.idem.keep(t.idem)
	s.owners.keep(t.owners)
	s.sources.keep(t.sources)
	return nil
}

// commit keeps what was written, between the two points at which the crash harness may
// break the program: before, nothing was kept; after, all was and nobody was told.
func (s *Store) commit() error {
	if err := fault.At(fault.CommitBefore); err != nil {
		return err
	}
	if err := s.writer.run("COMMIT"); err != nil {
		return err
	}
	_ = fault.At(fault.CommitAfter) // an error here would deny what is done
	return nil
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
