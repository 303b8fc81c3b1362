package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

var categoryPaths = []string{"/api/marketplace-categories/{uuid}/"}

// offeringTypes are those that can be made here, with how their orders go: what is basic is
// done as soon as its provider approves; people of the provider, or its agent, carry out
// the others.
var offeringTypes = map[string]core.OfferingSpec{
	"Marketplace.Basic":        {Fulfilment: catalog.Instant, Approval: catalog.ApproveAlways, Cancel: catalog.CancelPreparing},
	"Marketplace.Slurm":        {Fulfilment: catalog.Manual, Approval: catalog.ApproveAlways, Cancel: catalog.CancelNever},
	"Support.OfferingTemplate": {Fulfilment: catalog.Manual, Approval: catalog.ApproveNever, Cancel: catalog.CancelPreparing},
	"Marketplace.Script":       {Fulfilment: catalog.Manual, Approval: catalog.ApproveNever, Cancel: catalog.CancelNever},
}

// offeringAttributes are what only this door keeps of an offering.
var offeringAttributes = slices.Concat(
	attributesOf(aText(0), "full_description", "getting_started", "integration_guide"),
	attributesOf(aText(255), "backend_id"),
	attributesOf(aLink, "privacy_policy_link", "helpdesk_url", "documentation_url", "access_url"),
	attributesOf(anObject, "attributes", "backend_metadata"),
	attributesOf(aForm, "options", "resource_options"),
	[]attribute{{"plugin_options", pluginOptionsSent}, {"billable", aFlag}}, whereabouts,
)

// whereabouts are those that only describe.
var whereabouts = []attribute{{"country", aCountry}, {"latitude", aFloat(90)}, {"longitude", aFloat(180)}, {"vendor_details", aText(0)}, {"datacite_doi", aText(255)}}

func attrsOfOffering(s catalog.Sheet) json.RawMessage { return s.Offering.Attrs }

// pluginWords are the plugin options that the vendor's client takes no other words in.
var pluginWords = map[string][]string{
	"username_generation_policy":     {"anonymized", "freeipa", "full_name", "identity_claim", "service_provider", "waldur_username"},
	"account_name_generation_policy": {"project_slug"},
	"action_on_usage_limit":          {"", "downscale", "pause"},
	"resource_projects_limit_policy": {"", "aggregate", "none", "per_project"},
	"storage_mode":                   {"dynamic", "fixed"},
	"deployment_mode":                {"managed", "self_managed"},
	"billing_source":                 {"placement", "quota"},
	"uid_source":                     {"pool", "user_attribute"},
	"gid_source":                     {"pool", "user_attribute"},
}

// pluginOptionsSent reads plugin options: one bad word would make every offering list
// unreadable to clients.
func pluginOptionsSent(b *body, name string) any {
	m := b.object(name, false)
	if m == nil {
		return absent
	}
	inner := fieldErrors{}
	for option, words := range pluginWords {
		raw, ok := m[option]
		if ok && isNull(raw) {
			delete(m, option)
			continue
		}
		var s string
		if ok && (json.Unmarshal(raw, &s) != nil || !slices.Contains(words, s)) {
			inner.add(option, "\"%.100s\" is not a valid choice.", strings.Trim(string(raw), `"`))
		}
	}
	if raw, ok := m[prefixOption]; ok && !isNull(raw) {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			inner.add(prefixOption, "Not a valid string.")
		} else if len([]rune(s)) > mostPrefix {
			inner.add(prefixOption, "Ensure this field has no more than %d characters.", mostPrefix)
		}
	}
	if len(inner) > 0 {
		b.errs[name] = inner
	}
	return m
}

const (
	prefixOption = "username_anonymized_prefix"
	mostPrefix   = 50 // half a username, so that there is room for a number
)

// fieldTypes are the types of a form's fields.
var fieldTypes = strings.Fields(`boolean component_multiplier conditional_cascade date html_text integer money multi_datacenter_k8s_config
	select_multiple_openstack_instances select_multiple_openstack_tenants select_openstack_instance select_openstack_tenant select_string select_string_multi
	single_datacenter_k8s_config storage_folder_manager string text time`)

// aForm takes the description of a form: the order of its fields, and the fields.
func aForm(b *body, name string) any {
	m := b.object(name, false)
	if m == nil {
		return absent
	}
	inner := &body{fields: m, errs: fieldErrors{}}
	inner.raw("order", true)
	order, fields := aTextList(inner, "order"), inner.object("options", true)
	for field, raw := range fields {
		f := &body{errs: fieldErrors{}}
		if json.Unmarshal(raw, &f.fields) != nil || f.fields == nil {
			f.errs.add("non_field_errors", "Invalid data. Expected a dictionary, but got %s.", pythonType(raw))
		} else {
			f.text("label", true, 255)
			if s := f.text("type", true, 0); s != "" && !slices.Contains(fieldTypes, s) {
				f.errs.add("type", "\"%s\" is not a valid choice.", s)
			}
		}
		if len(f.errs) > 0 {
			inner.errs[field] = f.errs
		}
	}
	if len(inner.errs) > 0 {
		b.errs[name] = inner.errs
	}
	return map[string]any{"order": order, "options": fields}
}

func (d *door) createOffering(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	customer := b.link(d, "customer", true, id.Customer, customerPaths)
	shelf, err := d.shelfOf(r, who, b, customer)
	if err != nil {
		return 0, err
	}
	kind := b.text("type", true, 0)
	spec, known := offeringTypes[kind]
	if !known && kind != "" {
		b.errs.add("type", "Invalid value.")
	}
	spec.Measure, spec.Consent, spec.Charged = catalog.Limits, catalog.ByRoles, catalog.OnDone
	spec.Name, spec.Description = b.text("name", true, 150), b.text("description", false, 0)
	if who.IsStaff() {
		spec.Slug = b.slug()
	}
	shared := !b.given("shared") || b.flag("shared")
	spec.Shared = &shared
	own := map[string]string{"type": kind, "category": shelf.title}
	if attrs[options](object(b.fields["plugin_options"])).WantsPaper {
		own["purchase_order"] = "required"
	}
	raw, _ := json.Marshal(own)
	spec.Attrs = b.keep(offeringAttributes, raw)
	spec.Components = b.components()
	if o := attrs[options](attrs[particulars](spec.Attrs).PluginOptions); o.OwnProjects && !o.NeverSkips {
		spec.Consent = catalog.Outsiders
	}
	spec.Plans = b.plans()
	b.bounds(&spec)
	if err := b.done(); err != nil {
		return 0, err
	}
	made, err := d.core.MakeOffering(r.Context(), who, customer, spec)
	return made.Offering.ID, fieldRefused(err, map[string]string{"slug": "slug", "name": "name", "customer": "customer", "code": "type", "max": "components"})
}

// shelfOf finds the category that a new offering is to be in. Whoever may not offer for
// the customer is refused before the rest of the body is looked at.
func (d *door) shelfOf(r *http.Request, who core.Actor, b *body, customer id.ID) (shelf, error) {
	category := b.link(d, "category", true, id.Category, categoryPaths)
	var found shelf
	err := d.read(r, who, func(v *view) error {
		if err := v.known(b, "customer", customer, lookedUp(v.Customer)); err != nil {
			return err
		}
		if customer != 0 && b.errs["customer"] == nil {
			if err := d.unable(who, tenant.CreateOffering, customer); err != nil {
				return err
			}
		}
		return v.known(b, "category", category, func(i id.ID) (err error) { found, err = v.shelf(i); return err })
	})
	return found, err
}

// plans reads the plans of a new offering. Prices come later, by update_prices.
func (b *body) plans() []core.PlanSpec {
	items := b.few("plans", core.MostPlans)
	var out []core.PlanSpec
	codes := map[string]bool{}
	for _, item := range items {
		s := item.planSpec()
		slug := core.Slug(s.Name, "plan")
		s.Code = slug
		for n := 2; codes[s.Code]; n++ {
			s.Code = slug + "-" + strconv.Itoa(n)
		}
		codes[s.Code], s.Free = true, true
		out = append(out, s)
	}
	b.gather("plans", items)
	return out
}

// bounds reads `limits`: bounds of components, by type.
func (b *body) bounds(spec *core.OfferingSpec) {
	m := b.object("limits", false)
	errs := fieldErrors{}
	for code, raw := range m {
		n := slices.IndexFunc(spec.Components, func(c core.ComponentSpec) bool { return c.Code == code })
		inner := &body{errs: fieldErrors{}}
		if json.Unmarshal(raw, &inner.fields) != nil || n < 0 {
			errs.add(code, "Invalid components %s.", code)
			continue
		}
		for _, name := range []string{"min", "max", "max_available_limit"} {
			value, ok := inner.whole(name, 0)
			if !ok {
				continue
			}
			q := money.Micro(value) * money.Unit
			switch name {
			case "min":
				spec.Components[n].Min = &q
			case "max":
				spec.Components[n].Max = &q
			default:
				spec.Components[n].Attrs = inner.keep(attributesOf(aWhole, name), spec.Components[n].Attrs)
			}
		}
		if len(inner.errs) > 0 {
			errs[code] = inner.errs
		}
	}
	if len(errs) > 0 {
		b.errs["limits"] = errs
	}
}
