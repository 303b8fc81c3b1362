package sqlite

import (
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/store/record"
)

func TestEveryTableGoesWithItsDesk(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	own := map[string][]string{"schema_version": {"version"}, "idem": {"seq"}} // of this store alone
	for _, l := range record.Carried() {
		own[l.Name] = append(own[l.Name], l.Columns...)
	}
	there := map[string][]string{}
	c, _, err := s.readers.take(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.readers.give(c)
	e := engine{c: c, ctx: t.Context()}
	if err := e.Query("SELECT m.name, p.name FROM sqlite_schema m CROSS JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'", false, nil, func(r record.Row) {
		there[r.Text(0)] = append(there[r.Text(0)], r.Text(1))
	}); err != nil {
		t.Fatal(err)
	}
	for table, columns := range there {
		want := own[table]
		slices.Sort(columns)
		slices.Sort(want)
		if !slices.Equal(columns, want) {
			t.Errorf("%s has %v, and %v go along", table, columns, want)
		}
	}
	if len(there) != len(own) {
		t.Errorf("there are %d tables, and %d are known", len(there), len(own))
	}
}

func TestRowsAreHandedOverWithoutSortingThem(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	c, _, err := s.readers.take(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.readers.give(c)
	e := engine{c: c, ctx: t.Context()}
	for _, l := range record.Carried() {
		plan := ""
		if err := e.Query("EXPLAIN QUERY PLAN "+l.Handing(), false, nil, func(r record.Row) { plan += r.Text(3) + "\n" }); err != nil {
			t.Fatal(err)
		}
		if sorts := strings.Contains(plan, "TEMP B-TREE"); sorts != (l.Name == record.Requests.Name) { // which has no such key here, and is of two days
			t.Errorf("%s: %s", l.Name, plan)
		}
	}
}

func TestADeskIsHandedOverBesideTheOneThatServesIt(t *testing.T) {
	dir := t.TempDir()
	serving := openIn(t, dir, Options{})
	keep(t, serving, func(tx core.Tx) error { return tx.PutMeta("a", "b") })
	beside := openIn(t, dir, Options{ReadOnly: true})
	d := &counted{meanwhile: func() { keep(t, serving, func(tx core.Tx) error { return tx.PutMeta("c", "d") }) }}
	if err := beside.Dump(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if d.rows != 1 {
		t.Errorf("%d rows were handed over, and one was there", d.rows)
	}
	wantRefused(t, beside.Load(t.Context(), nil), dir, "reading only")
	wantRefused(t, beside.Loaded(t.Context()), dir, "reading only")
	_, err := beside.Still(t.Context())
	wantRefused(t, err, dir, "reading only")
}

// counted counts rows; others write once it has begun.
type counted struct {
	rows      int
	meanwhile func()
}

func (c *counted) Begin(core.Snapshot) error { c.meanwhile(); return nil }
func (c *counted) Table(core.Table) error    { return nil }
func (c *counted) Row([]core.Value) error    { c.rows++; return nil }
func (c *counted) End() error                { return nil }
