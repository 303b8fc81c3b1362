package record

import (
	"strings"

	"github.com/docket-desk/docket/internal/id"
)

// Newest reads one key a table: the last.
func (r *Reader) Newest() (id.ID, error) {
	var last id.ID
	err := r.Query("SELECT max(id) FROM (SELECT max(id) AS id FROM "+strings.Join(numbered(), " UNION ALL SELECT max(id) FROM ")+") AS newest", true, nil,
		func(row Row) { last = id.ID(row.Int(0)) }) // NULL is 0
	return last, err
}

// numbered are the tables whose key is an id of the desk's own.
func numbered() []string {
	var out []string
	for _, l := range layouts {
		if l.Columns[0] == "id" {
			out = append(out, l.Name)
		}
	}
	return out
}
