package backup

import (
	"context"
	"errors"
	"io"

	"github.com/docket-desk/docket/internal/core"
)

// Through takes a desk from one store straight into another: read is the one's Dump, load
// the other's Load. It returns the digest of what went through.
func Through(ctx context.Context, tell Tell, read func(context.Context, core.Taker) error, load func(context.Context, core.Giver) error) (*Digest, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan parcel, 2)
	in := &inlet{ctx: ctx, digest: newDigest(), next: next}
	in.digest.meter = metering(tell, "move", 0)
	out := &outlet{next: next}
	go func() {
		err := read(ctx, in)
		if err == nil && !in.ended {
			err = errStopped
		}
		out.failed = err
		close(next)
	}()
	first, more := <-next
	if !more {
		return nil, out.failed
	}
	out.shot = *first.shot
	err := load(ctx, out)
	cancel()
	for range next { // until the store has stopped reading
	}
	if err == nil && !in.ended { // there was more than was taken in
		err = errStopped
	}
	return in.digest, err
}

var errStopped = errors.New("the store stopped before all was handed over")

// parcel is a snapshot, or a table of which rows follow, or rows.
type parcel struct {
	shot  *core.Snapshot
	table *core.Table
	raw   []byte
	rows  int64
}

// parcelSize is how much goes through at a time.
const parcelSize = 1 << 20

// inlet is the core.Taker.
type inlet struct {
	ctx    context.Context
	digest *Digest
	next   chan<- parcel
	raw    []byte
	rows   int64
	ended  bool
}

// Begin implements core.Taker.
func (p *inlet) Begin(s core.Snapshot) error {
	if err := p.digest.Begin(s); err != nil {
		return err
	}
	return p.send(parcel{shot: &s})
}

// Table implements core.Taker.
func (p *inlet) Table(t core.Table) error {
	if err := errors.Join(p.flush(), p.digest.Table(t)); err != nil {
		return err
	}
	return p.send(parcel{table: &t})
}

// Row implements core.Taker.
func (p *inlet) Row(values []core.Value) error {
	p.raw = appendRow(p.raw, values)
	p.rows++
	if len(p.raw) < parcelSize {
		return nil
	}
	return p.flush()
}

// End implements core.Taker.
func (p *inlet) End() error {
	p.ended = true
	return errors.Join(p.flush(), p.digest.End())
}

func (p *inlet) flush() error {
	if p.rows == 0 {
		return nil
	}
	p.digest.add(p.raw, p.rows)
	one := parcel{raw: p.raw, rows: p.rows}
	p.raw, p.rows = make([]byte, 0, parcelSize+parcelSize/8), 0
	return p.send(one)
}

func (p *inlet) send(one parcel) error {
	select {
	case p.next <- one:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// outlet is the core.Giver.
type outlet struct {
	next   <-chan parcel
	failed error // why next was closed; nil: that was all
	shot   core.Snapshot
	table  *core.Table // came already
	raw    []byte
	left   int64
	row    []core.Value
}

// Snapshot implements core.Giver.
func (p *outlet) Snapshot() core.Snapshot { return p.shot }

// Table implements core.Giver.
func (p *outlet) Table() (core.Table, error) {
	for p.table == nil {
		if err := p.take(); err != nil {
			return core.Table{}, err
		}
	}
	t := *p.table
	p.table, p.row = nil, make([]core.Value, len(t.Columns))
	return t, nil
}

// Row implements core.Giver.
func (p *outlet) Row() (row []core.Value, err error) {
	for p.left == 0 {
		if p.table != nil {
			return nil, io.EOF
		}
		if err := p.take(); err != nil {
			return nil, err
		}
	}
	p.left--
	p.raw, err = cutRow(p.raw, p.row)
	return p.row, err
}

// take waits for what comes next; io.EOF: that was all.
func (p *outlet) take() error {
	one, more := <-p.next
	switch {
	case more:
		p.table, p.raw, p.left = one.table, one.raw, one.rows
		return nil
	case p.failed != nil:
		return p.failed
	}
	return io.EOF
}
