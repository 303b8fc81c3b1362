package sqlite

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
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
	if stands(func() { m.move(one) }) != "" { // a commit begins after the mark was read, perhaps before the snapshot
		t.Error("a table stands that a commit has begun to write")
	}
	if stands(func() {}) != "" {
		t.Error("a table stands that a commit is writing")
	}
	if stands(func() { m.move(one) }) != "" {
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
