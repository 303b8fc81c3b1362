//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
)

func TestALoadEndsByItselfAndCountsWhatItDid(t *testing.T) {
	var done atomic.Int64
	spending := 0.0
	s, err := load(t.Context(), plan{workers: 3, time: 20 * time.Millisecond, meter: func() (spent, error) { spending += 2; return spent{spending, spending / 2, 10 * spending}, nil }},
		func(context.Context, int, *rand.Rand) error { done.Add(1); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if s.Ops == 0 || int64(s.Ops) > done.Load() || s.CPU != 2 || s.DB != 1 || s.All != int(done.Load()) || s.Bytes != 20 || s.Seconds <= 0 {
		t.Errorf("of %d operations the sample tells %d in %v s, CPU %v, bytes %v", done.Load(), s.Ops, s.Seconds, s.CPU, s.Bytes)
	}
}

func TestALoadEndsWithTheFirstThatFails(t *testing.T) {
	bad := errors.New("refused")
	_, err := load(t.Context(), plan{workers: 3, warm: time.Hour, time: time.Hour}, func(ctx context.Context, w int, _ *rand.Rand) error {
		if w == 1 {
			return bad
		}
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, bad) {
		t.Errorf("the load ended with %v", err)
	}
}
