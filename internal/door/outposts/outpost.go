package outposts

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// outpostBody is what an Outpost's document holds. Its parent is the site.
type outpostBody struct {
	Region      string            `json:"region"` // that made it: part of its ARN
	SiteRegion  string            `json:"site_region"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Zone        string            `json:"zone,omitempty"`
	ZoneID      string            `json:"zone_id,omitempty"`
	Hardware    string            `json:"hardware,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// lifeCycle is what every Outpost says: the vendor's word is free, its examples show this.
const lifeCycle = "ACTIVE"

// outpost is an Outpost as it stands.
type outpost struct {
	doc     core.Document
	body    outpostBody
	account string
}

func (o outpost) id() string { return o.doc.ID.Hex17(outpostPrefix) }

func (o outpost) wire() wireOutpost {
	site := o.doc.Parent.Hex17(sitePrefix)
	return wireOutpost{OutpostID: o.id(), OwnerID: o.account, OutpostARN: spellARN(o.body.Region, o.account, "outpost", o.id()), SiteID: site,
		Name: o.body.Name, Description: o.body.Description, LifeCycle: lifeCycle, Zone: o.body.Zone, ZoneID: o.body.ZoneID, Tags: shownTags(o.body.Tags),
		SiteARN: spellARN(o.body.SiteRegion, o.account, "site", site), Hardware: o.body.Hardware}
}

// openOutpost reads an Outpost out of its document.
func openOutpost(s *core.Scene, doc core.Document) (outpost, error) {
	out := outpost{doc: doc}
	if err := json.Unmarshal(doc.Body, &out.body); err != nil {
		return out, err
	}
	c, err := s.CustomerName(doc.Customer)
	out.account = c.Number
	return out, err
}

// findOutpost returns the Outpost that an identifier names.
func findOutpost(s *core.Scene, i identifier) (outpost, error) {
	doc, err := s.Document(kindOutpost, i.id)
	if err != nil {
		return outpost{}, missing(err, "Outpost", i.spelled)
	}
	out, err := openOutpost(s, doc)
	if err == nil && !i.names(out.body.Region, out.account) {
		err = none("Outpost", i.spelled)
	}
	return out, err
}

func (d *door) createOutpost(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	in.require("Name", "SiteId")
	on := parse(in.word("SiteId", siteID))
	body := outpostBody{Region: regionOf(r), Name: in.word("Name", outpostName), Description: in.word("Description", outpostDescription),
		Zone: in.word("AvailabilityZone", availabilityZone), ZoneID: in.word("AvailabilityZoneId", zoneID), Hardware: in.word("SupportedHardwareType", hardwareType),
		Tags: in.tags()}
	if err := in.err(); err != nil {
		return err
	}
	var at site
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { at, err = findSite(s, on); return err }); err != nil {
		return err
	}
	body.SiteRegion = at.body.Region
	doc := core.Document{Kind: kindOutpost, Customer: at.doc.Customer, Parent: at.doc.ID, Body: packed(body)}
	doc, err = d.core.NewDocumentOnce(r.Context(), who, repeatable(r), doc, func(s *core.Scene) error { _, err := findSite(s, on); return err })
	if err != nil {
		return err
	}
	return d.answerOutpost(w, r, who, doc)
}

func (d *door) answerOutpost(w http.ResponseWriter, r *http.Request, who core.Actor, doc core.Document) error {
	var out outpost
	err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { out, err = openOutpost(s, doc); return err })
	if err != nil {
		return err
	}
	return reply(w, r, outpostOutput{out.wire()})
}

// outpost returns the Outpost that the path names.
func (d *door) outpost(r *http.Request, who core.Actor) (outpost, error) {
	var out outpost
	i, err := label(r, "outpost", "OutpostId", outpostID)
	if err != nil {
		return out, err
	}
	err = d.core.View(r.Context(), who, func(s *core.Scene) (err error) { out, err = findOutpost(s, i); return err })
	return out, err
}

func (d *door) getOutpost(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	out, err := d.outpost(r, who)
	if err != nil {
		return err
	}
	return reply(w, r, outpostOutput{out.wire()})
}

func (d *door) listOutposts(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	states := q.list("LifeCycleStatusFilter", lifeCycleStatus, 5)
	zones := q.list("AvailabilityZoneFilter", availabilityZone, 5)
	zoneIDs := q.list("AvailabilityZoneIdFilter", zoneID, 5)
	p := q.page(ownID)
	if err := q.err(); err != nil {
		return err
	}
	out := outpostsOutput{Outposts: []wireOutpost{}}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		found, next, err := collect(p, listing(s, kindOutpost, 0, openOutpost), func(one outpost) id.ID { return one.doc.ID }, func(one outpost) bool {
			return lets(states, lifeCycle) && lets(zones, one.body.Zone) && lets(zoneIDs, one.body.ZoneID)
		})
		for _, one := range found {
			out.Outposts = append(out.Outposts, one.wire())
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, out)
}

func (d *door) updateOutpost(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "outpost", "OutpostId", outpostID)
	if err != nil {
		return err
	}
	in, err := readInput(r)
	if err != nil {
		return err
	}
	called, words, hardware := in.text("Name", outpostName), in.text("Description", outpostDescription), in.text("SupportedHardwareType", hardwareType)
	if err := in.err(); err != nil {
		return err
	}
	doc, err := d.changeOutpostDocument(r, who, i, nil, func(one *outpost) error {
		set(&one.body.Name, called)
		set(&one.body.Description, words)
		set(&one.body.Hardware, hardware)
		return nil
	})
	if err != nil {
		return err
	}
	return d.answerOutpost(w, r, who, doc)
}

// changeOutpostDocument edits what an Outpost's document holds; again, if not nil, makes
// it safe to repeat.
func (d *door) changeOutpostDocument(r *http.Request, who core.Actor, i identifier, again *core.IdemKey, change func(*outpost) error) (core.Document, error) {
	doc, err := d.core.ChangeDocumentOnce(r.Context(), who, again, kindOutpost, i.id, func(s *core.Scene, doc *core.Document) error {
		one, err := findOutpost(s, i)
		if err != nil {
			return err
		}
		if err := change(&one); err != nil {
			return err
		}
		doc.Body = packed(one.body)
		return nil
	})
	return doc, missing(err, "Outpost", i.spelled)
}

func (d *door) deleteOutpost(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "outpost", "OutpostId", outpostID)
	if err != nil {
		return err
	}
	err = d.core.RemoveDocument(r.Context(), who, kindOutpost, i.id, func(s *core.Scene, doc core.Document) error {
		if _, err := findOutpost(s, i); err != nil {
			return err
		}
		return vacant(s, doc.ID)
	})
	if err != nil {
		return missing(err, "Outpost", i.spelled)
	}
	return reply(w, r, empty{})
}

// vacant refuses to let an Outpost go that has an open order or hardware on it.
func vacant(s *core.Scene, outpost id.ID) error {
	open, err := s.OpenFor(outpost)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return &core.Error{Kind: core.Conflict, About: core.Ref{Kind: "order", ID: open[0].Order.ID}, Msg: "The Outpost has an open order. Cancel it first."}
	}
	lives, err := s.LivesOn(outpost)
	if err != nil || !lives {
		return err
	}
	return &core.Error{Kind: core.Conflict, About: core.Ref{Kind: kindOutpost, ID: outpost}, Msg: "The Outpost has hardware under a subscription."}
}
