//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// book keeps what rounds have measured, by the key of a line.
type book struct {
	mu     sync.Mutex
	Values map[string][]float64
}

func (b *book) note(key string, v float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Values == nil {
		b.Values = map[string][]float64{}
	}
	b.Values[key] = append(b.Values[key], v)
}

// row is a line with what was measured of it.
type row struct {
	line
	Rounds []float64
	spread
}

func (b *book) rows(lines []line) []row {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []row
	for _, l := range lines {
		out = append(out, row{l, b.Values[l.Key], spreadOf(b.Values[l.Key])})
	}
	return out
}

// verdict says how the median stands to the target.
func (r row) verdict() string {
	reaches := func(target float64) bool {
		if r.Lower {
			return r.Median <= target
		}
		return r.Median >= target
	}
	switch {
	case len(r.Rounds) == 0 || r.Least == 0:
		return ""
	case reaches(r.Aim):
		return "aim"
	case reaches(r.Least):
		return "at least"
	}
	return "missed"
}

// figure spells a value with three digits that count.
func figure(v float64, unit string) string {
	s := ""
	switch a := math.Abs(v); {
	case a >= 100 || a == 0:
		s = strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	case a >= 10:
		s = strconv.FormatFloat(v, 'f', 1, 64)
	default:
		s = strconv.FormatFloat(v, 'f', 2, 64)
	}
	switch {
	case unit == "":
		return s
	case strings.HasPrefix(unit, "/"):
		return s + unit
	}
	return s + " " + unit
}

// grid is a table as people and Markdown read it.
type grid struct {
	head []string
	rows [][]string
}

// targetGrid is the table of targets. What no round measured says why.
func targetGrid(rows []row, why func(line) string) grid {
	g := grid{head: []string{"what", "min", "median", "max", "at least", "aim", "reached"}}
	for _, r := range rows {
		bound := ""
		if r.Lower {
			bound = "≤ "
		}
		least, aim := bound+figure(r.Least, r.Unit), bound+figure(r.Aim, r.Unit)
		if len(r.Rounds) == 0 {
			g.rows = append(g.rows, []string{r.What, "–", "–", "–", least, aim, why(r.line)})
			continue
		}
		g.rows = append(g.rows, []string{r.What, figure(r.Min, r.Unit), figure(r.Median, r.Unit), figure(r.Max, r.Unit), least, aim, r.verdict()})
	}
	return g
}

// readingGrid is the table of readings, those that were taken.
func readingGrid(rows []row) grid {
	g := grid{head: []string{"what", "min", "median", "max"}}
	for _, r := range rows {
		if len(r.Rounds) > 0 {
			g.rows = append(g.rows, []string{r.What, figure(r.Min, r.Unit), figure(r.Median, r.Unit), figure(r.Max, r.Unit)})
		}
	}
	return g
}

// write writes the grid in Markdown, its columns aligned.
func (g grid) write(w io.Writer) error {
	wide := make([]int, len(g.head))
	for _, r := range append([][]string{g.head}, g.rows...) {
		for n, cell := range r {
			wide[n] = max(wide[n], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	put := func(cells []string) {
		for n, cell := range cells {
			space := strings.Repeat(" ", wide[n]-utf8.RuneCountInString(cell))
			if n == 0 || n > 3 {
				fmt.Fprintf(&b, "| %s%s ", cell, space)
			} else {
				fmt.Fprintf(&b, "| %s%s ", space, cell)
			}
		}
		b.WriteString("|\n")
	}
	put(g.head)
	for n, w := range wide {
		if n == 0 || n > 3 {
			b.WriteString("|" + strings.Repeat("-", w+2))
		} else {
			b.WriteString("|" + strings.Repeat("-", w+1) + ":")
		}
	}
	b.WriteString("|\n")
	for _, r := range g.rows {
		put(r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
