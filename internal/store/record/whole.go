package record

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
)

// What is read whole, piece by piece.

// CustomerEntries walks the customer's orders by their index and finds entries by key;
// nothing is sorted, so that a page costs what it holds.
func (r *Reader) CustomerEntries(customer id.ID, after core.EntryKey, n int) ([]ledger.Entry, error) {
	u, err := r.Usage(after.Subject)
	inUsages := err == nil
	if err != nil && core.KindOf(err) != core.NotFound {
		return nil, err
	}
	var out []ledger.Entry
	if !inUsages {
		var w where
		w.and("o.customer_id = ?", num64(customer))
		w.and("o.id >= ?", num64(after.Subject))
		w.and("e.subject_id = o.id")
		w.and("(o.id, e.n) > (?, ?)", num64(after.Subject), num64(after.N))
		w.args = append(w.args, num64(n))
		if out, err = shaped(r, entries, "e", "orders o CROSS JOIN entries e", &w, " ORDER BY o.id, e.n LIMIT ? + 0"); err != nil || len(out) >= n {
			return out, err
		}
	}
	var w where
	w.and("o.customer_id = ?", num64(customer))
	w.and("u.resource_id = o.id")
	w.and("e.subject_id = u.id")
	if inUsages {
		w.and("o.id >= ?", num64(u.Resource))
		w.and("(o.id, u.period, u.component_id, e.n) > (?, ?, ?, ?)", num64(u.Resource), num64(u.Period), num64(u.Component), num64(after.N))
	}
	w.args = append(w.args, num64(n-len(out)))
	more, err := shaped(r, entries, "e", "orders o CROSS JOIN usages u CROSS JOIN entries e", &w, " ORDER BY o.id, u.period, u.component_id, e.n LIMIT ? + 0")
	return append(out, more...), err
}

var allJobs = jobs.where("WHERE (subject_id, kind) > (?1, ?2) ORDER BY subject_id, kind LIMIT ?3 + 0")

func (r *Reader) AllJobs(after core.Job, n int) ([]core.Job, error) {
	return allJobs.all(r, num64(after.Subject), str(after.Kind), num64(n))
}
