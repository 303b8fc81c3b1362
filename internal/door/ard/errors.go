package ard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/imagery"
)

var errNoPath = &core.Error{Kind: core.NotFound, Msg: "There is nothing at this address."}

func noSuch(what string) error {
	return &core.Error{Kind: core.NotFound, Msg: "There is no such " + what + "."}
}

func invalid(field, format string, args ...any) error {
	return &core.Error{Kind: core.Invalid, Field: field, Msg: fmt.Sprintf(format, args...)}
}

// wrongType is of a member that is JSON of another type than wanted.
func wrongType(field, want string) error {
	return &core.Error{Kind: core.Invalid, Reason: front.ReasonType, Field: field, Msg: fmt.Sprintf("%s has to be %s.", field, want)}
}

func badArea(field, format string, args ...any) error {
	return &core.Error{Kind: core.Invalid, Reason: core.ReasonArea, Field: field, Msg: fmt.Sprintf(format, args...)}
}

// coreError words what package imagery refuses as the core's error.
func coreError(err error) error {
	var area *imagery.AOIError
	var query *imagery.QueryError
	switch {
	case errors.As(err, &area):
		return &core.Error{Kind: core.Invalid, Reason: core.ReasonArea, Field: "intersects", Msg: area.Msg}
	case errors.As(err, &query):
		return invalid(query.Field, "%s: %s.", query.Field, strings.TrimSuffix(query.Msg, "."))
	}
	return err
}

// refusal is an error of placing an order as the client's command line can show it: it
// knows 400 and dies of the rest. Who asks, what they may do and how the server is stay.
func refusal(err error) error {
	e := core.AsError(err)
	asked := map[core.Kind]bool{core.NotFound: true, core.Conflict: e.Reason != core.ReasonIdempotency}
	if !asked[e.Kind] {
		return err
	}
	refused := *e
	refused.Kind = core.Invalid
	return &refused
}

type failureOutput struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Type    string `json:"type"`
}

func fail(w http.ResponseWriter, r *http.Request, e *core.Error) {
	f, known := failures[e.Kind]
	if !known {
		f = failures[core.Internal]
	}
	out := failureOutput{Message: message(e, f), Code: f.code, Type: f.typ}
	if code, finer := codes[e.Reason]; finer {
		out.Code = code
	}
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusInternalServerError:
		out.Message += " The request was " + front.RequestID(r) + "."
	}
	_ = front.WriteJSON(w, f.status, out) // three texts always encode; a client gone has nobody to tell
}

func message(e *core.Error, f failure) string {
	says := e.Msg
	if len(e.Breaches) > 0 {
		sentences := make([]string, len(e.Breaches))
		for n, b := range e.Breaches {
			sentences[n] = b.Sentence()
		}
		says = strings.Join(sentences, " ")
	}
	if says == "" || f.status == http.StatusInternalServerError {
		says = f.says
	}
	switch {
	case e.Reason == core.ReasonArea:
		return areaTrouble + ": " + says
	case e.Kind == core.TooLarge && !strings.Contains(says, tooLarge):
		return tooLarge + ": " + says
	}
	return says
}

// given reports whether a member was sent and is not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// member decodes one member of a body; absent and null leave the zero value.
func member[T any](raw json.RawMessage, field, want string) (T, error) {
	var v T
	if !given(raw) {
		return v, nil
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, wrongType(field, want)
	}
	return v, nil
}
