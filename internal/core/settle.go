package core

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
)

// goodEnd is where a line of this order ends well: installed where it was shipped,
// delivered everywhere else.
func (d *draft) goodEnd() order.LineState {
	if d.sheet.Offering.Fulfilment == catalog.Shipment && d.o.Type != order.Terminate {
		return order.Installed
	}
	return order.Delivered
}

// moveLines moves lines, and ends the order when none is left open.
func (d *draft) moveLines(step order.Step, v Verdict) error {
	if len(v.Lines) == 0 {
		return invalid("lines", "Name the lines to move.")
	}
	if err := d.move(v.Lines, step.Event); err != nil {
		return err
	}
	d.say(v)
	open, well, canceled := d.tally()
	switch {
	case open > 0:
		return nil
	case well > 0:
		next, _ := order.Find(order.Executing, order.Fulfil)
		return d.fulfil(next, Verdict{Assets: v.Assets})
	case canceled == len(d.lines):
		return d.endAs(order.Canceled, order.LineCanceled, "order.canceled")
	}
	next, _ := order.Find(order.Executing, order.Fail)
	return d.fail(next, Verdict{Message: firstOf(v.Message, d.worstMessage(), "No line could be delivered.")})
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func (d *draft) worstMessage() string {
	for _, l := range d.lines {
		if l.State == order.LineErred && l.Message != "" {
			return l.Message
		}
	}
	return ""
}

// tally counts lines: still open, ended well, canceled.
func (d *draft) tally() (open, well, canceled int) {
	for _, l := range d.lines {
		ended, good := order.At(l.State, d.goodEnd())
		switch {
		case !ended:
			open++
		case good:
			well++
		case l.State == order.LineCanceled:
			canceled++
		}
	}
	return open, well, canceled
}

// move applies line moves one by one; each must be a move the table of lines allows.
func (d *draft) move(moves []Moved, event string) error {
	for _, m := range moves {
		n := slices.IndexFunc(d.lines, func(l order.Line) bool { return l.N == m.Line })
		if n < 0 {
			return invalid("lines", "The order has no line %d.", m.Line)
		}
		l := &d.lines[n]
		moves := m.To != ""
		if !moves {
			m.To = l.State // only its shipment or message changes
		} else if !order.MayMove(l.State, m.To) {
			return &Error{Kind: Conflict, Reason: ReasonState, Field: "lines", About: Ref{"order", d.o.ID},
				Msg: "Line " + strconv.Itoa(l.N) + " is " + string(l.State) + " and cannot become " + string(m.To) + "."}
		}
		if m.To == order.Replaced {
			return invalid("lines", "A line is replaced by the line of another order, when that one ends well.")
		}
		if m.To == order.LineCanceled && d.who.Worker {
			return forbidden("Only the provider may cancel a line.")
		}
		if m.To == order.Installed && d.goodEnd() != order.Installed || m.To == order.Delivered && d.o.Type == order.Terminate && d.goodEnd() != order.Delivered {
			return invalid("lines", "A line of this order ends at %s.", d.goodEnd())
		}
		l.State = m.To
		if m.Message != "" {
			l.Message = m.Message
		}
		if m.Shipment != nil {
			l.Shipment = mergeShipment(l.Shipment, m.Shipment)
		}
		switch _, well := order.At(l.State, d.goodEnd()); {
		case !well:
			l.Delivered = 0 // it may have ended well before it was lost
		case moves || m.Delivered != nil:
			if err := d.deliver(l, m.Delivered); err != nil {
				return err
			}
		}
		d.moved[n] = true
		d.event(event, d.o.ID, map[string]any{"line": l.N, "to": string(l.State), "message": l.Message})
	}
	return nil
}

func mergeShipment(old, add *order.Shipment) *order.Shipment {
	if old == nil {
		return add
	}
	s := *old
	s.Carrier, s.Tracking = firstOf(add.Carrier, s.Carrier), firstOf(add.Tracking, s.Tracking)
	if len(add.Assets) > 0 {
		s.Assets = add.Assets
	}
	return &s
}

// deliver notes how much there is of a line now: nobody is charged for more than was
// ordered. Of a change that is all of it, so less than what stays is refused: the units
// that the ledger has as used would be nowhere.
func (d *draft) deliver(l *order.Line, delivered *money.Micro) error {
	l.Delivered = l.Quantity
	if delivered == nil {
		return nil
	}
	if least := min(l.Before, l.Quantity); *delivered < least {
		return invalid("delivered", "Line %d cannot come to %s: what is delivered of it is from %s to %s, in all.", l.N, *delivered, least, l.Quantity).because(ReasonQuantity)
	}
	l.Delivered = *delivered
	if l.Delivered > l.Quantity {
		d.event("line.capped", d.o.ID, map[string]any{"line": l.N, "ordered": l.Quantity.String(), "delivered": l.Delivered.String()})
		l.Delivered = l.Quantity
	}
	return nil
}

// fulfil ends an order well: open lines end well too, what was delivered is captured,
// the rest released, and the resource becomes what was ordered.
func (d *draft) fulfil(step order.Step, v Verdict) error {
	if err := d.move(v.Lines, "line.moved"); err != nil {
		return err
	}
	d.say(v)
	for n, l := range d.lines {
		if ended, _ := order.At(l.State, d.goodEnd()); !ended {
			d.lines[n].State = d.goodEnd()
			d.lines[n].Delivered = l.Quantity
			d.moved[n] = true
		}
	}
	_, well, canceled := d.tally()
	if well == 0 && len(d.lines) > 0 { // the end of what had no amounts has no lines
		next, _ := order.Find(order.Executing, order.Fail)
		return d.fail(next, Verdict{Message: firstOf(v.Message, d.worstMessage(), "No line could be delivered.")})
	}
	d.o.Outcome = order.Full
	for _, l := range d.lines {
		if l.State != order.LineCanceled && (l.State == order.LineErred || l.Delivered != l.Quantity) {
			d.o.Outcome = order.Partial
		}
	}
	if canceled > 0 && d.o.Outcome == order.Full && canceled == len(d.lines) {
		d.o.Outcome = order.Partial
	}
	d.assets = append(d.assets, v.Assets...)
	for _, step := range []func() error{d.change, d.openTerm, d.settle, d.stockBack, d.replace} {
		if err := step(); err != nil {
			return err
		}
	}
	d.enter(order.Done, false)
	if err := d.billLater(); err != nil {
		return err
	}
	d.event(step.Event, d.o.ID, map[string]any{"outcome": string(d.o.Outcome), "message": d.o.Message})
	return nil
}

// LineName spells a line for another line's Replaces: order/n.
func LineName(o id.ID, n int) string { return o.Decimal() + "/" + strconv.Itoa(n) }

// lineOf reads what LineName wrote.
func lineOf(name string) (o id.ID, n int, ok bool) {
	word, rest, _ := strings.Cut(name, "/")
	o, err := id.ParseDecimal(word)
	if err != nil {
		return 0, 0, false
	}
	n, err = strconv.Atoi(rest)
	return o, n, err == nil
}

// replace marks the lines of earlier orders that lines of this one took the place of.
func (d *draft) replace() error {
	for _, l := range d.lines {
		if _, well := order.At(l.State, d.goodEnd()); l.Replaces == "" || !well {
			continue
		}
		i, _, ok := lineOf(l.Replaces)
		if !ok {
			continue // an order is placed only where it names a line
		}
		old, err := d.r.Lines(i)
		if err != nil {
			return err
		}
		for _, was := range old {
			if LineName(i, was.N) == l.Replaces {
				was.State = order.Replaced
				d.replaced = append(d.replaced, was)
			}
		}
	}
	return nil
}

// settle captures what was delivered, component by component, and releases the rest; of
// what was charged on placing it gives back what was not delivered.
func (d *draft) settle() error {
	d.posting++
	var components []id.ID
	for _, l := range d.lines {
		if !slices.Contains(components, l.Component) {
			components = append(components, l.Component)
		}
	}
	for _, c := range components {
		take, err := d.taken(c)
		if err != nil {
			return err
		}
		row, err := d.periodOf(c)
		if err != nil {
			return err
		}
		if d.sheet.Offering.Charged == catalog.OnPlacing {
			had := ledger.Total(ofComponent(d.sinceHeld(), nil, c)).Charged()
			back := ledger.Sums{Amount: max(0, had.Amount-take.Amount), Quantity: max(0, had.Quantity-take.Quantity)}
			d.entry(ledger.Refund, c, back, d.o.CountsOn, "not delivered")
			d.o.Charged -= back.Amount
			d.posted(row, take)
			continue
		}
		held := ledger.Total(ofComponent(d.past, d.entries, c)).Held()
		got := ledger.Sums{Amount: min(take.Amount, held.Amount), Quantity: min(take.Quantity, held.Quantity)}
		if d.entry(ledger.Capture, c, got, d.o.CountsOn, "") && row != nil {
			d.entries[len(d.entries)-1].Usage = row.ID
		}
		d.entry(ledger.Release, c, ledger.Sums{Amount: held.Amount - got.Amount, Quantity: held.Quantity - got.Quantity}, d.o.CountsOn, "")
		d.o.Charged += got.Amount
		d.o.Held -= held.Amount
		d.posted(row, got)
	}
	return nil
}

// taken is what the lines of one component charge now that they have ended. An order that
// changes what recurs takes no more than the running period asks for with it.
func (d *draft) taken(component id.ID) (ledger.Sums, error) {
	most, err := d.asked(component)
	if err != nil {
		return most, err
	}
	var take ledger.Sums
	for n := range d.lines {
		l := &d.lines[n]
		if l.Component != component {
			continue
		}
		got, err := d.delivered(*l)
		if err != nil {
			return take, err
		}
		got.Amount = min(got.Amount, most.Amount-take.Amount)
		got.Quantity = min(got.Quantity, most.Quantity-take.Quantity)
		d.moved[n] = d.moved[n] || l.Charged != got.Amount
		l.Charged = got.Amount
		take = take.Plus(got)
	}
	return take, nil
}

// asked bounds what an order takes of a component: for an update or restore, where its
// plan recurs, what the period comes to less what was posted of it.
func (d *draft) asked(component id.ID) (ledger.Sums, error) {
	all := ledger.Sums{Amount: math.MaxInt64, Quantity: math.MaxInt64}
	if d.o.Type != order.Update && d.o.Type != order.Restore {
		return all, nil
	}
	row, err := d.periodOf(component)
	if err != nil || row == nil {
		return all, err
	}
	c, _ := d.sheet.ComponentByID(component)
	total, err := price.Charge(termsOf(&d.sheet, c, d.life), price.Usage{}, row.Period, d.now)
	all.Amount = max(0, total.Amount-row.Amount)
	if flows(c) {
		all.Quantity = max(0, total.Quantity-row.Quantity)
	}
	return all, err
}

// periodOf is the row of the running period of a component that recurs, as stored or as
// this draft has changed it; nil where the order's plan does not recur.
func (d *draft) periodOf(component id.ID) (*order.Usage, error) {
	c, ok := d.sheet.ComponentByID(component)
	if !ok || c.Billing == catalog.ByUsage || d.o.Type == order.Terminate || len(d.life) == 0 {
		return nil, nil
	}
	key, ok := termsOf(&d.sheet, c, d.life).Key(d.now)
	if !ok {
		return nil, nil
	}
	for n := range d.usages {
		if u := &d.usages[n]; u.Component == component && u.Period == key {
			return u, nil
		}
	}
	rows, err := d.rowsOf(key)
	if err != nil {
		return nil, err
	}
	if n := slices.IndexFunc(rows, func(u order.Usage) bool { return u.Component == component }); n >= 0 {
		return &rows[n], nil
	}
	on := d.o.CountsOn
	if d.o.Type == order.Update {
		on = max(key, firstDay(d.res, d.life, key))
	}
	d.rows[key] = append(rows, order.Usage{ID: d.ids.draw(), Resource: d.res.ID, Offering: d.res.Offering, Component: component, Period: key, CountsOn: on})
	return &d.rows[key][len(rows)], nil
}

// rowsOf are the resource's rows of a period as they are stored, read once.
func (d *draft) rowsOf(period day.Day) ([]order.Usage, error) {
	if rows, ok := d.rows[period]; ok {
		return rows, nil
	}
	if d.rows == nil {
		d.rows = map[day.Day][]order.Usage{}
		if d.resNew {
			return nil, nil
		}
		if err := d.regroup(); err != nil {
			return nil, err
		}
		return d.rowsOf(period)
	}
	var rows []order.Usage
	var err error
	if !d.resNew {
		rows, err = d.r.Usages(UsageQuery{Resources: []id.ID{d.res.ID}, From: &period, To: &period, Any: &Sight{All: true}, Page: Page{Limit: 2 * MaxLines}})
	}
	d.rows[period] = rows
	return rows, err
}

// posted counts what was charged as posted of a period, so that the period's charge finds
// it there.
func (d *draft) posted(row *order.Usage, got ledger.Sums) {
	if row == nil || got == (ledger.Sums{}) {
		return
	}
	u := *row
	u.Amount += got.Amount
	if c, _ := d.sheet.ComponentByID(u.Component); flows(c) {
		u.Quantity += got.Quantity
	} else {
		u.Quantity = max(u.Quantity, d.res.Quantities[u.Component])
	}
	u.UpdatedAt = d.now
	n := slices.IndexFunc(d.usages, func(x order.Usage) bool { return x.ID == u.ID })
	if n < 0 {
		d.usages = append(d.usages, u)
		return
	}
	d.usages[n] = u
}

// sinceHeld are the order's entries from its latest hold on: what an attempt that failed
// left behind, and what was corrected by hand since, is settled already.
func (d *draft) sinceHeld() []ledger.Entry {
	all := d.all()
	for _, h := range slices.Backward(all) {
		if h.Kind == ledger.Hold {
			return slices.DeleteFunc(all, func(e ledger.Entry) bool { return e.Posting < h.Posting })
		}
	}
	return nil
}

// delivered is what a line that has come to its end is charged, and the units it moves.
func (d *draft) delivered(l order.Line) (ledger.Sums, error) {
	if _, well := order.At(l.State, d.goodEnd()); !well {
		return ledger.Sums{}, nil
	}
	moves, part := max(0, l.Quantity-l.Before), max(0, l.Delivered-l.Before)
	charged, err := price.Priced{Currency: d.o.Currency, Moves: moves, Once: l.Once, Each: l.Each, Periods: d.o.Periods, Due: l.Due}.Part(part)
	return ledger.Sums{Amount: charged, Quantity: d.moves(l, l.Delivered)}, err
}

func ofComponent(past, fresh []ledger.Entry, c id.ID) []ledger.Entry {
	var out []ledger.Entry
	for _, e := range slices.Concat(past, fresh) {
		if e.Component == c {
			out = append(out, e)
		}
	}
	return out
}

// payAhead says until when the resource is paid for: from now on where its plan begins,
// from where it was paid until by a renewal.
func (d *draft) payAhead() {
	from := d.now
	switch {
	case !d.plan.Prepaid:
		d.res.PaidUntil = nil
		return
	case d.o.Type == order.Update && !d.switched && d.res.PaidUntil != nil:
		if d.o.Periods == 0 {
			return
		}
		from = *d.res.PaidUntil
	}
	until := price.Ahead(d.plan.Unit, from, max(1, d.o.Periods))
	d.res.PaidUntil = &until
}

// change makes the resource what was delivered.
func (d *draft) change() error {
	q := order.Quantities{}
	if d.o.Type == order.Update {
		for k, v := range d.res.Quantities {
			q[k] = v
		}
	}
	for _, l := range d.lines {
		c, ok := d.sheet.ComponentByID(l.Component)
		if _, well := order.At(l.State, d.goodEnd()); !ok || !well || (c.Billing != catalog.ByLimit && c.Billing != catalog.ByFixed) {
			continue
		}
		if d.o.Type == order.Update && l.Replaces == "" {
			q[l.Component] = l.Delivered
		} else if l.Replaces == "" {
			q[l.Component] += l.Delivered
		}
	}
	for k, v := range q {
		if v == 0 {
			delete(q, k)
		}
	}
	if d.o.Type == order.Terminate {
		q = order.Quantities{}
	}
	before := d.res.Quantities
	if d.o.Type == order.Terminate {
		d.had = before
	}
	d.res.Quantities = q
	d.res.Reported = nil // what was ordered is what there is, until the provider says otherwise
	d.switched = d.o.Type == order.Update && d.o.Plan != d.res.Plan
	if d.o.Type != order.Terminate {
		if d.o.Plan != 0 {
			d.res.Plan = d.o.Plan
		}
		d.payAhead()
	}
	return d.keepAssets(before)
}
