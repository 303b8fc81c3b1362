package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/line"
	"github.com/docket-desk/docket/internal/store/record"
)

// openIn opens and migrates the store of a directory.
func openIn(t *testing.T, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if !opts.ReadOnly {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func keep(t *testing.T, s *Store, fn func(tx core.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), core.Touch{}, fn); err != nil {
		t.Fatal(err)
	}
}

// wantRefused fails the test unless err is Unavailable and its sentence names all.
func wantRefused(t *testing.T, err error, names ...string) {
	t.Helper()
	if !errors.Is(err, core.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	for _, n := range names {
		if !strings.Contains(core.AsError(err).Msg, n) {
			t.Errorf("%q does not say %q", core.AsError(err).Msg, n)
		}
	}
}

func TestASecondWriterOfADirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := openIn(t, dir, Options{})
	_, err := Open(dir, Options{})
	wantRefused(t, err, dir, "in use")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openIn(t, dir, Options{})
}

func TestReadingBesideARunningDeskSeesItsCommits(t *testing.T) {
	dir := t.TempDir()
	desk := openIn(t, dir, Options{})
	keep(t, desk, func(tx core.Tx) error {
		return errors.Join(tx.PutMeta("a", "1"), tx.PutIdem(core.Idem{Day: 3, Hash: [16]byte{4}, About: 9}))
	})
	beside := openIn(t, dir, Options{ReadOnly: true})
	for _, want := range []string{"1", "2"} {
		keep(t, desk, func(tx core.Tx) error { return tx.PutMeta("a", want) })
		if err := beside.View(t.Context(), func(r core.Reader) error {
			got, err := r.Meta("a")
			if got != want {
				t.Errorf("beside it reads %q, want %q", got, want)
			}
			i, err2 := r.Idem([]day.Day{3}, [16]byte{4})
			if i.About != 9 {
				t.Errorf("beside it remembers %v", i)
			}
			return errors.Join(err, err2)
		}); err != nil {
			t.Fatal(err)
		}
	}
	wantRefused(t, beside.Update(t.Context(), core.Touch{}, func(core.Tx) error { return nil }), dir, "reading only")
	wantRefused(t, beside.Migrate(t.Context()), dir, "reading only")
}

func TestReadingOnlyNeedsADatabaseOfThisVersion(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, Options{ReadOnly: true})
	wantRefused(t, err, dir)
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("reading only made %v", left)
	}
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.writer.script("CREATE TABLE other (x INTEGER)"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err = Open(dir, Options{ReadOnly: true})
	wantRefused(t, err, dir, "version 0")
}

func TestADatabaseThatIsNotMigratedIsNotUsed(t *testing.T) {
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantRefused(t, s.View(t.Context(), func(core.Reader) error { return nil }), "not been migrated")
	wantRefused(t, s.Update(t.Context(), core.Touch{}, func(core.Tx) error { return nil }), "not been migrated")
}

func TestAClosedStoreAnswersThatItIsClosing(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantRefused(t, s.View(t.Context(), func(core.Reader) error { return nil }), "closing")
	wantRefused(t, s.Update(t.Context(), core.Touch{}, func(core.Tx) error { return nil }), "closing")
	wantRefused(t, s.Migrate(t.Context()), "closing")
}

func TestWhatIsRememberedAndKeptIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first := openIn(t, dir, Options{})
	want := core.Idem{Day: 3, Hash: [16]byte{4}, Body: [8]byte{7}, About: 9, At: day.Day(3).Time()}
	keep(t, first, func(tx core.Tx) error { return errors.Join(tx.PutIdem(want), tx.InsertEvent(core.Event{Kind: "a"})) })
	first.Close()
	second, err := Open(dir, Options{}) // not migrated again
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	keep(t, second, func(tx core.Tx) error {
		got, err := tx.Idem([]day.Day{3}, want.Hash)
		if got != want {
			t.Errorf("remembered %v, want %v", got, want)
		}
		return errors.Join(err, tx.InsertEvent(core.Event{Kind: "b"}))
	})
	if err := second.View(t.Context(), func(r core.Reader) error {
		events, err := r.Events(core.EventQuery{})
		if len(events) != 2 || events[1].Pos != 2 {
			t.Errorf("events %v", events)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsUnavailableAndReadingGoesOn(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	keep(t, s, func(tx core.Tx) error { return tx.PutMeta("a", "kept") })
	if err := s.writer.script("PRAGMA max_page_count = 1"); err != nil { // no less than it has now
		t.Fatal(err)
	}
	err := s.Update(t.Context(), core.Touch{}, func(tx core.Tx) error { return tx.PutMeta("big", strings.Repeat("x", 1<<20)) })
	wantRefused(t, err, "storage")
	if err := s.View(t.Context(), func(r core.Reader) error {
		got, err := r.Meta("a")
		if got != "kept" {
			t.Errorf("read %q", got)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.script("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	keep(t, s, func(tx core.Tx) error { return tx.PutMeta("big", strings.Repeat("x", 1<<20)) })
}

func TestALongQueryEndsWithItsContext(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	keep(t, s, func(tx core.Tx) error { return tx.PutMeta("a", "1") })
	ctx, cancel := context.WithCancel(t.Context())
	err := s.View(ctx, func(r core.Reader) error {
		st, err := r.(*reader).e.prepare("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", true)
		if err != nil {
			return err
		}
		go cancel()
		_, err = st.Step() // would not end
		return r.(*reader).e.failure("count", err)
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, core.Unavailable) {
		t.Errorf("got %v", err)
	}
	for range 8 { // every connection is fit for use
		if err := s.View(t.Context(), func(r core.Reader) error { _, err := r.Meta("a"); return err }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheLineBeforeTheWriterIsBounded(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	keep(t, s, func(core.Tx) error { // nobody is taken out of the line meanwhile
		for range line.Most {
			all.Go(func() { _ = s.Update(ctx, core.Touch{}, func(core.Tx) error { return nil }) })
		}
		for s.line.Waiting() < line.Most {
			runtime.Gosched()
		}
		wantRefused(t, s.Update(t.Context(), core.Touch{}, func(core.Tx) error { return nil }), "busy")
		return nil
	})
	leave()
	all.Wait()
	keep(t, s, func(core.Tx) error { return nil })
}

func TestStatementsKeptForFiltersAreBounded(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{Readers: 1})
	for i := range 3 * mostKept {
		if err := s.View(t.Context(), func(r core.Reader) error {
			st, err := r.(*reader).e.prepare(fmt.Sprintf("SELECT %d", i), true)
			if err == nil {
				_, err = st.Step()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	c := <-s.readers.free
	s.readers.free <- c
	if len(c.kept) > mostKept {
		t.Errorf("%d statements are kept", len(c.kept))
	}
}

func TestUpgradingAnOldDatabaseGivesTheSchemaOfAFreshOne(t *testing.T) {
	fresh := schema(t, openIn(t, t.TempDir(), Options{}))
	old, err := filepath.Glob("testdata/version*.sql")
	if err != nil || len(old) == 0 {
		t.Fatalf("no old databases: %v", err)
	}
	for _, file := range old {
		t.Run(file, func(t *testing.T) {
			sql, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.TempDir(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.writer.script(string(sql)); err != nil {
				t.Fatal(err)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := schema(t, s); got != fresh {
				t.Errorf("after the upgrade:\n%s\nfresh:\n%s", got, fresh)
			}
		})
	}
}

func TestWhatRanBeforeChargesWereMadeOverTimeIsBilledFromItsStart(t *testing.T) {
	sql, err := os.ReadFile("testdata/version1.sql")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.writer.script(string(sql)); err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.View(t.Context(), func(r core.Reader) error {
		j, err := r.Job(7, core.JobBill)
		if err != nil || j.Since != nil || j.RunAt.After(time.Unix(0, 0)) {
			t.Errorf("the job is %+v, %v", j, err)
		}
		for i, term := range map[id.ID]id.ID{30: 21, 31: 0} { // the latest stretch that overlaps the month
			u, err := r.Usage(i)
			if err != nil || u.Term != term {
				t.Errorf("usage %d is priced by stretch %d, want %d: %v", i, u.Term, term, err)
			}
			if u.Offering != 5 {
				t.Errorf("usage %d is of offering %d, want its resource's, 5", i, u.Offering)
			}
		}
		docs, err := r.Documents(core.DocumentQuery{Parent: 5, Alias: "ada"})
		if err != nil || len(docs) != 1 || docs[0].ID != 40 {
			t.Errorf("ada's account is found as %v, %v", docs, err)
		}
		terms, err := r.Terms(7)
		if len(terms) != 2 || terms[0].Each != nil || terms[0].Once != nil {
			t.Errorf("terms: %+v", terms)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// schema is every table and index as it was declared.
func schema(t *testing.T, s *Store) string {
	t.Helper()
	st, err := s.writer.c.Prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Reset() // else it keeps its snapshot
	var out strings.Builder
	for {
		ok, err := st.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out.String()
		}
		fmt.Fprintln(&out, st.ColumnText(0), st.ColumnText(1))
	}
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, Options{})
	if err := s.writer.script("INSERT INTO schema_version (version) VALUES (9999)"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.Migrate(t.Context()), dir, "9999", "newer")
	s.Close()
	for _, opts := range []Options{{}, {ReadOnly: true}} {
		_, err := Open(dir, opts)
		wantRefused(t, err, dir, "9999", "newer")
	}
}

func TestAMigrationThatFailsLeavesNothing(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	before := schema(t, s)
	was, err := s.writer.version()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.apply(record.Migration{Version: 9, Name: "0009_broken.sql", SQL: "CREATE TABLE half (x INTEGER); CREATE TABLE orders (x INTEGER);"}); err == nil {
		t.Fatal("it was applied")
	}
	if got := schema(t, s); got != before {
		t.Errorf("left is\n%s", got)
	}
	if v, err := s.writer.version(); v != was || err != nil {
		t.Errorf("version %d, %v; it was %d", v, err, was)
	}
}

func TestListsUseTheirIndex(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	keep(t, s, func(tx core.Tx) error { // what leads from a project, a user, a provider to orders
		return tx.InsertOrder(order.Order{ID: 1, Type: order.Create, State: order.Done, Customer: 9, Project: 40, User: 1, Provider: 3, Offering: 5})
	})
	customer, one := []id.ID{7}, core.Page{Limit: 1}
	month := day.Day(19000)
	since := month.Time()
	for name, tt := range map[string]struct {
		read func(r core.Reader) error
		want string
	}{
		"a customer's orders": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Customers: customer, Page: one})
			return err
		}, "orders_customer (customer_id=?)"},
		"a page of a customer's orders": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Customers: customer, Page: core.Page{After: 9}})
			return err
		}, "orders_customer (customer_id=? AND id<?)"},
		"orders seen by a customer": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Any: &core.Sight{Customers: customer}})
			return err
		}, "orders_customer (customer_id=?)"},
		"orders seen by customers, a project, a user and a provider": {func(r core.Reader) error {
			see := &core.Sight{Customers: []id.ID{7, 8}, Projects: []id.ID{40}, Users: []id.ID{1}, Providers: []id.ID{3}}
			_, err := r.Orders(core.OrderQuery{Any: see})
			return err
		}, "MERGE (UNION ALL)"},
		"a project's orders": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Projects: []id.ID{40}})
			return err
		}, "orders_customer (customer_id=?)"},
		"orders seen, sorted by cost": {func(r core.Reader) error {
			see := &core.Sight{Customers: []id.ID{7}, Providers: []id.ID{3}}
			_, err := r.Orders(core.OrderQuery{Any: see, SortBy: "cost"})
			return err
		}, "orders_provider (provider_id=?)"},
		"resources seen by a customer and a provider": {func(r core.Reader) error {
			_, err := r.Resources(core.ResourceQuery{Any: &core.Sight{Customers: []id.ID{7}, Providers: []id.ID{3}}})
			return err
		}, "resources_offering (offering_id=?)"},
		"usages seen by a customer": {func(r core.Reader) error {
			_, err := r.Usages(core.UsageQuery{Any: &core.Sight{Customers: []id.ID{7}}})
			return err
		}, "(resource_id=?)"},
		"a far page of what was used of an offering in a month": {func(r core.Reader) error {
			_, err := r.Usages(core.UsageQuery{Offerings: customer, From: &month, To: &month, ReportedOnly: true, Page: core.Page{Ascending: true, Skip: 9000}})
			return err
		}, "COVERING INDEX usages_offering (offering_id=? AND period=?)"},
		"what was used of offerings in a month": {func(r core.Reader) error {
			_, err := r.Usages(core.UsageQuery{Offerings: []id.ID{7, 8}, From: &month, To: &month, ReportedOnly: true})
			return err
		}, "MERGE (UNION ALL)"},
		"what was used of an offering in a month, counted": {func(r core.Reader) error {
			_, err := r.CountUsages(core.UsageQuery{Offerings: customer, From: &month, To: &month, ReportedOnly: true})
			return err
		}, "COVERING INDEX usages_offering (offering_id=? AND period=?)"},
		"users' parts of what was used of an offering in a month": {func(r core.Reader) error {
			_, err := r.UserUsageList(core.UserUsageQuery{UsageQuery: core.UsageQuery{Offerings: customer, From: &month, To: &month}})
			return err
		}, "COVERING INDEX usages_offering (offering_id=? AND period=?)"},
		"a resource's usages in a month": {func(r core.Reader) error {
			_, err := r.Usages(core.UsageQuery{Resources: customer, Offerings: customer, From: &month, To: &month, ReportedOnly: true})
			return err
		}, "(resource_id=? AND period=?)"},
		"a provider's orders": {func(r core.Reader) error { _, err := r.Orders(core.OrderQuery{Providers: customer}); return err }, "orders_provider (provider_id=?)"},
		"all orders of a provider's only offering, counted": {func(r core.Reader) error {
			_, err := r.CountOrders(core.OrderQuery{Offerings: []id.ID{5}})
			return err
		}, "COVERING INDEX orders_provider (provider_id=?)"},
		"a far page of them": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Offerings: []id.ID{5}, Page: core.Page{Skip: 9000}})
			return err
		}, "COVERING INDEX orders_provider (provider_id=?)"},
		"an offering's open orders": {func(r core.Reader) error {
			_, err := r.Orders(core.OrderQuery{Offerings: customer, States: []order.State{order.Executing}})
			return err
		}, "orders_open (offering_id=?)"},
		"a resource's orders": {func(r core.Reader) error { _, err := r.Orders(core.OrderQuery{Resources: customer}); return err }, "orders_resource (resource_id=?)"},
		"a page of a customer's resources": {func(r core.Reader) error {
			_, err := r.Resources(core.ResourceQuery{Customers: customer, Page: core.Page{After: 9}})
			return err
		}, "orders_customer (customer_id=? AND id<?)"},
		"a customer's resources":  {func(r core.Reader) error { _, err := r.Resources(core.ResourceQuery{Customers: customer}); return err }, "orders_customer (customer_id=?)"},
		"an offering's resources": {func(r core.Reader) error { _, err := r.Resources(core.ResourceQuery{Offerings: customer}); return err }, "resources_offering (offering_id=?)"},
		"an offering's living resources counted by plan": {func(r core.Reader) error {
			_, err := r.CountResources(core.ResourceQuery{Offerings: customer, Plans: customer, States: []order.ResourceState{order.OK, order.ResourceErred}})
			return err
		}, "COVERING INDEX resources_offering (offering_id=?)"},
		"an offering's living resources by project": {func(r core.Reader) error {
			_, err := r.Tally(core.ResourceQuery{Offerings: customer, States: []order.ResourceState{order.OK, order.ResourceErred}})
			return err
		}, "COVERING INDEX resources_offering (offering_id=?)"},
		"a far page of an offering's resources": {func(r core.Reader) error {
			_, err := r.Resources(core.ResourceQuery{Offerings: customer, States: []order.ResourceState{order.OK}, Page: core.Page{Skip: 9000}})
			return err
		}, "COVERING INDEX resources_offering (offering_id=?)"},
		"a document's resources": {func(r core.Reader) error { _, err := r.Resources(core.ResourceQuery{Ref: 7}); return err }, "resources_ref (ref=?)"},
		"what a customer spent":  {func(r core.Reader) error { _, err := r.Spent(core.SpendQuery{Customer: 7, From: &since}); return err }, "COVERING INDEX entries_spent (customer_id=? AND at>?)"},
		"a customer's entries":   {func(r core.Reader) error { _, err := r.CustomerEntries(7, core.EntryKey{}, 9); return err }, "orders_customer (customer_id=?"},
		"a customer's next entries": {func(r core.Reader) error {
			_, err := r.CustomerEntries(7, core.EntryKey{Subject: 8, N: 2}, 9)
			return err
		}, "orders_customer (customer_id=? AND id>?)"},
		"a subject's events": {func(r core.Reader) error { _, err := r.Events(core.EventQuery{Subject: 7}); return err }, "events_subject (subject_id=?"},
		"the feed":           {func(r core.Reader) error { _, err := r.Events(core.EventQuery{After: 7}); return err }, "PRIMARY KEY (rowid>?)"},
		"due jobs":           {func(r core.Reader) error { _, err := r.DueJobs([]string{"a", "b"}, since, 9); return err }, "jobs_run_at (run_at<?)"},
		"a customer's documents": {func(r core.Reader) error {
			_, err := r.Documents(core.DocumentQuery{Kind: "site", Customers: customer})
			return err
		}, "documents_customer (kind=? AND customer_id=?)"},
		"a document by its name": {func(r core.Reader) error {
			_, err := r.Documents(core.DocumentQuery{Kind: "site", Customers: customer, Name: "one"})
			return err
		}, "documents_name (kind=? AND customer_id=? AND name=?)"},
		"a document's own": {func(r core.Reader) error { _, err := r.Documents(core.DocumentQuery{Parent: 7}); return err }, "documents_parent (parent_id=?)"},
		"what is kept of some records": {func(r core.Reader) error {
			_, err := r.Documents(core.DocumentQuery{Kind: "site", Parents: []id.ID{7, 8}})
			return err
		}, "documents_parent (parent_id=?)"},
		"what is kept of one of the desk's": {func(r core.Reader) error {
			_, err := r.Documents(core.DocumentQuery{Kind: "site", Customers: []id.ID{0}, Parent: 7})
			return err
		}, "documents_parent (parent_id=?)"},
		"an acquisition's tiles": {func(r core.Reader) error { _, err := r.Tiles(core.TileQuery{Acquisitions: customer}); return err }, "tiles_acquisition (acquisition_id=?)"},
		"a resource's usages":    {func(r core.Reader) error { _, err := r.Usages(core.UsageQuery{Resources: customer}); return err }, "(resource_id=?)"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if err := s.View(t.Context(), func(r core.Reader) error {
				c := r.(*reader).e.c
				clear(c.kept)
				if err := tt.read(r); err != nil {
					return err
				}
				for sql := range c.kept {
					got += plan(t, c, sql)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("want %s in\n%s", tt.want, got)
			}
			for line := range strings.Lines(got) {
				if strings.Contains(line, "SCAN ") && !strings.Contains(line, "json_each") && !strings.Contains(line, "order_sources") {
					t.Errorf("it scans:\n%s", got)
				}
			}
			if strings.Contains(got, "entries e") && strings.Contains(got, "TEMP B-TREE") {
				t.Errorf("a page of entries is sorted:\n%s", got)
			}
			if strings.Contains(got, "MERGE") && strings.Contains(got, "TEMP B-TREE FOR ORDER BY\nRIGHT") {
				t.Errorf("a stretch of an index is sorted:\n%s", got)
			}
		})
	}
}

// plan is how SQLite would run a query.
func plan(t *testing.T, c *conn, sql string) string {
	t.Helper()
	st, err := c.c.Prepare("EXPLAIN QUERY PLAN " + sql)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Reset() // else it keeps its snapshot
	var out strings.Builder
	for {
		ok, err := st.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out.String()
		}
		fmt.Fprintln(&out, st.ColumnText(3))
	}
}
