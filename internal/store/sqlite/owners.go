package sqlite

import (
	"sync"

	"github.com/docket-desk/docket/internal/id"
)

// Each order and resource belongs to a customer, a project, a user, and comes from an
// offering and its provider. Two tables have each such combination once: far fewer
// rows than orders, and seldom a new one. They lead from a project or a user to the
// customers, and from an offering to the provider, by which orders are indexed; indexes
// over all orders would cost each of them a page. They only lead: what leads too far
// (a combination no row has any more) costs time and shows nothing.
type (
	ownership struct{ customer, project, user id.ID }
	source    struct{ offering, provider id.ID }
)

var (
	ownerships = newTable("order_owners", 3, "project_id, user_id, customer_id", func(f *fields, o *ownership) {
		num(f, &o.project)
		num(f, &o.user)
		num(f, &o.customer)
	})
	sources = newTable("order_sources", 2, "offering_id, provider_id", func(f *fields, s *source) {
		num(f, &s.offering)
		num(f, &s.provider)
	})
)

// known are the rows that are in such a table, so that writing an order asks memory.
// Read at start; added to by commits alone.
type known[K comparable] struct {
	mu   sync.RWMutex
	rows map[K]bool
}

func (x *known[K]) load(c *conn, t *table[K]) error {
	s, err := c.c.Prepare(t.selects("") + " FROM " + t.name)
	if err != nil {
		return err
	}
	rows := map[K]bool{}
	for {
		ok, err := s.Step()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		var k K
		t.each(&fields{s: s}, &k)
		rows[k] = true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rows = rows
	return nil
}

func (x *known[K]) has(k K) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.rows[k]
}

// keep takes over what a transaction that was committed added.
func (x *known[K]) keep(added []K) {
	if len(added) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, k := range added {
		x.rows[k] = true
	}
}

// note adds a combination that is not known yet and returns what the transaction added.
func note[K comparable](tx *tx, x *known[K], t *table[K], k K, added []K) ([]K, error) {
	if x.has(k) {
		return added, nil
	}
	return append(added, k), put(tx, t, &k)
}

// noteOwners notes to whom a row belongs that was just written, and whence it comes.
func (tx *tx) noteOwners(o ownership, s source) (err error) {
	if tx.owners, err = note(tx, &tx.store.owners, ownerships, o, tx.owners); err == nil {
		tx.sources, err = note(tx, &tx.store.sources, sources, s, tx.sources)
	}
	return err
}

// customersOf are the customers among whose rows those of projects and of users are.
func (r *reader) customersOf(projects, users []id.ID) ([]id.ID, error) {
	var w where
	var parts []string
	if len(projects) > 0 {
		sql, a := among("project_id", projects)
		parts, w.args = append(parts, sql), append(w.args, a)
	}
	if len(users) > 0 {
		sql, a := among("user_id", users)
		parts, w.args = append(parts, sql), append(w.args, a)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	w.either(parts)
	return ids(r, "SELECT DISTINCT customer_id FROM order_owners"+w.sql(), w.args)
}

// providersOf are the providers from which rows of offerings come.
func (r *reader) providersOf(offerings []id.ID) ([]id.ID, error) {
	if len(offerings) == 0 {
		return nil, nil
	}
	sql, a := among("offering_id", offerings)
	return ids(r, "SELECT DISTINCT provider_id FROM order_sources WHERE "+sql, []arg{a})
}

// offeringsOf are the offerings from which rows of providers come.
func (r *reader) offeringsOf(providers []id.ID) ([]id.ID, error) {
	if len(providers) == 0 {
		return nil, nil
	}
	sql, a := among("provider_id", providers)
	return ids(r, "SELECT DISTINCT offering_id FROM order_sources WHERE "+sql, []arg{a})
}

// ids runs a query of one column of ids.
func ids(r *reader, sql string, args []arg) ([]id.ID, error) {
	s, err := r.shaped(sql)
	if err != nil {
		return nil, err
	}
	return gather(r, s, num[id.ID], args)
}
