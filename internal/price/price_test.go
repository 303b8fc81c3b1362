package price

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

func rate(t interface{ Fatal(...any) }, s string) money.Rate {
	r, err := money.ParseRate(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func micro(t interface{ Fatal(...any) }, s string) money.Micro {
	m, err := money.ParseMicro(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) // ten days of November left, today included

func TestADueLineIsWhatCompletionCharges(t *testing.T) {
	until := noon.AddDate(0, 0, 10)
	for name, tt := range map[string]struct {
		billing                catalog.Billing
		unit                   catalog.Unit
		prepaid                bool
		periods                int
		once, each, amount     string
		before, target, posted string
		add, switched          bool // to a resource that is there; its plan changes
		paid                   *time.Time
		due, moves             string
	}{
		"imagery has a price once":                 {billing: catalog.ByLimit, unit: catalog.Quantity, once: "25", target: "10.123456", due: "253.09", moves: "10.123456"},
		"partial upfront: once and a month":        {billing: catalog.ByLimit, unit: catalog.Month, once: "60000", each: "1250", target: "2", due: "122500", moves: "2"},
		"prepaid nodes for a month":                {billing: catalog.ByLimit, unit: catalog.Month, prepaid: true, each: "310", target: "3", due: "930", moves: "3"},
		"prepaid for three months":                 {billing: catalog.ByLimit, unit: catalog.Month, prepaid: true, periods: 3, each: "310", target: "3", due: "2790", moves: "3"},
		"on demand asks the first hour":            {billing: catalog.ByLimit, unit: catalog.Hour, each: "0.43", target: "3", due: "1.29", moves: "3"},
		"prepaid grows with ten days of thirty":    {billing: catalog.ByLimit, unit: catalog.Month, prepaid: true, each: "310", before: "3", target: "5", add: true, paid: &until, due: "206.67", moves: "2"},
		"prepaid shrinks for nothing":              {billing: catalog.ByLimit, unit: catalog.Month, prepaid: true, each: "310", before: "5", target: "3", add: true, paid: &until, due: "0", moves: "0"},
		"a switch to prepaid pays for all":         {billing: catalog.ByLimit, unit: catalog.Month, prepaid: true, each: "310", before: "3", target: "3", add: true, switched: true, due: "930", moves: "0"},
		"storage by the month":                     {billing: catalog.ByLimit, unit: catalog.Month, each: "20", target: "5", due: "100", moves: "5"},
		"five to eight TB asks what is not posted": {billing: catalog.ByLimit, unit: catalog.Month, each: "20", before: "5", target: "8", posted: "100", add: true, due: "60", moves: "3"},
		"eight to five asks nothing":               {billing: catalog.ByLimit, unit: catalog.Month, each: "20", before: "8", target: "5", posted: "160", add: true, due: "0", moves: "0"},
		"a day plan asks the days left":            {billing: catalog.ByLimit, unit: catalog.Day, each: "2", target: "3", due: "60", moves: "3"},
		"fixed asks the plan's amount":             {billing: catalog.ByFixed, unit: catalog.Month, each: "50", amount: "1", due: "50", moves: "1"},
		"one is asked on creation":                 {billing: catalog.Once, unit: catalog.Month, once: "100", due: "100", moves: "0"},
		"one is not asked again":                   {billing: catalog.Once, unit: catalog.Month, once: "100", add: true, switched: true, due: "0", moves: "0"},
		"few is asked on a switch of plan":         {billing: catalog.Few, unit: catalog.Month, once: "10", add: true, switched: true, due: "10", moves: "0"},
		"few is not asked without a switch":        {billing: catalog.Few, unit: catalog.Month, once: "10", add: true, due: "0", moves: "0"},
		"usage is charged when reported":           {billing: catalog.ByUsage, unit: catalog.Month, each: "4.50", target: "99", due: "0", moves: "0"},
	} {
		t.Run(name, func(t *testing.T) {
			or := func(s string) string {
				if s == "" {
					return "0"
				}
				return s
			}
			c := catalog.Component{ID: 7, Billing: tt.billing}
			plan := catalog.Plan{ID: 3, Unit: tt.unit, Prepaid: tt.prepaid, Currency: "USD"}
			sheet := &catalog.Sheet{Plans: []catalog.Plan{plan}, Components: []catalog.Component{c},
				Prices: []catalog.Price{{Plan: 3, Component: 7, Once: rate(t, or(tt.once)), Each: rate(t, or(tt.each)), Amount: micro(t, or(tt.amount))}}}
			r := Request{Sheet: sheet, Plan: plan, Now: noon, Periods: tt.periods, New: !tt.add, Switched: tt.switched, PaidUntil: tt.paid,
				Posted: map[id.ID]money.Micro{7: micro(t, or(tt.posted))}}
			l, err := r.Line(c, micro(t, or(tt.before)), micro(t, or(tt.target)))
			if err != nil {
				t.Fatal(err)
			}
			if l.Due.String() != tt.due || l.Moves.String() != tt.moves {
				t.Errorf("due %s, moves %s; want %s, %s", l.Due, l.Moves, tt.due, tt.moves)
			}
		})
	}
}

func TestWhatHasNoPriceCannotBeOrdered(t *testing.T) {
	r := Request{Sheet: &catalog.Sheet{}, Plan: catalog.Plan{ID: 3, Currency: "USD"}, Now: noon, New: true}
	if _, err := r.Line(catalog.Component{ID: 7, Billing: catalog.ByLimit}, 0, money.Unit); err != ErrUnpriced {
		t.Errorf("got %v", err)
	}
}

func TestAPartNeverCostsMoreThanTheWholeAndNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Priced{Currency: "USD", Once: money.Rate(rapid.Int64Range(0, 1e14).Draw(t, "once")), Each: money.Rate(rapid.Int64Range(0, 1e14).Draw(t, "each")),
			Periods: rapid.IntRange(1, 36).Draw(t, "periods"), Moves: money.Micro(rapid.Int64Range(1, 1e9).Draw(t, "moves"))}
		once, _ := money.Times("USD", p.Moves, p.Once, 1, 1)
		each, _ := money.Times("USD", p.Moves, p.Each, rapid.Int64Range(0, 30).Draw(t, "days"), 30)
		p.Due = once + each
		a := money.Micro(rapid.Int64Range(0, int64(p.Moves)).Draw(t, "a"))
		b := money.Micro(rapid.Int64Range(int64(a), int64(p.Moves)).Draw(t, "b"))
		x, err1 := p.Part(a)
		y, err2 := p.Part(b)
		if err1 != nil || err2 != nil || x < 0 || x > y || y > p.Due {
			t.Fatalf("Part(%d) = %d, Part(%d) = %d, due %d; %v %v", a, x, b, y, p.Due, err1, err2)
		}
		if all, err := p.Part(p.Moves); err != nil || all != p.Due {
			t.Fatalf("all of it costs %d, not %d; %v", all, p.Due, err)
		}
	})
}

func TestMonthsStayWithinTheMonthMeant(t *testing.T) {
	for in, want := range map[string]string{"2024-01-31": "2024-02-29", "2023-01-31": "2023-02-28", "2026-11-30": "2026-12-30", "2026-12-15": "2027-01-15"} {
		at, err := time.Parse(time.DateOnly, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := Ahead(catalog.Month, at, 1).Format(time.DateOnly); got != want {
			t.Errorf("a month after %s is %s, want %s", in, got, want)
		}
	}
}
