package core_test

import (
	"maps"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// root may act for every party to an order.
var root = core.Actor{User: tenant.User{ID: 1, Staff: true, Active: true}}

func (w *modelWalk) today() day.Day { return day.Of(w.clock.now()) }

// refused fails where the core did not answer as the model did; it reports whether it
// refused, and has looked that nothing was kept.
func (w *modelWalk) refused(rt *rapid.T, what string, before []int, want core.Kind, err error) bool {
	if got := core.KindOf(err); got != want {
		rt.Fatalf("%s: %v, the model says %q", what, err, want)
	}
	if want == "" {
		return false
	}
	if after := w.size(rt); !slices.Equal(before, after) {
		rt.Fatalf("%s was refused (%v) and left something: orders, entries, jobs, events were %v and are %v", what, err, before, after)
	}
	return true
}

func (w *modelWalk) anyOrder(rt *rapid.T, fit func(*modelOrder) bool) *modelOrder {
	var list []*modelOrder
	for _, o := range w.model.orders {
		if fit(o) {
			list = append(list, o)
		}
	}
	if len(list) == 0 || rapid.IntRange(0, 9).Draw(rt, "any") == 0 {
		list = w.model.orders // what does not fit is to be refused
	}
	if len(list) == 0 {
		rt.Skip("there is no order yet")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(rt, "order")]
}

func (w *modelWalk) asks(rt *rapid.T, o *modelOffer) []core.Ask {
	var out []core.Ask
	for _, c := range o.comps {
		if c.kind != "limit" || rapid.IntRange(0, 3).Draw(rt, "leave "+c.code) == 0 {
			continue
		}
		q := units(rapid.Int64Range(0, 4).Draw(rt, c.code))
		if !o.count {
			q += money.Micro(rapid.SampledFrom([]int64{0, 333333, 500000, 1}).Draw(rt, "part of "+c.code))
		}
		out = append(out, core.Ask{Component: c.code, Quantity: q})
	}
	return out
}

// gates are those that a new order waits at.
func (o *modelOrder) gates(b buyer, confirm bool, today day.Day) []order.State {
	var out []order.State
	if confirm || (o.offer.byRoles && b.member) {
		out = append(out, order.PendingConsumer)
	}
	if o.offer.provider {
		out = append(out, order.PendingProvider)
	}
	if o.startsOn != nil && *o.startsOn > today {
		out = append(out, order.PendingStartDate)
	}
	return out
}

// onward brings an order past the gates that are open; an instant one is done at once.
func (w *modelWalk) onward(o *modelOrder) {
	if o.startsOn == nil || *o.startsOn <= w.today() {
		o.waits = slices.DeleteFunc(o.waits, func(s order.State) bool { return s == order.PendingStartDate })
	}
	if o.state = order.Executing; len(o.waits) > 0 {
		o.state = o.waits[0]
	}
	if o.state == order.Executing && o.offer.instant {
		w.model.fulfil(o, w.clock.now())
	}
}

func (w *modelWalk) draft(rt *rapid.T) (buyer, *modelOrder, core.Placement) {
	b := w.buyers[rapid.IntRange(0, len(w.buyers)-1).Draw(rt, "buyer")]
	o := &modelOrder{typ: order.Create, offer: modelOffers[rapid.IntRange(0, len(modelOffers)-1).Draw(rt, "offering")], user: b.User.ID, on: w.today()}
	o.res = &modelResource{whose: whose{b.customer, b.project, b.User.ID, 0}, offer: o.offer, bills: map[modelBill]*billed{}}
	return b, o, core.Placement{Offering: w.sheets[o.offer.code].Offering.ID, Project: b.project, Asks: w.asks(rt, o.offer)}
}

// judge says what the model says to a placement.
func (w *modelWalk) judge(o *modelOrder, asks []core.Ask) core.Kind {
	if !w.model.covered(o.res.customer, o.on) {
		return core.Invalid
	}
	lines, kind := w.model.price(order.Create, o.offer, nil, asks)
	if kind != "" {
		return kind
	}
	o.lines = lines
	for n := range o.lines {
		o.lines[n].state = order.Preparing
	}
	if !w.model.fits(o.whose(), o.offer.code, o.on, o.asksOf()) {
		return core.LimitExceeded
	}
	return ""
}

// made takes a new order that the core has placed into the model.
func (w *modelWalk) made(rt *rapid.T, o *modelOrder, b buyer, confirm bool, got core.Placed) {
	o.id, o.created, o.res.open = got.Order.ID, got.Order.CreatedAt(), true
	if o.typ == order.Create {
		o.res.resource = o.id
		w.model.resources[o.id] = o.res
	}
	if kind := w.model.hold(o); kind != "" {
		rt.Fatalf("order %s was placed where the model says %s", o.id, kind)
	}
	w.model.orders = append(w.model.orders, o)
	o.waits = o.gates(b, confirm, w.today())
	w.onward(o)
}

func (w *modelWalk) place(rt *rapid.T) {
	b, o, p := w.draft(rt)
	p.Confirm = rapid.IntRange(0, 3).Draw(rt, "confirm") == 0
	if rapid.IntRange(0, 3).Draw(rt, "later") == 0 {
		p.StartsOn = ptr(w.today() + day.Day(rapid.IntRange(0, 35).Draw(rt, "days")))
		o.startsOn, o.on = p.StartsOn, *p.StartsOn
	}
	before, kind := w.size(rt), w.judge(o, p.Asks)
	got, err := w.PlaceOrder(ctx, b.Actor, p)
	if !w.refused(rt, "a new order of "+o.offer.code, before, kind, err) {
		w.made(rt, o, b, p.Confirm, got)
	}
}

// rush places equal orders at once: as many are taken as fit, one after the other.
func (w *modelWalk) rush(rt *rapid.T) {
	b, o, p := w.draft(rt)
	n := rapid.IntRange(2, 6).Draw(rt, "at once")
	var mu sync.Mutex
	var taken []core.Placed
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			got, err := w.PlaceOrder(ctx, b.Actor, p)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken = append(taken, got)
			} else if k := core.KindOf(err); k != core.LimitExceeded && k != core.Invalid {
				rt.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	slices.SortFunc(taken, func(x, y core.Placed) int { return int(x.Order.ID - y.Order.ID) })
	for _, got := range taken {
		one := *o
		res := *o.res
		res.bills = map[modelBill]*billed{}
		one.res = &res
		if kind := w.judge(&one, p.Asks); kind != "" {
			rt.Fatalf("of %d equal orders of %s at once %d were taken; the model says %s to one of them", n, o.offer.code, len(taken), kind)
		}
		w.made(rt, &one, b, false, got)
	}
	if kind := w.judge(o, p.Asks); len(taken) < n && kind == "" {
		rt.Fatalf("of %d equal orders of %s at once %d were taken, and there is room for more", n, o.offer.code, len(taken))
	}
}

func (w *modelWalk) anyResource(rt *rapid.T, fit func(*modelResource) bool) *modelResource {
	var list []*modelResource
	for _, i := range slices.Sorted(maps.Keys(w.model.resources)) {
		if r := w.model.resources[i]; fit(r) {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		rt.Skip("there is no such resource yet")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(rt, "resource")]
}

func (w *modelWalk) change(rt *rapid.T) {
	typ := rapid.SampledFrom([]order.Type{order.Update, order.Update, order.Terminate, order.Restore}).Draw(rt, "type")
	from := map[order.Type][]order.ResourceState{order.Update: {order.OK}, order.Terminate: {order.OK, order.ResourceErred}, order.Restore: {order.Terminated}}[typ]
	wrong := rapid.IntRange(0, 9).Draw(rt, "wrong") == 0
	res := w.anyResource(rt, func(r *modelResource) bool { return wrong || !r.open && slices.Contains(from, r.state) })
	var who []buyer
	for _, b := range w.buyers {
		if b.customer == res.customer && b.project == res.project && !(res.offer.byRoles && b.member) {
			who = append(who, b)
		}
	}
	b := who[rapid.IntRange(0, len(who)-1).Draw(rt, "who")]
	o := &modelOrder{typ: typ, offer: res.offer, res: res, user: b.User.ID, on: w.today()}
	p := core.Placement{Type: typ, Resource: res.resource, Confirm: rapid.IntRange(0, 4).Draw(rt, "confirm") == 0}
	if typ != order.Terminate {
		p.Asks = w.asks(rt, res.offer)
	}
	before, kind := w.size(rt), core.Kind("")
	switch {
	case res.state == order.Unlinked:
		kind = core.NotFound
	case typ != order.Terminate && !w.model.covered(res.customer, o.on):
		kind = core.Invalid
	case res.open || !slices.Contains(from, res.state):
		kind = core.Conflict
	default:
		if o.lines, kind = w.model.price(typ, o.offer, res, p.Asks); kind == "" && !w.model.fits(o.whose(), o.offer.code, o.on, o.asksOf()) {
			kind = core.LimitExceeded
		}
	}
	got, err := w.PlaceOrder(ctx, b.Actor, p)
	if !w.refused(rt, string(typ)+" of "+o.offer.code, before, kind, err) {
		for n := range o.lines {
			o.lines[n].state = order.Preparing
		}
		w.made(rt, o, b, p.Confirm, got)
	}
}

// did does an act that the model says kind to, and reports whether it was done.
func (w *modelWalk) did(rt *rapid.T, o *modelOrder, act order.Act, v core.Verdict, kind core.Kind) bool {
	before := w.size(rt)
	_, err := w.Act(ctx, root, o.id, act, v)
	return !w.refused(rt, string(act)+" of an order of "+o.offer.code+" that is "+string(o.state), before, kind, err)
}

// possible is a Conflict where the table has no such row.
func possible(o *modelOrder, act order.Act) core.Kind {
	if _, ok := order.Find(o.state, act); !ok {
		return core.Conflict
	}
	return ""
}

func (w *modelWalk) approve(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool { return o.state == order.PendingConsumer || o.state == order.PendingProvider })
	act := order.ApproveProvider
	if o.state == order.PendingConsumer {
		act = order.ApproveConsumer
	}
	if w.did(rt, o, act, core.Verdict{}, possible(o, act)) {
		o.waits = o.waits[1:]
		w.onward(o)
	}
}

func (w *modelWalk) end(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool { return o.state.Open() })
	act := rapid.SampledFrom([]order.Act{order.Cancel, order.RejectConsumer, order.RejectProvider, order.Fail, order.Fail}).Draw(rt, "act")
	kind := possible(o, act)
	if act == order.Cancel && o.state == order.Executing && slices.ContainsFunc(o.lines, func(l modelLine) bool { return l.state != order.Preparing }) {
		kind = core.Conflict
	}
	if w.did(rt, o, act, core.Verdict{Message: "so it went"}, kind) {
		w.model.end(o, map[order.Act]order.State{order.Cancel: order.Canceled, order.RejectConsumer: order.Rejected, order.RejectProvider: order.Rejected, order.Fail: order.Erred}[act])
	}
}

func (w *modelWalk) fulfil(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool { return o.state == order.Executing })
	kind := possible(o, order.Fulfil)
	v, lines := core.Verdict{}, slices.Clone(o.lines)
	for n := range lines {
		l := &lines[n]
		open := l.state != o.good() && l.state != order.LineErred && l.state != order.LineCanceled
		if !open || o.typ == order.Terminate || rapid.IntRange(0, 2).Draw(rt, "in part") > 0 {
			continue
		}
		q := money.Micro(rapid.Int64Range(-1, 5*int64(money.Unit)).Draw(rt, "delivered"))
		v.Lines = append(v.Lines, core.Moved{Line: n + 1, To: o.good(), Delivered: &q})
		if kind == "" && q < min(l.before, l.quantity) {
			kind = core.Invalid // of a change that is all there is of it
		}
		l.state, l.delivered = o.good(), max(0, min(q, l.quantity))
	}
	if w.did(rt, o, order.Fulfil, v, kind) {
		o.lines = lines
		w.model.fulfil(o, w.clock.now())
	}
}

// moveLines moves one line; the order ends with the last one that was open.
func (w *modelWalk) moveLines(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool {
		return o.state == order.Executing && o.offer.shipment && o.typ != order.Terminate
	})
	if !o.offer.shipment || o.typ == order.Terminate {
		rt.Skip("nothing is shipped")
	}
	n := rapid.IntRange(0, len(o.lines)-1).Draw(rt, "line")
	to := rapid.SampledFrom([]order.LineState{order.Building, order.Shipped, order.Installed, order.Installed, order.LineErred, order.LineCanceled}).Draw(rt, "to")
	kind := possible(o, order.MoveLine)
	if kind == "" && !order.MayMove(o.lines[n].state, to) {
		kind = core.Conflict
	}
	q := units(rapid.Int64Range(0, 5).Draw(rt, "delivered"))
	if l := o.lines[n]; kind == "" && to == order.Installed && q < min(l.before, l.quantity) {
		kind = core.Invalid
	}
	if !w.did(rt, o, order.MoveLine, core.Verdict{Lines: []core.Moved{{Line: n + 1, To: to, Delivered: &q}}}, kind) {
		return
	}
	o.lines[n].state = to
	if to == order.Installed {
		o.lines[n].delivered = min(q, o.lines[n].quantity)
	}
	count := map[order.LineState]int{}
	for _, l := range o.lines {
		count[l.state]++
	}
	switch {
	case count[order.Installed]+count[order.LineErred]+count[order.LineCanceled] < len(o.lines):
	case count[order.Installed] > 0:
		w.model.fulfil(o, w.clock.now())
	case count[order.LineCanceled] == len(o.lines):
		w.model.end(o, order.Canceled)
	default:
		w.model.end(o, order.Erred)
	}
}

func (w *modelWalk) retry(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool { return o.state == order.Erred })
	before, kind := w.size(rt), possible(o, order.Retry)
	if kind == "" {
		kind = w.model.retry(o, w.today())
	}
	_, err := w.Act(ctx, root, o.id, order.Retry, core.Verdict{})
	if !w.refused(rt, "taking up again an order of "+o.offer.code+" that is "+string(o.state), before, kind, err) && o.offer.instant {
		w.model.fulfil(o, w.clock.now())
	}
}

func (w *modelWalk) amend(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool {
		return o.typ != order.Terminate && (o.state == order.PendingConsumer || o.state == order.PendingProvider)
	})
	if o.typ == order.Terminate {
		rt.Skip("there is nothing to amend")
	}
	var asks []core.Ask
	var starts *day.Day
	amounts, begins := rapid.IntRange(0, 3).Draw(rt, "amounts") > 0, rapid.IntRange(0, 2).Draw(rt, "begins") == 0
	if amounts {
		asks = w.asks(rt, o.offer)
	} else {
		asks = o.stands()
	}
	if !begins {
		starts = o.startsOn
	} else if rapid.Bool().Draw(rt, "later") {
		starts = ptr(w.today() + day.Day(rapid.IntRange(-3, 35).Draw(rt, "days")))
	}
	before, kind := w.size(rt), possible(o, order.Amend)
	if kind == "" {
		kind = w.model.amend(o, asks, starts, w.today())
	}
	_, err := w.Act(ctx, root, o.id, order.Amend, core.Verdict{Amend: func(_ *core.Scene, a *core.Amendment) error {
		if amounts {
			a.Asks = asks
		}
		if begins {
			a.StartsOn = starts
		}
		a.Name = "amended"
		return nil
	}})
	w.refused(rt, "amending an order of "+o.offer.code, before, kind, err)
}

func (w *modelWalk) adjust(rt *rapid.T) {
	o := w.anyOrder(rt, func(o *modelOrder) bool { return !o.state.Open() && len(o.lines) > 0 })
	if len(o.lines) == 0 {
		rt.Skip("there is no line to adjust")
	}
	n := rapid.IntRange(0, len(o.lines)-1).Draw(rt, "line")
	sign := money.Micro(rapid.SampledFrom([]int64{-1, 1}).Draw(rt, "sign"))
	amount := sign * money.Micro(rapid.Int64Range(0, 5000).Draw(rt, "cents")) * 10_000
	quantity := sign * units(rapid.Int64Range(0, 2).Draw(rt, "units"))
	if amount == 0 && quantity == 0 {
		amount = sign * 10_000
	}
	before, kind := w.size(rt), possible(o, order.Adjust)
	if kind == "" {
		kind = w.model.adjust(o, o.lines[n].comp, amount, quantity)
	}
	_, err := w.Act(ctx, root, o.id, order.Adjust, core.Verdict{Line: n + 1, Delta: amount, Quantity: quantity})
	w.refused(rt, "adjusting an order of "+o.offer.code, before, kind, err)
	o.res.byHand = o.res.byHand || quantity != 0
}

func (w *modelWalk) report(rt *rapid.T) {
	states := []order.ResourceState{order.OK, order.Updating, order.Terminating}
	res := w.anyResource(rt, func(r *modelResource) bool {
		return r.offer.code == "cloud" && r.began != nil && !r.ended && slices.Contains(states, r.state)
	})
	total := money.Micro(rapid.Int64Range(0, 20_000_000_000).Draw(rt, "kh"))
	at := w.clock.now()
	rows, err := w.ReportUsage(ctx, root, core.UsageReport{Resource: res.resource, Date: at, Amounts: []core.UsageAmount{{Component: "cpu", Amount: total}}})
	if err != nil || len(rows) != 1 {
		rt.Fatalf("usage of %s: %v, %v", res.resource, rows, err)
	}
	w.model.report(res, "cpu", day.Date(at.Year(), at.Month(), 1), total, rows[0].ID)
	b := res.bills[modelBill{"cpu", day.Date(at.Year(), at.Month(), 1)}]
	if rows[0].Amount != b.amount || rows[0].Quantity != b.units || rows[0].CountsOn != b.on {
		rt.Fatalf("usage of %s was billed %s for %s on %s, the model says %s for %s on %s", res.resource, rows[0].Amount, rows[0].Quantity, rows[0].CountsOn, b.amount, b.units, b.on)
	}
}

// mend lets the provider put a resource right by hand.
func (w *modelWalk) mend(rt *rapid.T) {
	res := w.anyResource(rt, func(r *modelResource) bool { return r.state == order.ResourceErred && !r.open })
	if _, err := w.ChangeResource(ctx, root, res.resource, core.Providing, tenant.SetState, func(_ *core.Scene, r *order.Resource) error { r.State = order.OK; return nil }); err != nil {
		rt.Fatal(err)
	}
}

// wait turns the clock, often into other windows, and lets the desk do what is due.
func (w *modelWalk) wait(rt *rapid.T) {
	hours := rapid.SampledFrom([]int{1, 1, 20, 24, 100, 400, 900, 2500}).Draw(rt, "hours")
	w.clock.ahead(time.Duration(hours) * time.Hour)
	for more := true; more; {
		n, err := w.Tick(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		more = n > 0
	}
	now := w.clock.now()
	for _, o := range w.model.orders {
		expires := w.model.customers[o.res.customer].expires
		end := o.created.Add(expires)
		begins := o.state == order.PendingStartDate && !o.startsOn.Time().After(now)
		switch expired := expires > 0 && o.state.Pending() && !end.After(now); {
		case begins && (!expired || !o.startsOn.Time().After(end)):
			o.waits = o.waits[1:]
			w.onward(o)
		case expired:
			w.model.end(o, order.Canceled)
		}
	}
}

func idsOf(list []buyer, of func(buyer) id.ID) []id.ID {
	var out []id.ID
	for _, b := range list {
		if i := of(b); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}
