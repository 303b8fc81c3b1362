package ard

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// Prefixes are the paths that belong to this door. /monitor and /tasking have no routes:
// they answer that there is nothing, in this door's shape.
var Prefixes = []string{"/api/v1", "/auth", "/order", "/select", "/metadata", "/usage", "/admin", "/monitor", "/tasking"}

// Options are what a deployment decides.
type Options struct {
	Log    *slog.Logger
	Public string       // origin of absolute links; "": the one that the request came to
	Scheme front.Scheme // who is asking: takes what Access gives out, and may take more
	Access auth.Signed  // access tokens
	// Refresh makes refresh tokens, under another purpose than Access.
	Refresh auth.Signed
	Links   auth.Link
	// Repeat is how long the same body is the same order. 0: an hour; negative: it never is.
	Repeat front.SameBody
}

// Name is what orders placed here say of where they came from.
const Name = "ard"

const (
	bodyBound = 1 << 20 // bytes
	areaBound = 4 << 20 // of bodies that may carry a geometry
	accessFor = 12 * time.Hour
	renewFor  = 30 * 24 * time.Hour
	linkFor   = time.Hour
	repeatFor = front.SameBody(time.Hour)
	keyFor    = 24 * time.Hour // an Idempotency-Key of the caller's own
)

type door struct {
	core  *core.Core
	opt   Options
	frame *front.Frame
}

// New returns the door's handler.
func New(c *core.Core, opt Options) http.Handler {
	if opt.Repeat == 0 {
		opt.Repeat = repeatFor
	}
	d := &door{core: c, opt: opt}
	d.frame = &front.Frame{Door: Name, Scheme: opt.Scheme, Fail: fail, Log: opt.Log, MaxBody: bodyBound, Public: opt.Public}

	d.frame.HandleOpen("POST /auth/authenticate", d.authenticate)
	d.handle("GET /auth/self", d.self)

	d.sized("POST /order", d.placeOrder)
	d.handle("GET /order", d.ownOrders)
	d.handle("GET /order/status/{id}", d.orderStatus)

	d.sized("POST /select", d.makeSelect)
	d.handle("GET /select/request/{id}", d.showSelect)
	d.frame.HandleOpen("GET /select/files/{file}", worded(d.selectFile))

	d.sized("POST /metadata/cells", d.cellsOfArea)
	d.sized("POST /metadata/cells/acquisitions", d.searchArea)
	d.sized("POST /metadata/cells/{cell}/acquisitions", d.searchCell)
	d.handle("GET /metadata/cells/{cell}/acquisitions/{acquisition}", d.showTile)

	d.handle("GET /usage/account/{account}", d.accountUsage)
	d.handle("GET /usage/user/{user}", d.userUsage)
	d.handle("GET /admin/account/{account}", d.account)
	d.handle("GET /admin/account/{account}/order", d.accountOrders)

	d.frame.Else(func(http.ResponseWriter, *http.Request, core.Actor) error { return errNoPath })
	return d
}

func (d *door) handle(pattern string, h front.Handler) { d.frame.Handle(pattern, worded(h)) }

func (d *door) sized(pattern string, h front.Handler) {
	d.frame.HandleSized(pattern, areaBound, worded(h))
}

// worded turns what package imagery says of areas and queries into the core's error.
func worded(h front.Handler) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error { return coreError(h(w, r, who)) }
}

type rootKey struct{}

// ServeHTTP brings every spelling of a path to one, so that a route is written once.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, root := r.URL.Path, ""
	if rest, ok := strings.CutPrefix(at, Prefixes[0]); ok && (rest == "" || rest[0] == '/') {
		at, root = rest, Prefixes[0]
	}
	r = r.WithContext(context.WithValue(r.Context(), rootKey{}, root))
	u := *r.URL
	u.Path, u.RawPath = path.Clean("/"+at), ""
	r.URL = &u
	d.frame.ServeHTTP(w, r)
}

// under spells a path of this door under the root that the caller came by.
func under(r *http.Request, parts ...string) string {
	root, _ := r.Context().Value(rootKey{}).(string)
	return root + "/" + strings.Join(parts, "/")
}

// link is the absolute address of such a path.
func (d *door) link(r *http.Request, parts ...string) string {
	return d.frame.Origin(r) + under(r, parts...)
}
