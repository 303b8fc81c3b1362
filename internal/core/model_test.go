package core_test

import (
	"math/big"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// model is what the ledger should be, kept the plain way: a list of all that ever moved,
// added up anew for each question. It shares no code with what it is held against but the
// words.
type model struct {
	moves     []move
	limits    []modelLimit
	customers map[id.ID]*modelCustomer
	offers    map[string]*modelOffer // by code
	orders    []*modelOrder
	resources map[id.ID]*modelResource
	exceeded  int   // how often a limit was told as exceeded
	named     id.ID // of the latest limit: names of the model's own
}

type move struct {
	of     id.ID // order or usage row
	kind   ledger.Kind
	amount money.Micro
	units  money.Micro
	comp   string
	offer  string
	whose
	on day.Day
}

// whose are the scopes that something counts in.
type whose struct{ customer, project, user, resource id.ID }

type modelLimit struct {
	id      id.ID
	scope   tenant.Scope
	scopeID id.ID
	within  id.ID // customer; 0: a capacity
	measure limit.Measure
	offer   string
	comp    string
	period  limit.Period
	value   money.Micro
}

type modelCustomer struct {
	id        id.ID
	slug      string
	yearFrom  day.Day
	contracts []tenant.Contract
	expires   time.Duration
}

type modelOffer struct {
	code      string
	count     bool // measured by count, else by limits
	instant   bool
	shipment  bool
	onPlacing bool
	byRoles   bool
	provider  bool // the provider approves
	comps     []modelComponent
}

type modelComponent struct {
	code  string
	kind  string // "limit", "usage", "once"
	stock bool
	price string
}

type modelLine struct {
	comp             string
	before, quantity money.Micro
	due              money.Micro
	delivered        money.Micro
	state            order.LineState
}

type modelOrder struct {
	id       id.ID
	typ      order.Type
	offer    *modelOffer
	res      *modelResource
	user     id.ID
	on       day.Day
	startsOn *day.Day
	lines    []modelLine
	state    order.State
	waits    []order.State // gates still shut
	created  time.Time
}

type modelResource struct {
	whose
	offer  *modelOffer
	state  order.ResourceState
	have   map[string]money.Micro
	open   bool
	runs   bool       // an order has made it, and none has ended it since
	began  *time.Time // its first stretch
	ended  bool       // it was terminated at some time
	byHand bool       // units were corrected by hand
	bills  map[modelBill]*billed
}

type modelBill struct {
	comp   string
	period day.Day
}

type billed struct {
	amount, units money.Micro
	on            day.Day
	id            id.ID
}

func (o *modelOffer) comp(code string) modelComponent {
	return o.comps[slices.IndexFunc(o.comps, func(c modelComponent) bool { return c.code == code })]
}

// times prices a quantity, to the cent, half away from zero.
func times(q money.Micro, price string) money.Micro {
	p, _ := new(big.Rat).SetString(price)
	cents := p.Mul(p, big.NewRat(int64(q), 10_000)) // micro × price ÷ 10⁶, in hundredths
	twice := new(big.Int).Mul(cents.Num(), big.NewInt(2))
	twice.Add(twice, cents.Denom())
	whole := new(big.Int).Div(twice, new(big.Int).Mul(cents.Denom(), big.NewInt(2)))
	return money.Micro(whole.Int64()) * 10_000
}

// window is the first day of the window a day is in, found by walking back to it.
func (m *model) window(p limit.Period, customer id.ID, on day.Day) (day.Day, bool) {
	c := m.customers[customer]
	first := func(is func(t time.Time) bool) day.Day {
		for !is(on.Time()) {
			on--
		}
		return on
	}
	switch p {
	case limit.Total:
		return 0, true
	case limit.Month:
		return first(func(t time.Time) bool { return t.Day() == 1 }), true
	case limit.Quarter:
		return first(func(t time.Time) bool { return t.Day() == 1 && slices.Contains([]time.Month{1, 4, 7, 10}, t.Month()) }), true
	case limit.Year:
		from := day.Date(2000, 1, 1).Time() // of what all customers share
		if c != nil {
			from = c.yearFrom.Time()
		}
		return first(func(t time.Time) bool { return t.Day() == from.Day() && t.Month() == from.Month() }), true
	case limit.Contract:
		for _, k := range c.contracts {
			if on >= k.From && on < k.To {
				return k.From, true
			}
		}
	}
	return 0, false
}

func (m *model) covered(customer id.ID, on day.Day) bool {
	_, ok := m.window(limit.Contract, customer, on)
	return ok || len(m.customers[customer].contracts) == 0
}

// counts reports in which window of a limit something counts, if in any.
func (m *model) counts(l modelLimit, w whose, offer, comp string, on day.Day) (day.Day, bool) {
	where := map[tenant.Scope]id.ID{tenant.OnCustomer: w.customer, tenant.OnProject: w.project, tenant.OnUser: w.user, tenant.OnResource: w.resource}
	switch {
	case l.within != 0 && l.within != w.customer,
		l.scope != tenant.OnOffering && where[l.scope] != l.scopeID,
		l.offer != "" && l.offer != offer,
		l.comp != "" && l.comp != comp:
		return 0, false
	}
	return m.window(l.period, l.within, on)
}

type balance struct{ used, held money.Micro }

// balances adds up everything that counts against a limit, by window.
func (m *model) balances(l modelLimit) map[day.Day]balance {
	out := map[day.Day]balance{}
	for _, v := range m.moves {
		w, ok := m.counts(l, v.whose, v.offer, v.comp, v.on)
		if !ok {
			continue
		}
		n := v.amount
		if l.measure == limit.Quantity {
			n = v.units
		}
		b := out[w]
		switch v.kind {
		case ledger.Hold:
			b.held += n
		case ledger.Release:
			b.held -= n
		case ledger.Capture:
			b.held -= n
			b.used += n
		case ledger.Charge:
			b.used += n
		case ledger.Refund:
			b.used -= n
		}
		out[w] = b
	}
	return out
}

// asking is what one component asks; later: it may be charged though nothing is asked now.
type asking struct {
	comp          string
	amount, units money.Micro
	later         bool
}

// fits reports whether all limits take what is asked.
func (m *model) fits(w whose, offer string, on day.Day, asks []asking) bool {
	for _, l := range m.limits {
		sums, look := map[day.Day]money.Micro{}, map[day.Day]bool{}
		for _, a := range asks {
			if win, ok := m.counts(l, w, offer, a.comp, on); ok {
				n := a.amount
				if l.measure == limit.Quantity {
					n = a.units
				}
				sums[win] += n
				look[win] = look[win] || a.later
			}
		}
		have := m.balances(l)
		for win, asked := range sums {
			if (asked != 0 || look[win]) && have[win].used+have[win].held+asked > l.value {
				return false
			}
		}
	}
	return true
}

func (m *model) book(o *modelOrder, k ledger.Kind, comp string, amount, units money.Micro, user id.ID, on day.Day) {
	if amount == 0 && units == 0 {
		return
	}
	w := o.res.whose
	w.user = user
	m.moves = append(m.moves, move{o.id, k, amount, units, comp, o.offer.code, w, on})
}

// price makes the lines of an order; "" where there is nothing against them, else the
// kind of refusal.
func (m *model) price(typ order.Type, offer *modelOffer, res *modelResource, asks []core.Ask) ([]modelLine, core.Kind) {
	var lines []modelLine
	asked := map[string]money.Micro{}
	for _, a := range asks {
		asked[a.Component] = a.Quantity
	}
	if typ == order.Terminate {
		for _, c := range offer.comps {
			if q := res.have[c.code]; q > 0 && c.kind == "limit" {
				lines = append(lines, modelLine{comp: c.code, before: q})
			}
		}
		return lines, ""
	}
	add := func(c modelComponent, before, quantity money.Micro) {
		grown := max(0, quantity-before)
		lines = append(lines, modelLine{comp: c.code, before: before, quantity: quantity, due: times(grown, c.price)})
	}
	same := typ == order.Update
	for _, c := range offer.comps {
		q, named := asked[c.code]
		var before money.Micro
		if res != nil && typ == order.Update {
			before = res.have[c.code]
		}
		switch {
		case c.kind == "once":
			n := money.Unit
			if typ == order.Update {
				n = 0
			}
			add(c, 0, n)
		case c.kind == "usage":
			lines = append(lines, modelLine{comp: c.code})
		case offer.count && named:
			if q == 0 && typ != order.Update {
				return nil, core.Invalid
			}
			add(c, before, q)
		case !offer.count && (named || before > 0):
			if !named {
				q = before
			}
			if q == 0 && before == 0 {
				continue
			}
			add(c, before, q)
		}
		if n := len(lines); n > 0 && lines[n-1].comp == c.code && lines[n-1].quantity != lines[n-1].before {
			same = false
		}
	}
	if len(lines) == 0 || (offer.count && len(asks) == 0) {
		return nil, core.Invalid
	}
	if same {
		return lines, core.Invalid
	}
	return lines, ""
}

// asksOf is what holding an order's lines asks.
func (o *modelOrder) asksOf() []asking {
	var out []asking
	for _, l := range o.lines {
		if l.state == order.LineCanceled {
			continue
		}
		c := o.offer.comp(l.comp)
		a := asking{comp: l.comp, amount: l.due, later: c.kind == "usage" && (o.typ == order.Create || o.typ == order.Restore)}
		if c.kind == "limit" {
			a.units = max(0, l.quantity-l.before)
		}
		out = append(out, a)
	}
	return out
}
