package sqlite

import (
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// table is a record's table: its columns by name, the key first, and the function
// that goes over them in that order. Its statements name every column; column n is
// parameter ?n in each of them, so that one function binds them all.
type table[T any] struct {
	name    string
	columns []string
	each    func(*fields, *T)

	insert  string
	put     string // insert, or replace by key
	replace string // by key and rev
}

// newTable takes the columns as one list; the first keys of them are the key.
func newTable[T any](name string, keys int, columns string, each func(*fields, *T)) *table[T] {
	t := &table[T]{name: name, columns: strings.Split(columns, ", "), each: each}
	params := make([]string, len(t.columns))
	var anew, set []string
	var byKey []string
	rev := 0
	for i, c := range t.columns {
		params[i] = fmt.Sprintf("?%d", i+1)
		switch {
		case i < keys:
			byKey = append(byKey, c+" = "+params[i])
		case c == "rev":
			rev = i + 1
		default:
			anew = append(anew, c+" = excluded."+c)
			set = append(set, c+" = "+params[i])
		}
	}
	t.insert = "INSERT INTO " + name + " (" + columns + ") VALUES (" + strings.Join(params, ", ") + ")"
	t.put = t.insert + " ON CONFLICT (" + strings.Join(t.columns[:keys], ", ") + ") DO UPDATE SET " + strings.Join(anew, ", ")
	if len(anew) == 0 {
		t.put = t.insert + " ON CONFLICT DO NOTHING"
	}
	t.replace = "UPDATE " + name + " SET " + strings.Join(set, ", ") + " WHERE " + strings.Join(byKey, " AND ")
	if rev > 0 {
		t.replace = fmt.Sprintf("UPDATE %s SET %s, rev = ?%d + 1 WHERE %s AND rev = ?%d", name, strings.Join(set, ", "), rev, strings.Join(byKey, " AND "), rev)
	}
	return t
}

// selects is SELECT and the columns; alias, where given, is the table's name in tail.
func (t *table[T]) selects(alias string) string {
	if alias != "" {
		alias += "."
	}
	return "SELECT " + alias + strings.Join(t.columns, ", "+alias)
}

// query is one reading of a table, its text made once.
type query[T any] struct {
	t   *table[T]
	sql string
}

// where reads the table with what follows its name.
func (t *table[T]) where(tail string) query[T] {
	return query[T]{t, t.selects("") + " FROM " + t.name + " " + tail}
}

func (q query[T]) all(r *reader, args ...arg) ([]T, error) {
	s, err := r.prepare(q.sql)
	if err != nil {
		return nil, err
	}
	return gather(r, s, q.t.each, args)
}

// one reads a single record; there is none: NotFound about it.
func (q query[T]) one(r *reader, kind string, i id.ID, args ...arg) (T, error) {
	var v T
	s, err := r.prepare(q.sql)
	if err != nil {
		return v, err
	}
	bind(s, args)
	ok, err := s.Step()
	if err != nil {
		return v, r.failure("read "+kind, err)
	}
	if !ok {
		return v, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: kind, ID: i}, Msg: "There is no such " + kind + "."}
	}
	f := fields{s: s}
	q.t.each(&f, &v)
	s.Reset() // else its snapshot is held; what it reports was reported by Step
	return v, f.err
}

// byID reads a record by its own id.
func (q query[T]) byID(r *reader, kind string, i id.ID) (T, error) {
	return q.one(r, kind, i, num64(i))
}

// gather reads all rows of a statement.
func gather[T any](r *reader, s *sqlite.Stmt, each func(*fields, *T), args []arg) ([]T, error) {
	bind(s, args)
	var out []T
	f := fields{s: s}
	for {
		ok, err := s.Step()
		if err != nil {
			return nil, r.failure("list", err)
		}
		if !ok {
			return out, f.err
		}
		f.n = 0
		var v T
		each(&f, &v)
		out = append(out, v)
	}
}

// arg is one parameter.
type arg struct {
	kind sqlite.ColumnType
	i    int64
	s    string
}

func num64[T integer](v T) arg { return arg{kind: sqlite.TypeInteger, i: int64(v)} }
func str[T ~string](v T) arg   { return arg{kind: sqlite.TypeText, s: string(v)} }
func octets(b []byte) arg      { return arg{kind: sqlite.TypeBlob, s: string(b)} }

func bind(s *sqlite.Stmt, args []arg) {
	for i, a := range args {
		switch a.kind {
		case sqlite.TypeInteger:
			s.BindInt64(i+1, a.i)
		case sqlite.TypeText:
			s.BindText(i+1, a.s)
		case sqlite.TypeBlob:
			s.BindBytes(i+1, []byte(a.s))
		case sqlite.TypeNull, sqlite.TypeFloat: // no parameter is one
			s.BindNull(i + 1)
		}
	}
}

// write runs a statement of the table over one record and returns how many rows it
// changed.
func write[T any](tx *tx, t *table[T], sql string, v *T) (int, error) {
	s, err := tx.change(sql)
	if err != nil {
		return 0, err
	}
	f := fields{s: s, in: true}
	t.each(&f, v)
	if f.err != nil {
		return 0, tx.spoil(&core.Error{Kind: core.Invalid, Op: "write " + t.name, Msg: "A value is none of those its field may have.", Err: f.err})
	}
	if _, err := s.Step(); err != nil {
		return 0, tx.spoil(tx.failure("write "+t.name, err))
	}
	return tx.c.c.Changes(), nil
}

// put inserts or replaces by key a record without rev.
func put[T any](tx *tx, t *table[T], v *T) error {
	_, err := write(tx, t, t.put, v)
	return err
}

// insertNew inserts a record with a rev as its first.
func insertNew[T any](tx *tx, t *table[T], v *T, rev *int64) error {
	*rev = 1
	_, err := write(tx, t, t.insert, v)
	return err
}

// putRev inserts a record whose rev is 0, else replaces the row of exactly that rev.
func putRev[T any](tx *tx, t *table[T], v *T, rev *int64, about core.Ref) error {
	if *rev == 0 {
		return insertNew(tx, t, v, rev)
	}
	return replaceRev(tx, t, v, about)
}

// replaceRev replaces the row of exactly that rev.
func replaceRev[T any](tx *tx, t *table[T], v *T, about core.Ref) error {
	n, err := write(tx, t, t.replace, v)
	if err == nil && n == 0 {
		err = tx.spoil(stale(about))
	}
	return err
}
