package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/docket-desk/docket/internal/backup"
)

// progressOn returns what tells progress, at most once a second, and what ends the telling.
// A terminal gets one line that changes; nothing else hears anything unless always says so.
func progressOn(w io.Writer, always bool) (tell func(line string, args ...any), end func()) {
	terminal := false
	if f, ok := w.(*os.File); ok {
		s, err := f.Stat()
		terminal = err == nil && s.Mode()&os.ModeCharDevice != 0
	}
	if !terminal && !always {
		return func(string, ...any) {}, func() {}
	}
	var last time.Time
	begin, finish := "", "\n"
	if terminal {
		begin, finish = "\r\x1b[K", ""
	}
	tell = func(line string, args ...any) {
		if now := time.Now(); now.Sub(last) >= time.Second || last.IsZero() {
			last = now
			fmt.Fprintf(w, begin+line+finish, args...)
		}
	}
	return tell, func() {
		if terminal && !last.IsZero() {
			fmt.Fprint(w, begin)
		}
	}
}

// tellingRows tells how many rows were done, at what rate, and how long the rest will take.
func tellingRows(tell func(string, ...any)) backup.Tell {
	return func(p backup.Progress) {
		of, left := "", ""
		if p.Of > 0 {
			of = fmt.Sprintf(" of %d", p.Of)
		}
		if l := p.Left(); l > 0 {
			left = fmt.Sprintf(", %s left", l)
		}
		tell("%s: %d%s rows, %.0f a second%s", p.Doing, p.Rows, of, p.Rate(), left)
	}
}
