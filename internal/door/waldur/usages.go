package waldur

import (
	"cmp"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

func (d *door) usageOperations() []operation {
	const root, one = "/api/marketplace-component-usages/", "/api/marketplace-component-usages/{uuid}/"
	return []operation{
		{"marketplace_component_usages_list", "GET", root, usages.serve(d, reportedUsage), false},
		{"marketplace_component_usages_retrieve", "GET", one, retrieve(d, id.Usage, (*view).usage, usageModel), false},
		{"marketplace_component_usages_set_usage", "POST", root + "set_usage/", d.setUsage, false},
		{"marketplace_component_usages_set_user_usage", "POST", one + "set_user_usage/", d.setUserUsage, false},
		{"marketplace_component_usages_set_user_usages", "POST", one + "set_user_usages/", d.setUserUsages, false},
		{"marketplace_component_user_usages_list", "GET", "/api/marketplace-component-user-usages/", userUsages.serve(d, reportedUsage), false},
	}
}

func reportedUsage(*view) (core.UsageQuery, error) {
	return core.UsageQuery{ReportedOnly: true, Page: core.Page{Ascending: true}}, nil
}

// used is a report with the resource it is of.
type used struct {
	order.Usage
	resource  order.Resource
	component catalog.Component
}

// usage returns a report that the caller may see.
func (v *view) usage(i id.ID) (used, error) {
	none := &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "usage", ID: i}}
	if i == 0 {
		return used{}, none
	}
	u, err := v.Usage(i)
	if err != nil {
		return used{}, err
	}
	if u.Reported == nil {
		return used{}, none
	}
	all, err := v.usedRows([]order.Usage{u})
	if err != nil {
		return used{}, err
	}
	return all[0], nil
}

// usedRows finds the resources of reports.
func (v *view) usedRows(list []order.Usage) ([]used, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]id.ID, len(list))
	for n, u := range list {
		ids[n] = u.Resource
	}
	resources, err := v.Resources(core.ResourceQuery{IDs: distinct(ids), Hidden: true, Page: everything})
	if err != nil {
		return nil, err
	}
	known := map[id.ID]order.Resource{}
	for _, r := range resources {
		known[r.ID] = r
	}
	out := make([]used, len(list))
	for n, u := range list {
		r := known[u.Resource]
		out[n] = used{u, r, v.component(r.Offering, u.Component)}
	}
	return out, v.err
}

// periodUsageModel is a report inside a plan period.
var periodUsageModel = model[order.Usage]{
	{name: "uuid", value: func(_ *view, u order.Usage) any { return u.ID.UUID(id.Usage) }},
	{name: "created", value: func(_ *view, u order.Usage) any { return stamp(u.ID.Time()) }},
	{name: "date", value: func(_ *view, u order.Usage) any { return stamp(u.UpdatedAt) }},
	{name: "type", value: func(v *view, u order.Usage) any { return v.componentOf(u).Code }},
	{name: "name", value: func(v *view, u order.Usage) any { return v.componentOf(u).Name }},
	{name: "measured_unit", value: func(v *view, u order.Usage) any { return v.componentOf(u).Unit }},
	{name: "description", value: func(_ *view, u order.Usage) any { return u.Note }},
	{name: "usage", value: func(_ *view, u order.Usage) any {
		if u.Reported == nil {
			return "0.00"
		}
		return u.Reported.Fixed(2)
	}},
	{name: "recurring", value: func(_ *view, u order.Usage) any { return u.Recurring }},
}

func (v *view) componentOf(u order.Usage) catalog.Component {
	return look(v, v.parts, u.Component, v.Component)
}

func ofUsed(read func(v *view, u used) any) func(*view, used) any { return read }

// belonging is what a report is of, as reports and users' parts of them tell it.
var belonging = model[used]{
	{name: "measured_unit", value: ofUsed(func(_ *view, u used) any { return u.component.Unit })},
	{name: "resource_uuid", value: ofUsed(func(_ *view, u used) any { return u.resource.ID.UUID(id.Resource) })},
	{name: "resource_name", value: ofUsed(func(_ *view, u used) any { return u.resource.Name })},
	{name: "offering_uuid", value: ofUsed(func(_ *view, u used) any { return u.resource.Offering.UUID(id.Offering) })},
	{name: "offering_name", value: ofUsed(func(v *view, u used) any { return v.sheet(u.resource.Offering).Offering.Name })},
	{name: "project_uuid", value: ofUsed(func(_ *view, u used) any { return u.resource.Project.UUID(id.Project) })},
	{name: "project_name", value: ofUsed(func(v *view, u used) any { return v.project(u.resource.Project).Name })},
	{name: "customer_uuid", value: ofUsed(func(_ *view, u used) any { return u.resource.Customer.UUID(id.Customer) })},
	{name: "customer_name", value: ofUsed(func(v *view, u used) any { return v.customer(u.resource.Customer).Name })},
	{name: "date", value: ofUsed(func(_ *view, u used) any { return stamp(u.UpdatedAt) })},
	{name: "billing_period", value: ofUsed(func(_ *view, u used) any { return u.Period.String() })},
}

var usageModel = slices.Concat(model[used]{
	{name: "uuid", value: ofUsed(func(_ *view, u used) any { return u.ID.UUID(id.Usage) })},
	{name: "created", value: ofUsed(func(_ *view, u used) any { return stamp(u.ID.Time()) })},
	{name: "type", value: ofUsed(func(_ *view, u used) any { return u.component.Code })},
	{name: "name", value: ofUsed(func(_ *view, u used) any { return u.component.Name })},
	{name: "description", value: ofUsed(func(_ *view, u used) any { return u.Note })},
	{name: "usage", value: ofUsed(func(_ *view, u used) any { return u.Reported.Fixed(2) })},
	{name: "recurring", value: ofUsed(func(_ *view, u used) any { return u.Recurring })},
}, belonging, always[used](absent, "modified_by"))

func usageIDs[T any](kind id.Kind, field func(q *core.UsageQuery) *[]id.ID) filter[core.UsageQuery, T] {
	return uuids(kind, func(_ *view, a *ask[core.UsageQuery, T], ids []id.ID) { among(a, field(&a.q), ids) })
}

// between narrows the periods to those from one day to another, within what was asked before.
func between[T any](a *ask[core.UsageQuery, T], from, to day.Day) {
	if a.q.From == nil || *a.q.From < from {
		a.q.From = &from
	}
	if a.q.To == nil || *a.q.To > to {
		a.q.To = &to
	}
}

// usageFilters are those that lists of reports and of users' parts have alike; of says
// which report a row is of, period is the name of the filter by month.
func usageFilters[T any](of func(t T) used, period string) map[string]filter[core.UsageQuery, T] {
	reported := func(_ *view, t T) string { return stamp(of(t).UpdatedAt)[:10] }
	return map[string]filter[core.UsageQuery, T]{
		"customer_uuid": usageIDs[T](id.Customer, func(q *core.UsageQuery) *[]id.ID { return &q.Customers }),
		"project_uuid":  usageIDs[T](id.Project, func(q *core.UsageQuery) *[]id.ID { return &q.Projects }),
		"offering_uuid": usageIDs[T](id.Offering, func(q *core.UsageQuery) *[]id.ID { return &q.Offerings }),
		"resource_uuid": usageIDs[T](id.Resource, func(q *core.UsageQuery) *[]id.ID { return &q.Resources }),
		"resource": links(id.Resource, func(_ *view, a *ask[core.UsageQuery, T], ids []id.ID) {
			among(a, &a.q.Resources, ids)
		}),
		"type": equals[core.UsageQuery](func(_ *view, t T) string { return of(t).component.Code }),
		period: date(func(_ *view, a *ask[core.UsageQuery, T], d day.Day) { between(a, d, d) }),
		"billing_period_year": number(func(_ *view, a *ask[core.UsageQuery, T], n int) {
			between(a, day.Date(n, 1, 1), day.Date(n, 12, 31))
		}),
		"billing_period_month": number(func(_ *view, a *ask[core.UsageQuery, T], n int) {
			a.keep = append(a.keep, func(t T) bool { return int(of(t).Period.Time().Month()) == n })
		}),
		"date_after": date(func(v *view, a *ask[core.UsageQuery, T], d day.Day) {
			a.keep = append(a.keep, func(t T) bool { return reported(v, t) >= d.String() })
		}),
		"date_before": date(func(v *view, a *ask[core.UsageQuery, T], d day.Day) {
			a.keep = append(a.keep, func(t T) bool { return reported(v, t) <= d.String() })
		}),
	}
}

var usages = list[core.UsageQuery, used]{
	rows: func(v *view, q core.UsageQuery, skip, size int) ([]used, error) {
		q.Page = corePage(q.Page, skip, size)
		list, err := v.Usages(q)
		if err != nil {
			return nil, err
		}
		return v.usedRows(list)
	},
	count:   func(v *view, q core.UsageQuery) (int, error) { return v.CountUsages(q) },
	filters: usageFilters(func(u used) used { return u }, "billing_period"),
	sorts: map[string]sorting[core.UsageQuery, used]{
		"billing_period": sortedBy[core.UsageQuery](func(_ *view, u used) day.Day { return u.Period }),
		"usage":          {rows: func(_ *view, a, b used) int { return cmp.Compare(*a.Reported, *b.Reported) }},
	},
	model: usageModel,
}

// userUsed is one user's part of a report.
type userUsed struct {
	used
	part order.UserUsage
}

var userUsageModel = slices.Concat(model[userUsed]{
	{name: "uuid", value: func(_ *view, u userUsed) any { return hashed(id.UserUsage, u.ID.Decimal(), u.part.Username) }},
	{name: "username", value: func(_ *view, u userUsed) any { return u.part.Username }},
	{name: "component_usage", value: func(v *view, u userUsed) any { return v.usageLink(u.ID) }},
	{name: "component_type", value: func(_ *view, u userUsed) any { return u.component.Code }},
	{name: "usage", value: func(_ *view, u userUsed) any { return u.part.Quantity.Fixed(2) }},
	{name: "created", value: func(_ *view, u userUsed) any { return stamp(u.ID.Time()) }},
	{name: "modified", value: func(_ *view, u userUsed) any { return stamp(u.UpdatedAt) }},
}, of(belonging, func(_ *view, u userUsed) used { return u.used }),
	always[userUsed](nil, "user"), always[userUsed]("", "description", "backend_id"))

// partsOf are the users' parts of the reports that q lets through; another month's row may
// have users' parts alone.
func partsOf(q core.UsageQuery) core.UserUsageQuery {
	q.ReportedOnly = false
	return core.UserUsageQuery{UsageQuery: q}
}

var userUsages = list[core.UsageQuery, userUsed]{
	rows: func(v *view, q core.UsageQuery, skip, size int) ([]userUsed, error) {
		q.Page = corePage(q.Page, skip, size)
		parts, err := v.UserUsageList(partsOf(q))
		if err != nil || len(parts) == 0 {
			return nil, err
		}
		ids := make([]id.ID, len(parts))
		for n, p := range parts {
			ids[n] = p.Usage
		}
		list, err := v.Usages(core.UsageQuery{IDs: distinct(ids), Page: everything})
		if err != nil {
			return nil, err
		}
		rows, err := v.usedRows(list)
		if err != nil {
			return nil, err
		}
		of := map[id.ID]used{}
		for _, r := range rows {
			of[r.ID] = r
		}
		out := make([]userUsed, len(parts))
		for n, p := range parts {
			out[n] = userUsed{of[p.Usage], p}
		}
		return out, nil
	},
	count: func(v *view, q core.UsageQuery) (int, error) { return v.CountUserUsages(partsOf(q)) },
	filters: func() map[string]filter[core.UsageQuery, userUsed] {
		m := usageFilters(func(u userUsed) used { return u.used }, "component_usage__billing_period")
		m["username"] = equals[core.UsageQuery](func(_ *view, u userUsed) string { return u.part.Username })
		return m
	}(),
	sorts: map[string]sorting[core.UsageQuery, userUsed]{
		"component_usage__billing_period": sortedBy[core.UsageQuery](func(_ *view, u userUsed) day.Day { return u.Period }),
		"usage":                           {rows: func(_ *view, a, b userUsed) int { return cmp.Compare(a.part.Quantity, b.part.Quantity) }},
		"username":                        {rows: func(_ *view, a, b userUsed) int { return strings.Compare(a.part.Username, b.part.Username) }},
	},
	model: userUsageModel,
}
