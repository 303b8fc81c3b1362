// Package clock is a desk's clock that can be turned, for tests and sandboxes: true time,
// moved by so much. It runs on as true time does. What clients compare with their own
// clocks (the wire's Date header, certificates, the windows of signatures) never asks it.
package clock

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// The instants between which a clock may stand: those that ids can tell.
var (
	first = time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	last  = time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Clock is true time, moved. The zero value is true time.
type Clock struct {
	ahead atomic.Int64 // of true time, in nanoseconds
}

// Parse makes a clock of what people write: an instant (2031-03-01T12:00:00Z, or a day
// alone) from which it starts now, or a span by which it is ahead of or behind true time
// (+36h, -90m, +30d).
func Parse(text string) (*Clock, error) {
	c := &Clock{}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		by, err := Span(text)
		if err != nil {
			return nil, err
		}
		return c, c.Advance(by)
	}
	at, err := Instant(text)
	if err != nil {
		return nil, err
	}
	return c, c.Set(at)
}

// Instant reads an instant; a day alone is its midnight, UTC.
func Instant(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.60q is no instant: write 2031-03-01T12:00:00Z, 2031-03-01, or a span from now such as +36h or -1h", text)
}

// Span reads a span of time as time.ParseDuration does, and days, too: 30d.
func Span(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		by, err := time.ParseDuration(days + "h")
		if most := 200 * 365 * time.Hour; err == nil && by < most && by > -most { // as hours; as days it still fits
			return by * 24, nil
		}
	} else if by, err := time.ParseDuration(text); err == nil {
		return by, nil
	}
	return 0, fmt.Errorf("%.60q is no span of time: write +36h, -90m or +30d", text)
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Set turns the clock to an instant.
func (c *Clock) Set(to time.Time) error {
	if to.Before(first) || to.After(last) {
		return fmt.Errorf("a clock stands between %s and %s", first.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	c.ahead.Store(int64(time.Until(to)))
	return nil
}

// Advance turns the clock on, or back where by is below zero.
func (c *Clock) Advance(by time.Duration) error { return c.Set(c.Now().Add(by)) }
