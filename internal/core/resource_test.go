package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func TestWhatIsKeptOfAResourceIsBounded(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	keep := func(n int) error {
		_, err := d.ChangeResource(ctx, d.seller, p.Resource.ID, core.ByProvider, tenant.SetBackendID, func(_ *core.Scene, r *order.Resource) error {
			r.Attrs = json.RawMessage(`{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}`)
			return nil
		})
		return err
	}
	if err := keep(core.MaxAttrs); err != nil {
		t.Errorf("as much as there may be: %v", err)
	}
	if err := keep(core.MaxAttrs + 1); !errors.Is(err, core.Invalid) || core.AsError(err).Field != "attributes" {
		t.Errorf("a byte more: %v", err)
	}
	if err := keep(100); err != nil {
		t.Errorf("less: %v", err)
	}
}

func TestANoteOfAUsageIsBounded(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	report := func(note string) error {
		_, err := d.ReportUsage(ctx, d.seller, core.UsageReport{Resource: p.Resource.ID, Amounts: []core.UsageAmount{{Component: "cpu", Amount: money.Unit, Note: note}}})
		return err
	}
	if err := report(strings.Repeat("é", core.MostNote)); err != nil {
		t.Errorf("the longest: %v", err)
	}
	if err := report(strings.Repeat("é", core.MostNote+1)); !errors.Is(err, core.Invalid) || core.AsError(err).Field != "note" {
		t.Errorf("a longer one: %v", err)
	}
}

func TestAFailureIsHeardHoweverMuchIsToldOfIt(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("hpc", map[string]money.Micro{"storage": units(2)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	failed := must(d.Act(ctx, d.seller, p.Order.ID, order.Fail, core.Verdict{Message: "m" + strings.Repeat("é", core.MostMessage), Trace: strings.Repeat("t", 2*core.MostTrace)}))(t)
	if failed.Order.State != order.Erred {
		t.Errorf("it is %s", failed.Order.State)
	}
	if want := "m" + strings.Repeat("é", core.MostMessage/2-1); failed.Order.Message != want { // the last character would be half one
		t.Errorf("a message of %d bytes, want %d", len(failed.Order.Message), len(want))
	}
	if n := len(failed.Order.Notes.Trace); n != core.MostTrace {
		t.Errorf("a trace of %d bytes", n)
	}
}
