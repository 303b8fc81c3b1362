package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
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

// What an order says of a resource is kept with it, and read by lists.
func TestAnOrdersAttributesAreBounded(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	long := `{"name": "one", "note": "` + strings.Repeat("x", mostAttributes) + `"}`
	var made struct{ UUID string }
	place := func(attributes string) string {
		return fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "limits": {"storage": 1}, "attributes": %s}`, v["lab"], v["project"], attributes)
	}
	d.did("alice", http.MethodPost, "/api/marketplace-orders/", place(`{"name": "one"}`), http.StatusCreated, &made)
	for _, b := range [][]byte{d.expect(http.StatusBadRequest, "alice", http.MethodPost, "/api/marketplace-orders/", place(long)),
		d.expect(http.StatusBadRequest, "alice", http.MethodPatch, "/api/marketplace-orders/"+made.UUID+"/", `{"attributes": `+long+`}`)} {
		if string(b) != `{"attributes":["Ensure this field has no more than 32768 bytes."]}` {
			t.Errorf("refused with %s", b)
		}
	}
}

// statusesKept counts what is kept of a resource's members, and in how many documents.
func (d *desk) statusesKept(resource string) (statuses, documents int) {
	d.t.Helper()
	i, err := id.ParseUUID(id.Resource, resource)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.core.View(ctx, core.System(), func(s *core.Scene) error {
		docs, err := s.ShownDocuments(core.DocumentQuery{Kind: kindSyncStatuses, Parent: i})
		for _, doc := range docs {
			var list []syncStatus
			if err := json.Unmarshal(doc.Body, &list); err != nil {
				return err
			}
			statuses += len(list)
		}
		documents = len(docs)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return statuses, documents
}

func TestTheLongestListOfMembershipStatusesIsKept(t *testing.T) {
	d := newDesk(t)
	d.setOptions(`{"enable_membership_sync_status":true}`)
	resource := d.allocate("one")
	set := func(want, n int, message string) {
		d.expect(want, "pat", "POST", "/api/marketplace-provider-resources/"+resource+"/set_membership_sync_statuses/",
			`{"statuses":`+severally(n, `{"scope_type":"resource","role_name":"PROJECT.MEMBER","state":"error","username":"carol","message":"`+message+`"}`)+`}`)
	}
	for _, tt := range []struct {
		n, characters, documents int
	}{{mostStatuses, 0, 2}, {60, 2000, 12}, {mostStatuses, 500, 0}, {1, 0, 1}, {0, 0, 1}} {
		set(http.StatusOK, tt.n, strings.Repeat("<", tt.characters))
		statuses, documents := d.statusesKept(resource)
		if statuses != tt.n || tt.documents != 0 && documents != tt.documents {
			t.Errorf("of %d statuses with messages of %d characters %d are kept, in %d documents, want %d", tt.n, tt.characters, statuses, documents, tt.documents)
		}
	}
	set(http.StatusBadRequest, mostStatuses+1, "")
}
