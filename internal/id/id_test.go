package id

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEverySpellingReadsBackTheSameID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := ID(rapid.Int64Range(1, int64(Max)).Draw(t, "id"))
		back := map[string]func() (ID, error){
			"decimal": func() (ID, error) { return ParseDecimal(i.Decimal()) },
			"hex17":   func() (ID, error) { return ParseHex17("oo-", i.Hex17("oo-")) },
			"base36":  func() (ID, error) { return ParseBase36(i.Base36()) },
			"uuid":    func() (ID, error) { return ParseUUID(Order, i.UUID(Order)) },
			"dashed":  func() (ID, error) { return ParseUUID(Order, i.Dashed(Order)) },
		}
		for name, f := range back {
			if got, err := f(); err != nil || got != i {
				t.Fatalf("%s: %d came back as %d, %v", name, i, got, err)
			}
		}
		if u := i.UUID(Order); len(u) != 32 || u[12] != '8' || u[16] < '8' || u[16] > 'b' {
			t.Fatalf("%s is no version 8 UUID", u)
		}
		if _, err := ParseUUID(Resource, i.UUID(Order)); err == nil {
			t.Fatal("a UUID of one kind was read as another")
		}
	})
}

func TestIDsRiseThoughTheClockGoesBackAndNodesNeverMeet(t *testing.T) {
	now := Epoch.Add(time.Hour)
	clock := func() time.Time { return now }
	a, b := NewSource(clock, 1, 0), NewSource(clock, 2, 0)
	seen, last := map[ID]bool{}, ID(0)
	for n := range 20000 {
		if n == 9000 {
			now = now.Add(-time.Minute)
		}
		i, j := a.Next(), b.Next()
		if i <= last || seen[i] || seen[j] || i == j || !i.Valid() {
			t.Fatalf("step %d: %d after %d", n, i, last)
		}
		seen[i], seen[j], last = true, true, i
	}
	if again := NewSource(clock, 1, last); again.Next() <= last {
		t.Error("a source that starts at a floor handed out an ID below it")
	}
}

func TestOnlyTheExactSpellingIsRead(t *testing.T) {
	for _, s := range []string{"", "0", "-1", "+5", "007", "99999999999999999999", "5 ", "0x1"} {
		if _, err := ParseDecimal(s); err == nil {
			t.Errorf("ParseDecimal took %q", s)
		}
	}
	for _, s := range []string{"oo-", "oo-1", "op-0000000000000002a", "oo-0000000000000002A", "oo-4000000000000000f"} {
		if _, err := ParseHex17("oo-", s); err == nil {
			t.Errorf("ParseHex17 took %q", s)
		}
	}
	if got := LineHex17("ooi-", Max, 63); got != "ooi-fffffffffffffffff" {
		t.Errorf("the largest line spells %s", got)
	}
}

func FuzzParseUUID(f *testing.F) {
	f.Add(ID(42).UUID(Order))
	f.Fuzz(func(t *testing.T, s string) {
		if i, err := ParseUUID(Order, s); err == nil && i.UUID(Order) != mustBare(s) {
			t.Errorf("%q was read as %d", s, i)
		}
	})
}

func mustBare(s string) string { b, _ := bare(s); return b }

func TestAfterARestartASourceGoesOnBehindWhatItsNodeDrewThoughAnotherNodesIDIsHigher(t *testing.T) {
	now := Epoch.Add(time.Hour)
	clock := func() time.Time { return now }
	low, high := NewSource(clock, 2, 0), NewSource(clock, 3, 0)
	drawn := map[ID]bool{}
	for range 9 {
		drawn[low.Next()] = true
	}
	highest := high.Next() // of the same millisecond: higher, by its node
	for i := range drawn {
		if i > highest {
			t.Fatalf("%d is above %d", i, highest)
		}
	}
	again := NewSource(clock, 2, highest)
	for range 9 {
		if i := again.Next(); drawn[i] {
			t.Errorf("%d is drawn twice", i)
		}
	}
}
