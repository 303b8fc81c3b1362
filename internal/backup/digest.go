package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"github.com/docket-desk/docket/internal/core"
)

// Digest is a core.Taker that keeps of each table how many rows it has and the SHA-256 of
// them all.
type Digest struct {
	tables []Table
	of     int64 // rows of the table under way
	hash   hash.Hash
	meter  meter
	raw    []byte // gathered, and not yet taken in
	rows   int64  // in it
}

func newDigest() *Digest { return &Digest{hash: sha256.New()} }

// Read takes the digest of what a store hands over; doing says to what end.
func Read(ctx context.Context, doing string, tell Tell, read func(context.Context, core.Taker) error) (*Digest, error) {
	d := newDigest()
	d.meter = metering(tell, doing, 0)
	return d, read(ctx, d)
}

// Begin implements core.Taker.
func (d *Digest) Begin(s core.Snapshot) error {
	d.meter.now.Of = s.Rows()
	return nil
}

// Same says what two readings of a desk disagree about: what was taken, and what is there
// now.
func Same(taken []Table, now *Digest) error {
	if len(now.tables) != len(taken) {
		return fmt.Errorf("there are %d tables, and %d were taken", len(now.tables), len(taken))
	}
	for n, t := range taken {
		got := now.tables[n]
		switch {
		case got.Name != t.Name || !slices.Equal(got.Columns, t.Columns):
			return fmt.Errorf("table %s is not %s", got.Name, t.Name)
		case got.Rows != t.Rows:
			return fmt.Errorf("table %s has %d rows, and %d were taken", t.Name, got.Rows, t.Rows)
		case got.Sum != t.Sum:
			return fmt.Errorf("the rows of table %s are not those that were taken: their SHA-256 is %s, not %s", t.Name, got.Sum, t.Sum)
		}
	}
	return nil
}

// Tables are what it has found, without pieces.
func (d *Digest) Tables() []Table { return d.tables }

// Table implements core.Taker.
func (d *Digest) Table(t core.Table) error {
	d.close()
	d.tables = append(d.tables, Table{Name: t.Name, Columns: t.Columns})
	return nil
}

// Row implements core.Taker.
func (d *Digest) Row(values []core.Value) error {
	d.raw = appendRow(d.raw, values)
	d.rows++
	if len(d.raw) >= digested {
		d.flush()
	}
	return nil
}

// digested is how much is gathered at a time.
const digested = 1 << 20

// End implements core.Taker.
func (d *Digest) End() error { d.close(); return nil }

// add takes in rows as they are written, instead of Row.
func (d *Digest) add(raw []byte, rows int64) {
	d.hash.Write(raw)
	d.of += rows
	d.meter.add(rows)
}

func (d *Digest) flush() {
	d.add(d.raw, d.rows)
	d.raw, d.rows = d.raw[:0], 0
}

func (d *Digest) close() {
	if len(d.tables) == 0 {
		return
	}
	d.flush()
	t := &d.tables[len(d.tables)-1]
	t.Rows, t.Sum = d.of, hex.EncodeToString(d.hash.Sum(nil))
	d.of = 0
	d.hash.Reset()
}
