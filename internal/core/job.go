package core

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/order"
)

// The kinds of jobs. Kinds that the desk does by itself are done by Tick; the others
// are a fulfilment's worker's.
const (
	JobDelivery = "delivery"
	JobWebhook  = "webhook"
	JobBegin    = "begin"        // a start date comes
	JobOpen     = "open-project" // a project's start comes
	JobExpire   = "expire"
	JobOverdue  = "overdue"     // a deadline passed: only reported
	JobEnd      = "end"         // a resource's last day came: the terminate order is placed
	JobBill     = "bill"        // a resource's next period begins, or it was changed
	JobProject  = "end-project" // a project's last day came, and with it that of its resources
)

// ClaimJobs leases due jobs to the caller: until the lease ends nobody else is given
// them. The attempt of each job is the claim's name.
func (c *Core) ClaimJobs(ctx context.Context, kinds []string, n int) ([]Job, error) {
	var due, claimed []Job
	if err := c.store.View(ctx, func(r Reader) (err error) {
		due, err = r.DueJobs(kinds, c.Now(), n)
		return err
	}); err != nil || len(due) == 0 {
		return nil, err
	}
	err := c.store.Update(ctx, touchJob(due...), func(tx Tx) error {
		claimed = nil
		now := c.Now()
		for _, seen := range due {
			j, err := tx.Job(seen.Subject, seen.Kind)
			if KindOf(err) == NotFound && err != nil || err == nil && j.RunAt.After(now) {
				continue // another was first
			}
			if err != nil {
				return err
			}
			j.Attempt++
			j.RunAt = now.Add(c.lease)
			if err := tx.PutJob(j); err != nil {
				return err
			}
			claimed = append(claimed, j)
		}
		return nil
	})
	return claimed, err
}

// RenewJob moves a lease ahead. Conflict where the lease was lost: drop the work.
func (c *Core) RenewJob(ctx context.Context, j Job) error {
	return c.putClaimed(ctx, j, func(j *Job) { j.RunAt = c.Now().Add(c.lease) })
}

// Lease is how long a claim lasts; renew at a third of it.
func (c *Core) Lease() time.Duration { return c.lease }

// DelayJob gives a claimed job back after a failure that may pass: it runs again after
// 2^attempt seconds, at most an hour, with jitter.
func (c *Core) DelayJob(ctx context.Context, j Job, cause error) error {
	wait := min(time.Hour, time.Second<<min(j.Attempt, 12))
	wait += time.Duration(rand.Int64N(int64(wait)/4 + 1))
	return c.putClaimed(ctx, j, func(j *Job) {
		j.RunAt = c.Now().Add(wait)
		j.LastError = cause.Error()
	})
}

func (c *Core) putClaimed(ctx context.Context, j Job, change func(*Job)) error {
	return c.store.Update(ctx, touchJob(j), func(tx Tx) error {
		now, err := tx.Job(j.Subject, j.Kind)
		if err != nil || now.Attempt != j.Attempt {
			return &Error{Kind: Conflict, Reason: ReasonStale, Op: "job", Msg: "The lease was lost.", Err: err}
		}
		change(&now)
		return tx.PutJob(now)
	})
}

// NextJob is when the next job of these kinds is due; NotFound where none waits.
func (c *Core) NextJob(ctx context.Context, kinds []string) (time.Time, error) {
	var at time.Time
	err := c.store.View(ctx, func(r Reader) (err error) { at, err = r.NextJob(kinds); return err })
	return at, err
}

// Woken is told when this process put a job that is due now or within WokenAhead. Later
// ones, and those of another process, are found by NextJob: who waits for jobs looks more
// often than that.
func (c *Core) Woken() <-chan struct{} { return c.wake }

// WokenAhead is how soon a job must be due to wake those who wait.
const WokenAhead = 10 * time.Second

// nudge wakes those who wait where there is something to do for them: to look in vain
// after each order would cost as much as placing it.
func (c *Core) nudge(now time.Time, jobs []Job) {
	soon := now.Add(WokenAhead)
	if !slices.ContainsFunc(jobs, func(j Job) bool { return !j.RunAt.After(soon) }) {
		return
	}
	c.stir()
}

// stir wakes those who wait, whatever there is to do.
func (c *Core) stir() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

var deskJobs = map[string]func(*Core, context.Context, Job) error{
	JobBegin:   jobAct(order.Begin),
	JobOpen:    jobAct(order.OpenProject),
	JobExpire:  jobAct(order.Expire),
	JobOverdue: (*Core).reportOverdue,
	JobEnd:     (*Core).endResource,
	JobBill:    (*Core).bill,
	JobProject: (*Core).endProject,
}

func jobAct(act order.Act) func(*Core, context.Context, Job) error {
	return func(c *Core, ctx context.Context, j Job) error {
		_, err := c.Act(ctx, System(), j.Subject, act, Verdict{Job: j.Kind, Attempt: j.Attempt})
		if KindOf(err) == Conflict { // somebody was there first: what was meant has happened
			return c.dropJob(ctx, j)
		}
		return err
	}
}

// dropJob deletes a claimed job that nothing is left to do of.
func (c *Core) dropJob(ctx context.Context, j Job) error {
	return c.store.Update(ctx, touchJob(j), func(tx Tx) error { _, err := tx.DeleteJob(j.Subject, j.Kind, j.Attempt); return err })
}

// DeskKinds are the kinds of jobs that Tick does.
func DeskKinds() []string {
	return []string{JobBegin, JobOpen, JobExpire, JobOverdue, JobEnd, JobBill, JobProject}
}

// Tick does one round of the desk's own jobs and says how many it did. Once a day it
// forgets what need not be remembered any more, too.
func (c *Core) Tick(ctx context.Context) (int, error) {
	more, err := c.tidy(ctx)
	if err != nil {
		return 0, err
	}
	jobs, err := c.ClaimJobs(ctx, DeskKinds(), 64)
	if err != nil {
		return 0, err
	}
	var bills []Job // at once: the store takes into one commit what comes together
	for _, j := range jobs {
		if j.Kind == JobBill {
			bills = append(bills, j)
		} else if err := c.tick(ctx, j); err != nil {
			return 0, err
		}
	}
	failed := make([]error, len(bills))
	var all sync.WaitGroup
	for n, j := range bills {
		all.Go(func() { failed[n] = c.tick(ctx, j) })
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	if more {
		return len(jobs) + 1, nil
	}
	return len(jobs), nil
}

// tick does one claimed job; one that fails runs again later.
func (c *Core) tick(ctx context.Context, j Job) error {
	err := fault.At(fault.TickClaimed)
	if err == nil {
		err = deskJobs[j.Kind](c, ctx, j)
	}
	if err == nil {
		err = fault.At(fault.TickDone)
	}
	if err == nil {
		return nil
	}
	c.log.Error("a job of the desk failed; it will run again", "kind", j.Kind, "subject", j.Subject, "error", err)
	if err := c.DelayJob(ctx, j, err); err != nil && KindOf(err) != Conflict {
		return err
	}
	return nil
}

func (c *Core) reportOverdue(ctx context.Context, j Job) error {
	return c.store.Update(ctx, touchJob(j), func(tx Tx) error {
		o, err := tx.Order(j.Subject)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteJob(j.Subject, j.Kind, j.Attempt); err != nil {
			return err
		}
		if !o.State.Open() {
			return nil
		}
		body, err := json.Marshal(map[string]string{"state": string(o.State)})
		if err != nil {
			return err
		}
		return tx.InsertEvent(Event{At: c.Now(), Kind: "order.stuck", Customer: o.Customer, Subject: o.ID, Order: o.ID, Body: body})
	})
}
