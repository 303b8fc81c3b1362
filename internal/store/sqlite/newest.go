package sqlite

import (
	"strings"

	"github.com/docket-desk/docket/internal/id"
)

// numbered are the tables whose key is an id of the desk's own.
var numbered = []string{"customers", "projects", "users", "grants", "keys", "providers", "offerings", "components", "plans", "limits", "buckets",
	"orders", "resources", "terms", "assets", "usages", "documents", "acquisitions"}

// newest reads one key a table: the last.
var newest = "SELECT max(id) FROM (SELECT max(id) AS id FROM " + strings.Join(numbered, " UNION ALL SELECT max(id) FROM ") + ")"

func (r *reader) Newest() (id.ID, error) {
	s, err := r.prepare(newest)
	if err != nil {
		return 0, err
	}
	if _, err := s.Step(); err != nil {
		return 0, r.failure("newest", err)
	}
	last := id.ID(s.ColumnInt64(0)) // NULL is 0
	return last, r.failure("newest", s.Reset())
}
