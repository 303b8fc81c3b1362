package waldur

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// measured is what only this door knows of a component, in its attributes.
type measured struct {
	Description  string  `json:"description"`
	ArticleCode  string  `json:"article_code"`
	LimitPeriod  *string `json:"limit_period"`
	LimitAmount  *int64  `json:"limit_amount"`
	MaxAvailable *int64  `json:"max_available_limit"`
	DefaultLimit *int64  `json:"default_limit"`
	UnitFactor   *int64  `json:"unit_factor"`
	Boolean      bool    `json:"is_boolean"`
	Prepaid      bool    `json:"is_prepaid"`
}

func ofMeasured(read func(m measured) any) func(*view, catalog.Component) any {
	return func(_ *view, c catalog.Component) any { return read(attrs[measured](c.Attrs)) }
}

func ofComponent(read func(c catalog.Component) any) func(*view, catalog.Component) any {
	return func(_ *view, c catalog.Component) any { return read(c) }
}

// limitPeriods are those that the vendor's client knows.
var limitPeriods = []string{"month", "quarterly", "annual", "total"}

var componentModel = shown(slices.Concat(model[catalog.Component]{
	{name: "uuid", value: ofComponent(func(c catalog.Component) any { return c.ID.UUID(id.Component) })},
	{name: "offering_uuid", value: ofComponent(func(c catalog.Component) any { return c.Offering.UUID(id.Offering) })},
	{name: "billing_type", value: ofComponent(func(c catalog.Component) any { return billingType[c.Billing] })},
	{name: "type", value: ofComponent(func(c catalog.Component) any { return c.Code })},
	{name: "name", value: ofComponent(func(c catalog.Component) any { return c.Name })},
	{name: "measured_unit", value: ofComponent(func(c catalog.Component) any { return c.Unit })},
	{name: "max_value", value: ofComponent(func(c catalog.Component) any { return wholeOrNull(c.Max) })},
	{name: "min_value", value: ofComponent(func(c catalog.Component) any { return wholeOrNull(c.Min) })},
	{name: "description", value: ofMeasured(func(m measured) any { return m.Description })},
	{name: "article_code", value: ofMeasured(func(m measured) any { return m.ArticleCode })},
	{name: "limit_period", value: ofMeasured(func(m measured) any {
		if m.LimitPeriod == nil || !slices.Contains(limitPeriods, *m.LimitPeriod) {
			return nil
		}
		return *m.LimitPeriod
	})},
	{name: "limit_amount", value: ofMeasured(func(m measured) any { return m.LimitAmount })},
	{name: "max_available_limit", value: ofMeasured(func(m measured) any { return m.MaxAvailable })},
	{name: "default_limit", value: ofMeasured(func(m measured) any { return m.DefaultLimit })},
	{name: "unit_factor", value: ofMeasured(func(m measured) any {
		if m.UnitFactor == nil {
			return 1
		}
		return *m.UnitFactor
	})},
	{name: "is_boolean", value: ofMeasured(func(m measured) any { return m.Boolean })},
	{name: "is_prepaid", value: ofMeasured(func(m measured) any { return m.Prepaid })},
}, always[catalog.Component](false, "is_builtin"),
	always[catalog.Component](nil, "factor", "overage_component", "min_prepaid_duration", "max_prepaid_duration", "prepaid_duration_step",
		"min_renewal_duration", "max_renewal_duration", "renewal_duration_step")), durations, attrsOfComponent)

func wholeOrNull(m *money.Micro) any {
	if m == nil {
		return nil
	}
	return m.Floor()
}

// pricing is a plan with the sheet it is of, whose prices may be the plan's alone.
type pricing struct {
	sheet catalog.Sheet
	plan  catalog.Plan
}

// pricings lists the plans of a sheet; archived ones only to those who deliver.
func pricings(s catalog.Sheet, archived bool) []pricing {
	var out []pricing
	own := map[id.ID][]catalog.Price{}
	for _, p := range s.Prices {
		own[p.Plan] = append(own[p.Plan], p)
	}
	for _, p := range s.Plans {
		if p.ArchivedAt == nil || archived {
			s.Prices = own[p.ID]
			out = append(out, pricing{s, p})
		}
	}
	return out
}

// pricing returns a plan of an offering that the caller sees.
func (v *view) pricing(i id.ID) (pricing, error) {
	none := &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "plan", ID: i}}
	p, err := v.Plan(i)
	if errors.Is(err, core.NotFound) {
		return pricing{}, none
	}
	if err != nil {
		return pricing{}, err
	}
	sh, err := v.Offering(p.Offering)
	if err != nil {
		return pricing{}, err
	}
	if of := v.req.PathValue("offering"); of != "" {
		if want, err := id.ParseUUID(id.Offering, of); err != nil || want != p.Offering {
			return pricing{}, none
		}
	}
	if _, ok := sh.Plan(i); !ok { // agreed with another customer
		return pricing{}, none
	}
	return pricing{sh, p}, nil
}

// rate is what a component costs for one unit under the plan: once, where that is how it
// is charged, else for each of the plan's units of time.
func (p pricing) rate(v *view, c catalog.Component) (money.Rate, bool) {
	row, ok := p.sheet.Price(p.plan.ID, c.ID, v.today())
	return rateOf(row, c), ok
}

func rateOf(row catalog.Price, c catalog.Component) money.Rate {
	if row.Upfront(c.Billing) {
		return row.Once
	}
	return row.Each
}

// next is the price that follows the present one, if any. A row that changes the amount
// alone is none.
func (p pricing) next(v *view, c catalog.Component) (money.Rate, bool) {
	now, priced := p.rate(v, c)
	for _, row := range p.sheet.Prices { // ascending by day
		if row.Plan == p.plan.ID && row.Component == c.ID && row.From > v.today() && (!priced || rateOf(row, c) != now) {
			return rateOf(row, c), true
		}
	}
	return 0, false
}

func (p pricing) amount(v *view, c catalog.Component) int64 {
	row, _ := p.sheet.Price(p.plan.ID, c.ID, v.today())
	if c.Billing != catalog.ByFixed {
		return 0
	}
	return row.Amount.Floor()
}

// sum adds up the prices of the components charged one way.
func (p pricing) sum(v *view, how catalog.Billing) money.Micro {
	var total money.Micro
	for _, c := range p.sheet.Components {
		if c.Billing != how {
			continue
		}
		row, _ := p.sheet.Price(p.plan.ID, c.ID, v.today())
		q := money.Unit
		if how == catalog.ByFixed {
			q = row.Amount
		}
		m, err := money.Times(p.plan.Currency, q, rateOf(row, c), 1, 1)
		if err == nil {
			total, err = money.Add(total, m)
		}
		v.failed(err)
	}
	return total
}

func (v *view) today() day.Day { return day.Of(v.door.core.Now()) }

// exact writes a decimal as a JSON number without going through floats.
func exact(s interface{ String() string }) json.Number { return json.Number(s.String()) }

func (p pricing) byCode(get func(c catalog.Component) any) map[string]any {
	out := map[string]any{}
	for _, c := range p.sheet.Components {
		out[c.Code] = get(c)
	}
	return out
}

func ofPlan(read func(p catalog.Plan) any) func(*view, pricing) any {
	return func(_ *view, p pricing) any { return read(p.plan) }
}

// planBase is what every model of a plan has.
var planBase = slices.Concat(model[pricing]{
	{name: "uuid", value: ofPlan(func(p catalog.Plan) any { return p.ID.UUID(id.Plan) })},
	{name: "name", value: ofPlan(func(p catalog.Plan) any { return orElse(p.Name, p.Code) })},
	{name: "description", value: ofPlan(func(p catalog.Plan) any { return planText(p, "description") })},
	{name: "article_code", value: ofPlan(func(p catalog.Plan) any { return planText(p, "article_code") })},
	{name: "backend_id", value: ofPlan(func(p catalog.Plan) any { return planText(p, "backend_id") })},
	{name: "max_amount", value: ofPlan(func(p catalog.Plan) any {
		if p.MaxResources == 0 {
			return nil
		}
		return p.MaxResources
	})},
	{name: "archived", value: ofPlan(func(p catalog.Plan) any { return p.ArchivedAt != nil })},
	{name: "is_active", value: func(v *view, p pricing) any {
		return p.plan.ArchivedAt == nil && (p.plan.MaxResources == 0 || v.resourcesOn(p.plan) < p.plan.MaxResources)
	}},
	{name: "unit", value: ofPlan(func(p catalog.Plan) any { return planUnit[p.Unit] })},
	{name: "unit_price", value: func(v *view, p pricing) any { return p.sum(v, catalog.ByFixed).Fixed(10) }},
	{name: "minimal_price", value: func(v *view, p pricing) any { return p.sum(v, catalog.ByFixed).Fixed(10) }},
	{name: "init_price", value: func(v *view, p pricing) any { return exact(p.sum(v, catalog.Once)) }},
	{name: "switch_price", value: func(v *view, p pricing) any { return exact(p.sum(v, catalog.Few)) }},
	{name: "components", value: func(v *view, p pricing) any { return nestedComponentModel.objects(v, p.rows(v)) }},
	{name: "prices", value: func(v *view, p pricing) any {
		return p.byCode(func(c catalog.Component) any { r, _ := p.rate(v, c); return exact(r) })
	}},
	{name: "future_prices", value: func(v *view, p pricing) any {
		return p.byCode(func(c catalog.Component) any {
			if r, ok := p.next(v, c); ok {
				return exact(r)
			}
			return nil
		})
	}},
	{name: "quotas", value: func(v *view, p pricing) any {
		return p.byCode(func(c catalog.Component) any { return p.amount(v, c) })
	}},
	{name: "resources_count", value: func(v *view, p pricing) any { return v.resourcesOn(p.plan) }},
	{name: "plan_type", value: func(_ *view, p pricing) any { return planType(p.sheet.Components) }},
}, always[pricing]([]string{}, "organization_groups"))

func planText(p catalog.Plan, name string) string {
	s, _ := attrs[map[string]any](p.Attrs)[name].(string)
	return s
}

// planType is the one way in which all components are charged, else "mixed".
func planType(list []catalog.Component) string {
	kind := ""
	for _, c := range list {
		if kind != "" && kind != billingType[c.Billing] {
			return "mixed"
		}
		kind = billingType[c.Billing]
	}
	return kind
}

// resourcesOn counts the live resources of a plan that the caller sees.
func (v *view) resourcesOn(plan catalog.Plan) int {
	k := "plan " + plan.ID.Decimal()
	n, ok := v.counts[k]
	if !ok {
		var err error
		n, err = v.CountResources(core.ResourceQuery{Offerings: []id.ID{plan.Offering}, Plans: []id.ID{plan.ID}, States: living})
		v.failed(err)
		v.counts[k] = n
	}
	return n
}

var (
	publicPlanModel = slices.Concat(model[pricing]{
		{name: "url", value: func(v *view, p pricing) any { return v.publicPlanLink(p.sheet.Offering.ID, p.plan.ID) }},
	}, planBase)
	providerPlanModel = slices.Concat(model[pricing]{
		{name: "url", value: func(v *view, p pricing) any { return v.planLink(p.plan.ID) }},
	}, planBase)
	planDetailsModel = slices.Concat(providerPlanModel, model[pricing]{
		{name: "offering", value: func(v *view, p pricing) any { return v.providerOfferingLink(p.sheet.Offering.ID) }},
	})
)

// publicPlans lists an offering's plans, a page being all of them.
func (d *door) publicPlans(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var out []json.RawMessage
	err := d.read(r, who, func(v *view) error {
		sh, err := v.publicOffering(v.named(id.Offering))
		if err != nil {
			return err
		}
		out = publicPlanModel.objects(v, pricings(sh, false))
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

// allPricings reads the plans of every offering that the caller sees.
func allPricings(v *view) ([]pricing, error) {
	sheets, err := offered(func(v *view, o catalog.Offering) bool { return o.State != catalog.Draft || v.delivers(o) })(v, few{}, 0, 0)
	var out []pricing
	for _, s := range sheets {
		out = append(out, pricings(s, v.delivers(s.Offering))...)
	}
	return out, err
}

func pricedOffering(_ *view, p pricing) id.ID { return p.sheet.Offering.ID }

var plans = list[few, pricing]{
	rows: whole(allPricings),
	filters: map[string]filter[few, pricing]{
		"offering_uuid":        idIn[few](id.Offering, pricedOffering),
		"offering_slug":        equals[few](func(_ *view, p pricing) string { return orElse(p.sheet.Offering.Slug, slugOf(p.sheet.Offering.Code)) }),
		"parent_offering_uuid": nothing[few, pricing](id.Offering),
		"offering": links(id.Offering, func(_ *view, a *ask[few, pricing], ids []id.ID) {
			a.keep = append(a.keep, func(p pricing) bool { return slices.Contains(ids, p.sheet.Offering.ID) })
		}),
	},
	model: planDetailsModel,
}

// priced is one component under one plan.
type priced struct {
	pricing
	component catalog.Component
}

// rows lists the components that the plan prices.
func (p pricing) rows(v *view) []priced {
	var out []priced
	for _, c := range p.sheet.Components {
		if _, ok := p.rate(v, c); ok {
			out = append(out, priced{p, c})
		}
	}
	return out
}

var pricedBase = slices.Concat(model[priced]{
	{name: "measured_unit", value: func(_ *view, p priced) any { return p.component.Unit }},
	{name: "amount", value: func(v *view, p priced) any { return p.amount(v, p.component) }},
	{name: "price", value: func(v *view, p priced) any { r, _ := p.rate(v, p.component); return r.Fixed() }},
	{name: "future_price", value: func(v *view, p priced) any {
		if r, ok := p.next(v, p.component); ok {
			return r.Fixed()
		}
		return nil
	}},
}, always[priced]("", "discount_formula"), always[priced]("resource", "discount_aggregation"))

var nestedComponentModel = slices.Concat(model[priced]{
	{name: "type", value: func(_ *view, p priced) any { return p.component.Code }},
	{name: "name", value: func(_ *view, p priced) any { return p.component.Name }},
}, pricedBase, always[priced](nil, "discount_description"))

var planComponentModel = slices.Concat(model[priced]{
	{name: "offering_uuid", value: func(_ *view, p priced) any { return p.sheet.Offering.ID.UUID(id.Offering) }},
	{name: "offering_name", value: func(_ *view, p priced) any { return p.sheet.Offering.Name }},
	{name: "plan_uuid", value: func(_ *view, p priced) any { return p.plan.ID.UUID(id.Plan) }},
	{name: "plan_name", value: func(_ *view, p priced) any { return orElse(p.plan.Name, p.plan.Code) }},
	{name: "plan_unit", value: func(_ *view, p priced) any { return planUnit[p.plan.Unit] }},
	{name: "component_name", value: func(_ *view, p priced) any { return p.component.Name }},
	{name: "billing_type", value: func(_ *view, p priced) any { return billingType[p.component.Billing] }},
}, pricedBase)

var planComponents = list[few, priced]{
	rows: whole(func(v *view) ([]priced, error) {
		all, err := allPricings(v)
		var out []priced
		for _, p := range all {
			out = append(out, p.rows(v)...)
		}
		return out, err
	}),
	filters: map[string]filter[few, priced]{
		"offering_uuid": idIn[few](id.Offering, func(_ *view, p priced) id.ID { return p.sheet.Offering.ID }),
		"plan_uuid":     idIn[few](id.Plan, func(_ *view, p priced) id.ID { return p.plan.ID }),
		"archived":      is[few](func(_ *view, p priced) bool { return p.plan.ArchivedAt != nil }),
		"shared":        is[few](func(_ *view, p priced) bool { return p.sheet.Offering.Shared }),
	},
	model: planComponentModel,
}
