package core

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// draft is one order as a use case is deciding on it: working copies of what is there,
// and what is to be written. Nothing is written before all is decided.
type draft struct {
	c   *Core
	r   Reader
	who Actor
	now time.Time
	ids *drawn

	o        order.Order
	fresh    bool // the order is new
	lines    []order.Line
	newLines int  // how many of lines, at the end, are new
	idle     bool // nothing is to be changed after all
	counts   bool // what is counted about customer and offering cannot move meanwhile
	moved    map[int]bool
	replaced []order.Line // of other orders
	res      order.Resource
	resNew   bool
	resDirty bool

	customer tenant.Customer
	project  tenant.Project
	provider tenant.Provider
	sheet    catalog.Sheet
	plan     catalog.Plan
	calendar limit.Calendar
	limits   []limit.Limit

	past     []ledger.Entry // of the order, as stored
	entries  []ledger.Entry // to be written
	beside   []ledger.Entry // written with them, of another order of the resource
	posting  int
	usages   []order.Usage
	terms    []order.Term // to be written
	assets   []order.Asset
	events   []Event
	jobs     []Job
	life     []order.Term  // the resource's terms as they will be, where they were read
	behind   time.Duration // how far now is ahead of the clock, which was set back
	rows     map[day.Day][]order.Usage
	switched bool             // the order has changed the resource's plan
	had      order.Quantities // what a resource had that has ended
	dropped  []string         // kinds of the order's jobs to delete
	idem     *Idem
	doc      *Document // kept with the order
}

// errCounts sends a decision back that rests on a count: it comes again with Exclusive.
var errCounts = errors.New("what is counted may move")

// around reads what stands around the order: who pays, what for, who delivers, what it
// is priced by, and every limit it counts against.
func (d *draft) around() error {
	var err error
	if d.customer, err = d.r.Customer(d.o.Customer); err != nil {
		return err
	}
	if d.project, err = d.r.Project(d.o.Project); err != nil {
		return err
	}
	if d.provider, err = d.r.Provider(d.o.Provider); err != nil {
		return err
	}
	contracts, err := d.r.Contracts(d.o.Customer)
	if err != nil {
		return err
	}
	d.calendar = limit.Calendar{YearFrom: d.customer.YearFrom, Contracts: contracts}
	on := []LimitScope{{tenant.OnCustomer, d.o.Customer}, {tenant.OnProject, d.o.Project}, {tenant.OnUser, d.o.User}, {tenant.OnOffering, d.o.Offering}}
	if !d.fresh || d.o.Resource != d.o.ID { // what this order makes has no limit yet, and no store needs to look for one
		on = append(on, LimitScope{tenant.OnResource, d.o.Resource})
	}
	d.limits, err = d.r.Limits(on)
	return err
}

// load reads an order to act on.
func (d *draft) load(i id.ID) error {
	var err error
	if d.o, err = d.r.Order(i); err != nil {
		return err
	}
	if d.lines, err = d.r.Lines(i); err != nil {
		return err
	}
	if d.res, err = d.r.Resource(d.o.Resource); err != nil {
		return err
	}
	if d.past, err = d.r.Entries(i); err != nil {
		return err
	}
	for _, e := range d.past {
		d.posting = max(d.posting, e.Posting)
	}
	off, err := d.r.Offering(d.o.Offering)
	if err != nil {
		return err
	}
	if d.sheet, err = d.c.sheet(d.r, off); err != nil {
		return err
	}
	d.plan, _ = d.sheet.Plan(d.o.Plan)
	return d.around()
}

// all are the entries of the order, those to be written included.
func (d *draft) all() []ledger.Entry { return append(slices.Clone(d.past), d.entries...) }

// entry adds one to the posting under way, and says so. Where neither money nor units move
// there is none.
func (d *draft) entry(k ledger.Kind, component id.ID, s ledger.Sums, on day.Day, reason string) bool {
	if s == (ledger.Sums{}) {
		return false
	}
	d.entries = append(d.entries, ledger.Entry{Subject: d.o.ID, N: len(d.past) + len(d.entries) + 1, Posting: d.posting, Kind: k,
		Amount: s.Amount, Quantity: s.Quantity, Component: component, Currency: d.o.Currency, Customer: d.o.Customer, Project: d.o.Project, User: d.o.User,
		Provider: d.o.Provider, Offering: d.o.Offering, Resource: d.o.Resource, CountsOn: on, At: d.now, By: d.who.User.ID, Reason: reason})
	return true
}

// moves is how many units of a line's component the ledger moves when the line comes to a
// quantity: its growth. Where only money moves, and where a line takes another's place,
// there are none.
func (d *draft) moves(l order.Line, to money.Micro) money.Micro {
	c, _ := d.sheet.ComponentByID(l.Component)
	if l.Replaces != "" || (c.Billing != catalog.ByLimit && c.Billing != catalog.ByFixed) {
		return 0
	}
	return max(0, to-l.Before)
}

// chargesLater reports whether a line lets charges come that are not held now: usage, or
// the periods after the first. What a resource has already under the same plan, and what
// it gives back, asks for nothing.
func (d *draft) chargesLater(l order.Line) bool {
	c, _ := d.sheet.ComponentByID(l.Component)
	recurs := c.Billing == catalog.ByUsage || (!d.plan.Prepaid && d.plan.Unit != catalog.Quantity)
	kept := d.o.Type == order.Update && d.plan.ID == d.res.Plan && l.Quantity <= l.Before
	return l.Each > 0 && recurs && !kept
}

// hold holds the due of the order's lines, one entry a component, and checks every limit.
// Where the offering charges on placing, what is held is charged at once.
func (d *draft) hold() error {
	d.posting++
	asked := len(d.entries)
	sums := map[id.ID]ledger.Sums{}
	later := map[id.ID]bool{}
	var components []id.ID
	for _, l := range d.lines {
		if l.State == order.LineCanceled || l.State == order.Replaced {
			continue
		}
		if _, ok := sums[l.Component]; !ok {
			components = append(components, l.Component)
		}
		var err error
		s := sums[l.Component]
		if s.Amount, err = money.Add(s.Amount, l.Due); err == nil {
			s.Quantity, err = money.Add(s.Quantity, d.moves(l, l.Quantity))
		}
		if err != nil {
			return invalid("quantity", "The quantity is too large.").because(ReasonQuantity)
		}
		sums[l.Component] = s
		if d.chargesLater(l) {
			later[l.Component] = true
		}
	}
	total := money.Micro(0)
	probe := []ledger.Entry{}
	for _, i := range components {
		d.entry(ledger.Hold, i, sums[i], d.o.CountsOn, "")
		total += sums[i].Amount
		if sums[i] == (ledger.Sums{}) && later[i] { // nothing is asked now, but the plan can charge later
			probe = append(probe, ledger.Entry{Component: i, Customer: d.o.Customer, Project: d.o.Project, User: d.o.User, Offering: d.o.Offering, Resource: d.o.Resource, CountsOn: d.o.CountsOn})
		}
	}
	broken, err := d.check(append(slices.Clone(d.entries[asked:]), probe...), d.entries[:asked], later)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return d.c.refusal(d.r, broken)
	}
	d.o.Held = total
	if err := d.boundParts(); err != nil || d.sheet.Offering.Charged != catalog.OnPlacing {
		return err
	}
	d.captureAll()
	return nil
}

// check asks the limits of new entries, over balances that earlier entries of this
// draft have already moved.
func (d *draft) check(asked, before []ledger.Entry, later map[id.ID]bool) ([]limit.Breach, error) {
	moved := limit.Deltas(d.limits, d.calendar, before)
	broken, err := limit.Check(d.limits, d.calendar, asked, later, func(k limit.Key) (limit.Balance, error) {
		b, err := d.r.Balance(k)
		b.Used += moved[k].Used
		b.Held += moved[k].Held
		return b, err
	})
	if errors.Is(err, money.ErrRange) {
		err = invalid("quantity", "The quantity is too large.").because(ReasonQuantity)
	}
	return broken, err
}

// refusal names the limits that were broken.
func (c *Core) refusal(r Reader, broken []limit.Breach) error {
	e := &Error{Kind: LimitExceeded}
	for _, b := range broken {
		named := Breach{Breach: b}
		switch b.Scope {
		case tenant.OnCustomer:
			x, err := r.Customer(b.ScopeID)
			if err != nil {
				return err
			}
			named.ScopeName = x.Name
		case tenant.OnProject:
			x, err := r.Project(b.ScopeID)
			if err != nil {
				return err
			}
			named.ScopeName = x.Name
		case tenant.OnUser:
			x, err := r.User(b.ScopeID)
			if err != nil {
				return err
			}
			named.ScopeName = x.Login
		case tenant.OnOffering:
			x, err := r.Offering(b.ScopeID)
			if err != nil {
				return err
			}
			named.ScopeName = x.Name
		case tenant.OnResource:
			x, err := r.Resource(b.ScopeID)
			if err != nil {
				return err
			}
			named.ScopeName = x.Name
		}
		if err := c.nameAbout(r, &named); err != nil {
			return err
		}
		if named.Unit == "" && b.Customer != 0 {
			x, err := r.Customer(b.Customer)
			if err != nil {
				return err
			}
			named.Unit = string(x.Currency)
		}
		e.Breaches = append(e.Breaches, named)
	}
	for _, b := range e.Breaches {
		e.Msg = strings.TrimSpace(e.Msg + " " + b.Sentence())
	}
	return e
}

func (c *Core) nameAbout(r Reader, b *Breach) error {
	if b.Component != 0 {
		x, err := r.Component(b.Component)
		if err != nil {
			return err
		}
		b.AboutName, b.AboutCode = x.Name, x.Code
		if b.Measure == limit.Quantity {
			b.Unit = x.Unit
		}
		return nil
	}
	if b.Offering != 0 {
		x, err := r.Offering(b.Offering)
		if err != nil {
			return err
		}
		b.AboutName = x.Name
		if b.Measure == limit.Quantity {
			comps, err := r.Components(b.Offering)
			if err != nil {
				return err
			}
			if len(comps) > 0 {
				b.Unit = comps[0].Unit
			}
		}
	}
	return nil
}

// undo releases what is held and refunds what is charged already.
func (d *draft) undo(reason string) {
	d.posting++
	type at struct {
		component id.ID
		on        day.Day
	}
	var keys []at
	held, used := map[at]ledger.Sums{}, map[at]ledger.Sums{}
	for _, e := range d.all() {
		k := at{e.Component, e.CountsOn}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
		h, u := e.Delta()
		held[k] = held[k].Plus(h)
		used[k] = used[k].Plus(u)
	}
	for _, k := range keys {
		d.entry(ledger.Release, k.component, held[k], k.on, reason)
		d.entry(ledger.Refund, k.component, used[k], k.on, reason)
	}
	d.o.Held, d.o.Charged = 0, 0
	for n := range d.lines {
		if d.lines[n].Charged != 0 {
			d.lines[n].Charged = 0
			d.moved[n] = true
		}
	}
}

// event adds one, about the order or its resource.
func (d *draft) event(kind string, subject id.ID, body map[string]any) {
	if body == nil {
		body = map[string]any{}
	}
	body["type"], body["state"] = string(d.o.Type), string(d.o.State) // which order it is has a field of its own
	b, err := json.Marshal(body)
	if err != nil { // strings and numbers only
		panic(err)
	}
	d.events = append(d.events, Event{At: d.now, Kind: kind, Customer: d.o.Customer, Subject: subject, Order: d.o.ID, By: d.who.User.ID, Body: b})
}

func (d *draft) job(kind string, at time.Time) {
	d.dropped = slices.DeleteFunc(d.dropped, func(k string) bool { return k == kind })
	d.jobs = append(d.jobs, Job{Subject: d.o.ID, Kind: kind, RunAt: at})
}

// drop deletes the order's jobs. The resource's, which has the id of its first order, stays.
func (d *draft) drop() {
	d.jobs = slices.DeleteFunc(d.jobs, func(j Job) bool { return j.Subject == d.o.ID && j.Kind != JobEnd && j.Kind != JobBill })
	d.dropped = []string{JobDelivery, JobWebhook, JobBegin, JobOpen, JobExpire, JobOverdue}
}

// write keeps all that was decided, table by table.
func (d *draft) write(tx Tx) error {
	steps := []func(Tx) error{d.writeOrder, d.writeLines, d.writeResource, d.writeLedger, d.writeRest}
	for _, step := range steps {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) writeOrder(tx Tx) error {
	if d.fresh {
		d.o.Rev = 1
		return tx.InsertOrder(d.o)
	}
	err := tx.UpdateOrder(d.o)
	d.o.Rev++
	return err
}

func (d *draft) writeLines(tx Tx) error {
	old := len(d.lines) - d.newLines
	if d.newLines > 0 {
		if err := tx.InsertLines(d.lines[old:]); err != nil {
			return err
		}
	}
	for _, l := range d.replaced {
		if err := tx.UpdateLine(l); err != nil {
			return err
		}
	}
	for n := range old {
		if d.moved[n] {
			if err := tx.UpdateLine(d.lines[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) writeResource(tx Tx) error {
	if d.resNew {
		d.res.Rev = 1
		return tx.InsertResource(d.res)
	}
	if !d.resDirty {
		return nil
	}
	d.res.ChangedAt = d.now
	err := tx.UpdateResource(d.res)
	d.res.Rev++
	return err
}

func (d *draft) writeLedger(tx Tx) error {
	if len(d.entries) == 0 {
		return nil
	}
	if err := tx.InsertEntries(d.entries); err != nil {
		return err
	}
	deltas := limit.Deltas(d.limits, d.calendar, d.entries)
	for _, l := range d.limits {
		for k, b := range deltas {
			if k.Limit != l.ID || (b.Used == 0 && b.Held == 0) {
				continue
			}
			if err := tx.AddBalance(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) writeRest(tx Tx) error {
	for _, t := range d.terms {
		if err := tx.PutTerm(t); err != nil {
			return err
		}
	}
	for _, a := range d.assets {
		if err := tx.PutAsset(a); err != nil {
			return err
		}
	}
	for _, u := range d.usages {
		if err := tx.PutUsage(u); err != nil {
			return err
		}
	}
	for _, k := range d.dropped {
		if d.fresh {
			break
		}
		if _, err := tx.DeleteJob(d.o.ID, k, -1); err != nil {
			return err
		}
	}
	for _, j := range d.jobs {
		if err := tx.PutJob(j); err != nil {
			return err
		}
	}
	if d.idem != nil {
		if err := tx.PutIdem(*d.idem); err != nil {
			return err
		}
	}
	if d.doc != nil {
		if err := tx.PutDocument(*d.doc); err != nil {
			return err
		}
	}
	for _, e := range d.events {
		if err := tx.InsertEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// placed is the answer.
func (d *draft) placed() Placed {
	return Placed{Order: d.o, Lines: d.lines, Resource: d.res, Offering: d.sheet.Offering, entries: d.all()}
}
