// Package front is the frame round a door's handlers: it bounds and reads the body,
// asks the door's scheme who is calling, runs the handler, and has the door word the
// error. A handler decodes, calls the core and encodes; what is common to all doors
// (request ids, logs, recovery, bounds) is here. It holds no rule of the business.
package front

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/seal"
)

// Scheme says who is calling, never what is allowed. It returns core.ErrAbsent where the
// request carries no credentials of its kind, and an *core.Error of kind
// Unauthenticated where they are bad.
type Scheme interface {
	Authenticate(r *http.Request) (core.Actor, error)
}

// ErrAbsent is core.ErrAbsent, where doors look for it.
var ErrAbsent = core.ErrAbsent

// Handler answers one request. What it returns as an error the door words; it must
// not have written by then.
type Handler func(w http.ResponseWriter, r *http.Request, who core.Actor) error

// Fail writes an error in a door's own shape.
type Fail func(w http.ResponseWriter, r *http.Request, err *core.Error)

// Frame is what a door builds its routes with.
type Frame struct {
	Door    string // "ard": goes into the actor, orders and logs
	Scheme  Scheme
	Fail    Fail
	Log     *slog.Logger // nil: slog.Default
	MaxBody int64        // bytes; 0: 1 MiB
	// Public is the origin written into absolute links, such as https://desk.example;
	// "": the one that the request came to.
	Public string
	mux    http.ServeMux
	other  http.Handler // of Else
}

// Handle registers a route for callers who are known.
func (f *Frame) Handle(pattern string, h Handler) { f.mux.Handle(pattern, f.wrap(h, true, f.MaxBody)) }

// HandleSized is Handle with a bound of its own on the body.
func (f *Frame) HandleSized(pattern string, maxBody int64, h Handler) {
	f.mux.Handle(pattern, f.wrap(h, true, maxBody))
}

// HandleOpen registers a route for anyone: who is the zero Actor.
func (f *Frame) HandleOpen(pattern string, h Handler) {
	f.mux.Handle(pattern, f.wrap(h, false, f.MaxBody))
}

// Else registers the answer to every path no route takes, for callers who are known.
func (f *Frame) Else(h Handler) {
	f.other = f.wrap(h, true, f.MaxBody)
	f.mux.Handle("/", f.other)
}

// ServeHTTP implements http.Handler. A path with empty or dotted segments is one that no
// route takes; net/http would redirect it, and no vendor does.
func (f *Frame) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.EscapedPath()
	if clean := path.Clean("/" + p); f.other != nil && p != "" && p != clean && p != clean+"/" {
		f.other.ServeHTTP(w, r)
		return
	}
	// A type that is set, to nothing, keeps the page of HTML out of redirects to the path
	// with a slash; wrap takes it away again.
	w.Header()["Content-Type"] = nil
	f.mux.ServeHTTP(w, r)
}

type bodyKey struct{}

// Body is the request's whole body: read and bounded before the handler runs.
func Body(r *http.Request) []byte {
	b, _ := r.Context().Value(bodyKey{}).([]byte)
	return b
}

// WithBody reads the body into the request's context, at most max bytes, and leaves
// r.Body to be read again.
func WithBody(r *http.Request, max int64) (*http.Request, error) {
	if max == 0 {
		max = 1 << 20
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, max+1))
	if err != nil {
		return r, &core.Error{Kind: core.Invalid, Reason: "body", Msg: "The request's body could not be read whole.", Err: err}
	}
	if int64(len(b)) > max {
		return r, &core.Error{Kind: core.TooLarge, Msg: fmt.Sprintf("Request Entity Too Large: the body may have at most %d bytes.", max)}
	}
	r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, b))
	r.Body = io.NopCloser(bytes.NewReader(b))
	return r, nil
}

func (f *Frame) wrap(h Handler, known bool, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w.Header().Del("Content-Type")
		out := &answer{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, RequestID(r)))
		err := f.run(out, r, h, known, maxBody)
		if err != nil {
			e := core.AsError(err)
			if e.Kind == core.Internal && r.Context().Err() == nil {
				f.log().Error("a request failed inside", "door", f.Door, "method", r.Method, "path", r.URL.Path, "request", RequestID(r), "error", err)
			}
			if out.status == 0 {
				f.Fail(out, r, e)
			}
		}
		f.log().Debug("answered", "door", f.Door, "method", r.Method, "path", r.URL.Path, "status", out.status, "request", RequestID(r), "took", time.Since(began))
	})
}

func (f *Frame) log() *slog.Logger {
	if f.Log == nil {
		return slog.Default()
	}
	return f.Log
}

func (f *Frame) run(w http.ResponseWriter, r *http.Request, h Handler, known bool, maxBody int64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = &core.Error{Kind: core.Internal, Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	r, err = WithBody(r, maxBody)
	if err != nil {
		return err
	}
	var who core.Actor
	if known {
		if who, err = f.Scheme.Authenticate(r); err != nil {
			return err
		}
		who.Door = f.Door
	}
	return h(w, r, who)
}

type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type requestKey struct{}

// RequestID names the request in logs and answers: 32 hex digits.
func RequestID(r *http.Request) string {
	if s, ok := r.Context().Value(requestKey{}).(string); ok {
		return s
	}
	return seal.Random(16)
}

// Origin is the scheme and host that absolute links begin with.
func (f *Frame) Origin(r *http.Request) string {
	if f.Public != "" {
		return strings.TrimSuffix(f.Public, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// maxDepth bounds how deep JSON may nest.
const maxDepth = 64

// ReadJSON decodes the body into in. Unknown members are ignored. An empty body is an
// error; see ReadOptionalJSON. The error's Field names the member of a wrong type.
func ReadJSON(r *http.Request, in any) error { return DecodeJSON(Body(r), in) }

// ReadOptionalJSON is ReadJSON that leaves in as it is where there is no body.
func ReadOptionalJSON(r *http.Request, in any) error {
	if len(bytes.TrimSpace(Body(r))) == 0 {
		return nil
	}
	return ReadJSON(r, in)
}

// Reasons of the errors that reading a body gives.
const (
	ReasonSyntax = "syntax" // no JSON
	ReasonType   = "type"   // JSON of another type than wanted, at Field
)

// DecodeJSON decodes one JSON value and nothing after it.
func DecodeJSON(b []byte, in any) error {
	if err := depth(b); err != nil {
		return err
	}
	if !utf8.Valid(b) { // encoding/json would put other characters in its place
		return &core.Error{Kind: core.Invalid, Reason: ReasonSyntax, Msg: "The body is no valid UTF-8."}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(in); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) {
			return &core.Error{Kind: core.Invalid, Reason: ReasonType, Field: typ.Field, Msg: fmt.Sprintf("%s must not be a JSON %s.", orBody(typ.Field), typ.Value), Err: err}
		}
		var own *core.Error // of a type's own UnmarshalJSON
		if errors.As(err, &own) {
			return own
		}
		return &core.Error{Kind: core.Invalid, Reason: ReasonSyntax, Msg: "The body is no valid JSON.", Err: err}
	}
	if _, err := d.Token(); err != io.EOF {
		return &core.Error{Kind: core.Invalid, Reason: ReasonSyntax, Msg: "There is more than one JSON value in the body."}
	}
	return nil
}

func orBody(field string) string {
	if field == "" {
		return "The body"
	}
	return field
}

func depth(b []byte) error {
	level, quoted := 0, false
	for n := 0; n < len(b); n++ {
		switch c := b[n]; {
		case quoted && c == '\\':
			n++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if level++; level > maxDepth {
				return &core.Error{Kind: core.Invalid, Reason: ReasonSyntax, Msg: fmt.Sprintf("The JSON nests deeper than %d levels.", maxDepth)}
			}
		case c == '}' || c == ']':
			level--
		}
	}
	return nil
}

// WriteJSON answers with a JSON body, without escaping of HTML.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if err != nil {
		return nil // the client has gone; there is nobody left to tell
	}
	return nil
}

// Invert turns a table of names round, for filters that read them.
func Invert[K, V comparable](m map[K]V) map[V][]K {
	out := map[V][]K{}
	for k, v := range m {
		out[v] = append(out[v], k)
	}
	return out
}
