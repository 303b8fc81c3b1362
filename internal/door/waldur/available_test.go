package waldur

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhatAnUnavailableOfferingDeliversIsChangedByNoOperation(t *testing.T) {
	f := newTrial(t)
	r := f.resource("agent")
	move := func(name, state string) {
		t.Helper()
		want := `{"detail":"Offering state updated.","state":"` + state + `"}`
		if res, b := f.ask("pat", http.MethodPost, "/api/marketplace-provider-offerings/"+f.named["agent"]+"/"+name+"/", ""); res.StatusCode != http.StatusOK || string(b) != want {
			t.Fatalf("%s: %d %s", name, res.StatusCode, b)
		}
	}
	move("make_unavailable", "Unavailable")
	if res, b := f.ask("pat", http.MethodPost, "/api/marketplace-provider-offerings/"+f.named["agent"]+"/make_unavailable/", ""); res.StatusCode != http.StatusBadRequest || string(b) != `["Offering state is invalid."]` {
		t.Errorf("twice: %d %s", res.StatusCode, b)
	}
	for _, a := range resourceActs {
		who, method := map[string]string{"resources": "alice", "provider-resources": "pat"}[a.view], orElse(a.method, http.MethodPost)
		path := "/api/marketplace-" + a.view + "/" + r + "/"
		if a.name != "" {
			path += a.name + "/"
		}
		for _, who := range []string{who, "operator"} {
			res, b := f.ask(who, method, path, strings.ReplaceAll(a.body, "{two}", f.plan("agent", "two")))
			refused := res.StatusCode == http.StatusBadRequest && string(b) == `["Offering is unavailable."]`
			if reads := method == http.MethodGet; reads != (res.StatusCode == http.StatusOK) || reads == refused {
				t.Errorf("%s %s by %s: %d %s", method, path, who, res.StatusCode, b)
			}
		}
		if res, b := f.ask("sue", method, path, a.body); method != http.MethodGet && res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s by one who may not: %d %s", method, path, res.StatusCode, b)
		}
	}
	if res, b := f.ask("pat", http.MethodPost, "/api/marketplace-provider-resources/"+r+"/set_membership_sync_statuses/", `{"statuses": []}`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("members' statuses: %d %s", res.StatusCode, b)
	}
	f.want(http.StatusCreated, "pat", http.MethodPost, "/api/marketplace-component-usages/set_usage/", `{"resource": "`+r+`", "usages": [{"type": "cpu", "amount": 1}]}`, nil)
	move("make_available", "Active")
	f.change(r, "alice", "terminate", `{}`)
}
