package demo

import (
	"context"
	"net/http"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
)

// modelartsOrder makes a pool of three nodes, paid on demand; the desk makes it at once.
type modelartsOrder struct{ *wire }

func (*modelartsOrder) door() string { return "modelarts" }

const (
	poolName    = "demo-pool"
	networkName = "demo-network"
	poolFlavor  = "modelarts.vm.cpu.8u.d"
)

func (o *modelartsOrder) call(ctx context.Context, method, path string, body, into any) error {
	project := o.env["HUAWEICLOUD_SDK_PROJECT_ID"]
	with := auth.Credentials{Access: o.env["HUAWEICLOUD_SDK_AK"], Secret: o.env["HUAWEICLOUD_SDK_SK"]}
	return o.get(ctx, request{method: method, url: o.env["MODELARTS_ENDPOINT"] + path[:3] + "/" + project + path[3:], body: body,
		header: map[string]string{"X-Project-Id": project}, sign: func(r *http.Request) error { return auth.SignSDK(r, with, time.Now()) }}, into)
}

func (o *modelartsOrder) find(ctx context.Context) (string, error) {
	var list struct {
		Items []struct {
			Name      string `json:"orderName"`
			Operation string `json:"operation"`
		} `json:"items"`
	}
	err := o.call(ctx, http.MethodGet, "/v1/orders?involvedName="+poolName+"&limit=500", nil, &list)
	if notFound(err) {
		return "", nil
	}
	first := ""
	for _, item := range list.Items { // newest first
		if item.Operation == "apply" {
			first = item.Name
		}
	}
	return first, err
}

type metadata struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// network is a network of the demo's, made where there is none.
func (o *modelartsOrder) network(ctx context.Context) (string, error) {
	type network struct {
		Metadata metadata `json:"metadata"`
		Status   struct {
			Phase string `json:"phase"`
		} `json:"status"`
	}
	var list struct {
		Items []network `json:"items"`
	}
	if err := o.call(ctx, http.MethodGet, "/v1/networks", nil, &list); err != nil {
		return "", err
	}
	var found network
	for _, n := range list.Items {
		if n.Metadata.Labels["os.modelarts/name"] == networkName {
			found = n
		}
	}
	if found.Metadata.Name == "" {
		err := o.call(ctx, http.MethodPost, "/v1/networks", map[string]any{"apiVersion": "v1", "kind": "Network", "spec": map[string]any{"cidr": "192.168.0.0/16"},
			"metadata": map[string]any{"labels": map[string]string{"os.modelarts/name": networkName, "os.modelarts/workspace.id": "0"}}}, &found)
		if err != nil {
			return "", err
		}
	}
	for found.Status.Phase != "Active" {
		if err := pause(ctx, pollEvery); err != nil {
			return "", err
		}
		if err := o.call(ctx, http.MethodGet, "/v1/networks/"+found.Metadata.Name, nil, &found); err != nil {
			return "", err
		}
	}
	return found.Metadata.Name, nil
}

func (o *modelartsOrder) place(ctx context.Context) (string, error) {
	network, err := o.network(ctx)
	if err != nil {
		return "", err
	}
	var pool struct {
		Metadata metadata `json:"metadata"`
	}
	err = o.call(ctx, http.MethodPost, "/v2/pools", map[string]any{"apiVersion": "v2", "kind": "Pool",
		"metadata": map[string]any{"labels": map[string]string{"os.modelarts/name": poolName, "os.modelarts/workspace.id": "0"}},
		"spec": map[string]any{"type": "Dedicate", "scope": []string{"Train"}, "network": map[string]string{"name": network},
			"resources": []map[string]any{{"flavor": poolFlavor, "count": 3}}}}, &pool)
	return pool.Metadata.Labels["os.modelarts/order.name"], err
}

// step: nobody else has a part in it.
func (*modelartsOrder) step(context.Context, client.Order) error { return nil }

func (o *modelartsOrder) ended(ctx context.Context, name string) (bool, error) {
	var list struct {
		Items []struct {
			Name  string `json:"orderName"`
			Phase string `json:"phase"`
		} `json:"items"`
	}
	err := o.call(ctx, http.MethodGet, "/v1/orders?involvedName="+poolName+"&limit=500", nil, &list)
	for _, item := range list.Items {
		if item.Name == name {
			return item.Phase != "pending" && item.Phase != "processing", err
		}
	}
	return false, err
}
