package e2e

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of the guide's examples into docs/doors/waldur.md")

// guidePins are the clients that the guide is followed with: the contract's, and an
// older one for sites that lag behind. A client's folder names its environment.
var guidePins = []struct{ client, version string }{{"waldur", "8.1.2"}, {"waldur-8.0.2", "8.0.2"}}

// guided is what came of one example with one client.
type guided struct {
	Section, What string
	SDK, Raw      form
}

// form is the example as the client's own functions do it, or as plain HTTP does.
type form struct {
	Failed  string
	Differs []string // from what the guide writes
}

// Marks of the table on the door's page.
const (
	guideBegin = "<!-- guide: written by go test ./e2e -run Guide -update -->"
	guideEnd   = "<!-- guide end -->"
)

// Each example of the vendor's guide for service providers does what it promises, with
// both clients and by plain HTTP, and the door's page says where one has to write it otherwise.
func TestTheGuideForServiceProviders(t *testing.T) {
	needsClients(t)
	var runs [][]guided
	for _, pin := range guidePins {
		d := empty(t)
		run := decode[[]guided](t, d.python(t, pin.client, "-m", "guide"))
		for _, e := range run {
			for name, f := range map[string]form{"SDK": e.SDK, "raw": e.Raw} {
				if f.Failed != "" {
					t.Errorf("%s, %s, %s with %s:\n%s", e.Section, e.What, name, pin.version, f.Failed)
				}
			}
		}
		d.verified(t)
		d.stop(t)
		runs = append(runs, run)
	}
	if t.Failed() {
		return
	}
	table := guideTable(t, runs)
	t.Log("\n" + table)
	onPage(t, filepath.Join(root, "docs", "doors", "waldur.md"), table)
}

// guideTable writes a line for each example, and below it why some are written otherwise.
func guideTable(t *testing.T, runs [][]guided) string {
	t.Helper()
	var b, notes strings.Builder
	var known []string
	marks := func(f form) string {
		if len(f.Differs) == 0 {
			return "works"
		}
		out := "differs"
		for _, why := range f.Differs {
			n := slices.Index(known, why)
			if n < 0 {
				n, known = len(known), append(known, why)
				fmt.Fprintf(&notes, "%d. %s\n", n+1, why)
			}
			out += fmt.Sprintf(" ⁽%d⁾", n+1)
		}
		return out
	}
	b.WriteString("| section | example | SDK 8.1.2 | SDK 8.0.2 | plain HTTP |\n|---|---|---|---|---|\n")
	section := ""
	for n, e := range runs[0] {
		older := runs[1][n]
		if e.What != older.What || !slices.Equal(e.Raw.Differs, older.Raw.Differs) {
			t.Fatalf("the runs tell different things: %+v, %+v", e, older)
		}
		title := e.Section
		if title == section {
			title = ""
		}
		section = e.Section
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", title, e.What, marks(e.SDK), marks(older.SDK), marks(e.Raw))
	}
	return b.String() + "\n" + notes.String()
}

// onPage compares the table with the one on a page, or writes it there.
func onPage(t *testing.T, page, table string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), guideBegin+"\n")
	had, after, ok2 := strings.Cut(rest, guideEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table between %q and %q", page, guideBegin, guideEnd)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+guideBegin+"\n"+table+guideEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if had != table {
		t.Errorf("%s tells the examples otherwise: go test ./e2e -run Guide -update writes\n%s", filepath.Base(page), table)
	}
}
