package modelarts

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// networkKind is the kind of document that a network is.
const networkKind = "modelarts.network"

// network is what is kept of one.
type network struct {
	Name        string            `json:"name"`
	Annotations map[string]string `json:"annotations,omitempty"`
	CIDR        string            `json:"cidr"`
	Connection  object            `json:"connection,omitempty"`
}

type networkBody struct {
	APIVersion text `json:"apiVersion"`
	Kind       text `json:"kind"`
	Metadata   struct {
		Labels      map[string]text `json:"labels"`
		Annotations map[string]text `json:"annotations"`
	} `json:"metadata"`
	Spec object `json:"spec"`
}

type wireNetwork struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Metadata   meta          `json:"metadata"`
	Spec       networkSpec   `json:"spec"`
	Status     networkStatus `json:"status"`
}

type networkSpec struct {
	CIDR       string `json:"cidr"`
	Connection object `json:"connection,omitempty"`
}

type networkStatus struct {
	Phase       string        `json:"phase"`
	Connections struct{}      `json:"connectionStatus"`
	Subnets     []wireSubnets `json:"subnets"`
}

type wireSubnets struct {
	NetworkID string `json:"networkId"`
	CIDR      string `json:"cidr"`
}

type networkList struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Metadata   listMeta      `json:"metadata"`
	Items      []wireNetwork `json:"items"`
}

var networkNamed = regexp.MustCompile(`^[a-z0-9-]{4,32}$`)

// ranges are where a network's addresses may lie, and how large it may be.
var ranges = []netip.Prefix{netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}

const smallestNetwork = 24

func checkCIDR(s string) error {
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Bits() <= smallestNetwork {
		for _, r := range ranges {
			if r.Contains(p.Addr()) && p.Bits() >= r.Bits() {
				return nil
			}
		}
	}
	return bad("spec.cidr must lie in 172.16.0.0/12 to /24 or 192.168.0.0/16 to /24.")
}

var networkShape = map[string]shape{"cidr": aText, "connection": anObject}

func (b networkBody) check() error {
	switch w := b.Metadata.Labels[labelWorkspace]; {
	case b.APIVersion != "" && b.APIVersion != "v1":
		return bad("apiVersion must be v1.")
	case b.Kind != "" && b.Kind != "Network":
		return bad("kind must be Network.")
	case w != "" && w != workspace:
		return refuse(core.Invalid, http.StatusBadRequest, codeNoWorkspace, "The workspace %s does not exist.", clip(string(w)))
	}
	return nil
}

// change merges what is sent; the addresses of a network are for good.
func (n *network) change(b networkBody, fresh bool) error {
	spec, err := known(b.Spec, networkShape, "spec")
	if err != nil {
		return err
	}
	if n.Annotations == nil {
		n.Annotations = map[string]string{}
	}
	for name, v := range b.Metadata.Annotations {
		n.Annotations[name] = string(v)
	}
	if _, ok := spec["connection"]; ok {
		n.Connection = spec.member("connection")
	}
	if fresh {
		n.CIDR = spec.word("cidr")
		return checkCIDR(n.CIDR)
	}
	if s := spec.word("cidr"); s != "" && s != n.CIDR {
		return bad("spec.cidr cannot be changed.")
	}
	return nil
}

func (d *door) createNetwork(w http.ResponseWriter, r *http.Request, at place) error {
	var in networkBody
	if err := readObject(r, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	n := network{Name: string(in.Metadata.Labels[labelName])}
	if !networkNamed.MatchString(n.Name) {
		return bad("The label %s must be 4 to 32 lower-case letters, digits and hyphens.", labelName)
	}
	if err := n.change(in, true); err != nil {
		return err
	}
	doc, err := d.core.NewDocument(r.Context(), at.who, core.Document{Kind: networkKind, Customer: at.project.Customer, Project: at.project.ID, Body: encoded(n)}, nil)
	if err != nil {
		return err
	}
	return replyNetwork(w, r, doc)
}

func replyNetwork(w http.ResponseWriter, r *http.Request, doc core.Document) error {
	out, err := showNetwork(doc)
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}

func showNetwork(doc core.Document) (wireNetwork, error) {
	var n network
	if err := json.Unmarshal(doc.Body, &n); err != nil {
		return wireNetwork{}, err
	}
	if n.Annotations == nil {
		n.Annotations = map[string]string{}
	}
	return wireNetwork{APIVersion: "v1", Kind: "Network",
		Metadata: meta{Name: named(n.Name, id.Document, doc.ID), Created: stamp(doc.ID.Time()), Labels: map[string]string{labelName: n.Name, labelWorkspace: workspace}, Annotations: n.Annotations},
		Spec:     networkSpec{n.CIDR, n.Connection},
		Status:   networkStatus{Phase: "Active", Subnets: []wireSubnets{{doc.ID.Dashed(id.Document), n.CIDR}}}}, nil
}

// networkOf returns the network of a name, if it is one of the project.
func networkOf(s *core.Scene, at place, name string) (core.Document, error) {
	i, err := parseNamed(id.Document, name)
	if err != nil {
		return core.Document{}, noNetwork(name)
	}
	doc, err := s.Document(networkKind, i)
	if err != nil {
		return doc, missing(err, noNetwork(name))
	}
	if doc.Project != at.project.ID {
		return core.Document{}, noNetwork(name)
	}
	return doc, nil
}

func (d *door) showNetwork(w http.ResponseWriter, r *http.Request, at place) error {
	var doc core.Document
	err := d.view(r, at, func(s *core.Scene) (err error) { doc, err = networkOf(s, at, r.PathValue("network")); return err })
	if err != nil {
		return err
	}
	return replyNetwork(w, r, doc)
}

func (d *door) listNetworks(w http.ResponseWriter, r *http.Request, at place) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	labels, err := parseSelector(q.text("labelSelector"))
	if err != nil {
		return err
	}
	out := networkList{APIVersion: "v1", Kind: "NetworkList", Items: []wireNetwork{}}
	var all []wireNetwork
	err = d.view(r, at, func(s *core.Scene) error {
		docs, err := everything(func(p core.Page) ([]core.Document, error) {
			return s.Documents(core.DocumentQuery{Page: p, Kind: networkKind, Customers: []id.ID{at.project.Customer}, Projects: []id.ID{at.project.ID}})
		})
		if err != nil || q.elsewhere() {
			return err
		}
		for _, doc := range docs {
			n, err := showNetwork(doc)
			if err != nil {
				return err
			}
			if labels.lets(n.Metadata.Labels) {
				all = append(all, n)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	some, rest, err := paged(q, all, func(n wireNetwork) string { return n.Metadata.Name })
	if err != nil {
		return err
	}
	out.Items, out.Metadata = append(out.Items, some...), rest
	return reply(w, r, http.StatusOK, out)
}

func (d *door) changeNetwork(w http.ResponseWriter, r *http.Request, at place) error {
	var in networkBody
	if err := readObject(r, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	i, err := d.networkID(r, at)
	if err != nil {
		return err
	}
	doc, err := d.core.ChangeDocument(r.Context(), at.who, networkKind, i, func(_ *core.Scene, doc *core.Document) error {
		var n network
		if err := json.Unmarshal(doc.Body, &n); err != nil {
			return err
		}
		if err := n.change(in, false); err != nil {
			return err
		}
		doc.Body = encoded(n)
		return nil
	})
	if err != nil {
		return missing(err, noNetwork(r.PathValue("network")))
	}
	return replyNetwork(w, r, doc)
}

// networkID finds the network that the path names.
func (d *door) networkID(r *http.Request, at place) (id.ID, error) {
	var doc core.Document
	err := d.view(r, at, func(s *core.Scene) (err error) { doc, err = networkOf(s, at, r.PathValue("network")); return err })
	return doc.ID, err
}

func (d *door) deleteNetwork(w http.ResponseWriter, r *http.Request, at place) error {
	i, err := d.networkID(r, at)
	if err != nil {
		return err
	}
	var last core.Document
	err = d.core.RemoveDocument(r.Context(), at.who, networkKind, i, func(s *core.Scene, doc core.Document) error {
		last = doc
		return unused(s, at, doc)
	})
	if err != nil {
		return missing(err, noNetwork(r.PathValue("network")))
	}
	return replyNetwork(w, r, last)
}

// unused refuses to remove a network that a pool is in.
func unused(s *core.Scene, at place, doc core.Document) error {
	pools, err := poolsOf(s, at)
	if err != nil {
		return err
	}
	for _, p := range pools {
		if i, err := parseNamed(id.Document, p.Spec.member("network").word("name")); err == nil && i == doc.ID {
			return bad("The network is used by pool %s.", p.Metadata.Name)
		}
	}
	return nil
}
