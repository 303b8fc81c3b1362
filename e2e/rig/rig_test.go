package rig

import (
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
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
	if len(got) != 2 || got[0] != (client.Breach{Measure: "money", Scope: "customer", Name: "Aurora Institute", Period: "total", Unit: "USD", Limit: "12.5", Used: "10", Held: "2", Asked: "3"}) ||
		got[1] != (client.Breach{Measure: "quantity", Scope: "project", Name: "aurora for Storage", Period: "total", Unit: "TB", Limit: "7", Used: "0", Held: "7", Asked: "3"}) {
		t.Errorf("read %+v", got)
	}
	listed := `{"title":"x","detail":"The first.","limits":[{"scope":"customer","limit":"1"},{"scope":"project","limit":"2"}]}`
	if got := Breaches(listed); len(got) != 2 || got[1].Scope != "project" || got[1].Limit != "2" {
		t.Errorf("read %+v", got)
	}
	if got := Breaches(`{"detail":"Not found."}`); got != nil {
		t.Errorf("read %+v", got)
	}
}
