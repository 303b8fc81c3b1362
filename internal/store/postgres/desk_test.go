package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
)

// The world of the harness: customers who order from one provider. "hot" has one limit
// and an offering of its own, so that a checker can follow its one balance. The others
// share what there is of the kit. The contract of "dated" ends at the midnight of the run.
const (
	customers = 6 // c1 … c6
	boxRoom   = 2500
	allMoney  = 3000 // of each
	kitMoney  = 1500 // of each, in a month
)

var midnight = time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)

func units(n int64) money.Micro { return money.Micro(n) * money.Unit }

func rate(n int64) money.Rate { return money.Rate(n) * 10_000_000_000 }

func ptr[T any](v T) *T { return &v }

func customer(n int) string { return fmt.Sprintf("c%d", n) }

func world() core.World {
	w := core.World{
		Customers: []core.CustomerSpec{
			{Slug: "hot", Projects: []core.ProjectSpec{{Slug: "hot-p"}}, Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Total, Value: ptr(units(60))}}},
			{Slug: "dated", Projects: []core.ProjectSpec{{Slug: "dated-p"}}, Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Contract, Value: ptr(units(100_000))}},
				Contracts: []core.ContractSpec{{From: day.Date(2026, 1, 1), To: day.Of(midnight)}}},
			{Slug: "maker", Projects: []core.ProjectSpec{{Slug: "maker-p"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "maker", Offerings: []core.OfferingSpec{
			byHand("kit", []core.LimitSpec{{Measure: limit.Quantity, Component: "box", Period: limit.Total, Value: ptr(units(boxRoom))}}, "box", "bag"),
			byHand("solo", nil, "box"),
			byWorkers(byHand("hook", nil, "box")),
			{Code: "meter", Name: "Meter", Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPreparing,
				Components: []core.ComponentSpec{{Code: "cpu", Name: "CPU", Unit: "h", Billing: catalog.ByUsage}},
				Plans:      []core.PlanSpec{{Code: "only", Name: "Only", Unit: catalog.Month, Prices: []core.PriceSpec{{Component: "cpu", Each: rate(1) / 100}}}}},
		}}},
		Users: []core.UserSpec{{Login: "root", Name: "Root", Staff: ptr(true)}},
	}
	for n := range customers {
		w.Customers = append(w.Customers, core.CustomerSpec{Slug: customer(n + 1), Projects: []core.ProjectSpec{{Slug: customer(n+1) + "-p"}}, Limits: []core.LimitSpec{
			{Measure: limit.Money, Period: limit.Total, Value: ptr(units(allMoney))},
			{Measure: limit.Money, Offering: "maker/kit", Period: limit.Month, Value: ptr(units(kitMoney))},
		}})
	}
	return w
}

// byHand is an offering that people deliver: orders stay open until somebody acts.
func byHand(code string, capacity []core.LimitSpec, components ...string) core.OfferingSpec {
	o := core.OfferingSpec{Code: code, Name: code, Measure: catalog.Count, Fulfilment: catalog.Manual, Consent: catalog.Never, Approval: catalog.ApproveNever, Cancel: catalog.CancelPreparing, Limits: capacity}
	plan := core.PlanSpec{Code: "only", Name: "Only", Unit: catalog.Quantity}
	for _, c := range components {
		o.Components = append(o.Components, core.ComponentSpec{Code: c, Name: c, Unit: "piece", Stock: ptr(true)})
		plan.Prices = append(plan.Prices, core.PriceSpec{Component: c, Once: rate(1)})
	}
	o.Plans = []core.PlanSpec{plan}
	return o
}

// byWorkers has workers deliver an offering.
func byWorkers(o core.OfferingSpec) core.OfferingSpec {
	o.Fulfilment = catalog.Webhook
	return o
}

// run says how a desk takes part.
type run struct {
	DSN        string
	Dir        string    // where histories are written
	Process    int       // which of the desks
	Generation int       // how often it was started
	Submitters int       // of any kind
	Hot        int       // of them, at the one balance
	Began      time.Time // of the run, by the true clock
	Ends       time.Time
	Shown      time.Time // by the desks' clocks when it began
	Ahead      time.Duration
	Keys       bool // all desks ask with the same keys at once
	Plain      bool // every act runs alone
}

// now is the desk's clock.
func (r run) now() time.Time { return r.Shown.Add(time.Since(r.Began) + r.Ahead) }

// desk is one process among those that share the database, or a part of the test's own
// that behaves as if it were.
type desk struct {
	*core.Core
	run
	store  *Store
	notes  *notebook
	root   core.Actor
	sheets map[string]catalog.Sheet
	homes  map[string]id.ID // projects by customer
	meters map[string]id.ID // resources that are metered
	serial atomic.Int64

	mu   sync.Mutex
	open []id.ID // orders placed here, to act on
	done []id.ID
}

func openDesk(ctx context.Context, r run) (*desk, error) {
	s, err := Open(ctx, r.DSN, Options{Now: r.now, plain: r.Plain})
	if err != nil {
		return nil, err
	}
	d := &desk{run: r, store: s, sheets: map[string]catalog.Sheet{}, homes: map[string]id.ID{}, meters: map[string]id.ID{}}
	if err = s.Migrate(ctx); err == nil {
		err = d.begin(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return d, nil
}

func (d *desk) begin(ctx context.Context) error {
	n, err := d.store.Node(ctx)
	if err != nil {
		return err
	}
	d.Core = core.New(d.store, d.now, id.NewSource(d.now, uint8(n.Number), n.Floor), seal.Key{1}, slog.New(slog.NewTextHandler(io.Discard, nil)), core.Config{Lease: time.Second})
	return nil
}

// meet reads whom and what there is.
func (d *desk) meet(ctx context.Context) error {
	if err := d.store.View(ctx, func(r core.Reader) (err error) {
		d.root.User, err = r.UserByLogin("root")
		d.root.Key, d.root.Door = d.root.User.ID, "test"
		if err != nil {
			return err
		}
		projects, err := r.Projects(core.ProjectQuery{Any: &core.Sight{All: true}})
		for _, p := range projects {
			d.homes[p.Slug[:len(p.Slug)-len("-p")]] = p.ID
		}
		return err
	}); err != nil {
		return err
	}
	return d.View(ctx, d.root, func(s *core.Scene) error {
		for _, code := range []string{"kit", "solo", "hook", "meter"} {
			sh, err := s.OfferingByCode(code)
			if err != nil {
				return err
			}
			d.sheets[code] = sh
		}
		metered, err := s.Resources(core.ResourceQuery{Offerings: []id.ID{d.sheets["meter"].Offering.ID}})
		for _, r := range metered {
			d.meters[r.Name] = r.ID
		}
		return err
	})
}

// setUp makes the world, with something metered for each customer.
func setUp(t testing.TB, r run) {
	t.Helper()
	ctx := context.Background()
	d, err := openDesk(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	defer d.store.Close()
	if _, err := d.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	if err := d.meet(ctx); err != nil {
		t.Fatal(err)
	}
	for n := range customers {
		o, err := d.PlaceOrder(ctx, d.root, d.ask("meter", customer(n+1), customer(n+1)))
		if err == nil {
			_, err = d.Act(ctx, d.root, o.Order.ID, order.Fulfil, core.Verdict{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// ask is a placement of quantities of an offering's components, in their order.
func (d *desk) ask(code, who, name string, quantities ...int64) core.Placement {
	sh := d.sheets[code]
	p := core.Placement{Offering: sh.Offering.ID, Plan: sh.Plans[0].ID, Project: d.homes[who], Name: name}
	for n, q := range quantities {
		if q > 0 {
			p.Asks = append(p.Asks, core.Ask{Component: sh.Components[n].Code, Quantity: units(q)})
		}
	}
	if code == "meter" {
		p.Request = json.RawMessage(`{}`)
	}
	return p
}

// remember keeps an order to act on later.
func (d *desk) remember(list *[]id.ID, o id.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *list = append(*list, o); len(*list) > 200 {
		*list = (*list)[100:]
	}
}

// pick is one of those, most often a late one; 0: there is none.
func (d *desk) pick(list *[]id.ID) id.ID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(*list) == 0 {
		return 0
	}
	return (*list)[len(*list)-1-rand.IntN(min(len(*list), 40))]
}
