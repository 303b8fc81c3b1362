package record

import (
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

// The small numbers that tables without bound keep for states and kinds. They are
// for good: a number is never given to another word, and a list sorted by state is
// sorted by them. The schema names some: see its comments.
var (
	orderTypes = newCodes("order type", map[order.Type]int64{
		order.Create: 1, order.Update: 2, order.Terminate: 3, order.Restore: 4,
	})
	orderStates = newCodes("order state", map[order.State]int64{
		order.PendingConsumer: 1, order.PendingProject: 2, order.PendingProvider: 3, order.PendingStartDate: 4, order.Executing: lastOpen,
		order.Done: 6, order.Erred: 7, order.Canceled: 8, order.Rejected: 9,
	})
	orderOutcomes = newCodes("order outcome", map[order.Outcome]int64{
		"": 0, order.Full: 1, order.Partial: 2,
	})
	lineStates = newCodes("line state", map[order.LineState]int64{
		order.Preparing: 1, order.Building: 2, order.Shipped: 3, order.Delivered: 4, order.Installing: 5, order.Installed: 6,
		order.LineErred: 7, order.LineCanceled: 8, order.Replaced: 9,
	})
	resourceStates = newCodes("resource state", map[order.ResourceState]int64{
		order.Creating: 1, order.OK: 2, order.ResourceErred: 3, order.Updating: 4, order.Terminating: 5, order.Terminated: 6, order.Unlinked: 7,
	})
	entryKinds = newCodes("kind of entry", map[ledger.Kind]int64{
		ledger.Hold: 1, ledger.Release: 2, ledger.Capture: 3, ledger.Charge: 4, ledger.Refund: 5,
	})
)

// lastOpen is the code of the last state in which an order is open.
const lastOpen = 5

// codes is such a table, read both ways.
type codes[T comparable] struct {
	what string
	code map[T]int64
	word map[int64]T
}

func newCodes[T comparable](what string, code map[T]int64) codes[T] {
	word := make(map[int64]T, len(code))
	for w, c := range code {
		word[c] = w
	}
	return codes[T]{what, code, word}
}

// list returns the codes of words; words without one name no row and are left out.
func (c codes[T]) list(words []T) []int64 {
	out := make([]int64, 0, len(words))
	for _, w := range words {
		if n, ok := c.code[w]; ok {
			out = append(out, n)
		}
	}
	return out
}
