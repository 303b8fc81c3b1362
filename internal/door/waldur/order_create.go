package waldur

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

func (d *door) createOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	p := core.Placement{
		Type:     order.Create,
		Offering: b.link(d, "offering", true, id.Offering, offeringPaths),
		Project:  b.link(d, "project", true, id.Project, projectPaths),
		Plan:     b.link(d, "plan", false, id.Plan, planPaths),
		Asks:     b.limits("limits", false),
	}
	readAttributes(b, &p)
	p.Notes.Comment = b.text("request_comment", false, 0)
	p.Notes.Callback = b.url("callback_url")
	if on, ok := b.day("start_date"); ok {
		p.StartsOn = &on
	}
	accepts := b.flag("accepting_terms_of_service")
	if err := d.read(r, who, func(v *view) error { return v.linked(b, p, accepts) }); err != nil {
		return err
	}
	if accepts {
		if p.Keep, err = d.agreement(r, who, p.Offering); err != nil {
			return err
		}
	}
	if p.Idem, err = d.opt.Repeat.Key(r); err != nil {
		return err
	}
	placed, err := d.core.PlaceOrder(r.Context(), who, p)
	if err != nil {
		return d.placingRefused(r, who, err, p, creation)
	}
	var out json.RawMessage
	err = d.read(r, who, func(v *view) error {
		w.Header().Set("Location", v.orderLink(placed.Order.ID))
		out = orderModel.object(v, placed, nil)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, out)
}

// mostAttributes is how long those of an order may be: they are kept with its resource, where
// half the room is its provider's.
const mostAttributes = core.MaxAttrs / 2

// readAttributes reads what a new resource is to be: its name and its last day are among
// the attributes; all of them are kept, but for secrets.
func readAttributes(b *body, p *core.Placement) {
	m := b.object("attributes", false)
	inner := &body{fields: m, errs: fieldErrors{}}
	p.Name = inner.text("name", false, 150)
	if on, ok := inner.day("end_date"); ok {
		p.EndsOn = &on
	}
	if len(inner.errs) > 0 {
		b.errs["attributes"] = inner.errs
		return
	}
	p.Request = withoutSecrets(m)
	if len(p.Request) > mostAttributes {
		b.errs.add("attributes", "Ensure this field has no more than %d bytes.", mostAttributes)
	}
	p.Attrs, _ = json.Marshal(map[string]json.RawMessage{"attributes": p.Request}) // made of valid JSON
}

// withoutSecrets leaves out what nobody may read back.
func withoutSecrets(m map[string]json.RawMessage) json.RawMessage {
	kept := make(map[string]json.RawMessage, len(m))
	for k, v := range m {
		l := strings.ToLower(k)
		if !strings.Contains(l, "password") && !strings.Contains(l, "secret") && !strings.Contains(l, "private_key") {
			kept[k] = v
		}
	}
	b, _ := json.Marshal(kept) // made of valid JSON
	return b
}

// linked checks that what a new order links to is there for the caller, and that they agree
// to the terms of what is offered to all.
func (v *view) linked(b *body, p core.Placement, accepts bool) error {
	missing := func(field string, i id.ID, get func(id.ID) error) {
		if i == 0 {
			return
		}
		if err := get(i); core.KindOf(err) == core.NotFound && err != nil {
			b.errs.add(field, noSuchThing)
		} else {
			v.failed(err)
		}
	}
	missing("offering", p.Offering, func(i id.ID) error { _, err := v.publicOffering(i); return err })
	missing("project", p.Project, func(i id.ID) error { _, err := v.Project(i); return err })
	missing("plan", p.Plan, func(i id.ID) error {
		plan, err := v.Plan(i)
		if err == nil && p.Offering != 0 && plan.Offering != p.Offering {
			b.errs.add("plan", "This plan is not available for selected offering.")
		}
		return err
	})
	if v.err != nil {
		return v.err
	}
	if err := b.done(); err != nil {
		return err
	}
	if o := v.sheet(p.Offering).Offering; o.Shared && termsOf(o).Active() && !accepts && !v.consents(o.ID, v.who.User.ID).given() {
		return serializerRule("Terms of service for offering '%s' have not been accepted.", o.Name)
	}
	return nil
}

// url reads an absolute web address.
func (b *body) url(name string) string {
	s := b.text(name, false, 2000)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		b.errs.add(name, "Enter a valid URL.")
	}
	return s
}

// phrasing is how the vendor words a refusal of what was asked for: one way where an order
// is created, another where a resource is changed.
type phrasing struct {
	types  func(sentence string) error // amounts of what takes none
	bounds func(sentence string) error // amounts out of bounds
	states string                      // the resource's states in which it may be asked
}

var (
	creation = phrasing{
		types:  func(s string) error { return fieldError("limits", "%s", s) },
		bounds: func(s string) error { return serializerRule("%s", s) },
	}
	changing    = phrasing{types: bareLimits, bounds: func(s string) error { return rule(s) }, states: "OK"}
	terminating = phrasing{types: bareLimits, bounds: func(s string) error { return rule(s) }, states: "OK, Erred"}
	restoring   = phrasing{types: bareLimits, bounds: func(s string) error { return rule(s) }, states: "Terminated"}
)

func bareLimits(s string) error {
	return refuse(http.StatusBadRequest, map[string]string{"limits": s})
}

// refusedPlacement is a refusal of the core's with what it is worded by.
type refusedPlacement struct {
	v   *view
	err *core.Error
	p   core.Placement
	ph  phrasing
}

// placingWords are the vendor's words for the core's reasons not to take an order.
var placingWords = map[string]func(f refusedPlacement) error{
	core.ReasonBlocked:   func(refusedPlacement) error { return rule("Blocked organization is not available.") },
	core.ReasonArchived:  func(refusedPlacement) error { return rule("Archived organization is not available.") },
	core.ReasonOffering:  func(refusedPlacement) error { return fieldError("offering", "Offering is not available.") },
	core.ReasonPlan:      planWords,
	core.ReasonComponent: componentWords,
	core.ReasonQuantity:  quantityWords,
	core.ReasonProject:   projectWords,
	core.ReasonOpenOrder: func(refusedPlacement) error { return rule("Pending order for resource already exists.") },
	core.ReasonSame: func(refusedPlacement) error {
		return rule("Impossible to create update orders with limits set to exactly the same.")
	},
	core.ReasonState: func(f refusedPlacement) error {
		return refuse(http.StatusConflict, detail("Valid states for operation: "+f.ph.states+"."))
	},
	core.ReasonFuture: func(f refusedPlacement) error {
		return refuse(http.StatusBadRequest, fieldErrors{"attributes": fieldErrors{"end_date": []string{"Cannot be earlier than the current date."}}})
	},
}

// placingRefused words a refusal to take an order or to move one on.
func (d *door) placingRefused(r *http.Request, who core.Actor, err error, p core.Placement, ph phrasing) error {
	e := core.AsError(err)
	word, ok := placingWords[e.Reason]
	if !ok || e.Kind == core.NotFound || e.Kind == core.Forbidden {
		return err
	}
	var out error
	if failed := d.read(r, who, func(v *view) error {
		out = word(refusedPlacement{v, e, p, ph})
		return nil
	}); failed != nil {
		return failed
	}
	return out
}

func planWords(f refusedPlacement) error {
	plan, err := f.v.Plan(f.p.Plan)
	switch {
	case f.p.Plan == 0 || err != nil:
		return fieldError("plan", "%s", f.err.Msg)
	case plan.ArchivedAt != nil || plan.Customer != 0:
		return fieldError("plan", "This plan is not available for selected offering.")
	}
	return fieldError("plan", "Plan is not available because limit has been reached.")
}

// componentWords names the components asked for that take no amounts.
func componentWords(f refusedPlacement) error {
	sh := f.v.sheet(f.p.Offering)
	var wrong []string
	for _, a := range f.p.Asks {
		if c, ok := sh.Component(a.Component); !ok || !takesAmounts(sh.Offering, c) {
			wrong = append(wrong, a.Component)
		}
	}
	if len(wrong) == 0 {
		return fieldError("limits", "%s", f.err.Msg)
	}
	return f.ph.types("Invalid types: " + strings.Join(wrong, ", "))
}

// quantityWords names the amount that is out of its component's bounds.
func quantityWords(f refusedPlacement) error {
	sh := f.v.sheet(f.p.Offering)
	for _, a := range f.p.Asks {
		c, _ := sh.Component(a.Component)
		switch {
		case c.Max != nil && a.Quantity > *c.Max:
			return f.ph.bounds("The limit " + a.Quantity.String() + " value cannot be more than " + c.Max.String() + ".")
		case c.Min != nil && a.Quantity < *c.Min:
			return f.ph.bounds("The limit " + a.Quantity.String() + " value cannot be less than " + c.Min.String() + ".")
		case a.Quantity < 0:
			return f.ph.bounds("The limit " + a.Quantity.String() + " value cannot be less than 0.")
		}
	}
	return f.ph.bounds(f.err.Msg)
}

func projectWords(f refusedPlacement) error {
	p := f.v.project(f.p.Project)
	name := p.Name + " | " + f.v.customer(p.Customer).Name
	if p.RemovedAt != nil {
		return rule("Project '" + name + "' is removed.")
	}
	return rule("Project '" + name + "' is expired.")
}
