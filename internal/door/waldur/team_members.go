package waldur

import (
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// teammate is a member of a resource's team with all roles in its project, and what the
// site's agent said of each, where the offering lets it say so.
type teammate struct {
	member
	grants []tenant.Grant
	opted  bool
	told   []syncStatus
}

var teammates = list[order.Resource, teammate]{
	rows:  func(v *view, r order.Resource, _, _ int) ([]teammate, error) { return v.teammates(r), v.err },
	model: teammateModel,
}

// ofTeam is the resource of the path.
func ofTeam(v *view) (order.Resource, error) { return consumerView.resource(v, v.named(id.Resource)) }

func (v *view) teammates(r order.Resource) []teammate {
	opted := accountOptionsOf(v.sheet(r.Offering).Offering).SyncStatuses
	var told []syncStatus
	if opted {
		told = v.syncStatuses(r.ID)
	}
	var out []teammate
	for _, m := range v.team(r) {
		mate := teammate{member: m, opted: opted}
		for _, g := range v.grantsFor(r) {
			if g.User == m.user.ID {
				mate.grants = append(mate.grants, g)
			}
		}
		for _, s := range told {
			if s.of(m) {
				mate.told = append(mate.told, s)
			}
		}
		out = append(out, mate)
	}
	return out
}

var teammateModel = slices.Concat(of(teamModel.only("url", "uuid", "username", "full_name", "email"), func(_ *view, m teammate) member { return m.member }), model[teammate]{
	{name: "role_name", value: func(_ *view, m teammate) any { return roleName[m.grant.Role] }},
	{name: "role_uuid", value: func(_ *view, m teammate) any { return hashed(id.Role, roleName[m.grant.Role]) }},
	{name: "expiration_time", value: func(_ *view, m teammate) any { return stampOrNull(m.grant.Until) }},
	{name: "roles", value: func(_ *view, m teammate) any { return m.roles() }},
	{name: "resource_projects", value: func(_ *view, m teammate) any { return m.parts() }},
}, always[teammate](nil, "image"))

// roles are those in the project. What was said of a role that is none here, which a site
// may have of its own, stands beside them.
func (m teammate) roles() []map[string]any {
	out := []map[string]any{}
	told := slices.DeleteFunc(slices.Clone(m.told), func(s syncStatus) bool { return s.Scope != scopeResource })
	for _, g := range m.grants {
		n := slices.IndexFunc(told, func(s syncStatus) bool { return strings.EqualFold(s.Role, roleName[g.Role]) })
		said := syncStatus{}
		if n >= 0 {
			said = told[n]
			told = slices.Delete(told, n, n+1)
		}
		out = append(out, m.synced(map[string]any{"role_name": roleName[g.Role], "role_uuid": hashed(id.Role, roleName[g.Role]), "expiration_time": stampOrNull(g.Until)}, said))
	}
	for _, s := range told {
		out = append(out, m.synced(map[string]any{"role_name": s.Role, "expiration_time": nil}, s))
	}
	return out
}

// parts are the site's own projects within the resource that were spoken of.
func (m teammate) parts() []map[string]any {
	out := []map[string]any{}
	for _, s := range m.told {
		if s.Scope != scopeResource {
			out = append(out, m.synced(map[string]any{"uuid": s.Project, "role_name": s.Role, "expiration_time": nil}, s))
		}
	}
	return out
}

// synced adds what was said; nothing was where it is null.
func (m teammate) synced(of map[string]any, s syncStatus) map[string]any {
	if m.opted {
		of["sync_state"], of["sync_message"], of["sync_reported_at"] = orNull(s.State), orNull(s.Message), orNull(s.At)
	}
	return of
}
