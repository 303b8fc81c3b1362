//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// niceStep is the least step of 1, 2 or 5 times a power of ten by which an axis up to a
// value has no more than six marks above nought.
func niceStep(most float64) float64 {
	if most <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(most/6)))
	for _, n := range []float64{1, 2, 5} {
		if most <= 6*n*power {
			return n * power
		}
	}
	return 10 * power
}

// acrossLog maps values to the width of a panel by their logarithm.
func acrossLog(xs []float64) func(float64) float64 {
	if len(xs) == 0 {
		return func(float64) float64 { return panelLeft }
	}
	low, high := math.Log(slices.Min(xs)), math.Log(slices.Max(xs))
	return func(v float64) float64 {
		if high == low {
			return (panelLeft + panelRight) / 2
		}
		return panelLeft + 15 + (math.Log(v)-low)/(high-low)*(panelRight-panelLeft-30)
	}
}

func sortedByX(points []point, series string) []point {
	var out []point
	for _, p := range points {
		if p.Series == series {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b point) int { return cmp.Compare(a.X, b.X) })
	return out
}

// plain spells a mark of an axis.
func plain(v float64) string {
	switch {
	case v >= 1000 && math.Mod(v, 1000) == 0:
		return count(int(v))
	case v >= 1000:
		return fmt.Sprintf("%.1fk", v/1000)
	}
	return fmt.Sprintf("%.3g", v)
}
