package waldur

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

// notRouted are the documented operations that nobody answers yet. It is empty: the door is
// whole.
var notRouted = map[string]bool{}

// slips are lists whose parameters are those of offerings, by a slip of the vendor's schema:
// they say nothing of a row.
var slips = []string{"marketplace_provider_offerings_list_course_accounts_list", "marketplace_provider_offerings_list_project_service_accounts_list"}

// withRows are lists whose parameters speak of their rows.
func withRows(o documented) bool { return o.Paged && !slices.Contains(slips, o.Name) }

// subjects are the records that stand in for {uuid}, by the beginning of an operation's name;
// the longest that fits counts.
var subjects = map[string]string{
	"users_": "carol", "customers_": "aurora", "projects_": "project", "marketplace_service_providers_": "provider", "marketplace_provider_offerings_": "hpc",
	"marketplace_public_offerings_": "hpc", "marketplace_plans_": "standard", "marketplace_orders_": "order alpha", "marketplace_resources_": "resource alpha",
	"marketplace_provider_resources_": "resource alpha", "marketplace_component_usages_": "usage alpha cpu",
	"keys_": "key mary", "marketplace_offering_users_": "account mary", "marketplace_site_agent_identities_": "identity hpc", "marketplace_site_agent_services_": "service",
	"event_subscriptions_": "subscription", "backend_resource_requests_": "request", "marketplace_resource_api_keys_": "api key one",
	"marketplace_slurm_periodic_usage_policies_": "unknown", "marketplace_project_service_accounts_": "service account",
}

func subjectOf(op string) string {
	best, subject := -1, ""
	for begin, s := range subjects {
		if strings.HasPrefix(op, begin) && len(begin) > best {
			best, subject = len(begin), s
		}
	}
	return subject
}

var segment = regexp.MustCompile(`\{[a-z_]+\}`)

// pathOf fills in a path's {uuid}; spell, if not nil, spells it.
func (s *stage) pathOf(o documented, spell func(uuid string) string) string {
	s.t.Helper()
	if !segment.MatchString(o.Path) {
		return o.Path
	}
	uuid := s.named[subjectOf(o.Name)]
	if uuid == "" {
		s.t.Fatalf("nothing stands in for the uuid of %s", o.Name)
	}
	if spell != nil {
		uuid = spell(uuid)
	}
	return segment.ReplaceAllString(o.Path, uuid)
}

// routed are the operations that there are to try.
func (s *stage) routed(pick func(o documented) bool) []documented {
	return slices.DeleteFunc(slices.Clone(s.contract.Operations), func(o documented) bool { return notRouted[o.Name] || !pick(o) })
}

func paged(o documented) bool { return o.Paged }

type row = map[string]any

// rows reads a whole list as staff.
func (s *stage) rows(path, query string) []row {
	s.t.Helper()
	var out []row
	res := s.get("operator", path+"?page_size=300&"+query, &out)
	if n := res.Header.Get("X-Result-Count"); n != "" && n != strconv.Itoa(len(out)) {
		s.t.Errorf("%s?%s: X-Result-Count %s of %d rows", path, query, n, len(out))
	}
	return out
}

// told is a row as it is told from others: by its JSON.
func told(r row) string {
	b, _ := json.Marshal(r)
	return string(b)
}

func toldAll(rows []row) []string {
	out := make([]string, len(rows))
	for n, r := range rows {
		out[n] = told(r)
	}
	return out
}

func TestEveryOperationIsRouted(t *testing.T) {
	d := &door{}
	have := map[string]bool{}
	for _, op := range d.operations() {
		have[op.method+" "+segment.ReplaceAllString(op.path, "*")] = true
	}
	c := loadContract(t)
	for _, o := range c.Operations {
		is := have[o.Method+" "+segment.ReplaceAllString(o.Path, "*")]
		switch {
		case !is && !notRouted[o.Name]:
			t.Errorf("nobody answers %s: %s %s", o.Name, o.Method, o.Path)
		}
	}
	if len(c.Operations) != 135 {
		t.Errorf("the table has %d operations, want 135", len(c.Operations))
	}
}

func TestNobodyIsAnsweredWithoutAToken(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(func(o documented) bool { return o.Name != "api_auth_password" }) {
		res, b := s.ask("", o.Method, s.pathOf(o, nil), "{}")
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") != "Token" || string(b) != "{\"detail\":\"Authentication credentials were not provided.\"}" {
			t.Errorf("%s: %d %s %q", o.Name, res.StatusCode, b, res.Header.Get("WWW-Authenticate"))
		}
	}
}

func TestListsPageInTheDocumentedWay(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(paged) {
		t.Run(o.Name, func(t *testing.T) {
			s := s.toldTo(t)
			path := s.pathOf(o, nil)
			all := s.rows(path, "")
			total := strconv.Itoa(len(all))
			var seen []string
			pages := 0
			for next := path + "?page_size=2"; next != ""; pages++ {
				var page []row
				res := s.get("operator", next, &page)
				seen = append(seen, toldAll(page)...)
				link := res.Header.Get("Link")
				if res.Header.Get("X-Result-Count") != total || !strings.Contains(link, `rel="first"`) || !strings.Contains(link, `rel="last"`) || strings.Contains(link, `rel="prev"`) != (pages > 0) {
					t.Errorf("%s: X-Result-Count %q, Link %q, of %s rows", next, res.Header.Get("X-Result-Count"), link, total)
				}
				next = nextOf(t, link)
			}
			if !slices.Equal(seen, toldAll(all)) {
				t.Errorf("its pages have %d rows, other than its %d in one", len(seen), len(all))
			}
			if pages != max(1, (len(all)+1)/2) {
				t.Errorf("%d pages of 2 for %d rows", pages, len(all))
			}
			res, b := s.ask("operator", http.MethodHead, path, "")
			if res.StatusCode != http.StatusOK || res.Header.Get("X-Result-Count") != total || len(b) > 0 {
				t.Errorf("HEAD: %d, X-Result-Count %q, %d bytes, want 200, %s, none", res.StatusCode, res.Header.Get("X-Result-Count"), len(b), total)
			}
			for query, want := range map[string]int{"page_size=0": 10, "page_size=abc": 10, "page_size=-1": 10, "page_size=100000": 300, "page_size=3": 3} {
				var page []row
				if s.get("operator", path+"?"+query, &page); len(page) != min(want, len(all)) {
					t.Errorf("%s: %d of %d rows", query, len(page), len(all))
				}
			}
			var page []row
			if s.get("operator", path+"?page=last&page_size=2", &page); len(all) > 0 && told(page[len(page)-1]) != told(all[len(all)-1]) {
				t.Errorf("page=last does not end with the last row")
			}
			for _, query := range []string{"page=0", "page=abc", "page=999", "page=-1"} {
				if res, b := s.ask("operator", http.MethodGet, path+"?"+query, ""); res.StatusCode != http.StatusNotFound || string(b) != "{\"detail\":\"Invalid page.\"}" {
					t.Errorf("%s: %d %s", query, res.StatusCode, b)
				}
			}
		})
	}
}

// toldTo is the stage with another test to tell.
func (s *stage) toldTo(t *testing.T) *stage {
	d := &desk{t: t, core: s.core, handler: s.handler, made: s.made, at: s.now()}
	return &stage{desk: d, contract: s.contract, named: s.named}
}

func TestFieldCutsEveryAnswerThatOffersIt(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(func(o documented) bool { return slices.Contains(o.Query, "field:field[]") }) {
		path := s.pathOf(o, nil)
		first := func(query string) row {
			if o.List {
				rows := s.rows(path, query)
				if len(rows) == 0 {
					return nil
				}
				return rows[0]
			}
			var r row
			s.get("operator", path+"?"+query, &r)
			return r
		}
		whole := first("")
		if whole == nil {
			t.Errorf("%s: there is no row to cut", o.Name)
			continue
		}
		for name := range s.contract.Models[o.Model] {
			got := first("field=" + name)
			if len(got) > 1 || (len(got) == 1 && got[name] == nil && whole[name] != nil) {
				t.Errorf("%s: field=%s gives %v", o.Name, name, slices.Sorted(maps.Keys(got)))
			}
			if _, there := whole[name]; there && len(got) != 1 {
				t.Errorf("%s: field=%s leaves it out", o.Name, name)
			}
		}
		names := slices.Sorted(maps.Keys(whole))
		if two := first("field=" + names[0] + "&field=" + names[1] + "&field=no_such_field"); len(two) != 2 {
			t.Errorf("%s: two fields give %v", o.Name, slices.Sorted(maps.Keys(two)))
		}
		for _, query := range []string{"field=no_such_field", "field=" + names[0] + "," + names[1]} {
			if got := first(query); len(got) != len(whole) {
				t.Errorf("%s: %s cuts to %v", o.Name, query, slices.Sorted(maps.Keys(got)))
			}
		}
	}
}

// sortedKeys say which key of a row an `o` orders by, where it has another name; after
// "person:" one of the person whom the row is about.
var sortedKeys = map[string]string{
	"marketplace_component_user_usages_list component_usage__billing_period": "billing_period",
	"customers_list_users_list email":                                        "user_email", "customers_list_users_list full_name": "user_full_name", "customers_list_users_list native_name": "person:native_name",
	"customers_list_users_list role": "role_name", "customers_list_users_list username": "user_username",
	"projects_list_users_list email": "user_email", "projects_list_users_list full_name": "user_full_name", "projects_list_users_list native_name": "person:native_name",
	"projects_list_users_list role": "role_name", "projects_list_users_list username": "user_username",
	"marketplace_service_providers_users_list description": "person:description", "marketplace_service_providers_users_list is_staff": "person:is_staff",
	"marketplace_service_providers_users_list is_support": "person:is_support", "marketplace_service_providers_users_list native_name": "person:native_name",
	"marketplace_service_providers_project_permissions_list email": "user_email", "marketplace_service_providers_project_permissions_list full_name": "user_full_name",
	"marketplace_service_providers_project_permissions_list native_name": "user_native_name", "marketplace_service_providers_project_permissions_list username": "user_username",
}

// unordered are keys of `o` that are taken and order nothing, and why.
var unordered = map[string]string{
	"registration_method": "all people come one way",
	"estimated_cost":      "nothing is estimated of a project",
	"total_cost":          "an offering's costs are not summed", "total_cost_estimated": "nor estimated", "total_customers": "nor its customers counted",
}

// sequences are orders that are not those of the words: as states follow one another.
var sequences = map[string][]string{
	"marketplace_orders_list state":             {"pending-consumer", "pending-project", "pending-provider", "pending-start-date", "executing", "done", "erred", "canceled", "rejected"},
	"marketplace_resources_list state":          {"Creating", "OK", "Erred", "Updating", "Terminating", "Terminated"},
	"marketplace_provider_offerings_list state": {"Draft", "Active", "Paused", "Archived", "Unavailable"},
}

// ranked orders rows by a key.
func (s *stage) ranked(op, key, of string) func(a, b row) int {
	op = strings.Replace(op, "provider_resources", "resources", 1)
	op = strings.Replace(op, "public_offerings", "provider_offerings", 1)
	if seq, ok := sequences[op+" "+key]; ok {
		return func(a, b row) int { return slices.Index(seq, word(at(a, of))) - slices.Index(seq, word(at(b, of))) }
	}
	return func(a, b row) int { return compareWords(at(a, of), at(b, of)) }
}

// withPerson adds what is told of the person whom each row is about, as person:KEY.
func (s *stage) withPerson(rows []row) []row {
	people := map[string]row{}
	for _, p := range s.rows("/api/users/", "") {
		people[word(p["uuid"])] = p
	}
	for _, r := range rows {
		for k, v := range people[orElse(word(r["user_uuid"]), word(r["uuid"]))] {
			r["person:"+k] = v
		}
	}
	return rows
}

func TestEveryDocumentedKeyOrders(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(func(o documented) bool { return len(o.sortKeys()) > 0 && withRows(o) }) {
		path := s.pathOf(o, nil)
		for _, key := range o.sortKeys() {
			up, down := s.rows(path, "o="+key), s.rows(path, "o=-"+key)
			if unordered[key] != "" {
				continue
			}
			of := orElse(sortedKeys[o.Name+" "+key], orElse(sortedKeys[key], key))
			if strings.HasPrefix(of, "person:") {
				up, down = s.withPerson(up), s.withPerson(down)
			}
			if !nested(up, of) {
				t.Errorf("%s: o=%s orders by %s, which no row has", o.Name, key, of)
				continue
			}
			rank := s.ranked(o.Name, key, of)
			if !slices.IsSortedFunc(up, rank) {
				t.Errorf("%s: o=%s gives %v", o.Name, key, column(up, of))
			}
			if !slices.IsSortedFunc(down, func(a, b row) int { return rank(b, a) }) {
				t.Errorf("%s: o=-%s gives %v", o.Name, key, column(down, of))
			}
			if different(column(up, of)) < 2 && len(up) > 1 {
				t.Errorf("%s: o=%s is not tried: all rows have the same %s", o.Name, key, of)
			}
			for _, dir := range []string{"", "-"} {
				var pages []row
				for n := 1; n <= max(1, (len(up)+2)/3); n++ {
					var page []row
					s.get("operator", fmt.Sprintf("%s?o=%s%s&page_size=3&page=%d", path, dir, key, n), &page)
					pages = append(pages, page...)
				}
				want := up
				if dir == "-" {
					want = down
				}
				if strings.HasPrefix(of, "person:") {
					pages = s.withPerson(pages)
				}
				if !slices.Equal(toldAll(pages), toldAll(want)) {
					t.Errorf("%s: o=%s%s is not the same over pages", o.Name, dir, key)
				}
			}
			if twice, comma := s.rows(path, "o="+key+"&o=-"+key), s.rows(path, "o="+key+",-"+key); !slices.Equal(toldAll(twice), toldAll(comma)) {
				t.Errorf("%s: o=%s repeated and joined by a comma differ", o.Name, key)
			}
		}
		if res, b := s.ask("operator", http.MethodGet, path+"?o=nonsense", ""); res.StatusCode != http.StatusBadRequest || !strings.Contains(string(b), `"o":["Select a valid choice. nonsense is not one of the available choices."]`) {
			t.Errorf("%s: o=nonsense: %d %s", o.Name, res.StatusCode, b)
		}
	}
}

func nested(rows []row, key string) bool {
	return len(rows) == 0 || slices.ContainsFunc(rows, func(r row) bool { _, ok := r[key]; return ok })
}

// at reads a key of a row; a dot leads inside.
func at(r row, key string) any {
	head, rest, deeper := strings.Cut(key, ".")
	v := r[head]
	if inner, ok := v.(row); ok && deeper {
		return at(inner, rest)
	}
	return v
}

func column(rows []row, key string) []string {
	out := make([]string, len(rows))
	for n, r := range rows {
		out[n] = word(at(r, key))
	}
	return out
}

func different(list []string) int {
	seen := map[string]bool{}
	for _, s := range list {
		seen[s] = true
	}
	return len(seen)
}

// word spells a value of a row as a query would.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// compareWords orders values: numbers by size, texts by bytes.
func compareWords(a, b any) int {
	x, y := word(a), word(b)
	if m, err := strconv.ParseFloat(x, 64); err == nil {
		if n, err := strconv.ParseFloat(y, 64); err == nil {
			switch {
			case m < n:
				return -1
			case m > n:
				return 1
			}
			return 0
		}
	}
	return strings.Compare(x, y)
}

func TestBothFormsOfAUUIDNameTheSame(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(func(o documented) bool { return segment.MatchString(o.Path) && o.Method == http.MethodGet }) {
		_, want := s.ask("operator", o.Method, s.pathOf(o, nil), "")
		for _, spell := range []func(string) string{dashed, strings.ToUpper, func(u string) string { return strings.ToUpper(dashed(u)) }} {
			path := s.pathOf(o, spell)
			res, got := s.ask("operator", o.Method, path, "")
			if res.StatusCode != http.StatusOK || string(got) != string(want) {
				t.Errorf("%s: %s: %d %s", o.Name, path, res.StatusCode, got)
			}
		}
	}
	for _, o := range s.routed(func(o documented) bool { return segment.MatchString(o.Path) }) {
		for _, uuid := range []string{s.named["unknown"], dashed(s.named["unknown"]), "nonsense", "0", strings.Repeat("f", 32), strings.Repeat("0", 33)} {
			path := segment.ReplaceAllString(o.Path, uuid)
			res, b := s.ask("operator", o.Method, path, `{}`)
			var body struct{ Detail string }
			if err := json.Unmarshal(b, &body); err != nil || res.StatusCode != http.StatusNotFound || !strings.HasSuffix(body.Detail, " matches the given query.") {
				t.Errorf("%s %s: %d %s, want 404 No … matches the given query.", o.Method, path, res.StatusCode, b)
			}
		}
	}
}

// Malformed values of queries, by type, with the sentence each is refused with.
var malformed = map[string]struct{ value, sentence string }{
	"uuid":     {"nonsense", "Enter a valid UUID."},
	"datetime": {"nonsense", "Enter a valid date/time."},
	"date":     {"nonsense", "Enter a valid date."},
	"number":   {"nonsense", "Enter a number."},
	"enum":     {"nonsense", "Select a valid choice. nonsense is not one of the available choices."},
}

func typeOf(typ string) string {
	kind, _, _ := strings.Cut(strings.TrimSuffix(typ, "[]"), "(")
	return kind
}

func TestMalformedFiltersAreRefusedInTheContractsWords(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(withRows) {
		path := s.pathOf(o, nil)
		for name, typ := range fields(o.Query) {
			bad, ok := malformed[typeOf(typ)]
			if !ok || name == "o" {
				continue
			}
			res, b := s.ask("operator", http.MethodGet, path+"?"+name+"="+bad.value, "")
			want := map[string][]string{name: {bad.sentence}}
			var got map[string][]string
			if err := json.Unmarshal(b, &got); err != nil || res.StatusCode != http.StatusBadRequest || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s=%s: %d %.200s, want 400 %v", o.Name, name, bad.value, res.StatusCode, b, want)
			}
		}
		if n := len(s.rows(path, "no_such_parameter=1&also=")); n != len(s.rows(path, "")) {
			t.Errorf("%s: an unknown parameter leaves %d rows", o.Name, n)
		}
	}
}

// TestAnswersKeepTheModels: no key is missing that the client must have, none is null that
// it cannot take, and each value is what its type says.
func TestAnswersKeepTheModels(t *testing.T) {
	s := newStage(t)
	for _, who := range []string{"operator", "sue", "alice", "mary", "carol", "pat", "sam", "olga", "bob", "cy", "nobody"} {
		for _, o := range s.routed(func(o documented) bool { return o.Method == http.MethodGet }) {
			res, b := s.ask(who, http.MethodGet, s.pathOf(o, nil)+"?page_size=300", "")
			if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusForbidden {
				continue // who may see what is another test's
			}
			for _, wrong := range s.contract.faults(o, res.StatusCode, b) {
				t.Errorf("%s for %s: %s", o.Name, who, wrong)
			}
		}
	}
}

// faults are what is wrong with a good answer.
func (c contract) faults(o documented, status int, body []byte) []string {
	if !slices.Contains(o.Success, status) {
		return []string{fmt.Sprintf("status %d %.300s, want one of %v", status, body, o.Success)}
	}
	if o.Model == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{"no JSON: " + err.Error()}
	}
	typ := "object:" + o.Model + "!"
	if o.List {
		typ = "object:" + o.Model + "[]!"
	}
	return slices.Compact(c.wrong(o.Model, typ, v))
}

// wrong says in what a value is not of a type.
func (c contract) wrong(where, typ string, v any) []string {
	base := strings.TrimRight(typ, "?!")
	may := strings.Contains(typ[len(base):], "?")
	if inner, ok := strings.CutSuffix(base, "[]"); ok {
		list, isList := v.([]any)
		switch {
		case v == nil && !strings.Contains(typ, "!"):
			return nil // optional lists may be null
		case !isList:
			return []string{fmt.Sprintf("%s: %T is no list", where, v)}
		}
		var out []string
		for _, item := range list {
			out = append(out, c.wrong(where+"[]", inner, item)...)
		}
		return out
	}
	kind, _, _ := strings.Cut(base, "(")
	kind, model, _ := strings.Cut(kind, ":")
	if v == nil {
		if strict[kind] && !may {
			return []string{where + ": null crashes the client"}
		}
		return nil
	}
	if model != "" {
		return c.wrongObject(where, model, v)
	}
	if check, ok := ofKind[kind]; ok && !check(v, base) {
		return []string{fmt.Sprintf("%s: %v is no %s", where, v, base)}
	}
	return nil
}

// strict are the types that the client converts: null breaks it.
var strict = map[string]bool{"uuid": true, "datetime": true, "date": true, "enum": true, "object": true}

var ofKind = map[string]func(v any, typ string) bool{
	"uuid": func(v any, _ string) bool { s, ok := v.(string); return ok && id.WellFormedUUID(s) },
	"datetime": func(v any, _ string) bool {
		s, _ := v.(string)
		_, err := time.Parse(time.RFC3339Nano, s)
		return err == nil
	},
	"date": func(v any, _ string) bool {
		s, _ := v.(string)
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	},
	"enum": func(v any, typ string) bool {
		s, ok := v.(string)
		return ok && (slices.Contains(choicesOf(typ), s) || strings.Contains(typ, " or ") && (strings.Contains(typ, "enum:") || slices.Contains(choicesOf(typ[strings.Index(typ, " or "):]), s)))
	},
	"object": func(v any, _ string) bool { _, ok := v.(map[string]any); return ok },
	"bool":   func(v any, _ string) bool { _, ok := v.(bool); return ok },
	"string": func(v any, _ string) bool { _, ok := v.(string); return ok },
}

func (c contract) wrongObject(where, model string, v any) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %T is no %s", where, v, model)}
	}
	var out []string
	for name, typ := range c.Models[model] {
		value, there := object[name]
		if !there {
			if strings.Contains(typ, "!") {
				out = append(out, where+"."+name+" is missing")
			}
			continue
		}
		out = append(out, c.wrong(where+"."+name, typ, value)...)
	}
	return out
}

func TestTheModelsJudgeSees(t *testing.T) {
	c := contract{Models: map[string]map[string]string{"Thing": {"uuid": "uuid!", "at": "datetime", "until": "datetime?", "state": "enum(on|off)", "parts": "object:Part[]!", "note": "string"}, "Part": {"n": "int!"}}}
	o := documented{Success: []int{200}, Model: "Thing"}
	good := `{"uuid": "00000000000000000000000000000001", "at": "2026-01-01T00:00:00Z", "until": null, "state": "on", "parts": [{"n": 1}], "note": null, "more": 1}`
	if faults := c.faults(o, 200, []byte(good)); faults != nil {
		t.Errorf("what is right is found wrong: %v", faults)
	}
	for from, to := range map[string]string{`"uuid"`: `"uid"`, `"2026-01-01T00:00:00Z"`: "null", `"on"`: `"idle"`, `[{"n": 1}]`: "null", `{"n": 1}`: "{}", `00000001"`: `1"`} {
		if faults := c.faults(o, 200, []byte(strings.Replace(good, from, to, 1))); len(faults) != 1 {
			t.Errorf("%s for %s gives %v", to, from, faults)
		}
	}
	if c.faults(o, 201, []byte(good)) == nil {
		t.Error("an undocumented status passes")
	}
}

// escape writes a value into a query.
func escape(s string) string { return url.QueryEscape(s) }

// bodyless are operations that take whatever they are sent, and why.
var bodyless = map[string]string{
	"marketplace_resources_restore":                                   "the contract: its body may be anything",
	"marketplace_provider_offerings_pause":                            "what is paused cannot be paused: that is told first",
	"marketplace_provider_offerings_update_offering_component":        "the vendor words its one key otherwise",
	"marketplace_provider_offerings_remove_offering_component":        "the vendor words its one key otherwise",
	"marketplace_site_agent_identities_register_queue":                "404 whatever it says: there is no message broker",
	"marketplace_slurm_periodic_usage_policies_report_command_result": "404 whatever it says: there are no policies",
}

// TestBodiesAreReadAsDocumented: what must be sent is asked for in the vendor's words, and a
// body that is none is refused in them too.
func TestBodiesAreReadAsDocumented(t *testing.T) {
	s := newStage(t)
	for _, o := range s.routed(func(o documented) bool { return o.Method != http.MethodGet && o.Method != http.MethodDelete }) {
		if len(o.Body) == 0 || bodyless[o.Name] != "" {
			continue
		}
		path := s.pathOf(o, nil)
		res, b := s.ask("operator", o.Method, path, "{}")
		if res.StatusCode == http.StatusConflict {
			continue // a wrong state is told first
		}
		var got map[string]any
		_ = json.Unmarshal(b, &got)
		for name, typ := range fields(o.Body) {
			if !strings.Contains(typ, "!") {
				continue
			}
			if res.StatusCode != http.StatusBadRequest || fmt.Sprint(got[name]) != "[This field is required.]" {
				t.Errorf("%s: {}: %d %s, want 400 with %s: This field is required.", o.Name, res.StatusCode, b, name)
			}
		}
		if o.Name == "api_auth_password" {
			continue
		}
		for body, want := range map[string]string{"[]": `{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}`, `"x"`: `{"non_field_errors":["Invalid data. Expected a dictionary, but got str."]}`, "{": `{"detail":"JSON parse error - `} {
			res, b := s.ask("operator", o.Method, path, body)
			if res.StatusCode == http.StatusConflict || res.StatusCode == http.StatusMethodNotAllowed {
				continue // a wrong state or type is told first
			}
			if res.StatusCode != http.StatusBadRequest || !strings.HasPrefix(string(b), want) {
				t.Errorf("%s: %s: %d %s, want 400 %s", o.Name, body, res.StatusCode, b, want)
			}
		}
	}
}

func TestTermsAreAcceptedOnOrderingOrBefore(t *testing.T) {
	s := newStage(t)
	body := fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "limits": {"seats": 1}`, s.named["wx"], s.named["project"])
	want := `{"non_field_errors":["Terms of service for offering 'Weather' have not been accepted."]}`
	for _, more := range []string{"}", `, "accepting_terms_of_service": false}`} {
		if res, b := s.ask("alice", http.MethodPost, "/api/marketplace-orders/", body+more); res.StatusCode != http.StatusBadRequest || string(b) != want {
			t.Errorf("%s: %d %s, want 400 %s", more, res.StatusCode, b, want)
		}
	}
	for _, more := range []string{`, "accepting_terms_of_service": true}`, "}"} { // once is enough
		if res, b := s.ask("alice", http.MethodPost, "/api/marketplace-orders/", body+more); res.StatusCode != http.StatusCreated {
			t.Errorf("%s: %d %s, want 201", more, res.StatusCode, b)
		}
	}
}
