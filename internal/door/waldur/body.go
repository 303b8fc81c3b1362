package waldur

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// body is what a request brought: fields by name, and what is wrong with those that were
// read so far. Unknown fields are ignored.
type body struct {
	fields map[string]json.RawMessage
	errs   fieldErrors
	form   bool // every value of a form is a text
}

// readBody takes JSON, forms and multipart forms; none at all is an empty object.
func readBody(r *http.Request) (*body, error) {
	b := &body{fields: map[string]json.RawMessage{}, errs: fieldErrors{}}
	raw := front.Body(r)
	if len(bytes.TrimSpace(raw)) == 0 {
		return b, nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Header.Get("Content-Type") == "" || media == "application/json":
		if err := front.ReadJSON(r, &b.fields); err != nil {
			return b, err
		}
		if b.fields == nil { // the body was null
			return b, serializerRule("Invalid data. Expected a dictionary, but got NoneType.")
		}
		return b, nil
	case err == nil && media == "application/x-www-form-urlencoded":
		b.form = true
		values, err := url.ParseQuery(string(raw))
		if err != nil {
			return b, refuse(http.StatusBadRequest, detail("Malformed form."))
		}
		for k, v := range values {
			b.fields[k] = quoted(last(v))
		}
		return b, nil
	case err == nil && media == "multipart/form-data":
		b.form = true
		return b, b.readParts(raw, params["boundary"])
	}
	return b, refuse(http.StatusUnsupportedMediaType, detail(fmt.Sprintf("Unsupported media type \"%.100s\" in request.", r.Header.Get("Content-Type"))))
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(strings.ToValidUTF8(s, "\uFFFD")) // a string always marshals
	return b
}

func (b *body) readParts(raw []byte, boundary string) error {
	form, err := multipart.NewReader(bytes.NewReader(raw), boundary).ReadForm(int64(len(raw)) + 1)
	if err != nil {
		return refuse(http.StatusBadRequest, detail("Multipart form parse error - the form cannot be read."))
	}
	for k, v := range form.Value {
		b.fields[k] = quoted(last(v))
	}
	for k := range form.File {
		b.errs.add(k, "Files are not kept here.")
	}
	return nil
}

// done is nil where all that was read was right.
func (b *body) done() error { return b.errs.refusal() }

// raw returns a field; a missing one that is required is wrong, as is null where null
// means nothing.
func (b *body) raw(name string, required bool) (json.RawMessage, bool) {
	f, ok := b.fields[name]
	switch {
	case !ok && required:
		b.errs.add(name, "This field is required.")
	case ok && isNull(f) && required:
		b.errs.add(name, "This field may not be null.")
	}
	return f, ok && !isNull(f)
}

func isNull(f json.RawMessage) bool { return string(bytes.TrimSpace(f)) == "null" }

// given reports whether a field was sent, as null or otherwise.
func (b *body) given(name string) bool { _, ok := b.fields[name]; return ok }

// text reads a text of at most longest characters. Numbers count as texts, as with the vendor.
func (b *body) text(name string, required bool, longest int) string {
	f, ok := b.raw(name, required)
	if !ok {
		return ""
	}
	s, ok := asText(f)
	if !ok {
		b.errs.add(name, "Not a valid string.")
		return ""
	}
	s = strings.TrimSpace(s)
	switch {
	case strings.ContainsRune(s, 0):
		b.errs.add(name, "Null characters are not allowed.")
	case required && s == "":
		b.errs.add(name, "This field may not be blank.")
	case longest > 0 && len([]rune(s)) > longest:
		b.errs.add(name, "Ensure this field has no more than %d characters.", longest)
	}
	return s
}

func asText(f json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(f, &s) == nil {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(f, &n) == nil {
		return n.String(), true
	}
	return "", false
}

// link reads a link to a record of a kind.
func (b *body) link(d *door, name string, required bool, kind id.Kind, paths []string) id.ID {
	f, ok := b.raw(name, required)
	if !ok {
		return 0
	}
	var s string
	if json.Unmarshal(f, &s) != nil {
		b.errs.add(name, "Incorrect type. Expected URL string, received %s.", pythonType(f))
		return 0
	}
	if s == "" && !required {
		return 0
	}
	i, wrong := d.follow(kind, s, paths)
	if wrong != "" {
		b.errs.add(name, "%s", wrong)
	}
	return i
}

// object reads an object; nil where there is none.
func (b *body) object(name string, required bool) map[string]json.RawMessage {
	f, ok := b.raw(name, required)
	if !ok {
		return nil
	}
	if b.form { // a form's object is JSON inside a text
		if s, _ := asText(f); front.DecodeJSON([]byte(s), &f) != nil {
			b.errs.add(name, "Value must be valid JSON.")
			return nil
		}
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(f, &m) != nil || m == nil {
		b.errs.add(name, "Expected a dictionary of items but got type \"%s\".", pythonType(f))
		return nil
	}
	return m
}

// list reads a list of objects, each a body of its own.
func (b *body) list(name string, required bool) []*body {
	f, ok := b.raw(name, required)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(f, &items) != nil {
		b.errs[name] = map[string][]string{"non_field_errors": {fmt.Sprintf("Expected a list of items but got type \"%s\".", pythonType(f))}}
		return nil
	}
	out := make([]*body, len(items))
	for n, item := range items {
		out[n] = &body{errs: fieldErrors{}}
		if json.Unmarshal(item, &out[n].fields) != nil || out[n].fields == nil {
			out[n].errs.add("non_field_errors", "Invalid data. Expected a dictionary, but got %s.", pythonType(item))
			out[n].fields = nil
		}
	}
	return out
}

// few reads a list of at most so many objects, which may be missing.
func (b *body) few(name string, most int) []*body {
	items := b.list(name, false)
	if len(items) > most {
		b.errs[name] = map[string][]string{"non_field_errors": {fmt.Sprintf("Ensure this field has no more than %d elements.", most)}}
		return nil
	}
	return items
}

// gather puts what is wrong with the items of a list in their places.
func (b *body) gather(name string, items []*body) {
	errs, wrong := make([]fieldErrors, len(items)), false
	for n, item := range items {
		errs[n], wrong = item.errs, wrong || len(item.errs) > 0
	}
	if wrong {
		b.errs[name] = errs
	}
}

// limits reads {component code: whole amount}.
func (b *body) limits(name string, required bool) []core.Ask {
	m := b.object(name, required)
	codes := make([]string, 0, len(m))
	for code := range m {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	errs := fieldErrors{}
	var asks []core.Ask
	for _, code := range codes {
		n, ok := wholeNumber(m[code])
		q, err := money.Units(n)
		if !ok || err != nil {
			errs.add(code, "A valid integer is required.")
			continue
		}
		asks = append(asks, core.Ask{Component: code, Quantity: q})
	}
	if len(errs) > 0 {
		b.errs[name] = errs
	}
	return asks
}

// wholeNumber reads an integer, or a text that holds one and nothing else.
func wholeNumber(f json.RawMessage) (int64, bool) {
	s := string(bytes.TrimSpace(f))
	var t string
	if json.Unmarshal(f, &t) == nil && !isNull(f) {
		s = strings.TrimSpace(t)
	}
	s = strings.TrimSuffix(s, ".0")
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > math.MinInt64/2
}

// decimal reads a number, or a text that holds one, of at most two decimals and twenty digits.
func (b *body) decimal(name string, required bool) (money.Micro, bool) {
	f, ok := b.raw(name, required)
	if !ok {
		return 0, false
	}
	s, ok := asText(f)
	s, number := plain(strings.TrimSpace(s))
	digits := strings.TrimLeft(strings.TrimPrefix(s, "-"), "0")
	_, places, _ := strings.Cut(digits, ".")
	m, err := money.ParseMicro(s)
	switch {
	case !ok || !number:
		b.errs.add(name, "A valid number is required.")
	case len(strings.Replace(digits, ".", "", 1)) > 20:
		b.errs.add(name, "Ensure that there are no more than 20 digits in total.")
	case len(places) > 2:
		b.errs.add(name, "Ensure that there are no more than 2 decimal places.")
	case err != nil:
		b.errs.add(name, "Ensure this value is less than or equal to 9000000000000.")
	default:
		return m, true
	}
	return 0, false
}

// plain writes a number without an exponent; ok is false where it is none. What is far too
// long comes back as it is.
func plain(s string) (string, bool) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	if strings.Trim(mantissa, "-.0123456789") != "" || strings.Count(mantissa, ".") > 1 || strings.LastIndexByte(mantissa, '-') > 0 || strings.Trim(mantissa, "-.") == "" {
		return s, false
	}
	if !scientific {
		return s, true
	}
	n, err := strconv.Atoi(exponent)
	r, ok := new(big.Rat).SetString(mantissa)
	if err != nil || !ok || n > 30 || n < -30 || len(mantissa) > 40 {
		return s, false
	}
	shift := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		shift.Inv(shift)
	}
	return strings.TrimSuffix(strings.TrimRight(r.Mul(r, shift).FloatString(70), "0"), "."), true
}

// flag reads true or false.
func (b *body) flag(name string) bool {
	f, ok := b.raw(name, false)
	if !ok {
		return false
	}
	s, _ := asText(f)
	yes, err := strconv.ParseBool(strings.ToLower(orElse(s, string(bytes.TrimSpace(f)))))
	if err != nil {
		b.errs.add(name, "Must be a valid boolean.")
	}
	return yes
}

// day reads a date; ok is false where there is none.
func (b *body) day(name string) (day.Day, bool) {
	f, ok := b.raw(name, false)
	if !ok {
		return 0, false
	}
	s, _ := asText(f)
	if s == "" && b.form {
		return 0, false
	}
	if len(s) > 10 && s[10] == 'T' { // a date-time where a date is meant
		s = s[:10]
	}
	d, err := day.Parse(s)
	if err != nil {
		b.errs.add(name, "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
		return 0, false
	}
	return d, true
}

// instant reads a date-time, in the offset it was written with; ok is false where there is none.
func (b *body) instant(name string) (time.Time, bool) {
	f, ok := b.raw(name, false)
	if !ok {
		return time.Time{}, false
	}
	s, _ := asText(f)
	t, ok := parseInstant(s)
	if !ok {
		b.errs.add(name, "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
	}
	return t, ok
}

// pythonType is the vendor's word for the type of a JSON value.
func pythonType(f json.RawMessage) string {
	switch s := bytes.TrimSpace(f); {
	case len(s) == 0 || s[0] == 'n':
		return "NoneType"
	case s[0] == '{':
		return "dict"
	case s[0] == '[':
		return "list"
	case s[0] == '"':
		return "str"
	case s[0] == 't' || s[0] == 'f':
		return "bool"
	case bytes.ContainsAny(s, ".eE"):
		return "float"
	}
	return "int"
}

// uuid reads a record's UUID, in either form; 0 where there is none, or none of ours.
func (b *body) uuid(name string, required bool, kind id.Kind) id.ID {
	f, ok := b.raw(name, required)
	if !ok {
		return 0
	}
	s, _ := asText(f)
	if !id.WellFormedUUID(s) {
		b.errs.add(name, "Must be a valid UUID.")
		return 0
	}
	i, _ := id.ParseUUID(kind, s) // what is not ours names nothing
	return i
}

// anyUUID reads a UUID that need not be a record's here, as 32 digits; "" where there is none.
func (b *body) anyUUID(name string) string {
	f, ok := b.raw(name, false)
	s, _ := asText(f)
	switch {
	case !ok:
		return ""
	case !id.WellFormedUUID(s):
		b.errs.add(name, "Must be a valid UUID.")
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(s, "-", ""))
}

// choice reads one of several words.
func (b *body) choice(name string, required bool, words ...string) string {
	s := b.text(name, required, 0)
	if s != "" && !slices.Contains(words, s) {
		b.errs.add(name, "\"%s\" is not a valid choice.", s)
	}
	return s
}
