//go:build linux

package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// Names of the plots, as -run chooses them.
const (
	plotClients = "clients"
	plotRows    = "rows"
)

// point is one point of a plot: the median of its rounds.
type point struct {
	Plot   string
	Series string
	X      float64
	Rate   float64 // a second
	P99    float64 // ms
}

// draw measures what the plots show, in rounds of their own, by loads of half the length:
// there are many, and a curve shows by itself what is no more than chance.
func (b *bench) draw(ctx context.Context) error {
	whole := b.opt.time
	b.opt.time = whole / 2
	defer func() { b.opt.time = whole }()
	type key struct {
		plot, series string
		x            int
	}
	var order []key
	rates, tails := map[key][]float64{}, map[key][]float64{}
	note := func(k key, s sample) {
		if rates[k] == nil {
			order = append(order, k)
		}
		rates[k], tails[k] = append(rates[k], s.rate()), append(tails[k], s.p(.99))
	}
	rounds, factor := min(b.opt.rounds, 2), 2
	if b.opt.short {
		rounds, factor = 1, 4
	}
	for round := range rounds {
		if b.opt.run.MatchString(plotClients) {
			b.say("plot over clients, round %d", round+1)
			for n := 1; n <= 256; n *= factor {
				got, err := b.overClients(ctx, n)
				if err != nil {
					return err
				}
				for series, s := range got {
					note(key{plotClients, series, n}, s)
				}
			}
		}
		if b.opt.run.MatchString(plotRows) {
			b.say("plot over rows stored, round %d", round+1)
			for name, n := range map[string]int{"small": b.n.Small, "base": b.n.Base, "most": b.n.Most} {
				s := b.sites[name]
				if name != "most" { // which a round does not make noticeably larger
					var err error
					if s, err = b.fresh(name); err != nil {
						return err
					}
				}
				got, err := b.place(ctx, s, clients, false)
				if err != nil {
					return err
				}
				note(key{plotRows, "SQLite, store alone", n}, got)
			}
		}
	}
	for _, k := range order {
		b.plots = append(b.plots, point{k.plot, k.series, float64(k.x), spreadOf(rates[k]).Median, spreadOf(tails[k]).Median})
	}
	return nil
}

func (b *bench) overClients(ctx context.Context, n int) (map[string]sample, error) {
	s, err := b.fresh("base")
	if err != nil {
		return nil, err
	}
	out := map[string]sample{}
	if out["SQLite, store alone"], err = b.place(ctx, s, n, false); err != nil {
		return nil, err
	}
	if out["SQLite, whole POST"], err = b.post(ctx, s, n); err != nil {
		return nil, err
	}
	if b.pg == nil {
		return out, nil
	}
	if s, err = b.pg.fresh(ctx); err != nil {
		return nil, err
	}
	if out["PostgreSQL, store alone"], err = b.place(ctx, s, n, false); err != nil {
		return nil, err
	}
	out["PostgreSQL, whole POST"], err = b.post(ctx, s, n)
	return out, err
}

// chart is two panels over one logarithmic axis: rates above, p99 below. It is written
// by hand: two axes and some lines are less than any library that draws them.
type chart struct {
	title, axis string
	points      []point
}

// Measures of a chart, in pixels.
const (
	chartWide, chartHigh    = 720, 560
	panelLeft, panelRight   = 70, 540
	topPanel, bottomPanel   = 50, 310
	panelHigh, chartLegendX = 200, 556
)

var colours = []string{"#1b6ca8", "#c8553d", "#2a7f4f", "#7b4ea3"}

func (c chart) series() []string {
	var out []string
	for _, p := range c.points {
		seen := false
		for _, s := range out {
			seen = seen || s == p.Series
		}
		if !seen {
			out = append(out, p.Series)
		}
	}
	return out
}

// write writes the chart as SVG.
func (c chart) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", chartWide, chartHigh)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", chartWide, chartHigh)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="15">%s</text>`+"\n", panelLeft, html.EscapeString(c.title))
	c.panel(&b, topPanel, "orders/s", func(p point) float64 { return p.Rate })
	c.panel(&b, bottomPanel, "p99, ms", func(p point) float64 { return p.P99 })
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (panelLeft+panelRight)/2, bottomPanel+panelHigh+38, html.EscapeString(c.axis))
	for n, s := range c.series() {
		y := topPanel + 10 + 20*n
		fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", chartLegendX, y, colours[n%len(colours)], chartLegendX+10, y+4, html.EscapeString(s))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// panel draws one figure of all series.
func (c chart) panel(b *strings.Builder, top int, what string, of func(point) float64) {
	var xs []float64
	most := 0.0
	for _, p := range c.points {
		xs, most = append(xs, p.X), max(most, of(p))
	}
	step := niceStep(most)
	ceiling := math.Max(step, math.Ceil(most/step)*step)
	bottom := float64(top + panelHigh)
	y := func(v float64) float64 { return bottom - v/ceiling*panelHigh }
	x := acrossLog(xs)
	for v := 0.0; v <= ceiling+step/2; v += step {
		fmt.Fprintf(b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", panelLeft, y(v), panelRight, panelLeft-8, y(v)+4, plain(v))
	}
	fmt.Fprintf(b, `<text x="16" y="%d" transform="rotate(-90 16 %d)" text-anchor="middle">%s</text>`+"\n", top+panelHigh/2, top+panelHigh/2, html.EscapeString(what))
	done := map[float64]bool{}
	for _, v := range xs {
		if !done[v] {
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x(v), bottom+18, plain(v))
		}
		done[v] = true
	}
	for n, s := range c.series() {
		colour, path := colours[n%len(colours)], ""
		for _, p := range sortedByX(c.points, s) {
			path += fmt.Sprintf("%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[path == ""], x(p.X), y(of(p)))
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(p.X), y(of(p)), colour)
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path, colour)
	}
}
