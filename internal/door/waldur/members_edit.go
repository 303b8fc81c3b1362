package waldur

import (
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// giving are the operations by which roles in a scope are given and taken.
func (d *door) giving(group, root string, kind id.Kind, on tenant.Scope) []operation {
	return []operation{
		{group + "_add_user", "POST", root + "{uuid}/add_user/", d.addUser(kind, on), false},
		{group + "_delete_user", "POST", root + "{uuid}/delete_user/", d.deleteUser(kind, on), false},
	}
}

// given reads what both take. Whether the caller may at all is asked before the body.
func (d *door) given(r *http.Request, who core.Actor, kind id.Kind, on tenant.Scope) (core.Giving, error) {
	g := core.Giving{Scope: on, ScopeID: named(r, kind)}
	if err := d.read(r, who, func(v *view) error { return v.MayManageMembers(on, g.ScopeID) }); err != nil {
		return g, err
	}
	b, err := readBody(r)
	if err != nil {
		return g, err
	}
	g.Role = b.role("role")
	g.User = b.uuid("user", true, id.User)
	if t, ok := b.instant("expiration_time"); ok {
		g.Until = &t
	}
	return g, b.done()
}

// role reads a role by name or UUID; one that is none stays as it was written.
func (b *body) role(name string) tenant.Role {
	s := b.text(name, true, 0)
	for role, word := range roleName {
		if word == s || strings.ReplaceAll(strings.ToLower(s), "-", "") == hashed(id.Role, word) {
			return role
		}
	}
	return tenant.Role(s)
}

var givingFields = map[string]string{"role": "role", "user": "user", "until": "expiration_time", "": ""}

func givingRefused(err error) error {
	if e := core.AsError(err); err != nil && e.Kind == core.Invalid && e.Err == nil && e.Field == "" {
		return serializerRule("%s", e.Msg)
	}
	return fieldRefused(err, givingFields)
}

func (d *door) addUser(kind id.Kind, on tenant.Scope) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		g, err := d.given(r, who, kind, on)
		if err != nil {
			return err
		}
		made, err := d.core.GiveRole(r.Context(), who, g)
		if err != nil {
			return givingRefused(err)
		}
		return reply(w, http.StatusCreated, map[string]any{"expiration_time": stampOrNull(made.Until)})
	}
}

func (d *door) deleteUser(kind id.Kind, on tenant.Scope) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		g, err := d.given(r, who, kind, on)
		if err != nil {
			return err
		}
		if err := d.core.TakeRole(r.Context(), who, g); err != nil {
			return givingRefused(err)
		}
		return empty(w, http.StatusOK)
	}
}
