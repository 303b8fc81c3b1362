package money

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestTimesRoundsOnceHalfAwayFromZeroToTheCent(t *testing.T) {
	for name, tt := range map[string]struct {
		currency       Currency
		quantity, rate string
		num, den       int64
		want           string
	}{
		"fresh imagery":                  {"USD", "10.123456", "25", 1, 1, "253.09"},
		"standard imagery":               {"USD", "3.333333", "20", 1, 1, "66.67"},
		"half a cent goes away from 0":   {"USD", "0.001", "5", 1, 1, "0.01"},
		"and so does its refund":         {"USD", "-0.001", "5", 1, 1, "-0.01"},
		"hours at a small rate":          {"USD", "1234.56", "0.012345", 1, 1, "15.24"},
		"the replaced report":            {"USD", "1300", "0.012345", 1, 1, "16.05"},
		"the lower report":               {"USD", "1200", "0.012345", 1, 1, "14.81"},
		"ten days of thirty":             {"USD", "2", "310", 10, 30, "206.67"},
		"a currency without decimals":    {"JPY", "1.5", "1", 1, 1, "2"},
		"a currency of three decimals":   {"KWD", "0.0005", "1", 1, 1, "0.001"},
		"just below half is cut":         {"USD", "0.0009", "5", 1, 1, "0"},
		"nothing of anything is nothing": {"USD", "0", "922337203", 1, 1, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := ParseMicro(tt.quantity)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseRate(tt.rate)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Times(tt.currency, q, r, tt.num, tt.den)
			if err != nil || got.String() != tt.want {
				t.Errorf("Times(%s, %s, %d/%d) = %s, %v; want %s", tt.quantity, tt.rate, tt.num, tt.den, got, err, tt.want)
			}
		})
	}
}

func TestTimesIsOddAndNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rate(rapid.Int64Range(0, 1e16).Draw(t, "rate"))
		a := Micro(rapid.Int64Range(0, 1e12).Draw(t, "a"))
		b := a + Micro(rapid.Int64Range(0, 1e12).Draw(t, "more"))
		den := rapid.Int64Range(1, 31).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		x, err1 := Times("USD", a, r, num, den)
		y, err2 := Times("USD", b, r, num, den)
		z, err3 := Times("USD", -a, r, num, den)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		if x > y || z != -x || x%Currency("USD").Quantum() != 0 {
			t.Fatalf("Times(%d)=%d, Times(%d)=%d, Times(-a)=%d", a, x, b, y, z)
		}
	})
}

func TestWhatDoesNotFitIsAnError(t *testing.T) {
	if _, err := Times("USD", 1<<62, 1<<62, 1, 1); !errors.Is(err, ErrRange) {
		t.Errorf("got %v", err)
	}
	if _, err := Units(1 << 60); !errors.Is(err, ErrRange) {
		t.Errorf("got %v", err)
	}
	if _, err := Add(1<<62, 1<<62); !errors.Is(err, ErrRange) {
		t.Errorf("got %v", err)
	}
	for _, s := range []string{"", ".", "1.", "1e3", "0x1", "--1", "1.0000001", "9223372036854.775808", "NaN", " 1"} {
		if n, err := ParseMicro(s); err == nil {
			t.Errorf("ParseMicro(%q) = %d", s, n)
		}
	}
}

func TestDecimalsReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Micro(rapid.Int64Range(-1<<62, 1<<62).Draw(t, "m"))
		if got, err := ParseMicro(m.String()); err != nil || got != m {
			t.Fatalf("%d: %s → %d, %v", m, m, got, err)
		}
		if m.Floor() > m.Ceil() || (m >= 0 && Micro(m.Floor())*Unit > m) {
			t.Fatalf("%d: floor %d, ceil %d", m, m.Floor(), m.Ceil())
		}
	})
	if got := Micro(319_770_000).Fixed(2); got != "319.77" {
		t.Errorf("Fixed(2) = %s", got)
	}
	if got := Micro(5_000_000).Fixed(10); got != "5.0000000000" {
		t.Errorf("Fixed(10) = %s", got)
	}
}
