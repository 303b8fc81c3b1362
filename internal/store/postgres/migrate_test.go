package postgres

import (
	"fmt"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

func TestUsagesOfAnOldDatabaseAreOfTheirResourcesOffering(t *testing.T) {
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
	s := openAt(t, dsn, Options{})
	if err := s.View(t.Context(), func(r core.Reader) error {
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
