package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/record"
	"github.com/docket-desk/docket/internal/tenant"
)

// lockBalances is the second round: the balances that the acts' limits lead to, made where
// there is none.
func (b *batch) lockBalances(ctx context.Context) error {
	var wanted []limit.Key
	if err := b.preload(); err != nil {
		return err
	}
	for _, c := range b.calls {
		found, err := b.balancesOf(c)
		if b.engine.broken != nil {
			return b.engine.broken
		}
		if err != nil && !errors.Is(err, core.NotFound) && err != errNotKept { // the act itself will meet these
			return err
		}
		wanted = append(wanted, found...)
	}
	if len(wanted) == 0 {
		return nil
	}
	slices.SortFunc(wanted, func(x, y limit.Key) int {
		if x.Limit != y.Limit {
			return int(min(1, max(-1, int64(x.Limit-y.Limit))))
		}
		return int(x.Window - y.Window)
	})
	wanted = slices.Compact(wanted)
	limits, windows := make([]int64, len(wanted)), make([]int32, len(wanted))
	for n, k := range wanted {
		limits[n], windows[n] = int64(k.Limit), int32(k.Window)
	}
	ls, ws := numbers(limits), days(windows)
	p := b.pipe(ctx)
	p.send(sMakeBalances, nil, ls, ws)
	p.send(sTakeBalances, func(r record.Row) {
		v := scan(b, r, record.Balances)
		s := stored(v)
		b.balances[v.Key] = &s
	}, ls, ws)
	if err := p.end(); err != nil {
		return err
	}
	return b.engine.broken
}

// party is who an act's entries can be of.
type party struct {
	customer, project, user, offering, resource id.ID
	days                                        []day.Day
}

// parties are those of what an act named: what it places, the orders it acts on, the
// resources it reports on.
func (b *batch) parties(c *waiter) []party {
	var out []party
	at := func(list []id.ID) id.ID {
		if len(list) > 0 {
			return list[0]
		}
		return 0
	}
	if at(c.on.Customers) != 0 && at(c.on.Offerings) != 0 {
		out = append(out, party{at(c.on.Customers), at(c.on.Projects), at(c.on.Users), at(c.on.Offerings), 0, c.on.Days})
	}
	for _, i := range c.on.Orders {
		if s := b.orders[i]; s != nil && s.there {
			out = append(out, party{s.v.Customer, s.v.Project, s.v.User, s.v.Offering, s.v.Resource, slices.Concat(c.on.Days, b.daysOf(i))})
		}
	}
	for _, i := range c.on.Resources {
		if s := b.resources[i]; s != nil && s.there {
			user := s.v.User
			if at(c.on.Users) != 0 {
				user = at(c.on.Users)
			}
			out = append(out, party{s.v.Customer, s.v.Project, user, s.v.Offering, s.v.ID, c.on.Days})
		}
	}
	return out
}

// scopes are those that a party's limits stand on.
func (p party) scopes() []core.LimitScope {
	return []core.LimitScope{{Scope: tenant.OnCustomer, ID: p.customer}, {Scope: tenant.OnProject, ID: p.project}, {Scope: tenant.OnUser, ID: p.user},
		{Scope: tenant.OnResource, ID: p.resource}, {Scope: tenant.OnOffering, ID: p.offering}}
}

// preload reads what the shelf lacks of all parties at once, not one by one.
func (b *batch) preload() error {
	var customers, projects []id.ID
	var on []core.LimitScope
	for _, c := range b.calls {
		for _, p := range b.parties(c) {
			customers, projects, on = append(customers, p.customer), append(projects, p.project), append(on, p.scopes()...)
		}
	}
	on = slices.DeleteFunc(on, func(s core.LimitScope) bool {
		return (s.Scope == tenant.OnCustomer || s.Scope == tenant.OnOffering) && !b.held(s.ID)
	})
	if err := (record.Shelved{Shelf: &b.shelf.Shelf, Under: &b.direct}).Preload(customers, projects, on); err != nil {
		return cmp.Or(b.engine.broken, err)
	}
	return nil
}

// balancesOf are the balances that an act may read or move, as far as can be told before it
// runs: what it finds missing it names for the next batch.
func (b *batch) balancesOf(c *waiter) ([]limit.Key, error) {
	out := c.keys
	a := b.newAct(b.engine.ctx)
	for _, p := range b.parties(c) {
		limits, err := a.Limits(p.scopes())
		if err != nil {
			return out, err
		}
		if len(limits) == 0 {
			continue
		}
		who, err := a.Customer(p.customer)
		if err != nil {
			return out, err
		}
		contracts, err := a.Contracts(p.customer)
		if err != nil {
			return out, err
		}
		calendar := limit.Calendar{YearFrom: who.YearFrom, Contracts: contracts}
		for _, l := range limits {
			if (l.Customer != 0 && l.Customer != p.customer) || (l.Offering != 0 && l.Offering != p.offering) {
				continue
			}
			for _, on := range p.days {
				if w, ok := l.Window(calendar, on); ok {
					out = append(out, limit.Key{Limit: l.ID, Window: w})
				}
			}
		}
	}
	return out, nil
}
