package storetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// filterCase is one narrowing of a query and the same in Go.
type filterCase[Q, T any] struct {
	name string
	set  func(*Q)
	keep func(T) bool
}

// listing compares a list of the store with the rows it was put.
type listing[Q, T any] struct {
	rows  []T
	id    func(T) id.ID
	page  func(*Q) *core.Page
	list  func(core.Reader, Q) ([]T, error)
	count func(core.Reader, Q) (int, error) // nil: there is none
	cases []filterCase[Q, T]
	// base is what a query that does not narrow leaves out.
	base func(q Q, v T) bool
	// sorts are orders other than by id, and what compares two rows, smaller first.
	sorts []sortCase[Q, T]
	// unlisted are fields of the query that no case narrows by.
	unlisted []string
}

type sortCase[Q, T any] struct {
	name    string
	set     func(*Q)
	compare func(a, b T) int
	up      bool // it ascends whatever the page says
}

// try runs every case alone, many of them together, and each in every way of paging.
func (l listing[Q, T]) try(t *testing.T, s core.Store) {
	l.covered(t)
	sorts := append([]sortCase[Q, T]{{name: "by id", set: func(*Q) {}}}, l.sorts...)
	cases := append([]filterCase[Q, T]{{"not narrowed", func(*Q) {}, func(T) bool { return true }}}, l.cases...)
	cases = append(cases, l.together()...)
	view(t, s, func(r core.Reader) error {
		for i, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				var q Q
				c.set(&q)
				rows := filter(l.rows, func(v T) bool { return (l.base == nil || l.base(q, v)) && c.keep(v) })
				l.counted(t, r, q, len(rows))
				for _, by := range sorts {
					q := q
					by.set(&q)
					l.pages(t, r, q, by, rows, uint64(i))
				}
			})
		}
		return nil
	})
}

func (l listing[Q, T]) counted(t *testing.T, r core.Reader, q Q, want int) {
	t.Helper()
	if l.count == nil {
		return
	}
	*l.page(&q) = core.Page{Limit: 1, Skip: 1} // what is counted has no page
	if n, err := l.count(r, q); n != want || err != nil {
		t.Errorf("counted %d, %v; want %d", n, err, want)
	}
}

// pages reads a list in every direction and in many random pages.
func (l listing[Q, T]) pages(t *testing.T, r core.Reader, q Q, by sortCase[Q, T], rows []T, seed uint64) {
	t.Helper()
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b T) int {
		if by.compare != nil {
			if c := by.compare(a, b); c != 0 {
				return c
			}
		}
		return int(min(1, max(-1, l.id(a)-l.id(b))))
	})
	rnd := rand.New(rand.NewPCG(seed, 3))
	tries := []core.Page{{}, {Ascending: true}, {Limit: 3}, {Limit: 4, Skip: 5}, {Limit: 1000, Ascending: true, Skip: 2}}
	for range 12 {
		p := core.Page{Limit: rnd.IntN(9), Ascending: rnd.IntN(2) == 0}
		if len(rows) > 0 && rnd.IntN(4) > 0 {
			p.After = l.id(rows[rnd.IntN(len(rows))])
		}
		if len(rows) > 0 && rnd.IntN(2) > 0 {
			p.Before = l.id(rows[rnd.IntN(len(rows))])
		}
		if p.Before == 0 && rnd.IntN(3) == 0 {
			p.Skip = rnd.IntN(4)
		}
		tries = append(tries, p)
	}
	for _, p := range tries {
		*l.page(&q) = p
		got, err := l.list(r, q)
		want := l.expected(rows, p, by.up)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s, %+v: %v\ngot  %v\nwant %v", by.name, p, err, l.ids(got), l.ids(want))
		}
	}
}

// expected is the page of rows that are sorted ascending.
func (l listing[Q, T]) expected(rows []T, p core.Page, up bool) []T {
	sorted := slices.Clone(rows)
	if !p.Ascending && !up {
		slices.Reverse(sorted)
	}
	at := func(i id.ID) int { return slices.IndexFunc(sorted, func(v T) bool { return l.id(v) == i }) }
	first, end := 0, len(sorted)
	if p.After != 0 {
		first = at(p.After) + 1
	}
	if p.Before != 0 {
		end = at(p.Before)
	}
	n := p.Limit
	if n == 0 {
		n = 100
	}
	sorted = sorted[min(first+p.Skip, max(first, end), len(sorted)):max(first, end)]
	switch {
	case first > end:
		sorted = nil
	case p.Before != 0 && p.After == 0:
		sorted = sorted[max(0, len(sorted)-n):]
	default:
		sorted = sorted[:min(n, len(sorted))]
	}
	if len(sorted) == 0 {
		return nil
	}
	return sorted
}

func (l listing[Q, T]) ids(list []T) []id.ID {
	out := make([]id.ID, len(list))
	for i, v := range list {
		out[i] = l.id(v)
	}
	return out
}

// together makes cases of two of those there are.
func (l listing[Q, T]) together() []filterCase[Q, T] {
	rnd := rand.New(rand.NewPCG(uint64(len(l.cases)), 11))
	var out []filterCase[Q, T]
	for range len(l.cases) {
		a, b := l.cases[rnd.IntN(len(l.cases))], l.cases[rnd.IntN(len(l.cases))]
		var qa, qab Q
		a.set(&qa)
		a.set(&qab)
		b.set(&qab)
		var qba Q
		b.set(&qba)
		a.set(&qba)
		if a.name == b.name || !reflect.DeepEqual(qab, qba) { // they set the same field
			continue
		}
		out = append(out, filterCase[Q, T]{fmt.Sprintf("%s and %s", a.name, b.name), func(q *Q) { a.set(q); b.set(q) },
			func(v T) bool { return a.keep(v) && b.keep(v) }})
	}
	return out
}

// covered fails the test where a field of the query is in no case: one added to the
// query later must be added here.
func (l listing[Q, T]) covered(t *testing.T) {
	t.Helper()
	kind := reflect.TypeFor[Q]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if name == "Page" || slices.Contains(l.unlisted, name) {
			continue
		}
		if !slices.ContainsFunc(l.cases, func(c filterCase[Q, T]) bool {
			var q Q
			c.set(&q)
			return !reflect.ValueOf(q).Field(i).IsZero()
		}) {
			t.Errorf("no case narrows by %s", name)
		}
		// A case must not be empty by chance, nor keep everything.
	}
	for _, c := range l.cases {
		if n := len(filter(l.rows, c.keep)); n == 0 {
			t.Errorf("case %q keeps no row at all", c.name)
		}
	}
}

// anyOf reports whether a list names v, or names nothing.
func among[T comparable](list []T, v T) bool { return slices.Contains(list, v) }
