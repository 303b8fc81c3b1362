package core_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// BenchmarkVerify and BenchmarkRebuild look through a desk of DOCKET_ORDERS orders (else
// 5 000) that were held, captured and done, all of one customer.
func BenchmarkVerify(b *testing.B) {
	d := manyOrders(b)
	for b.Loop() {
		v := must(d.Verify(ctx, core.System(), nil))(b)
		if len(v.Disagrees) > 0 {
			b.Fatalf("the books disagree: %q", v.Disagrees[:1])
		}
		b.ReportMetric(v.Rate(), "rows/s")
		b.ReportMetric(float64(v.Orders)/v.Took.Seconds(), "orders/s")
	}
}

func BenchmarkRebuild(b *testing.B) {
	d := manyOrders(b)
	for b.Loop() {
		for _, value := range []*money.Micro{ptr(units(1 << 40)), nil} {
			must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Quarter, Value: value}}}}}))(b)
		}
	}
}

func manyOrders(b *testing.B) *desk {
	n := 5000
	if s := os.Getenv("DOCKET_ORDERS"); s != "" {
		n = must(strconv.Atoi(s))(b)
	}
	d := newDesk(b)
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: ptr(units(1 << 40))}}}}}))(b)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"small": units(1)})))(b)
	p = d.finish(b, p, core.Verdict{})
	for done := 1; done < n; {
		if err := d.store.Update(ctx, core.Touch{Scan: true}, func(tx core.Tx) error {
			for range min(5000, n-done) {
				done++
				if err := d.copyOf(tx, p, d.NewID()); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return d
}

// copyOf writes an order like another, with all that it left.
func (d *desk) copyOf(tx core.Tx, p core.Placed, i id.ID) error {
	o, l, r := p.Order, p.Lines[0], p.Resource
	o.ID, o.Resource, l.Order, r.ID, r.Slug = i, i, i, i, i.Base36()
	entries, err := tx.Entries(p.Order.ID)
	if err != nil {
		return err
	}
	limits, err := tx.Limits([]core.LimitScope{{Scope: "customer", ID: o.Customer}})
	if err != nil {
		return err
	}
	for n := range entries {
		entries[n].Subject, entries[n].Resource = i, i
	}
	deltas := limit.Deltas(limits, limit.Calendar{YearFrom: d.buyer.YearFrom}, entries)
	for _, step := range []func() error{
		func() error { return tx.InsertOrder(o) }, func() error { return tx.InsertLines([]order.Line{l}) }, func() error { return tx.InsertResource(r) },
		func() error { return tx.InsertEntries(entries) },
		func() error {
			return tx.InsertEvent(core.Event{At: d.clock.now(), Kind: "order.done", Customer: o.Customer, Subject: i, Order: i, Body: json.RawMessage(`{}`)})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, x := range deltas {
		if err := tx.AddBalance(x); err != nil {
			return err
		}
	}
	return nil
}
