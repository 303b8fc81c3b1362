package waldur

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) offeringOperations() []operation {
	return []operation{
		{"marketplace_public_offerings_list", "GET", "/api/marketplace-public-offerings/", publicOfferings.open(d), false},
		{"marketplace_public_offerings_retrieve", "GET", "/api/marketplace-public-offerings/{uuid}/", retrieve(d, id.Offering, (*view).publicOffering, publicOfferingModel), false},
		{"marketplace_public_offerings_plans_list", "GET", "/api/marketplace-public-offerings/{uuid}/plans/", d.publicPlans, false},
		{"marketplace_public_offerings_plans_retrieve", "GET", "/api/marketplace-public-offerings/{offering}/plans/{uuid}/", retrieve(d, id.Plan, (*view).pricing, publicPlanModel), false},
		{"marketplace_provider_offerings_list", "GET", "/api/marketplace-provider-offerings/", providerOfferings.open(d), false},
		{"marketplace_provider_offerings_retrieve", "GET", "/api/marketplace-provider-offerings/{uuid}/", retrieve(d, id.Offering, (*view).providedOffering, providerOfferingModel), false},
		{"marketplace_plans_list", "GET", "/api/marketplace-plans/", plans.open(d), false},
		{"marketplace_plans_retrieve", "GET", "/api/marketplace-plans/{uuid}/", retrieve(d, id.Plan, (*view).pricing, planDetailsModel), false},
		{"marketplace_plan_components_list", "GET", "/api/marketplace-plan-components/", planComponents.open(d), false},
	}
}

// particulars is what only this door knows of an offering, in its attributes.
type particulars struct {
	Type            string          `json:"type"`
	Category        string          `json:"category"`
	PluginOptions   json.RawMessage `json:"plugin_options"`
	Options         json.RawMessage `json:"options"`
	ResourceOptions json.RawMessage `json:"resource_options"`
	Attributes      json.RawMessage `json:"attributes"`
	BackendMetadata json.RawMessage `json:"backend_metadata"`
	FullDescription string          `json:"full_description"`
	PrivacyPolicy   string          `json:"privacy_policy_link"`
	Helpdesk        string          `json:"helpdesk_url"`
	Documentation   string          `json:"documentation_url"`
	Access          string          `json:"access_url"`
	GettingStarted  string          `json:"getting_started"`
	Guide           string          `json:"integration_guide"`
	BackendID       string          `json:"backend_id"`
	PausedReason    string          `json:"paused_reason"`
	Billable        *bool           `json:"billable"`
	Endpoints       []endpoint      `json:"endpoints"`
}

func particularsOf(o catalog.Offering) particulars { return attrs[particulars](o.Attrs) }

// typeOfLimits is the type of an offering of allocations, where it names none: what is done
// at once is basic, what people do is a matter of their desk.
var typeOfLimits = map[catalog.Fulfilment]string{
	catalog.Instant: "Marketplace.Basic", catalog.Manual: "Support.OfferingTemplate", catalog.Webhook: "Marketplace.Script",
	catalog.Shipment: "Docket.Hardware", catalog.Delivery: "Docket.Pool",
}

// typeOfCount is the type of an offering that is counted, where it names none.
var typeOfCount = map[catalog.Fulfilment]string{
	catalog.Shipment: "Docket.Hardware", catalog.Instant: "Docket.Pool", catalog.Webhook: "Docket.Pool",
	catalog.Manual: "Docket.Pool", catalog.Delivery: "Docket.Pool",
}

// categoryOf is the category of an offering that names none.
var categoryOf = map[catalog.Measuring]string{catalog.Imagery: "Earth observation", catalog.Count: "Infrastructure", catalog.Limits: "Allocations"}

// offeringType is the plugin that an offering is of: its own word, else one that tells
// how it is measured. What other doors offer is of types that the vendor does not have.
func offeringType(o catalog.Offering) string {
	own := particularsOf(o).Type
	switch {
	case own != "":
		return own
	case o.Measure == catalog.Imagery:
		return "Docket.Imagery"
	case o.Measure == catalog.Count:
		return typeOfCount[o.Fulfilment]
	}
	return typeOfLimits[o.Fulfilment]
}

func category(o catalog.Offering) string {
	return orElse(particularsOf(o).Category, categoryOf[o.Measure])
}

func pluginOptions(o catalog.Offering) json.RawMessage { return object(particularsOf(o).PluginOptions) }

func billable(o catalog.Offering) bool {
	b := particularsOf(o).Billable
	return b == nil || *b
}

// publicOffering returns an offering as those see it who order: no drafts of others.
func (v *view) publicOffering(i id.ID) (catalog.Sheet, error) {
	sh, err := v.Offering(i)
	if err == nil && sh.Offering.State == catalog.Draft && !v.delivers(sh.Offering) {
		err = noOffering(i)
	}
	return sh, err
}

// providedOffering returns an offering as those see it who deliver it.
func (v *view) providedOffering(i id.ID) (catalog.Sheet, error) {
	sh, err := v.Offering(i)
	if err == nil && !v.delivers(sh.Offering) {
		err = noOffering(i)
	}
	return sh, err
}

func noOffering(i id.ID) error {
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "offering", ID: i}}
}

// delivers reports whether the caller is on the delivering side of an offering.
func (v *view) delivers(o catalog.Offering) bool { return v.who.Delivers(o, v.provider(o.Provider)) }

func sheetType(_ *view, s catalog.Sheet) string       { return offeringType(s.Offering) }
func sheetName(_ *view, s catalog.Sheet) string       { return s.Offering.Name }
func sheetMade(_ *view, s catalog.Sheet) time.Time    { return s.Offering.ID.Time() }
func sheetChanged(_ *view, s catalog.Sheet) time.Time { return s.Offering.Changed() }

func ofOffering(read func(o catalog.Offering) any) func(*view, catalog.Sheet) any {
	return func(_ *view, s catalog.Sheet) any { return read(s.Offering) }
}

func ofParticulars(read func(p particulars) any) func(*view, catalog.Sheet) any {
	return func(_ *view, s catalog.Sheet) any { return read(particularsOf(s.Offering)) }
}

// offeringBase is what both views of an offering have.
var offeringBase = shown(slices.Concat(model[catalog.Sheet]{
	{name: "uuid", value: ofOffering(func(o catalog.Offering) any { return o.ID.UUID(id.Offering) })},
	{name: "created", value: ofOffering(func(o catalog.Offering) any { return stamp(o.ID.Time()) })},
	{name: "name", value: ofOffering(func(o catalog.Offering) any { return o.Name })},
	{name: "slug", value: ofOffering(func(o catalog.Offering) any { return orElse(o.Slug, slugOf(o.Code)) })},
	{name: "description", value: ofOffering(func(o catalog.Offering) any { return o.Description })},
	{name: "full_description", value: ofParticulars(func(p particulars) any { return p.FullDescription })},
	{name: "privacy_policy_link", value: ofParticulars(func(p particulars) any { return p.PrivacyPolicy })},
	{name: "helpdesk_url", value: ofParticulars(func(p particulars) any { return p.Helpdesk })},
	{name: "documentation_url", value: ofParticulars(func(p particulars) any { return p.Documentation })},
	{name: "access_url", value: ofParticulars(func(p particulars) any { return p.Access })},
	{name: "getting_started", value: ofParticulars(func(p particulars) any { return p.GettingStarted })},
	{name: "integration_guide", value: ofParticulars(func(p particulars) any { return p.Guide })},
	{name: "backend_id", value: ofParticulars(func(p particulars) any { return p.BackendID })},
	{name: "paused_reason", value: ofParticulars(func(p particulars) any { return p.PausedReason })},
	{name: "endpoints", value: ofParticulars(func(p particulars) any { return endpointList(p.Endpoints) })},
	{name: "attributes", value: ofParticulars(func(p particulars) any { return object(p.Attributes) })},
	{name: "options", value: ofParticulars(func(p particulars) any { return form(p.Options) })},
	{name: "resource_options", value: ofParticulars(func(p particulars) any { return form(p.ResourceOptions) })},
	{name: "backend_metadata", value: ofParticulars(func(p particulars) any { return object(p.BackendMetadata) })},
	{name: "plugin_options", value: ofOffering(func(o catalog.Offering) any { return pluginOptions(o) })},
	{name: "customer", value: func(v *view, s catalog.Sheet) any { return v.customerLink(v.provider(s.Offering.Provider).Customer) }},
	{name: "customer_uuid", value: func(v *view, s catalog.Sheet) any { return v.provider(s.Offering.Provider).Customer.UUID(id.Customer) }},
	{name: "customer_name", value: func(v *view, s catalog.Sheet) any { return v.deliverer(s.Offering.Provider).Name }},
	{name: "category", value: func(v *view, s catalog.Sheet) any { return v.categoryLink(category(s.Offering)) }},
	{name: "category_uuid", value: ofOffering(func(o catalog.Offering) any { return hashed(id.Category, category(o)) })},
	{name: "category_title", value: ofOffering(func(o catalog.Offering) any { return category(o) })},
	{name: "type", value: ofOffering(func(o catalog.Offering) any { return offeringType(o) })},
	{name: "state", value: ofOffering(func(o catalog.Offering) any { return offeringState[o.State] })},
	{name: "shared", value: ofOffering(func(o catalog.Offering) any { return o.Shared })},
	{name: "billable", value: ofOffering(func(o catalog.Offering) any { return billable(o) })},
	{name: "components", value: func(v *view, s catalog.Sheet) any { return componentModel.objects(v, s.Components) }},
	{name: "order_count", value: func(v *view, s catalog.Sheet) any { return v.ordersOf(s.Offering.ID) }},
	{name: "billing_type_classification", value: func(_ *view, s catalog.Sheet) any { return classify(s.Components) }},
	{name: "citation_count", value: func(*view, catalog.Sheet) any { return -1 }},
}, always[catalog.Sheet]("", "vendor_details", "datacite_doi", "country", "scope", "scope_error_message"),
	always[catalog.Sheet](nil, "project", "project_name", "project_uuid", "thumbnail", "image", "scope_name", "scope_uuid", "scope_state", "latitude", "longitude",
		"parent_uuid", "parent_name", "parent_description", "compliance_checklist", "profile_uuid", "profile_name", "offering_group", "offering_group_uuid",
		"offering_group_title", "google_calendar_link", "google_calendar_is_public", "total_customers", "total_cost", "total_cost_estimated"),
	always[catalog.Sheet](false, "has_compliance_requirements"),
	always[catalog.Sheet]([]string{}, "default_access_subnets", "software_catalogs", "partitions", "qos_profiles", "screenshots", "files", "quotas",
		"organization_groups", "tags", "effective_available_limits"),
), whereabouts, attrsOfOffering)

// form is a description of a form, as options are.
func form(raw json.RawMessage) json.RawMessage {
	if b := object(raw); len(b) > 2 {
		return b
	}
	return json.RawMessage(`{"order":[],"options":{}}`)
}

// ordersOf counts the orders of an offering that the caller sees.
func (v *view) ordersOf(offering id.ID) int {
	n, err := v.CountOrders(core.OrderQuery{Offerings: []id.ID{offering}})
	v.failed(err)
	return n
}

// classify says how components are charged: by limit, by usage, both, or otherwise.
func classify(list []catalog.Component) string {
	limits := slices.ContainsFunc(list, func(c catalog.Component) bool { return c.Billing == catalog.ByLimit })
	usage := slices.ContainsFunc(list, func(c catalog.Component) bool { return c.Billing == catalog.ByUsage })
	switch {
	case limits && !usage:
		return "limit_only"
	case usage && !limits:
		return "usage_only"
	}
	return "mixed"
}

var publicOfferingModel = slices.Concat(model[catalog.Sheet]{
	{name: "url", value: func(v *view, s catalog.Sheet) any { return v.publicOfferingLink(s.Offering.ID) }},
}, offeringBase, model[catalog.Sheet]{
	{name: "plans", value: func(v *view, s catalog.Sheet) any { return publicPlanModel.objects(v, pricings(s, false)) }},
}, always[catalog.Sheet](absent, "config_drive_default"), always[catalog.Sheet](true, "is_accessible"), model[catalog.Sheet]{
	{name: "user_has_consent", value: func(v *view, s catalog.Sheet) any { return callerConsents(v, s) }},
}, always[catalog.Sheet](false, "open_for_proposals"),
	always[catalog.Sheet]([]string{}, "promotion_campaigns"))

var providerOfferingModel = slices.Concat(model[catalog.Sheet]{
	{name: "url", value: func(v *view, s catalog.Sheet) any { return v.providerOfferingLink(s.Offering.ID) }},
}, offeringBase, model[catalog.Sheet]{
	{name: "plans", value: func(v *view, s catalog.Sheet) any { return providerPlanModel.objects(v, pricings(s, true)) }},
	{name: "integration_status", value: func(*view, catalog.Sheet) any { return []string{} }, asked: true},
}, always[catalog.Sheet](map[string]any{}, "secret_options", "service_attributes", "backend_id_rules"))

// offered reads the sheets of the offerings that pass.
func offered(pass func(v *view, o catalog.Offering) bool) func(v *view, _ few, _, _ int) ([]catalog.Sheet, error) {
	return whole(func(v *view) ([]catalog.Sheet, error) {
		list, err := v.Offerings(core.OfferingQuery{Page: everything})
		if err != nil {
			return nil, err
		}
		var out []catalog.Sheet
		for _, o := range list {
			if pass(v, o) {
				out = append(out, v.sheet(o.ID))
			}
		}
		return out, v.err
	})
}

var publicOfferings = list[few, catalog.Sheet]{
	rows:    offered(func(v *view, o catalog.Offering) bool { return o.State != catalog.Draft || v.delivers(o) }),
	filters: offeringFilters,
	sorts:   offeringSorts,
	model:   publicOfferingModel,
}

var providerOfferings = list[few, catalog.Sheet]{
	rows:    offered((*view).delivers),
	filters: offeringFilters,
	sorts:   offeringSorts,
	model:   providerOfferingModel,
}

func words(read func(o catalog.Offering) string) func(*view, catalog.Sheet) string {
	return func(_ *view, s catalog.Sheet) string { return read(s.Offering) }
}

var offeringFilters = map[string]filter[few, catalog.Sheet]{
	"name":        contains[few](sheetName),
	"name_exact":  equals[few](sheetName),
	"slug":        equals[few](words(func(o catalog.Offering) string { return orElse(o.Slug, slugOf(o.Code)) })),
	"description": contains[few](words(func(o catalog.Offering) string { return o.Description })),
	"query": contains[few](words(func(o catalog.Offering) string {
		return o.Name + " " + o.Slug + " " + o.Description + " " + o.ID.UUID(id.Offering)
	})),
	"keyword":  contains[few](words(func(o catalog.Offering) string { return o.Name + " " + o.Description })),
	"type":     equals[few](sheetType),
	"shared":   is[few](func(_ *view, s catalog.Sheet) bool { return s.Offering.Shared }),
	"billable": is[few](func(_ *view, s catalog.Sheet) bool { return billable(s.Offering) }),
	"state": choices(offeringState, func(_ *view, a *ask[few, catalog.Sheet], states []catalog.State) {
		a.keep = append(a.keep, func(s catalog.Sheet) bool { return slices.Contains(states, s.Offering.State) })
	}),
	"category_uuid": uuids(id.Category, func(_ *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		a.keep = append(a.keep, func(s catalog.Sheet) bool {
			return slices.ContainsFunc(ids, func(c id.ID) bool { return c.UUID(id.Category) == hashed(id.Category, category(s.Offering)) })
		})
	}),
	"customer_uuid": idIn[few](id.Customer, func(v *view, s catalog.Sheet) id.ID { return v.provider(s.Offering.Provider).Customer }),
	"customer": links(id.Customer, func(v *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		a.keep = append(a.keep, func(s catalog.Sheet) bool { return slices.Contains(ids, v.provider(s.Offering.Provider).Customer) })
	}),
	"allowed_customer_uuid":  uuids(id.Customer, allowedTo),
	"consumer_customer_uuid": uuids(id.Customer, allowedTo),
	"project_uuid": uuids(id.Project, func(v *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		var customers []id.ID
		for _, i := range ids {
			if p, err := v.Project(i); err == nil {
				customers = append(customers, p.Customer)
			}
		}
		allowedTo(v, a, customers)
	}),
	"resource_customer_uuid": uuids(id.Customer, func(v *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		a.keep = append(a.keep, v.hasResources(core.ResourceQuery{Customers: ids}))
	}),
	"resource_project_uuid": uuids(id.Project, func(v *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		a.keep = append(a.keep, v.hasResources(core.ResourceQuery{Projects: ids}))
	}),
	"uuid_list": text(func(_ *view, a *ask[few, catalog.Sheet], s string) {
		ids, _ := parseUUIDs(id.Offering, strings.Split(s, ","))
		a.keep = append(a.keep, func(s catalog.Sheet) bool { return slices.Contains(ids, s.Offering.ID) })
	}),
	"can_create_offering_user": is[few](func(_ *view, s catalog.Sheet) bool { return plugin(s.Offering).CanCreateUsers }),
	"created":                  since[few](sheetMade),
	"created_before":           until[few](sheetMade),
	"modified":                 since[few](sheetChanged),
	"modified_before":          until[few](sheetChanged),
	"parent_uuid":              nothing[few, catalog.Sheet](id.Offering),
	"category_group_uuid":      nothing[few, catalog.Sheet](id.Document),
	"offering_group_uuid":      nothing[few, catalog.Sheet](id.Document),
	"organization_group_uuid":  nothing[few, catalog.Sheet](id.Document),
	"tag":                      nothing[few, catalog.Sheet](id.Document),
	"scope_uuid":               none[few, catalog.Sheet](),
	"tag_name":                 none[few, catalog.Sheet](),
	"tag_names_and":            none[few, catalog.Sheet](),
	"tags_and":                 none[few, catalog.Sheet](),
	"importable":               none[few, catalog.Sheet](),   // nothing here can be imported
	"accessible":               surely[few, catalog.Sheet](), // of others nothing is told
	"accessible_via_calls":     is[few](never[catalog.Sheet]),
	"attributes":               inside[few](func(_ *view, s catalog.Sheet) json.RawMessage { return particularsOf(s.Offering).Attributes }),
	"service_manager_uuid": uuids(id.User, func(v *view, a *ask[few, catalog.Sheet], ids []id.ID) {
		a.keep = append(a.keep, func(s catalog.Sheet) bool { return v.managed(s.Offering, ids) })
	}),
	"has_terms_of_service":        is[few](func(_ *view, s catalog.Sheet) bool { return termsOf(s.Offering).Active() }),
	"has_active_terms_of_service": is[few](func(_ *view, s catalog.Sheet) bool { return termsOf(s.Offering).Active() }),
	"open_for_proposals":          is[few](never[catalog.Sheet]),
	"user_has_consent":            is[few](callerConsents),
	"user_has_offering_user": flag(func(v *view, a *ask[few, catalog.Sheet], yes bool) {
		list, err := v.accounts(accountQuery{})
		v.failed(err)
		a.keep = append(a.keep, func(s catalog.Sheet) bool {
			return yes == slices.ContainsFunc(list, func(x account) bool { return x.Offering == s.Offering.ID && x.User == v.who.User.ID })
		})
	}),
}

// callerConsents reports whether the caller has agreed to an offering's terms.
func callerConsents(v *view, s catalog.Sheet) bool {
	return v.consents(s.Offering.ID, v.who.User.ID).given()
}

// options are the plugin options that the door acts on.
type options struct {
	CanCreateUsers bool `json:"service_provider_can_create_offering_user"`
	Messaging      bool `json:"enable_provider_consumer_messaging"`
	CanRestore     bool `json:"can_restore_resource"`
	OwnProjects    bool `json:"auto_approve_in_service_provider_projects"`
	NeverSkips     bool `json:"disable_autoapprove"`
	WantsPaper     bool `json:"require_purchase_order_upload"`
}

func plugin(o catalog.Offering) options { return attrs[options](pluginOptions(o)) }

// managed reports whether one of the users manages an offering: by a role in it, or as
// service manager of who delivers it.
func (v *view) managed(o catalog.Offering, users []id.ID) bool {
	own, err := v.GrantsIn(tenant.OnOffering, o.ID)
	v.failed(err)
	all, err := v.GrantsIn(tenant.OnCustomer, v.provider(o.Provider).Customer)
	v.failed(err)
	manages := func(g tenant.Grant) bool {
		return slices.Contains(users, g.User) && (g.Role == tenant.OfferingManager || g.Role == tenant.CustomerManager)
	}
	return slices.ContainsFunc(own, manages) || slices.ContainsFunc(all, manages)
}

// allowedTo keeps offerings that the customers may order.
func allowedTo(v *view, a *ask[few, catalog.Sheet], customers []id.ID) {
	a.keep = append(a.keep, func(s catalog.Sheet) bool {
		o := s.Offering
		private := o.PrivateTo
		if private == 0 {
			private = v.provider(o.Provider).Customer
		}
		return o.Shared || slices.Contains(customers, private)
	})
}

func (v *view) hasResources(q core.ResourceQuery) func(s catalog.Sheet) bool {
	return func(s catalog.Sheet) bool {
		q := q
		q.Offerings = []id.ID{s.Offering.ID}
		n, err := v.CountResources(q)
		v.failed(err)
		return n > 0
	}
}

var offeringSorts = map[string]sorting[few, catalog.Sheet]{
	"name":                 sortedBy[few](sheetName),
	"type":                 sortedBy[few](sheetType),
	"state":                sortedBy[few](words(func(o catalog.Offering) string { return stateNumber[o.State] })),
	"created":              sortedBy[few](func(_ *view, s catalog.Sheet) int64 { return int64(s.Offering.ID) }),
	"total_cost":           sortedBy[few](func(*view, catalog.Sheet) int { return 0 }),
	"total_cost_estimated": sortedBy[few](func(*view, catalog.Sheet) int { return 0 }),
	"total_customers":      sortedBy[few](func(*view, catalog.Sheet) int { return 0 }),
}
