package waldur

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
)

// Makers of filters. Each parameter of each list is one row of that list's table.

// uuids narrows to records named by UUID, in either form. A well-formed one that is not
// ours names nothing.
func uuids[Q, T any](kind id.Kind, set func(v *view, a *ask[Q, T], ids []id.ID)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		ids, ok := parseUUIDs(kind, values)
		if !ok {
			a.errs.add(name, "Enter a valid UUID.")
			return
		}
		narrow(v, a, ids, set)
	}
}

// parseUUIDs reads those that are ours; ok is false where one is no UUID at all.
func parseUUIDs(kind id.Kind, values []string) (ids []id.ID, ok bool) {
	for _, s := range values {
		if !id.WellFormedUUID(s) {
			return nil, false
		}
		if i, err := id.ParseUUID(kind, s); err == nil {
			ids = append(ids, i)
		}
	}
	return ids, true
}

// links narrows to records named by link, or by UUID alone.
func links[Q, T any](kind id.Kind, set func(v *view, a *ask[Q, T], ids []id.ID)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		var ids []id.ID
		for _, s := range values {
			if u, err := url.Parse(s); err == nil {
				s = strings.Trim(u.Path, "/")
			}
			if i, err := id.ParseUUID(kind, s[strings.LastIndexByte(s, '/')+1:]); err == nil {
				ids = append(ids, i)
			}
		}
		narrow(v, a, ids, set)
	}
}

// narrow lets a list of ids narrow, each of them once; none of them means no rows.
func narrow[Q, T any](v *view, a *ask[Q, T], ids []id.ID, set func(v *view, a *ask[Q, T], ids []id.ID)) {
	if len(ids) == 0 {
		a.none = true
		return
	}
	set(v, a, distinct(ids))
}

// among narrows *field to ids as well: to what both name, where it was narrowed before.
func among[Q, T any](a *ask[Q, T], field *[]id.ID, ids []id.ID) {
	if *field != nil {
		ids = slices.DeleteFunc(slices.Clone(ids), func(i id.ID) bool { return !slices.Contains(*field, i) })
	}
	if len(ids) == 0 {
		a.none = true
		return
	}
	*field = distinct(ids)
}

// choices narrows to values that stand for words of the core.
func choices[Q, T any, K comparable](names map[K]string, set func(v *view, a *ask[Q, T], chosen []K)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		var chosen []K
		for _, s := range values {
			found := false
			for k, n := range names {
				if n == s {
					chosen, found = append(chosen, k), true
				}
			}
			if !found {
				a.errs.add(name, "Select a valid choice. %s is not one of the available choices.", s)
			}
		}
		if len(chosen) > 0 {
			slices.SortFunc(chosen, func(x, y K) int { return strings.Compare(names[x], names[y]) })
			set(v, a, chosen)
		}
	}
}

// flag narrows by yes or no; anything else does not narrow.
func flag[Q, T any](set func(v *view, a *ask[Q, T], yes bool)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], _ string, values []string) {
		if yes, err := strconv.ParseBool(strings.ToLower(values[len(values)-1])); err == nil {
			set(v, a, yes)
		}
	}
}

// text narrows by the last value.
func text[Q, T any](set func(v *view, a *ask[Q, T], s string)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], _ string, values []string) { set(v, a, values[len(values)-1]) }
}

// number narrows by the last value, a whole number.
func number[Q, T any](set func(v *view, a *ask[Q, T], n int)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		f, err := strconv.ParseFloat(values[len(values)-1], 64)
		if err != nil || f != f || f > 1e9 || f < -1e9 {
			a.errs.add(name, "Enter a number.")
			return
		}
		set(v, a, int(f))
	}
}

// instant narrows by a date-time or date.
func instant[Q, T any](set func(v *view, a *ask[Q, T], t time.Time)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		t, ok := parseInstant(values[len(values)-1])
		if !ok {
			a.errs.add(name, "Enter a valid date/time.")
			return
		}
		set(v, a, t)
	}
}

// date narrows by a day.
func date[Q, T any](set func(v *view, a *ask[Q, T], d day.Day)) filter[Q, T] {
	return func(v *view, a *ask[Q, T], name string, values []string) {
		d, err := day.Parse(values[len(values)-1])
		if err != nil {
			a.errs.add(name, "Enter a valid date.")
			return
		}
		set(v, a, d)
	}
}

// justAfter turns a bound that is included into one that is not: what is kept is in whole
// microseconds.
func justAfter(t time.Time) *time.Time {
	t = t.Truncate(time.Microsecond).Add(time.Microsecond)
	return &t
}

// instants are the spellings that filters and bodies take; without an offset it is UTC.
var instants = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", time.DateOnly}

func parseInstant(s string) (time.Time, bool) {
	for _, layout := range instants {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t, true
		}
	}
	return time.Time{}, false
}

// Filters over rows, for what the core's queries do not say.

// contains keeps rows with a text that contains the value, in any case.
func contains[Q, T any](get func(v *view, t T) string) filter[Q, T] {
	return text(func(v *view, a *ask[Q, T], s string) {
		s = strings.ToLower(s)
		a.keep = append(a.keep, func(t T) bool { return strings.Contains(strings.ToLower(get(v, t)), s) })
	})
}

// equals keeps rows with exactly that text, or one of several.
func equals[Q, T any](get func(v *view, t T) string) filter[Q, T] {
	return func(v *view, a *ask[Q, T], _ string, values []string) {
		a.keep = append(a.keep, func(t T) bool { return slices.Contains(values, get(v, t)) })
	}
}

// is keeps rows of which something is so, or is not.
func is[Q, T any](get func(v *view, t T) bool) filter[Q, T] {
	return flag(func(v *view, a *ask[Q, T], yes bool) {
		a.keep = append(a.keep, func(t T) bool { return get(v, t) == yes })
	})
}

// idIn keeps rows with one of the ids named.
func idIn[Q, T any](kind id.Kind, get func(v *view, t T) id.ID) filter[Q, T] {
	return uuids(kind, func(v *view, a *ask[Q, T], ids []id.ID) {
		a.keep = append(a.keep, func(t T) bool { return slices.Contains(ids, get(v, t)) })
	})
}

// since and until keep rows by an instant, the bound included.
func since[Q, T any](get func(v *view, t T) time.Time) filter[Q, T] {
	return instant(func(v *view, a *ask[Q, T], at time.Time) {
		a.keep = append(a.keep, func(t T) bool { return !get(v, t).Before(at) })
	})
}

func until[Q, T any](get func(v *view, t T) time.Time) filter[Q, T] {
	return instant(func(v *view, a *ask[Q, T], at time.Time) {
		a.keep = append(a.keep, func(t T) bool { return !get(v, t).After(at) })
	})
}

// none is for a word that no record here has: to ask for it is to ask for no rows.
func none[Q, T any]() filter[Q, T] {
	return func(_ *view, a *ask[Q, T], _ string, _ []string) { a.none = true }
}

// surely is for what is so of every record here.
func surely[Q, T any]() filter[Q, T] { return is[Q](func(*view, T) bool { return true }) }

// inside keeps rows with an object that holds what the value, an object itself, names:
// equal members, or one of several where a list is named.
func inside[Q, T any](get func(v *view, t T) json.RawMessage) filter[Q, T] {
	return text(func(v *view, a *ask[Q, T], s string) {
		var want map[string]any
		if err := front.DecodeJSON([]byte(s), new(any)); err != nil {
			a.fault = rule("Filter attribute is not valid json.")
			return
		}
		if json.Unmarshal([]byte(s), &want) != nil || want == nil {
			a.fault = rule("Filter attribute should be an dict.")
			return
		}
		a.keep = append(a.keep, func(t T) bool { return holds(attrs[map[string]any](get(v, t)), want) })
	})
}

func holds(got, want map[string]any) bool {
	for k, w := range want {
		several, ok := w.([]any)
		if !ok {
			several = []any{w}
		}
		if !slices.ContainsFunc(several, func(x any) bool { return reflect.DeepEqual(got[k], x) || hasElement(got[k], x) }) {
			return false
		}
	}
	return true
}

// hasElement reports whether a list has an element.
func hasElement(list, x any) bool {
	l, ok := list.([]any)
	return ok && slices.ContainsFunc(l, func(y any) bool { return reflect.DeepEqual(x, y) })
}

// nothing is for what no record here has: to ask for it is to ask for no rows.
func nothing[Q, T any](kind id.Kind) filter[Q, T] {
	return uuids(kind, func(_ *view, a *ask[Q, T], _ []id.ID) { a.none = true })
}
