package waldur

import (
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// around is what an order or a resource is of: its offering and, if it has one, its plan;
// and for whom.
type around struct {
	offering, plan    id.ID
	customer, project id.ID
}

func ofAround(read func(v *view, a around) any) func(*view, around) any { return read }

// onPlan leaves a key out where there is no plan.
func onPlan(read func(v *view, a around) any) func(*view, around) any {
	return func(v *view, a around) any {
		if a.plan == 0 {
			return absent
		}
		return read(v, a)
	}
}

// aroundModel are the keys that orders and resources have in common.
var aroundModel = slices.Concat(model[around]{
	{name: "offering", value: ofAround(func(v *view, a around) any { return v.publicOfferingLink(a.offering) })},
	{name: "offering_uuid", value: ofAround(func(_ *view, a around) any { return a.offering.UUID(id.Offering) })},
	{name: "offering_name", value: ofAround(func(v *view, a around) any { return v.sheet(a.offering).Offering.Name })},
	{name: "offering_description", value: ofAround(func(v *view, a around) any { return v.sheet(a.offering).Offering.Description })},
	{name: "offering_type", value: ofAround(func(v *view, a around) any { return offeringType(v.sheet(a.offering).Offering) })},
	{name: "offering_shared", value: ofAround(func(v *view, a around) any { return v.sheet(a.offering).Offering.Shared })},
	{name: "offering_billable", value: ofAround(func(v *view, a around) any { return billable(v.sheet(a.offering).Offering) })},
	{name: "offering_plugin_options", value: ofAround(func(v *view, a around) any { return pluginOptions(v.sheet(a.offering).Offering) })},
	{name: "provider_uuid", value: ofAround(func(v *view, a around) any { return a.deliverer(v).ID.UUID(id.Customer) })},
	{name: "provider_name", value: ofAround(func(v *view, a around) any { return a.deliverer(v).Name })},
	{name: "provider_slug", value: ofAround(func(v *view, a around) any { return a.deliverer(v).Slug })},
	{name: "provider_description", value: ofAround(func(v *view, a around) any { return attrs[organization](a.deliverer(v).Attrs).Description })},
	{name: "category_uuid", value: ofAround(func(v *view, a around) any { return hashed(id.Category, category(v.sheet(a.offering).Offering)) })},
	{name: "category_title", value: ofAround(func(v *view, a around) any { return category(v.sheet(a.offering).Offering) })},
	{name: "plan", value: ofAround(func(v *view, a around) any {
		if a.plan == 0 {
			return nil
		}
		return v.publicPlanLink(a.offering, a.plan)
	})},
	{name: "plan_uuid", value: onPlan(func(_ *view, a around) any { return a.plan.UUID(id.Plan) })},
	{name: "plan_name", value: onPlan(func(v *view, a around) any { p := v.plan(a.plan); return orElse(p.Name, p.Code) })},
	{name: "plan_description", value: onPlan(func(v *view, a around) any { return planText(v.plan(a.plan), "description") })},
	{name: "plan_unit", value: onPlan(func(v *view, a around) any { return planUnit[v.plan(a.plan).Unit] })},
	{name: "customer_uuid", value: ofAround(func(_ *view, a around) any { return a.customer.UUID(id.Customer) })},
	{name: "customer_name", value: ofAround(func(v *view, a around) any { return v.customer(a.customer).Name })},
	{name: "customer_slug", value: ofAround(func(v *view, a around) any { return v.customer(a.customer).Slug })},
	{name: "project", value: ofAround(func(v *view, a around) any { return v.projectLink(a.project) })},
	{name: "project_uuid", value: ofAround(func(_ *view, a around) any { return a.project.UUID(id.Project) })},
	{name: "project_name", value: ofAround(func(v *view, a around) any { return v.project(a.project).Name })},
	{name: "project_slug", value: ofAround(func(v *view, a around) any { return v.project(a.project).Slug })},
	{name: "project_description", value: ofAround(func(v *view, a around) any { return attrs[projectInfo](v.project(a.project).Attrs).Description })},
}, always[around](nil, "offering_image", "offering_thumbnail", "category_icon"))

func (a around) deliverer(v *view) tenant.Customer {
	return v.deliverer(v.sheet(a.offering).Offering.Provider)
}
