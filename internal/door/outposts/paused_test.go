package outposts

import (
	"net/http"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
)

func (d *desk) status(item string) string {
	d.t.Helper()
	s, _ := d.made("alice", "GET", "/catalog/item/"+item, "")["CatalogItem"].(map[string]any)["ItemStatus"].(string)
	return s
}

// TestWhatIsPausedIsDiscontinued: the catalog offers what can be ordered, and says of the rest
// that it cannot.
func TestWhatIsPausedIsDiscontinued(t *testing.T) {
	d := newDesk(t)
	at := d.outpost()
	state := func(s catalog.State, more ...core.OfferingSpec) {
		t.Helper()
		w := core.World{Providers: []core.ProviderSpec{{Customer: "ops", Offerings: append([]core.OfferingSpec{{Code: "hardware", State: s}}, more...)}}}
		if _, err := d.core.Apply(ctx, core.System(), w); err != nil {
			t.Fatal(err)
		}
	}
	state(catalog.Paused)
	for _, one := range d.made("alice", "GET", "/catalog/items", "")["CatalogItems"].([]any) {
		if item := one.(map[string]any); item["ItemStatus"] != discontinued {
			t.Errorf("of a paused offering %s is %s", item["CatalogItemId"], item["ItemStatus"])
		}
	}
	if w := d.ask("alice", "POST", "/orders", orderFor(at)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "discontinued") {
		t.Errorf("ordered all the same: %d %s", w.Code, w.Body)
	}
	same := core.OfferingSpec{Code: "newer", Name: "Newer", Measure: catalog.Count, Fulfilment: catalog.Shipment, Consent: catalog.Never,
		Components: []core.ComponentSpec{{Code: "OR-SERV001", Name: "Server", Unit: "unit"}}}
	state(catalog.Paused, same)
	if got := d.status("OR-SERV001"); got != available {
		t.Errorf("what another offering has is %s", got)
	}
	state(catalog.Active, same)
	if got := d.status("OR-RACK001"); got != available {
		t.Errorf("once it goes on it is %s", got)
	}
}
