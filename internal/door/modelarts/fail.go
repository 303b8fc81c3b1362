package modelarts

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// said is a refusal that the door spells itself.
type said struct{ failed }

func (s said) Error() string { return fmt.Sprintf("%d %s", s.status, s.code) }

func refuse(kind core.Kind, status int, code, format string, args ...any) *core.Error {
	return &core.Error{Kind: kind, Msg: fmt.Sprintf(format, args...), Err: said{failed{status, code}}}
}

// bad refuses what the wire alone can get wrong.
func bad(format string, args ...any) *core.Error {
	return &core.Error{Kind: core.Invalid, Msg: fmt.Sprintf(format, args...)}
}

func noPool(name string) *core.Error {
	return refuse(core.NotFound, http.StatusNotFound, codeNoPool, "Pool %s not found.", clip(name))
}

func noOrder(name string) *core.Error {
	return refuse(core.NotFound, http.StatusNotFound, codeNoFlavor, "Order %s not found.", clip(name))
}

func noNetwork(name string) *core.Error {
	return refuse(core.NotFound, http.StatusNotFound, codeNoNetwork, "Network not exist. There is no network %s.", clip(name))
}

func noFlavor(name string) *core.Error {
	return refuse(core.NotFound, http.StatusNotFound, codeNoFlavor, "Resourceflavor not found. There is no flavor %s.", clip(name))
}

// missing puts a refusal of the door's own in place of the core's NotFound.
func missing(err error, own *core.Error) error {
	if err != nil && core.KindOf(err) == core.NotFound {
		return own
	}
	return err
}

// unlessMissing drops the core's NotFound, where nothing is an answer too.
func unlessMissing(err error) error {
	if err != nil && core.KindOf(err) == core.NotFound {
		return nil
	}
	return err
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// flat is the body of every failure but IAM's.
type flat struct {
	Message   string `json:"error_msg"`
	Code      string `json:"error_code"`
	RequestID string `json:"request_id,omitempty"` // the gateway's own failures name the request
}

type iamFailure struct {
	Error iamError `json:"error"`
}

type iamError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Title   string `json:"title"`
}

// fail answers a refusal: in IAM's shape on IAM's paths, flat everywhere else.
func fail(w http.ResponseWriter, r *http.Request, e *core.Error) {
	f, text := wording(e)
	var body any
	if ofIAM(r.URL.Path) {
		body = iamFailure{iamError{f.status, text, http.StatusText(f.status)}}
	} else {
		out := flat{Message: text, Code: f.code}
		if strings.HasPrefix(f.code, "APIGW.") {
			out.RequestID = front.RequestID(r)
		}
		body = out
	}
	if err := reply(w, r, f.status, body); err != nil { // texts and numbers
		panic(err)
	}
}

func ofIAM(path string) bool {
	return strings.HasPrefix(path, "/v3/auth/") || path == "/v3/projects"
}

func wording(e *core.Error) (failed, string) {
	var own said
	if errors.As(e.Err, &own) {
		return own.failed, e.Msg
	}
	if e.Kind == core.Conflict && e.Reason == core.ReasonName {
		return failed{http.StatusConflict, codePoolExists}, "Pool already exists."
	}
	f, ok := failure[e.Kind]
	if !ok {
		f = failure[core.Internal]
	}
	return f, message(f, e)
}

func message(f failed, e *core.Error) string {
	switch f.code {
	case codeInternal:
		if e.Kind == core.Unavailable && e.Msg != "" {
			return e.Msg
		}
		return "internal error"
	case codeCredentials:
		return credentials(e)
	case codeQuota:
		var all []string
		for _, b := range e.Breaches {
			all = append(all, b.Sentence())
		}
		return strings.Join(append([]string{"What is expected exceeds the quota limit."}, all...), " ")
	case codeBadRequest:
		return strings.TrimSpace("Bad request. " + e.Msg)
	}
	return e.Msg
}

// tokenFate words what is wrong with a token as the gateway does.
var tokenFate = map[string]string{
	core.ReasonAbsent:   "neither a token nor a signature was sent",
	core.ReasonExpired:  "token expired",
	core.ReasonInactive: "user is not active",
	auth.ReasonToken:    "decrypt token fail",
}

func credentials(e *core.Error) string {
	const start = "Incorrect IAM authentication information: "
	if strings.HasPrefix(e.Msg, start) {
		return e.Msg
	}
	if s, ok := tokenFate[e.Reason]; ok {
		return start + s
	}
	return start + "decrypt token fail"
}
