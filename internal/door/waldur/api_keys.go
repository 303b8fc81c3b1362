package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Keys to a resource's own interface, which its agent made and tells of. The secret half is
// kept sealed: it is shown one at a time to the people who use the resource, and the feed tells
// to whom. Who administers the resource may ask the agent for another secret. A key is a
// document beside the resource.

const kindAPIKey = "waldur.api_key"

func (d *door) apiKeyOperations() []operation {
	const root, one = "/api/marketplace-resource-api-keys/", "/api/marketplace-resource-api-keys/{uuid}/"
	return []operation{
		{"marketplace_resource_api_keys_list", "GET", root, apiKeys.open(d), false},
		{"marketplace_resource_api_keys_report_created", "POST", root + "report_created/", d.reportKey, false},
		{"marketplace_resource_api_keys_set_key", "POST", one + "set_key/", d.setKey, false},
		{"marketplace_resource_api_keys_set_erred", "POST", one + "set_erred/", d.setKeyErred, false},
		{"marketplace_resource_api_keys_retrieve", "GET", one, retrieve(d, id.Document, (*view).apiKey, apiKeyModel), false},
		{"marketplace_resource_api_keys_reveal_retrieve", "GET", one + "reveal/", d.revealKey, false},
		{"marketplace_resource_api_keys_rotate", "POST", one + "rotate/", d.rotateKey, false},
		{"marketplace_resource_api_keys_destroy", "DELETE", one, d.forgetKey, false},
	}
}

// apiKey is a key, with the resource it opens.
type apiKey struct {
	doc core.Document
	apiKeyBody
	resource order.Resource
}

type apiKeyBody struct {
	Resource id.ID     `json:"resource"`
	Client   string    `json:"client_id,omitempty"`
	Sealed   []byte    `json:"sealed,omitempty"`
	Message  string    `json:"error_message,omitempty"`
	Modified time.Time `json:"modified"`
}

// The states of a key, in the vendor's words.
const (
	keyOK       = "OK"
	keyUpdating = "Updating" // its agent is to make it anew
	keyErred    = "Erred"
)

var keyStates = map[string]string{"Creating": "Creating", keyOK: keyOK, keyUpdating: keyUpdating, keyErred: keyErred}

func apiKeyOf(d core.Document, r order.Resource) apiKey {
	return apiKey{d, attrs[apiKeyBody](d.Body), r}
}

func apiKeyName(resource id.ID, client string) string { return resource.Base36() + "/" + client }

var apiKeyModel = model[apiKey]{
	{name: "uuid", value: func(_ *view, k apiKey) any { return k.doc.ID.UUID(id.Document) }},
	{name: "resource_uuid", value: func(_ *view, k apiKey) any { return k.Resource.UUID(id.Resource) }},
	{name: "resource_backend_id", value: func(_ *view, k apiKey) any { return k.resource.BackendID }},
	{name: "modified", value: func(_ *view, k apiKey) any { return stamp(k.Modified) }},
	{name: "client_id", value: func(_ *view, k apiKey) any { return k.Client }},
	{name: "state", value: func(_ *view, k apiKey) any { return k.doc.State }},
	{name: "error_message", value: func(_ *view, k apiKey) any { return k.Message }},
	{name: "pending_action", value: func(_ *view, k apiKey) any {
		if k.doc.State == keyUpdating {
			return "rotate"
		}
		return nil
	}},
	// What the next client wants to be told; nothing of it is kept here.
	{name: "user_uuid", value: func(*view, apiKey) any { return nil }},
	{name: "user_full_name", value: func(*view, apiKey) any { return nil }},
	{name: "limits", value: func(*view, apiKey) any { return map[string]any{} }},
	{name: "allowed_models", value: func(*view, apiKey) any { return []string{} }},
	{name: "current_usages", value: func(*view, apiKey) any { return map[string]any{} }},
	{name: "usage_period", value: func(*view, apiKey) any { return nil }},
	{name: "paused_by_limit", value: func(*view, apiKey) any { return false }},
}

// besideQuery narrows what stands beside resources to some.
type besideQuery struct{ resources, offerings []id.ID }

var apiKeys = list[besideQuery, apiKey]{
	rows: func(v *view, q besideQuery, _, _ int) ([]apiKey, error) { return v.apiKeys(q) },
	filters: map[string]filter[besideQuery, apiKey]{
		"resource_uuid": uuids(id.Resource, func(_ *view, a *ask[besideQuery, apiKey], ids []id.ID) { among(a, &a.q.resources, ids) }),
		"offering_uuid": uuids(id.Offering, func(_ *view, a *ask[besideQuery, apiKey], ids []id.ID) { among(a, &a.q.offerings, ids) }),
		"state": choices(keyStates, func(_ *view, a *ask[besideQuery, apiKey], chosen []string) {
			a.keep = append(a.keep, func(k apiKey) bool { return slices.Contains(chosen, k.doc.State) })
		}),
		"modified_before": until[besideQuery](func(_ *view, k apiKey) time.Time { return k.Modified }),
	},
	model: apiKeyModel,
}

// apiKeys lists the keys of resources that the caller may see.
func (v *view) apiKeys(q besideQuery) ([]apiKey, error) {
	docs, by, err := v.besideResources(kindAPIKey, q)
	out := make([]apiKey, len(docs))
	for n, d := range docs {
		out[n] = apiKeyOf(d, by[d.Parent])
	}
	return out, err
}

// besideResources lists the documents of a kind beside resources that the caller may see, with
// these.
func (v *view) besideResources(kind string, q besideQuery) ([]core.Document, map[id.ID]order.Resource, error) {
	if q.resources != nil && len(q.resources) == 0 { // a query without ids would not narrow
		return nil, nil, nil
	}
	seen, err := v.Resources(core.ResourceQuery{IDs: q.resources, Offerings: q.offerings, Page: everything})
	if err != nil || len(seen) == 0 {
		return nil, nil, err
	}
	by := map[id.ID]order.Resource{}
	ids := make([]id.ID, len(seen))
	for n, r := range seen {
		ids[n], by[r.ID] = r.ID, r
	}
	docs, err := v.ShownDocuments(core.DocumentQuery{Kind: kind, Parents: ids, Page: everything})
	return docs, by, err
}

// apiKey returns a key to a resource that the caller may see.
func (v *view) apiKey(i id.ID) (apiKey, error) {
	d, err := v.ShownDocument(kindAPIKey, i)
	if err != nil {
		return apiKey{}, noDocument(kindAPIKey, i, err)
	}
	r, err := v.Resource(attrs[apiKeyBody](d.Body).Resource)
	if err != nil {
		return apiKey{}, noDocument(kindAPIKey, i, err)
	}
	return apiKeyOf(d, r), nil
}

// administers lets those pass who serve a resource, and those of its own side who may end it.
func (v *view) administers(r order.Resource) error {
	if v.may(tenant.Terminate, r.Project, r.Customer) {
		return nil
	}
	return v.servesResource(r)
}

func (v *view) servesResource(r order.Resource) error {
	if !v.mayIn(tenant.SetBackendID, r.Provider, r.Offering) {
		return errForbidden
	}
	return nil
}

// reportKey keeps a key that an agent made; told again, it is the same key.
func (d *door) reportKey(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	i, client, secret := b.uuid("resource", true, id.Resource), b.text("client_id", true, 255), b.text("api_key", true, 4000)
	if err := b.done(); err != nil {
		return err
	}
	var res order.Resource
	var customer id.ID
	err = d.read(r, who, func(v *view) error {
		if res, err = v.Resource(i); err != nil || i == 0 {
			return b.unknownUUID("resource", noResourceOr(i, err))
		}
		customer = v.provider(res.Provider).Customer
		return v.servesResource(res)
	})
	if err != nil {
		return err
	}
	key := core.DocumentKey{Kind: kindAPIKey, Customer: customer, Name: apiKeyName(i, client)}
	doc, _, err := d.core.KeepDocument(r.Context(), who, key, func(_ *core.Scene, doc *core.Document) error {
		k := apiKeyOf(*doc, res)
		doc.Parent, k.Resource, k.Client = i, i, client
		return d.fill(doc, k, secret)
	})
	if err != nil {
		return err
	}
	return d.showKey(w, r, who, http.StatusCreated, apiKeyOf(doc, res))
}

func noResourceOr(i id.ID, err error) error {
	if err != nil {
		return err
	}
	return noResource(i)
}

// fill keeps a key's secret, sealed; the same secret again is no change.
func (d *door) fill(doc *core.Document, k apiKey, secret string) error {
	if was, err := d.core.Unseal(k.Sealed); err != nil || was != secret || doc.State != keyOK {
		sealed, err := d.core.Seal(secret)
		if err != nil {
			return err
		}
		k.Sealed, k.Message, k.Modified = sealed, "", d.core.Now()
	}
	doc.State = keyOK
	doc.Body, _ = json.Marshal(k.apiKeyBody) // texts, bytes and a time
	return nil
}

func (d *door) showKey(w http.ResponseWriter, r *http.Request, who core.Actor, status int, k apiKey) error {
	var out any
	if err := d.read(r, who, func(v *view) error { out = apiKeyModel.object(v, k, nil); return nil }); err != nil {
		return err
	}
	return reply(w, status, out)
}

// changeKey runs a change of a key that the path names, by those whom may lets pass.
func (d *door) changeKey(r *http.Request, who core.Actor, may func(v *view, r order.Resource) error, change func(doc *core.Document, k apiKey) error) (apiKey, error) {
	i := named(r, id.Document)
	var was apiKey
	err := d.read(r, who, func(v *view) (err error) {
		if was, err = v.apiKey(i); err == nil {
			err = may(v, was.resource)
		}
		return err
	})
	if err != nil {
		return was, err
	}
	doc, err := d.core.ChangeShownDocument(r.Context(), who, kindAPIKey, i, func(_ *core.Scene, doc *core.Document) error {
		return change(doc, apiKeyOf(*doc, was.resource))
	})
	if e := core.AsError(err); err != nil && e.Kind == core.Conflict && e.Reason == core.ReasonName {
		err = fieldError("client_id", "This resource has another key of that client.")
	}
	return apiKeyOf(doc, was.resource), err
}

func (d *door) setKey(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	k, err := d.changeKey(r, who, (*view).servesResource, func(doc *core.Document, k apiKey) error {
		b, err := readBody(r)
		if err != nil {
			return err
		}
		secret, client := b.text("api_key", true, 4000), b.text("client_id", false, 255)
		if err := b.done(); err != nil {
			return err
		}
		if client != "" {
			k.Client, doc.Name = client, apiKeyName(k.Resource, client)
		}
		return d.fill(doc, k, secret)
	})
	if err != nil {
		return err
	}
	return d.showKey(w, r, who, http.StatusOK, k)
}

func (d *door) setKeyErred(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	k, err := d.changeKey(r, who, (*view).servesResource, func(doc *core.Document, k apiKey) error {
		b, err := readBody(r)
		if err != nil {
			return err
		}
		d.moveKey(doc, k, keyErred, b.text("error_message", true, 4000))
		return b.done()
	})
	if err != nil {
		return err
	}
	return d.showKey(w, r, who, http.StatusOK, k)
}

// moveKey brings a key to a state, and keeps what is said of it.
func (d *door) moveKey(doc *core.Document, k apiKey, state, message string) {
	k.Message, k.Modified = message, d.core.Now()
	doc.State = state
	doc.Body, _ = json.Marshal(k.apiKeyBody) // texts, bytes and a time
}

// rotateKey asks for another secret: the agent finds the key Updating, and answers by set_key or
// set_erred. Until then the one there is holds.
func (d *door) rotateKey(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	_, err := d.changeKey(r, who, (*view).administers, func(doc *core.Document, k apiKey) error {
		if doc.State != keyOK && doc.State != keyErred {
			return refuse(http.StatusConflict, detail("Valid states for operation: OK, Erred."))
		}
		d.moveKey(doc, k, keyUpdating, "")
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusAccepted, map[string]string{"status": "API key rotation has been requested."})
}

// forgetKey forgets a key that its agent has taken back.
func (d *door) forgetKey(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	now := d.core.Now()
	_, err := d.changeKey(r, who, (*view).servesResource, func(doc *core.Document, _ apiKey) error {
		doc.RemovedAt = &now
		return nil
	})
	if err != nil {
		return err
	}
	return empty(w, http.StatusNoContent)
}

// revealKey shows a key with its secret.
func (d *door) revealKey(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var k apiKey
	if err := d.read(r, who, func(v *view) (err error) { k, err = v.apiKey(named(r, id.Document)); return err }); err != nil {
		return err
	}
	secret, err := d.core.Reveal(r.Context(), who, k.Resource, k.doc.ID, k.Sealed)
	if err != nil {
		return err
	}
	shown := append(slices.Clone(apiKeyModel), key[apiKey]{name: "api_key", value: func(*view, apiKey) any { return secret }})
	w.Header().Set("Cache-Control", "no-store")
	var out any
	if err := d.read(r, who, func(v *view) error { out = shown.object(v, k, nil); return nil }); err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}
