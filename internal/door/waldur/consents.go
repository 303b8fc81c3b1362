package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// A consent is what a user agreed to of an offering's terms: a document of this door, one
// for each user and offering.

const kindConsent = "waldur.consent"

// terms are an offering's terms of service, in its attributes. They ask for consent where
// there are any.
type terms struct {
	Text       string `json:"text"`
	Link       string `json:"link"`
	Version    string `json:"version"`
	Reconsents bool   `json:"requires_reconsent"` // a new version must be agreed to anew
}

// Active reports whether there are terms to agree to.
func (t terms) Active() bool { return t.Text != "" || t.Link != "" }

func termsOf(o catalog.Offering) terms {
	type kept struct {
		Terms terms `json:"terms_of_service"`
	}
	return attrs[kept](o.Attrs).Terms
}

// consentBody is what is kept of a consent.
type consentBody struct {
	Offering id.ID      `json:"offering"`
	User     id.ID      `json:"user"`
	Version  string     `json:"version,omitempty"`
	Agreed   time.Time  `json:"agreed"`
	Revoked  *time.Time `json:"revoked,omitempty"`
	Modified time.Time  `json:"modified"`
}

// consent is a user's word about an offering's terms; there may be none.
type consent struct {
	doc core.Document
	consentBody
	terms terms
}

// given reports whether the user agreed to the terms as they are.
func (c consent) given() bool { return c.doc.ID != 0 && c.Revoked == nil && !c.again() }

// again reports whether the user has to agree anew.
func (c consent) again() bool {
	return c.doc.ID != 0 && c.Revoked == nil && c.terms.Reconsents && c.Version != c.terms.Version
}

// counts reports whether those who deliver may know of the user: without terms, all.
func (c consent) counts() bool { return !c.terms.Active() || c.given() }

func (c consent) data(v *view) any {
	if c.doc.ID == 0 {
		return nil
	}
	return map[string]any{"uuid": c.doc.ID.UUID(id.Document), "version": c.Version, "agreement_date": stamp(c.Agreed), "revocation_date": stampOrNull(c.Revoked)}
}

func consentOf(v *view, d core.Document) consent {
	c := consent{doc: d, consentBody: attrs[consentBody](d.Body)}
	c.terms = termsOf(v.sheet(c.Offering).Offering)
	return c
}

// consents finds what a user said of an offering's terms.
func (v *view) consents(offering, user id.ID) consent {
	o := v.sheet(offering).Offering
	none := consent{terms: termsOf(o)}
	if !none.terms.Active() {
		return none
	}
	k := consentKey(v.provider(o.Provider).Customer, offering, user)
	docs, err := v.ShownDocuments(core.DocumentQuery{Kind: k.Kind, Customers: []id.ID{k.Customer}, Name: k.Name, Page: core.Page{Limit: 1}})
	v.failed(err)
	if len(docs) == 0 {
		return none
	}
	return consentOf(v, docs[0])
}

func consentKey(provider, offering, user id.ID) core.DocumentKey {
	return core.DocumentKey{Kind: kindConsent, Customer: provider, Name: offering.Base36() + "/" + user.Base36()}
}

func (d *door) consentOperations() []operation {
	const root, one = "/api/marketplace-user-offering-consents/", "/api/marketplace-user-offering-consents/{uuid}/"
	return []operation{
		{"marketplace_user_offering_consents_list", "GET", root, consents.open(d), false},
		{"marketplace_user_offering_consents_retrieve", "GET", one, retrieve(d, id.Document, (*view).consent, consentModel), false},
		{"marketplace_user_offering_consents_create", "POST", root, d.giveConsent, false},
		{"marketplace_user_offering_consents_revoke", "POST", one + "revoke/", d.revokeConsent, false},
	}
}

// consent returns one's own; staff any.
func (v *view) consent(i id.ID) (consent, error) {
	d, err := v.ShownDocument(kindConsent, i)
	if err != nil {
		return consent{}, noDocument(kindConsent, i, err)
	}
	c := consentOf(v, d)
	if !v.seesAll() && c.User != v.who.User.ID {
		return consent{}, noDocument(kindConsent, i, v.err)
	}
	return c, v.err
}

// consentDocuments reads one's own by their names; those who see all read all.
func (v *view) consentDocuments() ([]core.Document, error) {
	all := core.DocumentQuery{Kind: kindConsent, Page: everything}
	if v.seesAll() {
		return v.ShownDocuments(all)
	}
	offerings, err := v.Offerings(core.OfferingQuery{Page: everything})
	if err != nil {
		return nil, err
	}
	var out []core.Document
	for _, o := range offerings {
		k := consentKey(v.provider(o.Provider).Customer, o.ID, v.who.User.ID)
		all.Customers, all.Name = []id.ID{k.Customer}, k.Name
		docs, err := v.ShownDocuments(all)
		if err != nil {
			return nil, err
		}
		out = append(out, docs...)
	}
	slices.SortFunc(out, byDocument)
	return out, nil
}

func ofConsent(read func(c consent) any) func(*view, consent) any {
	return func(_ *view, c consent) any { return read(c) }
}

var consentModel = model[consent]{
	{name: "uuid", value: ofConsent(func(c consent) any { return c.doc.ID.UUID(id.Document) })},
	{name: "user_uuid", value: ofConsent(func(c consent) any { return c.User.UUID(id.User) })},
	{name: "user_username", value: func(v *view, c consent) any { return v.user(c.User).Login }},
	{name: "user_full_name", value: func(v *view, c consent) any { return v.user(c.User).FullName }},
	{name: "user_email", value: func(v *view, c consent) any { return v.user(c.User).Email }},
	{name: "offering_uuid", value: ofConsent(func(c consent) any { return c.Offering.UUID(id.Offering) })},
	{name: "offering_name", value: func(v *view, c consent) any { return v.sheet(c.Offering).Offering.Name }},
	{name: "offering_slug", value: func(v *view, c consent) any {
		o := v.sheet(c.Offering).Offering
		return orElse(o.Slug, slugOf(o.Code))
	}},
	{name: "offering_url", value: func(v *view, c consent) any { return v.publicOfferingLink(c.Offering) }},
	{name: "version", value: ofConsent(func(c consent) any { return c.Version })},
	{name: "agreement_date", value: ofConsent(func(c consent) any { return stamp(c.Agreed) })},
	{name: "revocation_date", value: ofConsent(func(c consent) any { return stampOrNull(c.Revoked) })},
	{name: "created", value: ofConsent(func(c consent) any { return stamp(c.doc.ID.Time()) })},
	{name: "modified", value: ofConsent(func(c consent) any { return stamp(c.Modified) })},
	{name: "has_consent", value: ofConsent(func(c consent) any { return c.given() })},
	{name: "requires_reconsent", value: ofConsent(func(c consent) any { return c.again() })},
	{name: "collected_attributes", value: func(v *view, c consent) any { return exposure(v.sheet(c.Offering).Offering).names() }},
}

var consents = list[few, consent]{
	rows: whole(func(v *view) ([]consent, error) {
		docs, err := v.consentDocuments()
		out := make([]consent, len(docs))
		for n, d := range docs {
			out[n] = consentOf(v, d)
		}
		return out, err
	}),
	filters: map[string]filter[few, consent]{
		"offering_uuid": idIn[few](id.Offering, func(_ *view, c consent) id.ID { return c.Offering }),
		"user_uuid":     idIn[few](id.User, func(_ *view, c consent) id.ID { return c.User }),
		"has_consent":   is[few](func(_ *view, c consent) bool { return c.given() }),
	},
	model: consentModel,
}

func (d *door) giveConsent(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	offering := b.uuid("offering", true, id.Offering)
	if err := b.done(); err != nil {
		return err
	}
	word, err := d.agreement(r, who, offering)
	if err == nil && word != nil {
		_, _, err = d.core.KeepDocument(r.Context(), who, word.DocumentKey, word.Change)
	}
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, map[string]string{"offering": offering.UUID(id.Offering)})
}

// agreement is what is to be kept of the caller's word that they agree to an offering's terms
// as they are; nil where they have agreed, or there are no terms.
func (d *door) agreement(r *http.Request, who core.Actor, offering id.ID) (*core.Keeping, error) {
	var o catalog.Offering
	var customer id.ID
	agreed := false
	err := d.read(r, who, func(v *view) error {
		sh, err := v.publicOffering(offering)
		if core.KindOf(err) == core.NotFound && err != nil {
			return fieldError("offering", "Object with uuid=%s does not exist.", offering.UUID(id.Offering))
		}
		if err != nil {
			return err
		}
		o, customer = sh.Offering, v.provider(sh.Offering.Provider).Customer
		was := v.consents(offering, who.User.ID)
		agreed = was.given() && was.Version == termsOf(o).Version
		return v.err
	})
	if err != nil || agreed || !termsOf(o).Active() {
		return nil, err
	}
	now := d.core.Now()
	return &core.Keeping{DocumentKey: consentKey(customer, offering, who.User.ID), Change: func(_ *core.Scene, doc *core.Document) error {
		c := attrs[consentBody](doc.Body)
		if doc.Rev != 0 && c.Revoked == nil && c.Version == termsOf(o).Version {
			return nil
		}
		c = consentBody{Offering: offering, User: who.User.ID, Version: termsOf(o).Version, Agreed: now, Modified: now}
		doc.Parent = offering
		doc.Body, _ = json.Marshal(c) // numbers, texts and times
		return nil
	}}, nil
}

func (d *door) revokeConsent(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i := named(r, id.Document)
	if err := d.read(r, who, func(v *view) error { _, err := v.consent(i); return err }); err != nil {
		return err
	}
	now := d.core.Now()
	_, err := d.core.ChangeShownDocument(r.Context(), who, kindConsent, i, func(_ *core.Scene, doc *core.Document) error {
		c := attrs[consentBody](doc.Body)
		if c.Revoked == nil {
			c.Revoked, c.Modified = &now, now
		}
		doc.Body, _ = json.Marshal(c) // numbers, texts and times
		return nil
	})
	if err != nil {
		return err
	}
	var out any
	err = d.read(r, who, func(v *view) error {
		c, err := v.consent(i)
		out = consentModel.object(v, c, nil)
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}
