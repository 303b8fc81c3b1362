package record

import (
	"math/bits"
	"slices"
)

// count counts the rows of a query without its page. id, where the rows have one, is its
// column.
func count(r *Reader, from, id string, w *where) (int, error) {
	text := "SELECT count(*) FROM " + from + w.sql()
	l, ok := r.known(text, w.args)
	if ok {
		if n, ok := l.rows(); ok {
			return n, nil
		}
		if n, ok, err := recount(r, l, from, id, w); ok || err != nil {
			return n, err
		}
	}
	n := 0
	err := r.Query(text, true, w.args, func(row Row) { n = int(row.Int(0)) })
	if ok && err == nil {
		l.counted(n)
	}
	return n, err
}

// recount counts a list that was counted before, as its table stood then: by the ids of its
// rows, of which those are looked at again that were written since. What each row of a list
// is must be said by that row alone, so this is for lists that read one table.
func recount(r *Reader, l listAt, from, id string, w *where) (n int, ok bool, err error) {
	was := l.before()
	if id == "" || was == nil || bits.OnesCount64(uint64(l.at.tables)) != 1 {
		return 0, false, nil
	}
	if _, ok := r.Snapshot.Changed(l.at.tables, l.at.as); !ok {
		return 0, false, nil
	}
	var ids []int64
	changed, ok := r.Snapshot.Changed(l.at.tables, was.as)
	if was.ids != nil && ok && len(changed) <= mostAnew {
		now, failed := idsAmong(r, from, id, w, changed, l.at.tables)
		ids, err = instead(was.ids, changed, now), failed
	} else if l.in.room(was) {
		ids, err = idsOf(r, "SELECT "+id+" FROM "+from+w.sql(), w.args)
	} else {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	l.listed(ids)
	return len(ids), true, nil
}

// idsAmong are the ids of a list's rows among some of its table's, which are found first.
func idsAmong(r *Reader, from, id string, w *where, some []int64, table Tables) ([]int64, error) {
	if len(some) == 0 {
		return nil, nil
	}
	one := w.copy()
	one.and(id + " = c.id")
	return idsOf(r, "SELECT "+id+" FROM (SELECT id FROM "+layouts[bits.TrailingZeros64(uint64(table))].Name+" WHERE id"+oneOf+") c CROSS JOIN "+from+one.sql(),
		append([]Arg{{Kind: Ints, Ints: some}}, one.args...))
}

// idsOf reads ids and sorts them.
func idsOf(r *Reader, sql string, args []Arg) ([]int64, error) {
	var out []int64
	err := r.Query(sql, true, args, func(row Row) { out = append(out, row.Int(0)) })
	slices.Sort(out)
	return out, err
}

// instead is a list with now in place of what of it is gone. All are ascending.
func instead(was, gone, now []int64) []int64 {
	out := make([]int64, 0, len(was)+len(now))
	for _, i := range was {
		for len(gone) > 0 && gone[0] < i {
			gone = gone[1:]
		}
		if len(gone) > 0 && gone[0] == i {
			continue
		}
		for len(now) > 0 && now[0] < i {
			out, now = append(out, now[0]), now[1:]
		}
		out = append(out, i)
	}
	return append(out, now...)
}

// room reports whether there is room for the ids of a list as long as it was.
func (x *Lists) room(was *known) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.ids-len(was.ids)+was.rows <= mostIDs
}

// before is what is known of a list as it stood otherwise; nil: nothing.
func (l listAt) before() *known {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.of[l.key]
	if k == nil || k.as == l.at.as {
		return nil
	}
	return &known{as: k.as, rows: k.rows, ids: k.ids} // which are replaced and never changed
}

// listed remembers the ids of a list's rows, where there is room.
func (l listAt) listed(ids []int64) {
	if len(ids) < fewRows {
		return
	}
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.current(l)
	k.rows = len(ids)
	if k.ids == nil && l.in.ids+len(ids) <= mostIDs {
		k.ids = ids
		l.in.ids += len(ids)
	}
}
