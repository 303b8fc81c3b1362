package postgres

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/record"
)

// engine runs statements one by one within one transaction of one connection. conn is nil
// once that is over.
type engine struct {
	conn   *pgx.Conn
	ctx    context.Context
	failed error // the first failure of a write: nothing is kept
	broken error // the first failure as the driver gave it
	wrote  bool
	shelf  bool // a small table that processes keep in memory was written
	row    row
	params params
}

var _ record.Engine = (*engine)(nil)

func (e *engine) usable() error {
	switch {
	case e.conn == nil:
		return errOver
	case e.failed != nil:
		return e.failed
	case e.ctx.Err() != nil:
		return ended(e.ctx)
	}
	return nil
}

// fail keeps the driver's first failure: it decides whether the act runs again.
func (e *engine) fail(op string, err error) error {
	if e.broken == nil {
		e.broken = err
	}
	return failure(e.ctx, op, err)
}

func (e *engine) Query(sql string, _ bool, args []record.Arg, each func(record.Row)) error {
	if err := e.usable(); err != nil {
		return err
	}
	e.params.given = e.params.given[:0]
	for _, a := range args {
		e.params.given = append(e.params.given, value(a))
	}
	rows, err := e.conn.Query(e.ctx, spell(sql), e.params.given...)
	if err != nil {
		return e.fail("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		e.row.values = rows.RawValues()
		each(&e.row)
	}
	if err := rows.Err(); err != nil {
		return e.fail("read", err)
	}
	return nil
}

func (e *engine) Exec(op, sql string, give func(record.Params) error) (int, error) {
	if err := e.usable(); err != nil {
		return 0, e.Spoil(err)
	}
	e.wrote, e.shelf = true, e.shelf || record.Small(op)
	e.params.given = e.params.given[:0]
	if err := give(&e.params); err != nil {
		return 0, e.Spoil(err)
	}
	tag, err := e.conn.Exec(e.ctx, spell(sql), e.params.given...)
	if err != nil {
		return 0, e.Spoil(e.fail(op, err))
	}
	return int(tag.RowsAffected()), nil
}

// Spoil remembers the first failure of a write.
func (e *engine) Spoil(err error) error {
	if e.failed == nil {
		e.failed = err
	}
	return err
}

func (e *engine) RequestContains(path []string, words string) (string, []record.Arg) {
	at := record.Arg{Kind: record.Texts, Texts: path}
	return "CASE WHEN json_typeof(o.request::json #> ?) IN ('string', 'number', 'boolean') THEN " + record.Contains("(o.request::json #>> ?)") + " ELSE FALSE END",
		[]record.Arg{at, at, record.Pattern(words)}
}

// value is a parameter as the driver takes it.
func value(a record.Arg) any {
	switch a.Kind {
	case record.Int:
		return a.Int
	case record.Text:
		return a.Text
	case record.Octets:
		return []byte(a.Text)
	case record.Ints:
		return a.Ints
	case record.Texts:
		return a.Texts
	}
	return nil
}

// row is one row, each column in binary.
type row struct{ values [][]byte }

func (r *row) Null(i int) bool { return r.values[i] == nil }

func (r *row) Int(i int) int64 {
	switch b := r.values[i]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	}
	return 0
}

func (r *row) Text(i int) string { return string(r.values[i]) }

func (r *row) Bytes(i int) []byte {
	if len(r.values[i]) == 0 {
		return nil
	}
	return append([]byte(nil), r.values[i]...)
}

// params gathers a statement's parameters.
type params struct{ given []any }

func (p *params) Int(_ int, v int64)    { p.given = append(p.given, v) }
func (p *params) Text(_ int, v string)  { p.given = append(p.given, v) }
func (p *params) Bytes(_ int, v []byte) { p.given = append(p.given, v) }
func (p *params) Null(int)              { p.given = append(p.given, nil) }
