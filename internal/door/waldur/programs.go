package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Service accounts are a project's or a customer's, for programs; course accounts a course's,
// for those who take it. Each is a user of its own with a document of this door. Sites make
// them members of what the project has there, by their names.

// accountClass is one of the three classes there are.
type accountClass struct {
	kind, name, root string
	right            tenant.Right
	project          bool // one is a project's, not a customer's
	keyed            bool
	states           []string
}

var (
	projectServices = accountClass{kind: "waldur.project_service_account", name: "marketplace_project_service_accounts", root: "/api/marketplace-project-service-accounts/",
		right: tenant.ServiceAccounts, project: true, keyed: true, states: []string{programOK, programClosed, programErred}}
	customerServices = accountClass{kind: "waldur.customer_service_account", name: "marketplace_customer_service_accounts", root: "/api/marketplace-customer-service-accounts/",
		right: tenant.ServiceAccounts, keyed: true, states: []string{programOK, programClosed, programErred}}
	courses = accountClass{kind: "waldur.course_account", name: "marketplace_course_accounts", root: "/api/marketplace-course-accounts/",
		right: tenant.CourseAccounts, project: true, states: []string{programOK, programClosed, programErred, programPending}}
)

// The states of such an account, in the vendor's words. Here one is OK at once, and nothing
// makes one fail.
const (
	programOK      = "OK"
	programClosed  = "Closed"
	programErred   = "Erred"
	programPending = "Pending"
)

// program is such an account.
type program struct {
	doc core.Document
	programBody
	token string // told once
}

type programBody struct {
	Description string    `json:"description,omitempty"`
	Preferred   string    `json:"preferred_identifier,omitempty"`
	Trace       string    `json:"error_traceback,omitempty"`
	Modified    time.Time `json:"modified"`
}

func programOf(d core.Document) program {
	return program{doc: d, programBody: attrs[programBody](d.Body)}
}

func (p program) user() id.ID { return core.ProgramOf(p.doc) }

// project is whose the account is, where it is a project's.
func (p program) project(v *view) tenant.Project { return v.project(p.doc.Project) }

// login is the account's name.
func (p program) login(v *view) string { return v.user(p.user()).Login }
func (p program) email(v *view) string { return v.user(p.user()).Email }

// state is where it stands: an account of a course ends with its project.
func (p program) state(v *view) string {
	if p.doc.Kind != courses.kind || p.doc.State != programOK {
		return p.doc.State
	}
	pr := p.project(v)
	if pr.RemovedAt != nil || pr.EndOn != nil && *pr.EndOn < v.today() {
		return programClosed
	}
	return programOK
}

// holding lists the scopes of one kind in which the caller has a right of their own.
func (v *view) holding(right tenant.Right, on tenant.Scope) []id.ID {
	var out []id.ID
	for _, g := range v.who.Grants {
		if g.Scope == on && v.may(right, g.ScopeID) {
			out = append(out, g.ScopeID)
		}
	}
	return distinct(out)
}

// programs lists those that the caller may have: whoever may not does not see them.
func (c accountClass) programs(v *view) ([]program, error) {
	all := core.DocumentQuery{Kind: c.kind, Page: everything}
	if v.seesAll() {
		return v.programs(all)
	}
	if !v.who.SeesWide() {
		return nil, nil
	}
	var out []program
	if mine := v.holding(c.right, tenant.OnCustomer); len(mine) > 0 {
		q := all
		q.Customers = mine
		list, err := v.programs(q)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	if mine := v.holding(c.right, tenant.OnProject); c.project && len(mine) > 0 {
		q := all
		q.Parents = mine
		list, err := v.programs(q)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b program) int { return byDocument(a.doc, b.doc) })
	return slices.CompactFunc(out, func(a, b program) bool { return a.doc.ID == b.doc.ID }), nil
}

func (v *view) programs(q core.DocumentQuery) ([]program, error) {
	docs, err := v.ShownDocuments(q)
	out, users := make([]program, len(docs)), make([]id.ID, len(docs))
	for n, d := range docs {
		out[n] = programOf(d)
		users[n] = out[n].user()
	}
	v.people(users)
	return out, err
}

// program returns one that the caller may have.
func (c accountClass) program(v *view, i id.ID) (program, error) {
	d, err := v.ShownDocument(c.kind, i)
	if err != nil {
		return program{}, noDocument(c.kind, i, err)
	}
	if !v.seesAll() && !(v.who.SeesWide() && v.may(c.right, d.Customer, d.Parent)) {
		return program{}, noDocument(c.kind, i, nil)
	}
	return programOf(d), nil
}

// inOffering lists the accounts of projects that have a resource of the offering of the path
// which has not ended.
func (c accountClass) inOffering(v *view, _ few, _, _ int) ([]program, error) {
	tallies, err := v.Tally(core.ResourceQuery{Offerings: []id.ID{v.named(id.Offering)}, States: living})
	if err != nil || len(tallies) == 0 {
		return nil, err
	}
	projects := make([]id.ID, len(tallies))
	for n, t := range tallies {
		projects[n] = t.Project
	}
	return v.programs(core.DocumentQuery{Kind: c.kind, Parents: distinct(projects), Page: everything})
}

func ofProgram(read func(v *view, p program) any) func(*view, program) any { return read }

func (c accountClass) link(v *view, i id.ID) string {
	return v.origin + c.root + i.UUID(id.Document) + "/"
}

// common are the keys of all of them.
func (c accountClass) common() model[program] {
	return model[program]{
		{name: "url", value: ofProgram(func(v *view, p program) any { return c.link(v, p.doc.ID) })},
		{name: "uuid", value: ofProgram(func(_ *view, p program) any { return p.doc.ID.UUID(id.Document) })},
		{name: "created", value: ofProgram(func(_ *view, p program) any { return stamp(p.doc.ID.Time()) })},
		{name: "modified", value: ofProgram(func(_ *view, p program) any { return stamp(p.Modified) })},
		{name: "user_uuid", value: ofProgram(func(_ *view, p program) any { return p.user().UUID(id.User) })},
		{name: "username", value: ofProgram(func(v *view, p program) any { return p.login(v) })},
		{name: "email", value: ofProgram(func(v *view, p program) any { return p.email(v) })},
		{name: "description", value: ofProgram(func(_ *view, p program) any { return p.Description })},
		{name: "state", value: ofProgram(func(v *view, p program) any { return p.state(v) })},
		{name: "error_message", value: ofProgram(func(*view, program) any { return "" })},
		{name: "error_traceback", value: ofProgram(func(_ *view, p program) any { return p.Trace })},
		{name: "customer_uuid", value: ofProgram(func(_ *view, p program) any { return p.doc.Customer.UUID(id.Customer) })},
		{name: "customer_name", value: ofProgram(func(v *view, p program) any { return v.customer(p.doc.Customer).Name })},
	}
}

// keyed are those of service accounts.
var keyed = model[program]{
	{name: "token", value: ofProgram(func(_ *view, p program) any { return orNull(p.token) })},
	{name: "expires_at", value: ofProgram(func(*view, program) any { return nil })},
	{name: "preferred_identifier", value: ofProgram(func(_ *view, p program) any { return p.Preferred })},
}

// ofProjects are those of accounts that projects have.
var ofProjects = model[program]{
	{name: "project", value: ofProgram(func(_ *view, p program) any { return p.doc.Project.UUID(id.Project) })},
	{name: "project_uuid", value: ofProgram(func(_ *view, p program) any { return p.doc.Project.UUID(id.Project) })},
	{name: "project_name", value: ofProgram(func(v *view, p program) any { return p.project(v).Name })},
}

var (
	projectServiceModel = slices.Concat(projectServices.common(), keyed, ofProjects, model[program]{
		{name: "customer_abbreviation", value: ofProgram(func(v *view, p program) any {
			return attrs[organization](v.customer(p.doc.Customer).Attrs).Abbreviation
		})},
	})
	customerServiceModel = slices.Concat(customerServices.common(), keyed, model[program]{
		{name: "customer", value: ofProgram(func(_ *view, p program) any { return p.doc.Customer.UUID(id.Customer) })},
	})
	courseModel = slices.Concat(courses.common(), ofProjects, model[program]{
		{name: "project_slug", value: ofProgram(func(v *view, p program) any { return p.project(v).Slug })},
		{name: "project_start_date", value: ofProgram(func(v *view, p program) any { return dayOrNull(p.project(v).StartOn) })},
		{name: "project_end_date", value: ofProgram(func(v *view, p program) any { return dayOrNull(p.project(v).EndOn) })},
	})
)

// models are how each class is written.
func (c accountClass) model() model[program] {
	return map[string]model[program]{projectServices.kind: projectServiceModel, customerServices.kind: customerServiceModel, courses.kind: courseModel}[c.kind]
}

func programText(read func(p program, v *view) string) func(*view, program) string {
	return func(v *view, p program) string { return read(p, v) }
}

// filters are those of all of them, and those by whose they are.
func (c accountClass) filters() map[string]filter[few, program] {
	names := map[string]string{}
	for _, s := range c.states {
		names[s] = s
	}
	out := map[string]filter[few, program]{
		"email":    contains[few](programText(program.email)),
		"username": contains[few](programText(program.login)),
		"state": choices(names, func(v *view, a *ask[few, program], chosen []string) {
			a.keep = append(a.keep, func(p program) bool { return slices.Contains(chosen, p.state(v)) })
		}),
	}
	if !c.project {
		out["customer_uuid"] = idIn[few](id.Customer, func(_ *view, p program) id.ID { return p.doc.Customer })
		out["customer"] = links(id.Customer, func(_ *view, a *ask[few, program], ids []id.ID) {
			a.keep = append(a.keep, func(p program) bool { return slices.Contains(ids, p.doc.Customer) })
		})
		return out
	}
	out["project_uuid"] = idIn[few](id.Project, func(_ *view, p program) id.ID { return p.doc.Project })
	if c.keyed {
		out["project"] = links(id.Project, func(_ *view, a *ask[few, program], ids []id.ID) {
			a.keep = append(a.keep, func(p program) bool { return slices.Contains(ids, p.doc.Project) })
		})
	}
	return out
}

// mine are a class's lists for those who have them.
func (c accountClass) mine() *list[few, program] {
	return &list[few, program]{rows: whole(c.programs), filters: c.filters(), model: c.model()}
}

// atSite is a class's list for a site: of an offering, by its projects. Its parameters are
// those of offerings, which say nothing of an account. An e-mail is that of somebody, and told
// where the offering exposes it.
func (c accountClass) atSite() *list[few, program] {
	m := slices.Clone(c.model())
	n := slices.IndexFunc(m, func(k key[program]) bool { return k.name == "email" })
	m[n].value = ofProgram(func(v *view, p program) any {
		if v.seesAll() || exposure(v.sheet(v.named(id.Offering)).Offering).has("email") {
			return p.email(v)
		}
		return absent
	})
	return &list[few, program]{rows: c.inOffering, model: m}
}

func programFault(err error) error {
	e := core.AsError(err)
	switch {
	case err == nil:
		return nil
	case e.Kind == core.Invalid && e.Field == "most":
		return refuse(http.StatusBadRequest, detail("Maximum number of service accounts is reached. "+e.Msg))
	}
	return err
}

// mostOf is how many service accounts a project's or a customer's attributes allow; nil: any
// number.
func mostOf(raw json.RawMessage) *int {
	type kept struct {
		Most *int `json:"max_service_accounts"`
	}
	return attrs[kept](raw).Most
}

// localPart is what stands before the @ of an e-mail.
func localPart(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return local
}
