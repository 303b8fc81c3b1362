package waldur

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

func TestWhatIsKeptOfAResourceIsBounded(t *testing.T) {
	d := newDesk(t)
	resource := "/api/marketplace-provider-resources/" + d.allocate("one") + "/"
	big := strings.Repeat("x", core.MaxAttrs)
	for act, body := range map[string]string{
		"submit_report":        `{"report":[{"header":"h","body":"` + big + `"}]}`,
		"set_backend_metadata": `{"backend_metadata":{"a":"` + big + `"}}`,
		"set_endpoints":        `{"endpoints":` + severally(2000, `{"name":"n#","url":"https://cluster.example/a/long/way/to/#"}`) + `}`,
	} {
		if b := string(d.expect(http.StatusBadRequest, "pat", "POST", resource+act+"/", body)); !strings.HasPrefix(b, `{"non_field_errors":["All that is kept of the resource would be `) {
			t.Errorf("%s: %s", act, b)
		}
	}
	usage := fmt.Sprintf(`{"resource": %q, "usages": [{"type": "cpu", "amount": 1, "description": "%s"}]}`, strings.Split(resource, "/")[3], big)
	if b := string(d.expect(http.StatusBadRequest, "pat", "POST", "/api/marketplace-component-usages/set_usage/", usage)); b != `{"usages":[{"description":["Ensure this field has no more than 4000 characters."]}]}` {
		t.Errorf("a long description of a usage: %s", b)
	}
}

// An agent that fails says so with all it has, beside whatever was kept before.
func TestAResourceIsErredHoweverMuchIsToldOfIt(t *testing.T) {
	d := newDesk(t)
	resource := "/api/marketplace-provider-resources/" + d.allocate("one") + "/"
	told := `{"error_message":"` + strings.Repeat("m", 900_000) + `","error_traceback":"` + strings.Repeat("<", 100_000) + `"}`
	for _, kept := range []int{10, 40_000, core.MaxAttrs - 200} {
		d.expect(http.StatusOK, "pat", "POST", resource+"set_backend_metadata/", `{"backend_metadata":{"a":"`+strings.Repeat("x", kept)+`"}}`)
		d.expect(http.StatusOK, "pat", "POST", resource+"set_as_erred/", told)
		var got struct {
			State   string
			Message string `json:"error_message"`
			Trace   string `json:"error_traceback"`
		}
		d.get("operator", resource, &got)
		if got.State != "Erred" || kept < 50_000 && (len(got.Message) != core.MostMessage || len(got.Trace) < 1000 || len(got.Trace) > core.MostTrace) {
			t.Errorf("beside %d bytes it is %s, with %d of its message and %d of its trace", kept, got.State, len(got.Message), len(got.Trace))
		}
		d.expect(http.StatusOK, "pat", "POST", resource+"set_as_ok/", "{}")
		if d.get("operator", resource, &got); got.State != "OK" || got.Message != "" || got.Trace != "" {
			t.Errorf("put right, it is %s with %d and %d bytes", got.State, len(got.Message), len(got.Trace))
		}
	}
}
