package modelarts

import (
	"net/http"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

type wireNode struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   meta       `json:"metadata"`
	Spec       nodeSpec   `json:"spec"`
	Status     nodeStatus `json:"status"`
}

type nodeSpec struct {
	Flavor string `json:"flavor"`
}

type nodeStatus struct {
	Phase  string     `json:"phase"`
	Zone   string     `json:"az,omitempty"`
	Driver nodeDriver `json:"driver"`
}

type nodeDriver struct {
	Phase string `json:"phase"`
}

type nodeList struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   listMeta   `json:"metadata"`
	Items      []wireNode `json:"items"`
}

// nodePhase names what becomes of a pool's nodes by the pool's own phase.
var nodePhase = map[string]string{
	poolWaiting:  "Creating",
	poolCreating: "Creating",
	poolRunning:  "Available",
	poolAbnormal: "Abnormal",
	poolDeleting: "Deleting",
}

// nodesOf lists the parts of a pool that are there.
func nodesOf(s *core.Scene, pool order.Resource) ([]order.Asset, error) {
	parts, err := s.Assets(pool.ID)
	return slices.DeleteFunc(parts, func(a order.Asset) bool { return a.State == core.AssetGone }), err
}

func (d *door) listNodes(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	var all []wireNode
	err = d.view(r, at, func(s *core.Scene) error {
		res, err := poolNamedSo(s, at, r.PathValue("pool"))
		if err != nil {
			return err
		}
		p, err := newShower(s, at).around(res)
		if err != nil {
			return err
		}
		parts, err := nodesOf(s, res)
		for _, a := range parts {
			all = append(all, p.node(a))
		}
		return err
	})
	if err != nil {
		return err
	}
	some, rest, err := paged(q, all, func(n wireNode) string { return n.Metadata.Name })
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, nodeList{"v2", "NodeList", rest, append([]wireNode{}, some...)})
}

// node writes a node's document. It carries no billing mode: what is paid ahead is the
// pool, and clients would give nodes that say so back one by one.
func (p shownPool) node(a order.Asset) wireNode {
	c, _ := p.sheet.ComponentByID(a.Component)
	out := wireNode{APIVersion: "v2", Kind: "Node", Spec: nodeSpec{c.Code}, Status: nodeStatus{Phase: nodePhase[p.phase()], Driver: nodeDriver{"Running"}}}
	out.Metadata = meta{Name: a.Name, Created: stamp(a.ID.Time()), Annotations: map[string]string{}, Labels: map[string]string{
		labelResource: maosPrefix + plain(a.Name), "os.modelarts.node/underlying.instance.id": a.ID.Dashed(id.Asset),
		"os.modelarts/tenant.project.id": p.res.Project.UUID(id.Project),
	}}
	if zones := flavorOf(c).zones(); len(zones) > 0 {
		out.Status.Zone = zones[0]
	}
	return out
}

// deleteNodes gives named nodes back: an order that lowers the counts of their flavors.
func (d *door) deleteNodes(w http.ResponseWriter, r *http.Request, at place) error {
	var in struct {
		Names []string `json:"deleteNodeNames"`
	}
	if err := readObject(r, &in); err != nil {
		return err
	}
	if len(in.Names) == 0 {
		return bad("deleteNodeNames must name a node at least.")
	}
	var p core.Placement
	err := d.view(r, at, func(s *core.Scene) error {
		res, err := poolNamedSo(s, at, r.PathValue("pool"))
		if err != nil {
			return err
		}
		sheet, err := s.ShownOffering(res.Offering)
		if err != nil {
			return err
		}
		parts, err := nodesOf(s, res)
		if err != nil {
			return err
		}
		p = core.Placement{Type: order.Update, Resource: res.ID, Staged: true, Request: encoded(in)}
		p.Asks, err = without(sheet, res, parts, in.Names)
		return err
	})
	if err != nil {
		return err
	}
	placed, err := d.core.PlaceOrder(r.Context(), at.who, p)
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, map[string]string{"orderName": orderName(placed.Order)})
}

// without asks for what is left of a pool's flavors once the named nodes are gone.
func without(sheet catalog.Sheet, res order.Resource, parts []order.Asset, names []string) ([]core.Ask, error) {
	gone := map[id.ID][]string{}
	for n, name := range names {
		at := slices.IndexFunc(parts, func(a order.Asset) bool { return a.Name == name })
		switch {
		case at < 0:
			return nil, bad("Node %s not found.", clip(name))
		case slices.Contains(names[:n], name):
			return nil, bad("Node %s is named twice.", name)
		}
		gone[parts[at].Component] = append(gone[parts[at].Component], name)
	}
	if len(names) >= len(parts) {
		return nil, bad("One node must remain in the pool.")
	}
	var out []core.Ask
	for _, c := range sheet.Components {
		q := res.Quantities[c.ID]
		if q == 0 {
			continue
		}
		a := core.Ask{Component: c.Code, Quantity: q - money.Micro(len(gone[c.ID]))*money.Unit}
		if len(gone[c.ID]) > 0 {
			a.Detail = encoded(core.LineNodes{Nodes: gone[c.ID]})
		}
		out = append(out, a)
	}
	return out, nil
}
