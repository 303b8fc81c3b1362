package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/store/record"
)

// The statements of a batch, prepared once a connection: their names are their texts'
// places in a pipeline, too.
const (
	sBegin = "begin"

	sShareDesk     = "share desk"
	sTakeRequests  = "take requests"
	sShareRecords  = "share records"
	sShelf         = "shelf"
	sIdem          = "idem"
	sOrders        = "orders"
	sResources     = "resources"
	sLines         = "lines"
	sEntries       = "entries"
	sJobs          = "jobs"
	sDocuments     = "documents"
	sMakeBalances  = "make balances"
	sTakeBalances  = "take balances"
	sBatch         = "batch"
	sDropIdem      = "drop idem"
	sDropJobs      = "drop jobs"
	sTakeFeed      = "take feed"
	sInsertEvents  = "insert events"
	sCommit        = "commit"
	insertPrefix   = "insert "
	putPrefix      = "put "
	replacePrefix  = "replace "
	documentFields = "id, kind, customer_id, project_id, parent_id, name, state, rev, body, removed_at, alias"
)

// typesOf reads the types of tables' columns, as they were made.
func typesOf(ctx context.Context, c *pgx.Conn) (map[string]map[string]uint32, error) {
	rows, err := c.Query(ctx, "SELECT c.relname, a.attname, a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "+
		"WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' AND pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]map[string]uint32{}
	for rows.Next() {
		var table, column string
		var oid uint32
		if err := rows.Scan(&table, &column, &oid); err != nil {
			return nil, err
		}
		if out[table] == nil {
			out[table] = map[string]uint32{}
		}
		out[table][column] = oid
	}
	return out, rows.Err()
}

// written are the tables that batches write, and how.
var written = []struct {
	record.Layout
	insert, put, replace bool
}{
	{Layout: record.Orders.Layout, insert: true, replace: true},
	{Layout: record.Lines.Layout, insert: true, replace: true},
	{Layout: record.Resources.Layout, insert: true, replace: true},
	{Layout: record.Entries.Layout, insert: true},
	{Layout: record.Terms.Layout, put: true},
	{Layout: record.Assets.Layout, put: true},
	{Layout: record.Usages.Layout, put: true},
	{Layout: record.UserUsages.Layout, put: true},
	{Layout: record.Balances.Layout, replace: true},
	{Layout: record.Jobs.Layout, put: true},
	{Layout: record.Requests, put: true},
	{Layout: record.Events.Layout},
	{Layout: record.Ownerships, put: true},
	{Layout: record.Sources, put: true},
}

func selecting(l record.Layout, where string) string {
	return "SELECT " + strings.Join(l.Columns, ", ") + " FROM " + l.Name + " WHERE " + where
}

// texts are the statements, by name; oids are the types of each written table's columns.
func texts(oids map[string][]uint32) map[string]string {
	out := map[string]string{
		sBegin:        "BEGIN",
		sShareDesk:    shareDesk,
		sTakeRequests: takeRequests,
		sShareRecords: shareRecords,
		sShelf:        "SELECT s.rev, n.holder FROM shelf s, nodes n WHERE s.id = 1 AND n.number = $1::integer",
		sIdem:         "SELECT " + idemColumns + " FROM idem WHERE day = ANY ($1::integer[]) AND hash = ANY ($2::bytea[]) ORDER BY at",
		sOrders:       selecting(record.Orders.Layout, "id IN "+theOrders+" ORDER BY id FOR UPDATE"),
		sResources:    selecting(record.Resources.Layout, "id IN "+theResources+" ORDER BY id FOR UPDATE"),
		sLines:        selecting(record.Lines.Layout, "order_id IN "+theOrders+" ORDER BY order_id, n"),
		sEntries:      selecting(record.Entries.Layout, "subject_id IN "+theOrders+" ORDER BY subject_id, n"),
		sJobs:         selecting(record.Jobs.Layout, "subject_id IN "+theOrders+" OR subject_id IN "+theResources+" ORDER BY subject_id, kind FOR UPDATE"),
		sDocuments:    "SELECT " + documentFields + " FROM documents WHERE id = ANY ($1::bigint[])",
		sMakeBalances: "INSERT INTO balances (limit_id, window_day, used, held) SELECT l, w, 0, 0 FROM unnest($1::bigint[], $2::integer[]) AS v (l, w) ORDER BY l, w ON CONFLICT DO NOTHING",
		sTakeBalances: "SELECT b.limit_id, b.window_day, b.used, b.held FROM unnest($1::bigint[], $2::integer[]) AS v (l, w) JOIN balances b ON b.limit_id = v.l AND b.window_day = v.w " +
			"ORDER BY b.limit_id, b.window_day FOR UPDATE OF b",
		sBatch:    "INSERT INTO batches (id, done) VALUES ($1::bigint, 1)",
		sDropIdem: "DELETE FROM idem USING unnest($1::integer[], $2::bytea[]) AS v (day, hash) WHERE idem.day = v.day AND idem.hash = v.hash",
		sDropJobs: "DELETE FROM jobs USING unnest($1::bigint[], $2::text[]) AS v (subject_id, kind) WHERE jobs.subject_id = v.subject_id AND jobs.kind = v.kind",
		sTakeFeed: "SELECT pg_advisory_xact_lock($1::bigint)",
		sCommit:   "COMMIT",
	}
	if leftOut.balanceLocks {
		out[sTakeBalances] = strings.TrimSuffix(out[sTakeBalances], " FOR UPDATE OF b")
	}
	for _, w := range written {
		if w.insert {
			out[insertPrefix+w.Name] = insertMany(w.Layout, oids[w.Name])
		}
		if w.put {
			out[putPrefix+w.Name] = putMany(w.Layout, oids[w.Name])
		}
		if w.replace {
			out[replacePrefix+w.Name] = replaceMany(w.Layout, oids[w.Name])
		}
	}
	events := record.Events.Columns[1:]
	out[sInsertEvents] = "INSERT INTO events (pos, " + strings.Join(events, ", ") + ") SELECT m.last + v.pos, v." + strings.Join(events, ", v.") +
		" FROM (SELECT coalesce(max(pos), 0) AS last FROM events) AS m, " + unnested(record.Events.Layout, oids["events"])
	return out
}
