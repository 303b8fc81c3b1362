package core_test

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// lastChanged reads when a desk's resource, offering, project, user and grant last changed.
type lastChanged struct{ resource, offering, project, user, grant time.Time }

func TestWhatChangesTellsWhen(t *testing.T) {
	d := newDesk(t)
	p := d.allocated(t, 5)
	soon, later := d.Now().Add(24*time.Hour), d.Now().Add(48*time.Hour)
	g := must(d.GiveRole(ctx, d.owner, core.Giving{User: d.outsider.User.ID, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: d.project.ID, Until: &soon}))(t)
	read := func() (c lastChanged) {
		must(struct{}{}, d.View(ctx, d.staff, func(s *core.Scene) error {
			res, err := s.Resource(p.Resource.ID)
			c.resource = res.Changed()
			return err
		}))(t)
		must(struct{}{}, d.store.View(ctx, func(r core.Reader) error {
			off, err := r.Offering(p.Offering.ID)
			c.offering = off.Changed()
			if err != nil {
				return err
			}
			project, err := r.Project(d.project.ID)
			c.project = project.Changed()
			if err != nil {
				return err
			}
			user, err := r.User(d.outsider.User.ID)
			c.user = user.Changed()
			if err != nil {
				return err
			}
			all, err := r.Grants(core.GrantQuery{ScopeIDs: []id.ID{g.ScopeID}, All: true})
			for _, x := range all {
				if x.ID == g.ID {
					c.grant = x.Changed()
				}
			}
			return err
		}))(t)
		return c
	}
	apply := func(w core.World) func() { return func() { must(d.Apply(ctx, core.System(), w))(t) } }
	project := func(name string) core.World {
		return core.World{Customers: []core.CustomerSpec{{Slug: "buyer", Projects: []core.ProjectSpec{{Slug: "lab", Name: name}}}}}
	}
	for _, step := range []struct {
		name  string
		do    func()
		moves func(c *lastChanged, now time.Time)
	}{
		{"an edit by hand", func() {
			must(d.ChangeResource(ctx, d.seller, p.Resource.ID, core.ByProvider, tenant.SetBackendID, func(_ *core.Scene, r *order.Resource) error { r.BackendID = "b1"; return nil }))(t)
		}, func(c *lastChanged, now time.Time) { c.resource = now }},
		{"an order", func() {
			must(d.PlaceOrder(ctx, d.owner, core.Placement{Type: order.Update, Resource: p.Resource.ID, Asks: []core.Ask{{Component: "storage", Quantity: 6 * money.Unit}}}))(t)
		}, func(c *lastChanged, now time.Time) { c.resource = now }},
		{"a new price", func() { d.reprice(t, p.Resource.Plan, "9") }, func(c *lastChanged, now time.Time) { c.offering = now }},
		{"the same project applied again", apply(project("Lab")), func(*lastChanged, time.Time) {}},
		{"a new name", apply(project("Laboratory")), func(c *lastChanged, now time.Time) { c.project = now }},
		{"another address", apply(core.World{Users: []core.UserSpec{{Login: d.outsider.User.Login, Email: "new@example.org"}}}), func(c *lastChanged, now time.Time) { c.user = now }},
		{"a later end", func() {
			must(d.GiveRole(ctx, d.owner, core.Giving{User: g.User, Role: g.Role, Scope: g.Scope, ScopeID: g.ScopeID, Until: &later}))(t)
		}, func(c *lastChanged, now time.Time) { c.grant = now }},
		{"a role taken", func() {
			must(struct{}{}, d.TakeRole(ctx, d.owner, core.Giving{User: g.User, Role: g.Role, Scope: g.Scope, ScopeID: g.ScopeID}))(t)
		}, func(c *lastChanged, now time.Time) { c.grant = now }},
	} {
		want := read()
		d.clock.ahead(time.Minute)
		step.moves(&want, d.Now())
		step.do()
		if got := read(); got != want {
			t.Errorf("%s: %+v, want %+v", step.name, got, want)
		}
	}
}
