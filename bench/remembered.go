//go:build linux

package main

import (
	"context"
	"errors"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/tenant"
)

// remembered is a store within one transaction of another: what filling reads again and
// again, and no order changes, is read once, and balances are written once a transaction.
type remembered struct {
	core.Tx
	memo     map[any]any
	balances map[limit.Key]limit.Balance // as they now are
	moved    map[limit.Key]limit.Balance // since begin
}

func newRemembered() *remembered { return &remembered{memo: map[any]any{}} }

// begin starts over in a new transaction; the one before may have been rolled back.
func (m *remembered) begin(tx core.Tx) {
	m.Tx, m.balances, m.moved = tx, map[limit.Key]limit.Balance{}, map[limit.Key]limit.Balance{}
}

// flush writes the balances.
func (m *remembered) flush() error {
	for _, b := range m.moved {
		if err := m.Tx.AddBalance(b); err != nil {
			return err
		}
	}
	return nil
}

// once reads a record the first time it is asked for.
func once[K comparable, V any](m *remembered, key K, read func() (V, error)) (V, error) {
	if v, ok := m.memo[key]; ok {
		return v.(V), nil
	}
	v, err := read()
	if err == nil {
		m.memo[key] = v
	}
	return v, err
}

// Keys of what is remembered, a type for each kind.
type (
	aCustomer   id.ID
	aProject    id.ID
	aProvider   id.ID
	anOffering  id.ID
	contractsOf id.ID
	partsOf     id.ID
	plansOf     id.ID
	pricesOf    id.ID
)

func (m *remembered) Customer(i id.ID) (tenant.Customer, error) {
	return once(m, aCustomer(i), func() (tenant.Customer, error) { return m.Tx.Customer(i) })
}

func (m *remembered) Project(i id.ID) (tenant.Project, error) {
	return once(m, aProject(i), func() (tenant.Project, error) { return m.Tx.Project(i) })
}

func (m *remembered) Provider(i id.ID) (tenant.Provider, error) {
	return once(m, aProvider(i), func() (tenant.Provider, error) { return m.Tx.Provider(i) })
}

func (m *remembered) Offering(i id.ID) (catalog.Offering, error) {
	return once(m, anOffering(i), func() (catalog.Offering, error) { return m.Tx.Offering(i) })
}

func (m *remembered) Contracts(i id.ID) ([]tenant.Contract, error) {
	return once(m, contractsOf(i), func() ([]tenant.Contract, error) { return m.Tx.Contracts(i) })
}

func (m *remembered) Components(i id.ID) ([]catalog.Component, error) {
	return once(m, partsOf(i), func() ([]catalog.Component, error) { return m.Tx.Components(i) })
}

func (m *remembered) Plans(i id.ID) ([]catalog.Plan, error) {
	return once(m, plansOf(i), func() ([]catalog.Plan, error) { return m.Tx.Plans(i) })
}

func (m *remembered) Prices(i id.ID) ([]catalog.Price, error) {
	return once(m, pricesOf(i), func() ([]catalog.Price, error) { return m.Tx.Prices(i) })
}

// Limits leaves out what stands on the resource: none does on a new one.
func (m *remembered) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	var out []limit.Limit
	for _, s := range on {
		if s.Scope == tenant.OnResource {
			continue
		}
		list, err := once(m, s, func() ([]limit.Limit, error) { return m.Tx.Limits([]core.LimitScope{s}) })
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (m *remembered) Balance(k limit.Key) (limit.Balance, error) {
	if b, ok := m.balances[k]; ok {
		return b, nil
	}
	b, err := m.Tx.Balance(k)
	if err == nil {
		m.balances[k] = b
	}
	return b, err
}

func (m *remembered) AddBalance(d limit.Balance) error {
	b, err := m.Balance(d.Key)
	if err != nil {
		return err
	}
	m.balances[d.Key] = limit.Balance{Key: d.Key, Used: b.Used + d.Used, Held: b.Held + d.Held}
	b = m.moved[d.Key]
	m.moved[d.Key] = limit.Balance{Key: d.Key, Used: b.Used + d.Used, Held: b.Held + d.Held}
	return nil
}

// View and the rest make it a core.Store.

func (m *remembered) View(_ context.Context, fn func(core.Reader) error) error { return fn(m) }

func (m *remembered) Update(_ context.Context, _ core.Touch, fn func(core.Tx) error) error {
	return fn(m)
}

func (m *remembered) Node(context.Context) (core.Node, error) { return core.Node{}, nil }
func (m *remembered) KeepFloor(context.Context, id.ID) error  { return nil }
func (m *remembered) Migrate(context.Context) error           { return nil }
func (m *remembered) Dump(context.Context, core.Taker) error  { return errNotCarried }
func (m *remembered) Load(context.Context, core.Giver) error  { return errNotCarried }
func (m *remembered) Loaded(context.Context) error            { return errNotCarried }
func (m *remembered) Still(context.Context) (func(), error)   { return nil, errNotCarried }
func (m *remembered) Close() error                            { return nil }

var errNotCarried = errors.New("a desk is not carried from within a transaction")

var _ core.Store = (*remembered)(nil)
