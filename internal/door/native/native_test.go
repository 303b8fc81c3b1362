package native

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// token is the API token of the nth key.
func token(n int) string {
	return "00000000000000" + string("0123456789abcdef"[n/16]) + string("0123456789abcdef"[n%16]) + strings.Repeat("5e", 12)
}

var now = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// desk is this door over a real store: a buyer with a limit, a seller of racks and of
// storage, an operator.
func desk(t *testing.T) (staff, buyer *client.Client, url string) {
	t.Helper()
	return deskWhere(t, 0)
}

// deskWhere is one where the same body is the same order.
func deskWhere(t *testing.T, repeat front.SameBody) (staff, buyer *client.Client, url string) {
	t.Helper()
	clock := func() time.Time { return now }
	store := fresh.Store(t, clock)
	c := core.New(store, clock, id.NewSource(clock, 0, 0), seal.Key{1}, slog.New(slog.DiscardHandler), core.Config{})
	if _, err := c.Apply(t.Context(), core.System(), world()); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(New(c, Options{Scheme: auth.TokenKey{Core: c}, Version: "test", Repeat: repeat}))
	t.Cleanup(s.Close)
	return client.New(s.URL, token(1)), client.New(s.URL, token(2)), s.URL
}

func world() core.World {
	yes, cap := true, 5000*money.Unit
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "buyer", Name: "Buyer", Projects: []core.ProjectSpec{{Slug: "lab"}}, Limits: []core.LimitSpec{{Measure: limit.Money, Period: limit.Year, Value: &cap}}},
			{Slug: "seller", Name: "Seller", Projects: []core.ProjectSpec{{Slug: "own"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{
			{Code: "racks", Name: "Racks", Measure: catalog.Count, Fulfilment: catalog.Shipment, Components: []core.ComponentSpec{{Code: "big", Stock: &yes}, {Code: "small", Stock: &yes}},
				Plans: []core.PlanSpec{{Code: "buy", Prices: []core.PriceSpec{{Component: "big", Once: 1000 * 1e10}, {Component: "small", Once: 10 * 1e10}}}}},
			{Code: "storage", Name: "Storage", Measure: catalog.Limits, Fulfilment: catalog.Manual, Approval: catalog.ApproveNever, Consent: catalog.ByRoles,
				Components: []core.ComponentSpec{{Code: "tb", Unit: "TB", Stock: &yes}}, Plans: []core.PlanSpec{{Code: "list", Prices: []core.PriceSpec{{Component: "tb", Each: 20 * 1e10}}}}},
		}}},
		Users: []core.UserSpec{
			{Login: "operator", Staff: &yes, Tokens: []core.TokenSpec{{Value: token(1)}}},
			{Login: "olive", Home: "buyer", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "buyer"}}, Tokens: []core.TokenSpec{{Value: token(2)}}},
			{Login: "max", Home: "buyer", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "lab"}}, Tokens: []core.TokenSpec{{Value: token(3)}}},
		},
	}
}

var racks = client.Placement{Offering: "racks", Amounts: map[string]string{"big": "2", "small": "3"}}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t *testing.T, err error, status int) *client.Problem {
	t.Helper()
	p, ok := err.(*client.Problem)
	if !ok || p.Status != status {
		t.Fatalf("got %#v, want a problem of status %d", err, status)
	}
	return p
}

func TestAnOrderIsPlacedApprovedShippedAndCharged(t *testing.T) {
	staff, buyer, _ := desk(t)
	o := must(buyer.Place(t.Context(), racks, ""))(t)
	if o.State != "pending-provider" || o.Due != "2030" || o.Held != "2030" || len(o.Lines) != 2 || o.Customer.Key != "buyer" || o.Offering.Key != "racks" || o.Door != "native" {
		t.Fatalf("placed: %+v", o)
	}
	o = must(staff.Approve(t.Context(), o.Spellings["outposts"], client.Verdict{}))(t)
	if o.State != "executing" {
		t.Fatalf("approved, it is %s", o.State)
	}
	o = must(staff.Ship(t.Context(), o.Spellings["waldur"], client.Move{Lines: []int{1}, State: "building"}))(t)
	o = must(staff.Ship(t.Context(), o.ID, client.Move{State: "shipped", Carrier: "UPS", Tracking: "1Z1", Assets: []client.Asset{{Name: "A1", MACs: []string{"0a:1b:2c:3d:4e:5f"}}}}))(t)
	for _, l := range o.Lines {
		if l.State != "shipped" || l.Shipment == nil || l.Shipment.Tracking != "1Z1" || l.Shipment.Assets[0].Name != "A1" {
			t.Errorf("shipped: %+v", l)
		}
	}
	o = must(staff.Ship(t.Context(), o.Spellings["modelarts"], client.Move{State: "installed"}))(t)
	if o.State != "done" || o.Outcome != "full" || o.Charged != "2030" || o.Held != "0" || o.EndedAt == nil {
		t.Errorf("installed: %+v", o)
	}
	kinds := []string{}
	for _, e := range o.Entries {
		kinds = append(kinds, e.Kind+" "+e.Component+" "+e.Amount+"/"+e.Quantity)
	}
	if want := "hold big 2000/2, hold small 30/3, capture big 2000/2, capture small 30/3"; strings.Join(kinds, ", ") != want {
		t.Errorf("the ledger has %s, want %s", strings.Join(kinds, ", "), want)
	}
	if v := must(staff.Verify(t.Context()))(t); len(v.Disagrees) > 0 || v.Orders != 1 || v.Entries != 4 || v.Rows <= 4 || v.Rate <= 0 {
		t.Errorf("verified: %+v", v)
	}
	if v := must(staff.VerifyAloud(t.Context(), func(client.Report) {}))(t); len(v.Disagrees) > 0 || v.Orders != 1 || v.Entries != 4 {
		t.Errorf("verified aloud: %+v", v)
	}
}

func TestARefusalTellsEveryFigureOfTheLimit(t *testing.T) {
	_, buyer, _ := desk(t)
	big := client.Placement{Offering: "racks", Amounts: map[string]string{"big": "6"}}
	for _, dry := range []bool{true, false} {
		big.DryRun = dry
		_, err := buyer.Place(t.Context(), big, "")
		p := refused(t, err, http.StatusPaymentRequired)
		want := client.Breach{Scope: "customer", Name: "Buyer", Measure: "money", Period: "year", Unit: "USD", Limit: "5000", Used: "0", Held: "0", Asked: "6000"}
		if len(p.Limits) != 1 || p.Limits[0] != want {
			t.Errorf("dry run %v: limits %+v", dry, p.Limits)
		}
	}
	if l := must(buyer.Orders(t.Context(), client.OrderQuery{}))(t); len(l.Orders) != 0 {
		t.Errorf("what was refused is listed: %+v", l.Orders)
	}
}

func TestADryRunKeepsNothing(t *testing.T) {
	_, buyer, _ := desk(t)
	dry := racks
	dry.DryRun = true
	if o := must(buyer.Place(t.Context(), dry, ""))(t); o.ID != "" || o.Due != "2030" || o.Held != "0" {
		t.Errorf("the dry run says %+v", o)
	}
	if l := must(buyer.Orders(t.Context(), client.OrderQuery{}))(t); len(l.Orders) != 0 {
		t.Errorf("it left %+v", l.Orders)
	}
}

func TestAKeyMakesARequestSafeToRepeat(t *testing.T) {
	_, buyer, _ := desk(t)
	first := must(buyer.Place(t.Context(), racks, "k1"))(t)
	if again := must(buyer.Place(t.Context(), racks, "k1"))(t); again.ID != first.ID {
		t.Errorf("the same key bought twice: %s and %s", first.ID, again.ID)
	}
	_, err := buyer.Place(t.Context(), client.Placement{Offering: "racks", Amounts: map[string]string{"big": "1"}}, "k1")
	if p := refused(t, err, http.StatusConflict); p.Reason != core.ReasonIdempotency {
		t.Errorf("the same key with another body: %+v", p)
	}
	if other := must(buyer.Place(t.Context(), racks, "k2"))(t); other.ID == first.ID {
		t.Error("another key got the first order")
	}
}

func TestTheSameBodyIsTheSameOrderWhereTheDeskIsSetSo(t *testing.T) {
	staff, buyer, url := deskWhere(t, front.SameBody(time.Hour))
	rack := client.Placement{Offering: "racks", Amounts: map[string]string{"big": "1"}}
	first := must(buyer.Place(t.Context(), rack, ""))(t)
	if again := must(buyer.Place(t.Context(), rack, ""))(t); again.ID != first.ID {
		t.Errorf("the same body bought twice: %s and %s", first.ID, again.ID)
	}
	if keyed := must(buyer.Place(t.Context(), rack, "k"))(t); keyed.ID == first.ID {
		t.Error("a key of its own got the first order")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/docket/v1/orders", strings.NewReader(`{"offering":"racks","amounts":{"big":"1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + token(2)}, "Content-Type": {"application/json"}, front.RepeatHeader: {"new"}}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}
	answer.Body.Close()
	must(staff.Reject(t.Context(), first.ID, client.Verdict{Side: "provider"}))(t)
	if anew := must(buyer.Place(t.Context(), rack, ""))(t); anew.ID == first.ID {
		t.Error("an order that was rejected stands in the way of another")
	}
	if l := must(staff.Orders(t.Context(), client.OrderQuery{}))(t); len(l.Orders) != 4 {
		t.Errorf("%d orders, want 4", len(l.Orders))
	}
}

func TestTheWrongStateIsAConflictThatSaysWhichIsRight(t *testing.T) {
	staff, buyer, _ := desk(t)
	o := must(buyer.Place(t.Context(), racks, ""))(t)
	_, err := staff.Ship(t.Context(), o.ID, client.Move{State: "shipped"})
	if p := refused(t, err, http.StatusConflict); !slices.Equal(p.States, []string{"executing"}) || !strings.Contains(p.Error(), "executing") {
		t.Errorf("got %+v", p)
	}
	_, err = staff.Retry(t.Context(), o.ID, client.Verdict{})
	refused(t, err, http.StatusConflict)
	must(buyer.Cancel(t.Context(), o.ID, client.Verdict{Message: "no room"}))(t)
	_, err = buyer.Cancel(t.Context(), o.ID, client.Verdict{})
	refused(t, err, http.StatusConflict)
	if o = must(staff.Order(t.Context(), o.ID))(t); o.State != "canceled" || o.Held != "0" || o.Message != "no room" {
		t.Errorf("canceled: %+v", o)
	}
}

func TestASideIsFoundByTheStateOrNamed(t *testing.T) {
	staff, buyer, url := desk(t)
	member := client.New(url, token(3))
	tb := client.Placement{Offering: "storage", Project: "lab", Amounts: map[string]string{"tb": "2.5"}}
	o := must(member.Place(t.Context(), tb, ""))(t)
	if o.State != "pending-consumer" {
		t.Fatalf("a member's order is %s", o.State)
	}
	_, err := staff.Approve(t.Context(), o.ID, client.Verdict{Side: "provider"})
	refused(t, err, http.StatusConflict)
	_, err = staff.Approve(t.Context(), o.ID, client.Verdict{Side: "both"})
	refused(t, err, http.StatusUnprocessableEntity)
	if o = must(buyer.Approve(t.Context(), o.ID, client.Verdict{}))(t); o.State != "executing" {
		t.Errorf("approved by the payer it is %s", o.State)
	}
	if o = must(staff.Fail(t.Context(), o.ID, client.Verdict{Message: "no disk"}))(t); o.State != "erred" || o.Message != "no disk" || o.Held != "0" {
		t.Errorf("failed: %+v", o)
	}
	if o = must(staff.Retry(t.Context(), o.ID, client.Verdict{}))(t); o.State != "executing" || o.Held != "50" {
		t.Errorf("retried: %+v", o)
	}
	if o = must(staff.Done(t.Context(), o.ID, client.Verdict{}))(t); o.State != "done" || o.Charged != "50" {
		t.Errorf("done: %+v", o)
	}
	charges := must(buyer.Charges(t.Context(), o.ID, ""))(t)
	if len(charges.Charges) != 1 || charges.Currency != "USD" || charges.Resource.ID != o.Resource.ID {
		t.Fatalf("charges: %+v", charges)
	}
	if c := charges.Charges[0]; c.Component != "tb" || c.Amount != "50" || c.ByOrders != "50" || c.Quantity != "2.5" || len(c.Entries) != 0 {
		t.Errorf("charged: %+v", c)
	}
	if o = must(staff.Adjust(t.Context(), o.ID, client.Adjustment{Amount: "-7.50", Message: "a day late"}))(t); o.Charged != "42.5" {
		t.Errorf("adjusted: %+v", o)
	}
	other := must(member.Place(t.Context(), tb, ""))(t)
	if other = must(buyer.Reject(t.Context(), other.ID, client.Verdict{Message: "too dear"}))(t); other.State != "rejected" {
		t.Errorf("rejected: %+v", other)
	}
}

func TestAListIsPagedAndNarrowed(t *testing.T) {
	_, buyer, _ := desk(t)
	var ids []string
	for range 5 {
		ids = append(ids, must(buyer.Place(t.Context(), client.Placement{Offering: "racks", Amounts: map[string]string{"small": "1"}}, ""))(t).ID)
	}
	slices.Reverse(ids)
	var got []string
	q := client.OrderQuery{Limit: 2, States: []string{"pending-provider"}, Customer: "buyer", Project: "lab", Offering: "racks", Door: "native"}
	for pages := 0; pages < 5; pages++ {
		page := must(buyer.Orders(t.Context(), q))(t)
		for _, o := range page.Orders {
			got = append(got, o.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the pages hold %v, want %v", got, ids)
	}
	if page := must(buyer.Orders(t.Context(), client.OrderQuery{States: []string{"done", "erred"}}))(t); len(page.Orders) != 0 || page.Next != "" {
		t.Errorf("done ones: %+v", page)
	}
	_, err := buyer.Orders(t.Context(), client.OrderQuery{States: []string{"lost"}})
	refused(t, err, http.StatusUnprocessableEntity)
	_, err = buyer.Orders(t.Context(), client.OrderQuery{Customer: "nobody"})
	refused(t, err, http.StatusUnprocessableEntity)
}

func TestWhatIsNotOnesOwnIsNotThere(t *testing.T) {
	staff, buyer, url := desk(t)
	o := must(staff.Place(t.Context(), client.Placement{Offering: "racks", Project: "own", Amounts: map[string]string{"small": "1"}}, ""))(t)
	for _, i := range []string{o.ID, "1", "x", "oo-00000000000000001", "order.x-", "-1", strings.Repeat("9", 30)} {
		_, err := buyer.Order(t.Context(), i)
		refused(t, err, http.StatusNotFound)
		_, err = buyer.Cancel(t.Context(), i, client.Verdict{})
		refused(t, err, http.StatusNotFound)
	}
	if _, err := buyer.VerifyAloud(t.Context(), func(client.Report) {}); err == nil || err.(*client.Problem).Status != http.StatusForbidden {
		t.Errorf("a buyer looked through the books: %v", err)
	}
	_, err := buyer.Verify(t.Context())
	refused(t, err, http.StatusForbidden)
	_, err = buyer.Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "mine"}}})
	refused(t, err, http.StatusForbidden)
	_, err = buyer.ImportArchive(t.Context(), client.Archive{Generated: true})
	refused(t, err, http.StatusForbidden)
	for _, secret := range []string{"", token(9), "nonsense"} {
		_, err = client.New(url, secret).Orders(t.Context(), client.OrderQuery{})
		refused(t, err, http.StatusUnauthorized)
	}
}

func TestAWorldIsAppliedOverTheWire(t *testing.T) {
	staff, _, _ := desk(t)
	done := must(staff.Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "new", ApproveOver: "12.50"}}, Users: []client.User{{Login: "nina", Home: "new", Tokens: []client.Token{{}}}}}))(t)
	if len(done.Changes) != 3 || done.Changes[0].Did != "made" || len(done.Keys) != 1 || len(done.Keys[0].Secret) != 40 {
		t.Errorf("applied: %+v", done)
	}
	_, err := staff.Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "new"}, {Slug: "b", ApproveOver: "much"}}})
	if p := refused(t, err, http.StatusUnprocessableEntity); p.Field != "customers[1].approve_over" {
		t.Errorf("the fault is at %q", p.Field)
	}
	_, err = staff.Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "Not one"}}})
	if p := refused(t, err, http.StatusUnprocessableEntity); p.Field != "customers[0].slug" {
		t.Errorf("the fault is at %q", p.Field)
	}
	if in := must(staff.ImportArchive(t.Context(), client.Archive{Generated: true}))(t); in.Tiles == 0 {
		t.Error("no tiles were generated")
	}
}

func TestBrokenRequestsAreProblems(t *testing.T) {
	_, _, url := desk(t)
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no JSON":             {"POST", "/orders", "{", 422},
		"a list":              {"POST", "/orders", "[]", 422},
		"a number for a text": {"POST", "/orders", `{"offering": 3}`, 422},
		"a member too many":   {"POST", "/orders", `{"offring": "racks"}`, 422},
		"no number":           {"POST", "/orders", `{"offering": "racks", "amounts": {"big": "many"}}`, 422},
		"less than nothing":   {"POST", "/orders", `{"offering": "racks", "amounts": {"big": "-1"}}`, 422},
		"beyond all bounds":   {"POST", "/orders", `{"offering": "racks", "amounts": {"big": "9000000000000"}}`, 422},
		"a body too large":    {"POST", "/orders", `{"name": "` + strings.Repeat("x", 2<<20) + `"}`, 413},
		"no such path":        {"GET", "/nothing", "", 404},
		"a limit of nought":   {"GET", "/orders?limit=0", "", 422},
		"no body to ship":     {"POST", "/orders/1/ship", "", 422},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(tt.method, url+"/docket/v1"+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token(2))
			r.Header.Set("Content-Type", "application/json")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			b, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			var p client.Problem
			if err := json.Unmarshal(b, &p); err != nil || p.Status != answer.StatusCode || p.Title == "" || answer.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("answered %s %s", answer.Header.Get("Content-Type"), b)
			}
			if answer.StatusCode != tt.status && !(tt.status == 422 && answer.StatusCode == 400) {
				t.Errorf("answered %d %s, want %d", answer.StatusCode, b, tt.status)
			}
		})
	}
}

func TestAnOrderThatNamesNoOfferingIsOfNone(t *testing.T) {
	_, buyer, _ := desk(t)
	p := racks
	p.Offering = ""
	_, err := buyer.Place(t.Context(), p, "")
	if p := refused(t, err, http.StatusUnprocessableEntity); p.Field != "offering" {
		t.Errorf("refused for %q: %s", p.Field, p.Detail)
	}
}

func TestTheDescriptionIsForAnyone(t *testing.T) {
	_, _, url := desk(t)
	answer, err := http.Get(url + "/docket/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(b, &doc); err != nil || answer.StatusCode != 200 {
		t.Fatalf("%d: %s", answer.StatusCode, b)
	}
	if doc.Paths["/docket/v1/orders/{id}/ship"]["post"] == nil || !bytes.Contains(b, []byte("Every limit that refused")) && !bytes.Contains(b, []byte("customers")) {
		t.Errorf("the description lacks paths: %v", doc.Paths)
	}
}

func TestEveryKindOfRefusalHasAStatus(t *testing.T) {
	for _, k := range core.Kinds() {
		if f, ok := failure[k]; !ok || f.status < 400 || f.title == "" {
			t.Errorf("%s is answered %+v", k, f)
		}
	}
}

func TestEveryStateOfALineHasAWord(t *testing.T) {
	for _, s := range order.LineStates() {
		if lineStates[string(s)] != s {
			t.Errorf("%s has no word", s)
		}
	}
}

func TestAnOrderIsFoundByEverySpelling(t *testing.T) {
	i := id.At(now) + 77
	all := spellings(i, "pool-5ed5")
	all["pool, paid"] = "CS" + strings.ToUpper(i.Base36())
	all["pool, bare"] = i.Base36()
	all["dashed"] = i.Dashed(id.Order)
	for door, s := range all {
		if got, err := parseOrder(s); err != nil || got != i {
			t.Errorf("%s's %s is read as %d, %v", door, s, got, err)
		}
	}
}
