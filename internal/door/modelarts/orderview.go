package modelarts

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// wireOrder is an order of the list. Instants are milliseconds, 0 where there is none.
type wireOrder struct {
	Created     int64       `json:"creationTimestamp"`
	Begun       int64       `json:"beginTimestamp"`
	Ended       int64       `json:"endTimestamp"`
	Name        string      `json:"orderName"`
	ID          string      `json:"orderId,omitempty"` // the billing centre's, of what is paid ahead
	Resource    string      `json:"resourceName"`
	Display     string      `json:"resourceDisplayName"`
	Workspace   string      `json:"workspaceId"`
	Before      []wireCount `json:"initCount,omitempty"`
	Wanted      []wireCount `json:"specCount"`
	Reached     []wireCount `json:"resultCount"`
	Operation   string      `json:"operation"`
	Phase       string      `json:"phase"`
	Result      string      `json:"result,omitempty"`
	FailReason  string      `json:"failReason,omitempty"`
	BillingMode string      `json:"billingMode"`
	PeriodType  string      `json:"periodType"`
	PeriodNum   string      `json:"periodNum"`
}

type wireCount struct {
	Flavor   string `json:"flavor"`
	Count    int64  `json:"count"`
	MaxCount int64  `json:"maxCount"`
}

// shower shows records of one snapshot and remembers what stands around them.
type shower struct {
	s          *core.Scene
	at         place
	components map[id.ID]catalog.Component
	plans      map[id.ID]catalog.Plan
	sheets     map[id.ID]catalog.Sheet
}

func newShower(s *core.Scene, at place) *shower {
	return &shower{s, at, map[id.ID]catalog.Component{}, map[id.ID]catalog.Plan{}, map[id.ID]catalog.Sheet{}}
}

func recall[T any](known map[id.ID]T, i id.ID, read func(id.ID) (T, error)) (T, error) {
	v, ok := known[i]
	if ok {
		return v, nil
	}
	v, err := read(i)
	if err == nil {
		known[i] = v
	}
	return v, err
}

func (sh *shower) component(i id.ID) (catalog.Component, error) {
	return recall(sh.components, i, sh.s.Component)
}

// plan returns the zero Plan for none.
func (sh *shower) plan(i id.ID) (catalog.Plan, error) {
	if i == 0 {
		return catalog.Plan{}, nil
	}
	return recall(sh.plans, i, sh.s.Plan)
}

func (sh *shower) sheet(i id.ID) (catalog.Sheet, error) {
	return recall(sh.sheets, i, sh.s.ShownOffering)
}

// phase tells partial ends from full ones.
func phase(o order.Order) string {
	if o.State == order.Done && o.Outcome == order.Partial {
		return partial
	}
	return orderPhase[o.State]
}

func (sh *shower) order(p core.Placed) (wireOrder, error) {
	o := p.Order
	plan, err := sh.plan(o.Plan)
	if err != nil {
		return wireOrder{}, err
	}
	out := wireOrder{Created: o.CreatedAt().UnixMilli(), Name: orderName(o), Resource: poolName(p.Resource), Display: p.Resource.Name, Workspace: workspace,
		Operation: operation[o.Type], Phase: phase(o), Wanted: []wireCount{}, Reached: []wireCount{}}
	// An id is drawn a moment after the clock is read.
	if o.BeganAt != nil {
		out.Begun = max(out.Created, millis(o.BeganAt))
	}
	if o.EndedAt != nil {
		out.Ended = max(out.Created, out.Begun, millis(o.EndedAt))
	}
	if !o.State.Open() {
		out.Result = out.Phase
	}
	if out.Phase == failedWord {
		out.FailReason = o.Message
		if out.FailReason == "" {
			out.FailReason = outcomeWord[o.State]
		}
	}
	if aheadOfUse(plan) {
		out.ID = paymentID(o.ID)
	}
	out.BillingMode, out.PeriodType, out.PeriodNum = periods(o, plan)
	return out, sh.counts(p, &out)
}

// counts sums the lines by component: what was there, what was asked, what there is now.
func (sh *shower) counts(p core.Placed, out *wireOrder) error {
	sum := func(of func(order.Line) money.Micro) ([]wireCount, error) {
		var components []id.ID
		total := map[id.ID]money.Micro{}
		for _, l := range p.Lines {
			if _, ok := total[l.Component]; !ok {
				components = append(components, l.Component)
			}
			total[l.Component] += of(l)
		}
		counts := []wireCount{}
		for _, i := range components {
			c, err := sh.component(i)
			if err != nil {
				return nil, err
			}
			if n := total[i].Ceil(); n > 0 {
				counts = append(counts, wireCount{c.Code, n, n})
			}
		}
		return counts, nil
	}
	var err error
	if out.Before, err = sum(func(l order.Line) money.Micro { return l.Before }); err != nil {
		return err
	}
	if out.Wanted, err = sum(func(l order.Line) money.Micro { return l.Quantity }); err != nil {
		return err
	}
	switch {
	case p.Order.State == order.Done:
		out.Reached, err = sum(func(l order.Line) money.Micro { return l.Delivered })
	case !p.Order.State.Open():
		out.Reached = append(out.Reached, out.Before...)
	}
	return err
}

// aheadOfUse reports whether a plan is paid, or bound, for months ahead: the vendor's
// yearly/monthly mode.
func aheadOfUse(p catalog.Plan) bool { return p.Prepaid || p.TermMonths > 0 }

const (
	onDemand = "0"
	ahead    = "1"
	byMonth  = "2"
	byYear   = "3"
	noPeriod = "0"
)

// periods words the plan that an order was placed under: mode, kind and number of periods.
func periods(o order.Order, p catalog.Plan) (mode, kind, number string) {
	if !aheadOfUse(p) {
		return onDemand, noPeriod, noPeriod
	}
	months := p.TermMonths
	if p.Prepaid { // a later order goes on within the term
		months = max(months, max(1, o.Periods)*unitMonths[p.Unit])
	}
	if p.TermMonths >= 12 && months%12 == 0 {
		return ahead, byYear, strconv.Itoa(months / 12)
	}
	return ahead, byMonth, strconv.Itoa(months)
}

// unitMonths are the units of plans that periods of the wire can be counted in.
var unitMonths = map[catalog.Unit]int{catalog.Month: 1, catalog.Quarter: 3}

// wireStep is one part of an order: the pool itself or one of its nodes.
type wireStep struct {
	Resource string `json:"resourceName"`
	Action   string `json:"action"`
	Status   string `json:"status"`
	Begun    string `json:"beginTimestamp"` // milliseconds, as a text
	Updated  string `json:"updateTimestamp"`
	Message  string `json:"message,omitempty"`
}

type stepList struct {
	Count int        `json:"count"`
	Items []wireStep `json:"items"`
}

// stepsOf lists what an order does: to the pool, then to each node that it made or gave
// back. Nodes that are still to come have no names yet.
func stepsOf(p core.Placed, parts []order.Asset) []wireStep {
	o := p.Order
	begun := o.CreatedAt().UnixMilli()
	updated := begun
	if o.BeganAt != nil {
		begun = max(begun, millis(o.BeganAt))
		updated = begun
	}
	if o.EndedAt != nil {
		updated = max(begun, millis(o.EndedAt))
	}
	all := []wireStep{}
	add := func(name, action string) {
		s := wireStep{Resource: name, Action: action, Status: stepStatus[o.State], Begun: millisText(begun), Updated: millisText(updated)}
		if s.Status == "failed" {
			if s.Message = o.Message; s.Message == "" {
				s.Message = outcomeWord[o.State]
			}
		}
		all = append(all, s)
	}
	if action, ok := poolAction[o.Type]; ok {
		add(poolName(p.Resource), action)
	}
	for _, a := range parts {
		var by core.PartOrders
		if err := json.Unmarshal(a.Attrs, &by); err != nil {
			continue // a part of another door's making
		}
		if by.Made == o.ID {
			add(a.Name, "createNode")
		}
		if by.Ended == o.ID {
			add(a.Name, "deleteNode")
		}
	}
	if len(all) == 0 {
		add(poolName(p.Resource), updateAction(p.Lines))
	}
	return all
}

// poolAction is what an order does to the pool as a whole; an update does something to
// its nodes.
var poolAction = map[order.Type]string{order.Create: "createPool", order.Restore: "createPool", order.Terminate: "deletePool"}

// updateAction names an update that has made or ended no node.
func updateAction(lines []order.Line) string {
	grows := func(l order.Line) bool { return l.Quantity > l.Before }
	shrinks := func(l order.Line) bool { return l.Quantity < l.Before }
	switch {
	case slices.ContainsFunc(lines, grows):
		return "createNode"
	case slices.ContainsFunc(lines, shrinks):
		return "deleteNode"
	}
	return "toPeriodic"
}
