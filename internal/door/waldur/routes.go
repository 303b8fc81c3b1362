package waldur

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// Prefixes are the paths that belong to this door.
var Prefixes = []string{"/api", "/api-auth"}

// Name is what orders placed here say of where they came from.
const Name = "waldur"

// Options is what the door needs beside the core.
type Options struct {
	Log    *slog.Logger
	Public string       // origin of absolute links; "": the one the request came to
	Scheme front.Scheme // tokens
	// TokenLife is how long a token made by password login lasts after its last use; 0: a day.
	TokenLife time.Duration
	Version   string         // what version/ answers; "": "docket"
	Repeat    front.SameBody // of orders that make a resource
}

type door struct {
	core  *core.Core
	opt   Options
	frame *front.Frame
	ops   []operation
}

// operation is one call of the API: its name in the vendor's client, and how it is answered.
type operation struct {
	name   string
	method string
	path   string // {uuid} stands for one segment
	answer front.Handler
	open   bool // for anyone
}

// New returns the door's handler.
func New(c *core.Core, opt Options) http.Handler {
	if opt.TokenLife == 0 {
		opt.TokenLife = 24 * time.Hour
	}
	if opt.Version == "" {
		opt.Version = "docket"
	}
	d := &door{core: c, opt: opt}
	d.frame = &front.Frame{Door: Name, Scheme: opt.Scheme, Fail: fail, Log: opt.Log, Public: opt.Public}
	d.ops = d.operations()
	for _, op := range d.ops {
		pattern := op.method + " " + op.path + "{$}"
		if op.open {
			d.frame.HandleOpen(pattern, op.answer)
		} else {
			d.frame.Handle(pattern, op.answer)
		}
	}
	d.frame.Else(d.elsewhere)
	return http.HandlerFunc(d.serve)
}

// serve gives each path its final slash: the vendor's client follows no redirect. What
// the mux would redirect for other reasons is no path of ours.
func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	odd := strings.Contains(p, "//") || strings.Contains(p, "/./") || strings.Contains(p, "/../") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")
	if odd || !strings.HasSuffix(p, "/") {
		r2 := *r
		u := *r.URL
		r2.URL, u.RawPath = &u, ""
		u.Path = p + "/"
		if odd {
			u.Path = "/unknown/"
		}
		r = &r2
	}
	d.frame.ServeHTTP(w, r)
}

// elsewhere answers paths that no operation has, and methods that a path has not.
func (d *door) elsewhere(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	if methods := d.methods(r.URL.Path); len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return refuse(http.StatusMethodNotAllowed, detail("Method \""+r.Method+"\" not allowed."))
	}
	return refuse(http.StatusNotFound, detail("Not found."))
}

// methods lists those that operations have at a path.
func (d *door) methods(path string) []string {
	var out []string
	for _, op := range d.ops {
		if _, ok := match(op.path, path); ok {
			out = append(out, op.method)
			if op.method == http.MethodGet {
				out = append(out, http.MethodHead)
			}
		}
	}
	return out
}

// match reports whether a path is of a pattern, and what stands at its {segments}.
func match(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	parts := map[string]string{}
	for n, w := range want {
		name, isPart := strings.CutPrefix(w, "{")
		switch {
		case isPart && got[n] != "":
			parts[strings.TrimSuffix(name, "}")] = got[n]
		case isPart || w != got[n]:
			return nil, false
		}
	}
	return parts, true
}

func (d *door) operations() []operation {
	groups := [][]operation{
		d.peopleOperations(), d.providerOperations(), d.offeringOperations(), d.orderOperations(),
		d.resourceOperations("marketplace_resources", "/api/marketplace-resources/", consumerView),
		d.resourceOperations("marketplace_provider_resources", "/api/marketplace-provider-resources/", providerView),
		d.resourceEdits(), d.usageOperations(),
		d.setupOperations(), d.keyOperations(),
		d.accountOperations(), d.consentOperations(), d.programOperations(),
		d.agentOperations(), d.subscriptionOperations(), d.agentOfferingOperations(), d.syncStatusOperations(), d.backendOperations(), d.apiKeyOperations(), d.userLimitOperations(),
	}
	var all []operation
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}
