package waldur

import (
	"net/http"
	"testing"
)

// amended asks to change an order, as somebody.
func (f *trial) amended(who, method, order, body string) (int, string) {
	f.t.Helper()
	res, b := f.ask(who, method, "/api/marketplace-orders/"+order+"/", body)
	return res.StatusCode, string(b)
}

func TestAnOrderThatWaitsIsChangedInPlace(t *testing.T) {
	f := newTrial(t)
	s := f.create("agent", "cy", "project", "")
	for _, step := range []struct{ name, method, body, want string }{
		{"all at once", http.MethodPatch, `{"limits": {"storage": 3}, "attributes": {"name": "renamed", "end_date": "2027-05-01", "color": "blue", "password": "p"}, "start_date": "2026-12-24"}`,
			`{"attributes":{"color":"blue","end_date":"2027-05-01","name":"renamed"},"limits":{"storage":3},"start_date":"2026-12-24"}`},
		{"nothing", http.MethodPatch, `{}`, `{"attributes":{"color":"blue","end_date":"2027-05-01","name":"renamed"},"limits":{"storage":3},"start_date":"2026-12-24"}`},
		{"the same", http.MethodPut, `{"limits": {"storage": 3}}`, `{"attributes":{"color":"blue","end_date":"2027-05-01","name":"renamed"},"limits":{"storage":3},"start_date":"2026-12-24"}`},
		{"the start alone", http.MethodPatch, `{"start_date": null}`, `{"attributes":{"color":"blue","end_date":"2027-05-01","name":"renamed"},"limits":{"storage":3},"start_date":null}`},
		{"other attributes", http.MethodPut, `{"attributes": {"color": "red"}}`, `{"attributes":{"color":"red"},"limits":{"storage":3},"start_date":null}`},
		{"another plan", http.MethodPatch, `{"plan": "` + f.plan("agent", "two") + `"}`, `{"attributes":{"color":"red"},"limits":{"storage":3},"start_date":null}`},
	} {
		if status, b := f.amended("cy", step.method, s.order, step.body); status != http.StatusOK || b != step.want {
			t.Errorf("%s: %d %s, want %s", step.name, status, b, step.want)
		}
	}
	var o struct {
		State, Cost, Resource_name, New_plan_name string
		Limits                                    map[string]int
	}
	f.get("cy", "/api/marketplace-orders/"+s.order+"/", &o)
	if o.State != "pending-consumer" || o.Cost != "6.0000000000" || o.Resource_name != "renamed" || o.New_plan_name != "Two" || o.Limits["storage"] != 3 {
		t.Errorf("the order is %+v", o)
	}
	var r struct {
		Name, State, Plan_name string
		End_date               *string
		Limits                 map[string]int
		Attributes             map[string]string
	}
	f.get("cy", "/api/marketplace-resources/"+s.resource+"/", &r)
	if r.Name != "renamed" || r.State != "Creating" || r.Plan_name != "Two" || r.End_date == nil || *r.End_date != "2027-05-01" || r.Limits["storage"] != 3 || r.Attributes["color"] != "red" {
		t.Errorf("the resource is %+v", r)
	}
	if status, b := f.amended("cy", http.MethodPatch, s.order, `{"attributes": {"end_date": null}}`); status != http.StatusOK {
		t.Errorf("no last day: %d %s", status, b)
	}
	if f.get("cy", "/api/marketplace-resources/"+s.resource+"/?field=end_date", &r); r.End_date != nil {
		t.Errorf("its last day is still %s", *r.End_date)
	}
}

func TestAChangeOfAnOrderIsRefusedInTheVendorsWords(t *testing.T) {
	f := newTrial(t)
	s := f.create("agent", "cy", "project", "")
	for body, want := range map[string]string{
		`{"limits": {"x": 1}}`:                         `{"limits":["Invalid types: x"]}`,
		`{"limits": {"storage": -1}}`:                  `{"non_field_errors":["The limit -1 value cannot be less than 0."]}`,
		`{"limits": {"storage": "many"}}`:              `{"limits":{"storage":["A valid integer is required."]}}`,
		`{"limits": null}`:                             `{"limits":["This field may not be null."]}`,
		`{"attributes": [1]}`:                          `{"attributes":["Expected a dictionary of items but got type \"list\"."]}`,
		`{"attributes": null}`:                         `{"attributes":["This field may not be null."]}`,
		`{"attributes": {"end_date": "2020-01-01"}}`:   `{"attributes":{"end_date":["Cannot be earlier than the current date."]}}`,
		`{"start_date": "soon"}`:                       `{"start_date":["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]}`,
		`{"plan": "` + f.plan("support", "one") + `"}`: `{"plan":["This plan is not available for selected offering."]}`,
		`[]`: `{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}`,
		`{"limits": {"storage": 1000000000000000000}}`:     `{"limits":{"storage":["A valid integer is required."]}}`,
		`{"attributes": {"name": "a"}, "start_date": "x"}`: `{"start_date":["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]}`,
	} {
		if status, b := f.amended("cy", http.MethodPatch, s.order, body); status != http.StatusBadRequest || b != want {
			t.Errorf("%s: %d %s, want %s", body, status, b, want)
		}
	}
	if status, b := f.amended("bob", http.MethodPatch, s.order, `[`); status != http.StatusNotFound {
		t.Errorf("another customer's: %d %s", status, b)
	}
	f.go_(s.order, "agent", "approve_by_consumer")
	for who, status := range map[string]int{"cy": http.StatusForbidden, "sue": http.StatusForbidden, "pat": http.StatusForbidden, "alice": http.StatusOK} {
		if got, b := f.amended(who, http.MethodPatch, s.order, `{"limits": {"storage": 2}}`); got != status {
			t.Errorf("what was consented to, by %s: %d %s", who, got, b)
		}
	}
	f.go_(s.order, "agent", "approve_by_provider")
	if status, b := f.amended("alice", http.MethodPatch, s.order, `[`); status != http.StatusConflict || b != `{"detail":"Valid states for operation: pending-consumer, pending-project, pending-provider."}` {
		t.Errorf("an order that executes: %d %s", status, b)
	}
}

// To terminate what somebody else asked to be terminated is to approve that.
func TestWhoMayApproveATerminationApprovesItByTerminating(t *testing.T) {
	f := newTrial(t)
	r := f.resource("agent")
	asked := f.change(r, "frank", "terminate", `{}`)
	if got := f.state(asked); got != "pending-consumer" {
		t.Fatalf("a manager's termination is %s", got)
	}
	path := "/api/marketplace-resources/" + r + "/terminate/"
	for _, who := range []string{"mary", "frank"} {
		if res, b := f.ask(who, http.MethodPost, path, `{}`); res.StatusCode != http.StatusBadRequest || string(b) != `["Pending order for resource already exists."]` {
			t.Errorf("by %s, who may not approve: %d %s", who, res.StatusCode, b)
		}
	}
	if again := f.change(r, "alice", "terminate", `{"attributes": {}}`); again != asked || f.state(asked) != "pending-provider" {
		t.Errorf("the owner's is %s of %s, which is %s", again, asked, f.state(asked))
	}
	if res, b := f.ask("alice", http.MethodPost, path, `{}`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("once approved: %d %s", res.StatusCode, b)
	}
}
