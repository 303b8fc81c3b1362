package outposts

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// ask sends one signed request.
func (d *desk) ask(who, method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	if err := d.sign(r, who); err != nil {
		d.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// made sends one that must succeed and reads its answer.
func (d *desk) made(who, method, path, body string, header ...string) map[string]any {
	d.t.Helper()
	w := d.ask(who, method, path, body, header...)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		d.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return out
}

func (d *desk) site() string {
	return d.made("alice", "POST", "/sites", `{"Name":"Roof"}`)["Site"].(map[string]any)["SiteId"].(string)
}

func (d *desk) outpost() string {
	return d.made("alice", "POST", "/outposts", `{"Name":"Dome","SiteId":"`+d.site()+`"}`)["Outpost"].(map[string]any)["OutpostId"].(string)
}

const serverFor = `{"OutpostIdentifier":"%s","LineItems":[{"CatalogItemId":"OR-SERV001","Quantity":1}],"PaymentOption":"NO_UPFRONT"}`

func orderFor(outpost string) string { return strings.Replace(serverFor, "%s", outpost, 1) }

// walk follows NextToken to the end of a list and returns one member of each entry.
func (d *desk) walk(path, list, member string) (pages int, out []string) {
	d.t.Helper()
	token := ""
	for {
		ask := path
		if token != "" {
			ask += "&NextToken=" + url.QueryEscape(token)
		}
		got := d.made("alice", "GET", ask, "")
		for _, one := range got[list].([]any) {
			out = append(out, one.(map[string]any)[member].(string))
		}
		pages++
		if token, _ = got["NextToken"].(string); token == "" {
			return pages, out
		}
		if !nextToken.pattern.MatchString(token) {
			d.t.Fatalf("%q is no token of the model's", token)
		}
	}
}

func TestEveryListIsWalkedToItsEndWithoutGapOrRepeat(t *testing.T) {
	d := newDesk(t)
	at := d.site()
	for n := range 7 {
		city := []string{"Aarhus", "Odense"}[n%2]
		d.made("alice", "POST", "/sites", `{"Name":"S","OperatingAddress":{"AddressLine1":"Road 1","City":"`+city+`","StateOrRegion":"X","PostalCode":"8000","CountryCode":"DK"}}`)
		d.made("alice", "POST", "/outposts", `{"Name":"O`+strconv.Itoa(n)+`","SiteId":"`+at+`","AvailabilityZone":"eu-north-1`+string(rune('a'+n%2))+`"}`)
	}
	on := d.outpost()
	for range 7 {
		d.made("alice", "POST", "/orders", orderFor(on))
	}
	for name, tt := range map[string]struct {
		path, list, member string
		pages, entries     int
	}{
		"sites":               {"/sites?MaxResults=3", "Sites", "SiteId", 3, 9},
		"sites of a city":     {"/sites?MaxResults=2&OperatingAddressCityFilter=Aarhus", "Sites", "SiteId", 2, 4},
		"a page that is full": {"/sites?MaxResults=9", "Sites", "SiteId", 1, 9},
		"outposts":            {"/outposts?MaxResults=4", "Outposts", "OutpostId", 2, 8},
		"outposts of a zone":  {"/outposts?MaxResults=1&AvailabilityZoneFilter=eu-north-1b", "Outposts", "OutpostId", 3, 3},
		"orders":              {"/list-orders?MaxResults=2&OutpostIdentifierFilter=" + on, "Orders", "OrderId", 4, 7},
		"catalog items":       {"/catalog/items?MaxResults=1", "CatalogItems", "CatalogItemId", 4, 4},
		"racks":               {"/catalog/items?MaxResults=2&ItemClassFilter=RACK", "CatalogItems", "CatalogItemId", 2, 3},
		"subscriptions":       {"/outpost/" + on + "/billing-information?MaxResults=3", "Subscriptions", "SubscriptionId", 3, 7},
	} {
		t.Run(name, func(t *testing.T) {
			pages, got := d.walk(tt.path, tt.list, tt.member)
			seen := map[string]bool{}
			for _, one := range got {
				seen[one] = true
			}
			if pages != tt.pages || len(got) != tt.entries || len(seen) != tt.entries {
				t.Errorf("%d entries, %d of them different, on %d pages: %v", len(got), len(seen), pages, got)
			}
		})
	}
}

func TestOneInvocationSentManyTimesAtOnceBuysOnce(t *testing.T) {
	d := newDesk(t)
	on := d.outpost()
	var all sync.WaitGroup
	ids := make([]string, 8)
	for n := range ids {
		all.Go(func() {
			w := d.ask("alice", "POST", "/orders", orderFor(on), "Amz-Sdk-Invocation-Id", "one-and-the-same")
			var out orderOutput
			if err := json.Unmarshal(w.Body.Bytes(), &out); err == nil {
				ids[n] = out.Order.OrderID
			}
		})
	}
	all.Wait()
	for _, i := range ids {
		if i == "" || i != ids[0] {
			t.Fatalf("the attempts were answered with %v", ids)
		}
	}
	if _, got := d.walk("/list-orders?MaxResults=10", "Orders", "OrderId"); len(got) != 1 {
		t.Errorf("%d orders were placed", len(got))
	}
}

func TestAnswersCarryARequestIDAndARealServersDateIsTrue(t *testing.T) {
	d := newDesk(t)
	d.mu.Lock()
	d.at = time.Now().Add(-48 * time.Hour) // the desk's clock may be any; the header's may not
	d.mu.Unlock()
	server := httptest.NewServer(d.handler)
	defer server.Close()
	for _, path := range []string{"/sites", "/sites/bogus", "/quotes"} {
		r, err := http.NewRequest("GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.sign(r, "alice"); err != nil {
			t.Fatal(err)
		}
		a, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if i := a.Header.Get("x-amzn-RequestId"); len(i) != 36 || strings.Count(i, "-") != 4 {
			t.Errorf("%s: the request is called %q", path, i)
		}
		if at, err := http.ParseTime(a.Header.Get("Date")); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s: the Date is %q", path, a.Header.Get("Date"))
		}
		if a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: the body is %s", path, a.Header.Get("Content-Type"))
		}
	}
}

func TestAnUntidyPathIsNeverAnsweredByARedirection(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"//sites", "/sites/", "/sites/../orders", "/orders/./x", "/catalog/items/"} {
		w := d.ask("alice", "GET", path, "")
		if w.Code != http.StatusNotFound || w.Header().Get("X-Amzn-Errortype") != "UnknownOperationException" {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("X-Amzn-Errortype"))
		}
	}
}
