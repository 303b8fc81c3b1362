package record

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
	"sync"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// Lists remembers how many rows long lists have, and where pages of them end. A list that is
// told by number is counted for each of its pages, which then skips what stands before it: of
// ten thousands of rows either takes longer than the page. What was found in one snapshot
// holds in every other in which the tables that were read stand as they stood there. One for
// all readers of a store.
type Lists struct {
	mu sync.Mutex
	of map[string]*known
	// ids are how many ids of rows are kept.
	ids int
}

// Snapshot is what a reader reads.
type Snapshot interface {
	// Standing says how tables stand there: where two snapshots of one store say the same, these
	// tables have the same rows in both. "": that cannot be told.
	Standing(of Tables) string
	// Changed are the ids of all rows of one table, of those that have ids, that differ from
	// where it stood so before, and perhaps of others; false where that cannot be told.
	Changed(of Tables, since string) ([]int64, bool)
}

// Bounds of the memory. A list of few rows has few pages, and is counted at once.
const (
	mostLists  = 500
	mostPlaces = 256
	mostParts  = 2000
	longestKey = 4096
	fewRows    = 300
	mostIDs    = 1 << 20 // of all lists
	mostAnew   = 200     // rows that are looked at again, rather than all
)

// known is what is known of one list.
type known struct {
	tables Tables // that its text names
	as     string // how these stood
	rows   int    // 0: not counted
	places []place
	parts  []core.Tally // what it was counted by
	ids    []int64      // of its rows, ascending; nil: not kept
}

// place is where a page ends: that many rows stand up to the row of that id.
type place struct {
	rows int
	last id.ID
}

// listAt is one list as a reader's snapshot has it.
type listAt struct {
	in  *Lists
	key string
	at  known // its tables, and how they stand
}

// known finds a list by the text that reads it, but for the page, and its parameters; false
// where nothing is to be remembered of it.
func (r *Reader) known(text string, args []Arg) (listAt, bool) {
	if r.Lists == nil {
		return listAt{}, false
	}
	key := keyOf(text, args)
	if len(key) > longestKey {
		return listAt{}, false
	}
	l := listAt{in: r.Lists, key: key}
	r.Lists.mu.Lock()
	if k := r.Lists.of[key]; k != nil {
		l.at.tables = k.tables
	}
	r.Lists.mu.Unlock()
	if l.at.tables == 0 {
		l.at.tables = tablesIn(text)
	}
	l.at.as = r.Snapshot.Standing(l.at.tables)
	return l, l.at.as != ""
}

// rows are how many it has, if that is known.
func (l listAt) rows() (int, bool) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.of[l.key]
	if k == nil || k.as != l.at.as {
		return 0, false
	}
	return k.rows, k.rows > 0
}

// counted remembers how many rows it has.
func (l listAt) counted(rows int) {
	if rows < fewRows {
		return
	}
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	l.in.current(l).rows = rows
}

// tallies are its rows counted in parts, if that is known.
func (l listAt) tallies() ([]core.Tally, bool) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.of[l.key]
	if k == nil || k.as != l.at.as || k.parts == nil {
		return nil, false
	}
	return slices.Clone(k.parts), true
}

// tallied remembers in which parts its rows were counted.
func (l listAt) tallied(parts []core.Tally) {
	rows := 0
	for _, p := range parts {
		rows += p.Resources
	}
	if rows < fewRows || len(parts) > mostParts {
		return
	}
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	l.in.current(l).parts = slices.Clone(parts)
}

// nearest is the same page told from the last place that is known not to stand behind its
// first row.
func (l listAt) nearest(p core.Page) core.Page {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.of[l.key]
	if k == nil || k.as != l.at.as {
		return p
	}
	n, found := slices.BinarySearchFunc(k.places, p.Skip, func(x place, skip int) int { return x.rows - skip })
	if !found {
		n--
	}
	if n >= 0 {
		p.After, p.Skip = k.places[n].last, p.Skip-k.places[n].rows
	}
	return p
}

// passed remembers where a page ended.
func (l listAt) passed(rows int, last id.ID) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	k := l.in.current(l)
	n, found := slices.BinarySearchFunc(k.places, rows, func(x place, rows int) int { return x.rows - rows })
	if found {
		return
	}
	if len(k.places) == mostPlaces { // every other one will do
		for i := range mostPlaces / 2 {
			k.places[i] = k.places[2*i]
		}
		k.places = k.places[:mostPlaces/2]
		n /= 2
		for n < len(k.places) && k.places[n].rows < rows {
			n++
		}
	}
	k.places = slices.Insert(k.places, n, place{rows, last})
}

// current is what is known of a list as it stands in l; what was known of it otherwise goes.
func (x *Lists) current(l listAt) *known {
	k := x.of[l.key]
	if k != nil && k.as == l.at.as {
		return k
	}
	if x.of == nil {
		x.of = map[string]*known{}
	}
	for other, o := range x.of {
		if k != nil || len(x.of) < mostLists {
			break
		}
		x.ids -= len(o.ids)
		delete(x.of, other)
	}
	if k != nil {
		x.ids -= len(k.ids)
	}
	now := l.at
	x.of[l.key] = &now
	return &now
}

// Reset forgets all: standings may come twice.
func (x *Lists) Reset() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of, x.ids = nil, 0
}

// keyOf tells a text and its parameters from all others.
func keyOf(text string, args []Arg) string {
	b := make([]byte, 0, len(text)+16*len(args))
	b = append(b, text...)
	word := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, a := range args {
		b = append(b, 0, byte(a.Kind))
		switch a.Kind {
		case Int:
			b = binary.AppendVarint(b, a.Int)
		case Text, Octets:
			word(a.Text)
		case Ints:
			b = binary.AppendUvarint(b, uint64(len(a.Ints)))
			for _, v := range a.Ints {
				b = binary.AppendVarint(b, v)
			}
		case Texts:
			b = binary.AppendUvarint(b, uint64(len(a.Texts)))
			for _, s := range a.Texts {
				word(s)
			}
		}
	}
	return string(b)
}

// Tables is a set of the tables that stores have in common, each a bit by its number.
type Tables uint64

// MostTables is how many there may be.
const MostTables = 64

// AllTables is the set of all.
const AllTables Tables = 1<<MostTables - 1

// Each yields the numbers of the tables.
func (s Tables) Each(yield func(n int) bool) {
	for ; s != 0; s &= s - 1 {
		if !yield(bits.TrailingZeros64(uint64(s))) {
			return
		}
	}
}

// HaveIDs reports whether each row of the one table is told by its id, which is the first
// parameter of every statement that writes it.
func (s Tables) HaveIDs() bool {
	return bits.OnesCount64(uint64(s)) == 1 && layouts[bits.TrailingZeros64(uint64(s))].Columns[0] == "id"
}

// Written is the table that a statement writes, the first that it names; none where that is
// a store's own.
func Written(sql string) Tables {
	for name := range identifiers(sql) {
		if n, ok := numbers[name]; ok {
			return 1 << n
		}
	}
	return 0
}

// tablesIn are the tables that a text may read: whatever is called like one, which may be
// one too many and never one too few.
func tablesIn(sql string) Tables {
	var s Tables
	for name := range identifiers(sql) {
		if n, ok := numbers[name]; ok {
			s |= 1 << n
		}
	}
	return s
}

// identifiers yields the words of a text.
func identifiers(sql string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin := -1
		for i := 0; i <= len(sql); i++ {
			if i < len(sql) && (sql[i] == '_' || sql[i] >= 'a' && sql[i] <= 'z' || sql[i] >= 'A' && sql[i] <= 'Z' || sql[i] >= '0' && sql[i] <= '9') {
				if begin < 0 {
					begin = i
				}
				continue
			}
			if begin >= 0 && !yield(sql[begin:i]) {
				return
			}
			begin = -1
		}
	}
}
