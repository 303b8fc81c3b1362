package postgres

import (
	"fmt"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// What later versions look up by other columns has these filled in.
func TestAnOldDatabaseIsFoundByWhatItHadNoColumnsFor(t *testing.T) {
	dsn := pgtest.Database(t)
	c := sql(t, dsn)
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	execute(t, c, "CREATE TABLE schema_version (version BIGINT PRIMARY KEY)")
	for _, m := range all[:3] { // the fourth brings it
		execute(t, c, m.SQL)
		execute(t, c, fmt.Sprintf("INSERT INTO schema_version (version) VALUES (%d)", m.Version))
	}
	execute(t, c, `INSERT INTO resources (id, customer_id, project_id, user_id, provider_id, offering_id, plan_id, ref, name, slug, state, backend_id, open_order, live, rev)
		VALUES (7, 1, 2, 3, 4, 5, 6, 0, 'r', 'r', 2, '', 0, 0, 1)`)
	execute(t, c, `INSERT INTO usages (id, resource_id, component_id, period, recurring, quantity, amount, counts_on, note, updated_at)
		VALUES (30, 7, 10, 20454, 0, 0, 0, 20454, '', 0), (31, 8, 10, 20454, 0, 0, 0, 20454, '', 0)`)
	execute(t, c, `INSERT INTO documents (id, kind, customer_id, project_id, parent_id, name, state, rev, body, removed_at)
		VALUES (40, 'waldur.account', 1, 0, 5, '5/3', 'OK', 1, '{"offering":5,"user":3,"username":"ada"}', NULL),
			(41, 'waldur.account', 1, 0, 5, '5/4', 'Requested', 1, '{"offering":5,"user":4}', NULL),
			(42, 'test.shed', 1, 0, 5, '', '', 1, '{"username":"ada"}', NULL)`)
	s := openAt(t, dsn, Options{})
	if err := s.View(t.Context(), func(r core.Reader) error {
		if docs, err := r.Documents(core.DocumentQuery{Parent: 5, Alias: "ada"}); err != nil || len(docs) != 1 || docs[0].ID != 40 {
			t.Errorf("ada's account is found as %v, %v", docs, err)
		}
		for i, want := range map[id.ID]id.ID{30: 5, 31: 0} { // of resource 8 there is nothing: verify tells
			if u, err := r.Usage(i); err != nil || u.Offering != want {
				t.Errorf("usage %d is of offering %d, want %d: %v", i, u.Offering, want, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
