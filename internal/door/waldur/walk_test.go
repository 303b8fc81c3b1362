package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// ask sends a request and returns the answer with its body.
func (d *desk) ask(who, method, path, body string) (*http.Response, []byte) {
	d.t.Helper()
	r := httptest.NewRequest(method, "http://desk.example/", strings.NewReader(body))
	u, err := url.ParseRequestURI(path)
	if err != nil {
		d.t.Skipf("no client can send %q: %v", path, err)
	}
	r.URL = u
	r.Header.Set("Content-Type", "application/json")
	if who != "" {
		r.Header.Set("Authorization", "Token "+tokenOf(who))
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), w.Body.Bytes()
}

// get asks for a JSON answer that must be 200.
func (d *desk) get(who, path string, into any) *http.Response {
	d.t.Helper()
	res, b := d.ask(who, http.MethodGet, path, "")
	if res.StatusCode != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s", path, res.StatusCode, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		d.t.Fatalf("GET %s: %v", path, err)
	}
	return res
}

func (d *desk) place(name string, storage int) {
	d.t.Helper()
	v := d.vars()
	body := fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "attributes": {"name": %q}, "limits": {"storage": %d}}`, v["lab"], v["project"], name, storage)
	if res, b := d.ask("alice", http.MethodPost, "/api/marketplace-orders/", body); res.StatusCode != http.StatusCreated {
		d.t.Fatalf("placing %s: %d %s", name, res.StatusCode, b)
	}
}

func TestAPasswordGivesATokenThatLastsADayAfterItsLastUse(t *testing.T) {
	d := newDesk(t)
	res, b := d.ask("", http.MethodPost, "/api-auth/password/", `{"username": "alice", "password": "correct horse"}`)
	var got struct{ Token string }
	if err := json.Unmarshal(b, &got); err != nil || res.StatusCode != http.StatusOK || len(got.Token) != 40 {
		t.Fatalf("login: %d %s %v", res.StatusCode, b, err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 200}, {20 * time.Hour, 200}, {20 * time.Hour, 200}, {25 * time.Hour, 401}} {
		d.mu.Lock()
		d.at = d.at.Add(step.after)
		d.mu.Unlock()
		if res, b := d.ask(got.Token, http.MethodGet, "/api/users/me/?field=username", ""); res.StatusCode != step.want {
			t.Errorf("after another %s: %d %s, want %d", step.after, res.StatusCode, b, step.want)
		}
	}
}

func TestFollowingNextShowsEachRowOnce(t *testing.T) {
	d := newDesk(t)
	for n := range 23 {
		d.place(fmt.Sprintf("r%02d", n), 1)
	}
	for _, path := range []string{"/api/marketplace-orders/?field=uuid&page_size=5", "/api/marketplace-resources/?field=uuid&page_size=5&o=-name", "/api/marketplace-resources/?field=uuid&page_size=5&o=project_name"} {
		seen, pages := map[string]bool{}, 0
		for next := path; next != ""; pages++ {
			var rows []struct{ UUID string }
			res := d.get("alice", next, &rows)
			for _, r := range rows {
				if seen[r.UUID] {
					t.Errorf("%s: %s came twice", path, r.UUID)
				}
				seen[r.UUID] = true
			}
			next = nextOf(t, res.Header.Get("Link"))
		}
		if len(seen) != 23 || pages != 5 {
			t.Errorf("%s: %d rows on %d pages, want 23 on 5", path, len(seen), pages)
		}
	}
}

// nextOf reads Link as the vendor's client does: cut at commas, the rest of the next page's address.
func nextOf(t *testing.T, link string) string {
	t.Helper()
	for _, part := range strings.Split(link, ",") {
		address, rel, ok := strings.Cut(strings.TrimSpace(part), "; ")
		if !ok {
			t.Fatalf("Link %q falls apart at its commas", link)
		}
		if rel == `rel="next"` {
			return strings.TrimPrefix(strings.Trim(address, "<>"), "https://desk.example")
		}
	}
	return ""
}

func TestACommaInAFilterDoesNotBreakLink(t *testing.T) {
	d := newDesk(t)
	d.place("a,b", 1)
	d.place("a,b", 1)
	var rows []struct{ Name string }
	res := d.get("alice", "/api/marketplace-resources/?name=a,b&page_size=1&field=name", &rows)
	if next := nextOf(t, res.Header.Get("Link")); !strings.Contains(next, "page=2") || len(rows) != 1 {
		t.Errorf("next is %q after %d rows", next, len(rows))
	}
}

func TestBothSpellingsOfAUUIDAreRead(t *testing.T) {
	d := newDesk(t)
	bare := d.vars()["hpc"]
	dashed := bare[:8] + "-" + bare[8:12] + "-" + bare[12:16] + "-" + bare[16:20] + "-" + bare[20:]
	for _, s := range []string{bare, dashed, strings.ToUpper(dashed), strings.ToUpper(bare)} {
		var o struct{ UUID string }
		if d.get("alice", "/api/marketplace-public-offerings/"+s+"/?field=uuid", &o); o.UUID != bare {
			t.Errorf("%s answers with %s", s, o.UUID)
		}
		var rows []struct{ UUID string }
		if d.get("alice", "/api/marketplace-public-offerings/?uuid_list="+s+"&field=uuid", &rows); len(rows) != 1 {
			t.Errorf("filtering by %s gives %d rows", s, len(rows))
		}
	}
}

func TestNoModelHasAKeyTwice(t *testing.T) {
	twice := func(name string, keys []string) {
		seen := map[string]bool{}
		for _, k := range keys {
			if seen[k] {
				t.Errorf("%s has %s twice", name, k)
			}
			seen[k] = true
		}
	}
	twice("User", keysOf(userModel))
	twice("UserMe", keysOf(meModel))
	twice("Permission", keysOf(permissionModel))
	twice("UserRoleDetails", keysOf(memberModel))
	twice("Customer", keysOf(customerModel))
	twice("Project", keysOf(projectModel))
	twice("ServiceProvider", keysOf(providerModel))
	twice("ServiceProviderUser", keysOf(servedUserModel))
	twice("ProjectPermissionLog", keysOf(servedRoleModel))
	twice("Category", keysOf(categoryModel))
	twice("PublicOffering", keysOf(publicOfferingModel))
	twice("ProviderOffering", keysOf(providerOfferingModel))
	twice("OfferingComponent", keysOf(componentModel))
	twice("Plan", keysOf(planDetailsModel))
	twice("PlanComponent", keysOf(planComponentModel))
	twice("NestedPlanComponent", keysOf(nestedComponentModel))
	twice("Order", keysOf(orderModel))
	twice("Resource", keysOf(resourceModel))
	twice("ProjectUser", keysOf(teamModel))
	twice("ResourceTeamMember", keysOf(teammateModel))
	twice("PlanPeriod", keysOf(planPeriodModel))
	twice("Usage", keysOf(usageModel))
	twice("UserUsage", keysOf(userUsageModel))
}

func keysOf[T any](m model[T]) []string {
	out := make([]string, len(m))
	for n, k := range m {
		out[n] = k.name
	}
	return out
}

func TestOperationsAreNamedOnce(t *testing.T) {
	d := newDesk(t)
	seen := map[string]bool{}
	for _, op := range (&door{core: d.core}).operations() {
		if seen[op.name] || seen[op.method+op.path] {
			t.Errorf("%s %s is there twice", op.name, op.path)
		}
		seen[op.name], seen[op.method+op.path] = true, true
	}
}

// fuzzed asks one thing of the whole desk and fails on an answer that no client could
// make sense of, or that shows bob a row of aurora's.
func fuzzed(t *testing.T, d *desk, who, method, path, body string) {
	d.t = t
	res, b := d.ask(who, method, path, body)
	if res.StatusCode >= 500 {
		t.Fatalf("%s %s %s: %d %s", method, path, body, res.StatusCode, b)
	}
	if len(b) > 0 && !json.Valid(b) {
		t.Fatalf("%s %s: %s is no JSON", method, path, b)
	}
	if strings.Contains(string(b), "hidden-from-bob") && !strings.Contains(path+body, "hidden-from-bob") {
		t.Fatalf("%s %s shows bob what is aurora's: %s", method, path, b)
	}
}

func FuzzQuery(f *testing.F) {
	d := newDesk(f)
	d.place("hidden-from-bob", 2)
	var lists []string
	for _, op := range (&door{core: d.core}).operations() {
		if op.method == http.MethodGet && !strings.Contains(op.path, "{") {
			lists = append(lists, op.path)
		}
	}
	for n, s := range []string{"page=2&page_size=3", "o=-created,state&field=uuid", "state=OK&state=Erred", "billing_period_year=1e999&billing_period=9999-12-31", "created=0001-01-01",
		"query=%00&name=%25_", "offering_uuid=" + d.vars()["hpc"], "component_count=NaN&limit_component_count=-1e9", "created_before=2026-11-10T09:30:00.123456789%2B99:99", "type=%ff", "field=%C3%28&o=,,,-"} {
		f.Add(uint8(n), s)
	}
	f.Fuzz(func(t *testing.T, list uint8, query string) {
		fuzzed(t, d, "bob", http.MethodGet, lists[int(list)%len(lists)]+"?"+query, "")
	})
}

func FuzzBody(f *testing.F) {
	d := newDesk(f)
	d.place("hidden-from-bob", 2)
	v := d.vars()
	paths := []string{"/api/marketplace-orders/", "/api/marketplace-component-usages/set_usage/", "/api-auth/password/"}
	order := fmt.Sprintf(`"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/"`, v["lab"], v["bobs-project"])
	for n, s := range []string{"{" + order + `, "limits": {"storage": 1}}`, "{" + order + `, "limits": {"storage": 9223372036854775807, "x": null}, "attributes": {"name": "` + "\\u0000" + `"}}`,
		`{"usages": [{"type": "cpu", "amount": "1e400"}], "resource": ""}`, `{"usages": [null, [], "x"], "plan_period": {}}`, `{"username": {}, "password": null}`, `{"offering": "//[::1", "project": "%zz"}`, `[[[[`} {
		f.Add(uint8(n), s)
	}
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		fuzzed(t, d, "bob", http.MethodPost, paths[int(path)%len(paths)], body)
	})
}

func TestAReportAboveAComponentsCapIsRefusedInTheVendorsWords(t *testing.T) {
	d := newDesk(t)
	if _, err := d.core.Apply(t.Context(), core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Components: []core.ComponentSpec{{Code: "cpu", Attrs: json.RawMessage(`{"limit_amount": 50, "limit_period": "month"}`)}}}}}}}); err != nil {
		t.Fatal(err)
	}
	v := d.vars()
	if res, b := d.ask("alice", http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/",
		"plan": "/api/marketplace-public-offerings/%[1]s/plans/%[3]s/", "attributes": {"name": "alloc"}, "limits": {"storage": 5}}`, v["hpc"], v["project"], v["standard"])); res.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", res.StatusCode, b)
	}
	var orders []struct{ UUID, Marketplace_resource_uuid string }
	d.get("alice", "/api/marketplace-orders/", &orders)
	for _, act := range []string{"approve_by_provider", "set_state_done"} {
		if res, b := d.ask("pat", http.MethodPost, "/api/marketplace-orders/"+orders[0].UUID+"/"+act+"/", `{}`); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", act, res.StatusCode, b)
		}
	}
	report := func(amount string) (*http.Response, []byte) {
		return d.ask("pat", http.MethodPost, "/api/marketplace-component-usages/set_usage/", `{"resource": "`+orders[0].Marketplace_resource_uuid+`", "usages": [{"type": "cpu", "amount": `+amount+`}]}`)
	}
	if res, b := report("50"); res.StatusCode != http.StatusCreated {
		t.Errorf("%d %s", res.StatusCode, b)
	}
	if res, b := report("50.01"); res.StatusCode != http.StatusBadRequest || strings.TrimSpace(string(b)) != `["Total amount exceeds limit. Total amount: 50.01, limit: 50."]` {
		t.Errorf("%d %s", res.StatusCode, b)
	}
}
