package waldur

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAComponentsLimitAmountIsAskedWhenItIsOrdered(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	var o struct {
		Components []struct{ UUID, Type string }
	}
	d.get("pat", "/api/marketplace-provider-offerings/"+v["lab"]+"/?field=components", &o)
	say := func(more string) {
		t.Helper()
		for _, c := range o.Components {
			if c.Type != "storage" {
				continue
			}
			body := `{"uuid": "` + c.UUID + `", "type": "storage", "name": "Storage", "billing_type": "limit"` + more + `}`
			if res, b := d.ask("pat", http.MethodPost, "/api/marketplace-provider-offerings/"+v["lab"]+"/update_offering_component/", body); res.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", res.StatusCode, b)
			}
		}
	}
	place := func(who, project string, tb int) (int, string) {
		res, b := d.ask(who, http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "limits": {"storage": %d}}`, v["lab"], v[project], tb))
		return res.StatusCode, strings.TrimSpace(string(b))
	}
	say(`, "limit_amount": 10, "limit_period": "month"`)
	if status, b := place("alice", "project", 6); status != http.StatusCreated {
		t.Fatalf("%d %s", status, b)
	}
	want := `["The quantity limit of offering Lab desk for Storage (month, TB) is 10 TB: used 0, held 6, asked 5."]`
	if status, b := place("bob", "bobs-project", 5); status != http.StatusBadRequest || b != want {
		t.Errorf("another customer's order: %d %s", status, b)
	}
	say("") // what is not sent stays
	if status, b := place("bob", "bobs-project", 5); status != http.StatusBadRequest {
		t.Errorf("after another update: %d %s", status, b)
	}
	say(`, "limit_amount": null`)
	if status, b := place("bob", "bobs-project", 5); status != http.StatusCreated {
		t.Errorf("without a bound: %d %s", status, b)
	}
}
