package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// under opens the desk's world where roles may do something else.
func under(t *testing.T, p tenant.Policy) *desk {
	d := newDesk(t)
	d.core = core.New(fresh.Store(t, d.now), d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{Policy: p})
	var err error
	if d.made, err = d.core.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	d.handler = New(d.core, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: d.core}})
	return d
}

func (d *desk) expect(status int, who, method, path, body string) []byte {
	d.t.Helper()
	res, b := d.ask(who, method, path, body)
	if res.StatusCode != status {
		d.t.Errorf("%s %s by %s: %d %s, want %d", method, path, who, res.StatusCode, b, status)
	}
	return b
}

func TestWhatRolesMayDoIsConfiguration(t *testing.T) {
	yes, no := true, false
	d := under(t, tenant.DefaultPolicy().Change(map[tenant.Role]tenant.Change{
		tenant.ProjectManager:  {Add: []tenant.Right{tenant.ApproveOrder}, Remove: []tenant.Right{tenant.ManageMembers}},
		tenant.ProjectMember:   {Enabled: &yes},
		tenant.CustomerManager: {Enabled: &no, Add: []tenant.Right{tenant.ActivateOffering, tenant.CreateCustomer}},
	}))
	v := d.vars()
	order := d.expect(http.StatusCreated, "carol", "POST", "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "attributes": {"name": "r"}, "limits": {"storage": 1}}`, v["lab"], v["project"]))
	_, rest, _ := strings.Cut(string(order), `"uuid":"`)
	d.expect(http.StatusOK, "mary", "POST", "/api/marketplace-orders/"+rest[:32]+"/approve_by_consumer/", `{}`)
	member := fmt.Sprintf(`{"role": "PROJECT.MEMBER", "user": "%s"}`, v["bob"])
	d.expect(http.StatusForbidden, "mary", "POST", "/api/projects/"+v["project"]+"/add_user/", member)
	d.expect(http.StatusCreated, "alice", "POST", "/api/projects/"+v["project"]+"/add_user/", member)
	manager := fmt.Sprintf(`{"role": "CUSTOMER.MANAGER", "user": "%s"}`, v["bob"])
	if b := d.expect(http.StatusBadRequest, "pat", "POST", "/api/customers/"+v["nordic"]+"/add_user/", manager); !strings.Contains(string(b), "Role is not active.") {
		t.Errorf("a closed role: %s", b)
	}
	d.expect(http.StatusOK, "sam", "POST", "/api/marketplace-provider-offerings/"+v["lab"]+"/pause/", "")
	d.expect(http.StatusOK, "sam", "POST", "/api/marketplace-provider-offerings/"+v["lab"]+"/activate/", "") // granted before the role was closed
	var made struct{ UUID, Slug string }
	d.expect(http.StatusCreated, "sam", "POST", "/api/customers/", `{"name": "Sam's own", "slug": "not-theirs-to-choose"}`)
	var rows []struct{ UUID, Slug string }
	if d.get("sam", "/api/customers/?owned_by_current_user=true", &rows); len(rows) != 1 || rows[0].Slug != "sam-s-own" {
		t.Errorf("sam owns %v, %v", rows, made)
	}
}

func TestAKeyNarrowedToAProjectSetsUpNothingElse(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	token := fmt.Sprintf("%016x%024x", 4001, 0xfeed)
	if _, err := d.core.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: "alice", Tokens: []core.TokenSpec{{Value: token, Narrowing: core.Narrowing{Project: "aurora"}}}}}}); err != nil {
		t.Fatal(err)
	}
	d.expect(http.StatusForbidden, token, "POST", "/api/projects/", `{"name": "P", "customer": "/api/customers/`+v["aurora"]+`/"}`)
	d.expect(http.StatusForbidden, token, "POST", "/api/customers/"+v["aurora"]+"/add_user/", fmt.Sprintf(`{"role": "CUSTOMER.OWNER", "user": "%s"}`, v["bob"]))
	d.expect(http.StatusNotFound, token, "POST", "/api/projects/"+v["old-project"]+"/add_user/", fmt.Sprintf(`{"role": "PROJECT.ADMIN", "user": "%s"}`, v["bob"]))
	d.expect(http.StatusCreated, token, "POST", "/api/projects/"+v["project"]+"/add_user/", fmt.Sprintf(`{"role": "PROJECT.ADMIN", "user": "%s"}`, v["bob"]))
}

// setupPaths are the operations that set something up, each filled in with a record that
// bob may reach.
func setupPaths(d *desk) []string {
	v := d.vars()
	fill := map[string]string{"/api/customers/": v["borealis"], "/api/projects/": v["bobs-project"], "/api/marketplace-provider-offerings/": v["lab"], "/api/marketplace-plans/": v["lab-plan"]}
	var out []string
	for _, op := range append((&door{core: d.core}).setupOperations(), (&door{core: d.core}).keyOperations()...) {
		root, _, named := strings.Cut(op.path, "{")
		if op.method == http.MethodPost {
			path := op.path
			if named {
				path = strings.Replace(path, "{uuid}", fill[root], 1)
			}
			out = append(out, path)
		}
	}
	return out
}

func FuzzSetup(f *testing.F) {
	d := newDesk(f)
	d.place("hidden-from-bob", 2)
	v := d.vars()
	if _, err := d.core.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: "bob", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "nordic"}}}}}); err != nil {
		f.Fatal(err)
	}
	paths := setupPaths(d)
	offering := fmt.Sprintf(`{"name": "O", "category": "/api/marketplace-categories/%s/", "customer": "/api/customers/%s/", "type": "Marketplace.Basic"`, hashed(id.Category, "HPC"), v["nordic"])
	for n := range paths {
		f.Add(uint8(n), `{}`)
	}
	for _, s := range []string{
		`{"name": "\u0000", "slug": "--", "country": 7, "latitude": 1e999, "sponsor_number": 99999999999999999999, "user_email_patterns": [null, {}], "accounting_start_date": "0000-00-00"}`,
		`{"name": "P", "customer": "/api/customers/` + v["borealis"] + `/", "start_date": "9999-12-31", "end_date": "9999-12-31", "kind": null, "backend_id": []}`,
		`{"role": "CUSTOMER.OWNER", "user": "` + v["carol"] + `", "expiration_time": "9999-12-31T23:59:59.999999999+14:00"}`,
		`{"role": {}, "user": [], "expiration_time": 1e400}`,
		offering + `, "components": [{"type": "a", "name": "A", "billing_type": "limit", "min_value": 2147483647, "max_value": 2147483647, "max_available_limit": 2147483647, "unit_factor": 1}, null], "plans": [{"name": "é", "max_amount": 2147483647, "unit": "half_month"}, {}], "limits": {"a": [], "b": null}}`,
		offering + `, "options": {"order": [1], "options": {"a": null, "b": {"type": "string", "label": "x"}}}, "plugin_options": {"storage_mode": [], "x": 1e999}, "attributes": [], "backend_metadata": {"a": {"b": []}}}`,
		`{"uuid": "` + v["hpc"] + `", "type": "storage", "name": "S", "billing_type": "few", "limit_period": "total", "limit_amount": -1, "is_boolean": true}`,
		`{"prices": {"storage": "0.00000000001", "support": 1e-11, "change": "1e400", "x": null}}`, `{"prices": {"storage": "-0", "support": "900000000.9", "change": ".5"}}`,
		`{"quotas": {"support": 9223372036854775807, "storage": -1, "": {}}}`, `{"quotas": {"support": "3.0"}}`,
		`{"offering": "/api/marketplace-provider-offerings/` + v["lab"] + `/", "name": "` + strings.Repeat("n", 150) + `", "unit_price": "1e-30", "max_amount": 1.0}`,
		`{"public_key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAA==", "name": null, "is_shared": "maybe"}`, `{"public_key": "ssh-ed25519-cert-v01@openssh.com AAAA"}`, `{"paused_reason": {"a": 1}}`, `[[[[`,
	} {
		for n := range paths {
			f.Add(uint8(n), s)
		}
	}
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		fuzzed(t, d, "bob", http.MethodPost, paths[int(path)%len(paths)], body)
		fuzzed(t, d, "operator", http.MethodPost, paths[int(path)%len(paths)], body)
	})
}

func TestRecordsAreMadeByFormsToo(t *testing.T) {
	d := newDesk(t)
	post := func(path, media, body string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Token "+tokenOf("operator"))
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, b := post("/api/customers/", "application/x-www-form-urlencoded", "name=By+form&blocked=true&latitude=1.5&sponsor_number=4&country="); status != http.StatusCreated ||
		!strings.Contains(b, `"blocked":true`) || !strings.Contains(b, `"latitude":1.5`) || !strings.Contains(b, `"sponsor_number":4`) || !strings.Contains(b, `"country":""`) {
		t.Errorf("%d %s", status, b)
	}
	part := func(head, body string) string {
		return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + body + "\r\n"
	}
	if status, b := post("/api/marketplace-categories/", "multipart/form-data; boundary=b", part(`name="title"`, "Parts")+part(`name="default_vm_category"`, "true")+"--b--\r\n"); status != http.StatusCreated ||
		!strings.Contains(b, `"title":"Parts"`) || !strings.Contains(b, `"default_vm_category":true`) {
		t.Errorf("%d %s", status, b)
	}
	if status, b := post("/api/marketplace-categories/", "multipart/form-data; boundary=b", part(`name="title"`, "More")+part(`name="icon"; filename="i.png"`, "png")+"--b--\r\n"); status != http.StatusBadRequest ||
		!strings.Contains(b, `{"icon":["Files are not kept here."]}`) {
		t.Errorf("%d %s", status, b)
	}
}

// severally is a list of n objects that one pattern writes, with their number in it.
func severally(n int, pattern string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(pattern, "#", fmt.Sprint(i))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func TestAnOfferingsListsAreBounded(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	var categories []struct{ URL string }
	d.get("pat", "/api/marketplace-categories/", &categories)
	const component, plan = `{"type":"c#","name":"C","billing_type":"limit"}`, `{"name":"Same"}`
	create := func(want, components, plans int) string {
		body := fmt.Sprintf(`{"name":"Big","category":"%s","customer":"/api/customers/%s/","type":"Marketplace.Slurm","components":%s,"plans":%s}`,
			categories[0].URL, v["nordic"], severally(components, component), severally(plans, plan))
		return string(d.expect(want, "pat", "POST", "/api/marketplace-provider-offerings/", body))
	}
	if got := create(http.StatusBadRequest, core.MostComponents+1, 1); got != `{"components":{"non_field_errors":["Ensure this field has no more than 100 elements."]}}` {
		t.Errorf("too many components: %s", got)
	}
	if got := create(http.StatusBadRequest, 1, core.MostPlans+1); got != `{"plans":{"non_field_errors":["Ensure this field has no more than 100 elements."]}}` {
		t.Errorf("too many plans: %s", got)
	}
	var offering struct{ UUID string }
	if err := json.Unmarshal([]byte(create(http.StatusCreated, core.MostComponents, core.MostPlans)), &offering); err != nil {
		t.Fatal(err)
	}
	one := strings.ReplaceAll(component, "#", "-more")
	if got := string(d.expect(http.StatusBadRequest, "pat", "POST", "/api/marketplace-provider-offerings/"+offering.UUID+"/create_offering_component/", one)); got != `{"non_field_errors":["An offering has no more than 100 components."]}` {
		t.Errorf("one component more: %s", got)
	}
	more := fmt.Sprintf(`{"name":"More","offering":"/api/marketplace-provider-offerings/%s/"}`, offering.UUID)
	if got := string(d.expect(http.StatusBadRequest, "pat", "POST", "/api/marketplace-plans/", more)); got != `{"non_field_errors":["An offering has no more than 100 plans."]}` {
		t.Errorf("one plan more: %s", got)
	}
}
