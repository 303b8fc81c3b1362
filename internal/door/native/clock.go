package native

import (
	"context"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/clock"
	"github.com/docket-desk/docket/internal/core"
)

type turnInput struct {
	Body client.Turn
}

func (d *door) getClock(context.Context, core.Actor, *struct{}) (client.Clock, error) {
	return client.Clock{Now: d.core.Now()}, nil
}

func (d *door) turnClock(ctx context.Context, who core.Actor, in *turnInput) (client.Clock, error) {
	t, err := turn(in.Body)
	if err != nil {
		return client.Clock{}, err
	}
	now, err := d.core.TurnClock(ctx, who, t)
	return client.Clock{Now: now}, err
}

func turn(t client.Turn) (core.Turn, error) {
	refuse := func(field, msg string) (core.Turn, error) {
		return core.Turn{}, &core.Error{Kind: core.Invalid, Field: field, Msg: msg}
	}
	if (t.Set == "") == (t.Advance == "") {
		return refuse("set", "Say either what to set the clock to or how far to advance it.")
	}
	if t.Set != "" {
		at, err := clock.Instant(t.Set)
		if err != nil {
			return refuse("set", err.Error()+".")
		}
		return core.Turn{To: &at}, nil
	}
	by, err := clock.Span(t.Advance)
	if err != nil {
		return refuse("advance", err.Error()+".")
	}
	return core.Turn{By: by}, nil
}
