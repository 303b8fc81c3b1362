package rig

import (
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestEachDoorPlacesAnOrderAndFindsItAgain(t *testing.T) {
	Needed(t)
	d := New(t, Options{Clocked: true})
	d.Start(t)
	doors := Doors(t, d)
	if len(doors) != 5 {
		t.Fatalf("%d doors", len(doors))
	}
	for _, door := range doors {
		first := door.Place(t.Context(), "key-"+door.Name(), 2, false)
		if first.Outcome != Done || !first.ID.Valid() {
			t.Fatalf("%s: %s", door.Name(), first)
		}
		if again := door.Place(t.Context(), "key-"+door.Name(), 2, true); again.Outcome != Done || again.ID != first.ID {
			t.Errorf("%s: asked again it is %d %s, not %d", door.Name(), again.ID, again, first.ID)
		}
	}
	if err := d.Advance(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	d.Verify(t)
	d.Kill()
	d.VerifyAtRest(t)
}

func TestARefusalsFiguresAreRead(t *testing.T) {
	body := `{"detail":"The money limit of customer Aurora Institute (total, USD) is 12.5 USD: used 10, held 2, asked 3. The quantity limit of project aurora for Storage (total, TB) is 7 TB: used 0, held 7, asked 3."}`
	got := Breaches(body)
	if len(got) != 2 || got[0] != (Breach{"money", "customer", "Aurora Institute", "total", "USD", "12.5", "10", "2", "3"}) ||
		got[1] != (Breach{"quantity", "project", "aurora for Storage", "total", "TB", "7", "0", "7", "3"}) {
		t.Errorf("read %+v", got)
	}
	if got := Breaches(`{"detail":"Not found."}`); got != nil {
		t.Errorf("read %+v", got)
	}
}
