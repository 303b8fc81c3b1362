package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// What a site's agent says of itself: an identity in each offering, in it a service for
// each mode that it runs in, in that a processor for each kind of work. All are got or made
// by name, so that two processes that begin at once are one; all are documents of this door.

const (
	kindIdentity  = "waldur.agent_identity"  // parent: the offering
	kindService   = "waldur.agent_service"   // parent: the identity
	kindProcessor = "waldur.agent_processor" // parent: the service
)

func (d *door) agentOperations() []operation {
	const identity, service = "/api/marketplace-site-agent-identities/", "/api/marketplace-site-agent-services/{uuid}/"
	const one = identity + "{uuid}/"
	return []operation{
		{"marketplace_site_agent_identities_list", "GET", identity, identities.open(d), false},
		{"marketplace_site_agent_identities_retrieve", "GET", one, retrieve(d, id.Document, (*view).identity, identityModel), false},
		{"marketplace_site_agent_identities_create", "POST", identity, d.createIdentity, false},
		{"marketplace_site_agent_identities_update", "PUT", one, d.updateIdentity, false},
		{"marketplace_site_agent_identities_register_service", "POST", one + "register_service/", d.registerService, false},
		{"marketplace_site_agent_identities_register_queue", "POST", one + "register_queue/", d.registerQueue, false},
		{"marketplace_site_agent_identities_register_event_subscription", "POST", one + "register_event_subscription/", d.registerSubscription, false},
		{"marketplace_site_agent_services_register_processor", "POST", service + "register_processor/", d.registerProcessor, false},
	}
}

// agent is an identity, a service or a processor.
type agent struct {
	doc core.Document
	agentBody
}

// agentBody is what is kept of it; each kind has its own fields.
type agentBody struct {
	Offering id.ID     `json:"offering"`
	By       id.ID     `json:"by,omitempty"`
	Name     string    `json:"name"`
	Modified time.Time `json:"modified"`

	Version      string       `json:"version,omitempty"` // of an identity, or a processor's backend
	Dependencies []dependency `json:"dependencies,omitempty"`
	ConfigPath   string       `json:"config_file_path,omitempty"`
	Config       string       `json:"config_file_content,omitempty"`
	Restarted    *time.Time   `json:"last_restarted,omitempty"`

	Mode string `json:"mode,omitempty"` // of a service

	Backend string     `json:"backend_type,omitempty"` // of a processor
	LastRun *time.Time `json:"last_run,omitempty"`
}

// dependency is a package that an agent runs with.
type dependency struct {
	Package string `json:"package"`
	Version string `json:"version"`
}

func agentOf(d core.Document) agent { return agent{d, attrs[agentBody](d.Body)} }

func (a agent) pack() core.Document {
	a.doc.Body, _ = json.Marshal(a.agentBody) // texts, numbers and times
	return a.doc
}

// providing returns an offering whose provider's side the caller is on.
func (v *view) providing(i id.ID) (catalog.Offering, error) {
	if i == 0 {
		return catalog.Offering{}, noOffering(i)
	}
	sh, err := v.providedOffering(i)
	return sh.Offering, err
}

// mayServe reports whether the caller may do an agent's work in an offering.
func (v *view) mayServe(o catalog.Offering) bool {
	return v.mayIn(tenant.SetBackendID, o.Provider, o.ID) || v.mayIn(tenant.EditOffering, o.Provider, o.ID)
}

// served returns a document of an offering that the caller delivers.
func (v *view) servedDocument(kind string, i id.ID, offering func(d core.Document) id.ID) (core.Document, error) {
	d, err := v.ShownDocument(kind, i)
	if err == nil {
		_, err = v.providing(offering(d))
	}
	if err != nil {
		return core.Document{}, noDocument(kind, i, err)
	}
	return d, nil
}

// serving is servedDocument for those who may do an agent's work.
func (v *view) servingDocument(kind string, i id.ID, offering func(d core.Document) id.ID) (core.Document, error) {
	d, err := v.servedDocument(kind, i, offering)
	if err == nil && !v.mayServe(v.sheet(offering(d)).Offering) {
		err = errForbidden
	}
	return d, err
}

func agentOffering(d core.Document) id.ID { return agentOf(d).Offering }

func (v *view) identity(i id.ID) (agent, error) {
	d, err := v.servedDocument(kindIdentity, i, agentOffering)
	return agentOf(d), err
}

func (v *view) agentLink(path string, i id.ID) string {
	return v.origin + "/api/" + path + "/" + i.UUID(id.Document) + "/"
}

// below lists what is registered in an identity or a service.
func (v *view) below(kind string, parent id.ID) []agent {
	docs, err := v.ShownDocuments(core.DocumentQuery{Kind: kind, Parent: parent, Page: everything})
	v.failed(err)
	out := make([]agent, len(docs))
	for n, d := range docs {
		out[n] = agentOf(d)
	}
	return out
}

func ofAgent(read func(a agent) any) func(*view, agent) any {
	return func(_ *view, a agent) any { return read(a) }
}

var agentBase = model[agent]{
	{name: "uuid", value: ofAgent(func(a agent) any { return a.doc.ID.UUID(id.Document) })},
	{name: "name", value: ofAgent(func(a agent) any { return a.Name })},
	{name: "created", value: ofAgent(func(a agent) any { return stamp(a.doc.ID.Time()) })},
	{name: "modified", value: ofAgent(func(a agent) any { return stamp(a.Modified) })},
}

var identityModel = slices.Concat(agentBase, model[agent]{
	{name: "url", value: func(v *view, a agent) any { return v.agentLink("marketplace-site-agent-identities", a.doc.ID) }},
	{name: "offering", value: ofAgent(func(a agent) any { return a.Offering.UUID(id.Offering) })},
	{name: "created_by", value: ofAgent(func(a agent) any {
		if a.By == 0 {
			return nil
		}
		return a.By.UUID(id.User)
	})},
	{name: "version", value: ofAgent(func(a agent) any { return a.Version })},
	{name: "dependencies", value: ofAgent(func(a agent) any { return append([]dependency{}, a.Dependencies...) })},
	{name: "config_file_path", value: ofAgent(func(a agent) any { return a.ConfigPath })},
	{name: "config_file_content", value: ofAgent(func(a agent) any { return a.Config })},
	{name: "last_restarted", value: ofAgent(func(a agent) any {
		if a.Restarted == nil {
			return absent
		}
		return stamp(*a.Restarted)
	})},
	{name: "services", value: func(v *view, a agent) any { return nestedServiceModel.objects(v, v.below(kindService, a.doc.ID)) }},
	// What the next client wants to be told: this server asks nothing of agents' versions.
	{name: "compatibility", value: func(*view, agent) any { return map[string]string{"status": "compatible", "message": ""} }},
})

var nestedServiceModel = slices.Concat(agentBase, model[agent]{
	{name: "url", value: func(v *view, a agent) any { return v.agentLink("marketplace-site-agent-services", a.doc.ID) }},
	{name: "mode", value: ofAgent(func(a agent) any { return orNull(a.Mode) })},
	{name: "statistics", value: func(*view, agent) any { return map[string]any{} }},
	{name: "state", value: func(*view, agent) any { return "Active" }},
})

var serviceModel = slices.Concat(nestedServiceModel, model[agent]{
	{name: "identity", value: ofAgent(func(a agent) any { return a.doc.Parent.UUID(id.Document) })},
	{name: "identity_name", value: func(v *view, a agent) any { return v.parentName(a) }},
	{name: "processors", value: func(v *view, a agent) any { return nestedProcessorModel.objects(v, v.below(kindProcessor, a.doc.ID)) }},
})

var nestedProcessorModel = slices.Concat(agentBase, model[agent]{
	{name: "url", value: func(v *view, a agent) any { return v.agentLink("marketplace-site-agent-processors", a.doc.ID) }},
	{name: "backend_type", value: ofAgent(func(a agent) any { return a.Backend })},
	{name: "backend_version", value: ofAgent(func(a agent) any { return orNull(a.Version) })},
	{name: "last_run", value: ofAgent(func(a agent) any { return stampOrNull(a.LastRun) })},
})

var processorModel = slices.Concat(nestedProcessorModel, model[agent]{
	{name: "service", value: ofAgent(func(a agent) any { return a.doc.Parent.UUID(id.Document) })},
	{name: "service_name", value: func(v *view, a agent) any { return v.parentName(a) }},
})

func (v *view) parentName(a agent) string {
	kinds := map[string]string{kindService: kindIdentity, kindProcessor: kindService}
	d, err := v.ShownDocument(kinds[a.doc.Kind], a.doc.Parent)
	v.failed(err)
	return agentOf(d).Name
}

// servedDocuments lists the documents of a kind in offerings that the caller delivers; of
// those named, if any are.
func (v *view) servedDocuments(kind string, offerings []id.ID) ([]core.Document, error) {
	if offerings == nil && v.seesAll() {
		return v.ShownDocuments(core.DocumentQuery{Kind: kind, Page: everything})
	}
	all, err := v.Offerings(core.OfferingQuery{IDs: offerings, Page: everything})
	var out []core.Document
	for _, o := range all {
		if err != nil {
			break
		}
		if v.delivers(o) {
			var docs []core.Document
			docs, err = v.ShownDocuments(core.DocumentQuery{Kind: kind, Parent: o.ID, Page: everything})
			out = append(out, docs...)
		}
	}
	slices.SortFunc(out, byDocument)
	return out, err
}

func byDocument(a, b core.Document) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

var identities = list[accountQuery, agent]{
	rows: func(v *view, q accountQuery, _, _ int) ([]agent, error) {
		docs, err := v.servedDocuments(kindIdentity, q.offerings)
		out := make([]agent, len(docs))
		for n, d := range docs {
			out[n] = agentOf(d)
		}
		return out, err
	},
	filters: map[string]filter[accountQuery, agent]{
		"offering_uuid": uuids(id.Offering, func(_ *view, a *ask[accountQuery, agent], ids []id.ID) { among(a, &a.q.offerings, ids) }),
		"name":          equals[accountQuery](func(_ *view, a agent) string { return a.Name }),
		"version":       equals[accountQuery](func(_ *view, a agent) string { return a.Version }),
		"last_restarted": since[accountQuery](func(_ *view, a agent) time.Time {
			if a.Restarted == nil {
				return time.Time{}
			}
			return *a.Restarted
		}),
		"orphaned": is[accountQuery](func(v *view, a agent) bool { return v.sheet(a.Offering).Offering.State == catalog.Archived }),
	},
	model: identityModel,
}

// readIdentity reads what an agent says of itself.
func readIdentity(b *body) agentBody {
	a := agentBody{Offering: b.uuid("offering", true, id.Offering), Name: b.text("name", true, 150), Version: b.text("version", false, 50),
		ConfigPath: b.text("config_file_path", false, 255), Config: b.text("config_file_content", false, 32<<10)}
	items := b.list("dependencies", false)
	for _, item := range items {
		a.Dependencies = append(a.Dependencies, dependency{item.text("package", true, 150), item.text("version", true, 50)})
	}
	b.gather("dependencies", items)
	if t, ok := b.instant("last_restarted"); ok {
		t = t.UTC().Truncate(time.Microsecond)
		a.Restarted = &t
	}
	return a
}

// createIdentity makes an identity; one of that name in the offering is brought up to date.
func (d *door) createIdentity(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	said := readIdentity(b)
	if err := b.done(); err != nil {
		return err
	}
	var customer id.ID
	err = d.read(r, who, func(v *view) error {
		customer, err = v.registrar(said.Offering)
		return err
	})
	if err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindIdentity, Customer: customer, Name: said.Offering.Base36() + "/" + said.Name}
	made, err := d.register(r, who, key, said.Offering, said)
	if err != nil {
		return err
	}
	return d.showAgent(w, r, who, http.StatusCreated, made, identityModel)
}

// registrar is the customer behind an offering that a body names, where the caller may
// register an agent in it.
func (v *view) registrar(offering id.ID) (id.ID, error) {
	o, err := v.providing(offering)
	switch {
	case err != nil && core.KindOf(err) == core.NotFound:
		return 0, fieldError("offering", "Object does not exist.")
	case err != nil:
		return 0, err
	case !v.mayServe(o):
		return 0, errForbidden
	}
	return v.provider(o.Provider).Customer, nil
}

// register gets or makes what a key names and keeps what is said of it.
func (d *door) register(r *http.Request, who core.Actor, key core.DocumentKey, parent id.ID, said agentBody) (registered, error) {
	doc, made, err := d.core.KeepDocument(r.Context(), who, key, func(_ *core.Scene, doc *core.Document) error {
		a := agentOf(*doc)
		said.By = a.By
		if doc.Rev == 0 {
			said.By = who.User.ID
		}
		said.Modified, a.doc.Parent = a.Modified, parent
		if was, _ := json.Marshal(said); string(was) != string(doc.Body) { // nothing new is no change
			said.Modified = d.core.Now()
		}
		a.agentBody = said
		*doc = a.pack()
		return nil
	})
	return registered{agentOf(doc), made}, err
}

// registered is what register did.
type registered struct {
	agent
	made bool
}

func (d *door) showAgent(w http.ResponseWriter, r *http.Request, who core.Actor, status int, a registered, m model[agent]) error {
	var out any
	if err := d.read(r, who, func(v *view) error { out = m.object(v, a.agent, nil); return nil }); err != nil {
		return err
	}
	return reply(w, status, out)
}

// statusOf is 201 for what was made and 200 for what was there.
func (a registered) status() int {
	if a.made {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (d *door) updateIdentity(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	was, b, err := d.registration(r, who, kindIdentity)
	if err != nil {
		return err
	}
	said := readIdentity(b)
	if len(b.errs) == 0 && said.Offering != agentOffering(was) {
		b.errs.add("offering", "An agent's identity stays in its offering.")
	}
	if err := b.done(); err != nil {
		return err
	}
	doc, err := d.core.ChangeShownDocument(r.Context(), who, kindIdentity, was.ID, func(_ *core.Scene, doc *core.Document) error {
		a := agentOf(*doc)
		said.By, said.Modified = a.By, d.core.Now()
		a.agentBody = said
		*doc = a.pack()
		doc.Name = said.Offering.Base36() + "/" + said.Name
		return nil
	})
	if e := core.AsError(err); err != nil && e.Kind == core.Conflict && e.Reason == core.ReasonName {
		return serializerRule("The fields offering, name must make a unique set.")
	}
	if err != nil {
		return err
	}
	return d.showAgent(w, r, who, http.StatusOK, registered{agent: agentOf(doc)}, identityModel)
}

// registration begins a request about what the path names, an identity or a service, by those
// who may do an agent's work there: with what is said of it, or of what is new in it.
func (d *door) registration(r *http.Request, who core.Actor, kind string) (of core.Document, b *body, err error) {
	err = d.read(r, who, func(v *view) (err error) {
		of, err = v.servingDocument(kind, v.named(id.Document), agentOffering)
		return err
	})
	if err == nil {
		b, err = readBody(r)
	}
	return of, b, err
}

// registerBelow registers something in an identity or a service that the path names.
func (d *door) registerBelow(w http.ResponseWriter, r *http.Request, who core.Actor, in, kind string, m model[agent], read func(b *body) agentBody) error {
	parent, b, err := d.registration(r, who, in)
	if err != nil {
		return err
	}
	said := read(b)
	if err := b.done(); err != nil {
		return err
	}
	said.Offering = agentOffering(parent)
	key := core.DocumentKey{Kind: kind, Customer: parent.Customer, Name: parent.ID.Base36() + "/" + said.Name}
	made, err := d.register(r, who, key, parent.ID, said)
	if err != nil {
		return err
	}
	return d.showAgent(w, r, who, made.status(), made, m)
}

func (d *door) registerService(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return d.registerBelow(w, r, who, kindIdentity, kindService, serviceModel, func(b *body) agentBody {
		return agentBody{Name: b.text("name", true, 150), Mode: b.text("mode", false, 50)}
	})
}

func (d *door) registerProcessor(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return d.registerBelow(w, r, who, kindService, kindProcessor, processorModel, func(b *body) agentBody {
		now := d.core.Now()
		return agentBody{Name: b.text("name", true, 150), Backend: b.text("backend_type", true, 150), Version: b.text("backend_version", false, 50), LastRun: &now}
	})
}
