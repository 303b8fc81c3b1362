package storetest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func offeringQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.OfferingQuery, catalog.Offering]
	owner := map[id.ID]id.ID{1: 11, 2: 12, 3: 13} // of a provider: its customer
	update(t, s, func(tx core.Tx) error {
		for p, cust := range owner {
			if err := tx.PutProvider(tenant.Provider{ID: p, Customer: cust}); err != nil {
				return err
			}
		}
		for p := range id.ID(6) {
			if err := tx.PutProject(tenant.Project{ID: p + 20, Customer: 11 + p%4}); err != nil {
				return err
			}
		}
		return nil
	})
	f := newFiller(6)
	rows := world(t, s, 72, f, func(i int, o *catalog.Offering) {
		o.ID, o.Provider, o.Code, o.Name = madeID(i), id.ID(i%3+1), fmt.Sprint("code", i/6), names[i%len(names)]
		o.State, o.Measure, o.Shared = catalog.States()[i%5], []catalog.Measuring{catalog.Count, catalog.Limits}[i%2], i%3 == 0
		o.Slug, o.Description = fmt.Sprint("off-", i), fmt.Sprint("Described ", i%4)
		o.PrivateTo, o.ForProject = []id.ID{0, 12, 14}[i/3%3], []id.ID{0, 0, 21, 23}[i%4]
		o.Code += fmt.Sprint("-", i%6)
	}, core.Tx.PutOffering)
	private := func(o catalog.Offering) id.ID {
		if o.PrivateTo != 0 {
			return o.PrivateTo
		}
		return owner[o.Provider]
	}
	some := []id.ID{rows[1].ID, rows[2].ID}
	listing[core.OfferingQuery, catalog.Offering]{
		rows: rows, id: func(v catalog.Offering) id.ID { return v.ID }, page: func(q *core.OfferingQuery) *core.Page { return &q.Page },
		list: core.Reader.Offerings, unlisted: []string{"AscendingByName"},
		sorts: []sortCase[core.OfferingQuery, catalog.Offering]{{name: "by name", set: func(q *core.OfferingQuery) { q.AscendingByName = true }, up: true,
			compare: func(a, b catalog.Offering) int { return cmp.Compare(a.Name, b.Name) }}},
		cases: []c{
			{"ids", func(q *core.OfferingQuery) { q.IDs = some }, func(o catalog.Offering) bool { return among(some, o.ID) }},
			{"providers", func(q *core.OfferingQuery) { q.Providers = []id.ID{1, 3} }, func(o catalog.Offering) bool { return o.Provider != 2 }},
			{"code", func(q *core.OfferingQuery) { q.Code = rows[4].Code }, func(o catalog.Offering) bool { return o.Code == rows[4].Code }},
			{"name", func(q *core.OfferingQuery) { q.Name = "plain" }, func(o catalog.Offering) bool { return o.Name == "plain" }},
			{"words", func(q *core.OfferingQuery) { q.Words = "CRIBED 2" }, func(o catalog.Offering) bool { return contains("cribed 2", o.Name, o.Slug, o.Code, o.Description) }},
			{"words in the slug", func(q *core.OfferingQuery) { q.Words = "ff-1" }, func(o catalog.Offering) bool { return contains("ff-1", o.Name, o.Slug, o.Code, o.Description) }},
			{"states", func(q *core.OfferingQuery) { q.States = []catalog.State{catalog.Active, catalog.Paused} },
				func(o catalog.Offering) bool { return o.State == catalog.Active || o.State == catalog.Paused }},
			{"measure", func(q *core.OfferingQuery) { q.Measure = catalog.Limits }, func(o catalog.Offering) bool { return o.Measure == catalog.Limits }},
			{"shared", func(q *core.OfferingQuery) { q.Shared = yes() }, func(o catalog.Offering) bool { return o.Shared }},
			{"not shared", func(q *core.OfferingQuery) { q.Shared = no() }, func(o catalog.Offering) bool { return !o.Shared }},
			{"sight of nothing shows what is shared", func(q *core.OfferingQuery) { q.Any = &core.Sight{} }, func(o catalog.Offering) bool { return o.Shared }},
			{"sight of customers", func(q *core.OfferingQuery) { q.Any = &core.Sight{Customers: []id.ID{12, 11}} },
				func(o catalog.Offering) bool { return o.Shared || private(o) == 12 || private(o) == 11 }},
			{"sight of a project", func(q *core.OfferingQuery) { q.Any = &core.Sight{Projects: []id.ID{21}} }, // of customer 12
				func(o catalog.Offering) bool {
					return o.Shared || o.ForProject == 21 || (o.ForProject == 0 && private(o) == 12)
				}},
			{"sight of a provider and an offering", func(q *core.OfferingQuery) { q.Any = &core.Sight{Providers: []id.ID{2}, Offerings: some} },
				func(o catalog.Offering) bool { return o.Shared || o.Provider == 2 || among(some, o.ID) }},
		},
	}.try(t, s)
}

func usageQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.UsageQuery, order.Usage]
	_, resources := orderRows(t, s, 30)
	byID := map[id.ID]order.Resource{}
	for _, r := range resources {
		byID[r.ID] = r
	}
	rows := world(t, s, 90, newFiller(7), func(i int, u *order.Usage) {
		of := resources[i%len(resources)]
		u.ID, u.Resource, u.Offering, u.Component, u.Period = madeID(i), of.ID, of.Offering, id.ID(i%4+1), day.Day(19000+i/2)
	}, core.Tx.PutUsage)
	from, to := day.Day(19010), day.Day(19025)
	some := []id.ID{resources[2].ID, resources[4].ID}
	listing[core.UsageQuery, order.Usage]{
		rows: rows, id: func(v order.Usage) id.ID { return v.ID }, page: func(q *core.UsageQuery) *core.Page { return &q.Page },
		list: core.Reader.Usages, count: core.Reader.CountUsages,
		cases: []c{
			{"ids", func(q *core.UsageQuery) { q.IDs = []id.ID{rows[7].ID, rows[3].ID} }, func(u order.Usage) bool { return u.ID == rows[7].ID || u.ID == rows[3].ID }},
			{"a resource, seen", func(q *core.UsageQuery) { q.Resources, q.Any = some, &core.Sight{Providers: []id.ID{30}} },
				func(u order.Usage) bool { return among(some, u.Resource) && byID[u.Resource].Provider == 30 }},
			{"sight", func(q *core.UsageQuery) { q.Any = &core.Sight{Customers: []id.ID{1}, Offerings: []id.ID{43}} },
				func(u order.Usage) bool { return byID[u.Resource].Customer == 1 || byID[u.Resource].Offering == 43 }},
			{"resources", func(q *core.UsageQuery) { q.Resources = some }, func(u order.Usage) bool { return among(some, u.Resource) }},
			{"components", func(q *core.UsageQuery) { q.Components = []id.ID{2} }, func(u order.Usage) bool { return u.Component == 2 }},
			{"customers", func(q *core.UsageQuery) { q.Customers = []id.ID{1, 2} }, func(u order.Usage) bool { return byID[u.Resource].Customer < 3 }},
			{"projects", func(q *core.UsageQuery) { q.Projects = []id.ID{11} }, func(u order.Usage) bool { return byID[u.Resource].Project == 11 }},
			{"providers", func(q *core.UsageQuery) { q.Providers = []id.ID{31} }, func(u order.Usage) bool { return byID[u.Resource].Provider == 31 }},
			{"offerings", func(q *core.UsageQuery) { q.Offerings = []id.ID{40, 41} }, func(u order.Usage) bool { return byID[u.Resource].Offering < 42 }},
			{"an offering in one period", func(q *core.UsageQuery) {
				q.Offerings, q.From, q.To = []id.ID{rows[40].Offering}, &rows[40].Period, &rows[40].Period
			},
				func(u order.Usage) bool { return u.Offering == rows[40].Offering && u.Period == rows[40].Period }},
			{"an offering, seen", func(q *core.UsageQuery) { q.Offerings, q.Any = []id.ID{40, 41}, &core.Sight{Customers: []id.ID{1, 2}} },
				func(u order.Usage) bool { return byID[u.Resource].Offering < 42 && byID[u.Resource].Customer < 3 }},
			{"offerings, all of them seen", func(q *core.UsageQuery) { q.Offerings, q.Any = []id.ID{40, 42}, &core.Sight{All: true} },
				func(u order.Usage) bool { return u.Offering == 40 || u.Offering == 42 }},
			{"from a period", func(q *core.UsageQuery) { q.From = &from }, func(u order.Usage) bool { return u.Period >= from }},
			{"to a period", func(q *core.UsageQuery) { q.To = &to }, func(u order.Usage) bool { return u.Period <= to }},
			{"reported", func(q *core.UsageQuery) { q.ReportedOnly = true }, func(u order.Usage) bool { return u.Reported != nil }},
		},
	}.try(t, s)
	wantSeesNothing(t, s, func(r core.Reader) (int, error) {
		list, err := r.Usages(core.UsageQuery{Any: &core.Sight{}})
		return len(list), err
	})
}

func userUsageQueries(t *testing.T, s core.Store) {
	_, resources := orderRows(t, s, 12)
	var rows []order.UserUsage
	period := map[id.ID]day.Day{}
	owner := map[id.ID]order.Resource{}
	update(t, s, func(tx core.Tx) error {
		rows = nil // it may run again
		for i := range 20 {
			of := resources[i%len(resources)]
			u := order.Usage{ID: madeID(i), Resource: of.ID, Offering: of.Offering, Component: id.ID(i%3 + 1), Period: day.Day(19000 + i)}
			period[u.ID], owner[u.ID] = u.Period, of
			if err := tx.PutUsage(u); err != nil {
				return err
			}
			for n := range i % 4 {
				p := order.UserUsage{Usage: u.ID, Username: fmt.Sprint("user ", n), Quantity: money.Micro(i*10 + n)}
				rows = append(rows, p)
				if err := tx.PutUserUsage(p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	from := day.Day(19008)
	for name, tt := range map[string]struct {
		q    core.UserUsageQuery
		want func(p order.UserUsage) bool
	}{
		"all":       {core.UserUsageQuery{}, func(order.UserUsage) bool { return true }},
		"usernames": {core.UserUsageQuery{Usernames: []string{"user 1", "user 2"}}, func(p order.UserUsage) bool { return p.Username > "user 0" }},
		"period": {core.UserUsageQuery{UsageQuery: core.UsageQuery{From: &from}, Usernames: []string{"user 0"}},
			func(p order.UserUsage) bool { return period[p.Usage] >= from && p.Username == "user 0" }},
		"sight": {core.UserUsageQuery{UsageQuery: core.UsageQuery{Any: &core.Sight{Providers: []id.ID{31}}}},
			func(p order.UserUsage) bool { return owner[p.Usage].Provider == 31 }},
		"offerings":    {core.UserUsageQuery{UsageQuery: core.UsageQuery{Offerings: []id.ID{40, 41}}}, func(p order.UserUsage) bool { return owner[p.Usage].Offering < 42 }},
		"sees nothing": {core.UserUsageQuery{UsageQuery: core.UsageQuery{Any: &core.Sight{}}}, func(order.UserUsage) bool { return false }},
	} {
		var want []order.UserUsage
		for _, p := range rows {
			if tt.want(p) {
				want = append(want, p)
			}
		}
		view(t, s, func(r core.Reader) error {
			n, err := r.CountUserUsages(tt.q)
			if err != nil || n != len(want) {
				t.Errorf("%s: %d, %v, want %d", name, n, err, len(want))
			}
			var got []order.UserUsage
			for skip := 0; skip <= len(want); skip += 3 {
				tt.q.Page = core.Page{Skip: skip, Limit: 3}
				list, err := r.UserUsageList(tt.q)
				if err != nil {
					return err
				}
				got = append(got, list...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
			return nil
		})
	}
}

func documentQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.DocumentQuery, core.Document]
	rows := world(t, s, 80, newFiller(8), func(i int, d *core.Document) {
		d.ID, d.Kind, d.Customer, d.Project, d.Parent = madeID(i), []string{"site", "outpost"}[i%2], id.ID(i%4+1), id.ID(i%3), id.ID(i%6)
		d.Name, d.State, d.Alias = fmt.Sprint("name ", i), fmt.Sprint("state", i%3), []string{"", "ada", "bob", "cy", "dan"}[i%5]
	}, core.Tx.PutDocument)
	listing[core.DocumentQuery, core.Document]{
		rows: rows, id: func(v core.Document) id.ID { return v.ID }, page: func(q *core.DocumentQuery) *core.Page { return &q.Page },
		list: core.Reader.Documents, count: core.Reader.CountDocuments,
		base: func(q core.DocumentQuery, d core.Document) bool { return q.Removed || d.RemovedAt == nil },
		cases: []c{
			{"kind", func(q *core.DocumentQuery) { q.Kind = "site" }, func(d core.Document) bool { return d.Kind == "site" }},
			{"customers", func(q *core.DocumentQuery) { q.Customers = []id.ID{1, 2} }, func(d core.Document) bool { return d.Customer < 3 }},
			{"projects", func(q *core.DocumentQuery) { q.Projects = []id.ID{2} }, func(d core.Document) bool { return d.Project == 2 }},
			{"parent", func(q *core.DocumentQuery) { q.Parent = 4 }, func(d core.Document) bool { return d.Parent == 4 }},
			{"parents", func(q *core.DocumentQuery) { q.Parents = []id.ID{2, 4} }, func(d core.Document) bool { return d.Parent == 2 || d.Parent == 4 }},
			{"name", func(q *core.DocumentQuery) { q.Name = "name 7" }, func(d core.Document) bool { return d.Name == "name 7" }},
			{"alias", func(q *core.DocumentQuery) { q.Alias = "bob" }, func(d core.Document) bool { return d.Alias == "bob" }},
			{"alias beside a parent", func(q *core.DocumentQuery) { q.Kind, q.Parent, q.Alias = "site", 4, "bob" }, func(d core.Document) bool { return d.Kind == "site" && d.Parent == 4 && d.Alias == "bob" }},
			{"state", func(q *core.DocumentQuery) { q.State = "state2" }, func(d core.Document) bool { return d.State == "state2" }},
			{"removed too", func(q *core.DocumentQuery) { q.Removed = true }, func(core.Document) bool { return true }},
		},
	}.try(t, s)
	view(t, s, func(r core.Reader) error {
		for _, d := range rows {
			if got, err := r.Document(d.ID); err != nil || !reflect.DeepEqual(got, d) {
				t.Errorf("by id: %v, %v", got, err)
			}
		}
		return nil
	})
}

func archiveQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.AcquisitionQuery, imagery.Acquisition]
	rows := world(t, s, 50, newFiller(9), func(i int, a *imagery.Acquisition) {
		a.ID, a.CatalogID, a.AcquiredAt = madeID(i), fmt.Sprintf("1040%02d", i), began.Add(time.Duration(i*i%40)*time.Hour)
	}, core.Tx.PutAcquisition)
	from, until := began.Add(9*time.Hour), began.Add(25*time.Hour)
	within := func(a imagery.Acquisition) bool { return !a.AcquiredAt.Before(from) && a.AcquiredAt.Before(until) }
	some := []id.ID{rows[1].ID, rows[2].ID}
	listing[core.AcquisitionQuery, imagery.Acquisition]{
		rows: rows, id: func(v imagery.Acquisition) id.ID { return v.ID }, page: func(q *core.AcquisitionQuery) *core.Page { return &q.Page },
		list: core.Reader.Acquisitions,
		cases: []c{
			{"ids", func(q *core.AcquisitionQuery) { q.IDs = some }, func(a imagery.Acquisition) bool { return among(some, a.ID) }},
			{"a catalogue id", func(q *core.AcquisitionQuery) { q.CatalogIDs = []string{"104007"} }, func(a imagery.Acquisition) bool { return a.CatalogID == "104007" }},
			{"catalogue ids", func(q *core.AcquisitionQuery) { q.CatalogIDs = []string{"104007", `"quoted"`, "104009"} },
				func(a imagery.Acquisition) bool { return a.CatalogID == "104007" || a.CatalogID == "104009" }},
			{"acquired from", func(q *core.AcquisitionQuery) { q.From = &from }, func(a imagery.Acquisition) bool { return !a.AcquiredAt.Before(from) }},
			{"acquired in a span", func(q *core.AcquisitionQuery) { q.From, q.Until = &from, &until }, within},
		},
	}.try(t, s)

	tiles := world(t, s, 200, newFiller(10), func(i int, v *imagery.Tile) {
		of := rows[i*7%len(rows)]
		v.Cell, v.Acquisition, v.CatalogID, v.AcquiredAt = imagery.Cell(i*i%17+i), of.ID, of.CatalogID, of.AcquiredAt
	}, core.Tx.PutTile)
	slices.SortFunc(tiles, func(a, b imagery.Tile) int {
		return cmp.Or(cmp.Compare(a.Cell, b.Cell), cmp.Compare(a.Acquisition, b.Acquisition))
	})
	cells := []imagery.Cell{20, 21, 22, 23, 24, 25, 26, 27, 28}
	for name, tt := range map[string]struct {
		q    core.TileQuery
		keep func(imagery.Tile) bool
	}{
		"all tiles":       {core.TileQuery{}, func(imagery.Tile) bool { return true }},
		"of acquisitions": {core.TileQuery{Acquisitions: some}, func(v imagery.Tile) bool { return among(some, v.Acquisition) }},
		"of cells":        {core.TileQuery{Cells: cells}, func(v imagery.Tile) bool { return among(cells, v.Cell) }},
		"of cells, in a span": {core.TileQuery{Cells: cells, From: &from, Until: &until}, func(v imagery.Tile) bool {
			return among(cells, v.Cell) && within(imagery.Acquisition{AcquiredAt: v.AcquiredAt})
		}},
		"of one of all in both": {core.TileQuery{Cells: cells[:1], Acquisitions: some}, func(v imagery.Tile) bool { return v.Cell == cells[0] && among(some, v.Acquisition) }},
	} {
		t.Run(name, func(t *testing.T) {
			view(t, s, func(r core.Reader) error {
				got, err := r.Tiles(tt.q)
				if want := filter(tiles, tt.keep); !reflect.DeepEqual(got, want) {
					t.Errorf("got %d tiles, want %d", len(got), len(want))
				}
				return err
			})
		})
	}
}

// plainLists looks at lists without a page: what is in them, in which order.
func plainLists(t *testing.T, s core.Store) {
	later := began.Add(time.Hour)
	update(t, s, func(tx core.Tx) error {
		for _, put := range []error{
			tx.PutContract(tenant.Contract{Customer: 1, From: 200, To: 300}), tx.PutContract(tenant.Contract{Customer: 1, From: 100, To: 200}), tx.PutContract(tenant.Contract{Customer: 2, From: 1, To: 2}),
			tx.PutKey(tenant.Key{ID: 5, User: 1}), tx.PutKey(tenant.Key{ID: 4, User: 1}), tx.PutKey(tenant.Key{ID: 6, User: 2}),
			tx.PutProvider(tenant.Provider{ID: 9, Customer: 1}), tx.PutProvider(tenant.Provider{ID: 8, Customer: 2}),
			tx.PutBucket(core.Bucket{ID: 3, Customer: 1, Name: "a"}), tx.PutBucket(core.Bucket{ID: 2, Customer: 1, Name: "b"}), tx.PutBucket(core.Bucket{ID: 1, Customer: 2, Name: "a"}),
			tx.PutComponent(catalog.Component{ID: 7, Offering: 1, Code: "a"}), tx.PutComponent(catalog.Component{ID: 6, Offering: 1, Code: "b"}), tx.PutComponent(catalog.Component{ID: 5, Offering: 2}),
			tx.PutPlan(catalog.Plan{ID: 7, Offering: 1, Code: "a"}), tx.PutPlan(catalog.Plan{ID: 6, Offering: 1, Code: "b"}), tx.PutPlan(catalog.Plan{ID: 5, Offering: 2}),
			tx.PutPrice(catalog.Price{Plan: 7, Component: 1, From: 20}), tx.PutPrice(catalog.Price{Plan: 6, Component: 1, From: 30}), tx.PutPrice(catalog.Price{Plan: 6, Component: 2, From: 10}), tx.PutPrice(catalog.Price{Plan: 5, Component: 2, From: 1}),
			tx.InsertLines([]order.Line{{Order: 2, N: 2, State: order.Preparing}, {Order: 2, N: 1, State: order.Preparing}, {Order: 1, N: 1, State: order.Preparing}, {Order: 3, N: 1, State: order.Preparing}}),
			tx.PutTerm(order.Term{ID: 1, Resource: 1, From: later}), tx.PutTerm(order.Term{ID: 2, Resource: 1, From: began}), tx.PutTerm(order.Term{ID: 3, Resource: 2, From: began}),
			tx.PutAsset(order.Asset{ID: 3, Resource: 1}), tx.PutAsset(order.Asset{ID: 2, Resource: 1}), tx.PutAsset(order.Asset{ID: 1, Resource: 2}), tx.PutAsset(order.Asset{ID: 4, Resource: 3}),
			tx.PutUserUsage(order.UserUsage{Usage: 2, Username: "b"}), tx.PutUserUsage(order.UserUsage{Usage: 2, Username: "a"}), tx.PutUserUsage(order.UserUsage{Usage: 1, Username: "c"}), tx.PutUserUsage(order.UserUsage{Usage: 3, Username: "d"}),
			tx.InsertEntries([]ledger.Entry{{Subject: 1, N: 2, Kind: ledger.Release}, {Subject: 1, N: 1, Kind: ledger.Hold}, {Subject: 2, N: 1, Kind: ledger.Hold}}),
			tx.PutLimit(limit.Limit{ID: 4, Scope: tenant.OnCustomer, ScopeID: 1}), tx.PutLimit(limit.Limit{ID: 3, Scope: tenant.OnUser, ScopeID: 1}), tx.PutLimit(limit.Limit{ID: 2, Scope: tenant.OnUser, ScopeID: 2}),
		} {
			if put != nil {
				return put
			}
		}
		return nil
	})
	view(t, s, func(r core.Reader) error {
		contracts, _ := r.Contracts(1)
		keys, _ := r.Keys(1)
		providers, _ := r.Providers()
		buckets, _ := r.Buckets(1)
		components, _ := r.Components(1)
		plans, _ := r.Plans(1)
		prices, _ := r.Prices(1)
		lines, _ := r.Lines(2, 1)
		one, _ := r.Lines(2)
		terms, _ := r.Terms(1)
		assets, _ := r.Assets(2, 1)
		users, _ := r.UserUsages(2, 1)
		entries, _ := r.Entries(1)
		limits, _ := r.Limits([]core.LimitScope{{Scope: tenant.OnUser, ID: 1}, {Scope: tenant.OnCustomer, ID: 1}, {Scope: tenant.OnUser, ID: 1}, {Scope: tenant.OnProject, ID: 1}})
		none, _ := r.Lines()
		for _, list := range []struct{ what, got, want string }{
			{"contracts by day", spell(contracts, func(c tenant.Contract) any { return int(c.From) }), "100 200"},
			{"keys by id", spell(keys, func(k tenant.Key) any { return k.ID }), "4 5"},
			{"providers by id", spell(providers, func(p tenant.Provider) any { return p.ID }), "8 9"},
			{"buckets by id", spell(buckets, func(b core.Bucket) any { return b.ID }), "2 3"},
			{"components by id", spell(components, func(c catalog.Component) any { return c.ID }), "6 7"},
			{"plans by id", spell(plans, func(p catalog.Plan) any { return p.ID }), "6 7"},
			{"prices by day", spell(prices, func(p catalog.Price) any { return int(p.From) }), "10 20 30"},
			{"lines by order and number", spell(lines, func(l order.Line) any { return fmt.Sprint(l.Order, "/", l.N) }), "1/1 2/1 2/2"},
			{"lines of one order", spell(one, func(l order.Line) any { return l.N }), "1 2"},
			{"lines of no order", spell(none, func(l order.Line) any { return l.N }), ""},
			{"terms by beginning", spell(terms, func(t order.Term) any { return t.ID }), "2 1"},
			{"assets by resource", spell(assets, func(a order.Asset) any { return a.ID }), "2 3 1"},
			{"users' usages by name", spell(users, func(u order.UserUsage) any { return u.Username }), "c a b"},
			{"entries by number", spell(entries, func(e ledger.Entry) any { return e.N }), "1 2"},
			{"limits that stand on any, once", spell(limits, func(l limit.Limit) any { return l.ID }), "3 4"},
		} {
			if list.got != list.want {
				t.Errorf("%s: %s, want %s", list.what, list.got, list.want)
			}
		}
		return nil
	})
}

// spell writes what each of a list shows, in order.
func spell[T any](list []T, show func(T) any) string {
	out := ""
	for i, v := range list {
		if i > 0 {
			out += " "
		}
		out += fmt.Sprint(show(v))
	}
	return out
}

func everything(t *testing.T, s core.Store) {
	var ids []id.ID
	all := ledgerEntries(53)
	update(t, s, func(tx core.Tx) error {
		ids = nil // it may run again
		for i := range 25 {
			o := anOrder(madeID(i))
			if i%4 == 0 {
				o.HiddenAt = &began
			}
			if err := tx.InsertOrder(o); err != nil {
				return err
			}
			ids = append(ids, o.ID)
			if err := tx.PutLimit(limit.Limit{ID: madeID(30 - i), Scope: tenant.OnUser, ScopeID: id.ID(i)}); err != nil {
				return err
			}
		}
		return tx.InsertEntries(all)
	})
	view(t, s, func(r core.Reader) error {
		var orders []id.ID
		for after := id.ID(0); ; after = orders[len(orders)-1] {
			piece, err := r.AllOrders(after, 10)
			if err != nil || len(piece) > 10 {
				t.Fatalf("a piece of %d, %v", len(piece), err)
			}
			for _, o := range piece {
				orders = append(orders, o.ID)
			}
			if len(piece) == 0 {
				break
			}
		}
		if !slices.Equal(orders, ids) {
			t.Errorf("orders %v, want %v", orders, ids)
		}
		var entries []ledger.Entry
		for after := (core.EntryKey{}); ; {
			piece, err := r.AllEntries(after, 7)
			if err != nil || len(piece) > 7 {
				t.Fatalf("a piece of %d, %v", len(piece), err)
			}
			if len(piece) == 0 {
				break
			}
			entries = append(entries, piece...)
			last := piece[len(piece)-1]
			after = core.EntryKey{Subject: last.Subject, N: last.N}
		}
		if !reflect.DeepEqual(entries, all) {
			t.Errorf("%d entries read in pieces, want %d as they were put", len(entries), len(all))
		}
		limits, err := r.AllLimits()
		if len(limits) != 25 || !slices.IsSortedFunc(limits, func(a, b limit.Limit) int { return cmp.Compare(a.ID, b.ID) }) {
			t.Errorf("limits %v", limits)
		}
		return err
	})
}
