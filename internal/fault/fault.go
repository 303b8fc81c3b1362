// Package fault breaks the program on purpose, at points that have names: around every
// commit, rename and upload, and between the steps of jobs. It is for the crash harness.
// A program that was not armed pays one load of a pointer a point.
package fault

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Env is the variable by which a program is armed.
const Env = "DOCKET_FAULT"

// The points. Before and after are of the one call that makes a thing so.
const (
	CommitBefore = "commit.before" // all is written and nothing kept
	CommitAfter  = "commit.after"  // it is kept and nobody has been told
	RenameBefore = "rename.before" // a file is written whole under another name
	RenameAfter  = "rename.after"
	UploadBefore = "upload.before" // an object of a delivery is begun
	UploadHalf   = "upload.half"   // its content is written, and nothing lies in its place
	UploadAfter  = "upload.after"  // it lies in its place
	JobClaimed   = "job.claimed"   // a worker has the lease and has done nothing
	JobRead      = "job.read"      // it knows what is to be done
	JobLine      = "job.line"      // one line of an order is delivered whole
	JobEffect    = "job.effect"    // all is done outside and nothing reported
	JobReported  = "job.reported"  // the core was told
	TickClaimed  = "tick.claimed"  // the desk has the lease of a job of its own
	TickDone     = "tick.done"     // it has done it
)

// Points lists them all.
func Points() []string {
	return []string{CommitBefore, CommitAfter, RenameBefore, RenameAfter, UploadBefore, UploadHalf, UploadAfter,
		JobClaimed, JobRead, JobLine, JobEffect, JobReported, TickClaimed, TickDone}
}

// Any stands for all points together.
const Any = "any"

// What happens at a point.
const (
	Kill  = "kill"  // the process is ended as by SIGKILL
	Error = "error" // At returns ErrInjected, once
	Full  = "full"  // At returns "no space left on device", from then on
)

// ErrInjected is what At returns where an error was asked for.
var ErrInjected = errors.New("an error was asked for at this point (" + Env + ")")

// fault is one thing that shall happen.
type fault struct {
	point string
	at    int64 // the how manieth time
	what  string
	seen  atomic.Int64
}

var armed atomic.Pointer[[]*fault]

// Arm reads what shall happen where: point:count:what, several with commas between. The
// empty text disarms.
func Arm(spec string) error {
	if spec == "" {
		armed.Store(nil)
		return nil
	}
	var all []*fault
	for one := range strings.SplitSeq(spec, ",") {
		f, err := parse(one)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	armed.Store(&all)
	return nil
}

func parse(one string) (*fault, error) {
	parts := strings.Split(one, ":")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s: %q is no fault: write point:count:what, such as %s:3:%s", Env, one, CommitBefore, Kill)
	}
	count, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || count < 1 {
		return nil, fmt.Errorf("%s: %q is no count: the first time is 1", Env, parts[1])
	}
	f := &fault{point: parts[0], at: count, what: parts[2]}
	if f.point != Any && !slices.Contains(Points(), f.point) {
		return nil, fmt.Errorf("%s: there is no point %q; there are %s", Env, f.point, strings.Join(Points(), ", "))
	}
	if !slices.Contains([]string{Kill, Error, Full}, f.what) {
		return nil, fmt.Errorf("%s: %q is nothing that could happen: %s, %s or %s", Env, f.what, Kill, Error, Full)
	}
	return f, nil
}

// At is called where the program passes a point. It returns an error where one was asked
// for; where nothing can be done about one, the caller passes over it.
func At(point string) error {
	all := armed.Load()
	if all == nil {
		return nil
	}
	for _, f := range *all {
		if f.point != point && f.point != Any {
			continue
		}
		if err := f.pass(point); err != nil {
			return err
		}
	}
	return nil
}

func (f *fault) pass(point string) error {
	n := f.seen.Add(1)
	switch {
	case f.what == Full && n >= f.at:
		return &os.PathError{Op: "write", Path: point, Err: syscall.ENOSPC}
	case n != f.at:
		return nil
	case f.what == Error:
		return ErrInjected
	}
	fmt.Fprintf(os.Stderr, "%s: killed at %s, time %d\n", Env, point, n)
	kill()
	select {} // the signal is on its way
}

// kill ends the process as from outside: nothing deferred runs and nothing is flushed.
func kill() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill() // what cannot be killed hangs, and the harness says so
	}
}
