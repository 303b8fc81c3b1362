package core_test

import (
	"maps"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// sums adds up what was booked for an order and a component, from a place on.
func (m *model) sums(of id.ID, comp string, kinds map[ledger.Kind]money.Micro, since int) (amount, units money.Micro) {
	for _, v := range m.moves[since:] {
		if v.of == of && v.comp == comp {
			amount += v.amount * kinds[v.kind]
			units += v.units * kinds[v.kind]
		}
	}
	return amount, units
}

var (
	heldBy = map[ledger.Kind]money.Micro{ledger.Hold: 1, ledger.Release: -1, ledger.Capture: -1}
	usedBy = map[ledger.Kind]money.Micro{ledger.Capture: 1, ledger.Charge: 1, ledger.Refund: -1}
)

func (o *modelOrder) comps() []string {
	var out []string
	for _, l := range o.lines {
		if !slices.Contains(out, l.comp) {
			out = append(out, l.comp)
		}
	}
	return out
}

// hold books what an order asks, if the limits take it.
func (m *model) hold(o *modelOrder) core.Kind {
	if !m.fits(o.whose(), o.offer.code, o.on, o.asksOf()) {
		return core.LimitExceeded
	}
	for _, a := range o.asksOf() {
		m.book(o, ledger.Hold, a.comp, a.amount, a.units, o.user, o.on)
	}
	if o.offer.onPlacing {
		for _, a := range o.asksOf() {
			m.book(o, ledger.Capture, a.comp, a.amount, a.units, o.user, o.on)
		}
	}
	return ""
}

func (o *modelOrder) whose() whose {
	w := o.res.whose
	w.user = o.user
	return w
}

// undo gives back all that an order holds and was charged, each where it counted.
func (m *model) undo(o *modelOrder) {
	type at struct {
		comp string
		on   day.Day
	}
	held, used := map[at]balance{}, map[at]balance{}
	for _, v := range m.moves {
		if v.of != o.id {
			continue
		}
		k := at{v.comp, v.on}
		h, u := held[k], used[k]
		held[k] = balance{h.used + v.amount*heldBy[v.kind], h.held + v.units*heldBy[v.kind]}
		used[k] = balance{u.used + v.amount*usedBy[v.kind], u.held + v.units*usedBy[v.kind]}
	}
	for k, b := range held {
		m.book(o, ledger.Release, k.comp, b.used, b.held, o.user, k.on)
	}
	for k, b := range used {
		m.book(o, ledger.Refund, k.comp, b.used, b.held, o.user, k.on)
	}
}

// end ends an order that came to nothing.
func (m *model) end(o *modelOrder, s order.State) {
	m.undo(o)
	o.state, o.res.open = s, false
	for n := range o.lines {
		if s == order.Erred && o.lines[n].state != order.LineCanceled && o.lines[n].state != order.LineErred {
			o.lines[n].state = order.LineErred
		} else if s != order.Erred && !slices.Contains([]order.LineState{order.LineCanceled, order.LineErred}, o.lines[n].state) {
			o.lines[n].state = order.LineCanceled
		}
		o.lines[n].delivered = 0
	}
}

func (o *modelOrder) good() order.LineState {
	if o.offer.shipment && o.typ != order.Terminate {
		return order.Installed
	}
	return order.Delivered
}

// fulfil ends open lines well and books what came of all.
func (m *model) fulfil(o *modelOrder, now time.Time) {
	well := 0
	for n := range o.lines {
		l := &o.lines[n]
		if l.state != order.LineErred && l.state != order.LineCanceled && l.state != o.good() {
			l.state, l.delivered = o.good(), l.quantity
		}
		if l.state == o.good() {
			well++
		}
	}
	if well == 0 && len(o.lines) > 0 {
		m.end(o, order.Erred)
		return
	}
	since := len(m.moves) // the latest hold: without one nothing was charged on placing
	for n, v := range m.moves {
		if goesOn := n > 0 && m.moves[n-1].of == o.id && m.moves[n-1].kind == ledger.Hold; v.of == o.id && v.kind == ledger.Hold && !goesOn {
			since = n
		}
	}
	for _, c := range o.comps() {
		var amount, units money.Micro
		for _, l := range o.lines {
			if l.comp != c || l.state != o.good() {
				continue
			}
			part, whole := max(0, l.delivered-l.before), max(0, l.quantity-l.before)
			due := l.due
			if part < whole {
				due = times(part, o.offer.comp(c).price)
			}
			amount += due
			if o.offer.comp(c).kind == "limit" {
				units += part
			}
		}
		if o.offer.onPlacing {
			had, hadUnits := m.sums(o.id, c, usedBy, since)
			m.book(o, ledger.Refund, c, had-amount, hadUnits-units, o.user, o.on)
			continue
		}
		held, heldUnits := m.sums(o.id, c, heldBy, 0)
		m.book(o, ledger.Capture, c, amount, units, o.user, o.on)
		m.book(o, ledger.Release, c, held-amount, heldUnits-units, o.user, o.on)
	}
	m.become(o, now)
}

// become makes the resource what was delivered; stock that it has no longer goes back.
func (m *model) become(o *modelOrder, now time.Time) {
	have := map[string]money.Micro{}
	if o.typ == order.Update {
		for c, q := range o.res.have {
			have[c] = q
		}
	}
	for _, l := range o.lines {
		if l.state != o.good() || o.offer.comp(l.comp).kind != "limit" || o.typ == order.Terminate {
			continue
		}
		if o.typ == order.Update {
			have[l.comp] = l.delivered
		} else {
			have[l.comp] += l.delivered
		}
	}
	o.res.have, o.res.open, o.res.runs, o.state = have, false, o.typ != order.Terminate, order.Done
	if o.typ == order.Terminate {
		o.res.ended = true
	} else if o.res.began == nil {
		o.res.began = &now
	}
	for _, c := range o.comps() {
		if !o.offer.comp(c).stock {
			continue
		}
		used := m.units(o.res.resource, c)
		over := -have[c]
		for _, u := range used {
			over += u.left
		}
		for _, u := range slices.Backward(used) {
			part := max(0, min(over, u.left))
			over -= part
			m.book(o, ledger.Refund, c, 0, part, u.user, u.on)
		}
	}
}

type unitsOf struct {
	user id.ID
	on   day.Day
	left money.Micro
}

// units are those of a resource that are used, as they came, less what went back.
func (m *model) units(resource id.ID, comp string) []unitsOf {
	var out []unitsOf
	for _, v := range m.moves {
		if v.resource != resource || v.comp != comp || v.units == 0 {
			continue
		}
		switch v.kind {
		case ledger.Capture, ledger.Charge:
			out = append(out, unitsOf{v.user, v.on, v.units})
		case ledger.Refund:
			back := v.units
			for n := len(out) - 1; n >= 0; n-- {
				if out[n].user == v.user && out[n].on == v.on {
					part := min(back, out[n].left)
					out[n].left -= part
					back -= part
				}
			}
		case ledger.Hold, ledger.Release: // not used
		}
	}
	return out
}

// retry takes an erred order up again.
func (m *model) retry(o *modelOrder, today day.Day) core.Kind {
	makes := o.typ == order.Create || o.typ == order.Restore
	if o.res.open || makes == o.res.runs || o.res.state == order.Unlinked {
		return core.Conflict // another order of it is open, or has made it, or ended it, or it is out of sight
	}
	was := *o
	was.lines = slices.Clone(o.lines)
	o.on = today
	for n := range o.lines {
		l := &o.lines[n]
		if l.state == order.LineCanceled {
			continue
		}
		l.state, l.delivered = order.Preparing, 0
		if o.typ == order.Update {
			l.before = o.res.have[l.comp]
		}
	}
	kind := core.Invalid
	if o.typ == order.Terminate || m.covered(o.res.customer, today) {
		kind = m.hold(o)
	}
	if kind != "" {
		*o = was
		return kind
	}
	o.state, o.res.open = order.Executing, true
	return ""
}

// stands are the amounts that an order asks for.
func (o *modelOrder) stands() []core.Ask {
	var out []core.Ask
	for _, l := range o.lines {
		if l.state != order.LineCanceled && o.offer.comp(l.comp).kind == "limit" {
			out = append(out, core.Ask{Component: l.comp, Quantity: l.quantity})
		}
	}
	return out
}

// changed are the amounts that an order would bring otherwise than they are.
func (o *modelOrder) changed(asks []core.Ask) map[string]money.Micro {
	out := map[string]money.Micro{}
	for _, a := range asks {
		var before money.Micro
		if o.typ == order.Update {
			before = o.res.have[a.Component]
		}
		if a.Quantity != before {
			out[a.Component] = a.Quantity
		}
	}
	return out
}

// amend prices and holds an order anew, where amounts or start are others than before.
func (m *model) amend(o *modelOrder, asks []core.Ask, starts *day.Day, today day.Day) core.Kind {
	begins := (starts == nil) != (o.startsOn == nil) || starts != nil && *starts != *o.startsOn
	if !begins && maps.Equal(o.changed(asks), o.changed(o.stands())) {
		return ""
	}
	on := today
	if starts != nil {
		on = max(today, *starts)
	}
	if !m.covered(o.res.customer, on) {
		return core.Invalid
	}
	lines, kind := m.price(o.typ, o.offer, o.res, asks)
	if kind != "" {
		return kind
	}
	was, moved := *o, len(m.moves)
	m.undo(o)
	o.lines, o.on, o.startsOn = nil, on, starts
	for _, l := range lines {
		l.state = order.Preparing
		o.lines = append(o.lines, l)
	}
	for n := len(lines); n < len(was.lines); n++ {
		gone := was.lines[n]
		gone.state, gone.quantity, gone.due = order.LineCanceled, gone.before, 0
		o.lines = append(o.lines, gone)
	}
	if kind = m.hold(o); kind != "" {
		*o, m.moves = was, m.moves[:moved]
		return kind
	}
	o.waits = slices.DeleteFunc(slices.Clone(o.waits), func(s order.State) bool { return s == order.PendingStartDate })
	if starts != nil && *starts > today {
		o.waits = append(o.waits, order.PendingStartDate)
	}
	return ""
}

// adjust charges by hand, or gives back the latest first.
func (m *model) adjust(o *modelOrder, comp string, amount, units money.Micro) core.Kind {
	if amount > 0 || units > 0 {
		if !m.fits(o.whose(), o.offer.code, o.on, []asking{{comp: comp, amount: amount, units: units}}) {
			return core.LimitExceeded
		}
		m.book(o, ledger.Charge, comp, amount, units, o.user, o.on)
		return ""
	}
	left := map[day.Day]balance{}
	var days []day.Day
	for _, v := range slices.Backward(m.moves) {
		if v.of != o.id || v.comp != comp {
			continue
		}
		if !slices.Contains(days, v.on) {
			days = append(days, v.on)
		}
		b := left[v.on]
		left[v.on] = balance{b.used + v.amount*usedBy[v.kind], b.held + v.units*usedBy[v.kind]}
	}
	if o.offer.comp(comp).stock && units < 0 {
		there := map[day.Day]money.Micro{}
		for _, u := range m.units(o.res.resource, comp) {
			if u.user == o.user {
				there[u.on] += u.left
			}
		}
		for on, b := range left {
			left[on] = balance{b.used, min(b.held, there[on])}
		}
	}
	moved, wantAmount, wantUnits := len(m.moves), -amount, -units
	for _, on := range days {
		a, u := max(0, min(wantAmount, left[on].used)), max(0, min(wantUnits, left[on].held))
		m.book(o, ledger.Refund, comp, a, u, o.user, on)
		wantAmount, wantUnits = wantAmount-a, wantUnits-u
	}
	if wantAmount != 0 || wantUnits != 0 {
		m.moves = m.moves[:moved]
		return core.Invalid
	}
	return ""
}

// report takes in what was used in a period, in place of what was reported before.
func (m *model) report(r *modelResource, comp string, period day.Day, total money.Micro, row id.ID) {
	k := modelBill{comp, period}
	b := r.bills[k]
	if b == nil {
		b = &billed{on: max(period, day.Of(*r.began)), id: row}
		r.bills[k] = b
	}
	amount := times(total, r.offer.comp(comp).price)
	before := m.above()
	o := &modelOrder{id: b.id, offer: r.offer, res: r}
	if up, more := max(0, amount-b.amount), max(0, total-b.units); up > 0 || more > 0 {
		m.book(o, ledger.Charge, comp, up, more, r.user, b.on)
	}
	if down, less := max(0, b.amount-amount), max(0, b.units-total); down > 0 || less > 0 {
		m.book(o, ledger.Refund, comp, down, less, r.user, b.on)
	}
	b.amount, b.units = amount, total
	m.tell(before)
}

type windowOf struct {
	limit id.ID
	first day.Day
}

// above lists the windows whose limit is exceeded.
func (m *model) above() map[windowOf]bool {
	out := map[windowOf]bool{}
	for _, l := range m.limits {
		for w, b := range m.balances(l) {
			if b.used+b.held > l.value {
				out[windowOf{l.id, w}] = true
			}
		}
	}
	return out
}

// tell counts the limits that are exceeded now and were not before.
func (m *model) tell(before map[windowOf]bool) {
	for k := range m.above() {
		if !before[k] {
			m.exceeded++
		}
	}
}

// same reports whether two limits are one, whatever their values.
func (l modelLimit) same(o modelLimit) bool {
	l.id, l.value, o.id, o.value = 0, 0, 0, 0
	return l == o
}

// setLimit makes, changes or takes away (value nil) a limit.
func (m *model) setLimit(l modelLimit, value *money.Micro) {
	before := m.above()
	n := slices.IndexFunc(m.limits, l.same)
	switch {
	case value == nil && n >= 0:
		m.limits = slices.Delete(m.limits, n, n+1)
		return
	case value == nil:
		return
	case n >= 0:
		m.limits[n].value = *value
	default:
		m.named++
		l.id, l.value = m.named, *value
		m.limits = append(m.limits, l)
	}
	m.tell(before)
}

// setContract makes a contract, or moves its end.
func (m *model) setContract(c *modelCustomer, from, to day.Day) {
	before := m.above()
	n := slices.IndexFunc(c.contracts, func(k tenant.Contract) bool { return k.From == from })
	if n >= 0 {
		c.contracts[n].To = to
	} else {
		if len(c.contracts) == 0 {
			c.yearFrom = from
		}
		c.contracts = append(c.contracts, tenant.Contract{Customer: c.id, From: from, To: to})
	}
	m.tell(before)
}
