package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// passWithin bounds one pass of an agent, imports included.
const passWithin = 90 * time.Second

// runner is one process of clients/agent/runner.py, which forks a program of a site's agent
// each time it is asked: the seconds that importing the client costs are paid once.
type runner struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	err   bytes.Buffer
	over  chan struct{} // it says no more
	mu    sync.Mutex
	begun chan *agentRun
	runs  map[int]*agentRun // by process id
}

// agents are the programs of one test, with a folder for their logs and state.
type agents struct {
	*runner
	dir  string
	env  map[string]string
	logs int
}

// agentRun is one program.
type agentRun struct {
	pid   int
	log   string
	idle  chan struct{} // a mode has made its pass
	ended chan struct{}
	code  int // read after ended
}

// tells is what the runner says on a line.
type tells struct {
	Ready, Started, Idle, Ended *int
	Code                        int
}

// agentVenv is the programs' virtual environment, agentFolder the runner's and the plugin's.
var (
	agentVenv   = filepath.Join(root, ".cache", "venv", "agent")
	agentFolder = filepath.Join(root, "e2e", "clients", "agent")
)

// running is the runner, once a test has asked for it.
var running *runner

// theRunner starts the runner for all tests of this process.
var theRunner = sync.OnceValues(func() (*runner, error) {
	python := filepath.Join(agentVenv, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return nil, fmt.Errorf("no virtual environment for the agent: run e2e/setup (%w)", err)
	}
	r := &runner{cmd: exec.Command(python, filepath.Join(agentFolder, "runner.py")), over: make(chan struct{}), begun: make(chan *agentRun), runs: map[int]*agentRun{}}
	r.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + filepath.Join(agentFolder, "plugin")}
	r.cmd.Stderr = &r.err
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go func() { r.listen(out, ready); close(r.over) }()
	select {
	case <-ready:
		running = r
		return r, nil
	case <-r.over:
		return nil, fmt.Errorf("the runner ended at once:\n%s", r.err.String())
	case <-time.After(passWithin):
		return nil, fmt.Errorf("the runner is not ready after %s", passWithin)
	}
})

// newAgents gives a test programs, with what they need to find the plugin and the emulator.
// What still runs at its end is killed, by its id.
func newAgents(t *testing.T) *agents {
	t.Helper()
	r, err := theRunner()
	if err != nil {
		t.Fatal(err)
	}
	a := &agents{runner: r, dir: t.TempDir()}
	a.env = map[string]string{
		"PATH": filepath.Join(agentVenv, "bin") + ":" + os.Getenv("PATH"), "TMPDIR": a.dir, "PYTHONPATH": filepath.Join(agentFolder, "plugin"), "HOME": a.dir,
		"SLURM_EMULATOR_STATE_FILE": filepath.Join(a.dir, "slurm.json"), "SLURM_EMULATOR_TIME_FILE": filepath.Join(a.dir, "slurm.time"), "SLURM_EMULATOR_TIME_FOLLOW_WALL": "1",
	}
	t.Cleanup(r.killAll)
	return a
}

func (r *runner) listen(out io.Reader, ready chan struct{}) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s tells
		if json.Unmarshal(lines.Bytes(), &s) != nil {
			continue
		}
		switch {
		case s.Ready != nil:
			close(ready)
		case s.Started != nil:
			p := &agentRun{pid: *s.Started, idle: make(chan struct{}), ended: make(chan struct{})}
			r.mu.Lock()
			r.runs[p.pid] = p
			r.mu.Unlock()
			r.begun <- p
		case s.Idle != nil:
			if p := r.known(*s.Idle); p != nil {
				select {
				case <-p.idle:
				default:
					close(p.idle)
				}
			}
		case s.Ended != nil:
			if p := r.known(*s.Ended); p != nil {
				r.mu.Lock()
				delete(r.runs, p.pid)
				r.mu.Unlock()
				p.code = s.Code
				close(p.ended)
			}
		}
	}
}

func (r *runner) known(pid int) *agentRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs[pid]
}

func (r *runner) killAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid := range r.runs {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
	}
}

// stop ends the runner.
func (r *runner) stop() error {
	r.killAll()
	if err := r.in.Close(); err != nil {
		return err
	}
	<-r.over
	return r.cmd.Wait()
}

// start starts a program.
func (a *agents) start(t *testing.T, program string, args ...string) *agentRun {
	t.Helper()
	a.logs++
	log := filepath.Join(a.dir, fmt.Sprintf("%03d-%s.log", a.logs, program))
	line, err := json.Marshal(map[string]any{"run": program, "args": args, "env": a.env, "log": log})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-a.begun:
		r.log = log
		return r
	case <-time.After(passWithin):
		t.Fatal("the runner starts nothing")
		return nil
	}
}

func (r *agentRun) said(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(r.log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

// pass runs a mode through one pass, and ends it by its id while it sleeps until the next.
func (a *agents) pass(t *testing.T, config, mode string) string {
	t.Helper()
	r := a.start(t, "waldur_site_agent", "-m", mode, "-c", config)
	return a.rested(t, r, mode)
}

func (a *agents) rested(t *testing.T, r *agentRun, mode string) string {
	t.Helper()
	select {
	case <-r.idle:
	case <-r.ended:
		t.Fatalf("%s ended with %d\n%s", mode, r.code, tail(r.said(t)))
	case <-time.After(passWithin):
		t.Fatalf("%s made no pass\n%s", mode, tail(r.said(t)))
	}
	r.end(t, syscall.SIGTERM)
	said := r.said(t)
	if strings.Contains(said, "Unable to process the offering") || strings.Contains(said, "Traceback") {
		t.Errorf("%s complains:\n%s", mode, tail(said))
	}
	return said
}

// end ends a program by its id.
func (r *agentRun) end(t *testing.T, how syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(r.pid, how); err != nil && err != syscall.ESRCH {
		t.Fatal(err)
	}
	select {
	case <-r.ended:
	case <-time.After(passWithin):
		t.Fatalf("process %d does not end", r.pid)
	}
}

// program runs a side program to its end and returns its exit code and what it said.
func (a *agents) program(t *testing.T, name string, args ...string) (int, string) {
	t.Helper()
	r := a.start(t, name, args...)
	select {
	case <-r.ended:
	case <-time.After(passWithin):
		t.Fatalf("%s does not end\n%s", name, tail(r.said(t)))
	}
	return r.code, r.said(t)
}

// site is an offering with its agent.
type site struct {
	*agents
	d        *desk
	offering string
	plan     string
	token    string
	backend  string         // "noop" or "slurm"
	settings map[string]any // of the backend
	parts    map[string]any // components
}

// config writes what the agent is configured with, as the desk is reached now.
func (s *site) config(t *testing.T, more map[string]any) string {
	t.Helper()
	offering := map[string]any{
		"name": "Cluster", "waldur_api_url": s.d.keys["WALDUR_API_URL"], "waldur_api_token": s.token, "waldur_offering_uuid": s.offering, "backend_type": s.backend,
		"order_processing_backend": s.backend, "membership_sync_backend": s.backend, "reporting_backend": s.backend, "username_management_backend": "noop",
		"backend_settings": s.settings, "backend_components": s.parts,
	}
	maps.Copy(offering, more)
	raw, err := json.Marshal(map[string]any{"timezone": "UTC", "offerings": []any{offering}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "agent.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// managerToken is the agent's own where it is no owner of the provider; managerRoles is then
// what a manager's role must be given beside its own rights.
const (
	managerToken = "0000000000000bb90000000000000000000feed0"
	managerRoles = "customer.manager: {add: [order.approve, order.reject, resource.set_usage, resource.set_limits]}\nproject.member: {enabled: true}\n"
)

// cluster is what the desk of these tests has beside the demo's world.
const cluster = `
customers:
  - slug: aurora-institute
    limits: [{measure: money, offering: nordic-compute/cluster, period: year, value: 1000000}]
users:
  - {login: dave, name: Dave Dunn, email: dave@aurora.example, roles: [{role: project.member, project: aurora}]}
  - {login: agent, name: The agent, roles: [{role: customer.manager, customer: nordic-compute}], tokens: [{value: ` + managerToken + `}]}
providers:
  - customer: nordic-compute
    offerings:
      - code: cluster
        name: Cluster
        measure: limits
        fulfilment: manual
        cancel: never
        attrs:
          type: Marketplace.Slurm
          plugin_options: {service_provider_can_create_offering_user: true, username_generation_policy: service_provider}
        components:
          - {code: cpu, name: CPU, unit: kh, billing: usage}
          - {code: mem, name: Memory, unit: GB, billing: limit}
        plans:
          - {code: standard, name: Standard, unit: month, prices: [{component: cpu, each: 4.50}, {component: mem, each: 2.00}]}
`

// apply has the operator apply a world.
func (d *desk) apply(t *testing.T, world string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(path, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	d.docket(t, "apply", path)
}

// ask sends a request as the holder of a token and decodes the answer.
func (d *desk) ask(t *testing.T, token, method, path string, body any, want int) []byte {
	t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, d.keys["WALDUR_URL"]+path, in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Token "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, out, want)
	}
	return out
}

func (s *site) alice() string { return s.d.keys["WALDUR_TOKEN"] }

// newSite makes a desk with the cluster, and an agent for it.
func newSite(t *testing.T, d *desk, a *agents) *site {
	t.Helper()
	s := &site{agents: a, d: d, token: d.keys["WALDUR_PROVIDER_TOKEN"]}
	d.apply(t, cluster)
	found := decode[[]struct {
		UUID  string
		Plans []struct{ UUID string }
	}](t, string(d.ask(t, s.alice(), http.MethodGet, "/api/marketplace-public-offerings/?name_exact=Cluster", nil, 200)))
	if len(found) != 1 || len(found[0].Plans) != 1 {
		t.Fatalf("the cluster is %+v", found)
	}
	s.offering, s.plan = found[0].UUID, found[0].Plans[0].UUID
	return s
}

// allocation is an order and the resource it makes.
type allocation struct {
	UUID     string
	Resource string `json:"marketplace_resource_uuid"`
}

func (s *site) order(t *testing.T, name string, mem int) allocation {
	t.Helper()
	return decode[allocation](t, string(s.d.ask(t, s.alice(), http.MethodPost, "/api/marketplace-orders/", s.request(name, mem), 201)))
}

func (s *site) request(name string, mem int) map[string]any {
	return map[string]any{"offering": "/api/marketplace-public-offerings/" + s.offering + "/", "project": "/api/projects/" + s.d.keys["WALDUR_PROJECT_UUID"] + "/",
		"plan": "/api/marketplace-plans/" + s.plan + "/", "limits": map[string]int{"mem": mem}, "attributes": map[string]string{"name": name}}
}

// orderState and resourceState are as the consumer is told.
func (s *site) orderState(t *testing.T, uuid string) string {
	t.Helper()
	return decode[struct{ State string }](t, string(s.d.ask(t, s.alice(), http.MethodGet, "/api/marketplace-orders/"+uuid+"/", nil, 200))).State
}

type shownResource struct {
	State     string
	BackendID string `json:"backend_id"`
	Slug      string
	Limits    map[string]int
	Usages    map[string]string `json:"current_usages"`
	Project   string            `json:"project_slug"`
	Customer  string            `json:"customer_slug"`
}

func (s *site) resource(t *testing.T, uuid string) shownResource {
	t.Helper()
	return decode[shownResource](t, string(s.d.ask(t, s.alice(), http.MethodGet, "/api/marketplace-resources/"+uuid+"/", nil, 200)))
}

// accounts is who has which account in which state.
func (s *site) accounts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, a := range decode[[]struct {
		User     string `json:"user_username"`
		Username string
		State    string
	}](t, string(s.d.ask(t, s.token, http.MethodGet, "/api/marketplace-offering-users/?page_size=100&offering_uuid="+s.offering, nil, 200))) {
		if _, twice := out[a.User]; twice {
			t.Errorf("%s has two accounts", a.User)
		}
		out[a.User] = a.Username + " " + a.State
	}
	return out
}

// settled waits until the desk tells of accounts as they are to be.
func (s *site) settled(t *testing.T, want map[string]string) {
	t.Helper()
	s.d.until(t, fmt.Sprintf("accounts %v", want), startWithin, func() bool { return maps.Equal(s.accounts(t), want) })
}

var usedSoFar = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)?`)

// charged is what the cluster has cost its consumer: the limit says so when it refuses.
func (s *site) charged(t *testing.T) string {
	t.Helper()
	var sentences []string
	if err := json.Unmarshal(s.d.ask(t, s.alice(), http.MethodPost, "/api/marketplace-orders/", s.request("far too much", 2_000_000), 400), &sentences); err != nil || len(sentences) != 1 {
		t.Fatalf("the limit says %v (%v)", sentences, err)
	}
	_, rest, ok := strings.Cut(sentences[0], "used ")
	if !ok {
		t.Fatalf("the limit does not say what is used: %q", sentences[0])
	}
	return fmt.Sprintf("%.2f", amount(t, usedSoFar.FindString(rest)))
}

// usage is one component's report for this month, with its users' parts.
func (s *site) usage(t *testing.T, resource string) (string, map[string]string) {
	t.Helper()
	rows := decode[[]struct{ UUID, Type, Usage string }](t, string(s.d.ask(t, s.token, http.MethodGet, "/api/marketplace-component-usages/?type=cpu&resource_uuid="+resource, nil, 200)))
	if len(rows) != 1 {
		t.Fatalf("cpu has %d rows: %v", len(rows), rows)
	}
	users := map[string]string{}
	for _, u := range decode[[]struct{ Username, Usage string }](t, string(s.d.ask(t, s.token, http.MethodGet, "/api/marketplace-component-user-usages/?page_size=100&type=cpu&resource_uuid="+resource, nil, 200))) {
		users[u.Username] = u.Usage
	}
	return rows[0].Usage, users
}

// identities counts what the agents registered: identities, services, processors.
func (s *site) identities(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, i := range decode[[]struct {
		Name     string
		Services []struct{ Name string }
	}](t, string(s.d.ask(t, s.token, http.MethodGet, "/api/marketplace-site-agent-identities/?page_size=100", nil, 200))) {
		out = append(out, i.Name)
		for _, svc := range i.Services {
			out = append(out, svc.Name)
		}
	}
	slices.Sort(out)
	return out
}
