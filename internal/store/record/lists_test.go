package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// engineOf answers every count with a number and every page with rows whose ids follow the
// one that After names, and keeps what it was asked.
type engineOf struct {
	Engine
	rows  int
	asked []string
}

func (e *engineOf) Query(sql string, _ bool, args []Arg, each func(Row)) error {
	e.asked = append(e.asked, sql)
	if strings.HasPrefix(sql, "SELECT count(*)") {
		each(aRow{int64(e.rows)})
		return nil
	}
	first, most, skip := int64(0), args[len(args)-1].Int, int64(0)
	if strings.HasSuffix(sql, " OFFSET ?") {
		most, skip = args[len(args)-2].Int, most
	}
	if strings.Contains(sql, "d.id > ?") {
		first = args[slices.IndexFunc(args, func(a Arg) bool { return a.Kind == Int })].Int
	}
	for n := first + skip + 1; n <= min(first+skip+most, int64(e.rows)); n++ {
		each(aRow{n})
	}
	return nil
}

// aRow has one number, in each column.
type aRow struct{ n int64 }

func (r aRow) Null(int) bool    { return false }
func (r aRow) Int(int) int64    { return r.n }
func (r aRow) Text(int) string  { return "" }
func (r aRow) Bytes(int) []byte { return nil }

// standing is a snapshot in which all tables stand so.
type standing string

func (s standing) Standing(Tables) string                 { return string(s) }
func (s standing) Changed(Tables, string) ([]int64, bool) { return nil, false }

// takes reads through what is remembered and returns what the database was asked meanwhile.
func takes(t *testing.T, e *engineOf, r *Reader, read func() error) []string {
	t.Helper()
	e.asked = nil
	if err := read(); err != nil {
		t.Fatal(err)
	}
	return e.asked
}

func TestALongListIsCountedOnceWhileItsTablesStand(t *testing.T) {
	e := &engineOf{rows: 5000}
	r := &Reader{Engine: e, Lists: &Lists{}}
	for n, tt := range []struct {
		as    standing
		kind  string
		asks  int
		holds int
	}{
		{"1", "site", 1, 5000}, {"1", "site", 0, 5000}, {"1", "other", 1, 5000}, {"1", "site", 0, 5000},
		{"2", "site", 1, 5001}, {"1", "site", 1, 5000}, // an older snapshot
		{"", "site", 1, 5001}, {"", "site", 1, 5001}, // nobody knows how it stands
	} {
		r.Snapshot, e.rows = tt.as, tt.holds
		got := 0
		asked := takes(t, e, r, func() (err error) { got, err = r.CountDocuments(core.DocumentQuery{Kind: tt.kind}); return err })
		if got != tt.holds || len(asked) != tt.asks {
			t.Errorf("count %d: %d, having asked %d times; want %d, %d", n, got, len(asked), tt.holds, tt.asks)
		}
	}
	r.Lists.Reset()
	r.Snapshot = standing("2")
	if asked := takes(t, e, r, func() error { _, err := r.CountDocuments(core.DocumentQuery{Kind: "site"}); return err }); len(asked) != 1 {
		t.Errorf("what was forgotten is told without asking")
	}
}

func TestAShortListIsNotRemembered(t *testing.T) {
	e := &engineOf{rows: fewRows - 1}
	r := &Reader{Engine: e, Lists: &Lists{}, Snapshot: standing("1")}
	for range 2 {
		if asked := takes(t, e, r, func() error { _, err := r.CountDocuments(core.DocumentQuery{}); return err }); len(asked) != 1 {
			t.Errorf("it was asked for %d times", len(asked))
		}
	}
	if len(r.Lists.of) != 0 {
		t.Errorf("%d lists are remembered", len(r.Lists.of))
	}
}

func TestAPageBeginsWhereOneBeforeItEnded(t *testing.T) {
	const all = 100_000
	e := &engineOf{rows: all}
	r := &Reader{Engine: e, Lists: &Lists{}, Snapshot: standing("1")}
	page := func(skip int) (skips bool) {
		t.Helper()
		var got []core.Document
		asked := takes(t, e, r, func() (err error) {
			got, err = r.Documents(core.DocumentQuery{Page: core.Page{Skip: skip, Limit: 100, Ascending: true}})
			return err
		})
		for n, d := range got {
			if d.ID != id.ID(skip+n+1) {
				t.Fatalf("row %d behind %d is %d", n, skip, d.ID)
			}
		}
		if want := min(100, all-skip); len(got) != want {
			t.Fatalf("behind %d are %d rows, want %d", skip, len(got), want)
		}
		return strings.Contains(asked[0], "OFFSET")
	}
	for skip := 0; skip <= all; skip += 100 {
		if skips := page(skip); skips != (skip > 0 && skip < fewRows) {
			t.Errorf("page behind %d: skips %v", skip, skips)
		}
	}
	for name, k := range r.Lists.of {
		if n := len(k.places); n > mostPlaces || n < mostPlaces/2 || !slices.IsSortedFunc(k.places, func(a, b place) int { return a.rows - b.rows }) {
			t.Errorf("%.40s: %d places", name, n)
		}
	}
	for _, skip := range []int{50_000, 777, 99_999, 300, 12_345, 50_000} {
		page(skip)
	}
	r.Snapshot = standing("2")
	if !page(50_000) {
		t.Error("a page begins where one of another standing ended")
	}
}

func TestListsAreBounded(t *testing.T) {
	e := &engineOf{rows: 5000}
	r := &Reader{Engine: e, Lists: &Lists{}, Snapshot: standing("1")}
	for n := range 3 * mostLists {
		if _, err := r.CountDocuments(core.DocumentQuery{Kind: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.Lists.of); n > mostLists {
		t.Errorf("%d lists are remembered", n)
	}
}

func TestListsOfOtherParametersAreOthers(t *testing.T) {
	seen := map[string]int{}
	for n, args := range [][]Arg{
		nil, {num64(1)}, {num64(2)}, {num64(1), num64(2)}, {str("1")}, {str("a"), str("b")}, {str("ab")}, {str("a\x00b")}, {Blob([]byte("ab"))},
		{{Kind: Ints, Ints: []int64{1, 2}}}, {{Kind: Ints, Ints: []int64{1}}, num64(2)}, {{Kind: Texts, Texts: []string{"a", "b"}}}, {{Kind: Texts, Texts: []string{"ab"}}},
	} {
		k := keyOf("SELECT", args)
		if other, ok := seen[k]; ok {
			t.Errorf("parameters %d and %d are one list", other, n)
		}
		seen[k] = n
	}
}

func TestStatementsWriteTheirTable(t *testing.T) {
	if len(layouts) > MostTables {
		t.Fatalf("there are %d tables, and %d fit", len(layouts), MostTables)
	}
	for n, l := range layouts {
		for _, sql := range []string{"INSERT INTO " + l.Name + " (id) VALUES (?1)", "UPDATE " + l.Name + " SET rev = 1", "DELETE FROM " + l.Name + " WHERE id = ?1"} {
			if got := Written(sql); got != 1<<n {
				t.Errorf("%s writes %b, want %b", sql, got, Tables(1)<<n)
			}
		}
	}
	if got := Written("INSERT INTO idem (day) VALUES (?1)"); got != 0 {
		t.Errorf("a table of a store's own is %b", got)
	}
	if got, want := tablesIn("SELECT count(*) FROM orders o WHERE EXISTS (SELECT 1 FROM resources r WHERE r.id = o.id)"), Written("UPDATE orders")|Written("UPDATE resources"); got != want {
		t.Errorf("it reads %b, want %b", got, want)
	}
}

func TestWhatWasWrittenTakesThePlaceOfWhatWasThere(t *testing.T) {
	for _, tt := range []struct{ was, gone, now, want []int64 }{
		{nil, nil, nil, nil},
		{[]int64{2, 4, 6}, nil, nil, []int64{2, 4, 6}},
		{[]int64{2, 4, 6}, []int64{1, 4, 7}, nil, []int64{2, 6}},
		{[]int64{2, 4, 6}, []int64{2, 3, 4, 6}, []int64{3, 4}, []int64{3, 4}},
		{[]int64{2, 4, 6}, []int64{1, 6, 9}, []int64{1, 6, 9}, []int64{1, 2, 4, 6, 9}},
		{nil, []int64{5}, []int64{5}, []int64{5}},
	} {
		if got := instead(tt.was, tt.gone, tt.now); !slices.Equal(got, tt.want) {
			t.Errorf("%v, of which %v became %v: %v, want %v", tt.was, tt.gone, tt.now, got, tt.want)
		}
	}
}

func TestIDsAreKeptWhereThereIsRoom(t *testing.T) {
	x := &Lists{}
	at := func(key, as string) listAt { return listAt{in: x, key: key, at: known{as: as, tables: 1}} }
	long := make([]int64, mostIDs/2)
	for n := range 4 {
		at(fmt.Sprint(n), "1").listed(long)
	}
	if x.ids != mostIDs {
		t.Errorf("%d ids are kept", x.ids)
	}
	at("0", "2").listed(long[:fewRows]) // in place of as many as it had
	at("1", "2").counted(fewRows)
	sum := 0
	for _, k := range x.of {
		sum += len(k.ids)
	}
	if x.ids != sum || len(x.of) != 4 {
		t.Errorf("%d ids are kept of %d lists, and %d are counted", sum, len(x.of), x.ids)
	}
	if x.Reset(); x.ids != 0 {
		t.Errorf("%d ids are left", x.ids)
	}
}
