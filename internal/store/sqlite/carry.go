package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/record"
)

// Kind is what snapshots call a store of this package.
const Kind = "sqlite"

// Dump reads on a connection of its own, in one read transaction. While that lasts, the
// log cannot begin again at its start, so the file of the log grows by what is written.
func (s *Store) Dump(ctx context.Context, to core.Taker) error {
	if err := s.usable("dump"); err != nil {
		return err
	}
	s.taking.Add(1)
	defer s.taking.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.closed: // Close waits for this
			cancel()
		case <-ctx.Done():
		}
	}()
	// Nothing is mapped into memory, and what must be sorted is sorted on disk: a desk of any
	// size goes through a few megabytes.
	c, err := openConn(s.path(), sqlite.OpenReadOnly, "temp_store = file", "cache_size = -4096", "mmap_size = 0", "trusted_schema = off")
	if err != nil {
		return failure(ctx, "dump", err)
	}
	defer c.c.Close()
	c.c.SetInterrupt(ctx.Done())
	d := dump{s: s, c: c, ctx: ctx, to: to}
	return d.run()
}

// dump is one run of Dump.
type dump struct {
	s   *Store
	c   *conn
	ctx context.Context
	to  core.Taker
	row []core.Value
}

func (d *dump) run() error {
	if err := d.c.run("BEGIN"); err != nil {
		return failure(d.ctx, "dump", err)
	}
	defer d.c.endTx()
	shot, err := d.snapshot()
	if err != nil {
		return failure(d.ctx, "dump", err)
	}
	if err := d.to.Begin(shot); err != nil {
		return err
	}
	for n, l := range record.Carried() {
		if err := d.to.Table(shot.Tables[n]); err != nil {
			return err
		}
		if err := d.table(l); err != nil {
			return err
		}
	}
	return d.to.End()
}

func (d *dump) snapshot() (core.Snapshot, error) {
	shot := core.Snapshot{Source: Kind, Taken: time.Now().UTC()}
	version, err := d.c.version() // the first reading: the snapshot is of now
	if err != nil {
		return shot, err
	}
	shot.Schema = int(version)
	for _, l := range record.Carried() {
		t := core.Table{Name: l.Name, Columns: l.Columns}
		if t.Rows, err = d.c.number(l.Counting()); err != nil {
			return shot, err
		}
		shot.Tables = append(shot.Tables, t)
	}
	if shot.Pos, err = d.c.number("SELECT coalesce(max(pos), 0) FROM events"); err != nil {
		return shot, err
	}
	r := d.s.newReader(d.ctx, d.c)
	if shot.Master, err = r.Meta(core.MetaMaster); err != nil {
		return shot, err
	}
	shot.Floor, err = floorOf(r)
	return shot, err
}

func (d *dump) table(l record.Layout) error {
	s, _, err := d.c.c.PrepareTransient(l.Handing())
	if err != nil {
		return failure(d.ctx, "dump "+l.Name, err)
	}
	defer s.Finalize()
	if len(d.row) < len(l.Columns) {
		d.row = append(d.row, make([]core.Value, len(l.Columns)-len(d.row))...)
	}
	row := d.row[:len(l.Columns)]
	for {
		more, err := s.Step()
		if err != nil {
			return failure(d.ctx, "dump "+l.Name, err)
		}
		if !more {
			return nil
		}
		for i := range row {
			read(s, i, &row[i])
		}
		if err := d.to.Row(row); err != nil {
			return err
		}
	}
}

// read reads one column into a value, whose memory it takes again.
func read(s *sqlite.Stmt, i int, v *core.Value) {
	v.Bytes = v.Bytes[:0]
	switch s.ColumnType(i) {
	case sqlite.TypeInteger:
		v.Kind, v.Int = core.Integer, s.ColumnInt64(i)
		return
	case sqlite.TypeText:
		v.Kind = core.Text
	case sqlite.TypeBlob:
		v.Kind = core.Octets
	default:
		v.Kind = core.Null
		return
	}
	n := s.ColumnLen(i)
	if cap(v.Bytes) < n {
		v.Bytes = make([]byte, 0, n)
	}
	v.Bytes = v.Bytes[:n]
	s.ColumnBytes(i, v.Bytes)
}

// Load fills the file in transactions of some megabytes, each taken out of the log before
// the next, so that neither log nor memory grows with the desk.
func (s *Store) Load(ctx context.Context, from core.Giver) error {
	if s.opts.ReadOnly {
		return unusable("load", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	return s.line.Between(ctx, func() error {
		l := load{s: s, ctx: ctx, from: from}
		defer s.writer.endTx() // where something failed
		return l.run()
	})
}

// Still has nothing to do: the directory's lock keeps every other process out.
func (s *Store) Still(context.Context) (func(), error) {
	if s.opts.ReadOnly {
		return nil, unusable("still", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	return func() {}, s.usable("still")
}

// load is one run of Load.
type load struct {
	s    *Store
	ctx  context.Context
	from core.Giver
	size int // of what the transaction has written, about
}

// mostLoaded bounds one transaction.
const mostLoaded = 32 << 20

func (l *load) run() error {
	shot := l.from.Snapshot()
	if err := l.fits(shot); err != nil {
		return err
	}
	c := l.s.writer
	if err := l.s.settle(record.MetaLoading, "from "+shot.Source+", "+shot.Taken.Format(time.RFC3339)); err != nil {
		return failure(l.ctx, "load", err)
	}
	if err := c.script("PRAGMA mmap_size = 0"); err != nil { // or all that was loaded would be mapped
		return failure(l.ctx, "load", err)
	}
	for {
		t, err := l.from.Table()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := l.table(t); err != nil {
			return err
		}
	}
	if shot.Floor > 0 {
		if err := l.s.settle(record.MetaIDs, shot.Floor.Decimal()); err != nil {
			return failure(l.ctx, "load", err)
		}
	}
	return failure(l.ctx, "load", l.s.load(c))
}

func (l *load) fits(shot core.Snapshot) error {
	todo, err := migrations()
	if err != nil {
		return err
	}
	if err := record.Fits(shot, len(todo)); err != nil {
		return err
	}
	at, err := l.s.writer.version()
	switch {
	case err != nil:
		return failure(l.ctx, "load", err)
	case at == 0:
		return l.s.migrate(l.ctx, true)
	case at < int64(len(todo)):
		return record.Older(l.s.dir, at)
	}
	for _, one := range record.Carried() {
		n, err := l.s.writer.number("SELECT EXISTS (SELECT 1 FROM " + one.Name + ")")
		if err != nil {
			return failure(l.ctx, "load", err)
		}
		if n > 0 {
			return record.NotEmpty(l.s.dir, one.Name)
		}
	}
	return nil
}

func (l *load) table(t core.Table) error {
	layout, err := record.Same(t)
	if err != nil {
		return err
	}
	c, columns := l.s.writer, layout.Columns
	appended := layout.Name == record.Requests.Name // what has no key of its own here
	if appended {
		columns = append(columns[:len(columns):len(columns)], "seq")
	}
	sql := "INSERT INTO " + t.Name + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Repeat("?, ", len(columns)-1) + "?)"
	insert, _, err := c.c.PrepareTransient(sql)
	if err != nil {
		return failure(l.ctx, "load "+t.Name, err)
	}
	defer insert.Finalize()
	if err := l.begin(); err != nil {
		return err
	}
	n := int64(0)
	for ; ; n++ {
		row, err := l.from.Row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && len(row) != len(layout.Columns) {
			err = record.Unfit(t, n+1, "its columns", fmt.Sprintf("%d values", len(row)))
		}
		if err == nil && n%64 == 0 && l.ctx.Err() != nil {
			err = ended(l.ctx)
		}
		if err != nil {
			return err
		}
		for i := range row {
			l.size += 4 + len(row[i].Bytes)
			give(insert, i+1, &row[i])
		}
		if appended {
			insert.BindInt64(len(columns), n+1)
		}
		if _, err := insert.Step(); err != nil {
			return l.unkept(t, n+1, err)
		}
		if err := insert.Reset(); err != nil {
			return l.unkept(t, n+1, err)
		}
		if l.size >= mostLoaded {
			if err := errors.Join(l.commit(), l.begin()); err != nil {
				return err
			}
		}
	}
	if n != t.Rows {
		return record.Uncounted(t, n)
	}
	return l.commit()
}

// unkept says which row it was that the file did not take.
func (l *load) unkept(t core.Table, n int64, err error) error {
	err = failure(l.ctx, "load", err)
	if core.KindOf(err) == core.Unavailable { // which is not the row's fault
		return err
	}
	return &core.Error{Kind: core.Invalid, Op: "load", Msg: fmt.Sprintf("Row %d of table %s cannot be kept.", n, t.Name), Err: err}
}

func (l *load) begin() error {
	l.size = 0
	return failure(l.ctx, "load", l.s.writer.run("BEGIN IMMEDIATE"))
}

func (l *load) commit() error {
	if err := l.s.commit(); err != nil {
		return failure(l.ctx, "load", err)
	}
	return failure(l.ctx, "load", l.s.writer.script("PRAGMA wal_checkpoint(TRUNCATE)"))
}

func give(s *sqlite.Stmt, i int, v *core.Value) {
	switch v.Kind {
	case core.Integer:
		s.BindInt64(i, v.Int)
	case core.Text:
		s.BindText(i, string(v.Bytes))
	case core.Octets:
		s.BindBytes(i, v.Bytes)
	default:
		s.BindNull(i)
	}
}

// settle writes one setting in a transaction of its own; empty, it takes it away.
func (s *Store) settle(name, value string) error {
	if err := s.writer.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer s.writer.endTx()
	sql := "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	if value == "" {
		sql = "DELETE FROM meta WHERE name = ?1 AND ?2 = ''"
	}
	put, err := s.writer.c.Prepare(sql)
	if err != nil {
		return err
	}
	put.BindText(1, name)
	put.BindText(2, value)
	if _, err := put.Step(); err != nil {
		return err
	}
	return s.commit()
}

// Loaded takes the mark away.
func (s *Store) Loaded(ctx context.Context) error {
	if s.opts.ReadOnly {
		return unusable("load", "The database in "+s.dir+" was opened for reading only.", nil)
	}
	if err := s.usable("load"); err != nil {
		return err
	}
	return s.line.Between(ctx, func() error {
		return failure(context.WithoutCancel(ctx), "load", s.settle(record.MetaLoading, ""))
	})
}

// whole refuses a database into which a desk was being loaded.
func (s *Store) whole(c *conn) error {
	if s.opts.Unfinished {
		return nil
	}
	n, err := c.number("SELECT count(*) FROM meta WHERE name = '" + record.MetaLoading + "'")
	if err != nil || n == 0 {
		return err
	}
	return record.HalfLoaded(s.dir, "Remove "+filepath.Join(s.dir, fileName)+" and what lies beside it under that name with -wal or -shm after it, and begin again.")
}
