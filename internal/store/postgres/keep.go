package postgres

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/record"
)

// slot is a row that a batch keeps, read under a lock or written by an act of it.
type slot[T any] struct {
	v     T
	there bool // it exists
	was   bool // it is in the database
	dirty bool // it differs from what is there
}

type jobKey struct {
	subject id.ID
	kind    string
}

type shareKey struct {
	usage id.ID
	user  string
}

// keep is all that a batch keeps. What is not in it is not locked.
type keep struct {
	locked    map[id.ID]bool // customers, offerings and documents
	orders    map[id.ID]*slot[order.Order]
	lines     map[id.ID][]slot[order.Line] // of every order in orders
	entries   map[id.ID][]slot[ledger.Entry]
	resources map[id.ID]*slot[order.Resource]
	jobs      map[jobKey]*slot[core.Job]
	subjects  map[id.ID]bool // whose jobs are all in jobs
	balances  map[limit.Key]*slot[limit.Balance]
	idem      map[[16]byte]*slot[core.Idem]
	idemDays  map[[16]byte][]day.Day // of the rows in the database
	documents map[id.ID]*slot[core.Document]
	// What belongs to a resource is read when it is first asked for.
	terms      map[id.ID][]slot[order.Term]
	usages     map[id.ID][]slot[order.Usage]
	usagesFrom map[id.ID]day.Day // of which period on they are all there
	assets     map[id.ID][]slot[order.Asset]
	shares     map[shareKey]*slot[order.UserUsage]
	events     []core.Event
	added      record.Added
	undo       []func() // what the act under way has changed, to be taken back
}

func newKeep() *keep {
	return &keep{
		locked: map[id.ID]bool{}, orders: map[id.ID]*slot[order.Order]{}, lines: map[id.ID][]slot[order.Line]{}, entries: map[id.ID][]slot[ledger.Entry]{},
		resources: map[id.ID]*slot[order.Resource]{}, jobs: map[jobKey]*slot[core.Job]{}, subjects: map[id.ID]bool{}, balances: map[limit.Key]*slot[limit.Balance]{},
		idem: map[[16]byte]*slot[core.Idem]{}, idemDays: map[[16]byte][]day.Day{}, documents: map[id.ID]*slot[core.Document]{}, terms: map[id.ID][]slot[order.Term]{},
		usages: map[id.ID][]slot[order.Usage]{}, usagesFrom: map[id.ID]day.Day{}, assets: map[id.ID][]slot[order.Asset]{}, shares: map[shareKey]*slot[order.UserUsage]{},
	}
}

// put changes a row, so that it can be taken back.
func put[K comparable, T any](k *keep, rows map[K]*slot[T], key K, v T) {
	old, had := rows[key]
	if !had {
		rows[key] = &slot[T]{v: v, there: true, dirty: true}
		k.undo = append(k.undo, func() { delete(rows, key) })
		return
	}
	was := *old
	old.v, old.there, old.dirty = v, true, true
	k.undo = append(k.undo, func() { *old = was })
}

// drop deletes a row.
func drop[K comparable, T any](k *keep, rows map[K]*slot[T], key K) {
	old := rows[key]
	was := *old
	old.there, old.dirty = false, true
	k.undo = append(k.undo, func() { *old = was })
}

// add adds rows to a list that belongs to one record.
func add[T any](k *keep, lists map[id.ID][]slot[T], of id.ID, rows ...T) {
	old, had := lists[of]
	list := old[:len(old):len(old)] // the old one stays as it is
	for _, v := range rows {
		list = append(list, slot[T]{v: v, there: true, dirty: true})
	}
	lists[of] = list
	k.undo = append(k.undo, func() {
		if had {
			lists[of] = old
		} else {
			delete(lists, of)
		}
	})
}

// change replaces the row of a list that same finds; false where there is none.
func change[T any](k *keep, lists map[id.ID][]slot[T], of id.ID, v T, same func(T) bool) bool {
	list := lists[of]
	for n := range list {
		if same(list[n].v) {
			was := list[n]
			list[n].v, list[n].dirty = v, true
			k.undo = append(k.undo, func() { list[n] = was })
			return true
		}
	}
	return false
}

// values are the rows of a list, a copy of its own.
func values[T any](list []slot[T]) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for n := range list {
		out[n] = list[n].v
	}
	return out
}

// stored is a row as it is in the database.
func stored[T any](v T) slot[T] { return slot[T]{v: v, there: true, was: true} }

// takeBack undoes what the act under way has changed.
func (k *keep) takeBack(events int, added record.Added) {
	for n := len(k.undo) - 1; n >= 0; n-- {
		k.undo[n]()
	}
	k.undo, k.events, k.added = k.undo[:0], k.events[:events], added
}

// held reports whether a customer, an offering or a document is locked.
func (k *keep) held(i id.ID) bool { return k.locked[i] }

// daysOf are the days that the entries of an order count on.
func (k *keep) daysOf(o id.ID) []day.Day {
	var out []day.Day
	for _, e := range k.entries[o] {
		out = append(out, e.v.CountsOn)
	}
	return unique(out)
}
