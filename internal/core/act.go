package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Act does one of the acts of the lifecycle table on an order. Refusals come in one
// order: not visible (NotFound), not allowed (Forbidden), wrong state (Conflict, with
// the states where the act is possible), wrong kind of offering (Unsupported), over
// the limit (LimitExceeded).
func (c *Core) Act(ctx context.Context, who Actor, o id.ID, act order.Act, v Verdict) (Placed, error) {
	if err := who.write(); err != nil {
		return Placed{}, err
	}
	var out Placed
	var jobs []Job
	var offering id.ID
	now, ids := c.Now(), &drawn{c: c}
	on := touchIdem(Touch{Orders: []id.ID{o}}, who, v.Idem)
	if act == order.Retry || act == order.Restart || act == order.Amend { // held anew
		on.Days = []day.Day{day.Of(now)}
	}
	once := func(tx Tx) error {
		out, jobs = Placed{}, nil
		if v.Idem != nil {
			first, again, err := c.repeat(tx, who, v.Idem, now)
			if err != nil || again {
				out = first
				return err
			}
		}
		d := &draft{c: c, r: tx, who: who, now: now, ids: ids.again(), counts: on.Exclusive, moved: map[int]bool{}}
		err := d.act(o, act, v)
		if offering = d.o.Offering; err != nil {
			return err
		}
		if !d.idle {
			if err := d.write(tx); err != nil {
				return err
			}
		}
		out, jobs = d.placed(), d.jobs
		return remember(tx, who, v.Idem, o, now)
	}
	err := c.store.Update(ctx, on, once)
	if errors.Is(err, errCounts) {
		on.Offerings, on.Exclusive = []id.ID{offering}, true
		err = c.store.Update(ctx, on, once)
	}
	if KindOf(err) == LimitExceeded && err != nil {
		c.noteRefusal(ctx, who, AsError(err))
	}
	if err == nil {
		c.nudge(now, jobs)
	}
	return out, err
}

// act decides one act.
func (d *draft) act(o id.ID, act order.Act, v Verdict) error {
	if err := d.load(o); err != nil {
		return err
	}
	see, err := d.c.sight(d.r, d.who, tenant.ListOrders)
	if err != nil {
		return err
	}
	if (d.o.HiddenAt != nil && !d.who.IsStaff()) || !see.sees(d.o.Customer, d.o.Project, d.o.Provider, d.o.Offering, d.o.User) {
		return notFound("order", o)
	}
	if v.Job != "" {
		j, err := d.r.Job(o, v.Job)
		if err != nil || j.Attempt != v.Attempt {
			return &Error{Kind: Conflict, Reason: ReasonStale, About: Ref{"order", o}, Msg: "Another worker has this order.", Err: err}
		}
	}
	states := d.mayIn(act)
	if len(states) == 0 {
		return forbidden("You do not have permission to do this with the order.")
	}
	step, ok := order.Find(d.o.State, act)
	if !ok || !slices.Contains(states, d.o.State) {
		return d.wrongState(states)
	}
	return d.take(step, v)
}

func (d *draft) wrongState(possible []order.State) error {
	return &Error{Kind: Conflict, About: Ref{"order", d.o.ID}, States: possible, Reason: ReasonState, Msg: "The order is " + string(d.o.State) + "."}
}

// mayIn lists the states of an order in which the actor is one of those who may act. Where
// there is none, a stranger learns nothing of the state; else a wrong state is said to be so.
func (d *draft) mayIn(act order.Act) []order.State {
	return slices.DeleteFunc(order.Possible(act), func(s order.State) bool {
		step, _ := order.Find(s, act)
		return !slices.ContainsFunc(step.Who, d.is)
	})
}

// is reports whether the actor is a party to the order. Staff stand in for every person.
func (d *draft) is(w order.Who) bool {
	may := func(r tenant.Right, scopes ...id.ID) bool { return d.c.May(d.who, r, scopes...) }
	switch w {
	case order.Consumer:
		return may(tenant.PlaceOrder, d.o.Project, d.o.Customer)
	case order.Creator:
		return d.who.User.ID != 0 && d.who.User.ID == d.o.User
	case order.Approver:
		return may(tenant.ApproveOrder, d.o.Project, d.o.Customer)
	case order.Rejecter:
		return may(tenant.RejectOrder, d.o.Project, d.o.Customer)
	case order.Canceller:
		return may(tenant.CancelOrder, d.o.Project, d.o.Customer)
	case order.Destroyer:
		return may(tenant.DestroyOrder, d.o.Project, d.o.Customer)
	case order.Provider:
		return may(tenant.ApproveOrder, d.o.Offering, d.provider.Customer)
	case order.Decliner:
		return may(tenant.RejectOrder, d.o.Offering, d.provider.Customer)
	case order.Worker:
		return d.who.Worker
	case order.System:
		return d.who.System
	case order.Staff:
		return d.who.IsStaff()
	}
	return false
}

// take carries a step out on the draft.
func (d *draft) take(step order.Step, v Verdict) error {
	do := map[order.Act]func(order.Step, Verdict) error{
		order.ApproveConsumer: d.approveConsumer, order.ApproveProvider: d.approveProvider, order.OpenProject: d.pass, order.Begin: d.pass,
		order.RejectConsumer: d.reject, order.RejectProvider: d.reject, order.Cancel: d.cancel, order.Expire: d.cancel, order.Withdraw: d.withdraw, order.Unlink: d.withdraw,
		order.Amend: d.amend, order.MoveLine: d.moveLines, order.Fulfil: d.fulfil, order.Fail: d.fail, order.Retry: d.retry, order.Restart: d.retry,
		order.Adjust: d.adjust,
	}
	return do[step.Act](step, v)
}

// enter brings the order to a state: its resource, its jobs.
func (d *draft) enter(s order.State, withJob bool) {
	d.drop()
	d.o.State = s
	d.resDirty = true
	if s == order.Executing || !s.Open() {
		d.res.State = order.Effect(d.o.Type, s, d.res.State, d.res.BackendID != "")
	}
	if s.Pending() && d.customer.ExpireAfter > 0 {
		d.job(JobExpire, d.o.CreatedAt().Add(d.customer.ExpireAfter))
	}
	switch s {
	case order.PendingProject:
		if d.project.StartOn != nil {
			d.job(JobOpen, d.project.StartOn.Time())
		}
	case order.PendingStartDate:
		d.job(JobBegin, d.o.StartsOn.Time())
	case order.Executing:
		at := d.now
		d.o.BeganAt = &at
		if withJob {
			d.askWorkers()
		}
	case order.Done, order.Erred, order.Canceled, order.Rejected:
		at := d.now
		d.o.EndedAt = &at
		d.res.OpenOrder = 0
	case order.None, order.Onward, order.PendingConsumer, order.PendingProvider: // people act
	}
}

// workOf is the job a fulfilment's worker does; the others wait for people.
var workOf = map[catalog.Fulfilment]string{catalog.Delivery: JobDelivery, catalog.Webhook: JobWebhook, catalog.Shipment: "", catalog.Manual: "", catalog.Instant: ""}

func (d *draft) askWorkers() {
	if kind := workOf[d.sheet.Offering.Fulfilment]; kind != "" && d.o.Type != order.Terminate {
		d.job(kind, d.now)
	}
	if after := d.sheet.Offering.Deadline; after > 0 {
		d.job(JobOverdue, d.now.Add(after))
	}
}

// begin goes on with an order that has just begun to execute: what is instant is done
// at once, and so is the end of what was delivered once and for all.
func (d *draft) begin(withJob bool) error {
	f := d.sheet.Offering.Fulfilment
	if !withJob || (f != catalog.Instant && (f != catalog.Delivery || d.o.Type != order.Terminate)) {
		return nil
	}
	step, _ := order.Find(order.Executing, order.Fulfil)
	return d.fulfil(step, Verdict{})
}

// onward passes the gates that are open by now and enters what follows.
func (d *draft) onward(event string, withJob bool) error {
	today := day.Of(d.now)
	if d.project.StartOn == nil || *d.project.StartOn <= today {
		d.o.Gates &^= order.ProjectGate
	}
	if d.o.StartsOn == nil || *d.o.StartsOn <= today {
		d.o.Gates &^= order.StartGate
	}
	d.enter(d.o.Gates.First(), withJob)
	d.event(event, d.o.ID, nil)
	if d.o.State == order.Executing {
		return d.begin(withJob)
	}
	return nil
}

func (d *draft) approveConsumer(step order.Step, v Verdict) error {
	if err := cmp.Or(d.barred(), d.over(), d.papered()); err != nil {
		return err
	}
	at := d.now
	d.o.ConsumerBy, d.o.ConsumerAt, d.o.Notes.ConsumerComment = d.who.User.ID, &at, v.Comment
	d.o.Gates &^= order.ConsumerGate
	return d.onward(step.Event, true)
}

func (d *draft) approveProvider(step order.Step, v Verdict) error {
	if err := cmp.Or(d.barred(), d.over()); err != nil {
		return err
	}
	at := d.now
	d.o.ProviderBy, d.o.ProviderAt, d.o.Notes.ProviderComment = d.who.User.ID, &at, v.Comment
	if len(v.Attrs) > 0 && !bytes.Equal(bytes.TrimSpace(v.Attrs), []byte("{}")) {
		var object map[string]any
		if err := json.Unmarshal(v.Attrs, &object); err != nil {
			return invalid("attributes", "The attributes must be a JSON object.")
		}
		d.o.Notes.ProviderAttached = v.Attrs
	}
	d.o.Gates &^= order.ProviderGate
	return d.onward(step.Event, true)
}

// pass opens the gate whose day has come; where it has not (the day was moved), the job
// waits for the new day.
func (d *draft) pass(step order.Step, _ Verdict) error {
	gate := map[order.Act]order.Gates{order.OpenProject: order.ProjectGate, order.Begin: order.StartGate}[step.Act]
	before := d.o.Gates
	today := day.Of(d.now)
	if gate == order.ProjectGate && d.project.StartOn != nil && *d.project.StartOn > today {
		d.job(JobOpen, d.project.StartOn.Time())
		return nil
	}
	if gate == order.StartGate && d.o.StartsOn != nil && *d.o.StartsOn > today {
		d.job(JobBegin, d.o.StartsOn.Time())
		return nil
	}
	d.o.Gates = before &^ gate
	return d.onward(step.Event, true)
}

func (d *draft) reject(step order.Step, v Verdict) error {
	if err := d.barred(); err != nil {
		return err
	}
	if step.Act == order.RejectConsumer {
		d.o.Notes.ConsumerComment = v.Comment
		at := d.now
		d.o.ConsumerBy, d.o.ConsumerAt = d.who.User.ID, &at
	} else {
		d.o.Notes.ProviderComment = v.Comment
		at := d.now
		d.o.ProviderBy, d.o.ProviderAt = d.who.User.ID, &at
	}
	d.say(v)
	return d.endAs(order.Rejected, order.LineCanceled, step.Event)
}

// say keeps what an act's words were.
func (d *draft) say(v Verdict) {
	if v.Message != "" {
		d.o.Message = Cut(v.Message, MostMessage)
	}
	if v.Trace != "" {
		d.o.Notes.Trace = Cut(v.Trace, MostTrace)
	}
	if v.Output != "" {
		d.o.Notes.Output = v.Output
	}
}

// endAs ends an order without fulfilling it: all money goes back. Where the resource ends
// with it, though another order had made it run, so does what it is charged for.
func (d *draft) endAs(s order.State, lines order.LineState, event string) error {
	d.undo(string(s))
	for n, l := range d.lines {
		if ended, _ := order.At(l.State, d.goodEnd()); !ended || l.State == d.goodEnd() {
			d.lines[n].State = lines
			d.lines[n].Delivered = 0
			d.moved[n] = true
		}
	}
	d.enter(s, false)
	d.event(event, d.o.ID, map[string]any{"message": d.o.Message})
	ran := d.o.Type == order.Restore || len(d.res.Quantities) > 0 || slices.ContainsFunc(d.past, func(e ledger.Entry) bool { return e.Kind == ledger.Release })
	if d.res.State != order.Terminated || !ran {
		return nil
	}
	return d.stop()
}

func (d *draft) cancel(step order.Step, v Verdict) error {
	if step.Act == order.Cancel && !d.who.System {
		switch d.sheet.Offering.Cancel {
		case catalog.CancelNever:
			return &Error{Kind: Unsupported, About: Ref{"order", d.o.ID}, Msg: "Orders of " + d.sheet.Offering.Name + " cannot be canceled."}
		case catalog.CancelPending:
			if step.From == order.Executing {
				return d.wrongState(slices.DeleteFunc(order.Possible(order.Cancel), func(s order.State) bool { return !s.Pending() }))
			}
		case catalog.CancelPreparing:
			if i := slices.IndexFunc(d.lines, func(l order.Line) bool { return l.State != order.Preparing }); i >= 0 && step.From == order.Executing {
				return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"order", d.o.ID}, Msg: "The order can no longer be canceled: a line of it is " + string(d.lines[i].State) + "."}
			}
		}
	}
	d.say(v)
	return d.endAs(order.Canceled, order.LineCanceled, step.Event)
}

func (d *draft) withdraw(step order.Step, v Verdict) error {
	if err := d.barred(); err != nil && step.Act == order.Withdraw {
		return err
	}
	at := d.now
	d.o.HiddenAt = &at
	if step.To == order.Same {
		d.event(step.Event, d.o.ID, nil)
		return nil
	}
	return d.endAs(order.Canceled, order.LineCanceled, step.Event)
}

func (d *draft) fail(step order.Step, v Verdict) error {
	d.say(v)
	return d.endAs(order.Erred, order.LineErred, step.Event)
}

// retry takes an erred order up again: it is held anew at the prices promised, and
// counts from today. Restart leaves the work to whoever asked.
func (d *draft) retry(step order.Step, v Verdict) error {
	if step.From == order.PendingProvider {
		at := d.now
		d.o.ProviderBy, d.o.ProviderAt = d.who.User.ID, &at
		d.o.Gates &^= order.ProviderGate
		return d.onward(step.Event, false)
	}
	if d.res.OpenOrder != 0 {
		return &Error{Kind: Conflict, Reason: ReasonOpenOrder, About: Ref{"order", d.res.OpenOrder}, Msg: "Pending order for resource already exists."}
	}
	if d.res.State == order.Unlinked {
		return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"resource", d.res.ID}, Msg: "The resource was unlinked: there is nothing to take up again."}
	}
	if err := d.stillWanted(); err != nil {
		return err
	}
	d.o.CountsOn = day.Of(d.now)
	if err := d.covered(); err != nil {
		return err
	}
	d.o.EndedAt, d.o.Outcome, d.o.Message = nil, "", ""
	for n := range d.lines {
		l := &d.lines[n]
		if l.State == order.LineCanceled { // what the provider canceled, or an amendment took out, stays so
			continue
		}
		l.State, l.Delivered, l.Message = order.Preparing, 0, ""
		if l.Replaces == "" && d.o.Type == order.Update {
			l.Before = d.res.Quantities[l.Component] // another order may have changed it since
		}
		d.moved[n] = true
	}
	if err := d.hold(); err != nil {
		return err
	}
	d.res.OpenOrder = d.o.ID
	withJob := step.Act == order.Retry
	d.enter(order.Executing, withJob)
	d.event(step.Event, d.o.ID, nil)
	return d.begin(withJob)
}

// runningTerm is the stretch that has not ended, if there is one.
func (d *draft) runningTerm() (*order.Term, error) {
	terms, err := d.r.Terms(d.res.ID)
	if err != nil {
		return nil, err
	}
	for n := range terms {
		if terms[n].Until == nil {
			return &terms[n], nil
		}
	}
	return nil, nil
}

// stillWanted refuses to take up an order that a later one has overtaken: to make a
// resource that another order has made since, or to change one that has ended.
func (d *draft) stillWanted() error {
	running, err := d.runningTerm()
	if err != nil {
		return err
	}
	switch d.o.Type {
	case order.Create, order.Restore:
		if running == nil && len(d.res.Quantities) == 0 {
			return nil
		}
		return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"resource", d.res.ID}, Msg: "Another order has brought this resource into use since: change it with a new order."}
	default:
		if d.res.State != order.Terminated {
			return nil
		}
		return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"resource", d.res.ID}, Msg: "The resource has ended since: there is nothing left to change."}
	}
}
