package waldur

import (
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// place is a scope whose members are listed.
type place struct {
	on tenant.Scope
	id id.ID
}

// membersOf reads which scope's members a path asks for.
func membersOf(kind id.Kind, on tenant.Scope) func(v *view) (place, error) {
	return func(v *view) (place, error) {
		p := place{on, v.named(kind)}
		_, err := v.Grants(p.on, p.id)
		return p, err
	}
}

// memberModel is a role that a user has, as its scope lists it.
var memberModel = slices.Concat(model[tenant.Grant]{
	{name: "uuid", value: func(_ *view, g tenant.Grant) any { return g.ID.UUID(id.Grant) }},
	{name: "created", value: func(_ *view, g tenant.Grant) any { return stamp(g.ID.Time()) }},
	{name: "expiration_time", value: func(_ *view, g tenant.Grant) any { return stampOrNull(g.Until) }},
	{name: "role_name", value: func(_ *view, g tenant.Grant) any { return roleName[g.Role] }},
	{name: "role_uuid", value: func(_ *view, g tenant.Grant) any { return hashed(id.Role, roleName[g.Role]) }},
	{name: "user_uuid", value: func(_ *view, g tenant.Grant) any { return g.User.UUID(id.User) }},
	{name: "user_email", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Email }},
	{name: "user_full_name", value: func(v *view, g tenant.Grant) any { return v.user(g.User).FullName }},
	{name: "user_username", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Login }},
	{name: "created_by_full_name", value: func(v *view, g tenant.Grant) any { return v.user(g.By).FullName }},
	{name: "created_by_uuid", value: func(_ *view, g tenant.Grant) any {
		if g.By == 0 {
			return absent
		}
		return g.By.UUID(id.User)
	}},
}, always[tenant.Grant]("", "user_image"))

func grantee(read func(u tenant.User) string) func(*view, tenant.Grant) string {
	return func(v *view, g tenant.Grant) string { return read(v.user(g.User)) }
}

var (
	granteeLogin  = grantee(func(u tenant.User) string { return u.Login })
	granteeName   = grantee(func(u tenant.User) string { return u.FullName })
	granteeMail   = grantee(func(u tenant.User) string { return u.Email })
	granteeSlug   = grantee(func(u tenant.User) string { return slugOf(u.Login) })
	granteeNative = grantee(func(u tenant.User) string { return attrs[profile](u.Attrs).NativeName })
)

// namesRole reports whether one of the values is a role's name or UUID.
func namesRole(values []string, r tenant.Role) bool {
	name := roleName[r]
	return slices.ContainsFunc(values, func(s string) bool {
		return strings.EqualFold(s, name) || strings.EqualFold(strings.ReplaceAll(s, "-", ""), hashed(id.Role, name))
	})
}

var members = list[place, tenant.Grant]{
	rows: func(v *view, p place, _, _ int) ([]tenant.Grant, error) { return v.Grants(p.on, p.id) },
	filters: map[string]filter[place, tenant.Grant]{
		"user":          idIn[place](id.User, func(_ *view, g tenant.Grant) id.ID { return g.User }),
		"username":      equals[place](granteeLogin),
		"user_slug":     contains[place](granteeSlug),
		"full_name":     contains[place](granteeName),
		"native_name":   contains[place](granteeNative),
		"search_string": contains[place](grantee(func(u tenant.User) string { return u.Login + " " + u.FullName + " " + u.Email })),
		"user_url": links(id.User, func(_ *view, a *ask[place, tenant.Grant], ids []id.ID) {
			a.keep = append(a.keep, func(g tenant.Grant) bool { return slices.Contains(ids, g.User) })
		}),
		"role": func(_ *view, a *ask[place, tenant.Grant], _ string, values []string) {
			a.keep = append(a.keep, func(g tenant.Grant) bool {
				return namesRole(values, g.Role)
			})
		},
	},
	sorts: map[string]sorting[place, tenant.Grant]{
		"created":         sortedBy[place](func(_ *view, g tenant.Grant) int64 { return int64(g.ID) }),
		"email":           sortedBy[place](granteeMail),
		"full_name":       sortedBy[place](granteeName),
		"native_name":     sortedBy[place](granteeNative),
		"username":        sortedBy[place](granteeLogin),
		"role":            sortedBy[place](func(_ *view, g tenant.Grant) string { return roleName[g.Role] }),
		"expiration_time": sortedBy[place](func(_ *view, g tenant.Grant) string { s, _ := stampOrNull(g.Until).(string); return s }),
	},
	model: memberModel,
}
