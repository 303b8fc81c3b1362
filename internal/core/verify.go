package core

import (
	"context"
	"fmt"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// Verification is what Verify found, so far or in the end.
type Verification struct {
	Orders, Entries, Limits int
	Events                  int64
	Rows                    int64 // read, of every kind
	Took                    time.Duration
	Doing                   string   // what is looked through; "" at the end
	Disagrees               []string // a sentence each, at most mostDisagreements; none: all is well
}

// Rate is how many rows were read in a second.
func (v Verification) Rate() float64 {
	if v.Took <= 0 {
		return 0
	}
	return float64(v.Rows) / v.Took.Seconds()
}

// mostDisagreements bounds what is told: beyond it there is one cause behind many.
const mostDisagreements = 1000

// Verify recomputes the books from the ledger's entries: what each order holds and was
// charged, what its lines add up to, what usage was billed, every balance, and that
// nothing is missing or points at nothing. Staff only. It changes nothing.
//
// It may run beside a desk that writes: what is compared with each other is read from
// one snapshot, and no snapshot is kept longer than its piece takes: a page of orders, a
// customer's entries. Only the entries of one very large customer keep one for longer,
// about a second a million. tell, if not nil, hears after each piece how far it is.
func (c *Core) Verify(ctx context.Context, who Actor, tell func(Verification)) (Verification, error) {
	if !who.IsStaff() && !who.desk() {
		return Verification{}, forbidden("Only staff may look through all the books.")
	}
	v := &books{core: c, ctx: ctx, store: c.store, tell: tell, began: time.Now(), known: map[Ref]bool{}} // not the desk's clock, which tests turn
	for _, pass := range []struct {
		name string
		run  func() error
	}{
		{"events", v.events}, {"orders", v.orders}, {"usages", v.usages}, {"resources", v.resources}, {"limits", v.limits},
		{"capacities", v.capacities}, {"jobs", v.jobs}, {"requests", v.requests},
	} {
		v.found.Doing = pass.name
		if err := pass.run(); err != nil {
			return v.found, err
		}
	}
	v.found.Doing, v.found.Took = "", time.Since(v.began)
	return v.found, nil
}

type books struct {
	core  *Core
	ctx   context.Context
	store Store
	r     Reader // of the piece under way
	tell  func(Verification)
	began time.Time
	found Verification

	known map[Ref]bool    // records that were there: they are never deleted
	fed   map[id.ID]int64 // the latest event of each customer, since it is kept
}

// piece runs fn over a snapshot of its own.
func (v *books) piece(fn func() error) error {
	err := v.store.View(v.ctx, func(r Reader) error {
		v.r = r
		return fn()
	})
	v.found.Took = time.Since(v.began)
	if err == nil && v.tell != nil {
		v.tell(v.found)
	}
	return err
}

// pieces runs fn over snapshots until it says that there is no more.
func (v *books) pieces(fn func() (more bool, err error)) error {
	for more := true; more; {
		if err := v.piece(func() (err error) { more, err = fn(); return err }); err != nil {
			return err
		}
	}
	return nil
}

func (v *books) say(format string, args ...any) {
	if len(v.found.Disagrees) < mostDisagreements {
		v.found.Disagrees = append(v.found.Disagrees, fmt.Sprintf(format, args...))
	}
}

// there reports whether a record is there; what was once is not looked for again.
func (v *books) there(kind string, i id.ID) (bool, error) {
	ref := Ref{kind, i}
	if v.known[ref] {
		return true, nil
	}
	get := map[string]func() error{
		"customer": func() error { _, err := v.r.Customer(i); return err },
		"project":  func() error { _, err := v.r.Project(i); return err },
		"provider": func() error { _, err := v.r.Provider(i); return err },
		"offering": func() error { _, err := v.r.Offering(i); return err },
	}[kind]
	err := get()
	if err != nil && KindOf(err) == NotFound {
		return false, nil
	}
	v.known[ref] = err == nil
	return err == nil, err
}

const (
	verifyPage    = 500
	verifyEntries = 2 * verifyPage // about what a page of orders has: what is read beyond it is read again
	verifyFeed    = 5000           // events, jobs and requests are small
	lastOfEntry   = 1<<31 - 1
)

// events follow each other without gaps.
func (v *books) events() error {
	return v.pieces(func() (bool, error) { return v.feed() })
}

// feed takes in the next events: what follows one position is committed later, so that
// pages may come from snapshots that follow each other.
func (v *books) feed() (more bool, err error) {
	page, err := v.r.Events(EventQuery{After: v.found.Events, Limit: verifyFeed})
	v.found.Rows += int64(len(page))
	for _, e := range page {
		if e.Pos != v.found.Events+1 {
			v.say("Event %d follows event %d: what is between is missing.", e.Pos, v.found.Events)
		}
		v.found.Events = e.Pos
		if v.fed != nil {
			v.fed[e.Customer] = e.Pos
		}
	}
	return len(page) == verifyFeed, err
}

// jobs are of orders that are still open, and of resources and projects that are there.
func (v *books) jobs() error {
	var after Job
	return v.pieces(func() (bool, error) {
		page, err := v.r.AllJobs(after, verifyFeed)
		if err != nil || len(page) == 0 {
			return false, err
		}
		v.found.Rows += int64(len(page))
		for _, j := range page {
			if err := v.job(j); err != nil {
				return false, err
			}
		}
		after = page[len(page)-1]
		return true, nil
	})
}

func (v *books) job(j Job) error {
	if j.Kind == JobEnd || j.Kind == JobBill {
		_, err := v.r.Resource(j.Subject)
		if err != nil && KindOf(err) == NotFound {
			v.say("The job %s is about resource %s, which is not there.", j.Kind, j.Subject)
			return nil
		}
		return err
	}
	if j.Kind == JobProject {
		_, err := v.r.Project(j.Subject)
		if err != nil && KindOf(err) == NotFound {
			v.say("The job %s is about project %s, which is not there.", j.Kind, j.Subject)
			return nil
		}
		return err
	}
	o, err := v.r.Order(j.Subject)
	switch {
	case err != nil && KindOf(err) == NotFound:
		v.say("The job %s is about order %s, which is not there.", j.Kind, j.Subject)
	case err != nil:
		return err
	case !o.State.Open():
		v.say("The job %s is about order %s, which is %s.", j.Kind, j.Subject, o.State)
	}
	return nil
}

// requests that are remembered made something.
func (v *books) requests() error {
	place := ""
	return v.pieces(func() (bool, error) {
		page, next, err := v.r.AllIdem(place, verifyFeed)
		if err != nil || len(page) == 0 {
			return false, err
		}
		v.found.Rows += int64(len(page))
		for _, i := range page {
			if _, err = v.r.Order(i.About); err != nil && KindOf(err) == NotFound {
				_, err = v.r.Document(i.About)
			}
			if err != nil && KindOf(err) == NotFound {
				v.say("A request of %s is remembered as having made %s, which is no order and no document.", i.Day, i.About)
			} else if err != nil {
				return false, err
			}
		}
		place = next
		return true, nil
	})
}

// waits are the jobs that wake an order which waits for a day.
var waits = map[order.State]string{order.PendingProject: JobOpen, order.PendingStartDate: JobBegin}
