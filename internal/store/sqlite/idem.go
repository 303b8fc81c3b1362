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
	days map[day.Day]int // how many rows a day has
}

type idemPlace struct {
	seq int64
	day day.Day
}

// idemChanges are those of a transaction, forgotten when it is rolled back.
type idemChanges struct {
	put  map[[16]byte]idemPlace
	gone map[[16]byte]bool
}

func (x *idemIndex) load(c *conn) error {
	s, err := c.c.Prepare("SELECT seq, day, hash FROM idem")
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows, x.days = map[[16]byte]idemPlace{}, map[day.Day]int{}
	for {
		ok, err := s.Step()
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		var hash [16]byte
		s.ColumnBytes(2, hash[:])
		x.set(hash, idemPlace{s.ColumnInt64(0), day.Day(s.ColumnInt64(1))})
	}
}

func (x *idemIndex) set(hash [16]byte, p idemPlace) {
	x.forget(hash)
	x.rows[hash] = p
	x.days[p.day]++
}

func (x *idemIndex) forget(hash [16]byte) {
	p, ok := x.rows[hash]
	if !ok {
		return
	}
	delete(x.rows, hash)
	if x.days[p.day]--; x.days[p.day] == 0 {
		delete(x.days, p.day)
	}
}

// older counts the rows of days before.
func (x *idemIndex) older(before day.Day) (n int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for d, of := range x.days {
		if d < before {
			n += of
		}
	}
	return n
}

func (x *idemIndex) find(hash [16]byte) (idemPlace, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	p, ok := x.rows[hash]
	return p, ok
}

// keep takes over the changes of a transaction that was committed.
func (x *idemIndex) keep(c idemChanges) {
	if c.put == nil && c.gone == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for h := range c.gone {
		x.forget(h)
	}
	for h, p := range c.put {
		x.set(h, p)
	}
}

// place finds the row of a hash as the transaction sees it.
func (r *reader) place(hash [16]byte) (idemPlace, bool) {
	if r.own != nil {
		if p, ok := r.own.put[hash]; ok || r.own.gone[hash] {
			return p, ok
		}
	}
	return r.store.idem.find(hash)
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

// DropIdem finds old rows at the beginning, where the table grows away from, and looks no
// further than there are any.
func (tx *tx) DropIdem(before day.Day, most int) (int, error) {
	n := tx.store.idem.older(before)
	for _, p := range tx.idem.put {
		if p.day < before {
			n++
		}
	}
	if n = min(n, most); n == 0 {
		return 0, nil
	}
	s, err := tx.change("DELETE FROM idem WHERE seq IN (SELECT seq FROM idem WHERE day < ?1 ORDER BY seq LIMIT ?2) RETURNING hash")
	if err != nil {
		return 0, err
	}
	bind(s, []arg{num64(before), num64(n)})
	for n = 0; ; n++ {
		ok, err := s.Step()
		if err != nil {
			return 0, tx.spoil(tx.failure("drop idem", err))
		}
		if !ok {
			return n, nil
		}
		var hash [16]byte
		s.ColumnBytes(0, hash[:])
		if tx.idem.gone == nil {
			tx.idem.gone = map[[16]byte]bool{}
		}
		tx.idem.gone[hash] = true
		delete(tx.idem.put, hash)
	}
}
