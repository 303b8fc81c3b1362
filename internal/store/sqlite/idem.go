package sqlite

import (
	"slices"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/record"
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

// place finds the row of a hash; own are the changes of the transaction that asks.
func (x *idemIndex) place(hash [16]byte, own *idemChanges) (idemPlace, bool) {
	if own != nil {
		if p, ok := own.put[hash]; ok {
			return p, true
		}
	}
	p, ok := x.find(hash)
	if ok && own != nil && own.before != nil && p.day < *own.before {
		return p, false
	}
	return p, ok
}

const idemColumns = "SELECT seq, day, hash, body, about_id, at FROM idem"

// remembered reads rows of a request that are of one of the days.
func remembered(e record.Engine, days []day.Day, where string, args ...record.Arg) (core.Idem, error) {
	var got core.Idem
	found := false
	err := e.Query(idemColumns+where, false, args, func(row record.Row) {
		i := core.Idem{Day: day.Day(row.Int(1)), About: id.ID(row.Int(4)), At: time.UnixMicro(row.Int(5)).UTC()}
		if found || !slices.Contains(days, i.Day) {
			return
		}
		copy(i.Hash[:], row.Bytes(2))
		copy(i.Body[:], row.Bytes(3))
		got, found = i, true
	})
	if err == nil && !found {
		err = noRequest()
	}
	return got, err
}

func noRequest() error {
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "idem"}, Msg: "There was no such request."}
}

func (r *reader) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	if r.store.opts.ReadOnly { // another process has the index
		return remembered(r, days, " WHERE hash = ?1", record.Blob(hash[:]))
	}
	return r.store.remembered(r, days, hash, nil)
}

func (tx *tx) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	return tx.batch.store.remembered(tx, days, hash, &tx.batch.idem)
}

func (s *Store) remembered(e record.Engine, days []day.Day, hash [16]byte, own *idemChanges) (core.Idem, error) {
	p, ok := s.idem.place(hash, own)
	if !ok {
		return core.Idem{}, noRequest()
	}
	// The hash too: a snapshot may be older than the index.
	return remembered(e, days, " WHERE seq = ?1 AND hash = ?2", record.Number(p.seq), record.Blob(hash[:]))
}

func (tx *tx) PutIdem(i core.Idem) error {
	own := &tx.batch.idem
	p, ok := tx.batch.store.idem.place(i.Hash, own)
	if !ok {
		if err := tx.Query("SELECT coalesce(max(seq), 0) + 1 FROM idem", false, nil, func(row record.Row) { p.seq = row.Int(0) }); err != nil {
			return tx.Spoil(err)
		}
	}
	if _, err := tx.Exec("write idem", "INSERT INTO idem (seq, day, hash, body, about_id, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (seq) DO UPDATE SET "+
		"day = excluded.day, hash = excluded.hash, body = excluded.body, about_id = excluded.about_id, at = excluded.at", func(q record.Params) error {
		q.Int(0, p.seq)
		q.Int(1, int64(i.Day))
		q.Bytes(2, i.Hash[:])
		q.Bytes(3, i.Body[:])
		q.Int(4, int64(i.About))
		q.Int(5, i.At.UnixMicro())
		return nil
	}); err != nil {
		return err
	}
	if own.put == nil {
		own.put = map[[16]byte]idemPlace{}
	}
	own.put[i.Hash] = idemPlace{p.seq, i.Day}
	return nil
}

func (tx *tx) DropIdem(before day.Day) error {
	if _, err := tx.Exec("drop idem", "DELETE FROM idem WHERE day < ?1", func(q record.Params) error { q.Int(0, int64(before)); return nil }); err != nil {
		return err
	}
	own := &tx.batch.idem
	for h, p := range own.put {
		if p.day < before {
			delete(own.put, h)
		}
	}
	if own.before == nil || *own.before < before {
		own.before = &before
	}
	return nil
}

// InsertEvent gives the event the position after the last.
func (tx *tx) InsertEvent(e core.Event) error {
	e.Pos = tx.batch.pos + 1
	if err := tx.WriteEvent(e); err != nil {
		return err
	}
	tx.batch.pos = e.Pos
	return nil
}
