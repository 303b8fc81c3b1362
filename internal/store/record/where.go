package record

import (
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// where collects the conditions of a query that filters shape, with their parameters
// in order. A zero filter adds nothing.
type where struct {
	parts []string
	args  []Arg
}

// and adds a condition with a ? for each parameter.
func (w *where) and(sql string, args ...Arg) {
	w.parts = append(w.parts, sql)
	w.args = append(w.args, args...)
}

// is narrows a column to an id, a day, a number, if it is not zero.
func is[T integer](w *where, column string, v T) {
	if v != 0 {
		w.and(column+" = ?", num64(v))
	}
}

// text narrows a column to a text, if it is not empty.
func (w *where) text(column, v string) {
	if v != "" {
		w.and(column+" = ?", str(v))
	}
}

// yes narrows a column to a truth, if one is given.
func (w *where) yes(column string, v *bool) {
	if v != nil {
		w.and(column+" = ?", num64(truth(*v)))
	}
}

func truth(v bool) int {
	if v {
		return 1
	}
	return 0
}

// in narrows a column to any of a list, if it is not empty.
func in[T integer](w *where, column string, list []T) {
	if len(list) > 0 {
		sql, a := among(column, list)
		w.and(sql, a)
	}
}

// among is the condition that a column is one of a list. One parameter whatever the
// list's length, so that few texts of queries serve all.
func among[T integer](column string, list []T) (string, Arg) {
	if len(list) == 1 {
		return column + " = ?", num64(list[0])
	}
	return column + oneOf, listed(list)
}

const oneOf = " = ANY (?)"

// listed is a list as one parameter.
func listed[T integer](list []T) Arg {
	ints := make([]int64, len(list))
	for i, v := range list {
		ints[i] = int64(v)
	}
	return Arg{Kind: Ints, Ints: ints}
}

// words narrows a column to any of a list of texts, if it is not empty.
func words[T ~string](w *where, column string, list []T) {
	switch {
	case len(list) == 1:
		w.and(column+" = ?", str(list[0]))
	case len(list) > 1:
		texts := make([]string, len(list))
		for i, v := range list {
			texts[i] = string(v)
		}
		w.and(column+oneOf, Arg{Kind: Texts, Texts: texts})
	}
}

// coded narrows a column to the codes of a list of words, if that is not empty. Codes that
// are neighbours are a span: to look each row's up in a list takes longer than all else that
// counting does with it.
func coded[T comparable](w *where, column string, table codes[T], list []T) {
	if len(list) == 0 {
		return
	}
	all := table.list(list)
	slices.Sort(all)
	all = slices.Compact(all)
	if n := len(all); n > 1 && all[n-1]-all[0] == int64(n-1) {
		w.and(column+" BETWEEN ? AND ?", num64(all[0]), num64(all[n-1]))
		return
	}
	sql, a := among(column, all)
	w.and(sql, a)
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Pattern is what LIKE matches anything with that contains text, in any case; Contains is
// the condition that it is the parameter of.
func Pattern(text string) Arg { return str("%" + likeEscapes.Replace(strings.ToLower(text)) + "%") }

// contains narrows to rows one of whose columns contains a text, in any case.
func (w *where) contains(text string, columns ...string) {
	if text == "" {
		return
	}
	parts, args := make([]string, len(columns)), make([]Arg, len(columns))
	for i, c := range columns {
		parts[i], args[i] = Contains(c), Pattern(text)
	}
	w.and("("+strings.Join(parts, " OR ")+")", args...)
}

// Contains is the condition that a text contains what Pattern was made from.
func Contains(column string) string { return "fold(" + column + `) LIKE ? ESCAPE '\'` }

// between narrows an instant to [from, until).
func (w *where) between(column string, from, until *time.Time) {
	if from != nil {
		w.and(column+" >= ?", num64(from.UnixMicro()))
	}
	if until != nil {
		w.and(column+" < ?", num64(until.UnixMicro()))
	}
}

// firstOf is the first id not before an instant: an id knows its millisecond.
func firstOf(t time.Time) id.ID { return id.At(t.Add(time.Millisecond - time.Nanosecond)) }

// made narrows ids to those made in [from, until).
func (w *where) made(column string, from, until *time.Time) {
	if from != nil {
		w.and(column+" >= ?", num64(firstOf(*from)))
	}
	if until != nil {
		w.and(column+" < ?", num64(firstOf(*until)))
	}
}

// changed narrows to what was made or changed last in [from, until): what was never changed
// has been so since it was made.
func (w *where) changed(key, column string, from, until *time.Time) {
	if from != nil {
		w.and("("+key+" >= ? OR "+column+" >= ?)", num64(firstOf(*from)), num64(from.UnixMicro()))
	}
	if until != nil {
		w.made(key, nil, until)
		w.and(column+" < ?", num64(until.UnixMicro()))
	}
}

// owners are the columns by which a Sight shows a row; "" where the record has none.
type owners struct{ customer, project, provider, offering, user string }

// sight narrows to what a reader may see: a row passes if any part names it.
func (w *where) sight(s *core.Sight, by owners) {
	if s == nil || s.All {
		return
	}
	var parts []string
	for _, p := range []struct {
		column string
		list   []id.ID
	}{{by.customer, s.Customers}, {by.project, s.Projects}, {by.provider, s.Providers}, {by.offering, s.Offerings}, {by.user, s.Users}} {
		if p.column != "" && len(p.list) > 0 {
			sql, a := among(p.column, p.list)
			parts = append(parts, sql)
			w.args = append(w.args, a)
		}
	}
	w.either(parts)
}

// either adds conditions one of which must hold; their parameters are there already.
func (w *where) either(parts []string) {
	if len(parts) == 0 {
		parts = []string{"1 = 0"}
	}
	w.parts = append(w.parts, "("+strings.Join(parts, " OR ")+")")
}

// sql is the WHERE clause, with a space before it.
func (w *where) sql() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// sorting is how a list is sorted: by keys, then by the id. from finds the row that
// After or Before names, whose keys are compared with.
type sorting struct {
	id   string   // column
	keys []string // before it
	from string   // "orders o": where to look the keys up
}

// sql is the ORDER BY clause, with a space before it.
func (by sorting) sql(up bool) string {
	dir := " DESC"
	if up {
		dir = ""
	}
	return " ORDER BY " + strings.Join(append(slices.Clone(by.keys), by.id), dir+", ") + dir
}

// page adds the bounds of a page and returns what ends the query. back says that the
// rows come in the opposite order: the ones just before Before are the last of what
// stands there, so they are read from that side.
func (w *where) page(p core.Page, by sorting) (tail string, back bool) {
	up := p.Ascending
	w.bound(by, p.After, up)
	w.bound(by, p.Before, !up)
	if p.Before != 0 && p.After == 0 {
		up, back = !up, true
	}
	// SQLite plans a query anew for each value of a parameter that stands alone behind LIMIT.
	tail = by.sql(up) + " LIMIT ? + 0"
	w.args = append(w.args, num64(pageLimit(p.Limit)))
	if p.Skip > 0 {
		tail += " OFFSET ?"
		w.args = append(w.args, num64(p.Skip))
	}
	return tail, back
}

func (w *where) bound(by sorting, place id.ID, above bool) {
	if place == 0 {
		return
	}
	op := " < "
	if above {
		op = " > "
	}
	if len(by.keys) == 0 {
		w.and(by.id+op+"?", num64(place))
		return
	}
	columns := strings.Join(append(slices.Clone(by.keys), by.id), ", ")
	w.and("("+columns+")"+op+"(SELECT "+columns+" FROM "+by.from+" WHERE "+by.id+" = ?)", num64(place))
}

// pageLimit is how many rows a page has.
func pageLimit(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

// list runs a query that filters shaped.
func list[T any](r *Reader, t *Table[T], alias, from string, w *where, p core.Page, by sorting) ([]T, error) {
	read := func(w where, p core.Page, each func(*Fields, *T)) ([]T, error) {
		tail, back := w.page(p, by)
		out, err := gather(r, t.selects(alias)+" FROM "+from+w.sql()+tail, true, each, w.args)
		if back {
			slices.Reverse(out)
		}
		return out, err
	}
	return paged(r, t, p, w, read, func() (string, []Arg) { return from + w.sql() + by.sql(p.Ascending), w.args })
}

// paged reads a page of a list from the nearest place that is known to stand before it. list
// is what makes it that list: a text and its parameters.
func paged[T any](r *Reader, t *Table[T], p core.Page, w *where, read func(where, core.Page, func(*Fields, *T)) ([]T, error), list func() (string, []Arg)) ([]T, error) {
	n := pageLimit(p.Limit)
	if r.Lists == nil || p.Before != 0 || p.Skip == 0 && n < fewRows {
		return read(w.copy(), p, t.Each)
	}
	text, args := list()
	l, ok := r.known(text, append(slices.Clip(args), num64(p.After)))
	if !ok {
		return read(w.copy(), p, t.Each)
	}
	var last id.ID
	out, err := read(w.copy(), l.nearest(p), func(f *Fields, v *T) {
		last = id.ID(f.row.Int(0)) // each table that has pages begins with its id
		t.Each(f, v)
	})
	if err == nil && len(out) == n && p.Skip+n >= fewRows {
		l.passed(p.Skip+n, last)
	}
	return out, err
}

// copy is a where that may be added to.
func (w *where) copy() where { return where{slices.Clip(w.parts), slices.Clip(w.args)} }

// shaped runs a query that filters shaped and that has no pages.
func shaped[T any](r *Reader, t *Table[T], alias, from string, w *where, tail string) ([]T, error) {
	return gather(r, t.selects(alias)+" FROM "+from+w.sql()+tail, true, t.Each, w.args)
}
