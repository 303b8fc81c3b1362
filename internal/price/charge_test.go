package price

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// The plans of these tests, each at 2.00 a unit and, for growing, nothing.
var (
	units = []catalog.Unit{catalog.Hour, catalog.Day, catalog.HalfMonth, catalog.Month, catalog.Quarter, catalog.Quantity}
	disk  = catalog.Component{ID: 7, Code: "disk", Billing: catalog.ByLimit, Stock: true}
)

const (
	bound   id.ID = 100 // by the month, for a term
	prepaid id.ID = 101
)

func planOf(u catalog.Unit) id.ID {
	for n, x := range units {
		if x == u {
			return id.ID(n + 1)
		}
	}
	return 0
}

func priced(c catalog.Component) *catalog.Sheet {
	sh := &catalog.Sheet{Components: []catalog.Component{c}}
	for _, u := range units {
		sh.Plans = append(sh.Plans, catalog.Plan{ID: planOf(u), Unit: u, Currency: "USD"})
	}
	sh.Plans = append(sh.Plans, catalog.Plan{ID: bound, Unit: catalog.Month, TermMonths: 12, Currency: "USD"}, catalog.Plan{ID: prepaid, Unit: catalog.Month, Prepaid: true, Currency: "USD"})
	for _, p := range sh.Plans {
		sh.Prices = append(sh.Prices, catalog.Price{Plan: p.ID, Component: c.ID, Each: 2e10})
	}
	return sh
}

// life reads "plan quantity from until", a stretch each; until - goes on.
func life(t *testing.T, stretches ...string) Terms {
	t.Helper()
	named := map[string]id.ID{"bound": bound, "prepaid": prepaid}
	for _, u := range units {
		named[string(u)] = planOf(u)
	}
	out := Terms{Sheet: priced(disk), Component: disk}
	for n, text := range stretches {
		w := strings.Fields(text)
		s := Stretch{ID: id.ID(n + 1), Plan: named[w[0]], Quantity: micro(t, w[1]), From: instant(t, w[2])}
		if w[3] != "-" {
			until := instant(t, w[3])
			s.Until = &until
		}
		out.Stretches = append(out.Stretches, s)
	}
	return out
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAPeriodComesToItsUnitsAtTheirDearest(t *testing.T) {
	for name, tt := range map[string]struct {
		life           []string
		period, at     string
		amount, number string
	}{
		"a month, once begun":                         {[]string{"month 3 2027-01-31T23:59 -"}, "2027-01-01", "2027-01-31T23:59", "6", "3"},
		"nothing before it begins":                    {[]string{"month 3 2027-01-31T23:59 -"}, "2027-02-01", "2027-01-31T23:59", "0", "0"},
		"nothing after it has ended":                  {[]string{"month 3 2027-01-10T00:00 2027-02-01T00:00"}, "2027-02-01", "2027-03-01T00:00", "0", "0"},
		"a month that is raised":                      {[]string{"month 3 2027-01-10T00:00 2027-01-20T00:00", "month 5 2027-01-20T00:00 -"}, "2027-01-01", "2027-01-20T00:00", "10", "5"},
		"a month that is cut":                         {[]string{"month 5 2027-01-10T00:00 2027-01-20T00:00", "month 3 2027-01-20T00:00 -"}, "2027-01-01", "2027-01-20T00:00", "10", "5"},
		"a month that ended as it began":              {[]string{"month 5 2027-01-10T00:00 2027-01-10T00:00"}, "2027-01-01", "2027-01-20T00:00", "10", "5"},
		"a quarter from any of its days":              {[]string{"quarter 1 2027-03-31T12:00 -"}, "2027-01-01", "2027-03-31T12:00", "2", "1"},
		"the first half of a month":                   {[]string{"half_month 1 2027-02-01T00:00 -"}, "2027-02-01", "2027-02-15T23:59", "2", "1"},
		"both halves":                                 {[]string{"half_month 1 2027-02-15T23:59 -"}, "2027-02-01", "2027-02-16T00:00", "4", "1"},
		"the second half alone":                       {[]string{"half_month 1 2027-02-16T00:00 -"}, "2027-02-01", "2027-02-28T00:00", "2", "1"},
		"days that are left, in advance":              {[]string{"day 1 2028-02-20T23:00 -"}, "2028-02-01", "2028-02-20T23:00", "20", "1"},
		"days until it ended at midnight":             {[]string{"day 1 2027-01-10T12:00 2027-01-12T00:00"}, "2027-01-01", "2027-01-12T00:00", "4", "1"},
		"a day of a raise and a cut":                  {[]string{"day 1 2027-01-30T08:00 2027-01-30T09:00", "day 9 2027-01-30T09:00 2027-01-30T10:00", "day 2 2027-01-30T10:00 -"}, "2027-01-01", "2027-01-30T10:00", "22", "9"},
		"an hour as it begins":                        {[]string{"hour 1 2027-01-10T12:30 -"}, "2027-01-01", "2027-01-10T12:30", "2", "1"},
		"a hundred hours and no more":                 {[]string{"hour 1 2027-01-10T12:30 2027-01-14T16:30"}, "2027-01-01", "2027-02-01T00:00", "200", "1"},
		"the hour after a hundred, while it runs":     {[]string{"hour 1 2027-01-10T12:30 -"}, "2027-01-01", "2027-01-14T16:30", "202", "1"},
		"a raise counts from its hour":                {[]string{"hour 1 2027-01-10T12:30 2027-01-10T13:15", "hour 4 2027-01-10T13:15 -"}, "2027-01-01", "2027-01-10T13:40", "16", "4"},
		"an hour over midnight is the month's before": {[]string{"hour 1 2027-01-31T23:30 -"}, "2027-02-01", "2027-02-01T00:29", "0", "1"},
		"its own months, from the 31st":               {[]string{"bound 1 2027-01-31T10:00 -"}, "2027-02-28", "2027-03-30T00:00", "2", "1"},
		"and back to the 31st":                        {[]string{"bound 1 2027-01-31T10:00 -"}, "2027-03-31", "2027-03-31T00:00", "2", "1"},
		"no month of its own begins on the first":     {[]string{"bound 1 2027-01-31T10:00 -"}, "2027-03-01", "2027-03-31T00:00", "0", "0"},
		"what is prepaid is no period's":              {[]string{"prepaid 1 2027-01-10T10:00 -"}, "2027-01-01", "2027-01-31T00:00", "0", "0"},
		"what is paid by quantity is no period's":     {[]string{"quantity 1 2027-01-10T10:00 -"}, "2027-01-01", "2027-01-31T00:00", "0", "0"},
		"a switch pays what has begun of both":        {[]string{"month 1 2027-01-10T10:00 2027-01-30T10:00", "day 1 2027-01-30T10:00 -"}, "2027-01-01", "2027-01-30T10:00", "6", "1"},
		"ended and begun again within a month":        {[]string{"month 3 2027-01-02T10:00 2027-01-03T10:00", "month 4 2027-01-20T10:00 -"}, "2027-01-01", "2027-01-20T10:00", "8", "4"},
	} {
		t.Run(name, func(t *testing.T) {
			period, err := day.Parse(tt.period)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Charge(life(t, tt.life...), Usage{}, period, instant(t, tt.at))
			if err != nil || got.Amount.String() != tt.amount || got.Quantity.String() != tt.number {
				t.Errorf("%s for %s, %v; want %s for %s", got.Amount, got.Quantity, err, tt.amount, tt.number)
			}
		})
	}
}

func TestEveryUnitOfAPlanHasABoundaryOrNone(t *testing.T) {
	for u, want := range map[catalog.Unit]string{catalog.Hour: "2027-02-11", catalog.Day: "2027-03-01", catalog.HalfMonth: "2027-02-16", catalog.Month: "2027-03-01", catalog.Quarter: "2027-04-01", catalog.Quantity: ""} {
		at, ok := life(t, string(u)+" 1 2027-02-10T10:00 -").Next(instant(t, "2027-02-10T10:00"))
		got := ""
		if ok {
			got = at.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("after a beginning on 10 February, by the %s: %q, want %q", u, got, want)
		}
	}
	if at, ok := life(t, "month 1 2027-02-10T10:00 2027-02-11T10:00").Next(instant(t, "2027-02-12T10:00")); ok {
		t.Errorf("what has ended asks again at %s", at)
	}
}

func TestThePeriodsOfALifeAreAllNamed(t *testing.T) {
	l := life(t, "month 1 2026-12-31T10:00 2027-02-01T00:00", "quantity 1 2027-02-01T00:00 2027-03-05T00:00", "quarter 1 2027-03-05T00:00 2027-03-06T00:00", "bound 1 2027-05-15T00:00 -")
	got := fmt.Sprint(l.Keys(instant(t, "2026-12-01T00:00"), instant(t, "2027-06-15T00:00")))
	if want := "[2026-12-01 2027-01-01 2027-05-15 2027-06-15]"; got != want { // the quarter's is January's
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhatIsMeteredIsPricedByItsStretch(t *testing.T) {
	cpu := catalog.Component{ID: 7, Billing: catalog.ByUsage}
	l := life(t, "month 0 2027-01-10T00:00 -")
	l.Component, l.Sheet = cpu, priced(cpu)
	total := micro(t, "1.005")
	for term, want := range map[id.ID]string{0: "0 for 0", 1: "2.01 for 1.005", 9: "0 for 0"} {
		got, err := Charge(l, Usage{Reported: &total, Term: term}, day.Date(2027, 1, 1), instant(t, "2027-01-20T00:00"))
		if text := got.Amount.String() + " for " + got.Quantity.String(); err != nil || text != want {
			t.Errorf("under stretch %d: %s, %v; want %s", term, text, err, want)
		}
	}
	var none money.Micro
	if got, _ := Charge(l, Usage{Term: 1}, day.Date(2027, 1, 1), instant(t, "2027-01-20T00:00")); got.Amount != none {
		t.Errorf("not reported: %s", got.Amount)
	}
}
