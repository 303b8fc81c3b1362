package order

import (
	"slices"

	"github.com/docket-desk/docket/internal/ledger"
)

// Act is something done to an order.
type Act string

// The acts.
const (
	Place           Act = "place"
	ApproveConsumer Act = "approve-consumer"
	RejectConsumer  Act = "reject-consumer"
	OpenProject     Act = "open-project"
	ApproveProvider Act = "approve-provider"
	RejectProvider  Act = "reject-provider"
	Begin           Act = "begin"
	Amend           Act = "amend"
	Cancel          Act = "cancel"
	Withdraw        Act = "withdraw"
	Unlink          Act = "unlink"
	Expire          Act = "expire"
	MoveLine        Act = "move-line"
	Fulfil          Act = "fulfil"
	Fail            Act = "fail"
	Retry           Act = "retry"
	Restart         Act = "restart"
	Adjust          Act = "adjust"
)

// Acts lists them all, in the order docs/lifecycle.md prints them.
func Acts() []Act {
	return []Act{Place, ApproveConsumer, RejectConsumer, OpenProject, ApproveProvider, RejectProvider, Begin, Amend, Cancel, Withdraw, Unlink, Expire,
		MoveLine, Fulfil, Fail, Retry, Restart, Adjust}
}

// Who may act. The rights behind the words are package tenant's; core asks them.
type Who string

// The parties to an order.
const (
	Consumer  Who = "consumer"  // may order for the project
	Creator   Who = "creator"   // placed it
	Approver  Who = "approver"  // may approve for the project or its customer
	Rejecter  Who = "rejecter"  // may reject for the project or its customer
	Canceller Who = "canceller" // may cancel for the project or its customer
	Destroyer Who = "destroyer" // may destroy orders of the project or its customer
	Provider  Who = "provider"  // may approve orders of the offering or its provider
	Decliner  Who = "decliner"  // may reject orders of the offering or its provider
	Worker    Who = "worker"
	System    Who = "system"
	Staff     Who = "staff"
)

// Posting is what an act books.
type Posting string

// The postings. Settle captures what was delivered and releases the rest; Undo
// releases what is held and refunds what is charged already.
const (
	NoPosting Posting = "–"
	HoldDue   Posting = "hold"
	HoldAgain Posting = "hold again"
	Rehold    Posting = "release, hold at today's prices"
	Undo      Posting = "release"
	Settle    Posting = "capture, release the rest"
	Correct   Posting = "charge or refund"
)

// Books lists the kinds of entry a posting may write.
func (p Posting) Books() []ledger.Kind { return books[p] }

var books = map[Posting][]ledger.Kind{
	NoPosting: nil,
	HoldDue:   {ledger.Hold, ledger.Capture}, // capture: where an offering charges on placing
	HoldAgain: {ledger.Hold},
	Rehold:    {ledger.Release, ledger.Hold},
	Undo:      {ledger.Release, ledger.Refund},
	Settle:    {ledger.Capture, ledger.Release, ledger.Charge, ledger.Refund},
	Correct:   {ledger.Charge, ledger.Refund},
}

// Same, as a step's To, leaves the state as it is.
const Same State = "same"

// Step is one row of the table: from a state, by an act of someone, to a state,
// with what the ledger books, what the workers are asked, and what is told.
type Step struct {
	From  State
	Act   Act
	Who   []Who
	To    State
	Books Posting
	Jobs  JobRule
	Event string
}

// JobRule says what becomes of an order's jobs.
type JobRule string

// The rules for jobs. ForState: the job of the state entered, in place of the last one.
const (
	KeepJobs  JobRule = "–"
	ForState  JobRule = "that of the state entered"
	DropJobs  JobRule = "its job deleted"
	WithoutIt JobRule = "none, not even on entering executing"
)

// Lifecycle is the table. Every (state, act) that is not in it is a Conflict.
var Lifecycle = build()

func build() []Step {
	steps := []Step{
		{None, Place, []Who{Consumer}, Onward, HoldDue, ForState, "order.placed"},
		{PendingConsumer, ApproveConsumer, []Who{Approver}, Onward, NoPosting, ForState, "order.approved"},
		{PendingConsumer, RejectConsumer, []Who{Creator, Rejecter}, Rejected, Undo, DropJobs, "order.rejected"},
		{PendingProject, OpenProject, []Who{System}, Onward, NoPosting, ForState, "order.approved"},
		{PendingProvider, ApproveProvider, []Who{Provider}, Onward, NoPosting, ForState, "order.approved"},
		{PendingProvider, RejectProvider, []Who{Decliner}, Rejected, Undo, DropJobs, "order.rejected"},
		{PendingStartDate, Begin, []Who{System}, Executing, NoPosting, ForState, "order.began"},
	}
	for _, s := range []State{PendingConsumer, PendingProject, PendingProvider} {
		steps = append(steps, Step{s, Amend, []Who{Consumer}, Same, Rehold, KeepJobs, "order.amended"})
	}
	for _, s := range []State{PendingConsumer, PendingProject, PendingProvider, PendingStartDate} {
		steps = append(steps,
			Step{s, Cancel, []Who{Creator, Canceller}, Canceled, Undo, DropJobs, "order.canceled"},
			Step{s, Expire, []Who{System}, Canceled, Undo, DropJobs, "order.canceled"})
	}
	for _, s := range []State{PendingConsumer, PendingProvider} {
		steps = append(steps, Step{s, Withdraw, []Who{Destroyer}, Canceled, Undo, DropJobs, "order.canceled"})
	}
	for _, s := range []State{PendingConsumer, PendingProject, PendingProvider, PendingStartDate, Executing} {
		steps = append(steps, Step{s, Unlink, []Who{Staff}, Canceled, Undo, DropJobs, "order.canceled"})
	}
	for _, s := range []State{Done, Erred, Canceled, Rejected} {
		steps = append(steps, Step{s, Unlink, []Who{Staff}, Same, NoPosting, KeepJobs, "order.hidden"})
	}
	steps = append(steps,
		Step{Executing, Cancel, []Who{Creator, Canceller}, Canceled, Undo, DropJobs, "order.canceled"}, // every line preparing, and the offering lets it
		Step{Executing, MoveLine, []Who{Worker, Provider}, Same, NoPosting, KeepJobs, "line.moved"},    // or on to Fulfil, Fail, when no line is left open
		Step{Executing, Fulfil, []Who{Worker, Provider}, Done, Settle, DropJobs, "order.done"},
		Step{Executing, Fail, []Who{Worker, Provider, System}, Erred, Undo, DropJobs, "order.erred"},
		Step{PendingProvider, Fail, []Who{Worker, Provider, System}, Erred, Undo, DropJobs, "order.erred"},
		Step{Erred, Retry, []Who{Provider, Staff}, Executing, HoldAgain, ForState, "order.began"},
		Step{Erred, Restart, []Who{Provider, Staff}, Executing, HoldAgain, WithoutIt, "order.began"},
		Step{PendingProvider, Restart, []Who{Provider}, Onward, NoPosting, WithoutIt, "order.began"}, // the start gate is kept
	)
	for _, s := range []State{Done, Erred, Canceled, Rejected} {
		steps = append(steps, Step{s, Adjust, []Who{Staff}, Same, Correct, KeepJobs, "order.adjusted"})
	}
	return steps
}

// Find returns the step for an act on an order in a state.
func Find(from State, act Act) (Step, bool) {
	for _, s := range Lifecycle {
		if s.From == from && s.Act == act {
			return s, true
		}
	}
	return Step{}, false
}

// Possible lists the states in which an act is possible, as States lists them.
func Possible(act Act) []State {
	return slices.DeleteFunc(States(), func(s State) bool { _, ok := Find(s, act); return !ok })
}

// Effect is what an order's coming to a state does to its resource.
var effect = map[Type]map[State]ResourceState{
	Create:    {None: Creating, Done: OK, Rejected: Terminated, Canceled: Terminated},
	Restore:   {None: Creating, Done: OK, Rejected: Terminated, Canceled: Terminated},
	Update:    {Executing: Updating, Done: OK, Erred: ResourceErred, Rejected: OK, Canceled: OK},
	Terminate: {Executing: Terminating, Done: Terminated, Erred: OK, Rejected: OK, Canceled: OK},
}

// Effect returns the state a resource takes when an order of that type enters a
// state; None stands for being placed. known says whether the provider's own
// system knows the resource (it has a backend id): a create that failed before
// leaves nothing.
func Effect(t Type, entered State, now ResourceState, known bool) ResourceState {
	if (t == Create || t == Restore) && entered == Erred {
		if known {
			return ResourceErred
		}
		return Terminated
	}
	if (t == Create || t == Restore) && entered == Executing && (now == Terminated || now == ResourceErred) { // retried
		return Creating
	}
	if s, ok := effect[t][entered]; ok {
		return s
	}
	return now
}

// path is the order of a line's forward moves.
var path = []LineState{Preparing, Building, Shipped, Delivered, Installing, Installed}

// MayMove reports whether a line may go from one state to another: forward, to
// erred from any of the path, from erred back to building, or to canceled or
// replaced from what is not at an end.
func MayMove(from, to LineState) bool {
	i, j := slices.Index(path, from), slices.Index(path, to)
	switch to {
	case LineErred, LineCanceled:
		return i >= 0 && from != Installed
	case Replaced:
		return i >= 0
	case Building:
		return i == 0 || from == LineErred
	case Preparing, Shipped, Delivered, Installing, Installed:
		return i >= 0 && j > i
	}
	return false
}

// At says where a line stands with respect to the end a fulfilment gives it.
func At(s, good LineState) (ended, well bool) {
	switch s {
	case LineErred, LineCanceled, Replaced:
		return true, s == Replaced
	case Installed:
		return true, true
	case Preparing, Building, Shipped, Delivered, Installing:
		return s == good, s == good
	}
	return false, false
}
