package storetest

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
)

func balancesAdd(t *testing.T, s core.Store) {
	key := limit.Key{Limit: 1, Window: 19000}
	before := limit.Balance{Key: limit.Key{Limit: 1, Window: 18000}, Used: 1}
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.AddBalance(limit.Balance{Key: key, Held: 500}), tx.AddBalance(limit.Balance{Key: key, Held: -200, Used: 200}), tx.SetBalance(before))
	})
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.AddBalance(limit.Balance{Key: key, Used: 50, Held: -300}), tx.SetBalance(limit.Balance{Key: limit.Key{Limit: 3, Window: 1}, Held: 2}))
	})
	want := limit.Balance{Key: key, Used: 250}
	view(t, s, func(r core.Reader) error {
		got, err := r.Balance(key)
		if got != want {
			t.Errorf("balance is %v, want %v", got, want)
		}
		all, err2 := r.Balances([]id.ID{1, 2})
		if !slices.Equal(all, []limit.Balance{before, want}) {
			t.Errorf("balances of limit 1 and 2 are %v", all)
		}
		none, err3 := r.Balances(nil)
		if len(none) != 0 {
			t.Errorf("balances of no limit are %v", none)
		}
		return errors.Join(err, err2, err3)
	})
	update(t, s, func(tx core.Tx) error { return tx.SetBalance(limit.Balance{Key: key, Used: 7, Held: 8}) })
	view(t, s, func(r core.Reader) error {
		got, err := r.Balance(key)
		if got.Used != 7 || got.Held != 8 {
			t.Errorf("balance set is %v", got)
		}
		return err
	})
}

func ledgerEntries(n int) []ledger.Entry {
	var out []ledger.Entry
	for i := range n {
		out = append(out, ledger.Entry{
			Subject: id.ID(i/5 + 1), N: i%5 + 1, Posting: i, Kind: ledger.Kinds()[i%5],
			Amount: money.Micro(i * 10_000), Quantity: money.Micro(i + 1), Component: id.ID(i%3 + 1), Currency: "USD",
			Customer: id.ID(i%2 + 1), Project: id.ID(i%4 + 1), User: id.ID(i%7 + 1), Offering: id.ID(i%6 + 1),
			At: began.Add(time.Duration(i) * time.Hour),
		})
	}
	return out
}

func spentSums(t *testing.T, s core.Store) {
	all := ledgerEntries(200)
	update(t, s, func(tx core.Tx) error { return tx.InsertEntries(all) })
	from, until := began.Add(40*time.Hour), began.Add(160*time.Hour)
	for name, tt := range map[string]struct {
		q    core.SpendQuery
		keep func(ledger.Entry) bool
	}{
		"of everything":   {core.SpendQuery{}, func(ledger.Entry) bool { return true }},
		"of a customer":   {core.SpendQuery{Customer: 2}, func(e ledger.Entry) bool { return e.Customer == 2 }},
		"of a project":    {core.SpendQuery{Project: 3}, func(e ledger.Entry) bool { return e.Project == 3 }},
		"of a user":       {core.SpendQuery{Customer: 1, User: 5}, func(e ledger.Entry) bool { return e.Customer == 1 && e.User == 5 }},
		"of an offering":  {core.SpendQuery{Offering: 6}, func(e ledger.Entry) bool { return e.Offering == 6 }},
		"of a span":       {core.SpendQuery{Customer: 1, From: &from, Until: &until}, func(e ledger.Entry) bool { return e.Customer == 1 && !e.At.Before(from) && e.At.Before(until) }},
		"of nobody there": {core.SpendQuery{Customer: 99}, func(e ledger.Entry) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			sums := map[core.Spent]ledger.Sums{}
			for _, e := range filter(all, tt.keep) {
				if e.Kind == ledger.Capture || e.Kind == ledger.Charge || e.Kind == ledger.Refund {
					k := core.Spent{Component: e.Component, Kind: e.Kind}
					sums[k] = sums[k].Plus(ledger.Sums{Amount: e.Amount, Quantity: e.Quantity})
				}
			}
			var want []core.Spent
			for k, sum := range sums {
				k.Sums = sum
				want = append(want, k)
			}
			slices.SortFunc(want, func(a, b core.Spent) int {
				return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Kind, b.Kind))
			})
			view(t, s, func(r core.Reader) error {
				got, err := r.Spent(tt.q)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %v\nwant %v", got, want)
				}
				return err
			})
		})
	}
}
