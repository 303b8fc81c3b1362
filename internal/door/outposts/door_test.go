package outposts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/front/fronttest"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

var ctx = context.Background()

// desk is a small world behind the door: aurora and borealis order, ops delivers.
type desk struct {
	t       testing.TB
	core    *core.Core
	handler http.Handler
	mu      sync.Mutex
	at      time.Time
}

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

// pairs are whom Sign-As may name.
var pairs = map[string]auth.Credentials{
	"alice":    {Access: tenant.AccessKey(id.ID(1001)), Secret: "alice-secret-of-twenty-characters"},
	"reader":   {Access: tenant.AccessKey(id.ID(1002)), Secret: "reader-secret-of-twenty-characters"},
	"bob":      {Access: tenant.AccessKey(id.ID(1003)), Secret: "bob-secret-of-twenty-characters"},
	"carol":    {Access: tenant.AccessKey(id.ID(1004)), Secret: "carol-secret-of-twenty-characters"},
	"homeless": {Access: tenant.AccessKey(id.ID(1005)), Secret: "homeless-secret-of-twenty-characters"},
	"stranger": {Access: tenant.AccessKey(id.ID(1006)), Secret: "nobody knows what it may be"},
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}
	store := fresh.Store(t, nil)
	d.core = core.New(store, d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{})
	if _, err := d.core.Apply(ctx, core.System(), world()); err != nil {
		t.Fatal(err)
	}
	d.handler = New(d.core, Options{Scheme: &auth.SigV4{Core: d.core, Service: Name, Now: d.now}})
	return d
}

func rate(s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		panic(err)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

// items are the catalog's, by id.
var items = map[string]string{
	"OR-RACK001": `{"item_class":"RACK","ec2_capacities":[{"Family":"c5","MaxSize":"24xlarge","Quantity":"4"},{"Family":"m5","MaxSize":"24xlarge","Quantity":8}],
		"power_kva":10.5,"weight_lbs":1400,"uplink_gbps":[10,40],"storage":["EBS","S3"],"rack_scaling":"MULTI_RACK"}`,
	"OR-RACK002": `{"item_class":"RACK","ec2_capacities":[{"Family":"r5","MaxSize":"24xlarge","Quantity":"4"}],"power_kva":15,"weight_lbs":1600,"uplink_gbps":[100],"storage":["EBS"]}`,
	"OR-RACKOLD": `{"item_class":"RACK","status":"DISCONTINUED"}`,
	"OR-SERV001": `{"item_class":"SERVER","ec2_capacities":[{"Family":"c6gd","MaxSize":"16xlarge","Quantity":"1"}],"power_kva":1,"weight_lbs":35,"uplink_gbps":[10]}`,
}

func world() core.World {
	yes := true
	hardware := core.OfferingSpec{Code: "hardware", Name: "Hardware", Measure: catalog.Count, Fulfilment: catalog.Shipment, Consent: catalog.Never,
		Approval: catalog.ApproveAlways, Cancel: catalog.CancelPreparing}
	for _, code := range sorted(items) {
		hardware.Components = append(hardware.Components, core.ComponentSpec{Code: code, Name: "Item " + code[3:], Unit: "unit", Stock: &yes, Attrs: json.RawMessage(items[code])})
	}
	for months, term := range paymentTerm {
		for option, wire := range paymentOption {
			p := core.PlanSpec{Code: strings.ToLower(wire + "-" + term), Name: wire + " " + term, Option: option, TermMonths: ptr(months)}
			for _, code := range sorted(items) {
				once, each := rate("60000"), rate("1250")
				if strings.HasPrefix(code, "OR-SERV") {
					once, each = rate("3000"), rate("100.5")
				}
				switch option {
				case catalog.AllUpfront:
					each = 0
				case catalog.NoUpfront:
					once = 0
				}
				p.Prices = append(p.Prices, core.PriceSpec{Component: code, Once: once, Each: each})
			}
			if months != 60 || option == catalog.NoUpfront { // no prices for some: see the refusals
				hardware.Plans = append(hardware.Plans, p)
			}
		}
	}
	slices.SortFunc(hardware.Plans, func(a, b core.PlanSpec) int { return strings.Compare(a.Code, b.Code) })
	desk := core.OfferingSpec{Code: "hpc", Name: "HPC", Measure: catalog.Limits, Fulfilment: catalog.Manual, Consent: catalog.Never,
		Components: []core.ComponentSpec{{Code: "storage", Name: "Storage", Unit: "TB", Stock: &yes}},
		Plans:      []core.PlanSpec{{Code: "month", Name: "Month", Prices: []core.PriceSpec{{Component: "storage", Each: rate("20")}}}}}
	pair := func(who string, n core.Narrowing) []core.PairSpec {
		return []core.PairSpec{{AccessKey: pairs[who].Access, Secret: pairs[who].Secret, Narrowing: n}}
	}
	owner := func(customer string) []core.RoleSpec {
		return []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: customer}}
	}
	return core.World{
		Customers: []core.CustomerSpec{
			{Slug: "aurora", Name: "Aurora", Number: "111122223333", Projects: []core.ProjectSpec{{Slug: "aurora", Name: "Aurora"}}},
			{Slug: "borealis", Name: "Borealis", Number: "444455556666", Projects: []core.ProjectSpec{{Slug: "borealis", Name: "Borealis"}},
				Limits: []core.LimitSpec{{Measure: limit.Money, Offering: "ops/hardware", Period: limit.Year, Value: ptr(50000 * money.Unit)}}},
			{Slug: "ops", Name: "Ops", Number: "777788889999", Projects: []core.ProjectSpec{{Slug: "ops", Name: "Ops"}}},
		},
		Providers: []core.ProviderSpec{{Customer: "ops", Offerings: []core.OfferingSpec{hardware, desk}}},
		Users: []core.UserSpec{
			{Login: "alice", Home: "aurora", Roles: owner("aurora"), Pairs: append(pair("alice", core.Narrowing{}), pair("reader", core.Narrowing{ReadOnly: true})...)},
			{Login: "carol", Home: "aurora", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora"}}, Pairs: pair("carol", core.Narrowing{})},
			{Login: "bob", Home: "borealis", Roles: owner("borealis"), Pairs: pair("bob", core.Narrowing{})},
			{Login: "homeless", Pairs: pair("homeless", core.Narrowing{})},
		},
	}
}

func (d *desk) sign(r *http.Request, who string) error {
	c, ok := pairs[who]
	if !ok {
		return fmt.Errorf("nobody is called %s", who)
	}
	c.Region, c.Service = "eu-north-1", Name
	if other := r.Header.Get("Test-Region"); other != "" {
		c.Region = other
	}
	at := d.now()
	if off := r.Header.Get("Test-Clock"); off != "" {
		by, err := time.ParseDuration(off)
		if err != nil {
			return err
		}
		at = at.Add(by)
	}
	r.Header.Del("Test-Region")
	r.Header.Del("Test-Clock")
	return auth.SignV4(r, c, at)
}

// provide are the other side's steps: what the operator's staff do about an order.
func (d *desk) provide() map[string]func(args ...string) error {
	act := func(o string, a order.Act, v core.Verdict) error {
		i, err := id.ParseHex17(orderPrefix, o)
		if err != nil {
			return err
		}
		_, err = d.core.Act(ctx, core.Actor{User: tenant.User{ID: 1, Staff: true}}, i, a, v)
		return err
	}
	return map[string]func(args ...string) error{
		"advance": func(args ...string) error {
			by, err := time.ParseDuration(args[0])
			d.mu.Lock()
			defer d.mu.Unlock()
			d.at = d.at.Add(by)
			return err
		},
		"approve": func(args ...string) error { return act(args[0], order.ApproveProvider, core.Verdict{}) },
		"reject":  func(args ...string) error { return act(args[0], order.RejectProvider, core.Verdict{}) },
		"fail":    func(args ...string) error { return act(args[0], order.Fail, core.Verdict{Message: "Lost at sea."}) },
		// move ORDER LINE STATE [CARRIER TRACKING ASSET MAC]
		"move": func(args ...string) error {
			line, err := strconv.Atoi(args[1])
			if err != nil {
				return err
			}
			m := core.Moved{Line: line, To: order.LineState(args[2])}
			if len(args) > 3 {
				m.Shipment = &order.Shipment{Carrier: args[3], Tracking: args[4], Assets: []order.Piece{{Name: args[5], MACs: []string{args[6]}}}}
			}
			return act(args[0], order.MoveLine, core.Verdict{Lines: []core.Moved{m}})
		},
		"storage": d.orderStorage,
		"replace": d.replace,
	}
}

// orderStorage places an order of another kind, as another door would.
func (d *desk) orderStorage(args ...string) error {
	return d.as("alice", func(who core.Actor) error {
		who.Door = "waldur"
		var off id.ID
		err := d.core.View(ctx, who, func(s *core.Scene) error { sh, err := s.OfferingByCode("hpc"); off = sh.Offering.ID; return err })
		if err != nil {
			return err
		}
		quantity, err := money.ParseMicro(args[0])
		if err != nil {
			return err
		}
		_, err = d.core.PlaceOrder(ctx, who, core.Placement{Offering: off, Asks: []core.Ask{{Component: "storage", Quantity: quantity}}})
		return err
	})
}

// replace sends another piece for a line that was installed.
func (d *desk) replace(args ...string) error {
	was, err := id.ParseHex17(orderPrefix, args[0])
	if err != nil {
		return err
	}
	return d.as("alice", func(who core.Actor) error {
		_, err := d.core.PlaceOrder(ctx, who, core.Placement{Type: order.Update, Resource: was, Free: true,
			Asks: []core.Ask{{Component: args[1], Quantity: money.Unit, Replaces: was.Decimal() + "/1"}}})
		return err
	})
}

func (d *desk) as(who string, do func(core.Actor) error) error {
	i, err := tenant.ParseAccessKey(pairs[who].Access)
	if err != nil {
		return err
	}
	h, err := d.core.Holder(ctx, i)
	if err != nil {
		return err
	}
	return do(h.Actor)
}

func TestEveryCallAnswersAsItsConversationSays(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/*.txtar", fronttest.Options{
		Headers: []string{"Content-Type", "X-Amzn-Errortype"},
		New: func(t *testing.T) (http.Handler, fronttest.Options) {
			d := newDesk(t)
			return d.handler, fronttest.Options{Sign: d.sign, Do: d.provide()}
		},
	})
}

func TestConversationsWhereTheSameBodyIsTheSameOrder(t *testing.T) {
	fronttest.Replay(t, nil, "testdata/repeat/*.txtar", fronttest.Options{New: func(t *testing.T) (http.Handler, fronttest.Options) {
		d := newDesk(t)
		return New(d.core, Options{Scheme: &auth.SigV4{Core: d.core, Service: Name, Now: d.now}, Repeat: front.SameBody(10 * time.Minute)}),
			fronttest.Options{Sign: d.sign, Do: d.provide()}
	}})
}

func TestEveryWordOfTheCoreHasANameHere(t *testing.T) {
	for _, s := range order.States() {
		if orderStatus[s] == "" {
			t.Errorf("order state %s has no name", s)
		}
	}
	for _, s := range order.LineStates() {
		if lineStatus[s] == "" {
			t.Errorf("line state %s has no name", s)
		}
		if _, ok := lineStage[s]; !ok {
			t.Errorf("line state %s has no stage", s)
		}
	}
	for _, s := range order.ResourceStates() {
		if subscriptionStatus[s] == "" || !slices.Contains(computeAssetState, assetState[s]) {
			t.Errorf("resource state %s has no name", s)
		}
	}
	for _, k := range core.Kinds() {
		if failure[k].name == "" || failure[k].status < 400 {
			t.Errorf("kind %s has no failure", k)
		}
	}
	for _, name := range paymentOption {
		if !slices.Contains(payOption, name) {
			t.Errorf("payment option %s is none of the model's", name)
		}
	}
	for _, name := range paymentTerm {
		if !slices.Contains(payTerm, name) {
			t.Errorf("payment term %s is none of the model's", name)
		}
	}
}

func TestAnExecutingOrderIsNamedByItsLines(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []order.LineState
		want  string
	}{
		"nothing was begun":                         {[]order.LineState{order.Preparing, order.Preparing}, "PREPARING"},
		"it has no lines":                           {nil, "PREPARING"},
		"one line is being built":                   {[]order.LineState{order.Building, order.Preparing}, "IN_PROGRESS"},
		"one line arrived, the other has not begun": {[]order.LineState{order.Delivered, order.Preparing}, "IN_PROGRESS"},
		"all arrived":                               {[]order.LineState{order.Delivered, order.Installing}, "DELIVERED"},
		"all that will come arrived":                {[]order.LineState{order.Delivered, order.LineCanceled, order.LineErred}, "DELIVERED"},
		"a line went wrong":                         {[]order.LineState{order.LineErred, order.Preparing}, "IN_PROGRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			p := core.Placed{Order: order.Order{State: order.Executing}}
			for _, s := range tt.lines {
				p.Lines = append(p.Lines, order.Line{State: s})
			}
			if got := status(p); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAComponentThatIsNoHardwareIsSpeltLikeACatalogItem(t *testing.T) {
	seen := map[string]string{}
	for _, code := range []string{"", "cpu", "fresh", "modelarts.vm.cpu.2u.d", "storage", "OR-lower00"} {
		got := spellItem(catalog.Component{Code: code})
		if !skuCode.pattern.MatchString(got) || seen[got] != "" {
			t.Errorf("%q is spelt %s, as is %q", code, got, seen[got])
		}
		seen[got] = code
	}
	if got := spellItem(catalog.Component{Code: "OR-A1B2C3D"}); got != "OR-A1B2C3D" {
		t.Errorf("an item is spelt %s", got)
	}
}

func TestAMessageKeepsWithinTheShapesBounds(t *testing.T) {
	got := message(failure[core.Invalid], &core.Error{Kind: core.Invalid, Msg: strings.Repeat("é\t", 1200)})
	if n := len([]rune(got)); n != 1000 || strings.ContainsAny(got, "\t\n") {
		t.Errorf("a message of %d characters: %.40q", n, got)
	}
	if got := message(failure[core.Internal], &core.Error{Kind: core.Internal, Msg: "disk 7 on fire"}); strings.Contains(got, "disk") {
		t.Errorf("what went wrong inside was told: %s", got)
	}
}

func FuzzIdentifiers(f *testing.F) {
	f.Add("arn:aws:outposts:eu-north-1:111122223333:outpost/op-00000000000000001")
	f.Add("op-0123456789abcdef0")
	f.Add("os-fffffffffffffffff")
	f.Fuzz(func(t *testing.T, s string) {
		i := parse(s)
		if i.id != 0 && !strings.HasSuffix(s, fmt.Sprintf("%017x", int64(i.id))) {
			t.Errorf("%q was read as %d", s, i.id)
		}
		if i.account != "" && !anyARN.pattern.MatchString(s) {
			t.Errorf("%q passes for an ARN", s)
		}
	})
}

var _ front.Scheme = (*auth.SigV4)(nil)
