package fulfil

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// Work does one claimed job and reports it to the core. An error means that it may be
// tried again later; what cannot ever succeed it reports itself. When the lease is lost
// ctx ends with ErrLost.
type Work func(ctx context.Context, j core.Job) error

// ErrLost says that another worker has the job now: drop the result.
var ErrLost = errors.New("the lease was lost")

// Runner does the desk's own jobs and those of Works, a few at once.
type Runner struct {
	Core  *core.Core
	Works map[string]Work // by kind of job
	Log   *slog.Logger
	Many  int // jobs at once; 0: 4
}

// lookEvery bounds how long a job that another process has put waits to be seen.
const lookEvery = 2 * time.Second

func (r *Runner) many() int {
	if r.Many > 0 {
		return r.Many
	}
	return 4
}

func (r *Runner) kinds() []string { return slices.Sorted(maps.Keys(r.Works)) }

// Once does one round, the desk's own jobs and as many of Works as run at once, waits for
// them, and says how many there were.
func (r *Runner) Once(ctx context.Context) (int, error) {
	n, err := r.Core.Tick(ctx)
	if err != nil {
		return n, err
	}
	jobs, err := r.Core.ClaimJobs(ctx, r.kinds(), r.many())
	if err != nil {
		return n, err
	}
	var all sync.WaitGroup
	for _, j := range jobs {
		all.Go(func() { r.do(ctx, j) })
	}
	all.Wait()
	return n + len(jobs), nil
}

// Run does rounds until ctx ends, and then waits for the jobs under way, which end with
// it. What they had not reported runs again under the next lease.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan struct{}, r.many())
	for range r.many() {
		free <- struct{}{}
	}
	for ctx.Err() == nil {
		n, err := r.Core.Tick(ctx)
		var jobs []core.Job
		if err == nil && len(free) > 0 {
			jobs, err = r.Core.ClaimJobs(ctx, r.kinds(), len(free))
		}
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("the jobs that are due could not be read", "error", err)
		}
		for _, j := range jobs {
			<-free
			all.Go(func() {
				r.do(ctx, j)
				free <- struct{}{}
			})
		}
		if n == 0 && len(jobs) == 0 {
			r.pause(ctx, len(free) > 0)
		}
	}
}

// pause waits until a job may be due.
func (r *Runner) pause(ctx context.Context, room bool) {
	wait := lookEvery
	if next, err := r.Core.NextJob(ctx, append(core.DeskKinds(), r.kinds()...)); err == nil && room {
		wait = max(10*time.Millisecond, min(wait, next.Sub(r.Core.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.Core.Woken():
	}
}

// do works one job under its lease, renewed at a third of its length.
func (r *Runner) do(ctx context.Context, j core.Job) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var renewing sync.WaitGroup
	stop := make(chan struct{})
	renewing.Go(func() { r.renew(ctx, j, stop, cancel) })
	err := r.Works[j.Kind](ctx, j)
	close(stop)
	renewing.Wait()
	switch {
	case err == nil || errors.Is(context.Cause(ctx), ErrLost) || lost(err):
		return
	case ctx.Err() != nil: // the process is ending: give the job back, so that it need not wait for the lease
		ctx = context.WithoutCancel(ctx)
	default:
		r.Log.Warn("a job failed; it will run again", "kind", j.Kind, "order", j.Subject, "attempt", j.Attempt, "error", err)
	}
	if err := r.Core.DelayJob(ctx, j, err); err != nil && core.KindOf(err) != core.Conflict {
		r.Log.Warn("a job could not be given back; it waits for its lease to end", "kind", j.Kind, "order", j.Subject, "error", err)
	}
}

// lost reports whether the core says that another worker has the job.
func lost(err error) bool {
	var e *core.Error
	return errors.As(err, &e) && e.Kind == core.Conflict && e.Reason == core.ReasonStale
}

func (r *Runner) renew(ctx context.Context, j core.Job, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.Core.Lease() / 3)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.Core.RenewJob(ctx, j); lost(err) {
				cancel(ErrLost)
				return
			} else if err != nil {
				r.Log.Warn("a lease could not be renewed", "kind", j.Kind, "order", j.Subject, "error", err)
			}
		}
	}
}
