package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// names are hard to search: what LIKE, JSON and case folding each treat apart.
var names = []string{"100% wool", "100 wool", "a_b", "aXb", `back\slash`, "Ångström", "ÅNGSTRÖM lab", `quo"te'd`, "plain", "Plain two", "*star*"}

// contains reports whether any text contains a part, in any case.
func contains(part string, texts ...string) bool {
	for _, s := range texts {
		if strings.Contains(strings.ToLower(s), strings.ToLower(part)) {
			return true
		}
	}
	return false
}

// madeID is the id of the nth record of the tests' world, 37 minutes after the last.
func madeID(n int) id.ID {
	return id.At(began.Add(time.Duration(n)*37*time.Minute)) + id.ID(n%5)
}

// world makes n records up: fill fills them, put puts them.
func world[T any](t *testing.T, s core.Store, n int, f *filler, fix func(i int, v *T), put func(core.Tx, T) error) []T {
	t.Helper()
	var rows []T
	update(t, s, func(tx core.Tx) error {
		rows = nil
		for i := range n {
			var v T
			fill(f, &v)
			fix(i, &v)
			setRev(&v, 0)
			if err := put(tx, v); err != nil {
				return fmt.Errorf("row %d: %w", i, err)
			}
			setRev(&v, 1)
			rows = append(rows, v)
		}
		return nil
	})
	return rows
}

func yes() *bool { v := true; return &v }
func no() *bool  { return new(bool) }

func customerQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.CustomerQuery, tenant.Customer]
	f := newFiller(1)
	rows := world(t, s, 40, f, func(i int, v *tenant.Customer) {
		v.ID, v.Name, v.Slug, v.Number = madeID(i), names[i%len(names)], fmt.Sprint("slug-", i), fmt.Sprintf("%012d", i*77)
	}, core.Tx.PutCustomer)
	some := []id.ID{rows[3].ID, rows[8].ID, 99}
	var words []c
	for _, w := range []string{"100%", "a_b", `\`, "ångSTRÖM", `"te'`, "slug-1", "0077"} {
		words = append(words, c{"words " + w, func(q *core.CustomerQuery) { q.Words = w }, func(v tenant.Customer) bool { return contains(w, v.Name, v.Slug, v.Number) }})
	}
	listing[core.CustomerQuery, tenant.Customer]{
		rows: rows, id: func(v tenant.Customer) id.ID { return v.ID }, page: func(q *core.CustomerQuery) *core.Page { return &q.Page },
		list: core.Reader.Customers,
		cases: append(words,
			c{"ids", func(q *core.CustomerQuery) { q.IDs = some }, func(v tenant.Customer) bool { return among(some, v.ID) }},
			c{"slug", func(q *core.CustomerQuery) { q.Slug = "slug-7" }, func(v tenant.Customer) bool { return v.Slug == "slug-7" }},
			c{"number", func(q *core.CustomerQuery) { q.Number = rows[5].Number }, func(v tenant.Customer) bool { return v.Number == rows[5].Number }},
			c{"name", func(q *core.CustomerQuery) { q.Name = "plain" }, func(v tenant.Customer) bool { return v.Name == "plain" }},
			c{"archived", func(q *core.CustomerQuery) { q.Archived = yes() }, func(v tenant.Customer) bool { return v.Archived }},
			c{"not archived", func(q *core.CustomerQuery) { q.Archived = no() }, func(v tenant.Customer) bool { return !v.Archived }}),
	}.try(t, s)
}

func projectQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.ProjectQuery, tenant.Project]
	f := newFiller(2)
	rows := world(t, s, 60, f, func(i int, v *tenant.Project) {
		v.ID, v.Customer, v.Name, v.Slug, v.BackendID = madeID(i), id.ID(i%4+1), names[i%len(names)], fmt.Sprint("slug-", i/2), fmt.Sprint("b", i%5)
		if i%2 == 1 {
			v.Slug = ""
		}
	}, core.Tx.PutProject)
	see := &core.Sight{Customers: []id.ID{2}, Projects: []id.ID{rows[0].ID, rows[2].ID}, Providers: []id.ID{1}, Users: []id.ID{1}}
	listing[core.ProjectQuery, tenant.Project]{
		rows: rows, id: func(v tenant.Project) id.ID { return v.ID }, page: func(q *core.ProjectQuery) *core.Page { return &q.Page },
		list: core.Reader.Projects,
		base: func(q core.ProjectQuery, v tenant.Project) bool {
			return q.IncludeWithRemoved || q.Removed == (v.RemovedAt != nil)
		},
		cases: []c{
			{"ids", func(q *core.ProjectQuery) { q.IDs = []id.ID{rows[1].ID, rows[5].ID} }, func(v tenant.Project) bool { return v.ID == rows[1].ID || v.ID == rows[5].ID }},
			{"customers", func(q *core.ProjectQuery) { q.Customers = []id.ID{1, 3} }, func(v tenant.Project) bool { return v.Customer%2 == 1 }},
			{"sight", func(q *core.ProjectQuery) { q.Any = see }, func(v tenant.Project) bool { return v.Customer == 2 || among(see.Projects, v.ID) }},
			{"name", func(q *core.ProjectQuery) { q.Name = "a_b" }, func(v tenant.Project) bool { return v.Name == "a_b" }},
			{"slug", func(q *core.ProjectQuery) { q.Slug = "slug-4" }, func(v tenant.Project) bool { return v.Slug == "slug-4" }},
			{"words", func(q *core.ProjectQuery) { q.Words = "PLAIN" }, func(v tenant.Project) bool { return contains("plain", v.Name, v.Slug) }},
			{"backend id", func(q *core.ProjectQuery) { q.BackendID = "b3" }, func(v tenant.Project) bool { return v.BackendID == "b3" }},
			{"default", func(q *core.ProjectQuery) { q.Default = true }, func(v tenant.Project) bool { return v.Default }},
			{"removed", func(q *core.ProjectQuery) { q.Removed = true }, func(v tenant.Project) bool { return v.RemovedAt != nil }},
			{"with removed", func(q *core.ProjectQuery) { q.IncludeWithRemoved = true }, func(tenant.Project) bool { return true }},
		},
	}.try(t, s)
	wantSeesNothing(t, s, func(r core.Reader) (int, error) {
		list, err := r.Projects(core.ProjectQuery{Any: &core.Sight{}})
		return len(list), err
	})
}

// wantSeesNothing fails the test where a Sight that names nothing shows something.
func wantSeesNothing(t *testing.T, s core.Store, list func(core.Reader) (int, error)) {
	t.Helper()
	view(t, s, func(r core.Reader) error {
		n, err := list(r)
		if n != 0 {
			t.Errorf("a sight of nothing shows %d", n)
		}
		return err
	})
}

func userQueries(t *testing.T, s core.Store) {
	type c = filterCase[core.UserQuery, tenant.User]
	f := newFiller(3)
	rows := world(t, s, 40, f, func(i int, v *tenant.User) {
		v.ID, v.Login, v.FullName, v.Email, v.Home = madeID(i), fmt.Sprint("login", i), names[i%len(names)], fmt.Sprint("Mail", i%6, "@example.org"), id.ID(i%3)
	}, core.Tx.PutUser)
	listing[core.UserQuery, tenant.User]{
		rows: rows, id: func(v tenant.User) id.ID { return v.ID }, page: func(q *core.UserQuery) *core.Page { return &q.Page },
		list: core.Reader.Users,
		cases: []c{
			{"ids", func(q *core.UserQuery) { q.IDs = []id.ID{rows[1].ID} }, func(v tenant.User) bool { return v.ID == rows[1].ID }},
			{"login", func(q *core.UserQuery) { q.Login = "login9" }, func(v tenant.User) bool { return v.Login == "login9" }},
			{"words", func(q *core.UserQuery) { q.Words = "MAIL3@" }, func(v tenant.User) bool { return contains("mail3@", v.Login, v.FullName, v.Email) }},
			{"words in a login", func(q *core.UserQuery) { q.Words = "ogin2" }, func(v tenant.User) bool { return contains("ogin2", v.Login, v.FullName, v.Email) }},
			{"e-mail", func(q *core.UserQuery) { q.Email = "Mail4@example.org" }, func(v tenant.User) bool { return v.Email == "Mail4@example.org" }},
			{"home", func(q *core.UserQuery) { q.Home = 2 }, func(v tenant.User) bool { return v.Home == 2 }},
			{"active", func(q *core.UserQuery) { q.Active = yes() }, func(v tenant.User) bool { return v.Active }},
			{"not active", func(q *core.UserQuery) { q.Active = no() }, func(v tenant.User) bool { return !v.Active }},
		},
	}.try(t, s)
	view(t, s, func(r core.Reader) error {
		u, err := r.UserByLogin("login9")
		if !reflect.DeepEqual(u, rows[9]) {
			t.Errorf("by login: %v", u)
		}
		return err
	})
}

func grantQueries(t *testing.T, s core.Store) {
	past, future := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
	scopes := []tenant.Scope{tenant.OnCustomer, tenant.OnProject, tenant.OnOffering}
	rows := world(t, s, 60, newFiller(4), func(i int, v *tenant.Grant) {
		*v = tenant.Grant{ID: madeID(i), User: id.ID(i%5 + 1), Role: tenant.Role(fmt.Sprint("role", i)), Scope: scopes[i%3], ScopeID: id.ID(i%7 + 1), By: 9}
		v.Until = []*time.Time{nil, &past, &future}[i/2%3]
		v.RevokedAt = []*time.Time{nil, &past}[i/4%2]
	}, core.Tx.PutGrant)
	for name, tt := range map[string]struct {
		q    core.GrantQuery
		keep func(tenant.Grant) bool
	}{
		"all":       {core.GrantQuery{}, func(tenant.Grant) bool { return true }},
		"users":     {core.GrantQuery{Users: []id.ID{2, 4}}, func(v tenant.Grant) bool { return v.User%2 == 0 }},
		"scope":     {core.GrantQuery{Scope: tenant.OnProject}, func(v tenant.Grant) bool { return v.Scope == tenant.OnProject }},
		"scope ids": {core.GrantQuery{Scope: tenant.OnCustomer, ScopeIDs: []id.ID{1, 5}}, func(v tenant.Grant) bool { return v.Scope == tenant.OnCustomer && (v.ScopeID == 1 || v.ScopeID == 5) }},
		"a user's":  {core.GrantQuery{Users: []id.ID{3}, Scope: tenant.OnProject}, func(v tenant.Grant) bool { return v.User == 3 && v.Scope == tenant.OnProject }},
	} {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ended too: %v", name, ended), func(t *testing.T) {
				tt.q.All = ended
				want := filter(rows, func(v tenant.Grant) bool { return tt.keep(v) && (ended || v.Live(time.Now())) })
				view(t, s, func(r core.Reader) error {
					got, err := r.Grants(tt.q)
					if !reflect.DeepEqual(got, want) {
						t.Errorf("got %d\n%v\nwant %d\n%v", len(got), got, len(want), want)
					}
					return err
				})
			})
		}
	}
}
