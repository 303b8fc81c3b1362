package outposts

import (
	"log/slog"
	"net/http"
	"path"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// Prefixes are the paths that belong to this door, those of operations it does not serve
// included: they answer in the vendor's shape too.
var Prefixes = []string{"/orders", "/list-orders", "/catalog", "/outposts", "/outpost", "/sites", "/tags", "/capacity",
	"/renewals", "/connections", "/quotes", "/instanceTypes"}

// Options is what a deployment decides.
type Options struct {
	Log    *slog.Logger
	Public string // accepted for likeness with the other doors: no answer here holds a link
	Scheme front.Scheme
	Repeat front.SameBody // of orders whose client sends no invocation id
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
	d := &door{core: c, opt: opt}
	d.frame = &front.Frame{Door: Name, Scheme: opt.Scheme, Fail: fail, Log: opt.Log, Public: opt.Public}
	for pattern, h := range d.routes() {
		d.frame.Handle(pattern, h)
	}
	d.frame.Else(unknownOperation)
	return http.HandlerFunc(d.serve)
}

// Name is what orders placed here say of where they came from.
const Name = "outposts"

func (d *door) routes() map[string]front.Handler {
	return map[string]front.Handler{
		"POST /sites":                                d.createSite,
		"GET /sites":                                 d.listSites,
		"GET /sites/{site}":                          d.getSite,
		"PATCH /sites/{site}":                        d.updateSite,
		"DELETE /sites/{site}":                       d.deleteSite,
		"GET /sites/{site}/address":                  d.getSiteAddress,
		"PUT /sites/{site}/address":                  d.updateSiteAddress,
		"PATCH /sites/{site}/rackPhysicalProperties": d.updateRackProperties,

		"POST /outposts":                 d.createOutpost,
		"GET /outposts":                  d.listOutposts,
		"GET /outposts/{outpost}":        d.getOutpost,
		"PATCH /outposts/{outpost}":      d.updateOutpost,
		"DELETE /outposts/{outpost}":     d.deleteOutpost,
		"GET /outposts/{outpost}/assets": d.listAssets,

		"GET /outpost/{outpost}/billing-information": d.billingInformation, // singular, unlike its siblings

		"GET /catalog/items":       d.listCatalogItems,
		"GET /catalog/item/{item}": d.getCatalogItem,

		"POST /orders":                d.createOrder,
		"GET /orders/{order}":         d.getOrder,
		"POST /orders/{order}/cancel": d.cancelOrder,
		"GET /list-orders":            d.listOrders,

		"GET /tags/{arn}":    d.listTags,
		"POST /tags/{arn}":   d.tag,
		"DELETE /tags/{arn}": d.untag,
	}
}

// serve keeps the mux from answering an untidy path with a redirection, which no client
// of this API follows.
func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.EscapedPath(); p != path.Clean(p) {
		u := *r.URL
		u.Path, u.RawPath = "/", ""
		r = r.Clone(r.Context())
		r.URL = &u // RequestURI, which the signature covers, stays as it came
	}
	d.frame.ServeHTTP(w, r)
}

func unknownOperation(http.ResponseWriter, *http.Request, core.Actor) error {
	return &core.Error{Kind: core.NotFound, Reason: reasonOperation, Msg: "There is no such operation at this path."}
}

// reply answers with status 200, the only one of success in this API.
func reply(w http.ResponseWriter, r *http.Request, v any) error {
	name(w, r)
	return front.WriteJSON(w, http.StatusOK, v)
}

// name tells the request's id where SDKs look for it, as a UUID.
func name(w http.ResponseWriter, r *http.Request) {
	i := front.RequestID(r)
	w.Header().Set("x-amzn-RequestId", i[:8]+"-"+i[8:12]+"-"+i[12:16]+"-"+i[16:20]+"-"+i[20:])
}
