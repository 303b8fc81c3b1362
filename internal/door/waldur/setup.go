package waldur

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// setupOperations are those by which customers, projects, roles and what providers offer
// are set up.
func (d *door) setupOperations() []operation {
	const customers, projects, offerings, plans = "/api/customers/", "/api/projects/", "/api/marketplace-provider-offerings/", "/api/marketplace-plans/"
	ops := []operation{
		{"customers_create", "POST", customers, create(d, d.createCustomer, (*view).customerLink, (*view).Customer, customerModel), false},
		{"projects_create", "POST", projects, create(d, d.createProject, (*view).projectLink, (*view).Project, projectModel), false},
		{"marketplace_categories_create", "POST", "/api/marketplace-categories/", create(d, d.createCategory, (*view).categoryLinkOf, (*view).shelf, categoryModel), false},
		{"marketplace_service_providers_create", "POST", "/api/marketplace-service-providers/", create(d, d.createProvider, (*view).providerLink, (*view).knownProvider, providerModel), false},
		{"marketplace_provider_offerings_create", "POST", offerings, create(d, d.createOffering, (*view).providerOfferingLink, (*view).providedOffering, providerOfferingModel), false},
		{"marketplace_provider_offerings_create_offering_component", "POST", offerings + "{uuid}/create_offering_component/", d.createComponent, false},
		{"marketplace_provider_offerings_update_offering_component", "POST", offerings + "{uuid}/update_offering_component/", d.updateComponent, false},
		{"marketplace_provider_offerings_remove_offering_component", "POST", offerings + "{uuid}/remove_offering_component/", d.removeComponent, false},
		{"marketplace_plans_create", "POST", plans, create(d, d.createPlan, (*view).planLink, (*view).pricing, planDetailsModel), false},
		{"marketplace_plans_update_prices", "POST", plans + "{uuid}/update_prices/", d.reprice("prices", anyComponent, priceSent), false},
		{"marketplace_plans_update_quotas", "POST", plans + "{uuid}/update_quotas/", d.reprice("quotas", isFixed, quotaSent), false},
		{"marketplace_plans_archive", "POST", plans + "{uuid}/archive/", d.archivePlan, false},
	}
	for _, m := range offeringMoves {
		ops = append(ops, operation{"marketplace_provider_offerings_" + m.name, "POST", offerings + "{uuid}/" + m.name + "/", d.moveOffering(m), false})
	}
	ops = append(ops, d.giving("customers", customers, id.Customer, tenant.OnCustomer)...)
	return append(ops, d.giving("projects", projects, id.Project, tenant.OnProject)...)
}

// kindCategory is the kind of the documents that categories without offerings are kept in.
const kindCategory = "waldur category"

// categoryAttributes are what is kept of a category beside its title.
var categoryAttributes = []attribute{{"description", aText(0)}, {"default_vm_category", aFlag}, {"default_volume_category", aFlag}}

func attrsOfShelf(s shelf) json.RawMessage { return s.attrs }

func (v *view) categoryLinkOf(i id.ID) string {
	return v.origin + "/api/marketplace-categories/" + i.UUID(id.Category) + "/"
}

// createCategory keeps a title for offerings to name.
func (d *door) createCategory(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	if !who.IsStaff() {
		return 0, refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
	}
	title, raw := b.text("title", true, 255), b.keep(categoryAttributes, nil)
	if err := b.done(); err != nil {
		return 0, err
	}
	i, err := id.ParseUUID(id.Category, hashed(id.Category, title))
	if err != nil {
		return 0, err
	}
	_, err = d.core.NewDeskDocument(r.Context(), who, core.Document{Kind: kindCategory, Name: title, Body: raw})
	if e := core.AsError(err); err != nil && e.Kind == core.Conflict {
		return 0, fieldError("title", "Category with this title already exists.")
	}
	return i, err
}

// supplier is what is kept of a provider, among its customer's attributes.
type supplier struct {
	Provider json.RawMessage `json:"service_provider"`
}

// providerAttributes are what only this door keeps of a provider.
var providerAttributes = []attribute{{"description", aText(2000)}, {"enable_notifications", aFlag}, {"allowed_domains", aTextList}}

func (d *door) createProvider(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	customer := b.link(d, "customer", true, id.Customer, customerPaths)
	err := d.read(r, who, func(v *view) error { return v.known(b, "customer", customer, lookedUp(v.Customer)) })
	if err != nil {
		return 0, err
	}
	if len(b.errs) == 0 {
		if err := d.unable(who, tenant.RegisterProvider, customer); err != nil {
			return 0, err
		}
	}
	own := b.keep(providerAttributes, nil)
	if err := b.done(); err != nil {
		return 0, err
	}
	made, err := d.core.MakeProvider(r.Context(), who, customer, func(raw json.RawMessage) json.RawMessage {
		kept := attrs[map[string]json.RawMessage](object(raw))
		kept["service_provider"] = own
		out, _ := json.Marshal(kept) // made of valid JSON
		return out
	})
	return made.ID, fieldRefused(err, map[string]string{"customer": "customer"})
}
