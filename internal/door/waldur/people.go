package waldur

import (
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) peopleOperations() []operation {
	return []operation{
		{"version_retrieve", "GET", "/api/version/", d.version, false},
		{"api_auth_password", "POST", "/api-auth/password/", d.passwordLogin, true},
		{"users_me_retrieve", "GET", "/api/users/me/", d.me, false},
		{"users_list", "GET", "/api/users/", users.open(d), false},
		{"users_retrieve", "GET", "/api/users/{uuid}/", retrieve(d, id.User, (*view).User, userModel), false},
		{"customers_list", "GET", "/api/customers/", customers.open(d), false},
		{"customers_retrieve", "GET", "/api/customers/{uuid}/", retrieve(d, id.Customer, (*view).Customer, customerModel), false},
		{"customers_list_users_list", "GET", "/api/customers/{uuid}/list_users/", members.serve(d, membersOf(id.Customer, tenant.OnCustomer)), false},
		{"projects_list", "GET", "/api/projects/", projects.open(d), false},
		{"projects_retrieve", "GET", "/api/projects/{uuid}/", retrieve(d, id.Project, (*view).Project, projectModel), false},
		{"projects_list_users_list", "GET", "/api/projects/{uuid}/list_users/", members.serve(d, membersOf(id.Project, tenant.OnProject)), false},
	}
}

// retrieve answers with one record, whole or the fields asked for.
func retrieve[T any](d *door, kind id.Kind, get func(v *view, i id.ID) (T, error), m model[T]) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		var out any
		err := d.read(r, who, func(v *view) error {
			t, err := get(v, v.named(kind))
			if err != nil {
				return err
			}
			out = m.object(v, t, m.fields(r.URL.Query()))
			return nil
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusOK, out)
	}
}

func (d *door) version(w http.ResponseWriter, _ *http.Request, _ core.Actor) error {
	return reply(w, http.StatusOK, map[string]string{"version": d.opt.Version, "latest_version": d.opt.Version})
}

// passwordLogin makes a token that ends some time after its last use.
func (d *door) passwordLogin(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	login, password := b.text("username", true, 0), b.text("password", true, 0)
	if err := b.done(); err != nil {
		return err
	}
	if s, ok := asText(b.fields["password"]); ok {
		password = s // blanks at its ends are part of a password
	}
	h, err := auth.Login(r.Context(), d.core, login, password)
	if err != nil {
		return loginRefused(err)
	}
	token, err := d.core.NewToken(r.Context(), h.Actor, h.Actor.User.ID, d.opt.TokenLife)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]string{"token": token})
}

// loginRefused words the lock as the vendor does; the rest the login has worded.
func loginRefused(err error) error {
	if core.AsError(err).Reason == auth.ReasonLocked {
		return refuse(http.StatusUnauthorized, detail("Username is locked out. Try in 10 minutes."))
	}
	return err
}

func (d *door) me(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var out any
	err := d.read(r, who, func(v *view) error {
		out = meModel.object(v, who.User, meModel.fields(r.URL.Query()))
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

// profile is what is kept of a user beside the core's own fields.
type profile struct {
	NativeName   string `json:"native_name"`
	JobTitle     string `json:"job_title"`
	Phone        string `json:"phone_number"`
	Organization string `json:"organization"`
	Description  string `json:"description"`
	Civil        string `json:"civil_number"`
}

func (p profile) get(read func(p profile) string) any { return read(p) }

func userAttr(read func(p profile) string) func(*view, tenant.User) any {
	return func(_ *view, u tenant.User) any { return attrs[profile](u.Attrs).get(read) }
}

// forStaff shows a value to staff and support, and to its own user.
func forStaff(read func(u tenant.User) any) func(*view, tenant.User) any {
	return func(v *view, u tenant.User) any {
		if v.who.SeesAll() || v.who.User.ID == u.ID {
			return read(u)
		}
		return absent
	}
}

func firstName(u tenant.User) string { first, _, _ := strings.Cut(u.FullName, " "); return first }
func lastName(u tenant.User) string  { _, rest, _ := strings.Cut(u.FullName, " "); return rest }

// person is what User and UserMe have alike.
var person = slices.Concat(model[tenant.User]{
	{name: "url", value: func(v *view, u tenant.User) any { return v.userLink(u.ID) }},
	{name: "uuid", value: func(_ *view, u tenant.User) any { return u.ID.UUID(id.User) }},
	{name: "username", value: func(_ *view, u tenant.User) any { return u.Login }},
	{name: "slug", value: func(_ *view, u tenant.User) any { return slugOf(u.Login) }},
	{name: "full_name", value: func(_ *view, u tenant.User) any { return u.FullName }},
	{name: "first_name", value: func(_ *view, u tenant.User) any { return firstName(u) }},
	{name: "last_name", value: func(_ *view, u tenant.User) any { return lastName(u) }},
	{name: "native_name", value: userAttr(func(p profile) string { return p.NativeName })},
	{name: "job_title", value: userAttr(func(p profile) string { return p.JobTitle })},
	{name: "email", value: func(_ *view, u tenant.User) any { return u.Email }},
	{name: "phone_number", value: userAttr(func(p profile) string { return p.Phone })},
	{name: "organization", value: userAttr(func(p profile) string { return p.Organization })},
	{name: "description", value: forStaff(func(u tenant.User) any { return attrs[profile](u.Attrs).Description })},
	{name: "is_staff", value: forStaff(func(u tenant.User) any { return u.Staff })},
	{name: "is_active", value: forStaff(func(u tenant.User) any { return u.Active })},
	{name: "is_support", value: forStaff(func(u tenant.User) any { return u.Support })},
	{name: "date_joined", value: func(_ *view, u tenant.User) any { return stamp(u.ID.Time()) }},
	{name: "has_usable_password", value: forStaff(func(tenant.User) any { return true })},
}, always[tenant.User]("default", "registration_method"),
	always[tenant.User]("Local DB", "identity_provider_name", "identity_provider_label"),
	always[tenant.User]("", "preferred_language", "identity_provider_management_url", "identity_source", "personal_title", "place_of_birth", "address",
		"country_of_residence", "nationality", "organization_country", "organization_type", "organization_registry_code", "organization_vat_code",
		"organization_address", "deactivation_reason"),
	always[tenant.User](nil, "civil_number", "token_lifetime", "token_expires_at", "agreement_date", "requested_email", "birth_date", "image", "gender", "uid_number", "primary_gid"),
	always[tenant.User]([]string{}, "affiliations", "identity_provider_fields", "nationalities", "eduperson_assurance", "managed_isds", "active_isds"),
	always[tenant.User](false, "is_identity_manager", "should_protect_user_details", "has_active_session", "is_admin_deactivated"),
	always[tenant.User](true, "notifications_enabled", "can_use_personal_access_tokens"),
	always[tenant.User](absent, "token", "ip_address", "attribute_sources"), // a token is not kept, the rest is not known
)

var userModel = append(slices.Clone(person),
	key[tenant.User]{name: "permissions", value: func(v *view, u tenant.User) any {
		if u.ID != v.who.User.ID {
			return absent
		}
		return permissionModel.objects(v, v.who.Grants)
	}})

var meModel = append(slices.Clone(person),
	key[tenant.User]{name: "permissions", value: func(v *view, _ tenant.User) any { return mePermissionModel.objects(v, v.who.Grants) }},
	key[tenant.User]{name: "profile_completeness", value: func(*view, tenant.User) any {
		return map[string]any{"is_complete": true, "missing_fields": []string{}, "mandatory_fields": []string{}, "enforcement_enabled": false}
	}})

// scope is where a grant counts, as the vendor tells it.
type scope struct {
	uuid, name string
	customer   tenant.Customer
	project    id.ID
}

var scopes = map[tenant.Scope]func(v *view, i id.ID) scope{
	tenant.OnCustomer: func(v *view, i id.ID) scope {
		c := v.customer(i)
		return scope{i.UUID(id.Customer), c.Name, c, 0}
	},
	tenant.OnProject: func(v *view, i id.ID) scope {
		p := v.project(i)
		return scope{i.UUID(id.Project), p.Name, v.customer(p.Customer), i}
	},
	tenant.OnOffering: func(v *view, i id.ID) scope {
		o := v.sheet(i).Offering
		return scope{i.UUID(id.Offering), o.Name, v.deliverer(o.Provider), 0}
	},
}

func (v *view) scope(g tenant.Grant) scope {
	if read, ok := scopes[g.Scope]; ok {
		return read(v, g.ScopeID)
	}
	return scope{}
}

var mePermissionModel = model[tenant.Grant]{
	{name: "role_name", value: func(_ *view, g tenant.Grant) any { return roleName[g.Role] }},
	{name: "role_uuid", value: func(_ *view, g tenant.Grant) any { return hashed(id.Role, roleName[g.Role]) }},
	{name: "scope_type", value: func(_ *view, g tenant.Grant) any { return string(g.Scope) }},
	{name: "scope_uuid", value: func(v *view, g tenant.Grant) any { return v.scope(g).uuid }},
	{name: "scope_name", value: func(v *view, g tenant.Grant) any { return v.scope(g).name }},
	{name: "customer_uuid", value: func(v *view, g tenant.Grant) any { return v.scope(g).customer.ID.UUID(id.Customer) }},
	{name: "customer_name", value: func(v *view, g tenant.Grant) any { return v.scope(g).customer.Name }},
	{name: "project_uuid", value: func(v *view, g tenant.Grant) any {
		if p := v.scope(g).project; p != 0 {
			return p.UUID(id.Project)
		}
		return nil
	}},
	{name: "resource_uuid", value: func(*view, tenant.Grant) any { return nil }},
	{name: "expiration_time", value: func(_ *view, g tenant.Grant) any { return stampOrNull(g.Until) }},
}

var permissionModel = slices.Concat(mePermissionModel, model[tenant.Grant]{
	{name: "uuid", value: func(_ *view, g tenant.Grant) any { return g.ID.UUID(id.Grant) }},
	{name: "user_uuid", value: func(_ *view, g tenant.Grant) any { return g.User.UUID(id.User) }},
	{name: "user_name", value: func(v *view, g tenant.Grant) any { return v.user(g.User).FullName }},
	{name: "user_slug", value: func(v *view, g tenant.Grant) any { return slugOf(v.user(g.User).Login) }},
	{name: "user_username", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Login }},
	{name: "user_email", value: func(v *view, g tenant.Grant) any { return v.user(g.User).Email }},
	{name: "created", value: func(_ *view, g tenant.Grant) any { return stamp(g.ID.Time()) }},
	{name: "created_by_full_name", value: func(v *view, g tenant.Grant) any { return v.user(g.By).FullName }},
	{name: "created_by_username", value: func(v *view, g tenant.Grant) any { return v.user(g.By).Login }},
	{name: "role_description", value: func(_ *view, g tenant.Grant) any { return roleDescription[g.Role] }},
}, always[tenant.Grant](true, "is_active"), always[tenant.Grant](false, "scope_is_removed"),
	always[tenant.Grant](nil, "revoked_by_full_name", "revoked_by_username"), always[tenant.Grant]("", "revoke_reason"))

// slugOf spells a name as a slug; "" where nothing of it can stand in one.
func slugOf(name string) string { return core.Slug(name, "") }

var users = list[few, tenant.User]{
	rows:    whole(func(v *view) ([]tenant.User, error) { return v.Users(core.UserQuery{Page: everything}) }),
	filters: userFilters[few](func(u tenant.User) tenant.User { return u }),
	sorts:   userSorts[few](func(u tenant.User) tenant.User { return u }),
	model:   userModel,
}
