package record

import (
	"cmp"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
)

var limits = newTable("limits", 1, "id, scope, scope_id, customer_id, measure, offering_id, component_id, period, value, rev",
	func(f *Fields, l *limit.Limit) {
		num(f, &l.ID)
		text(f, &l.Scope)
		num(f, &l.ScopeID)
		num(f, &l.Customer)
		text(f, &l.Measure)
		num(f, &l.Offering)
		num(f, &l.Component)
		text(f, &l.Period)
		num(f, &l.Value)
		num(f, &l.Rev)
	})

var (
	limitsOn    = limits.where("WHERE scope = ?1 AND scope_id = ?2")
	limitsOnAny = limits.where("WHERE scope = ANY (?1) AND scope_id = ANY (?2) ORDER BY id")
	allLimits   = limits.where("ORDER BY id")
)

func (r *Reader) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	var out []limit.Limit
	for n, s := range on {
		if slices.Contains(on[:n], s) {
			continue
		}
		found, err := limitsOn.all(r, str(s.Scope), num64(s.ID))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(a, b limit.Limit) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

func (r *Reader) AllLimits() ([]limit.Limit, error) { return allLimits.all(r) }

func (tx *Tx) PutLimit(l limit.Limit) error {
	return putRev(tx, limits, &l, &l.Rev, core.Ref{Kind: "limit", ID: l.ID})
}

func (tx *Tx) DeleteLimit(i id.ID) error {
	if _, err := tx.Exec("delete limit", "DELETE FROM limits WHERE id = ?1", with(num64(i))); err != nil {
		return err
	}
	_, err := tx.Exec("delete limit", "DELETE FROM balances WHERE limit_id = ?1", with(num64(i)))
	return err
}

var balances = newTable("balances", 2, "limit_id, window_day, used, held", func(f *Fields, b *limit.Balance) {
	num(f, &b.Limit)
	num(f, &b.Window)
	num(f, &b.Used)
	num(f, &b.Held)
})

var (
	balanceByKey = balances.guard("WHERE limit_id = ?1 AND window_day = ?2")
	addBalance   = balances.insert +
		" ON CONFLICT (limit_id, window_day) DO UPDATE SET used = balances.used + excluded.used, held = balances.held + excluded.held"
)

func (r *Reader) Balance(k limit.Key) (limit.Balance, error) {
	found, err := balanceByKey.all(r, num64(k.Limit), num64(k.Window))
	if err != nil || len(found) == 0 {
		return limit.Balance{Key: k}, err
	}
	return found[0], nil
}

func (r *Reader) Balances(limits []id.ID) ([]limit.Balance, error) {
	if len(limits) == 0 {
		return nil, nil
	}
	var w where
	in(&w, "b.limit_id", limits)
	return shaped(r, balances, "b", "balances b", &w, " ORDER BY b.limit_id, b.window_day")
}

func (tx *Tx) AddBalance(delta limit.Balance) error {
	_, err := write(tx, balances, addBalance, &delta)
	return err
}

func (tx *Tx) SetBalance(b limit.Balance) error { return put(tx, balances, &b) }

var buckets = newTable("buckets", 1, "id, customer_id, name, kind, url, secret", func(f *Fields, b *core.Bucket) {
	num(f, &b.ID)
	num(f, &b.Customer)
	text(f, &b.Name)
	text(f, &b.Kind)
	text(f, &b.URL)
	blob(f, &b.Secret)
})

var (
	bucketByName = buckets.where("WHERE customer_id = ?1 AND name = ?2")
	bucketsOf    = buckets.where("WHERE customer_id = ?1 ORDER BY id")
)

func (r *Reader) Bucket(customer id.ID, name string) (core.Bucket, error) {
	return bucketByName.one(r, "bucket", 0, num64(customer), str(name))
}

func (r *Reader) Buckets(customer id.ID) ([]core.Bucket, error) {
	return bucketsOf.all(r, num64(customer))
}

func (tx *Tx) PutBucket(b core.Bucket) error { return put(tx, buckets, &b) }
