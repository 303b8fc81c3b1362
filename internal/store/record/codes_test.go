package record

import (
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

func TestEveryWordHasACodeOfItsOwn(t *testing.T) {
	hasCodes(t, orderTypes, order.Types())
	hasCodes(t, orderStates, order.States())
	hasCodes(t, orderOutcomes, []order.Outcome{"", order.Full, order.Partial})
	hasCodes(t, lineStates, order.LineStates())
	hasCodes(t, resourceStates, order.ResourceStates())
	hasCodes(t, entryKinds, ledger.Kinds())
}

// hasCodes fails the test unless the table has each word once, in the words' order, by
// which lists are sorted.
func hasCodes[T comparable](t *testing.T, table codes[T], words []T) {
	t.Helper()
	if len(table.code) != len(words) || len(table.word) != len(words) {
		t.Errorf("%s: %d words, %d codes, want %d", table.what, len(table.code), len(table.word), len(words))
	}
	if got := table.list(words); len(got) != len(words) || !slices.IsSorted(got) {
		t.Errorf("%s: codes %v of %v", table.what, got, words)
	}
}

func TestTheSchemasNumbersAreTheOnesMeant(t *testing.T) {
	for _, s := range order.States() {
		if s.Open() != (orderStates.code[s] <= lastOpen) {
			t.Errorf("order state %s has code %d", s, orderStates.code[s])
		}
	}
	for _, k := range ledger.Kinds() {
		if spent := k == ledger.Capture || k == ledger.Charge || k == ledger.Refund; spent != (entryKinds.code[k] >= 3) {
			t.Errorf("kind of entry %s has code %d", k, entryKinds.code[k])
		}
	}
	if orderTypes.code[order.Create] != 1 || resourceStates.code[order.Terminated] != 6 {
		t.Error("indexes of orders by resource and of live resources name codes that mean something else")
	}
}
