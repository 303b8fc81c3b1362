package sqlite

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/store/record"
)

// engine runs statements within one transaction of one connection. c is nil once that
// is over.
type engine struct {
	c      *conn
	ctx    context.Context
	armed  bool  // the end of ctx interrupts the connection
	failed error // the first failure of a write: nothing is kept
	wrote  bool
	change func(table record.Tables, id int64) // told what is written
	small  func()                              // told when a small table is written
	row    row
	params params
}

var _ record.Engine = (*engine)(nil)

// native spells what record's SQL has its own word for.
func native(sql string) string {
	if !strings.Contains(sql, anyOf) {
		return sql
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(sql, anyOf)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		param, rest, _ := strings.Cut(after, ")")
		b.WriteString(" IN (SELECT value FROM json_each(" + param + "))")
		sql = rest
	}
}

const anyOf = " = ANY ("

// prepare returns a statement by its text. One that filters shaped may scan for long, so
// the end of the context interrupts it; arming costs as much as a read by key, before
// which the context is only looked at.
func (e *engine) prepare(sql string, shaped bool) (*sqlite.Stmt, error) {
	if e.c == nil {
		return nil, errOver
	}
	if e.ctx.Err() != nil {
		return nil, ended(e.ctx)
	}
	if !shaped {
		s, err := e.c.c.Prepare(native(sql))
		return s, e.failure("prepare", err)
	}
	if done := e.ctx.Done(); done != nil && !e.armed {
		e.c.c.SetInterrupt(done)
		e.armed = true
	}
	s, err := e.c.shaped(native(sql))
	return s, e.failure("prepare", err)
}

func (e *engine) Query(sql string, shaped bool, args []record.Arg, each func(record.Row)) error {
	s, err := e.prepare(sql, shaped)
	if err != nil {
		return err
	}
	bind(s, args)
	e.row.s = s
	for {
		ok, err := s.Step()
		if err != nil {
			return e.failure("read", err)
		}
		if !ok {
			return nil
		}
		each(&e.row)
	}
}

// usable refuses what comes after a failed write or the end.
func (e *engine) usable() error {
	if e.c == nil {
		return errOver
	}
	return e.failed
}

func (e *engine) Exec(op, sql string, give func(record.Params) error) (int, error) {
	if e.failed != nil {
		return 0, e.failed
	}
	s, err := e.prepare(sql, false)
	if err != nil {
		return 0, e.Spoil(err)
	}
	e.wrote = true
	if record.Small(op) {
		e.small()
	}
	e.params.s, e.params.first = s, 0
	if err := give(&e.params); err != nil {
		return 0, e.Spoil(err)
	}
	e.change(record.Written(sql), e.params.first)
	for more := true; more; {
		if more, err = s.Step(); err != nil {
			return 0, e.Spoil(e.failure(op, err))
		}
	}
	return e.c.c.Changes(), nil
}

// Spoil remembers the first failure of a write.
func (e *engine) Spoil(err error) error {
	if e.failed == nil {
		e.failed = err
	}
	return err
}

func (e *engine) failure(op string, err error) error { return failure(e.ctx, op, err) }

// RequestContains reads the request where it is JSON; what is at the path is told apart,
// for a text has quotes as JSON.
func (e *engine) RequestContains(path []string, words string) (string, []record.Arg) {
	at, w := record.Word(`$."`+strings.Join(path, `"."`)+`"`), record.Pattern(words)
	return "CASE WHEN json_type(o.request, ?) = 'text' THEN " + record.Contains("json_extract(o.request, ?)") +
		" WHEN json_type(o.request, ?) IN ('integer', 'real', 'true', 'false') THEN " + record.Contains("(o.request -> ?)") + " ELSE 0 END", []record.Arg{at, at, w, at, at, w}
}

// row is the row that a statement stands at.
type row struct{ s *sqlite.Stmt }

func (r *row) Null(i int) bool   { return r.s.ColumnType(i) == sqlite.TypeNull }
func (r *row) Int(i int) int64   { return r.s.ColumnInt64(i) }
func (r *row) Text(i int) string { return r.s.ColumnText(i) }

func (r *row) Bytes(i int) []byte {
	n := r.s.ColumnLen(i)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	r.s.ColumnBytes(i, b)
	return b
}

// params are a statement's.
type params struct {
	s     *sqlite.Stmt
	first int64 // where that is a number: of a row that has an id, this
}

func (p *params) Int(i int, v int64) {
	if i == 0 {
		p.first = v
	}
	p.s.BindInt64(i+1, v)
}

func (p *params) Text(i int, v string)  { p.s.BindText(i+1, v) }
func (p *params) Bytes(i int, v []byte) { p.s.BindBytes(i+1, v) }
func (p *params) Null(i int)            { p.s.BindNull(i + 1) }

// bind gives a query its parameters; a list is one, as JSON.
func bind(s *sqlite.Stmt, args []record.Arg) {
	for i, a := range args {
		switch a.Kind {
		case record.Int:
			s.BindInt64(i+1, a.Int)
		case record.Text:
			s.BindText(i+1, a.Text)
		case record.Octets:
			s.BindBytes(i+1, []byte(a.Text))
		case record.Ints:
			b := []byte{'['}
			for n, v := range a.Ints {
				if n > 0 {
					b = append(b, ',')
				}
				b = strconv.AppendInt(b, v, 10)
			}
			s.BindText(i+1, string(append(b, ']')))
		case record.Texts:
			b, _ := json.Marshal(a.Texts) // texts always can be
			s.BindText(i+1, string(b))
		}
	}
}
