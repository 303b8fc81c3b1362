package e2e

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/id"
)

// client names the virtual environment that goes through each door.
var client = map[string]string{"ard": "ard", "outposts": "aws", "modelarts": "huawei", "waldur": "waldur"}

// spell and number are each door's way of writing an order's id.
var (
	spell = map[string]func(id.ID) string{
		"ard":       id.ID.Decimal,
		"outposts":  func(i id.ID) string { return i.Hex17("oo-") },
		"modelarts": id.ID.Base36,
		"waldur":    func(i id.ID) string { return i.UUID(id.Order) },
	}
	number = map[string]func(string) (id.ID, error){
		"ard":       id.ParseDecimal,
		"outposts":  func(s string) (id.ID, error) { return id.ParseHex17("oo-", s) },
		"modelarts": id.ParseBase36,
		"waldur":    func(s string) (id.ID, error) { return id.ParseUUID(id.Order, s) },
	}
)

// placed is what a client said of the order it placed.
type placed struct {
	Door       string
	ID         string
	Number     id.ID
	Quantities map[string]float64 // by component code
	Charged    float64            // where the client can tell
	Metered    float64            // cost of the usage reported afterwards

	Acquisitions []any
	Output       map[string]any
	Outpost      string
	Order, Pool  string
}

// shown is what the operator's command line tells of an order.
type shown struct {
	State   string `json:"state"`
	Outcome string `json:"outcome"`
	Due     string `json:"due"`
	Held    string `json:"held"`
	Charged string `json:"charged"`
}

func (d *desk) show(t *testing.T, order string) shown {
	t.Helper()
	return decode[shown](t, d.docket(t, "order", "show", order, "--json"))
}

func (d *desk) cross(t *testing.T, door string, args ...string) string {
	t.Helper()
	script := filepath.Join(root, "e2e", "clients", client[door], "cross.py")
	return d.python(t, client[door], append([]string{script}, args...)...)
}

func (d *desk) place(t *testing.T, door, how string) placed {
	t.Helper()
	p := decode[placed](t, d.cross(t, door, how))
	p.Door = door
	n, err := number[door](p.ID)
	if err != nil {
		t.Fatalf("%s placed %q: %v", door, p.ID, err)
	}
	p.Number = n
	return p
}

func amount(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func same(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// equal fails with the name of what is not as the table of the doors says.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestOneOrderOfEachDoorIsTheSameOrderInAllFour reads each order through every
// door and compares what each says of its money with the ledger.
func TestOneOrderOfEachDoorIsTheSameOrderInAllFour(t *testing.T) {
	needsClients(t)
	d := empty(t)
	var orders []placed
	for _, door := range slices.Sorted(maps.Keys(client)) {
		orders = append(orders, d.place(t, door, "place"))
	}
	views := map[string]func(*testing.T, *desk, placed, shown){
		"ard": seenThroughARD, "outposts": seenThroughOutposts, "modelarts": seenThroughModelArts, "waldur": seenThroughWaldur,
	}
	spent := 0.0
	for _, o := range orders {
		told := d.show(t, o.ID)
		t.Run("the ledger of the one placed through "+o.Door, func(t *testing.T) {
			equal(t, "state", told.State, "done")
			equal(t, "outcome", told.Outcome, "full")
			equal(t, "held", amount(t, told.Held), 0)
			equal(t, "charged", told.Charged, told.Due)
			if o.Charged != 0 && !same(amount(t, told.Charged), o.Charged) {
				t.Errorf("charged %s, and the client says %v", told.Charged, o.Charged)
			}
			for door, as := range spell {
				if got := d.show(t, as(o.Number)); got != told {
					t.Errorf("by its id as %s spells it the order shows as %+v, not %+v", door, got, told)
				}
			}
		})
		if o.Door == "ard" {
			spent = amount(t, told.Charged)
		}
		for door, view := range views {
			t.Run(o.Door+" seen through "+door, func(t *testing.T) { view(t, d, o, told) })
		}
	}
	if got := decode[float64](t, d.cross(t, "ard", "spent")); !same(got, spent) {
		t.Errorf("the account's imagery usage is %v, and the only imagery order was charged %v", got, spent)
	}
	d.verified(t)
	d.stop(t)
	d.verified(t) // at rest, too
}

func seenThroughARD(t *testing.T, d *desk, o placed, told shown) {
	got := decode[struct {
		Status, Message string
		Acquisitions    []any
		Output          map[string]any
		Usage           *struct {
			Area, Cost map[string]any
		}
		Listed bool
	}](t, d.cross(t, "ard", "read", spell["ard"](o.Number)))
	equal(t, "status", got.Status, "SUCCEEDED")
	equal(t, "listed", got.Listed, true)
	if o.Door == "ard" {
		equal(t, "acquisitions", fmt.Sprint(got.Acquisitions), fmt.Sprint(o.Acquisitions))
		equal(t, "output_config", fmt.Sprint(got.Output), fmt.Sprint(o.Output))
		if got.Usage == nil || !same(got.Usage.Cost["total_imagery_cost"].(float64), amount(t, told.Charged)) {
			t.Errorf("usage %+v, want a cost of %s", got.Usage, told.Charged)
		}
		return
	}
	equal(t, "acquisitions", len(got.Acquisitions), 0)
	equal(t, "output_config", fmt.Sprint(got.Output), fmt.Sprint(map[string]any{"bucket": "", "prefix": ""}))
	if got.Usage != nil {
		t.Errorf("usage %+v of what is no imagery, want null", got.Usage)
	}
	if cost := strconv.FormatFloat(amount(t, told.Charged), 'f', 2, 64); !strings.Contains(strings.ReplaceAll(got.Message, ",", ""), cost) {
		t.Errorf("status_message %q does not name the cost %s", got.Message, cost)
	}
}

var foreignItem = regexp.MustCompile(`^OR-[A-Z0-9]{7}$`)

func seenThroughOutposts(t *testing.T, d *desk, o placed, _ shown) {
	got := decode[struct {
		Order struct {
			OrderID                                       string `json:"OrderId"`
			OutpostID                                     string `json:"OutpostId"`
			Status, OrderType, PaymentOption, PaymentTerm string
			OrderSubmissionDate, OrderFulfilledDate       string
			LineItems                                     []struct {
				Status        string
				CatalogItemId string
				Quantity      int64
			}
		}
		Outpost         bool
		Orderable       []string
		Listed          bool
		ListedByOutpost bool `json:"listed_by_outpost"`
	}](t, d.cross(t, "outposts", "read", spell["outposts"](o.Number)))
	equal(t, "OrderId", got.Order.OrderID, spell["outposts"](o.Number))
	equal(t, "Status", got.Order.Status, "COMPLETED")
	equal(t, "OrderType", got.Order.OrderType, "OUTPOST")
	equal(t, "listed", got.Listed, true)
	if got.Order.OrderSubmissionDate == "" || got.Order.OrderFulfilledDate == "" {
		t.Errorf("submitted %q, fulfilled %q", got.Order.OrderSubmissionDate, got.Order.OrderFulfilledDate)
	}
	sum, want := int64(0), int64(0)
	end := "DELIVERED" // where a line ends well that nobody installs
	if o.Door == "outposts" {
		end = "INSTALLED"
	}
	for _, line := range got.Order.LineItems {
		equal(t, "line status", line.Status, end)
		sum += line.Quantity
		if !foreignItem.MatchString(line.CatalogItemId) {
			t.Errorf("CatalogItemId %q", line.CatalogItemId)
		}
	}
	for _, q := range o.Quantities {
		want += int64(math.Ceil(q))
	}
	if o.Door == "waldur" {
		want += 2 // setup, of which there is one, and cpu: the wire has no line of nothing
	}
	equal(t, "sum of quantities", sum, want)
	if o.Door == "outposts" {
		equal(t, "OutpostId", got.Order.OutpostID, o.Outpost)
		equal(t, "outpost there", got.Outpost, true)
		equal(t, "listed by outpost", got.ListedByOutpost, true)
		equal(t, "payment", got.Order.PaymentOption+" "+got.Order.PaymentTerm, "PARTIAL_UPFRONT THREE_YEARS")
		equal(t, "orderable", fmt.Sprint(got.Orderable), fmt.Sprint(slices.Collect(maps.Keys(o.Quantities))))
		return
	}
	equal(t, "OutpostId", got.Order.OutpostID, o.Number.Hex17("op-")) // a resource has its first order's id
	equal(t, "outpost there", got.Outpost, false)
	equal(t, "payment", got.Order.PaymentOption+" "+got.Order.PaymentTerm, "NO_UPFRONT ")
	equal(t, "orderable", len(got.Orderable), 0)
}

func seenThroughModelArts(t *testing.T, d *desk, o placed, _ shown) {
	got := decode[struct {
		Order struct {
			OrderName, OrderID, ResourceName, WorkspaceID, Operation, Phase, Result string
			BillingMode, PeriodType, PeriodNum                                      string
			SpecCount                                                               []struct {
				Flavor string
				Count  int64
			}
		}
		Details struct {
			Count int
			Items []struct{ Status string }
		}
		ListedByResource bool `json:"listed_by_resource"`
		InPools          bool `json:"in_pools"`
	}](t, d.cross(t, "modelarts", "read", spell["modelarts"](o.Number)))
	equal(t, "operation, phase, result", strings.Join([]string{got.Order.Operation, got.Order.Phase, got.Order.Result}, " "), "apply successed successed")
	equal(t, "workspaceId", got.Order.WorkspaceID, "0")
	equal(t, "listed by its resource", got.ListedByResource, true)
	equal(t, "in the list of pools", got.InPools, o.Door == "modelarts")
	if want := "order."; !strings.HasPrefix(got.Order.OrderName, want) {
		t.Errorf("orderName %q", got.Order.OrderName)
	}
	for _, item := range got.Details.Items {
		equal(t, "detail's status", item.Status, "succeed")
	}
	counts := map[string]int64{}
	for _, c := range got.Order.SpecCount {
		counts[c.Flavor] = c.Count
	}
	for code, quantity := range o.Quantities {
		equal(t, "specCount of "+code, counts[code], int64(math.Ceil(quantity)))
	}
	if o.Door == "modelarts" {
		equal(t, "resourceName", got.Order.ResourceName, o.Pool)
		equal(t, "billing", got.Order.BillingMode+got.Order.PeriodType+got.Order.PeriodNum, "000")
		return
	}
	if want := "-" + o.Number.UUID(id.Resource); !strings.HasSuffix(got.Order.ResourceName, want) {
		t.Errorf("resourceName %q does not end in %s", got.Order.ResourceName, want)
	}
	if o.Door != "outposts" { // its plan has a term, which is a period of years
		equal(t, "billing", got.Order.BillingMode+got.Order.PeriodType+got.Order.PeriodNum, "000")
	}
}

func seenThroughWaldur(t *testing.T, d *desk, o placed, told shown) {
	got := decode[struct {
		Order, Resource   map[string]any
		Usages            map[string]string
		Listed            bool
		Customer, Project string
	}](t, d.cross(t, "waldur", "read", spell["waldur"](o.Number)))
	bare := func(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "-", "") }
	equal(t, "uuid", bare(got.Order["uuid"]), spell["waldur"](o.Number))
	equal(t, "state", fmt.Sprint(got.Order["state"]), "done")
	equal(t, "type", fmt.Sprint(got.Order["type"]), "Create")
	equal(t, "listed", got.Listed, true)
	equal(t, "customer", bare(got.Order["customer_uuid"]), got.Customer)
	equal(t, "project", bare(got.Order["project_uuid"]), got.Project)
	equal(t, "resource", bare(got.Order["marketplace_resource_uuid"]), o.Number.UUID(id.Resource))
	equal(t, "resource's state", fmt.Sprint(got.Resource["state"]), "OK")
	if cost := amount(t, fmt.Sprint(got.Order["cost"])); !same(cost, amount(t, told.Due)) {
		t.Errorf("cost %v, and the ledger says %s was due", cost, told.Due)
	}
	limits, _ := got.Order["limits"].(map[string]any)
	for code, quantity := range o.Quantities {
		equal(t, "limit of "+code, fmt.Sprint(limits[code]), fmt.Sprint(math.Floor(quantity)))
	}
	if o.Door == "waldur" {
		equal(t, "usage of cpu", amount(t, got.Usages["cpu"]), 10.5)
	}
}

// TestWhatOneClientPlacesAnotherOneDecides crosses doors with acts, not reads.
func TestWhatOneClientPlacesAnotherOneDecides(t *testing.T) {
	needsClients(t)
	d := empty(t)

	owed := d.place(t, "modelarts", "unpaid")
	equal(t, "unpaid pool", decode[map[string]string](t, d.cross(t, "modelarts", "pool", owed.Pool))["phase"], "Waiting")
	d.cross(t, "waldur", "approve", spell["waldur"](owed.Number))
	equal(t, "pool paid for elsewhere", decode[map[string]string](t, d.cross(t, "modelarts", "pool", owed.Pool))["phase"], "Running")
	equal(t, "its order", d.show(t, owed.ID).State, "done")

	hardware := d.place(t, "outposts", "open")
	d.cross(t, "waldur", "cancel", spell["waldur"](hardware.Number))
	read := decode[map[string]any](t, d.cross(t, "outposts", "read", hardware.ID))
	equal(t, "hardware cancelled elsewhere", fmt.Sprint(read["order"].(map[string]any)["Status"]), "CANCELLED")

	allocation := d.place(t, "waldur", "open")
	d.cross(t, "outposts", "cancel", spell["outposts"](allocation.Number))
	told := d.show(t, allocation.ID)
	equal(t, "allocation cancelled elsewhere", told.State, "canceled")
	equal(t, "held", amount(t, told.Held), 0)

	d.verified(t)
	d.stop(t)
}
