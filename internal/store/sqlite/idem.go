package sqlite

import (
	"slices"
	"strconv"
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

// place finds the row of a hash; own are the changes of the transaction that asks.
func (x *idemIndex) place(hash [16]byte, own *idemChanges) (idemPlace, bool) {
	if own != nil {
		if p, ok := own.put[hash]; ok || own.gone[hash] {
			return p, ok
		}
	}
	return x.find(hash)
}

const idemColumns = "SELECT seq, day, hash, body, about_id, at FROM idem"

// remembered reads rows of a request that are of one of the days.
func remembered(e record.Engine, days []day.Day, where string, args ...record.Arg) (core.Idem, error) {
	var got core.Idem
	found := false
	err := e.Query(idemColumns+where, false, args, func(row record.Row) {
		if i := readIdem(row); !found && slices.Contains(days, i.Day) {
			got, found = i, true
		}
	})
	if err == nil && !found {
		err = noRequest()
	}
	return got, err
}

func readIdem(row record.Row) core.Idem {
	i := core.Idem{Day: day.Day(row.Int(1)), About: id.ID(row.Int(4)), At: time.UnixMicro(row.Int(5)).UTC()}
	copy(i.Hash[:], row.Bytes(2))
	copy(i.Body[:], row.Bytes(3))
	return i
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

// DropIdem finds old rows at the beginning, where the table grows away from, and looks no
// further than there are any.
func (tx *tx) DropIdem(before day.Day, most int) (int, error) {
	own := &tx.batch.idem
	n := tx.batch.store.idem.older(before)
	for _, p := range own.put {
		if p.day < before {
			n++
		}
	}
	if n = min(n, most); n == 0 {
		return 0, nil
	}
	const oldest = "(SELECT seq FROM idem WHERE day < ?1 ORDER BY seq LIMIT ?2)"
	var hashes [][16]byte
	bounds := []record.Arg{record.Number(before), record.Number(n)}
	if err := tx.Query("SELECT hash FROM idem WHERE seq IN "+oldest, false, bounds, func(row record.Row) { hashes = append(hashes, [16]byte(row.Bytes(0))) }); err != nil {
		return 0, tx.Spoil(err)
	}
	if _, err := tx.Exec("drop idem", "DELETE FROM idem WHERE seq IN "+oldest, record.With(bounds...)); err != nil {
		return 0, err
	}
	for _, h := range hashes {
		if own.gone == nil {
			own.gone = map[[16]byte]bool{}
		}
		own.gone[h] = true
		delete(own.put, h)
	}
	return len(hashes), nil
}

// AllIdem pages by the order in which the rows were appended.
func (r *reader) AllIdem(after string, n int) ([]core.Idem, string, error) {
	return allIdem(r, after, n)
}

func (tx *tx) AllIdem(after string, n int) ([]core.Idem, string, error) {
	return allIdem(tx, after, n)
}

func allIdem(e record.Engine, after string, n int) ([]core.Idem, string, error) {
	var seq int64
	if after != "" {
		var err error
		if seq, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, after, &core.Error{Kind: core.Invalid, Op: "idem", Msg: "This is no place among the requests.", Err: err}
		}
	}
	var out []core.Idem
	err := e.Query(idemColumns+" WHERE seq > ?1 ORDER BY seq LIMIT ?2", false, []record.Arg{record.Number(seq), record.Number(n)}, func(row record.Row) {
		out, after = append(out, readIdem(row)), strconv.FormatInt(row.Int(0), 10)
	})
	return out, after, err
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
