package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

var customerPaths = []string{"/api/customers/{uuid}/"}

// projectAttributes are what only this door keeps of a project.
var projectAttributes = slices.Concat(
	[]attribute{{"description", aText(2000)}, {"kind", aWord("course", "default", "public")}, {"is_industry", aFlag}, {"grace_period_days", aWhole},
		{"oecd_fos_2007_code", aWord(strings.Fields(`1.1 1.2 1.3 1.4 1.5 1.6 1.7 2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 2.12 3.1 3.2 3.3 3.4 3.5
			4.1 4.2 4.3 4.4 4.5 5.1 5.2 5.3 5.4 5.5 5.6 5.7 5.8 5.9 6.1 6.2 6.3 6.4 6.5`)...)}},
	attributesOf(aTextList, "user_email_patterns", "user_affiliations", "user_identity_sources"),
)

// staffAttributes are those that staff alone write.
var staffAttributes = []attribute{{"staff_notes", aText(2000)}}

func attrsOfProject(p tenant.Project) json.RawMessage { return p.Attrs }

func (d *door) createProject(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	customer := b.link(d, "customer", true, id.Customer, customerPaths)
	if err := d.read(r, who, func(v *view) error { return v.known(b, "customer", customer, lookedUp(v.Customer)) }); err != nil {
		return 0, err
	}
	if len(b.errs) == 0 {
		if err := d.unable(who, tenant.CreateProject, customer); err != nil {
			return 0, err
		}
	}
	s := core.ProjectSpec{Name: b.text("name", true, 500), BackendID: b.text("backend_id", false, 255), Attrs: b.keep(projectAttributes, nil)}
	if s.Attrs != nil && string(s.Attrs) == "{}" {
		s.Attrs = nil
	}
	if on, ok := b.day("start_date"); ok {
		s.StartOn = &on
	}
	if on, ok := b.day("end_date"); ok {
		s.EndOn = &on
	}
	if who.IsStaff() {
		s.Slug, s.Attrs = b.slug(), b.keep(staffAttributes, s.Attrs)
	}
	if err := b.done(); err != nil {
		return 0, err
	}
	p, err := d.core.MakeProject(r.Context(), who, customer, s)
	return p.ID, projectRefused(err)
}

// projectRefused words the core's refusals; those about a day that is past are nested, as
// the vendor has them.
func projectRefused(err error) error {
	if e := core.AsError(err); err != nil && e.Reason == core.ReasonFuture {
		for member, name := range map[string]string{"start_on": "start_date", "end_on": "end_date"} {
			if strings.HasSuffix(e.Field, member) {
				return refuse(http.StatusBadRequest, fieldErrors{name: map[string]string{name: e.Msg}})
			}
		}
	}
	return fieldRefused(err, map[string]string{"slug": "slug", "name": "name", "end_on": "end_date"})
}

// known adds the vendor's sentence where what a field links to is not there for the caller.
func (v *view) known(b *body, field string, i id.ID, get func(i id.ID) error) error {
	if i == 0 {
		return nil
	}
	err := get(i)
	if err != nil && core.KindOf(err) == core.NotFound {
		b.errs.add(field, noSuchThing)
		return nil
	}
	return err
}

// lookedUp forgets what a look-up found.
func lookedUp[T any](get func(i id.ID) (T, error)) func(i id.ID) error {
	return func(i id.ID) error { _, err := get(i); return err }
}
