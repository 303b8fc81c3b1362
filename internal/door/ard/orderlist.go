package ard

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// page sizes: the client always asks for 100.
const (
	usualPage = 10
	mostPage  = 1000
)

type pageOutput struct {
	Data    []orderOutput `json:"data"`
	HasMore bool          `json:"has_more"`
}

// ownOrders lists what the caller ordered, through whichever door.
func (d *door) ownOrders(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q, err := orderQuery(r.URL.Query())
	if err != nil {
		return err
	}
	q.Users = []id.ID{who.User.ID}
	return d.listOrders(w, r, who, q)
}

// accountOrders lists what the users of an account ordered, for its admins.
func (d *door) accountOrders(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q, err := orderQuery(r.URL.Query())
	if err != nil {
		return err
	}
	if text := r.URL.Query().Get("user_id"); text != "" {
		user, err := id.ParseUUID(id.User, text)
		if err != nil {
			return noSuch("user")
		}
		q.Users = []id.ID{user}
	}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		customer, err := namedAccount(s, r)
		if err != nil {
			return err
		}
		if !admin(who, customer.ID) {
			return &core.Error{Kind: core.Forbidden, Msg: "Only an admin of the account may list its orders."}
		}
		q.Customers = []id.ID{customer.ID}
		return nil
	})
	if err != nil {
		return err
	}
	return d.listOrders(w, r, who, q)
}

// namedAccount is the account that the path names.
func namedAccount(s *core.Scene, r *http.Request) (tenant.Customer, error) {
	i, err := id.ParseDecimal(r.PathValue("account"))
	if err != nil {
		return tenant.Customer{}, noSuch("account")
	}
	c, err := s.Customer(i)
	if core.KindOf(err) == core.NotFound && err != nil {
		return c, noSuch("account")
	}
	return c, err
}

func (d *door) listOrders(w http.ResponseWriter, r *http.Request, who core.Actor, q core.OrderQuery) error {
	size := q.Limit
	q.Limit++ // one more tells whether there are more
	out := pageOutput{Data: []orderOutput{}}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		placed, err := s.Orders(q)
		if err != nil {
			return err
		}
		out.HasMore = len(placed) > size
		c := newComponents(s)
		for _, p := range placed[:min(size, len(placed))] {
			o, err := d.wireOrder(r, c, p)
			if err != nil {
				return err
			}
			out.Data = append(out.Data, o)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

// orderQuery reads paging and filters. Whatever is empty is as if not sent. Lists are
// newest first: starting_after goes on towards older orders, ending_before stops above
// an order, and with both the list is what stands between.
func orderQuery(query url.Values) (core.OrderQuery, error) {
	q := core.OrderQuery{Page: core.Page{Limit: usualPage}}
	var err error
	if text := query.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > mostPage {
			return q, invalid("limit", "limit has to be a whole number from 1 to %d.", mostPage)
		}
	}
	for name, at := range map[string]*id.ID{"starting_after": &q.After, "ending_before": &q.Before} {
		if text := query.Get(name); text != "" {
			if *at, err = id.ParseDecimal(text); err != nil {
				return q, invalid(name, "%s has to be the id of an order.", name)
			}
		}
	}
	if q.Before != 0 && q.After == 0 {
		q.After = id.Max // from the newest on, where the store would begin with those next to Before
	}
	if q.From, err = instant(query, "start_date", false); err != nil {
		return q, err
	}
	if q.Until, err = instant(query, "end_date", true); err != nil {
		return q, err
	}
	return q, filter(&q, query.Get("filter"))
}

// instant reads a day or a time in UTC. What ends a span belongs to it, a day whole: it
// is the first instant after. Absent and empty are nil.
func instant(query url.Values, name string, ends bool) (*time.Time, error) {
	text := query.Get(name)
	if text == "" {
		return nil, nil
	}
	if d, err := day.Parse(text); err == nil {
		if ends {
			d++
		}
		t := d.Time()
		return &t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, invalid(name, "%s has to be a date such as 2024-05-31, or a time such as 2024-05-31T12:00:00Z.", name)
	}
	t = t.UTC()
	if ends {
		t = t.Add(time.Second) // as exactly as such times are written
	}
	return &t, nil
}

// statesNamed reads stateName the other way round.
var statesNamed = front.Invert(stateName)

// filter reads dotted.key:value, where value may be any part of the text found at key.
// status is not of the request and has to be whole.
func filter(q *core.OrderQuery, text string) error {
	if text == "" {
		return nil
	}
	key, value, ok := strings.Cut(text, ":")
	key = strings.TrimPrefix(key, "order.")
	path := strings.Split(key, ".")
	for _, part := range path {
		ok = ok && part != ""
	}
	if !ok || len(path) > 16 {
		return invalid("filter", "filter has to be a dotted key, a colon and a value, such as metadata.project:abc.")
	}
	if key == "status" {
		q.States = statesNamed[strings.ToUpper(value)]
		if q.States == nil {
			return invalid("filter", "status has to be RUNNING, SUCCEEDED or FAILED.")
		}
		return nil
	}
	q.RequestPath, q.RequestContains = path, value
	return nil
}
