package sqlite

import (
	"slices"
	"sync"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
)

// idemIndex finds the row of a hash. It stands in for an index by hash, which would
// cost every order a page of its own: the rows are appended, and where each stands is
// kept here, some sixty bytes a row. Read at start; changed by commits alone.
type idemIndex struct {
	mu   sync.RWMutex
	rows map[[16]byte]idemPlace
}

type idemPlace struct {
	seq int64
	day day.Day
}

// idemChanges are those of a transaction, forgotten when it is rolled back.
type idemChanges struct {
	put    map[[16]byte]idemPlace
	before *day.Day // rows of earlier days were dropped
}

func (x *idemIndex) load(c *conn) error {
	s, err := c.c.Prepare("SELECT seq, day, hash FROM idem")
	if err != nil {
		return err
	}
	rows := map[[16]byte]idemPlace{}
	for {
		ok, err := s.Step()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		var hash [16]byte
		s.ColumnBytes(2, hash[:])
		rows[hash] = idemPlace{s.ColumnInt64(0), day.Day(s.ColumnInt64(1))}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows = rows
	return nil
}

func (x *idemIndex) find(hash [16]byte) (idemPlace, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	p, ok := x.rows[hash]
	return p, ok
}

// keep takes over the changes of a transaction that was committed.
func (x *idemIndex) keep(c idemChanges) {
	if c.put == nil && c.before == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if c.before != nil {
		for h, p := range x.rows {
			if p.day < *c.before {
				delete(x.rows, h)
			}
		}
	}
	for h, p := range c.put {
		x.rows[h] = p
	}
}

// place finds the row of a hash as the transaction sees it.
func (r *reader) place(hash [16]byte) (idemPlace, bool) {
	if r.own != nil {
		if p, ok := r.own.put[hash]; ok {
			return p, true
		}
	}
	p, ok := r.store.idem.find(hash)
	if ok && r.own != nil && r.own.before != nil && p.day < *r.own.before {
		return p, false
	}
	return p, ok
}

var idems = newTable("idem", 1, "seq, day, hash, body, about_id, at", func(f *fields, i *idemRow) {
	num(f, &i.seq)
	num(f, &i.Day)
	fixed(f, i.Hash[:])
	fixed(f, i.Body[:])
	num(f, &i.About)
	at(f, &i.At)
})

type idemRow struct {
	seq int64
	core.Idem
}

var (
	idemBySeq  = idems.where("WHERE seq = ?1 AND hash = ?2") // the hash too: a snapshot may be older than the index
	idemByHash = idems.where("WHERE hash = ?1")
)

func (r *reader) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	var found []idemRow
	var err error
	if r.store.opts.ReadOnly { // another process has the index
		found, err = idemByHash.all(r, octets(hash[:]))
	} else if p, ok := r.place(hash); ok {
		found, err = idemBySeq.all(r, num64(p.seq), octets(hash[:]))
	}
	if err != nil {
		return core.Idem{}, err
	}
	for _, row := range found {
		if slices.Contains(days, row.Day) {
			return row.Idem, nil
		}
	}
	return core.Idem{}, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "idem"}, Msg: "There was no such request."}
}

func (tx *tx) PutIdem(i core.Idem) error {
	row := idemRow{Idem: i}
	p, ok := tx.place(i.Hash)
	if ok {
		row.seq = p.seq
	} else {
		last, err := tx.nextIdem()
		if err != nil {
			return err
		}
		row.seq = last
	}
	if err := put(tx, idems, &row); err != nil {
		return err
	}
	if tx.idem.put == nil {
		tx.idem.put = map[[16]byte]idemPlace{}
	}
	tx.idem.put[i.Hash] = idemPlace{row.seq, i.Day}
	return nil
}

// nextIdem is the place after the last row.
func (tx *tx) nextIdem() (int64, error) {
	s, err := tx.change("SELECT coalesce(max(seq), 0) + 1 FROM idem")
	if err != nil {
		return 0, err
	}
	if _, err := s.Step(); err != nil {
		return 0, tx.spoil(tx.failure("write idem", err))
	}
	n := s.ColumnInt64(0)
	return n, s.Reset()
}

func (tx *tx) DropIdem(before day.Day) error {
	if _, err := tx.exec("drop idem", "DELETE FROM idem WHERE day < ?1", num64(before)); err != nil {
		return err
	}
	for h, p := range tx.idem.put {
		if p.day < before {
			delete(tx.idem.put, h)
		}
	}
	if tx.idem.before == nil || *tx.idem.before < before {
		tx.idem.before = &before
	}
	return nil
}
