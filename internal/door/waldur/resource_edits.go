package waldur

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// edit is a change of a resource that carries no money. It reads the body and changes the
// resource; what it returns is the answer, nil for an empty object.
type edit struct {
	name  string
	side  core.Side // where the right counts
	right tenant.Right
	do    func(s *core.Scene, b *body, r *order.Resource, d *door) (answer any, err error)
}

// A manager of an offering reaches its resources only where the vendor looks at the
// offering itself.
var providerEdits = []edit{
	{"set_backend_id", core.Providing, tenant.SetBackendID, setBackendID},
	{"submit_report", core.ByProvider, tenant.SubmitReport, submitReport},
	{"set_backend_metadata", core.ByProvider, tenant.SetBackendID, setBackendMetadata},
	{"set_endpoints", core.ByProvider, tenant.SetBackendID, setEndpoints},
	{"set_limits", core.ByProvider, tenant.SetLimits, setLimits},
	{"set_state_ok", core.ByProvider, tenant.SetState, setStateOK},
	{"set_as_ok", core.ByProvider, tenant.SetState, setAsOK},
	{"set_as_erred", core.ByProvider, tenant.SetState, setAsErred},
	{"refresh_last_sync", core.ByProvider, tenant.SetBackendID, refreshLastSync},
	{"set_end_date_by_provider", core.ByProvider, tenant.SetEndDate, setEndDate},
	{"set_effective_id", core.Providing, tenant.SetBackendID, setEffectiveID},
	{"update_options_direct", core.ByProvider, tenant.SetOptions, updateOptions},
}

func (d *door) resourceEdits() []operation {
	const root, older = "/api/marketplace-provider-resources/{uuid}/", "/api/marketplace-resources/{uuid}/"
	var ops []operation
	for _, e := range providerEdits {
		ops = append(ops, operation{"marketplace_provider_resources_" + e.name, "POST", root + e.name + "/", d.edit(providerView, e), false})
	}
	first := d.edit(providerView, providerEdits[0]) // older guides set the backend id here
	return append(ops,
		operation{"marketplace_resources_set_backend_id", "POST", older + "set_backend_id/", first, false},
		operation{"marketplace_resources_set_backend_id_legacy", "POST", older, first, false})
}

// edit runs an edit. What is wrong with the body is told after 404 and 403.
func (d *door) edit(s sideView, e edit) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		i := named(r, id.Resource)
		err := d.read(r, who, func(v *view) error { _, err := s.resource(v, i); return err })
		if err != nil {
			return err
		}
		var answer any
		_, err = d.core.ChangeResource(r.Context(), who, i, e.side, e.right, func(scene *core.Scene, res *order.Resource) error {
			b, err := readBody(r)
			if err != nil {
				return err
			}
			if answer, err = e.do(scene, b, res, d); err != nil {
				return err
			}
			return b.done()
		})
		if err != nil {
			return fieldRefused(err, map[string]string{"attributes": ""})
		}
		if answer == nil {
			answer = map[string]any{}
		}
		return reply(w, http.StatusOK, answer)
	}
}

// keep puts a value among a resource's attributes, beside what others keep there.
func keep(r *order.Resource, name string, value any) error {
	m := attrs[map[string]json.RawMessage](object(r.Attrs))
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	m[name] = raw
	r.Attrs, err = json.Marshal(m)
	return err
}

// keepFailure puts what is wrong with a resource among its attributes, cut to what there is
// room for: that it failed must be heard.
func keepFailure(r *order.Resource, message, trace string) (err error) {
	m := attrs[map[string]json.RawMessage](object(r.Attrs))
	delete(m, "error_message")
	delete(m, "error_traceback")
	r.Attrs, err = json.Marshal(m)
	for _, one := range []struct{ name, text string }{{"error_message", core.Cut(message, core.MostMessage)}, {"error_traceback", core.Cut(trace, core.MostTrace)}} {
		without := r.Attrs
		for s := one.text; err == nil && s != ""; s = core.Cut(s, len(s)/2) {
			if err = keep(r, one.name, s); len(r.Attrs) <= core.MaxAttrs {
				break
			}
			r.Attrs = without
		}
	}
	return err
}

func setBackendID(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	value := r.BackendID
	if b.given("backend_id") {
		value = b.text("backend_id", false, 255)
	}
	changed := value != r.BackendID
	r.BackendID = value
	return statusOf("Resource backend_id", changed, map[string]any{"backend_id": value}), nil
}

func submitReport(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	items := b.list("report", true)
	if items != nil && len(items) == 0 {
		b.errs.add("report", "Report object should contain at least one section.")
	}
	var report []section
	for _, item := range items {
		report = append(report, section{item.text("header", true, 0), item.text("body", true, 0)})
	}
	b.gather("report", items)
	return map[string]any{"status": "Report is submitted", "report": report}, keep(r, "report", report)
}

func setBackendMetadata(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	m := b.object("backend_metadata", true)
	return map[string]any{"status": "The backend metadata is updated", "backend_metadata": m}, keep(r, "backend_metadata", m)
}

func setEndpoints(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	items := b.list("endpoints", true)
	list := []endpoint{}
	for _, item := range items {
		list = append(list, endpoint{Name: item.text("name", true, 150), URL: item.text("url", true, 255)})
	}
	b.gather("endpoints", items)
	return map[string]any{"status": "The endpoints are updated"}, keep(r, "endpoints", list)
}

// setLimits keeps the limits that the provider's system has set: shown, never billed.
func setLimits(s *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	asks := b.limits("limits", true)
	sh, err := s.ShownOffering(r.Offering)
	if err != nil {
		return nil, err
	}
	reported := order.Quantities{}
	for i, q := range r.Reported {
		reported[i] = q
	}
	shown := map[string]int64{}
	for _, a := range asks {
		c, ok := sh.Component(a.Component)
		if !ok {
			b.errs.add("limits", "Invalid types: %s", a.Component)
			continue
		}
		if a.Quantity < 0 {
			b.errs.add("limits", "The limit %s value cannot be less than 0.", a.Quantity)
		}
		reported[c.ID], shown[a.Component] = a.Quantity, a.Quantity.Floor()
	}
	r.Reported = reported
	return map[string]any{"status": "Resource limits have been updated.", "limits": shown}, nil
}

// handStates are those from which a provider may put a resource right by hand. What has
// been terminated stays so.
var handStates = []order.ResourceState{order.ResourceErred, order.Creating, order.Updating, order.Terminating}

func stateRefusal(valid []order.ResourceState) error {
	names := ""
	for n, s := range valid {
		if n > 0 {
			names += ", "
		}
		names += resourceState[s]
	}
	return refuse(http.StatusConflict, detail("Valid states for operation: "+names+"."))
}

func setStateOK(_ *core.Scene, _ *body, r *order.Resource, _ *door) (any, error) {
	if !slices.Contains(handStates, r.State) {
		return nil, stateRefusal(handStates)
	}
	r.State = order.OK
	return map[string]string{"status": "Resource state has been set to OK."}, nil
}

func setAsOK(_ *core.Scene, _ *body, r *order.Resource, _ *door) (any, error) {
	if r.State == order.Terminated {
		return nil, stateRefusal(append([]order.ResourceState{order.OK}, handStates...))
	}
	r.State = order.OK
	return map[string]string{"status": "Resource is OK."}, keepFailure(r, "", "")
}

func setAsErred(_ *core.Scene, b *body, r *order.Resource, _ *door) (any, error) {
	if r.State == order.Terminated {
		return nil, stateRefusal(append([]order.ResourceState{order.OK}, handStates...))
	}
	r.State = order.ResourceErred
	return map[string]string{"status": "Resource is erred."}, keepFailure(r, b.text("error_message", false, 0), b.text("error_traceback", false, 0))
}

func refreshLastSync(_ *core.Scene, _ *body, r *order.Resource, d *door) (any, error) {
	at := stamp(d.core.Now())
	return map[string]string{"status": "Last sync has been refreshed.", "last_sync": at}, keep(r, "last_sync", at)
}

func setEndDate(_ *core.Scene, b *body, r *order.Resource, d *door) (any, error) {
	err := changeEnd(b, r, d)
	return map[string]any{"end_date": dayOrNull(r.EndsOn)}, err
}

// changeEnd moves a resource's last day, or takes it away.
func changeEnd(b *body, r *order.Resource, d *door) error {
	if !b.given("end_date") {
		return nil
	}
	on, ok := b.day("end_date")
	if !ok {
		r.EndsOn = nil
	} else {
		if on.Time().AddDate(0, 0, 1).Before(d.core.Now()) {
			return refuse(http.StatusBadRequest, fieldErrors{"end_date": map[string]string{"end_date": "Cannot be earlier than the current date."}})
		}
		r.EndsOn = &on
	}
	return keep(r, "end_date_updated_at", stamp(d.core.Now()))
}

// patchResource changes what the people who use a resource, or deliver it, may change.
func (d *door) patchResource(s sideView) front.Handler {
	rights := map[core.Side]tenant.Right{core.Consuming: tenant.Terminate, core.ByProvider: tenant.SetEndDate}
	return d.edit(s, edit{"partial_update", s.side, rights[s.side], func(_ *core.Scene, b *body, r *order.Resource, d *door) (any, error) {
		k := kept(*r)
		if b.given("name") {
			r.Name = b.text("name", true, 150)
		}
		if b.given("description") {
			k.Description = b.text("description", false, 2000)
			if err := keep(r, "description", k.Description); err != nil {
				return nil, err
			}
		}
		if err := changeEnd(b, r, d); err != nil {
			return nil, err
		}
		return map[string]any{"name": r.Name, "description": k.Description, "end_date": dayOrNull(r.EndsOn)}, nil
	}})
}
