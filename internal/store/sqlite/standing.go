package sqlite

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/docket-desk/docket/internal/store/record"
)

// marks tell readers which tables a commit has written since, and which rows of them: the mark
// of each table moves before and after a commit that writes it, so it is odd in between.
// Nobody but this process's writer writes to the file.
type marks struct {
	at  [record.MostTables]atomic.Int64
	mu  sync.Mutex
	log [record.MostTables]rows
}

// rows are those of one table that commits have written, by the mark that each left.
type rows struct {
	from    int64 // all that was written under higher marks is there
	written []row64
}

type row64 struct{ mark, id int64 }

// mostWritten bounds how many of a table are kept.
const mostWritten = 4096

// written is what a transaction writes.
type written struct {
	tables, unknown record.Tables // unknown: not all rows are told
	ids             map[record.Tables][]int64
}

// add notes a row of a table.
func (w *written) add(table record.Tables, id int64) {
	w.tables |= table
	switch {
	case table == 0:
	case !table.HaveIDs() || len(w.ids[table]) == mostWritten/4:
		w.unknown |= table
	default:
		if w.ids == nil {
			w.ids = map[record.Tables][]int64{}
		}
		w.ids[table] = append(w.ids[table], id)
	}
}

func (m *marks) begin(tables record.Tables) {
	for n := range tables.Each {
		m.at[n].Add(1)
	}
}

// end ends what begin began: whoever sees the marks that it leaves finds the rows, too.
func (m *marks) end(w *written) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range w.tables.Each {
		l, mark := &m.log[n], m.at[n].Load()+1
		if w.unknown&(1<<n) != 0 {
			l.from, l.written = mark, l.written[:0]
		}
		for _, i := range w.ids[1<<n] {
			l.written = append(l.written, row64{mark, i})
		}
		if over := len(l.written) - mostWritten; over > 0 {
			over = max(over, mostWritten/2)
			l.from = l.written[over-1].mark
			l.written = slices.Delete(l.written, 0, over)
		}
		m.at[n].Store(mark)
	}
}

// stood are marks as they were read.
type stood [record.MostTables]int64

// before reads the marks before a snapshot is taken.
func (m *marks) before(s *stood) {
	for n := range s {
		s[n] = m.at[n].Load()
	}
}

// after leaves of the marks read before a snapshot those that still stand once it is taken: it
// has all that was committed under them and nothing that is committed later.
func (m *marks) after(s *stood) {
	for n := range s {
		if s[n]%2 != 0 || s[n] != m.at[n].Load() {
			s[n] = moving
		}
	}
}

const moving = -1

// Standing is the marks of tables in the reader's snapshot.
func (r *reader) Standing(of record.Tables) string {
	var b []byte
	for n := range of.Each {
		if r.e.c == nil || r.e.c.stood[n] == moving {
			return ""
		}
		b = binary.AppendVarint(b, r.e.c.stood[n])
	}
	return string(b)
}

// Changed are the rows of a table that were written between a mark and the snapshot's, in
// order, each once.
func (r *reader) Changed(of record.Tables, since string) ([]int64, bool) {
	from, size := binary.Varint([]byte(since))
	for n := range of.Each {
		if size != len(since) || !of.HaveIDs() || r.e.c == nil || r.e.c.stood[n] < from {
			return nil, false
		}
		return r.store.marks.between(n, from, r.e.c.stood[n])
	}
	return nil, false
}

func (m *marks) between(table int, from, to int64) ([]int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &m.log[table]
	if from < l.from {
		return nil, false
	}
	var out []int64
	for _, w := range l.written {
		if w.mark > from && w.mark <= to {
			out = append(out, w.id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}
