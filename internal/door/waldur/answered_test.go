package waldur

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// neverWell are operations that are never answered well here, and why.
var neverWell = map[string]string{
	"marketplace_site_agent_identities_register_queue":                "there is no message broker",
	"marketplace_slurm_periodic_usage_policies_report_command_result": "there are no usage policies",
}

// do asks as the vendor's client would, with {name} for a UUID that the stage names; a name
// after "=" keeps the answer's UUID.
func (s *stage) do(who string, status int, method, path, body string) {
	s.t.Helper()
	path, keep, kept := strings.Cut(path, " = ")
	for n, uuid := range s.named {
		path, body = strings.ReplaceAll(path, "{"+n+"}", uuid), strings.ReplaceAll(body, "{"+n+"}", uuid)
	}
	s.pass(time.Minute)
	if !kept {
		s.want(status, who, method, "/api/"+path, body, nil)
		return
	}
	var made map[string]any
	s.want(status, who, method, "/api/"+path, body, &made)
	s.named[keep] = word(made["uuid"]) + word(made["order_uuid"])
}

// TestEveryOperationIsAnsweredWell does each of the documented operations once as it is meant,
// and holds the answer against its statuses and its model.
func TestEveryOperationIsAnsweredWell(t *testing.T) {
	s := newStage(t)
	s.want(200, "", "POST", "/api-auth/password/", `{"username": "alice", "password": "correct horse"}`, nil)
	for _, o := range s.routed(func(o documented) bool { return o.Method == http.MethodGet }) {
		s.want(200, "operator", "GET", s.pathOf(o, nil), "", nil)
	}
	post := func(who string, status int, path, body string) { t.Helper(); s.do(who, status, "POST", path, body) }

	s.do("mary", 204, "DELETE", "keys/{key mary}/", "")
	post("operator", 201, "customers/ = new customer", `{"name": "Newcomers"}`)
	post("operator", 201, "customers/{new customer}/add_user/", `{"role": "CUSTOMER.OWNER", "user": "{carol}"}`)
	post("operator", 200, "customers/{new customer}/delete_user/", `{"role": "CUSTOMER.OWNER", "user": "{carol}"}`)
	post("operator", 201, "projects/ = new project", `{"name": "First", "customer": "/api/customers/{new customer}/"}`)
	post("operator", 201, "projects/{new project}/add_user/", `{"role": "PROJECT.MANAGER", "user": "{carol}"}`)
	post("operator", 200, "projects/{new project}/delete_user/", `{"role": "PROJECT.MANAGER", "user": "{carol}"}`)
	post("operator", 201, "marketplace-categories/ = category", `{"title": "Novelties"}`)
	post("operator", 201, "marketplace-service-providers/", `{"customer": "/api/customers/{new customer}/"}`)
	post("pat", 201, "marketplace-service-providers/{provider}/set_offerings_username/", `{"user_uuid": "{mary}", "username": "mm2"}`)
	post("pat", 201, "marketplace-provider-offerings/ = new offering", `{"name": "Novel", "type": "Marketplace.Slurm", "category": "/api/marketplace-categories/{category}/", "customer": "/api/customers/{nordic}/"}`)
	post("pat", 201, "marketplace-provider-offerings/{new offering}/create_offering_component/", `{"type": "gb", "name": "GB", "billing_type": "limit"}`)
	post("pat", 201, "marketplace-provider-offerings/{new offering}/create_offering_component/", `{"type": "fee", "name": "Fee", "billing_type": "fixed"}`)
	var o struct {
		Components []struct{ UUID, Type string }
	}
	s.get("pat", "/api/marketplace-provider-offerings/"+s.named["new offering"]+"/", &o)
	for _, c := range o.Components {
		s.named["component "+c.Type] = c.UUID
	}
	post("pat", 200, "marketplace-provider-offerings/{new offering}/update_offering_component/", `{"uuid": "{component gb}", "type": "gb", "name": "Gigabytes", "billing_type": "limit"}`)
	post("pat", 201, "marketplace-plans/ = new plan", `{"name": "Only", "offering": "/api/marketplace-provider-offerings/{new offering}/", "unit": "month"}`)
	post("pat", 200, "marketplace-plans/{new plan}/update_prices/", `{"prices": {"gb": "1.5", "fee": "2"}}`)
	post("pat", 200, "marketplace-plans/{new plan}/update_quotas/", `{"quotas": {"fee": 3}}`)
	post("operator", 200, "marketplace-provider-offerings/{new offering}/activate/", "")
	post("pat", 200, "marketplace-provider-offerings/{new offering}/pause/", `{"paused_reason": "a while"}`)
	post("pat", 200, "marketplace-provider-offerings/{new offering}/check_unique_backend_id/", `{"backend_id": "x"}`)
	post("pat", 200, "marketplace-plans/{new plan}/archive/", "")
	post("pat", 200, "marketplace-provider-offerings/{new offering}/remove_offering_component/", `{"uuid": "{component fee}"}`)
	post("pat", 200, "marketplace-provider-offerings/{new offering}/archive/", "")

	order := `{"offering": "/api/marketplace-public-offerings/{hpc}/", "project": "/api/projects/{project}/", "plan": "/api/marketplace-public-offerings/{hpc}/plans/{standard}/", "limits": {"storage": 1}}`
	post("mary", 201, "marketplace-orders/ = o1", order)
	post("alice", 200, "marketplace-orders/{o1}/approve_by_consumer/", "")
	post("pat", 200, "marketplace-orders/{o1}/set_backend_id/", `{"backend_id": "b"}`)
	post("alice", 200, "marketplace-orders/{o1}/set_consumer_info/", `{"consumer_message": "hello"}`)
	post("pat", 200, "marketplace-orders/{o1}/set_provider_info/", `{"provider_message": "hello"}`)
	post("pat", 200, "marketplace-orders/{o1}/set_state_executing/", "")
	post("pat", 200, "marketplace-orders/{o1}/set_state_erred/", `{"error_message": "m", "error_traceback": "t"}`)
	post("pat", 200, "marketplace-orders/{o1}/retry/", "")
	post("mary", 201, "marketplace-orders/ = o2", order)
	post("alice", 200, "marketplace-orders/{o2}/reject_by_consumer/", `{"consumer_rejection_comment": "no"}`)
	post("mary", 201, "marketplace-orders/ = o3", order)
	s.do("mary", 204, "DELETE", "marketplace-orders/{o3}/", "")

	s.do("alice", 200, "PATCH", "marketplace-resources/{resource alpha}/", `{"name": "alpha", "description": "renamed"}`)
	post("bob", 200, "marketplace-resources/{resource mu}/terminate/", `{}`)
	post("pat", 200, "marketplace-provider-resources/{resource theta}/set_state_ok/", "")
	post("pat", 200, "marketplace-provider-resources/{resource theta}/set_limits/", `{"limits": {"storage": 7}}`)
	post("pat", 200, "marketplace-provider-resources/{resource pi}/set_as_ok/", "")
	post("pat", 200, "marketplace-provider-resources/{resource pi}/terminate/", `{}`)
	s.applied(optedIn())
	post("pat", 200, "marketplace-provider-resources/{resource alpha}/set_membership_sync_statuses/", `{"statuses": []}`)
	post("pat", 201, "marketplace-component-usages/{usage alpha cpu}/set_user_usage/", `{"username": "u", "usage": 1}`)

	post("operator", 200, "marketplace-offering-users/{account alice}/set_validation_complete/", "")
	for _, act := range []string{"request_deletion", "set_deleting", "set_deleted"} {
		post("operator", 200, "marketplace-offering-users/{account alice}/"+act+"/", "")
	}
	s.do("operator", 200, "PATCH", "marketplace-offering-users/{account carol}/", `{"username": "cc"}`)
	post("operator", 201, "marketplace-offering-users/ = account sam", `{"offering_uuid": "{hpc}", "user_uuid": "{sam}"}`)
	for _, act := range []string{"begin_creating", "set_error_creating", "set_pending_additional_validation", "set_ok"} {
		post("operator", 200, "marketplace-offering-users/{account sam}/"+act+"/", "")
	}
	s.do("operator", 204, "DELETE", "marketplace-offering-users/{account sam}/", "")
	s.do("pat", 200, "PUT", "marketplace-site-agent-identities/{identity hpc}/", `{"offering": "{hpc}", "name": "agent-hpc", "version": "1.0.8"}`)
	post("pat", 201, "event-subscriptions/{subscription}/create_queue/", `{"offering_uuid": "{hpc}", "object_type": "order"}`)
	s.do("pat", 204, "DELETE", "event-subscriptions/{subscription}/", "")
	for _, act := range []string{"start_processing", "set_done"} {
		post("pat", 200, "backend-resource-requests/{request}/"+act+"/", "")
	}
	post("pat", 201, "backend-resource-requests/ = request 2", `{"offering": "{hpc}"}`)
	post("pat", 200, "backend-resource-requests/{request 2}/start_processing/", "")
	post("pat", 200, "backend-resource-requests/{request 2}/set_erred/", `{"error_message": "m"}`)
	post("pat", 200, "marketplace-resource-api-keys/{api key one}/set_key/", `{"api_key": "s9"}`)

	for _, o := range s.contract.Operations {
		if _, never := neverWell[o.Name]; never == s.answered[o.Name] {
			t.Errorf("%s: answered well %v", o.Name, s.answered[o.Name])
		}
	}
}

// optedIn lets the cluster's provider tell how its members were synchronized.
func optedIn() core.World {
	return core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","plugin_options":{"service_provider_can_create_offering_user":true,"enable_membership_sync_status":true}}`)}}}}}
}
