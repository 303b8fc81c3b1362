package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/app/world"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/door/native"
	"github.com/docket-desk/docket/internal/id"
)

// The files that scripts read, in the data directory.
const (
	envName  = "demo.env"
	jsonName = "demo.json"
)

// Names in the demo's world, and the region that signatures are for: the desk takes any.
const (
	bucket = "aurora-deliveries"
	region = "eu-north-1"
)

// env is what scripts read, by name.
type env map[string]string

func environment(ctx context.Context, s *app.Server, made core.Made) (env, error) {
	ca, err := filepath.Abs(s.Config.CAFile())
	if err != nil {
		return nil, err
	}
	if s.Config.Cert != "" {
		if ca, err = filepath.Abs(s.Config.Cert); err != nil {
			return nil, err
		}
	}
	buckets, err := filepath.Abs(s.Config.Buckets())
	if err != nil {
		return nil, err
	}
	plain, secure := "http://"+dialed(s.HTTPAddr), "https://"+dialed(s.HTTPSAddr)
	e := env{
		"DOCKET_URL": plain, "DOCKET_HTTPS_URL": secure, "DOCKET_CA_FILE": ca, "DOCKET_BUCKETS_DIR": buckets,
		"MAXAR_ARD_HOSTNAME": strings.TrimPrefix(secure, "https://") + "/api/v1", "REQUESTS_CA_BUNDLE": ca, "ARD_BUCKET": bucket,
		"AWS_ENDPOINT_URL_OUTPOSTS": plain, "AWS_DEFAULT_REGION": region, "AWS_REGION": region,
		"MODELARTS_ENDPOINT": plain, "HW_AUTH_URL": plain + "/v3", "HW_REGION_NAME": region, "HW_DOMAIN_NAME": "aurora-institute", "HW_PROJECT_NAME": "aurora",
		"WALDUR_URL": plain, "WALDUR_API_URL": plain + "/api/",
	}
	e.ids(made)
	return e, e.keys(s)
}

// ids are records as the doors spell them.
func (e env) ids(made core.Made) {
	e["ARD_ACCOUNT_ID"] = made.ID("customer", "aurora-institute").Decimal()
	for name, r := range map[string]struct {
		kind, record string
		spelt        id.Kind
	}{
		"HUAWEICLOUD_SDK_PROJECT_ID":     {"project", "aurora", id.Project},
		"BOB_HUAWEICLOUD_SDK_PROJECT_ID": {"project", "borealis", id.Project},
		"WALDUR_CUSTOMER_UUID":           {"customer", "aurora-institute", id.Customer},
		"WALDUR_PROJECT_UUID":            {"project", "aurora", id.Project},
		"WALDUR_PROVIDER_UUID":           {"provider", "nordic-compute", id.Provider},
		"WALDUR_PROVIDER_CUSTOMER_UUID":  {"customer", "nordic-compute", id.Customer},
		"WALDUR_OFFERING_UUID":           {"offering", "nordic-compute/hpc", id.Offering},
		"WALDUR_PLAN_UUID":               {"plan", "nordic-compute/hpc/standard", id.Plan},
		"WALDUR_BASIC_OFFERING_UUID":     {"offering", "nordic-compute/lab-desk", id.Offering},
		"WALDUR_BASIC_PLAN_UUID":         {"plan", "nordic-compute/lab-desk/standard", id.Plan},
	} {
		e[name] = made.ID(r.kind, r.record).UUID(r.spelt)
	}
}

// keys are those that were given to the demo's users.
func (e env) keys(s *app.Server) error {
	doc, err := world.Demo()
	if err != nil {
		return err
	}
	w, err := native.World(doc.World)
	if err != nil {
		return err
	}
	give(&w, s.Master)
	tokens := map[string]string{"alice": "WALDUR_TOKEN", "carol": "WALDUR_CAROL_TOKEN", "pat": "WALDUR_PROVIDER_TOKEN", "operator": "WALDUR_STAFF_TOKEN", "bob": "WALDUR_BOB_TOKEN"}
	passwords := map[string]string{"alice": "ARD_", "carol": "ARD_CAROL_", "bob": "ARD_BOB_"}
	for _, u := range w.Users {
		e[tokens[u.Login]] = u.Tokens[0].Value
		if prefix, ok := passwords[u.Login]; ok {
			e[prefix+"USERNAME"], e[prefix+"PASSWORD"] = u.Login, u.Password.Value
		}
		for _, p := range u.Pairs {
			prefix := map[string]string{"alice": "", "bob": "BOB_"}[u.Login]
			if p.ReadOnly {
				prefix = "READONLY_"
			}
			e[prefix+"AWS_ACCESS_KEY_ID"], e[prefix+"AWS_SECRET_ACCESS_KEY"] = p.AccessKey, p.Secret
			if !p.ReadOnly {
				e[prefix+"HUAWEICLOUD_SDK_AK"], e[prefix+"HUAWEICLOUD_SDK_SK"] = p.AccessKey, p.Secret
			}
		}
	}
	e["DOCKET_TOKEN"] = e["WALDUR_STAFF_TOKEN"]
	e["HW_USER_NAME"], e["HW_USER_PASSWORD"] = e["ARD_USERNAME"], e["ARD_PASSWORD"]
	return nil
}

// dialed is the address by which this machine reaches a port that may listen on all.
func dialed(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// write writes both files, the one that programs wait for last, each whole or not at all.
func (e env) write(dir string) error {
	var lines bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(e)) {
		fmt.Fprintf(&lines, "%s='%s'\n", name, strings.ReplaceAll(e[name], "'", `'\''`))
	}
	flat, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(app.WriteFile(filepath.Join(dir, envName), lines.Bytes(), 0o600), app.WriteFile(filepath.Join(dir, jsonName), append(flat, '\n'), 0o600))
}
