package modelarts

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// poolSheets are the offerings that pools are of.
func poolSheets(s *core.Scene) ([]catalog.Sheet, error) {
	return s.OfferingsMeasured(catalog.Count, catalog.Instant)
}

// sheetFor finds the one offering that has all the flavors.
func sheetFor(s *core.Scene, list []resourceAsk) (catalog.Sheet, error) {
	sheets, err := poolSheets(s)
	if err != nil {
		return catalog.Sheet{}, err
	}
	var found *catalog.Sheet
	for _, a := range list {
		n := slices.IndexFunc(sheets, func(sh catalog.Sheet) bool { _, ok := sh.Component(a.flavor); return ok })
		switch {
		case n < 0:
			return catalog.Sheet{}, noFlavor(a.flavor)
		case found == nil:
			found = &sheets[n]
		case found.Offering.ID != sheets[n].Offering.ID:
			return catalog.Sheet{}, bad("Flavors %s and %s cannot be in one pool.", clip(list[0].flavor), clip(a.flavor))
		}
	}
	return *found, nil
}

func (d *door) createPool(w http.ResponseWriter, r *http.Request, at place) error {
	var in poolBody
	if err := readObject(r, &in); err != nil {
		return err
	}
	p, err := in.placement(at)
	if err != nil {
		return err
	}
	err = d.view(r, at, func(s *core.Scene) error { return p.find(s, at) })
	if err != nil {
		return err
	}
	if p.Idem, err = d.opt.Repeat.Key(r); err != nil {
		return err
	}
	placed, err := d.core.PlaceOrder(r.Context(), at.who, p.Placement)
	if err != nil {
		return err
	}
	return d.answerPool(w, r, at, placed.Resource)
}

// newPool is a pool's placement on its way from the wire.
type newPool struct {
	core.Placement
	kept    pool
	list    []resourceAsk
	billing billing
}

// placement reads a new pool; what the catalogue and the networks say of it is for find.
func (b poolBody) placement(at place) (newPool, error) {
	var p newPool
	if err := b.check("v2", "Pool"); err != nil {
		return p, err
	}
	name := string(b.Metadata.Labels[labelName])
	if !poolNamed.MatchString(name) {
		return p, bad("The label %s must be 4 to 25 lower-case letters, digits and hyphens.", labelName)
	}
	var err error
	if p.list, err = b.resources(); err != nil {
		return p, err
	}
	if p.list == nil {
		return p, bad("spec.resources is missing.")
	}
	if p.kept, err = b.kept(); err != nil {
		return p, err
	}
	p.kept.resources(p.list)
	if p.billing, err = readBilling(b.Metadata.Annotations); err != nil {
		return p, err
	}
	asks, err := asked(p.list)
	if err != nil {
		return p, err
	}
	p.Placement = core.Placement{Project: at.project.ID, Name: name, Asks: asks, Live: true, Confirm: p.billing.ahead && !p.billing.pays}
	if p.Attrs, err = p.kept.attributes(nil); err != nil {
		return p, err
	}
	p.Request = p.request(name)
	return p, nil
}

// request is what is kept of the body with the order: no secrets, and nothing unknown.
func (p newPool) request(name string) json.RawMessage {
	labels := map[string]string{labelName: name, labelWorkspace: workspace}
	for k, v := range p.kept.Labels {
		labels[k] = v
	}
	spec := object{}
	for k, v := range p.kept.Spec {
		spec[k] = v
	}
	entries := []object{}
	for _, a := range p.list {
		entry := object{"flavor": encoded(a.flavor), "count": encoded(a.count)}
		for k, v := range a.kept {
			entry[k] = v
		}
		entries = append(entries, entry)
	}
	spec["resources"] = encoded(entries)
	return encoded(map[string]any{"apiVersion": "v2", "kind": "Pool", "metadata": map[string]any{"labels": labels, "annotations": p.kept.Annotations}, "spec": spec})
}

// find looks up the network, the offering and the plan.
func (p *newPool) find(s *core.Scene, at place) error {
	network := p.kept.Spec.member("network").word("name")
	if network == "" {
		return bad("spec.network.name must name a network.")
	}
	if _, err := networkOf(s, at, network); err != nil {
		return err
	}
	sheet, err := sheetFor(s, p.list)
	if err != nil {
		return err
	}
	plan, units, err := p.billing.plan(sheet, at.project.Customer)
	if err != nil {
		return err
	}
	p.Offering, p.Plan = sheet.Offering.ID, plan.ID
	if p.billing.ahead {
		p.Periods = units
	}
	return nil
}

// answerPool answers with a pool as it stands.
func (d *door) answerPool(w http.ResponseWriter, r *http.Request, at place, res order.Resource) error {
	var out wirePool
	err := d.view(r, at, func(s *core.Scene) (err error) { out, err = newShower(s, at).pool(res); return err })
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}

// poolNamedSo returns the pool of a name, if it is one of the project and still there.
func poolNamedSo(s *core.Scene, at place, name string) (order.Resource, error) {
	i, err := parseNamed(id.Resource, name)
	if err != nil {
		return order.Resource{}, noPool(name)
	}
	res, err := s.Resource(i)
	if err != nil {
		return res, missing(err, noPool(name))
	}
	if res.Project != at.project.ID || res.State == order.Terminated {
		return order.Resource{}, noPool(name)
	}
	is, err := isPool(s, res)
	if err != nil {
		return res, err
	}
	if !is {
		return order.Resource{}, noPool(name)
	}
	return res, nil
}

func isPool(s *core.Scene, res order.Resource) (bool, error) {
	sheet, err := s.ShownOffering(res.Offering)
	return sheet.Offering.Measure == catalog.Count && sheet.Offering.Fulfilment == catalog.Instant, err
}

func (d *door) showPool(w http.ResponseWriter, r *http.Request, at place) error {
	var out wirePool
	err := d.view(r, at, func(s *core.Scene) error {
		res, err := poolNamedSo(s, at, r.PathValue("pool"))
		if err != nil {
			return err
		}
		out, err = newShower(s, at).pool(res)
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}

type poolList struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Items      []wirePool `json:"items"`
}

// poolsOf shows all pools of the project, oldest first.
func poolsOf(s *core.Scene, at place) ([]wirePool, error) {
	sheets, err := s.OfferingsMeasured(catalog.Count, catalog.Instant)
	if err != nil {
		return nil, err
	}
	q := core.ResourceQuery{Customers: []id.ID{at.project.Customer}, Projects: []id.ID{at.project.ID}, States: live}
	for _, sh := range sheets {
		q.Offerings = append(q.Offerings, sh.Offering.ID)
	}
	if len(q.Offerings) == 0 {
		return nil, nil
	}
	all, err := everything(func(p core.Page) ([]order.Resource, error) { q.Page = p; return s.Resources(q) })
	if err != nil {
		return nil, err
	}
	show := newShower(s, at)
	var out []wirePool
	for _, res := range all {
		p, err := show.pool(res)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (d *door) listPools(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	labels, err := parseSelector(q.text("labelSelector"))
	if err != nil {
		return err
	}
	phases, given := statusOfPool[q.text("status")]
	if !given && q.text("status") != "" {
		return bad("The parameter status must be one of created, creating, failed.")
	}
	out := poolList{"v2", "PoolList", []wirePool{}}
	if q.elsewhere() || q.text("parent") != "" { // no pool is a part of another here
		return reply(w, r, http.StatusOK, out)
	}
	err = d.view(r, at, func(s *core.Scene) error {
		all, err := poolsOf(s, at)
		for _, p := range all {
			if labels.lets(p.Metadata.Labels) && (!given || slices.Contains(phases, p.Status.Phase)) {
				out.Items = append(out.Items, p)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}

type poolStatistics struct {
	Statistics struct {
		Status map[string]int `json:"status"`
	} `json:"statistics"`
	At string `json:"operationTime"`
}

func (d *door) poolStatistics(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	out := poolStatistics{At: stamp(d.core.Now())}
	out.Statistics.Status = map[string]int{}
	for _, word := range statisticOf {
		out.Statistics.Status[word] = 0
	}
	if q.elsewhere() {
		return reply(w, r, http.StatusOK, out)
	}
	err = d.view(r, at, func(s *core.Scene) error {
		all, err := poolsOf(s, at)
		for _, p := range all {
			out.Statistics.Status[statisticOf[p.Status.Phase]]++
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}
