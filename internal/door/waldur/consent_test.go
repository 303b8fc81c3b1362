package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// offered makes an offering over the API, as its provider does, and returns its UUID.
func (s *stage) offered(typ, pluginOptions string, shared bool) string {
	s.t.Helper()
	var shelf []struct{ URL string }
	s.get("pat", "/api/marketplace-categories/?title=HPC", &shelf)
	var made struct {
		UUID  string
		Plans []struct{ URL string }
	}
	s.want(http.StatusCreated, "pat", http.MethodPost, "/api/marketplace-provider-offerings/", fmt.Sprintf(`{"name": "Own", "category": %q, "customer": "/api/customers/%s/", "type": %q, "shared": %v,
		"components": [{"type": "storage", "name": "Storage", "billing_type": "limit"}], "plans": [{"name": "Only", "unit": "month"}], "plugin_options": %s}`,
		shelf[0].URL, s.named["nordic"], typ, shared, pluginOptions), &made)
	s.want(http.StatusOK, "operator", http.MethodPost, "/api/marketplace-provider-offerings/"+made.UUID+"/activate/", "", nil)
	return made.UUID
}

// TestWhoseConsentIsSkipped is contract §4.1: the payer's step is skipped where the creator
// may approve, approves private things of their own, or orders in the provider's own project
// what its offering says so of.
func TestWhoseConsentIsSkipped(t *testing.T) {
	s := newStage(t)
	s.applied(core.World{Users: []core.UserSpec{
		{Login: "frank", Roles: []core.RoleSpec{{Role: tenant.ProjectManager, Project: "nordic"}}},
		{Login: "adam", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "nordic"}}}}})
	own := s.find("project", id.Project, "nordic")
	const consumer, provider = "pending-consumer", "pending-provider"
	for _, tt := range []struct {
		why, options string
		shared       bool
		project, who string
		want         string
	}{
		{"staff", `{}`, true, "project", "operator", provider},
		{"an owner", `{}`, true, "project", "alice", provider},
		{"a manager waits", `{}`, true, "project", "mary", consumer},
		{"a member waits", `{}`, true, "project", "carol", consumer},
		{"a manager of the provider's project waits", `{}`, true, own, "frank", consumer},
		{"unless its offering says so", `{"auto_approve_in_service_provider_projects": true}`, true, own, "frank", provider},
		{"and nothing says otherwise", `{"auto_approve_in_service_provider_projects": true, "disable_autoapprove": true}`, true, own, "frank", consumer},
		{"of others it says nothing", `{"auto_approve_in_service_provider_projects": true}`, true, "project", "mary", consumer},
		{"a manager approves private things of their own", `{}`, false, own, "frank", provider},
		{"a member does not", `{}`, false, own, "adam", consumer},
	} {
		offering := s.offered("Marketplace.Basic", tt.options, tt.shared)
		project := s.named[tt.project]
		if project == "" {
			project = tt.project
		}
		var made struct{ State string }
		s.want(http.StatusCreated, tt.who, http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "limits": {"storage": 1}}`, offering, project), &made)
		if made.State != tt.want {
			t.Errorf("%s: by %s it is %s, want %s", tt.why, tt.who, made.State, tt.want)
		}
	}
}

func TestWhatIsBasicIsDoneWhenItsProviderApproves(t *testing.T) {
	s := newStage(t)
	offering := s.offered("Marketplace.Basic", `{}`, true)
	var made struct {
		UUID     string
		Resource string `json:"marketplace_resource_uuid"`
	}
	s.want(http.StatusCreated, "alice", http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "limits": {"storage": 1}}`, offering, s.named["project"]), &made)
	s.want(http.StatusOK, "pat", http.MethodPost, "/api/marketplace-orders/"+made.UUID+"/approve_by_provider/", "{}", nil)
	var o, r struct{ State string }
	s.get("alice", "/api/marketplace-orders/"+made.UUID+"/", &o)
	s.get("alice", "/api/marketplace-resources/"+made.Resource+"/", &r)
	if o.State != "done" || r.State != "OK" {
		t.Errorf("the order is %s, its resource %s, want done, OK", o.State, r.State)
	}
	var rows []json.RawMessage
	if s.get("alice", "/api/marketplace-resources/"+made.Resource+"/plan_periods/", &rows); len(rows) != 1 {
		t.Errorf("%d plan periods, want 1", len(rows))
	}
}

// TestAConsentComesWithItsOrder: what is said with an order that is refused was not said.
func TestAConsentComesWithItsOrder(t *testing.T) {
	d := newDesk(t)
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","terms_of_service":{"text":"Be kind.","version":"1"}}`)}}}}})
	v := d.vars()
	order := func(who string, storage, want int, accepts string) {
		t.Helper()
		d.did(who, http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "plan": "/api/marketplace-plans/%s/", "attributes": {"name": "one"}, "limits": {"storage": %d}%s}`,
			v["hpc"], v["project"], v["standard"], storage, accepts), want, nil)
	}
	consents := func(who string) int {
		t.Helper()
		var mine []struct{ UUID string }
		d.get(who, "/api/marketplace-user-offering-consents/", &mine)
		return len(mine)
	}
	const accepting = `, "accepting_terms_of_service": true`
	order("alice", 1, http.StatusBadRequest, "")
	order("alice", 900, http.StatusBadRequest, accepting) // over the year's limit
	if n := consents("alice"); n != 0 {
		t.Errorf("an order that was refused left %d consents", n)
	}
	order("alice", 1, http.StatusBadRequest, "")
	order("alice", 1, http.StatusCreated, accepting)
	order("alice", 1, http.StatusCreated, accepting)
	order("alice", 1, http.StatusCreated, "")
	if n := consents("alice"); n != 1 {
		t.Errorf("orders that were taken left %d consents, want 1", n)
	}
}
