package waldur

import (
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// organization is what is kept of a customer beside the core's own fields.
type organization struct {
	NativeName       string `json:"native_name"`
	Abbreviation     string `json:"abbreviation"`
	Description      string `json:"description"`
	Contact          string `json:"contact_details"`
	Agreement        string `json:"agreement_number"`
	Email            string `json:"email"`
	Phone            string `json:"phone_number"`
	RegistrationCode string `json:"registration_code"`
	BackendID        string `json:"backend_id"`
	Country          string `json:"country"`
}

func ofCustomer(read func(c tenant.Customer) string) func(*view, tenant.Customer) string {
	return func(_ *view, c tenant.Customer) string { return read(c) }
}

func ofOrganization(read func(o organization) string) func(*view, tenant.Customer) string {
	return func(_ *view, c tenant.Customer) string { return read(attrs[organization](c.Attrs)) }
}

// asKey writes what a filter reads.
func asKey[T any](name string, get func(v *view, t T) string) key[T] {
	return key[T]{name: name, value: func(v *view, t T) any { return get(v, t) }}
}

// noMoney is a price estimate: this desk estimates nothing beforehand.
var noMoney = map[string]string{"total": "0.00", "current": "0.00", "tax": "0.00", "tax_current": "0.00"}

var customerModel = shown(slices.Concat(model[tenant.Customer]{
	{name: "url", value: func(v *view, c tenant.Customer) any { return v.customerLink(c.ID) }},
	{name: "uuid", value: func(_ *view, c tenant.Customer) any { return c.ID.UUID(id.Customer) }},
	{name: "created", value: func(_ *view, c tenant.Customer) any { return stamp(c.ID.Time()) }},
	{name: "accounting_start_date", value: func(_ *view, c tenant.Customer) any { return stamp(c.ID.Time()) }},
	{name: "name", value: func(_ *view, c tenant.Customer) any { return c.Name }},
	{name: "slug", value: func(_ *view, c tenant.Customer) any { return c.Slug }},
	{name: "display_name", value: func(_ *view, c tenant.Customer) any { return orElse(attrs[organization](c.Attrs).Abbreviation, c.Name) }},
	asKey("native_name", ofOrganization(func(o organization) string { return o.NativeName })),
	asKey("abbreviation", ofOrganization(func(o organization) string { return o.Abbreviation })),
	asKey("description", ofOrganization(func(o organization) string { return o.Description })),
	asKey("contact_details", ofOrganization(func(o organization) string { return o.Contact })),
	asKey("agreement_number", ofOrganization(func(o organization) string { return o.Agreement })),
	asKey("email", ofOrganization(func(o organization) string { return o.Email })),
	asKey("phone_number", ofOrganization(func(o organization) string { return o.Phone })),
	asKey("registration_code", ofOrganization(func(o organization) string { return o.RegistrationCode })),
	asKey("backend_id", ofOrganization(func(o organization) string { return o.BackendID })),
	asKey("country", ofOrganization(func(o organization) string { return o.Country })),
	{name: "blocked", value: func(_ *view, c tenant.Customer) any { return c.Blocked }},
	{name: "archived", value: func(_ *view, c tenant.Customer) any { return c.Archived }},
	{name: "projects_count", value: func(v *view, c tenant.Customer) any { return len(v.projectsOf(c.ID)) }},
	{name: "users_count", value: func(v *view, c tenant.Customer) any { return v.usersOf(c.ID) }},
	{name: "is_service_provider", value: func(v *view, c tenant.Customer) any { return v.provides(c.ID) != 0 }},
	{name: "service_provider", value: func(v *view, c tenant.Customer) any {
		if p := v.provides(c.ID); p != 0 {
			return v.providerLink(p)
		}
		return nil
	}},
	{name: "service_provider_uuid", value: func(v *view, c tenant.Customer) any {
		if p := v.provides(c.ID); p != 0 {
			return p.UUID(id.Provider)
		}
		return nil
	}},
	{name: "default_tax_percent", value: func(*view, tenant.Customer) any { return "0.00" }},
	{name: "billing_price_estimate", value: func(*view, tenant.Customer) any { return noMoney }, asked: true},
}, always[tenant.Customer](nil, "image", "sponsor_number", "max_service_accounts", "project_metadata_checklist", "grace_period_days",
	"latitude", "longitude", "project_slug_template", "customer_credit", "customer_unallocated_credit", "call_managing_organization_uuid"),
	always[tenant.Customer]("", "country_name", "access_subnets", "homepage", "domain", "vat_code", "postal", "address", "bank_name", "bank_account",
		"notification_emails", "city", "state", "parish", "street", "house_nr", "apartment_nr", "household"),
	always[tenant.Customer](false, "has_affiliate_links", "has_active_helpdesk"),
	always[tenant.Customer](true, "display_billing_info_in_projects"),
	always[tenant.Customer]([]string{}, "organization_groups", "user_email_patterns", "user_affiliations", "user_identity_sources", "default_affiliations", "payment_profiles"),
), customerAttributes, attrsOfCustomer)

// projectsOf lists a customer's projects, as far as the caller sees them.
func (v *view) projectsOf(customer id.ID) []tenant.Project {
	list, err := v.Projects(core.ProjectQuery{Customers: []id.ID{customer}, Page: everything})
	v.failed(err)
	return list
}

// usersOf counts the people with a role in a customer or in its projects.
func (v *view) usersOf(customer id.ID) int {
	var ids []id.ID
	for _, p := range v.projectsOf(customer) {
		ids = append(ids, p.ID)
	}
	direct, err := v.GrantsIn(tenant.OnCustomer, customer)
	v.failed(err)
	through, err := v.GrantsIn(tenant.OnProject, ids...)
	v.failed(err)
	people := map[id.ID]bool{}
	for _, g := range append(direct, through...) {
		people[g.User] = true
	}
	return len(people)
}

// provides is the customer's provider; 0 where it delivers nothing.
func (v *view) provides(customer id.ID) id.ID {
	list, err := v.Providers()
	v.failed(err)
	for _, p := range list {
		if p.Customer == customer {
			return p.ID
		}
	}
	return 0
}

// roleIn keeps rows in whose scope the caller has one of the roles named.
func roleIn[Q, T any](get func(t T) id.ID) filter[Q, T] {
	return func(v *view, a *ask[Q, T], _ string, values []string) {
		a.keep = append(a.keep, func(t T) bool {
			return slices.ContainsFunc(v.who.Grants, func(g tenant.Grant) bool {
				return g.ScopeID == get(t) && (slices.Contains(values, roleName[g.Role]) || slices.Contains(values, hashed(id.Role, roleName[g.Role])))
			})
		})
	}
}

var customers = list[few, tenant.Customer]{
	rows: whole(func(v *view) ([]tenant.Customer, error) { return v.Customers(core.CustomerQuery{Page: everything}) }),
	filters: map[string]filter[few, tenant.Customer]{
		"name":                  contains[few](ofCustomer(func(c tenant.Customer) string { return c.Name })),
		"name_exact":            equals[few](ofCustomer(func(c tenant.Customer) string { return c.Name })),
		"slug":                  equals[few](ofCustomer(func(c tenant.Customer) string { return c.Slug })),
		"query":                 contains[few](ofCustomer(func(c tenant.Customer) string { return c.Name + " " + c.Slug + " " + c.ID.UUID(id.Customer) })),
		"native_name":           contains[few](ofOrganization(func(o organization) string { return o.NativeName })),
		"abbreviation":          contains[few](ofOrganization(func(o organization) string { return o.Abbreviation })),
		"contact_details":       contains[few](ofOrganization(func(o organization) string { return o.Contact })),
		"agreement_number":      equals[few](ofOrganization(func(o organization) string { return o.Agreement })),
		"registration_code":     equals[few](ofOrganization(func(o organization) string { return o.RegistrationCode })),
		"backend_id":            equals[few](ofOrganization(func(o organization) string { return o.BackendID })),
		"archived":              is[few](func(_ *view, c tenant.Customer) bool { return c.Archived }),
		"is_service_provider":   is[few](func(v *view, c tenant.Customer) bool { return v.provides(c.ID) != 0 }),
		"service_provider_uuid": servedBy,
		"owned_by_current_user": is[few](func(v *view, c tenant.Customer) bool { return v.who.HasRole(tenant.CustomerOwner, c.ID) }),
		"current_user_has_role": roleIn[few](func(c tenant.Customer) id.ID { return c.ID }),
		"current_user_has_project_create_permission": is[few](func(v *view, c tenant.Customer) bool { return v.may(tenant.CreateProject, c.ID) }),
		"accounting_is_running":                      surely[few, tenant.Customer](), // from the day it is made
		"has_resources":                              text(func(v *view, a *ask[few, tenant.Customer], _ string) { a.keep = append(a.keep, v.ordersAnything) }),
		"organization_group_name":                    none[few, tenant.Customer](),
		"is_call_managing_organization":              is[few](func(*view, tenant.Customer) bool { return false }),
		"organization_group_uuid":                    nothing[few, tenant.Customer](id.Document),
		"user_uuid": uuids(id.User, func(v *view, a *ask[few, tenant.Customer], ids []id.ID) {
			a.keep = append(a.keep, func(c tenant.Customer) bool { return v.hasRole(tenant.OnCustomer, c.ID, ids) })
		}),
	},
	sorts: map[string]sorting[few, tenant.Customer]{
		"name":              sortedBy[few](ofCustomer(func(c tenant.Customer) string { return c.Name })),
		"slug":              sortedBy[few](ofCustomer(func(c tenant.Customer) string { return c.Slug })),
		"created":           sortedBy[few](func(_ *view, c tenant.Customer) int64 { return int64(c.ID) }),
		"abbreviation":      sortedBy[few](ofOrganization(func(o organization) string { return o.Abbreviation })),
		"native_name":       sortedBy[few](ofOrganization(func(o organization) string { return o.NativeName })),
		"contact_details":   sortedBy[few](ofOrganization(func(o organization) string { return o.Contact })),
		"agreement_number":  sortedBy[few](ofOrganization(func(o organization) string { return o.Agreement })),
		"registration_code": sortedBy[few](ofOrganization(func(o organization) string { return o.RegistrationCode })),
		"backend_id":        sortedBy[few](ofOrganization(func(o organization) string { return o.BackendID })),
	},
	loose: true,
	model: customerModel,
}

// ordersAnything reports whether a customer has, or had, a resource that the caller sees.
func (v *view) ordersAnything(c tenant.Customer) bool {
	n, err := v.CountResources(core.ResourceQuery{Customers: []id.ID{c.ID}})
	v.failed(err)
	return n > 0
}

// servedBy keeps customers with resources of providers, which are named by their own UUID
// or by that of the customer they are.
func servedBy(v *view, a *ask[few, tenant.Customer], name string, values []string) {
	customers, ok := parseUUIDs(id.Customer, values)
	if !ok {
		a.errs.add(name, "Enter a valid UUID.")
		return
	}
	ids, _ := parseUUIDs(id.Provider, values)
	ids = append(ids, v.providersOf(customers)...)
	a.keep = append(a.keep, func(c tenant.Customer) bool {
		n, err := v.CountResources(core.ResourceQuery{Customers: []id.ID{c.ID}, Providers: ids})
		v.failed(err)
		return len(ids) > 0 && n > 0
	})
}

// hasRole reports whether one of the users has a role in a scope that the caller sees.
func (v *view) hasRole(on tenant.Scope, i id.ID, users []id.ID) bool {
	grants, err := v.Grants(on, i)
	v.failed(err)
	return slices.ContainsFunc(grants, func(g tenant.Grant) bool { return slices.Contains(users, g.User) })
}
