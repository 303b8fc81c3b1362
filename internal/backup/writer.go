package backup

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/core"
)

// Sizes of pieces, not compressed: one is closed when it has this much, and none has more
// than that and the largest row there can be.
const (
	pieceSize = 4 << 20
	mostSize  = 256 << 20
)

// Place takes the pieces of a backup.
type Place interface {
	// Put takes one piece, or at last the manifest.
	Put(ctx context.Context, name string, b []byte) error
	// Keep makes the backup one, after the manifest was put.
	Keep(ctx context.Context) error
	// Drop takes away what there is, where Keep has not made a backup of it.
	Drop() error
}

// Request is what is to be written, and where.
type Request struct {
	// Read is a store's Dump, or asks one for it.
	Read   func(context.Context, core.Taker) error
	Place  Place
	Docket string                    // the version of this program
	Begun  func(core.Snapshot) error // hears of the snapshot before any piece is put; nil: nobody
	Tell   Tell                      // nil: nobody
}

// Write hands a desk over to a place. Where anything fails nothing is left there that looks
// whole. It never holds more than a few pieces: while the store goes on reading, the piece
// before is compressed and put.
func Write(ctx context.Context, r Request) (Manifest, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &putter{Request: r, meter: metering(r.Tell, "backup", 0), hash: sha256.New()}
	w := &writer{ctx: ctx, putter: p, next: make(chan job), spare: make(chan []byte, 2)}
	done := make(chan error, 1)
	go func() {
		err := p.run(ctx, w.next, w.spare)
		if err != nil {
			cancel() // so that the store stops reading
		}
		done <- err
	}()
	err := r.Read(ctx, w)
	close(w.next)
	if cause := <-done; cause != nil { // why the store was stopped
		err = cause
	}
	if err == nil && !w.ended {
		err = errStopped
	}
	if err == nil {
		err = p.end(ctx)
	}
	if err != nil {
		_ = r.Place.Drop() // why there is no backup is what counts
	}
	return p.manifest, err
}

// writer is the core.Taker: it gathers rows and hands them to the putter.
type writer struct {
	ctx    context.Context
	putter *putter
	raw    []byte
	rows   int64
	ended  bool
	next   chan job
	spare  chan []byte
}

// job is a piece on its way or, with a table, its beginning.
type job struct {
	table *Table
	raw   []byte
	rows  int64
}

// Begin implements core.Taker. Nothing is on its way yet.
func (w *writer) Begin(s core.Snapshot) error {
	w.putter.manifest = manifestOf(s, w.putter.Docket)
	w.putter.meter.now.Of = s.Rows()
	if w.putter.Begun == nil {
		return nil
	}
	return w.putter.Begun(s)
}

// Table implements core.Taker.
func (w *writer) Table(t core.Table) error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.send(job{table: &Table{Name: t.Name, Columns: t.Columns, Pieces: []Piece{}}})
}

// Row implements core.Taker.
func (w *writer) Row(values []core.Value) error {
	w.raw = appendRow(w.raw, values)
	w.rows++
	if len(w.raw) < pieceSize {
		return nil
	}
	return w.flush()
}

// End implements core.Taker.
func (w *writer) End() error {
	w.ended = true
	return w.flush()
}

// flush hands over what was gathered, and goes on in other memory.
func (w *writer) flush() error {
	if w.rows == 0 {
		return nil
	}
	if err := w.send(job{raw: w.raw, rows: w.rows}); err != nil {
		return err
	}
	w.rows = 0
	select {
	case w.raw = <-w.spare:
	default:
		w.raw = make([]byte, 0, pieceSize+pieceSize/8)
	}
	return nil
}

func (w *writer) send(j job) error {
	select {
	case w.next <- j:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// putter compresses pieces and puts them.
type putter struct {
	Request
	meter    meter
	manifest Manifest
	hash     hash.Hash // of the table under way
	pieces   int
	packed   bytes.Buffer
}

func (p *putter) run(ctx context.Context, next <-chan job, spare chan<- []byte) error {
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		return err
	}
	for j := range next {
		if j.table != nil {
			p.closeTable()
			p.manifest.Tables = append(p.manifest.Tables, *j.table)
			continue
		}
		p.packed.Reset()
		z.Reset(&p.packed)
		if _, err = z.Write(j.raw); err == nil {
			err = z.Close()
		}
		if err == nil {
			err = p.put(ctx, j)
		}
		if err != nil {
			return err
		}
		select {
		case spare <- j.raw[:0]:
		default:
		}
	}
	p.closeTable()
	return nil
}

func (p *putter) put(ctx context.Context, j job) error {
	t := &p.manifest.Tables[len(p.manifest.Tables)-1]
	p.pieces++
	one := Piece{Name: nameOf(p.pieces, t.Name, j.rows), Rows: j.rows, Bytes: int64(p.packed.Len()), Size: int64(len(j.raw)), Sum: sum(p.packed.Bytes())}
	p.hash.Write(j.raw)
	if err := p.Place.Put(ctx, one.Name, p.packed.Bytes()); err != nil {
		return err
	}
	t.Pieces, t.Rows = append(t.Pieces, one), t.Rows+j.rows
	p.manifest.Rows, p.manifest.Bytes = p.manifest.Rows+j.rows, p.manifest.Bytes+one.Bytes
	p.meter.add(j.rows)
	return nil
}

// nameOf is a piece's name: they sort in their order, and how many rows one has can be
// told while a backup comes over a wire.
func nameOf(n int, table string, rows int64) string {
	return fmt.Sprintf("%06d-%s-%d.gz", n, table, rows)
}

// rowsOf reads nameOf; 0 where it is none.
func rowsOf(name string) int64 {
	_, end, _ := strings.Cut(strings.TrimSuffix(name, ".gz"), "-")
	_, end, _ = strings.Cut(end, "-")
	rows, _ := strconv.ParseInt(end, 10, 64) // for telling alone
	return rows
}

func (p *putter) closeTable() {
	if n := len(p.manifest.Tables); n > 0 {
		p.manifest.Tables[n-1].Sum = hex.EncodeToString(p.hash.Sum(nil))
	}
	p.hash.Reset()
}

// end puts the manifest, which makes the backup one.
func (p *putter) end(ctx context.Context) error {
	b, err := p.manifest.sealed()
	if err != nil {
		return err
	}
	if p.manifest, err = readManifest(b); err != nil { // as whoever reads it will
		return err
	}
	if err := p.Place.Put(ctx, ManifestName, b); err != nil {
		return err
	}
	return p.Place.Keep(ctx)
}
