package imagery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// QueryError is why a request for a select cannot be understood.
type QueryError struct {
	Field string // the request's field: query, datetime, stack_depth, image_age_category
	Msg   string // what is wrong, to follow the field's name or stand alone
}

func (e *QueryError) Error() string { return e.Field + ": " + e.Msg }

func refuseQuery(field, format string, args ...any) error {
	return &QueryError{Field: field, Msg: fmt.Sprintf(format, args...)}
}

// ParseCategories reads names of age categories, each once.
func ParseCategories(names []string) ([]Category, error) {
	var out []Category
	for _, n := range names {
		c := Category(strings.ToLower(strings.TrimSpace(n)))
		if !slices.Contains(Categories(), c) {
			return nil, refuseQuery("image_age_category", "%q is none of fresh, standard and training", clip(n))
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out, nil
}

// Query is a filter on the properties of tiles: every clause has to hold.
// The zero Query lets everything pass.
type Query struct{ clauses []clause }

// clause is what is asked of one property: all of its tests, and of its
// alternatives, if there are any, all tests of at least one.
type clause struct {
	name         string
	property     property
	tests        []test
	alternatives [][]test
}

type test struct {
	op     string
	values []value
}

// value is a number, or a text for properties that have texts.
type value struct {
	number float64
	text   string
}

// operator compares a tile's value with those asked for; ranged ones order values.
type operator struct {
	ranged bool
	holds  func(have value, want []value) bool
}

func order(a, b value) int {
	if c := strings.Compare(a.text, b.text); c != 0 {
		return c
	}
	switch {
	case a.number < b.number:
		return -1
	case a.number > b.number:
		return 1
	}
	return 0
}

func among(have value, want []value) bool {
	return slices.ContainsFunc(want, func(w value) bool { return order(have, w) == 0 })
}

var operators = map[string]operator{
	"eq":  {false, among},
	"ne":  {false, func(have value, want []value) bool { return !among(have, want) }},
	"in":  {false, among},
	"lt":  {true, func(have value, want []value) bool { return order(have, want[0]) < 0 }},
	"lte": {true, func(have value, want []value) bool { return order(have, want[0]) <= 0 }},
	"gt":  {true, func(have value, want []value) bool { return order(have, want[0]) > 0 }},
	"gte": {true, func(have value, want []value) bool { return order(have, want[0]) >= 0 }},
}

const mostValues = 1000 // in one list

// ParseQuery reads the query object {"<property>": {"<operator>": value}}. Its
// errors are *QueryError; the empty text and null are the zero Query.
func ParseQuery(b []byte) (Query, error) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || string(b) == "null" {
		return Query{}, nil
	}
	var in map[string]json.RawMessage
	if err := json.Unmarshal(b, &in); err != nil {
		return Query{}, refuseQuery("query", "it has to be an object of properties, such as {\"view:off_nadir\": {\"lte\": 30}}")
	}
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	sort.Strings(names)
	var q Query
	for _, name := range names {
		p, ok := properties[name]
		if !ok {
			return Query{}, refuseQuery("query", "there is no property %q to ask for; there are %s", clip(name), strings.Join(PropertyNames(), ", "))
		}
		c, err := parseClause(name, p, in[name])
		if err != nil {
			return Query{}, err
		}
		q.clauses = append(q.clauses, c)
	}
	return q, nil
}

func parseClause(name string, p property, b []byte) (clause, error) {
	c := clause{name: name, property: p}
	ops, err := operations(name, b)
	if err != nil {
		return c, err
	}
	if either, ok := ops["or"]; ok {
		delete(ops, "or")
		var list []json.RawMessage
		if err := json.Unmarshal(either, &list); err != nil || len(list) == 0 || len(list) > mostValues {
			return c, refuseQuery("query", "or of %s has to be a list of operator objects", name)
		}
		for _, alternative := range list {
			tests, err := operations(name, alternative)
			if err != nil {
				return c, err
			}
			if _, nested := tests["or"]; nested {
				return c, refuseQuery("query", "or of %s must not stand in another or", name)
			}
			parsed, err := parseTests(name, p, tests)
			if err != nil {
				return c, err
			}
			c.alternatives = append(c.alternatives, parsed)
		}
	}
	c.tests, err = parseTests(name, p, ops)
	return c, err
}

func operations(name string, b []byte) (map[string]json.RawMessage, error) {
	var ops map[string]json.RawMessage
	if err := json.Unmarshal(b, &ops); err != nil || len(ops) == 0 {
		return nil, refuseQuery("query", "%s has to be an object of operators, such as {\"eq\": …}", name)
	}
	return ops, nil
}

func parseTests(name string, p property, ops map[string]json.RawMessage) ([]test, error) {
	names := make([]string, 0, len(ops))
	for op := range ops {
		names = append(names, op)
	}
	sort.Strings(names)
	var out []test
	for _, op := range names {
		o, ok := operators[op]
		if !ok {
			return nil, refuseQuery("query", "%s has the operator %q; there are eq, ne, lt, lte, gt, gte, in and or", name, clip(op))
		}
		if o.ranged && !p.ranged {
			return nil, refuseQuery("query", "%s has no order to compare by %s; ask for it by eq, ne or in", name, op)
		}
		wanted := []json.RawMessage{ops[op]}
		if op == "in" {
			if err := json.Unmarshal(ops[op], &wanted); err != nil || len(wanted) == 0 || len(wanted) > mostValues {
				return nil, refuseQuery("query", "in of %s has to be a list of 1 to %d values", name, mostValues)
			}
		}
		t := test{op: op}
		for _, w := range wanted {
			v, ok := readValue(p, w)
			if !ok {
				return nil, refuseQuery("query", "%s of %s is %s; it has to be %s", op, name, clip(string(w)), p.form)
			}
			t.values = append(t.values, v)
		}
		out = append(out, t)
	}
	return out, nil
}

// readValue takes a number for what the property wants as text and the other way
// round: the vendor's command line turns whatever looks like a number into one.
func readValue(p property, b []byte) (value, bool) {
	var in any
	if err := json.Unmarshal(b, &in); err != nil {
		return value{}, false
	}
	var text string
	switch v := in.(type) {
	case string:
		text = strings.TrimSpace(v)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return value{}, false
	}
	if p.read != nil {
		text, ok := p.read(text)
		return value{text: text}, ok
	}
	n, err := strconv.ParseFloat(text, 64)
	return value{number: n}, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// match reports whether all clauses hold of a tile. A property the archive does not
// have of it holds of nothing.
func (q Query) match(s *Selected) bool {
	for _, c := range q.clauses {
		have, ok := c.property.of(s)
		if !ok || !all(c.tests, have) {
			return false
		}
		if len(c.alternatives) > 0 && !slices.ContainsFunc(c.alternatives, func(t []test) bool { return all(t, have) }) {
			return false
		}
	}
	return true
}

func all(tests []test, have value) bool {
	return !slices.ContainsFunc(tests, func(t test) bool { return !operators[t.op].holds(have, t.values) })
}

// score ranks a tile that matches among those of its cell: the mean, over the lt,
// lte, gt and gte clauses on numbers, of how far the tile stands inside the bound,
// as a share of the property's span, cut to 0 … 1. Of alternatives the best counts.
// A query without such clauses scores all alike.
func (q Query) score(s *Selected) float64 {
	var sum float64
	var n int
	for _, c := range q.clauses {
		have, ok := c.property.of(s)
		if !ok {
			continue
		}
		inside, tests := room(c.property, have, c.tests)
		sum, n = sum+inside, n+tests
		best := -1.0
		for _, alternative := range c.alternatives {
			if inside, tests := room(c.property, have, alternative); tests > 0 && all(alternative, have) {
				best = max(best, inside/float64(tests))
			}
		}
		if best >= 0 {
			sum, n = sum+best, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// room sums how far a value stands inside the bounds of ranged tests, and counts these.
func room(p property, have value, tests []test) (sum float64, n int) {
	for _, t := range tests {
		if !operators[t.op].ranged || p.span == 0 {
			continue
		}
		inside := (have.number - t.values[0].number) / p.span
		if strings.HasPrefix(t.op, "l") { // below a bound rather than above it
			inside = -inside
		}
		sum += min(1, max(0, inside))
		n++
	}
	return sum, n
}
