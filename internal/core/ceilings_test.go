package core_test

import (
	"encoding/json"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// say puts attributes on storage.
func (d *desk) say(t testing.TB, attrs string, limits ...core.LimitSpec) core.Made {
	t.Helper()
	return must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc", Limits: limits,
		Components: []core.ComponentSpec{{Code: "storage", Attrs: json.RawMessage(attrs)}}}}}}}))(t)
}

// theirs is what the other customer asks of storage.
func (d *desk) theirs(t testing.TB, tb int64) core.Placement {
	t.Helper()
	p := d.ask("hpc", map[string]money.Micro{"storage": units(tb)})
	if err := d.store.View(ctx, func(r core.Reader) error {
		list, err := r.Projects(core.ProjectQuery{Slug: "theirs"})
		p.Project = list[0].ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) toStorage(r core.Placed, tb int64) core.Placement {
	return core.Placement{Type: order.Update, Resource: r.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(tb)}}}
}

// capacities are the limits on an offering.
func (d *desk) capacities(t testing.TB, offering id.ID) map[limit.Period]string {
	t.Helper()
	out := map[limit.Period]string{}
	if err := d.store.View(ctx, func(r core.Reader) error {
		list, err := r.Limits([]core.LimitScope{{Scope: tenant.OnOffering, ID: offering}})
		for _, l := range list {
			out[l.Period] = l.Value.String()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatMayBeGivenOutInASpanBindsAllCustomersTogether(t *testing.T) {
	for _, span := range catalog.Spans() {
		t.Run(string(span), func(t *testing.T) {
			d := newDesk(t)
			must(d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "buyer", YearFrom: ptr(day.Date(2020, 5, 17))}}}))(t) // a span is of the calendar, not of a customer's year
			d.say(t, `{"limit_amount": 10, "limit_period": "`+string(span)+`"}`)
			mine := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(6)})))(t), core.Verdict{})
			other := must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 3)))(t) // held, not delivered
			_, err := d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(2)}))
			wantBreach(t, err, tenant.OnOffering, "10", "6", "3", "2")
			_, err = d.PlaceOrder(ctx, d.owner, d.toStorage(mine, 8))
			wantBreach(t, err, tenant.OnOffering, "10", "6", "3", "2")
			d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.toStorage(mine, 7)))(t), core.Verdict{})
			_, err = d.PlaceOrder(ctx, d.outsider, d.theirs(t, 1))
			wantBreach(t, err, tenant.OnOffering, "10", "7", "3", "1")
			d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.toStorage(mine, 2)))(t), core.Verdict{})
			must(d.Act(ctx, d.seller, other.Order.ID, order.RejectProvider, core.Verdict{}))(t)
			full := d.finish(t, must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 8)))(t), core.Verdict{})
			_, err = d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(1)}))
			wantBreach(t, err, tenant.OnOffering, "10", "10", "0", "1")
			d.verified(t)
			d.clock.ahead(60 * aDay) // it was November
			for who, more := range map[*core.Actor]core.Placement{&d.outsider: d.toStorage(full, 9), &d.owner: d.toStorage(mine, 11)} {
				_, err = d.PlaceOrder(ctx, *who, more)
				if again := span != catalog.Ever; again != (err == nil) {
					t.Errorf("more in the next year, for %s: %v", who.User.Login, err)
				}
			}
			_, err = d.PlaceOrder(ctx, d.outsider, d.theirs(t, 1))
			wantBreach(t, err, tenant.OnOffering, "10", map[bool]string{true: "10", false: "0"}[span == catalog.Ever], map[bool]string{true: "0", false: "10"}[span == catalog.Ever], "1")
			d.verified(t)
		})
	}
}

func TestAComponentsCeilingsAreLimitsThatFollowWhatItSays(t *testing.T) {
	d := newDesk(t)
	hpc := d.sheets["hpc"].Offering.ID
	explicit := core.LimitSpec{Measure: limit.Quantity, Component: "storage", Period: limit.Total, Value: ptr(units(7))}
	for _, step := range []struct {
		attrs  string
		limits []core.LimitSpec
		want   map[limit.Period]string
	}{
		{`{"limit_amount": 10, "limit_period": "month"}`, nil, map[limit.Period]string{limit.Month: "10"}},
		{`{"limit_amount": 12, "limit_period": "month", "max_available_limit": 40}`, nil, map[limit.Period]string{limit.Month: "12", limit.Total: "40"}},
		{`{"limit_amount": 12, "limit_period": "quarterly", "max_available_limit": 40}`, nil, map[limit.Period]string{limit.Quarter: "12", limit.Total: "40"}},
		{`{"limit_amount": 12, "limit_period": "annual", "max_available_limit": null}`, nil, map[limit.Period]string{limit.Year: "12"}},
		{`{"limit_amount": 12}`, nil, map[limit.Period]string{}},
		{`{"limit_amount": 0, "limit_period": "month", "max_available_limit": 0}`, nil, map[limit.Period]string{}},
		{`{"max_available_limit": 9}`, []core.LimitSpec{explicit}, map[limit.Period]string{limit.Total: "7"}},
		{`{"max_available_limit": 9, "article_code": "x"}`, nil, map[limit.Period]string{limit.Total: "7"}}, // what was put on the limit itself stands
		{`{"max_available_limit": 11}`, nil, map[limit.Period]string{limit.Total: "11"}},
		{`{}`, nil, map[limit.Period]string{}},
		{`{"limit_amount": "many", "limit_period": "month", "max_available_limit": [1]}`, nil, map[limit.Period]string{}},
	} {
		d.say(t, step.attrs, step.limits...)
		got := d.capacities(t, hpc)
		if len(got) != len(step.want) {
			t.Errorf("%s: %v, want %v", step.attrs, got, step.want)
		}
		for p, v := range step.want {
			if got[p] != v {
				t.Errorf("%s: %v, want %v", step.attrs, got, step.want)
			}
		}
		if again := d.say(t, step.attrs); len(again.Changes) > 0 {
			for _, c := range again.Changes {
				if c.What != core.DidKeep {
					t.Errorf("%s a second time: %+v", step.attrs, c)
				}
			}
		}
	}
}

func TestACeilingBindsEveryDoorAndEveryWayOfAsking(t *testing.T) {
	d := newDesk(t)
	p := d.finish(t, must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(5)})))(t), core.Verdict{})
	failed := must(d.PlaceOrder(ctx, d.owner, d.toStorage(p, 9)))(t)
	must(d.Act(ctx, d.seller, failed.Order.ID, order.Fail, core.Verdict{Message: "no disks"}))(t)
	d.say(t, `{"limit_amount": 6, "limit_period": "month"}`)
	d.verified(t)
	must(d.ChangeResource(ctx, d.staff, p.Resource.ID, core.Providing, tenant.SetLimits, func(_ *core.Scene, r *order.Resource) error { r.State = order.OK; return nil }))(t)
	_, err := d.Act(ctx, d.seller, failed.Order.ID, order.Retry, core.Verdict{})
	wantBreach(t, err, tenant.OnOffering, "6", "5", "0", "4")
	d.finish(t, must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Terminate, Resource: p.Resource.ID}))(t), core.Verdict{})
	must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 2)))(t)
	_, err = d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Restore, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(5)}}})
	wantBreach(t, err, tenant.OnOffering, "6", "0", "2", "5")
	must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Restore, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: units(4)}}}))(t)
	d.verified(t)
}

// What is metered is nobody's to ask for: however much was used, others may order.
func TestWhatIsMeteredHasNoCeiling(t *testing.T) {
	d := newDesk(t)
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "hpc",
		Components: []core.ComponentSpec{{Code: "cpu", Attrs: json.RawMessage(`{"max_available_limit": 10}`)}}}}}}}))(t)
	p := d.allocated(t, 5)
	must(d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: units(12)}}}))(t)
	must(d.PlaceOrder(ctx, d.outsider, d.theirs(t, 1)))(t)
	d.verified(t)
}
