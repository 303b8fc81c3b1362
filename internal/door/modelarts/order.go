package modelarts

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

const (
	usualOrders = 100
	mostOrders  = 500
	// remembered is how long after its end an order is listed.
	remembered = 31 * 24 * time.Hour
	// latest bounds instants that a caller names, so that they can be reckoned with.
	latest = 253402300799000 // the end of the year 9999, in milliseconds
)

// orderFilter is what the order list is asked for.
type orderFilter struct {
	core.OrderQuery
	involved string
	nothing  bool // the parameters contradict each other
}

func (d *door) readOrderFilter(r *http.Request, at place) (orderFilter, error) {
	q, err := readQuery(r)
	if err != nil {
		return orderFilter{}, err
	}
	f := orderFilter{involved: q.text("involvedName"), nothing: q.elsewhere()}
	f.Customers, f.Projects = []id.ID{at.project.Customer}, []id.ID{at.project.ID}
	if f.Limit, err = q.upTo("limit", usualOrders, mostOrders); err != nil {
		return f, err
	}
	skip, _, err := q.number("offset")
	if err != nil {
		return f, err
	}
	f.Skip = int(min(skip, 1<<40))
	if kind := q.text("resource"); kind != "" && kind != "pools" {
		return f, bad("The parameter resource must be pools.")
	}
	if err := f.readSpan(q, d.core.Now()); err != nil {
		return f, err
	}
	return f, f.readPhases(q)
}

// readSpan reads since and until. since asks for what is open or ended since then, not for
// what was placed since: who waits for an order asks again and again with an hour ago, and
// must find it though it takes longer.
func (f *orderFilter) readSpan(q query, now time.Time) error {
	since, _, err := q.number("since")
	if err != nil {
		return err
	}
	from := time.UnixMilli(max(min(since, latest), now.Add(-remembered).UnixMilli()))
	f.OpenOrEndedSince = &from
	until, given, err := q.number("until")
	if err != nil {
		return err
	}
	if given {
		end := time.UnixMilli(min(until, latest) + 1) // inclusive
		f.Until = &end
	}
	return nil
}

// readPhases reads phase and result, which say the same in two words; given both, both
// must hold.
func (f *orderFilter) readPhases(q query) error {
	var want []string
	for _, name := range []string{"phase", "result"} {
		word := q.text(name)
		if word == "" {
			continue
		}
		some, ok := phaseWords[strings.ToLower(word)]
		if !ok {
			return bad("The parameter %s must be one of pending, running, successed, failed.", name)
		}
		if want == nil {
			want = slices.Clone(some)
		} else {
			want = slices.DeleteFunc(want, func(p string) bool { return !slices.Contains(some, p) })
			f.nothing = f.nothing || len(want) == 0
		}
	}
	for _, p := range want {
		if p == partial {
			if !slices.Contains(want, successed) {
				f.States, f.Outcomes = []order.State{order.Done}, []order.Outcome{order.Partial}
			}
			continue
		}
		f.States = append(f.States, inPhase[p]...)
	}
	return nil
}

type orderList struct {
	Count int         `json:"count"`
	Items []wireOrder `json:"items"`
}

func (d *door) listOrders(w http.ResponseWriter, r *http.Request, at place) error {
	f, err := d.readOrderFilter(r, at)
	if err != nil {
		return err
	}
	out := orderList{Items: []wireOrder{}}
	err = d.view(r, at, func(s *core.Scene) error {
		if err := f.involve(s); err != nil || f.nothing {
			return err
		}
		placed, err := s.Orders(f.OrderQuery)
		if err != nil {
			return err
		}
		show := newShower(s, at)
		for _, p := range placed {
			o, err := show.order(p)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, o)
		}
		out.Count, err = s.CountOrders(f.OrderQuery)
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, out)
}

// involve narrows to the orders of a resource, by its id or by the name that people see.
// A name that no resource with orders ever had is refused.
func (f *orderFilter) involve(s *core.Scene) error {
	if f.involved == "" {
		return nil
	}
	ever := core.OrderQuery{Customers: f.Customers, Projects: f.Projects, Page: core.Page{Limit: 1}}
	if i, err := parseNamed(id.Resource, f.involved); err == nil {
		ever.Resources = []id.ID{i}
	} else {
		ever.ResourceName = f.involved
	}
	some, err := s.Orders(ever)
	if err != nil {
		return err
	}
	if len(some) == 0 {
		return noPool(f.involved)
	}
	f.Resources, f.ResourceName = ever.Resources, ever.ResourceName
	return nil
}

// orderOf returns the order of a name, if it is one of the project.
func orderOf(s *core.Scene, at place, name string) (core.Placed, error) {
	i, err := parseOrderName(name)
	if err != nil {
		return core.Placed{}, noOrder(name)
	}
	p, err := s.Order(i)
	if err != nil {
		return p, missing(err, noOrder(name))
	}
	if p.Order.Project != at.project.ID {
		return core.Placed{}, noOrder(name)
	}
	return p, nil
}

func (d *door) showOrder(w http.ResponseWriter, r *http.Request, at place) error {
	var steps []wireStep
	err := d.view(r, at, func(s *core.Scene) error {
		p, err := orderOf(s, at, r.PathValue("order"))
		if err != nil {
			return err
		}
		var parts []order.Asset
		if p.Order.Resource != 0 {
			if parts, err = s.Assets(p.Order.Resource); err != nil && core.KindOf(err) != core.NotFound {
				return err // one who sees the order need not see the resource
			}
		}
		steps = stepsOf(p, parts)
		return nil
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, stepList{len(steps), steps})
}
