package core

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
	"github.com/docket-desk/docket/internal/tenant"
)

// ReportUsage records what was used, and charges what is billed by usage: the price of
// the new total less what was charged before. What has happened is recorded above a
// limit too (event limit.exceeded).
func (c *Core) ReportUsage(ctx context.Context, who Actor, u UsageReport) ([]order.Usage, error) {
	if err := who.write(); err != nil {
		return nil, err
	}
	now, ids := c.Now(), &drawn{c: c}
	if u.Date.IsZero() {
		u.Date = now
	}
	var out []order.Usage
	on := Touch{Resources: []id.ID{u.Resource}, Days: []day.Day{PeriodOf(u.Date)}}
	err := c.store.Update(ctx, on, func(tx Tx) error {
		out = nil
		m := &meter{draft: draft{c: c, r: tx, who: who, now: now, ids: ids.again()}}
		if err := m.open(u); err != nil {
			return err
		}
		for _, a := range m.lastOf(u.Amounts) {
			if err := m.report(a); err != nil {
				return err
			}
		}
		out = m.usages
		return m.keep(tx)
	})
	return out, err
}

// meter decides a report of one resource and period.
type meter struct {
	draft
	period day.Day
	terms  []order.Term
	posted []ledger.Entry
}

func (m *meter) open(u UsageReport) error {
	s := &Scene{c: m.c, r: m.r, who: m.who}
	var err error
	if m.res, err = s.Resource(u.Resource); err != nil {
		return err
	}
	if m.terms, err = m.r.Terms(m.res.ID); err != nil {
		return err
	}
	off, err := m.r.Offering(m.res.Offering)
	if err != nil {
		return err
	}
	if m.sheet, err = m.c.sheet(m.r, off); err != nil {
		return err
	}
	m.period = PeriodOf(u.Date)
	m.o = order.Order{Customer: m.res.Customer, Project: m.res.Project, User: m.res.User, Provider: m.res.Provider, Offering: m.res.Offering, Resource: m.res.ID, Plan: m.res.Plan}
	if err := m.around(); err != nil {
		return err
	}
	m.o.Currency = m.customer.Currency
	switch {
	case m.res.State != order.OK && m.res.State != order.Updating && m.res.State != order.Terminating:
		return invalid("resource", "Resource is not in valid state.").because(ReasonState)
	case len(u.Amounts) == 0:
		return invalid("usages", "Name at least one component.")
	case u.Date.After(m.now.AddDate(0, 0, 1)), m.period > PeriodOf(m.now.In(u.Date.Location())):
		return invalid("date", "The date is in the future.").because(ReasonFuture)
	}
	if err := m.resolve(u.Amounts); err != nil {
		return err
	}
	if !m.c.May(m.who, tenant.SetUsage, m.provider.Customer, m.res.Offering) {
		return forbidden("You do not have permission to report usage of this resource.")
	}
	if m.period < PeriodOf(m.now.In(u.Date.Location())) && !m.who.IsStaff() && slices.ContainsFunc(u.Amounts, func(a UsageAmount) bool { x, _ := m.component(a.Component); return x.Billing == catalog.ByUsage }) {
		return invalid("date", "Service providers can only specify date for limit-based or prepaid billing components when backfilling past billing periods.").because(ReasonClosed)
	}
	return nil
}

func (m *meter) resolve(amounts []UsageAmount) error {
	var unknown []string
	for _, a := range amounts {
		x, ok := m.component(a.Component)
		if !ok || (x.Billing != catalog.ByUsage && x.Billing != catalog.ByLimit) {
			unknown = append(unknown, clip(a.Component))
			continue
		}
		if a.Amount < 0 {
			return invalid("amount", "Ensure this value is greater than or equal to 0.").because(ReasonQuantity)
		}
	}
	if unknown != nil {
		return invalid("component", "These components are invalid: %s.", strings.Join(unknown, ", ")).because(ReasonComponent)
	}
	return nil
}

// lastOf drops what a later amount of the same report replaces: its entries would be
// numbered as the later one's are.
func (m *meter) lastOf(amounts []UsageAmount) []UsageAmount {
	var out []UsageAmount
	for n, a := range amounts {
		x, _ := m.component(a.Component)
		if !slices.ContainsFunc(amounts[n+1:], func(b UsageAmount) bool { y, _ := m.component(b.Component); return x.ID == y.ID }) {
			out = append(out, a)
		}
	}
	return out
}

// component finds one by code, else by its exact display name.
func (m *meter) component(word string) (catalog.Component, bool) {
	if c, ok := m.sheet.Component(word); ok {
		return c, true
	}
	for _, c := range m.sheet.Components {
		if c.Name == word {
			return c, true
		}
	}
	return catalog.Component{}, false
}

// report decides one component's new total.
func (m *meter) report(a UsageAmount) error {
	x, _ := m.component(a.Component)
	rows, err := m.r.Usages(UsageQuery{Resources: []id.ID{m.res.ID}, Components: []id.ID{x.ID}, From: &m.period, To: &m.period, Any: &Sight{All: true}, Page: Page{Limit: 1}})
	if err != nil {
		return err
	}
	u := order.Usage{ID: m.ids.draw(), Resource: m.res.ID, Component: x.ID, Period: m.period, CountsOn: max(m.period, m.firstDay())}
	if len(rows) > 0 {
		u = rows[0]
	}
	if err := m.capped(x, a.Amount); err != nil {
		return err
	}
	amount := a.Amount
	u.Reported, u.Recurring, u.Note, u.UpdatedAt = &amount, a.Recurring, a.Note, m.now
	if x.Billing == catalog.ByUsage {
		if err := m.bill(&u, x, amount); err != nil {
			return err
		}
	}
	m.usages = append(m.usages, u)
	return nil
}

func (m *meter) firstDay() day.Day { return firstDay(m.res, m.terms) }

// capped asks the provider's own bound of what is metered: a report that takes the span's
// total above it is refused.
func (m *meter) capped(x catalog.Component, total money.Micro) error {
	most, span, ok := x.Cap()
	if !ok || x.Billing != catalog.ByUsage {
		return nil
	}
	from, to := span.Around(m.period)
	to-- // inclusive
	rows, err := m.r.Usages(UsageQuery{Resources: []id.ID{m.res.ID}, Components: []id.ID{x.ID}, From: &from, To: &to, Any: &Sight{All: true}, Page: Page{Limit: 1000}})
	if err != nil {
		return err
	}
	for _, u := range rows {
		if u.Period == m.period || u.Reported == nil {
			continue
		}
		if total, err = money.Add(total, *u.Reported); err != nil {
			return invalid("amount", "The amount is too large.").because(ReasonQuantity)
		}
	}
	if total > most {
		return invalid("amount", "Total amount exceeds limit. Total amount: %s, limit: %s.", total, most).because(ReasonCap)
	}
	return nil
}

// firstDay is the day of a resource's first stretch: usage cannot count before it.
func firstDay(res order.Resource, terms []order.Term) day.Day {
	if len(terms) == 0 {
		return day.Of(res.ID.Time())
	}
	return day.Of(terms[0].From)
}

// covering is the plan that prices the period: that of the latest stretch that overlaps it.
func (m *meter) covering() (id.ID, bool) {
	end := m.period.Month(1).Time()
	for _, t := range slices.Backward(m.terms) {
		if t.From.Before(end) && (t.Until == nil || t.Until.After(m.period.Time())) {
			return t.Plan, true
		}
	}
	return 0, false
}

// bill posts the difference between the price of the new total and what was posted.
func (m *meter) bill(u *order.Usage, x catalog.Component, total money.Micro) error {
	plan, ok := m.covering()
	if !ok {
		return nil // stored, not billed
	}
	p, ok := m.sheet.Price(plan, x.ID, max(m.period, m.firstDay()))
	if !ok {
		return nil
	}
	amount, err := price.Metered(m.o.Currency, total, p.Each)
	if err != nil {
		return invalid("amount", "The amount is too large.").because(ReasonQuantity)
	}
	up := ledger.Sums{Amount: max(0, amount-u.Amount), Quantity: max(0, total-u.Quantity)}
	down := ledger.Sums{Amount: max(0, u.Amount-amount), Quantity: max(0, u.Quantity-total)}
	past, err := m.r.Entries(u.ID)
	if err != nil {
		return err
	}
	m.past, m.entries = past, nil
	m.posting = 1
	for _, e := range past {
		m.posting = max(m.posting, e.Posting+1)
	}
	m.o.ID = u.ID
	m.entry(ledger.Charge, x.ID, up, u.CountsOn, "usage of "+u.Period.String()[:7])
	m.entry(ledger.Refund, x.ID, down, u.CountsOn, "usage of "+u.Period.String()[:7])
	for n := range m.entries {
		m.entries[n].Usage = u.ID
	}
	m.posted = append(m.posted, m.entries...)
	u.Amount, u.Quantity = amount, total
	return nil
}

// keep writes the rows, the entries, and an event for each limit this took above its value.
func (m *meter) keep(tx Tx) error {
	events, moved, err := m.moved()
	if err != nil {
		return err
	}
	for _, u := range m.usages {
		if err := tx.PutUsage(u); err != nil {
			return err
		}
	}
	for _, b := range moved {
		if err := tx.AddBalance(b); err != nil {
			return err
		}
	}
	if len(m.posted) > 0 {
		if err := tx.InsertEntries(m.posted); err != nil {
			return err
		}
	}
	events = append(events, Event{At: m.now, Kind: "usage.reported", Customer: m.res.Customer, Subject: m.res.ID, By: m.who.User.ID, Body: json.RawMessage(`{"period":"` + m.period.String() + `"}`)})
	for _, e := range events {
		if err := tx.InsertEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// moved is what the entries do to balances, and the limits they take above their value. What
// has happened is never refused, but what nobody could count is.
func (m *meter) moved() (events []Event, out []limit.Balance, err error) {
	deltas := limit.Deltas(m.limits, m.calendar, m.posted)
	for _, l := range m.limits {
		for k, b := range deltas {
			if k.Limit != l.ID || b.Used == 0 {
				continue
			}
			was, err := m.r.Balance(k)
			if err != nil {
				return nil, nil, err
			}
			now, err := money.Add(was.Used, was.Held, b.Used)
			if err != nil {
				return nil, nil, invalid("amount", "The amount is too large.").because(ReasonQuantity)
			}
			if now > l.Value && was.Used+was.Held <= l.Value {
				after := limit.Balance{Key: k, Used: was.Used + b.Used, Held: was.Held}
				events = append(events, exceeded(l, after, m.res.Customer, m.now, m.who.User.ID))
			}
			out = append(out, b)
		}
	}
	return events, out, nil
}

// ReportUserUsage records users' parts of a usage.
func (c *Core) ReportUserUsage(ctx context.Context, who Actor, u UserUsageReport) error {
	if err := who.write(); err != nil {
		return err
	}
	now, ids := c.Now(), &drawn{c: c}
	var on Touch
	if err := c.store.View(ctx, func(r Reader) error {
		row, err := r.Usage(u.Usage)
		on.Resources = []id.ID{row.Resource}
		return err
	}); err != nil {
		return err
	}
	return c.store.Update(ctx, on, func(tx Tx) error {
		s := &Scene{c: c, r: tx, who: who}
		row, err := s.Usage(u.Usage)
		if err != nil {
			return err
		}
		res, err := tx.Resource(row.Resource)
		if err != nil {
			return err
		}
		scopes, err := c.scopes(tx, Providing, res.Customer, res.Project, res.Provider, res.Offering)
		if err != nil {
			return err
		}
		if !c.May(who, tenant.SetUsage, scopes...) {
			return forbidden("You do not have permission to report usage of this resource.")
		}
		if !u.Date.IsZero() && PeriodOf(u.Date) != row.Period {
			if row, err = c.usageOf(tx, ids.again(), row, PeriodOf(u.Date)); err != nil {
				return err
			}
			row.UpdatedAt = now
			if err := tx.PutUsage(row); err != nil {
				return err
			}
		}
		for name, q := range u.Users {
			if q < 0 {
				return invalid("usage", "Ensure this value is greater than or equal to 0.").because(ReasonQuantity)
			}
			if name == "" || len(name) > 200 {
				return invalid("username", "This field may not be blank.")
			}
			if err := tx.PutUserUsage(order.UserUsage{Usage: row.ID, Username: name, Quantity: q}); err != nil {
				return err
			}
		}
		return nil
	})
}

// usageOf finds the row of another month, or makes one.
func (c *Core) usageOf(r Reader, ids *drawn, like order.Usage, period day.Day) (order.Usage, error) {
	rows, err := r.Usages(UsageQuery{Resources: []id.ID{like.Resource}, Components: []id.ID{like.Component}, From: &period, To: &period, Any: &Sight{All: true}, Page: Page{Limit: 1}})
	if err != nil {
		return like, err
	}
	if len(rows) > 0 {
		return rows[0], nil
	}
	res, err := r.Resource(like.Resource)
	if err != nil {
		return like, err
	}
	terms, err := r.Terms(like.Resource)
	return order.Usage{ID: ids.draw(), Resource: like.Resource, Component: like.Component, Period: period, CountsOn: max(period, firstDay(res, terms))}, err
}
