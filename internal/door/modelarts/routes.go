package modelarts

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Name is what orders placed here say of where they came from.
const Name = "modelarts"

// TokenHeader carries a token that IAM gave out.
const TokenHeader = "X-Auth-Token"

// Prefixes are the paths that belong to this door.
var Prefixes = []string{"/v1", "/v2", "/v3"}

// Options is what a deployment decides.
type Options struct {
	Log    *slog.Logger
	Public string         // accepted for likeness with the other doors: no answer here holds a link
	Scheme front.Scheme   // pairs, and Tokens from TokenHeader
	Tokens auth.Signed    // what POST /v3/auth/tokens gives out
	Repeat front.SameBody // of new pools
	// Login lets a user in by password; nil: auth.Login.
	Login func(ctx context.Context, login, password string) (core.Holder, error)
}

type door struct {
	core  *core.Core
	opt   Options
	frame *front.Frame
}

// New returns the door's handler.
func New(c *core.Core, opt Options) http.Handler {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Login == nil {
		opt.Login = func(ctx context.Context, login, password string) (core.Holder, error) {
			return auth.Login(ctx, c, login, password)
		}
	}
	d := &door{core: c, opt: opt}
	d.frame = &front.Frame{Door: Name, Scheme: opt.Scheme, Fail: fail, Log: opt.Log, Public: opt.Public}
	d.frame.HandleOpen("POST /v3/auth/tokens", d.createToken)
	for pattern, h := range d.ofTheAccount() {
		d.frame.Handle(pattern, h)
	}
	for pattern, h := range d.ofAProject() {
		d.frame.Handle(pattern, d.within(h))
	}
	d.frame.Else(unknownPath)
	return d.frame
}

// ofTheAccount are the calls of IAM and of the billing centre, which name no project.
func (d *door) ofTheAccount() map[string]front.Handler {
	return map[string]front.Handler{
		"GET /v3/projects":     d.listProjects,
		"GET /v3/auth/domains": d.listDomains,
		"GET /v3/auth/catalog": d.showCatalog,

		"GET /v2/products/service-types":                      d.listServiceTypes,
		"POST /v3/orders/customer-orders/pay":                 d.payOrder,
		"POST /v2/orders/subscriptions/resources/unsubscribe": d.unsubscribe,
		"POST /v2/orders/suscriptions/resources/query":        d.querySubscriptions, // sic
	}
}

// ofAProject are the calls of ModelArts itself.
func (d *door) ofAProject() map[string]handler {
	return map[string]handler{
		"GET /v1/{project}/orders":         d.listOrders,
		"GET /v1/{project}/orders/{order}": d.showOrder,

		"GET /v1/{project}/resourceflavors": d.listFlavors,

		"POST /v1/{project}/networks":             d.createNetwork,
		"GET /v1/{project}/networks":              d.listNetworks,
		"GET /v1/{project}/networks/{network}":    d.showNetwork,
		"PATCH /v1/{project}/networks/{network}":  d.changeNetwork,
		"DELETE /v1/{project}/networks/{network}": d.deleteNetwork,

		"GET /v1/{project}/workspaces":             d.listWorkspaces,
		"GET /v1/{project}/workspaces/{workspace}": d.showWorkspace,

		"POST /v2/{project}/pools":                           d.createPool,
		"GET /v2/{project}/pools":                            d.listPools,
		"GET /v2/{project}/pools/{pool}":                     d.showPool,
		"PATCH /v2/{project}/pools/{pool}":                   d.changePool,
		"DELETE /v2/{project}/pools/{pool}":                  d.deletePool,
		"GET /v2/{project}/pools/{pool}/nodes":               d.listNodes,
		"POST /v2/{project}/pools/{pool}/nodes/batch-delete": d.deleteNodes,
		"POST /v2/{project}/pools/{pool}/orderid":            d.createOrderID,
		"GET /v2/{project}/statistics/pools":                 d.poolStatistics,
	}
}

// place is where a call of ModelArts happens: who asks, for which project.
type place struct {
	who     core.Actor
	project tenant.Project
	// typed says that the client is the vendor's SDK for Go, whose types contradict the
	// documents in places.
	typed bool
}

type handler func(w http.ResponseWriter, r *http.Request, at place) error

// within finds the project that the path names. One that the caller cannot see is refused
// like one that is none.
func (d *door) within(h handler) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		if who.Project == 0 && r.Header.Get("Authorization") == "" {
			return refuse(core.Unauthenticated, http.StatusUnauthorized, codeNoProject, "The token names no project: ask for one with a project as its scope.")
		}
		other := refuse(core.Forbidden, http.StatusForbidden, codeOtherProject, "The project in the URL does not match the project of the credentials.")
		i, err := id.ParseUUID(id.Project, r.PathValue("project"))
		if err != nil || i.UUID(id.Project) != r.PathValue("project") {
			return other
		}
		at := place{who: who, typed: strings.HasPrefix(r.UserAgent(), "huaweicloud-usdk-go/")}
		err = d.core.View(r.Context(), who, func(s *core.Scene) (err error) { at.project, err = s.Project(i); return err })
		if core.KindOf(err) == core.NotFound && err != nil {
			return other
		}
		if err != nil {
			return err
		}
		return h(w, r, at)
	}
}

// view reads one snapshot as the caller sees it.
func (d *door) view(r *http.Request, at place, fn func(s *core.Scene) error) error {
	return d.core.View(r.Context(), at.who, fn)
}

func unknownPath(_ http.ResponseWriter, r *http.Request, _ core.Actor) error {
	return refuse(core.NotFound, http.StatusNotFound, codeNoAPI, "The API does not exist or has not been published in the environment.")
}

// reply answers with JSON, and names the request where the SDKs look for it.
func reply(w http.ResponseWriter, r *http.Request, status int, v any) error {
	w.Header().Set("X-Request-Id", front.RequestID(r))
	return front.WriteJSON(w, status, v)
}
