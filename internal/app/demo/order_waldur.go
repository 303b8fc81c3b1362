package demo

import (
	"context"
	"net/http"
	"net/url"

	"github.com/docket-desk/docket/client"
)

// waldurOrder orders GPU hours and storage on the HPC cluster; its provider approves and
// sets it done.
type waldurOrder struct{ *wire }

func (*waldurOrder) door() string { return "waldur" }

const allocationName = "Demo allocation"

func (o *waldurOrder) call(ctx context.Context, who, method, path string, body, into any) error {
	q := request{method: method, url: o.env["WALDUR_API_URL"] + path, header: map[string]string{"Authorization": "Token " + o.env[who]}, body: body}
	if into == nil {
		_, err := o.ask(ctx, q)
		return err
	}
	return o.get(ctx, q, into)
}

type waldurRecord struct {
	UUID  string `json:"uuid"`
	State string `json:"state"`
	Type  string `json:"type"`
	Name  string `json:"resource_name"`
}

func (o *waldurOrder) find(ctx context.Context) (string, error) {
	var list []waldurRecord
	path := "marketplace-orders/?page_size=100&o=created&type=Create&resource_name=" + url.QueryEscape(allocationName) + "&offering_uuid=" + o.env["WALDUR_OFFERING_UUID"]
	if err := o.call(ctx, "WALDUR_TOKEN", http.MethodGet, path, nil, &list); err != nil {
		return "", err
	}
	for _, one := range list {
		if one.Name == allocationName {
			return one.UUID, nil
		}
	}
	return "", nil
}

func (o *waldurOrder) place(ctx context.Context) (string, error) {
	root := o.env["WALDUR_API_URL"]
	offering := root + "marketplace-public-offerings/" + o.env["WALDUR_OFFERING_UUID"] + "/"
	var made waldurRecord
	err := o.call(ctx, "WALDUR_TOKEN", http.MethodPost, "marketplace-orders/", map[string]any{"offering": offering, "plan": offering + "plans/" + o.env["WALDUR_PLAN_UUID"] + "/",
		"project": root + "projects/" + o.env["WALDUR_PROJECT_UUID"] + "/", "attributes": map[string]any{"name": allocationName},
		"limits": map[string]any{"gpu": 100, "storage": 5}, "accepting_terms_of_service": true}, &made)
	return made.UUID, err
}

// step: the provider approves, then sets done what is executing.
func (o *waldurOrder) step(ctx context.Context, told client.Order) error {
	acts := map[string]string{"pending-provider": "approve_by_provider", "executing": "set_state_done"}
	act, ok := acts[told.State]
	if !ok {
		return nil
	}
	return o.call(ctx, "WALDUR_PROVIDER_TOKEN", http.MethodPost, "marketplace-orders/"+told.Spellings["waldur"]+"/"+act+"/", map[string]any{}, nil)
}

func (o *waldurOrder) ended(ctx context.Context, uuid string) (bool, error) {
	var got waldurRecord
	err := o.call(ctx, "WALDUR_TOKEN", http.MethodGet, "marketplace-orders/"+uuid+"/", nil, &got)
	ends := map[string]bool{"done": true, "erred": true, "canceled": true, "rejected": true}
	return ends[got.State], err
}
