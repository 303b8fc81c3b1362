package core_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// watched is a store that notes what each Update names, and what its fn read of the
// records that stores lock.
type watched struct {
	core.Store
	names []core.Touch
	read  []core.Touch
}

func (w *watched) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	var read core.Touch
	err := w.Store.Update(ctx, on, func(tx core.Tx) error {
		read = core.Touch{}
		return fn(&watchedTx{tx, &read})
	})
	w.names, w.read = append(w.names, on), append(w.read, read)
	return err
}

// last is what the latest Update named, less zeros, and what it read.
func (w *watched) last() (named, read core.Touch) {
	return w.names[len(w.names)-1], w.read[len(w.read)-1]
}

type watchedTx struct {
	core.Tx
	read *core.Touch
}

func (t *watchedTx) Order(i id.ID) (order.Order, error) {
	t.read.Orders = append(t.read.Orders, i)
	return t.Tx.Order(i)
}

func (t *watchedTx) Lines(orders ...id.ID) ([]order.Line, error) {
	t.read.Orders = append(t.read.Orders, orders...)
	return t.Tx.Lines(orders...)
}

func (t *watchedTx) Document(i id.ID) (core.Document, error) {
	t.read.Documents = append(t.read.Documents, i)
	return t.Tx.Document(i)
}

func (t *watchedTx) Limits(on []core.LimitScope) ([]limit.Limit, error) {
	for _, s := range on {
		into := map[tenant.Scope]*[]id.ID{tenant.OnCustomer: &t.read.Customers, tenant.OnProject: &t.read.Projects, tenant.OnUser: &t.read.Users,
			tenant.OnOffering: &t.read.Offerings, tenant.OnResource: &t.read.Resources}[s.Scope]
		*into = append(*into, s.ID)
	}
	return t.Tx.Limits(on)
}

func (t *watchedTx) Projects(q core.ProjectQuery) ([]tenant.Project, error) {
	t.read.Scan = true
	return t.Tx.Projects(q)
}

func (t *watchedTx) CountResources(q core.ResourceQuery) (int, error) {
	t.read.Exclusive = true
	return t.Tx.CountResources(q)
}

func (d *desk) watch() *watched {
	w := &watched{Store: d.store}
	d.Core = d.over(w)
	return w
}

func wantNamed(t *testing.T, what string, read, named []id.ID) {
	t.Helper()
	for _, i := range read {
		if i != 0 && !slices.Contains(named, i) {
			t.Errorf("%s %s was read and not named: %v", what, i, named)
		}
	}
}

// covers fails the test where something was read that the Touch does not name. What
// follows from an order or a resource is left to the store to find.
func covers(t *testing.T, named, read core.Touch) {
	t.Helper()
	wantNamed(t, "customer", read.Customers, named.Customers)
	wantNamed(t, "project", read.Projects, named.Projects)
	wantNamed(t, "user", read.Users, named.Users)
	wantNamed(t, "offering", read.Offerings, named.Offerings)
	wantNamed(t, "order", read.Orders, named.Orders)
	wantNamed(t, "document", read.Documents, named.Documents)
	if read.Scan && !named.Scan {
		t.Error("it listed projects, and did not say that it scans")
	}
	if read.Exclusive && !named.Exclusive {
		t.Error("it rests on a count that may move meanwhile")
	}
}

func TestAPlacementNamesAllItRestsOnAndListsNothing(t *testing.T) {
	d := newDesk(t)
	doc := must(d.NewDocument(ctx, d.owner, d.shed("one"), nil))(t)
	w := d.watch()
	rack := core.Placement{Offering: d.sheets["rack"].Offering.ID, Ref: doc.ID, Asks: []core.Ask{{Component: "big", Quantity: units(1)}},
		Idem: &core.IdemKey{Key: "k", Body: []byte("b")}}
	p := must(d.PlaceOrder(ctx, d.owner, rack))(t)
	named, read := w.last()
	read.Orders = slices.DeleteFunc(read.Orders, func(i id.ID) bool { return i == p.Order.ID })
	read.Resources = nil
	covers(t, named, read)
	if len(named.Idem) != 1 || !slices.Equal(named.Days, []day.Day{p.Order.CountsOn}) || named.Exclusive || named.Scan {
		t.Errorf("named %+v", named)
	}
	if !slices.Contains(named.Customers, p.Order.Customer) || !slices.Contains(named.Projects, d.project.ID) {
		t.Errorf("the project left to the desk is not named: %+v", named)
	}

	later := rack
	later.Idem, later.StartsOn = nil, ptr(p.Order.CountsOn+30)
	must(d.PlaceOrder(ctx, d.owner, later))(t)
	if named, _ := w.last(); !slices.Equal(named.Days, []day.Day{p.Order.CountsOn + 30}) {
		t.Errorf("an order that starts later counts on %v", named.Days)
	}
}

func TestAnActNamesItsOrderAndTheDayItHoldsAnew(t *testing.T) {
	d := newDesk(t)
	w := d.watch()
	p := must(d.PlaceOrder(ctx, d.owner, d.ask("rack", map[string]money.Micro{"big": units(1)})))(t)
	must(d.Act(ctx, d.seller, p.Order.ID, order.ApproveProvider, core.Verdict{}))(t)
	named, read := w.last()
	if !slices.Equal(named.Orders, []id.ID{p.Order.ID}) || named.Days != nil {
		t.Errorf("named %+v", named)
	}
	wantNamed(t, "order", read.Orders, named.Orders)
	must(d.Act(ctx, d.seller, p.Order.ID, order.Fail, core.Verdict{}))(t)
	d.clock.ahead(50 * time.Hour)
	p = must(d.Act(ctx, d.seller, p.Order.ID, order.Retry, core.Verdict{}))(t)
	if named, _ := w.last(); !slices.Equal(named.Days, []day.Day{p.Order.CountsOn}) {
		t.Errorf("it is held anew on %s; named %v", p.Order.CountsOn, named.Days)
	}
}

func TestAPlanThatCanBeFullIsCountedWhileNothingMoves(t *testing.T) {
	d := newDesk(t)
	one := 1
	must(d.Apply(ctx, core.System(), core.World{Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "pool",
		Plans: []core.PlanSpec{{Code: "prepaid", Unit: catalog.Month, MaxResources: &one}}}}}}}))(t)
	w := d.watch()
	ask := d.ask("pool", map[string]money.Micro{"node": units(1)})
	must(d.QuoteOrder(ctx, d.owner, ask))(t)
	must(d.PlaceOrder(ctx, d.owner, ask))(t)
	named, read := w.last()
	if !read.Exclusive || !named.Exclusive {
		t.Errorf("counted %v, exclusive %v", read.Exclusive, named.Exclusive)
	}
	if _, err := d.PlaceOrder(ctx, d.owner, ask); core.AsError(err).Reason != core.ReasonPlan {
		t.Errorf("a second resource on a plan that takes one: %v", err)
	}
}

func TestAJobIsClaimedUnderTheNameOfWhatItIsAbout(t *testing.T) {
	d := newDesk(t)
	p := must(d.PlaceOrder(ctx, d.owner, d.imagery(1)))(t)
	pool := d.ask("pool", map[string]money.Micro{"node": units(1)})
	pool.EndsOn = ptr(p.Order.CountsOn)
	held := must(d.PlaceOrder(ctx, d.owner, pool))(t)
	w := d.watch()
	must(d.ClaimJobs(ctx, []string{core.JobDelivery, core.JobEnd}, 10))(t)
	named, _ := w.last()
	if !slices.Equal(named.Orders, []id.ID{p.Order.ID}) || !slices.Equal(named.Resources, []id.ID{held.Resource.ID}) {
		t.Errorf("named %+v", named)
	}
}

// Whoever sets up one customer or offering lets the others go on.
func TestSettingUpNamesWhatItIsAbout(t *testing.T) {
	d := newDesk(t)
	hpc, seller := d.sheets["hpc"], d.seller.Grants[0].ScopeID
	w := d.watch()
	on := func(what string, customers, offerings []id.ID, err error) {
		t.Helper()
		if named, _ := w.last(); err != nil || !slices.Equal(named.Customers, customers) || !slices.Equal(named.Offerings, offerings) || !named.Exclusive || !named.Scan {
			t.Errorf("%s: %v, named %+v", what, err, named)
		}
	}
	buyer, offering := []id.ID{d.buyer.ID}, []id.ID{hpc.Offering.ID}
	role := core.Giving{User: d.outsider.User.ID, Role: tenant.ProjectMember, Scope: tenant.OnProject, ScopeID: d.project.ID}
	_, err := d.GiveRole(ctx, d.staff, role)
	on("a role in a project", buyer, nil, err)
	on("its end", buyer, nil, d.TakeRole(ctx, d.staff, role))
	_, err = d.GiveRole(ctx, d.staff, core.Giving{User: d.outsider.User.ID, Role: tenant.CustomerManager, Scope: tenant.OnCustomer, ScopeID: d.buyer.ID})
	on("a role of a customer", buyer, nil, err)
	_, err = d.MakeOffering(ctx, d.seller, seller, core.OfferingSpec{Name: "New", Measure: catalog.Limits})
	on("an offering", []id.ID{seller}, nil, err)
	plan, err := d.MakePlan(ctx, d.seller, hpc.Offering.ID, core.PlanSpec{Name: "New"})
	on("a plan", nil, offering, err)
	d.reprice(t, plan.ID, "3")
	on("its prices", nil, offering, nil)
	on("its end", nil, offering, d.ArchivePlan(ctx, d.seller, plan.ID))
	on("a component's", nil, offering, d.RemoveComponent(ctx, d.seller, hpc.Offering.ID, func(sh catalog.Sheet) (id.ID, error) { return sh.Components[0].ID, nil }))
	_, err = d.MoveOffering(ctx, d.staff, hpc.Offering.ID, catalog.Pause, nil)
	on("a pause", nil, offering, err)
	_, err = d.MakeProject(ctx, d.staff, d.buyer.ID, core.ProjectSpec{Name: "New"})
	on("a project", buyer, nil, err)
	_, err = d.MakeProvider(ctx, d.staff, d.buyer.ID, nil)
	on("a provider", buyer, nil, err)
	must(d.MakeCustomer(ctx, d.staff, core.CustomerSpec{Name: "New"}))(t)
	if named, _ := w.last(); named.Exclusive || !named.Scan || len(named.Names) != 1 {
		t.Errorf("a customer: named %+v", named)
	}
}
