package waldur

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/id"
)

// Whatever is asked of whatever path by whomever: an answer that the contract knows, valid
// JSON, never a 5xx, and never a row of a customer that the asker has nothing to do with.

const (
	auroras   = "only-auroras-may-know"
	borealis_ = "only-borealis-may-know"
)

// outsiders are who asks, with what must not come back to them.
var outsiders = []struct {
	who    string
	unseen []string
}{
	{"bob", []string{auroras}}, {"alice", []string{borealis_}}, {"carol", []string{borealis_}}, {"cy", []string{auroras}},
	{"nobody", []string{auroras, borealis_}}, {"", []string{auroras, borealis_}}, {"reader", []string{borealis_}}, {"pat", nil}, {"olga", nil}, {"sue", nil},
}

// beyond are operations that the vendor's client has beside those of the contract.
var beyond = []documented{
	{Name: "marketplace_orders_partial_update", Method: http.MethodPatch, Path: "/api/marketplace-orders/{uuid}/", Body: []string{"limits:object", "attributes:object", "start_date:date", "plan:string"}},
	{Name: "marketplace_orders_update_attachment", Method: http.MethodPost, Path: "/api/marketplace-orders/{uuid}/update_attachment/", Body: []string{"attachment:string"}},
	{Name: "marketplace_orders_delete_attachment", Method: http.MethodPost, Path: "/api/marketplace-orders/{uuid}/delete_attachment/"},
	{Name: "marketplace_provider_offerings_make_unavailable", Method: http.MethodPost, Path: "/api/marketplace-provider-offerings/{uuid}/make_unavailable/"},
	{Name: "marketplace_provider_offerings_make_available", Method: http.MethodPost, Path: "/api/marketplace-provider-offerings/{uuid}/make_available/"},
}

// marked is a stage on which two customers have the same things, each with a word that is
// nobody else's business.
func marked(t testing.TB) *stage {
	s := newStage(t)
	s.contract.Operations = append(s.contract.Operations, beyond...)
	for _, of := range []struct{ who, project, word string }{{"alice", "project", auroras}, {"bob", "bobs-project", borealis_}} {
		name := of.word
		s.place(name, of.who, "hpc", of.project, `"plan": "standard", "limits": {"storage": 1}, "request_comment": "`+name+`", "attributes": {"note": "`+name+`"}`, "approve_by_provider", "set_state_done")
		s.provide(name, "set_backend_id", `{"backend_id": "`+name+`"}`)
		s.provide(name, "set_backend_metadata", `{"backend_metadata": {"note": "`+name+`"}}`)
		s.provide(name, "set_endpoints", `{"endpoints": [{"name": "`+name+`", "url": "ssh://x"}]}`)
		s.provide(name, "submit_report", `{"report": [{"header": "`+name+`", "body": "b"}]}`)
		s.provide(name, "set_as_erred", `{"error_message": "`+name+`"}`)
		s.provide(name, "set_as_ok", "")
		s.report("pat", `{"resource": "`+name+`", "usages": [{"type": "cpu", "amount": 1, "description": "`+name+`"}]}`)
		var rows []struct{ UUID string }
		s.get("operator", "/api/marketplace-component-usages/?resource_uuid="+s.named["resource "+name], &rows)
		s.want(http.StatusCreated, "operator", http.MethodPost, "/api/marketplace-component-usages/"+rows[0].UUID+"/set_user_usage/", `{"username": "`+name+`", "usage": 1}`, nil)
		s.named["usage "+name] = rows[0].UUID
		s.place(name+" 2", of.who, "lab", of.project, `"limits": {"storage": 1}, "request_comment": "`+name+`"`)
		var made struct{ UUID string }
		s.want(http.StatusCreated, of.who, http.MethodPost, projectServiceRoot, `{"project": "`+s.named[of.project]+`", "description": "`+name+`"}`, &made)
		s.named["service account"], s.named[projectServiceRoot+name] = made.UUID, made.UUID
		customer := map[string]string{"alice": "aurora", "bob": "borealis"}[of.who]
		s.want(http.StatusCreated, of.who, http.MethodPost, customerServiceRoot, `{"customer": "`+s.find("customer", id.Customer, customer)+`", "description": "`+name+`"}`, &made)
		s.named[customerServiceRoot+name] = made.UUID
		s.want(http.StatusCreated, of.who, http.MethodPost, courseRoot, `{"project": "`+s.courseOf(customer, customer+"-course")+`", "description": "`+name+`"}`, &made)
		s.named[courseRoot+name] = made.UUID
		if res, b := (&trial{stage: s}).form(of.who, "/api/marketplace-orders/"+s.named["order "+name+" 2"]+"/update_attachment/", "attachment", name+".pdf", "%PDF-1.4 "+name); res.StatusCode != http.StatusOK {
			t.Fatalf("the purchase order of %s: %d %s", of.who, res.StatusCode, b)
		}
		s.want(http.StatusCreated, "pat", http.MethodPost, "/api/backend-resources/", `{"name": "`+name+`", "offering": "`+s.named["hpc"]+`", "project": "`+s.named[of.project]+`"}`, nil)
		var key struct{ UUID string }
		s.want(http.StatusCreated, "pat", http.MethodPost, "/api/marketplace-resource-api-keys/report_created/", `{"resource": "`+s.named["resource "+name]+`", "client_id": "c", "api_key": "`+name+`"}`, &key)
		s.named["key "+name] = key.UUID
	}
	return s
}

var medias = []string{"application/json", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json; charset=utf-16"}

// anything asks one thing and judges the answer.
func (s *stage) anything(t *testing.T, method, path, who, media, body string, unseen []string) {
	r := httptest.NewRequest(method, "http://desk.example/", strings.NewReader(body))
	u, err := url.ParseRequestURI(path)
	if err != nil {
		t.Skipf("no client can send %q: %v", path, err)
	}
	r.URL = u
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if who != "" {
		r.Header.Set("Authorization", "Token "+tokenOf(who))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	answer := w.Body.String()
	where := method + " " + path + " by " + who + ": " + body
	if w.Code >= 500 {
		t.Fatalf("%s: %d %s", where, w.Code, answer)
	}
	if !slices.Contains([]int{200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415, 429}, w.Code) {
		t.Fatalf("%s: the contract knows no %d", where, w.Code)
	}
	if answer != "" && w.Header().Get("Content-Type") != "application/pdf" && !json.Valid([]byte(answer)) {
		t.Fatalf("%s: %q is no JSON", where, answer)
	}
	if w.Code == 401 && w.Header().Get("WWW-Authenticate") != "Token" {
		t.Fatalf("%s: 401 without WWW-Authenticate", where)
	}
	for _, word := range unseen {
		if strings.Contains(answer, word) && !strings.Contains(path+body, word) {
			t.Fatalf("%s shows what is none of their business: %s", where, answer)
		}
	}
}

// sample is a body with a value of the documented type for each key.
func (s *stage) sample(o documented) string {
	links := map[string]string{"offering": "/api/marketplace-provider-offerings/" + s.named["hpc"] + "/", "project": "/api/projects/" + s.named["project"] + "/", "plan": s.planLink("hpc", "standard"),
		"customer": "/api/customers/" + s.named["aurora"] + "/", "user": "/api/users/" + s.named["mary"] + "/", "category": "/api/marketplace-categories/" + s.named["unknown"] + "/"}
	values := map[string]any{"string": "word", "uuid": s.named["resource alpha"], "int": 3, "number": 1.5, "bool": true, "datetime": "2026-11-12T10:00:00Z", "date": "2026-12-24", "object": map[string]any{"storage": 2}}
	body := map[string]any{}
	for name, typ := range fields(o.Body) {
		base, _, _ := strings.Cut(strings.TrimRight(strings.TrimSuffix(typ, "[]"), "?!"), ":")
		base, _, _ = strings.Cut(base, "(")
		body[name] = values[base]
		if link, ok := links[name]; ok {
			body[name] = link
		}
		if strings.Contains(typ, "[]") {
			body[name] = []any{values[base]}
		}
		if c := choicesOf(typ); c != nil {
			body[name] = c[0]
		}
	}
	raw, _ := json.Marshal(body)
	return string(raw)
}

// queries are what the fuzzer starts from, beside what is documented.
var queries = []string{"", "page=2&page_size=3", "page=last&page_size=1", "o=-created,state&field=uuid", "state=OK&state=Erred", "billing_period_year=1e999&billing_period=9999-12-31", "created=0001-01-01",
	"query=%00&name=%25_", "component_count=NaN&limit_component_count=-1e9", "created_before=2026-11-10T09:30:00.123456789%2B99:99", "type=%ff", "field=%C3%28&o=,,,-",
	`attributes={"a":{"b":[1e999]}}`, "uuid_list=,,&tag=&is_active=maybe", "resource=//[::1&offering=%zz", "username_list=,&organization_roles=,,"}

// beside are the operations that the vendor's client has and the contract has not; what is
// sent to them has the keys that any of them reads.
func (s *stage) beside() []documented {
	var out []documented
	for _, op := range (&door{}).operations() {
		documentedToo := slices.ContainsFunc(s.contract.Operations, func(o documented) bool {
			return o.Method == op.method && segment.ReplaceAllString(o.Path, "*") == segment.ReplaceAllString(op.path, "*")
		})
		if !documentedToo {
			out = append(out, documented{Name: op.name, Method: op.method, Path: op.path, Body: []string{"project:uuid", "customer:uuid", "email:string", "username:string", "description:string",
				"course_accounts:object[]", "paused:bool", "downscaled:bool", "restrict_member_access:bool", "slug:string", "end_date:date", "options:object", "effective_id:string", "resource:string", "component:uuid", "user:string", "limit:decimal"}})
		}
	}
	return out
}

func FuzzEveryOperation(f *testing.F) {
	s := marked(f)
	operations := append(slices.Clone(s.contract.Operations), s.beside()...)
	n := uint16(len(operations))
	for i, o := range operations {
		for who := range outsiders {
			if (i+who)%3 == 0 {
				f.Add(uint16(i), uint8(who), uint8(0), s.named[subjectOf(o.Name)], queries[(i+who)%len(queries)], s.sample(o))
			}
		}
		f.Add(uint16(i), uint8(i), uint8(i), dashed(s.named["resource "+auroras]), queries[i%len(queries)], `{"`)
	}
	for i, word := range []string{auroras, borealis_} {
		for j, o := range operations {
			if strings.Contains(o.Path, "-orders/{") || strings.Contains(o.Path, "-resources/{") || strings.Contains(o.Path, "-usages/{") {
				uuid := s.named[map[bool]string{true: "order ", false: "resource "}[strings.Contains(o.Path, "-orders/")]+word]
				if strings.Contains(o.Path, "-usages/") {
					uuid = s.named["usage "+word]
				}
				for _, who := range []uint8{0, 1, 4, 5} {
					f.Add(uint16(j), who, uint8(i), uuid, "", s.sample(o))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, op uint16, who, media uint8, uuid, query, body string) {
		s.t = t
		o, by := operations[op%n], outsiders[int(who)%len(outsiders)]
		path := segment.ReplaceAllString(o.Path, strings.ReplaceAll(url.PathEscape(uuid), "$", "%24"))
		method := o.Method
		if method == http.MethodGet && media%7 == 6 {
			method = http.MethodHead
		}
		s.anything(t, method, path+"?"+query, by.who, medias[int(media)%len(medias)], body, by.unseen)
	})
}

func FuzzPath(f *testing.F) {
	s := marked(f)
	for _, p := range []string{"/api/", "/api", "/api/users", "/api//users/", "/api/../users/", "/api/marketplace-orders/%2e%2e/", "/api/marketplace-orders/%00/", "/api/users/me/x/", "/api-auth/password", "/api/marketplace-orders/" + s.named["order alpha"],
		"/api/marketplace-resources/" + s.named["resource "+auroras] + "/team/", "/api/projects/" + s.named["project"] + "/?field=", "/api/é/", "/api/%ff/?%ff=%zz"} {
		f.Add(p, uint8(0), "GET")
		f.Add(p, uint8(4), "POST")
	}
	for who := range outsiders {
		for _, word := range []string{auroras, borealis_} {
			one := "/api/marketplace-resource-api-keys/" + s.named["key "+word] + "/"
			f.Add(one, uint8(who), "GET")
			f.Add(one+"reveal/", uint8(who), "GET")
			f.Add(one+"rotate/", uint8(who), "POST")
			f.Add("/api/marketplace-orders/"+s.named["order "+word+" 2"]+"/attachment/", uint8(who), "GET")
			for _, root := range []string{projectServiceRoot, customerServiceRoot, courseRoot} {
				f.Add(root+s.named[root+word]+"/", uint8(who), "GET")
			}
		}
	}
	f.Fuzz(func(t *testing.T, path string, who uint8, method string) {
		s.t = t
		if !strings.HasPrefix(path, "/api") || !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, method) {
			t.Skip("another door's, or no method of HTTP's")
		}
		by := outsiders[int(who)%len(outsiders)]
		s.anything(t, method, path, by.who, "application/json", "{}", by.unseen)
	})
}

func TestTheMarksAreThereToBeSeen(t *testing.T) {
	s := marked(t)
	for _, path := range []string{"/api/marketplace-orders/", "/api/marketplace-resources/", "/api/marketplace-component-usages/", "/api/marketplace-component-user-usages/", "/api/backend-resources/", projectServiceRoot, customerServiceRoot, courseRoot} {
		for who, word := range map[string]string{"alice": auroras, "bob": borealis_, "pat": auroras} {
			if path == "/api/backend-resources/" && who != "pat" || slices.Contains([]string{projectServiceRoot, customerServiceRoot, courseRoot}, path) && who == "pat" {
				continue
			}
			if _, b := s.ask(who, http.MethodGet, path+"?page_size=300", ""); !strings.Contains(string(b), word) {
				t.Errorf("%s does not see %q in %s", who, word, path)
			}
		}
	}
}
