package outposts

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// siteBody is what a site's document holds.
type siteBody struct {
	Region      string            `json:"region"` // that made it: part of its ARN
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Notes       string            `json:"notes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Operating   map[string]string `json:"operating,omitempty"`
	Shipping    map[string]string `json:"shipping,omitempty"`
	Rack        map[string]string `json:"rack,omitempty"`
}

// site is a site as it stands.
type site struct {
	doc     core.Document
	body    siteBody
	account string
}

func (s site) id() string  { return s.doc.ID.Hex17(sitePrefix) }
func (s site) arn() string { return spellARN(s.body.Region, s.account, "site", s.id()) }

func (s site) wire() wireSite {
	return wireSite{SiteID: s.id(), AccountID: s.account, Name: s.body.Name, Description: s.body.Description, Tags: shownTags(s.body.Tags), SiteARN: s.arn(),
		Notes: s.body.Notes, CountryCode: s.body.Operating["CountryCode"], Region: s.body.Operating["StateOrRegion"], City: s.body.Operating["City"], Rack: s.body.Rack}
}

// openSite reads a site out of its document.
func openSite(s *core.Scene, doc core.Document) (site, error) {
	out := site{doc: doc}
	if err := json.Unmarshal(doc.Body, &out.body); err != nil {
		return out, err
	}
	c, err := s.CustomerName(doc.Customer)
	out.account = c.Number
	return out, err
}

// findSite returns the site that an identifier names.
func findSite(s *core.Scene, i identifier) (site, error) {
	doc, err := s.Document(kindSite, i.id)
	if err != nil {
		return site{}, missing(err, "Site", i.spelled)
	}
	out, err := openSite(s, doc)
	if err == nil && !i.names(out.body.Region, out.account) {
		err = none("Site", i.spelled)
	}
	return out, err
}

// home is the account that the caller's own records are kept under.
func home(s *core.Scene) (customer id.ID, err error) {
	c, err := s.Home()
	if core.KindOf(err) == core.NotFound && err != nil {
		err = &core.Error{Kind: core.Forbidden, Msg: "This access key belongs to no account.", Err: err}
	}
	return c.ID, err
}

func (in *input) address(name string) map[string]string {
	a := in.object(name)
	if a == nil {
		return nil
	}
	a.require("AddressLine1", "City", "StateOrRegion", "PostalCode", "CountryCode") // clients of before 2025 name no contact
	return a.texts(map[string]words{"ContactName": contactName, "ContactPhoneNumber": contactPhone, "AddressLine1": addressLine1, "AddressLine2": addressLine,
		"AddressLine3": addressLine, "City": city, "StateOrRegion": stateOrRegion, "DistrictOrCounty": districtOrCounty, "PostalCode": postalCode,
		"CountryCode": countryCode, "Municipality": municipality})
}

// texts returns the members that are there, each checked.
func (in *input) texts(model map[string]words) map[string]string {
	out := map[string]string{}
	for _, name := range sorted(model) {
		if s := in.text(name, model[name]); s != nil {
			out[name] = *s
		}
	}
	return out
}

func (in *input) rack() map[string]string {
	if in == nil {
		return nil
	}
	model := map[string]words{}
	for name, e := range rackProperties {
		model[name] = e
	}
	return in.texts(model)
}

func (d *door) createSite(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	in.require("Name")
	body := siteBody{Region: regionOf(r), Name: in.word("Name", siteName), Description: in.word("Description", siteDescription), Notes: in.word("Notes", siteNotes),
		Tags: in.tags(), Operating: in.address("OperatingAddress"), Shipping: in.address("ShippingAddress"), Rack: in.object("RackPhysicalProperties").rack()}
	if err := in.err(); err != nil {
		return err
	}
	var customer id.ID
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { customer, err = home(s); return err }); err != nil {
		return err
	}
	doc, err := d.core.NewDocumentOnce(r.Context(), who, repeatable(r), core.Document{Kind: kindSite, Customer: customer, Body: packed(body)}, nil)
	if err != nil {
		return err
	}
	return d.answerSite(w, r, who, doc)
}

// packed is a document's body.
func packed(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil { // texts and maps of them
		panic(err)
	}
	return b
}

func (d *door) answerSite(w http.ResponseWriter, r *http.Request, who core.Actor, doc core.Document) error {
	var out site
	err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { out, err = openSite(s, doc); return err })
	if err != nil {
		return err
	}
	return reply(w, r, siteOutput{out.wire()})
}

func (d *door) getSite(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	out, err := d.site(r, who)
	if err != nil {
		return err
	}
	return reply(w, r, siteOutput{out.wire()})
}

// site returns the site that the path names.
func (d *door) site(r *http.Request, who core.Actor) (site, error) {
	var out site
	i, err := label(r, "site", "SiteId", siteID)
	if err != nil {
		return out, err
	}
	err = d.core.View(r.Context(), who, func(s *core.Scene) (err error) { out, err = findSite(s, i); return err })
	return out, err
}

// label reads an identifier from the path, which the mux has decoded.
func label(r *http.Request, wild, name string, t text) (identifier, error) {
	f := &faults{}
	s := r.PathValue(wild)
	t.check(f, name, s)
	return parse(s), f.err()
}

func (d *door) listSites(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	countries := q.list("OperatingAddressCountryCodeFilter", countryCode, 0)
	states := q.list("OperatingAddressStateOrRegionFilter", stateOrRegion, 0)
	cities := q.list("OperatingAddressCityFilter", city, 0)
	p := q.page(ownID)
	if err := q.err(); err != nil {
		return err
	}
	out := sitesOutput{Sites: []wireSite{}}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		found, next, err := collect(p, listing(s, kindSite, 0, openSite), func(one site) id.ID { return one.doc.ID }, func(one site) bool {
			a := one.body.Operating
			return lets(countries, a["CountryCode"]) && lets(states, a["StateOrRegion"]) && lets(cities, a["City"])
		})
		for _, one := range found {
			out.Sites = append(out.Sites, one.wire())
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, out)
}

// listing reads the account's documents of a kind, page by page; parent 0: of any parent.
func listing[T any](s *core.Scene, kind string, parent id.ID, open func(*core.Scene, core.Document) (T, error)) func(core.Page) ([]T, error) {
	return func(p core.Page) ([]T, error) {
		customer, err := home(s)
		if err != nil {
			return nil, err
		}
		docs, err := s.Documents(core.DocumentQuery{Page: p, Kind: kind, Customers: []id.ID{customer}, Parent: parent})
		out := make([]T, 0, len(docs))
		for _, doc := range docs {
			one, err := open(s, doc)
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, err
	}
}

func (d *door) updateSite(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	names, words, notes := in.text("Name", siteName), in.text("Description", siteDescription), in.text("Notes", siteNotes)
	if err := in.err(); err != nil {
		return err
	}
	return d.changeSite(w, r, who, func(_ *core.Scene, one *site) error {
		set(&one.body.Name, names)
		set(&one.body.Description, words)
		set(&one.body.Notes, notes)
		return nil
	})
}

func set(field, to *string) {
	if to != nil {
		*field = *to
	}
}

// changeSite edits the site that the path names and answers with it.
func (d *door) changeSite(w http.ResponseWriter, r *http.Request, who core.Actor, change func(*core.Scene, *site) error) error {
	doc, err := d.editSite(r, who, change)
	if err != nil {
		return err
	}
	return d.answerSite(w, r, who, doc)
}

func (d *door) editSite(r *http.Request, who core.Actor, change func(*core.Scene, *site) error) (core.Document, error) {
	i, err := label(r, "site", "SiteId", siteID)
	if err != nil {
		return core.Document{}, err
	}
	return d.changeSiteDocument(r, who, i, nil, change)
}

// changeSiteDocument edits what a site's document holds; again, if not nil, makes it
// safe to repeat.
func (d *door) changeSiteDocument(r *http.Request, who core.Actor, i identifier, again *core.IdemKey, change func(*core.Scene, *site) error) (core.Document, error) {
	doc, err := d.core.ChangeDocumentOnce(r.Context(), who, again, kindSite, i.id, func(s *core.Scene, doc *core.Document) error {
		one, err := findSite(s, i)
		if err != nil {
			return err
		}
		if err := change(s, &one); err != nil {
			return err
		}
		doc.Body = packed(one.body)
		return nil
	})
	return doc, missing(err, "Site", i.spelled)
}

func (d *door) deleteSite(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "site", "SiteId", siteID)
	if err != nil {
		return err
	}
	err = d.core.RemoveDocument(r.Context(), who, kindSite, i.id, func(s *core.Scene, doc core.Document) error {
		if _, err := findSite(s, i); err != nil {
			return err
		}
		on, err := outpostsOn(s, doc)
		if err != nil || len(on) == 0 {
			return err
		}
		return &core.Error{Kind: core.Conflict, About: core.Ref{Kind: kindOutpost, ID: on[0]}, Msg: "The site has Outposts. Delete them first."}
	})
	if err != nil {
		return missing(err, "Site", i.spelled)
	}
	return reply(w, r, empty{})
}

// outpostsOn lists the live Outposts on a site.
func outpostsOn(s *core.Scene, doc core.Document) ([]id.ID, error) {
	docs, err := s.Documents(core.DocumentQuery{Page: core.Page{Limit: 10000}, Kind: kindOutpost, Customers: []id.ID{doc.Customer}, Parent: doc.ID})
	var out []id.ID
	for _, o := range docs {
		out = append(out, o.ID)
	}
	return out, err
}

// settled refuses a change to a site while an order for an Outpost on it is in a way that
// stops reports.
func settled(s *core.Scene, one *site, stops func(core.Placed) bool, msg string) error {
	on, err := outpostsOn(s, one.doc)
	if err != nil || len(on) == 0 {
		return err
	}
	open, err := s.OpenFor(on...)
	if err != nil {
		return err
	}
	for _, o := range open {
		if stops(o) {
			return &core.Error{Kind: core.Conflict, About: core.Ref{Kind: "order", ID: o.Order.ID}, Msg: msg}
		}
	}
	return nil
}

func (d *door) getSiteAddress(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	kind := q.values.Get("AddressType")
	addressType.check(q.faults, "AddressType", kind)
	if err := q.err(); err != nil {
		return err
	}
	out, err := d.site(r, who)
	if err != nil {
		return err
	}
	address := *out.body.address(kind)
	if address == nil {
		return &core.Error{Kind: core.NotFound, Msg: "Site " + out.id() + " has no address of type " + kind + "."}
	}
	return reply(w, r, addressOutput{out.id(), kind, address})
}

// address is where one of the two is kept.
func (b *siteBody) address(kind string) *map[string]string {
	if kind == "SHIPPING_ADDRESS" {
		return &b.Shipping
	}
	return &b.Operating
}

func (d *door) updateSiteAddress(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	in.require("AddressType", "Address")
	kind, address := in.text("AddressType", addressType), in.address("Address")
	if err := in.err(); err != nil {
		return err
	}
	_, err = d.editSite(r, who, func(s *core.Scene, one *site) error {
		any := func(core.Placed) bool { return true }
		if err := settled(s, one, any, "An order for an Outpost at this site is in progress. Wait for it to complete or cancel it."); err != nil {
			return err
		}
		*one.body.address(*kind) = address
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, r, addressOutput{"", *kind, address})
}

func (d *door) updateRackProperties(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	rack := in.rack()
	if err := in.err(); err != nil {
		return err
	}
	return d.changeSite(w, r, who, func(s *core.Scene, one *site) error {
		built := func(p core.Placed) bool { return status(p) == orderStatus[order.Executing] }
		if err := settled(s, one, built, "An order for an Outpost at this site is being built or shipped."); err != nil {
			return err
		}
		if one.body.Rack == nil {
			one.body.Rack = map[string]string{}
		}
		for name, v := range rack {
			one.body.Rack[name] = v
		}
		return nil
	})
}
