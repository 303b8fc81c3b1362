package core_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
)

// capped is a new desk with an allocation whose cpu may be reported up to 100 in a span.
func capped(t *testing.T, span string) (*desk, core.Placed) {
	d := newDesk(t)
	cap := json.RawMessage(`{"limit_amount": 100, "limit_period": "` + span + `"}`)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
		Components: []core.ComponentSpec{{Code: "cpu", Attrs: cap}}}}}}}))(t)
	return d, d.allocated(t, 5)
}

func (d *desk) report(p core.Placed, total string) error {
	_, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: *dollars(total)}}})
	return err
}

func TestAReportAboveTheProvidersOwnCapIsRefused(t *testing.T) {
	for span, second := range map[string]bool{"month": true, "quarterly": false, "annual": false, "total": false} {
		t.Run(span, func(t *testing.T) {
			d, p := capped(t, span) // it is November
			for total, fits := range map[string]bool{"100": true, "100.000001": false, "60": true} {
				if err := d.report(p, total); (err == nil) != fits {
					t.Errorf("a report of %s: %v", total, err)
				}
			}
			if err := d.report(p, "60"); err != nil {
				t.Fatal(err)
			}
			d.clock.ahead(30 * aDay)
			err := d.report(p, "40.01")
			if second != (err == nil) {
				t.Fatalf("a second month's 40.01: %v", err)
			}
			if e := core.AsError(err); !second && (e.Kind != core.Invalid || e.Reason != core.ReasonCap || e.Msg != "Total amount exceeds limit. Total amount: 100.01, limit: 100.") {
				t.Errorf("%v", err)
			}
			if err := d.report(p, "40"); err != nil {
				t.Errorf("what just fits: %v", err)
			}
			d.clock.ahead(31 * aDay) // the next year
			if err := d.report(p, "0.5"); (err == nil) != (span != "total") {
				t.Errorf("in January: %v", err)
			}
			d.audit(t)
		})
	}
}

func TestACapThatIsNoneCapsNothing(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	for _, attrs := range []string{`{"limit_amount": 100}`, `{"limit_amount": null, "limit_period": "month"}`, `{"limit_amount": 100, "limit_period": "fortnight"}`} {
		must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
			Components: []core.ComponentSpec{{Code: "cpu", Attrs: json.RawMessage(attrs)}}}}}}}))(t)
		if err := d.report(p, units(101).String()); err != nil {
			t.Errorf("%s: %v", attrs, err)
		}
	}
}

func TestWhatNobodyCouldCountIsRefusedNotWrappedAround(t *testing.T) {
	d := newDesk(t)
	most := dollars("9000000000000")
	must(d.Apply(ctx, core.System(), core.World{
		Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: most}}}},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Components: []core.ComponentSpec{{Code: "gold", Billing: catalog.ByUsage}},
			Plans: []core.PlanSpec{{Code: "basic", Prices: []core.PriceSpec{{Component: "gold", Each: price("900000000")}}}}}}}},
	}))(t)
	first, second := d.allocated(t, 5), d.allocated(t, 5)
	report := func(p core.Placed) error {
		_, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "gold", Amount: units(6000)}}})
		return err
	}
	if err := report(first); err != nil {
		t.Fatal(err)
	}
	if err := report(second); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonQuantity {
		t.Errorf("beyond what can be counted: %v", err)
	}
	d.audit(t)
}

func TestALimitOverWhatNobodyCanCountIsRefused(t *testing.T) {
	d := newDesk(t)
	none := []core.LimitSpec{{Measure: limit.Money, Period: limit.Year}}
	must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Limits: none}}}))(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
		Plans: []core.PlanSpec{{Code: "basic", Prices: []core.PriceSpec{{Component: "storage", Each: price("900000000")}}}}}}}}}))(t)
	for range 2 {
		d.allocated(t, 8000)
	}
	limited := core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: dollars("1000")}}}}}
	if _, err := d.Apply(ctx, core.System(), limited); core.KindOf(err) != core.Invalid || core.AsError(err).Reason != core.ReasonQuantity {
		t.Errorf("a limit whose balance is beyond all bounds: %v", err)
	}
}

func TestWhatIsPaidOnceAndUsedUpIsReportedAndNotCharged(t *testing.T) {
	d := newDesk(t)
	say := func(attrs string) {
		t.Helper()
		must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
			Components: []core.ComponentSpec{{Code: "setup", Attrs: json.RawMessage(attrs)}, {Code: "change", Attrs: json.RawMessage(attrs)}}}}}}}))(t)
	}
	p := d.allocated(t, 5)
	was := d.spent(t, p.Resource.ID)
	report := func(code string, at time.Time) ([]order.Usage, error) {
		return d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Date: at, Amounts: []core.UsageAmount{{Component: code, Amount: units(3)}}})
	}
	now := d.clock.now()
	_, err := report("setup", now)
	refusedFor(t, err, core.Invalid, core.ReasonComponent)
	say(`{"is_prepaid": true}`)
	d.clock.ahead(40 * aDay)
	for _, at := range []time.Time{now, d.clock.now()} { // of the month in which it was paid, though it is over, and of another
		if rows := must(report("setup", at))(t); len(rows) != 1 || rows[0].Reported == nil || *rows[0].Reported != units(3) {
			t.Errorf("a report: %+v", rows)
		}
	}
	_, err = report("change", d.clock.now()) // asked again at each switch: nothing that is used up
	refusedFor(t, err, core.Invalid, core.ReasonComponent)
	_, err = report("cpu", now)
	refusedFor(t, err, core.Invalid, core.ReasonClosed)
	if got := d.spent(t, p.Resource.ID); got != was {
		t.Errorf("%s were charged for reports", got-was)
	}
	d.audit(t)
	d.verified(t)
}
