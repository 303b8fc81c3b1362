package core

import (
	"context"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// MakePlan makes a new public plan of an offering, under a free code where the PlanSpec
// names none. Its components cost nothing until prices are set: a component without any
// price cannot be ordered.
func (c *Core) MakePlan(ctx context.Context, who Actor, offering id.ID, s PlanSpec) (catalog.Plan, error) {
	var made catalog.Plan
	var code string
	sh, err := c.ChangeOffering(ctx, who, offering, tenant.CreatePlan, func(scene *Scene, sh catalog.Sheet) (OfferingSpec, error) {
		of, err := scene.r.Provider(sh.Offering.Provider)
		if err != nil {
			return OfferingSpec{}, err
		}
		payee, err := scene.r.Customer(of.Customer)
		if err != nil {
			return OfferingSpec{}, err
		}
		plan := s
		plan.Free = true
		if plan.Currency == "" {
			plan.Currency = payee.Currency
		}
		plan.Code, err = c.given(plan.Code, plan.Name, "plan", func(code string) (bool, error) { return hasPlan(sh, code), nil })
		code = plan.Code
		return OfferingSpec{Plans: []PlanSpec{plan}}, err
	})
	for _, p := range sh.Plans {
		if p.Code == code && p.Customer == 0 {
			made = p
		}
	}
	return made, err
}

// Reprice is what one component is to cost under a plan. Nil leaves as it is.
type Reprice struct {
	Rate   *money.Rate  // for one unit: once, where that is how the component is charged, else for each of the plan's units
	Amount *money.Micro // the quantity of a fixed component
}

// RepricePlan sets prices and quantities of a plan, by component code. Where the plan is
// in use they count from the first day of the next month, else from that of this one.
func (c *Core) RepricePlan(ctx context.Context, who Actor, plan id.ID, read func(sh catalog.Sheet, p catalog.Plan) (map[string]Reprice, error)) error {
	return c.changePlan(ctx, who, plan, tenant.EditPlan, func(a *applier, sh catalog.Sheet, p catalog.Plan) error {
		wanted, err := read(sh, p)
		if err != nil {
			return err
		}
		used, err := a.planUsed(p)
		if err != nil {
			return err
		}
		for _, code := range slices.Sorted(maps.Keys(wanted)) {
			comp, ok := sh.Component(code)
			if !ok {
				return invalid("component", "The offering %s has no component %.80q.", sh.Offering.Code, code).because(ReasonComponent)
			}
			if err := a.reprice(&sh, p, comp, wanted[code], used); err != nil {
				return err
			}
		}
		return nil
	})
}

// reprice writes the rows of one component: one that begins when the price does; where
// nobody has used the plan, those up to today as well.
func (a *applier) reprice(sh *catalog.Sheet, p catalog.Plan, comp catalog.Component, want Reprice, used bool) error {
	from := a.today.Month(0)
	if used {
		from = a.today.Month(1)
	}
	row, found := sh.Price(p.ID, comp.ID, max(from, a.today))
	row.Plan, row.Component, row.From = p.ID, comp.ID, from
	was := row
	if want.Rate != nil {
		if row.Upfront(comp.Billing) {
			row.Once = *want.Rate
		} else {
			row.Each = *want.Rate
		}
	}
	set(&row.Amount, want.Amount)
	switch {
	case row.Once < 0 || row.Each < 0:
		return invalid("price", "A price must not be negative.")
	case row.Amount < 0 || want.Amount != nil && comp.Billing != catalog.ByFixed:
		return invalid("amount", "Only a fixed component has an amount; %s is billed by %s.", comp.Code, comp.Billing)
	case found && row == was:
		return nil
	}
	rows := []catalog.Price{row}
	for _, have := range sh.Prices {
		if have.Plan == p.ID && have.Component == comp.ID && have.From > from && have.From <= a.today {
			row.From = have.From
			rows = append(rows, row)
		}
	}
	for _, row := range rows {
		if err := a.tx.PutPrice(row); err != nil {
			return err
		}
	}
	return nil
}

// planUsed reports whether anything was ever ordered on a plan: its prices were promised.
func (a *applier) planUsed(p catalog.Plan) (bool, error) {
	on, one := []id.ID{p.ID}, Page{Limit: 1}
	resources, err := a.tx.Resources(ResourceQuery{Plans: on, Hidden: true, Page: one})
	if err != nil || len(resources) > 0 {
		return true, err
	}
	orders, err := a.tx.Orders(OrderQuery{Offerings: []id.ID{p.Offering}, Plans: on, Any: &Sight{All: true}, Hidden: true, Page: one})
	return len(orders) > 0, err
}

// ArchivePlan ends a plan for new orders; resources on it keep it. A Conflict, reason
// state, where it is archived.
func (c *Core) ArchivePlan(ctx context.Context, who Actor, plan id.ID) error {
	return c.changePlan(ctx, who, plan, tenant.ArchivePlan, func(a *applier, sh catalog.Sheet, p catalog.Plan) error {
		if p.ArchivedAt != nil {
			return &Error{Kind: Conflict, Reason: ReasonState, About: Ref{"plan", plan}, Msg: "Plan is already archived."}
		}
		p.ArchivedAt = &a.now
		return a.tx.PutPlan(p)
	})
}

// changePlan finds a plan that is the actor's to change, and tells its readers that it has
// changed.
func (c *Core) changePlan(ctx context.Context, who Actor, plan id.ID, right tenant.Right, change func(a *applier, sh catalog.Sheet, p catalog.Plan) error) error {
	of, err := c.offeringOf(ctx, plan)
	if err != nil {
		return err
	}
	return c.setUp(ctx, who, Touch{Offerings: []id.ID{of}}, func(scene *Scene, a *applier) error {
		p, err := a.tx.Plan(plan)
		if err != nil {
			return err
		}
		sh, _, _, err := scene.offered(p.Offering, right)
		if err != nil {
			return err
		}
		if _, ok := sh.Plan(plan); !ok {
			return notFound("plan", plan)
		}
		if err := change(a, sh, p); err != nil {
			return err
		}
		return a.remade(&sh.Offering)
	})
}

// offeringOf is the offering that a plan is of, for good; 0 where there is no such plan.
func (c *Core) offeringOf(ctx context.Context, plan id.ID) (offering id.ID, err error) {
	err = c.store.View(ctx, func(r Reader) error {
		p, err := r.Plan(plan)
		offering = p.Offering
		return missing(err)
	})
	return offering, err
}
