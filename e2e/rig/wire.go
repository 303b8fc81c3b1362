package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/id"
)

// Outcome is what a client knows of a request.
type Outcome int

// The outcomes. Of a request without an answer, or answered that the desk could not, a
// client knows nothing: it may have been done.
const (
	Unknown Outcome = iota
	Done
	Refused
)

// Result is what became of a request.
type Result struct {
	Outcome Outcome
	ID      id.ID // of the order
	Status  int   // 0: there was no answer
	Header  http.Header
	Body    string
	Err     error // why it is unknown
}

func (r Result) String() string {
	if r.Status == 0 {
		return fmt.Sprintf("no answer: %v", r.Err)
	}
	return fmt.Sprintf("%d %.500s", r.Status, r.Body)
}

// request is one request on a door's wire.
type request struct {
	method, url string
	header      map[string]string
	body        any // sent as JSON; nil sends none
	sign        func(r *http.Request) error
}

// ask sends a request once. What the answer holds is read into into, where it is one.
func ask(ctx context.Context, q request, into any) Result {
	var body io.Reader
	if q.body != nil {
		b, err := json.Marshal(q.body)
		if err != nil {
			return Result{Err: err}
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, body)
	if err != nil {
		return Result{Err: err}
	}
	r.GetBody = nil // what broke off is not sent again behind the test's back
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, v := range q.header {
		r.Header.Set(name, v)
	}
	if q.sign != nil {
		if err := q.sign(r); err != nil {
			return Result{Err: err}
		}
	}
	return answered(r, into)
}

func answered(r *http.Request, into any) Result {
	answer, err := HTTP.Do(r)
	if err != nil {
		return Result{Err: err}
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return Result{Err: err}
	}
	out := Result{Status: answer.StatusCode, Header: answer.Header, Body: string(b)}
	switch {
	case answer.StatusCode >= 500:
		out.Err = fmt.Errorf("answered %s", answer.Status)
	case answer.StatusCode >= 300:
		out.Outcome = Refused
	default:
		out.Outcome = Done
		if into != nil {
			if err := json.Unmarshal(b, into); err != nil {
				return Result{Err: fmt.Errorf("%s %s is answered %.200q: %w", r.Method, r.URL.Path, b, err)}
			}
		}
	}
	return out
}

// read is ask again and again, for what changes nothing and has to be answered.
func read(ctx context.Context, q request, into any) error {
	for n := 0; ; n++ {
		r := ask(ctx, q, into)
		if r.Outcome == Done {
			return nil
		}
		if r.Outcome == Refused || n == 5 || ctx.Err() != nil {
			return fmt.Errorf("%s %s: %s", q.method, q.url, r)
		}
	}
}

// signed signs as AWS clients do; what they sign is the true time.
func (k Keys) signed(r *http.Request) error {
	return auth.SignV4(r, auth.Credentials{Access: k.Access, Secret: k.Secret, Region: region, Service: "outposts"}, time.Now())
}

// signedSDK signs as Huawei Cloud's clients do.
func (k Keys) signedSDK(r *http.Request) error {
	return auth.SignSDK(r, auth.Credentials{Access: k.Access, Secret: k.Secret}, time.Now())
}

var sentence = regexp.MustCompile(`The (money|quantity) limit of (\w+) ([^"]+?) \((\w+), ([^)]+)\) is ([0-9.]+) [^:"]+: used ([0-9.]+), held ([0-9.]+), asked ([0-9.]+)\.`)

// Breaches reads the limits that refused out of any door's refusal: out of the native
// one's list, out of the others' sentences, where what a limit is about stands with its name.
func Breaches(body string) []client.Breach {
	var p client.Problem
	if json.Unmarshal([]byte(body), &p) == nil && len(p.Limits) > 0 {
		return p.Limits
	}
	var out []client.Breach
	for _, m := range sentence.FindAllStringSubmatch(body, -1) {
		out = append(out, client.Breach{Measure: m[1], Scope: m[2], Name: m[3], Period: m[4], Unit: m[5], Limit: m[6], Used: m[7], Held: m[8], Asked: m[9]})
	}
	return out
}
