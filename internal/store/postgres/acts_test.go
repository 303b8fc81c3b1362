package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
)

// work has the desk's submitters at work until the run ends.
func (d *desk) work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { d.deliver(ctx) })
	for n := range d.Submitters {
		all.Go(func() {
			for time.Now().Before(d.Ends) {
				switch {
				case n < d.Hot:
					d.hot(ctx)
				case n == d.Hot && d.Keys:
					d.rush(ctx)
				default:
					d.any(ctx)
				}
			}
		})
	}
	all.Wait()
}

// hot acts on the one balance.
func (d *desk) hot(ctx context.Context) {
	switch x := rand.IntN(100); {
	case x < 60:
		d.place(ctx, note{Kind: "place", Who: "hot", Amount: int64(1 + rand.IntN(6))}, "solo")
	case x < 80:
		d.end(ctx, order.Cancel, 0)
	default:
		d.end(ctx, order.Fulfil, int64(rand.IntN(3)))
	}
}

// moment is how long all desks ask with one key.
const moment = 60 * time.Millisecond

// rush asks with the key of this moment, as all desks do, and waits for the next.
func (d *desk) rush(ctx context.Context) {
	now := time.Now().Truncate(moment)
	d.keyed(ctx, now)
	select {
	case <-time.After(time.Until(now.Add(moment))):
	case <-ctx.Done():
	}
}

// keyed places with the key of a moment.
func (d *desk) keyed(ctx context.Context, at time.Time) {
	d.place(ctx, note{Kind: "place", Who: "c1", Key: fmt.Sprint("rush ", at.UnixMilli()), Amount: 1}, "kit")
}

func (d *desk) any(ctx context.Context) {
	who := customer(1 + rand.IntN(customers))
	switch x := rand.IntN(100); {
	case x < 6 && d.Keys: // again, later
		d.keyed(ctx, time.Now().Truncate(moment).Add(-moment*time.Duration(rand.IntN(40))))
	case x < 25:
		d.place(ctx, note{Kind: "place", Who: who, Amount: int64(1 + rand.IntN(9))}, "kit")
	case x < 30:
		d.place(ctx, note{Kind: "place", Who: who, Amount: 1}, "hook")
	case x < 40:
		d.twice(ctx, who)
	case x < 45:
		d.place(ctx, note{Kind: "place", Who: "dated", Amount: 3}, "kit")
	case x < 60:
		d.end(ctx, order.Cancel, 0)
	case x < 63:
		d.giveBack(ctx)
	case x < 75:
		d.end(ctx, order.Fulfil, int64(rand.IntN(2)))
	case x < 80:
		d.end(ctx, order.Fail, 0)
	case x < 87:
		d.adjust(ctx)
	case x < 97:
		d.report(ctx, who)
	default:
		d.look(ctx)
	}
}

// twice places with a key of its own, and again at once.
func (d *desk) twice(ctx context.Context, who string) {
	n := note{Kind: "place", Who: who, Key: fmt.Sprint("own ", d.Process, d.Generation, d.serial.Add(1)), Amount: 2}
	var both sync.WaitGroup
	both.Go(func() { d.place(ctx, n, "kit") })
	d.place(ctx, n, "kit")
	both.Wait()
}

// place orders pieces worth an amount: of the kit, boxes and a bag.
func (d *desk) place(ctx context.Context, n note, code string) note {
	return d.try(n, func(n *note) error {
		quantities := []int64{n.Amount}
		if code == "kit" && n.Amount > 1 {
			quantities = []int64{n.Amount - 1, 1}
		}
		p := d.ask(code, n.Who, n.mark(), quantities...)
		if n.Key != "" {
			p.Idem = &core.IdemKey{Key: n.Key, Body: []byte(n.Key)}
		}
		if n.Who == "dated" && n.Op%3 == 0 {
			p.StartsOn = ptr(day.Of(midnight) + 3) // before the next contract is signed no day of it is covered
		}
		got, err := d.PlaceOrder(ctx, d.root, p)
		if err == nil {
			n.Got, n.Repeated, n.Lines = got.Order.ID, got.Repeated, len(got.Lines)
			d.remember(&d.open, got.Order.ID)
		}
		return err
	})
}

// end ends an order: Cancel, Fail, Fulfil, where keep says how much of the first line is
// delivered (0: all). Now and then it asks twice at once, with a key.
func (d *desk) end(ctx context.Context, act order.Act, keep int64) {
	o := d.pick(&d.open)
	if o == 0 {
		return
	}
	n := note{Kind: string(act), Order: o, Amount: keep}
	if rand.IntN(8) > 0 {
		d.endOne(ctx, n, core.Verdict{})
		return
	}
	n.Key = fmt.Sprint("end ", d.Process, d.Generation, d.serial.Add(1))
	var both sync.WaitGroup
	both.Go(func() { d.endOne(ctx, n, core.Verdict{}) })
	d.endOne(ctx, n, core.Verdict{})
	both.Wait()
}

func (d *desk) endOne(ctx context.Context, n note, v core.Verdict) {
	d.try(n, func(n *note) error {
		v.Message = n.mark()
		if n.Amount > 0 {
			v.Lines = []core.Moved{{Line: 1, To: order.Delivered, Delivered: ptr(units(n.Amount))}}
		}
		if n.Key != "" {
			v.Idem = &core.IdemKey{Key: n.Key, Body: []byte(n.Key)}
		}
		who := d.root
		if v.Job != "" {
			who = core.WorkerActor()
		}
		got, err := d.Act(ctx, who, n.Order, order.Act(n.Kind), v)
		if err == nil {
			n.Got, n.Repeated = got.Order.ID, got.Repeated
			d.remember(&d.done, n.Order)
		}
		return err
	})
}

// giveBack places an order that ends what an earlier one made.
func (d *desk) giveBack(ctx context.Context) {
	o := d.pick(&d.done)
	if o == 0 {
		return
	}
	d.try(note{Kind: "place", Who: "back"}, func(n *note) error {
		got, err := d.PlaceOrder(ctx, d.root, core.Placement{Type: order.Terminate, Resource: o, Name: n.mark()})
		if err == nil {
			n.Got = got.Order.ID
			d.remember(&d.open, got.Order.ID)
		}
		return err
	})
}

// deliver is a worker: it claims jobs and does them, or lets another do them.
func (d *desk) deliver(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(d.Ends) {
		<-tick.C
		jobs, err := d.ClaimJobs(ctx, []string{core.JobWebhook}, 8)
		if err != nil {
			continue // the database is away
		}
		for _, j := range jobs {
			d.try(note{Kind: "claim", Order: j.Subject, Amount: int64(j.Attempt)}, func(*note) error { return nil })
			if rand.IntN(4) > 0 {
				d.endOne(ctx, note{Kind: string(order.Fulfil), Order: j.Subject}, core.Verdict{Job: j.Kind, Attempt: j.Attempt})
			}
		}
	}
}

func (d *desk) adjust(ctx context.Context) {
	o := d.pick(&d.done)
	if o == 0 {
		return
	}
	d.try(note{Kind: "adjust", Order: o, Amount: 1}, func(n *note) error {
		_, err := d.Act(ctx, d.root, o, order.Adjust, core.Verdict{Delta: units(1), Message: n.mark()})
		return err
	})
}

// report tells a total, up or down.
func (d *desk) report(ctx context.Context, who string) {
	d.try(note{Kind: "report", Who: who}, func(n *note) error {
		_, err := d.ReportUsage(ctx, d.root, core.UsageReport{Resource: d.meters[who], Date: midnight.Add(-time.Hour), Amounts: []core.UsageAmount{{Component: "cpu", Amount: units(int64(rand.IntN(5000)))}}})
		return err
	})
}

// look finds orders that others have placed.
func (d *desk) look(ctx context.Context) {
	var seen []id.ID
	if err := d.View(ctx, d.root, func(s *core.Scene) error {
		list, err := s.Orders(core.OrderQuery{States: []order.State{order.Executing}, Page: core.Page{Limit: 20}})
		for _, p := range list {
			seen = append(seen, p.Order.ID)
		}
		return err
	}); err != nil {
		return // readers may be refused while the database is away
	}
	for _, o := range seen {
		d.remember(&d.open, o)
	}
}

// set puts, raises, lowers or takes away limits, one after the other, each now and then:
// what it was is what the judge has to go by.
func (d *desk) set(ctx context.Context) {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	contract := day.Of(midnight) + 1
	for n := 0; time.Now().Before(d.Ends); n++ {
		<-tick.C
		name := []string{"hot", "bag", customer(1 + rand.IntN(customers))}[n%3]
		value := map[string]int64{"hot": int64(30 + rand.IntN(60)), "bag": int64(rand.IntN(300))}[name]
		if name[0] == 'c' {
			value = int64(rand.IntN(allMoney))
		}
		if name != "hot" && rand.IntN(3) == 0 {
			value = -1
		}
		d.try(note{Kind: "set", Limit: name, Amount: value}, func(*note) error {
			_, err := d.Apply(ctx, core.System(), limitWorld(name, value))
			return err
		})
		if n%10 == 9 {
			contract += 2
			d.try(note{Kind: "sign"}, func(*note) error {
				_, err := d.Apply(ctx, core.System(), core.World{Customers: []core.CustomerSpec{{Slug: "dated", Contracts: []core.ContractSpec{{From: day.Of(midnight), To: contract}}}}})
				return err
			})
		}
	}
}

// limitWorld names one limit: of what hot spends, of bags in all, of a customer's project.
func limitWorld(name string, value int64) core.World {
	s := core.LimitSpec{Measure: limit.Money, Period: limit.Total}
	if value >= 0 {
		s.Value = ptr(units(value))
	}
	switch name {
	case "hot":
		return core.World{Customers: []core.CustomerSpec{{Slug: "hot", Limits: []core.LimitSpec{s}}}}
	case "bag":
		s.Measure, s.Component = limit.Quantity, "bag"
		return core.World{Providers: []core.ProviderSpec{{Customer: "maker", Offerings: []core.OfferingSpec{{Code: "kit", Limits: []core.LimitSpec{s}}}}}}
	}
	return core.World{Customers: []core.CustomerSpec{{Slug: name, Projects: []core.ProjectSpec{{Slug: name + "-p", Limits: []core.LimitSpec{s}}}}}}
}
