package waldur

import (
	"bytes"
	"encoding/json"
	cli "flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Every (state, act, role): what the vendor's rules say of it, restated here by themselves,
// is asked over HTTP, status, body and effect. The answers are printed as one table.

var writeTriples = cli.Bool("acts", false, "write testdata/acts.md anew")

const triplesFile = "testdata/acts.md"

// role is somebody who tries an act.
type role struct {
	name, who string
	side      string // "buyer", "provider", "" for neither
	// rights, of the vendor's table of default rights, where this role has them.
	rights string
	sees   bool
	all    bool // every right
}

// The vendor's default rights (contract §6.1) in the scopes where the actors hold them.
// The orderer of a create is a plain member, of what changes a resource a manager.
var rolesTried = []role{
	{name: "staff", who: "operator", sees: true, all: true},
	{name: "support", who: "sue", sees: true},
	{name: "owner", who: "alice", side: "buyer", sees: true, rights: "PLACE APPROVE REJECT DESTROY CANCEL TERMINATE SET_PLAN SET_LIMITS SET_END_DATE SET_OPTIONS"},
	{name: "manager", who: "mary", side: "buyer", sees: true, rights: "PLACE DESTROY CANCEL TERMINATE SET_PLAN SET_LIMITS SET_OPTIONS"},
	{name: "admin", who: "adam", side: "buyer", sees: true, rights: "PLACE DESTROY CANCEL TERMINATE SET_PLAN SET_LIMITS SET_OPTIONS"},
	{name: "member", who: "carol", side: "buyer", rights: "PLACE"},
	{name: "orderer", who: "", side: "buyer", sees: true},
	{name: "provider's owner", who: "pat", side: "provider", sees: true, rights: "APPROVE REJECT TERMINATE SET_LIMITS SET_USAGE SET_BACKEND_ID SET_STATE SUBMIT_REPORT SET_END_DATE SET_OPTIONS"},
	{name: "service manager", who: "sam", side: "provider", sees: true, rights: "SET_BACKEND_ID SET_STATE SUBMIT_REPORT SET_END_DATE"},
	{name: "offering manager", who: "olga", side: "provider", sees: true, rights: ""},
	{name: "another owner", who: "bob"},
	{name: "no role", who: "nobody"},
	{name: "anonymous", who: ""},
}

// actTried is an act on an order.
type actTried struct {
	name, method, body string
	side               string // whose right counts
	right              string
	orderer            bool // whoever placed it may too
	from               []string
	types              []string // of offering; nil: as the offering lets it
	status             int
	detail             string
	to                 map[string]string // offering's type: the order's state afterwards; "" for the rest
	gone               bool
	same               []string // states in which repeating it changes nothing
	consented          []string // states after consent was given: it is for those who may give it
}

const (
	agentType, supportType, basicType = "Marketplace.Slurm", "Support.OfferingTemplate", "Marketplace.Basic"
)

var everyState = []string{"pending-consumer", "pending-project", "pending-provider", "pending-start-date", "executing", "done", "erred", "canceled", "rejected"}

// actsTried restates contract §4.3. Departures from it are marked: they stand in departures.
var actsTried = []actTried{
	{name: "approve_by_consumer", side: "buyer", right: "APPROVE", from: []string{"pending-consumer"}, status: 200, detail: "Order has been approved.", to: map[string]string{"": "pending-provider"}},
	{name: "reject_by_consumer", side: "buyer", right: "REJECT", orderer: true, from: []string{"pending-consumer"}, status: 200, to: map[string]string{"": "rejected"}},
	{name: "approve_by_provider", body: `{}`, side: "provider", right: "APPROVE", from: []string{"pending-provider"}, status: 200, detail: "Order has been approved.", to: map[string]string{"": "executing", basicType: "done"}},
	{name: "reject_by_provider", body: `{}`, side: "provider", right: "REJECT", from: []string{"pending-provider"}, status: 200, to: map[string]string{"": "rejected"}},
	{name: "cancel", side: "buyer", right: "CANCEL", orderer: true, from: []string{"pending-consumer", "pending-project", "pending-provider", "pending-start-date", "executing"}, types: []string{basicType, supportType}, status: 202, to: map[string]string{"": "canceled"}},
	{name: "set_state_executing", side: "provider", right: "APPROVE", from: []string{"pending-provider", "erred"}, types: []string{agentType}, status: 200, to: map[string]string{"": "executing"}},
	{name: "set_state_done", side: "provider", right: "APPROVE", from: []string{"executing"}, types: []string{agentType, basicType, supportType}, status: 200, to: map[string]string{"": "done"}},
	{name: "set_state_erred", body: `{"error_message": "m", "error_traceback": "t"}`, side: "provider", right: "APPROVE", from: []string{"pending-provider", "executing"}, same: []string{"erred"}, types: []string{agentType}, status: 200, to: map[string]string{"": "erred"}},
	{name: "retry", side: "provider", right: "APPROVE", from: []string{"erred"}, status: 200, to: map[string]string{"": "executing"}},
	{name: "destroy", method: http.MethodDelete, side: "buyer", right: "DESTROY", from: []string{"pending-consumer", "pending-provider"}, status: 204, gone: true},
	{name: "unlink", right: "STAFF", from: everyState, status: 204, gone: true},
	{name: "partial_update", method: http.MethodPatch, body: `{"attributes": {"name": "p"}}`, side: "buyer", right: "PLACE", from: []string{"pending-consumer", "pending-project", "pending-provider"}, consented: []string{"pending-project", "pending-provider"}, status: 200},
	{name: "set_backend_id", body: `{"backend_id": "b"}`, side: "provider", right: "APPROVE", from: everyState, status: 200},
	{name: "set_provider_info", body: `{"provider_message": "m"}`, side: "provider", right: "APPROVE", from: []string{"pending-provider"}, status: 200, detail: "Message has been set."},
	{name: "set_consumer_info", body: `{"consumer_message": "m"}`, side: "buyer", right: "APPROVE", from: []string{"pending-provider"}, status: 200, detail: "Message has been set."},
}

// departures are where the acts above are not the contract's own, and why.
var departures = []string{
	"cancel: whoever placed an order may cancel it, and an order that waits for its project's start can be canceled",
	"set_state_executing: not from pending-consumer: a provider does not approve for the payer",
	"set_state_erred: not of orders that are done, canceled or rejected, nor before the provider's turn",
	"partial_update (PATCH): by whoever may order, in every state before the order executes but pending-start-date; once it was consented to, by those who may consent",
	"a service manager and an offering manager see the orders of what they manage (403 where the contract leaves 404 open)",
}

// trial is a desk on which orders of three types of offering come into every state.
type trial struct {
	*stage
	n int
}

func newTrial(t testing.TB) *trial {
	s := &stage{desk: newDesk(t), contract: loadContract(t), named: map[string]string{}}
	plugin := `"plugin_options":{"enable_provider_consumer_messaging":true,"can_restore_resource":true}`
	offer := func(code, typ string, f catalog.Fulfilment, c catalog.Cancelling) core.OfferingSpec {
		yes := true
		return core.OfferingSpec{Code: code, Name: code, Measure: catalog.Limits, Fulfilment: f, Cancel: c, Approval: catalog.ApproveAlways, Attrs: json.RawMessage(`{"type":"` + typ + `",` + plugin + `}`),
			Components: []core.ComponentSpec{{Code: "storage", Name: "Storage", Unit: "TB", Billing: catalog.ByLimit, Stock: &yes}, {Code: "cpu", Name: "CPU", Unit: "h", Billing: catalog.ByUsage}},
			Plans: []core.PlanSpec{{Code: "one", Name: "One", Prices: []core.PriceSpec{{Component: "storage", Each: rate("1")}, {Component: "cpu", Each: rate("1")}}},
				{Code: "two", Name: "Two", Prices: []core.PriceSpec{{Component: "storage", Each: rate("2")}, {Component: "cpu", Each: rate("1")}}}}}
	}
	member := func(login string, r tenant.Role) core.UserSpec {
		return user(login, login, nil, core.RoleSpec{Role: r, Project: "aurora"}, core.RoleSpec{Role: r, Project: "later"})
	}
	grant := func(code string) core.RoleSpec {
		return core.RoleSpec{Role: tenant.OfferingManager, Offering: "nordic/" + code}
	}
	mary, carol, adam := member("mary", tenant.ProjectManager), member("carol", tenant.ProjectMember), member("adam", tenant.ProjectAdmin)
	cy, frank := member("cy", tenant.ProjectMember), member("frank", tenant.ProjectManager)
	mary.Tokens, carol.Tokens = nil, nil // they have some
	made, err := s.core.Apply(ctx, core.System(), core.World{
		Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{
			offer("agent", agentType, catalog.Manual, catalog.CancelNever), offer("support", supportType, catalog.Manual, catalog.CancelPreparing), offer("basic", basicType, catalog.Instant, catalog.CancelPreparing)}}},
		Users: []core.UserSpec{mary, carol, adam, cy, frank, {Login: "olga", Roles: []core.RoleSpec{grant("agent"), grant("support"), grant("basic")}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.made.Changes = append(s.made.Changes, made.Changes...)
	for name, uuid := range s.vars() {
		s.named[name] = uuid
	}
	for _, code := range []string{"agent", "support", "basic"} {
		s.named[code] = s.find("offering", id.Offering, "nordic/"+code)
		for _, p := range []string{"one", "two"} {
			s.named[code+" "+p] = s.find("plan", id.Plan, "nordic/"+code+"/"+p)
		}
	}
	return &trial{stage: s}
}

// subject is an order in a state, with its resource.
type subject struct{ order, resource, orderer string }

var typeOfOffer = map[string]string{"agent": agentType, "support": supportType, "basic": basicType}

// resource makes a resource that is OK.
func (f *trial) resource(code string) string {
	f.t.Helper()
	made := f.create(code, "operator", "project", "")
	f.go_(made.order, code, "approve_by_provider", "set_state_done")
	return made.resource
}

func (f *trial) create(code, who, project, more string) subject {
	f.t.Helper()
	f.n++
	var made struct {
		UUID     string
		Resource string `json:"marketplace_resource_uuid"`
	}
	f.want(http.StatusCreated, who, http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "plan": %q,
		"attributes": {"name": "n%d"}, "limits": {"storage": 1}%s}`, f.named[code], f.named[project], f.plan(code, "one"), f.n, more), &made)
	return subject{made.UUID, made.Resource, who}
}

func (f *trial) plan(code, plan string) string {
	return "/api/marketplace-public-offerings/" + f.named[code] + "/plans/" + f.named[code+" "+plan] + "/"
}

// go_ takes an order through acts; one that is basic is done as soon as it executes.
func (f *trial) go_(order, code string, acts ...string) {
	f.t.Helper()
	for _, act := range acts {
		if act == "set_state_done" && code == "basic" {
			continue
		}
		who := map[string]string{"approve_by_consumer": "alice", "cancel": "alice"}[act]
		status := map[string]int{"cancel": 202}[act]
		f.pass(time.Second)
		f.want(max(status, 200), orElse(who, "pat"), http.MethodPost, "/api/marketplace-orders/"+order+"/"+act+"/", "", nil)
	}
}

// ways are the acts that bring an order of a type of offering from its payer's desk into a state.
var ways = map[string][]string{
	"pending-consumer": {}, "pending-project": {"approve_by_consumer"}, "pending-provider": {"approve_by_consumer"},
	"pending-start-date": {"approve_by_consumer", "approve_by_provider"}, "executing": {"approve_by_consumer", "approve_by_provider"},
	"done": {"approve_by_consumer", "approve_by_provider", "set_state_done"}, "erred": {"approve_by_consumer", "approve_by_provider", "set_state_erred"},
	"canceled": {"cancel"}, "rejected": {"approve_by_consumer", "reject_by_provider"},
}

// reachable reports whether an order can be brought into a state over this door: only new
// resources wait for a project or a day; what is basic is done at once; what an agent
// delivers cannot be canceled, and fails by its agent alone.
func reachable(code, typ, state string) bool {
	switch state {
	case "pending-project", "pending-start-date":
		return typ == "Create"
	case "executing":
		return code != "basic"
	case "erred":
		return code == "agent"
	case "canceled":
		return code != "agent"
	}
	return true
}

// make brings a new order into a state.
func (f *trial) make(code, typ, state string) subject {
	f.t.Helper()
	s := subject{orderer: "frank"}
	project, more := "project", ""
	if state == "pending-project" {
		project = "later-project"
	}
	if state == "pending-start-date" {
		more = `, "start_date": "2026-12-24"`
	}
	if typ == "Create" {
		s = f.create(code, "cy", project, more)
	} else {
		s.resource = f.resource(code)
		f.want(http.StatusOK, "pat", http.MethodPost, "/api/marketplace-provider-resources/"+s.resource+"/set_backend_id/", `{"backend_id": "x"}`, nil)
		if typ == "Restore" {
			f.go_(f.change(s.resource, "operator", "terminate", `{}`), code, "approve_by_provider", "set_state_done")
		}
		how := map[string]string{"Update": "update_limits", "Terminate": "terminate", "Restore": "restore"}[typ]
		s.order = f.change(s.resource, s.orderer, how, map[string]string{"Update": `{"limits": {"storage": 2}}`}[typ])
	}
	f.go_(s.order, code, ways[state]...)
	if got := f.state(s.order); got != state {
		f.t.Fatalf("an order of %s to %s came to be %s, not %s", code, typ, got, state)
	}
	return s
}

func (f *trial) change(resource, who, how, body string) string {
	f.t.Helper()
	var made struct {
		Order string `json:"order_uuid"`
	}
	f.want(http.StatusOK, who, http.MethodPost, "/api/marketplace-resources/"+resource+"/"+how+"/", body, &made)
	return made.Order
}

func (f *trial) state(order string) string {
	f.t.Helper()
	var o struct{ State string }
	f.get("operator", "/api/marketplace-orders/"+order+"/?field=state", &o)
	return o.State
}

func (f *trial) resourceState(resource string) string {
	f.t.Helper()
	var r struct{ State string }
	f.get("operator", "/api/marketplace-resources/"+resource+"/?field=state", &r)
	return r.State
}

// answer is what an act is expected to be answered with.
type answer struct {
	status int
	body   string // "": not told beforehand
	to     string // state afterwards; "": as before
}

const (
	noToken   = `{"detail":"Authentication credentials were not provided."}`
	forbidden = `{"detail":"You do not have permission to perform this action."}`
)

func validStatesBody(states []string) string {
	return `{"detail":"Valid states for operation: ` + strings.Join(states, ", ") + `."}`
}

// has reports whether a role has the right of an act: on the side that it counts on.
func (r role) has(side, right string) bool {
	return r.all || (r.side == side && slices.Contains(strings.Fields(r.rights), right))
}

// expected restates the order of checks: 401, 404, 403, then 409, 405.
func (a actTried) expected(r role, typ, state string) answer {
	switch {
	case r.name == "anonymous":
		return answer{401, noToken, ""}
	case !r.sees:
		return answer{404, `{"detail":"No Order matches the given query."}`, ""}
	case !r.has(a.side, a.right) && !(r.name == "orderer" && (a.orderer || r.has(a.side, a.right))):
		return answer{403, forbidden, ""}
	case slices.Contains(a.consented, state) && !r.has(a.side, "APPROVE"):
		return answer{403, forbidden, ""}
	case slices.Contains(a.same, state):
		if a.types != nil && !slices.Contains(a.types, typ) {
			return answer{405, wrongType(typ), ""}
		}
		return answer{status: a.status}
	case !slices.Contains(a.from, state):
		return answer{409, validStatesBody(a.from), ""}
	case a.types != nil && !slices.Contains(a.types, typ):
		return answer{405, wrongType(typ), ""}
	}
	want := answer{status: a.status, to: orElse(a.to[typ], a.to[""])}
	if a.detail != "" {
		want.body = `{"detail":"` + a.detail + `"}`
	}
	return want
}

func wrongType(typ string) string {
	return `{"detail":"Method \"The order's offering with ` + typ + ` type does not support this action\" not allowed."}`
}

// effects restate contract §4.4: what becomes of the resource when an order comes to a
// state. The trial's orders to change one are of resources that the provider's system knows.
var effects = map[string]map[string]string{
	"Create":    {"executing": "Creating", "done": "OK", "erred": "Terminated", "rejected": "Terminated", "canceled": "Terminated"},
	"Restore":   {"executing": "Creating", "done": "OK", "erred": "Erred", "rejected": "Terminated", "canceled": "Terminated"},
	"Update":    {"executing": "Updating", "done": "OK", "erred": "Erred", "rejected": "OK", "canceled": "OK"},
	"Terminate": {"executing": "Terminating", "done": "Terminated", "erred": "OK", "rejected": "OK", "canceled": "OK"},
}

func (f *trial) path(a actTried, order string) (method, path string) {
	if a.method != "" {
		return a.method, "/api/marketplace-orders/" + order + "/"
	}
	return http.MethodPost, "/api/marketplace-orders/" + order + "/" + a.name + "/"
}

// asked does one act and compares; it reports whether the order is used up.
func (f *trial) asked(a actTried, r role, s subject, code, typ, state string) (answer, bool) {
	f.t.Helper()
	who := r.who
	if r.name == "orderer" {
		who, r.rights = s.orderer, map[string]string{"frank": "PLACE DESTROY CANCEL TERMINATE SET_PLAN SET_LIMITS", "cy": "PLACE"}[s.orderer]
	}
	want := a.expected(r, typeOfOffer[code], state)
	method, path := f.path(a, s.order)
	f.pass(time.Second)
	res, b := f.ask(who, method, path, a.body)
	where := fmt.Sprintf("%s of an order of %s to %s that is %s, by %s", a.name, code, typ, state, r.name)
	if res.StatusCode != want.status || (want.body != "" && string(b) != want.body) {
		f.t.Errorf("%s: %d %s, want %d %s", where, res.StatusCode, b, want.status, want.body)
		return want, true
	}
	if want.status >= 300 {
		return want, false
	}
	if a.gone {
		if res, _ := f.ask("operator", http.MethodGet, "/api/marketplace-orders/"+s.order+"/", ""); res.StatusCode != http.StatusNotFound {
			f.t.Errorf("%s: the order is still there: %d", where, res.StatusCode)
		}
		return want, true
	}
	if got := f.state(s.order); got != orElse(want.to, state) {
		f.t.Errorf("%s: it is %s, want %s", where, got, orElse(want.to, state))
	}
	if of, ok := effects[typ][want.to]; ok {
		if got := f.resourceState(s.resource); got != of {
			f.t.Errorf("%s: its resource is %s, want %s", where, got, of)
		}
	}
	return want, want.to != "" || len(a.same) > 0
}

func (a answer) cell() string {
	if a.to != "" {
		return fmt.Sprintf("%d → %s", a.status, a.to)
	}
	return fmt.Sprint(a.status)
}

func TestEveryActInEveryStateByEveryRole(t *testing.T) {
	f := newTrial(t)
	var page bytes.Buffer
	page.WriteString(triplesHead())
	for _, kind := range []struct {
		code string
		typs []string
	}{{"agent", []string{"Create", "Update", "Terminate", "Restore"}}, {"support", []string{"Create", "Terminate"}}, {"basic", []string{"Create", "Update", "Terminate", "Restore"}}} {
		for _, typ := range kind.typs {
			fmt.Fprintf(&page, "\n## %s, %s\n\n| state | act |%s\n| --- | --- |%s\n", typeOfOffer[kind.code], typ, roleColumns(), strings.Repeat(" --- |", len(rolesTried)))
			for _, state := range everyState {
				if !reachable(kind.code, typ, state) {
					continue
				}
				s := f.make(kind.code, typ, state)
				for _, a := range actsTried {
					fmt.Fprintf(&page, "| %s | %s |", state, a.name)
					for _, r := range rolesTried {
						want, used := f.asked(a, r, s, kind.code, typ, state)
						fmt.Fprintf(&page, " %s |", want.cell())
						if used {
							s = f.make(kind.code, typ, state)
						}
					}
					page.WriteByte('\n')
				}
			}
		}
	}
	f.tryResources(&page)
	if *writeTriples && !t.Failed() {
		if err := os.WriteFile(triplesFile, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(triplesFile)
	if err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is not what the rules say: go test ./internal/door/waldur -run EveryAct -acts (%v)", triplesFile, err)
	}
}

func roleColumns() string {
	var b strings.Builder
	for _, r := range rolesTried {
		b.WriteString(" " + r.name + " |")
	}
	return b.String()
}

func triplesHead() string {
	var b strings.Builder
	b.WriteString(`# Who may do what when, through the waldur door

Generated and checked over HTTP (` + "`go test ./internal/door/waldur -run EveryAct -acts`" + `): each cell is the answer's status, and the state that the order or resource comes to.
Roles are the vendor's default ones: owner, manager, admin and member of the buying customer and its project, owner and service manager of the providing customer, manager of the offering.
The orderer of a create is a plain member, of the other types a manager. States that an order of that kind cannot come to over this door are left out.

401, 403 and 404 have their usual bodies; 409 names the states in which the act is possible; 405 names the offering's type. Checks go in this order: 401, 404, 403, 409, 405, 400.

`)
	for _, d := range departures {
		b.WriteString("- " + d + ".\n")
	}
	return b.String()
}

// resourceAct is an act on a resource.
type resourceAct struct {
	name, method, body string
	view               string // "resources" or "provider-resources"
	right              string
	sides              []string // where the right counts
	offering           bool     // the offering itself is looked at too
	from               []string
	status             int
	to                 string
	any                bool // for everybody who sees it
	gone               bool // afterwards nobody sees it
}

var everyResourceState = []string{"Creating", "OK", "Erred", "Updating", "Terminating", "Terminated"}

var resourceActs = []resourceAct{
	{name: "", method: http.MethodGet, view: "resources", any: true, from: everyResourceState, status: 200},
	{name: "team", method: http.MethodGet, view: "resources", any: true, from: everyResourceState, status: 200},
	{name: "", method: http.MethodPatch, body: `{"name": "other"}`, view: "resources", right: "TERMINATE", sides: []string{"buyer"}, from: everyResourceState, status: 200},
	{name: "terminate", body: `{}`, view: "resources", right: "TERMINATE", sides: []string{"buyer", "provider"}, from: []string{"OK", "Erred"}, status: 200},
	{name: "update_limits", body: `{"limits": {"storage": 7}}`, view: "resources", right: "SET_LIMITS", sides: []string{"buyer"}, from: []string{"OK"}, status: 200},
	{name: "switch_plan", body: `{"plan": "{two}"}`, view: "resources", right: "SET_PLAN", sides: []string{"buyer"}, from: []string{"OK"}, status: 200},
	{name: "restore", body: `{}`, view: "resources", right: "PLACE", sides: []string{"buyer"}, from: []string{"Terminated"}, status: 200, to: "Creating"},
	{name: "", method: http.MethodGet, view: "provider-resources", any: true, from: everyResourceState, status: 200},
	{name: "terminate", body: `{}`, view: "provider-resources", right: "TERMINATE", sides: []string{"provider"}, from: []string{"OK", "Erred"}, status: 200},
	{name: "set_backend_id", body: `{"backend_id": "c"}`, view: "provider-resources", right: "SET_BACKEND_ID", sides: []string{"provider"}, offering: true, from: everyResourceState, status: 200},
	{name: "set_backend_metadata", body: `{"backend_metadata": {}}`, view: "provider-resources", right: "SET_BACKEND_ID", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "set_endpoints", body: `{"endpoints": []}`, view: "provider-resources", right: "SET_BACKEND_ID", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "set_limits", body: `{"limits": {"storage": 3}}`, view: "provider-resources", right: "SET_LIMITS", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "submit_report", body: `{"report": [{"header": "h", "body": "b"}]}`, view: "provider-resources", right: "SUBMIT_REPORT", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "refresh_last_sync", view: "provider-resources", right: "SET_BACKEND_ID", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "set_end_date_by_provider", body: `{"end_date": "2027-01-01"}`, view: "provider-resources", right: "SET_END_DATE", sides: []string{"provider"}, from: everyResourceState, status: 200},
	{name: "set_as_erred", body: `{"error_message": "m"}`, view: "provider-resources", right: "SET_STATE", sides: []string{"provider"}, from: []string{"OK", "Erred", "Creating", "Updating", "Terminating"}, status: 200, to: "Erred"},
	{name: "set_as_ok", view: "provider-resources", right: "SET_STATE", sides: []string{"provider"}, from: []string{"OK", "Erred", "Creating", "Updating", "Terminating"}, status: 200, to: "OK"},
	{name: "set_state_ok", view: "provider-resources", right: "SET_STATE", sides: []string{"provider"}, from: []string{"Erred", "Creating", "Updating", "Terminating"}, status: 200, to: "OK"},
	{name: "set_effective_id", body: `{"effective_id": "e"}`, view: "provider-resources", right: "SET_BACKEND_ID", sides: []string{"provider"}, offering: true, from: everyResourceState, status: 200},
	{name: "update_options_direct", body: `{"options": {"a": 1}}`, view: "provider-resources", right: "SET_OPTIONS", sides: []string{"provider"}, from: everyResourceState, status: 200},
}

// sharedActs are those of both views; whose right counts is the view's side.
func sharedActs() []resourceAct {
	var out []resourceAct
	for view, sides := range map[string][]string{"resources": {"buyer"}, "provider-resources": {"provider"}} {
		for _, a := range []resourceAct{
			{name: "offering", method: http.MethodGet, any: true, status: 200}, {name: "details", method: http.MethodGet, any: true, status: 204}, {name: "pull", any: true, status: 202},
			{name: "set_paused", body: `{"paused": true}`, right: "STAFF", status: 200}, {name: "set_downscaled", body: `{"downscaled": true}`, right: "STAFF", status: 200},
			{name: "set_restrict_member_access", body: `{"restrict_member_access": true}`, right: "STAFF", status: 200}, {name: "set_slug", body: `{"slug": "other"}`, right: "STAFF", status: 200},
			{name: "set_end_date_by_staff", body: `{"end_date": "2027-01-01"}`, right: "STAFF", status: 200}, {name: "set_end_date", body: `{"end_date": "2027-01-01"}`, right: "SET_END_DATE", status: 200},
			{name: "update_options", body: `{"options": {"a": 1}}`, right: "SET_OPTIONS", status: 200}, {name: "unlink", right: "STAFF", status: 204, gone: true},
		} {
			a.view, a.sides, a.from = view, sides, everyResourceState
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b resourceAct) int { return -strings.Compare(a.view, b.view) })
	return out
}

// spends are the acts after which a resource is no longer what it was.
var spends = []string{"terminate", "update_limits", "switch_plan", "restore", "unlink"}

// offeringManagers have these rights where an offering itself is looked at.
const offeringManagers = "SET_USAGE SET_BACKEND_ID SET_STATE"

func (a resourceAct) expected(r role, state string) answer {
	sees := r.sees || (r.name == "member" && a.view == "resources")
	if a.view == "provider-resources" && r.side == "buyer" {
		sees = false
	}
	may := a.any || r.all || (a.offering && r.name == "offering manager" && slices.Contains(strings.Fields(offeringManagers), a.right))
	for _, side := range a.sides {
		may = may || r.has(side, a.right)
	}
	switch {
	case r.name == "anonymous":
		return answer{401, noToken, ""}
	case !sees:
		return answer{404, `{"detail":"No Resource matches the given query."}`, ""}
	case !may:
		return answer{403, forbidden, ""}
	case !slices.Contains(a.from, state):
		return answer{409, validStatesBody(a.from), ""}
	}
	return answer{status: a.status, to: a.to}
}

// resourceIn makes a resource in a state.
func (f *trial) resourceIn(state string) string {
	f.t.Helper()
	switch state {
	case "Creating":
		return f.make("agent", "Create", "executing").resource
	case "Updating":
		return f.make("agent", "Update", "executing").resource
	case "Terminating":
		return f.make("agent", "Terminate", "executing").resource
	case "Terminated":
		return f.make("agent", "Terminate", "done").resource
	case "Erred":
		return f.make("agent", "Update", "erred").resource
	}
	return f.resource("agent")
}

func (f *trial) tryResources(page *bytes.Buffer) {
	f.t.Helper()
	fmt.Fprintf(page, "\n## Resources\n\nBy /api/marketplace-resources/ and by /api/marketplace-provider-resources/. A member is the orderer of none. set_as_ok and set_as_erred leave what is terminated as it is.\n\n| state | path | act |%s\n| --- | --- | --- |%s\n", roleColumns(), strings.Repeat(" --- |", len(rolesTried)))
	for _, state := range everyResourceState {
		s := f.resourceIn(state)
		for _, a := range slices.Concat(resourceActs, sharedActs()) {
			method := orElse(a.method, http.MethodPost)
			fmt.Fprintf(page, "| %s | %s | %s |", state, a.view, orElse(a.name, method))
			for _, r := range rolesTried {
				if r.name == "orderer" {
					page.WriteString(" – |")
					continue
				}
				want := a.expected(r, state)
				fmt.Fprintf(page, " %s |", want.cell())
				path := "/api/marketplace-" + a.view + "/" + s + "/"
				if a.name != "" {
					path += a.name + "/"
				}
				res, b := f.ask(r.who, method, path, strings.ReplaceAll(a.body, "{two}", f.plan("agent", "two")))
				if res.StatusCode != want.status || (want.body != "" && string(b) != want.body) {
					f.t.Errorf("%s %s of a resource that is %s, by %s: %d %s, want %d %s", method, path, state, r.name, res.StatusCode, b, want.status, want.body)
				}
				if want.status >= 300 || method == http.MethodGet {
					continue
				}
				if a.gone {
					if res, _ := f.ask("operator", http.MethodGet, "/api/marketplace-resources/"+s+"/", ""); res.StatusCode != http.StatusNotFound {
						f.t.Errorf("%s of a resource that was %s: it is still there: %d", path, state, res.StatusCode)
					}
				} else if got := f.resourceState(s); got != orElse(want.to, state) {
					f.t.Errorf("%s %s of a resource that was %s, by %s: it is %s, want %s", method, path, state, r.name, got, orElse(want.to, state))
				}
				if method == http.MethodPost && (want.to != "" || slices.Contains(spends, a.name)) {
					s = f.resourceIn(state)
				}
			}
			page.WriteByte('\n')
		}
	}
}
