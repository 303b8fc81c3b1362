package core

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/price"
	"github.com/docket-desk/docket/internal/tenant"
)

// place decides a placement: who and what for, what it is measured and priced at, which
// gates are shut, whether the limits take it.
func (d *draft) place(p Placement, newID id.ID, ms []measured) error {
	if p.Type == "" {
		p.Type = order.Create
	}
	d.fresh = true
	d.o = order.Order{ID: newID, Type: p.Type, Ref: p.Ref, Periods: p.Periods, StartsOn: p.StartsOn, User: d.who.User.ID, Door: d.who.Door,
		Key: d.who.Key, Request: p.Request, Notes: p.Notes, Name: p.Name}
	if p.Periods < 0 || p.Periods > 1200 {
		return invalid("periods", "The number of periods must be between 1 and 1200.").because(ReasonQuantity)
	}
	if p.Type != order.Update {
		d.o.Periods = max(1, p.Periods)
	}
	steps := []func(Placement) error{d.target, d.allowed, d.timely, d.dated, d.resourceReady, d.open, d.choosePlan}
	for _, step := range steps {
		if err := step(p); err != nil {
			return err
		}
	}
	if err := d.priceLines(p, ms); err != nil {
		return err
	}
	if err := d.changesSomething(p); err != nil {
		return err
	}
	if err := d.replacing(); err != nil {
		return err
	}
	if err := d.prepareResource(p); err != nil {
		return err
	}
	d.shutGates(p)
	if err := d.hold(); err != nil {
		return err
	}
	d.res.State = order.Effect(d.o.Type, order.None, d.res.State, d.res.BackendID != "")
	d.enter(d.o.Gates.First(), true)
	d.event("order.placed", d.o.ID, nil)
	if d.o.State == order.Executing {
		return d.begin(true)
	}
	return nil
}

// target finds the offering, the project and the resource; what the actor may not see
// is not there.
func (d *draft) target(p Placement) error {
	s := &Scene{c: d.c, r: d.r, who: d.who}
	var err error
	if p.Type != order.Create {
		if d.res, err = s.Resource(p.Resource); err != nil {
			return err
		}
		p.Offering, p.Project = d.res.Offering, d.res.Project
		if d.o.Name == "" {
			d.o.Name = d.res.Name
		}
		if d.o.Ref == 0 {
			d.o.Ref = d.res.Ref
		}
	}
	off, err := d.r.Offering(p.Offering)
	if err != nil {
		return err
	}
	if p.Type == order.Create {
		if ok, err := d.c.seesOffering(d.r, d.who, off); err != nil || !ok {
			return errors.Join(err, notFound("offering", p.Offering))
		}
	}
	if d.sheet, err = d.c.sheet(d.r, off); err != nil {
		return err
	}
	if p.Project == 0 {
		home, err := s.Home()
		if err != nil {
			return err
		}
		pr, err := s.DefaultProject(home.ID)
		if err != nil {
			return err
		}
		p.Project = pr.ID
	}
	var pr tenant.Project
	if p.Type == order.Create {
		pr, err = s.Project(p.Project)
	} else {
		pr, err = d.r.Project(p.Project)
	}
	if err != nil {
		return err
	}
	d.o.Customer, d.o.Project, d.o.Provider, d.o.Offering = pr.Customer, pr.ID, off.Provider, off.ID
	if p.Ref != 0 { // it may have gone since the door looked
		doc, err := d.r.Document(p.Ref)
		if err != nil || doc.RemovedAt != nil || doc.Customer != pr.Customer || !s.owns(doc) {
			return errors.Join(err, notFound("document", p.Ref))
		}
	}
	if p.Type == order.Create {
		d.o.Resource = d.o.ID
	} else {
		d.o.Resource = d.res.ID
		if d.who.desk() {
			d.o.User = d.res.User
		}
	}
	return d.around()
}

// allowed asks the rights of placing: of an act on a resource under roles, the right to
// that; the provider's people may terminate what they deliver.
func (d *draft) allowed(p Placement) error {
	right := tenant.PlaceOrder
	scopes := []id.ID{d.o.Project, d.o.Customer}
	if p.Type != order.Create && d.sheet.Offering.Consent != catalog.Never {
		switch {
		case p.Type == order.Terminate:
			right = tenant.Terminate
			scopes = append(scopes, d.provider.Customer)
		case p.Type == order.Update && p.Plan != 0 && p.Plan != d.res.Plan:
			right = tenant.SetPlan
		case p.Type == order.Update:
			right = tenant.SetLimits
		}
	}
	if !d.c.May(d.who, right, scopes...) {
		return forbidden("You do not have permission to order for project %s.", d.project.Name)
	}
	if d.who.Project != 0 && d.who.Project != d.o.Project {
		return forbidden("This key is narrowed to another project.").because(ReasonWrongProject)
	}
	return nil
}

// timely asks whether project and offering take orders now.
func (d *draft) timely(p Placement) error {
	today := day.Of(d.now)
	off := d.sheet.Offering
	if p.Type != order.Create {
		if err := available(d.who, off); err != nil {
			return err
		}
	}
	if err := d.over(); err != nil {
		return err
	}
	if p.Type != order.Terminate {
		switch {
		case off.State != catalog.Active && (off.State != catalog.Paused || p.Type == order.Create): // what there is goes on while it is paused
			return invalid("offering", "%s takes no orders: it is %s.", off.Name, off.State).because(ReasonOffering)
		case off.ForProject != 0 && off.ForProject != d.o.Project:
			return invalid("offering", "%s is for another project.", off.Name).because(ReasonOffering)
		case p.EndsOn != nil && *p.EndsOn < today:
			return invalid("ends_on", "The end date is in the past.").because(ReasonFuture)
		}
	}
	return nil
}

// dated says on which day the order counts.
func (d *draft) dated(p Placement) error {
	d.o.CountsOn = day.Of(d.now)
	if p.StartsOn != nil {
		d.o.CountsOn = max(d.o.CountsOn, *p.StartsOn)
	}
	return d.covered()
}

func (d *draft) open(Placement) error { return d.barred() }

// barred: a customer that is blocked or archived has none of its orders placed, approved,
// rejected or withdrawn, by whomever; only the desk itself ends what is over.
func (d *draft) barred() error {
	switch {
	case d.who.desk():
		return nil
	case d.customer.Blocked:
		return invalid("customer", "Blocked organization is not available.").because(ReasonBlocked)
	case d.customer.Archived:
		return invalid("customer", "Archived organization is not available.").because(ReasonArchived)
	}
	return nil
}

// over: a project whose last day has passed only has things ended.
func (d *draft) over() error {
	if d.o.Type != order.Terminate && (d.project.RemovedAt != nil || d.project.EndOn != nil && *d.project.EndOn < day.Of(d.now)) {
		return invalid("project", "Project %s has ended.", d.project.Name).because(ReasonProject)
	}
	return nil
}

// covered: a customer that has contracts orders only for days that one covers. What runs
// can be ended on any day.
func (d *draft) covered() error {
	if d.o.Type != order.Terminate && !d.calendar.Covered(d.o.CountsOn) {
		return invalid("contract", "No contract covers %s.", d.o.CountsOn).because(ReasonContract)
	}
	return nil
}

// resourceReady: one open order to a resource, and only from the states that fit.
func (d *draft) resourceReady(p Placement) error {
	from := map[order.Type][]order.ResourceState{
		order.Create: nil, order.Update: {order.OK}, order.Terminate: {order.OK, order.ResourceErred}, order.Restore: {order.Terminated},
	}
	if p.Type == order.Create {
		return nil
	}
	if d.res.OpenOrder != 0 {
		return &Error{Kind: Conflict, Reason: ReasonOpenOrder, About: Ref{"order", d.res.OpenOrder}, Msg: "Pending order for resource already exists."}
	}
	if !slices.Contains(from[p.Type], d.res.State) {
		words := make([]string, len(from[p.Type]))
		for n, s := range from[p.Type] {
			words[n] = string(s)
		}
		return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"resource", d.res.ID}, Msg: "The resource is " + string(d.res.State) + "."}
	}
	return nil
}

// choosePlan takes the plan named, the resource's, the one agreed with the customer, or
// the offering's only one.
func (d *draft) choosePlan(p Placement) error {
	if p.Type == order.Terminate {
		d.o.Plan = d.res.Plan
		d.plan, _ = d.sheet.Plan(d.res.Plan)
		d.o.Currency = d.customer.Currency
		return nil
	}
	want := p.Plan
	if want == 0 {
		want = d.res.Plan
	}
	if want == 0 {
		want = d.onlyPlan()
	}
	plan, ok := d.sheet.Plan(want)
	switch {
	case want == 0:
		return invalid("plan", "%s has several plans: name one.", d.sheet.Offering.Name).because(ReasonPlan)
	case !ok || (plan.Customer != 0 && plan.Customer != d.o.Customer):
		return invalid("plan", "This plan is not one of %s.", d.sheet.Offering.Name).because(ReasonPlan)
	case plan.ArchivedAt != nil && plan.ID != d.res.Plan:
		return invalid("plan", "Plan %s is archived.", plan.Name).because(ReasonPlan)
	case plan.Currency != d.customer.Currency:
		return invalid("plan", "Plan %s is in %s; %s pays in %s.", plan.Name, plan.Currency, d.customer.Name, d.customer.Currency).because(ReasonCurrency)
	}
	if plan.MaxResources > 0 && plan.ID != d.res.Plan {
		if !d.counts {
			return errCounts
		}
		n, err := d.r.CountResources(ResourceQuery{Plans: []id.ID{plan.ID}, States: living})
		if err != nil {
			return err
		}
		if n >= plan.MaxResources {
			return invalid("plan", "Plan %s is full: it takes %d resources.", plan.Name, plan.MaxResources).because(ReasonPlan)
		}
	}
	d.plan, d.o.Plan, d.o.Currency = plan, plan.ID, plan.Currency
	return nil
}

func (d *draft) onlyPlan() id.ID {
	var agreed, public []id.ID
	for _, p := range d.sheet.Plans {
		switch {
		case p.ArchivedAt != nil:
		case p.Customer == d.o.Customer:
			agreed = append(agreed, p.ID)
		case p.Customer == 0:
			public = append(public, p.ID)
		}
	}
	if len(agreed) == 1 {
		return agreed[0]
	}
	if len(agreed) == 0 && len(public) == 1 {
		return public[0]
	}
	return 0
}

// priceLines makes the order's lines.
func (d *draft) priceLines(p Placement, ms []measured) error {
	var err error
	switch imagery := d.sheet.Offering.Measure == catalog.Imagery && p.Type == order.Create; {
	case !imagery:
		ms, err = measure(&d.sheet, p, d.res)
	case ms == nil: // not looked at before, or the first order of its key has ended badly since
		ms, err = measureImagery(d.r, &d.sheet, p.Imagery, d.now)
	}
	if err != nil {
		return err
	}
	req := price.Request{Sheet: &d.sheet, Plan: d.plan, Now: d.now, Periods: d.o.Periods, New: p.Type == order.Create || p.Type == order.Restore,
		Switched: p.Type == order.Update && d.plan.ID != d.res.Plan, PaidUntil: d.res.PaidUntil, Free: p.Free}
	if p.Type != order.Create && p.Type != order.Terminate && price.Recurs(d.plan) {
		if err := d.soFar(&req); err != nil {
			return err
		}
	}
	if d.lines, err = priced(req, d.o, ms); err != nil {
		return err
	}
	d.newLines = len(d.lines)
	for _, l := range d.lines {
		if d.o.Due, err = money.Add(d.o.Due, l.Due); err != nil {
			return invalid("quantity", "The quantity is too large.").because(ReasonQuantity)
		}
	}
	return nil
}

// soFar tells a quote what the resource was until now, and what the period that this order
// would count in has been charged.
func (d *draft) soFar(req *price.Request) error {
	if err := d.readLife(); err != nil {
		return err
	}
	life := slices.Clone(d.life)
	req.Before = func(c id.ID) []price.Stretch { return stretches(life, c) }
	req.Posted = map[id.ID]money.Micro{}
	var err error
	if req.Now, err = d.instant(); err != nil {
		return err
	}
	next := price.Stretch{From: req.Now, Plan: d.plan.ID}
	for _, c := range d.sheet.Components {
		key, ok := termsOf(&d.sheet, c, life).Begun(next).Key(req.Now)
		if !ok {
			continue
		}
		rows, err := d.rowsOf(key)
		if err != nil {
			return err
		}
		for _, u := range rows {
			if u.Component == c.ID {
				req.Posted[c.ID] = u.Amount
			}
		}
	}
	return nil
}

// replacing asks that what lines replace is a line of an order of the same resource's
// customer, installed and not replaced yet.
func (d *draft) replacing() error {
	for _, l := range d.lines {
		if l.Replaces == "" {
			continue
		}
		i, _, ok := lineOf(l.Replaces)
		if !ok {
			return invalid("replaces", "%q names no line: write order/n.", clip(l.Replaces))
		}
		old, err := d.r.Lines(i)
		if err != nil {
			return err
		}
		was, err := d.r.Order(i)
		if err != nil || was.Customer != d.o.Customer || was.Offering != d.o.Offering {
			return invalid("replaces", "There is no line %s to replace.", clip(l.Replaces))
		}
		if !slices.ContainsFunc(old, func(x order.Line) bool { return LineName(i, x.N) == l.Replaces && x.State == order.Installed }) {
			return invalid("replaces", "Line %s is not there, or not installed.", clip(l.Replaces))
		}
		d.o.Previous = i
	}
	return nil
}

func (d *draft) changesSomething(p Placement) error {
	if p.Type != order.Update || d.plan.ID != d.res.Plan || (p.Periods > 0 && d.plan.Prepaid) || p.Free {
		return nil
	}
	for _, l := range d.lines {
		if l.Replaces != "" || l.Before != l.Quantity {
			return nil
		}
	}
	return invalid("lines", "Impossible to create update orders with limits set to exactly the same.").because(ReasonSame)
}

// prepareResource makes the resource of a create, or takes the one there is.
func (d *draft) prepareResource(p Placement) error {
	d.resDirty = true
	if p.Type == order.Create {
		d.resNew = true
		d.o.Name = d.nameOf(d.o.Name)
		attrs := p.Attrs
		if attrs == nil {
			attrs = json.RawMessage("{}")
		}
		d.res = order.Resource{ID: d.o.ID, Customer: d.o.Customer, Project: d.o.Project, User: d.o.User, Provider: d.o.Provider, Offering: d.o.Offering,
			Plan: d.o.Plan, Ref: d.o.Ref, Name: d.o.Name, Slug: Slug(d.o.Name, "resource") + "-" + d.o.ID.Base36(), Quantities: order.Quantities{}, EndsOn: p.EndsOn, Attrs: attrs, Live: p.Live}
	}
	if err := d.named(); err != nil {
		return err
	}
	d.res.OpenOrder = d.o.ID
	if end := d.endOf(p); end != nil {
		d.jobs = append(d.jobs, Job{Subject: d.res.ID, Kind: JobEnd, RunAt: end.Time()})
	}
	return nil
}

// nameOf is what a new resource is called: the offering and the order where nobody says.
func (d *draft) nameOf(said string) string {
	if said == "" {
		return d.sheet.Offering.Name + " " + d.o.ID.Base36()
	}
	return said
}

func (d *draft) named() error {
	if len(d.o.Name) > 500 {
		return invalid("name", "The name is longer than 500 characters.").because(ReasonQuantity)
	}
	return nil
}

// endOf is the last day that a placement gives its resource; on the project's last day,
// whose job has run by then, it is that.
func (d *draft) endOf(p Placement) *day.Day {
	of := d.project.EndOn
	if of != nil && *of <= day.Of(d.now) && (p.Type == order.Create || p.Type == order.Restore) {
		return of
	}
	return p.EndsOn
}

// shutGates fixes what the order must wait for.
func (d *draft) shutGates(p Placement) {
	today := day.Of(d.now)
	if p.Confirm || d.lacksPaper() || d.needsConsent() {
		d.o.Gates |= order.ConsumerGate
	} else {
		at := d.now
		d.o.ConsumerBy, d.o.ConsumerAt, d.o.Notes.ConsumerSkipped = d.who.User.ID, &at, true
	}
	if d.project.StartOn != nil && *d.project.StartOn > today {
		d.o.Gates |= order.ProjectGate
	}
	a := d.sheet.Offering.Approval
	if a == catalog.ApproveAlways || (a == catalog.ApproveOutsiders && d.o.Customer != d.provider.Customer) {
		d.o.Gates |= order.ProviderGate
	}
	if d.o.StartsOn != nil && *d.o.StartsOn > today {
		d.o.Gates |= order.StartGate
	}
}

func (d *draft) needsConsent() bool {
	approves := d.c.May(d.who, tenant.ApproveOrder, d.o.Project, d.o.Customer)
	if over := d.customer.ApproveOver; over != nil && d.o.Due > *over && !approves {
		return true
	}
	off := d.sheet.Offering
	if off.Consent == catalog.Never {
		return false
	}
	switch {
	case approves: // staff may everything
		return false
	case !off.Shared && d.c.May(d.who, tenant.ApprovePrivate, d.o.Project, d.o.Customer):
		return false
	case off.Consent == catalog.Outsiders && off.Shared && d.o.Customer == d.provider.Customer:
		return false
	case d.o.Type == order.Terminate && d.c.May(d.who, tenant.ApproveOrder, d.provider.Customer):
		return false
	}
	return true
}
