package waldur

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// sideView is from which side resources are looked at: the vendor has one path for those who
// use them and one for those who deliver them.
type sideView struct {
	side core.Side
	// sight is what the view shows, inside what the caller may see.
	sight func(v *view) *core.Sight
}

var consumerView = sideView{core.Consuming, func(*view) *core.Sight { return nil }}

// providerView shows what the caller's own customers deliver, and offerings they manage.
var providerView = sideView{core.ByProvider, func(v *view) *core.Sight {
	if v.who.SeesAll() {
		return nil
	}
	s := &core.Sight{Providers: v.providersOf(v.who.Customers())}
	for _, g := range v.who.Grants {
		if g.Scope == tenant.OnOffering {
			s.Offerings = append(s.Offerings, g.ScopeID)
		}
	}
	return s
}}

// query is the start of a list of resources: oldest first.
func (s sideView) query(v *view) (core.ResourceQuery, error) {
	return core.ResourceQuery{Page: core.Page{Ascending: true}, Any: s.sight(v)}, nil
}

// resource returns a resource as one side sees it.
func (s sideView) resource(v *view, i id.ID) (order.Resource, error) {
	q, err := s.query(v)
	if err != nil {
		return order.Resource{}, err
	}
	q.IDs, q.Limit = []id.ID{i}, 1
	if i == 0 {
		return order.Resource{}, noResource(i)
	}
	list, err := v.Resources(q)
	if err == nil && len(list) == 0 {
		err = noResource(i)
	}
	if err != nil {
		return order.Resource{}, err
	}
	return list[0], nil
}

// living are the states of resources that have not ended.
var living = []order.ResourceState{order.Creating, order.OK, order.ResourceErred, order.Updating, order.Terminating}

func noResource(i id.ID) error {
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: "resource", ID: i}}
}

func (d *door) resourceOperations(name, root string, s sideView) []operation {
	one := root + "{uuid}/"
	return append([]operation{
		{name + "_list", "GET", root, resources.serve(d, s.query), false},
		{name + "_retrieve", "GET", one, retrieve(d, id.Resource, s.resource, resourceModel), false},
		{name + "_partial_update", "PATCH", one, d.patchResource(s), false},
		{name + "_update", "PUT", one, d.patchResource(s), false},
		{name + "_team_list", "GET", one + "team/", subList(d, s, (*view).team, teamModel), false},
		{name + "_plan_periods_list", "GET", one + "plan_periods/", subList(d, s, (*view).planPeriods, planPeriodModel), false},
		{name + "_offering_for_subresources_list", "GET", one + "offering_for_subresources/", subList(d, s, func(*view, order.Resource) []order.Resource { return nil }, model[order.Resource]{}), false},
		{name + "_terminate", "POST", one + "terminate/", d.changeByOrder(s, termination), false},
		{name + "_update_limits", "POST", one + "update_limits/", d.changeByOrder(s, limitUpdate), false},
		{name + "_switch_plan", "POST", one + "switch_plan/", d.changeByOrder(s, planSwitch), false},
		{name + "_restore", "POST", one + "restore/", d.changeByOrder(s, restoration), false},
	}, d.sharedOperations(name, root, s)...)
}

// subList answers with what belongs to a resource, all of it.
func subList[T any](d *door, s sideView, get func(v *view, r order.Resource) []T, m model[T]) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		var out []json.RawMessage
		err := d.read(r, who, func(v *view) error {
			res, err := s.resource(v, v.named(id.Resource))
			if err != nil {
				return err
			}
			out = m.objects(v, get(v, res))
			return nil
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusOK, out)
	}
}

// keeping is what only this door knows of a resource, in its attributes.
type keeping struct {
	Attributes      json.RawMessage `json:"attributes,omitempty"`
	Description     string          `json:"description,omitempty"`
	Report          []section       `json:"report,omitempty"`
	Endpoints       []endpoint      `json:"endpoints,omitempty"`
	BackendMetadata json.RawMessage `json:"backend_metadata,omitempty"`
	Options         json.RawMessage `json:"options,omitempty"`
	EffectiveID     string          `json:"effective_id,omitempty"`
	LastSync        string          `json:"last_sync,omitempty"`
	ErrorMessage    string          `json:"error_message,omitempty"`
	ErrorTrace      string          `json:"error_traceback,omitempty"`
	Paused          bool            `json:"paused,omitempty"`
	Downscaled      bool            `json:"downscaled,omitempty"`
	RestrictMembers bool            `json:"restrict_member_access,omitempty"`
	EndRequestedBy  string          `json:"end_date_requested_by,omitempty"`
	EndUpdatedAt    string          `json:"end_date_updated_at,omitempty"`
}

// section is a part of a provider's report about a resource.
type section struct {
	Header string `json:"header"`
	Body   string `json:"body"`
}

// endpoint is an address at which a resource or an offering is reached.
type endpoint struct {
	UUID string `json:"uuid,omitempty"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// endpointList gives each endpoint a UUID: one is told by its name and address.
func endpointList(list []endpoint) []endpoint {
	out := make([]endpoint, len(list))
	for n, e := range list {
		e.UUID = hashed(id.Document, e.Name, e.URL)
		out[n] = e
	}
	return out
}

func kept(r order.Resource) keeping { return attrs[keeping](r.Attrs) }

func ofKept(read func(k keeping) any) func(*view, order.Resource) any {
	return func(_ *view, r order.Resource) any { return read(kept(r)) }
}

func ofResource(read func(r order.Resource) any) func(*view, order.Resource) any {
	return func(_ *view, r order.Resource) any { return read(r) }
}

var resourceModel = slices.Concat(of(aroundModel, func(_ *view, r order.Resource) around {
	return around{r.Offering, r.Plan, r.Customer, r.Project}
}), model[order.Resource]{
	{name: "uuid", value: ofResource(func(r order.Resource) any { return r.ID.UUID(id.Resource) })},
	{name: "url", value: func(v *view, r order.Resource) any { return v.resourceLink(r.ID) }},
	{name: "name", value: ofResource(func(r order.Resource) any { return r.Name })},
	{name: "slug", value: ofResource(func(r order.Resource) any { return r.Slug })},
	{name: "created", value: ofResource(func(r order.Resource) any { return stamp(r.ID.Time()) })},
	{name: "modified", value: ofResource(func(r order.Resource) any { return stamp(r.Changed()) })},
	{name: "state", value: ofResource(func(r order.Resource) any { return resourceState[r.State] })},
	{name: "description", value: ofKept(func(k keeping) any { return k.Description })},
	{name: "attributes", value: ofKept(func(k keeping) any { return object(k.Attributes) })},
	{name: "limits", value: func(v *view, r order.Resource) any { return resourceLimits(v, r) }},
	{name: "current_usages", value: func(v *view, r order.Resource) any { return currentUsages(v, r) }},
	{name: "limit_usage", value: func(v *view, r order.Resource) any { return limitUsage(v, r) }},
	{name: "is_usage_based", value: func(v *view, r order.Resource) any { return has(v, r, catalog.ByUsage) }},
	{name: "is_limit_based", value: func(v *view, r order.Resource) any { return has(v, r, catalog.ByLimit) }},
	{name: "backend_id", value: ofResource(func(r order.Resource) any { return r.BackendID })},
	{name: "effective_id", value: ofResource(func(r order.Resource) any { return orElse(kept(r).EffectiveID, r.BackendID) })},
	{name: "backend_metadata", value: ofKept(func(k keeping) any { return object(k.BackendMetadata) })},
	{name: "options", value: ofKept(func(k keeping) any { return object(k.Options) })},
	{name: "report", value: ofKept(func(k keeping) any { return k.Report })},
	{name: "endpoints", value: ofKept(func(k keeping) any { return endpointList(k.Endpoints) })},
	{name: "last_sync", value: ofKept(func(k keeping) any {
		if k.LastSync == "" {
			return absent
		}
		return k.LastSync
	})},
	{name: "paused", value: ofKept(func(k keeping) any { return k.Paused })},
	{name: "downscaled", value: ofKept(func(k keeping) any { return k.Downscaled })},
	{name: "restrict_member_access", value: ofKept(func(k keeping) any { return k.RestrictMembers })},
	{name: "error_message", value: ofKept(func(k keeping) any { return k.ErrorMessage })},
	{name: "error_traceback", value: func(v *view, r order.Resource) any {
		if !v.who.SeesAll() {
			return absent
		}
		return kept(r).ErrorTrace
	}},
	{name: "end_date", value: ofResource(func(r order.Resource) any { return dayOrNull(r.EndsOn) })},
	{name: "resource_effective_end_date", value: ofResource(func(r order.Resource) any { return dayOrNull(r.EndsOn) })},
	{name: "end_date_requested_by", value: ofKept(func(k keeping) any { return orNull(k.EndRequestedBy) })},
	{name: "end_date_updated_at", value: ofKept(func(k keeping) any { return orNull(k.EndUpdatedAt) })},
	{name: "project_end_date", value: func(v *view, r order.Resource) any { return dayOrNull(v.project(r.Project).EndOn) }},
	{name: "project_effective_end_date", value: func(v *view, r order.Resource) any { return dayOrNull(v.project(r.Project).EndOn) }},
	{name: "can_terminate", value: ofResource(func(r order.Resource) any {
		return r.OpenOrder == 0 && (r.State == order.OK || r.State == order.ResourceErred)
	})},
	{name: "renewal_date", value: func(*view, order.Resource) any { return nil }},
	{name: "offering_slug", value: func(v *view, r order.Resource) any {
		o := v.sheet(r.Offering).Offering
		return orElse(o.Slug, slugOf(o.Code))
	}},
	{name: "offering_state", value: func(v *view, r order.Resource) any { return offeringState[v.sheet(r.Offering).Offering.State] }},
	{name: "offering_backend_id", value: func(v *view, r order.Resource) any { return particularsOf(v.sheet(r.Offering).Offering).BackendID }},
	{name: "offering_components", value: func(v *view, r order.Resource) any { return componentModel.objects(v, v.sheet(r.Offering).Components) }},
	{name: "offering_customer_uuid", value: func(v *view, r order.Resource) any { return v.provider(r.Provider).Customer.UUID(id.Customer) }},
	{name: "order_in_progress", value: func(v *view, r order.Resource) any { return v.orderOrAbsent(r.OpenOrder) }, asked: true},
	{name: "creation_order", value: func(v *view, r order.Resource) any { return v.orderOrAbsent(r.ID) }, asked: true},
}, always[order.Resource](nil, "resource_uuid", "resource_type", "scope", "project_end_date_requested_by", "username"),
	always[order.Resource]("", "parent_offering_name", "parent_offering_slug", "parent_name", "usage_limit_restriction"),
	always[order.Resource](false, "project_is_in_grace_period", "user_requires_reconsent"), model[order.Resource]{
		{name: "has_api_keys", value: func(v *view, r order.Resource) any {
			docs, err := v.ShownDocuments(core.DocumentQuery{Kind: kindAPIKey, Parent: r.ID, Page: core.Page{Limit: 1}})
			v.failed(err)
			return len(docs) > 0
		}},
	},
	always[order.Resource]([]string{}, "available_actions"),
	always[order.Resource](absent, "parent_uuid", "parent_offering_uuid", "service_settings_uuid"),
)

// orderOrAbsent writes an order that belongs to a resource, where there is one to see.
func (v *view) orderOrAbsent(i id.ID) any {
	if i == 0 {
		return absent
	}
	p, err := v.Order(i)
	if core.KindOf(err) == core.NotFound && err != nil {
		return absent
	}
	v.failed(err)
	return orderModel.object(v, p, nil)
}

// resourceLimits are the amounts a resource has: what its provider last set, else what was
// ordered; while it is being made, what its order asks for.
func resourceLimits(v *view, r order.Resource) map[string]int64 {
	out := map[string]int64{}
	if r.State == order.Creating && len(r.Quantities) == 0 {
		if p, err := v.Order(orID(r.OpenOrder, r.ID)); err == nil {
			out = lineLimits(v, p)
		}
	}
	for _, q := range []order.Quantities{r.Quantities, r.Reported} {
		for i, amount := range q {
			c := v.component(r.Offering, i)
			if v.sheet(r.Offering).Offering.Measure != catalog.Limits || c.Billing == catalog.ByLimit {
				out[c.Code] = amount.Floor()
			}
		}
	}
	return out
}

func orID(i, other id.ID) id.ID {
	if i == 0 {
		return other
	}
	return i
}

// reports lists what was reported of a resource.
func (v *view) reports(resource id.ID) []order.Usage {
	if _, ok := v.reported[resource]; !ok {
		v.readReports(resource)
	}
	return v.reported[resource]
}

// readReports reads what was reported of several resources at once.
func (v *view) readReports(resources ...id.ID) {
	for _, i := range resources {
		v.reported[i] = nil
	}
	list, err := v.Usages(core.UsageQuery{Resources: resources, ReportedOnly: true, Page: everything})
	v.failed(err)
	for _, u := range list {
		v.reported[u.Resource] = append(v.reported[u.Resource], u)
	}
}

// primeResources reads what a page's resources have used.
func primeResources(v *view, rows []order.Resource, wants func(names ...string) bool) {
	if len(rows) == 0 || !wants("current_usages", "limit_usage") {
		return
	}
	ids := make([]id.ID, len(rows))
	for n, r := range rows {
		ids[n] = r.ID
	}
	v.readReports(ids...)
}

// currentUsages are the amounts of the last month in which something was reported.
func currentUsages(v *view, r order.Resource) map[string]string {
	out := map[string]string{}
	list := v.reports(r.ID)
	if len(list) == 0 {
		return out
	}
	latest := slices.MaxFunc(list, func(a, b order.Usage) int { return cmp.Compare(a.Period, b.Period) }).Period
	for _, u := range list {
		if u.Period == latest {
			out[v.component(r.Offering, u.Component).Code] = u.Reported.Fixed(2)
		}
	}
	return out
}

// limitUsage sums what was reported of each limit component in its present span.
func limitUsage(v *view, r order.Resource) map[string]any {
	out := map[string]any{}
	var list []order.Usage
	for n, c := range v.sheet(r.Offering).Components {
		if c.Billing != catalog.ByLimit && attrs[measured](c.Attrs).LimitPeriod == nil {
			continue
		}
		if n == 0 || list == nil {
			list = v.reports(r.ID)
		}
		var sum money.Micro
		found := false
		from := spanStart(v.today(), attrs[measured](c.Attrs).LimitPeriod)
		for _, u := range list {
			if u.Component == c.ID && u.Period >= from {
				sum, found = sum+*u.Reported, true
			}
		}
		out[c.Code] = nil
		if found {
			out[c.Code] = exact(sum)
		}
	}
	return out
}

func has(v *view, r order.Resource, how catalog.Billing) bool {
	for _, c := range v.sheet(r.Offering).Components {
		if c.Billing == how {
			return true
		}
	}
	return false
}

type (
	resourceAsk    = ask[core.ResourceQuery, order.Resource]
	resourceFilter = filter[core.ResourceQuery, order.Resource]
)

var resources = list[core.ResourceQuery, order.Resource]{
	rows: func(v *view, q core.ResourceQuery, skip, size int) ([]order.Resource, error) {
		q.Page = corePage(q.Page, skip, size)
		return v.Resources(q)
	},
	count:   func(v *view, q core.ResourceQuery) (int, error) { return v.CountResources(q) },
	filters: resourceFilters,
	sorts:   resourceSorts,
	prime:   primeResources,
	model:   resourceModel,
}

func byWord(read func(v *view, r order.Resource) string) sorting[core.ResourceQuery, order.Resource] {
	return sorting[core.ResourceQuery, order.Resource]{rows: func(v *view, a, b order.Resource) int {
		return strings.Compare(strings.ToLower(read(v, a)), strings.ToLower(read(v, b)))
	}}
}

var resourceSorts = map[string]sorting[core.ResourceQuery, order.Resource]{
	"created": {
		query: func(q *core.ResourceQuery, down bool) { q.SortBy, q.Ascending = "", !down },
		rows:  func(_ *view, a, b order.Resource) int { return cmp.Compare(a.ID, b.ID) },
	},
	"name": {
		query: func(q *core.ResourceQuery, down bool) { q.SortBy, q.Ascending = "name", !down },
		rows:  func(_ *view, a, b order.Resource) int { return strings.Compare(a.Name, b.Name) },
	},
	"state": {
		query: func(q *core.ResourceQuery, down bool) { q.SortBy, q.Ascending = "state", !down },
		rows:  func(_ *view, a, b order.Resource) int { return strings.Compare(string(a.State), string(b.State)) },
	},
	"backend_id":    byWord(func(_ *view, r order.Resource) string { return r.BackendID }),
	"end_date":      byWord(func(_ *view, r order.Resource) string { return dayText(r.EndsOn) }),
	"customer_name": byWord(func(v *view, r order.Resource) string { return v.customer(r.Customer).Name }),
	"project_name":  byWord(func(v *view, r order.Resource) string { return v.project(r.Project).Name }),
	"offering_name": byWord(func(v *view, r order.Resource) string { return v.sheet(r.Offering).Offering.Name }),
	"plan_name":     byWord(func(v *view, r order.Resource) string { return planName(v, r.Plan) }),
}
