package waldur

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// view is what one request reads: a snapshot as the caller sees it, with what was looked
// up already. A look-up that fails is remembered and ends the request.
type view struct {
	*core.Scene
	door   *door
	req    *http.Request
	who    core.Actor
	origin string
	err    error

	customers map[id.ID]tenant.Customer
	projects  map[id.ID]tenant.Project
	users     map[id.ID]tenant.User
	seen      map[id.ID]bool // users whom the caller sees
	providers map[id.ID]tenant.Provider
	sheets    map[id.ID]catalog.Sheet
	plans     map[id.ID]catalog.Plan
	parts     map[id.ID]catalog.Component
	teams     map[id.ID][]tenant.Grant
	counts    map[string]int
	parsed    map[string]map[string]json.RawMessage
	tallies   map[id.ID][]core.Tally  // living resources, by project
	reported  map[id.ID][]order.Usage // by resource
}

// read runs fn over one snapshot.
func (d *door) read(r *http.Request, who core.Actor, fn func(v *view) error) error {
	return d.core.View(r.Context(), who, func(s *core.Scene) error {
		v := &view{Scene: s, door: d, req: r, who: who, origin: d.frame.Origin(r),
			customers: map[id.ID]tenant.Customer{}, projects: map[id.ID]tenant.Project{}, users: map[id.ID]tenant.User{}, seen: map[id.ID]bool{},
			providers: map[id.ID]tenant.Provider{}, sheets: map[id.ID]catalog.Sheet{}, plans: map[id.ID]catalog.Plan{},
			parts: map[id.ID]catalog.Component{}, teams: map[id.ID][]tenant.Grant{}, counts: map[string]int{}, parsed: map[string]map[string]json.RawMessage{},
			tallies: map[id.ID][]core.Tally{}, reported: map[id.ID][]order.Usage{}}
		if err := fn(v); err != nil {
			return err
		}
		return v.err
	})
}

func (v *view) failed(err error) {
	if v.err == nil && err != nil {
		v.err = err
	}
}

func look[T any](v *view, known map[id.ID]T, i id.ID, get func(id.ID) (T, error)) T {
	t, ok := known[i]
	if !ok && i != 0 {
		var err error
		if t, err = get(i); err != nil {
			v.failed(err)
		}
		known[i] = t
	}
	return t
}

// people looks up several users at once.
func (v *view) people(ids []id.ID) {
	ids = slices.DeleteFunc(distinct(ids), func(i id.ID) bool { _, known := v.users[i]; return known || i == 0 })
	list, err := v.UserNames(ids)
	v.failed(err)
	for _, u := range list {
		v.users[u.ID] = u
	}
}

// distinct is a list, sorted, without what is in it twice.
func distinct(list []id.ID) []id.ID {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (v *view) customer(i id.ID) tenant.Customer { return look(v, v.customers, i, v.CustomerName) }
func (v *view) project(i id.ID) tenant.Project   { return look(v, v.projects, i, v.ProjectName) }
func (v *view) user(i id.ID) tenant.User         { return look(v, v.users, i, v.UserName) }
func (v *view) provider(i id.ID) tenant.Provider { return look(v, v.providers, i, v.Provider) }
func (v *view) plan(i id.ID) catalog.Plan        { return look(v, v.plans, i, v.Plan) }
func (v *view) sheet(i id.ID) catalog.Sheet      { return look(v, v.sheets, i, v.ShownOffering) }

// component finds a component in its offering's sheet, else alone: one that was taken out
// of its offering is still named by what was ordered.
func (v *view) component(offering, i id.ID) catalog.Component {
	sh := v.sheet(offering)
	if c, ok := sh.ComponentByID(i); ok {
		return c
	}
	return look(v, v.parts, i, func(i id.ID) (catalog.Component, error) {
		c, err := v.Component(i)
		if errors.Is(err, core.NotFound) {
			return catalog.Component{ID: i, Code: i.Base36()}, nil
		}
		return c, err
	})
}

// deliverer is the customer behind a provider: what the vendor calls the provider.
func (v *view) deliverer(provider id.ID) tenant.Customer {
	return v.customer(v.provider(provider).Customer)
}

// seesAll reports whether the caller sees everybody's of what this door keeps: a key that is
// narrowed to a project shows its user's own alone.
func (v *view) seesAll() bool { return v.who.SeesWide() && v.who.SeesAll() }

// may reports whether the caller has a right in any of the scopes.
func (v *view) may(right tenant.Right, scopes ...id.ID) bool {
	return v.door.core.May(v.who, right, scopes...)
}

// mayIn reports whether the caller has a right in an offering: there, or with its provider.
func (v *view) mayIn(right tenant.Right, provider, offering id.ID) bool {
	return v.may(right, v.provider(provider).Customer, offering)
}

// named reads the {uuid} of the path as an id of a kind. What is no UUID of ours names
// nothing: the caller gets 404 from what is then looked up.
func (v *view) named(kind id.Kind) id.ID { return named(v.req, kind) }

func named(r *http.Request, kind id.Kind) id.ID {
	i, err := id.ParseUUID(kind, r.PathValue("uuid"))
	if err != nil {
		return 0
	}
	return i
}

// stamp writes an instant as the vendor does: UTC, six decimals.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func stampOrNull(t *time.Time) any {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// orNull turns an empty text into null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// attrs reads a record's attributes; what is no object counts as none.
func attrs[T any](raw json.RawMessage) T {
	var t T
	if len(raw) > 0 {
		if json.Unmarshal(raw, &t) != nil {
			var none T
			return none
		}
	}
	return t
}

// object is raw JSON that is surely an object.
func object(raw json.RawMessage) json.RawMessage {
	if b := bytes.TrimSpace(raw); len(b) > 1 && b[0] == '{' && json.Valid(b) {
		return b
	}
	return json.RawMessage("{}")
}

// reply writes a JSON answer.
func reply(w http.ResponseWriter, status int, body any) error {
	return front.WriteJSON(w, status, body)
}

// empty answers with a status alone.
func empty(w http.ResponseWriter, status int) error {
	w.WriteHeader(status)
	return nil
}
