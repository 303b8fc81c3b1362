package core_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Whatever becomes of resources (orders, changes of quantity and plan, reports in any order,
// prices that change, ends, clocks that jump over months), once the desk has done what is
// due each period was billed what it comes to looked at hour by hour and day by day, its
// entries add up to that, and nothing was given back that was not charged.
func TestEachPeriodIsBilledWhatItComesTo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newChargeWalk(t)
		rt.Repeat(map[string]func(*rapid.T){
			"create": w.create, "create more": w.create, "update": w.update, "switch": w.switchPlan, "switch more": w.switchPlan, "end": w.end, "restore": w.restore,
			"fulfil": w.fulfil, "fulfil more": w.fulfil, "fail": w.fail, "mend": w.mend, "retry": w.retry, "unlink": w.unlink, "report": w.report, "report more": w.report, "price": w.price,
			"adjust": w.adjust, "wait": w.wait, "wait more": w.wait, "set back": w.setBack, "settle": w.settle,
			"": func(*rapid.T) { w.clock.ahead(time.Second) },
		})
		w.settle(rt)
	})
}

var chargePlans = []struct {
	code, unit string
	own        bool
	prepaid    bool
}{
	{"hourly", "hour", false, false}, {"daily", "day", false, false}, {"halves", "half_month", false, false}, {"monthly", "month", false, false}, {"dearer", "month", false, false},
	{"quarterly", "quarter", false, false}, {"bound", "month", true, false}, {"bound-days", "day", true, false}, {"bound-quarters", "quarter", true, false},
	{"ahead", "month", false, true}, {"by-quantity", "quantity", false, false},
}

var (
	chargeRates = []string{"0.43", "12.345", "0.012345", "310", "7.777", "0", "0.005"}
	asked       = []string{"disk", "net", "seats"} // by limit
	inAdvance   = []string{"disk", "net", "care"}
)

const careAmount = 2 * money.Unit

// chargeWalk is a desk with resources, and their histories as the test has seen them.
type chargeWalk struct {
	*desk
	tariffs   tariffs
	plans     map[string]map[string]id.ID // by offering and code
	histories []*history
	offer     map[id.ID]string   // of each resource
	open      map[id.ID]*pending // by order
	gone      map[id.ID]bool     // unlinked
	ahead     time.Time          // the latest that the clock was before it was set back
	backs     int
}

// pending is an order on its way, and what it will make of its resource.
type pending struct {
	typ      order.Type
	resource id.ID
	plan     string
	targets  map[string]money.Micro
	promised map[string]string
	state    order.State
}

func newChargeWalk(t *testing.T) *chargeWalk {
	w := &chargeWalk{desk: newDesk(t), tariffs: tariffs{}, plans: map[string]map[string]id.ID{}, offer: map[id.ID]string{}, open: map[id.ID]*pending{}, gone: map[id.ID]bool{}}
	yes, first := true, day.Date(2026, 11, 1)
	p := core.ProviderSpec{Customer: "seller"}
	for _, o := range []struct {
		code string
		f    catalog.Fulfilment
	}{{"cloud", catalog.Instant}, {"lab", catalog.Manual}} {
		spec := core.OfferingSpec{Code: o.code, Measure: catalog.Limits, Fulfilment: o.f, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPending,
			Components: []core.ComponentSpec{{Code: "disk", Stock: &yes}, {Code: "net"}, {Code: "seats", Stock: &yes, Attrs: json.RawMessage(`{"limit_period":"total"}`)},
				{Code: "care", Billing: catalog.ByFixed}, {Code: "setup", Billing: catalog.Once}, {Code: "change", Billing: catalog.Few}, {Code: "cpu", Billing: catalog.ByUsage}}}
		for n, pl := range chargePlans {
			plan := core.PlanSpec{Code: pl.code, Unit: catalog.Unit(pl.unit), Prepaid: &pl.prepaid}
			if pl.own {
				plan.TermMonths = ptr(12)
			}
			t := &tariff{unit: pl.unit, own: pl.own, repeat: !pl.prepaid && pl.unit != "quantity", each: map[string][]dated{}, once: map[string]string{"setup": "100.01", "change": "9.99"}}
			if n%2 == 0 {
				t.once["disk"] = "1.005"
			}
			for m, c := range []string{"disk", "net", "seats", "care", "cpu"} {
				rate := chargeRates[(n+3*m)%len(chargeRates)]
				t.each[c] = []dated{{first, rate}}
				one := core.PriceSpec{Component: c, Each: price(rate), From: &first}
				if once := t.once[c]; once != "" {
					one.Once = price(once)
				}
				if c == "care" {
					one.Amount = ptr(careAmount)
				}
				plan.Prices = append(plan.Prices, one)
			}
			for _, c := range []string{"setup", "change"} {
				plan.Prices = append(plan.Prices, core.PriceSpec{Component: c, Once: price(t.once[c]), From: &first})
			}
			w.tariffs[pl.code] = t
			spec.Plans = append(spec.Plans, plan)
		}
		p.Offerings = append(p.Offerings, spec)
	}
	many := dollars("900000000")
	world := core.World{Providers: []core.ProviderSpec{p}, Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{
		{Measure: limit.Money, Period: limit.Year, Value: many}, {Measure: limit.Money, Period: limit.Month, Value: many}, {Measure: limit.Quantity, Offering: "seller/cloud", Component: "net", Period: limit.Month, Value: many}}}},
		Users: []core.UserSpec{{Login: "max", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: many}}}}}
	made := must(w.Apply(ctx, core.System(), world))(t)
	for _, code := range []string{"cloud", "lab"} {
		w.plans[code] = map[string]id.ID{}
		for _, pl := range chargePlans {
			w.plans[code][pl.code] = made.ID("plan", "seller/"+code+"/"+pl.code)
		}
	}
	if err := w.View(ctx, w.staff, func(s *core.Scene) error {
		for _, code := range []string{"cloud", "lab"} {
			sh, err := s.OfferingByCode(code)
			if err != nil {
				return err
			}
			w.sheets[code] = sh
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

// may passes over what may be refused: nothing has come of it.
func (w *chargeWalk) may(rt *rapid.T, err error) bool {
	if err != nil && core.KindOf(err) != core.Invalid && core.KindOf(err) != core.Conflict {
		rt.Fatal(err)
	}
	return err == nil
}

func (w *chargeWalk) quantity(rt *rapid.T, what string) money.Micro {
	return units(rapid.Int64Range(0, 5).Draw(rt, what)) + money.Micro(rapid.SampledFrom([]int64{0, 0, 333333, 1}).Draw(rt, "part of "+what))
}

// place places an order, and what is done at once is history.
func (w *chargeWalk) place(rt *rapid.T, p core.Placement, q *pending) {
	who := w.owner
	if rapid.Bool().Draw(rt, "by the member") {
		who = w.member
	}
	if q.typ == order.Create || q.typ == order.Restore || q.typ == order.Update {
		q.promised = map[string]string{"cpu": w.rateNow(q, "cpu")}
		for c := range q.targets {
			q.promised[c] = w.rateNow(q, c)
		}
	}
	got, err := w.PlaceOrder(ctx, who, p)
	if !w.may(rt, err) {
		return
	}
	q.resource, q.state = got.Resource.ID, got.Order.State
	w.open[got.Order.ID] = q
	if q.typ == order.Create {
		w.offer[q.resource] = got.Offering.Code
		w.histories = append(w.histories, &history{resource: q.resource, reports: map[report]reported{}})
	}
	if q.state == order.Done {
		w.done(q)
	}
}

// rateNow is the price that an order placed now is promised: a change of what runs on the
// same plan that of the running period, any other the list's.
func (w *chargeWalk) rateNow(q *pending, comp string) string {
	today := day.Of(w.clock.now())
	rate, _ := w.tariffs[q.plan].on(comp, today)
	if q.typ != order.Update || !w.tariffs[q.plan].repeat {
		return rate
	}
	h := w.historyOf(q.resource)
	n := len(h.parts) - 1
	if h.parts[n].plan != q.plan {
		return rate
	}
	period, _ := h.span(w.tariffs, n, today)
	if comp == "seats" {
		period = day.Of(h.parts[h.planBegan(n)].from)
	}
	if r, ok := h.price(w.tariffs, n, comp, period); ok {
		rate = r
	}
	return rate
}

// done writes down what an order has made of its resource.
func (w *chargeWalk) done(q *pending) {
	q.state = order.Done
	h := w.historyOf(q.resource)
	now := w.instant(q.resource)
	n := len(h.parts) - 1
	runs := n >= 0 && h.parts[n].until.IsZero()
	if runs {
		h.parts[n].until = now
	}
	if q.typ == order.Terminate {
		return
	}
	p := part{from: now, plan: q.plan, have: map[string]money.Micro{}, begins: !runs}
	if q.typ == order.Update {
		for c, v := range h.parts[n].have {
			p.have[c] = v
		}
	}
	for c, v := range q.targets {
		p.have[c] = v
	}
	if p.begins || h.parts[n].plan != q.plan {
		p.promised = q.promised
	}
	h.parts = append(h.parts, p)
}

// instant is when the change counts that was made just now: now, or where the clock was set
// back, as the desk says.
func (w *chargeWalk) instant(resource id.ID) time.Time {
	now := w.clock.now()
	if now.After(w.ahead) {
		return now
	}
	var terms []order.Term
	if err := w.store.View(ctx, func(r core.Reader) (err error) { terms, err = r.Terms(resource); return err }); err != nil {
		panic(err)
	}
	at := terms[len(terms)-1].From
	if u := terms[len(terms)-1].Until; u != nil {
		at = *u
	}
	if at.Before(now) || at.After(w.ahead.Add(time.Millisecond)) {
		panic(fmt.Sprintf("a change at %s counts from %s", now, at))
	}
	return at
}

// setBack sets the clock back within a day. No instant comes twice.
func (w *chargeWalk) setBack(rt *rapid.T) {
	now := w.clock.now()
	to := now.Add(-time.Duration(rapid.IntRange(1, 7200).Draw(rt, "seconds")) * time.Second)
	if day.Of(to.Add(-time.Second)) != day.Of(now) {
		rt.Skip("yesterday's prices were not today's")
	}
	if now.After(w.ahead) {
		w.ahead = now
	}
	w.backs++
	w.clock.ahead(to.Truncate(time.Second).Add(time.Duration(w.backs) * 100 * time.Microsecond).Sub(now))
}

func (w *chargeWalk) historyOf(resource id.ID) *history {
	return w.histories[slices.IndexFunc(w.histories, func(h *history) bool { return h.resource == resource })]
}

func (w *chargeWalk) pickPlan(rt *rapid.T) string {
	return chargePlans[rapid.IntRange(0, len(chargePlans)-1).Draw(rt, "plan")].code
}

func (w *chargeWalk) create(rt *rapid.T) {
	if len(w.histories) >= 4 {
		rt.Skip("there are enough")
	}
	code := rapid.SampledFrom([]string{"cloud", "lab"}).Draw(rt, "offering")
	q := &pending{typ: order.Create, plan: w.pickPlan(rt), targets: map[string]money.Micro{"care": careAmount}}
	p := core.Placement{Offering: w.sheets[code].Offering.ID, Plan: w.plans[code][q.plan], Project: w.project.ID}
	for _, c := range asked {
		if v := w.quantity(rt, c); v > 0 {
			q.targets[c] = v
			p.Asks = append(p.Asks, core.Ask{Component: c, Quantity: v})
		}
	}
	w.place(rt, p, q)
}

func (w *chargeWalk) any(rt *rapid.T) *history {
	var list []*history
	for _, h := range w.histories {
		if len(h.parts) > 0 && !w.gone[h.resource] {
			list = append(list, h)
		}
	}
	if len(list) == 0 {
		rt.Skip("there is no resource yet")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(rt, "resource")]
}

// now is what a resource is, as the test knows it.
func (h *history) now() part { return h.parts[len(h.parts)-1] }

// changed is an order that changes a resource to what is asked.
func (w *chargeWalk) changed(rt *rapid.T, typ order.Type, h *history, plan string, asks []core.Ask) {
	q := &pending{typ: typ, resource: h.resource, plan: plan, targets: map[string]money.Micro{"care": careAmount}}
	p := core.Placement{Type: typ, Resource: h.resource, Asks: asks, Plan: w.plans[w.offer[h.resource]][plan]}
	if typ == order.Update {
		for _, c := range asked {
			if v := h.now().have[c]; v > 0 {
				q.targets[c] = v
			}
		}
	}
	for _, a := range asks {
		if a.Quantity > 0 || q.targets[a.Component] > 0 {
			q.targets[a.Component] = a.Quantity
		}
	}
	w.place(rt, p, q)
}

func (w *chargeWalk) asks(rt *rapid.T) []core.Ask {
	var out []core.Ask
	for _, c := range asked {
		if rapid.Bool().Draw(rt, "ask "+c) {
			out = append(out, core.Ask{Component: c, Quantity: w.quantity(rt, c)})
		}
	}
	return out
}

func (w *chargeWalk) update(rt *rapid.T) {
	h := w.any(rt)
	w.changed(rt, order.Update, h, h.now().plan, w.asks(rt))
}

func (w *chargeWalk) switchPlan(rt *rapid.T) {
	h := w.any(rt)
	var asks []core.Ask
	if rapid.Bool().Draw(rt, "and quantities") {
		asks = w.asks(rt)
	}
	w.changed(rt, order.Update, h, w.pickPlan(rt), asks)
}

func (w *chargeWalk) restore(rt *rapid.T) {
	h := w.any(rt)
	w.changed(rt, order.Restore, h, w.pickPlan(rt), w.asks(rt))
}

func (w *chargeWalk) end(rt *rapid.T) {
	h := w.any(rt)
	w.place(rt, core.Placement{Type: order.Terminate, Resource: h.resource}, &pending{typ: order.Terminate, plan: h.now().plan})
}

// unlink takes a resource out of sight: what runs has ended with it.
func (w *chargeWalk) unlink(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "seldom") > 0 {
		rt.Skip("there would be nothing left")
	}
	h := w.any(rt)
	terms := w.termsOf(rt, h.resource)
	if err := w.UnlinkResource(ctx, w.staff, h.resource); err != nil {
		rt.Fatal(err)
	}
	w.gone[h.resource] = true
	for _, q := range w.open {
		if q.resource == h.resource && q.state.Open() {
			q.state = order.Canceled
		}
	}
	n := len(h.parts) - 1
	until := terms[len(terms)-1].Until // the desk ends by itself what runs out
	switch {
	case !h.parts[n].until.IsZero():
	case until != nil:
		h.parts[n].until = *until
	default:
		h.parts[n].until = w.instant(h.resource)
	}
}

func (w *chargeWalk) termsOf(rt *rapid.T, resource id.ID) []order.Term {
	var terms []order.Term
	if err := w.store.View(ctx, func(r core.Reader) (err error) { terms, err = r.Terms(resource); return err }); err != nil {
		rt.Fatal(err)
	}
	return terms
}

// pick finds an order of the lab in a state.
func (w *chargeWalk) pick(rt *rapid.T, s order.State) (id.ID, *pending) {
	var list []id.ID
	for i, q := range w.open {
		if q.state == s && w.offer[q.resource] == "lab" {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		rt.Skip("there is no such order")
	}
	slices.Sort(list)
	i := list[rapid.IntRange(0, len(list)-1).Draw(rt, "order")]
	return i, w.open[i]
}

// fulfil ends an order of the lab well, sometimes in part.
func (w *chargeWalk) fulfil(rt *rapid.T) {
	i, q := w.pick(rt, order.Executing)
	v := core.Verdict{}
	if q.typ == order.Create && q.targets["disk"] > 0 && rapid.IntRange(0, 2).Draw(rt, "in part") == 0 {
		var lines []order.Line
		if err := w.store.View(ctx, func(r core.Reader) (err error) { lines, err = r.Lines(i); return err }); err != nil {
			rt.Fatal(err)
		}
		part := q.targets["disk"] / 2
		for _, l := range lines {
			if l.Component == w.component("lab", "disk") {
				v.Lines = append(v.Lines, core.Moved{Line: l.N, To: order.Delivered, Delivered: &part})
			}
		}
		q.targets["disk"] = part
	}
	if _, err := w.Act(ctx, w.staff, i, order.Fulfil, v); err != nil {
		rt.Fatal(err)
	}
	w.done(q)
}

func (w *chargeWalk) fail(rt *rapid.T) {
	i, q := w.pick(rt, order.Executing)
	if _, err := w.Act(ctx, w.staff, i, order.Fail, core.Verdict{Message: "no"}); err != nil {
		rt.Fatal(err)
	}
	q.state = order.Erred
}

func (w *chargeWalk) retry(rt *rapid.T) {
	i, q := w.pick(rt, order.Erred)
	h := w.historyOf(q.resource)
	runs := len(h.parts) > 0 && h.now().until.IsZero()
	if runs != (q.typ == order.Update || q.typ == order.Terminate) {
		rt.Skip("the resource is no longer what the order was for")
	}
	if _, err := w.Act(ctx, w.staff, i, order.Retry, core.Verdict{}); w.may(rt, err) {
		q.state = order.Executing
	}
}

func (w *chargeWalk) mend(rt *rapid.T) {
	h := w.any(rt)
	_, err := w.ChangeResource(ctx, w.staff, h.resource, core.Providing, tenant.SetState, func(_ *core.Scene, r *order.Resource) error {
		if r.State == order.ResourceErred && r.OpenOrder == 0 {
			r.State = order.OK
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
}

// report tells a month's total, of this month or one before, dated anywhere in it, in some
// offset.
func (w *chargeWalk) report(rt *rapid.T) {
	h := w.any(rt)
	zone := time.FixedZone("", rapid.SampledFrom([]int{0, 0, 3, -8, 13}).Draw(rt, "offset")*3600)
	now := w.clock.now().In(zone)
	date := now
	switch rapid.IntRange(0, 3).Draw(rt, "when") {
	case 0:
		date = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	case 1:
		date = time.Date(now.Year(), now.Month()-time.Month(rapid.IntRange(1, 3).Draw(rt, "months ago")), rapid.IntRange(1, 28).Draw(rt, "day"), 12, 0, 0, 0, zone)
	}
	total := money.Micro(rapid.Int64Range(0, 3_000_000_000).Draw(rt, "kh")) / 10_000 * 10_000
	rows, err := w.ReportUsage(ctx, w.staff, core.UsageReport{Resource: h.resource, Date: date, Amounts: []core.UsageAmount{{Component: "cpu", Amount: total}}})
	if !w.may(rt, err) {
		return
	}
	k := report{"cpu", day.Date(date.Year(), date.Month(), 1)}
	r, again := h.reports[k]
	if !again {
		r.part = -1
	}
	r.total = total
	if n := h.under(date, now, k.month); n >= 0 {
		r.part = n
	}
	h.reports[k] = r
	if amount, quantity := h.metered(w.tariffs, k); rows[0].Amount != amount || rows[0].Quantity != quantity {
		rt.Fatalf("%s of %s dated %s was billed %s for %s, want %s for %s", total, h.resource, date, rows[0].Amount, rows[0].Quantity, amount, quantity)
	}
}

// under is the part whose plan prices a report of a date.
func (h *history) under(date, now time.Time, month day.Day) int {
	for n := range h.parts {
		if p := h.parts[n]; !p.from.After(date) && (p.until.IsZero() || p.until.After(date)) {
			return n
		}
	}
	if day.Date(now.Year(), now.Month(), 1) != month {
		return -1
	}
	for n := len(h.parts) - 1; n >= 0; n-- {
		if p := h.parts[n]; p.from.Before(month.Month(1).Time()) && (p.until.IsZero() || p.until.After(month.Time())) {
			return n
		}
	}
	return -1
}

// price changes one from a day on, in both offerings alike.
func (w *chargeWalk) price(rt *rapid.T) {
	plan, comp := w.pickPlan(rt), rapid.SampledFrom([]string{"disk", "net", "seats", "care", "cpu"}).Draw(rt, "component")
	from := day.Of(w.clock.now()) + day.Day(rapid.SampledFrom([]int{0, 0, 1, 7, 40}).Draw(rt, "in days"))
	rate := rapid.SampledFrom(chargeRates).Draw(rt, "rate")
	t := w.tariffs[plan]
	one := core.PriceSpec{Component: comp, Each: price(rate), From: &from}
	if once := t.once[comp]; once != "" {
		one.Once = price(once)
	}
	if comp == "care" {
		one.Amount = ptr(careAmount)
	}
	var offers []core.OfferingSpec
	for _, code := range []string{"cloud", "lab"} {
		offers = append(offers, core.OfferingSpec{Code: code, Plans: []core.PlanSpec{{Code: plan, Prices: []core.PriceSpec{one}}}})
	}
	if _, err := w.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: offers}}}); err != nil {
		rt.Fatal(err)
	}
	if was, _ := t.on(comp, from); was != rate { // what is so already is no new price
		t.each[comp] = append(t.each[comp], dated{from, rate})
	}
}

func (w *chargeWalk) adjust(rt *rapid.T) {
	var list []id.ID
	for i, q := range w.open {
		if q.state == order.Done && q.typ != order.Terminate {
			list = append(list, i)
		}
	}
	if len(list) == 0 || rapid.IntRange(0, 2).Draw(rt, "really") > 0 {
		rt.Skip("nothing is adjusted")
	}
	slices.Sort(list)
	i := list[rapid.IntRange(0, len(list)-1).Draw(rt, "order")]
	delta := money.Micro(rapid.Int64Range(-2000, 500).Draw(rt, "cents")) * 10_000
	_, err := w.Act(ctx, w.staff, i, order.Adjust, core.Verdict{Line: 1, Delta: delta})
	if w.may(rt, err) && delta < 0 {
		w.historyOf(w.open[i].resource).byHand = true
	}
}

// wait turns the clock, often over months, and does what is due, or not yet.
func (w *chargeWalk) wait(rt *rapid.T) {
	hours := rapid.SampledFrom([]int{1, 5, 24, 50, 200, 700, 2500}).Draw(rt, "hours")
	w.clock.ahead(time.Duration(hours)*time.Hour + time.Duration(rapid.IntRange(0, 3599).Draw(rt, "seconds"))*time.Second)
	if rapid.Bool().Draw(rt, "and do what is due") {
		w.settle(rt)
	}
}

// settle does what is due and compares everything.
func (w *chargeWalk) settle(rt *rapid.T) {
	w.doDue(rt)
	if behind := w.ahead.Sub(w.clock.now()); behind > 0 { // some jobs were put by the clock that was set back
		w.clock.ahead(behind + time.Second)
		w.doDue(rt)
	}
	err := w.store.View(ctx, func(r core.Reader) error {
		entries, err := r.AllEntries(core.EntryKey{}, 1<<20)
		if err != nil {
			return err
		}
		for _, h := range w.histories {
			if err := w.compare(r, h, entries); err != nil {
				return err
			}
		}
		return nothingBeyond(entries)
	})
	if err != nil {
		rt.Fatal(err)
	}
	w.audit(rt)
	if v, err := w.Verify(ctx, core.System(), nil); err != nil || len(v.Disagrees) > 0 {
		rt.Fatalf("the books disagree: %q, %v", v.Disagrees, err)
	}
}

func (w *chargeWalk) doDue(rt *rapid.T) {
	for more := true; more; {
		n, err := w.Tick(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		more = n > 0
	}
	if w.logged.list != nil {
		rt.Fatalf("%q", w.logged.list)
	}
}

// nothingBeyond: what was given back was charged before, to the same person on the same day.
func nothingBeyond(entries []ledger.Entry) error {
	type key struct {
		resource, component, user id.ID
		on                        day.Day
	}
	sums := map[key]money.Micro{}
	for _, e := range entries {
		_, used := e.Delta()
		sums[key{e.Resource, e.Component, e.User, e.CountsOn}] += used.Amount
	}
	for k, s := range sums {
		if s < 0 {
			return fmt.Errorf("%s more was given back than was charged: %+v", -s, k)
		}
	}
	return nil
}

// compare holds a resource's rows and entries against its history.
func (w *chargeWalk) compare(r core.Reader, h *history, entries []ledger.Entry) error {
	if len(h.parts) == 0 {
		return nil
	}
	code := w.offer[h.resource]
	at, err := w.billedUntil(r, h)
	if err != nil {
		return err
	}
	rows, err := r.Usages(core.UsageQuery{Resources: []id.ID{h.resource}, Any: &core.Sight{All: true}, Page: core.Page{Limit: 100_000}})
	if err != nil {
		return err
	}
	want := w.expect(h, at)
	for _, u := range rows {
		var amount, quantity money.Micro
		for _, e := range entries {
			if e.Usage == u.ID {
				_, used := e.Delta()
				amount, quantity = amount+used.Amount, quantity+used.Quantity
			}
		}
		comp := w.codeOf(code, u.Component)
		if amount != u.Amount {
			return fmt.Errorf("%s of %s from %s was billed %s, and its entries say %s", comp, h.resource, u.Period, u.Amount, amount)
		}
		if flow := comp == "net" || comp == "care" || comp == "cpu"; flow && quantity != u.Quantity {
			return fmt.Errorf("%s of %s from %s was billed for %s, and its entries say %s", comp, h.resource, u.Period, u.Quantity, quantity)
		}
		k := report{comp, u.Period}
		if over := u.Amount - want[k]; over != 0 && (over < 0 || !h.byHand) {
			return fmt.Errorf("%s of %s from %s was billed %s, and comes to %s by %s: %+v", comp, h.resource, u.Period, u.Amount, want[k], at, h.parts)
		}
		delete(want, k)
	}
	for k, v := range want {
		if v != 0 {
			return fmt.Errorf("%s of %s from %s comes to %s by %s and was not billed: %+v", k.comp, h.resource, k.month, v, at, h.parts)
		}
	}
	return nil
}

// expect is what each period of each component comes to.
func (w *chargeWalk) expect(h *history, at time.Time) map[report]money.Micro {
	want := map[report]money.Micro{}
	periods := map[day.Day]bool{}
	for n, p := range h.parts {
		last := at
		if !p.until.IsZero() && p.until.Before(at) {
			last = p.until
		}
		for d := day.Of(p.from); d <= day.Of(last); {
			first, next := h.span(w.tariffs, n, d)
			periods[first] = true
			d = next
		}
	}
	for p := range periods {
		for _, c := range inAdvance {
			want[report{c, p}] = h.comesTo(w.tariffs, c, p, at)
		}
		want[report{"setup", p}] = h.happened(w.tariffs, "setup", false, p, at)
		want[report{"change", p}] = h.happened(w.tariffs, "change", true, p, at)
	}
	sum, p := h.wholeLife(w.tariffs, "seats")
	want[report{"seats", p}] = sum
	for k := range h.reports {
		want[k], _ = h.metered(w.tariffs, k)
	}
	return want
}

// billedUntil is as of when the desk says it has billed a resource: lately enough. It takes
// in that the desk has ended what ran out of what was paid ahead.
func (w *chargeWalk) billedUntil(r core.Reader, h *history) (time.Time, error) {
	res, err := r.Resource(h.resource)
	if err != nil {
		return time.Time{}, err
	}
	n := len(h.parts) - 1
	if h.parts[n].until.IsZero() && res.State == order.Terminated {
		terms, err := r.Terms(h.resource)
		if err != nil {
			return time.Time{}, err
		}
		if h.parts[n].plan != "ahead" {
			return time.Time{}, fmt.Errorf("resource %s has ended, and nobody has ended it", h.resource)
		}
		h.parts[n].until = *terms[len(terms)-1].Until
	}
	last := h.parts[n]
	j, err := r.Job(h.resource, core.JobBill)
	switch {
	case err != nil && core.KindOf(err) != core.NotFound:
		return time.Time{}, err
	case err != nil && last.until.IsZero():
		if w.tariffs[last.plan].repeat {
			return time.Time{}, fmt.Errorf("resource %s runs on %s, and nothing will bill it", h.resource, last.plan)
		}
		return last.from, nil
	case err != nil:
		return last.until, nil
	}
	due := last.from
	if last.until.IsZero() && w.tariffs[last.plan].repeat {
		first, _ := h.span(w.tariffs, n, day.Of(w.clock.now()))
		if w.tariffs[last.plan].unit == "hour" {
			first = day.Of(w.clock.now())
		}
		if t := first.Time(); t.After(due) {
			due = t
		}
	}
	if j.Since == nil || j.Since.Before(due) {
		return time.Time{}, fmt.Errorf("resource %s was billed until %s, and it is %s: %+v", h.resource, j.Since, w.clock.now(), j)
	}
	return *j.Since, nil
}
