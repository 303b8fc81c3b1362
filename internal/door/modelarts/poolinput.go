package modelarts

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Labels and annotations that are read here; others are kept and shown.
const (
	labelName      = "os.modelarts/name"
	labelWorkspace = "os.modelarts/workspace.id"
	labelResource  = "os.modelarts/resource.id"
	labelOrder     = "os.modelarts/order.name"
	labelPrefix    = "os.modelarts/node.prefix"
	labelSharing   = "os.modelarts/sharing"

	noteDescription = "os.modelarts/description"
	noteBilling     = "os.modelarts/billing.mode"
	notePeriodNum   = "os.modelarts/period.num"
	notePeriodType  = "os.modelarts/period.type"
	noteAutoPay     = "os.modelarts/auto.pay"
	noteOrder       = "os.modelarts/order.id"
)

// poolBody is a pool as clients send it. Members that are null are not given.
type poolBody struct {
	APIVersion text `json:"apiVersion"`
	Kind       text `json:"kind"`
	Metadata   struct {
		Labels      map[string]text `json:"labels"`
		Annotations map[string]text `json:"annotations"`
	} `json:"metadata"`
	Spec object `json:"spec"`
}

// pool is what this door keeps of one, under its name in the resource's attributes.
type pool struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Spec        object            `json:"spec,omitempty"`      // but resources
	Resources   map[string]object `json:"resources,omitempty"` // by flavor, but its name and count
}

// specShape lists the members of spec that are kept, resources aside.
var specShape = map[string]shape{
	"type": aText, "scope": texts, "network": anObject, "jobFlavors": texts, "driver": anObject, "parent": aText, "containerNetwork": anObject,
	"kubernetesSvcIpRange": aText, "masters": objects, "clusterFlavor": aText, "ipv6enable": aTruth, "userLogin": anObject, "clusters": objects,
}

// changeable are those that a change may name.
var changeable = []string{"scope", "jobFlavors", "driver"}

// resourceShape lists what is kept of an entry of spec.resources.
var resourceShape = map[string]shape{
	"maxCount": aNumber, "azs": objects, "nodePool": aText, "extendParams": anObject, "os": anObject, "tags": objects, "taints": objects, "labels": anObject,
	"network": anObject, "rootVolume": anObject, "dataVolumes": objects, "volumeGroupConfigs": objects, "creatingStep": anObject, "driver": anObject,
}

// mostKept bounds what is kept of a pool, in bytes.
const mostKept = core.MaxDocument

var poolNamed = regexp.MustCompile(`^[a-z0-9-]{4,25}$`)

// scopes are what a pool can be for.
var scopes = []string{"Train", "Infer", "Notebook"}

// check asks what any pool's body must be.
func (b poolBody) check(version, kind string) error {
	switch {
	case b.APIVersion != "" && string(b.APIVersion) != version:
		return bad("apiVersion must be %s.", version)
	case b.Kind != "" && string(b.Kind) != kind:
		return bad("kind must be %s.", kind)
	}
	if w := b.Metadata.Labels[labelWorkspace]; w != "" && w != workspace {
		return refuse(core.Invalid, 400, codeNoWorkspace, "The workspace %s does not exist.", clip(string(w)))
	}
	return nil
}

// kept takes over what is sent of a new pool.
func (b poolBody) kept() (pool, error) {
	p := pool{Labels: map[string]string{}, Annotations: map[string]string{}, Resources: map[string]object{}}
	for _, name := range []string{labelPrefix, labelSharing} {
		if v := b.Metadata.Labels[name]; v != "" {
			p.Labels[name] = string(v)
		}
	}
	p.annotate(b.Metadata.Annotations)
	var err error
	if p.Spec, err = known(b.Spec, specShape, "spec"); err != nil {
		return p, err
	}
	if login := p.Spec.member("userLogin"); login != nil { // a password is not kept
		delete(login, "password")
		p.Spec["userLogin"] = encoded(login)
	}
	switch kind := p.Spec.word("type"); kind {
	case "":
		p.Spec["type"] = json.RawMessage(`"Dedicate"`)
	case "Dedicate", "Logical":
	default:
		return p, bad("spec.type must be Dedicate or Logical.")
	}
	return p, p.checkScope()
}

func (p pool) checkScope() error {
	list := p.Spec.words("scope")
	if len(list) == 0 {
		return bad("spec.scope must name one of %s at least.", strings.Join(scopes, ", "))
	}
	for _, s := range list {
		if !slices.Contains(scopes, s) {
			return bad("spec.scope must be of %s.", strings.Join(scopes, ", "))
		}
	}
	return nil
}

// annotate merges annotations, but for those named: an order's id is asked for, not kept,
// and how a change is paid for does not alter how the pool was.
func (p *pool) annotate(notes map[string]text, but ...string) {
	for name, v := range notes {
		if name != noteOrder && !slices.Contains(but, name) && (v != "" || p.Annotations[name] != "") {
			p.Annotations[name] = string(v)
		}
	}
}

// change merges what is sent of a change. Resources replace those that are there.
func (p *pool) change(b poolBody, asks []resourceAsk) error {
	p.annotate(b.Metadata.Annotations, noteBilling, notePeriodNum, notePeriodType, noteAutoPay)
	sent, err := known(b.Spec, specShape, "spec")
	if err != nil {
		return err
	}
	for _, name := range changeable {
		v, ok := sent[name]
		if !ok {
			continue
		}
		if old, own := p.Spec.member(name), sent.member(name); old != nil && own != nil {
			for k, w := range own {
				if !isNull(w) {
					old[k] = w
				}
			}
			v = encoded(old)
		}
		p.Spec[name] = v
	}
	if asks != nil {
		p.resources(asks)
	}
	return p.checkScope()
}

func (p *pool) resources(asks []resourceAsk) {
	p.Resources = map[string]object{}
	for _, a := range asks {
		p.Resources[a.flavor] = a.kept
	}
}

func encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil { // texts, and JSON that was read
		panic(err)
	}
	return b
}

// attributes writes a pool into a resource's attributes, beside what others keep there.
func (p pool) attributes(beside json.RawMessage) (json.RawMessage, error) {
	all := object{}
	if !isNull(beside) {
		if err := json.Unmarshal(beside, &all); err != nil {
			return nil, err
		}
	}
	own := encoded(p)
	if len(own) > mostKept {
		return nil, bad("The pool's description is larger than 64 KiB.")
	}
	all[Name] = own
	return encoded(all), nil
}

// poolOf reads what is kept of a pool; of one that another door made, nothing.
func poolOf(r order.Resource) pool {
	var all struct {
		Pool pool `json:"modelarts"`
	}
	p := pool{}
	if json.Unmarshal(r.Attrs, &all) == nil {
		p = all.Pool
	}
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	if p.Spec == nil {
		p.Spec = object{"type": json.RawMessage(`"Dedicate"`), "scope": json.RawMessage(`["Train","Infer","Notebook"]`)}
	}
	if p.Resources == nil {
		p.Resources = map[string]object{}
	}
	return p
}

// resourceAsk is an entry of spec.resources.
type resourceAsk struct {
	flavor string
	count  int64
	kept   object
}

// resources reads spec.resources; nil where there is none.
func (b poolBody) resources() ([]resourceAsk, error) {
	if isNull(b.Spec["resources"]) {
		return nil, nil
	}
	var list []object
	if err := json.Unmarshal(b.Spec["resources"], &list); err != nil {
		return nil, bad("spec.resources must be a list of objects.")
	}
	if len(list) == 0 {
		return nil, bad("spec.resources must name a flavor at least.")
	}
	out := []resourceAsk{}
	for n, one := range list {
		at := "spec.resources[" + strconv.Itoa(n) + "]"
		a := resourceAsk{flavor: one.word("flavor")}
		if a.flavor == "" {
			return nil, bad("%s.flavor must be a flavor's name.", at)
		}
		if isNull(one["count"]) || json.Unmarshal(one["count"], &a.count) != nil || a.count < 0 {
			return nil, bad("%s.count must be a non-negative integer.", at)
		}
		if slices.ContainsFunc(out, func(o resourceAsk) bool { return o.flavor == a.flavor }) {
			return nil, bad("%s.flavor is named before: a pool has one entry for each flavor.", at)
		}
		var err error
		if a.kept, err = known(one, resourceShape, at); err != nil {
			return nil, err
		}
		if err := checkZones(a.kept, at); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// checkZones: the vendor's SDKs choke on an azs of another form, so none is kept.
func checkZones(kept object, at string) error {
	var azs []struct {
		Zone  string `json:"az"`
		Count int64  `json:"count"`
	}
	if v, ok := kept["azs"]; ok && json.Unmarshal(v, &azs) != nil {
		return bad("%s.azs must be a list of zones and counts.", at)
	}
	var most int64
	if v, ok := kept["maxCount"]; ok && (json.Unmarshal(v, &most) != nil || most < 0) {
		return bad("%s.maxCount must be a non-negative integer.", at)
	}
	if most == 0 { // clients send 0 for what is not set
		delete(kept, "maxCount")
	}
	return nil
}

// asked words the entries for the core.
func asked(list []resourceAsk) ([]core.Ask, error) {
	var out []core.Ask
	for _, a := range list {
		q, err := money.Units(a.count)
		if err != nil {
			return nil, bad("The count of %s is too large.", clip(a.flavor))
		}
		out = append(out, core.Ask{Component: a.flavor, Quantity: q})
	}
	return out, nil
}

// billing is how a pool is to be paid.
type billing struct {
	ahead   bool
	pays    bool // without waiting for the payer
	year    bool
	periods int // of months or years
}

// autoPay are the words of the annotation auto.pay.
var autoPay = map[string]bool{"": false, "0": false, "false": false, "1": true, "true": true}

func readAutoPay(notes map[string]text) (bool, error) {
	pays, ok := autoPay[strings.ToLower(string(notes[noteAutoPay]))]
	if !ok {
		return false, bad("%s must be true or false.", noteAutoPay)
	}
	return pays, nil
}

func readBilling(notes map[string]text) (billing, error) {
	var b billing
	switch string(notes[noteBilling]) {
	case "", onDemand:
		return b, nil
	case ahead:
		b.ahead = true
	default:
		return b, bad("%s must be 0 or 1.", noteBilling)
	}
	var err error
	if b.pays, err = readAutoPay(notes); err != nil {
		return b, err
	}
	b.periods, err = strconv.Atoi(string(notes[notePeriodNum]))
	if err != nil || b.periods < 1 || b.periods > 100 {
		return b, bad("%s must be the number of periods where %s is 1.", notePeriodNum, noteBilling)
	}
	switch string(notes[notePeriodType]) {
	case byMonth:
	case byYear:
		b.year = true
	default:
		return b, bad("%s must be 2 (months) or 3 (years) where %s is 1.", notePeriodType, noteBilling)
	}
	return b, nil
}

// plan finds the plan for a way of paying, and the number of its units; prices agreed with
// the customer go before public ones, a plan for just that term before others.
func (b billing) plan(sheet catalog.Sheet, customer id.ID) (catalog.Plan, int, error) {
	var best catalog.Plan
	units, rank := 0, 0
	for _, p := range sheet.Plans {
		n, r := b.fits(p)
		if r == 0 || p.ArchivedAt != nil || (p.Customer != 0 && p.Customer != customer) {
			continue
		}
		if p.Customer == customer {
			r += 10
		}
		if r > rank {
			best, units, rank = p, n, r
		}
	}
	if rank == 0 {
		return best, 0, bad("%s has no prices for this billing mode and period.", sheet.Offering.Name)
	}
	return best, units, nil
}

// fits says how many units of a plan are asked for, and how well it fits: 0 is not at all.
func (b billing) fits(p catalog.Plan) (units, rank int) {
	if !b.ahead {
		switch {
		case aheadOfUse(p):
			return 0, 0
		case p.Unit == catalog.Hour:
			return 0, 2
		}
		return 0, 1
	}
	per, ok := unitMonths[p.Unit]
	months := b.periods
	if b.year {
		months *= 12
	}
	if !p.Prepaid || !ok || months%per != 0 {
		return 0, 0
	}
	switch {
	case b.year && p.TermMonths == 12:
		return months / per, 2
	case p.TermMonths <= 1:
		return months / per, 1
	}
	return 0, 0
}
