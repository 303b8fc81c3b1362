//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestAMedianIsHeldAgainstItsTarget(t *testing.T) {
	more := line{Key: "k", Least: .8, Aim: 1.4}
	less := line{Key: "k", Least: 60, Aim: 25, Lower: true}
	for name, tt := range map[string]struct {
		line   line
		rounds []float64
		want   string
	}{
		"above the aim":                        {more, []float64{1, 1.4, 2}, "aim"},
		"between the two":                      {more, []float64{.5, .8, 2}, "at least"},
		"below both":                           {more, []float64{.5, .79, 2}, "missed"},
		"a time below the aim":                 {less, []float64{20, 25, 70}, "aim"},
		"a time between the two":               {less, []float64{20, 60, 70}, "at least"},
		"a time above both":                    {less, []float64{20, 61, 70}, "missed"},
		"what was not measured has no verdict": {more, nil, ""},
		"what has no target has no verdict":    {line{Key: "k"}, []float64{1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b book
			for _, v := range tt.rounds {
				b.note("k", v)
			}
			if got := b.rows([]line{tt.line})[0].verdict(); got != tt.want {
				t.Errorf("verdict is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFiguresHaveThreeDigitsThatCount(t *testing.T) {
	for want, in := range map[string]struct {
		v    float64
		unit string
	}{"0.74": {.7386, ""}, "1.40": {1.4, ""}, "25.3 ms": {25.26, "ms"}, "11345/s": {11344.7, "/s"}, "0": {0, ""}, "1250 B": {1250, "B"}} {
		if got := figure(in.v, in.unit); got != want {
			t.Errorf("figure(%v, %q) = %q, want %q", in.v, in.unit, got, want)
		}
	}
}

func TestATableSaysWhyALineIsNotThere(t *testing.T) {
	var b book
	b.note("a", .5)
	b.note("a", 1.5)
	lines := []line{{Key: "a", What: "rate ÷ F1", Least: .8, Aim: 1.4}, {Key: "b", What: "p99", Unit: "ms", Least: 40, Aim: 15, Lower: true, Absent: "no such thing"}}
	var out strings.Builder
	if err := targetGrid(b.rows(lines), func(l line) string { return l.Absent }).write(&out); err != nil {
		t.Fatal(err)
	}
	want := `| what      |  min | median |  max | at least  | aim       | reached       |
|-----------|-----:|-------:|-----:|-----------|-----------|---------------|
| rate ÷ F1 | 0.50 |   1.00 | 1.50 | 0.80      | 1.40      | at least      |
| p99       |    – |      – |    – | ≤ 40.0 ms | ≤ 15.0 ms | no such thing |
`
	if out.String() != want {
		t.Errorf("the table is\n%swant\n%s", out.String(), want)
	}
}

func TestEveryLineHasAKeyOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range append(targets(stored{10, 20, 30}), readings(stored{10, 20, 30})...) {
		if l.Key == "" || l.What == "" || seen[l.Key] {
			t.Errorf("%q (%s) is there twice or says nothing", l.Key, l.What)
		}
		seen[l.Key] = true
		if l.Least != 0 && l.Lower != (l.Aim < l.Least) {
			t.Errorf("%s: the aim %v is easier than the least %v", l.What, l.Aim, l.Least)
		}
	}
}
