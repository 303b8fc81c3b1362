package waldur

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) providerOperations() []operation {
	return []operation{
		{"marketplace_service_providers_list", "GET", "/api/marketplace-service-providers/", providers.open(d), false},
		{"marketplace_service_providers_retrieve", "GET", "/api/marketplace-service-providers/{uuid}/", retrieve(d, id.Provider, (*view).knownProvider, providerModel), false},
		{"marketplace_service_providers_users_list", "GET", "/api/marketplace-service-providers/{uuid}/users/", servedUsers.serve(d, served), false},
		{"marketplace_service_providers_projects_list", "GET", "/api/marketplace-service-providers/{uuid}/projects/", servedProjects.serve(d, served), false},
		{"marketplace_service_providers_project_permissions_list", "GET", "/api/marketplace-service-providers/{uuid}/project_permissions/", servedRoles.serve(d, served), false},
		{"marketplace_categories_list", "GET", "/api/marketplace-categories/", categories.open(d), false},
		{"marketplace_categories_retrieve", "GET", "/api/marketplace-categories/{uuid}/", retrieve(d, id.Category, (*view).shelf, categoryModel), false},
	}
}

// knownProvider returns a provider: anyone signed in may know who delivers.
func (v *view) knownProvider(i id.ID) (tenant.Provider, error) {
	p, err := v.Provider(i)
	if errors.Is(err, core.NotFound) {
		return p, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "provider", ID: i}}
	}
	return p, err
}

var providerModel = shownBy(slices.Concat(model[tenant.Provider]{
	{name: "url", value: func(v *view, p tenant.Provider) any { return v.providerLink(p.ID) }},
	{name: "uuid", value: func(_ *view, p tenant.Provider) any { return p.ID.UUID(id.Provider) }},
	{name: "created", value: func(_ *view, p tenant.Provider) any { return stamp(p.ID.Time()) }},
	{name: "customer", value: func(v *view, p tenant.Provider) any { return v.customerLink(p.Customer) }},
	{name: "customer_uuid", value: func(_ *view, p tenant.Provider) any { return p.Customer.UUID(id.Customer) }},
	{name: "customer_name", value: func(v *view, p tenant.Provider) any { return v.customer(p.Customer).Name }},
	{name: "customer_slug", value: func(v *view, p tenant.Provider) any { return v.customer(p.Customer).Slug }},
	{name: "customer_abbreviation", value: func(v *view, p tenant.Provider) any { return v.organization(p.Customer).Abbreviation }},
	{name: "customer_native_name", value: func(v *view, p tenant.Provider) any { return v.organization(p.Customer).NativeName }},
	{name: "customer_country", value: func(v *view, p tenant.Provider) any { return v.organization(p.Customer).Country }},
	{name: "description", value: func(v *view, p tenant.Provider) any { return v.organization(p.Customer).Description }},
	{name: "offering_count", value: func(v *view, p tenant.Provider) any {
		list, err := v.Offerings(core.OfferingQuery{Providers: []id.ID{p.ID}, States: []catalog.State{catalog.Active, catalog.Paused}, Page: everything})
		v.failed(err)
		return len(list)
	}},
}, always[tenant.Provider](nil, "customer_image", "image"), always[tenant.Provider](true, "enable_notifications"),
	always[tenant.Provider]([]string{}, "organization_groups", "allowed_domains")), providerAttributes,
	func(v *view, p tenant.Provider) json.RawMessage {
		return attrs[supplier](v.customer(p.Customer).Attrs).Provider
	})

func (v *view) organization(customer id.ID) organization {
	return attrs[organization](v.customer(customer).Attrs)
}

func providerName(v *view, p tenant.Provider) string { return v.customer(p.Customer).Name }

var providers = list[few, tenant.Provider]{
	rows: whole(func(v *view) ([]tenant.Provider, error) { return v.Providers() }),
	filters: map[string]filter[few, tenant.Provider]{
		"customer_uuid": idIn[few](id.Customer, func(_ *view, p tenant.Provider) id.ID { return p.Customer }),
		"customer": links(id.Customer, func(_ *view, a *ask[few, tenant.Provider], ids []id.ID) {
			a.keep = append(a.keep, func(p tenant.Provider) bool { return slices.Contains(ids, p.Customer) })
		}),
		"customer_keyword": contains[few](func(v *view, p tenant.Provider) string {
			o := v.organization(p.Customer)
			return providerName(v, p) + " " + o.Abbreviation + " " + o.NativeName
		}),
	},
	sorts: map[string]sorting[few, tenant.Provider]{"customer_name": sortedBy[few](providerName)},
	model: providerModel,
}

// shelf is a category: a name that offerings carry.
type shelf struct {
	title     string
	offerings []catalog.Offering
	attrs     json.RawMessage // of one that was made before its offerings
}

// shelves lists the categories of the offerings that the caller sees, by title.
func (v *view) shelves() ([]shelf, error) {
	all, err := v.Offerings(core.OfferingQuery{Page: everything})
	if err != nil {
		return nil, err
	}
	docs, err := v.DeskDocuments(kindCategory)
	if err != nil {
		return nil, err
	}
	by := map[string]int{}
	var out []shelf
	for _, doc := range docs {
		by[doc.Name], out = len(out), append(out, shelf{title: doc.Name, attrs: doc.Body})
	}
	for _, o := range all {
		title := category(o)
		n, ok := by[title]
		if !ok {
			n = len(out)
			by[title], out = n, append(out, shelf{title: title})
		}
		out[n].offerings = append(out[n].offerings, o)
	}
	slices.SortFunc(out, func(a, b shelf) int {
		if a.title < b.title {
			return -1
		}
		return 1
	})
	return out, nil
}

func (v *view) shelf(i id.ID) (shelf, error) {
	all, err := v.shelves()
	for _, s := range all {
		if hashed(id.Category, s.title) == i.UUID(id.Category) {
			return s, err
		}
	}
	return shelf{}, errors.Join(err, &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "category"}})
}

// offeringsIn lists the ids of the offerings of categories named by id.
func (v *view) offeringsIn(categories []id.ID) []id.ID {
	all, err := v.Offerings(core.OfferingQuery{Page: everything})
	v.failed(err)
	var out []id.ID
	for _, o := range all {
		for _, c := range categories {
			if c.UUID(id.Category) == hashed(id.Category, category(o)) {
				out = append(out, o.ID)
			}
		}
	}
	return out
}

func open(o catalog.Offering) bool { return o.State == catalog.Active || o.State == catalog.Paused }

func (s shelf) open() int {
	n := 0
	for _, o := range s.offerings {
		if open(o) {
			n++
		}
	}
	return n
}

var categoryModel = shown(slices.Concat(model[shelf]{
	{name: "url", value: func(v *view, s shelf) any { return v.categoryLink(s.title) }},
	{name: "uuid", value: func(_ *view, s shelf) any { return hashed(id.Category, s.title) }},
	{name: "title", value: func(_ *view, s shelf) any { return s.title }},
	{name: "offering_count", value: func(_ *view, s shelf) any { return s.open() }},
	{name: "available_offerings_count", value: func(_ *view, s shelf) any { return s.open() }},
}, always[shelf]("", "description"), always[shelf](nil, "icon", "group"), always[shelf](false, "default_vm_category", "default_volume_category"),
	always[shelf]([]string{}, "sections", "columns", "components", "articles")), categoryAttributes, attrsOfShelf)

func shelfTitle(_ *view, s shelf) string { return s.title }

var categories = list[few, shelf]{
	rows: whole((*view).shelves),
	filters: map[string]filter[few, shelf]{
		"title": contains[few](shelfTitle),
		"offering_name": contains[few](func(_ *view, s shelf) string {
			names := ""
			for _, o := range s.offerings {
				names += o.Name + "\n"
			}
			return names
		}),
		"has_shared": is[few](func(_ *view, s shelf) bool {
			return slices.ContainsFunc(s.offerings, func(o catalog.Offering) bool { return o.Shared })
		}),
		"customer_uuid": uuids(id.Customer, func(v *view, a *ask[few, shelf], ids []id.ID) {
			a.keep = append(a.keep, func(s shelf) bool {
				return slices.ContainsFunc(s.offerings, func(o catalog.Offering) bool { return slices.Contains(ids, v.provider(o.Provider).Customer) })
			})
		}),
		"resource_customer_uuid": uuids(id.Customer, func(v *view, a *ask[few, shelf], ids []id.ID) {
			a.keep = append(a.keep, v.usedBy(core.ResourceQuery{Customers: ids}))
		}),
		"resource_project_uuid": uuids(id.Project, func(v *view, a *ask[few, shelf], ids []id.ID) {
			a.keep = append(a.keep, v.usedBy(core.ResourceQuery{Projects: ids}))
		}),
		"accessible": surely[few, shelf](), // of other offerings nothing is told
		"customers_offerings_state": func(v *view, a *ask[few, shelf], name string, values []string) {
			ids, _ := parseUUIDs(id.Customer, v.req.URL.Query()["customer_uuid"])
			choices(stateNumber, func(v *view, a *ask[few, shelf], states []catalog.State) {
				a.keep = append(a.keep, func(s shelf) bool {
					return slices.ContainsFunc(s.offerings, func(o catalog.Offering) bool {
						return slices.Contains(states, o.State) && (ids == nil || slices.Contains(ids, v.provider(o.Provider).Customer))
					})
				})
			})(v, a, name, values)
		},
		"group_uuid": nothing[few, shelf](id.Document),
	},
	sorts: map[string]sorting[few, shelf]{"title": sortedBy[few](shelfTitle)},
	loose: true,
	model: categoryModel,
}

// stateNumber spells an offering's state as the vendor's database does.
var stateNumber = map[catalog.State]string{catalog.Draft: "1", catalog.Active: "2", catalog.Paused: "3", catalog.Archived: "4", catalog.Unavailable: "5"}

// usedBy keeps categories with a resource of that query.
func (v *view) usedBy(q core.ResourceQuery) func(s shelf) bool {
	return func(s shelf) bool {
		q := q
		q.Offerings = nil
		for _, o := range s.offerings {
			q.Offerings = append(q.Offerings, o.ID)
		}
		n, err := v.CountResources(q)
		v.failed(err)
		return n > 0
	}
}
