package core

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
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
		m := &meter{biller: biller{draft: draft{c: c, r: tx, who: who, now: now, ids: ids.again()}}, date: u.Date, term: u.Term}
		if err := m.open(u); err != nil {
			return err
		}
		for _, a := range m.lastOf(u.Amounts) {
			if err := m.report(a); err != nil {
				return err
			}
		}
		out = m.kept
		return m.keep(tx)
	})
	return out, err
}

// meter decides a report of one resource and period.
type meter struct {
	biller
	date   time.Time
	term   id.ID
	period day.Day
}

func (m *meter) open(u UsageReport) error {
	s := &Scene{c: m.c, r: m.r, who: m.who}
	if _, err := s.Resource(u.Resource); err != nil {
		return err
	}
	if err := m.load(u.Resource); err != nil {
		return err
	}
	m.period = PeriodOf(u.Date)
	switch {
	case m.res.State != order.OK && m.res.State != order.Updating && m.res.State != order.Terminating:
		return invalid("resource", "Resource is not in valid state.").because(ReasonState)
	case len(u.Amounts) == 0:
		return invalid("usages", "Name at least one component.")
	case u.Term != 0 && !slices.ContainsFunc(m.life, func(t order.Term) bool { return t.ID == u.Term }):
		return invalid("term", "The resource has no such stretch of a plan.").because(ReasonState)
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
		if !ok || !x.Reported() {
			unknown = append(unknown, clip(a.Component))
			continue
		}
		if a.Amount < 0 {
			return invalid("amount", "Ensure this value is greater than or equal to 0.").because(ReasonQuantity)
		}
		if utf8.RuneCountInString(a.Note) > MostNote {
			return invalid("note", "A note has no more than %d characters.", MostNote)
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
	rows, err := m.rowsOf(m.period)
	if err != nil {
		return err
	}
	u := order.Usage{ID: m.ids.draw(), Resource: m.res.ID, Offering: m.res.Offering, Component: x.ID, Period: m.period, CountsOn: max(m.period, firstDay(m.res, m.life, m.period))}
	n := slices.IndexFunc(rows, func(u order.Usage) bool { return u.Component == x.ID })
	if n >= 0 {
		u = rows[n]
	}
	if err := m.capped(x, a.Amount); err != nil {
		return err
	}
	amount := a.Amount
	u.Reported, u.Recurring, u.Note, u.UpdatedAt = &amount, a.Recurring, a.Note, m.now
	if t := m.covering(); t != 0 {
		u.Term = t // one that was found before stays where none is now
	}
	if x.Billing == catalog.ByUsage {
		total, err := price.Charge(termsOf(&m.sheet, x, m.life), price.Usage{Reported: u.Reported, Term: u.Term}, m.period, m.now)
		if err != nil {
			return invalid("amount", "The amount is too large.").because(ReasonQuantity)
		}
		if u, _, err = m.post(u, n >= 0, x, total, "usage of "+u.Period.String()[:7]); err != nil {
			return err
		}
	}
	m.kept = append(m.kept, u)
	return nil
}

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
		return invalid("amount", "Total amount exceeds limit. Total amount: %s, limit: %s.", total.Fixed(2), most).because(ReasonCap)
	}
	return nil
}

// covering is the stretch whose plan prices the report: the one named, else the one that
// covers its date; in the current month also the latest that merely overlaps it, for
// reports are dated to the first, and resources begin later. 0: there is none.
func (m *meter) covering() id.ID {
	if m.term != 0 {
		return m.term
	}
	for _, t := range slices.Backward(m.life) {
		if !t.From.After(m.date) && (t.Until == nil || t.Until.After(m.date)) {
			return t.ID
		}
	}
	if m.period != PeriodOf(m.now.In(m.date.Location())) {
		return 0
	}
	for _, t := range slices.Backward(m.life) {
		if t.From.Before(m.period.Month(1).Time()) && (t.Until == nil || t.Until.After(m.period.Time())) {
			return t.ID
		}
	}
	return 0
}

// keep writes the report and that there was one.
func (m *meter) keep(tx Tx) error {
	m.events = append(m.events, Event{At: m.now, Kind: "usage.reported", Customer: m.res.Customer, Subject: m.res.ID, By: m.who.User.ID, Body: json.RawMessage(`{"period":"` + m.period.String() + `"}`)})
	return m.store(tx)
}

// store writes what was decided: rows, entries, balances, and an event for each limit that
// this took above its value.
func (b *biller) store(tx Tx) error {
	events, moved, err := b.balances()
	if err != nil {
		return err
	}
	for _, u := range slices.Concat(b.usages, b.kept) {
		if err := tx.PutUsage(u); err != nil {
			return err
		}
	}
	for _, x := range moved {
		if err := tx.AddBalance(x); err != nil {
			return err
		}
	}
	if len(b.list) > 0 {
		if err := tx.InsertEntries(b.list); err != nil {
			return err
		}
	}
	for _, e := range append(events, b.events...) {
		if err := tx.InsertEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// balances are what the entries do to balances, and the limits they take above their value. What
// has happened is never refused, but what nobody could count is.
func (b *biller) balances() (events []Event, out []limit.Balance, err error) {
	deltas := limit.Deltas(b.limits, b.calendar, b.list)
	for _, l := range b.limits {
		for k, d := range deltas {
			if k.Limit != l.ID || d.Used == 0 {
				continue
			}
			was, err := b.r.Balance(k)
			if err != nil {
				return nil, nil, err
			}
			now, err := money.Add(was.Used, was.Held, d.Used)
			if err != nil {
				return nil, nil, invalid("amount", "The amount is too large.").because(ReasonQuantity)
			}
			if now > l.Value && was.Used+was.Held <= l.Value {
				after := limit.Balance{Key: k, Used: was.Used + d.Used, Held: was.Held}
				events = append(events, exceeded(l, after, b.res.Customer, b.now, b.who.User.ID))
			}
			out = append(out, d)
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
		res, err := s.Resource(row.Resource)
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
		if u.Check != nil {
			if err := u.Check(s, row); err != nil {
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
	return order.Usage{ID: ids.draw(), Resource: like.Resource, Offering: res.Offering, Component: like.Component, Period: period, CountsOn: max(period, firstDay(res, terms, period))}, err
}
