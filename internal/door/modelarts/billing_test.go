package modelarts

import (
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/order"
)

func TestAWayOfPayingFindsItsPlan(t *testing.T) {
	const customer = 7
	hour := catalog.Plan{ID: 1, Unit: catalog.Hour}
	month := catalog.Plan{ID: 2, Unit: catalog.Month, TermMonths: 1, Prepaid: true}
	year := catalog.Plan{ID: 3, Unit: catalog.Month, TermMonths: 12, Prepaid: true}
	three := catalog.Plan{ID: 4, Unit: catalog.Month, TermMonths: 36, Prepaid: true}
	quarter := catalog.Plan{ID: 5, Unit: catalog.Quarter, Prepaid: true}
	day := catalog.Plan{ID: 6, Unit: catalog.Day}
	agreed := catalog.Plan{ID: 8, Unit: catalog.Month, Prepaid: true, Customer: customer}
	foreign := catalog.Plan{ID: 9, Unit: catalog.Hour, Customer: 99}
	for name, tt := range map[string]struct {
		plans []catalog.Plan
		b     billing
		plan  catalog.Plan
		units int
	}{
		"on demand by the hour":                 {[]catalog.Plan{month, day, hour, foreign}, billing{}, hour, 0},
		"on demand by what else there is":       {[]catalog.Plan{month, day}, billing{}, day, 0},
		"a month":                               {[]catalog.Plan{hour, year, month}, billing{ahead: true, periods: 1}, month, 1},
		"nine months":                           {[]catalog.Plan{hour, year, month}, billing{ahead: true, periods: 9}, month, 9},
		"a year has prices of its own":          {[]catalog.Plan{hour, month, year}, billing{ahead: true, year: true, periods: 1}, year, 12},
		"a year by the month":                   {[]catalog.Plan{hour, month, three}, billing{ahead: true, year: true, periods: 2}, month, 24},
		"quarters":                              {[]catalog.Plan{quarter}, billing{ahead: true, year: true, periods: 1}, quarter, 4},
		"a month is no quarter":                 {[]catalog.Plan{quarter}, billing{ahead: true, periods: 1}, catalog.Plan{}, 0},
		"prices agreed go before public ones":   {[]catalog.Plan{month, agreed}, billing{ahead: true, periods: 1}, agreed, 1},
		"another's agreed prices are not there": {[]catalog.Plan{foreign}, billing{}, catalog.Plan{}, 0},
		"nothing is paid ahead":                 {[]catalog.Plan{hour}, billing{ahead: true, periods: 1}, catalog.Plan{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			plan, units, err := tt.b.plan(catalog.Sheet{Plans: tt.plans}, customer)
			if (err != nil) != (tt.plan.ID == 0) || plan.ID != tt.plan.ID || (tt.b.ahead && units != tt.units) {
				t.Errorf("plan %d for %d units, %v; want plan %d for %d", plan.ID, units, err, tt.plan.ID, tt.units)
			}
		})
	}
}

func TestAnOrderTellsItsPeriods(t *testing.T) {
	prepaid := func(months int) catalog.Plan {
		return catalog.Plan{Unit: catalog.Month, TermMonths: months, Prepaid: true}
	}
	for name, tt := range map[string]struct {
		plan    catalog.Plan
		periods int
		want    string
	}{
		"on demand":                  {catalog.Plan{Unit: catalog.Hour}, 1, "0 0 0"},
		"no plan at all":             {catalog.Plan{}, 1, "0 0 0"},
		"three months":               {prepaid(1), 3, "1 2 3"},
		"twelve months by the month": {prepaid(1), 12, "1 2 12"},
		"two years":                  {prepaid(12), 24, "1 3 2"},
		"nodes added within a year":  {prepaid(12), 1, "1 3 1"},
		"a term of three years":      {catalog.Plan{Unit: catalog.Month, TermMonths: 36}, 1, "1 3 3"},
		"quarters":                   {catalog.Plan{Unit: catalog.Quarter, Prepaid: true}, 2, "1 2 6"},
	} {
		mode, kind, number := periods(order.Order{Periods: tt.periods}, tt.plan)
		if got := mode + " " + kind + " " + number; got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
