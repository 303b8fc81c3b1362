package core_test

import (
	"encoding/json"
	"testing"

	"github.com/docket-desk/docket/internal/core"
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
