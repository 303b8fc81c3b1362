package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
)

// What a site has that nobody ordered here: its agent may tell of it, asked by a request.
// Both are documents of this door beside the offering.

const (
	kindFound   = "waldur.backend_resource"
	kindRequest = "waldur.backend_resource_request"
)

func (d *door) backendOperations() []operation {
	const root, requests = "/api/backend-resources/", "/api/backend-resource-requests/"
	const one = requests + "{uuid}/"
	ops := []operation{
		{"backend_resources_list", "GET", root, foundResources.open(d), false},
		{"backend_resources_retrieve", "GET", root + "{uuid}/", retrieve(d, id.Document, (*view).found, foundModel), false},
		{"backend_resources_create", "POST", root, d.createFound, false},
		{"backend_resources_destroy", "DELETE", root + "{uuid}/", d.destroyFound, false},
		{"backend_resource_requests_create", "POST", requests, d.createRequest, false},
		{"backend_resource_requests_retrieve", "GET", one, retrieve(d, id.Document, (*view).request, requestModel), false},
	}
	for _, m := range requestMoves {
		ops = append(ops, operation{"backend_resource_requests_" + m.act, "POST", one + m.act + "/", d.moveRequest(m), false})
	}
	return ops
}

// found is a resource that a site's agent found there.
type found struct {
	doc core.Document
	foundBody
}

type foundBody struct {
	Offering  id.ID           `json:"offering"`
	Project   id.ID           `json:"project"`
	Name      string          `json:"name"`
	BackendID string          `json:"backend_id,omitempty"`
	Metadata  json.RawMessage `json:"backend_metadata,omitempty"`
	Modified  time.Time       `json:"modified"`
}

func foundOf(d core.Document) found         { return found{d, attrs[foundBody](d.Body)} }
func foundOffering(d core.Document) id.ID   { return foundOf(d).Offering }
func foundMade(_ *view, f found) time.Time  { return f.doc.ID.Time() }
func foundMoved(_ *view, f found) time.Time { return f.Modified }
func foundName(_ *view, f found) string     { return f.Name }
func (v *view) foundLink(i id.ID) string    { return v.agentLink("backend-resources", i) }
func (v *view) offeringName(i id.ID) string { return v.sheet(i).Offering.Name }
func (v *view) found(i id.ID) (found, error) {
	d, err := v.servedDocument(kindFound, i, foundOffering)
	return foundOf(d), err
}

var foundModel = model[found]{
	{name: "url", value: func(v *view, f found) any { return v.foundLink(f.doc.ID) }},
	{name: "uuid", value: func(_ *view, f found) any { return f.doc.ID.UUID(id.Document) }},
	{name: "name", value: func(_ *view, f found) any { return f.Name }},
	{name: "created", value: func(_ *view, f found) any { return stamp(f.doc.ID.Time()) }},
	{name: "modified", value: func(_ *view, f found) any { return stamp(f.Modified) }},
	{name: "project", value: func(_ *view, f found) any { return f.Project.UUID(id.Project) }},
	{name: "project_name", value: func(v *view, f found) any { return v.project(f.Project).Name }},
	{name: "project_url", value: func(v *view, f found) any { return v.projectLink(f.Project) }},
	{name: "offering", value: func(_ *view, f found) any { return f.Offering.UUID(id.Offering) }},
	{name: "offering_name", value: func(v *view, f found) any { return v.offeringName(f.Offering) }},
	{name: "offering_url", value: func(v *view, f found) any { return v.providerOfferingLink(f.Offering) }},
	{name: "backend_id", value: func(_ *view, f found) any { return f.BackendID }},
	{name: "backend_metadata", value: func(_ *view, f found) any { return object(f.Metadata) }},
}

var foundResources = list[accountQuery, found]{
	rows: func(v *view, q accountQuery, _, _ int) ([]found, error) {
		docs, err := v.servedDocuments(kindFound, q.offerings)
		out := make([]found, len(docs))
		for n, d := range docs {
			out[n] = foundOf(d)
		}
		return out, err
	},
	filters: map[string]filter[accountQuery, found]{
		"offering_uuid":   uuids(id.Offering, func(_ *view, a *ask[accountQuery, found], ids []id.ID) { among(a, &a.q.offerings, ids) }),
		"project_uuid":    idIn[accountQuery](id.Project, func(_ *view, f found) id.ID { return f.Project }),
		"backend_id":      equals[accountQuery](func(_ *view, f found) string { return f.BackendID }),
		"name":            contains[accountQuery](foundName),
		"name_exact":      equals[accountQuery](foundName),
		"created":         since[accountQuery](foundMade),
		"created_before":  until[accountQuery](foundMade),
		"modified":        since[accountQuery](foundMoved),
		"modified_before": until[accountQuery](foundMoved),
	},
	sorts: map[string]sorting[accountQuery, found]{"created": sortedBy[accountQuery](func(_ *view, f found) int64 { return int64(f.doc.ID) })},
	model: foundModel,
}

func (d *door) createFound(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	f := foundBody{Name: b.text("name", true, 150), Offering: b.uuid("offering", true, id.Offering), Project: b.uuid("project", true, id.Project),
		BackendID: b.text("backend_id", false, 255)}
	if m := b.object("backend_metadata", false); m != nil {
		f.Metadata, _ = json.Marshal(m) // made of valid JSON
	}
	if err := b.done(); err != nil {
		return err
	}
	var customer id.ID
	err = d.read(r, who, func(v *view) error {
		if customer, err = v.registrar(f.Offering); err != nil {
			return err
		}
		return b.unknownUUID("project", v.servesProject(f.Project))
	})
	if err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindFound, Customer: customer}
	if f.BackendID != "" { // one that has no id there cannot be told from another
		key.Name = f.Offering.Base36() + "/" + f.BackendID
	}
	doc, err := d.newBeside(r, who, key, f.Offering, "", func() any { f.Modified = d.core.Now(); return f })
	if e := core.AsError(err); err != nil && e.Kind == core.Conflict && e.Reason == core.ReasonName {
		return serializerRule("The fields offering, backend_id must make a unique set.")
	}
	if err != nil {
		return err
	}
	var out any
	if err := d.read(r, who, func(v *view) error { out = foundModel.object(v, foundOf(doc), nil); return nil }); err != nil {
		return err
	}
	return reply(w, http.StatusCreated, out)
}

// newBeside keeps a new document beside an offering.
func (d *door) newBeside(r *http.Request, who core.Actor, key core.DocumentKey, parent id.ID, state string, fill func() any) (core.Document, error) {
	body, err := json.Marshal(fill())
	if err != nil {
		return core.Document{}, err
	}
	return d.core.NewShownDocument(r.Context(), who, core.Document{Kind: key.Kind, Customer: key.Customer, Name: key.Name, Parent: parent, State: state, Body: body})
}

// servesProject is NotFound unless the caller may know of a project: their own, or one with
// a resource that they deliver.
func (v *view) servesProject(i id.ID) error {
	if i == 0 {
		return &core.Error{Kind: core.NotFound}
	}
	_, err := v.Project(i)
	if err == nil || core.KindOf(err) != core.NotFound {
		return err
	}
	n, failed := v.CountResources(core.ResourceQuery{Any: providerView.sight(v), Projects: []id.ID{i}})
	if failed != nil || n > 0 {
		return failed
	}
	return err
}

func (d *door) destroyFound(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i := named(r, id.Document)
	if err := d.read(r, who, func(v *view) error { _, err := v.servingDocument(kindFound, i, foundOffering); return err }); err != nil {
		return err
	}
	now := d.core.Now()
	if _, err := d.core.ChangeShownDocument(r.Context(), who, kindFound, i, func(_ *core.Scene, doc *core.Document) error { doc.RemovedAt = &now; return nil }); err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// asked is a request to an agent to tell what its site has.
type asked struct {
	doc core.Document
	askedBody
}

type askedBody struct {
	Offering id.ID      `json:"offering"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	Message  string     `json:"error_message,omitempty"`
	Trace    string     `json:"error_traceback,omitempty"`
	Modified time.Time  `json:"modified"`
}

func askedOf(d core.Document) asked       { return asked{d, attrs[askedBody](d.Body)} }
func askedOffering(d core.Document) id.ID { return askedOf(d).Offering }
func (v *view) request(i id.ID) (asked, error) {
	d, err := v.servedDocument(kindRequest, i, askedOffering)
	return askedOf(d), err
}

// The states of a request, in the vendor's words.
const (
	requestSent       = "Sent"
	requestProcessing = "Processing"
	requestDone       = "Done"
	requestErred      = "Erred"
)

// requestMove is one way from state to state.
type requestMove struct {
	act      string
	from     []string
	to       string
	sentence string
}

var requestMoves = []requestMove{
	{"start_processing", []string{requestSent}, requestProcessing, "Request processing is started"},
	{"set_done", []string{requestProcessing}, requestDone, "Request is done"},
	{"set_erred", []string{requestSent, requestProcessing}, requestErred, "Request is erred"},
}

var requestModel = model[asked]{
	{name: "url", value: func(v *view, a asked) any { return v.agentLink("backend-resource-requests", a.doc.ID) }},
	{name: "uuid", value: func(_ *view, a asked) any { return a.doc.ID.UUID(id.Document) }},
	{name: "created", value: func(_ *view, a asked) any { return stamp(a.doc.ID.Time()) }},
	{name: "modified", value: func(_ *view, a asked) any { return stamp(a.Modified) }},
	{name: "started", value: func(_ *view, a asked) any { return stampOrNull(a.Started) }},
	{name: "finished", value: func(_ *view, a asked) any { return stampOrNull(a.Finished) }},
	{name: "state", value: func(_ *view, a asked) any { return a.doc.State }},
	{name: "offering", value: func(_ *view, a asked) any { return a.Offering.UUID(id.Offering) }},
	{name: "offering_name", value: func(v *view, a asked) any { return v.offeringName(a.Offering) }},
	{name: "offering_url", value: func(v *view, a asked) any { return v.providerOfferingLink(a.Offering) }},
	{name: "error_message", value: func(_ *view, a asked) any { return a.Message }},
	{name: "error_traceback", value: func(_ *view, a asked) any { return a.Trace }},
}

func (d *door) createRequest(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	offering := b.uuid("offering", true, id.Offering)
	if err := b.done(); err != nil {
		return err
	}
	var customer id.ID
	if err := d.read(r, who, func(v *view) error { customer, err = v.registrar(offering); return err }); err != nil {
		return err
	}
	doc, err := d.newBeside(r, who, core.DocumentKey{Kind: kindRequest, Customer: customer}, offering, requestSent, func() any {
		return askedBody{Offering: offering, Modified: d.core.Now()}
	})
	if err != nil {
		return err
	}
	var out any
	if err := d.read(r, who, func(v *view) error { out = requestModel.object(v, askedOf(doc), nil); return nil }); err != nil {
		return err
	}
	return reply(w, http.StatusCreated, out)
}

func (d *door) moveRequest(m requestMove) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		i := named(r, id.Document)
		if err := d.read(r, who, func(v *view) error { _, err := v.servingDocument(kindRequest, i, askedOffering); return err }); err != nil {
			return err
		}
		b, err := readBody(r)
		if err != nil {
			return err
		}
		var message, trace string
		if m.to == requestErred {
			message, trace = b.text("error_message", false, 4000), b.text("error_traceback", false, 16000)
		}
		if err := b.done(); err != nil {
			return err
		}
		now := d.core.Now()
		_, err = d.core.ChangeShownDocument(r.Context(), who, kindRequest, i, func(_ *core.Scene, doc *core.Document) error {
			if !slices.Contains(m.from, doc.State) {
				return refuse(http.StatusConflict, detail("Valid states for operation: "+strings.Join(m.from, ", ")+"."))
			}
			a := askedOf(*doc)
			a.Modified, a.Message, a.Trace = now, message, trace
			if m.to == requestProcessing {
				a.Started = &now
			} else {
				a.Finished = &now
			}
			doc.State = m.to
			doc.Body, _ = json.Marshal(a.askedBody) // texts, numbers and times
			return nil
		})
		if err != nil {
			return err
		}
		return reply(w, http.StatusOK, map[string]string{"status": m.sentence})
	}
}
