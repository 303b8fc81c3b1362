package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// stage is a desk on which something of everything has happened: orders of every type in
// every state, resources in every state, reports of two months, two providers.
type stage struct {
	*desk
	contract contract
	named    map[string]string // UUIDs: "order gamma", "resource gamma", and what vars names
	answered map[string]bool   // operations that were answered well
}

// extras is what the stage has beside the world of conversations.
func extras() core.World {
	yes, no := true, false
	wx := core.OfferingSpec{Code: "wx", Name: "Weather", Description: "Forecasts by the run.", Measure: catalog.Limits, Fulfilment: catalog.Instant,
		Attrs: json.RawMessage(`{"category":"Forecasts","billable":false,"attributes":{"vendor":"cirrus","tags":["wind","rain"]},"plugin_options":{"heappe_url":"https://heappe.example","service_provider_can_create_offering_user":true},"terms_of_service":{"text":"Be kind.","version":"1"}}`),
		Components: []core.ComponentSpec{
			{Code: "runs", Name: "Runs", Unit: "run", Billing: catalog.ByUsage},
			{Code: "seats", Name: "Seats", Unit: "seat", Billing: catalog.ByLimit, Stock: &yes},
		},
		Plans: []core.PlanSpec{
			{Code: "plain", Name: "Plain", Unit: catalog.Day, Prices: []core.PriceSpec{{Component: "runs", Each: rate("1")}, {Component: "seats", Each: rate("2")}}},
			{Code: "former", Name: "Former", Archived: &yes, Prices: []core.PriceSpec{{Component: "runs", Each: rate("9")}}},
		}}
	cell := core.OfferingSpec{Code: "cell", Name: "Cell", Measure: catalog.Limits, Fulfilment: catalog.Instant, PrivateTo: "borealis", State: catalog.Paused,
		Attrs:      json.RawMessage(`{"type":"Marketplace.Script","category":"Services"}`),
		Components: []core.ComponentSpec{{Code: "seats", Name: "Seats", Unit: "seat"}},
		Plans:      []core.PlanSpec{{Code: "only", Name: "Only", Prices: []core.PriceSpec{{Component: "seats", Each: rate("1")}}}}}
	hpc := core.OfferingSpec{Code: "hpc", Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","plugin_options":{"service_provider_can_create_offering_user":true,"enable_provider_consumer_messaging":true,"can_restore_resource":true}}`)}
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "aurora", Attrs: json.RawMessage(`{"abbreviation":"AU","native_name":"Aurora Nativa","country":"NO","contact_details":"At the fjord","agreement_number":"A-1","registration_code":"R-1","backend_id":"crm-1","email":"desk@aurora.example","description":"Northern"}`),
				Limits: nil,
				Projects: []core.ProjectSpec{
					{Slug: "aurora", BackendID: "grant-1", EndOn: ptr(day.Date(2028, 6, 30)), Attrs: json.RawMessage(`{"description":"Ice and light"}`)},
					{Slug: "twin", Name: "Twin", StartOn: ptr(day.Date(2026, 2, 1)), EndOn: ptr(day.Date(2027, 6, 30)), Attrs: json.RawMessage(`{"description":"A second one"}`)}}},
			{Slug: "borealis", Attrs: json.RawMessage(`{"abbreviation":"BO","native_name":"Boreale","country":"SE","contact_details":"In the wood","agreement_number":"A-2","registration_code":"R-2","backend_id":"crm-2"}`)},
			{Slug: "cirrus", Name: "Cirrus", Number: "999988887777", Attrs: json.RawMessage(`{"abbreviation":"CI"}`), Projects: []core.ProjectSpec{{Slug: "cirrus", Name: "Cirrus one"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "cirrus", Offerings: []core.OfferingSpec{wx, cell}}, {Customer: "nordic", Offerings: []core.OfferingSpec{hpc}}},
		Users: []core.UserSpec{
			{Login: "mary", Attrs: json.RawMessage(`{"job_title":"Chief","phone_number":"+47 1","organization":"Aurora Inc","native_name":"Maria","description":"first","civil_number":"17"}`)},
			{Login: "carol", Active: &yes, Attrs: json.RawMessage(`{"job_title":"Analyst","phone_number":"+47 2","organization":"Borealis Inc","native_name":"Karolina","description":"second","civil_number":"18"}`),
				Roles: []core.RoleSpec{{Role: tenant.ProjectAdmin, Project: "twin", Until: ptr(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))}}},
			{Login: "operator", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "twin"}}},
			{Login: "sue", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "twin"}}},
			{Login: "retired", Name: "Re Tired", Email: "retired@example.org", Active: &no, Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora"}}},
			user("adam", "Adam Admin", nil, core.RoleSpec{Role: tenant.ProjectAdmin, Project: "aurora", Until: ptr(time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC))}),
			user("frank", "Frank Friend", func(u *core.UserSpec) { u.Attrs = json.RawMessage(`{"native_name":"Franco"}`) },
				core.RoleSpec{Role: tenant.CustomerSupport, Customer: "aurora", Until: ptr(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC))}),
			user("cy", "Cy Cirrus", nil, core.RoleSpec{Role: tenant.CustomerOwner, Customer: "cirrus"}),
		},
	}
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{desk: newDesk(t), contract: loadContract(t), named: map[string]string{}, answered: map[string]bool{}}
	s.pass(time.Hour)
	made, err := s.core.Apply(ctx, core.System(), extras())
	if err != nil {
		t.Fatal(err)
	}
	s.made.Changes = append(s.made.Changes, made.Changes...)
	for name, uuid := range s.vars() {
		s.named[name] = uuid
	}
	for name, as := range map[string]struct {
		kind string
		as   id.Kind
		key  string
	}{"wx": {"offering", id.Offering, "cirrus/wx"}, "wx-plan": {"plan", id.Plan, "cirrus/wx/plain"}, "cell": {"offering", id.Offering, "cirrus/cell"},
		"cirrus": {"customer", id.Customer, "cirrus"}, "twin": {"project", id.Project, "twin"}, "mary": {"user", id.User, "mary"}, "sam": {"user", id.User, "sam"},
		"olga": {"user", id.User, "olga"}, "operator": {"user", id.User, "operator"}, "cirrus-provider": {"provider", id.Provider, "cirrus"}} {
		s.named[name] = s.find(as.kind, as.as, as.key)
	}
	s.play()
	return s
}

// play places orders and takes each to where it is to stand.
func (s *stage) play() {
	s.place("alpha", "alice", "hpc", "project", `"plan": "standard", "limits": {"storage": 5}`, "approve_by_provider", "set_state_done")
	s.provide("alpha", "set_backend_id", `{"backend_id": "cluster-a"}`)
	s.place("beta", "alice", "lab", "project", `"limits": {"storage": 2}`, "approve_by_provider", "set_state_done")
	s.place("gamma", "mary", "hpc", "project", `"plan": "premium", "limits": {"storage": 3}`)
	s.place("delta", "alice", "hpc", "project", `"plan": "standard", "limits": {"storage": 4}`)
	s.place("epsilon", "alice", "hpc", "later-project", `"plan": "standard", "limits": {"storage": 1}`)
	s.place("zeta", "alice", "lab", "project", `"limits": {"storage": 1}, "start_date": "2027-01-15"`, "approve_by_provider")
	s.place("eta", "alice", "lab", "project", `"limits": {"storage": 6}, "attributes": {"end_date": "2027-09-30", "flavor": "wide"}`, "approve_by_provider")
	s.place("theta", "alice", "hpc", "twin", `"plan": "standard", "limits": {"storage": 7}`, "approve_by_provider")
	s.provide("theta", "set_backend_id", `{"backend_id": "cluster-b"}`)
	s.act("pat", "theta", "set_state_erred", `{"error_message": "no room", "error_traceback": "line 1"}`)
	s.place("iota", "alice", "lab", "project", `"limits": {"storage": 1}`, "cancel")
	s.place("kappa", "alice", "lab", "project", `"limits": {"storage": 1}`, "reject_by_provider")
	s.place("lambda", "bob", "wx", "bobs-project", `"limits": {"seats": 2}, "accepting_terms_of_service": true`)
	s.place("lambda2", "cy", "wx", "cirrus-project", `"limits": {"seats": 1}, "accepting_terms_of_service": true`)
	s.place("mu", "bob", "lab", "bobs-project", `"limits": {"storage": 9}`, "approve_by_provider", "set_state_done")
	s.place("nu", "alice", "hpc", "twin", `"plan": "premium", "limits": {"storage": 2}`, "approve_by_provider", "set_state_done")
	s.place("xi", "alice", "hpc", "twin", `"plan": "standard", "limits": {"storage": 2}`, "approve_by_provider", "set_state_done")
	s.place("omicron", "alice", "lab", "twin", `"limits": {"storage": 2}`, "approve_by_provider", "set_state_done")
	s.place("pi", "alice", "hpc", "twin", `"plan": "standard", "limits": {"storage": 1}`, "approve_by_provider", "set_state_done")
	for _, u := range []string{`{"resource": "alpha", "date": "2026-10-05T00:00:00Z", "usages": [{"type": "storage", "amount": 4}]}`,
		`{"resource": "alpha", "usages": [{"type": "cpu", "amount": "12.50", "description": "so far"}, {"type": "storage", "amount": 5}]}`,
		`{"resource": "mu", "usages": [{"type": "storage", "amount": 3}]}`} {
		s.report("pat", u)
	}
	s.pass(48 * time.Hour)
	s.report("cy", `{"resource": "lambda", "usages": [{"type": "runs", "amount": 30}]}`)
	s.users()
	s.change("alpha", "update_limits", `{"limits": {"storage": 8}, "request_comment": "more"}`, "approve_by_provider", "set_state_done")
	s.change("beta", "terminate", `{}`, "approve_by_provider")
	s.change("nu", "terminate", `{}`, "approve_by_provider", "set_state_done")
	s.change("xi", "switch_plan", `{"plan": "premium"}`, "approve_by_provider")
	s.change("omicron", "terminate", `{}`, "approve_by_provider", "set_state_done")
	s.change("nu", "restore", `{}`)
	s.provide("alpha", "set_backend_metadata", `{"backend_metadata": {"runtime_state": "running"}}`)
	s.provide("alpha", "set_endpoints", `{"endpoints": [{"name": "login", "url": "ssh://alpha"}]}`)
	s.provide("alpha", "submit_report", `{"report": [{"header": "Now", "body": "All well."}]}`)
	s.provide("alpha", "refresh_last_sync", "")
	s.provide("alpha", "set_end_date_by_provider", `{"end_date": "2027-05-31"}`)
	for name, flag := range map[string]string{"mu": "paused", "xi": "downscaled", "omicron": "restrict_member_access"} {
		s.want(http.StatusOK, "operator", http.MethodPost, "/api/marketplace-resources/"+s.named["resource "+name]+"/set_"+flag+"/", `{"`+flag+`": true}`, nil)
	}
	s.serve()
	s.want(http.StatusCreated, "operator", http.MethodPost, "/api/marketplace-user-offering-consents/", `{"offering": "`+s.named["wx"]+`"}`, nil)
	s.provide("pi", "set_as_erred", `{"error_message": "lost", "error_traceback": "line 2"}`)
}

// place orders something that takes its name, and takes it through acts of the provider
// (cancel is the orderer's).
func (s *stage) place(name, who, offering, project, more string, acts ...string) {
	s.t.Helper()
	if project == "cirrus-project" {
		s.named[project] = s.find("project", id.Project, "cirrus")
	}
	var body map[string]any
	if err := json.Unmarshal([]byte("{"+more+"}"), &body); err != nil {
		s.t.Fatal(err)
	}
	attributes, _ := body["attributes"].(map[string]any)
	if attributes == nil {
		attributes = map[string]any{}
	}
	attributes["name"] = name
	body["attributes"] = attributes
	body["offering"] = "/api/marketplace-public-offerings/" + s.named[offering] + "/"
	body["project"] = "/api/projects/" + s.named[project] + "/"
	if plan, ok := body["plan"].(string); ok {
		body["plan"] = s.planLink(offering, plan)
	}
	raw, _ := json.Marshal(body)
	var made struct {
		UUID     string
		Resource string `json:"marketplace_resource_uuid"`
	}
	s.want(http.StatusCreated, who, http.MethodPost, "/api/marketplace-orders/", string(raw), &made)
	s.named["order "+name], s.named["resource "+name] = made.UUID, made.Resource
	for _, act := range acts {
		by := map[string]string{"cancel": who}[act]
		s.act(by, name, act, "")
	}
	s.pass(time.Hour)
}

func (s *stage) planLink(offering, plan string) string {
	return "/api/marketplace-public-offerings/" + s.named[offering] + "/plans/" + s.named[plan] + "/"
}

func (s *stage) pass(by time.Duration) {
	s.mu.Lock()
	s.at = s.at.Add(by)
	s.mu.Unlock()
}

// deliverer is who delivers an offering's orders.
func (s *stage) act(who, name, act, body string) {
	s.t.Helper()
	if who == "" {
		who = "operator"
	}
	status := map[string]int{"cancel": http.StatusAccepted}[act]
	if status == 0 {
		status = http.StatusOK
	}
	s.want(status, who, http.MethodPost, "/api/marketplace-orders/"+s.named["order "+name]+"/"+act+"/", body, nil)
	s.pass(time.Minute)
}

// change changes a resource by ordering that, and takes the order through acts.
func (s *stage) change(name, how, body string, acts ...string) {
	s.t.Helper()
	for plan := range map[string]bool{"standard": true, "premium": true} {
		body = strings.ReplaceAll(body, `"`+plan+`"`, `"`+s.planLink("hpc", plan)+`"`)
	}
	var made struct {
		Order string `json:"order_uuid"`
	}
	s.want(http.StatusOK, "alice", http.MethodPost, "/api/marketplace-resources/"+s.named["resource "+name]+"/"+how+"/", body, &made)
	s.named["order "+name+" "+how] = made.Order
	for _, act := range acts {
		s.act("pat", name+" "+how, act, "")
	}
	s.pass(time.Hour)
}

// provide is an act of a resource's provider.
func (s *stage) provide(name, act, body string) {
	s.t.Helper()
	s.want(http.StatusOK, "pat", http.MethodPost, "/api/marketplace-provider-resources/"+s.named["resource "+name]+"/"+act+"/", body, nil)
}

func (s *stage) report(who, body string) {
	s.t.Helper()
	for name, uuid := range s.named {
		if of, ok := strings.CutPrefix(name, "resource "); ok {
			body = strings.ReplaceAll(body, `"`+of+`"`, `"`+uuid+`"`)
		}
	}
	s.want(http.StatusCreated, who, http.MethodPost, "/api/marketplace-component-usages/set_usage/", body, nil)
	s.pass(time.Minute)
}

// users reports users' parts of what alpha and mu used.
func (s *stage) users() {
	s.t.Helper()
	for n, r := range []string{"alpha", "mu"} {
		var rows []struct{ UUID, Type string }
		s.get("operator", "/api/marketplace-component-usages/?resource_uuid="+s.named["resource "+r]+"&page_size=100", &rows)
		for _, row := range rows {
			s.named["usage "+r+" "+row.Type] = row.UUID
			s.want(http.StatusCreated, "operator", http.MethodPost, "/api/marketplace-component-usages/"+row.UUID+"/set_user_usages/",
				fmt.Sprintf(`{"usages": [{"username": "u%d", "usage": "%d.25"}, {"username": "shared", "usage": 1}]}`, n, n+1), nil)
		}
	}
}

// want asks and insists on a status; into, if not nil, takes the answer.
func (s *stage) want(status int, who, method, path, body string, into any) {
	s.t.Helper()
	res, b := s.ask(who, method, path, body)
	if res.StatusCode != status {
		s.t.Fatalf("%s %s %s by %s: %d %s, want %d", method, path, body, who, res.StatusCode, b, status)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			s.t.Fatal(err)
		}
	}
	o, ok := s.operationAt(method, path)
	if !ok {
		return
	}
	for _, wrong := range s.contract.faults(o, res.StatusCode, b) {
		s.t.Errorf("%s: %s %s: %s", o.Name, method, path, wrong)
	}
	if s.answered != nil {
		s.answered[o.Name] = true
	}
}

// operationAt finds the documented operation that a request is of.
func (s *stage) operationAt(method, path string) (documented, bool) {
	path, _, _ = strings.Cut(path, "?")
	best, found := documented{}, false
	for _, o := range s.contract.Operations {
		if _, ok := match(o.Path, path); ok && o.Method == method && (!found || !segment.MatchString(o.Path)) {
			best, found = o, true
		}
	}
	return best, found
}

var _ = money.Unit

// serve is what a site's agent and the people of its users leave behind: keys, accounts, an
// agent that registered, what it found and asked for.
func (s *stage) serve() {
	s.t.Helper()
	make := func(name, who, path, body string) {
		s.t.Helper()
		for n, uuid := range s.named {
			body = strings.ReplaceAll(body, "{"+n+"}", uuid)
			path = strings.ReplaceAll(path, "{"+n+"}", uuid)
		}
		res, b := s.ask(who, http.MethodPost, path, body)
		var made struct{ UUID string }
		if err := json.Unmarshal(b, &made); err != nil || res.StatusCode >= 300 {
			s.t.Fatalf("%s: POST %s: %d %s", name, path, res.StatusCode, b)
		}
		if o, ok := s.operationAt(http.MethodPost, path); ok {
			for _, wrong := range s.contract.faults(o, res.StatusCode, b) {
				s.t.Errorf("%s: %s", o.Name, wrong)
			}
			s.answered[o.Name] = true
		}
		s.named[name] = made.UUID
		s.pass(time.Minute)
	}
	make("key mary", "mary", "/api/keys/", `{"name": "laptop", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPx0BYpRtUYRgxL2eGWUb2n4tNnhaGq8BzqYt3cKkQ9G mary"}`)
	make("key carol", "carol", "/api/keys/", `{"name": "tower", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBd1zHmDYQlvZpTqV9x3o6nF0sQm1J2kWc8eRr5uLt7Y carol"}`)
	make("key operator", "operator", "/api/keys/", `{"name": "rescue", "is_shared": true, "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOa2kXn4vB7yTzRq8mLw1sJd5hGf3cPu6eKi9oNb0VxC all"}`)
	const accounts = "/api/marketplace-offering-users/"
	make("account mary", "operator", accounts, `{"offering_uuid": "{hpc}", "user_uuid": "{mary}", "username": "mm"}`)
	make("account carol", "operator", accounts, `{"offering_uuid": "{hpc}", "user_uuid": "{carol}"}`)
	make("account bob", "operator", accounts, `{"offering_uuid": "{wx}", "user_uuid": "{bob}", "username": "bb"}`)
	make("account operator", "operator", accounts, `{"offering_uuid": "{wx}", "user_uuid": "{operator}", "username": "op"}`)
	make("account alice", "operator", accounts, `{"offering_uuid": "{hpc}", "user_uuid": "{alice}"}`)
	for _, act := range []string{"begin_creating", "set_pending_account_linking"} {
		s.want(http.StatusOK, "pat", http.MethodPost, accounts+s.named["account alice"]+"/"+act+"/", `{"comment": "link it"}`, nil)
	}
	s.want(http.StatusOK, "operator", http.MethodPost, accounts+s.named["account carol"]+"/update_restricted/", `{"is_restricted": true}`, nil)
	for _, o := range []string{"hpc", "wx"} {
		var of struct {
			Components []struct{ UUID, Type string }
		}
		s.get("operator", "/api/marketplace-provider-offerings/"+s.named[o]+"/", &of)
		for _, c := range of.Components {
			s.named[o+" "+c.Type] = c.UUID
		}
	}
	make("limit mary", "operator", userLimitsPath, theirLimit("{resource alpha}", "{hpc cpu}", "mm", "20"))
	make("limit bob", "operator", userLimitsPath, theirLimit("{resource lambda}", "{wx runs}", "bb", "7.5"))
	const identities = "/api/marketplace-site-agent-identities/"
	make("identity hpc", "pat", identities, `{"offering": "{hpc}", "name": "agent-hpc", "version": "1.0.7", "last_restarted": "2026-11-10T08:00:00Z", "dependencies": [{"package": "httpx", "version": "0.28.1"}]}`)
	make("identity gone", "pat", identities, `{"offering": "{gone}", "name": "agent-gone", "version": "1.0.6"}`)
	make("service", "pat", identities+"{identity hpc}/register_service/", `{"name": "order_process", "mode": "order_process"}`)
	make("processor", "pat", "/api/marketplace-site-agent-services/{service}/register_processor/", `{"name": "orders", "backend_type": "noop"}`)
	make("subscription", "pat", identities+"{identity hpc}/register_event_subscription/", `{"observable_object_type": "order"}`)
	make("found one", "pat", "/api/backend-resources/", `{"name": "left over", "offering": "{hpc}", "project": "{project}", "backend_id": "lo-1"}`)
	make("found two", "pat", "/api/backend-resources/", `{"name": "forgotten", "offering": "{lab}", "project": "{twin}", "backend_id": "fo-1"}`)
	make("request", "pat", "/api/backend-resource-requests/", `{"offering": "{hpc}"}`)
	make("api key one", "pat", "/api/marketplace-resource-api-keys/report_created/", `{"resource": "{resource alpha}", "client_id": "c1", "api_key": "s1"}`)
	make("api key two", "pat", "/api/marketplace-resource-api-keys/report_created/", `{"resource": "{resource mu}", "client_id": "c2", "api_key": "s2"}`)
	s.want(http.StatusOK, "pat", http.MethodPost, "/api/marketplace-resource-api-keys/"+s.named["api key two"]+"/set_erred/", `{"error_message": "no"}`, nil)
}
