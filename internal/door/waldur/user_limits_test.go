package waldur

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// shownLimit is what the vendor's client reads of a user's limit.
type shownLimit struct {
	URL, UUID, Resource, Component, User, Limit string
	Type                                        string `json:"component_type"`
}

const userLimitsPath = "/api/component-user-usage-limits/"

// limited is a desk with a resource, of whose two accounts each has a name, and of which cpu
// was reported.
func limited(t *testing.T) (d *desk, resource, cpu string) {
	d = newDesk(t)
	d.kept()
	resource = d.allocate("one")
	d.kept()
	for _, a := range d.accountsOf("pat") {
		d.did("pat", http.MethodPatch, "/api/marketplace-offering-users/"+a.UUID+"/", fmt.Sprintf(`{"username": "%s1"}`, a.User), http.StatusOK, nil)
	}
	var offering struct {
		Components []struct{ UUID, Type string }
	}
	d.get("pat", "/api/marketplace-provider-offerings/"+d.vars()["hpc"]+"/", &offering)
	for _, c := range offering.Components {
		if c.Type == "cpu" {
			cpu = c.UUID
		}
	}
	d.did("pat", http.MethodPost, "/api/marketplace-component-usages/set_usage/", fmt.Sprintf(`{"resource": %q, "usages": [{"type": "cpu", "amount": 9}]}`, resource), http.StatusCreated, nil)
	return d, resource, cpu
}

func theirLimit(resource, component, user, limit string) string {
	return fmt.Sprintf(`{"resource": "/api/marketplace-resources/%s/", "component": %q, "user": %q, "limit": %q}`, resource, component, user, limit)
}

func TestAUsersPartIsWithinTheirLimit(t *testing.T) {
	d, resource, cpu := limited(t)
	var usages []struct{ UUID string }
	d.get("pat", "/api/marketplace-component-usages/?resource_uuid="+resource, &usages)
	report := func(parts string, want int) string {
		res, b := d.ask("pat", http.MethodPost, "/api/marketplace-component-usages/"+usages[0].UUID+"/set_user_usages/", `{"usages": [`+parts+`]}`)
		if res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", parts, res.StatusCode, b, want)
		}
		return string(b)
	}
	part := func(name, q string) string { return fmt.Sprintf(`{"username": %q, "usage": %q}`, name, q) }
	var made shownLimit
	d.did("alice", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol1", "5"), http.StatusCreated, &made)
	if made.User != "carol1" || made.Type != "cpu" || made.Limit != "5.00" || made.Component != cpu || !strings.HasSuffix(made.Resource, "/"+resource+"/") || !strings.HasSuffix(made.URL, "/"+made.UUID+"/") {
		t.Errorf("made is %+v", made)
	}
	report(part("carol1", "5"), http.StatusCreated)
	report(part("mary1", "80"), http.StatusCreated)
	if b := report(part("mary1", "7")+","+part("carol1", "5.01"), http.StatusBadRequest); !strings.Contains(b, `"non_field_errors":["Usage limit exceeded for user carol1: 5.01 of 5."]`) {
		t.Errorf("refused with %s", b)
	}
	var parts []struct{ Username, Usage string }
	d.get("pat", "/api/marketplace-component-user-usages/?resource_uuid="+resource, &parts)
	for _, p := range parts {
		if want := map[string]string{"carol1": "5.00", "mary1": "80.00"}[p.Username]; p.Usage != want {
			t.Errorf("%s used %s, want %s: what is refused is refused whole", p.Username, p.Usage, want)
		}
	}
	for _, a := range d.accountsOf("pat") { // the limit is the account's, whatever its name
		if a.User == "carol" {
			d.did("pat", http.MethodPatch, "/api/marketplace-offering-users/"+a.UUID+"/", `{"username": "carol2"}`, http.StatusOK, nil)
		}
	}
	report(part("carol2", "6"), http.StatusBadRequest)
	d.did("alice", http.MethodPatch, userLimitsPath+made.UUID+"/", `{"limit": "-1"}`, http.StatusOK, &made)
	if made.Limit != "-1.00" || made.User != "carol2" {
		t.Errorf("changed it is %+v", made)
	}
	report(part("carol2", "6"), http.StatusCreated)
	d.did("alice", http.MethodPut, userLimitsPath+made.UUID+"/", theirLimit(resource, cpu, "carol2", "1"), http.StatusOK, nil)
	report(part("carol2", "6"), http.StatusBadRequest)
	d.did("alice", http.MethodDelete, userLimitsPath+made.UUID+"/", "", http.StatusNoContent, nil)
	report(part("carol2", "60"), http.StatusCreated)
	d.did("alice", http.MethodGet, userLimitsPath+made.UUID+"/", "", http.StatusNotFound, nil)
	d.did("alice", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol2", "2"), http.StatusCreated, nil) // again
}

func TestUsersLimitsAreListedAndGuarded(t *testing.T) {
	d, resource, cpu := limited(t)
	var first, second shownLimit
	d.did("alice", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol1", "5"), http.StatusCreated, &first)
	var account string
	for _, a := range d.accountsOf("pat") {
		if a.User == "mary" {
			account = a.UUID
		}
	}
	d.did("operator", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "https://elsewhere.example/api/marketplace-offering-users/"+account+"/", "0"), http.StatusCreated, &second)
	if second.User != "mary1" || second.Limit != "0.00" {
		t.Errorf("by a link: %+v", second)
	}
	listed := func(who, query string) (out []string) {
		var rows []shownLimit
		d.get(who, userLimitsPath+"?"+query, &rows)
		for _, r := range rows {
			out = append(out, r.User)
		}
		return out
	}
	other := d.allocate("two")
	for query, want := range map[string]string{
		"": "[carol1 mary1]", "resource_uuid=" + resource: "[carol1 mary1]", "resource_uuid=" + dashed(resource): "[carol1 mary1]", "resource_uuid=" + other: "[]",
		"resource=/api/marketplace-resources/" + resource + "/": "[carol1 mary1]", "offering_uuid=" + d.vars()["hpc"]: "[carol1 mary1]", "offering_uuid=" + d.vars()["lab"]: "[]",
		"component_type=cpu": "[carol1 mary1]", "component_type=storage": "[]", "username=mary1": "[mary1]", "username=x": "[]", "page_size=1&page=2": "[mary1]",
	} {
		for _, who := range []string{"alice", "pat", "operator"} {
			if got := fmt.Sprint(listed(who, query)); got != want {
				t.Errorf("%s lists %s by %s, want %s", who, got, query, want)
			}
		}
	}
	if got := listed("bob", ""); len(got) != 0 {
		t.Errorf("another customer lists %v", got)
	}
	for _, tt := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol1", "5"), 401},
		{"bob", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol1", "5"), 400},
		{"pat", http.MethodPost, userLimitsPath, theirLimit(other, cpu, "carol1", "5"), 403},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(resource, cpu, "carol1", "7"), 400},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(other, cpu, "nobody", "7"), 400},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(other, cpu, "carol1", "-2"), 400},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(other, cpu, "carol1", "1.001"), 400},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(other, strings.Repeat("0", 32), "carol1", "1"), 400},
		{"alice", http.MethodPost, userLimitsPath, theirLimit(other, "cpu", "carol1", "1"), 400},
		{"alice", http.MethodPost, userLimitsPath, `{}`, 400},
		{"bob", http.MethodGet, userLimitsPath + first.UUID + "/", "", 404},
		{"bob", http.MethodDelete, userLimitsPath + first.UUID + "/", "", 404},
		{"pat", http.MethodGet, userLimitsPath + dashed(first.UUID) + "/", "", 200},
		{"pat", http.MethodPatch, userLimitsPath + first.UUID + "/", `{"limit": 1}`, 403},
		{"pat", http.MethodDelete, userLimitsPath + first.UUID + "/", "", 403},
		{"alice", http.MethodPatch, userLimitsPath + first.UUID + "/", fmt.Sprintf(`{"resource": "/api/marketplace-resources/%s/"}`, other), 400},
		{"alice", http.MethodPut, userLimitsPath + first.UUID + "/", `{"limit": 1}`, 400},
	} {
		res, b := d.ask(tt.who, tt.method, tt.path, tt.body)
		if res.StatusCode != tt.want {
			t.Errorf("%s %s %s %s: %d %s, want %d", tt.who, tt.method, tt.path, tt.body, res.StatusCode, b, tt.want)
		}
	}
}
