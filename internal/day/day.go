// Package day counts days: the unit of limits' windows, price lists and billing
// periods. A Day is the number of days since 1970-01-01, UTC.
package day

import (
	"fmt"
	"time"
)

// Day is a calendar day in UTC.
type Day int32

// Of returns the UTC day of an instant.
func Of(t time.Time) Day {
	s := t.Unix()
	d := s / 86400
	if s%86400 < 0 {
		d--
	}
	return Day(d)
}

// Date returns the day of a calendar date; out of range months and days carry over.
func Date(year int, month time.Month, dom int) Day {
	return Of(time.Date(year, month, dom, 0, 0, 0, 0, time.UTC))
}

// Time is the day's first instant.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String writes YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Parse reads YYYY-MM-DD.
func Parse(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%.20q is no date: write YYYY-MM-DD", s)
	}
	return Of(t), nil
}

// Month returns the first day of d's month, n months later.
func (d Day) Month(n int) Day {
	t := d.Time()
	return Date(t.Year(), t.Month()+time.Month(n), 1)
}
