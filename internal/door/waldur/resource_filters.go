package waldur

import (
	"encoding/json"
	"slices"
	"strings"
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
	"created_before":         instant(func(_ *view, a *resourceAsk, t time.Time) { a.q.Until = justAfter(t) }),
	"modified":               instant(func(_ *view, a *resourceAsk, t time.Time) { a.q.ChangedFrom = &t }),
	"modified_before":        instant(func(_ *view, a *resourceAsk, t time.Time) { a.q.ChangedUntil = justAfter(t) }),
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
			return v.showsTo(r, s)
		})
	}),
	"service_manager_uuid": uuids(id.User, func(v *view, a *resourceAsk, ids []id.ID) {
		a.keep = append(a.keep, func(r order.Resource) bool { return v.managed(v.sheet(r.Offering).Offering, ids) })
	}),
	"runtime_state":       ofMetadata("runtime_state", strings.EqualFold),
	"flavor_name":         ofMetadata("flavor_name", containsFold),
	"image_name":          ofMetadata("image_name", containsFold),
	"is_attached":         is[core.ResourceQuery](never[order.Resource]),
	"scope":               none[core.ResourceQuery, order.Resource](),
	"resource_attributes": inside[core.ResourceQuery](func(_ *view, r order.Resource) json.RawMessage { return kept(r).Attributes }),
	"lexis_links_supported": keepResource(func(v *view, r order.Resource) bool {
		_, ok := attrs[map[string]json.RawMessage](pluginOptions(v.sheet(r.Offering).Offering))["heappe_url"]
		return ok
	}),
	"visible_to_providers": only(func(v *view, r order.Resource) bool {
		n, err := v.CountOrders(core.OrderQuery{IDs: []id.ID{r.ID}, States: beforeProvider})
		v.failed(err)
		return r.State != order.Creating || n == 0
	}),
	"parent_offering_uuid": nothing[core.ResourceQuery, order.Resource](id.Offering),
}

// grantsFor are the roles in a resource's project, read once for each project.
func (v *view) grantsFor(r order.Resource) []tenant.Grant {
	return look(v, v.teams, r.Project, func(id.ID) ([]tenant.Grant, error) { return v.Team(r.ID) })
}

// showsTo reports whether a resource is listed to somebody else: to one who may list those
// of its project, its customer or its provider. A filter must not tell a login that the row
// does not: who only delivers the resource finds by it whom the offering lets them know.
func (v *view) showsTo(r order.Resource, login string) bool {
	grants := v.grantsFor(r)
	for _, customer := range []id.ID{r.Customer, v.provider(r.Provider).Customer} {
		grants = append(grants[:len(grants):len(grants)], look(v, v.teams, customer, func(i id.ID) ([]tenant.Grant, error) { return v.GrantsIn(tenant.OnCustomer, i) })...)
	}
	return slices.ContainsFunc(grants, func(g tenant.Grant) bool {
		return v.user(g.User).Login == login && slices.Contains(v.door.core.Rights(g.Role), tenant.ListResources) &&
			(exposure(v.sheet(r.Offering).Offering).has("username") || v.knows(g.User))
	})
}

// knows reports whether the caller sees a user whatever an offering tells of them.
func (v *view) knows(user id.ID) bool {
	return look(v, v.seen, user, func(i id.ID) (bool, error) {
		_, err := v.User(i)
		if err != nil && core.KindOf(err) == core.NotFound {
			return false, nil
		}
		return err == nil, err
	})
}

// beforeProvider are the states of orders that their provider has no part in yet.
var beforeProvider = []order.State{order.PendingConsumer, order.PendingProject}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// ofMetadata narrows by a text that the provider's own system tells of a resource.
func ofMetadata(name string, fits func(got, want string) bool) resourceFilter {
	return text(func(_ *view, a *resourceAsk, s string) {
		a.keep = append(a.keep, func(r order.Resource) bool {
			got, ok := attrs[map[string]any](kept(r).BackendMetadata)[name].(string)
			return ok && fits(got, s)
		})
	})
}
