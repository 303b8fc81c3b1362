package waldur

import (
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) accountOperations() []operation {
	const root, one = "/api/marketplace-offering-users/", "/api/marketplace-offering-users/{uuid}/"
	ops := []operation{
		{"marketplace_offering_users_list", "GET", root, accounts.open(d), false},
		{"marketplace_offering_users_retrieve", "GET", one, retrieve(d, id.Document, (*view).account, accountModel), false},
		{"marketplace_offering_users_create", "POST", root, d.createAccount, false},
		{"marketplace_offering_users_partial_update", "PATCH", one, d.patchAccount, false},
		{"marketplace_offering_users_destroy", "DELETE", one, d.destroyAccount, false},
		{"marketplace_offering_users_update_restricted", "POST", one + "update_restricted/", d.restrictAccount, false},
		{"marketplace_service_providers_set_offerings_username", "POST", "/api/marketplace-service-providers/{uuid}/set_offerings_username/", d.setUsernames, false},
	}
	for _, m := range accountMoves {
		ops = append(ops, operation{"marketplace_offering_users_" + m.act, "POST", one + m.act + "/", d.moveAccount(m), false})
	}
	return ops
}

// errForbidden is the vendor's refusal of somebody without the right.
var errForbidden = refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))

// wanted is who is to have an account where.
type wantedAccount struct {
	offering catalog.Offering
	provider tenant.Provider
	user     id.ID
}

// createAccount makes one by its provider's hand.
func (d *door) createAccount(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	offering, user := d.linkOrUUID(b, "offering", id.Offering, offeringPaths), d.linkOrUUID(b, "user", id.User, userPaths)
	username := b.text("username", false, mostUsername)
	if err := b.done(); err != nil {
		return err
	}
	var want wantedAccount
	err = d.read(r, who, func(v *view) error {
		want, err = v.wantedAccount(b, offering, user)
		return err
	})
	if err != nil {
		return err
	}
	made, _, err := d.core.KeepDocument(r.Context(), who, accountKey(want.provider, want.offering.ID, user), func(_ *core.Scene, doc *core.Document) error {
		if doc.Rev != 0 {
			return errTwoAccounts
		}
		a := account{doc: *doc, accountBody: accountBody{Offering: want.offering.ID, User: user, Modified: d.core.Now()}}
		a.doc.Parent = want.offering.ID
		a.set(accountRequested)
		a.name(username)
		*doc = a.pack()
		return nil
	})
	if err != nil {
		return err
	}
	return d.showAccount(w, r, who, http.StatusCreated, made.ID)
}

var errTwoAccounts = serializerRule("The fields offering, user must make a unique set.")

// linkOrUUID reads a record named by link, or by UUID alone in another field.
func (d *door) linkOrUUID(b *body, name string, kind id.Kind, paths []string) id.ID {
	if !b.given(name) && b.given(name+"_uuid") {
		return b.uuid(name+"_uuid", true, kind)
	}
	return b.link(d, name, true, kind, paths)
}

// wantedAccount checks that an account may be made, in the vendor's order of refusals.
func (v *view) wantedAccount(b *body, offering, user id.ID) (wantedAccount, error) {
	var want wantedAccount
	sh, err := v.Offering(offering)
	if refused := b.unknown("offering", err); refused != nil {
		return want, refused
	}
	if refused := b.unknown("user", v.knownHolder(sh.Offering, user)); refused != nil {
		return want, refused
	}
	if err := b.done(); err != nil {
		return want, err
	}
	want = wantedAccount{sh.Offering, v.provider(sh.Offering.Provider), user}
	mine := v.who.SeesWide() && v.may(tenant.OfferingUsers, want.provider.Customer)
	if _, is := v.accountIn(want.offering, user); is && (mine || user == v.who.User.ID) {
		return want, errTwoAccounts
	}
	switch {
	case v.err != nil:
		return want, v.err
	case !mine:
		return want, errForbidden
	case !accountOptionsOf(want.offering).Allowed:
		return want, rule("It is not allowed to create users for current offering.")
	}
	return want, nil
}

// knownHolder is NotFound unless the caller may know of a user: one they see, or, if the
// offering is theirs to deliver, one of those served.
func (v *view) knownHolder(o catalog.Offering, user id.ID) error {
	if user == 0 {
		return &core.Error{Kind: core.NotFound}
	}
	_, err := v.User(user)
	if err == nil || core.KindOf(err) != core.NotFound {
		return err
	}
	if v.delivers(o) {
		if is, failed := v.isServed(o, user); failed != nil || is {
			return failed
		}
	}
	return err
}

// isServed reports whether a user has a role in a project that has, or had, a resource of an
// offering, or in such a project's customer.
func (v *view) isServed(o catalog.Offering, user id.ID) (bool, error) {
	grants, err := v.GrantsOf(user)
	if err != nil {
		return false, err
	}
	for _, g := range grants {
		q := core.ResourceQuery{Offerings: []id.ID{o.ID}, Page: core.Page{Limit: 1}}
		switch g.Scope {
		case tenant.OnProject:
			q.Projects = []id.ID{g.ScopeID}
		case tenant.OnCustomer:
			q.Customers = []id.ID{g.ScopeID}
		case tenant.OnOffering, tenant.OnResource, tenant.OnUser:
			continue
		}
		if some, err := v.Resources(q); err != nil || len(some) > 0 {
			return len(some) > 0, err
		}
	}
	return false, nil
}

// unknown notes that a field names what is not there; other failures come back.
func (b *body) unknown(field string, err error) error {
	if err != nil && core.KindOf(err) == core.NotFound {
		b.errs.add(field, noSuchThing)
		return nil
	}
	return err
}

// accountEdit runs an edit of an account that the caller sees and may change. What is
// wrong with the body is told after 404 and 403.
func (d *door) accountEdit(r *http.Request, who core.Actor, edit func(b *body, a *account) error) error {
	i := named(r, id.Document)
	err := d.read(r, who, func(v *view) error {
		a, err := v.account(i)
		if err == nil && !v.may(tenant.OfferingUsers, a.doc.Customer) {
			err = errForbidden
		}
		return err
	})
	if err != nil {
		return err
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	_, err = d.core.ChangeShownDocument(r.Context(), who, kindAccount, i, func(_ *core.Scene, doc *core.Document) error {
		a := accountOf(*doc)
		b.errs = fieldErrors{}
		if err := edit(b, &a); err != nil {
			return err
		}
		if err := b.done(); err != nil {
			return err
		}
		a.Modified = d.core.Now()
		*doc = a.pack()
		return nil
	})
	return err
}

func (d *door) showAccount(w http.ResponseWriter, r *http.Request, who core.Actor, status int, i id.ID) error {
	var out any
	err := d.read(r, who, func(v *view) error {
		a, err := v.account(i)
		if status == http.StatusCreated {
			w.Header().Set("Location", v.accountLink(i))
		}
		out = accountModel.object(v, a, nil)
		return err
	})
	if err != nil {
		w.Header().Del("Location")
		return err
	}
	return reply(w, status, out)
}

func (d *door) patchAccount(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	err := d.accountEdit(r, who, func(b *body, a *account) error {
		if b.given("username") {
			a.name(b.text("username", false, mostUsername))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.showAccount(w, r, who, http.StatusOK, named(r, id.Document))
}

func (d *door) restrictAccount(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	err := d.accountEdit(r, who, func(b *body, a *account) error {
		b.raw("is_restricted", true)
		a.Restricted = b.flag("is_restricted")
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{})
}

func (d *door) destroyAccount(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	now := d.core.Now()
	err := d.accountEdit(r, who, func(_ *body, a *account) error {
		a.doc.RemovedAt = &now
		return nil
	})
	if err == error(errForbidden) {
		err = refuse(http.StatusForbidden, detail("You do not have permission to delete this user."))
	}
	if err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// moveAccount makes one move of the table.
func (d *door) moveAccount(m accountMove) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		err := d.accountEdit(r, who, func(b *body, a *account) error {
			var comment, link string
			if m.comment {
				comment, link = b.text("comment", false, 0), b.url("comment_url")
			}
			if !slices.Contains(m.from, a.state()) {
				return m.refusal(a.state())
			}
			a.set(m.to)
			a.Comment, a.CommentURL = comment, link
			return nil
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusOK, map[string]any{})
	}
}

func (m accountMove) refusal(is accountState) error {
	names := make([]string, len(m.from))
	for n, s := range m.from {
		names[n] = string(s)
	}
	status := http.StatusBadRequest
	if is == accountOK && slices.Contains(deletionMoves, m.to) {
		status = http.StatusConflict
	}
	return refuse(status, detail("Valid states for operation: "+strings.Join(names, ", ")+"."))
}

// setUsernames gives a user one name in all of a provider's offerings that they have
// resources of.
func (d *door) setUsernames(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var p tenant.Provider
	err := d.read(r, who, func(v *view) (err error) {
		if p, err = v.knownProvider(v.named(id.Provider)); err == nil && !v.may(tenant.OfferingUsers, p.Customer) {
			err = errForbidden
		}
		return err
	})
	if err != nil {
		return err
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	user, username := b.uuid("user_uuid", true, id.User), b.text("username", true, mostUsername)
	if err := b.done(); err != nil {
		return err
	}
	var offerings []id.ID
	err = d.read(r, who, func(v *view) (err error) { offerings, err = v.usedFrom(p, user, b); return err })
	if err != nil {
		return err
	}
	for _, o := range offerings {
		_, _, err := d.core.KeepDocument(r.Context(), who, accountKey(p, o, user), func(_ *core.Scene, doc *core.Document) error {
			a := accountOf(*doc)
			if a.Username == username && a.state() == accountOK {
				return nil
			}
			a.doc.Parent, a.Offering, a.User, a.Held, a.Modified = o, o, user, true, d.core.Now()
			a.Username = username
			a.set(accountOK)
			*doc = a.pack()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return reply(w, http.StatusCreated, detail("Offering users have been set."))
}

// usedFrom lists a provider's offerings with a resource, not yet ended, in a project where
// the user has a role.
func (v *view) usedFrom(p tenant.Provider, user id.ID, b *body) ([]id.ID, error) {
	_, err := v.UserName(user)
	if user == 0 || core.KindOf(err) == core.NotFound && err != nil {
		s, _ := asText(b.fields["user_uuid"])
		return nil, rule("A user with the uuid [" + dashed(s) + "] is not found.")
	}
	if err != nil {
		return nil, err
	}
	grants, err := v.GrantsOf(user)
	if err != nil {
		return nil, err
	}
	q := core.ResourceQuery{Any: &core.Sight{Providers: []id.ID{p.ID}}, Providers: []id.ID{p.ID}, States: living, Page: everything}
	for _, g := range grants {
		if g.Scope == tenant.OnProject {
			q.Projects = append(q.Projects, g.ScopeID)
		}
	}
	var resources []order.Resource
	if len(q.Projects) > 0 {
		resources, err = v.Resources(q)
	}
	var out []id.ID
	for _, res := range resources {
		if !slices.Contains(out, res.Offering) {
			out = append(out, res.Offering)
		}
	}
	return out, err
}

// dashed spells a UUID in the 8-4-4-4-12 form.
func dashed(s string) string {
	s = strings.ToLower(strings.ReplaceAll(s, "-", ""))
	if len(s) != 32 {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
