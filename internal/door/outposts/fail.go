package outposts

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// byReason are the failures that the vendor spells apart within one kind.
var byReason = map[string]failed{
	front.ReasonSyntax:    {http.StatusBadRequest, "SerializationException"},
	reasonOperation:       {http.StatusNotFound, "UnknownOperationException"},
	core.ReasonAbsent:     {http.StatusForbidden, "MissingAuthenticationTokenException"},
	auth.ReasonMalformed:  {http.StatusBadRequest, "IncompleteSignatureException"},
	auth.ReasonUnknownKey: {http.StatusForbidden, "UnrecognizedClientException"},
	core.ReasonInactive:   {http.StatusForbidden, "UnrecognizedClientException"},
	core.ReasonRevoked:    {http.StatusForbidden, "UnrecognizedClientException"},
	core.ReasonExpired:    {http.StatusForbidden, "ExpiredTokenException"},
	auth.ReasonSession:    {http.StatusForbidden, "ExpiredTokenException"},
}

// fail answers a refusal: its name in a header, which all SDKs read first, and a body of
// the shape's members.
func fail(w http.ResponseWriter, r *http.Request, e *core.Error) {
	f, ok := byReason[e.Reason]
	if !ok {
		f = failure[e.Kind]
	}
	if f.name == "" {
		f = failure[core.Internal]
	}
	name(w, r)
	w.Header().Set("X-Amzn-Errortype", f.name)
	out := failureOutput{Message: message(f, e)}
	if f.name == failure[core.Conflict].name {
		out.ResourceID, out.ResourceType = about(e.About)
	}
	if err := front.WriteJSON(w, f.status, out); err != nil { // two strings and a struct of them
		panic(err)
	}
}

type failureOutput struct {
	Message      string `json:"Message"`
	ResourceID   string `json:"ResourceId,omitempty"`
	ResourceType string `json:"ResourceType,omitempty"`
}

// about spells what a conflict is with. The vendor has two kinds of it.
func about(ref core.Ref) (id, kind string) {
	switch {
	case ref.ID == 0:
		return "", ""
	case ref.Kind == "order":
		return ref.ID.Hex17(orderPrefix), "ORDER"
	case ref.Kind == kindOutpost:
		return ref.ID.Hex17(outpostPrefix), "OUTPOST"
	}
	return "", ""
}

// message words a refusal within the shape's bounds: 1 to 1000 characters on one line.
func message(f failed, e *core.Error) string {
	text := e.Msg
	if e.Kind == core.LimitExceeded && len(e.Breaches) > 0 {
		var all []string
		for _, b := range e.Breaches {
			all = append(all, b.Sentence())
		}
		text = strings.Join(all, " ")
	}
	if e.Kind == core.Internal || text == "" {
		text = plain[f.name]
	}
	if text == "" {
		text = "The request was refused."
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if chars := []rune(text); len(chars) > 1000 {
		text = string(chars[:999]) + "…"
	}
	return text
}

// plain words what has no words of its own.
var plain = map[string]string{
	"InternalServerException":     "The request failed inside the service.",
	"ServiceUnavailableException": "The service cannot take requests just now; try again.",
	"InvalidSignatureException":   "The request signature we calculated does not match the signature you provided.",
}

// missing says that an identifier names nothing of the caller's; other errors pass.
func missing(err error, what, spelled string) error {
	if err == nil || core.KindOf(err) != core.NotFound {
		return err
	}
	return none(what, spelled)
}

// none is missing for what was found, and is not the one meant.
func none(what, spelled string) error {
	return &core.Error{Kind: core.NotFound, Msg: what + " " + spelled + " does not exist in this account."}
}
