package core_test

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Each check of a property here is a whole desk over a real store: fifteen of them take
// some seconds. -rapid.checks on the command line asks for more.
func TestMain(m *testing.M) {
	for name, n := range map[string]string{"rapid.checks": "15", "rapid.steps": "60"} {
		if err := flag.Set(name, n); err != nil {
			panic(err)
		}
	}
	flag.Parse()
	os.Exit(m.Run())
}

// Whatever people and workers do, in whatever order, allowed or refused: entries, orders,
// lines, usages, balances and events agree, and no hold takes a balance above its limit.
func TestWhateverHappensTheBooksBalance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{desk: newDesk(t)}
		rt.Repeat(map[string]func(*rapid.T){
			"place":  w.place,
			"act":    w.act,
			"change": w.change,
			"move":   w.moveLines,
			"report": w.report,
			"unlink": w.unlink,
			"wait":   func(rt *rapid.T) { w.clock.ahead(time.Duration(rapid.IntRange(1, 900).Draw(rt, "hours")) * time.Hour) },
			"tick": func(rt *rapid.T) {
				if _, err := w.Tick(ctx); err != nil {
					rt.Fatal(err)
				}
			},
		})
		w.audit(rt)
	})
}

// walk is a desk and the orders placed on it.
type walk struct {
	*desk
	orders []core.Placed
}

func (w *walk) who(rt *rapid.T) core.Actor {
	people := map[string]core.Actor{"owner": w.owner, "member": w.member, "seller": w.seller, "staff": w.staff, "outsider": w.outsider}
	return people[rapid.SampledFrom([]string{"owner", "member", "seller", "staff", "outsider"}).Draw(rt, "who")]
}

// did takes an answer in: what a caller may be told is fine, an inner failure is not.
func (w *walk) did(rt *rapid.T, p core.Placed, err error) {
	if err != nil {
		if core.KindOf(err) == core.Internal || core.KindOf(err) == core.Unavailable {
			rt.Fatalf("%v", err)
		}
		return
	}
	w.orders = slices.DeleteFunc(w.orders, func(o core.Placed) bool { return o.Order.ID == p.Order.ID })
	w.orders = append(w.orders, p)
	w.audit(rt)
}

func (w *walk) place(rt *rapid.T) {
	code := rapid.SampledFrom([]string{"pool", "rack", "hpc", "archive", "task"}).Draw(rt, "offering")
	var p core.Placement
	switch code {
	case "archive":
		p = w.imagery(rapid.IntRange(1, 2).Draw(rt, "acquisitions"))
	case "hpc":
		p = w.ask(code, map[string]money.Micro{"storage": units(rapid.Int64Range(0, 30).Draw(rt, "TB"))})
	case "rack":
		p = w.ask(code, map[string]money.Micro{"big": units(rapid.Int64Range(1, 9).Draw(rt, "big")), "small": units(rapid.Int64Range(1, 20).Draw(rt, "small"))})
	case "pool":
		p = w.ask(code, map[string]money.Micro{"node": units(rapid.Int64Range(-1, 8).Draw(rt, "nodes"))})
	}
	if code == "task" {
		p = w.ask(code, map[string]money.Micro{"shot": units(rapid.Int64Range(1, 3).Draw(rt, "shots"))})
	}
	p.Confirm = rapid.Bool().Draw(rt, "confirm")
	if rapid.IntRange(0, 4).Draw(rt, "later") == 0 {
		p.StartsOn = ptr(day.Of(w.clock.now()) + day.Day(rapid.IntRange(0, 40).Draw(rt, "days")))
	}
	out, err := w.PlaceOrder(ctx, w.who(rt), p)
	w.did(rt, out, err)
}

func (w *walk) pick(rt *rapid.T) core.Placed {
	if len(w.orders) == 0 {
		rt.Skip("nothing was placed yet")
	}
	return w.orders[rapid.IntRange(0, len(w.orders)-1).Draw(rt, "order")]
}

// act does, mostly, something that is possible in the order's state by someone who may;
// else anything by anyone.
func (w *walk) act(rt *rapid.T) {
	o := w.pick(rt)
	acts := order.Acts()[1:]
	sensible := rapid.IntRange(0, 4).Draw(rt, "sensible") > 0
	if sensible {
		now := w.state(rt, o.Order.ID)
		acts = slices.DeleteFunc(acts, func(a order.Act) bool {
			_, ok := order.Find(now, a)
			return !ok || a == order.Withdraw || a == order.Unlink
		})
	}
	act := rapid.SampledFrom(acts).Draw(rt, "act")
	v := core.Verdict{Message: "so it went"}
	switch act {
	case order.Adjust:
		v.Delta = money.Micro(rapid.Int64Range(-300, 300).Draw(rt, "cents")) * 10_000
	case order.Amend:
		v.Amend = w.amendment(rt, o)
	case order.MoveLine:
		v.Lines = []core.Moved{{Line: 1, To: order.Shipped, Shipment: &order.Shipment{Carrier: "UPS", Assets: []order.Piece{{Name: "asset1"}}}}}
	}
	who := w.staff
	switch {
	case !sensible:
		who = w.who(rt)
	case act == order.Begin || act == order.Expire || act == order.OpenProject:
		who = core.System()
	}
	if rapid.IntRange(0, 5).Draw(rt, "worker") == 0 {
		who = core.WorkerActor()
	}
	out, err := w.Act(ctx, who, o.Order.ID, act, v)
	w.did(rt, out, err)
}

// amendment changes some of what an order asks for.
func (w *walk) amendment(rt *rapid.T, o core.Placed) func(*core.Scene, *core.Amendment) error {
	asks := w.ask(o.Offering.Code, map[string]money.Micro{"storage": units(rapid.Int64Range(0, 9).Draw(rt, "TB")), "big": units(rapid.Int64Range(1, 9).Draw(rt, "racks")),
		"node": units(rapid.Int64Range(1, 6).Draw(rt, "nodes")), "shot": units(2)}).Asks
	parts := rapid.IntRange(0, 15).Draw(rt, "parts")
	later := day.Of(w.clock.now()) + day.Day(rapid.IntRange(-2, 60).Draw(rt, "later"))
	return func(_ *core.Scene, a *core.Amendment) error {
		if parts&1 != 0 {
			a.Asks = asks
		}
		if parts&2 != 0 {
			a.StartsOn = &later
		}
		if parts&4 != 0 {
			a.Name, a.EndsOn = "another", &later
		}
		if parts&8 != 0 {
			a.Request = json.RawMessage(`{"for":"something else"}`)
		}
		return nil
	}
}

func (w *walk) change(rt *rapid.T) {
	o := w.pick(rt)
	p := core.Placement{Type: rapid.SampledFrom([]order.Type{order.Update, order.Terminate, order.Restore}).Draw(rt, "type"), Resource: o.Resource.ID}
	if p.Type == order.Update {
		code := o.Offering.Code
		p.Asks = w.ask(code, map[string]money.Micro{"storage": units(rapid.Int64Range(0, 9).Draw(rt, "TB")), "node": units(rapid.Int64Range(0, 6).Draw(rt, "nodes"))}).Asks
	}
	out, err := w.PlaceOrder(ctx, w.who(rt), p)
	w.did(rt, out, err)
}

func (w *walk) moveLines(rt *rapid.T) {
	o := w.pick(rt)
	m := core.Moved{Line: rapid.IntRange(1, max(1, len(o.Lines))).Draw(rt, "line"), To: rapid.SampledFrom(order.LineStates()).Draw(rt, "to")}
	if rapid.Bool().Draw(rt, "part") {
		m.Delivered = ptr(money.Micro(rapid.Int64Range(-5, 30_000_000).Draw(rt, "delivered")))
	}
	mover := []core.Actor{w.seller, core.WorkerActor(), w.owner}[rapid.IntRange(0, 2).Draw(rt, "mover")]
	out, err := w.Act(ctx, mover, o.Order.ID, order.MoveLine, core.Verdict{Lines: []core.Moved{m}})
	w.did(rt, out, err)
}

func (w *walk) unlink(rt *rapid.T) {
	if rapid.IntRange(0, 2).Draw(rt, "seldom") > 0 {
		rt.Skip("there would be nothing left")
	}
	if err := w.UnlinkResource(ctx, w.who(rt), w.pick(rt).Resource.ID); err != nil && core.KindOf(err) == core.Internal {
		rt.Fatalf("%v", err)
	}
	w.audit(rt)
}

func (w *walk) report(rt *rapid.T) {
	o := w.pick(rt)
	_, err := w.ReportUsage(ctx, w.seller, core.UsageReport{Resource: o.Resource.ID,
		Amounts: []core.UsageAmount{{Component: "cpu", Amount: money.Micro(rapid.Int64Range(-1, 1e12).Draw(rt, "kh"))}}})
	if core.KindOf(err) == core.Internal && err != nil {
		rt.Fatalf("%v", err)
	}
	w.audit(rt)
}
