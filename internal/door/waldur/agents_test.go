package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// named is what most answers have.
type namedAnswer struct{ UUID, Name, State string }

func TestWhatAnAgentRegistersIsGotOrMadeByName(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	var mu sync.Mutex
	var all sync.WaitGroup
	said := map[string]map[string]bool{"identity": {}, "service": {}, "processor": {}}
	note := func(kind, uuid string) { mu.Lock(); defer mu.Unlock(); said[kind][uuid] = true }
	for range 6 { // as many agents that begin at once
		all.Go(func() {
			var identity, service, processor namedAnswer
			ask := func(path, body string, into any) {
				res, b := d.ask("pat", http.MethodPost, path, body)
				if res.StatusCode/100 != 2 || json.Unmarshal(b, into) != nil {
					t.Errorf("%s: %d %s", path, res.StatusCode, b)
				}
			}
			ask("/api/marketplace-site-agent-identities/", fmt.Sprintf(`{"offering": %q, "name": "agent", "version": "1.0.7", "dependencies": [{"package": "httpx", "version": "0.28.1"}], "last_restarted": "2026-11-10T08:00:00Z"}`, v["hpc"]), &identity)
			note("identity", identity.UUID)
			ask("/api/marketplace-site-agent-identities/"+identity.UUID+"/register_service/", `{"name": "report", "mode": "report"}`, &service)
			note("service", service.UUID)
			ask("/api/marketplace-site-agent-services/"+service.UUID+"/register_processor/", `{"name": "Reporter", "backend_type": "noop.Noop"}`, &processor)
			note("processor", processor.UUID)
		})
	}
	all.Wait()
	for kind, uuids := range said {
		if len(uuids) != 1 {
			t.Errorf("six agents made %d of each %s", len(uuids), kind)
		}
	}
	var listed []struct {
		Name     string
		Services []namedAnswer
	}
	d.get("pat", "/api/marketplace-site-agent-identities/?name=agent", &listed)
	if len(listed) != 1 || len(listed[0].Services) != 1 {
		t.Errorf("listed are %+v", listed)
	}
	for who, want := range map[string]int{"olga": 1, "sam": 1, "operator": 1, "alice": 0, "carol": 0, "bob": 0} {
		d.get(who, "/api/marketplace-site-agent-identities/", &listed)
		if len(listed) != want {
			t.Errorf("%s sees %d identities, want %d", who, len(listed), want)
		}
	}
}

// register makes an identity of the cluster's agent.
func (d *desk) register() string {
	d.t.Helper()
	var made namedAnswer
	d.did("pat", http.MethodPost, "/api/marketplace-site-agent-identities/", fmt.Sprintf(`{"offering": %q, "name": "agent"}`, d.vars()["hpc"]), http.StatusCreated, &made)
	return made.UUID
}

// Each request with the statuses that a provider, an outsider and a bad body get.
func TestWhatAnAgentMayAsk(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	resource := d.allocate("one")
	identity := "/api/marketplace-site-agent-identities/" + d.register() + "/"
	var subscription, asked, key namedAnswer
	d.did("pat", http.MethodPost, identity+"register_event_subscription/", `{"observable_object_type": "order"}`, http.StatusCreated, &subscription)
	d.did("pat", http.MethodPost, "/api/backend-resource-requests/", fmt.Sprintf(`{"offering": %q}`, v["hpc"]), http.StatusCreated, &asked)
	d.did("pat", http.MethodPost, "/api/marketplace-resource-api-keys/report_created/", fmt.Sprintf(`{"resource": %q, "client_id": "c1", "api_key": "hush"}`, resource), http.StatusCreated, &key)
	offering := "/api/marketplace-provider-offerings/" + v["hpc"] + "/"
	for _, tt := range []struct {
		method, path, body string
		want, outsider     int
		contains           string
	}{
		{"PUT", identity, fmt.Sprintf(`{"offering": %q, "name": "agent", "version": "2"}`, v["hpc"]), 200, 404, `"version":"2"`},
		{"PUT", identity, fmt.Sprintf(`{"offering": %q, "name": "agent"}`, v["lab"]), 400, 404, "stays in its offering"},
		{"PUT", identity, `{}`, 400, 404, "This field is required."},
		{"POST", identity + "register_service/", `{}`, 400, 404, `"name"`},
		{"POST", identity + "register_queue/", `{"object_types": ["order"]}`, 404, 404, ""},
		{"POST", identity + "register_event_subscription/", `{"observable_object_type": "order"}`, 200, 404, subscription.UUID},
		{"POST", identity + "register_event_subscription/", `{"observable_object_type": "weather"}`, 400, 404, "not a valid choice"},
		{"POST", "/api/event-subscriptions/" + subscription.UUID + "/create_queue/", fmt.Sprintf(`{"offering_uuid": %q, "object_type": "order"}`, v["hpc"]), 201, 404, `"queue_name"`},
		{"POST", "/api/event-subscriptions/" + subscription.UUID + "/create_queue/", fmt.Sprintf(`{"offering_uuid": %q, "object_type": "order"}`, v["hpc"]), 200, 404, `"queue_name"`},
		{"POST", "/api/event-subscriptions/" + subscription.UUID + "/create_queue/", fmt.Sprintf(`{"offering_uuid": %q, "object_type": "order"}`, v["unknown"]), 400, 404, "does not exist"},
		{"DELETE", "/api/event-subscriptions/" + subscription.UUID + "/", "", 204, 404, ""},
		{"DELETE", "/api/event-subscriptions/" + subscription.UUID + "/", "", 404, 404, "EventSubscription"},

		{"GET", offering + "user-attribute-config/", "", 200, 404, `"exposed_fields":["full_name","email","username"]`},
		{"GET", offering + "list_course_accounts/", "", 200, 404, "[]"},
		{"GET", offering + "list_project_service_accounts/", "", 200, 404, "[]"},
		{"POST", offering + "check_unique_backend_id/", `{"backend_id": "x"}`, 200, 404, `"is_unique":true`},
		{"POST", offering + "check_unique_backend_id/", `{}`, 400, 404, `"backend_id"`},
		{"GET", "/api/marketplace-slurm-periodic-usage-policies/", "", 200, 200, "[]"},
		{"POST", "/api/marketplace-slurm-periodic-usage-policies/" + v["unknown"] + "/report-command-result/", `{"success": true}`, 404, 404, "SlurmPeriodicUsagePolicy"},

		{"GET", "/api/backend-resource-requests/" + asked.UUID + "/", "", 200, 404, `"state":"Sent"`},
		{"POST", "/api/backend-resource-requests/" + asked.UUID + "/set_done/", "", 409, 404, "Processing"},
		{"POST", "/api/backend-resource-requests/" + asked.UUID + "/start_processing/", "", 200, 404, "status"},
		{"POST", "/api/backend-resource-requests/" + asked.UUID + "/start_processing/", "", 409, 404, "Sent"},
		{"POST", "/api/backend-resource-requests/" + asked.UUID + "/set_erred/", `{"error_message": "no"}`, 200, 404, "status"},
		{"GET", "/api/backend-resource-requests/" + asked.UUID + "/", "", 200, 404, `"error_message":"no"`},
		{"POST", "/api/backend-resources/", fmt.Sprintf(`{"name": "stray", "offering": %q, "project": %q, "backend_id": "b1"}`, v["hpc"], v["project"]), 201, 400, `"backend_id":"b1"`},
		{"POST", "/api/backend-resources/", fmt.Sprintf(`{"name": "stray", "offering": %q, "project": %q, "backend_id": "b1"}`, v["hpc"], v["project"]), 400, 400, "unique set"},
		{"POST", "/api/backend-resources/", fmt.Sprintf(`{"name": "stray", "offering": %q, "project": %q}`, v["hpc"], v["bobs-project"]), 400, 400, "does not exist"},
		{"GET", "/api/backend-resources/?backend_id=b1&name=STR&field=name", "", 200, 200, `[{"name":"stray"}]`},

		{"GET", "/api/marketplace-resource-api-keys/?state=OK", "", 200, 200, `"client_id":"c1"`},
		{"POST", "/api/marketplace-resource-api-keys/report_created/", fmt.Sprintf(`{"resource": %q, "client_id": "c1", "api_key": "hush"}`, resource), 201, 400, key.UUID},
		{"POST", "/api/marketplace-resource-api-keys/report_created/", fmt.Sprintf(`{"resource": %q, "client_id": "c1"}`, resource), 400, 400, `"api_key"`},
		{"POST", "/api/marketplace-resource-api-keys/" + key.UUID + "/set_erred/", `{"error_message": "lost"}`, 200, 404, `"state":"Erred"`},
		{"POST", "/api/marketplace-resource-api-keys/" + key.UUID + "/set_key/", `{"api_key": "new", "client_id": "c2"}`, 200, 404, `"state":"OK"`},
		{"POST", "/api/marketplace-resource-api-keys/" + key.UUID + "/set_key/", `{}`, 400, 404, `"api_key"`},
		{"POST", "/api/marketplace-provider-resources/" + resource + "/set_membership_sync_statuses/", `{"statuses": []}`, 409, 404, "opted in"},
	} {
		if res, b := d.ask("bob", tt.method, tt.path, tt.body); res.StatusCode != tt.outsider && !(tt.outsider == 200 && string(b) == "[]") {
			t.Errorf("bob %s %s %s: %d %s, want %d", tt.method, tt.path, tt.body, res.StatusCode, b, tt.outsider)
		}
		res, b := d.ask("pat", tt.method, tt.path, tt.body)
		if res.StatusCode != tt.want || !strings.Contains(string(b), tt.contains) {
			t.Errorf("pat %s %s %s: %d %s, want %d with %s", tt.method, tt.path, tt.body, res.StatusCode, b, tt.want, tt.contains)
		}
	}
	var rows []json.RawMessage
	d.get("bob", "/api/marketplace-resource-api-keys/", &rows)
	d.get("bob", "/api/backend-resources/", &rows)
	if len(rows) != 0 {
		t.Errorf("bob sees %s", rows)
	}
	if _, b := d.ask("pat", http.MethodGet, "/api/marketplace-resource-api-keys/", ""); strings.Contains(string(b), "hush") || strings.Contains(string(b), "new") {
		t.Errorf("a secret is shown: %s", b)
	}
	d.secretIsSealed(key.UUID)
}

// TestAKeyIsRevealedToThoseWhoUseItsResourceAndMadeAnewOnAsking: the secret is shown to nobody
// else, each time is in the feed, and it holds until the agent has told of another.
func TestAKeyIsRevealedToThoseWhoUseItsResourceAndMadeAnewOnAsking(t *testing.T) {
	d := newDesk(t)
	resource := d.allocate("one")
	var key namedAnswer
	d.did("pat", http.MethodPost, "/api/marketplace-resource-api-keys/report_created/", fmt.Sprintf(`{"resource": %q, "client_id": "c1", "api_key": "hush"}`, resource), http.StatusCreated, &key)
	one := "/api/marketplace-resource-api-keys/" + key.UUID + "/"
	revealed := func(want string, statuses map[string]int) {
		t.Helper()
		for who, status := range statuses {
			res, b := d.ask(who, http.MethodGet, one+"reveal/", "")
			if res.StatusCode != status || strings.Contains(string(b), `"api_key":"`+want+`"`) != (status == http.StatusOK) {
				t.Errorf("%s is shown %d %s, want %d", who, res.StatusCode, b, status)
			}
		}
	}
	revealed("hush", map[string]int{"alice": 200, "carol": 200, "operator": 200, "pat": 403, "sue": 403, "bob": 404, "nobody": 404})
	for who, status := range map[string]int{"carol": 403, "sue": 403, "bob": 404} {
		d.did(who, http.MethodPost, one+"rotate/", "", status, nil)
		d.did(who, http.MethodDelete, one, "", status, nil)
	}
	d.did("alice", http.MethodPost, one+"rotate/", "", http.StatusAccepted, nil)
	for _, body := range []string{"", `{"`} { // there is nothing in it to be read
		d.did("alice", http.MethodPost, one+"rotate/", body, http.StatusConflict, nil)
	}
	var shown struct {
		State   string
		Pending string `json:"pending_action"`
	}
	d.get("pat", "/api/marketplace-resource-api-keys/?state=Updating", new([]any))
	if d.get("pat", one, &shown); shown.State != "Updating" || shown.Pending != "rotate" {
		t.Errorf("its agent finds %+v", shown)
	}
	revealed("hush", map[string]int{"alice": 200})
	d.did("pat", http.MethodPost, one+"set_key/", `{"api_key": "new"}`, http.StatusOK, &shown)
	revealed("new", map[string]int{"alice": 200})
	d.did("pat", http.MethodPost, one+"rotate/", "", http.StatusAccepted, nil)
	d.did("pat", http.MethodPost, one+"set_erred/", `{"error_message": "lost"}`, http.StatusOK, nil)
	d.did("mary", http.MethodPost, one+"rotate/", "", http.StatusAccepted, nil)
	d.did("alice", http.MethodDelete, one, "", http.StatusForbidden, nil)
	d.did("pat", http.MethodDelete, one, "", http.StatusNoContent, nil)
	d.did("alice", http.MethodGet, one, "", http.StatusNotFound, nil)
	var told int
	if err := d.core.View(ctx, core.System(), func(s *core.Scene) error {
		events, err := s.Events(core.EventQuery{Kinds: []string{core.EventRevealed}, Limit: 100})
		told = len(events)
		return err
	}); err != nil || told != 5 {
		t.Errorf("the feed tells of %d looks (%v), want 5", told, err)
	}
}

// secretIsSealed fails where a key's secret can be read without the master key.
func (d *desk) secretIsSealed(uuid string) {
	d.t.Helper()
	i, err := id.ParseUUID(id.Document, uuid)
	if err != nil {
		d.t.Fatal(err)
	}
	err = d.core.View(ctx, core.System(), func(s *core.Scene) error {
		doc, err := s.ShownDocument(kindAPIKey, i)
		if err != nil {
			return err
		}
		if strings.Contains(string(doc.Body), `"new"`) {
			d.t.Errorf("the secret lies open: %s", doc.Body)
		}
		if secret, err := d.core.Unseal(attrs[apiKeyBody](doc.Body).Sealed); err != nil || secret != "new" {
			d.t.Errorf("the secret opens as %q (%v)", secret, err)
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestMembershipStatusesAreKeptOfTheTeamAlone(t *testing.T) {
	d := newDesk(t)
	d.setOptions(`{"service_provider_can_create_offering_user":true,"username_generation_policy":"waldur_username","enable_membership_sync_status":true}`)
	d.kept()
	path := "/api/marketplace-provider-resources/" + d.allocate("one") + "/set_membership_sync_statuses/"
	d.kept()
	var got struct {
		Stored  int
		Skipped []string
	}
	d.did("pat", http.MethodPost, path, `{"statuses": [{"scope_type": "resource", "role_name": "PROJECT.MEMBER", "state": "synced", "username": "carol"},
		{"scope_type": "resource", "role_name": "PROJECT.MEMBER", "state": "error", "username": "stranger", "message": "who"}]}`, http.StatusOK, &got)
	if got.Stored != 1 || len(got.Skipped) != 1 || got.Skipped[0] != "stranger" {
		t.Errorf("got %+v", got)
	}
	i, err := id.ParseUUID(id.Resource, strings.Split(path, "/")[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := d.core.View(ctx, core.System(), func(s *core.Scene) error {
		docs, err := s.ShownDocuments(core.DocumentQuery{Kind: kindSyncStatuses, Parent: i})
		if err == nil && (len(docs) != 1 || !strings.Contains(string(docs[0].Body), `"carol"`) || strings.Contains(string(docs[0].Body), "stranger")) {
			t.Errorf("kept is %v", docs)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var team []struct {
		Username string
		Roles    []map[string]any
	}
	members := strings.Replace(strings.Replace(path, "set_membership_sync_statuses", "team_members", 1), "provider-", "", 1)
	d.get("alice", members+"?field=username&field=roles", &team)
	for _, m := range team {
		for _, r := range m.Roles {
			if want := map[string]any{"carol": "synced"}[m.Username]; r["sync_state"] != want || (want != nil) != (r["sync_reported_at"] != nil) {
				t.Errorf("%s is told as %v, want %v", m.Username, r, want)
			}
		}
	}
	if len(team) != 2 {
		t.Errorf("the team has %d members", len(team))
	}
	// A site's own projects have UUIDs that are none of the desk's; who is skipped is told as sent.
	d.did("pat", http.MethodPost, path, `{"statuses": [{"scope_type": "resource_project", "role_name": "lead", "state": "pending", "username": "carol", "resource_project_uuid": "6B1F7C30-9B8E-4D1C-8B1C-0D5C3F1C2A11"},
		{"scope_type": "resource", "role_name": "lead", "state": "synced", "user_uuid": "6b1f7c309b8e4d1c8b1c0d5c3f1c2a12"}]}`, http.StatusOK, &got)
	if got.Stored != 1 || !slices.Equal(got.Skipped, []string{"6b1f7c309b8e4d1c8b1c0d5c3f1c2a12"}) {
		t.Errorf("got %+v", got)
	}
	if b := d.expect(http.StatusOK, "alice", http.MethodGet, members+"?field=resource_projects", ""); strings.Count(string(b), `"uuid":"6b1f7c309b8e4d1c8b1c0d5c3f1c2a11"`) != 1 {
		t.Errorf("the team is told as %s", b)
	}
	d.did("pat", http.MethodPost, path, `{"statuses": [{"scope_type": "resource", "role_name": "x", "state": "synced", "user_uuid": "carol"}]}`, http.StatusBadRequest, nil)
	d.did("pat", http.MethodPost, path, `{"statuses": [{"scope_type": "moon", "role_name": "x", "state": "synced", "username": "carol"}]}`, http.StatusBadRequest, nil)
	d.did("pat", http.MethodPost, path, `{"statuses": [{"scope_type": "resource", "role_name": "x", "state": "synced"}]}`, http.StatusBadRequest, nil)
	d.did("sam", http.MethodPost, path, `{}`, http.StatusBadRequest, nil)
	d.did("carol", http.MethodPost, path, `{}`, http.StatusNotFound, nil)
}

func TestCheckingABackendID(t *testing.T) {
	d := newDesk(t)
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","backend_id_rules":{"format":{"regex":"a_[a-z0-9]+"}}}`)}}}}})
	resource := d.allocate("one")
	d.did("pat", http.MethodPost, "/api/marketplace-provider-resources/"+resource+"/set_backend_id/", `{"backend_id": "a_1"}`, http.StatusOK, nil)
	for offering, tests := range map[string]map[string]string{
		"hpc": {`{"backend_id": "a_1"}`: "false <nil>", `{"backend_id": "a_2"}`: "true <nil>", `{"backend_id": "a_2", "use_offering_rules": true}`: "true true",
			`{"backend_id": "B", "use_offering_rules": true}`: "true false"},
		"lab": {`{"backend_id": "a_1"}`: "true <nil>", `{"backend_id": "a_1", "check_all_offerings": true}`: "false <nil>"},
	} {
		for body, want := range tests {
			var got struct {
				Unique any `json:"is_unique"`
				Format any `json:"is_valid_format"`
			}
			d.did("pat", http.MethodPost, "/api/marketplace-provider-offerings/"+d.vars()[offering]+"/check_unique_backend_id/", body, http.StatusOK, &got)
			if s := fmt.Sprint(got.Unique, got.Format); s != want {
				t.Errorf("%s %s: %s, want %s", offering, body, s, want)
			}
		}
	}
}
