package modelarts

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// object is a JSON object whose members are read later.
type object map[string]json.RawMessage

// isNull reports whether a member is not given: clients send null for that.
func isNull(b json.RawMessage) bool { return len(b) == 0 || string(bytes.TrimSpace(b)) == "null" }

// readObject reads the body, which must be an object.
func readObject(r *http.Request, in any) error {
	if b := bytes.TrimSpace(front.Body(r)); len(b) == 0 || b[0] != '{' {
		return bad("The body must be a JSON object.")
	}
	return front.ReadJSON(r, in)
}

// text is a JSON text; a number or a truth is taken for the text it is written as, for
// clients pass annotations on as their users wrote them.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		*t = ""
	case string:
		*t = text(v)
	case json.Number:
		*t = text(v)
	case bool:
		*t = text(strconv.FormatBool(v))
	default:
		return &core.Error{Kind: core.Invalid, Msg: "Labels and annotations must be texts."}
	}
	return nil
}

// shape is the kind of JSON value that a member must be.
type shape string

const (
	aText    shape = "a text"
	texts    shape = "a list of texts"
	anObject shape = "an object"
	objects  shape = "a list of objects"
	aTruth   shape = "true or false"
	aNumber  shape = "an integer"
)

func (s shape) fits(b json.RawMessage) bool {
	into := map[shape]any{aText: new(string), texts: new([]string), anObject: new(object), objects: new([]object), aTruth: new(bool), aNumber: new(int64)}
	return json.Unmarshal(b, into[s]) == nil
}

// known keeps the members that a table names, and refuses those of another shape.
func known(in object, table map[string]shape, where string) (object, error) {
	out := object{}
	for name, want := range table {
		v := in[name]
		if isNull(v) {
			continue
		}
		if !want.fits(v) {
			return nil, bad("%s.%s must be %s.", where, name, want)
		}
		var tight bytes.Buffer
		if err := json.Compact(&tight, v); err != nil {
			return nil, bad("%s.%s is no JSON.", where, name)
		}
		out[name] = tight.Bytes()
	}
	return out, nil
}

// word is a member that is a text; "" where there is none.
func (o object) word(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// member is one that is an object itself.
func (o object) member(name string) object {
	var m object
	if json.Unmarshal(o[name], &m) != nil {
		return nil
	}
	return m
}

func (o object) words(name string) []string {
	var list []string
	if json.Unmarshal(o[name], &list) != nil {
		return nil
	}
	return list
}
