// Package line is the line before a store's writer: acts wait in it, the one goroutine
// that writes takes as many as are there, and each is answered when what it did stands.
package line

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/docket-desk/docket/internal/core"
)

// Most bounds the line. Beyond it callers are told to come again rather than kept until
// they have given up.
const Most = 4096

// Line is the line of one writer.
type Line struct {
	calls  chan *Call
	closed <-chan struct{}
	gone   chan struct{}
}

// New makes a line that takes nobody any more once closed is. Its writer calls Gone when
// it ends.
func New(closed <-chan struct{}) *Line {
	return &Line{calls: make(chan *Call, Most), closed: closed, gone: make(chan struct{})}
}

// Call is an act in the line.
type Call struct {
	Ctx context.Context
	On  core.Touch
	Fn  func(core.Tx) error
	// Between is run instead of Fn, outside of any transaction, between two batches.
	Between func() error

	state atomic.Int32 // waiting, or else who came first: the writer or the end of Ctx
	done  chan Outcome
}

const (
	waiting int32 = iota
	taken
	dropped
)

// Outcome is how an act ended.
type Outcome struct {
	Err      error
	Panicked *Panic
	Alone    bool // it has not run: the caller runs it by itself
}

// Panic is what fn panicked with, to panic with where it was called.
type Panic struct {
	Value any
	Stack []byte
}

// String has the stack, which the caller's own does not show.
func (p *Panic) String() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Wait puts an act into the line and waits for its outcome, or for the end of its context
// where that comes before its turn. It panics where fn did.
func (l *Line) Wait(ctx context.Context, on core.Touch, fn func(core.Tx) error) Outcome {
	return l.wait(&Call{Ctx: ctx, On: on, Fn: fn}).told()
}

// Between waits until the writer has run fn between two batches.
func (l *Line) Between(ctx context.Context, fn func() error) error {
	return l.wait(&Call{Ctx: ctx, Between: fn}).told().Err
}

func (o Outcome) told() Outcome {
	if o.Panicked != nil {
		panic(o.Panicked)
	}
	return o
}

// Apart reports whether an act has a batch of its own.
func (c *Call) Apart() bool { return c.On.Scan || c.Between != nil }

func (l *Line) wait(c *Call) Outcome {
	if c.Ctx.Err() != nil {
		return Outcome{Err: ended(c.Ctx)}
	}
	c.done = make(chan Outcome, 1)
	select {
	case l.calls <- c:
	default:
		return Outcome{Err: unusable("The desk is busy. Try again in a moment.", nil)}
	}
	select {
	case o := <-c.done:
		return o
	case <-c.Ctx.Done():
		if c.state.CompareAndSwap(waiting, dropped) {
			return Outcome{Err: ended(c.Ctx)}
		}
	case <-l.gone:
	}
	select {
	case o := <-c.done:
		return o
	case <-l.gone: // it came too late, or its answer lies there since
	}
	select {
	case o := <-c.done:
		return o
	default:
		return Outcome{Err: Closing()}
	}
}

// Next waits for the first of the line; nil once the line is closed.
func (l *Line) Next() *Call {
	select {
	case <-l.closed:
		return nil
	default:
	}
	select {
	case c := <-l.calls:
		return c
	case <-l.closed:
		return nil
	}
}

// More takes the next of the line, if there is one.
func (l *Line) More() *Call {
	select {
	case c := <-l.calls:
		return c
	default:
		return nil
	}
}

// Gone says that the writer has ended: who still waits is told that the desk is closing.
func (l *Line) Gone() { close(l.gone) }

// Ended is closed when the writer has ended.
func (l *Line) Ended() <-chan struct{} { return l.gone }

// Waiting is how many are in the line.
func (l *Line) Waiting() int { return len(l.calls) }

// Batch takes the first of the line and those that may share a transaction with it, at
// most so many, never waiting for more. held is one taken out of the line before, and the
// one that it leaves for the next batch. No calls: the line is closed.
func (l *Line) Batch(calls []*Call, held *Call, most int) ([]*Call, *Call) {
	if held == nil {
		if held = l.Next(); held == nil {
			return nil, nil
		}
	}
	calls = append(calls[:0], held)
	if held.Apart() {
		return calls, nil
	}
	for len(calls) < most {
		c := l.More()
		if c == nil {
			return calls, nil
		}
		if c.Apart() {
			return calls, c
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// Take gives an act its turn; false where its context ended before.
func (c *Call) Take() bool { return c.state.CompareAndSwap(waiting, taken) }

// Answer tells an act's caller how it ended.
func (c *Call) Answer(o Outcome) { c.done <- o }

// Protect runs fn and catches its panic.
func Protect(fn func() error) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			o.Panicked = &Panic{p, debug.Stack()}
		}
	}()
	return Outcome{Err: fn()}
}

// Closing is what is answered once the store closes.
func Closing() error { return unusable("The desk is closing.", nil) }

func ended(ctx context.Context) error {
	return unusable("The request ended before its turn.", ctx.Err())
}

func unusable(msg string, err error) error {
	return &core.Error{Kind: core.Unavailable, Op: "update", Msg: msg, Err: err}
}
