package waldur

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// What one account may use of a component of a resource in a month, by the word of those who
// use the resource: sites set it up, and no part above it is taken from them. A limit is a
// document beside the resource.

const kindUserLimit = "waldur.user_limit"

func (d *door) userLimitOperations() []operation {
	const root, one, name = "/api/component-user-usage-limits/", "/api/component-user-usage-limits/{uuid}/", "component_user_usage_limits"
	return []operation{
		{name + "_list", "GET", root, userLimits.open(d), false},
		{name + "_create", "POST", root, d.createUserLimit, false},
		{name + "_retrieve", "GET", one, retrieve(d, id.Document, (*view).userLimit, userLimitModel), false},
		{name + "_update", "PUT", one, d.editUserLimit(true), false},
		{name + "_partial_update", "PATCH", one, d.editUserLimit(false), false},
		{name + "_destroy", "DELETE", one, d.dropUserLimit, false},
	}
}

// userLimit is a limit with what it is about.
type userLimit struct {
	doc core.Document
	userLimitBody
	resource  order.Resource
	component catalog.Component
	account   account
}

type userLimitBody struct {
	Resource  id.ID       `json:"resource"`
	Component id.ID       `json:"component"`
	Account   id.ID       `json:"account"`
	Limit     money.Micro `json:"limit"` // below zero: none
}

// noUserLimit is what is said where there is to be none.
const noUserLimit = -money.Unit

func (k userLimitBody) name() string {
	return k.Resource.Base36() + "/" + k.Component.Base36() + "/" + k.Account.Base36()
}

// userLimitOf adds to a limit what it is about; false where that is gone.
func (v *view) userLimitOf(doc core.Document, r order.Resource) (userLimit, bool) {
	k := userLimit{doc: doc, userLimitBody: attrs[userLimitBody](doc.Body), resource: r}
	a, err := v.ShownDocument(kindAccount, k.Account)
	if err != nil {
		if core.KindOf(err) != core.NotFound {
			v.failed(err)
		}
		return k, false
	}
	k.account = accountOf(a)
	sheet := v.sheet(r.Offering)
	var ok bool
	k.component, ok = sheet.ComponentByID(k.Component)
	return k, ok
}

var userLimitModel = model[userLimit]{
	{name: "url", value: func(v *view, k userLimit) any { return v.userLimitLink(k.doc.ID) }},
	{name: "uuid", value: func(_ *view, k userLimit) any { return k.doc.ID.UUID(id.Document) }},
	{name: "resource", value: func(v *view, k userLimit) any { return v.resourceLink(k.Resource) }},
	{name: "resource_uuid", value: func(_ *view, k userLimit) any { return k.Resource.UUID(id.Resource) }},
	{name: "offering_uuid", value: func(_ *view, k userLimit) any { return k.resource.Offering.UUID(id.Offering) }},
	{name: "component", value: func(_ *view, k userLimit) any { return k.Component.UUID(id.Component) }},
	{name: "component_type", value: func(_ *view, k userLimit) any { return k.component.Code }},
	{name: "user", value: func(_ *view, k userLimit) any { return k.account.Username }}, // which agents go by
	{name: "limit", value: func(_ *view, k userLimit) any { return k.Limit.Fixed(2) }},
}

func (v *view) userLimitLink(i id.ID) string {
	return v.origin + "/api/component-user-usage-limits/" + i.UUID(id.Document) + "/"
}

var userLimits = list[besideQuery, userLimit]{
	rows: func(v *view, q besideQuery, _, _ int) ([]userLimit, error) { return v.userLimits(q) },
	filters: map[string]filter[besideQuery, userLimit]{
		"component_type": equals[besideQuery](func(_ *view, k userLimit) string { return k.component.Code }),
		"username":       equals[besideQuery](func(_ *view, k userLimit) string { return k.account.Username }),
		"resource":       links(id.Resource, func(_ *view, a *ask[besideQuery, userLimit], ids []id.ID) { among(a, &a.q.resources, ids) }),
		"resource_uuid":  uuids(id.Resource, func(_ *view, a *ask[besideQuery, userLimit], ids []id.ID) { among(a, &a.q.resources, ids) }),
		"offering_uuid":  uuids(id.Offering, func(_ *view, a *ask[besideQuery, userLimit], ids []id.ID) { among(a, &a.q.offerings, ids) }),
	},
	model: userLimitModel,
}

// userLimits lists those of resources that the caller may see.
func (v *view) userLimits(q besideQuery) ([]userLimit, error) {
	docs, by, err := v.besideResources(kindUserLimit, q)
	var out []userLimit
	for _, doc := range docs {
		if k, ok := v.userLimitOf(doc, by[doc.Parent]); ok {
			out = append(out, k)
		}
	}
	return out, err
}

// userLimit returns one of a resource that the caller may see.
func (v *view) userLimit(i id.ID) (userLimit, error) {
	doc, err := v.ShownDocument(kindUserLimit, i)
	if err != nil {
		return userLimit{}, noDocument(kindUserLimit, i, err)
	}
	r, err := v.Resource(attrs[userLimitBody](doc.Body).Resource)
	if err != nil {
		return userLimit{}, noDocument(kindUserLimit, i, err)
	}
	k, ok := v.userLimitOf(doc, r)
	if !ok {
		return userLimit{}, noDocument(kindUserLimit, i, v.err)
	}
	return k, nil
}

func (v *view) limitsUsers(r order.Resource) error {
	if !v.may(tenant.SetLimits, r.Project, r.Customer) {
		return errForbidden
	}
	return nil
}

// most reads a limit; below zero, or not sent, there is to be none.
func (b *body) most(was money.Micro) money.Micro {
	if !b.given("limit") {
		return was
	}
	m, ok := b.decimal("limit", true)
	if ok && m < 0 && m != noUserLimit {
		b.errs.add("limit", "Ensure this value is greater than or equal to 0, or -1 for none.")
	}
	return m
}

func (d *door) createUserLimit(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	k := userLimit{userLimitBody: userLimitBody{Resource: b.link(d, "resource", true, id.Resource, resourcePaths), Component: b.uuid("component", true, id.Component), Limit: b.most(noUserLimit)}}
	user := b.text("user", true, 0)
	if err := b.done(); err != nil {
		return err
	}
	err = d.read(r, who, func(v *view) error {
		if k.resource, err = v.Resource(k.Resource); err != nil {
			if core.KindOf(err) == core.NotFound {
				return fieldError("resource", "%s", noSuchThing)
			}
			return err
		}
		if err := v.limitsUsers(k.resource); err != nil {
			return err
		}
		sheet := v.sheet(k.resource.Offering)
		var ok bool
		if k.component, ok = sheet.ComponentByID(k.Component); !ok {
			return fieldError("component", "Object with uuid=%s does not exist.", k.Component.UUID(id.Component))
		}
		if k.account, ok = v.accountNamed(k.resource.Offering, user); !ok {
			return fieldError("user", "The offering has no such user.")
		}
		k.Account = k.account.doc.ID
		return v.err
	})
	if err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindUserLimit, Customer: k.resource.Customer, Name: k.name()}
	k.doc, _, err = d.core.KeepDocument(r.Context(), who, key, func(_ *core.Scene, doc *core.Document) error {
		if doc.Rev != 0 {
			return serializerRule("The fields resource, component, user must make a unique set.")
		}
		doc.Parent = k.Resource
		doc.Body, _ = json.Marshal(k.userLimitBody) // numbers
		return nil
	})
	if err != nil {
		return err
	}
	return d.showUserLimit(w, r, who, http.StatusCreated, k)
}

// accountNamed finds the account that a username, a link or a UUID names.
func (v *view) accountNamed(offering id.ID, s string) (account, bool) {
	found := core.DocumentQuery{Kind: kindAccount, Parent: offering, Alias: s, Page: core.Page{Limit: 1}}
	docs, err := v.ShownDocuments(found)
	v.failed(err)
	if len(docs) > 0 {
		return accountOf(docs[0]), true
	}
	s = strings.TrimSuffix(s, "/")
	i, err := id.ParseUUID(id.Document, s[strings.LastIndexByte(s, '/')+1:])
	if err != nil {
		return account{}, false
	}
	a, err := v.account(i)
	if err != nil && core.KindOf(err) != core.NotFound {
		v.failed(err)
	}
	return a, err == nil && a.Offering == offering
}

func (d *door) showUserLimit(w http.ResponseWriter, r *http.Request, who core.Actor, status int, k userLimit) error {
	var out json.RawMessage
	err := d.read(r, who, func(v *view) error {
		if status == http.StatusCreated {
			w.Header().Set("Location", v.userLimitLink(k.doc.ID))
		}
		out = userLimitModel.object(v, k, nil)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, status, out)
}

// changeUserLimit changes one that the caller sees and may set.
func (d *door) changeUserLimit(r *http.Request, who core.Actor, change func(k *userLimit, doc *core.Document) error) (userLimit, error) {
	var k userLimit
	err := d.read(r, who, func(v *view) (err error) {
		if k, err = v.userLimit(named(r, id.Document)); err != nil {
			return err
		}
		return v.limitsUsers(k.resource)
	})
	if err != nil {
		return k, err
	}
	k.doc, err = d.core.ChangeShownDocument(r.Context(), who, kindUserLimit, k.doc.ID, func(_ *core.Scene, doc *core.Document) error {
		k.userLimitBody = attrs[userLimitBody](doc.Body)
		err := change(&k, doc)
		doc.Body, _ = json.Marshal(k.userLimitBody) // numbers
		return err
	})
	return k, err
}

// editUserLimit changes how much it is; what it is about is for good.
func (d *door) editUserLimit(whole bool) func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		k, err := d.changeUserLimit(r, who, func(k *userLimit, _ *core.Document) error {
			b, err := readBody(r)
			if err != nil {
				return err
			}
			resource, component := b.link(d, "resource", whole, id.Resource, resourcePaths), b.uuid("component", whole, id.Component)
			b.text("user", whole, 0) // a name, a link or a UUID
			if resource != 0 && resource != k.Resource {
				b.errs.add("resource", "This field cannot be changed.")
			}
			if component != 0 && component != k.Component {
				b.errs.add("component", "This field cannot be changed.")
			}
			k.Limit = b.most(k.Limit)
			return b.done()
		})
		if err != nil {
			return err
		}
		return d.showUserLimit(w, r, who, http.StatusOK, k)
	}
}

func (d *door) dropUserLimit(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	now := d.core.Now()
	_, err := d.changeUserLimit(r, who, func(_ *userLimit, doc *core.Document) error { doc.RemovedAt = &now; return nil })
	if err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// withinUserLimits refuses parts of a usage that are above what their accounts may use.
func withinUserLimits(users map[string]money.Micro) func(s *core.Scene, u order.Usage) error {
	return func(s *core.Scene, u order.Usage) error {
		docs, err := s.ShownDocuments(core.DocumentQuery{Kind: kindUserLimit, Parent: u.Resource, Page: everything})
		if err != nil {
			return err
		}
		for _, doc := range docs {
			k := attrs[userLimitBody](doc.Body)
			if k.Component != u.Component || k.Limit < 0 {
				continue
			}
			a, err := s.ShownDocument(kindAccount, k.Account)
			if err != nil && core.KindOf(err) == core.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			name := accountOf(a).Username
			if q, ok := users[name]; ok && q > k.Limit {
				return serializerRule("Usage limit exceeded for user %s: %s of %s.", name, q, k.Limit)
			}
		}
		return nil
	}
}
