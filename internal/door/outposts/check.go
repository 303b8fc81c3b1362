package outposts

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// Clients send whatever they are given, so the model's patterns, bounds and enumerations
// are checked here, all of them before a request is refused. Values are never repeated in
// a message: addresses are personal.

// faults are the constraints that a request does not meet.
type faults []string

func (f *faults) add(at, constraint string) {
	*f = append(*f, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", at, constraint))
}

// err is nil where there are none.
func (f *faults) err() error {
	switch n := len(*f); n {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: " + (*f)[0])
	default:
		return invalid(fmt.Sprintf("%d validation errors detected: %s", n, strings.Join(*f, "; ")))
	}
}

func invalid(msg string) *core.Error { return &core.Error{Kind: core.Invalid, Msg: msg} }

// text is what the model asks of a string; min and max count characters.
type text struct {
	min, max int
	pattern  *regexp.Regexp // nil: any
	not      string         // a prefix it may not have: the model's look-ahead
}

func (t text) check(f *faults, at, s string) {
	n := utf8.RuneCountInString(s)
	switch {
	case n < t.min:
		f.add(at, fmt.Sprintf("Member must have length greater than or equal to %d", t.min))
	case t.max > 0 && n > t.max:
		f.add(at, fmt.Sprintf("Member must have length less than or equal to %d", t.max))
	case n == 0 && t.min == 0:
	case t.pattern != nil && !t.pattern.MatchString(s), t.not != "" && strings.HasPrefix(s, t.not):
		not := ""
		if t.not != "" {
			not = fmt.Sprintf(" and not begin with %s", t.not)
		}
		f.add(at, "Member must satisfy regular expression pattern: "+t.pattern.String()+not)
	}
}

// enum lists the values of an enumeration.
type enum []string

func (e enum) check(f *faults, at, s string) {
	if !slices.Contains(e, s) {
		f.add(at, "Member must satisfy enum value set: ["+strings.Join(e, ", ")+"]")
	}
}

// words is a text or an enum.
type words interface {
	check(f *faults, at, s string)
}

// input is a JSON object as it came. Reading a member notes what is wrong with it; err
// tells. Names are matched exactly, unknown ones passed over, null is absence.
type input struct {
	*faults
	at      string // path to this object: "LineItems.1."
	members map[string]json.RawMessage
}

// readInput reads the body, which must be an object.
func readInput(r *http.Request) (*input, error) {
	b := front.Body(r)
	in := &input{faults: &faults{}}
	err := front.DecodeJSON(b, &in.members)
	if err == nil && (in.members == nil || !utf8.Valid(b)) {
		err = invalid("")
	}
	if err != nil {
		return nil, &core.Error{Kind: core.Invalid, Reason: front.ReasonSyntax, Msg: "The body is no JSON object in UTF-8.", Err: err}
	}
	return in, nil
}

// raw returns a member, or false where it is absent.
func (in *input) raw(name string) (json.RawMessage, bool) {
	b, ok := in.members[name]
	return b, ok && string(b) != "null"
}

func (in *input) require(names ...string) {
	for _, n := range names {
		if _, ok := in.raw(n); !ok {
			in.add(in.at+n, "Member must not be null")
		}
	}
}

// text returns a member's value; nil where it is absent.
func (in *input) text(name string, w words) *string {
	b, ok := in.raw(name)
	if !ok {
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		in.add(in.at+name, "Member must be a string")
		return nil
	}
	w.check(in.faults, in.at+name, s)
	return &s
}

// word is text with "" for absence.
func (in *input) word(name string, w words) string {
	if s := in.text(name, w); s != nil {
		return *s
	}
	return ""
}

var integer = regexp.MustCompile(`^-?\d+$`)

// integer returns a whole number of at most 32 bits, as the model has them.
func (in *input) integer(name string, least int32) int32 {
	b, ok := in.raw(name)
	if !ok {
		return 0
	}
	if !integer.Match(b) {
		in.add(in.at+name, "Member must be an integer")
		return 0
	}
	n, err := strconv.ParseInt(string(b), 10, 32)
	switch {
	case err == nil && n < int64(least), err != nil && b[0] == '-':
		in.add(in.at+name, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case err != nil:
		in.add(in.at+name, fmt.Sprintf("Member must have value less than or equal to %d", 1<<31-1))
	}
	return int32(n)
}

// object returns a member that is an object; nil where it is absent.
func (in *input) object(name string) *input {
	b, ok := in.raw(name)
	if !ok {
		return nil
	}
	out := &input{faults: in.faults, at: in.at + name + "."}
	if json.Unmarshal(b, &out.members) != nil {
		in.add(in.at+name, "Member must be an object")
		return nil
	}
	return out
}

// objects returns a list of objects; nil where it is absent.
func (in *input) objects(name string, least, most int) []*input {
	b, ok := in.raw(name)
	if !ok {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil {
		in.add(in.at+name, "Member must be a list")
		return nil
	}
	in.sized(in.at+name, len(list), least, most)
	var out []*input
	for n, b := range list {
		o := &input{faults: in.faults, at: fmt.Sprintf("%s%s.%d.", in.at, name, n+1)}
		if json.Unmarshal(b, &o.members) != nil || o.members == nil {
			in.add(fmt.Sprintf("%s%s.%d", in.at, name, n+1), "Member must be an object")
			continue
		}
		out = append(out, o)
	}
	return out
}

func (f *faults) sized(at string, n, least, most int) {
	if n < least {
		f.add(at, fmt.Sprintf("Member must have length greater than or equal to %d", least))
	}
	if most > 0 && n > most {
		f.add(at, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
}

// tags returns the Tags member; nil where it is absent.
func (in *input) tags() map[string]string {
	o := in.object("Tags")
	if o == nil {
		return nil
	}
	in.sized(in.at+"Tags", len(o.members), 1, mostTags)
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(o.members)) {
		tagKey.check(in.faults, in.at+"Tags.key", k)
		if _, ok := o.raw(k); !ok {
			in.add(in.at+"Tags.value", "Member must not be null")
			continue
		}
		v := &input{faults: in.faults, at: in.at + "Tags.", members: map[string]json.RawMessage{"value": o.members[k]}}
		out[k] = v.word("value", tagValue)
	}
	return out
}

// mostTags may stand on one record.
const mostTags = 50
