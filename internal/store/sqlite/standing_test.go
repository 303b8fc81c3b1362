package sqlite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/record"
)

// readings are marks read round a snapshot; between is what commits do meanwhile.
func readings(m *marks, between func()) reader {
	r := reader{e: engine{c: &conn{}}}
	m.before(&r.e.c.stood)
	between()
	m.after(&r.e.c.stood)
	return r
}

func TestATableThatACommitIsWritingStandsNowhere(t *testing.T) {
	const one, two = record.Tables(1 << 3), record.Tables(1 << 5)
	var m marks
	stands := func(between func()) string {
		t.Helper()
		r := readings(&m, between)
		if r.Standing(two) == "" {
			t.Error("a table that nobody writes does not stand")
		}
		if both := r.Standing(one | two); (both == "") != (r.Standing(one) == "") {
			t.Errorf("both stand as %q", both)
		}
		return r.Standing(one)
	}
	first := stands(func() {})
	if first == "" || stands(func() {}) != first {
		t.Error("a table that nobody writes does not stand as it stood")
	}
	if stands(func() { m.begin(one) }) != "" { // a commit begins after the mark was read, perhaps before the snapshot
		t.Error("a table stands that a commit has begun to write")
	}
	if stands(func() {}) != "" {
		t.Error("a table stands that a commit is writing")
	}
	if stands(func() { m.end(&written{tables: one}) }) != "" {
		t.Error("a table stands that a commit has just written")
	}
	if now := stands(func() {}); now == "" || now == first {
		t.Errorf("after a commit it stands as %q, before as %q", now, first)
	}
}

// Beside a running desk another process writes, whose marks nobody sees.
func TestReadingOnlyRemembersNoLists(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir, Options{})
	if err := openIn(t, dir, Options{ReadOnly: true}).View(t.Context(), func(r core.Reader) error {
		if r.(*reader).Lists != nil {
			t.Error("it does")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCommitsWroteIsToldWhileItIsKept(t *testing.T) {
	table := record.Written("UPDATE resources")
	number := slices.Collect(table.Each)[0]
	var m marks
	mark := int64(0)
	write := func(ids ...int64) {
		var w written
		for _, i := range ids {
			w.add(table, i)
		}
		m.begin(w.tables)
		m.end(&w)
		mark += 2
	}
	tells := func(from, to int64, want ...int64) {
		t.Helper()
		if got, ok := m.between(number, from, to); !ok || !slices.Equal(got, want) {
			t.Errorf("from %d to %d: %v, %v; want %v", from, to, got, ok, want)
		}
	}
	write(7)
	write(9, 3, 9)
	write(7)
	tells(0, 6, 3, 7, 9)
	tells(2, 4, 3, 9)
	tells(2, 6, 3, 7, 9)
	tells(6, 6)
	lost := written{tables: table, unknown: table}
	m.begin(table)
	m.end(&lost)
	mark += 2
	if _, ok := m.between(number, 6, mark); ok {
		t.Error("what is not known is told")
	}
	write(5)
	tells(8, mark, 5)
	for i := range int64(2 * mostWritten) {
		write(i)
	}
	if _, ok := m.between(number, 8, mark); ok {
		t.Error("what was forgotten is told")
	}
	tells(mark-4, mark, 2*mostWritten-2, 2*mostWritten-1)
	if n := len(m.log[number].written); n > mostWritten {
		t.Errorf("%d rows are kept", n)
	}
	var w written
	for i := range int64(mostWritten) {
		w.add(table, i)
	}
	m.begin(table)
	m.end(&w) // too many to be told
	if _, ok := m.between(number, mark, mark+2); ok {
		t.Error("a part is told as all")
	}
}

// After a write a list that is counted again and again looks at the rows written alone.
func TestACountIsMendedByTheRowsThatWereWritten(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{Readers: 1})
	month := day.Day(19000)
	for name, tt := range map[string]struct {
		put   func(tx core.Tx, i id.ID) error
		count func(r core.Reader) (int, error)
	}{
		"resources": {func(tx core.Tx, i id.ID) error {
			return tx.InsertResource(order.Resource{ID: i, Customer: 1, Offering: 4, Plan: 2, State: order.OK, Name: i.Decimal()})
		}, func(r core.Reader) (int, error) {
			return r.CountResources(core.ResourceQuery{Offerings: []id.ID{4}, Plans: []id.ID{2}, States: []order.ResourceState{order.OK, order.ResourceErred}})
		}},
		"orders": {func(tx core.Tx, i id.ID) error {
			return tx.InsertOrder(order.Order{ID: i, Type: order.Create, State: order.Done, Customer: 1, Resource: i, Provider: 3, Offering: 4})
		}, func(r core.Reader) (int, error) { return r.CountOrders(core.OrderQuery{Offerings: []id.ID{4}}) }},
		"usages": {func(tx core.Tx, i id.ID) error {
			return tx.PutUsage(order.Usage{ID: i, Resource: i, Offering: 4, Component: 1, Period: month, Reported: new(money.Micro)})
		}, func(r core.Reader) (int, error) {
			return r.CountUsages(core.UsageQuery{Offerings: []id.ID{4}, From: &month, To: &month, ReportedOnly: true})
		}},
		"documents": {func(tx core.Tx, i id.ID) error {
			return tx.PutDocument(core.Document{ID: i, Kind: "site", Customer: 1, Parent: 4})
		}, func(r core.Reader) (int, error) {
			return r.CountDocuments(core.DocumentQuery{Kind: "site", Parent: 4})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, mended := id.ID(400), ""
			keep(t, s, func(tx core.Tx) (err error) {
				for i := range rows {
					err = errors.Join(err, tt.put(tx, i+1))
				}
				return err
			})
			for range 4 {
				if err := s.View(t.Context(), func(r core.Reader) error {
					c := r.(*reader).e.c
					n, err := tt.count(r)
					if n != int(rows) {
						t.Errorf("%d are counted of %d", n, rows)
					}
					mended = ""
					for sql := range c.kept {
						if strings.Contains(sql, "CROSS JOIN "+name) {
							mended = plan(t, c, sql)
						}
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
				rows++
				keep(t, s, func(tx core.Tx) error { return tt.put(tx, rows) })
			}
			if n := strings.Count(mended, "USING INTEGER PRIMARY KEY (rowid=?)"); n != 2 || strings.Contains(mended, "SCAN "+name) {
				t.Errorf("it is mended by\n%s", mended)
			}
		})
	}
}
