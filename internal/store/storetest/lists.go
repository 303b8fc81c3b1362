package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

func listsBetweenWrites(t *testing.T, s core.Store) { Lists(t, s) }

// Lists keeps the promise that a list is counted and paged as it is, whoever wrote to it
// between two pages. Stores are processes over one desk.
func Lists(t *testing.T, stores ...core.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 17))
	d := &longLists{}
	d.orders, d.resources = orderRows(t, stores[0], manyRows)
	d.made.Store(manyRows)
	update(t, stores[0], d.usagesAndDocuments)
	one := func(rnd *rand.Rand) core.Store { return stores[rnd.IntN(len(stores))] }
	for range 20 {
		for range 3 { // what the first look found the others are told
			look(t, one(rnd), rnd)
		}
		for range 1 + rnd.IntN(3) {
			d.write(t, one(rnd), rnd)
		}
	}
	atOnce(6, func(i int) {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		for range 5 {
			if i < 3 {
				look(t, one(rnd), rnd)
				continue
			}
			for range 6 {
				d.write(t, one(rnd), rnd)
			}
		}
	})
	look(t, one(rnd), rnd)
}

// manyRows are enough for lists that are remembered.
const manyRows = 900

// longLists is a desk with long lists.
type longLists struct {
	orders    []order.Order
	resources []order.Resource
	made      atomic.Int64 // numbers of records so far
}

var listedMonth = day.Day(19000)

func (d *longLists) usage(n int, month day.Day) order.Usage {
	of := d.resources[n%len(d.resources)]
	u := order.Usage{ID: madeID(n), Resource: of.ID, Offering: of.Offering, Component: id.ID(n/len(d.resources) + 1), Period: month, UpdatedAt: began}
	if n%7 > 0 {
		u.Reported = new(money.Micro)
	}
	return u
}

func (d *longLists) document(n int) core.Document {
	return core.Document{ID: madeID(n), Kind: []string{"site", "outpost"}[n%2], Customer: id.ID(n%3 + 1), Parent: 7, Name: fmt.Sprint("document ", n), Body: []byte(`{}`)}
}

func (d *longLists) usagesAndDocuments(tx core.Tx) error {
	for n := range manyRows {
		if err := errors.Join(tx.PutUsage(d.usage(n, listedMonth)), tx.PutDocument(d.document(n))); err != nil {
			return err
		}
		if n%2 == 0 {
			if err := tx.PutUserUsage(order.UserUsage{Usage: madeID(n), Username: "one"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// write changes something of what lists read, or something else.
func (d *longLists) write(t *testing.T, s core.Store, rnd *rand.Rand) {
	n := int(d.made.Add(1))
	o, res := d.orders[rnd.IntN(len(d.orders))], d.resources[rnd.IntN(len(d.resources))]
	usage, doc, what := rnd.IntN(manyRows), rnd.IntN(manyRows), rnd.IntN(9)
	on := []core.Touch{{}, {Scan: true}, {Orders: []id.ID{o.ID}, Resources: []id.ID{res.ID}}}[rnd.IntN(3)]
	if err := s.Update(t.Context(), on, func(tx core.Tx) error {
		switch what {
		case 0:
			o, r := d.orders[0], d.resources[0]
			o.ID, o.Resource, o.Type, o.HiddenAt, o.Rev = madeID(n), madeID(n), order.Create, nil, 0
			r.ID, r.Customer, r.Offering, r.Name, r.Rev = o.ID, o.Customer, o.Offering, fmt.Sprint("new ", n), 0
			return errors.Join(tx.InsertOrder(o), tx.InsertResource(r))
		case 1, 2:
			o, err := tx.Order(o.ID)
			if err != nil {
				return err
			}
			if o.Due++; o.HiddenAt != nil {
				o.HiddenAt = nil
			} else if what == 1 {
				o.HiddenAt = &began
			}
			return tx.UpdateOrder(o)
		case 3:
			r, err := tx.Resource(res.ID)
			if err != nil {
				return err
			}
			r.State, r.Name = order.ResourceStates()[n%4], fmt.Sprint("pool ", n)
			return tx.UpdateResource(r)
		case 4:
			return tx.PutUsage(d.usage(n, listedMonth))
		case 5:
			u := d.usage(usage, listedMonth)
			if u.Reported = nil; n%2 == 0 {
				u.Reported = new(money.Micro)
			}
			return tx.PutUsage(u)
		case 6:
			return tx.PutUserUsage(order.UserUsage{Usage: madeID(usage), Username: fmt.Sprint("user ", n)})
		case 7:
			old, err := tx.Document(madeID(doc))
			if err != nil {
				return err
			}
			if old.RemovedAt == nil {
				old.RemovedAt = &began
			} else {
				old.RemovedAt = nil
			}
			return errors.Join(tx.PutDocument(old), tx.PutDocument(d.document(n)))
		}
		return tx.PutMeta("else", fmt.Sprint(n))
	}); err != nil {
		t.Errorf("write %d: %v", what, err)
	}
}

// longList is one list as it is asked for page by page; keys tell its rows apart.
type longList struct {
	name  string
	keys  func(r core.Reader, p core.Page) ([]string, error)
	count func(r core.Reader) (int, error)
}

// listOf makes a long list of a query.
func listOf[Q, T any](name string, q Q, page func(*Q) *core.Page, key func(T) string, list func(core.Reader, Q) ([]T, error), count func(core.Reader, Q) (int, error)) longList {
	return longList{name, func(r core.Reader, p core.Page) ([]string, error) {
		q := q
		*page(&q) = p
		rows, err := list(r, q)
		keys := make([]string, len(rows))
		for n, v := range rows {
			keys[n] = key(v)
		}
		return keys, err
	}, func(r core.Reader) (int, error) { return count(r, q) }}
}

func ordersOf(name string, q core.OrderQuery) longList {
	return listOf(name, q, func(q *core.OrderQuery) *core.Page { return &q.Page }, func(o order.Order) string { return fmt.Sprint(o.ID) },
		core.Reader.Orders, core.Reader.CountOrders)
}

func resourcesOf(name string, q core.ResourceQuery) longList {
	return listOf(name, q, func(q *core.ResourceQuery) *core.Page { return &q.Page }, func(r order.Resource) string { return fmt.Sprint(r.ID) },
		core.Reader.Resources, core.Reader.CountResources)
}

func usagesOf(name string, q core.UsageQuery) longList {
	return listOf(name, q, func(q *core.UsageQuery) *core.Page { return &q.Page }, func(u order.Usage) string { return fmt.Sprint(u.ID) },
		core.Reader.Usages, core.Reader.CountUsages)
}

var allLongLists = []longList{
	ordersOf("a provider's orders", core.OrderQuery{Providers: []id.ID{30, 31}}),
	ordersOf("hidden ones too", core.OrderQuery{Providers: []id.ID{30, 32}, Hidden: true}),
	ordersOf("two customers' orders", core.OrderQuery{Customers: []id.ID{1, 2}}),
	ordersOf("orders seen", core.OrderQuery{Any: &core.Sight{Customers: []id.ID{2}, Providers: []id.ID{31}}}),
	ordersOf("orders by cost", core.OrderQuery{SortBy: "cost"}),
	ordersOf("orders of resources by name", core.OrderQuery{Words: "l"}),
	resourcesOf("an offering's resources", core.ResourceQuery{Offerings: []id.ID{40, 41, 42, 43, 45}, States: order.ResourceStates()[:5]}),
	resourcesOf("customers' resources", core.ResourceQuery{Customers: []id.ID{1, 2, 3}}),
	usagesOf("what was reported of offerings in a month", core.UsageQuery{Offerings: []id.ID{40, 41, 42, 43}, From: &listedMonth, To: &listedMonth, ReportedOnly: true}),
	usagesOf("customers' usages", core.UsageQuery{Customers: []id.ID{1, 2, 3}}),
	listOf("users' parts", core.UserUsageQuery{}, func(q *core.UserUsageQuery) *core.Page { return &q.Page },
		func(u order.UserUsage) string { return fmt.Sprint(u.Usage, u.Username) }, core.Reader.UserUsageList, core.Reader.CountUserUsages),
	listOf("documents", core.DocumentQuery{Kind: "site"}, func(q *core.DocumentQuery) *core.Page { return &q.Page },
		func(d core.Document) string { return fmt.Sprint(d.ID) }, core.Reader.Documents, core.Reader.CountDocuments),
}

// look compares what some lists say of themselves, counted and page by page, with all their
// rows.
func look(t *testing.T, s core.Store, rnd *rand.Rand) {
	for range 3 {
		l, up := allLongLists[rnd.IntN(len(allLongLists))], rnd.IntN(4) > 0
		if err := s.View(t.Context(), func(r core.Reader) error {
			all, err := l.keys(r, core.Page{Limit: 1 << 30, Ascending: up})
			if err != nil {
				return err
			}
			if n, err := l.count(r); err != nil || n != len(all) {
				t.Errorf("%s: counted %d, %v; there are %d", l.name, n, err, len(all))
			}
			if len(all) < 300 {
				t.Errorf("%s: %d rows are too few to be remembered", l.name, len(all))
			}
			size := 100 + 100*rnd.IntN(3)
			for page := rnd.IntN(4); page*size <= len(all); page += 1 + rnd.IntN(3) {
				skip := page * size
				got, err := l.keys(r, core.Page{Skip: skip, Limit: size, Ascending: up})
				if want := all[skip:min(skip+size, len(all))]; err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: %d rows from %d on are %v, %v; want %v", l.name, size, skip, got, err, want)
				}
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
	}
	lookAtParts(t, s)
}

// lookAtParts compares what is counted by project with the resources there are.
func lookAtParts(t *testing.T, s core.Store) {
	if err := s.View(t.Context(), func(r core.Reader) error {
		q := core.ResourceQuery{Offerings: []id.ID{40, 41, 42, 43, 45}, States: order.ResourceStates()[:5]}
		parts, err := r.Tally(q)
		q.Limit = 1 << 30
		rows, err2 := r.Resources(q)
		there := map[core.Tally]int{}
		for _, res := range rows {
			there[core.Tally{Project: res.Project, Offering: res.Offering}]++
		}
		for _, p := range parts {
			if n := p.Resources; there[core.Tally{Project: p.Project, Offering: p.Offering}] != n {
				t.Errorf("project %d is counted %d of offering %d", p.Project, n, p.Offering)
			}
		}
		if len(parts) != len(there) {
			t.Errorf("there are %d parts, and %d are counted", len(there), len(parts))
		}
		return errors.Join(err, err2)
	}); err != nil {
		t.Errorf("parts: %v", err)
	}
}
