package clock

import (
	"strings"
	"testing"
	"time"
)

// near allows for the time that a test takes.
func near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want); d < 0 || d > time.Minute {
		t.Errorf("%s: the clock shows %s, want %s", what, got, want)
	}
}

func TestAClockStartsWhereItIsSetAndRunsOn(t *testing.T) {
	day := func(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 0, 0, 0, time.UTC) }
	for text, want := range map[string]time.Time{
		"2031-03-01T12:00:00Z":      day(2031, 3, 1, 12),
		"2031-03-01T12:00:00+02:00": day(2031, 3, 1, 10),
		"2031-03-01":                day(2031, 3, 1, 0),
		"+36h":                      time.Now().Add(36 * time.Hour),
		"-1h":                       time.Now().Add(-time.Hour),
		"+30d":                      time.Now().Add(30 * 24 * time.Hour),
		"+0s":                       time.Now(),
	} {
		c, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		near(t, text, c.Now(), want)
		if a, b := c.Now(), c.Now(); b.Before(a) {
			t.Errorf("%s: it runs back, from %s to %s", text, a, b)
		}
	}
}

func TestAClockIsTurnedOnAndBack(t *testing.T) {
	var c Clock
	near(t, "never turned", c.Now(), time.Now().Add(-time.Second))
	if err := c.Set(first.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	near(t, "two days on", c.Now(), first.Add(49*time.Hour))
	if err := c.Advance(-time.Hour); err != nil {
		t.Fatal(err)
	}
	near(t, "an hour back", c.Now(), first.Add(48*time.Hour))
}

func TestWhatIsNoTimeIsSaidToBeNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "no instant",
		"tomorrow":             "no instant",
		"36h":                  "no instant",
		"+tomorrow":            "no span",
		"+":                    "no span",
		"+99999999d":           "no span",
		"1999-01-01":           "stands between",
		"2400-01-01T00:00:00Z": "stands between",
		"-36500d":              "stands between",
		"+2000000h":            "stands between",
	} {
		if c, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, c, err, want)
		}
	}
	var c Clock
	if err := c.Set(last.Add(time.Hour)); err == nil {
		t.Error("a clock was set where ids end")
	}
	near(t, "refused", c.Now(), time.Now().Add(-time.Second))
}
