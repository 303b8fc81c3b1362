package core

import (
	"context"
	"time"
)

// Turn says how to turn the desk's clock: to an instant, or on by a span (back, where it
// is below zero).
type Turn struct {
	To *time.Time
	By time.Duration
}

// Turnable reports whether the desk's clock is one that can be turned: that of a test or
// a sandbox.
func (c *Core) Turnable() bool { return c.clock != nil }

// TurnClock turns the desk's clock, wakes whoever waits for a job to be due, and says
// what the clock shows. Staff only. Turned back, ids go on from the last one; jobs wait
// until the clock shows again what it showed when they were put.
func (c *Core) TurnClock(_ context.Context, who Actor, t Turn) (time.Time, error) {
	if err := who.write(); err != nil {
		return time.Time{}, err
	}
	if !who.IsStaff() && !who.desk() {
		return time.Time{}, forbidden("Only staff may turn the desk's clock.")
	}
	if !c.Turnable() {
		return time.Time{}, &Error{Kind: Unsupported, Msg: "This desk's clock shows the true time and cannot be turned."}
	}
	was := c.Now()
	var err error
	if t.To != nil {
		err = c.clock.Set(*t.To)
	} else {
		err = c.clock.Advance(t.By)
	}
	if err != nil {
		return time.Time{}, invalid("clock", "The clock cannot be turned there: %s.", err)
	}
	c.log.Warn("the clock was turned", "was", was, "is", c.Now(), "by", who.User.Login)
	c.stir()
	return c.Now(), nil
}
