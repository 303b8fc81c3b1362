package native

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// Prefixes are the paths that belong to this door.
var Prefixes = []string{"/docket/v1"}

// Name is what orders placed here say of where they came from.
const Name = "native"

// Options is what a deployment decides.
type Options struct {
	Log     *slog.Logger
	Public  string         // accepted for likeness with the other doors: no answer here holds a link
	Scheme  front.Scheme   // tokens
	Version string         // of the program, for the description
	Repeat  front.SameBody // of orders placed without an Idempotency-Key
}

// Bounds of bodies, in bytes. Worlds and archives are long.
const (
	bodyBound  = 1 << 20
	worldBound = 64 << 20
)

type door struct {
	core *core.Core
	opt  Options
	log  *slog.Logger
}

// New returns the door's handler.
func New(c *core.Core, opt Options) http.Handler {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	d := &door{core: c, opt: opt, log: opt.Log}
	frame := &front.Frame{Door: Name, Scheme: opt.Scheme, Fail: fail, Log: opt.Log, MaxBody: bodyBound, Public: opt.Public}
	cfg := huma.DefaultConfig("Docket", opt.Version)
	cfg.Info.Description = "The operator's API of an order desk. Ids of orders are taken in every spelling that any door of the desk uses."
	cfg.CreateHooks = nil // no $schema member in answers: they are the client package's types and nothing else
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = Prefixes[0]+"/openapi", "", ""
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "An API token of 40 hex digits."}}
	cfg.Security = []map[string][]string{{"token": {}}}
	api := humago.New(&mux{frame}, cfg)
	d.register(api)
	frame.Else(func(http.ResponseWriter, *http.Request, core.Actor) error {
		return &core.Error{Kind: core.NotFound, Reason: "path", Msg: "There is no such path; " + Prefixes[0] + "/openapi.json lists all."}
	})
	return frame
}

// mux puts huma's routes into the frame, which asks who is calling.
type mux struct{ *front.Frame }

// HandleFunc implements humago.Mux.
func (m *mux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	run := func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		h(w, r.WithContext(context.WithValue(r.Context(), caller{}, who)))
		return nil
	}
	bound := int64(bodyBound)
	switch {
	case strings.Contains(pattern, Prefixes[0]+"/openapi"): // the description is for anyone
		m.HandleOpen(pattern, run)
		return
	case strings.HasSuffix(pattern, "/apply"), strings.HasSuffix(pattern, "/archive"):
		bound = worldBound
	}
	m.HandleSized(pattern, bound, run)
}

func (d *door) register(api huma.API) {
	get := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: Prefixes[0] + path, Summary: summary}
	}
	post := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: Prefixes[0] + path, Summary: summary, DefaultStatus: http.StatusOK, MaxBodyBytes: -1}
	}
	huma.Register(api, get("list-orders", "/orders", "List orders, newest first"), op(d, d.listOrders))
	huma.Register(api, get("get-order", "/orders/{id}", "One order, with what the ledger has of it"), op(d, d.getOrder))
	huma.Register(api, get("list-charges", "/orders/{id}/charges", "What the resource of an order was charged, period by period"), op(d, d.listCharges))
	huma.Register(api, post("place-order", "/orders", "Place an order, or see what it would be"), op(d, d.placeOrder))
	huma.Register(api, post("approve-order", "/orders/{id}/approve", "Let an order pass the gate of one side"), op(d, d.approve))
	huma.Register(api, post("reject-order", "/orders/{id}/reject", "End an order at the gate of one side"), op(d, d.reject))
	huma.Register(api, post("cancel-order", "/orders/{id}/cancel", "Cancel an order"), op(d, d.cancel))
	huma.Register(api, post("ship-order", "/orders/{id}/ship", "Move lines of an order on"), op(d, d.ship))
	huma.Register(api, post("fulfil-order", "/orders/{id}/done", "Fulfil an order: open lines end well, in full, and are charged"), op(d, d.done))
	huma.Register(api, post("fail-order", "/orders/{id}/fail", "End an order as erred: it costs nothing"), op(d, d.failOrder))
	huma.Register(api, post("retry-order", "/orders/{id}/retry", "Take an erred order up again; its cost is held anew"), op(d, d.retry))
	huma.Register(api, post("adjust-order", "/orders/{id}/adjust", "Correct what an ended order was charged"), op(d, d.adjust))
	huma.Register(api, post("apply", "/apply", "Make or change what a world names, all of it or nothing"), op(d, d.apply))
	huma.Register(api, post("import-archive", "/archive", "Add tiles to the imagery archive"), op(d, d.importArchive))
	huma.Register(api, post("verify", "/verify", "Recompute the books and say what disagrees"), op(d, d.verify))
	huma.Register(api, post("verify-aloud", "/verify/aloud", "The same, telling about every second how far it is: a report in a line, the last one without doing"), d.verifyAloud)
	huma.Register(api, get("backup", "/backup", "The whole desk as a tar file of pieces and a manifest that comes last; staff only, one at a time"), d.backup)
	if d.core.Turnable() { // no other desk has these paths at all
		huma.Register(api, get("get-clock", "/clock", "What the desk's clock shows"), op(d, d.getClock))
		huma.Register(api, post("turn-clock", "/clock", "Turn the desk's clock"), op(d, d.turnClock))
	}
}
