package native

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
)

// refusal is a problem as huma writes it.
type refusal struct{ client.Problem }

var _ huma.StatusError = (*refusal)(nil)

// GetStatus implements huma.StatusError.
func (r *refusal) GetStatus() int { return r.Status }

// ContentType implements huma.ContentTypeFilter.
func (*refusal) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// problem words a refusal, with every figure of every limit that was broken.
func problem(err error) *refusal {
	e := core.AsError(err)
	f := failure[e.Kind]
	p := client.Problem{Title: f.title, Status: f.status, Detail: e.Msg, Reason: e.Reason, Field: e.Field}
	for _, s := range e.States {
		p.States = append(p.States, string(s))
	}
	for _, b := range e.Breaches {
		p.Limits = append(p.Limits, client.Breach{Scope: string(b.Scope), Name: b.ScopeName, Measure: string(b.Measure), About: b.AboutName, Period: string(b.Period),
			Unit: b.Unit, Limit: b.Value.String(), Used: b.Used.String(), Held: b.Held.String(), Asked: b.Asked.String()})
	}
	if e.Kind == core.Unsupported && p.Reason == "" {
		p.Reason = "unsupported"
	}
	return &refusal{p}
}

// fail words what the frame itself refuses: credentials, bodies, paths.
func fail(w http.ResponseWriter, _ *http.Request, err *core.Error) {
	p := problem(err)
	w.Header().Set("Content-Type", problemType)
	if err.Kind == core.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="docket"`)
	}
	if err.Kind == core.Unavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	b, e := json.Marshal(p.Problem)
	if e != nil { // texts and lists of texts cannot fail
		return
	}
	_, _ = w.Write(b) // a client that has gone hears nothing
}

// caller keeps who is asking on the way through huma.
type caller struct{}

func actor(ctx context.Context) core.Actor {
	who, _ := ctx.Value(caller{}).(core.Actor)
	return who
}

// out is an answer's body.
type out[T any] struct{ Body T }

// op is a handler as huma wants it: its refusals worded, the inside ones logged.
func op[I, T any](d *door, fn func(ctx context.Context, who core.Actor, in *I) (T, error)) func(context.Context, *I) (*out[T], error) {
	return func(ctx context.Context, in *I) (*out[T], error) {
		v, err := fn(ctx, actor(ctx), in)
		if err == nil {
			return &out[T]{v}, nil
		}
		if core.KindOf(err) == core.Internal && ctx.Err() == nil {
			d.log.Error("a request failed inside", "door", Name, "error", err)
		}
		p := problem(err)
		if p.Status == http.StatusServiceUnavailable {
			return nil, huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
		}
		return nil, p
	}
}
