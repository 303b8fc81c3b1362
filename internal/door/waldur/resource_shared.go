package waldur

import (
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// What both views of resources have beside orders and reports: what no plugin stands behind
// here, and what staff set by hand.

// sharedEdits are those of both views. Whose right counts is the view's side, but for what
// is staff's.
var sharedEdits = []edit{
	{name: "set_paused", right: staffOnly, do: setFlag("paused", func(k keeping) bool { return k.Paused })},
	{name: "set_downscaled", right: staffOnly, do: setFlag("downscaled", func(k keeping) bool { return k.Downscaled })},
	{name: "set_restrict_member_access", right: staffOnly, do: setFlag("restrict_member_access", func(k keeping) bool { return k.RestrictMembers })},
	{name: "set_slug", right: staffOnly, do: setSlug},
	{name: "set_end_date_by_staff", right: staffOnly, do: setEndDate},
	{name: "set_end_date", right: tenant.SetEndDate, do: setEndDate},
	{name: "update_options", right: tenant.SetOptions, do: updateOptions},
}

func (d *door) sharedOperations(name, root string, s sideView) []operation {
	one := root + "{uuid}/"
	ops := []operation{
		{name + "_offering_retrieve", "GET", one + "offering/", retrieve(d, id.Resource, s.offering, publicOfferingModel), false},
		{name + "_details_retrieve", "GET", one + "details/", d.noDetails(s), false},
		{name + "_pull", "POST", one + "pull/", d.pull(s), false},
		{name + "_unlink", "POST", one + "unlink/", d.unlinkResource(s), false},
	}
	for _, e := range sharedEdits {
		e.side = s.side
		ops = append(ops, operation{name + "_" + e.name, "POST", one + e.name + "/", d.edit(s, e), false})
	}
	return ops
}

// offering is that of a resource, as its people see it.
func (s sideView) offering(v *view, i id.ID) (catalog.Sheet, error) {
	res, err := s.resource(v, i)
	if err != nil {
		return catalog.Sheet{}, err
	}
	return v.ShownOffering(res.Offering)
}

// seen answers 404 where a resource is not there for the caller.
func (d *door) seen(r *http.Request, who core.Actor, s sideView) error {
	return d.read(r, who, func(v *view) error { _, err := s.resource(v, v.named(id.Resource)); return err })
}

// noDetails: what a backend's plugin knows of a resource, and there is none.
func (d *door) noDetails(s sideView) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		if err := d.seen(r, who, s); err != nil {
			return err
		}
		return empty(w, http.StatusNoContent)
	}
}

// pull is taken and leads to nothing: what a site knows of a resource its agent tells by itself.
func (d *door) pull(s sideView) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		err := d.read(r, who, func(v *view) error {
			res, err := s.resource(v, v.named(id.Resource))
			if err == nil {
				err = v.Changeable(res)
			}
			return err
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusAccepted, detail("There is nothing to pull from: who delivers the resource reports what becomes of it."))
	}
}

func (d *door) unlinkResource(s sideView) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		if err := d.seen(r, who, s); err != nil {
			return err
		}
		if err := d.core.UnlinkResource(r.Context(), who, named(r, id.Resource)); err != nil {
			return err
		}
		return empty(w, http.StatusNoContent)
	}
}

// setFlag keeps a truth that a site's agent acts on; one that is not sent stays.
func setFlag(name string, now func(k keeping) bool) func(*core.Scene, *body, *order.Resource, *door) (any, error) {
	return func(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
		is := now(kept(*r))
		to := is
		if b.given(name) {
			b.raw(name, true)
			to = b.flag(name)
		}
		answer := statusOf("Resource "+name+" flag", to != is, map[string]any{})
		if to == is {
			return answer, nil
		}
		return answer, keep(r, name, to)
	}
}

// slugLike are the slugs that the vendor takes: sites name accounts with underscores, too.
var slugLike = regexp.MustCompile(`^[-a-zA-Z0-9_]+$`)

// setSlug changes what a site's agent names the resource's account by: nothing is asked of
// the account that has the old name.
func setSlug(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	to := b.text("slug", true, 50)
	if to != "" && !slugLike.MatchString(to) {
		b.errs.add("slug", "%s", noSlug)
	}
	answer := statusOf("Resource slug", to != r.Slug, map[string]any{})
	r.Slug = to
	return answer, nil
}

// updateOptions replaces the resource's options; null is none.
func updateOptions(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	answer := map[string]string{"status": "Resource options are submitted"}
	if !b.given("options") {
		return answer, nil
	}
	options := b.object("options", false)
	if options == nil {
		options = map[string]json.RawMessage{}
	}
	return answer, keep(r, "options", options)
}

// setEffectiveID keeps what the resource is called where its provider has it from another.
func setEffectiveID(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	is := kept(*r).EffectiveID
	to := is
	if b.given("effective_id") {
		to = b.text("effective_id", false, 255)
	}
	answer := statusOf("Resource effective_id", to != is, map[string]any{})
	if to == is {
		return answer, nil
	}
	return answer, keep(r, "effective_id", to)
}
