//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Tokens of a desk of allocations: the provider's owner has the first, customers' owners those behind it.
const (
	agentActor = 0
	ownerActor = 1
)

func clusterOwner(customer int) string { return fmt.Sprintf("owner-%04d", customer) }
func memberLogin(user int) string      { return fmt.Sprintf("member-%04d", user) }

// spec is the world of a desk of allocations.
func (e estate) spec() core.World {
	w := core.World{
		Customers: []core.CustomerSpec{{Slug: "cluster", Name: "Cluster", Projects: []core.ProjectSpec{{Slug: "cluster"}}}},
		Users: []core.UserSpec{{Login: "agent", Name: "The agent", Email: "agent@cluster.test", Home: "cluster", Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "cluster"}},
			Tokens: []core.TokenSpec{{Value: tokenOf(agentActor)}}}},
		Providers: []core.ProviderSpec{{Customer: "cluster", Offerings: []core.OfferingSpec{clusterHours()}}},
	}
	for n := range e.customers {
		c := core.CustomerSpec{Slug: customerSlug(n), Name: fmt.Sprintf("Customer %d", n)}
		for m := range e.projects / e.customers {
			c.Projects = append(c.Projects, core.ProjectSpec{Slug: projectSlug(n, m), Name: fmt.Sprintf("Project %d of customer %d", m, n)})
		}
		w.Customers = append(w.Customers, c)
		w.Users = append(w.Users, core.UserSpec{Login: clusterOwner(n), Home: c.Slug, Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: c.Slug}},
			Tokens: []core.TokenSpec{{Value: tokenOf(ownerActor + n)}}})
	}
	for n := range e.users {
		u := core.UserSpec{Login: memberLogin(n), Name: fmt.Sprintf("Member %d", n), Email: memberLogin(n) + "@example.test", Home: customerSlug(e.projectOf(n, 0) / e.perCustomer())}
		for m := range rolesOf {
			p := e.projectOf(n, m)
			u.Roles = append(u.Roles, core.RoleSpec{Role: tenant.ProjectMember, Project: projectSlug(p/e.perCustomer(), p%e.perCustomer())})
		}
		w.Users = append(w.Users, u)
	}
	return w
}

func (e estate) perCustomer() int { return e.projects / e.customers }

// projectOf is the project in which a user has one of their roles: neighbours, in all.
func (e estate) projectOf(user, role int) int { return (user*e.projects/e.users + role) % e.projects }

// clusterHours is what site agents deliver: hours by use, and two kinds of limits.
func clusterHours() core.OfferingSpec {
	long := day.Of(time.Now()) - 1000
	attrs := json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","plugin_options":{"service_provider_can_create_offering_user":true,"username_generation_policy":"service_provider"}}`)
	return core.OfferingSpec{Code: "cluster", Name: "Cluster", Measure: catalog.Limits, Fulfilment: catalog.Manual, Cancel: catalog.CancelNever, Attrs: attrs,
		Components: []core.ComponentSpec{{Code: "cpu", Name: "CPU", Unit: "h", Billing: catalog.ByUsage}, {Code: "gpu", Name: "GPU", Unit: "h", Billing: catalog.ByLimit},
			{Code: "disk", Name: "Disk", Unit: "TB", Billing: catalog.ByLimit}},
		Plans: []core.PlanSpec{{Code: "only", Name: "The only one", Unit: catalog.Month, Prices: []core.PriceSpec{
			{Component: "cpu", Each: 10_000, From: &long}, {Component: "gpu", Each: 500_000, From: &long}, {Component: "disk", Each: 20_000_000, From: &long}}}}}
}

// found makes the desk with all its resources in use, each placed, approved and done as any other.
func (e estate) found(ctx context.Context, s site) (err error) {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	d, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if _, err := d.Core.Apply(ctx, core.System(), e.spec()); err != nil {
		return err
	}
	return e.fill(ctx, d.Core)
}

func (e estate) fill(ctx context.Context, c *core.Core) error {
	agent, err := c.Holder(ctx, id.ID(agentActor+1))
	if err != nil {
		return err
	}
	projects, err := e.projectIDs(ctx, c)
	if err != nil {
		return err
	}
	owners := make([]core.Actor, e.customers)
	for n := range owners {
		h, err := c.Holder(ctx, id.ID(ownerActor+n+1))
		if err != nil {
			return err
		}
		owners[n] = h.Actor
	}
	var next atomic.Int64
	var all sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range clients {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < e.resources() && ctx.Err() == nil; n = int(next.Add(1)) - 1 {
				project := n % e.projects
				if err := e.deliver(ctx, c, owners[project/e.perCustomer()], agent.Actor, projects[project], n); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return e.keys(ctx, c)
}

// keys gives each member a public key.
func (e estate) keys(ctx context.Context, c *core.Core) error {
	var users []tenant.User
	err := c.View(ctx, core.System(), func(s *core.Scene) (err error) {
		users, err = s.Users(core.UserQuery{Page: core.Page{Limit: 1 << 30}})
		return err
	})
	for n, u := range users {
		if err != nil {
			return err
		}
		if !strings.HasPrefix(u.Login, "member-") {
			continue
		}
		line := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20%032d", n))
		_, err = c.AddPublicKey(ctx, core.Actor{User: u}, tenant.PublicKey{Name: "laptop", Line: line})
	}
	return err
}

// projectIDs are the desk's projects by number.
func (e estate) projectIDs(ctx context.Context, c *core.Core) ([]id.ID, error) {
	bySlug := map[string]id.ID{}
	err := c.View(ctx, core.System(), func(s *core.Scene) error {
		list, err := s.Projects(core.ProjectQuery{Page: core.Page{Limit: 1 << 30}})
		for _, p := range list {
			bySlug[p.Slug] = p.ID
		}
		return err
	})
	out := make([]id.ID, e.projects)
	for n := range out {
		out[n] = bySlug[projectSlug(n/e.perCustomer(), n%e.perCustomer())]
	}
	return out, err
}

// deliver makes one resource as it stands after its order: approved, made, known to the backend, done.
func (e estate) deliver(ctx context.Context, c *core.Core, owner, agent core.Actor, project id.ID, n int) error {
	owner.Door, agent.Door = "waldur", "waldur"
	name := fmt.Sprintf("allocation-%05d", n)
	var offering id.ID
	if err := c.View(ctx, agent, func(s *core.Scene) error {
		o, err := s.OfferingCoded("cluster")
		offering = o.ID
		return err
	}); err != nil {
		return err
	}
	p, err := c.PlaceOrder(ctx, owner, core.Placement{Offering: offering, Project: project, Name: name, Request: json.RawMessage(`{"name":"` + name + `"}`),
		Attrs: json.RawMessage(`{"attributes":{"name":"` + name + `"}}`), Asks: []core.Ask{{Component: "gpu", Quantity: 100 * money.Unit}, {Component: "disk", Quantity: 5 * money.Unit}}})
	if err != nil {
		return err
	}
	for _, act := range []order.Act{order.ApproveProvider, order.Fulfil} {
		if _, err := c.Act(ctx, agent, p.Order.ID, act, core.Verdict{}); err != nil {
			return err
		}
	}
	_, err = c.ChangeResource(ctx, agent, p.Resource.ID, core.Providing, tenant.SetBackendID, func(_ *core.Scene, r *order.Resource) error {
		r.BackendID = "a_" + r.Slug
		return nil
	})
	return err
}

// prepareAllocations makes the two desks, where they are wanted.
func (b *bench) prepareAllocations(ctx context.Context) error {
	for _, e := range b.estates {
		if !b.needs()[e.name] {
			continue
		}
		kept := site{Data: filepath.Join(b.opt.data, fmt.Sprintf("allocations-%d", e.resources()))}
		if _, err := os.Stat(kept.Data); err != nil {
			began := time.Now()
			half := site{Data: filepath.Join(b.dir, "half")}
			if err := e.found(ctx, half); err != nil {
				return err
			}
			if err := os.Rename(half.Data, kept.Data); err != nil {
				return err
			}
			b.say("a desk with %d allocations took %.0f s", e.resources(), time.Since(began).Seconds())
		}
		b.sites[e.name] = kept
		if b.opt.keep { // what is kept stays as it was filled
			s, err := b.fresh(e.name)
			if err != nil {
				return err
			}
			b.sites[e.name] = s
		}
	}
	return nil
}
