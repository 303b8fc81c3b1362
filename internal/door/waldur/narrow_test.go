package waldur

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// narrowed gives a user a second token, which is narrowed to a project of the provider's.
func (d *desk) narrowed(login string) string {
	d.t.Helper()
	token := fmt.Sprintf("%016x%024x", 4001, 0xabcd)
	d.applied(core.World{Users: []core.UserSpec{{Login: login, Tokens: []core.TokenSpec{{Value: tokenOf(login)}, {Value: token, Narrowing: core.Narrowing{Project: "nordic"}}}}}})
	return token
}

// TestAKeyForOneProjectTellsNothingOfAccountsAndAgents: such a key of who delivers an
// offering sees and does in it what a stranger's does; staff's too.
func TestAKeyForOneProjectTellsNothingOfAccountsAndAgents(t *testing.T) {
	for login, status := range map[string]int{"pat": http.StatusBadRequest, "operator": http.StatusForbidden} { // one knows no such user
		t.Run(login, func(t *testing.T) {
			d := newDesk(t)
			v := d.vars()
			d.kept()
			d.setOptions(`{"service_provider_can_create_offering_user":true}`)
			d.allocate("one")
			d.kept()
			carol := d.accountNamed("carol")
			d.did("pat", http.MethodPost, "/api/marketplace-site-agent-identities/", `{"offering":"`+v["hpc"]+`","name":"x"}`, http.StatusCreated, nil)
			key := d.narrowed(login)
			for _, list := range []string{"marketplace-offering-users", "marketplace-offering-users/?offering_uuid=" + v["hpc"], "marketplace-site-agent-identities", "marketplace-resource-api-keys"} {
				var rows []any
				if d.get(key, "/api/"+list, &rows); len(rows) != 0 {
					t.Errorf("%s has %v", list, rows)
				}
			}
			one := "/api/marketplace-offering-users/" + carol.UUID + "/"
			d.did(key, http.MethodGet, one, "", http.StatusNotFound, nil)
			d.did(key, http.MethodPatch, one, `{"username":"mallory"}`, http.StatusNotFound, nil)
			d.did(key, http.MethodPost, "/api/marketplace-offering-users/", `{"offering_uuid":"`+v["hpc"]+`","user_uuid":"`+v["alice"]+`"}`, status, nil)
			d.did(key, http.MethodPost, "/api/marketplace-site-agent-identities/", `{"offering":"`+v["hpc"]+`","name":"y"}`, http.StatusBadRequest, nil)
			d.did(key, http.MethodPost, "/api/keys/", `{"name":"x","public_key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"}`, http.StatusForbidden, nil)
			wantAccounts(t, d, map[string]string{"carol": " Requested", "mary": " Requested"})
		})
	}
}
