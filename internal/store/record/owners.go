package record

import (
	"cmp"
	"slices"
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
	ownerships = newTable("order_owners", 3, "project_id, user_id, customer_id", func(f *Fields, o *ownership) {
		num(f, &o.project)
		num(f, &o.user)
		num(f, &o.customer)
	})
	sources = newTable("order_sources", 2, "offering_id, provider_id", func(f *Fields, s *source) {
		num(f, &s.offering)
		num(f, &s.provider)
	})
)

// Owners are the rows that are in these tables, so that writing an order asks memory.
// Read at start; added to by commits alone. Several processes over one database each
// know what they have written themselves, and write the rest again to no effect.
type Owners struct {
	mu      sync.RWMutex
	owners  map[ownership]bool
	sources map[source]bool
}

// Added are those of a transaction, forgotten when it is rolled back.
type Added struct {
	owners  []ownership
	sources []source
}

// Load reads them all.
func (x *Owners) Load(r *Reader) error {
	owners, err := gather(r, ownerships.selects("")+" FROM "+ownerships.Name, false, ownerships.Each, nil)
	if err != nil {
		return err
	}
	froms, err := gather(r, sources.selects("")+" FROM "+sources.Name, false, sources.Each, nil)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.owners, x.sources = map[ownership]bool{}, map[source]bool{}
	x.add(Added{owners, froms})
	return nil
}

// Forget knows of none any more: they are written again, to no effect where they are there.
func (x *Owners) Forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.owners, x.sources = map[ownership]bool{}, map[source]bool{}
}

func (x *Owners) add(a Added) {
	for _, o := range a.owners {
		x.owners[o] = true
	}
	for _, s := range a.sources {
		x.sources[s] = true
	}
}

func (x *Owners) has(o ownership, s source) (bool, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.owners[o], x.sources[s]
}

// Keep takes over what a transaction that was committed added.
func (x *Owners) Keep(a Added) {
	if len(a.owners)+len(a.sources) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.add(a)
}

// Note adds to a what is not known yet of a row that is written: to whom it belongs, and
// whence it comes.
func (x *Owners) Note(a *Added, customer, project, user, offering, provider id.ID) {
	o, s := ownership{customer, project, user}, source{offering, provider}
	owner, from := x.has(o, s)
	if !owner && !slices.Contains(a.owners, o) {
		a.owners = append(a.owners, o)
	}
	if !from && !slices.Contains(a.sources, s) {
		a.sources = append(a.sources, s)
	}
}

// Each hands every row of a to a table's function: for a store that writes many at once.
// They come sorted, for two processes that write the same ones wait for each other.
func (a *Added) Each(owner, origin func(each func(*Fields))) {
	owners := slices.SortedFunc(slices.Values(a.owners), func(x, y ownership) int {
		return cmp.Or(cmp.Compare(x.project, y.project), cmp.Compare(x.user, y.user), cmp.Compare(x.customer, y.customer))
	})
	for i := range owners {
		owner(func(f *Fields) { ownerships.Each(f, &owners[i]) })
	}
	origins := slices.SortedFunc(slices.Values(a.sources), func(x, y source) int {
		return cmp.Or(cmp.Compare(x.offering, y.offering), cmp.Compare(x.provider, y.provider))
	})
	for i := range origins {
		origin(func(f *Fields) { sources.Each(f, &origins[i]) })
	}
}

// noteOwners notes to whom a row belongs that was just written, and whence it comes.
func (tx *Tx) noteOwners(o ownership, s source) error {
	owner, from := tx.Owners.has(o, s)
	if !owner {
		if err := put(tx, ownerships, &o); err != nil {
			return err
		}
		tx.Added.owners = append(tx.Added.owners, o)
	}
	if !from {
		if err := put(tx, sources, &s); err != nil {
			return err
		}
		tx.Added.sources = append(tx.Added.sources, s)
	}
	return nil
}

// customersOf are the customers among whose rows those of projects and of users are.
func (r *Reader) customersOf(projects, users []id.ID) ([]id.ID, error) {
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
func (r *Reader) providersOf(offerings []id.ID) ([]id.ID, error) {
	if len(offerings) == 0 {
		return nil, nil
	}
	sql, a := among("offering_id", offerings)
	return ids(r, "SELECT DISTINCT provider_id FROM order_sources WHERE "+sql, []Arg{a})
}

// offeringsOf are the offerings from which rows of providers come.
func (r *Reader) offeringsOf(providers []id.ID) ([]id.ID, error) {
	if len(providers) == 0 {
		return nil, nil
	}
	sql, a := among("provider_id", providers)
	return ids(r, "SELECT DISTINCT offering_id FROM order_sources WHERE "+sql, []Arg{a})
}

// ids runs a query of one column of ids.
func ids(r *Reader, sql string, args []Arg) ([]id.ID, error) {
	return gather(r, sql, true, num[id.ID], args)
}
