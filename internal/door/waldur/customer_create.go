package waldur

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// customerAttributes are what only this door keeps of a customer.
var customerAttributes = slices.Concat(
	attributesOf(aText(2000), "native_name", "abbreviation", "description", "contact_details", "agreement_number", "email", "phone_number", "access_subnets",
		"registration_code", "backend_id", "homepage", "domain", "vat_code", "postal", "address", "bank_name", "bank_account", "notification_emails", "city",
		"state", "parish", "street", "house_nr", "apartment_nr", "household", "project_slug_template"),
	attributesOf(aWhole, "sponsor_number", "max_service_accounts", "grace_period_days"),
	attributesOf(aTextList, "user_email_patterns", "user_affiliations", "user_identity_sources"),
	[]attribute{{"country", aCountry}, {"default_tax_percent", aDecimal}, {"display_billing_info_in_projects", aFlag}, {"accounting_start_date", anInstant},
		{"latitude", aFloat(90)}, {"longitude", aFloat(180)}},
)

func attrsOfCustomer(c tenant.Customer) json.RawMessage { return c.Attrs }

// create answers a request that makes a record: do makes it and returns its id.
func create[T any](d *door, do func(r *http.Request, who core.Actor, b *body) (id.ID, error), link func(v *view, i id.ID) string,
	get func(v *view, i id.ID) (T, error), m model[T]) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		b, err := readBody(r)
		if err != nil {
			return err
		}
		i, err := do(r, who, b)
		if err != nil {
			return err
		}
		if h, err := d.core.Holder(r.Context(), who.Key); err == nil {
			who.Grants = h.Actor.Grants // what was made may be theirs by a role that came with it
		}
		var out json.RawMessage
		err = d.read(r, who, func(v *view) error {
			t, err := get(v, i)
			if err == nil {
				w.Header().Set("Location", link(v, i))
				out = m.object(v, t, nil)
			}
			return err
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusCreated, out)
	}
}

// unable refuses those who hold a right in none of the scopes, before their body is read:
// what is wrong with that is told last.
func (d *door) unable(who core.Actor, right tenant.Right, scopes ...id.ID) error {
	if d.core.May(who, right, scopes...) {
		return nil
	}
	return refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
}

func (d *door) createCustomer(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	if !d.core.Holds(who, tenant.CreateCustomer) {
		return 0, d.unable(who, tenant.CreateCustomer)
	}
	s := core.CustomerSpec{Name: b.text("name", true, 150), Attrs: b.keep(customerAttributes, nil)}
	if who.IsStaff() { // others do not choose
		s.Slug = b.slug()
	}
	if b.given("blocked") {
		blocked := b.flag("blocked")
		s.Blocked = &blocked
	}
	if b.given("archived") {
		archived := b.flag("archived")
		s.Archived = &archived
	}
	if err := b.done(); err != nil {
		return 0, err
	}
	c, err := d.core.MakeCustomer(r.Context(), who, s)
	return c.ID, fieldRefused(err, map[string]string{"slug": "slug", "name": "name"})
}

// slug reads one that was chosen.
func (b *body) slug() string {
	s := b.text("slug", false, 50)
	if s != "" && slugOf(s) != s {
		b.errs.add("slug", "%s", noSlug)
	}
	return s
}

const noSlug = "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens."
