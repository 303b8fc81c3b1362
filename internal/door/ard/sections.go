package ard

import (
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// number is an exact amount or area as a JSON number.
type number money.Micro

// MarshalJSON writes the shortest exact decimal.
func (n number) MarshalJSON() ([]byte, error) { return []byte(money.Micro(n).String()), nil }

// String is the same, for pages.
func (n number) String() string { return money.Micro(n).String() }

// unlimited is the vendor's word for no limit, and for what is left of none.
const unlimited = number(-money.Unit)

func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

type areaOutput struct {
	Fresh    number `json:"fresh_imagery_sqkm"`
	Standard number `json:"standard_imagery_sqkm"`
	Training number `json:"training_imagery_sqkm"`
	Total    number `json:"total_imagery_sqkm"`
	Estimate bool   `json:"estimate"`
}

// costOutput has null for a category without a price, which cannot be ordered.
type costOutput struct {
	Fresh    *number `json:"fresh_imagery_cost"`
	Standard *number `json:"standard_imagery_cost"`
	Training *number `json:"training_imagery_cost"`
	Total    *number `json:"total_imagery_cost"`
	Estimate bool    `json:"estimate"`
}

type limitsOutput struct {
	Annual   number `json:"annual_subscription_fee_limit"`
	Fresh    number `json:"fresh_imagery_fee_limit"`
	Standard number `json:"standard_imagery_fee_limit"`
	Training number `json:"training_imagery_fee_limit"`
	Tasking  number `json:"tasking_imagery_fee_limit"`
	Area     number `json:"limit_sqkm"`
}

type availableOutput struct {
	Total    number `json:"total_imagery_balance"`
	Fresh    number `json:"fresh_imagery_balance"`
	Standard number `json:"standard_imagery_balance"`
	Training number `json:"training_imagery_balance"`
	Tasking  number `json:"tasking_imagery_balance"`
	Area     number `json:"available_sqkm"`
}

// usageOutput is what selects, dry runs and reports show; orders show the first two.
type usageOutput struct {
	Area      areaOutput       `json:"area"`
	Cost      costOutput       `json:"cost"`
	Limits    *limitsOutput    `json:"limits,omitempty"`
	Available *availableOutput `json:"available,omitempty"`
	AsOf      string           `json:"usage_as_of,omitempty"`
}

// part is the imagery of one age category: km² and money, nil where it has no price.
type part struct {
	area money.Micro
	cost *money.Micro
}

// usage adds categories up. estimate says that nothing of it has been charged.
func usage(parts map[imagery.Category]part, estimate bool) usageOutput {
	out := usageOutput{Area: areaOutput{Estimate: estimate}, Cost: costOutput{Estimate: estimate}}
	var priced bool
	var area, cost money.Micro
	for category, at := range map[imagery.Category]struct {
		area *number
		cost **number
	}{
		imagery.Fresh:    {&out.Area.Fresh, &out.Cost.Fresh},
		imagery.Standard: {&out.Area.Standard, &out.Cost.Standard},
		imagery.Training: {&out.Area.Training, &out.Cost.Training},
	} {
		p := parts[category]
		*at.area = number(p.area)
		area += p.area
		if p.cost != nil {
			c := number(*p.cost)
			*at.cost = &c
			cost += *p.cost
			priced = true
		}
	}
	out.Area.Total = number(area)
	if priced {
		total := number(cost)
		out.Cost.Total = &total
	}
	return out
}

// gauge finds the limits that the vendor's keys name among those on a customer or user.
type gauge struct {
	archive catalog.Sheet
	tasking id.ID // the offering; 0: there is none
}

// taskingCode is the offering whose limit is shown as that of tasking.
const taskingCode = "tasking"

func newGauge(s *core.Scene, archive catalog.Sheet) (gauge, error) {
	g := gauge{archive: archive}
	sheet, err := s.OfferingByCode(taskingCode)
	if err != nil && core.KindOf(err) != core.NotFound {
		return g, err
	}
	g.tasking = sheet.Offering.ID
	return g, nil
}

// read tells the limits and what is left of them.
func (g gauge) read(standings []core.Standing) (limitsOutput, availableOutput) {
	var l limitsOutput
	var a availableOutput
	component := func(c imagery.Category) id.ID {
		found, _ := g.archive.Component(string(c))
		return found.ID
	}
	archive := g.archive.Offering.ID
	annual := tightest(standings, limit.Money, archive, 0)
	if annual == nil {
		annual = tightest(standings, limit.Money, 0, 0)
	}
	l.Annual, a.Total = shown(annual)
	for category, at := range map[imagery.Category][2]*number{
		imagery.Fresh: {&l.Fresh, &a.Fresh}, imagery.Standard: {&l.Standard, &a.Standard}, imagery.Training: {&l.Training, &a.Training},
	} {
		*at[0], *at[1] = unlimited, unlimited
		if c := component(category); c != 0 {
			*at[0], *at[1] = shown(tightest(standings, limit.Money, 0, c))
		}
	}
	l.Tasking, a.Tasking = unlimited, unlimited
	if g.tasking != 0 {
		l.Tasking, a.Tasking = shown(tightest(standings, limit.Money, g.tasking, 0))
	}
	l.Area, a.Area = shown(tightest(standings, limit.Quantity, archive, 0))
	return l, a
}

// tightest is the limit about an offering, or a component of it whatever offering the
// limit names beside it, of which least is left.
func tightest(standings []core.Standing, m limit.Measure, offering, component id.ID) *core.Standing {
	var found *core.Standing
	for n, s := range standings {
		about := s.Component == component && (component != 0 || s.Offering == offering)
		if s.Measure == m && about && (found == nil || s.Available() < found.Available()) {
			found = &standings[n]
		}
	}
	return found
}

func shown(s *core.Standing) (value, left number) {
	if s == nil {
		return unlimited, unlimited
	}
	return number(s.Value), number(s.Available())
}

// accountGauge reads the limits of an account.
func accountGauge(s *core.Scene, customer id.ID, archive catalog.Sheet) (limitsOutput, availableOutput, error) {
	return gaugeOf(s, customer, archive, core.LimitScope{Scope: tenant.OnCustomer, ID: customer})
}

func gaugeOf(s *core.Scene, customer id.ID, archive catalog.Sheet, on core.LimitScope) (limitsOutput, availableOutput, error) {
	g, err := newGauge(s, archive)
	if err != nil {
		return limitsOutput{}, availableOutput{}, err
	}
	standings, err := s.Standings(customer, on)
	if err != nil {
		return limitsOutput{}, availableOutput{}, err
	}
	l, a := g.read(standings)
	return l, a, nil
}

// userLimit reads the limits of one user in an account.
func userLimit(s *core.Scene, customer, user id.ID) (limitsOutput, error) {
	archive, err := s.Archive()
	if err != nil {
		return limitsOutput{}, err
	}
	l, _, err := gaugeOf(s, customer, archive, core.LimitScope{Scope: tenant.OnUser, ID: user})
	return l, err
}
