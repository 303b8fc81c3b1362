package core_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Every example of docs/billing.md is played: each entry that it lists is posted, no other,
// and its arithmetic is right.
func TestTheExamplesOfTheBillingPageAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/billing.md")
	if err != nil {
		t.Fatal(err)
	}
	plans, examples := readPage(t, string(text))
	if len(plans) < 5 || len(examples) < 15 {
		t.Fatalf("the page has %d plans and %d examples", len(plans), len(examples))
	}
	for _, e := range examples {
		t.Run(e.title, func(t *testing.T) {
			p := &player{desk: newDesk(t), t: t}
			p.setUp(plans)
			listed := slices.ContainsFunc(e.steps, func(s step) bool {
				return slices.ContainsFunc(s.entries, func(w entry) bool { return w.kind == "hold" })
			})
			for _, s := range e.steps {
				p.play(s, listed)
			}
			if v := must(p.Verify(ctx, core.System(), nil))(t); len(v.Disagrees) > 0 {
				t.Errorf("the books disagree: %q", v.Disagrees)
			}
		})
	}
}

type example struct {
	title string
	steps []step
}

type step struct {
	when, what string
	entries    []entry
}

type entry struct {
	kind, of, amount, quantity, total, how string
}

// readPage finds the plans and the examples of the page.
func readPage(t *testing.T, text string) (plans [][]string, examples []example) {
	section := ""
	for _, line := range strings.Split(text, "\n") {
		if title, ok := strings.CutPrefix(line, "### "); ok {
			section = "example"
			examples = append(examples, example{title: title})
			continue
		}
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for n := range cells {
			cells[n] = strings.TrimSpace(cells[n])
		}
		switch {
		case section == "The prices of the examples" && cells[0] != "plan":
			plans = append(plans, cells)
		case section == "example" && cells[0] != "when":
			if len(cells) != 8 {
				t.Fatalf("%d cells: %s", len(cells), line)
			}
			e := &examples[len(examples)-1]
			if cells[0] != "" {
				e.steps = append(e.steps, step{when: cells[0], what: cells[1]})
			}
			s := &e.steps[len(e.steps)-1]
			if cells[2] != "–" {
				s.entries = append(s.entries, entry{cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]})
			}
		}
	}
	return plans, examples
}

// player plays one example.
type player struct {
	*desk
	t        *testing.T
	plans    map[string]id.ID // by offering/code
	prices   map[string]core.PriceSpec
	codes    map[id.ID]string // of components
	order    id.ID
	resource id.ID
	offering string
	seen     map[core.EntryKey]bool
}

func (p *player) setUp(rows [][]string) {
	p.plans, p.prices, p.codes, p.seen = map[string]id.ID{}, map[string]core.PriceSpec{}, map[id.ID]string{}, map[core.EntryKey]bool{}
	yes, first := true, day.Date(2026, 11, 1)
	spec := core.ProviderSpec{Customer: "seller"}
	for _, o := range []struct {
		code string
		f    catalog.Fulfilment
	}{{"at-once", catalog.Instant}, {"by-hand", catalog.Manual}} {
		offer := core.OfferingSpec{Code: o.code, Measure: catalog.Limits, Fulfilment: o.f, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPending,
			Components: []core.ComponentSpec{{Code: "fresh"}, {Code: "standard"}, {Code: "training"}, {Code: "storage", Stock: &yes}, {Code: "node", Stock: &yes}, {Code: "rack", Stock: &yes},
				{Code: "seats", Attrs: json.RawMessage(`{"limit_period":"total"}`)}, {Code: "ram"}, {Code: "support", Billing: catalog.ByFixed}, {Code: "setup", Billing: catalog.Once},
				{Code: "change", Billing: catalog.Few}, {Code: "cpu", Billing: catalog.ByUsage}}}
		for _, r := range rows {
			plan := core.PlanSpec{Code: r[0]}
			by, rest, _ := strings.Cut(r[1], ", ")
			plan.Unit = catalog.Unit(strings.ReplaceAll(by, " ", "_"))
			if rest == "prepaid" {
				plan.Prepaid = &yes
			}
			if months, ok := strings.CutPrefix(rest, "bound for "); ok {
				n := must(strconv.Atoi(strings.TrimSuffix(months, " months")))(p.t)
				plan.TermMonths = &n
			}
			for _, one := range strings.Split(r[2], ", ") {
				s := core.PriceSpec{From: &first}
				word := strings.Fields(one)
				s.Component = word[0]
				switch {
				case word[1] == "once" && len(word) == 3:
					s.Once = price(word[2])
				case word[1] == "once": // once X and Y
					s.Once, s.Each = price(word[2]), price(word[4])
				default:
					s.Each = price(word[1])
				}
				p.prices[r[0]+" "+s.Component] = s
				plan.Prices = append(plan.Prices, s)
			}
			offer.Plans = append(offer.Plans, plan)
		}
		spec.Offerings = append(spec.Offerings, offer)
	}
	none := []core.LimitSpec{{Measure: "money", Period: "year", Value: dollars("9000000")}}
	made := must(p.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{spec}, Customers: []core.CustomerSpec{{Slug: "buyer", Limits: none}}}))(p.t)
	for _, o := range []string{"at-once", "by-hand"} {
		for _, r := range rows {
			p.plans[o+"/"+r[0]] = made.ID("plan", "seller/"+o+"/"+r[0])
		}
		if err := p.View(ctx, p.staff, func(s *core.Scene) error {
			sh, err := s.OfferingByCode(o)
			p.sheets[o] = sh
			for _, c := range sh.Components {
				p.codes[c.ID] = c.Code
			}
			return err
		}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// play does what a step says, lets the desk do what is due, and compares what was posted.
func (p *player) play(s step, holds bool) {
	p.t.Helper()
	at := must(time.Parse("2006-01-02 15:04", s.when))(p.t)
	p.clock.ahead(at.Sub(p.clock.now()))
	p.due()
	if err := p.do(s.what); err != nil {
		p.t.Fatalf("%s, %s: %v", s.when, s.what, err)
	}
	p.due()
	var want []string
	for _, e := range s.entries {
		p.reckoned(s, e)
		want = append(want, strings.Join([]string{e.kind, e.of, e.amount, e.quantity, e.total}, " | "))
	}
	got := p.posted(holds)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		p.t.Errorf("%s, %s:\nposted %s\n  want %s", s.when, s.what, strings.Join(got, "\n       "), strings.Join(want, "\n       "))
	}
}

func (p *player) due() {
	for must(p.Tick(ctx))(p.t) > 0 {
	}
}

// posted are the entries that are new, in the words of the page.
func (p *player) posted(holds bool) []string {
	var out []string
	if err := p.store.View(ctx, func(r core.Reader) error {
		entries, err := r.AllEntries(core.EntryKey{}, 1<<20)
		if err != nil {
			return err
		}
		rows, err := r.Usages(core.UsageQuery{Resources: []id.ID{p.resource}, Any: &core.Sight{All: true}, Page: core.Page{Limit: 1000}})
		for _, e := range entries {
			k := core.EntryKey{Subject: e.Subject, N: e.N}
			if p.seen[k] {
				continue
			}
			p.seen[k] = true
			if hold := e.Kind == ledger.Hold || e.Kind == ledger.Release; hold && !holds {
				continue
			}
			out = append(out, strings.Join([]string{e.Kind.String(), p.codes[e.Component], e.Amount.Fixed(2), e.Quantity.String(), p.total(rows, e)}, " | "))
		}
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// total is what the period of an entry comes to: of one that is of no period, the one that
// it was posted in.
func (p *player) total(rows []order.Usage, e ledger.Entry) string {
	var best *order.Usage
	for n, u := range rows {
		if u.Component != e.Component || (e.Usage != 0 && u.ID != e.Usage) || u.Period > day.Of(e.At) && e.Usage == 0 {
			continue
		}
		if best == nil || u.Period > best.Period {
			best = &rows[n]
		}
	}
	if best == nil || e.Kind == ledger.Hold || e.Kind == ledger.Release {
		return ""
	}
	return best.Amount.Fixed(2)
}

// do reads what happens: a verb, and what it is about.
func (p *player) do(what string) error {
	words := strings.Fields(what)
	words[0] = strings.TrimSuffix(words[0], ":")
	head, list, _ := strings.Cut(what, ": ")
	switch words[0] {
	case "time":
		return nil
	case "order", "place":
		p.offering = map[string]string{"order": "at-once", "place": "by-hand"}[words[0]]
		plan := strings.Fields(head)[1]
		got, err := p.PlaceOrder(ctx, p.owner, core.Placement{Offering: p.sheets[p.offering].Offering.ID, Plan: p.plans[p.offering+"/"+plan], Project: p.project.ID, Asks: asksOf(list)})
		p.order, p.resource = got.Order.ID, got.Resource.ID
		return err
	case "change", "switch", "renew", "end", "restore":
		c := core.Placement{Type: order.Update, Resource: p.resource, Asks: asksOf(list)}
		switch words[0] {
		case "switch":
			c.Plan = p.plans[p.offering+"/"+strings.TrimSuffix(words[2], ":")]
		case "renew":
			c.Periods, _ = strconv.Atoi(strings.TrimSuffix(words[2], ":"))
		case "end":
			c.Type = order.Terminate
		case "restore":
			c.Type = order.Restore
		}
		got, err := p.PlaceOrder(ctx, p.owner, c)
		p.order = got.Order.ID
		return err
	case "report":
		u := core.UsageReport{Resource: p.resource, Amounts: []core.UsageAmount{{Component: words[2], Amount: *dollars(words[1])}}}
		if len(words) > 4 {
			u.Date = must(time.Parse(time.DateOnly, words[4]))(p.t)
		}
		_, err := p.ReportUsage(ctx, p.staff, u)
		return err
	case "price":
		return p.newPrice(words)
	}
	return p.act(words)
}

// act is what somebody does with the order placed last.
func (p *player) act(words []string) error {
	v := core.Verdict{Message: "so it went"}
	act, known := map[string]order.Act{"deliver": order.Fulfil, "fail": order.Fail, "retry": order.Retry, "adjust": order.Adjust}[words[0]]
	if !known {
		return fmt.Errorf("nobody knows how to %s", words[0])
	}
	if act == order.Adjust { // adjust 25.00 and 1 fresh
		v.Delta, v.Quantity, v.Line = *dollars(words[1]), *dollars(words[3]), 1
	}
	if act == order.Fulfil && len(words) > 1 {
		v.Lines = []core.Moved{{Line: 1, To: order.Delivered, Delivered: dollars(words[1])}}
	}
	_, err := p.Act(ctx, p.staff, p.order, act, v)
	return err
}

// newPrice: price of storage on halves: 13.00 from 2027-02-10.
func (p *player) newPrice(words []string) error {
	plan := strings.TrimSuffix(words[4], ":")
	s := p.prices[plan+" "+words[2]]
	from := must(day.Parse(words[7]))(p.t)
	s.Each, s.From = price(words[5]), &from
	var offers []core.OfferingSpec
	for _, o := range []string{"at-once", "by-hand"} {
		offers = append(offers, core.OfferingSpec{Code: o, Plans: []core.PlanSpec{{Code: plan, Prices: []core.PriceSpec{s}}}})
	}
	_, err := p.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: offers}}})
	return err
}

// asksOf reads "10 fresh, 2.5 standard".
func asksOf(list string) []core.Ask {
	var out []core.Ask
	for _, one := range strings.Split(list, ", ") {
		if q, c, ok := strings.Cut(one, " "); ok {
			out = append(out, core.Ask{Component: c, Quantity: *dollars(q)})
		}
	}
	return out
}

// reckoned checks the arithmetic beside an entry: it comes to the period's total, else to
// the entry's amount.
func (p *player) reckoned(s step, e entry) {
	p.t.Helper()
	sum, _, _ := strings.Cut(e.how, ";")
	want := e.total
	if want == "" {
		want = e.amount
	}
	left, right, ok := strings.Cut(sum, " = ")
	if !ok {
		p.t.Errorf("%s, %s: no arithmetic stands beside %s of %s", s.when, s.what, e.kind, e.of)
		return
	}
	exact := reckon(p.t, left)
	right, rounded, rounds := strings.Cut(right, " → ")
	if off := new(big.Rat).Sub(exact, rat(strings.TrimSpace(right))); off.Abs(off).Cmp(big.NewRat(1, 100_000)) > 0 {
		p.t.Errorf("%s, %s: %s is %s", s.when, s.what, left, exact.FloatString(8))
	}
	if !rounds {
		rounded = right
	}
	if got := cents(exact); got.Fixed(2) != want || rat(strings.TrimSpace(rounded)).Cmp(big.NewRat(int64(got), int64(money.Unit))) != 0 {
		p.t.Errorf("%s, %s: %s comes to %s, and %s of %s says %s", s.when, s.what, sum, got.Fixed(2), e.kind, e.of, want)
	}
}

// reckon works out sums of products and quotients.
func reckon(t *testing.T, sum string) *big.Rat {
	words := strings.Fields(sum)
	total, product, sign := new(big.Rat), rat(words[0]), big.NewRat(1, 1)
	for n := 1; n+1 < len(words); n += 2 {
		v := rat(words[n+1])
		switch words[n] {
		case "×":
			product.Mul(product, v)
		case "÷":
			product.Quo(product, v)
		case "+", "−":
			total.Add(total, product.Mul(product, sign))
			product, sign = v, big.NewRat(1, 1)
			if words[n] == "−" {
				sign = big.NewRat(-1, 1)
			}
		default:
			t.Fatalf("%q is no arithmetic", sum)
		}
	}
	return total.Add(total, product.Mul(product, sign))
}
