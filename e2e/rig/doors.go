package rig

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/id"
)

// Door places orders on one vendor's wire. A key is a client's own name for one order: an
// order asked for again by its key, after an answer that never came, is that order.
type Door interface {
	Name() string
	// Place asks once for n units, at 1.00 each where the door sells such. Again tells that
	// the key was sent before without an answer: a client whose wire has no key of its own
	// then looks first whether there is such an order.
	Place(ctx context.Context, key string, n int, again bool) Result
}

// Doors are all of them, each with what has to be there before an order is placed. The
// desk runs.
func Doors(t testing.TB, d *Desk) []Door {
	t.Helper()
	ctx := t.Context()
	all := []Door{&native{d: d}}
	out := &outposts{d: d}
	ard := &ard{d: d}
	pools := &modelarts{d: d}
	waldur := &waldur{d: d}
	for _, prepare := range []func(context.Context) error{out.prepare, ard.prepare, pools.prepare, waldur.prepare} {
		if err := prepare(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return append(all, out, ard, pools, waldur)
}

// DoorOf finds one by name.
func DoorOf(doors []Door, name string) Door {
	for _, d := range doors {
		if d.Name() == name {
			return d
		}
	}
	return nil
}

func found(r Result, i id.ID, err error) Result {
	if r.Outcome != Done {
		return r
	}
	if err != nil {
		return Result{Err: fmt.Errorf("an order was answered that has no id: %w: %s", err, r.Body)}
	}
	r.ID = i
	return r
}

// native is Docket's own API: Idempotency-Key.
type native struct{ d *Desk }

func (*native) Name() string { return "native" }

func (n *native) Place(ctx context.Context, key string, many int, _ bool) Result {
	return n.d.Place(ctx, key, client.Placement{Offering: Storage, Name: key, Amounts: map[string]string{Component: strconv.Itoa(many)}})
}

// Place places an order of any kind on the native API, as the buyer.
func (d *Desk) Place(ctx context.Context, key string, p client.Placement) Result {
	var o client.Order
	r := ask(ctx, request{method: http.MethodPost, url: d.Root() + "/docket/v1/orders", body: p,
		header: map[string]string{"Authorization": "Bearer " + d.Keys.Buyer, "Idempotency-Key": key}}, &o)
	if p.DryRun {
		return r
	}
	i, err := id.ParseDecimal(o.ID)
	return found(r, i, err)
}

// Act does an act on an order over the native API, under a key. State is what the answer
// says of the order.
func (d *Desk) Act(ctx context.Context, token string, i id.ID, act, key string, body any) (r Result, state string) {
	var o client.Order
	r = ask(ctx, request{method: http.MethodPost, url: d.Root() + "/docket/v1/orders/" + i.Decimal() + "/" + act, body: body,
		header: map[string]string{"Authorization": "Bearer " + token, "Idempotency-Key": key}}, &o)
	return r, o.State
}

// outposts is the hardware door: the SDKs' invocation id.
type outposts struct {
	d       *Desk
	outpost string
}

func (*outposts) Name() string { return "outposts" }

func (o *outposts) request(method, path, invocation string, body any) request {
	q := request{method: method, url: o.d.Root() + path, body: body, sign: o.d.Keys.signed}
	if invocation != "" {
		q.header = map[string]string{"Amz-Sdk-Invocation-Id": invocation}
	}
	return q
}

func (o *outposts) prepare(ctx context.Context) error {
	address := map[string]any{"ContactName": "Alice", "ContactPhoneNumber": "+4532123456", "AddressLine1": "Observatory Road 7", "City": "Aarhus", "StateOrRegion": "Midtjylland",
		"PostalCode": "8000", "CountryCode": "DK"}
	var site struct{ Site struct{ SiteId string } }
	if err := read(ctx, o.request(http.MethodPost, "/sites", "site", map[string]any{"Name": "Site", "OperatingAddress": address, "ShippingAddress": address}), &site); err != nil {
		return err
	}
	var made struct{ Outpost struct{ OutpostId string } }
	err := read(ctx, o.request(http.MethodPost, "/outposts", "outpost", map[string]any{"Name": "Outpost", "SiteId": site.Site.SiteId, "AvailabilityZone": region + "a"}), &made)
	o.outpost = made.Outpost.OutpostId
	return err
}

func (o *outposts) Place(ctx context.Context, key string, n int, _ bool) Result {
	var made struct{ Order struct{ OrderId string } }
	r := ask(ctx, o.request(http.MethodPost, "/orders", key, map[string]any{"OutpostIdentifier": o.outpost, "PaymentOption": "ALL_UPFRONT", "PaymentTerm": "THREE_YEARS",
		"LineItems": []map[string]any{{"CatalogItemId": rack, "Quantity": n}}}), &made)
	i, err := id.ParseHex17("oo-", made.Order.OrderId)
	return found(r, i, err)
}

// CancelOutposts cancels an order as an AWS client does.
func (d *Desk) CancelOutposts(ctx context.Context, i id.ID, key string) Result {
	o := outposts{d: d}
	return ask(ctx, o.request(http.MethodPost, "/orders/"+i.Hex17("oo-")+"/cancel", key, nil), nil)
}

// ard is the imagery door: a body sent again within the hour is the same order.
type ard struct {
	d        *Desk
	selected string
}

func (*ard) Name() string { return "ard" }

func (a *ard) request(path string, body any) request {
	return request{method: http.MethodPost, url: a.d.Root() + "/api/v1" + path, body: body, header: map[string]string{"Authorization": "Bearer " + a.d.Keys.Buyer}}
}

func (a *ard) prepare(ctx context.Context) error {
	var sel struct {
		ID string `json:"id"`
	}
	err := read(ctx, a.request("/select/", map[string]any{"bbox": []float64{-106.62, 35.23, -106.61, 35.24}, "query": map[string]any{}, "image_age_category": []string{"fresh"},
		"stack_depth": 1}), &sel)
	a.selected = sel.ID
	return err
}

// Place orders what was selected; there is one amount of it.
func (a *ard) Place(ctx context.Context, key string, _ int, _ bool) Result {
	var o struct {
		ID string `json:"id"`
	}
	r := ask(ctx, a.request("/order/", map[string]any{"select_id": a.selected, "output_config": map[string]any{"bucket": bucketName, "prefix": key},
		"settings": map[string]any{"bundle_adjust": false}, "metadata": map[string]any{"key": key}}), &o)
	i, err := id.ParseDecimal(o.ID)
	return found(r, i, err)
}

// modelarts is the pool door: a name, which no two live pools share.
type modelarts struct {
	d       *Desk
	network string
	project string
}

func (*modelarts) Name() string { return "modelarts" }

func (m *modelarts) request(method, path string, body any) request {
	return request{method: method, url: m.d.Root() + path[:3] + "/" + m.project + path[3:], body: body, header: map[string]string{"X-Project-Id": m.project}, sign: m.d.Keys.signedSDK}
}

func (m *modelarts) prepare(ctx context.Context) error {
	project, err := m.d.projectID(ctx)
	if err != nil {
		return err
	}
	m.project = project.UUID(id.Project)
	type network struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	var made network
	err = read(ctx, m.request(http.MethodPost, "/v1/networks", map[string]any{"apiVersion": "v1", "kind": "Network", "spec": map[string]any{"cidr": "192.168.0.0/16"},
		"metadata": map[string]any{"labels": map[string]string{"os.modelarts/name": "network", "os.modelarts/workspace.id": "0"}}}), &made)
	m.network = made.Metadata.Name
	return err
}

func (m *modelarts) Place(ctx context.Context, key string, n int, again bool) Result {
	if again {
		if r := m.find(ctx, key); r.Outcome != Refused {
			return r
		}
	}
	var pool struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	r := ask(ctx, m.request(http.MethodPost, "/v2/pools", map[string]any{"apiVersion": "v2", "kind": "Pool",
		"metadata": map[string]any{"labels": map[string]string{"os.modelarts/name": key, "os.modelarts/workspace.id": "0"}},
		"spec": map[string]any{"type": "Dedicate", "scope": []string{"Train"}, "network": map[string]string{"name": m.network},
			"resources": []map[string]any{{"flavor": flavor, "count": n}}}}), &pool)
	i, err := orderNamed(pool.Metadata.Labels["os.modelarts/order.name"])
	return found(r, i, err)
}

// find looks for the order of a pool; Refused where there is none.
func (m *modelarts) find(ctx context.Context, key string) Result {
	var list struct {
		Items []struct {
			Name string `json:"orderName"`
		} `json:"items"`
	}
	r := ask(ctx, m.request(http.MethodGet, "/v1/orders?limit=500&involvedName="+url.QueryEscape(key), nil), &list)
	if r.Outcome == Done && len(list.Items) == 0 {
		r.Outcome = Refused
	}
	if r.Outcome != Done {
		return r
	}
	i, err := orderNamed(list.Items[0].Name)
	return found(r, i, err)
}

// orderNamed reads an order's name: a prefix, and after the last hyphen the id.
func orderNamed(name string) (id.ID, error) {
	return id.ParseBase36(name[strings.LastIndex(name, "-")+1:])
}

// waldur is the allocations door. It has no key: its clients look by name.
type waldur struct {
	d                       *Desk
	offering, plan, project string
}

func (*waldur) Name() string { return "waldur" }

func (w *waldur) request(method, path, token string, body any) request {
	return request{method: method, url: w.d.Root() + "/api/" + path, body: body, header: map[string]string{"Authorization": "Token " + token}}
}

func (w *waldur) prepare(ctx context.Context) error {
	var list []struct {
		UUID  string `json:"uuid"`
		Slug  string `json:"slug"`
		Plans []struct {
			UUID string `json:"uuid"`
		} `json:"plans"`
	}
	if err := read(ctx, w.request(http.MethodGet, "marketplace-public-offerings/?page_size=100", w.d.Keys.Buyer, nil), &list); err != nil {
		return err
	}
	for _, o := range list {
		if o.Slug == Storage && len(o.Plans) > 0 {
			w.offering, w.plan = o.UUID, o.Plans[0].UUID
		}
	}
	if w.offering == "" {
		return fmt.Errorf("no offering %s among %v", Storage, list)
	}
	project, err := w.d.projectID(ctx)
	w.project = project.UUID(id.Project)
	return err
}

func (w *waldur) Place(ctx context.Context, key string, n int, again bool) Result {
	if again {
		if r := w.find(ctx, key); r.Outcome != Refused {
			return r
		}
	}
	root := w.d.Root() + "/api/"
	offering := root + "marketplace-public-offerings/" + w.offering + "/"
	var made struct {
		UUID string `json:"uuid"`
	}
	r := ask(ctx, w.request(http.MethodPost, "marketplace-orders/", w.d.Keys.Buyer, map[string]any{"offering": offering, "plan": offering + "plans/" + w.plan + "/",
		"project": root + "projects/" + w.project + "/", "attributes": map[string]any{"name": key}, "limits": map[string]any{Component: n}, "accepting_terms_of_service": true}), &made)
	i, err := id.ParseUUID(id.Order, made.UUID)
	return found(r, i, err)
}

// find looks for the order of a name; Refused where there is none.
func (w *waldur) find(ctx context.Context, key string) Result {
	var list []struct {
		UUID string `json:"uuid"`
		Name string `json:"resource_name"`
	}
	r := ask(ctx, w.request(http.MethodGet, "marketplace-orders/?page_size=100&resource_name="+url.QueryEscape(key), w.d.Keys.Buyer, nil), &list)
	if r.Outcome != Done {
		return r
	}
	for _, o := range list {
		if o.Name == key {
			i, err := id.ParseUUID(id.Order, o.UUID)
			return found(r, i, err)
		}
	}
	r.Outcome = Refused
	return r
}

// ActWaldur does an act on an order as the provider's Waldur client does.
func (d *Desk) ActWaldur(ctx context.Context, i id.ID, act string) Result {
	w := waldur{d: d}
	return ask(ctx, w.request(http.MethodPost, "marketplace-orders/"+i.UUID(id.Order)+"/"+act+"/", d.Keys.Provider, map[string]any{}), nil)
}

// projectID is the buyer's project: that of an order that is quoted and not placed has it.
func (d *Desk) projectID(ctx context.Context) (id.ID, error) {
	var o client.Order
	err := read(ctx, request{method: http.MethodPost, url: d.Root() + "/docket/v1/orders", header: map[string]string{"Authorization": "Bearer " + d.Keys.Buyer},
		body: client.Placement{Offering: Bench, Amounts: map[string]string{Component: "1"}, DryRun: true}}, &o)
	if err != nil {
		return 0, err
	}
	return id.ParseDecimal(o.Project.ID)
}

// Reprice has what was selected cost 1.00, whatever its area is.
func (a *ard) Reprice(t testing.TB) {
	t.Helper()
	type quote struct {
		Usage struct {
			Area struct {
				Total float64 `json:"total_imagery_sqkm"`
			} `json:"area"`
			Cost struct {
				Total float64 `json:"total_imagery_cost"`
			} `json:"cost"`
		} `json:"usage"`
	}
	ask := func() quote {
		var q quote
		if err := read(t.Context(), a.request("/order/", map[string]any{"select_id": a.selected, "output_config": map[string]any{"bucket": bucketName}, "dry_run": true}), &q); err != nil {
			t.Fatal(err)
		}
		return q
	}
	each := strconv.FormatFloat(1/ask().Usage.Area.Total, 'f', 10, 64)
	_, err := a.d.Staff().Apply(t.Context(), client.World{Providers: []client.Provider{{Customer: operations, Offerings: []client.Offering{{Code: "archive",
		Plans: []client.Plan{{Code: "list", Prices: []client.Price{{Component: "fresh", Once: each}}}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if q := ask(); q.Usage.Cost.Total != 1 {
		t.Fatalf("at %s a unit it costs %v", each, q.Usage.Cost.Total)
	}
}
