// Package storetest holds what core.Store promises, each promise a subtest, so that
// every store runs the same ones. It knows nothing of how a store keeps things; what
// only one store has (files, locks, migrations) is tested beside that store.
package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// promises are run each on a store of its own, migrated and empty.
var promises = []struct {
	name string
	keep func(t *testing.T, s core.Store)
}{
	{"what is put is read back equal", recordsRoundTrip},
	{"what is not there is not found", nothingFound},
	{"a put with rev 0 inserts and any other replaces the row of exactly that rev", revs},
	{"a stale revision is a conflict that names the record", stale},
	{"a name that is taken is a conflict", uniqueNames},
	{"a name is free again where its record has ended", namesFreed},
	{"deleting takes what belongs to the record", deletes},
	{"an update that returns an error keeps nothing", nothingOnError},
	{"an update that panics keeps nothing and the store goes on", nothingOnPanic},
	{"a failed write spoils the transaction even if fn goes on", failedWriteSpoils},
	{"an update reads what it wrote", readsItsWrites},
	{"a transaction kept beyond its end answers with an error", overIsOver},
	{"one of many writers of a revision wins", oneWins},
	{"increments from many writers all count", increments},
	{"a reader keeps its snapshot while others commit", snapshot},
	{"a reader does not wait for the writer", readersDoNotWait},
	{"a context that ended before its turn is dropped", droppedBeforeTurn},
	{"a view of an ended context does not run", endedView},
	{"once its turn has come an update stands though its context ends", standsThoughEnded},
	{"migrating again changes nothing", migrateAgain},
	{"ids go on above those that may have been drawn", idFloor},
	{"positions of events have no gaps", eventsWithoutGaps},
	{"events are filtered and ascend", eventFilters},
	{"a job is found when it is due, the longest due first", dueJobs},
	{"a job is deleted only by the attempt that claimed it", deleteJob},
	{"a request is remembered by day and hash", idemDays},
	{"a request remembered again replaces the first", idemReplaced},
	{"a request of a transaction rolled back is not remembered", idemRolledBack},
	{"requests of days gone by are dropped", idemDropped},
	{"balances add up", balancesAdd},
	{"sums of what was spent are those of captures, charges and refunds", spentSums},
	{"customers are filtered and paged", customerQueries},
	{"projects are filtered and paged", projectQueries},
	{"users are filtered and paged", userQueries},
	{"grants are filtered", grantQueries},
	{"offerings are filtered and paged", offeringQueries},
	{"orders are filtered, sorted and paged", orderQueries},
	{"resources are filtered, sorted and paged", resourceQueries},
	{"resources are counted by project and offering", resourceTally},
	{"usages are filtered and paged", usageQueries},
	{"users' parts of usages are filtered and paged", userUsageQueries},
	{"documents are filtered and paged", documentQueries},
	{"acquisitions and tiles are filtered", archiveQueries},
	{"long lists are counted and paged as they are, whoever writes between", listsBetweenWrites},
	{"what has no page comes in its order", plainLists},
	{"everything can be read in bounded pieces", everything},
	{"a customer's entries come in pieces, its orders' before its usages'", customerEntries},
	{"jobs and requests can be read in bounded pieces", otherPieces},
	{"the newest record is found, whatever it is", newestRecord},
	{"what a request contains is found by its path", requestContains},
}

// Run keeps every promise against stores that open returns: migrated, empty, and
// closed by the test's cleanup.
func Run(t *testing.T, open func(t *testing.T) core.Store) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.keep(t, open(t)) })
	}
}

// update runs fn and fails the test where it fails.
func update(t *testing.T, s core.Store, fn func(tx core.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), core.Touch{}, fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// tryUpdate runs fn and returns how it ended.
func tryUpdate(s core.Store, fn func(tx core.Tx) error) error {
	return s.Update(context.Background(), core.Touch{}, fn)
}

// view runs fn and fails the test where it fails.
func view(t *testing.T, s core.Store, fn func(r core.Reader) error) {
	t.Helper()
	if err := s.View(context.Background(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// wantConflict fails the test unless err is a conflict for that reason.
func wantConflict(t *testing.T, err error, reason string) *core.Error {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Kind != core.Conflict || e.Reason != reason {
		t.Fatalf("got %v, want a conflict, reason %s", err, reason)
	}
	return e
}

// wantNotFound fails the test unless err says that nothing is there.
func wantNotFound(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, core.NotFound) {
		t.Fatalf("got %v, want not found", err)
	}
}
