package waldur

import (
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// resourceIDs narrows one of the query's lists of ids.
func resourceIDs(kind id.Kind, field func(q *core.ResourceQuery) *[]id.ID) resourceFilter {
	return uuids(kind, func(_ *view, a *resourceAsk, ids []id.ID) { among(a, field(&a.q), ids) })
}

func resourceLinks(kind id.Kind, field func(q *core.ResourceQuery) *[]id.ID) resourceFilter {
	return links(kind, func(_ *view, a *resourceAsk, ids []id.ID) { among(a, field(&a.q), ids) })
}

// inOfferings narrows resources to offerings that pass, those that are no longer shown to
// the caller included: a resource outlives its offering's being public.
func inOfferings(pass func(o catalog.Offering, values []string) bool) resourceFilter {
	return func(v *view, a *resourceAsk, _ string, values []string) {
		a.keep = append(a.keep, func(r order.Resource) bool { return pass(v.sheet(r.Offering).Offering, values) })
	}
}

func keepResource(read func(v *view, r order.Resource) bool) resourceFilter {
	return is[core.ResourceQuery](read)
}

func keptFlag(read func(k keeping) bool) resourceFilter {
	return keepResource(func(_ *view, r order.Resource) bool { return read(kept(r)) })
}

// only keeps what is so, and everything where the flag is false.
func only(read func(v *view, r order.Resource) bool) resourceFilter {
	return flag(func(v *view, a *resourceAsk, yes bool) {
		if yes {
			a.keep = append(a.keep, func(r order.Resource) bool { return read(v, r) })
		}
	})
}

func limitBased(v *view, r order.Resource) bool { return has(v, r, catalog.ByLimit) }
func usageBased(v *view, r order.Resource) bool { return has(v, r, catalog.ByUsage) }

var resourceFilters = map[string]resourceFilter{
	"state":           choices(resourceState, func(_ *view, a *resourceAsk, states []order.ResourceState) { a.q.States = states }),
	"customer_uuid":   resourceIDs(id.Customer, func(q *core.ResourceQuery) *[]id.ID { return &q.Customers }),
	"project_uuid":    resourceIDs(id.Project, func(q *core.ResourceQuery) *[]id.ID { return &q.Projects }),
	"offering_uuid":   resourceIDs(id.Offering, func(q *core.ResourceQuery) *[]id.ID { return &q.Offerings }),
	"plan_uuid":       resourceIDs(id.Plan, func(q *core.ResourceQuery) *[]id.ID { return &q.Plans }),
	"customer":        resourceLinks(id.Customer, func(q *core.ResourceQuery) *[]id.ID { return &q.Customers }),
	"offering":        resourceLinks(id.Offering, func(q *core.ResourceQuery) *[]id.ID { return &q.Offerings }),
	"provider_uuid":   uuids(id.Customer, func(v *view, a *resourceAsk, ids []id.ID) { among(a, &a.q.Providers, v.providersOf(ids)) }),
	"category_uuid":   uuids(id.Category, func(v *view, a *resourceAsk, ids []id.ID) { among(a, &a.q.Offerings, v.offeringsIn(ids)) }),
	"offering_slug":   inOfferings(bySlug),
	"offering_type":   inOfferings(byType),
	"offering_shared": keepResource(func(v *view, r order.Resource) bool { return v.sheet(r.Offering).Offering.Shared }),
	"offering_billable": keepResource(func(v *view, r order.Resource) bool {
		return billable(v.sheet(r.Offering).Offering)
	}),
	"name":         text(func(_ *view, a *resourceAsk, s string) { a.q.NameContains = s }),
	"name_exact":   text(func(_ *view, a *resourceAsk, s string) { a.q.Name = s }),
	"slug":         text(func(_ *view, a *resourceAsk, s string) { a.q.Slug = s }),
	"backend_id":   text(func(_ *view, a *resourceAsk, s string) { a.q.BackendID = s }),
	"project_name": contains[core.ResourceQuery](func(v *view, r order.Resource) string { return v.project(r.Project).Name }),
	"query": text(func(_ *view, a *resourceAsk, s string) {
		if i, err := id.ParseUUID(id.Resource, s); err == nil {
			among(a, &a.q.IDs, []id.ID{i})
			return
		}
		a.q.Words = s
	}),
	"created":                instant(func(_ *view, a *resourceAsk, t time.Time) { a.q.From = &t }),
	"created_before":         instant(func(_ *view, a *resourceAsk, t time.Time) { a.q.Until = &t }),
	"modified":               instant(func(*view, *resourceAsk, time.Time) {}), // read and checked: no time of change is kept of a resource
	"modified_before":        instant(func(*view, *resourceAsk, time.Time) {}),
	"has_terminate_date":     keepResource(func(_ *view, r order.Resource) bool { return r.EndsOn != nil }),
	"downscaled":             keptFlag(func(k keeping) bool { return k.Downscaled }),
	"paused":                 keptFlag(func(k keeping) bool { return k.Paused }),
	"restrict_member_access": keptFlag(func(k keeping) bool { return k.RestrictMembers }),
	"limit_based":            keepResource(limitBased),
	"usage_based":            keepResource(usageBased),
	"only_limit_based":       only(func(v *view, r order.Resource) bool { return limitBased(v, r) && !usageBased(v, r) }),
	"only_usage_based":       only(func(v *view, r order.Resource) bool { return usageBased(v, r) && !limitBased(v, r) }),
	"component_count": number(func(v *view, a *resourceAsk, n int) {
		a.keep = append(a.keep, func(r order.Resource) bool { return len(v.sheet(r.Offering).Components) == n })
	}),
	"limit_component_count": number(func(v *view, a *resourceAsk, n int) {
		a.keep = append(a.keep, func(r order.Resource) bool {
			count := 0
			for _, c := range v.sheet(r.Offering).Components {
				if c.Billing == catalog.ByLimit {
					count++
				}
			}
			return count == n
		})
	}),
	"order_state": choices(orderState, func(v *view, a *resourceAsk, states []order.State) {
		a.keep = append(a.keep, func(r order.Resource) bool {
			n, err := v.CountOrders(core.OrderQuery{Resources: []id.ID{r.ID}, States: states})
			v.failed(err)
			return n > 0
		})
	}),
	"visible_to_username": text(func(v *view, a *resourceAsk, s string) {
		a.keep = append(a.keep, func(r order.Resource) bool {
			return slices.ContainsFunc(v.grantsFor(r), func(g tenant.Grant) bool { return v.user(g.User).Login == s })
		})
	}),
	"parent_offering_uuid": nothing[core.ResourceQuery, order.Resource](id.Offering),
}

// grantsFor are the roles in a resource's project, read once for each project.
func (v *view) grantsFor(r order.Resource) []tenant.Grant {
	return look(v, v.teams, r.Project, func(id.ID) ([]tenant.Grant, error) { return v.Team(r.ID) })
}
