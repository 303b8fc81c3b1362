//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// result is what a run leaves behind. It names neither the machine nor a path on it.
type result struct {
	Date    string
	Commit  string
	Machine machine
	Options struct {
		Run       string
		Rounds    int
		Seconds   float64
		Customers int
		Stored    stored
	}
	Targets  []row
	Readings []row
	Plots    []point

	// Of desks of allocations, which have a table of their own.
	AllocationTargets, AllocationReadings []row
}

func (b *bench) result(ctx context.Context) result {
	var r result
	r.Machine = b.machine
	r.Date, r.Commit = time.Now().UTC().Format(time.DateOnly), commit(ctx)
	r.Options.Run, r.Options.Rounds, r.Options.Seconds, r.Options.Customers, r.Options.Stored = b.opt.run.String(), b.opt.rounds, b.opt.time.Seconds(), b.opt.customers, b.n
	r.Targets, r.Readings, r.Plots = b.book.rows(targets(b.n)), b.book.rows(readings(b.n)), b.plots
	r.AllocationTargets, r.AllocationReadings = b.book.rows(allocationTargets()), b.book.rows(allocationReadings())
	return r
}

// commit names what was measured, as far as it is one. What a run itself writes, and the
// page about it, change nothing of that.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(out))
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ":/", ":(top,exclude)docs", ":(top,exclude)bench/results").Output()
	if err != nil || len(bytes.TrimSpace(changed)) > 0 {
		name += "-dirty"
	}
	return name
}

// report prints the tables and writes what is to be kept.
func (b *bench) report(ctx context.Context) error {
	r := b.result(ctx)
	if b.opt.results != "" {
		if err := r.keep(b.opt.results); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		marks             [2]string
		targets, readings []row
	}{{[2]string{tablesBegin, tablesEnd}, r.Targets, r.Readings}, {[2]string{allocationsBegin, allocationsEnd}, r.AllocationTargets, r.AllocationReadings}} {
		if !measured(part.targets, part.readings) { // what an earlier run wrote stands
			continue
		}
		var page bytes.Buffer
		if err := r.write(&page, part.targets, part.readings, b.why); err != nil {
			return err
		}
		if _, err := os.Stdout.Write(page.Bytes()); err != nil {
			return err
		}
		if b.opt.docs != "" {
			if err := intoPage(b.opt.docs, part.marks, page.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

// measured reports whether a run took any of some lines.
func measured(lists ...[]row) bool {
	return slices.ContainsFunc(slices.Concat(lists...), func(r row) bool { return len(r.Rounds) > 0 })
}

// write writes the tables in Markdown.
func (r result) write(w io.Writer, targets, readings []row, why func(line) string) error {
	m := r.Machine
	_, err := fmt.Fprintf(w, "%s, commit %s: %d cores, %.0f GiB, %s, %s, Linux %s, %s, load average %.1f before it began. %d rounds, loads of %g s, %d customers; %d orders stored where a line says nothing else.\n\n",
		r.Date, r.Commit, m.Cores, m.MemoryGiB, m.Go, m.OS, m.Kernel, m.FileSystem, m.Load, r.Options.Rounds, r.Options.Seconds, r.Options.Customers, r.Options.Stored.Base)
	if err == nil {
		err = targetGrid(targets, why).write(w)
	}
	if err == nil {
		_, err = fmt.Fprint(w, "\nWhat these were made of:\n\n")
	}
	if err == nil {
		err = readingGrid(readings).write(w)
	}
	return err
}

// keep writes the result and the plots into a folder.
func (r result) keep(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, r.Date+"-"+r.Commit+".json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	for name, c := range map[string]chart{
		plotClients: {title: fmt.Sprintf("Placing orders, %s stored", count(r.Options.Stored.Base)), axis: "clients at once"},
		plotRows:    {title: fmt.Sprintf("Placing orders, %d submitters", clients), axis: "orders stored"},
	} {
		for _, p := range r.Plots {
			if p.Plot == name {
				c.points = append(c.points, p)
			}
		}
		if len(c.points) == 0 {
			continue
		}
		var drawn bytes.Buffer
		if err := c.write(&drawn); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".svg"), drawn.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Marks of the parts of a page that a run writes.
const (
	tablesBegin      = "<!-- tables: written by make bench -->"
	tablesEnd        = "<!-- tables end -->"
	allocationsBegin = "<!-- allocations: written by make bench -->"
	allocationsEnd   = "<!-- allocations end -->"
)

// intoPage puts tables between two marks of a page.
func intoPage(name string, marks [2]string, tables string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), marks[0])
	_, after, ok2 := strings.Cut(rest, marks[1])
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place between %q and %q", name, marks[0], marks[1])
	}
	return os.WriteFile(name, []byte(before+marks[0]+"\n"+tables+marks[1]+after), 0o644)
}
