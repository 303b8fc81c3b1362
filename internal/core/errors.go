package core

import (
	"errors"
	"fmt"
	"strings"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
)

// Kind is what went wrong, coarsely: what a door maps to a status.
type Kind string

// The kinds. Internal stands for every error that is no *Error.
const (
	Invalid         Kind = "invalid"
	Unauthenticated Kind = "unauthenticated"
	Forbidden       Kind = "forbidden"
	NotFound        Kind = "not found"
	Conflict        Kind = "conflict"
	Unsupported     Kind = "unsupported" // the offering does not take this act
	LimitExceeded   Kind = "limit exceeded"
	TooLarge        Kind = "too large"
	Unavailable     Kind = "unavailable" // try again: the writer is full, the disk is full, a node is going down
	Internal        Kind = "internal"
)

// Kinds lists them all, for the tests of the doors' tables.
func Kinds() []Kind {
	return []Kind{Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Unsupported, LimitExceeded, TooLarge, Unavailable, Internal}
}

func (k Kind) Error() string { return string(k) } // so that errors.Is(err, core.NotFound) works

// Ref names a record.
type Ref struct {
	Kind string // "order", "resource", "offering" …
	ID   id.ID
}

// Error is the one error type of the core. A door maps Kind and words what its
// clients look for out of the fields below it.
type Error struct {
	Kind     Kind
	Reason   string // finer, where some door words it apart: see the Reason constants
	Field    string // the field at fault, by its core name
	About    Ref
	States   []order.State // of a Conflict: those in which the act is possible
	Breaches []Breach      // of LimitExceeded
	Msg      string        // a sentence safe to show, without the core's own words
	Op       string        // to log, as is Err
	Err      error
}

// Breach is a limit that refused, with names to word it by.
type Breach struct {
	limit.Breach
	ScopeName string // the customer's, project's, user's … name
	AboutName string // the offering's or component's name; "" where the limit is about everything
	AboutCode string // the component's code
	Unit      string // of the measure: a currency or the component's unit
}

// Sentence words a breach for people: scope, measure, limit, used, held, asked.
func (b Breach) Sentence() string {
	about := ""
	if b.AboutName != "" {
		about = " for " + b.AboutName
	}
	return fmt.Sprintf("The %s limit of %s %s%s (%s, %s) is %s %s: used %s, held %s, asked %s.",
		b.Measure, b.Scope, b.ScopeName, about, b.Period, b.Unit, b.Value, b.Unit, b.Used, b.Held, b.Asked)
}

// Reasons that doors word apart.
const (
	ReasonArea         = "area"          // the geometry is none, or breaks a rule for areas of interest
	ReasonNothing      = "nothing"       // nothing of what was named lies inside the area
	ReasonUnpriced     = "unpriced"      // no price: cannot be ordered
	ReasonContract     = "contract"      // no contract covers the day
	ReasonIdempotency  = "idempotency"   // the same key with another body
	ReasonName         = "name"          // the name is taken
	ReasonOpenOrder    = "open order"    // the resource has an open order already
	ReasonBlocked      = "blocked"       // the customer is blocked
	ReasonArchived     = "archived"      // the customer is archived
	ReasonOffering     = "offering"      // the offering takes no orders now
	ReasonUnavailable  = "unavailable"   // the offering lets nobody change what it delivers
	ReasonPaper        = "paper"         // the purchase order is missing, or no file to keep as one
	ReasonPlan         = "plan"          // the plan is of another offering, archived, or full
	ReasonComponent    = "component"     // no such component, or not one that takes amounts
	ReasonQuantity     = "quantity"      // out of the component's or the line's bounds
	ReasonCap          = "cap"           // more than the provider lets be reported
	ReasonProject      = "project"       // the project has ended or was removed
	ReasonSame         = "same"          // the update changes nothing
	ReasonState        = "state"         // the resource is in the wrong state
	ReasonClosed       = "closed period" // the billing period takes no more reports
	ReasonFuture       = "future"        // a date that has not come
	ReasonDestination  = "destination"   // the bucket or container cannot be written
	ReasonAcquisition  = "acquisition"   // unknown, or a cell of it is
	ReasonCurrency     = "currency"      // the plan is in another currency than the customer's
	ReasonReadOnly     = "read only"     // the key is narrowed to reading
	ReasonWrongProject = "wrong project" // the key is narrowed to another project
	ReasonStale        = "stale"         // the record moved on since it was read
	ReasonAbsent       = "absent"        // no credentials at all
	ReasonExpired      = "expired"       // the key has ended
	ReasonRevoked      = "revoked"       // the key was revoked
	ReasonInactive     = "inactive"      // the user is not active
	ReasonClosedRole   = "closed role"   // the role is given to nobody new
)

// ErrAbsent says that a request carries no credentials of a scheme's kind: another
// scheme may find some.
var ErrAbsent = &Error{Kind: Unauthenticated, Reason: ReasonAbsent, Msg: "Authentication credentials were not provided."}

func (e *Error) Error() string {
	parts := []string{}
	for _, s := range []string{e.Op, string(e.Kind), e.Reason, e.Field, e.Msg} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Is makes errors.Is(err, core.NotFound) work.
func (e *Error) Is(target error) bool { return target == error(e.Kind) }

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of any error, "" of none; one that is no *Error is Internal.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// AsError returns err as an *Error, wrapping what is none as Internal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Err: err}
}

func notFound(kind string, i id.ID) *Error {
	return &Error{Kind: NotFound, About: Ref{kind, i}, Msg: "There is no such " + kind + "."}
}

func invalid(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Msg: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *Error {
	return &Error{Kind: Forbidden, Msg: fmt.Sprintf(format, args...)}
}

func (e *Error) because(reason string) *Error { e.Reason = reason; return e }
