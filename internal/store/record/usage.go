package record

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

var usages = newTable("usages", 1,
	"id, resource_id, offering_id, component_id, period, reported, recurring, term_id, quantity, amount, counts_on, note, updated_at",
	func(f *Fields, u *order.Usage) {
		num(f, &u.ID)
		num(f, &u.Resource)
		num(f, &u.Offering)
		num(f, &u.Component)
		num(f, &u.Period)
		opt(f, &u.Reported)
		flag(f, &u.Recurring)
		num(f, &u.Term)
		num(f, &u.Quantity)
		num(f, &u.Amount)
		num(f, &u.CountsOn)
		text(f, &u.Note)
		at(f, &u.UpdatedAt)
	})

var usageByID = usages.guard("WHERE id = ?1")

func (r *Reader) Usage(i id.ID) (order.Usage, error) { return usageByID.byID(r, "usage", i) }

func (r *Reader) Usages(q core.UsageQuery) ([]order.Usage, error) {
	w, err := r.usageFilters(q)
	if err != nil {
		return nil, err
	}
	return reachList(r, usages, "u", usageReach(q), w, q.Page, sorting{id: "u.id"})
}

func (r *Reader) CountUsages(q core.UsageQuery) (int, error) {
	w, err := r.usageFilters(q)
	if err != nil {
		return 0, err
	}
	return reachCount(r, usages, "u", usageReach(q), w)
}

// usageReach says by which index usages are read: by usages_offering, or, where their
// owners are asked for otherwise, by the resources that these lead to.
func usageReach(q core.UsageQuery) whence {
	if !wholeOfferings(q) {
		return whence{whole: true}
	}
	return whence{reaches: []reach{{from: "usages u", id: "u.id", column: "u.offering_id", keys: distinct(q.Offerings), whole: "%s"}}}
}

// wholeOfferings reports whether a query asks for all usages of offerings, whosever they are.
func wholeOfferings(q core.UsageQuery) bool {
	return len(q.Offerings) > 0 && len(q.IDs)+len(q.Resources)+len(q.Customers)+len(q.Projects)+len(q.Providers) == 0 && (q.Any == nil || q.Any.All)
}

func (r *Reader) usageFilters(q core.UsageQuery) (*where, error) {
	w := &where{}
	if !wholeOfferings(q) {
		owners := core.ResourceQuery{Hidden: true, Any: q.Any, Customers: q.Customers, Projects: q.Projects, Providers: q.Providers, Offerings: q.Offerings}
		if err := r.ofOwners(w, owners, q.Resources); err != nil {
			return nil, err
		}
	}
	in(w, "u.id", q.IDs)
	in(w, "u.resource_id", q.Resources)
	in(w, "u.component_id", q.Components)
	switch {
	case q.From != nil && q.To != nil && *q.From == *q.To: // one month's are in order of id
		w.and("u.period = ?", num64(*q.From))
	default:
		if q.From != nil {
			w.and("u.period >= ?", num64(*q.From))
		}
		if q.To != nil {
			w.and("u.period <= ?", num64(*q.To))
		}
	}
	if q.ReportedOnly {
		w.and("u.reported IS NOT NULL")
	}
	return w, nil
}

// ofOwners narrows usages to those of the resources that q lists: a usage has its
// resource's owners. Where the resources are named already, no others are looked at:
// their owners may have thousands.
func (r *Reader) ofOwners(w *where, q core.ResourceQuery, named []id.ID) error {
	if len(resourceFilters(q).parts) == 0 {
		return nil
	}
	q.IDs = named
	of := resourceFilters(q)
	h, err := r.resourceReach(q)
	if err != nil {
		return err
	}
	h.either(of)
	w.and("u.resource_id IN (SELECT r.id FROM resources r"+of.sql()+")", of.args...)
	return nil
}

func (tx *Tx) PutUsage(u order.Usage) error { return put(tx, usages, &u) }

var userUsages = newTable("user_usages", 2, "usage_id, username, quantity", func(f *Fields, u *order.UserUsage) {
	num(f, &u.Usage)
	text(f, &u.Username)
	num(f, &u.Quantity)
})

var (
	userUsagesOf     = userUsages.where("WHERE usage_id = ?1 ORDER BY username")
	userUsagesOfMany = userUsages.where("WHERE usage_id = ANY (?1) ORDER BY usage_id, username")
)

func (r *Reader) UserUsages(usages ...id.ID) ([]order.UserUsage, error) {
	return ofAny(r, userUsagesOf, userUsagesOfMany, usages)
}

func (r *Reader) UserUsageList(q core.UserUsageQuery) ([]order.UserUsage, error) {
	w, err := r.userUsageFilters(q)
	if err != nil {
		return nil, err
	}
	tail := " ORDER BY p.usage_id, p.username LIMIT ? + 0 OFFSET ?"
	w.args = append(w.args, num64(pageLimit(q.Limit)), num64(q.Skip))
	return shaped(r, userUsages, "p", partsOfUsages, w, tail)
}

func (r *Reader) CountUserUsages(q core.UserUsageQuery) (int, error) {
	w, err := r.userUsageFilters(q)
	if err != nil {
		return 0, err
	}
	return count(r, partsOfUsages, "", w)
}

const partsOfUsages = "usages u JOIN user_usages p ON p.usage_id = u.id"

func (r *Reader) userUsageFilters(q core.UserUsageQuery) (*where, error) {
	w, err := r.usageFilters(q.UsageQuery)
	if err == nil {
		usageReach(q.UsageQuery).either(w)
		words(w, "p.username", q.Usernames)
	}
	return w, err
}

func (tx *Tx) PutUserUsage(u order.UserUsage) error { return put(tx, userUsages, &u) }

var entries = newTable("entries", 2,
	"subject_id, n, posting, kind, amount, quantity, component_id, currency, customer_id, project_id, user_id, provider_id, offering_id, resource_id, usage_id, "+
		"counts_on, at, made_by, reason",
	func(f *Fields, e *ledger.Entry) {
		num(f, &e.Subject)
		num(f, &e.N)
		num(f, &e.Posting)
		code(f, &e.Kind, entryKinds)
		num(f, &e.Amount)
		num(f, &e.Quantity)
		num(f, &e.Component)
		text(f, &e.Currency)
		num(f, &e.Customer)
		num(f, &e.Project)
		num(f, &e.User)
		num(f, &e.Provider)
		num(f, &e.Offering)
		num(f, &e.Resource)
		num(f, &e.Usage)
		num(f, &e.CountsOn)
		at(f, &e.At)
		num(f, &e.By)
		text(f, &e.Reason)
	})

var (
	entriesOf  = entries.where("WHERE subject_id = ?1 ORDER BY n")
	allEntries = entries.where("WHERE (subject_id, n) > (?1, ?2) ORDER BY subject_id, n LIMIT ?3 + 0")
)

func (r *Reader) Entries(subject id.ID) ([]ledger.Entry, error) {
	return entriesOf.all(r, num64(subject))
}

func (r *Reader) AllEntries(after core.EntryKey, n int) ([]ledger.Entry, error) {
	return allEntries.all(r, num64(after.Subject), num64(after.N), num64(n))
}

func (tx *Tx) InsertEntries(list []ledger.Entry) error {
	for i := range list {
		if _, err := write(tx, entries, entries.insert, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) Spent(q core.SpendQuery) ([]core.Spent, error) {
	var w where
	w.and("e.kind >= 3") // what entries_spent holds: captures, charges, refunds
	is(&w, "e.customer_id", q.Customer)
	is(&w, "e.project_id", q.Project)
	is(&w, "e.user_id", q.User)
	is(&w, "e.offering_id", q.Offering)
	w.between("e.at", q.From, q.Until)
	return gather(r, "SELECT e.component_id, e.kind, CAST(sum(e.amount) AS BIGINT), CAST(sum(e.quantity) AS BIGINT) FROM entries e"+w.sql()+
		" GROUP BY e.component_id, e.kind ORDER BY e.component_id, e.kind", true, func(f *Fields, s *core.Spent) {
		num(f, &s.Component)
		code(f, &s.Kind, entryKinds)
		num(f, &s.Amount)
		num(f, &s.Quantity)
	}, w.args)
}
