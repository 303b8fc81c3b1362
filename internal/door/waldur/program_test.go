package waldur

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
)

// programAnswer is what an account of a program or a course is told as.
type programAnswer struct {
	UUID, Username, Email, State, Description, Project string
	Token                                              *string
}

const (
	projectServiceRoot  = "/api/marketplace-project-service-accounts/"
	customerServiceRoot = "/api/marketplace-customer-service-accounts/"
	courseRoot          = "/api/marketplace-course-accounts/"
)

func (d *desk) service(who, name string) programAnswer {
	d.t.Helper()
	var made programAnswer
	d.did(who, http.MethodPost, projectServiceRoot, `{"project": "`+d.vars()["project"]+`", "preferred_identifier": "`+name+`"}`, http.StatusCreated, &made)
	return made
}

// course makes a project of aurora's a course.
func (d *desk) course(slug string) string { d.t.Helper(); return d.courseOf("aurora", slug) }

// courseOf makes a project of a customer's a course that lasts until next summer.
func (d *desk) courseOf(customer, slug string) string {
	d.t.Helper()
	d.applied(core.World{Customers: []core.CustomerSpec{{Slug: customer, Projects: []core.ProjectSpec{{Slug: slug, EndOn: ptr(day.Date(2027, 6, 30)), Attrs: json.RawMessage(`{"kind":"course"}`)}}}}})
	var rows []struct{ UUID string }
	d.get("operator", "/api/projects/?slug="+slug, &rows)
	return rows[0].UUID
}

func TestAServiceAccountsKeyIsToldOnceAndEndsWithIt(t *testing.T) {
	d := newDesk(t)
	made := d.service("mary", "Batch jobs")
	if made.Username != "batch-jobs" || made.State != "OK" || made.Token == nil || len(*made.Token) != 40 {
		t.Fatalf("made is %+v", made)
	}
	one := projectServiceRoot + made.UUID + "/"
	var again, rotated programAnswer
	d.did("alice", http.MethodGet, one, "", http.StatusOK, &again)
	if again.Token != nil || again.Username != made.Username {
		t.Errorf("told again as %+v", again)
	}
	var me struct{ Username string }
	if d.get(*made.Token, "/api/users/me/", &me); me.Username != made.Username {
		t.Errorf("the key is %s's", me.Username)
	}
	d.did("alice", http.MethodPost, one+"rotate_api_key/", "", http.StatusOK, &rotated)
	d.did(*made.Token, http.MethodGet, "/api/users/me/", "", http.StatusUnauthorized, nil)
	d.get(*rotated.Token, "/api/users/me/", &me)
	d.did("alice", http.MethodPatch, one, `{"description": "nightly", "email": "jobs@example.org"}`, http.StatusOK, &again)
	if again.Description != "nightly" || again.Email != "jobs@example.org" || again.Token != nil {
		t.Errorf("changed is %+v", again)
	}
	for range 2 {
		d.did("mary", http.MethodDelete, one, "", http.StatusNoContent, nil)
	}
	d.did(*rotated.Token, http.MethodGet, "/api/users/me/", "", http.StatusUnauthorized, nil)
	d.did("mary", http.MethodPost, one+"rotate_api_key/", "", http.StatusConflict, nil)
	if d.get("mary", one, &again); again.State != "Closed" {
		t.Errorf("it is %s", again.State)
	}
}

func TestWhatIsWrongWithAnAccountIsToldByField(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	course, made := d.course("old"), d.service("alice", "one")
	one := projectServiceRoot + made.UUID + "/"
	for _, tt := range []struct{ method, path, body, field string }{
		{"POST", projectServiceRoot, `{}`, "project"}, {"POST", projectServiceRoot, `{"project": null}`, "project"}, {"POST", projectServiceRoot, `{"project": "` + v["unknown"] + `"}`, "project"},
		{"POST", projectServiceRoot, `{"project": "` + v["bobs-project"] + `"}`, "project"}, {"POST", projectServiceRoot, `{"project": "` + v["project"] + `", "email": "no"}`, "email"},
		{"POST", customerServiceRoot, `{"customer": "x"}`, "customer"}, {"PUT", one, `{}`, "project"}, {"PATCH", one, `{"username": "other"}`, "username"}, {"PATCH", one, `{"project": "` + course + `"}`, "project"},
		{"POST", courseRoot, `{"project": "` + v["project"] + `"}`, "project"}, {"POST", courseRoot + "create_bulk/", `{"project": "` + course + `"}`, "course_accounts"},
		{"POST", courseRoot + "create_bulk/", `{"project": "` + course + `", "course_accounts": []}`, "course_accounts"},
		{"POST", courseRoot + "create_bulk/", `{"project": "` + course + `", "course_accounts": [{}, {"email": "no"}]}`, "course_accounts"},
	} {
		var wrong map[string]any
		if d.did("alice", tt.method, tt.path, tt.body, http.StatusBadRequest, &wrong); len(wrong) != 1 || wrong[tt.field] == nil {
			t.Errorf("%s %s %s: %v, want %s", tt.method, tt.path, tt.body, wrong, tt.field)
		}
	}
	var rows []programAnswer
	if d.get("alice", courseRoot, &rows); len(rows) != 0 {
		t.Errorf("something was made: %v", rows)
	}
}

func TestWhoHasServiceAccounts(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	made := d.service("alice", "one")
	var own programAnswer
	d.did("alice", http.MethodPost, customerServiceRoot, `{"customer": "`+v["aurora"]+`", "description": "all"}`, http.StatusCreated, &own)
	for who, want := range map[string]struct{ project, customer, create int }{
		"operator": {200, 200, 201}, "alice": {200, 200, 201}, "mary": {200, 404, 201}, "carol": {404, 404, 403}, "sue": {200, 200, 403}, "pat": {404, 404, 400}, "bob": {404, 404, 400}, "reader": {200, 200, 403},
	} {
		d.expect(want.project, who, http.MethodGet, projectServiceRoot+made.UUID+"/", "")
		d.expect(want.customer, who, http.MethodGet, customerServiceRoot+own.UUID+"/", "")
		d.expect(want.create, who, http.MethodPost, projectServiceRoot, `{"project": "`+v["project"]+`"}`)
		d.expect(map[int]int{200: 200, 404: 404}[want.project], who, http.MethodHead, projectServiceRoot+made.UUID+"/", "")
	}
	d.expect(http.StatusForbidden, "sue", http.MethodDelete, projectServiceRoot+made.UUID+"/", "")
	d.expect(http.StatusForbidden, "mary", http.MethodPost, customerServiceRoot, `{"customer": "`+v["aurora"]+`"}`)
	for who, want := range map[string]int{"sue": 4, "alice": 4, "mary": 4, "carol": 0, "bob": 0, "pat": 0} {
		var rows []programAnswer
		if d.get(who, projectServiceRoot, &rows); len(rows) != want {
			t.Errorf("%s sees %d accounts, want %d", who, len(rows), want)
		}
	}
	key := d.narrowed("operator")
	var rows []programAnswer
	if d.get(key, projectServiceRoot, &rows); len(rows) != 0 {
		t.Errorf("a narrowed key sees %v", rows)
	}
	d.expect(http.StatusForbidden, key, http.MethodPost, projectServiceRoot, `{"project": "`+d.find("project", id.Project, "nordic")+`"}`)
}

func TestAProjectHasNoMoreServiceAccountsThanItMay(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	d.applied(core.World{Customers: []core.CustomerSpec{{Slug: "aurora", Attrs: json.RawMessage(`{"max_service_accounts":1}`),
		Projects: []core.ProjectSpec{{Slug: "aurora", Attrs: json.RawMessage(`{"max_service_accounts":2}`)}}}}})
	var shown struct {
		Most int `json:"max_service_accounts"`
	}
	if d.get("alice", "/api/projects/"+v["project"]+"/", &shown); shown.Most != 2 {
		t.Errorf("the project tells of %d", shown.Most)
	}
	first := d.service("alice", "one")
	d.service("alice", "two")
	full := func() {
		t.Helper()
		b := d.expect(http.StatusBadRequest, "alice", http.MethodPost, projectServiceRoot, `{"project": "`+v["project"]+`"}`)
		if !strings.Contains(string(b), `{"detail":"Maximum number of service accounts`) {
			t.Errorf("refused with %s", b)
		}
	}
	full()
	d.did("alice", http.MethodDelete, projectServiceRoot+first.UUID+"/", "", http.StatusNoContent, nil)
	d.service("alice", "three")
	full()
	d.expect(http.StatusCreated, "alice", http.MethodPost, customerServiceRoot, `{"customer": "`+v["aurora"]+`"}`)
	d.expect(http.StatusBadRequest, "alice", http.MethodPost, customerServiceRoot, `{"customer": "`+v["aurora"]+`"}`)
	d.applied(core.World{Customers: []core.CustomerSpec{{Slug: "borealis", Attrs: json.RawMessage(`{"max_service_accounts":0}`)}}})
	d.expect(http.StatusBadRequest, "bob", http.MethodPost, customerServiceRoot, `{"customer": "`+d.find("customer", id.Customer, "borealis")+`"}`)
}

func TestACoursesAccountsEndWithIt(t *testing.T) {
	d := newDesk(t)
	project := d.course("later")
	var made []programAnswer
	d.did("alice", http.MethodPost, courseRoot+"create_bulk/", `{"project": "`+project+`", "course_accounts": [{"email": "ann@example.org", "description": "A"}, {"email": "ann@example.com"}, {}]}`, http.StatusOK, &made)
	var names []string
	for _, m := range made {
		names = append(names, m.Username+" "+m.State)
	}
	if want := []string{"ann OK", "ann-2 OK", "later-course OK"}; !slices.Equal(names, want) {
		t.Errorf("made are %q, want %q", names, want)
	}
	one := courseRoot + made[0].UUID + "/"
	d.expect(http.StatusConflict, "alice", http.MethodPost, one+"retry/", "")
	d.expect(http.StatusMethodNotAllowed, "alice", http.MethodPatch, one, `{"description": "x"}`)
	d.did("alice", http.MethodDelete, one, "", http.StatusNoContent, nil)
	states := func() string {
		var rows []programAnswer
		d.get("alice", courseRoot+"?o=username", &rows)
		var out []string
		for _, r := range rows {
			out = append(out, r.State)
		}
		return strings.Join(out, " ")
	}
	if got := states(); got != "Closed OK OK" {
		t.Errorf("they are %s", got)
	}
	d.mu.Lock()
	d.at = day.Date(2027, 7, 1).Time()
	d.mu.Unlock()
	if got := states(); got != "Closed Closed Closed" {
		t.Errorf("after the course they are %s", got)
	}
	d.expect(http.StatusBadRequest, "alice", http.MethodPost, courseRoot, `{"project": "`+project+`"}`)
}

// A site is told of the accounts of projects that have something there.
func TestASiteIsToldOfTheAccountsOfItsProjectsAlone(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	d.service("alice", "here")
	d.did("bob", http.MethodPost, projectServiceRoot, `{"project": "`+v["bobs-project"]+`", "preferred_identifier": "there"}`, http.StatusCreated, nil)
	d.did("alice", http.MethodPost, courseRoot, `{"project": "`+d.course("aurora")+`", "email": "ann@example.org"}`, http.StatusCreated, nil)
	told := func(who, list string) string {
		var rows []programAnswer
		res := d.get(who, "/api/marketplace-provider-offerings/"+v["hpc"]+"/"+list+"/?page_size=1", &rows)
		var out []string
		for _, r := range rows {
			out = append(out, r.Username+" "+r.State)
			if r.Token != nil {
				t.Errorf("a key is told: %+v", r)
			}
		}
		return res.Header.Get("X-Result-Count") + " " + strings.Join(out, ", ")
	}
	if got := told("pat", "list_project_service_accounts") + "; " + told("pat", "list_course_accounts"); got != "0 ; 0 " {
		t.Errorf("before there is a resource: %s", got)
	}
	resource := d.allocate("one")
	for _, who := range []string{"pat", "olga", "operator"} {
		if got := told(who, "list_project_service_accounts") + "; " + told(who, "list_course_accounts"); got != "1 here OK; 1 ann OK" {
			t.Errorf("%s is told: %s", who, got)
		}
	}
	const known, withheld = `[{"username":"ann","email":"ann@example.org"}]`, `[{"username":"ann"}]`
	for _, tt := range []struct{ exposed, who, want string }{{`["email"]`, "pat", known}, {`["full_name"]`, "pat", withheld}, {`[]`, "olga", withheld}, {`[]`, "operator", known}} {
		d.exposing(tt.exposed)
		if b := d.expect(http.StatusOK, tt.who, http.MethodGet, "/api/marketplace-provider-offerings/"+v["hpc"]+"/list_course_accounts/?field=username&field=email", ""); string(b) != tt.want {
			t.Errorf("with %s exposed %s is told %s, want %s", tt.exposed, tt.who, b, tt.want)
		}
	}
	d.expect(http.StatusNotFound, "alice", http.MethodGet, "/api/marketplace-provider-offerings/"+v["hpc"]+"/list_course_accounts/", "")
	d.did("operator", http.MethodPost, "/api/marketplace-resources/"+resource+"/unlink/", "", http.StatusNoContent, nil)
	if got := told("pat", "list_project_service_accounts"); got != "0 " {
		t.Errorf("after its end: %s", got)
	}
}

// Every filter and ordering that the client has narrows, and orders, by what rows tell.
func TestAccountsAreFoundByWhatTheyTell(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	course, later := d.course("aurora"), d.course("later")
	one := d.service("alice", "one")
	d.service("alice", "two")
	d.did("alice", http.MethodPatch, projectServiceRoot+one.UUID+"/", `{"email": "first@example.org"}`, http.StatusOK, nil)
	d.did("alice", http.MethodDelete, projectServiceRoot+one.UUID+"/", "", http.StatusNoContent, nil)
	d.did("bob", http.MethodPost, projectServiceRoot, `{"project": "`+v["bobs-project"]+`", "username": "three"}`, http.StatusCreated, nil)
	d.did("alice", http.MethodPost, customerServiceRoot, `{"customer": "`+v["aurora"]+`", "username": "all"}`, http.StatusCreated, nil)
	d.did("bob", http.MethodPost, customerServiceRoot, `{"customer": "`+v["borealis"]+`", "username": "bobs"}`, http.StatusCreated, nil)
	for email, project := range map[string]string{"zoe@example.org": course, "ann@example.org": later} {
		d.did("alice", http.MethodPost, courseRoot, `{"project": "`+project+`", "email": "`+email+`"}`, http.StatusCreated, nil)
	}
	for _, tt := range []struct {
		root    string
		queries map[string]string
	}{
		{projectServiceRoot, map[string]string{"": "one three two", "email=FIRST": "one", "username=t": "three two", "state=Closed": "one", "state=OK": "three two", "state=OK&state=Closed": "one three two", "project_uuid=" + v["bobs-project"]: "three",
			"project=" + url.QueryEscape("/api/projects/"+v["project"]+"/"): "one two", "project_uuid=" + v["unknown"]: ""}},
		{customerServiceRoot, map[string]string{"": "all bobs", "customer_uuid=" + v["borealis"]: "bobs", "customer=" + url.QueryEscape("https://desk.example/api/customers/"+v["aurora"]+"/"): "all", "state=Erred": "", "username=ALL": "all"}},
		{courseRoot, map[string]string{"": "ann zoe", "project_uuid=" + later: "ann", "project_start_date_after=2026-12-31": "ann", "project_start_date_before=2026-12-31": "", "project_end_date_after=2027-06-30": "ann zoe", "project_end_date_before=2027-06-29": "",
			"email=zoe@": "zoe", "state=Pending": "", "username=an": "ann"}},
	} {
		for query, want := range tt.queries {
			var rows []programAnswer
			res := d.get("operator", tt.root+"?"+query, &rows)
			var got []string
			for _, r := range rows {
				got = append(got, r.Username)
			}
			slices.Sort(got)
			if s := strings.Join(got, " "); s != want || res.Header.Get("X-Result-Count") != fmt.Sprint(len(rows)) {
				t.Errorf("%s?%s: %q, want %q (%s)", tt.root, query, s, want, res.Header.Get("X-Result-Count"))
			}
		}
		d.expect(http.StatusBadRequest, "operator", http.MethodGet, tt.root+"?state=Nonsense", "")
	}
	orders := map[string]string{"username": "ann zoe", "-username": "zoe ann", "email": "ann zoe", "project_name": "zoe ann", "-project_start_date": "ann zoe", "project_start_date": "zoe ann"}
	for _, o := range slices.Sorted(maps.Keys(orders)) {
		var rows []programAnswer
		d.get("operator", courseRoot+"?o="+o, &rows)
		if got := rows[0].Username + " " + rows[1].Username; got != orders[o] {
			t.Errorf("o=%s: %s, want %s", o, got, orders[o])
		}
	}
	for _, o := range []string{"created", "modified", "state", "project_end_date"} {
		d.expect(http.StatusOK, "operator", http.MethodGet, courseRoot+"?o=-"+o, "")
	}
	d.expect(http.StatusBadRequest, "operator", http.MethodGet, courseRoot+"?o=nonsense", "")
}
