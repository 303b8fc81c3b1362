//go:build linux

package main

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAPercentileIsAValueThatSoManyDoNotExceed(t *testing.T) {
	hundred := make([]float64, 100)
	for n := range hundred {
		hundred[n] = float64(n + 1)
	}
	for name, tt := range map[string]struct {
		of   []float64
		q    float64
		want float64
	}{
		"of none there is none":             {nil, .99, 0},
		"of one it is that one":             {[]float64{7}, .99, 7},
		"the median of four is the second":  {[]float64{1, 2, 3, 4}, .5, 2},
		"of a hundred the 99th":             {hundred, .99, 99},
		"everything is below the last":      {hundred, 1, 100},
		"the part of nothing is the first":  {hundred, 0, 1},
		"a part between two takes the next": {[]float64{1, 2, 3}, .34, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentile(tt.of, tt.q); got != tt.want {
				t.Errorf("percentile(%v) = %v, want %v", tt.q, got, tt.want)
			}
		})
	}
}

func TestTheSpreadOfRoundsDoesNotDependOnTheirOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		of   []float64
		want spread
	}{
		"none":        {nil, spread{}},
		"one":         {[]float64{3}, spread{3, 3, 3}},
		"an odd many": {[]float64{1, 2, 9}, spread{1, 2, 9}},
		"an even many has its median between two": {[]float64{1, 2, 4, 9}, spread{1, 3, 9}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				mixed := slices.Clone(tt.of)
				rand.Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
				if got := spreadOf(mixed); got != tt.want {
					t.Errorf("spreadOf(%v) = %v, want %v", mixed, got, tt.want)
				}
			}
		})
	}
}

func TestProcessesTogetherDoWhatEachDid(t *testing.T) {
	got := joined([]sample{
		{Ops: 30, Seconds: 2, CPU: 1, Bytes: 1000, Lat: []float64{1, 5}},
		{Ops: 10, Seconds: 2.5, CPU: 3, Bytes: 500, Lat: []float64{2, 3}},
	})
	if got.rate() != 16 || got.micros() != 1e5 || got.kilobytes() != .0375 || got.p(.5) != 2 || got.p(1) != 5 {
		t.Errorf("joined is %+v: rate %v, %v µs, %v KB, p50 %v, max %v", got, got.rate(), got.micros(), got.kilobytes(), got.p(.5), got.p(1))
	}
	if none := (sample{}); none.rate() != 0 || none.micros() != 0 {
		t.Error("what was not measured has a rate")
	}
}
