package demo

import (
	"context"
	"net/http"
	"net/url"

	"github.com/docket-desk/docket/client"
)

// ardOrder selects the newest imagery of a few square kilometres and orders what was found.
type ardOrder struct {
	*wire
	token string
}

func (*ardOrder) door() string { return "ard" }

// mark is what the demo's order carries in its metadata.
const mark = "docket-demo"

// area lies in Albuquerque, where the demo's archive has images of every age.
var area = []float64{-106.62, 35.23, -106.59, 35.26}

func (o *ardOrder) call(ctx context.Context, method, path string, body, into any) error {
	root := "https://" + o.env["MAXAR_ARD_HOSTNAME"]
	if o.token == "" {
		var login struct {
			Token string `json:"access_token"`
		}
		form := url.Values{"grant_type": {"password"}, "username": {o.env["ARD_USERNAME"]}, "password": {o.env["ARD_PASSWORD"]}}
		if err := o.get(ctx, request{method: http.MethodPost, url: root + "/auth/authenticate", body: form}, &login); err != nil {
			return err
		}
		o.token = login.Token
	}
	return o.get(ctx, request{method: method, url: root + path, header: map[string]string{"Authorization": "Bearer " + o.token}, body: body}, into)
}

func (o *ardOrder) find(ctx context.Context) (string, error) {
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err := o.call(ctx, http.MethodGet, "/order/?limit=1&filter="+url.QueryEscape("metadata.demo:"+mark), nil, &page)
	if err != nil || len(page.Data) == 0 {
		return "", err
	}
	return page.Data[0].ID, nil
}

func (o *ardOrder) place(ctx context.Context) (string, error) {
	var sel, order struct {
		ID string `json:"id"`
	}
	query := map[string]any{"bbox": area, "query": map[string]any{}, "image_age_category": []string{"fresh"}, "stack_depth": 1}
	if err := o.call(ctx, http.MethodPost, "/select/", query, &sel); err != nil {
		return "", err
	}
	err := o.call(ctx, http.MethodPost, "/order/", map[string]any{"select_id": sel.ID, "output_config": map[string]any{"bucket": o.env["ARD_BUCKET"], "prefix": "demo"},
		"settings": map[string]any{"bundle_adjust": false}, "metadata": map[string]any{"demo": mark}, "dry_run": false}, &order)
	return order.ID, err
}

// step: the desk's own worker delivers.
func (*ardOrder) step(context.Context, client.Order) error { return nil }

func (o *ardOrder) ended(ctx context.Context, id string) (bool, error) {
	var order struct {
		Status string `json:"status"`
	}
	err := o.call(ctx, http.MethodGet, "/order/status/"+id, nil, &order)
	return order.Status != "RUNNING", err
}
