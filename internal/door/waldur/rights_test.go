package waldur

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/docket-desk/docket/internal/tenant"
)

// TestAManagerOfAnOfferingApprovesWhereTheRoleHasTheRight: contract §6.1, a right counts in the
// offering as well as with its provider.
func TestAManagerOfAnOfferingApprovesWhereTheRoleHasTheRight(t *testing.T) {
	d := newDesk(t)
	v := d.vars()
	d.did("alice", http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "plan": "/api/marketplace-plans/%s/", "limits": {"storage": 1}}`,
		v["hpc"], v["project"], v["standard"]), http.StatusCreated, nil)
	d.place("in the lab", 1)
	pending := func() (out []struct{ UUID, State string }) {
		t.Helper()
		d.get("olga", "/api/marketplace-orders/?can_approve_as_provider=true", &out)
		return out
	}
	var all []struct{ UUID string }
	if d.get("olga", "/api/marketplace-orders/", &all); len(all) != 1 {
		t.Fatalf("a manager sees %v, want the order of their offering", all)
	}
	approve := "/api/marketplace-orders/" + all[0].UUID + "/approve_by_provider/"
	if got := pending(); len(got) != 0 {
		t.Errorf("by default %v wait for a manager", got)
	}
	d.did("olga", http.MethodPost, approve, "{}", http.StatusForbidden, nil)
	d.core.SetPolicy(tenant.DefaultPolicy().Change(map[tenant.Role]tenant.Change{tenant.OfferingManager: {Add: []tenant.Right{tenant.ApproveOrder}}}))
	if got := pending(); len(got) != 1 {
		t.Errorf("with the right %v wait for a manager, want one", got)
	}
	d.did("olga", http.MethodPost, approve, "{}", http.StatusOK, nil)
	d.did("olga", http.MethodPost, "/api/marketplace-orders/"+all[0].UUID+"/set_state_done/", "", http.StatusOK, nil)
}
