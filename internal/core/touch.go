package core

import (
	"sync"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// Touch names what an Update rests on: what it reads and must find unmoved when it
// commits. What follows from a name need not be named: an order's customer, project,
// user, offering, resource and the days that its entries count on; a resource's owners,
// its orders and usages; the events, jobs, lines, terms and entries of all these. Ids of 0
// name nothing. Catalogue, prices, grants and users' rights are not named: they may be a
// moment old. The zero Touch rests on nothing but the rows it writes, each by its key.
type Touch struct {
	Customers []id.ID // with their contracts and the limits on them
	Projects  []id.ID // with the limits on them
	Users     []id.ID // with their keys and the limits on them
	Offerings []id.ID // with their capacities
	Orders    []id.ID
	Resources []id.ID
	Documents []id.ID
	Idem      [][16]byte
	// Names are kinds of names that fn gives out, each free in the whole desk when it looked:
	// nobody else gives one out meanwhile. With Scan alone.
	Names []Named
	// Days are those that what is asked counts on, so that balances can be made ready
	// before fn runs. A day too many or too few is no fault.
	Days []day.Day
	// Exclusive: limits, contracts or years of the customers and offerings named change,
	// or what is counted about them and the documents named must not move before the
	// commit (the resources on a plan, the open orders for a document).
	Exclusive bool
	// Scan: fn lists what it cannot name (apply, rebuild, import, a quota) and must see
	// all that is written: it runs alone.
	Scan bool
}

// Named is a kind of name that is one record's in the whole desk.
type Named string

const (
	customerSlugs Named = "customers' slugs"
	projectSlugs  Named = "projects' slugs"
)

// touchIdem adds a repeatable request's key.
func touchIdem(on Touch, who Actor, k *IdemKey) Touch {
	if k != nil {
		on.Idem = append(on.Idem, idemHash(who, k))
	}
	return on
}

// touchJob names the record that a job is about.
func touchJob(jobs ...Job) Touch {
	var on Touch
	for _, j := range jobs {
		switch j.Kind {
		case JobEnd, JobBill:
			on.Resources = append(on.Resources, j.Subject)
		case JobProject:
			on.Projects = append(on.Projects, j.Subject)
		default:
			on.Orders = append(on.Orders, j.Subject)
		}
	}
	return on
}

// touchPlacement names what a placement rests on and fills in the project that it leaves
// to the desk, so that the transaction need not look for it. What is not found here is
// left to the transaction, which refuses in the order that refusals come in.
func touchPlacement(s *Scene, p *Placement, today day.Day) (Touch, error) {
	on := Touch{Users: []id.ID{s.who.User.ID}, Days: []day.Day{today}}
	if p.StartsOn != nil && *p.StartsOn > today {
		on.Days = []day.Day{*p.StartsOn}
	}
	if p.Ref != 0 {
		on.Documents = []id.ID{p.Ref}
	}
	for _, a := range p.Asks {
		if o, _, ok := lineOf(a.Replaces); ok {
			on.Orders = append(on.Orders, o)
		}
	}
	if p.Type != "" && p.Type != order.Create {
		on.Resources = []id.ID{p.Resource}
		return on, nil
	}
	on.Offerings = []id.ID{p.Offering}
	if p.Project == 0 {
		home, err := s.Home()
		if err != nil {
			return on, missing(err)
		}
		pr, err := s.DefaultProject(home.ID)
		if err != nil {
			return on, missing(err)
		}
		p.Project = pr.ID
		on.Customers, on.Projects = []id.ID{home.ID}, []id.ID{pr.ID}
		return on, nil
	}
	owner, err := s.owner(p.Project)
	if err != nil {
		return on, missing(err)
	}
	on.Customers, on.Projects = []id.ID{owner}, []id.ID{p.Project}
	return on, nil
}

// owner is the customer of a project.
func (s *Scene) owner(project id.ID) (id.ID, error) {
	if c, ok := s.c.owners.find(project); ok {
		return c, nil
	}
	pr, err := s.r.Project(project)
	if err != nil {
		return 0, err
	}
	if _, writes := s.r.(Tx); !writes { // what a transaction reads may be rolled back
		s.c.owners.keep(pr.ID, pr.Customer)
	}
	return pr.Customer, nil
}

// owners keeps whose projects are: they never go to another customer.
type owners struct {
	mu   sync.RWMutex
	kept map[id.ID]id.ID
}

// mostOwners bounds what is kept; beyond it all is forgotten and read anew.
const mostOwners = 1 << 16

func (o *owners) find(project id.ID) (id.ID, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	c, ok := o.kept[project]
	return c, ok
}

func (o *owners) keep(project, customer id.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept == nil || len(o.kept) >= mostOwners {
		o.kept = map[id.ID]id.ID{}
	}
	o.kept[project] = customer
}

// missing passes over what is not there.
func missing(err error) error {
	if err != nil && KindOf(err) == NotFound {
		return nil
	}
	return err
}
