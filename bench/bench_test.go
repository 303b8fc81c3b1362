//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// The test binary plays the roles, too: the program starts itself again.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(context.Background(), role); err != nil {
			fmt.Fprintln(os.Stderr, role+":", err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "docket-bench-")
	if err == nil {
		docket = filepath.Join(dir, "docket")
		err = buildDocket(context.Background(), docket)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// docket is the program that these tests serve with, built once.
var docket string

// small runs everything once over desks of next to nothing: whatever it measures is worth
// nothing, but all of it is done.
func small(t *testing.T, run string) *bench {
	t.Helper()
	b, err := newBench(options{run: regexp.MustCompile(run), rounds: 1, customers: 9, time: 20 * time.Millisecond, docket: docket, data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b.n, b.told = stored{Small: 600, Base: 700, Most: 800}, t.Output()
	b.estates = []estate{{"few", 1, 2, 4, 5}, {"many", 2, 4, 8, 5}}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryLineIsMeasuredOrSaysWhyNot(t *testing.T) {
	b := small(t, "^(place|most|post|get|list|start|postgres)$")
	if missing := b.noPostgres(); missing != "" && pgtest.Demanded() {
		t.Error(missing)
	}
	for _, s := range b.chosen() {
		if err := s.do(b, t.Context()); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	r := b.result(t.Context())
	for _, row := range append(r.Targets, r.Readings...) {
		absent := row.Absent != "" || row.postgres() && b.noPostgres() != ""
		switch {
		case absent && len(row.Rounds) > 0:
			t.Errorf("%s was measured, though it cannot be", row.What)
		case !absent && len(row.Rounds) == 0:
			t.Errorf("nothing measured: %s", row.What)
		case !absent && !(row.Min >= 0): // not a number, or a file that has shrunk
			t.Errorf("%s came to %v", row.What, row.Rounds)
		}
		if absent && row.Least != 0 && b.why(row.line) == "not asked for" {
			t.Errorf("%s is not there, and nothing says why", row.What)
		}
	}
}

func TestAnAgentsWorkIsMeasuredOnBothDesks(t *testing.T) {
	b := small(t, "^allocations$")
	if err := b.stepAllocations(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := b.result(t.Context())
	for _, row := range append(r.AllocationTargets, r.AllocationReadings...) {
		if len(row.Rounds) != 1 || !(row.Min >= 0) {
			t.Errorf("%s came to %v", row.What, row.Rounds)
		}
	}
	if measured(r.Targets, r.Readings) {
		t.Error("other lines were measured, too: their table would be written anew")
	}
}

func TestProcessesPlaceOrdersOneAfterTheOther(t *testing.T) {
	b := small(t, "^none$")
	p := part{Site: b.sites["empty"], Workers: 2, Time: 50 * time.Millisecond}
	got, err := b.together("place", p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Ops == 0 || len(got.Lat) != got.Ops || got.CPU <= 0 {
		t.Errorf("the process did %d operations, told of %d, and spent %v s", got.Ops, len(got.Lat), got.CPU)
	}
	p.Site.Data = filepath.Join(p.Site.Data, "nowhere", "\x00")
	if _, err := b.together("place", p); err == nil {
		t.Error("a process that cannot begin is passed over in silence")
	}
}

func TestARunLeavesJSONAndPlotsAndSaysNothingOfWhereItRan(t *testing.T) {
	b := small(t, "^rows$")
	if err := b.draw(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.book.note("f1", 5000)
	r := b.result(t.Context())
	dir := t.TempDir()
	if err := r.keep(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, r.Date+"-"+r.Commit+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var again result
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if len(again.Plots) != 3 || again.Machine.Cores == 0 || again.Machine.Kernel == "" || again.Machine.FileSystem == "" {
		t.Errorf("the JSON has %d points and the machine is %+v", len(again.Plots), again.Machine)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{b.opt.data, os.TempDir() + "/", host} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the JSON tells %q", secret)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "rows.svg")); err != nil {
		t.Error(err)
	}
}

func TestTablesGoBetweenTheMarksOfAPage(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	for _, tables := range []string{"| one |\n", "| another |\n"} {
		if _, err := os.Stat(name); err != nil {
			if err := os.WriteFile(name, []byte("before\n"+tablesBegin+"\nold\n"+tablesEnd+"\nafter\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := intoPage(name, [2]string{tablesBegin, tablesEnd}, tables); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if want := "before\n" + tablesBegin + "\n" + tables + tablesEnd + "\nafter\n"; string(got) != want {
			t.Errorf("the page is\n%s\nwant\n%s", got, want)
		}
	}
	if err := os.WriteFile(name, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := intoPage(name, [2]string{tablesBegin, tablesEnd}, "x"); err == nil {
		t.Error("a page without marks was written to")
	}
}

func TestTheCommandLineBoundsWhatIsAsked(t *testing.T) {
	short, err := parse([]string{"-short"})
	if err != nil {
		t.Fatal(err)
	}
	if n := short.sizes(); n != (stored{1000, 10_000, 100_000}) || short.rounds != 2 {
		t.Errorf("-short has %d rounds over %+v", short.rounds, n)
	}
	whole, err := parse([]string{"-rounds", "2", "-rows", "10000000"})
	if err != nil {
		t.Fatal(err)
	}
	if n := whole.sizes(); n != (stored{10_000, 100_000, 10_000_000}) || whole.rounds != 2 || whole.time != 2*time.Second {
		t.Errorf("it has %d rounds of %v over %+v", whole.rounds, whole.time, n)
	}
	for _, bad := range [][]string{{"-rows", "10"}, {"-run", "("}, {"-time", "-1s"}, {"place"}} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
