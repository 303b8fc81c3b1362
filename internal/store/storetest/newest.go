package storetest

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// newestRecord: ids go on from it, whoever drew it.
func newestRecord(t *testing.T, s core.Store) {
	want := func(most id.ID) {
		t.Helper()
		view(t, s, func(r core.Reader) error {
			if got, err := r.Newest(); err != nil || got != most {
				t.Errorf("the newest is %d, %v; want %d", got, err, most)
			}
			return nil
		})
	}
	want(0)
	for n, put := range []func(tx core.Tx, i id.ID) error{
		func(tx core.Tx, i id.ID) error { return tx.InsertOrder(anOrder(i)) },
		func(tx core.Tx, i id.ID) error {
			return tx.PutLimit(limit.Limit{ID: i, Scope: tenant.OnUser, ScopeID: 1})
		},
		func(tx core.Tx, i id.ID) error { return tx.PutUser(tenant.User{ID: i, Login: "newest"}) },
		func(tx core.Tx, i id.ID) error {
			return tx.PutAsset(order.Asset{ID: i, Resource: 1, Attrs: []byte("{}")})
		},
		func(tx core.Tx, i id.ID) error { return tx.PutTerm(order.Term{ID: i, Resource: 1}) },
		func(tx core.Tx, i id.ID) error {
			return tx.PutDocument(core.Document{ID: i, Kind: "site", Body: []byte("{}")})
		},
	} {
		i := madeID(10 * n)
		update(t, s, func(tx core.Tx) error { return put(tx, i) })
		want(i)
	}
}
