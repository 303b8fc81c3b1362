package demo

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
)

// outpostsOrder orders two racks for an Outpost on a site of its own; the operator
// approves and ships them.
type outpostsOrder struct{ *wire }

func (*outpostsOrder) door() string { return "outposts" }

const outpostName = "Demo Outpost"

func (o *outpostsOrder) call(ctx context.Context, method, path string, body, into any) error {
	with := auth.Credentials{Access: o.env["AWS_ACCESS_KEY_ID"], Secret: o.env["AWS_SECRET_ACCESS_KEY"], Region: o.env["AWS_REGION"], Service: "outposts"}
	return o.get(ctx, request{method: method, url: o.env["AWS_ENDPOINT_URL_OUTPOSTS"] + path, body: body,
		sign: func(r *http.Request) error { return auth.SignV4(r, with, time.Now()) }}, into)
}

type outpost struct {
	ID   string `json:"OutpostId"`
	Name string `json:"Name"`
}

// outpost finds the Outpost of an earlier run.
func (o *outpostsOrder) outpost(ctx context.Context) (string, error) {
	for next := ""; ; {
		var page struct {
			Outposts  []outpost
			NextToken string
		}
		path := "/outposts?MaxResults=1000"
		if next != "" {
			path += "&NextToken=" + url.QueryEscape(next)
		}
		if err := o.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return "", err
		}
		for _, one := range page.Outposts {
			if one.Name == outpostName {
				return one.ID, nil
			}
		}
		if next = page.NextToken; next == "" {
			return "", nil
		}
	}
}

func (o *outpostsOrder) find(ctx context.Context) (string, error) {
	on, err := o.outpost(ctx)
	if err != nil || on == "" {
		return "", err
	}
	var page struct {
		Orders []struct{ OrderId string }
	}
	err = o.call(ctx, http.MethodGet, "/list-orders?OutpostIdentifierFilter="+on, nil, &page)
	if err != nil || len(page.Orders) == 0 {
		return "", err
	}
	return page.Orders[len(page.Orders)-1].OrderId, nil // newest first: the demo's was the first
}

func (o *outpostsOrder) place(ctx context.Context) (string, error) {
	on, err := o.outpost(ctx)
	if err != nil {
		return "", err
	}
	if on == "" { // else an earlier run was ended between this and the order
		if on, err = o.prepare(ctx); err != nil {
			return "", err
		}
	}
	var made struct{ Order struct{ OrderId string } }
	err = o.call(ctx, http.MethodPost, "/orders", map[string]any{"OutpostIdentifier": on, "PaymentOption": "PARTIAL_UPFRONT", "PaymentTerm": "THREE_YEARS",
		"LineItems": []map[string]any{{"CatalogItemId": "OR-A1B2C3D", "Quantity": 2}}}, &made)
	return made.Order.OrderId, err
}

// prepare makes a site and an Outpost on it.
func (o *outpostsOrder) prepare(ctx context.Context) (string, error) {
	address := map[string]any{"ContactName": "Alice", "ContactPhoneNumber": "+4532123456", "AddressLine1": "Observatory Road 7", "City": "Aarhus", "StateOrRegion": "Midtjylland",
		"PostalCode": "8000", "CountryCode": "DK"}
	var site struct{ Site struct{ SiteId string } }
	if err := o.call(ctx, http.MethodPost, "/sites", map[string]any{"Name": "Demo site", "OperatingAddress": address, "ShippingAddress": address}, &site); err != nil {
		return "", err
	}
	var made struct{ Outpost outpost }
	err := o.call(ctx, http.MethodPost, "/outposts", map[string]any{"Name": outpostName, "SiteId": site.Site.SiteId, "AvailabilityZone": region + "a"}, &made)
	return made.Outpost.ID, err
}

// onward is the next move of a line on its way.
var onward = map[string]client.Move{
	"preparing":  {State: "building"},
	"building":   {State: "shipped", Carrier: "UPS", Tracking: "1Z999AA10123456784", Assets: []client.Asset{{Name: "4409876543"}, {Name: "4409876544"}}},
	"shipped":    {State: "delivered"},
	"delivered":  {State: "installing"},
	"installing": {State: "installed"},
}

// step: the operator approves, and moves the lines on one state at a time.
func (o *outpostsOrder) step(ctx context.Context, told client.Order) error {
	var err error
	switch told.State {
	case "pending-provider":
		_, err = o.operator.Approve(ctx, told.ID, client.Verdict{})
	case "executing":
		for _, l := range told.Lines {
			if m, ok := onward[l.State]; ok {
				m.Lines = []int{l.N}
				if _, err = o.operator.Ship(ctx, told.ID, m); err != nil {
					return err
				}
			}
		}
	}
	return err
}

func (o *outpostsOrder) ended(ctx context.Context, id string) (bool, error) {
	var got struct{ Order struct{ Status string } }
	err := o.call(ctx, http.MethodGet, "/orders/"+id, nil, &got)
	s := got.Order.Status
	return s == "COMPLETED" || s == "CANCELLED" || s == "ERROR", err
}
