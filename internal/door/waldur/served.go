package waldur

import (
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// serving is a provider whose projects and people are listed: those with a resource,
// not yet ended, of one of its shared offerings.
type serving struct{ provider tenant.Provider }

// served reads whose lists a path asks for; they are for its own people alone.
func served(v *view) (serving, error) {
	p, err := v.knownProvider(v.named(id.Provider))
	if err == nil && !v.who.SeesAll() && !v.may(tenant.ListProvided, p.Customer) {
		err = refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
	}
	return serving{p}, err
}

// projects lists the ids of the projects served.
func (s serving) projects(v *view) ([]id.ID, error) {
	shared := true
	offerings, err := v.Offerings(core.OfferingQuery{Providers: []id.ID{s.provider.ID}, Shared: &shared, Page: everything})
	if err != nil || len(offerings) == 0 {
		return nil, err
	}
	q := core.ResourceQuery{States: living}
	for _, o := range offerings {
		if o.Measure != catalog.Imagery { // what was delivered is no resource to be let in to
			q.Offerings = append(q.Offerings, o.ID)
		}
	}
	if len(q.Offerings) == 0 {
		return nil, nil
	}
	list, err := v.Tally(q)
	out := make([]id.ID, len(list))
	for n, t := range list {
		out[n] = t.Project
	}
	return distinct(out), err
}

func (s serving) roles(v *view) ([]tenant.Grant, error) {
	ids, err := s.projects(v)
	if err != nil {
		return nil, err
	}
	grants, err := v.GrantsIn(tenant.OnProject, ids...)
	v.people(granted(grants))
	return slices.DeleteFunc(grants, func(g tenant.Grant) bool { return !v.user(g.User).Active && !v.who.SeesAll() }), err
}

var servedProjects = list[serving, tenant.Project]{
	rows: func(v *view, s serving, _, _ int) ([]tenant.Project, error) {
		ids, err := s.projects(v)
		out := make([]tenant.Project, len(ids))
		for n, i := range ids {
			out[n] = v.project(i)
		}
		return out, err
	},
	filters: projectFilters[serving](),
	sorts:   projectSorts[serving](),
	prime:   primeProjects,
	model:   projectModel,
}

// servedUser is a person with a role in projects served.
type servedUser struct {
	tenant.User
	projects int
}

var servedUserModel = slices.Concat(model[servedUser]{
	{name: "projects_count", value: func(_ *view, u servedUser) any { return u.projects }},
	{name: "is_active", value: func(v *view, u servedUser) any {
		if !v.who.SeesAll() {
			return absent
		}
		return u.Active
	}},
}, of(person.only("uuid", "username", "full_name", "first_name", "last_name", "organization", "email", "phone_number", "affiliations", "gender", "nationalities",
	"eduperson_assurance", "birth_date", "active_isds", "registration_method", "job_title", "personal_title", "place_of_birth", "address",
	"country_of_residence", "nationality", "organization_country", "organization_type", "organization_registry_code", "organization_vat_code",
	"organization_address", "civil_number", "identity_source"), func(_ *view, u servedUser) tenant.User { return u.User }))

// only keeps the keys named.
func (m model[T]) only(names ...string) model[T] {
	return slices.DeleteFunc(slices.Clone(m), func(k key[T]) bool { return !slices.Contains(names, k.name) })
}

var servedUsers = list[serving, servedUser]{
	rows: func(v *view, s serving, _, _ int) ([]servedUser, error) {
		grants, err := s.roles(v)
		in := map[id.ID]map[id.ID]bool{}
		var out []servedUser
		for _, g := range grants {
			if in[g.User] == nil {
				in[g.User] = map[id.ID]bool{}
				out = append(out, servedUser{User: v.user(g.User)})
			}
			in[g.User][g.ScopeID] = true
		}
		for n, u := range out {
			out[n].projects = len(in[u.ID])
		}
		return out, err
	},
	filters: userFilters[serving](func(u servedUser) tenant.User { return u.User }),
	sorts:   userSorts[serving](func(u servedUser) tenant.User { return u.User }),
	model:   servedUserModel,
}

// servedRoleModel is a role in a project served. Its end is left out where there is none.
var servedRoleModel = model[tenant.Grant]{
	{name: "created", value: func(_ *view, g tenant.Grant) any { return stamp(g.ID.Time()) }},
	{name: "expiration_time", value: func(_ *view, g tenant.Grant) any { return stampOrNull(g.Until) }},
	{name: "created_by", value: func(v *view, g tenant.Grant) any {
		if g.By == 0 {
			return nil
		}
		return v.userLink(g.By)
	}},
	{name: "created_by_full_name", value: func(v *view, g tenant.Grant) any { return orNull(v.user(g.By).FullName) }},
	{name: "created_by_username", value: func(v *view, g tenant.Grant) any { return orNull(v.user(g.By).Login) }},
	{name: "project", value: func(v *view, g tenant.Grant) any { return v.projectLink(g.ScopeID) }},
	{name: "project_uuid", value: func(_ *view, g tenant.Grant) any { return g.ScopeID.UUID(id.Project) }},
	{name: "project_name", value: func(v *view, g tenant.Grant) any { return v.project(g.ScopeID).Name }},
	{name: "project_created", value: func(_ *view, g tenant.Grant) any { return stamp(g.ScopeID.Time()) }},
	{name: "project_end_date", value: func(v *view, g tenant.Grant) any {
		if end := v.project(g.ScopeID).EndOn; end != nil {
			return stamp(end.Time())
		}
		return absent
	}},
	{name: "customer_uuid", value: func(v *view, g tenant.Grant) any { return v.project(g.ScopeID).Customer.UUID(id.Customer) }},
	{name: "customer_name", value: func(v *view, g tenant.Grant) any { return v.customer(v.project(g.ScopeID).Customer).Name }},
	{name: "role", value: func(_ *view, g tenant.Grant) any { return roleName[g.Role] }},
	{name: "role_name", value: func(_ *view, g tenant.Grant) any { return roleName[g.Role] }},
	{name: "user", value: func(v *view, g tenant.Grant) any { return v.userLink(g.User) }},
	{name: "user_uuid", value: func(_ *view, g tenant.Grant) any { return g.User.UUID(id.User) }},
	{name: "user_username", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Login }},
	{name: "user_full_name", value: func(v *view, g tenant.Grant) any { return v.user(g.User).FullName }},
	{name: "user_email", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Email }},
	{name: "user_native_name", value: func(v *view, g tenant.Grant) any { return attrs[profile](v.user(g.User).Attrs).NativeName }},
}

// granted are those who hold grants.
func granted(grants []tenant.Grant) []id.ID {
	out := make([]id.ID, len(grants))
	for n, g := range grants {
		out[n] = g.User
	}
	return out
}

func grantMade(_ *view, g tenant.Grant) time.Time    { return g.ID.Time() }
func grantChanged(_ *view, g tenant.Grant) time.Time { return g.Changed() }

var servedRoles = list[serving, tenant.Grant]{
	rows: func(v *view, s serving, _, _ int) ([]tenant.Grant, error) { return s.roles(v) },
	filters: map[string]filter[serving, tenant.Grant]{
		"user": idIn[serving](id.User, func(_ *view, g tenant.Grant) id.ID { return g.User }),
		"scope_uuid": links(id.Project, func(_ *view, a *ask[serving, tenant.Grant], ids []id.ID) { // a text, not a UUID, to the vendor
			a.keep = append(a.keep, func(g tenant.Grant) bool { return slices.Contains(ids, g.ScopeID) })
		}),
		"customer_uuid":   idIn[serving](id.Customer, func(v *view, g tenant.Grant) id.ID { return v.project(g.ScopeID).Customer }),
		"username":        equals[serving](granteeLogin),
		"full_name":       contains[serving](granteeName),
		"role_name":       equals[serving](func(_ *view, g tenant.Grant) string { return roleName[g.Role] }),
		"scope_name":      contains[serving](func(v *view, g tenant.Grant) string { return v.project(g.ScopeID).Name }),
		"created":         since[serving](grantMade),
		"created_before":  until[serving](grantMade),
		"modified":        since[serving](grantChanged),
		"modified_before": until[serving](grantChanged),
		"expiration_time": instant(func(_ *view, a *ask[serving, tenant.Grant], at time.Time) {
			a.keep = append(a.keep, func(g tenant.Grant) bool { return g.Until != nil && !g.Until.Before(at) })
		}),
		"is_active":   surely[serving, tenant.Grant](), // others are not listed
		"native_name": contains[serving](granteeNative),
		"user_slug":   contains[serving](granteeSlug),
		"role_uuid": func(_ *view, a *ask[serving, tenant.Grant], name string, values []string) {
			if _, ok := parseUUIDs(id.Role, values); !ok {
				a.errs.add(name, "Enter a valid UUID.")
				return
			}
			a.keep = append(a.keep, func(g tenant.Grant) bool { return namesRole(values, g.Role) })
		},
		"scope_type": equals[serving](func(*view, tenant.Grant) string { return string(tenant.OnProject) }),
		"user_url": links(id.User, func(_ *view, a *ask[serving, tenant.Grant], ids []id.ID) {
			a.keep = append(a.keep, func(g tenant.Grant) bool { return slices.Contains(ids, g.User) })
		}),
	},
	sorts: map[string]sorting[serving, tenant.Grant]{
		"created":         sortedBy[serving](func(_ *view, g tenant.Grant) int64 { return int64(g.ID) }),
		"email":           sortedBy[serving](granteeMail),
		"full_name":       sortedBy[serving](granteeName),
		"native_name":     sortedBy[serving](granteeNative),
		"username":        sortedBy[serving](granteeLogin),
		"role":            sortedBy[serving](func(_ *view, g tenant.Grant) string { return roleName[g.Role] }),
		"expiration_time": sortedBy[serving](func(_ *view, g tenant.Grant) string { s, _ := stampOrNull(g.Until).(string); return s }),
	},
	model: servedRoleModel,
}
