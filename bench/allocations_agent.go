//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// agent asks what a site's agent asks, in its order, and what its provider's people do. It
// reads answers no further than it has to: who measures a server shares its processors.
type agent struct {
	ctx      context.Context
	http     *http.Client
	root     string // of the API
	e        estate
	offering string
	provider string // the service provider's UUID
	mine     []allocation
	amounts  int // grows, so that each report is a new one
}

// allocation is what the agent keeps of a resource.
type allocation struct {
	UUID    string `json:"uuid"`
	Backend string `json:"backend_id"`
	Project string `json:"project_uuid"`
}

// hire gives an agent its desk, and this round's part of the resources to look after.
func (b *bench) hire(ctx context.Context, addr string, e estate) (*agent, error) {
	a := &agent{ctx: ctx, http: &http.Client{Timeout: patience}, root: "http://" + addr + "/api/", e: e, amounts: b.round * 1000}
	var offerings, providers []made
	if err := a.get("marketplace-provider-offerings/?field=uuid", &offerings); err != nil {
		return nil, err
	}
	if err := a.get("marketplace-service-providers/?field=uuid", &providers); err != nil {
		return nil, err
	}
	if len(offerings) != 1 || len(providers) != 1 {
		return nil, fmt.Errorf("there are %d offerings and %d providers", len(offerings), len(providers))
	}
	a.offering, a.provider = offerings[0].UUID, providers[0].UUID
	if err := a.accountsMade(); err != nil {
		return nil, err
	}
	all, err := pages[allocation](a, "marketplace-provider-resources/?offering_uuid="+a.offering+"&state=OK&field=uuid&field=backend_id&field=project_uuid&page_size=100")
	if err != nil {
		return nil, err
	}
	if len(all) < e.resources() {
		return nil, fmt.Errorf("there are %d resources of %d", len(all), e.resources())
	}
	a.mine = all
	if e.name == "many" { // a month is reported on in as many rounds as there are
		slices.SortStableFunc(all, func(x, y allocation) int { return strings.Compare(x.Project, y.Project) })
		part := len(all) / b.opt.rounds
		a.mine = all[b.round*part : (b.round+1)*part]
	}
	return a, nil
}

// accountsMade waits until the desk has made its members' accounts, as it does by itself.
func (a *agent) accountsMade() error {
	for end := time.Now().Add(patience); ; {
		head, err := a.ask(agentActor, http.MethodHead, "marketplace-offering-users/?offering_uuid="+a.offering, nil, nil)
		if err != nil || head.Get("X-Result-Count") == strconv.Itoa(a.e.users) {
			return err
		}
		if time.Now().After(end) || !pass(a.ctx, patience/100) {
			return fmt.Errorf("there are accounts of %s users, not of %d", head.Get("X-Result-Count"), a.e.users)
		}
	}
}

// ask sends a request with somebody's token and reads the answer into out, where it is wanted.
func (a *agent) ask(actor int, method, path string, body, out any) (http.Header, error) {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(a.ctx, method, a.root+path, text)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Token "+tokenOf(actor))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := a.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %.300s", method, path, answer.StatusCode, said)
	}
	if out != nil {
		err = json.Unmarshal(said, out)
	}
	return answer.Header, err
}

func (a *agent) get(path string, out any) error {
	_, err := a.ask(agentActor, http.MethodGet, path, nil, out)
	return err
}

func (a *agent) post(path string, body any) error {
	_, err := a.ask(agentActor, http.MethodPost, path, body, nil)
	return err
}

// pages reads a list to its end, as the client's helper does: the next page's number is in Link.
func pages[T any](a *agent, path string) ([]T, error) {
	var all []T
	for next := path; next != ""; {
		var list []T
		head, err := a.ask(agentActor, http.MethodGet, next, nil, &list)
		if err != nil {
			return nil, err
		}
		all, next = append(all, list...), ""
		for link := range strings.SplitSeq(head.Get("Link"), ", ") {
			at, rel, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">; ")
			u, err := url.Parse(at)
			if err != nil {
				return nil, err
			}
			if rel == `rel="next"` {
				next = path + "&page=" + u.Query().Get("page")
			}
		}
	}
	return all, nil
}

// rows reads a list to its end for its length alone.
func (a *agent) rows(path string) (int, error) {
	list, err := pages[json.RawMessage](a, path)
	return len(list), err
}

// object is a JSON object.
type object = map[string]any

// placeOrders lets a customer's owner ask for resources, which then wait for the provider.
func (a *agent) placeOrders() error {
	var projects []struct {
		URL string `json:"url"`
	}
	if _, err := a.ask(ownerActor, http.MethodGet, "projects/?field=url", nil, &projects); err != nil {
		return err
	}
	for range waitingFor {
		a.amounts++
		body := object{"offering": a.root + "marketplace-public-offerings/" + a.offering + "/", "project": projects[a.amounts%len(projects)].URL,
			"limits": object{"gpu": 100, "disk": 5}, "attributes": object{"name": fmt.Sprintf("ordered-%d", a.amounts)}}
		if _, err := a.ask(ownerActor, http.MethodPost, "marketplace-orders/", body, nil); err != nil {
			return err
		}
	}
	return nil
}

// begin is what an agent asks before the work of each cycle.
func (a *agent) begin() (int, error) {
	for _, path := range []string{"version/", "users/me/", "marketplace-provider-offerings/" + a.offering + "/?field=components&field=plugin_options&field=customer_uuid",
		"marketplace-service-providers/?customer_uuid=&field=uuid"} {
		if err := a.get(path, nil); err != nil {
			return 0, err
		}
	}
	const identities = "marketplace-site-agent-identities/"
	var known []made
	if err := a.get(identities+"?offering_uuid="+a.offering+"&name=agent&page_size=100", &known); err != nil {
		return 0, err
	}
	if len(known) == 0 {
		var i made
		if _, err := a.ask(agentActor, http.MethodPost, identities, a.identity(), &i); err != nil {
			return 0, err
		}
		known = append(known, i)
	}
	one := identities + known[0].UUID + "/"
	if _, err := a.ask(agentActor, http.MethodPut, one, a.identity(), nil); err != nil {
		return 0, err
	}
	var service made
	if _, err := a.ask(agentActor, http.MethodPost, one+"register_service/", object{"name": "order_process", "mode": "order_process"}, &service); err != nil {
		return 0, err
	}
	return 1, a.post("marketplace-site-agent-services/"+service.UUID+"/register_processor/", object{"name": "orders", "backend_type": "noop", "backend_version": "1"})
}

// made is what has a UUID.
type made struct {
	UUID string `json:"uuid"`
}

func (a *agent) identity() object {
	return object{"offering": a.offering, "name": "agent", "version": "1.0.7", "dependencies": []object{}, "config_file_path": "/etc/agent.yaml", "config_file_content": ""}
}

// takeOrders is one cycle of order processing, but for the list of accounts, which is read
// whole for each order and measured by itself.
func (a *agent) takeOrders() (int, error) {
	type waiting struct {
		UUID     string `json:"uuid"`
		Resource string `json:"marketplace_resource_uuid"`
		Plan     string `json:"plan_uuid"`
	}
	list, err := pages[waiting](a, "marketplace-orders/?offering_uuid="+a.offering+"&state=pending-provider&state=executing&page_size=100")
	if err != nil {
		return 0, err
	}
	for _, o := range list {
		one, res := "marketplace-orders/"+o.UUID+"/", "marketplace-provider-resources/"+o.Resource+"/"
		for _, step := range []func() error{
			func() error { return a.post(one+"approve_by_provider/", object{}) },
			func() error { return a.get(one, nil) },
			func() error { return a.get(res, nil) },
			func() error { return a.get(res+"team/", nil) },
			func() error {
				return a.get("marketplace-provider-offerings/"+a.offering+"/user-attribute-config/", nil)
			},
			func() error { return a.get("marketplace-plans/"+o.Plan+"/", nil) },
			func() error { return a.post(res+"set_backend_id/", object{"backend_id": "a_" + o.UUID}) },
			func() error { return a.post(res+"set_limits/", object{"limits": object{"gpu": 100, "disk": 5}}) },
			func() error {
				return a.post(res+"set_backend_metadata/", object{"backend_metadata": object{"node": "n1"}})
			},
			func() error { return a.get(one+"?field=uuid&field=state", nil) },
			func() error { return a.post(one+"set_state_done/", nil) },
			func() error { return a.get(res, nil) },
			func() error { return a.get(res+"team/", nil) },
		} {
			if err := step(); err != nil {
				return 0, err
			}
		}
	}
	return len(list), nil
}

// resourceFields are those that membership synchronisation asks for.
const resourceFields = "&field=uuid&field=backend_id&field=name&field=slug&field=state&field=project_uuid&field=project_slug&field=customer_slug&field=restrict_member_access" +
	"&field=backend_metadata&field=limits&field=paused&field=downscaled&field=attributes&field=offering_plugin_options&field=offering_backend_id&field=project_name" +
	"&field=project_description&field=customer_uuid&field=customer_name&field=end_date&field=end_date_updated_at&field=project_end_date"

func (a *agent) readResources() (int, error) {
	return a.rows("marketplace-provider-resources/?offering_uuid=" + a.offering + "&state=OK&state=Erred&page_size=100" + resourceFields)
}

// keepMembers is what membership synchronisation does with each resource.
func (a *agent) keepMembers() (int, error) {
	seen := map[string]bool{}
	for _, r := range a.mine {
		one := "marketplace-provider-resources/" + r.UUID + "/"
		if !seen[r.Project] { // once for a project
			if err := a.get(one+"team/", nil); err != nil {
				return 0, err
			}
			seen[r.Project] = true
		}
		if err := a.post(one+"set_backend_metadata/", object{"backend_metadata": object{"node": "n1"}}); err != nil {
			return 0, err
		}
		if err := a.get("component-user-usage-limits/?resource_uuid="+r.UUID+"&page_size=100", nil); err != nil {
			return 0, err
		}
		if err := a.post(one+"refresh_last_sync/", nil); err != nil {
			return 0, err
		}
	}
	return len(a.mine), nil
}

// report is what reporting does with each resource in a month that has something new.
func (a *agent) report() (int, error) {
	a.amounts++
	month := month()
	for _, r := range a.mine {
		if err := a.get("marketplace-provider-resources/"+r.UUID+"/?field=uuid&field=name&field=backend_id", nil); err != nil {
			return 0, err
		}
		list := "marketplace-component-usages/?resource_uuid=" + r.UUID + "&billing_period=" + month + "&field=uuid&field=type&field=usage&page_size=100"
		if err := a.get(list, nil); err != nil {
			return 0, err
		}
		if err := a.get("marketplace-component-user-usages/?resource_uuid="+r.UUID+"&component_usage__billing_period="+month+"&field=component_usage&page_size=100", nil); err != nil {
			return 0, err
		}
		if err := a.reportOne(r, list, month+"T00:00:00+00:00"); err != nil {
			return 0, err
		}
	}
	return len(a.mine), nil
}

// month is the one that is reported on.
func month() string { return time.Now().UTC().Format("2006-01") + "-01" }

func (a *agent) reportOne(r allocation, list, at string) error {
	amount := fmt.Sprintf("%d.50", a.amounts)
	usages := []object{}
	for _, code := range []string{"cpu", "gpu", "disk"} {
		usages = append(usages, object{"type": code, "amount": amount, "recurring": false})
	}
	if err := a.post("marketplace-component-usages/set_usage/", object{"usages": usages, "resource": r.UUID, "date": at}); err != nil {
		return err
	}
	var reported []made
	if err := a.get(list, &reported); err != nil {
		return err
	}
	var parts []object
	for n := range a.e.users * rolesOf / a.e.projects {
		parts = append(parts, object{"username": memberLogin(n), "usage": amount, "date": at})
	}
	for _, u := range reported {
		if err := a.post("marketplace-component-usages/"+u.UUID+"/set_user_usages/", object{"usages": parts}); err != nil {
			return err
		}
	}
	return nil
}

func (a *agent) wholeResources() (int, error) {
	return a.rows("marketplace-provider-resources/?offering_uuid=" + a.offering + "&page_size=100")
}

func (a *agent) listOrders() (int, error) {
	return a.rows("marketplace-orders/?offering_uuid=" + a.offering + "&page_size=100")
}

// listUsages reads ten pages from all over the list.
func (a *agent) listUsages() (int, error) {
	path, rows := "marketplace-component-usages/?offering_uuid="+a.offering+"&billing_period="+month()+"&page_size=100", 0
	head, err := a.ask(agentActor, http.MethodHead, path, nil, nil)
	if err != nil {
		return 0, err
	}
	all, err := strconv.Atoi(head.Get("X-Result-Count"))
	if err != nil {
		return 0, err
	}
	pages := (all + page - 1) / page
	for n := 0; n < pages; n += (pages + 9) / 10 {
		var list []json.RawMessage
		if err := a.get(path+"&page="+strconv.Itoa(n+1), &list); err != nil {
			return 0, err
		}
		rows += len(list)
	}
	return rows, nil
}

// own reads one of the provider's own lists to its end.
func (a *agent) own(what string) (int, error) {
	return a.rows("marketplace-service-providers/" + a.provider + "/" + what + "/?page_size=100")
}

func (a *agent) listUsers() (int, error)       { return a.own("users") }
func (a *agent) listKeys() (int, error)        { return a.own("keys") }
func (a *agent) listProjects() (int, error)    { return a.own("projects") }
func (a *agent) listPermissions() (int, error) { return a.own("project_permissions") }

func (a *agent) listAccounts() (int, error) {
	return a.rows("marketplace-offering-users/?offering_uuid=" + a.offering + "&is_restricted=false&page_size=100")
}
