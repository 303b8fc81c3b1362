package waldur

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// TestFiltersFindNothingThatRowsWithhold: neither found nor ordered by what an offering does
// not expose of its users.
func TestFiltersFindNothingThatRowsWithhold(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.exposing(`["username", "full_name"]`)
	d.allocate("one")
	d.kept()
	for _, a := range d.accountsOf("pat") { // made in another order than that of their users' names
		if a.User == "carol" {
			d.did("pat", http.MethodDelete, "/api/marketplace-offering-users/"+a.UUID+"/", "", http.StatusNoContent, nil)
		}
	}
	d.did("pat", http.MethodPost, "/api/marketplace-offering-users/", fmt.Sprintf(`{"offering_uuid": %q, "user_uuid": %q}`, d.vars()["hpc"], d.vars()["carol"]), http.StatusCreated, nil)
	var made []shownAccount
	d.get("pat", "/api/marketplace-offering-users/?o=created", &made)
	if len(made) != 2 || made[0].User != "mary" || made[1].User != "carol" {
		t.Fatalf("made are %v", made)
	}
	uuids := func(who, query string) string {
		var out []string
		var rows []shownAccount
		d.get(who, "/api/marketplace-offering-users/?"+query, &rows)
		for _, r := range rows {
			out = append(out, r.UUID)
		}
		return strings.Join(out, " ")
	}
	mary, carol := made[0].UUID, made[1].UUID
	as := mary + " " + carol // as they were made
	for _, tt := range []struct{ exposed, query, want string }{
		{`["username", "full_name"]`, "user_username=carol", carol}, {`["full_name"]`, "user_username=carol", ""}, {`[]`, "user_username=carol", ""},
		{`["username"]`, "query=caro", carol}, {`["full_name"]`, "query=Carol%20M", carol}, {`["username"]`, "query=Carol%20M", ""}, {`[]`, "query=caro", ""},
		{`["full_name"]`, "o=user_first_name", carol + " " + mary}, {`["username"]`, "o=user_first_name", as},
		{`["full_name"]`, "o=-user_last_name", carol + " " + mary}, {`["username"]`, "o=-user_last_name", as},
	} {
		d.exposing(tt.exposed)
		if got := uuids("pat", tt.query); got != tt.want {
			t.Errorf("with %s exposed %s finds %q, want %q", tt.exposed, tt.query, got, tt.want)
		}
	}
	for _, who := range []string{"operator", "carol"} { // who sees all of her
		if got := uuids(who, "user_username=carol"); got != carol {
			t.Errorf("%s finds %q, want %q", who, got, carol)
		}
	}
}

// TestAResourceIsNotFoundByWhomItsOfferingWithholds: who delivers it finds by a login only
// whom they are told of; the customer's own people find all of theirs.
func TestAResourceIsNotFoundByWhomItsOfferingWithholds(t *testing.T) {
	d := newDesk(t)
	d.exposing(`["username"]`)
	d.allocate("one")
	found := func(who, view, login string) bool {
		var rows []any
		d.get(who, "/api/"+view+"/?visible_to_username="+login, &rows)
		return len(rows) > 0
	}
	for _, tt := range []struct {
		exposed, who, view, login string
		want                      bool
	}{
		{`["username"]`, "pat", "marketplace-provider-resources", "carol", true}, {`["username"]`, "pat", "marketplace-provider-resources", "bob", false},
		{`["full_name"]`, "pat", "marketplace-provider-resources", "carol", false}, {`["full_name"]`, "pat", "marketplace-resources", "alice", false},
		{`[]`, "pat", "marketplace-provider-resources", "pat", true}, {`[]`, "operator", "marketplace-provider-resources", "carol", true},
		{`[]`, "alice", "marketplace-resources", "carol", true}, {`[]`, "carol", "marketplace-resources", "carol", true},
	} {
		d.exposing(tt.exposed)
		if got := found(tt.who, tt.view, tt.login); got != tt.want {
			t.Errorf("with %s exposed %s finds by %s in %s: %v, want %v", tt.exposed, tt.who, tt.login, tt.view, got, tt.want)
		}
	}
}

// exposing sets what the cluster exposes of its users.
func (d *desk) exposing(list string) {
	d.t.Helper()
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","exposed_user_attributes":` + list + `,"plugin_options":{"service_provider_can_create_offering_user":true}}`)}}}}})
}

// TestATeamTellsTheMailThatItsOfferingExposes: a site needs names; an e-mail is a person's.
func TestATeamTellsTheMailThatItsOfferingExposes(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.exposing(`["username", "email"]`)
	resource := d.allocate("one")
	told := func(who string) int {
		var rows []map[string]any
		d.get(who, "/api/marketplace-resources/"+resource+"/team/", &rows)
		n := 0
		for _, r := range rows {
			if _, ok := r["email"]; ok {
				n++
			}
		}
		if len(rows) == 0 {
			t.Errorf("%s sees nobody", who)
		}
		return n
	}
	all := told("operator")
	for _, tt := range []struct {
		exposed, who string
		want         int
	}{{`["username", "email"]`, "pat", all}, {`["username"]`, "pat", 0}, {`[]`, "carol", all}, {`[]`, "operator", all}} {
		d.exposing(tt.exposed)
		if n := told(tt.who); n != tt.want {
			t.Errorf("with %s exposed %s is told %d addresses, want %d", tt.exposed, tt.who, n, tt.want)
		}
	}
}
