package modelarts

import (
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// meta is what the vendor says of any record.
type meta struct {
	Name        string            `json:"name"`
	Created     string            `json:"creationTimestamp"`
	Deleted     string            `json:"deletionTimestamp,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type wirePool struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   meta       `json:"metadata"`
	Spec       object     `json:"spec"`
	Status     poolStatus `json:"status"`
}

type poolStatus struct {
	Phase     string            `json:"phase"`
	Message   string            `json:"message,omitempty"`
	Resources any               `json:"resources"`
	Scope     []poolScope       `json:"scope"`
	Driver    map[string]driver `json:"driver,omitempty"`
	Root      string            `json:"root"`
}

type poolScope struct {
	Type  string `json:"scopeType"`
	State string `json:"state"`
}

type driver struct {
	Version string `json:"version"`
	State   string `json:"state"`
}

// nodesBy counts a pool's nodes.
type nodesBy struct {
	Creating  []wireCount `json:"creating"`
	Available []wireCount `json:"available"`
	Abnormal  []wireCount `json:"abnormal"`
	Deleting  []wireCount `json:"deleting"`
}

// shownPool is a resource with the order that it waits for, if it waits for one.
type shownPool struct {
	res   order.Resource
	open  *core.Placed
	last  order.Order // the latest order that the caller may see
	sheet catalog.Sheet
	plan  catalog.Plan
}

// around reads what a pool's document tells beside the resource.
func (sh *shower) around(res order.Resource) (shownPool, error) {
	p := shownPool{res: res, last: order.Order{ID: res.ID, Name: res.Name}}
	var err error
	if p.sheet, err = sh.sheet(res.Offering); err != nil {
		return p, err
	}
	if p.plan, err = sh.plan(res.Plan); err != nil {
		return p, err
	}
	if res.OpenOrder != 0 {
		open, err := sh.s.Order(res.OpenOrder)
		if err != nil && core.KindOf(err) != core.NotFound { // who sees the pool need not see the order
			return p, err
		}
		if err == nil {
			p.open, p.last = &open, open.Order
			return p, nil
		}
	}
	latest, err := sh.s.Orders(core.OrderQuery{Resources: []id.ID{res.ID}, Page: core.Page{Limit: 1}})
	if err == nil && len(latest) > 0 {
		p.last = latest[0].Order
	}
	return p, err
}

// phase tells a pool that nothing is done about yet from one that is being made.
func (p shownPool) phase() string {
	if p.res.State == order.Creating && (p.open == nil || p.open.Order.State.Pending()) {
		return poolWaiting
	}
	return phaseOfPool[p.res.State]
}

// pool writes a pool's document.
func (sh *shower) pool(res order.Resource) (wirePool, error) {
	p, err := sh.around(res)
	if err != nil {
		return wirePool{}, err
	}
	customer, err := sh.s.CustomerName(res.Customer)
	if err != nil {
		return wirePool{}, err
	}
	kept := poolOf(res)
	out := wirePool{APIVersion: "v2", Kind: "Pool", Spec: object{}}
	out.Metadata = meta{Name: poolName(res), Created: stamp(res.ID.Time()), Labels: kept.Labels, Annotations: kept.Annotations}
	for name, v := range map[string]string{
		labelName: res.Name, labelWorkspace: workspace, labelResource: subscriptionID(res), labelOrder: orderName(p.last),
		"os.modelarts/tenant.domain.id": customer.ID.UUID(id.Customer), "os.modelarts/tenant.project.id": res.Project.UUID(id.Project),
		"os.modelarts/enterprise.project.id": "0", "os.modelarts.pool/biz": "private",
	} {
		out.Metadata.Labels[name] = v
	}
	out.Metadata.Annotations[noteBilling] = onDemand
	if aheadOfUse(p.plan) {
		out.Metadata.Annotations[noteBilling] = ahead
	}
	out.Metadata.Annotations["os.modelarts/tenant.domain.name"] = customer.Slug
	out.Metadata.Annotations["os.modelarts.pool/subpools.count"] = "0"
	for name, v := range kept.Spec {
		if !(sh.at.typed && name == "clusters") {
			out.Spec[name] = v
		}
	}
	out.Spec["controlMode"] = json.RawMessage("0")
	out.Spec["resources"] = encoded(p.resources(kept, sh.at.typed))
	out.Status = p.status(kept, sh.at.typed)
	return out, nil
}

// counts lists amounts by flavor, in the order in which the catalogue has them.
func (p shownPool) counts(of func(component id.ID) money.Micro) []wireCount {
	out := []wireCount{}
	for _, c := range p.sheet.Components {
		if n := of(c.ID).Ceil(); n > 0 {
			out = append(out, wireCount{c.Code, n, n})
		}
	}
	return out
}

// has is how many nodes a pool has, or will have once it is made.
func (p shownPool) has(component id.ID) money.Micro {
	if p.res.State == order.Creating && p.open != nil {
		return p.asked(component)
	}
	return p.res.Quantities[component]
}

func (p shownPool) asked(component id.ID) money.Micro {
	var n money.Micro
	for _, l := range p.open.Lines {
		if l.Component == component {
			n += l.Quantity
		}
	}
	return n
}

// changes is by how much an order under way raises (or, with -1, lowers) a flavor's count.
func (p shownPool) changes(sign money.Micro) func(id.ID) money.Micro {
	return func(component id.ID) money.Micro {
		if p.open == nil {
			return 0
		}
		var n money.Micro
		for _, l := range p.open.Lines {
			if l.Component == component {
				n += l.Quantity - l.Before
			}
		}
		return max(0, sign*n)
	}
}

// resources writes spec.resources. The vendor's SDK for Go wants other types than its
// documents have for two members, and reads nothing where they differ.
func (p shownPool) resources(kept pool, typed bool) []object {
	out := []object{}
	for _, c := range p.counts(p.has) {
		entry := object{}
		for name, v := range kept.Resources[c.Flavor] {
			entry[name] = v
		}
		if typed {
			delete(entry, "dataVolumes")
			delete(entry, "volumeGroupConfigs")
		}
		entry["flavor"], entry["count"] = encoded(c.Flavor), encoded(c.Count)
		var most int64
		if json.Unmarshal(entry["maxCount"], &most) != nil || most < c.Count {
			entry["maxCount"] = encoded(c.Count)
		}
		out = append(out, entry)
	}
	return out
}

func (p shownPool) status(kept pool, typed bool) poolStatus {
	out := poolStatus{Phase: p.phase(), Scope: []poolScope{}, Resources: struct{}{}}
	if p.open != nil {
		out.Message = p.open.Order.Message
	}
	for _, s := range kept.Spec.words("scope") {
		out.Scope = append(out.Scope, poolScope{s, scopeState[out.Phase]})
	}
	want := kept.Spec.member("driver")
	for member, name := range map[string]string{"gpuVersion": "gpu", "npuVersion": "npu"} {
		if v := want.word(member); v != "" {
			if out.Driver == nil {
				out.Driver = map[string]driver{}
			}
			out.Driver[name] = driver{v, "Running"}
		}
	}
	if typed {
		return out
	}
	available := func(i id.ID) money.Micro { return p.res.Quantities[i] }
	by := nodesBy{Creating: p.counts(p.changes(1)), Available: p.counts(available), Abnormal: []wireCount{}, Deleting: p.counts(p.changes(-1))}
	if p.res.State == order.ResourceErred {
		by.Available, by.Abnormal = by.Abnormal, by.Available
	}
	out.Resources = by
	return out
}

// deleted shows a pool as its deletion leaves it.
func (w *wirePool) deleted(at time.Time, by order.Order) {
	w.Metadata.Deleted = stamp(at)
	w.Metadata.Labels[labelOrder] = orderName(by)
	w.Status.Phase = poolDeleting
	for n := range w.Status.Scope {
		w.Status.Scope[n].State = scopeState[poolDeleting]
	}
}
