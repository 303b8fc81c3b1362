package waldur

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/order"
)

// worded is a refusal in the very words that the vendor's clients know.
type worded struct {
	status int
	body   any
}

func (w *worded) Error() string { return fmt.Sprintf("%d %v", w.status, w.body) }

// refuse returns a refusal in the vendor's own words.
func refuse(status int, body any) *core.Error {
	return &core.Error{Kind: kindOf[status], Err: &worded{status, body}}
}

// kindOf gives the refusals that the door words itself their kind.
var kindOf = map[int]core.Kind{
	http.StatusBadRequest: core.Invalid, http.StatusUnauthorized: core.Unauthenticated, http.StatusForbidden: core.Forbidden,
	http.StatusNotFound: core.NotFound, http.StatusMethodNotAllowed: core.Unsupported, http.StatusConflict: core.Conflict,
	http.StatusUnsupportedMediaType: core.Invalid,
}

func detail(text string) map[string]string { return map[string]string{"detail": text} }

// fieldErrors are what is wrong with each field; a value is a list of sentences, or such
// a map again for what is nested.
type fieldErrors map[string]any

func (f fieldErrors) add(field, format string, args ...any) {
	list, _ := f[field].([]string)
	f[field] = append(list, fmt.Sprintf(format, args...))
}

// refusal is nil where nothing is wrong.
func (f fieldErrors) refusal() error {
	if len(f) == 0 {
		return nil
	}
	return refuse(http.StatusBadRequest, f)
}

func fieldError(field, format string, args ...any) error {
	f := fieldErrors{}
	f.add(field, format, args...)
	return f.refusal()
}

// rule is a refusal of the kind that the vendor raises outside its serializers: a bare array.
func rule(sentences ...string) error { return refuse(http.StatusBadRequest, sentences) }

// serializerRule is a refusal that speaks of the body as a whole.
func serializerRule(format string, args ...any) error {
	return fieldError("non_field_errors", format, args...)
}

// fail writes an error: in the door's own words where it has some, else by its kind.
func fail(w http.ResponseWriter, r *http.Request, err *core.Error) {
	status, body := wording(r, err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Token")
	}
	_ = reply(w, status, body) // the status line is out; what is left to go wrong is the connection
}

func wording(r *http.Request, err *core.Error) (int, any) {
	var own *worded
	if errors.As(err.Err, &own) {
		return own.status, own.body
	}
	return failure[err.Kind].status, failure[err.Kind].body(r, err)
}

// syntax words what is wrong with a body before its fields are looked at.
func syntax(err *core.Error) (any, bool) {
	switch err.Reason {
	case front.ReasonSyntax, "body":
		return detail("JSON parse error - " + err.Msg), true
	case front.ReasonType:
		if err.Field == "" {
			return fieldErrors{"non_field_errors": []string{"Invalid data. Expected a dictionary, but got " + jsonKind(err.Msg) + "."}}, true
		}
		return fieldErrors{err.Field: []string{err.Msg}}, true
	}
	return nil, false
}

// jsonKind finds the vendor's word for a JSON kind in the frame's sentence about it.
func jsonKind(msg string) string {
	for word, theirs := range map[string]string{"array": "list", "string": "str", "number": "int", "bool": "bool"} {
		if strings.Contains(msg, "JSON "+word) {
			return theirs
		}
	}
	return "NoneType"
}

func invalidBody(_ *http.Request, err *core.Error) any {
	if body, ok := syntax(err); ok {
		return body
	}
	return []string{err.Msg}
}

// limitBody tells every limit that was broken, a sentence each.
func limitBody(_ *http.Request, err *core.Error) any {
	if len(err.Breaches) == 0 {
		return []string{err.Msg}
	}
	var out []string
	for _, b := range err.Breaches {
		out = append(out, b.Sentence())
	}
	return out
}

// conflictBody lists the states in which the act is possible.
func conflictBody(_ *http.Request, err *core.Error) any {
	if len(err.States) > 0 {
		return validStates(err.States)
	}
	return detail(orElse(err.Msg, "The record was changed by somebody else."))
}

func validStates(states []order.State) map[string]string {
	names := make([]string, len(states))
	for n, s := range states {
		names[n] = orderState[s]
	}
	return detail("Valid states for operation: " + strings.Join(names, ", ") + ".")
}

func notFoundBody(_ *http.Request, err *core.Error) any {
	name := modelName[err.About.Kind]
	if name == "" {
		return detail("Not found.")
	}
	return detail("No " + name + " matches the given query.")
}

func forbiddenBody(_ *http.Request, err *core.Error) any {
	if err.Reason == core.ReasonReadOnly || err.Reason == core.ReasonWrongProject {
		return detail(err.Msg)
	}
	return detail("You do not have permission to perform this action.")
}

// msgBody passes on a sentence that was worded for the client: schemes do so.
func msgBody(_ *http.Request, err *core.Error) any { return detail(err.Msg) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
