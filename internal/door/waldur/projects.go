package waldur

import (
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// projectInfo is what is kept of a project beside the core's own fields.
type projectInfo struct {
	Description string `json:"description"`
	StaffNotes  string `json:"staff_notes"`
}

func ofProject(read func(v *view, p tenant.Project) string) func(*view, tenant.Project) string {
	return read
}

func projectCustomer(v *view, p tenant.Project) tenant.Customer { return v.customer(p.Customer) }

// tally counts the living resources of projects by offering, of many at once.
func (v *view) tally(projects ...id.ID) {
	if len(projects) == 0 {
		return
	}
	for _, i := range projects {
		v.tallies[i] = nil
	}
	list, err := v.Tally(core.ResourceQuery{Projects: projects, States: living})
	v.failed(err)
	for _, t := range list {
		v.tallies[t.Project] = append(v.tallies[t.Project], t)
	}
}

// tallied are a project's living resources by offering.
func (v *view) tallied(project id.ID) []core.Tally {
	if _, ok := v.tallies[project]; !ok {
		v.tally(project)
	}
	return v.tallies[project]
}

func (v *view) resourcesIn(project id.ID) int {
	n := 0
	for _, t := range v.tallied(project) {
		n += t.Resources
	}
	return n
}

// primeProjects counts the resources of a page's projects.
func primeProjects(v *view, rows []tenant.Project, wants func(names ...string) bool) {
	if !wants("resources_count", "marketplace_resource_count") {
		return
	}
	ids := make([]id.ID, len(rows))
	for n, p := range rows {
		ids[n] = p.ID
	}
	v.tally(ids...)
}

var projectModel = shown(slices.Concat(model[tenant.Project]{
	{name: "url", value: func(v *view, p tenant.Project) any { return v.projectLink(p.ID) }},
	{name: "uuid", value: func(_ *view, p tenant.Project) any { return p.ID.UUID(id.Project) }},
	{name: "name", value: func(_ *view, p tenant.Project) any { return p.Name }},
	{name: "slug", value: func(_ *view, p tenant.Project) any { return p.Slug }},
	{name: "customer", value: func(v *view, p tenant.Project) any { return v.customerLink(p.Customer) }},
	{name: "customer_uuid", value: func(_ *view, p tenant.Project) any { return p.Customer.UUID(id.Customer) }},
	{name: "customer_name", value: func(v *view, p tenant.Project) any { return projectCustomer(v, p).Name }},
	{name: "customer_slug", value: func(v *view, p tenant.Project) any { return projectCustomer(v, p).Slug }},
	{name: "customer_native_name", value: func(v *view, p tenant.Project) any {
		return attrs[organization](projectCustomer(v, p).Attrs).NativeName
	}},
	{name: "customer_abbreviation", value: func(v *view, p tenant.Project) any {
		return attrs[organization](projectCustomer(v, p).Attrs).Abbreviation
	}},
	{name: "description", value: func(_ *view, p tenant.Project) any { return attrs[projectInfo](p.Attrs).Description }},
	{name: "created", value: func(_ *view, p tenant.Project) any { return stamp(p.ID.Time()) }},
	{name: "backend_id", value: func(_ *view, p tenant.Project) any { return p.BackendID }},
	{name: "start_date", value: func(_ *view, p tenant.Project) any { return dayOrNull(p.StartOn) }},
	{name: "end_date", value: func(_ *view, p tenant.Project) any { return dayOrNull(p.EndOn) }},
	{name: "effective_end_date", value: func(_ *view, p tenant.Project) any { return dayOrNull(p.EndOn) }},
	{name: "is_removed", value: func(_ *view, p tenant.Project) any { return p.RemovedAt != nil }},
	{name: "resources_count", value: func(v *view, p tenant.Project) any { return v.resourcesIn(p.ID) }},
	{name: "staff_notes", value: func(v *view, p tenant.Project) any {
		if !v.who.SeesAll() {
			return absent
		}
		return attrs[projectInfo](p.Attrs).StaffNotes
	}},
	{name: "max_service_accounts", value: func(_ *view, p tenant.Project) any { return mostOf(p.Attrs) }},
	{name: "kind", value: func(*view, tenant.Project) any { return "default" }},
	{name: "billing_price_estimate", value: func(*view, tenant.Project) any { return noMoney }},
	{name: "marketplace_resource_count", value: func(v *view, p tenant.Project) any { return v.resourcesByCategory(p.ID) }},
}, always[tenant.Project](nil, "type", "type_name", "type_uuid", "end_date_requested_by", "end_date_updated_at", "oecd_fos_2007_code", "image",
	"termination_metadata", "grace_period_days", "customer_grace_period_days", "affiliation", "affiliation_uuid",
	"science_sub_domain", "project_credit"),
	always[tenant.Project]("", "oecd_fos_2007_label", "affiliation_name", "affiliation_code", "science_sub_domain_name", "science_sub_domain_code",
		"science_domain_name", "science_domain_code"),
	always[tenant.Project](absent, "science_domain_uuid"),
	always[tenant.Project](false, "is_industry", "is_in_grace_period"),
	always[tenant.Project](true, "customer_display_billing_info_in_projects"),
	always[tenant.Project]([]string{}, "project_metadata", "user_email_patterns", "user_affiliations", "user_identity_sources"),
), projectAttributes, attrsOfProject)

// resourcesByCategory counts a project's live resources by category.
func (v *view) resourcesByCategory(project id.ID) map[string]int {
	out := map[string]int{}
	for _, t := range v.tallied(project) {
		out[hashed(id.Category, category(v.sheet(t.Offering).Offering))] += t.Resources
	}
	return out
}

func projectText(read func(p tenant.Project) string) func(*view, tenant.Project) string {
	return func(_ *view, p tenant.Project) string { return read(p) }
}

func dayText[D interface{ String() string }](d *D) string {
	if d == nil {
		return ""
	}
	return (*d).String()
}

func dayOrNull[D interface{ String() string }](d *D) any { return orNull(dayText(d)) }

func projectMade(_ *view, p tenant.Project) time.Time    { return p.ID.Time() }
func projectChanged(_ *view, p tenant.Project) time.Time { return p.Changed() }

func never[T any](*view, T) bool { return false }

var projects = list[few, tenant.Project]{
	rows: whole(func(v *view) ([]tenant.Project, error) {
		q := core.ProjectQuery{Page: everything}
		params := v.req.URL.Query()
		q.Removed = strings.EqualFold(last(params["is_removed"]), "true")
		q.IncludeWithRemoved = strings.EqualFold(last(params["include_terminated"]), "true")
		return v.Projects(q)
	}),
	filters: projectFilters[few](),
	sorts:   projectSorts[few](),
	prime:   primeProjects,
	model:   projectModel,
}

func projectFilters[Q any]() map[string]filter[Q, tenant.Project] {
	return map[string]filter[Q, tenant.Project]{
		"name":          contains[Q](projectText(func(p tenant.Project) string { return p.Name })),
		"name_exact":    equals[Q](projectText(func(p tenant.Project) string { return p.Name })),
		"slug":          equals[Q](projectText(func(p tenant.Project) string { return p.Slug })),
		"backend_id":    equals[Q](projectText(func(p tenant.Project) string { return p.BackendID })),
		"description":   contains[Q](projectText(func(p tenant.Project) string { return attrs[projectInfo](p.Attrs).Description })),
		"query":         contains[Q](projectText(func(p tenant.Project) string { return p.Name + " " + p.Slug + " " + p.ID.UUID(id.Project) })),
		"customer":      idIn[Q](id.Customer, func(_ *view, p tenant.Project) id.ID { return p.Customer }),
		"customer_name": contains[Q](ofProject(func(v *view, p tenant.Project) string { return projectCustomer(v, p).Name })),
		"customer_abbreviation": contains[Q](ofProject(func(v *view, p tenant.Project) string {
			return attrs[organization](projectCustomer(v, p).Attrs).Abbreviation
		})),
		"customer_native_name": contains[Q](ofProject(func(v *view, p tenant.Project) string {
			return attrs[organization](projectCustomer(v, p).Attrs).NativeName
		})),
		"created":         since[Q](projectMade),
		"created_before":  until[Q](projectMade),
		"modified":        since[Q](projectChanged),
		"modified_before": until[Q](projectChanged),
		"is_removed":      is[Q](func(_ *view, p tenant.Project) bool { return p.RemovedAt != nil }),
		"conceal_finished_projects": flag(func(v *view, a *ask[Q, tenant.Project], yes bool) {
			now := v.door.core.Now()
			a.keep = append(a.keep, func(p tenant.Project) bool {
				return !yes || p.EndOn == nil || p.EndOn.Time().AddDate(0, 0, 1).After(now)
			})
		}),
		"can_manage":                 is[Q](func(v *view, p tenant.Project) bool { return v.may(tenant.ManageMembers, p.ID, p.Customer) }),
		"can_admin":                  is[Q](func(v *view, p tenant.Project) bool { return v.who.HasRole(tenant.ProjectAdmin, p.ID) }),
		"current_user_has_role":      roleIn[Q](func(p tenant.Project) id.ID { return p.ID }),
		"user_uuid":                  memberOf[Q](),
		"user_uuid_with_active_role": memberOf[Q](),
		"accounting_is_running":      surely[Q, tenant.Project](),
		"has_affiliation":            is[Q](never[tenant.Project]),
		"affiliation_name":           none[Q, tenant.Project](),
		"affiliation_uuid":           nothing[Q, tenant.Project](id.Document),
		"science_domain_uuid":        nothing[Q, tenant.Project](id.Document),
		"science_sub_domain_uuid":    nothing[Q, tenant.Project](id.Document),
	}
}

func projectSorts[Q any]() map[string]sorting[Q, tenant.Project] {
	return map[string]sorting[Q, tenant.Project]{
		"name":           sortedBy[Q](projectText(func(p tenant.Project) string { return p.Name })),
		"created":        sortedBy[Q](func(_ *view, p tenant.Project) int64 { return int64(p.ID) }),
		"start_date":     sortedBy[Q](projectText(func(p tenant.Project) string { return dayText(p.StartOn) })),
		"end_date":       sortedBy[Q](projectText(func(p tenant.Project) string { return dayText(p.EndOn) })),
		"estimated_cost": sortedBy[Q](projectText(func(tenant.Project) string { return "" })),
		"customer_name":  sortedBy[Q](ofProject(func(v *view, p tenant.Project) string { return projectCustomer(v, p).Name })),
		"customer_abbreviation": sortedBy[Q](ofProject(func(v *view, p tenant.Project) string {
			return attrs[organization](projectCustomer(v, p).Attrs).Abbreviation
		})),
		"customer_native_name": sortedBy[Q](ofProject(func(v *view, p tenant.Project) string {
			return attrs[organization](projectCustomer(v, p).Attrs).NativeName
		})),
	}
}

// memberOf keeps projects in which a user has a role of their own.
func memberOf[Q any]() filter[Q, tenant.Project] {
	return uuids(id.User, func(v *view, a *ask[Q, tenant.Project], ids []id.ID) {
		a.keep = append(a.keep, func(p tenant.Project) bool { return v.hasRole(tenant.OnProject, p.ID, ids) })
	})
}
