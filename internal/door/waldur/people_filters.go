package waldur

import (
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Filters and orderings of people, for every list whose rows are people: of says who a
// row is.

// ofPerson reads a text of a person.
func ofPerson[T any](of func(t T) tenant.User, read func(u tenant.User) string) func(*view, T) string {
	return func(_ *view, t T) string { return read(of(t)) }
}

// ofProfile reads a text of what is kept of a person beside the core's own fields.
func ofProfile[T any](of func(t T) tenant.User, read func(p profile) string) func(*view, T) string {
	return func(_ *view, t T) string { return read(attrs[profile](of(t).Attrs)) }
}

// withheld reads a text only for those to whom it is shown: a filter must not tell what
// the row does not.
func withheld[T any](of func(t T) tenant.User, read func(v *view, t T) string) func(*view, T) string {
	return func(v *view, t T) string {
		if !v.shownWhole(of(t)) {
			return ""
		}
		return read(v, t)
	}
}

// shownWhole reports whether all that is kept of a person is shown to the caller.
func (v *view) shownWhole(u tenant.User) bool { return v.who.SeesAll() || v.who.User.ID == u.ID }

func (v *view) shownYes(u tenant.User, yes bool) bool { return yes && v.shownWhole(u) }

func words3(u tenant.User) string { return u.Login + " " + u.FullName + " " + u.Email }

func yesNo(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func userFilters[Q, T any](of func(t T) tenant.User) map[string]filter[Q, T] {
	made := func(_ *view, t T) time.Time { return of(t).ID.Time() }
	return map[string]filter[Q, T]{
		"username":            equals[Q](ofPerson(of, func(u tenant.User) string { return u.Login })),
		"email":               contains[Q](ofPerson(of, func(u tenant.User) string { return u.Email })),
		"full_name":           contains[Q](ofPerson(of, func(u tenant.User) string { return u.FullName })),
		"query":               contains[Q](ofPerson(of, words3)),
		"user_keyword":        contains[Q](ofPerson(of, words3)),
		"native_name":         contains[Q](ofProfile(of, func(p profile) string { return p.NativeName })),
		"job_title":           contains[Q](ofProfile(of, func(p profile) string { return p.JobTitle })),
		"phone_number":        contains[Q](ofProfile(of, func(p profile) string { return p.Phone })),
		"organization":        contains[Q](ofProfile(of, func(p profile) string { return p.Organization })),
		"description":         contains[Q](withheld(of, ofProfile(of, func(p profile) string { return p.Description }))),
		"civil_number":        equals[Q](withheld(of, ofProfile(of, func(p profile) string { return p.Civil }))),
		"registration_method": equals[Q](func(*view, T) string { return "default" }),
		"is_active":           is[Q](func(_ *view, t T) bool { return of(t).Active }),
		"is_staff":            is[Q](func(v *view, t T) bool { return v.shownYes(of(t), of(t).Staff) }),
		"is_support":          is[Q](func(v *view, t T) bool { return v.shownYes(of(t), of(t).Support) }),
		"date_joined":         since[Q](made),
		"modified":            since[Q](func(_ *view, t T) time.Time { return of(t).Changed() }),
		"agreement_date":      instant(func(_ *view, a *ask[Q, T], _ time.Time) { a.none = true }), // nobody was asked to agree
		"customer_uuid":       personOf[Q](of, id.Customer, (*view).peopleOfCustomer),
		"project_uuid":        personOf[Q](of, id.Project, (*view).peopleOfProject),
		"organization_roles":  withRole[Q](of, tenant.OnCustomer),
		"project_roles":       withRole[Q](of, tenant.OnProject),
		"username_list": text(func(_ *view, a *ask[Q, T], s string) {
			names := strings.Split(s, ",")
			a.keep = append(a.keep, func(t T) bool { return slices.Contains(names, of(t).Login) })
		}),
	}
}

func userSorts[Q, T any](of func(t T) tenant.User) map[string]sorting[Q, T] {
	own := func(read func(u tenant.User) string) sorting[Q, T] { return sortedBy[Q](ofPerson(of, read)) }
	kept := func(read func(p profile) string) sorting[Q, T] { return sortedBy[Q](ofProfile(of, read)) }
	return map[string]sorting[Q, T]{
		"username":            own(func(u tenant.User) string { return u.Login }),
		"email":               own(func(u tenant.User) string { return u.Email }),
		"full_name":           own(func(u tenant.User) string { return u.FullName }),
		"is_active":           own(func(u tenant.User) string { return yesNo(u.Active) }),
		"is_staff":            sortedBy[Q](func(v *view, t T) string { return yesNo(v.shownYes(of(t), of(t).Staff)) }),
		"is_support":          sortedBy[Q](func(v *view, t T) string { return yesNo(v.shownYes(of(t), of(t).Support)) }),
		"registration_method": own(func(tenant.User) string { return "" }),
		"job_title":           kept(func(p profile) string { return p.JobTitle }),
		"native_name":         kept(func(p profile) string { return p.NativeName }),
		"organization":        kept(func(p profile) string { return p.Organization }),
		"phone_number":        kept(func(p profile) string { return p.Phone }),
		"description":         sortedBy[Q](withheld(of, ofProfile(of, func(p profile) string { return p.Description }))),
	}
}

// personOf keeps the people of scopes named by UUID.
func personOf[Q, T any](of func(t T) tenant.User, kind id.Kind, people func(v *view, i id.ID) []id.ID) filter[Q, T] {
	return uuids(kind, func(v *view, a *ask[Q, T], ids []id.ID) {
		var found []id.ID
		for _, i := range ids {
			found = append(found, people(v, i)...)
		}
		a.keep = append(a.keep, func(t T) bool { return slices.Contains(found, of(t).ID) })
	})
}

func holders(grants []tenant.Grant) []id.ID {
	out := make([]id.ID, len(grants))
	for n, g := range grants {
		out[n] = g.User
	}
	return out
}

// peopleIn are those with a role in a scope that the caller sees.
func (v *view) peopleIn(on tenant.Scope, i id.ID) []id.ID {
	grants, err := v.Grants(on, i)
	if err != nil && core.KindOf(err) != core.NotFound {
		v.failed(err)
	}
	return holders(grants)
}

func (v *view) peopleOfProject(i id.ID) []id.ID { return v.peopleIn(tenant.OnProject, i) }

// peopleOfCustomer are those with a role in a customer or in one of its projects.
func (v *view) peopleOfCustomer(i id.ID) []id.ID {
	out := v.peopleIn(tenant.OnCustomer, i)
	for _, p := range v.projectsOf(i) {
		out = append(out, v.peopleOfProject(p.ID)...)
	}
	return out
}

// withRole keeps people who have one of the roles named anywhere that the caller sees.
func withRole[Q, T any](of func(t T) tenant.User, on tenant.Scope) filter[Q, T] {
	return func(v *view, a *ask[Q, T], _ string, values []string) {
		var roles []string
		for _, s := range values {
			roles = append(roles, strings.Split(s, ",")...)
		}
		grants := v.grantsSeen(on)
		a.keep = append(a.keep, func(t T) bool {
			return slices.ContainsFunc(grants, func(g tenant.Grant) bool { return g.User == of(t).ID && slices.Contains(roles, roleName[g.Role]) })
		})
	}
}

// grantsSeen are all roles in customers, or in projects, that the caller sees.
func (v *view) grantsSeen(on tenant.Scope) []tenant.Grant {
	var ids []id.ID
	if on == tenant.OnCustomer {
		list, err := v.Customers(core.CustomerQuery{Page: everything})
		v.failed(err)
		for _, c := range list {
			ids = append(ids, c.ID)
		}
	} else {
		list, err := v.Projects(core.ProjectQuery{Page: everything})
		v.failed(err)
		for _, p := range list {
			ids = append(ids, p.ID)
		}
	}
	grants, err := v.GrantsIn(on, ids...)
	v.failed(err)
	return grants
}
