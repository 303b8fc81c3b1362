package record

import (
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// reach is by which index a list gets at its rows. Rows that pass by one of several
// columns (what a Sight shows) come from no single index in order of id, and reading
// all rows until a page is full takes seconds where the reader's own are few. So the
// list is put together from one stretch of an index for each key, each in order of
// id and no row in two of them, and SQLite merges them until the page is full.
type reach struct {
	from   string // tables and aliases, when read by this column
	id     string // the id, as the index has it
	column string // of an index in which the id comes next
	keys   []id.ID
	whole  string // the same as a condition on the list's own table, with %s where column is one of keys
}

// mostStretches bounds a merge; beyond it the rows are found by index and then sorted.
const mostStretches = 16

// whence says by which indexes to read a list. whole: there is none to choose, for other
// conditions say it, or every row is meant.
type whence struct {
	whole    bool
	reaches  []reach
	customer string // column that keeps the second reach's rows apart from the first's
}

// customersFor are those to whose rows a query's own filters lead, where they do.
func (r *Reader) customersFor(customers, projects, users []id.ID) (list []id.ID, known bool, err error) {
	switch {
	case len(customers) > 0:
		return customers, true, nil
	case len(projects) > 0:
		list, err = r.customersOf(projects, nil)
	case len(users) > 0:
		list, err = r.customersOf(nil, users)
	default:
		return nil, false, nil
	}
	return list, true, err
}

// distinct is a list without what is in it twice.
func distinct(list []id.ID) []id.ID {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// seenCustomers are those whose rows a Sight may show by customer, project or user.
func (r *Reader) seenCustomers(s *core.Sight) ([]id.ID, error) {
	more, err := r.customersOf(s.Projects, s.Users)
	return append(more, s.Customers...), err
}

// either narrows to the rows that any of the reaches leads to.
func (h whence) either(w *where) {
	if h.whole {
		return
	}
	var parts []string
	for _, x := range h.reaches {
		if len(x.keys) > 0 {
			sql, a := among(x.column, x.keys)
			parts, w.args = append(parts, strings.Replace(x.whole, "%s", sql, 1)), append(w.args, a)
		}
	}
	w.either(parts)
}

// stretches are the ways to read, one for each key of an index.
func (h whence) stretches() []stretch {
	var out []stretch
	var before []id.ID
	for _, x := range h.reaches {
		for _, k := range x.keys {
			s := stretch{reach: x}
			s.and(x.column+" = ?", num64(k))
			if len(before) > 0 {
				sql, a := among(h.customer, before)
				s.and("NOT "+sql, a)
			}
			out = append(out, s)
		}
		before = x.keys
	}
	return out
}

type stretch struct {
	reach
	where
}

// reachList is list, by the indexes that h says.
func reachList[T any](r *Reader, t *Table[T], alias string, h whence, w *where, p core.Page, by sorting) ([]T, error) {
	from := t.Name + " " + alias
	ways := h.stretches()
	if h.whole || len(ways) == 0 || len(by.keys) > 0 || len(ways) > mostStretches {
		h.either(w)
		return list(r, t, alias, from, w, p, by)
	}
	read := func(w where, p core.Page, each func(*Fields, *T)) ([]T, error) {
		tail, back := w.page(p, by)
		n := 1 // parameters of the tail, behind all others
		if p.Skip > 0 {
			n = 2
		}
		all := merged(ways, &w, n, by, tail)
		order, _, _ := strings.Cut(tail, " LIMIT ")
		out, err := gather(r, t.selects(alias)+" FROM "+from+all.sql()+order, true, each, all.args)
		if back {
			slices.Reverse(out)
		}
		return out, err
	}
	return paged(r, t, p, w, read, func() (string, []Arg) {
		all := merged(ways, w, 0, by, by.sql(p.Ascending))
		return from + all.sql(), all.args
	})
}

// merged is the condition that a row's id is among those that the ways lead to, in the order
// and within the bounds of a tail, whose parameters are the last of w's.
func merged(ways []stretch, w *where, bounds int, by sorting, tail string) where {
	shared := w.args[:len(w.args)-bounds]
	var sql []string
	var all where
	for _, way := range ways {
		parts := slices.Clip(way.parts)
		for _, part := range w.parts { // the index is not searched by what another table's id is compared with
			parts = append(parts, strings.ReplaceAll(part, by.id, way.id))
		}
		way.parts = parts
		sql = append(sql, "SELECT "+way.id+" AS id FROM "+way.from+way.sql())
		all.args = append(append(all.args, way.args...), shared...)
	}
	all.args = append(all.args, w.args[len(shared):]...)
	all.parts = []string{by.id + " IN (" + strings.Join(sql, " UNION ALL ") + strings.Replace(tail, by.id, "id", 1) + ")"}
	return all
}

// reachCount is count, by the indexes that h says.
func reachCount[T any](r *Reader, t *Table[T], alias string, h whence, w *where) (int, error) {
	h.either(w)
	return count(r, t.Name+" "+alias, alias+".id", w)
}
