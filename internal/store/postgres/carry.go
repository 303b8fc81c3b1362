package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/record"
)

// Kind is what snapshots call a store of this package.
const Kind = "postgres"

// carrierName is the application_name of a connection that hands a desk over or takes one
// in: no bound of reap is for it.
const carrierName = "docket backup"

// carrier opens a connection of its own, on which nothing that the server was told in
// general ends what takes long.
func (s *Store) carrier(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(s.dsn)
	if err != nil {
		return nil, unusable("open", "The database's address cannot be read: write postgres://user:password@host:5432/name.", nil)
	}
	settings(&cfg.Config, carrierName, map[string]string{"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": "15000",
		"enable_sort": "off"}) // rows are read by their key's index, and come as soon as they are asked for
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, s.cannot(ctx, "open", err)
	}
	return c, nil
}

// until is ctx, ended when the store closes, too.
func (s *Store) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.closed: // Close waits for this
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Dump reads in one transaction, REPEATABLE READ and READ ONLY, which a standby has, too.
// While it lasts, no row version that it may need is vacuumed.
func (s *Store) Dump(ctx context.Context, to core.Taker) error {
	if err := s.enter("dump"); err != nil {
		return err
	}
	defer s.working.Done()
	if err := s.migrated("dump"); err != nil {
		return err
	}
	ctx, cancel := s.until(ctx)
	defer cancel()
	c, err := s.carrier(ctx)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return failure(ctx, "dump", err)
	}
	shot, err := snapshotOf(ctx, c)
	if err != nil {
		return failure(ctx, "dump", err)
	}
	if err := to.Begin(shot); err != nil {
		return err
	}
	for n, l := range record.Carried() {
		if err := to.Table(shot.Tables[n]); err != nil {
			return err
		}
		if err := dumpTable(ctx, c, l, to); err != nil {
			return err
		}
	}
	return to.End()
}

func snapshotOf(ctx context.Context, c *pgx.Conn) (core.Snapshot, error) {
	shot := core.Snapshot{Source: Kind}
	v, err := version(ctx, c) // the first reading: the snapshot is of now
	if err != nil {
		return shot, err
	}
	shot.Schema, shot.Taken = int(v), time.Now().UTC()
	for _, l := range record.Carried() {
		t := core.Table{Name: l.Name, Columns: l.Columns}
		if err := c.QueryRow(ctx, l.Counting()).Scan(&t.Rows); err != nil {
			return shot, err
		}
		shot.Tables = append(shot.Tables, t)
	}
	var floor int64
	if err = c.QueryRow(ctx, "SELECT coalesce((SELECT max(pos) FROM events), 0), (SELECT max(floor) FROM nodes), "+
		"coalesce((SELECT value FROM meta WHERE name = $1), '')", core.MetaMaster).Scan(&shot.Pos, &floor, &shot.Master); err != nil {
		return shot, err
	}
	r := record.Reader{Engine: &engine{conn: c, ctx: ctx}, Now: time.Now}
	newest, err := r.Newest()
	shot.Floor = max(id.ID(floor), newest)
	return shot, err
}

func dumpTable(ctx context.Context, c *pgx.Conn, l record.Layout, to core.Taker) error {
	rows, err := c.Query(ctx, l.Handing())
	if err != nil {
		return failure(ctx, "dump "+l.Name, err)
	}
	defer rows.Close()
	kinds := make([]core.ValueKind, len(l.Columns))
	for i, f := range rows.FieldDescriptions() {
		kinds[i] = kindOf[f.DataTypeOID]
	}
	values := make([]core.Value, len(l.Columns))
	for rows.Next() {
		raw := row{rows.RawValues()}
		for i := range values {
			v := &values[i]
			switch {
			case raw.Null(i):
				v.Kind = core.Null
			case kinds[i] == core.Integer:
				v.Kind, v.Int = core.Integer, raw.Int(i)
			default:
				v.Kind, v.Bytes = kinds[i], raw.values[i]
			}
		}
		if err := to.Row(values); err != nil {
			return err
		}
	}
	return failure(ctx, "dump "+l.Name, rows.Err())
}

var kindOf = map[uint32]core.ValueKind{pgtype.Int2OID: core.Integer, pgtype.Int4OID: core.Integer, pgtype.Int8OID: core.Integer,
	pgtype.TextOID: core.Text, pgtype.ByteaOID: core.Octets}

// Load copies each table in, in a transaction of its own.
func (s *Store) Load(ctx context.Context, from core.Giver) error {
	if s.opts.ReadOnly {
		return unusable("load", "The database "+s.name+" was opened for reading only.", nil)
	}
	if err := s.enter("load"); err != nil {
		return err
	}
	defer s.working.Done()
	ctx, cancel := s.until(ctx)
	defer cancel()
	c, err := s.carrier(ctx)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	shot := from.Snapshot()
	marked, err := s.fits(ctx, c, shot)
	if err == nil && !marked {
		err = s.begins(ctx, c, shot)
	}
	if err != nil {
		return failure(ctx, "load", err)
	}
	types, err := typesOf(ctx, c)
	if err != nil {
		return failure(ctx, "load", err)
	}
	for {
		t, err := from.Table()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := s.copyIn(ctx, c, t, types[t.Name], from); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, "UPDATE nodes SET floor = greatest(floor, $1)", int64(shot.Floor))
	if err == nil {
		_, err = c.Exec(ctx, "ANALYZE") // until the server would come to it, readers would be given plans for empty tables
	}
	return failure(ctx, "load", err)
}

// fits refuses another schema, and migrates a database that never was: then it carries the
// mark already.
func (s *Store) fits(ctx context.Context, c *pgx.Conn, shot core.Snapshot) (marked bool, err error) {
	todo, err := migrations()
	if err != nil {
		return false, err
	}
	if err := record.Fits(shot, len(todo)); err != nil {
		return false, err
	}
	at, err := version(ctx, c)
	switch {
	case err != nil:
		return false, err
	case at == 0:
		s.opts.Unfinished = true // its own mark
		if err := s.migrate(ctx, true); err != nil {
			return false, err
		}
		// Unless somebody else made it at the same moment, as a desk.
		err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE name = $1)", record.MetaLoading).Scan(&marked)
		return marked, err
	case at < int64(len(todo)):
		return false, record.Older(s.name, at)
	}
	return false, s.migrated("load")
}

// begins marks the database, unless something is in it or somebody has it open. Nobody
// writes meanwhile; who opens it from now on sees the mark.
func (s *Store) begins(ctx context.Context, c *pgx.Conn, shot core.Snapshot) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, takeDesk, lockDesk); err != nil {
			return err
		}
		for _, l := range record.Carried() {
			var some bool
			if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+l.Name+")").Scan(&some); err != nil {
				return err
			}
			if some {
				return record.NotEmpty(s.name, l.Name)
			}
		}
		if err := s.nobodyElse(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO meta (name, value) VALUES ($1, $2)", record.MetaLoading, "from "+shot.Source+", "+shot.Taken.Format(time.RFC3339))
		return err
	})
}

// Still takes the desk for itself on a connection of its own: who writes shares it.
func (s *Store) Still(ctx context.Context) (func(), error) {
	if s.opts.ReadOnly {
		return nil, unusable("still", "The database "+s.name+" was opened for reading only.", nil)
	}
	if err := s.enter("still"); err != nil {
		return nil, err
	}
	defer s.working.Done()
	if err := s.migrated("still"); err != nil {
		return nil, err
	}
	c, err := s.carrier(ctx)
	if err != nil {
		return nil, err
	}
	release := func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
		defer cancel()
		_ = c.Close(within) // with which its locks go
	}
	_, err = c.Exec(ctx, "SELECT pg_advisory_lock($1)", lockDesk)
	if err == nil {
		err = s.nobodyElse(ctx, c)
	}
	if err != nil {
		release()
		return nil, failure(ctx, "still", err)
	}
	return release, nil
}

// nobodyElse refuses where another process has the database open.
func (s *Store) nobodyElse(ctx context.Context, c interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) error {
	var others int
	err := c.QueryRow(ctx, "SELECT count(*) FROM nodes WHERE number <> $1 AND until >= "+clock, s.node.number).Scan(&others)
	if err == nil && others > 0 {
		err = &core.Error{Kind: core.Conflict, Op: "carry", Msg: fmt.Sprintf("%d other processes have the database %s open: stop them first, and wait a minute where one has died.", others, s.name)}
	}
	return err
}

func (s *Store) copyIn(ctx context.Context, c *pgx.Conn, t core.Table, types map[string]uint32, from core.Giver) error {
	layout, err := record.Same(t)
	if err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return failure(ctx, "load", err)
	}
	defer rollback(c) // where it was not committed
	r := &copied{ctx: ctx, t: t, from: from, buf: append([]byte(nil), copyHead...)}
	for _, column := range layout.Columns {
		r.oids = append(r.oids, types[column])
	}
	_, err = c.PgConn().CopyFrom(ctx, r, "COPY "+t.Name+" ("+strings.Join(layout.Columns, ", ")+") FROM STDIN (FORMAT binary)")
	switch {
	case r.err != nil:
		return r.err
	case err != nil:
		return unkept(ctx, t, err)
	case r.rows != t.Rows:
		return record.Uncounted(t, r.rows)
	}
	if err := fault.At(fault.CommitBefore); err != nil {
		return failure(ctx, "load", err)
	}
	if _, err := c.Exec(ctx, "COMMIT"); err != nil {
		return failure(ctx, "load", err)
	}
	_ = fault.At(fault.CommitAfter) // an error here would deny what is done
	return nil
}

// unkept says which row it was that the database did not take, where it says so.
func unkept(ctx context.Context, t core.Table, err error) error {
	says := failure(ctx, "load", err)
	if core.KindOf(says) == core.Unavailable { // which is not the rows' fault
		return says
	}
	row := "A row"
	var p *pgconn.PgError
	if errors.As(err, &p) {
		if m := atLine.FindStringSubmatch(p.Where); m != nil {
			row = "Row " + m[1]
		}
	}
	return &core.Error{Kind: core.Invalid, Op: "load", Msg: row + " of table " + t.Name + " cannot be kept.", Err: err}
}

// atLine is how a server says where in a COPY it is.
var atLine = regexp.MustCompile(`^COPY [a-z_]+, line ([0-9]+)`)

// copied reads rows as COPY's binary format.
type copied struct {
	ctx  context.Context
	t    core.Table
	from core.Giver
	oids []uint32
	buf  []byte // not read yet
	at   int    // of it, what was read
	rows int64
	over bool
	err  error // what ended it: io.EOF of the rows is none
}

// copyHead is the signature, no flags and no extension; copyTail is a row of -1 columns.
var (
	copyHead = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	copyTail = []byte{0xff, 0xff}
)

// Read implements io.Reader.
func (r *copied) Read(p []byte) (int, error) {
	for r.at == len(r.buf) {
		if r.err != nil {
			return 0, r.err
		}
		if r.over {
			return 0, io.EOF
		}
		r.buf, r.at = r.buf[:0], 0
		r.more(len(p))
	}
	n := copy(p, r.buf[r.at:])
	r.at += n
	return n, nil
}

// more encodes rows until there is enough.
func (r *copied) more(enough int) {
	for len(r.buf) < enough {
		row, err := r.from.Row()
		if errors.Is(err, io.EOF) {
			r.buf, r.over = append(r.buf, copyTail...), true
			return
		}
		if err == nil {
			r.rows++
			err = r.add(row)
		}
		if err != nil {
			r.err = err
			return
		}
	}
}

func (r *copied) add(row []core.Value) error {
	if len(row) != len(r.oids) {
		return record.Unfit(r.t, r.rows, "its columns", fmt.Sprintf("%d values", len(row)))
	}
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(len(row)))
	for i, v := range row {
		kind := kindOf[r.oids[i]]
		if v.Kind != core.Null && v.Kind != kind {
			return record.Unfit(r.t, r.rows, r.t.Columns[i], "a value of another kind")
		}
		switch v.Kind {
		case core.Null:
			r.buf = append(r.buf, 0xff, 0xff, 0xff, 0xff)
		case core.Integer:
			if !r.integer(r.oids[i], v.Int) {
				return record.Unfit(r.t, r.rows, r.t.Columns[i], fmt.Sprintf("%d, which is more than fits there", v.Int))
			}
		case core.Text, core.Octets:
			r.buf = append(binary.BigEndian.AppendUint32(r.buf, uint32(len(v.Bytes))), v.Bytes...)
		}
	}
	return nil
}

func (r *copied) integer(oid uint32, v int64) bool {
	switch oid {
	case pgtype.Int2OID:
		r.buf = binary.BigEndian.AppendUint16(append(r.buf, 0, 0, 0, 2), uint16(v))
		return v >= math.MinInt16 && v <= math.MaxInt16
	case pgtype.Int4OID:
		r.buf = binary.BigEndian.AppendUint32(append(r.buf, 0, 0, 0, 4), uint32(v))
		return v >= math.MinInt32 && v <= math.MaxInt32
	}
	r.buf = binary.BigEndian.AppendUint64(append(r.buf, 0, 0, 0, 8), uint64(v))
	return true
}

// Loaded takes the mark away.
func (s *Store) Loaded(ctx context.Context) error {
	if s.opts.ReadOnly {
		return unusable("load", "The database "+s.name+" was opened for reading only.", nil)
	}
	if err := s.enter("load"); err != nil {
		return err
	}
	defer s.working.Done()
	if err := s.migrated("load"); err != nil {
		return err
	}
	_, err := s.keeper.Exec(ctx, "DELETE FROM meta WHERE name = $1", record.MetaLoading)
	return failure(ctx, "load", err)
}

// whole refuses a database into which a desk was being loaded.
func (s *Store) whole(ctx context.Context, c *pgx.Conn) error {
	if s.opts.Unfinished {
		return nil
	}
	var n int
	err := c.QueryRow(ctx, "SELECT count(*) FROM meta WHERE name = $1", record.MetaLoading).Scan(&n)
	if err != nil || n == 0 {
		return err
	}
	return record.HalfLoaded(s.name, "Drop that database, make it anew and begin again.")
}
