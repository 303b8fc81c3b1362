//go:build linux

package main

import (
	"math"
	"slices"
	"time"
)

// sample is what one load came to.
type sample struct {
	Ops     int
	All     int // those of the moment before the time that counts included
	Seconds float64
	CPU     float64   // seconds, of what was metered
	DB      float64   // of that, the database's own processes'
	Bytes   float64   // written by it, to whatever kind of file
	Lat     []float64 // milliseconds, ascending
}

func (s sample) rate() float64 { return over(float64(s.Ops), s.Seconds) }

// micros is the CPU of one operation.
func (s sample) micros() float64 { return over(s.CPU*1e6, float64(s.Ops)) }

// kilobytes is what one operation wrote.
func (s sample) kilobytes() float64 { return over(s.Bytes/1000, float64(s.Ops)) }

func (s sample) p(q float64) float64 { return percentile(s.Lat, q) }

// joined is what several processes did at once.
func joined(all []sample) sample {
	var out sample
	for _, s := range all {
		out.Ops += s.Ops
		out.All += s.All
		out.Seconds = max(out.Seconds, s.Seconds)
		out.CPU += s.CPU
		out.DB += s.DB
		out.Bytes += s.Bytes
		out.Lat = append(out.Lat, s.Lat...)
	}
	slices.Sort(out.Lat)
	return out
}

// percentile is the smallest of ascending values that at least the part q of them does
// not exceed; 0 of none.
func percentile(ascending []float64, q float64) float64 {
	if len(ascending) == 0 {
		return 0
	}
	n := int(math.Ceil(q * float64(len(ascending))))
	return ascending[min(max(n, 1), len(ascending))-1]
}

// over divides, and is 0 where there is nothing to divide by: a measurement that failed
// is no number at all.
func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// spread is the least, the median and the most of the rounds.
type spread struct{ Min, Median, Max float64 }

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (v[len(v)/2-1] + mid) / 2
	}
	return spread{v[0], mid, v[len(v)-1]}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
