package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// What a running server of the vendor's answered, replayed: the recordings lie beside the
// repository (../shared/recorded/waldur); where they do not, this test says so. Each answer
// is compared: its status, the words of a refusal, the keys of what was found, and where
// orders and resources stand. Every difference has its reason in differs.

// exchange is a recorded request with its answer.
type exchange struct {
	file, title        string
	method, path, auth string
	media, body        string
	status             int
	answer             string
}

func (x exchange) name() string { return x.file + ": " + x.title }

var (
	requestLine = regexp.MustCompile(`^> ([A-Z]+) (\S+) HTTP`)
	statusLine  = regexp.MustCompile(`^< HTTP/1.1 (\d+)`)
	someUUID    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9A-F]{32}`)
)

func recorded(t *testing.T, dir string) []exchange {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.http"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	slices.Sort(files)
	var out []exchange
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(raw), "\n### ")[1:] {
			out = append(out, readExchange(strings.TrimSuffix(filepath.Base(file), ".http"), block))
		}
	}
	return out
}

func readExchange(file, block string) exchange {
	title, rest, _ := strings.Cut(block, "\n")
	x := exchange{file: file, title: title}
	var asked, answered []string
	inBody, inAnswer := false, false
	for _, line := range strings.Split(rest, "\n") {
		switch {
		case inAnswer:
			answered = append(answered, line)
		case requestLine.MatchString(line):
			m := requestLine.FindStringSubmatch(line)
			x.method, x.path = m[1], m[2]
		case statusLine.MatchString(line):
			_, _ = fmt.Sscan(statusLine.FindStringSubmatch(line)[1], &x.status)
		case line == ">":
			inBody = true
		case line == "<":
			inAnswer = true
		case inBody && strings.HasPrefix(line, "> "):
			asked = append(asked, line[2:])
		case strings.HasPrefix(line, "> Authorization: "):
			x.auth = strings.TrimPrefix(line, "> Authorization: ")
		case strings.HasPrefix(line, "> Content-Type: "):
			x.media = strings.TrimPrefix(line, "> Content-Type: ")
		}
	}
	x.body, x.answer = strings.Join(asked, "\n"), strings.TrimSpace(strings.Join(answered, "\n"))
	if strings.HasPrefix(x.answer, "(empty body") {
		x.answer = ""
	}
	return x
}

// replay is a desk with the people of the recordings, and which of its UUIDs stand for theirs.
type replay struct {
	*desk
	uuids map[string]string
}

// cast are the people of the recordings.
var cast = []string{"staff", "provider", "consumer", "pm", "member", "outsider", "smanager", "support", "disabled"}

func castToken(who string) string {
	return fmt.Sprintf("%016x%024x", 9001+slices.Index(cast, who), 0xcafe+slices.Index(cast, who))
}

func newReplay(t testing.TB) *replay {
	t.Helper()
	d := &desk{t: t, at: time.Date(2026, 11, 22, 6, 14, 0, 0, time.UTC)}
	d.core = core.New(fresh.Store(t, nil), d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{})
	yes, no := true, false
	person := func(login string, more func(u *core.UserSpec), roles ...core.RoleSpec) core.UserSpec {
		u := core.UserSpec{Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " Example", Email: login + "@example.org", Roles: roles, Tokens: []core.TokenSpec{{Value: castToken(login)}},
			Password: &core.PasswordSpec{Value: login + "-password"}}
		if more != nil {
			more(&u)
		}
		return u
	}
	made, err := d.core.Apply(ctx, core.System(), core.World{
		Customers: []core.CustomerSpec{
			{Slug: "consumer-1", Name: "Consumer Org", Projects: []core.ProjectSpec{{Slug: "project--1", Name: "Project One", Attrs: json.RawMessage(`{"description":"first project"}`)}}},
			{Slug: "provider-1", Name: "Provider Org", Projects: []core.ProjectSpec{{Slug: "provider-1", Name: "Provider project"}}}},
		Providers: []core.ProviderSpec{{Customer: "provider-1"}},
		Users: []core.UserSpec{
			person("staff", func(u *core.UserSpec) { u.Staff = &yes }), person("support", func(u *core.UserSpec) { u.Support = &yes }),
			person("provider", nil, core.RoleSpec{Role: tenant.CustomerOwner, Customer: "provider-1"}), person("smanager", nil, core.RoleSpec{Role: tenant.CustomerManager, Customer: "provider-1"}),
			person("consumer", nil, core.RoleSpec{Role: tenant.CustomerOwner, Customer: "consumer-1"}), person("pm", nil, core.RoleSpec{Role: tenant.ProjectManager, Project: "project--1"}),
			person("member", nil, core.RoleSpec{Role: tenant.ProjectMember, Project: "project--1"}), person("outsider", nil), person("disabled", func(u *core.UserSpec) { u.Active = &no }),
		}})
	if err != nil {
		t.Fatal(err)
	}
	d.made = made
	d.handler = New(d.core, Options{Public: "http://waldur.example", Scheme: auth.TokenKey{Core: d.core}})
	r := &replay{desk: d, uuids: map[string]string{}}
	for theirs, ours := range map[string]struct {
		kind string
		as   id.Kind
		name string
	}{
		"23cad55b37fa437aa200d5c544cbea56": {"customer", id.Customer, "provider-1"}, "4e68e643802c461fbbbccac449e034d4": {"customer", id.Customer, "consumer-1"},
		"9610ef3ff7164c12bbf2bd407310f83d": {"project", id.Project, "project--1"}, "bb7093ce9c944a05a99c7a399b447308": {"user", id.User, "pm"},
		"a3447466f61549bc914f30a277309d3d": {"user", id.User, "member"}, "bb5076331b9b4e64aada0847ae33d773": {"user", id.User, "provider"},
		"7923235c8b1849b0bf85253527a266fc": {"user", id.User, "smanager"}, "f18c5cf81c2c41bf976a99f0b66bb516": {"user", id.User, "outsider"}, "429318bab0214532b854c6f761a4bb44": {"user", id.User, "consumer"},
	} {
		r.uuids[theirs] = d.find(ours.kind, ours.as, ours.name)
	}
	r.uuids["b74f9096fbb3498db6992322912ffdfc"] = d.find("provider", id.Provider, "provider-1")
	return r
}

// ours rewrites the recordings' UUIDs to this desk's, each in the form it has.
func (r *replay) ours(s string) string {
	return someUUID.ReplaceAllStringFunc(s, func(u string) string {
		to, ok := r.uuids[strings.ToLower(strings.ReplaceAll(u, "-", ""))]
		switch {
		case !ok:
			return u
		case strings.Contains(u, "-"):
			return dashed(to)
		case u == strings.ToUpper(u) && strings.ToUpper(u) != strings.ToLower(u):
			return strings.ToUpper(to)
		}
		return to
	})
}

// learn notes which UUIDs stand at the same places of two answers.
func (r *replay) learn(theirs, ours any) {
	switch t := theirs.(type) {
	case map[string]any:
		if o, ok := ours.(map[string]any); ok {
			for k, v := range t {
				r.learn(v, o[k])
			}
		}
	case []any:
		if o, ok := ours.([]any); ok && len(o) == len(t) {
			for n, v := range t {
				r.learn(v, o[n])
			}
		}
	case string:
		o, _ := ours.(string)
		a, b := someUUID.FindAllString(t, -1), someUUID.FindAllString(o, -1)
		if len(a) == len(b) {
			for n := range a {
				if _, known := r.uuids[a[n]]; !known {
					r.uuids[a[n]] = b[n]
				}
			}
		}
	}
}

func (r *replay) ask(x exchange) (int, string) {
	req, err := http.NewRequest(x.method, r.ours(x.path), strings.NewReader(r.ours(x.body)))
	if err != nil {
		r.t.Fatal(err)
	}
	if x.media != "" {
		req.Header.Set("Content-Type", x.media)
	}
	if x.auth != "" {
		for _, who := range cast {
			x.auth = strings.ReplaceAll(x.auth, "<"+who+"-token>", castToken(who))
		}
		req.Header.Set("Authorization", x.auth)
	}
	w := &answerKept{header: http.Header{}, status: http.StatusOK}
	r.handler.ServeHTTP(w, req)
	r.mu.Lock()
	r.at = r.at.Add(time.Second)
	r.mu.Unlock()
	return w.status, w.body.String()
}

// answerKept keeps an answer.
type answerKept struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *answerKept) Header() http.Header         { return w.header }
func (w *answerKept) WriteHeader(status int)      { w.status = status }
func (w *answerKept) Write(b []byte) (int, error) { return w.body.Write(b) }

// stands are keys whose values are compared too.
var stands = []string{"state", "type", "limits", "attributes", "resource_name", "username", "role_name", "billing_type", "usage", "plan_name", "paused", "customer_name", "project_name"}

// compare says in what an answer differs; each is one line.
func (r *replay) compare(x exchange, status int, body string) []string {
	if status != x.status {
		return []string{fmt.Sprintf("status %d, recorded %d: %.160s | %.160s", status, x.status, body, strings.Join(strings.Fields(x.answer), " "))}
	}
	var theirs, ours any
	if json.Unmarshal([]byte(x.answer), &theirs) != nil {
		return nil // nothing, or a page for people
	}
	_ = json.Unmarshal([]byte(body), &ours)
	theirs, ours = arranged(theirs), arranged(ours)
	if status < 300 {
		r.learn(theirs, ours)
		return slices.Compact(slices.Sorted(slices.Values(lacks("", theirs, ours))))
	}
	if a, b := told(row{"body": theirs}), told(row{"body": ours}); r.ours(a) != b {
		return []string{fmt.Sprintf("words %.200s, recorded %.200s", b, a)}
	}
	return nil
}

// arranged puts lists of what has no order of its own (components, plans) in one.
func arranged(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = arranged(x)
		}
	case []any:
		for n, x := range v {
			v[n] = arranged(x)
		}
		name := func(x any) string {
			o, _ := x.(map[string]any)
			if o["billing_type"] == nil && o["unit"] == nil && o["measured_unit"] == nil {
				return ""
			}
			return word(o["plan_name"]) + word(o["type"]) + word(o["name"])
		}
		slices.SortStableFunc(v, func(a, b any) int { return strings.Compare(name(a), name(b)) })
	}
	return v
}

// known are the keys that the client at its pin has anywhere: others went since.
func knownKeys(c contract) map[string]bool {
	out := map[string]bool{}
	for _, m := range c.Models {
		for k := range m {
			out[k] = true
		}
	}
	return out
}

// lacks lists recorded keys that are not there, and what stands otherwise.
func lacks(at string, theirs, ours any) (out []string) {
	switch t := theirs.(type) {
	case map[string]any:
		o, ok := ours.(map[string]any)
		if !ok {
			return []string{at + " is no object"}
		}
		for k, v := range t {
			w, there := o[k]
			switch {
			case !there && v != nil:
				out = append(out, at+"."+k+" is missing")
			case slices.Contains(stands, k) && told(row{"v": v}) != told(row{"v": w}) && word(v)+word(w) != "":
				out = append(out, fmt.Sprintf("%s.%s is %s, recorded %s", at, k, word(w), word(v)))
			default:
				out = append(out, lacks(at+"."+k, v, w)...)
			}
		}
	case []any:
		o, ok := ours.([]any)
		if !ok && ours != nil {
			return []string{at + " is no list"}
		}
		if len(o) != len(t) {
			return []string{fmt.Sprintf("%s has %d, recorded %d", at, len(o), len(t))}
		}
		for n, v := range t {
			out = append(out, lacks(at+"[]", v, o[n])...)
		}
	}
	return out
}

// unseen are orders, plans and offerings that the recordings speak of without showing how
// they were made: who ordered what. They are made when they are first spoken of.
var unseen = map[string]struct{ who, offering, resource string }{
	"9342207881624948915f5ceeaabdf6b5": {"pm", basicRecorded, ""}, "1de0b6b59b774b5b8858d59c2d746e4e": {"pm", basicRecorded, "807adbbe9e924d519a25198459ab8311"},
	"bd3c81f1d50a48668195f8cc4a9fb23b": {"pm", basicRecorded, ""}, "bd795f90b369450fbdd896d15054ea51": {"consumer", agentRecorded, "05dafe74437c4fd5aba18ce374ff83c3"},
	"a62faaf2ad11429c9518754e9ce51a6b": {"consumer", agentRecorded, "810a39f4b1504d7aa6318dbbaba85571"}, "0fc6d292ec42430b8ee054090cbd4131": {"consumer", agentRecorded, ""},
	"f665b5ae76634ed2be930205593c3651": {"pm", basicRecorded, ""}, "72f7be7742cc491e9652aa689890f762": {"pm", basicRecorded, ""},
}

const (
	basicRecorded, agentRecorded = "114f2d116cea4ed6bfb7bdae58e47463", "8fb6efc2b57b4e18bcebe6ca0a5dc574"
	planOfBasic, planOfAgent     = "708e9eeae50f4ef7b1b71835cf333e6d", "1887dce8f179467fbda32e7ccfca7068"
)

// make makes what an exchange speaks of and nobody has seen being made.
func (r *replay) make(x exchange) {
	r.t.Helper()
	switch x.name() {
	case "10-offering-users: create where the offering does not allow it":
		r.offers("No accounts yet", "0041555193c6421c8e28db118a5d710b", "56d517af1f8c4028b987a10250556bb9", `, "max_amount": 1`)
		r.served("0041555193c6421c8e28db118a5d710b", "56d517af1f8c4028b987a10250556bb9")
	case "11-more-orders: create": // before the customer is blocked
		x.path += "f665b5ae76634ed2be930205593c3651 72f7be7742cc491e9652aa689890f762"
	case "11-more-orders: pause":
		r.offers("To pause", "2e30f55b78ac468081be878b41d860f7", "584c78760725455e817bc13e8256f0bb", "")
	case "12-blocked-customer: create for an archived customer":
		r.set(core.CustomerSpec{Blocked: ptr(false), Archived: ptr(true)})
	case "12-blocked-customer: create in a project past its end":
		r.set(core.CustomerSpec{Archived: ptr(false), Projects: []core.ProjectSpec{{Slug: "project--1", EndOn: ptr(day.Date(2026, 1, 1))}}})
	case "12-blocked-customer: create in a project that starts later, by owner":
		r.set(core.CustomerSpec{Projects: []core.ProjectSpec{{Slug: "project--1", StartOn: ptr(day.Date(2027, 1, 1)), EndOn: ptr(day.Date(2030, 1, 1))}}})
	}
	for _, u := range someUUID.FindAllString(x.path, -1) {
		what, ok := unseen[u]
		if _, known := r.uuids[u]; !ok || known {
			continue
		}
		plan := map[string]string{basicRecorded: planOfBasic, agentRecorded: planOfAgent}[what.offering]
		r.made_(exchange{method: "POST", path: "/api/marketplace-orders/", auth: "Token <" + what.who + "-token>", media: "application/json", body: `{"offering": "/api/marketplace-public-offerings/` + what.offering + `/",
			"project": "/api/projects/9610ef3ff7164c12bbf2bd407310f83d/", "plan": "/api/marketplace-public-offerings/` + what.offering + `/plans/` + plan + `/", "limits": {"storage": 10}, "attributes": {"name": "agent res"}}`}, u, what.resource)
	}
}

// served has a project try an offering, so that its provider knows of the project's people.
func (r *replay) served(offering, plan string) {
	r.t.Helper()
	const tried = "00000000000000000000000000000001"
	r.made_(exchange{method: "POST", path: "/api/marketplace-orders/", auth: "Token <consumer-token>", media: "application/json", body: `{"offering": "/api/marketplace-public-offerings/` + offering + `/",
		"project": "/api/projects/9610ef3ff7164c12bbf2bd407310f83d/", "plan": "/api/marketplace-public-offerings/` + offering + `/plans/` + plan + `/", "limits": {"disk": 1}, "attributes": {"name": "tried"}}`}, tried, "")
	if status, body := r.ask(exchange{method: "POST", path: "/api/marketplace-orders/" + tried + "/reject_by_provider/", auth: "Token <provider-token>", media: "application/json", body: "{}"}); status != http.StatusOK {
		r.t.Fatalf("reject: %d %s", status, body)
	}
}

func (r *replay) made_(x exchange, uuid, resource string) string {
	r.t.Helper()
	status, body := r.ask(x)
	var made struct {
		UUID     string
		Resource string `json:"marketplace_resource_uuid"`
	}
	if json.Unmarshal([]byte(body), &made) != nil || status != http.StatusCreated {
		r.t.Fatalf("%s %s: %d %s", x.path, x.body, status, body)
	}
	r.uuids[uuid] = made.UUID
	if resource != "" {
		r.uuids[resource] = made.Resource
	}
	return body
}

// offers makes an offering with one plan, as its provider.
func (r *replay) offers(name, uuid, plan, more string) {
	r.t.Helper()
	made := r.made_(exchange{method: "POST", path: "/api/marketplace-provider-offerings/", auth: "Token <provider-token>", media: "application/json", body: `{"name": "` + name + `", "type": "Marketplace.Basic",
		"customer": "/api/customers/23cad55b37fa437aa200d5c544cbea56/", "category": "/api/marketplace-categories/a9e54dc9b2424e66aea70c28a208c1e8/", "plans": [{"name": "P", "unit": "month"` + more + `}],
		"components": [{"type": "cpu", "name": "CPU", "billing_type": "usage"}, {"type": "disk", "name": "Disk", "billing_type": "limit"}]}`}, uuid, "")
	var o struct{ Plans []struct{ UUID string } }
	if json.Unmarshal([]byte(made), &o) != nil || len(o.Plans) != 1 {
		r.t.Fatalf("offering %s: %s", name, made)
	}
	r.uuids[plan] = o.Plans[0].UUID
	r.ask(exchange{method: "POST", path: "/api/marketplace-provider-offerings/" + uuid + "/activate/", auth: "Token <staff-token>"})
}

func (r *replay) set(spec core.CustomerSpec) {
	r.t.Helper()
	spec.Slug = "consumer-1"
	r.applied(core.World{Customers: []core.CustomerSpec{spec}})
}

// meanwhile is what staff did on the recording server by operations that this door has not,
// and takes back what that server refused to do.
func (r *replay) meanwhile(x exchange) {
	r.t.Helper()
	var body map[string]json.RawMessage
	_ = json.Unmarshal([]byte(x.body), &body)
	switch {
	case x.title == "PATCH an order":
		x.body = `{"limits": {"storage": 10}}`
		if status, body := r.ask(x); status != http.StatusOK {
			r.t.Fatalf("%s: %d %s", x.name(), status, body)
		}
	case x.status != http.StatusOK:
	case x.method == http.MethodPatch && strings.HasPrefix(x.path, "/api/customers/"):
		var spec core.CustomerSpec
		_ = json.Unmarshal(body["blocked"], &spec.Blocked)
		_ = json.Unmarshal(body["archived"], &spec.Archived)
		r.set(spec)
	case strings.Contains(x.path, "0041555193c6421c8e28db118a5d710b/update_integration/"):
		i, err := id.ParseUUID(id.Offering, r.uuids["0041555193c6421c8e28db118a5d710b"])
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err = r.core.ChangeOffering(ctx, core.System(), i, tenant.EditOffering, func(_ *core.Scene, sh catalog.Sheet) (core.OfferingSpec, error) {
			m := attrs[map[string]json.RawMessage](sh.Offering.Attrs)
			m["plugin_options"] = json.RawMessage(`{"service_provider_can_create_offering_user":true}`)
			raw, err := json.Marshal(m)
			return core.OfferingSpec{Attrs: raw}, err
		}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestRecordedConversationsAreAnsweredAlike(t *testing.T) {
	dir := beside(t, "recorded/waldur")
	if dir == "" {
		t.Skip("the recordings do not lie beside the repository: the differences in differs stand alone")
	}
	r := newReplay(t)
	alike, known, unlike := 0, 0, 0
	used := map[string]bool{}
	keys := knownKeys(loadContract(t))
	for _, x := range recorded(t, dir) {
		r.make(x)
		status, body := r.ask(x)
		r.meanwhile(x)
		r.kept()
		diffs := r.compare(x, status, body)
		all := len(diffs)
		diffs = slices.DeleteFunc(diffs, func(d string) bool {
			if gone, ok := strings.CutSuffix(d, " is missing"); ok && !keys[gone[strings.LastIndex(gone, ".")+1:]] {
				return true
			}
			for _, k := range differs {
				if regexp.MustCompile(k.where).MatchString(x.name()) && regexp.MustCompile(k.what).MatchString(d) {
					used[k.where+k.what] = true
					return true
				}
			}
			return false
		})
		switch {
		case all == 0:
			alike++
		case len(diffs) == 0:
			known++
		default:
			unlike++
		}
		for _, d := range diffs {
			t.Errorf("%s (%s %s): %s", x.name(), x.method, x.path, d)
		}
	}
	for _, k := range differs {
		if !used[k.where+k.what] {
			t.Errorf("nothing differs any more as %q at %q", k.what, k.where)
		}
	}
	t.Logf("%d answers are alike, %d differ for a reason that is known, %d for none", alike, known, unlike)
}

// differs is why answers differ, by a pattern of the exchange and one of the difference.
var differs = []struct{ where, what, why string }{
	// What is newer than the recording server: the contract's pin decides.
	{`.*`, `^status \d+, recorded 404: .*<!doctype html>`, "newer than the recording server"},
	{`field=|sparse|list sparse|users sparse|service providers by outsider`, `is missing$`, "the recording server ignores field here"},
	{`.*`, `\.(native_name|integration_status|creation_order|created_by_uuid|modified_by|image) is missing$`, "only on request, or nobody's: the client has it optional"},
	{`.*`, `error_traceback is missing$`, "for staff and support alone"},
	{`users/me`, `is missing$`, "permissions are trimmed as the client at its pin reads them; a token is not kept"},
	{`no body|empty body|without body|starts later`, `^status 200, recorded 500`, "where the recording server breaks down, an answer"},
	{`field= on POST`, `^status 201, recorded 400`, "field does not cut what is sent"},
	{`modified_before=|recorded`, `^ has 0, recorded 10$`, "the recording server ignores modified_before"},
	{`with a (past|future) date`, `^status 400, recorded 201`, "the recording server ignores dates: the contract's rules are newer"},
	{`PATCH an order`, `^status 200, recorded 405`, "an order that waits is changed in place: newer"},
	{`Bearer scheme`, `^status 200, recorded 401`, "an agent may say Bearer"},
	{`users, |create by uuids`, `^status 201, recorded 400`, "accounts may be named by UUIDs: newer"},
	// What the contract or its client decides otherwise.
	{`05-orders-agent-flow: its resource|list sparse \(provider\)`, `state is Terminated, recorded Erred`, "a create that failed and is unknown to the provider's system leaves nothing"},
	{`resource of the canceled order`, `state is Terminated, recorded Creating`, "a canceled create leaves nothing"},
	{`06-resources: (resource while updating|resource after|set_state_done)`, `.*`, "limits and plan apply on done, by the provider's word"},
	{`06-resources: (set_as_erred|state now)`, `.*`, "the provider may set what it delivers erred: newer"},
	{`set_as_erred by consumer|update_limits by provider`, `^status (403|404), recorded (404|403)`, "each view shows its own side; the guide has providers in the consumer's view"},
	{`cancel .*\(409\)`, `^words `, "an order can be canceled in more states"},
	{`(orders-create: no plan)`, `^status 400, recorded 201`, "an order names its plan where there are several"},
	{`orders-create: no attributes`, `^status 201, recorded 400`, "attributes may be missing"},
	{`orders-create: end_date in the past`, `^status 400, recorded 201`, "nothing ends before it begins"},
	{`offering link of provider kind|create with public offering link`, `.*`, "a link to an offering of either kind is taken"},
	{`without final slash`, `^status 201, recorded 301`, "the client follows no redirect"},
	{`display name as type`, `^status 201, recorded 400`, "the guide's example sends a display name"},
	{`07-usage: negative`, `^status 400, recorded 201`, "nobody uses less than nothing"},
	{`07-usage: component-user-usages`, `usage is 4.00, recorded 3.50`, "set_user_usages, which the recording server has not, replaced it"},
	{`07-usage: by outsider`, `^status 400, recorded 403`, "what one may not see does not exist"},
	{`07-usage: list by outsider`, `^ has 0, recorded 3$`, "reports are for those they concern"},
	{`03-orders-read: retrieve, member|by member`, `^status (404|403), recorded (200|403)`, "orders are for those who may list them: a member sees their own"},
	{`service manager`, `^status 200, recorded 403`, "the contract lists a provider's people for its service managers"},
	{`10-offering-users: create for someone the provider cannot see`, `^status 400, recorded 201`, "whom a provider may not know of is nobody to it: it would learn who that is"},
	{`create without username`, `^status 201, recorded 403`, "service managers may make accounts"},
	{`create by (consumer|support|pm)`, `^status 400, recorded 403`, "an account that is there, or a user who is not, is told first"},
	{`project add_user`, `Role is not active`, "PROJECT.MEMBER is not given out at first"},
	{`set_end_date_by_provider`, `^status 200, recorded 400`, "any day from today on"},
	{`11-more-orders: create for an? (blocked|archived) customer`, `^words `, "a full plan is told after a blocked customer; the recording server's order differs"},
	{`12-blocked-customer: its state`, `state is pending-provider`, "what an order waits for is fixed when it is placed"},
	{`password, try 5`, `^words `, "locked after the fifth failure, not at it"},
	{`11-more-orders: password login`, `^status 401`, "the recording's password is not this desk's"},
	{`not JSON`, `^words .*JSON parse error`, "the parser's own words after the dash"},
	// What is not offered.
	{`details \(agent type has none\)`, `^status 204, recorded 200`, "a resource has no record of another system behind it"},
	{`update_integration|enable offering users|allow it`, `^status 404, recorded 200`, "integrations are not set up over this door"},
	{`(customers|offerings)( |$)`, `^status 404, recorded 200`, "open to any user of the recording server: not copied"},
	{`no token`, `^status 401, recorded 200`, "the catalogue is for who is signed in"},
	{`OPTIONS`, `^status 405, recorded 200`, "OPTIONS is not offered"},
	{`block the consuming|archive as well|: back`, `^status 405`, "customers are blocked by the desk's operator"},
	{`put without keys`, `^status 405, recorded 400`, "accounts are changed by PATCH"},
	{`impersonation`, `.*`, "impersonation is not offered"},
	// The desks had different things in them.
	{`03-orders-read: list`, `(has \d+, recorded \d+|state is pending-)`, "some of the orders differ: those above that are taken or refused otherwise"},
	{`team|users|plan components|10-offering-users: list|create by project member`, `(username|plan_name|billing_type|role_name|usage) is `, "rows without an order of their own come in another one"},
	{`offering-users|keys|users list|08-offering`, `has \d+, recorded \d+`, "accounts and keys made above, or not"},
}
