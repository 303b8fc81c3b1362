package app

import (
	"crypto/tls"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/id"
)

// sandbox is a served desk with a clock of its own, a seller of desks and a buyer.
type sandbox struct {
	*Server
	staff, buyer *client.Client
	pair         auth.Credentials // the buyer's
}

func newSandbox(t *testing.T, clock string) sandbox {
	t.Helper()
	cfg := config(t, t.TempDir())
	cfg.Clock = clock
	b := sandbox{Server: serve(t, cfg)}
	t.Cleanup(func() { b.Stop() })
	yes := true
	made, err := b.Desk.Client().Apply(t.Context(), client.World{
		Customers: []client.Customer{{Slug: "buyer", Projects: []client.Project{{Slug: "lab"}}}, {Slug: "seller"}},
		Users: []client.User{
			{Login: "staff", Staff: &yes, Tokens: []client.Token{{}}},
			{Login: "olive", Home: "buyer", Roles: []client.Role{{Role: "customer.owner", Customer: "buyer"}}, Tokens: []client.Token{{}}, Pairs: []client.Pair{{}}},
		},
		Providers: []client.Provider{{Customer: "seller", Offerings: []client.Offering{{Code: "desks", Measure: "limits", Fulfilment: "manual", Approval: "never",
			Components: []client.Component{{Code: "desk", Unit: "desk"}}, Plans: []client.Plan{{Code: "list", Prices: []client.Price{{Component: "desk", Each: "10"}}}}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]client.MadeKey{}
	for _, k := range made.Keys {
		keys[k.Login+" "+k.Kind] = k
	}
	root := "http://" + b.HTTPAddr
	b.staff, b.buyer = client.New(root, keys["staff token"].Secret), client.New(root, keys["olive token"].Secret)
	b.pair = auth.Credentials{Access: keys["olive pair"].AccessKey, Secret: keys["olive pair"].Secret, Region: "eu-north-1", Service: "outposts"}
	return b
}

func (b sandbox) place(t *testing.T, startsOn string) client.Order {
	t.Helper()
	o, err := b.buyer.Place(t.Context(), client.Placement{Offering: "desks", Amounts: map[string]string{"desk": "1"}, StartsOn: startsOn}, "")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// until asks for an order until it is in a state.
func (b sandbox) until(t *testing.T, id, state string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		o, err := b.buyer.Order(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if o.State == state {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the order is %s, want %s", o.State, state)
		}
	}
}

var start = time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAClockThatIsTurnedOnWakesWhatIsDueThen(t *testing.T) {
	b := newSandbox(t, start.Format(time.RFC3339))
	o := b.place(t, "2031-03-02")
	if o.State != "pending-start-date" || o.CreatedAt.Before(start) || o.CreatedAt.After(start.Add(time.Minute)) {
		t.Fatalf("placed at %s, it is %s", o.CreatedAt, o.State)
	}
	shows, err := b.staff.TurnClock(t.Context(), client.Turn{Advance: "12h"})
	if err != nil || shows.Now.Before(start.Add(12*time.Hour)) || shows.Now.After(start.Add(12*time.Hour+time.Minute)) {
		t.Fatalf("it shows %s, %v", shows.Now, err)
	}
	b.until(t, o.ID, "executing")
}

func TestIdsGoOnWhileTheClockIsTurnedBack(t *testing.T) {
	b := newSandbox(t, "+36h")
	before := b.place(t, "")
	if _, err := b.staff.TurnClock(t.Context(), client.Turn{Advance: "-1h"}); err != nil {
		t.Fatal(err)
	}
	after := b.place(t, "")
	list, err := b.buyer.Orders(t.Context(), client.OrderQuery{})
	if err != nil || len(list.Orders) != 2 || list.Orders[0].ID != after.ID || list.Orders[1].ID != before.ID {
		t.Errorf("the newest first, they are %v, %v; placed were %s and %s", list.Orders, err, before.ID, after.ID)
	}
	if r, err := b.staff.Verify(t.Context()); err != nil || len(r.Disagrees) > 0 {
		t.Errorf("the books say %v, %v", r.Disagrees, err)
	}
}

// A client compares these with a clock of its own, which nobody has turned.
func TestWhatClientsCompareWithTheirOwnClocksStaysTrue(t *testing.T) {
	b := newSandbox(t, start.Format(time.RFC3339))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.HTTPAddr+"/list-orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.SignV4(r, b.pair, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("a signature of now is answered %s", answer.Status)
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("the Date header says %s", answer.Header.Get("Date"))
	}
	c, err := tls.Dial("tcp", b.HTTPSAddr, &tls.Config{InsecureSkipVerify: true}) // whose it is is not what is asked
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if shown := c.ConnectionState().PeerCertificates[0]; time.Now().Before(shown.NotBefore) || time.Until(shown.NotBefore).Abs() > 2*time.Hour {
		t.Errorf("the certificate is good from %s on", shown.NotBefore)
	}
}

func TestOnlyStaffTurnTheClockAndOnlyWhereItCanBeTurned(t *testing.T) {
	b := newSandbox(t, "+0s")
	for name, tt := range map[string]struct {
		who    *client.Client
		turn   client.Turn
		status int
		says   string
	}{
		"a buyer":           {b.buyer, client.Turn{Advance: "1h"}, http.StatusForbidden, "Only staff"},
		"neither":           {b.staff, client.Turn{}, http.StatusUnprocessableEntity, "Say either"},
		"both":              {b.staff, client.Turn{Set: "2031-03-01", Advance: "1h"}, http.StatusUnprocessableEntity, "Say either"},
		"no instant":        {b.staff, client.Turn{Set: "noon"}, http.StatusUnprocessableEntity, "no instant"},
		"no span":           {b.staff, client.Turn{Advance: "soon"}, http.StatusUnprocessableEntity, "no span"},
		"before there were": {b.staff, client.Turn{Set: "1970-01-01"}, http.StatusUnprocessableEntity, "stands between"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.who.TurnClock(t.Context(), tt.turn)
			if p, ok := err.(*client.Problem); !ok || p.Status != tt.status || !strings.Contains(p.Error(), tt.says) {
				t.Errorf("got %v, want %d and %q", err, tt.status, tt.says)
			}
		})
	}
	if shows, err := b.buyer.Clock(t.Context()); err != nil || time.Since(shows.Now).Abs() > time.Minute {
		t.Errorf("after all that it shows %s, %v", shows.Now, err)
	}
	plain := newSandbox(t, "")
	_, err := plain.staff.TurnClock(t.Context(), client.Turn{Advance: "1h"})
	if p, ok := err.(*client.Problem); !ok || p.Status != http.StatusNotFound {
		t.Errorf("a desk on true time answers %v", err)
	}
}

func TestAClockThatIsNoneIsSaidSoAtTheStart(t *testing.T) {
	_, err := Load(t.TempDir(), map[string]string{"clock": "noon"}, os.Getenv)
	if err == nil || !strings.Contains(err.Error(), "no instant") {
		t.Errorf("got %v", err)
	}
}

// A desk that is killed says nothing of the last ids it drew: its records tell, whatever
// they are.
func TestIdsGoOnThoughTheDeskWasKilledAndTheClockIsSetBack(t *testing.T) {
	cfg := config(t, t.TempDir())
	cfg.Clock = "+1h"
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Hour) // since it was last written down
	before, err := d.Client().Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "buyer", Limits: []client.Limit{{Measure: "money", Period: "total", Value: "1"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.Close(); err != nil { // as the system does for what was killed
		t.Fatal(err)
	}
	cfg.Clock = ""
	if d, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	next := d.NewID()
	for _, c := range before.Changes {
		if i, err := id.ParseDecimal(c.ID); err != nil || next <= i {
			t.Errorf("the next id is %s, after the %s %s was %s, %v", next, c.Kind, c.Name, c.ID, err)
		}
	}
}
