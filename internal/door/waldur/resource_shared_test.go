package waldur

import (
	"net/http"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
)

func TestWhatStaffSetByHandIsCheckedAsTheVendorDoes(t *testing.T) {
	d := newDesk(t)
	one := "/api/marketplace-resources/" + d.allocate("one") + "/"
	d.expect(http.StatusOK, "operator", http.MethodPost, one+"set_paused/", `{"paused": true}`)
	for _, tt := range []struct {
		act, body string
		want      int
	}{
		{"set_paused/", `{"paused": null}`, 400}, {"set_paused/", `{"paused": "x"}`, 400}, {"set_paused/", `{}`, 200},
		{"set_slug/", `{"slug": "my_Alloc-1"}`, 200}, {"set_slug/", `{"slug": "my alloc"}`, 400}, {"set_slug/", `{"slug": ""}`, 400}, {"set_slug/", `{"slug": "é"}`, 400},
	} {
		d.expect(tt.want, "operator", http.MethodPost, one+tt.act, tt.body)
	}
	var shown struct {
		Paused bool
		Slug   string
	}
	if d.get("alice", one, &shown); !shown.Paused || shown.Slug != "my_Alloc-1" {
		t.Errorf("it is %+v", shown)
	}
}

func TestALastDayThatIsNotSentIsToldAsItIs(t *testing.T) {
	d := newDesk(t)
	act := "/api/marketplace-resources/" + d.allocate("one") + "/set_end_date/"
	for _, tt := range []struct{ body, want string }{{`{"end_date": "2027-05-31T00:00:00Z"}`, `{"end_date":"2027-05-31"}`}, {`{}`, `{"end_date":"2027-05-31"}`}, {`{"end_date": null}`, `{"end_date":null}`}} {
		if b := d.expect(http.StatusOK, "alice", http.MethodPost, act, tt.body); string(b) != tt.want {
			t.Errorf("%s: %s, want %s", tt.body, b, tt.want)
		}
	}
}

func TestWhileAnOfferingIsUnavailableItsResourcesAreNeitherPulledNorUnlinked(t *testing.T) {
	d := newDesk(t)
	resource := d.allocate("one")
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc", State: catalog.Unavailable}}}}})
	for _, view := range []string{"/api/marketplace-resources/", "/api/marketplace-provider-resources/"} {
		one := view + resource + "/"
		for _, act := range []string{"pull/", "unlink/"} {
			if b := d.expect(http.StatusBadRequest, "operator", http.MethodPost, one+act, ""); string(b) != `["Offering is unavailable."]` {
				t.Errorf("%s: %s", act, b)
			}
			d.expect(http.StatusNotFound, "bob", http.MethodPost, one+act, "")
		}
		d.expect(http.StatusForbidden, "pat", http.MethodPost, one+"unlink/", "")
		d.expect(http.StatusOK, "operator", http.MethodGet, one+"offering/", "")
		d.expect(http.StatusNoContent, "operator", http.MethodGet, one+"details/", "")
	}
}
