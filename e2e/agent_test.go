package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// noopState is the do-nothing plugin's file.
type noopState struct {
	Resources map[string]struct {
		Limits map[string]int `json:"limits"`
		Users  []string       `json:"users"`
		Org    string         `json:"organization"`
		Text   string         `json:"description"`
		Runs   string         `json:"runs"` // how, where it is not as always
	} `json:"resources"`
	Usage map[string]map[string]map[string]float64            `json:"usage"`
	Past  map[string]map[string]map[string]map[string]float64 `json:"past,omitempty"`
}

// noop makes a site of the do-nothing plugin.
func (s *site) noop() *site {
	s.backend = "noop"
	s.settings = map[string]any{"state_file": filepath.Join(s.dir, "site.json"), "fail": []string{"doomed"}, "allocation_prefix": "a-", "check_backend_id_uniqueness": true}
	s.parts = map[string]any{
		"cpu": map[string]any{"measured_unit": "kh", "unit_factor": 1, "accounting_type": "usage", "label": "CPU"},
		"mem": map[string]any{"measured_unit": "GB", "unit_factor": 1, "accounting_type": "limit", "label": "Memory"},
	}
	return s
}

func (s *site) state(t *testing.T) noopState {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, "site.json"))
	if err != nil {
		t.Fatal(err)
	}
	return decode[noopState](t, string(raw))
}

// uses has the site say what an allocation used this month, by user.
func (s *site) uses(t *testing.T, allocation string, byUser map[string]float64) {
	t.Helper()
	raw := decode[map[string]any](t, string(must(os.ReadFile(filepath.Join(s.dir, "site.json")))(t)))
	total := 0.0
	report := map[string]map[string]float64{}
	for user, cpu := range byUser {
		report[user] = map[string]float64{"cpu": cpu, "mem": 0}
		total += cpu
	}
	report["TOTAL_ACCOUNT_USAGE"] = map[string]float64{"cpu": total, "mem": 0}
	raw["usage"].(map[string]any)[allocation] = report
	out, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "site.json"), out, 0o600); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const (
	orders     = "order_process"
	membership = "membership_sync"
	reporting  = "report"
)

// An allocation's whole life under the published agent with a plugin that keeps a file.
func TestASitesAgentServesTheDesk(t *testing.T) {
	needsClients(t)
	d := empty(t)
	s := newSite(t, d, newAgents(t)).noop()
	config := s.config(t, nil)

	made := s.order(t, "first", 10)
	equal(t, "the order waits for its provider", s.orderState(t, made.UUID), "pending-provider")
	// Two agents that begin at once are one to the desk, and make one allocation.
	both := []*agentRun{s.start(t, "waldur_site_agent", "-m", orders, "-c", config), s.start(t, "waldur_site_agent", "-m", membership, "-c", config)}
	for _, r := range both {
		s.rested(t, r, "one of two")
	}
	equal(t, "order", s.orderState(t, made.UUID), "done")
	res := s.resource(t, made.Resource)
	name := "a-" + res.Slug
	equal(t, "resource", res.State+" "+res.BackendID, "OK "+name)
	equal(t, "limits", fmt.Sprint(s.state(t).Resources[name].Limits, res.Limits), "map[mem:10] map[mem:10]")
	if got, want := s.identities(t), []string{"agent-" + s.offering, membership, orders}; !slices.Equal(got, want) {
		t.Errorf("the agents are registered as %v, want %v", got, want)
	}
	equal(t, "charged", s.charged(t), "20.00")

	// The team has accounts, the agent names them, and the allocation has them as members.
	s.settled(t, map[string]string{"carol": " Requested", "dave": " Requested"})
	s.pass(t, config, membership)
	s.settled(t, map[string]string{"carol": "site_carol OK", "dave": "site_dave OK"})
	equal(t, "members", members(s.state(t), name), "site_carol site_dave")
	s.role(t, "delete_user", "dave", 200)
	s.settled(t, map[string]string{"carol": "site_carol OK", "dave": "site_dave Requested deletion"})
	s.pass(t, config, membership)
	equal(t, "members without dave", members(s.state(t), name), "site_carol")
	s.programs(t, made, func() (string, string) {
		s.pass(t, config, membership)
		return members(s.state(t), name), s.state(t).Resources[name].Runs
	}, "site_carol", "not", "slowly", "")

	// Limits change by an order.
	update := decode[struct {
		Order string `json:"order_uuid"`
	}](t, string(d.ask(t, s.alice(), http.MethodPost, "/api/marketplace-resources/"+made.Resource+"/update_limits/", map[string]any{"limits": map[string]int{"mem": 25}}, 200)))
	s.pass(t, config, orders)
	equal(t, "update", s.orderState(t, update.Order), "done")
	equal(t, "limits", fmt.Sprint(s.state(t).Resources[name].Limits, s.resource(t, made.Resource).Limits), "map[mem:25] map[mem:25]")

	// An order that the site cannot do holds nothing and makes nothing.
	before := s.charged(t)
	doomed := s.order(t, "doomed", 5)
	s.failing(t, config, orders)
	equal(t, "doomed", s.orderState(t, doomed.UUID), "erred")
	equal(t, "charged", s.charged(t), before)
	if n := len(s.state(t).Resources); n != 1 {
		t.Errorf("the site has %d allocations", n)
	}

	// Usage is reported, by user, and charged at 4.50 a kh; said again it is the same.
	s.uses(t, name, map[string]float64{"site_carol": 10, "site_dave": 2.5})
	for range 2 {
		s.pass(t, config, reporting)
	}
	total, users := s.usage(t, made.Resource)
	equal(t, "usage", total, "12.50")
	if want := map[string]string{"site_carol": "10.00", "site_dave": "2.50"}; !maps.Equal(users, want) {
		t.Errorf("users' parts are %v, want %v", users, want)
	}
	equal(t, "charged for usage", s.charged(t), plus(t, before, 12.5*4.5))
	s.uses(t, name, map[string]float64{"site_carol": 17.5, "site_dave": 2.5})
	s.pass(t, config, reporting)
	equal(t, "charged for more", s.charged(t), plus(t, before, 20*4.5))

	s.sidePrograms(t, config)

	s.terminate(t, config, made)
	if n := len(s.state(t).Resources); n != 0 {
		t.Errorf("the site has %d allocations left", n)
	}
	d.verified(t)
	d.stop(t)
}

// programs has a service account and a course account made members of an allocation of
// their project, and taken out when they are closed; meanwhile staff pause the allocation, slow
// it, let it run, and keep its members out for a while. now makes a pass and tells its members
// and how it runs.
func (s *site) programs(t *testing.T, made allocation, now func() (members, runs string), people, paused, slowed, always string) {
	t.Helper()
	s.d.apply(t, `customers: [{slug: aurora-institute, projects: [{slug: aurora, end_on: "2099-12-31", attrs: {kind: course}}]}]`)
	account := func(path, name, wish string) string {
		made := decode[struct{ UUID string }](t, string(s.d.ask(t, s.alice(), http.MethodPost, path, map[string]any{"project": s.d.keys["WALDUR_PROJECT_UUID"], name: wish}, 201)))
		return path + made.UUID + "/"
	}
	flag := func(name string, on bool) {
		s.d.ask(t, s.d.keys["WALDUR_STAFF_TOKEN"], http.MethodPost, "/api/marketplace-provider-resources/"+made.Resource+"/set_"+name+"/", map[string]any{name: on}, 200)
	}
	program := account("/api/marketplace-project-service-accounts/", "preferred_identifier", "zz-batch")
	student := account("/api/marketplace-course-accounts/", "email", "zy-student@example.org")
	for _, step := range []struct {
		what          string
		do            func()
		members, runs string
	}{
		{"with both, and paused", func() { flag("paused", true) }, people + " zy-student zz-batch", paused},
		{"when the student has left, and slowed", func() {
			s.d.ask(t, s.alice(), http.MethodDelete, student, nil, 204)
			flag("paused", false)
			flag("downscaled", true)
		}, people + " zz-batch", slowed},
		{"without either", func() {
			s.d.ask(t, s.alice(), http.MethodDelete, program, nil, 204)
			flag("downscaled", false)
		}, people, always},
		{"when nobody may use it", func() { flag("restrict_member_access", true) }, "", always},
		{"when they may again", func() { flag("restrict_member_access", false) }, people, always},
	} {
		step.do()
		members, runs := now()
		equal(t, "members "+step.what, members, step.members)
		equal(t, "it runs "+step.what, runs, step.runs)
	}
}

// leaving ends somebody's role in the project.
func leaving(login string) string {
	return `users: [{login: ` + login + `, roles: [{role: project.member, project: aurora, until: "2020-01-01T00:00:00Z"}]}]`
}

// role gives somebody a role in the project, or takes it, as the project's owner does.
func (s *site) role(t *testing.T, act, login string, want int) {
	t.Helper()
	found := decode[[]struct{ UUID string }](t, string(s.d.ask(t, s.d.keys["WALDUR_STAFF_TOKEN"], http.MethodGet, "/api/users/?username="+login, nil, 200)))
	if len(found) != 1 {
		t.Fatalf("%s is %d users", login, len(found))
	}
	s.d.ask(t, s.alice(), http.MethodPost, "/api/projects/"+s.d.keys["WALDUR_PROJECT_UUID"]+"/"+act+"/", map[string]any{"role": "PROJECT.MEMBER", "user": found[0].UUID}, want)
}

// terminate ends an allocation by an order, and has the agent do it.
func (s *site) terminate(t *testing.T, config string, made allocation) {
	t.Helper()
	end := decode[struct {
		Order string `json:"order_uuid"`
	}](t, string(s.d.ask(t, s.alice(), http.MethodPost, "/api/marketplace-resources/"+made.Resource+"/terminate/", map[string]any{}, 200)))
	s.pass(t, config, orders)
	equal(t, "termination", s.orderState(t, end.Order), "done")
	equal(t, "resource", s.resource(t, made.Resource).State, "Terminated")
}

func members(s noopState, allocation string) string {
	return strings.Join(slices.Sorted(slices.Values(s.Resources[allocation].Users)), " ")
}

// plus adds to an amount of money.
func plus(t *testing.T, a string, b float64) string {
	t.Helper()
	return fmt.Sprintf("%.2f", amount(t, a)+b)
}

// failing is a pass in which the agent tells of a failure.
func (s *site) failing(t *testing.T, config, mode string) {
	t.Helper()
	r := s.start(t, "waldur_site_agent", "-m", mode, "-c", config)
	select {
	case <-r.idle:
	case <-time.After(passWithin):
		t.Fatalf("%s made no pass\n%s", mode, tail(r.said(t)))
	}
	r.end(t, 15)
}

// sidePrograms runs each of the agent's other programs once.
func (s *site) sidePrograms(t *testing.T, config string) {
	t.Helper()
	now := time.Now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for name, args := range map[string][]string{
		"waldur_site_diagnostics":     {"-c", config},
		"waldur_sync_offering_users":  {"-c", config},
		"waldur_sync_resource_limits": {"-c", config},
		"waldur_site_create_homedirs": {"-c", config},
		"waldur_site_healthz":         {"--config-file", config},
		"waldur_site_test_order":      {"--list-templates"}, // it speaks to no desk
		"waldur_site_load_historical_usage": {"-c", config, "-o", s.offering, "-t", s.d.keys["WALDUR_STAFF_TOKEN"],
			"-s", first.Format(time.DateOnly), "-e", now.Format(time.DateOnly)},
	} {
		s.good(t, name, args...)
	}
	s.loadComponents(t)
}

// good runs a side program that must end with 0.
func (s *site) good(t *testing.T, name string, args ...string) {
	t.Helper()
	if code, said := s.program(t, name, args...); code != 0 || strings.Contains(said, "UnexpectedStatus") {
		t.Errorf("%s ended with %d:\n%s", name, code, tail(said))
	}
}

// loadComponents has the agent write its configuration's components over the desk's: labels
// and units change, a new one is made, and prices stay.
func (s *site) loadComponents(t *testing.T) {
	t.Helper()
	s.parts["cpu"] = map[string]any{"measured_unit": "kilo-hours", "unit_factor": 1, "accounting_type": "usage", "label": "Cores"}
	s.parts["disk"] = map[string]any{"measured_unit": "TB", "unit_factor": 1, "accounting_type": "limit", "label": "Disk"}
	s.good(t, "waldur_site_load_components", "-c", s.config(t, nil))
	offering := decode[struct {
		Components []struct {
			Type, Name string
			Unit       string `json:"measured_unit"`
			Billing    string `json:"billing_type"`
		}
		Plans []struct{ Prices map[string]any }
	}](t, string(s.d.ask(t, s.token, http.MethodGet, "/api/marketplace-provider-offerings/"+s.offering+"/", nil, 200)))
	var told []string
	for _, c := range offering.Components {
		told = append(told, strings.Join([]string{c.Type, c.Name, c.Unit, c.Billing}, " "))
	}
	slices.Sort(told)
	equal(t, "components", strings.Join(told, ", "), "cpu Cores kilo-hours usage, disk Disk TB limit, mem Memory GB limit")
	price, err := strconv.ParseFloat(fmt.Sprint(offering.Plans[0].Prices["cpu"]), 64)
	if err != nil || price != 4.5 {
		t.Errorf("the price of cpu is %v (%v)", offering.Plans[0].Prices["cpu"], err)
	}
}

// slurm makes a site of the SLURM plugin over the emulator.
func (s *site) slurm() *site {
	s.backend = "slurm"
	s.settings = map[string]any{"default_account": "root", "customer_prefix": "c_", "project_prefix": "p_", "allocation_prefix": "a_", "cluster_name": "default",
		"slurm_bin_path": filepath.Join(root, ".cache", "venv", "agent", "bin"), "enable_user_homedir_account_creation": false,
		"qos_default": "normal", "qos_paused": "paused", "qos_downscaled": "slowed"}
	s.parts = map[string]any{
		"cpu": map[string]any{"measured_unit": "kh", "unit_factor": 60000, "accounting_type": "usage", "label": "CPU"},
		"mem": map[string]any{"measured_unit": "GB", "unit_factor": 61440, "accounting_type": "limit", "label": "Memory"},
	}
	return s
}

// emulator runs a program of the emulated SLURM.
func (s *site) emulator(t *testing.T, in, program string, args ...string) string {
	t.Helper()
	c, stderr := prepare(t, s.env, filepath.Join(root, ".cache", "venv", "agent", "bin", program), args)
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", program, args, err, out, stderr)
	}
	return string(out)
}

// associations are the users of an account in the emulated SLURM.
func (s *site) associations(t *testing.T, account string) string {
	t.Helper()
	var users []string
	for _, line := range strings.Split(s.emulator(t, "", "sacctmgr", "--parsable2", "--noheader", "--immediate", "list", "associations", "where", "account="+account, "format=account,user"), "\n") {
		if _, user, ok := strings.Cut(line, "|"); ok && user != "" {
			users = append(users, strings.TrimSuffix(user, "|"))
		}
	}
	slices.Sort(users)
	return strings.Join(users, " ")
}

// quality is the quality of service of an account in the emulated SLURM.
func (s *site) quality(t *testing.T, account string) string {
	t.Helper()
	out := s.emulator(t, "", "sacctmgr", "--parsable2", "--noheader", "--immediate", "show", "association", "where", "account="+account, "format=account,qos")
	_, quality, _ := strings.Cut(strings.TrimSpace(strings.SplitN(out, "\n", 2)[0]), "|")
	return strings.TrimSuffix(quality, "|")
}

// The same with SLURM's own plugin: orders become accounts under the project's and the
// customer's, members follow the team, and what was used is charged. Here the agent's token
// is a manager's, under the role that docs/doors/waldur.md gives it.
func TestAnOrderBecomesAnAccountOfSLURM(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, "roles.yaml"), []byte(managerRoles), 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, dir, "--no-orders")
	s := newSite(t, d, newAgents(t)).slurm()
	s.token = managerToken
	config := s.config(t, nil)

	made := s.order(t, "first", 3)
	s.pass(t, config, orders)
	equal(t, "order", s.orderState(t, made.UUID), "done")
	res := s.resource(t, made.Resource)
	account := "a_" + res.Slug
	equal(t, "resource", res.State+" "+res.BackendID, "OK "+account)
	tree := s.emulator(t, "", "sacctmgr", "--parsable2", "--noheader", "--immediate", "list", "account")
	for _, line := range []string{account + "|first|p_" + res.Project, "p_" + res.Project + "|", "c_" + res.Customer + "|"} {
		if !strings.Contains("\n"+tree, "\n"+line) {
			t.Errorf("the site has no account %s in\n%s", line, tree)
		}
	}
	s.settled(t, map[string]string{"carol": " Requested", "dave": " Requested"})
	s.pass(t, config, membership)
	equal(t, "members", s.associations(t, account), "site_carol site_dave")
	d.apply(t, leaving("dave"))
	s.settled(t, map[string]string{"carol": "site_carol OK", "dave": "site_dave Requested deletion"})
	s.pass(t, config, membership)
	equal(t, "members without dave", s.associations(t, account), "site_carol")
	s.role(t, "add_user", "dave", 201)
	s.settled(t, map[string]string{"carol": "site_carol OK", "dave": "site_dave OK"})
	s.pass(t, config, membership)
	equal(t, "members with dave again", s.associations(t, account), "site_carol site_dave")
	s.programs(t, made, func() (string, string) {
		s.pass(t, config, membership)
		return s.associations(t, account), s.quality(t, account)
	}, "site_carol site_dave", "paused", "slowed", "normal")

	// 20 node-hours of 64 cores are 1280 core-hours: 1.28 kh at 4.50, beside 3 GB at 2.00.
	s.emulator(t, "usage_inject site_carol 20 "+account+"\nquit\n", "slurm-emulator")
	s.pass(t, config, reporting)
	total, users := s.usage(t, made.Resource)
	equal(t, "usage", total, "1.28")
	if want := map[string]string{"site_carol": "1.28"}; !maps.Equal(users, want) {
		t.Errorf("users' parts are %v, want %v", users, want)
	}
	equal(t, "charged", s.charged(t), "11.76")

	s.diagnosed(t, config, account)
	s.terminate(t, config, made)
	equal(t, "members after the end", s.associations(t, account), "")
	d.verified(t)
	d.stop(t)
}

// diagnosed runs the program that compares one account. It looks for sacctmgr in /usr/bin, whatever
// its configuration says, so that it ends with 1 everywhere; and of an allocation that it found on
// the desk it cannot print the limits, in either form. What it asks the desk for, it reads.
func (s *site) diagnosed(t *testing.T, config, account string) {
	t.Helper()
	const program = "waldur_site_diagnose_slurm_account"
	code, said := s.program(t, program, "a_unknown", "-c", config, "--json")
	if code != 1 || strings.Contains(said, "UnexpectedStatus") || !strings.Contains(said, "No Waldur resource found") {
		t.Errorf("%s of an unknown account ended with %d:\n%s", program, code, tail(said))
	}
	code, said = s.program(t, program, account, "-c", config, "--json")
	if code != 1 || !strings.Contains(said, "ResourceLimits is not JSON serializable") {
		t.Errorf("%s ended with %d:\n%s", program, code, tail(said))
	}
}
