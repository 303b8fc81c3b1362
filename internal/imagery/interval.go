package imagery

import (
	"strings"
	"time"
)

// Interval is a stretch of time. A zero From or Until is an open end.
type Interval struct {
	From  time.Time // first instant in it
	Until time.Time // first instant after it
}

// Holds reports whether an instant is in the interval.
func (i Interval) Holds(t time.Time) bool {
	return !t.Before(i.From) && (i.Until.IsZero() || t.Before(i.Until))
}

// precisions are the forms a time may have, each with the end of the span it names:
// 2017 is the whole year, a time to the second that second.
var precisions = []struct {
	layout string
	end    func(time.Time) time.Time
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"20060102", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01-02T15", func(t time.Time) time.Time { return t.Add(time.Hour) }},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15:04:05", func(t time.Time) time.Time { return t.Add(time.Second) }},
}

// span reads one time of any precision as the stretch it names. Without an offset it is UTC.
func span(s string) (Interval, error) {
	text := strings.ToUpper(strings.TrimSpace(s))
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	for _, p := range precisions {
		layouts := []string{p.layout}
		if strings.Contains(p.layout, "T") {
			layouts = append(layouts, p.layout+"Z07:00", p.layout+"Z0700")
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, text); err == nil {
				t = t.UTC()
				return Interval{From: t, Until: p.end(t)}, nil
			}
		}
	}
	return Interval{}, refuseQuery("datetime", "%q is no ISO 8601 time: want such as 2017, 2017-06, 2017-06-01 or 2017-06-01T12:00:00Z", clip(s))
}

// ParseInterval reads a time, or two with a slash between, each of any precision
// from the year on; ".." or nothing is an open end. Both ends belong to the interval.
// The empty text is all time.
func ParseInterval(s string) (Interval, error) {
	if strings.TrimSpace(s) == "" {
		return Interval{}, nil
	}
	from, until, two := strings.Cut(s, "/")
	if !two {
		return span(s)
	}
	var out Interval
	if from = strings.TrimSpace(from); from != "" && from != ".." {
		first, err := span(from)
		if err != nil {
			return Interval{}, err
		}
		out.From = first.From
	}
	if until = strings.TrimSpace(until); until != "" && until != ".." {
		last, err := span(until)
		if err != nil {
			return Interval{}, err
		}
		out.Until = last.Until
	}
	if !out.Until.IsZero() && !out.From.Before(out.Until) {
		return Interval{}, refuseQuery("datetime", "%q ends before it begins", clip(s))
	}
	return out, nil
}
