package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// planAttributes are what only this door keeps of a plan.
var planAttributes = []attribute{{"description", aText(0)}, {"article_code", aText(30)}, {"backend_id", aText(255)}}

// planSpec reads a plan. Its price is that of its components.
func (b *body) planSpec() core.PlanSpec {
	s := core.PlanSpec{Name: b.text("name", true, 150), Unit: choice(b, "unit", false, planUnit), Attrs: b.keep(planAttributes, nil)}
	if n, ok := b.whole("max_amount", 1); ok {
		most := int(n)
		s.MaxResources = &most
	}
	if b.given("archived") {
		archived := b.flag("archived")
		s.Archived = &archived
	}
	if f, ok := b.raw("unit_price", false); ok {
		if r, wrong := rateSent(f); wrong != "" {
			b.errs.add("unit_price", "%s", wrong)
		} else if r != 0 {
			b.errs.add("unit_price", "The price of a plan is that of its components: leave this out and set them with update_prices.")
		}
	}
	return s
}

// rateSent reads a price of up to ten decimals; wrong is what the vendor says otherwise.
func rateSent(f json.RawMessage) (r money.Rate, wrong string) {
	s, ok := asText(f)
	s, number := plain(strings.TrimSpace(s))
	if !ok || !number {
		return 0, "A valid number is required."
	}
	if strings.HasPrefix(s, "-") && strings.Trim(s, "-0.") != "" {
		return 0, "Ensure this value is greater than or equal to 0."
	}
	if _, places, _ := strings.Cut(s, "."); len(strings.TrimRight(places, "0")) > 10 {
		return 0, "Ensure that there are no more than 10 decimal places."
	}
	if whole, places, cut := strings.Cut(s, "."); cut {
		s = strings.TrimSuffix(whole+"."+strings.TrimRight(places, "0"), ".")
	}
	r, err := money.ParseRate(strings.TrimPrefix(s, "-"))
	if err != nil {
		return 0, "Ensure this value is less than or equal to 900000000."
	}
	return r, ""
}

func (d *door) createPlan(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	offering := b.link(d, "offering", true, id.Offering, offeringPaths)
	err := d.read(r, who, func(v *view) error {
		return v.known(b, "offering", offering, func(i id.ID) error {
			sh, err := v.publicOffering(i)
			if err != nil {
				return err
			}
			return d.unable(who, tenant.CreatePlan, i, v.provider(sh.Offering.Provider).Customer)
		})
	})
	if err != nil {
		return 0, err
	}
	s := b.planSpec()
	if err := b.done(); err != nil {
		return 0, err
	}
	made, err := d.core.MakePlan(r.Context(), who, offering, s)
	return made.ID, fieldRefused(err, map[string]string{"unit": "unit", "code": "name", "plans": ""})
}

// editable finds the plan of a path: 404 for those who do not see it, 403 without the right.
func (d *door) editable(r *http.Request, who core.Actor, right tenant.Right) (id.ID, error) {
	i := named(r, id.Plan)
	return i, d.read(r, who, func(v *view) error {
		p, err := v.pricing(i)
		if err != nil {
			return err
		}
		if p.sheet.Offering.State == catalog.Draft && !v.delivers(p.sheet.Offering) {
			return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "plan", ID: i}}
		}
		return d.unable(who, right, p.sheet.Offering.ID, v.provider(p.sheet.Offering.Provider).Customer)
	})
}

// reprice answers update_prices and update_quotas: each is an object by component type, of
// which one reads a member. Components that it may not be about are refused together.
func (d *door) reprice(field string, about func(c catalog.Component) bool, read func(raw json.RawMessage) (core.Reprice, string)) func(http.ResponseWriter, *http.Request, core.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		i, err := d.editable(r, who, tenant.EditPlan)
		if err != nil {
			return err
		}
		err = d.core.RepricePlan(r.Context(), who, i, func(sh catalog.Sheet, _ catalog.Plan) (map[string]core.Reprice, error) {
			b, err := readBody(r)
			if err != nil {
				return nil, err
			}
			out, errs, unknown := map[string]core.Reprice{}, fieldErrors{}, []string{}
			for code, raw := range b.object(field, true) {
				if c, ok := sh.Component(code); !ok || !about(c) {
					unknown = append(unknown, code)
					continue
				}
				change, wrong := read(raw)
				if wrong != "" {
					errs.add(code, "%s", wrong)
				}
				out[code] = change
			}
			if len(errs) > 0 {
				b.errs[field] = errs
			}
			if err := b.done(); err != nil {
				return nil, err
			}
			if slices.Sort(unknown); len(unknown) > 0 {
				return nil, rule("Invalid components " + strings.Join(unknown, ", ") + ".")
			}
			return out, nil
		})
		if err != nil {
			return err
		}
		return empty(w, http.StatusOK)
	}
}

func anyComponent(catalog.Component) bool { return true }

func priceSent(raw json.RawMessage) (core.Reprice, string) {
	rate, wrong := rateSent(raw)
	return core.Reprice{Rate: &rate}, wrong
}

func isFixed(c catalog.Component) bool { return c.Billing == catalog.ByFixed }

func quotaSent(raw json.RawMessage) (core.Reprice, string) {
	n, ok := wholeNumber(raw)
	amount, err := money.Units(n)
	switch {
	case !ok:
		return core.Reprice{}, "A valid integer is required."
	case n < 0:
		return core.Reprice{}, "Ensure this value is greater than or equal to 0."
	case err != nil:
		return core.Reprice{}, "Ensure this value is less than or equal to 9000000000000."
	}
	return core.Reprice{Amount: &amount}, ""
}

func (d *door) archivePlan(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := d.editable(r, who, tenant.ArchivePlan)
	if err != nil {
		return err
	}
	err = d.core.ArchivePlan(r.Context(), who, i)
	if e := core.AsError(err); err != nil && e.Reason == core.ReasonState {
		return rule(e.Msg)
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, detail("Plan has been archived."))
}
