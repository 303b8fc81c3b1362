package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/limit"
)

// Site is where one store may be, and nothing is yet. It opens it, migrated; unfinished:
// though it carries the mark of a load.
type Site func(unfinished bool) (core.Store, error)

// Sites makes sites.
type Sites func(t *testing.T) Site

// carried are run each from sites of one kind to sites of another.
var carried = []struct {
	name string
	keep func(t *testing.T, quick, from, to Sites)
}{
	{"what is handed over and taken in is handed over alike", sameAgain},
	{"odd values go over as they are", oddValues},
	{"what is taken in can be worked on", workedOn},
	{"a desk is only taken in where nothing is", onlyWhereNothingIs},
	{"a load that broke off leaves a store that refuses to open", brokenOff},
	{"what does not fit is refused by table and row", unfitting},
	{"what is handed over is of one instant while others write", ofOneInstant},
	{"handing over ends with its context and with its taker", handingOverEnds},
}

// Carry keeps what Dump and Load promise, from stores of one kind to stores of another.
// quick makes those in which what is carried is made up.
func Carry(t *testing.T, quick, from, to Sites) {
	for _, p := range carried {
		t.Run(p.name, func(t *testing.T) { p.keep(t, quick, from, to) })
	}
}

// at opens a site's store and closes it with the test.
func at(t *testing.T, site Site, unfinished bool) core.Store {
	t.Helper()
	s, err := site(unfinished)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// desk is one that was handed over, and gives itself again.
type desk struct {
	shot  core.Snapshot
	rows  map[string][][]core.Value
	order []string
	ended bool
}

func (d *desk) Begin(s core.Snapshot) error {
	d.shot, d.rows = s, map[string][][]core.Value{}
	return nil
}

func (d *desk) Table(t core.Table) error { d.order = append(d.order, t.Name); return nil }
func (d *desk) End() error               { d.ended = true; return nil }

func (d *desk) Row(row []core.Value) error {
	own := slices.Clone(row)
	for i := range own {
		own[i].Bytes = slices.Clone(own[i].Bytes)
	}
	name := d.order[len(d.order)-1]
	d.rows[name] = append(d.rows[name], own)
	return nil
}

// giver gives the desk from its beginning.
func (d *desk) giver() *given { return &given{desk: d, table: -1} }

type given struct {
	*desk
	table, next int
	broken      error // given instead of the 20th row of any table
}

func (g *given) Snapshot() core.Snapshot { return g.shot }

func (g *given) Table() (core.Table, error) {
	g.table, g.next = g.table+1, 0
	if g.table == len(g.shot.Tables) {
		return core.Table{}, io.EOF
	}
	return g.shot.Tables[g.table], nil
}

func (g *given) Row() ([]core.Value, error) {
	rows := g.rows[g.shot.Tables[g.table].Name]
	g.next++
	switch {
	case g.broken != nil && g.next == 20:
		return nil, g.broken
	case g.next > len(rows):
		return nil, io.EOF
	}
	return rows[g.next-1], nil
}

func dumped(t *testing.T, s core.Store) *desk {
	t.Helper()
	d := &desk{}
	if err := s.Dump(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if !d.ended {
		t.Fatal("the store stopped before the end")
	}
	return d
}

// alike fails the test unless two desks have the same rows in the same order.
func alike(t *testing.T, got, want *desk) {
	t.Helper()
	if !slices.Equal(got.order, want.order) {
		t.Fatalf("tables %v, want %v", got.order, want.order)
	}
	for n, table := range want.order {
		if a, b := len(got.rows[table]), len(want.rows[table]); a != b {
			t.Errorf("%s: %d rows, want %d", table, a, b)
			continue
		}
		if said := got.shot.Tables[n].Rows; said != int64(len(got.rows[table])) {
			t.Errorf("%s: %d rows were said, and %d came", table, said, len(got.rows[table]))
		}
		for i, row := range want.rows[table] {
			for c, v := range row {
				if g := got.rows[table][i][c]; g.Kind != v.Kind || v.Kind == core.Integer && g.Int != v.Int || v.Kind > core.Integer && !bytes.Equal(g.Bytes, v.Bytes) {
					t.Fatalf("%s, row %d, %s: %v, want %v", table, i, want.shot.Tables[n].Columns[c], g, v)
				}
			}
		}
	}
}

// everyRecord puts a desk with records of every kind into a site: made up in a store that
// is quick at it, and carried.
func everyRecord(t *testing.T, quick, site Site) *desk {
	t.Helper()
	made := at(t, quick, false)
	recordsRoundTrip(t, made)
	update(t, made, func(tx core.Tx) error { return tx.PutMeta(core.MetaMaster, "print") })
	loaded(t, site, dumped(t, made))
	s := at(t, site, false)
	if err := s.KeepFloor(t.Context(), madeID(77)); err != nil {
		t.Fatal(err)
	}
	d := dumped(t, s)
	for _, table := range d.order {
		if len(d.rows[table]) == 0 {
			t.Errorf("nothing stands in %s: it is not known whether it would go over", table)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// loaded takes a desk in and makes it whole.
func loaded(t *testing.T, site Site, d *desk) {
	t.Helper()
	s := at(t, site, false)
	if err := s.Load(t.Context(), d.giver()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := at(t, site, true)
	if err := again.Loaded(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func sameAgain(t *testing.T, quick, from, to Sites) {
	want, site := everyRecord(t, quick(t), from(t)), to(t)
	loaded(t, site, want)
	got := dumped(t, at(t, site, false))
	alike(t, got, want)
	if got.shot.Pos != want.shot.Pos || got.shot.Pos == 0 || got.shot.Floor != want.shot.Floor || got.shot.Floor < madeID(77) || got.shot.Master != "print" || got.shot.Schema != want.shot.Schema {
		t.Errorf("it is %+v, was %+v", got.shot, want.shot)
	}
	for _, v := range got.rows["meta"] {
		if name := string(v[0].Bytes); strings.Contains("ids loading", name) {
			t.Errorf("the store's own setting %s goes along", name)
		}
	}
}

func oddValues(t *testing.T, quick, from, to Sites) {
	d, site := everyRecord(t, quick(t), from(t)), to(t)
	column := func(table, name string) func(row int) *core.Value {
		n := slices.Index(d.order, table)
		c := slices.Index(d.shot.Tables[n].Columns, name)
		if c < 0 {
			t.Fatalf("%s has no column %s", table, name)
		}
		return func(row int) *core.Value { return &d.rows[table][row][c] }
	}
	text := func(s string) core.Value { return core.Value{Kind: core.Text, Bytes: []byte(s)} }
	for n, v := range []core.Value{{}, {Kind: core.Octets}, {Kind: core.Octets, Bytes: []byte{0, 0xff, 0}}} {
		*column("keys", "verifier")(n) = v
	}
	for n, v := range []core.Value{{}, text(""), text("\u00e9 e\u0301 \u202e😀 \x01\n\t漢"), text(strings.Repeat("長", 100_000))} {
		*column("customers", "attrs")(n) = v
		*column("orders", "notes")(n) = v
	}
	for n, v := range []int64{math.MaxInt64, math.MinInt64, 0, -1, 1 << 31, -1 << 31} {
		*column("balances", "used")(n) = core.Value{Kind: core.Integer, Int: v}
		*column("entries", "amount")(n) = core.Value{Kind: core.Integer, Int: v}
	}
	*column("usages", "reported")(0) = core.Value{}
	*column("usages", "reported")(1) = core.Value{Kind: core.Integer, Int: math.MinInt64}
	loaded(t, site, d)
	alike(t, dumped(t, at(t, site, false)), d)
}

// workedOn: what a store keeps in memory is there again, and nothing goes on below where it
// was.
func workedOn(t *testing.T, _, from, to Sites) {
	s, site := at(t, from(t), false), to(t)
	first := core.Idem{Day: 20000, Hash: [16]byte{9, 9}, Body: [8]byte{1}, About: madeID(5), At: began}
	o := anOrder(madeID(5))
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.InsertOrder(o), tx.PutIdem(first), tx.PutIdem(core.Idem{Day: 19999, Hash: [16]byte{8}, About: madeID(5), At: began}),
			tx.InsertEvent(core.Event{At: began, Kind: "first", Subject: o.ID}), tx.InsertEvent(core.Event{At: began, Kind: "second", Subject: o.ID}))
	})
	loaded(t, site, dumped(t, s))
	s = at(t, site, false)
	node, err := s.Node(t.Context())
	if err != nil || node.Floor < o.ID {
		t.Errorf("ids go on from %v, %v", node.Floor, err)
	}
	first.About = madeID(6)
	dropped := 0
	update(t, s, func(tx core.Tx) error {
		var err error
		if dropped, err = tx.DropIdem(20000, 10); err != nil {
			return err
		}
		return errors.Join(tx.PutIdem(first), tx.InsertOrder(anOrder(madeID(6))), tx.InsertEvent(core.Event{At: began, Kind: "third", Subject: o.ID}))
	})
	if dropped != 1 {
		t.Errorf("%d requests of days before were dropped", dropped)
	}
	view(t, s, func(r core.Reader) error {
		i, err := r.Idem([]day.Day{20000}, first.Hash)
		if err != nil || i.About != madeID(6) {
			t.Errorf("the request is remembered as %v, %v", i, err)
		}
		events, err := r.Events(core.EventQuery{After: 2})
		if err != nil || len(events) != 1 || events[0].Pos != 3 {
			t.Errorf("the events go on with %v, %v", events, err)
		}
		orders, err := r.Orders(core.OrderQuery{Any: &core.Sight{Projects: nil, Users: nil, All: true}})
		if len(orders) != 2 {
			t.Errorf("%d orders", len(orders))
		}
		return err
	})
}

func onlyWhereNothingIs(t *testing.T, _, from, to Sites) {
	d, site := dumped(t, at(t, from(t), false)), to(t)
	s := at(t, site, false)
	update(t, s, func(tx core.Tx) error { return tx.PutMeta("a", "b") })
	err := s.Load(t.Context(), d.giver())
	if core.KindOf(err) != core.Conflict || !strings.Contains(core.AsError(err).Msg, "already (its table meta has rows)") {
		t.Errorf("it says %v", err)
	}
	got := dumped(t, s)
	if len(got.rows["meta"]) != 1 {
		t.Errorf("it has %v", got.rows["meta"])
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	at(t, site, false) // carries no mark
}

func brokenOff(t *testing.T, quick, from, to Sites) {
	d, site := everyRecord(t, quick(t), from(t)), to(t)
	s := at(t, site, false)
	off := errors.New("the wire was cut")
	g := d.giver()
	g.broken = off
	if err := s.Load(t.Context(), g); !errors.Is(err, off) {
		t.Errorf("it says %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := site(false)
	if core.KindOf(err) != core.Unavailable || !strings.Contains(core.AsError(err).Msg, "is not whole") || !strings.Contains(core.AsError(err).Msg, "begin again") {
		t.Errorf("opened again it says %v", err)
	}
	s = at(t, site, true)
	if err := s.Load(t.Context(), d.giver()); core.KindOf(err) != core.Conflict {
		t.Errorf("loaded over half a desk it says %v", err)
	}
}

func unfitting(t *testing.T, quick, from, to Sites) {
	site := from(t)
	everyRecord(t, quick(t), site)
	full := at(t, site, false)
	for name, tt := range map[string]struct {
		spoil func(d *desk)
		say   string
	}{
		"a row too many":    {func(d *desk) { d.shot.Tables[slices.Index(d.order, "orders")].Rows-- }, "Of table orders"},
		"a column too few":  {func(d *desk) { d.rows["limits"][3] = d.rows["limits"][3][1:] }, "Row 4 of table limits"},
		"a row twice":       {func(d *desk) { d.rows["users"][1] = d.rows["users"][0] }, "Row 2 of table users"},
		"another table":     {func(d *desk) { d.shot.Tables[0].Name = "others" }, "no table others"},
		"other columns":     {func(d *desk) { d.shot.Tables[1].Columns = []string{"a"} }, "with the columns a"},
		"a newer schema":    {func(d *desk) { d.shot.Schema++ }, "newer docket"},
		"an older schema":   {func(d *desk) { d.shot.Schema-- }, "older than this program's"},
		"text for a number": {func(d *desk) { d.rows["jobs"][2][2] = core.Value{Kind: core.Text, Bytes: []byte("x")} }, "ow 3 of table jobs"},
	} {
		t.Run(name, func(t *testing.T) {
			d := dumped(t, full)
			tt.spoil(d)
			err := at(t, to(t), false).Load(t.Context(), d.giver())
			if err == nil || !strings.Contains(core.AsError(err).Msg, tt.say) {
				t.Errorf("it says %v, want %q", err, tt.say)
			}
		})
	}
}

// slow is a desk that is taken as slowly as others write: some commits lie between its
// tables.
type slow struct {
	desk
	commits *atomic.Int64
}

func (d *slow) Table(t core.Table) error {
	d.pass(3)
	return d.desk.Table(t)
}

// pass waits until so many more commits have passed.
func (d *slow) pass(n int64) {
	for seen := d.commits.Load(); d.commits.Load() < seen+n; {
		runtime.Gosched()
	}
}

func ofOneInstant(t *testing.T, _, from, to Sites) {
	s, site := at(t, from(t), false), to(t)
	var commits, failed atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				o := anOrder(madeID(10*n + w))
				if tryUpdate(s, func(tx core.Tx) error {
					return errors.Join(tx.InsertOrder(o), tx.InsertEvent(core.Event{At: began, Kind: "placed", Subject: o.ID}),
						tx.AddBalance(limit.Balance{Key: limit.Key{Limit: 5, Window: 6}, Used: 1}))
				}) != nil {
					failed.Add(1)
				}
				commits.Add(1)
			}
		})
	}
	d := &slow{commits: &commits}
	d.pass(10)
	err := s.Dump(t.Context(), d)
	close(stop)
	all.Wait()
	if err != nil || failed.Load() > 0 {
		t.Fatalf("%v, and %d writes failed", err, failed.Load())
	}
	orders, events := len(d.rows["orders"]), len(d.rows["events"])
	used := int64(0)
	for _, b := range d.rows["balances"] {
		used = b[2].Int
	}
	if orders == 0 || events != orders || used != int64(orders) || d.shot.Pos != int64(orders) || commits.Load() < int64(orders)+3 {
		t.Errorf("%d orders, %d events (the last at %d), %d used, and %d commits by the end", orders, events, d.shot.Pos, used, commits.Load())
	}
	loaded(t, site, &d.desk)
	alike(t, dumped(t, at(t, site, false)), &d.desk)
}

// stopping is a desk that stops being taken at its tenth row.
type stopping struct {
	desk
	n    int
	stop func() error
}

func (d *stopping) Row(row []core.Value) error {
	if d.n++; d.n == 10 {
		return d.stop()
	}
	return d.desk.Row(row)
}

func handingOverEnds(t *testing.T, quick, from, _ Sites) {
	site := from(t)
	everyRecord(t, quick(t), site)
	s := at(t, site, false)
	full := errors.New("there is no room")
	if err := s.Dump(t.Context(), &stopping{stop: func() error { return full }}); !errors.Is(err, full) {
		t.Errorf("it says %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := &stopping{stop: func() error { cancel(); return nil }}
	if err := s.Dump(ctx, d); core.KindOf(err) != core.Unavailable || d.ended {
		t.Errorf("with its context ended it says %v", err)
	}
	if err := s.Dump(ctx, &desk{}); core.KindOf(err) != core.Unavailable {
		t.Errorf("of an ended context it says %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Dump(t.Context(), &desk{}); core.KindOf(err) != core.Unavailable {
		t.Errorf("closed it says %v", err)
	}
}
