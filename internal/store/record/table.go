package record

import (
	"fmt"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// Table is a record's table: its columns by name, the key first, and the function
// that goes over them in that order. Its statements name every column; column n is
// parameter ?n in each of them, so that one function binds them all.
type Table[T any] struct {
	Layout
	Each func(*Fields, *T)

	insert  string
	put     string // insert, or replace by key
	replace string // by key and rev
	op      string // for failures
}

// Layout is what a table is called and has.
type Layout struct {
	Name    string
	Columns []string
	Keys    int // how many of the columns, the first ones, are the key
}

// Small reports whether an operation writes one of the tables that people set up and
// that every placement reads: those a store may keep in memory.
func Small(op string) bool { return small[op] }

var small = map[string]bool{
	"write customers": true, "write contracts": true, "write projects": true, "write users": true, "write providers": true, "write offerings": true,
	"write grants": true, "write components": true, "write plans": true, "write prices": true, "write limits": true, "delete limit": true, "delete component": true,
}

// layouts are all tables that stores have in common, numbers their places among them.
var (
	layouts []Layout
	numbers = map[string]int{}
)

// newTable takes the columns as one list; the first keys of them are the key.
func newTable[T any](name string, keys int, columns string, each func(*Fields, *T)) *Table[T] {
	t := &Table[T]{Layout: Layout{name, strings.Split(columns, ", "), keys}, Each: each, op: "write " + name}
	numbers[name] = len(layouts)
	layouts = append(layouts, t.Layout)
	params := make([]string, len(t.Columns))
	var anew, set []string
	var byKey []string
	rev := 0
	for i, c := range t.Columns {
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
	t.put = t.insert + " ON CONFLICT (" + strings.Join(t.Columns[:keys], ", ") + ") DO UPDATE SET " + strings.Join(anew, ", ")
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
func (t *Table[T]) selects(alias string) string {
	if alias != "" {
		alias += "."
	}
	return "SELECT " + alias + strings.Join(t.Columns, ", "+alias)
}

// query is one reading of a table, its text made once.
type query[T any] struct {
	t       *Table[T]
	sql     string
	guarded bool // what it reads is read to be changed, where the transaction writes
}

// where reads the table with what follows its name.
func (t *Table[T]) where(tail string) query[T] {
	return query[T]{t, t.selects("") + " FROM " + t.Name + " " + tail, false}
}

// guard is where, of a record whose next state follows from the one that was read.
func (t *Table[T]) guard(tail string) query[T] {
	return query[T]{t, t.selects("") + " FROM " + t.Name + " " + tail, true}
}

func (q query[T]) text(r *Reader) string {
	if q.guarded && r.Guard != "" {
		return q.sql + r.Guard
	}
	return q.sql
}

func (q query[T]) all(r *Reader, args ...Arg) ([]T, error) {
	return gather(r, q.text(r), false, q.t.Each, args)
}

// one reads a single record; there is none: NotFound about it.
func (q query[T]) one(r *Reader, kind string, i id.ID, args ...Arg) (T, error) {
	var v T
	found := false
	var f Fields
	err := r.Query(q.text(r), false, args, func(row Row) {
		found = true
		f = Fields{row: row}
		q.t.Each(&f, &v)
	})
	switch {
	case err != nil:
		return v, err
	case !found:
		return v, Nothing(core.Ref{Kind: kind, ID: i})
	}
	return v, f.err
}

// byID reads a record by its own id.
func (q query[T]) byID(r *Reader, kind string, i id.ID) (T, error) {
	return q.one(r, kind, i, num64(i))
}

// gather reads all rows of a query.
func gather[T any](r *Reader, sql string, shaped bool, each func(*Fields, *T), args []Arg) ([]T, error) {
	var out []T
	var f Fields
	err := r.Query(sql, shaped, args, func(row Row) {
		f.row, f.n = row, 0
		var v T
		each(&f, &v)
		out = append(out, v)
	})
	if err != nil {
		return nil, err
	}
	return out, f.err
}

// write runs a statement of the table over one record and returns how many rows it
// changed.
func write[T any](tx *Tx, t *Table[T], sql string, v *T) (int, error) {
	return tx.Exec(t.op, sql, func(p Params) error {
		f := Fields{params: p}
		t.Each(&f, v)
		if f.err != nil {
			return &core.Error{Kind: core.Invalid, Op: t.op, Msg: "A value is none of those its field may have.", Err: f.err}
		}
		return nil
	})
}

// With binds a few parameters.
func With(args ...Arg) func(Params) error { return with(args...) }

func with(args ...Arg) func(Params) error {
	return func(p Params) error {
		for i, a := range args {
			switch a.Kind {
			case Int:
				p.Int(i, a.Int)
			case Text:
				p.Text(i, a.Text)
			case Octets:
				p.Bytes(i, []byte(a.Text))
			case Ints, Texts:
				return &core.Error{Kind: core.Internal, Op: "write", Msg: "A list is no parameter of a statement that writes."}
			}
		}
		return nil
	}
}

// put inserts or replaces by key a record without rev.
func put[T any](tx *Tx, t *Table[T], v *T) error {
	_, err := write(tx, t, t.put, v)
	return err
}

// insertNew inserts a record with a rev as its first.
func insertNew[T any](tx *Tx, t *Table[T], v *T, rev *int64) error {
	*rev = 1
	_, err := write(tx, t, t.insert, v)
	return err
}

// putRev inserts a record whose rev is 0, else replaces the row of exactly that rev.
func putRev[T any](tx *Tx, t *Table[T], v *T, rev *int64, about core.Ref) error {
	if *rev == 0 {
		return insertNew(tx, t, v, rev)
	}
	return replaceRev(tx, t, v, about)
}

// replaceRev replaces the row of exactly that rev.
func replaceRev[T any](tx *Tx, t *Table[T], v *T, about core.Ref) error {
	n, err := write(tx, t, t.replace, v)
	if err == nil && n == 0 {
		err = tx.Spoil(Stale(about))
	}
	return err
}
