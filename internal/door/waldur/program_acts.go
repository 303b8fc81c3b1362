package waldur

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) programOperations() []operation {
	ops := append(d.serviceOperations(projectServices), d.serviceOperations(customerServices)...)
	const offering = "/api/marketplace-provider-offerings/{uuid}/"
	one := courses.root + "{uuid}/"
	return append(ops,
		operation{courses.name + "_list", "GET", courses.root, courseList().open(d), false},
		operation{courses.name + "_retrieve", "GET", one, retrieve(d, id.Document, courses.program, courseModel), false},
		operation{courses.name + "_create", "POST", courses.root, d.createCourse, false},
		operation{courses.name + "_create_bulk", "POST", courses.root + "create_bulk/", d.createCourses, false},
		operation{courses.name + "_destroy", "DELETE", one, d.closeProgram(courses), false},
		operation{courses.name + "_retry", "POST", one + "retry/", d.retryCourse, false},
		operation{"marketplace_provider_offerings_list_course_accounts_list", "GET", offering + "list_course_accounts/", courses.atSite().serve(d, ofProvided), false},
		operation{"marketplace_provider_offerings_list_project_service_accounts_list", "GET", offering + "list_project_service_accounts/", projectServices.atSite().serve(d, ofProvided), false})
}

func (d *door) serviceOperations(c accountClass) []operation {
	one := c.root + "{uuid}/"
	return []operation{
		{c.name + "_list", "GET", c.root, c.mine().open(d), false},
		{c.name + "_retrieve", "GET", one, retrieve(d, id.Document, c.program, c.model()), false},
		{c.name + "_create", "POST", c.root, d.createService(c), false},
		{c.name + "_update", "PUT", one, d.editService(c, true), false},
		{c.name + "_partial_update", "PATCH", one, d.editService(c, false), false},
		{c.name + "_destroy", "DELETE", one, d.closeProgram(c), false},
		{c.name + "_rotate_api_key", "POST", one + "rotate_api_key/", d.rotateProgramKey(c), false},
	}
}

// showProgram answers with an account, and the token that was just made.
func (d *door) showProgram(w http.ResponseWriter, r *http.Request, who core.Actor, status int, c accountClass, made core.Program) error {
	var out json.RawMessage
	err := d.read(r, who, func(v *view) error {
		p := programOf(made.Document)
		p.token = made.Token
		v.users[made.User.ID] = made.User
		if status == http.StatusCreated {
			w.Header().Set("Location", c.link(v, p.doc.ID))
		}
		out = c.model().object(v, p, nil)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, status, out)
}

// whose is the project or customer that an account is asked for, as the caller may see it.
type whose struct {
	customer tenant.Customer
	project  tenant.Project
}

// whoseProgram reads it from a body.
func (d *door) whoseProgram(r *http.Request, who core.Actor, b *body, c accountClass) (whose, error) {
	var of whose
	field, kind := "customer", id.Customer
	if c.project {
		field, kind = "project", id.Project
	}
	i := b.uuid(field, true, kind)
	if len(b.errs) > 0 {
		return of, b.done()
	}
	err := d.read(r, who, func(v *view) (err error) {
		customer := i
		if c.project {
			if of.project, err = v.Project(i); err != nil {
				return b.unknownUUID(field, err)
			}
			customer = of.project.Customer
		}
		if of.customer, err = v.Customer(customer); err != nil {
			return b.unknownUUID(field, err)
		}
		if !v.who.SeesWide() || !v.may(c.right, of.customer.ID, of.project.ID) {
			return errForbidden
		}
		return nil
	})
	return of, err
}

func (of whose) programs(c accountClass) core.Programs {
	return core.Programs{Right: c.right, Customer: of.customer.ID, Project: of.project.ID, Kind: c.kind, State: programOK, Keyed: c.keyed}
}

// mail reads an e-mail address; "" where there is none.
func (b *body) mail(name string) string {
	s := b.text(name, false, 254)
	if s == "" {
		return ""
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		b.errs.add(name, "Enter a valid email address.")
	}
	return s
}

func (d *door) createService(c accountClass) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		b, err := readBody(r)
		if err != nil {
			return err
		}
		of, err := d.whoseProgram(r, who, b, c)
		if err != nil {
			return err
		}
		kept := programBody{Modified: d.core.Now()}
		email := b.details(&kept)
		username := b.text("username", false, mostUsername)
		if err := b.done(); err != nil {
			return err
		}
		raw, _ := json.Marshal(kept) // texts and a time
		ask := of.programs(c)
		ask.Most = mostOf(of.customer.Attrs)
		if c.project {
			ask.Most = mostOf(of.project.Attrs)
		}
		ask.Each = []core.ProgramSpec{{Login: cmp.Or(username, kept.Preferred, cmp.Or(of.project.Slug, of.customer.Slug)+" service"), Email: email, Body: raw}}
		made, err := d.core.MakePrograms(r.Context(), who, ask)
		if err != nil {
			return programFault(err)
		}
		return d.showProgram(w, r, who, http.StatusCreated, c, made[0])
	}
}

// details reads what a person says of a service account; what is not sent stays. It returns
// the e-mail.
func (b *body) details(kept *programBody) (email string) {
	for name, text := range map[string]*string{"description": &kept.Description, "preferred_identifier": &kept.Preferred, "error_traceback": &kept.Trace} {
		if b.given(name) {
			*text = b.text(name, false, map[string]int{"description": 2000, "preferred_identifier": 100, "error_traceback": 16000}[name])
		}
	}
	return b.mail("email")
}

// editService changes a service account; its name is for good, as is whose it is.
func (d *door) editService(c accountClass, whole bool) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		i := named(r, id.Document)
		if err := d.read(r, who, func(v *view) error { _, err := c.program(v, i); return err }); err != nil {
			return err
		}
		made, err := d.core.ChangeProgram(r.Context(), who, c.right, c.kind, i, func(p *core.Program) (bool, error) {
			b, err := readBody(r)
			if err != nil {
				return false, err
			}
			kept := attrs[programBody](p.Document.Body)
			email := b.details(&kept)
			if b.given("email") {
				p.User.Email = email
			}
			b.stays("username", p.User.Login, b.text("username", false, mostUsername))
			b.staysWhose(c, whole, p.Document)
			kept.Modified = d.core.Now()
			p.Document.Body, _ = json.Marshal(kept) // texts and a time
			return false, b.done()
		})
		if err != nil {
			return programFault(err)
		}
		return d.showProgram(w, r, who, http.StatusOK, c, made)
	}
}

// stays refuses to change what is for good.
func (b *body) stays(name, is, to string) {
	if b.given(name) && to != "" && to != is && len(b.errs) == 0 {
		b.errs.add(name, "This field cannot be changed.")
	}
}

func (b *body) staysWhose(c accountClass, whole bool, doc core.Document) {
	field, kind, is := "customer", id.Customer, doc.Customer
	if c.project {
		field, kind, is = "project", id.Project, doc.Project
	}
	if whole && !b.given(field) {
		b.errs.add(field, "This field is required.")
		return
	}
	if to := b.uuid(field, false, kind); to != is && b.given(field) && !isNull(b.fields[field]) && len(b.errs) == 0 {
		b.errs.add(field, "This field cannot be changed.")
	}
}

// closeProgram closes an account: it opens nothing any more, and sites take its name out. One
// that is closed stays so.
func (d *door) closeProgram(c accountClass) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		_, err := d.changeProgram(r, who, c, func(p *core.Program, kept *programBody) (bool, error) {
			if p.Document.State != programClosed {
				kept.Modified = d.core.Now()
			}
			p.Document.State, p.User.Active = programClosed, false
			return false, nil
		})
		if err != nil {
			return err
		}
		return empty(w, http.StatusNoContent)
	}
}

// rotateProgramKey ends a service account's key and tells its new one.
func (d *door) rotateProgramKey(c accountClass) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		made, err := d.changeProgram(r, who, c, func(p *core.Program, kept *programBody) (bool, error) {
			if p.Document.State == programClosed {
				return false, fromStates(programOK, programErred)
			}
			kept.Modified = d.core.Now()
			return true, nil
		})
		if err != nil {
			return err
		}
		return d.showProgram(w, r, who, http.StatusOK, c, made)
	}
}

func fromStates(states ...string) error {
	return refuse(http.StatusConflict, detail("Valid states for operation: "+strings.Join(states, ", ")+"."))
}

// changeProgram changes an account that the caller sees.
func (d *door) changeProgram(r *http.Request, who core.Actor, c accountClass, change func(p *core.Program, kept *programBody) (anew bool, err error)) (core.Program, error) {
	i := named(r, id.Document)
	if err := d.read(r, who, func(v *view) error { _, err := c.program(v, i); return err }); err != nil {
		return core.Program{}, err
	}
	return d.core.ChangeProgram(r.Context(), who, c.right, c.kind, i, func(p *core.Program) (bool, error) {
		kept := attrs[programBody](p.Document.Body)
		anew, err := change(p, &kept)
		p.Document.Body, _ = json.Marshal(kept) // texts and a time
		return anew, err
	})
}

// retryCourse takes up an account again whose making has failed.
func (d *door) retryCourse(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	made, err := d.changeProgram(r, who, courses, func(p *core.Program, kept *programBody) (bool, error) {
		if p.Document.State != programErred {
			return false, fromStates(programErred)
		}
		p.Document.State, kept.Modified = programOK, d.core.Now()
		return false, nil
	})
	if err != nil {
		return err
	}
	return d.showProgram(w, r, who, http.StatusAccepted, courses, made)
}

// readCourse reads a body that asks for course accounts, and whose they are to be.
func (d *door) readCourse(r *http.Request, who core.Actor) (*body, whose, error) {
	b, err := readBody(r)
	if err != nil {
		return nil, whose{}, err
	}
	of, err := d.whoseProgram(r, who, b, courses)
	return b, of, err
}

func (d *door) createCourse(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, of, err := d.readCourse(r, who)
	if err != nil {
		return err
	}
	spec := d.courseSpec(b, of)
	if err := cmp.Or(b.done(), of.takesCourses(d)); err != nil {
		return err
	}
	made, err := d.makeCourses(r, who, of, []core.ProgramSpec{spec})
	if err != nil {
		return programFault(err)
	}
	return d.showProgram(w, r, who, http.StatusCreated, courses, made[0])
}

// mostCourses bounds how many are made at once.
const mostCourses = 200

// createCourses makes several, all or none.
func (d *door) createCourses(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, of, err := d.readCourse(r, who)
	if err != nil {
		return err
	}
	items := b.list("course_accounts", true)
	switch {
	case len(b.errs) == 0 && len(items) == 0:
		b.errs["course_accounts"] = map[string][]string{"non_field_errors": {"This list may not be empty."}}
	case len(items) > mostCourses:
		b.errs.add("course_accounts", "Ensure this field has no more than %d elements.", mostCourses)
	}
	var specs []core.ProgramSpec
	for _, item := range items[:min(len(items), mostCourses)] {
		specs = append(specs, d.courseSpec(item, of))
	}
	b.gather("course_accounts", items)
	if err := cmp.Or(b.done(), of.takesCourses(d)); err != nil {
		return err
	}
	made, err := d.makeCourses(r, who, of, specs)
	if err != nil {
		return programFault(err)
	}
	var out []json.RawMessage
	err = d.read(r, who, func(v *view) error {
		for _, m := range made {
			v.users[m.User.ID] = m.User
			out = append(out, courseModel.object(v, programOf(m.Document), nil))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

func (d *door) courseSpec(b *body, of whose) core.ProgramSpec {
	kept := programBody{Description: b.text("description", false, 2000), Modified: d.core.Now()}
	email := b.mail("email")
	raw, _ := json.Marshal(kept) // a text and a time
	return core.ProgramSpec{Login: cmp.Or(localPart(email), of.project.Slug+" course"), Email: email, Body: raw}
}

// takesCourses refuses projects that are no courses, or have no end that is to come.
func (of whose) takesCourses(d *door) error {
	type kept struct {
		Kind string `json:"kind"`
	}
	switch {
	case attrs[kept](of.project.Attrs).Kind != "course":
		return fieldError("project", "The project is not a course.")
	case of.project.EndOn == nil:
		return fieldError("project", "The project has no end date.")
	case *of.project.EndOn < day.Of(d.core.Now()):
		return fieldError("project", "The project has ended.")
	}
	return nil
}

func (d *door) makeCourses(r *http.Request, who core.Actor, of whose, specs []core.ProgramSpec) ([]core.Program, error) {
	ask := of.programs(courses)
	ask.Each = specs
	return d.core.MakePrograms(r.Context(), who, ask)
}

// courseList has filters and orderings that service accounts have not.
func courseList() *list[few, program] {
	l := courses.mine()
	start := func(v *view, p program) string { return dayText(p.project(v).StartOn) }
	end := func(v *view, p program) string { return dayText(p.project(v).EndOn) }
	l.filters["project_start_date_after"], l.filters["project_start_date_before"] = onDays(start)
	l.filters["project_end_date_after"], l.filters["project_end_date_before"] = onDays(end)
	l.sorts = map[string]sorting[few, program]{
		"created":            sortedBy[few](func(_ *view, p program) int64 { return int64(p.doc.ID) }),
		"modified":           sortedBy[few](func(_ *view, p program) int64 { return p.Modified.UnixMicro() }),
		"email":              sortedBy[few](programText(program.email)),
		"username":           sortedBy[few](programText(program.login)),
		"state":              sortedBy[few](func(v *view, p program) int { return slices.Index(courses.states, p.state(v)) }),
		"project_name":       sortedBy[few](func(v *view, p program) string { return p.project(v).Name }),
		"project_start_date": sortedBy[few](start),
		"project_end_date":   sortedBy[few](end),
	}
	return l
}

// onDays are two filters by a day, the bound included: from it on, and until it. What has no
// such day passes neither.
func onDays(get func(v *view, p program) string) (after, before filter[few, program]) {
	by := func(fits func(on, bound string) bool) filter[few, program] {
		return date(func(v *view, a *ask[few, program], bound day.Day) {
			a.keep = append(a.keep, func(p program) bool { on := get(v, p); return on != "" && fits(on, bound.String()) })
		})
	}
	return by(func(on, bound string) bool { return on >= bound }), by(func(on, bound string) bool { return on <= bound })
}
