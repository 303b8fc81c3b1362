// Package fronttest replays golden conversations against a door: files in which requests
// stand as they go over the wire and answers as they must come back.
//
//	Anything above the first section says what the conversation is about.
//	-- 1 do --
//	advance 1h
//	-- 1 request --
//	POST /orders HTTP/1.1
//	Sign-As: alice
//	Content-Type: application/json
//
//	{"OutpostIdentifier":"{{outpost}}"}
//	-- 1 response --
//	200
//	Content-Type: application/json
//
//	{
//	  "Order": {"OrderId": "{{order}}"}
//	}
//	-- 1 capture --
//	order = Order.OrderId
//
// Sections are played in the order in which they stand; the number ties a response and a
// capture to their request. `go test -update` writes the answers as they come: read that
// diff as a client would.
//
// do: one line a call of Options.Do: its name, then its arguments.
//
// request: Host and Content-Length are filled in. Two headers are not sent: Sign-As names
// whom Options.Sign signs for, and Body-Size: N fills the body with blanks up to N bytes,
// for bodies that are too large. The line break at the section's end is none of the body's.
//
// response: the status, those of Options.Headers that the answer has, and the body: JSON
// indented, other text as it is (but for line breaks at its end), bytes by their number and
// hash. Members are compared as written: their order, and 1.0 for 1, count.
//
// capture: one line a variable: `name = path.to.member` (elements by number, a dot in a
// name as \.), `name = header X-Name`, or `name = body`. It is known from that response on.
//
// A variable is written {{name}}. With -update, values of variables that have six
// characters or more are written by their names.
package fronttest

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the answers of golden conversations")

// Options is what a conversation may use.
type Options struct {
	// Vars are known from the start.
	Vars map[string]string
	// Headers of answers that are written down, in this order. nil: DefaultHeaders.
	Headers []string
	// Masked are those of Headers whose value is written as …, since it is never the same.
	Masked []string
	// Sign signs a request for the one named after Sign-As. It may read the body; a
	// request without Sign-As goes as it is.
	Sign func(r *http.Request, who string) error
	// Do are the calls that a do section may make, by their first word.
	Do map[string]func(args ...string) error
	// New makes a fresh world for each file: its handler, and the options that go with it,
	// whose fields are added to these and win over them. Without it, all files talk to one
	// handler, by name.
	New func(t *testing.T) (http.Handler, Options)
}

// DefaultHeaders are written down where Options names none.
func DefaultHeaders() []string {
	return []string{"Content-Type", "Location", "Link", "Allow", "WWW-Authenticate", "X-Amzn-Errortype", "X-Result-Count"}
}

// Replay plays each file that matches glob as a subtest. handler may be nil if opt.New is
// set.
func Replay(t *testing.T, handler http.Handler, glob string, opt Options) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no conversation matches %s", glob)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			h, o := handler, opt
			if opt.New != nil {
				var own Options
				h, own = opt.New(t)
				o = opt.with(own)
			}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			faults := play(archive, h, o, *update)
			for _, f := range faults {
				t.Errorf("%s: %s", file, f)
			}
			if !*update || len(faults) > 0 {
				return
			}
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// with adds own's fields, which win.
func (o Options) with(own Options) Options {
	out := o
	out.Vars = map[string]string{}
	maps.Copy(out.Vars, o.Vars)
	maps.Copy(out.Vars, own.Vars)
	out.Do = map[string]func(args ...string) error{}
	maps.Copy(out.Do, o.Do)
	maps.Copy(out.Do, own.Do)
	if own.Headers != nil {
		out.Headers = own.Headers
	}
	if own.Masked != nil {
		out.Masked = own.Masked
	}
	if own.Sign != nil {
		out.Sign = own.Sign
	}
	return out
}

// answer is what a handler said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request through a handler, as a server would.
func ask(h http.Handler, r *http.Request) (a answer, err error) {
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	h.ServeHTTP(w, r)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, b}, err
}
