package limit

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

func on(t interface{ Fatal(...any) }, s string) day.Day {
	d, err := day.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWindowsBeginWhereTheyShould(t *testing.T) {
	leap := Calendar{YearFrom: on(t, "2024-02-29"), Contracts: []tenant.Contract{{From: on(t, "2026-03-01"), To: on(t, "2027-03-01")}}}
	for name, tt := range map[string]struct {
		period   Period
		day      string
		want     string
		uncovers bool
	}{
		"total never ends":  {period: Total, day: "2026-11-23", want: "1970-01-01"},
		"a month":           {period: Month, day: "2026-11-23", want: "2026-11-01"},
		"a quarter":         {period: Quarter, day: "2026-11-23", want: "2026-10-01"},
		"the first quarter": {period: Quarter, day: "2026-01-01", want: "2026-01-01"},
		"a year from 29 February is from 1 March": {period: Year, day: "2026-02-28", want: "2025-03-01"},
		"and begins on that day":                  {period: Year, day: "2026-03-01", want: "2026-03-01"},
		"but in a leap year on 29 February":       {period: Year, day: "2028-02-29", want: "2028-02-29"},
		"a contract":                              {period: Contract, day: "2026-11-23", want: "2026-03-01"},
		"its end is exclusive":                    {period: Contract, day: "2027-03-01", uncovers: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := leap.Window(tt.period, on(t, tt.day))
			if ok == tt.uncovers || (ok && got != on(t, tt.want)) {
				t.Errorf("%s, %v; want %s", got, ok, tt.want)
			}
		})
	}
	if leap.Covered(on(t, "2025-01-01")) || !leap.Covered(on(t, "2026-11-23")) || !(Calendar{}).Covered(0) {
		t.Error("a customer with contracts orders only for days that one covers")
	}
}

func TestALimitIsAboutWhatItSays(t *testing.T) {
	e := ledger.Entry{Customer: 1, Project: 2, User: 3, Resource: 4, Offering: 5, Component: 6}
	for name, tt := range map[string]struct {
		limit Limit
		want  bool
	}{
		"on the customer":                      {Limit{Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1}, true},
		"on another customer":                  {Limit{Scope: tenant.OnCustomer, ScopeID: 9, Customer: 9}, false},
		"on the project":                       {Limit{Scope: tenant.OnProject, ScopeID: 2, Customer: 1}, true},
		"on the user, within the customer":     {Limit{Scope: tenant.OnUser, ScopeID: 3, Customer: 1}, true},
		"on the user, within another customer": {Limit{Scope: tenant.OnUser, ScopeID: 3, Customer: 9}, false},
		"on the resource":                      {Limit{Scope: tenant.OnResource, ScopeID: 4, Customer: 1}, true},
		"capacity of the offering":             {Limit{Scope: tenant.OnOffering, ScopeID: 5}, true},
		"about the offering":                   {Limit{Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Offering: 5}, true},
		"about another offering":               {Limit{Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Offering: 8}, false},
		"about the component":                  {Limit{Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Component: 6}, true},
		"about another component of it":        {Limit{Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Offering: 5, Component: 7}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tt.limit.ID, tt.limit.Period = 77, Total
			if got := len(Match([]Limit{tt.limit}, Calendar{}, e)) == 1; got != tt.want {
				t.Errorf("matched %v", got)
			}
		})
	}
}

// The archive's limits of the worked example: a year's 15000, 20000 of it fresh.
func TestTheYearRefusesWhatTheCategoryHasRoomFor(t *testing.T) {
	usd := func(n int64) money.Micro { return money.Micro(n) * money.Unit }
	limits := []Limit{
		{ID: 1, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Offering: 5, Period: Year, Value: usd(15000)},
		{ID: 2, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Offering: 5, Component: 6, Period: Year, Value: usd(20000)},
	}
	ask := func(dollars int64) []Breach {
		t.Helper()
		broken, err := Check(limits, Calendar{}, []ledger.Entry{{Kind: ledger.Hold, Customer: 1, Offering: 5, Component: 6, Amount: usd(dollars)}}, nil,
			func(k Key) (Balance, error) { return Balance{Key: k}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return broken
	}
	if got := ask(15000); got != nil {
		t.Errorf("600 km² at 25 fit exactly, and were refused: %v", got)
	}
	got := ask(15025)
	if len(got) != 1 || got[0].ID != 1 || got[0].Asked != usd(15025) || got[0].Used != 0 || got[0].Held != 0 {
		t.Errorf("601 km²: %+v", got)
	}
}

func TestALimitThatIsFullRefusesWhatCanBeChargedLater(t *testing.T) {
	full := []Limit{{ID: 1, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Period: Total, Value: 10}}
	above := func(k Key) (Balance, error) { return Balance{Key: k, Used: 11}, nil }
	nothing := []ledger.Entry{{Customer: 1, Component: 6}}
	if got, err := Check(full, Calendar{}, nothing, map[id.ID]bool{6: true}, above); err != nil || len(got) != 1 {
		t.Errorf("usage above the limit lets more in: %v, %v", got, err)
	}
	if got, err := Check(full, Calendar{}, nothing, nil, above); err != nil || got != nil {
		t.Errorf("what costs nothing now or later was refused: %v, %v", got, err)
	}
}

func TestBreachesAreNamedInOneOrder(t *testing.T) {
	entry := []ledger.Entry{{Customer: 1, Project: 2, User: 3, Resource: 4, Offering: 5, Component: 6, Amount: 5, Quantity: 5}}
	limits := []Limit{
		{ID: 1, Scope: tenant.OnOffering, ScopeID: 5, Measure: Quantity, Component: 6, Period: Total},
		{ID: 2, Scope: tenant.OnUser, ScopeID: 3, Customer: 1, Measure: Money, Period: Month},
		{ID: 3, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Quantity, Component: 6, Period: Total},
		{ID: 4, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Component: 6, Period: Year},
		{ID: 5, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Period: Month},
		{ID: 6, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Period: Year},
		{ID: 7, Scope: tenant.OnProject, ScopeID: 2, Customer: 1, Measure: Money, Period: Year},
	}
	broken, err := Check(limits, Calendar{}, entry, nil, func(k Key) (Balance, error) { return Balance{Key: k}, nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []id.ID{6, 5, 4, 3, 7, 2, 1}
	if len(broken) != len(want) {
		t.Fatalf("%d were named, not %d", len(broken), len(want))
	}
	for n, b := range broken {
		if b.ID != want[n] {
			t.Errorf("place %d: limit %d, want %d", n, b.ID, want[n])
		}
	}
}

func TestAWindowHoldsItsDayAndBeginsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Calendar{YearFrom: day.Day(rapid.Int32Range(0, 30000).Draw(t, "anchor"))}
		d := day.Day(rapid.Int32Range(10000, 40000).Draw(t, "day"))
		p := rapid.SampledFrom([]Period{Year, Quarter, Month}).Draw(t, "period")
		w, _ := c.Window(p, d)
		length := map[Period]int{Year: 366, Quarter: 92, Month: 31}[p]
		if w > d || int(d-w) >= length {
			t.Fatalf("%s of %s begins on %s", p, d, w)
		}
		if again, _ := c.Window(p, w); again != w {
			t.Fatalf("the first day %s of a window is in the window of %s", w, again)
		}
		if next, _ := c.Window(p, d+1); next != w && next != d+1 {
			t.Fatalf("the window after %s begins on %s", d, next)
		}
	})
}

func TestDeltasFollowTheEntry(t *testing.T) {
	l := []Limit{{ID: 1, Scope: tenant.OnCustomer, ScopeID: 1, Customer: 1, Measure: Money, Period: Total}}
	for kind, want := range map[ledger.Kind]Balance{ledger.Hold: {Held: 7}, ledger.Release: {Held: -7}, ledger.Capture: {Held: -7, Used: 7}, ledger.Charge: {Used: 7}, ledger.Refund: {Used: -7}} {
		want.Key = Key{1, 0}
		got := Deltas(l, Calendar{}, []ledger.Entry{{Kind: kind, Customer: 1, Amount: 7, Quantity: 9, At: time.Now()}})
		if got[want.Key] != want {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
