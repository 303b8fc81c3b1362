package native

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
)

func (d *door) verify(ctx context.Context, who core.Actor, _ *struct{}) (client.Report, error) {
	v, err := d.core.Verify(ctx, who, nil)
	return Report(v), err
}

// Report is what Verify found, as this API tells it.
func Report(v core.Verification) client.Report {
	out := client.Report{Orders: v.Orders, Entries: v.Entries, Limits: v.Limits, Events: v.Events, Rows: v.Rows, Seconds: v.Took.Seconds(), Rate: v.Rate(),
		Doing: v.Doing, Disagrees: v.Disagrees}
	if out.Disagrees == nil {
		out.Disagrees = []string{}
	}
	return out
}

const (
	tellEvery = time.Second     // how far it is
	tellsFor  = 5 * time.Minute // a caller that takes no line in as long has gone
)

// told is one line.
type told struct {
	client.Report
	Problem *client.Problem `json:"problem,omitempty"`
}

// verifyAloud answers line by line, so that a long look through large books is not taken
// for a desk that hangs.
func (d *door) verifyAloud(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(h huma.Context) {
		_, w := humago.Unwrap(h)
		flow := http.NewResponseController(w)
		began, last := false, time.Now()
		line := func(t told) {
			if !began {
				began = true
				w.Header().Set("Content-Type", "application/x-ndjson")
			}
			// Neither failing to wait longer nor to send is the books' fault: ctx tells of a caller that has gone.
			_ = flow.SetWriteDeadline(time.Now().Add(tellsFor))
			_ = json.NewEncoder(w).Encode(t)
			_ = flow.Flush()
		}
		v, err := d.core.Verify(ctx, actor(ctx), func(v core.Verification) {
			if now := time.Now(); now.Sub(last) >= tellEvery {
				last = now
				line(told{Report: Report(v)})
			}
		})
		if err != nil && core.KindOf(err) == core.Internal && ctx.Err() == nil {
			d.log.Error("a request failed inside", "door", Name, "error", err)
		}
		switch {
		case err == nil:
			line(told{Report: Report(v)})
		case began:
			p := problem(err).Problem
			line(told{Problem: &p})
		default:
			fail(w, nil, core.AsError(err))
		}
	}}, nil
}
