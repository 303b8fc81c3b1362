package backup

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"github.com/docket-desk/docket/internal/core"
)

// Reader is a core.Giver of what is in a backup, each piece looked at before it is used.
type Reader struct {
	ctx    context.Context
	src    *Source
	shot   core.Snapshot
	meter  meter
	z      gzip.Reader
	digest *Digest // takes in each piece; nil: there is none
	table  int     // the one under way, counted from 1
	piece  int     // of it, the one that comes next
	raw    []byte  // what is left of a piece
	room   []byte  // its memory
	left   int64   // rows in it
	row    []core.Value
}

// NewReader reads a backup from its beginning; doing says to what end.
func NewReader(ctx context.Context, src *Source, doing string, tell Tell) (*Reader, error) {
	shot, err := src.Manifest.snapshot()
	if err != nil {
		return nil, err
	}
	return &Reader{ctx: ctx, src: src, shot: shot, meter: metering(tell, doing, src.Manifest.Rows)}, nil
}

// Snapshot implements core.Giver.
func (r *Reader) Snapshot() core.Snapshot { return r.shot }

// Table implements core.Giver.
func (r *Reader) Table() (core.Table, error) {
	if r.table == len(r.shot.Tables) {
		return core.Table{}, io.EOF
	}
	t := r.shot.Tables[r.table]
	r.table, r.piece = r.table+1, 0
	r.row = make([]core.Value, len(t.Columns))
	return t, nil
}

// Row implements core.Giver.
func (r *Reader) Row() ([]core.Value, error) {
	for r.left == 0 {
		pieces := r.src.Manifest.Tables[r.table-1].Pieces
		if len(r.raw) > 0 {
			return nil, r.unread(pieces[r.piece-1])
		}
		if r.piece == len(pieces) {
			return nil, io.EOF
		}
		if err := r.open(pieces[r.piece]); err != nil {
			return nil, err
		}
		r.piece++
	}
	rest, err := cutRow(r.raw, r.row)
	if err != nil {
		return nil, r.unread(r.src.Manifest.Tables[r.table-1].Pieces[r.piece-1])
	}
	r.raw, r.left = rest, r.left-1
	return r.row, nil
}

func (r *Reader) unread(p Piece) error {
	return fmt.Errorf("piece %s of %s: %w", p.Name, r.src.Name, errRow)
}

func (r *Reader) open(p Piece) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	packed, err := r.src.Piece(r.ctx, p)
	if err != nil {
		return err
	}
	if err := r.unpack(packed, int(p.Size)); err != nil {
		return fmt.Errorf("piece %s of %s cannot be unpacked: %w", p.Name, r.src.Name, err)
	}
	r.left = p.Rows
	if r.digest != nil {
		r.digest.add(r.raw, p.Rows)
	}
	r.meter.add(p.Rows)
	return nil
}

// unpack unpacks what must be of one size.
func (r *Reader) unpack(packed []byte, size int) error {
	if err := r.z.Reset(bytes.NewReader(packed)); err != nil {
		return err
	}
	if cap(r.room) < size {
		r.room = make([]byte, size)
	}
	r.raw = r.room[:size]
	if _, err := io.ReadFull(&r.z, r.raw); err != nil {
		return err
	}
	if n, err := r.z.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return fmt.Errorf("there is more than %d bytes, or it is not as it was packed (%w)", size, cmp.Or(err, errRow))
	}
	return nil
}

// Check reads a backup to its end without restoring it: every piece is there and what was
// written, its rows can be read and are those of the table.
func Check(ctx context.Context, src *Source, tell Tell) error {
	r, err := NewReader(ctx, src, "check", tell)
	if err != nil {
		return err
	}
	d := newDigest()
	r.digest = d
	for {
		t, err := r.Table()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := d.Table(t); err != nil {
			return err
		}
		for err == nil {
			_, err = r.Row()
		}
		if err != io.EOF {
			return err
		}
	}
	if err := d.End(); err != nil {
		return err
	}
	if err := Same(src.Manifest.Tables, d); err != nil {
		return fmt.Errorf("%s is not what was written: %w", src.Name, err)
	}
	return nil
}
