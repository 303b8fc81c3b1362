package storetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// orderRows puts orders of few owners, every third of them over the resource of an
// earlier one, and the resources.
func orderRows(t *testing.T, s core.Store, n int) ([]order.Order, []order.Resource) {
	t.Helper()
	f := newFiller(5)
	orders := world(t, s, n, f, func(i int, o *order.Order) {
		o.ID, o.Customer, o.Project, o.User = madeID(i), id.ID(i%4+1), id.ID(i%7+10), id.ID(i%5+20)
		o.Provider, o.Offering, o.Plan, o.Ref = id.ID(i%3+30), id.ID(i%6+40), id.ID(i%2+50), id.ID(i%5)
		o.Door, o.Name, o.Due = fmt.Sprint("door", i%4), names[i%len(names)], money.Micro(i%5)*money.Unit
		o.Type, o.Resource = order.Create, o.ID
		if i%3 == 2 {
			o.Type, o.Resource = order.Types()[1+i%3], madeID(i/3*3)
		}
		o.HiddenAt = nil
		if i%11 == 0 {
			o.HiddenAt = &began
		}
	}, core.Tx.InsertOrder)
	resources := []order.Resource{}
	update(t, s, func(tx core.Tx) error {
		resources = resources[:0]
		for i, o := range orders {
			if o.Type != order.Create {
				continue
			}
			var r order.Resource
			fill(f, &r)
			r.ID, r.Customer, r.Project, r.User, r.Provider, r.Offering, r.Plan, r.Ref = o.ID, o.Customer, o.Project, o.User, o.Provider, o.Offering, o.Plan, o.Ref
			r.Name, r.Slug, r.BackendID = names[(i+4)%len(names)], fmt.Sprint("res-", i%9), fmt.Sprint("backend_", i%8)
			if r.ChangedAt = (time.Time{}); i%4 > 1 {
				r.ChangedAt = r.ID.Time().Add(time.Duration(i%9)*40*time.Minute + 250*time.Microsecond)
			}
			if r.Live = i%4 == 0; r.Live {
				r.Name = fmt.Sprint("pool ", i)
			}
			if err := tx.InsertResource(r); err != nil {
				return err
			}
			r.Rev = 1
			resources = append(resources, r)
		}
		return nil
	})
	return orders, resources
}

// placed is a span whose ends fall within a millisecond.
var placedFrom, placedUntil = began.Add(37*30*time.Minute + 250*time.Microsecond), madeID(75).Time()

func orderQueries(t *testing.T, s core.Store) {
	rows, resources := orderRows(t, s, 130)
	byID := map[id.ID]order.Resource{}
	for _, r := range resources {
		byID[r.ID] = r
	}
	listing[core.OrderQuery, order.Order]{
		rows: rows, id: func(o order.Order) id.ID { return o.ID }, page: func(q *core.OrderQuery) *core.Page { return &q.Page },
		list: core.Reader.Orders, count: core.Reader.CountOrders,
		base:     func(q core.OrderQuery, o order.Order) bool { return q.Hidden || o.HiddenAt == nil },
		cases:    append(ownedOrders(rows), describedOrders(rows, byID)...),
		unlisted: []string{"SortBy", "RequestPath", "RequestContains"},
		sorts: []sortCase[core.OrderQuery, order.Order]{
			{name: "by cost", set: func(q *core.OrderQuery) { q.SortBy = "cost" }, compare: func(a, b order.Order) int { return cmp.Compare(a.Due, b.Due) }},
			{name: "by state", set: func(q *core.OrderQuery) { q.SortBy = "state" }, compare: func(a, b order.Order) int {
				return cmp.Compare(slices.Index(order.States(), a.State), slices.Index(order.States(), b.State))
			}},
			{name: "by consumer's time", set: func(q *core.OrderQuery) { q.SortBy = "consumer-at" }, compare: func(a, b order.Order) int { return compareTimes(a.ConsumerAt, b.ConsumerAt) }},
		},
	}.try(t, s)
	wantSeesNothing(t, s, func(r core.Reader) (int, error) { return r.CountOrders(core.OrderQuery{Any: &core.Sight{}}) })
	view(t, s, func(r core.Reader) error {
		if _, err := r.Orders(core.OrderQuery{SortBy: "colour"}); !errors.Is(err, core.Invalid) {
			t.Errorf("sorted by what there is not: %v, want invalid", err)
		}
		hidden, err := r.Order(rows[11].ID)
		if hidden.HiddenAt == nil {
			t.Error("a hidden order asked for by id is not there")
		}
		return err
	})
}

// compareTimes compares instants, the absent first.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

type orderCase = filterCase[core.OrderQuery, order.Order]

func ownedOrders(rows []order.Order) []orderCase {
	some := []id.ID{rows[3].ID, rows[8].ID, rows[60].ID, 99}
	over := []id.ID{rows[3].ID, rows[60].ID}
	parts := &core.Sight{Customers: []id.ID{3}, Projects: []id.ID{11, 12}, Users: []id.ID{24}}
	provided := &core.Sight{Providers: []id.ID{31}, Offerings: []id.ID{40, 41, 42}}
	return []orderCase{
		{"hidden too", func(q *core.OrderQuery) { q.Hidden = true }, func(order.Order) bool { return true }},
		{"sight of all", func(q *core.OrderQuery) { q.Any = &core.Sight{All: true} }, func(order.Order) bool { return true }},
		{"sight of a customer, projects, a user", func(q *core.OrderQuery) { q.Any = parts }, func(o order.Order) bool {
			return o.Customer == 3 || o.Project == 11 || o.Project == 12 || o.User == 24
		}},
		{"sight of a provider, offerings", func(q *core.OrderQuery) { q.Any = provided }, func(o order.Order) bool { return o.Provider == 31 || o.Offering < 43 }},
		{"sight of a user", func(q *core.OrderQuery) { q.Any = &core.Sight{Users: []id.ID{21}} }, func(o order.Order) bool { return o.User == 21 }},
		{"ids", func(q *core.OrderQuery) { q.IDs = some }, func(o order.Order) bool { return among(some, o.ID) }},
		{"a customer", func(q *core.OrderQuery) { q.Customers = []id.ID{2} }, func(o order.Order) bool { return o.Customer == 2 }},
		{"customers", func(q *core.OrderQuery) { q.Customers = []id.ID{1, 4} }, func(o order.Order) bool { return o.Customer == 1 || o.Customer == 4 }},
		{"a project", func(q *core.OrderQuery) { q.Projects = []id.ID{13} }, func(o order.Order) bool { return o.Project == 13 }},
		{"users", func(q *core.OrderQuery) { q.Users = []id.ID{20, 22} }, func(o order.Order) bool { return o.User == 20 || o.User == 22 }},
		{"a provider", func(q *core.OrderQuery) { q.Providers = []id.ID{32} }, func(o order.Order) bool { return o.Provider == 32 }},
		{"all offerings of a provider", func(q *core.OrderQuery) { q.Offerings = []id.ID{43, 40} }, func(o order.Order) bool { return o.Provider == 30 }},
		{"all offerings of a provider, hidden too", func(q *core.OrderQuery) { q.Offerings, q.Hidden = []id.ID{43, 40}, true }, func(o order.Order) bool { return o.Provider == 30 }},
		{"all offerings of a provider and one of another", func(q *core.OrderQuery) { q.Offerings = []id.ID{40, 41, 43} },
			func(o order.Order) bool { return o.Provider == 30 || o.Offering == 41 }},
		{"offerings", func(q *core.OrderQuery) { q.Offerings = []id.ID{40, 45} }, func(o order.Order) bool { return o.Offering == 40 || o.Offering == 45 }},
		{"plans", func(q *core.OrderQuery) { q.Plans = []id.ID{50, 52} }, func(o order.Order) bool { return o.Plan == 50 || o.Plan == 52 }},
		{"a resource", func(q *core.OrderQuery) { q.Resources = over[:1] }, func(o order.Order) bool { return o.Resource == over[0] }},
		{"resources", func(q *core.OrderQuery) { q.Resources = over }, func(o order.Order) bool { return among(over, o.Resource) }},
		{"ref", func(q *core.OrderQuery) { q.Ref = 3 }, func(o order.Order) bool { return o.Ref == 3 }},
		{"open ones of an offering", func(q *core.OrderQuery) {
			q.Offerings, q.States = []id.ID{43}, []order.State{order.PendingProvider, order.Executing}
		},
			func(o order.Order) bool {
				return o.Offering == 43 && (o.State == order.PendingProvider || o.State == order.Executing)
			}},
	}
}

func describedOrders(rows []order.Order, resources map[id.ID]order.Resource) []orderCase {
	since := began.Add(400 * time.Second)
	cases := []orderCase{
		{"a state", func(q *core.OrderQuery) { q.States = []order.State{order.Done} }, func(o order.Order) bool { return o.State == order.Done }},
		{"states, one of no order", func(q *core.OrderQuery) { q.States = []order.State{order.Erred, order.Executing, "lost"} },
			func(o order.Order) bool { return o.State == order.Erred || o.State == order.Executing }},
		{"an outcome", func(q *core.OrderQuery) { q.Outcomes = []order.Outcome{order.Partial} }, func(o order.Order) bool { return o.Outcome == order.Partial }},
		{"types", func(q *core.OrderQuery) { q.Types = []order.Type{order.Update, order.Terminate, order.Restore} }, func(o order.Order) bool { return o.Type != order.Create }},
		{"name", func(q *core.OrderQuery) { q.Name = "a_b" }, func(o order.Order) bool { return o.Name == "a_b" }},
		{"resource's name", func(q *core.OrderQuery) { q.ResourceName = "100% wool" }, func(o order.Order) bool { return resources[o.Resource].Name == "100% wool" }},
		{"doors", func(q *core.OrderQuery) { q.Doors = []string{"door1", "door'"} }, func(o order.Order) bool { return o.Door == "door1" }},
		{"placed in a span", func(q *core.OrderQuery) { q.From, q.Until = &placedFrom, &placedUntil },
			func(o order.Order) bool {
				return !o.CreatedAt().Before(placedFrom) && o.CreatedAt().Before(placedUntil)
			}},
		{"placed since an order's own instant", func(q *core.OrderQuery) { q.From = &placedUntil }, func(o order.Order) bool { return !o.CreatedAt().Before(placedUntil) }},
		{"placed until within a millisecond", func(q *core.OrderQuery) { q.Until = &placedFrom }, func(o order.Order) bool { return o.CreatedAt().Before(placedFrom) }},
		{"open or ended since", func(q *core.OrderQuery) { q.OpenOrEndedSince = &since },
			func(o order.Order) bool { return o.State.Open() || (o.EndedAt != nil && !o.EndedAt.Before(since)) }},
	}
	for _, w := range []string{"100%", "a_b", `K\s`, "ÅNGström", `"TE'`, "pool 1", "*"} {
		cases = append(cases, orderCase{"words " + w, func(q *core.OrderQuery) { q.Words = w },
			func(o order.Order) bool { return contains(w, o.Name, resources[o.Resource].Name) }})
	}
	return cases
}

func resourceQueries(t *testing.T, s core.Store) {
	_, rows := orderRows(t, s, 130)
	type c = filterCase[core.ResourceQuery, order.Resource]
	some := []id.ID{rows[3].ID, rows[8].ID, 99}
	see := &core.Sight{Customers: []id.ID{3}, Projects: []id.ID{11}, Providers: []id.ID{31}, Offerings: []id.ID{40}, Users: []id.ID{24}}
	cases := []c{
		{"sight", func(q *core.ResourceQuery) { q.Any = see }, func(r order.Resource) bool {
			return r.Customer == 3 || r.Project == 11 || r.Provider == 31 || r.Offering == 40 || r.User == 24
		}},
		{"sight of all", func(q *core.ResourceQuery) { q.Any = &core.Sight{All: true} }, func(order.Resource) bool { return true }},
		{"ids", func(q *core.ResourceQuery) { q.IDs = some }, func(r order.Resource) bool { return among(some, r.ID) }},
		{"a customer", func(q *core.ResourceQuery) { q.Customers = []id.ID{2} }, func(r order.Resource) bool { return r.Customer == 2 }},
		{"customers", func(q *core.ResourceQuery) { q.Customers = []id.ID{1, 3} }, func(r order.Resource) bool { return r.Customer%2 == 1 }},
		{"projects", func(q *core.ResourceQuery) { q.Projects = []id.ID{10, 12} }, func(r order.Resource) bool { return r.Project == 10 || r.Project == 12 }},
		{"providers", func(q *core.ResourceQuery) { q.Providers = []id.ID{30} }, func(r order.Resource) bool { return r.Provider == 30 }},
		{"offerings", func(q *core.ResourceQuery) { q.Offerings = []id.ID{40, 44} }, func(r order.Resource) bool { return r.Offering == 40 || r.Offering == 44 }},
		{"plans", func(q *core.ResourceQuery) { q.Plans = []id.ID{51} }, func(r order.Resource) bool { return r.Plan == 51 }},
		{"ref", func(q *core.ResourceQuery) { q.Ref = 2 }, func(r order.Resource) bool { return r.Ref == 2 }},
		{"states", func(q *core.ResourceQuery) { q.States = []order.ResourceState{order.OK, order.Terminated} },
			func(r order.Resource) bool { return r.State == order.OK || r.State == order.Terminated }},
		{"name", func(q *core.ResourceQuery) { q.Name = "plain" }, func(r order.Resource) bool { return r.Name == "plain" }},
		{"backend id", func(q *core.ResourceQuery) { q.BackendID = "backend_3" }, func(r order.Resource) bool { return r.BackendID == "backend_3" }},
		{"slug", func(q *core.ResourceQuery) { q.Slug = "res-4" }, func(r order.Resource) bool { return r.Slug == "res-4" }},
		{"unlinked too", func(q *core.ResourceQuery) { q.Hidden = true }, func(order.Resource) bool { return true }},
		{"unlinked ones of an offering", func(q *core.ResourceQuery) {
			q.Offerings, q.States, q.Hidden = []id.ID{40}, []order.ResourceState{order.Unlinked}, true
		},
			func(r order.Resource) bool { return r.Offering == 40 && r.State == order.Unlinked }},
		{"live", func(q *core.ResourceQuery) { q.Live = yes() }, func(r order.Resource) bool { return r.Live }},
		{"not live", func(q *core.ResourceQuery) { q.Live = no() }, func(r order.Resource) bool { return !r.Live }},
		{"made in a span", func(q *core.ResourceQuery) { q.From, q.Until = &placedFrom, &placedUntil },
			func(r order.Resource) bool { return !r.ID.Time().Before(placedFrom) && r.ID.Time().Before(placedUntil) }},
		{"changed since", func(q *core.ResourceQuery) { q.ChangedFrom = &placedFrom }, func(r order.Resource) bool { return !r.Changed().Before(placedFrom) }},
		{"changed before", func(q *core.ResourceQuery) { q.ChangedUntil = &placedFrom }, func(r order.Resource) bool { return r.Changed().Before(placedFrom) }},
		{"changed in a span", func(q *core.ResourceQuery) { q.ChangedFrom, q.ChangedUntil = &placedFrom, &placedUntil },
			func(r order.Resource) bool {
				return !r.Changed().Before(placedFrom) && r.Changed().Before(placedUntil)
			}},
	}
	for _, w := range []string{"0%", "d_5", `K\s`, "ångstRÖM", "pool 1", "res-1"} {
		cases = append(cases, c{"words " + w, func(q *core.ResourceQuery) { q.Words = w }, func(r order.Resource) bool { return contains(w, r.Name, r.Slug, r.BackendID) }})
	}
	for _, w := range []string{"A_", "POOL"} {
		cases = append(cases, c{"name contains " + w, func(q *core.ResourceQuery) { q.NameContains = w }, func(r order.Resource) bool { return contains(w, r.Name) }})
	}
	listing[core.ResourceQuery, order.Resource]{
		rows: rows, id: func(r order.Resource) id.ID { return r.ID }, page: func(q *core.ResourceQuery) *core.Page { return &q.Page },
		base: func(q core.ResourceQuery, r order.Resource) bool { return q.Hidden || r.State != order.Unlinked },
		list: core.Reader.Resources, count: core.Reader.CountResources, cases: cases, unlisted: []string{"SortBy"},
		sorts: []sortCase[core.ResourceQuery, order.Resource]{
			{name: "by name", set: func(q *core.ResourceQuery) { q.SortBy = "name" }, compare: func(a, b order.Resource) int { return cmp.Compare(a.Name, b.Name) }},
			{name: "by state", set: func(q *core.ResourceQuery) { q.SortBy = "state" }, compare: func(a, b order.Resource) int {
				return cmp.Compare(slices.Index(order.ResourceStates(), a.State), slices.Index(order.ResourceStates(), b.State))
			}},
		},
	}.try(t, s)
	wantSeesNothing(t, s, func(r core.Reader) (int, error) { return r.CountResources(core.ResourceQuery{Any: &core.Sight{}}) })
}

// resourceTally counts what a list has, whatever narrows it.
func resourceTally(t *testing.T, s core.Store) {
	_, resources := orderRows(t, s, 60)
	for name, tt := range map[string]struct {
		q    core.ResourceQuery
		want func(r order.Resource) bool
	}{
		"all":          {core.ResourceQuery{}, func(order.Resource) bool { return true }},
		"offerings":    {core.ResourceQuery{Offerings: []id.ID{41, 43}}, func(r order.Resource) bool { return r.Offering == 41 || r.Offering == 43 }},
		"projects":     {core.ResourceQuery{Projects: []id.ID{12}}, func(r order.Resource) bool { return r.Project == 12 }},
		"states":       {core.ResourceQuery{States: []order.ResourceState{order.OK, order.Creating}}, func(r order.Resource) bool { return r.State == order.OK || r.State == order.Creating }},
		"sight":        {core.ResourceQuery{Any: &core.Sight{Customers: []id.ID{2}, Providers: []id.ID{31}}}, func(r order.Resource) bool { return r.Customer == 2 || r.Provider == 31 }},
		"sees nothing": {core.ResourceQuery{Any: &core.Sight{}}, func(order.Resource) bool { return false }},
	} {
		type of struct{ project, offering id.ID }
		want, got := map[of]int{}, map[of]int{}
		for _, r := range resources {
			if tt.want(r) && r.State != order.Unlinked {
				want[of{r.Project, r.Offering}]++
			}
		}
		view(t, s, func(r core.Reader) error {
			list, err := r.Tally(tt.q)
			for _, x := range list {
				got[of{x.Project, x.Offering}] += x.Resources
			}
			if !slices.IsSortedFunc(list, func(a, b core.Tally) int {
				return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Offering, b.Offering))
			}) || len(list) != len(got) {
				t.Errorf("%s: not by project and offering, once each: %v", name, list)
			}
			return err
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func requestContains(t *testing.T, s core.Store) {
	requests := []string{
		`{"metadata":{"downstream_customer_id":"abdc-534"},"n":7}`,
		`{"metadata":{"downstream_customer_id":"ABDC-999","a.b":"dotted","we ird":"100%_x","":"empty"}}`,
		`{"metadata":"abdc"}`,
		`{"metadata":{"downstream_customer_id":534}}`,
		`{"metadata":{"downstream_customer_id":["abdc"]}}`,
		`{"metadata":{"downstream_customer_id":null,"yes":true}}`,
		`["abdc"]`,
		``,
	}
	update(t, s, func(tx core.Tx) error {
		for i, r := range requests {
			o := anOrder(id.ID(i + 1))
			o.Request = json.RawMessage(r)
			if err := tx.InsertOrder(o); err != nil {
				return err
			}
		}
		return nil
	})
	for name, tt := range map[string]struct {
		path []string
		text string
		want []id.ID
	}{
		"in any case":                  {[]string{"metadata", "downstream_customer_id"}, "bdC", []id.ID{1, 2}},
		"a part of it":                 {[]string{"metadata", "downstream_customer_id"}, "c-534", []id.ID{1}},
		"a text or a number":           {[]string{"metadata", "downstream_customer_id"}, "534", []id.ID{1, 4}},
		"a truth value":                {[]string{"metadata", "yes"}, "TRU", []id.ID{6}},
		"the key alone":                {[]string{"metadata", "downstream_customer_id"}, "", []id.ID{1, 2, 4}}, // no list, no null
		"the key of an object":         {[]string{"metadata"}, "", []id.ID{3}},
		"a shorter path":               {[]string{"metadata"}, "abdc", []id.ID{3}},
		"a key with a dot":             {[]string{"metadata", "a.b"}, "dot", []id.ID{2}},
		"a key with a space":           {[]string{"metadata", "we ird"}, "%_", []id.ID{2}},
		"no pattern":                   {[]string{"metadata", "we ird"}, "1%x", nil},
		"no such path":                 {[]string{"metadata", "nothing", "there"}, "a", nil},
		"a key that looks like a path": {[]string{"metadata.downstream_customer_id"}, "abdc", nil},
	} {
		t.Run(name, func(t *testing.T) {
			view(t, s, func(r core.Reader) error {
				got, err := r.Orders(core.OrderQuery{RequestPath: tt.path, RequestContains: tt.text, Page: core.Page{Ascending: true}})
				var ids []id.ID
				for _, o := range got {
					ids = append(ids, o.ID)
				}
				if !slices.Equal(ids, tt.want) {
					t.Errorf("found %v, want %v", ids, tt.want)
				}
				return err
			})
		})
	}
	view(t, s, func(r core.Reader) error {
		for _, key := range []string{`"`, `a"."b`, `\`, "a\x00"} { // found or refused, but never a fault
			if _, err := r.Orders(core.OrderQuery{RequestPath: []string{key}, RequestContains: "a"}); core.KindOf(err) != core.Invalid && err != nil {
				t.Errorf("path %q: %v", key, err)
			}
		}
		return nil
	})
}
