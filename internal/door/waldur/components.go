package waldur

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// componentAttributes are what only this door keeps of a component.
var componentAttributes = slices.Concat(
	[]attribute{{"description", aText(500)}, {"article_code", aText(30)}, {"is_boolean", aFlag}, {"is_prepaid", aFlag}, {"unit_factor", aFactor},
		{"limit_period", func(b *body, name string) any {
			if s := aWord(limitPeriods...)(b, name); s != "" {
				return s
			}
			return nil
		}}},
	attributesOf(aWhole, "limit_amount", "max_available_limit", "default_limit"), durations,
)

// durations are attributes of prepaid components; nothing here goes by them.
var durations = append(attributesOf(aWhole, "min_prepaid_duration", "max_prepaid_duration", "prepaid_duration_step",
	"min_renewal_duration", "max_renewal_duration", "renewal_duration_step"), attribute{"overage_component", anOverage})

func attrsOfComponent(c catalog.Component) json.RawMessage { return c.Attrs }

// aFactor takes a whole number above nothing.
func aFactor(b *body, name string) any {
	if n, ok := b.whole(name, 1); ok {
		return n
	}
	return absent
}

// anOverage takes a component's UUID, or null.
func anOverage(b *body, name string) any {
	if _, ok := b.raw(name, false); !ok {
		return nil
	}
	if i := b.uuid(name, true, id.Component); i != 0 {
		return i.UUID(id.Component)
	}
	return absent
}

// component reads one, over what there is of it: what is not sent stays as it was.
func (b *body) component(was *catalog.Component) core.ComponentSpec {
	fresh := was == nil
	if fresh {
		was = &catalog.Component{}
	}
	s := core.ComponentSpec{ID: was.ID, Code: was.Code, Unit: b.text("measured_unit", false, 30), Billing: choice(b, "billing_type", fresh, billingType)}
	s.Name = b.text("name", fresh, 150)
	if fresh || b.given("type") {
		s.Code = b.text("type", true, 50)
	}
	s.Min, s.NoMin = b.bound("min_value")
	s.Max, s.NoMax = b.bound("max_value")
	s.Attrs = b.keep(componentAttributes, was.Attrs)
	if kept := attrs[measured](s.Attrs); kept.Boolean && b.given("is_boolean") { // as the vendor has them
		one, none := money.Unit, money.Micro(0)
		s.Min, s.Max = &none, &one
		m := attrs[map[string]json.RawMessage](s.Attrs)
		m["limit_period"], m["limit_amount"] = quoted("month"), json.RawMessage("null")
		s.Attrs, _ = json.Marshal(m)
	}
	billing := s.Billing
	if billing == "" {
		billing = was.Billing
	}
	// What is asked for comes back when a resource shrinks or ends, unless it is for good.
	period := attrs[measured](s.Attrs).LimitPeriod
	forGood := func(p *string) bool { return p != nil && *p == "total" }
	if fresh || billing != was.Billing || forGood(period) != forGood(attrs[measured](was.Attrs).LimitPeriod) {
		stock := billing == catalog.ByLimit && !forGood(period)
		s.Stock = &stock
	}
	return s
}

// bound reads a bound of amounts; none says that there is to be none.
func (b *body) bound(name string) (value *money.Micro, none bool) {
	n, ok := b.whole(name, 0)
	if !ok {
		return nil, b.given(name)
	}
	q := money.Micro(n) * money.Unit
	return &q, false
}

// components reads those of a new offering.
func (b *body) components() (out []core.ComponentSpec) {
	items := b.few("components", core.MostComponents)
	codes := map[string]bool{}
	for _, item := range items {
		if item.fields == nil {
			continue
		}
		s := item.component(nil)
		if codes[s.Code] {
			item.errs.add("non_field_errors", "The fields offering, type must make a unique set.")
		}
		codes[s.Code] = true
		out = append(out, s)
	}
	b.gather("components", items)
	return out
}

// componentRefused words what the core refuses about a component.
func componentRefused(err error) error {
	e := core.AsError(err)
	switch {
	case err == nil || e.Err != nil || e.Kind != core.Invalid:
		return err
	case e.Reason == core.ReasonName:
		return serializerRule("The fields offering, type must make a unique set.")
	case e.Reason == core.ReasonComponent:
		return serializerRule("%s", e.Msg)
	}
	return fieldRefused(err, map[string]string{"max": "max_value", "billing": "billing_type", "code": "type", "components": ""})
}

// createComponent adds one to an offering; the plans there are ask nothing for it until
// their prices are updated.
func (d *door) createComponent(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	err := d.changeOffering(r, who, tenant.EditComponents, func(b *body, sh catalog.Sheet) (core.OfferingSpec, error) {
		s := b.component(nil)
		if _, taken := sh.Component(s.Code); taken {
			b.errs.add("non_field_errors", "The fields offering, type must make a unique set.")
		}
		spec := core.OfferingSpec{Components: []core.ComponentSpec{s}}
		for _, p := range sh.Plans {
			if p.Customer == 0 {
				spec.Plans = append(spec.Plans, core.PlanSpec{Code: p.Code, Free: true})
			}
		}
		return spec, b.done()
	})
	if err != nil {
		return componentRefused(err)
	}
	return empty(w, http.StatusCreated)
}

// updateComponent changes what is sent of one and leaves the rest as it was.
func (d *door) updateComponent(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	err := d.changeOffering(r, who, tenant.EditComponents, func(b *body, sh catalog.Sheet) (core.OfferingSpec, error) {
		c, err := namedComponent(b, sh, "UUID for offering component was not provided.")
		if err != nil {
			return core.OfferingSpec{}, err
		}
		return core.OfferingSpec{Components: []core.ComponentSpec{b.component(&c)}}, b.done()
	})
	if err != nil {
		return componentRefused(err)
	}
	return empty(w, http.StatusOK)
}

// namedComponent finds the component that a body names. One that is missing has the
// vendor's odd body.
func namedComponent(b *body, sh catalog.Sheet, missing string) (catalog.Component, error) {
	if f, ok := b.fields["uuid"]; !ok || isNull(f) || string(f) == `""` {
		return catalog.Component{}, refuse(http.StatusBadRequest, map[string]string{"details": missing})
	}
	i := b.uuid("uuid", true, id.Component)
	if err := b.done(); err != nil {
		return catalog.Component{}, err
	}
	c, ok := sh.ComponentByID(i)
	if !ok {
		return c, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "component", ID: i}}
	}
	return c, nil
}

func (d *door) removeComponent(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := d.provided(r, who, tenant.EditComponents)
	if err != nil {
		return err
	}
	err = d.core.RemoveComponent(r.Context(), who, i, func(sh catalog.Sheet) (id.ID, error) {
		b, err := readBody(r)
		if err != nil {
			return 0, err
		}
		c, err := namedComponent(b, sh, "UUID for offering component to remove was not provided.")
		return c.ID, err
	})
	if e := core.AsError(err); err != nil && e.Reason == core.ReasonComponent {
		return refuse(http.StatusBadRequest, map[string]string{"details": e.Msg})
	}
	if err != nil {
		return err
	}
	return empty(w, http.StatusOK)
}
