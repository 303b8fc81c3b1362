package postgres

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// Every transaction that writes takes its locks in this order, each kind sorted: the
// desk; requests' keys and kinds of names; customers, offerings and documents, by id; orders' rows;
// resources' rows; jobs' rows; balances' rows; last the feed. So two of them never wait for each other.
// The first three are advisory, for there may be no row yet, or many; all are released
// with the transaction. A lock and what is read under it are two statements: a statement
// sees the database as it was when it began, which is before it had the lock.
const (
	lockMigrate int64 = -1 - iota
	lockFeed
	lockDesk
)

// locks are what a Touch names, as keys. Ids are keys by themselves: no two records that
// are locked by id have the same one. A request's key is its hash, as that of a kind of names
// is, below all others.
type locks struct {
	desk      bool    // alone on the whole desk
	exclusive bool    // of records
	requests  []int64 // keys, of kinds of names too
	records   []int64
	orders    []int64
	resources []int64
}

func locksOf(on core.Touch) locks {
	l := locks{exclusive: on.Exclusive, orders: keys(on.Orders), resources: keys(on.Resources)}
	l.records = keys(slices.Concat(on.Customers, on.Offerings, on.Documents))
	for _, h := range on.Idem {
		l.requests = append(l.requests, requestKey(h))
	}
	for _, n := range on.Names {
		sum := sha256.Sum256([]byte(n))
		l.requests = append(l.requests, requestKey([16]byte(sum[:16])))
	}
	slices.Sort(l.requests)
	l.requests = slices.Compact(l.requests)
	l.desk = on.Exclusive && len(l.records)+len(l.orders)+len(l.resources) == 0
	return l
}

// requestKey is negative, and far below the keys that have names.
func requestKey(hash [16]byte) int64 {
	return int64(binary.BigEndian.Uint64(hash[:])&^(3<<62) | 1<<63)
}

func keys(ids []id.ID) []int64 {
	out := make([]int64, 0, len(ids))
	for _, i := range ids {
		if i != 0 {
			out = append(out, int64(i))
		}
	}
	return unique(out)
}

func unique[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// The statements that lock. An order's customer and offering, and a resource's, never
// change, so they can be read before they are locked. OFFSET 0 keeps the sorting below
// the locking.
const (
	takeDesk     = "SELECT pg_advisory_xact_lock($1)"
	shareDesk    = "SELECT pg_advisory_xact_lock_shared($1)"
	takeRequests = "SELECT pg_advisory_xact_lock(k) FROM (SELECT k FROM unnest($1::bigint[]) AS u(k) ORDER BY k OFFSET 0) AS s"

	recordsOf = ` FROM (SELECT k FROM (
		SELECT unnest($1::bigint[])
		UNION SELECT customer_id FROM orders WHERE id = ANY ($2::bigint[])
		UNION SELECT offering_id FROM orders WHERE id = ANY ($2::bigint[])
		UNION SELECT customer_id FROM resources WHERE id = ANY ($3::bigint[])
		UNION SELECT offering_id FROM resources WHERE id = ANY ($3::bigint[])
	) AS u(k) WHERE k <> 0 ORDER BY k OFFSET 0) AS s`
	takeRecords  = "SELECT pg_advisory_xact_lock(k), k" + recordsOf
	shareRecords = "SELECT pg_advisory_xact_lock_shared(k), k" + recordsOf

	// Orders named, and those that are open on the resources named; resources named, and
	// those of the orders named.
	theOrders    = "(SELECT unnest($1::bigint[]) UNION SELECT open_order FROM resources WHERE id = ANY ($2::bigint[]))"
	theResources = "(SELECT unnest($2::bigint[]) UNION SELECT resource_id FROM orders WHERE id = ANY ($1::bigint[]))"
)

// queue adds the statements that take the locks.
func (l locks) queue(b *pgx.Batch) {
	if l.desk {
		b.Queue(takeDesk, lockDesk)
	} else {
		b.Queue(shareDesk, lockDesk)
	}
	if len(l.requests) > 0 && !leftOut.requestLocks {
		b.Queue(takeRequests, l.requests)
	}
	if len(l.records)+len(l.orders)+len(l.resources) == 0 {
		return
	}
	records := shareRecords
	if l.exclusive {
		records = takeRecords
	}
	b.Queue(records, l.records, l.orders, l.resources)
	if len(l.orders)+len(l.resources) > 0 {
		b.Queue("SELECT id FROM orders WHERE id IN "+theOrders+" ORDER BY id FOR UPDATE", l.orders, l.resources)
		b.Queue("SELECT id FROM resources WHERE id IN "+theResources+" ORDER BY id FOR UPDATE", l.orders, l.resources)
	}
}
