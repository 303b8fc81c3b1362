package history

import (
	"encoding/json"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
)

var (
	attempts = flag.Int("attempts", 10_000, "how many orders are asked of a limit")
	fits     = flag.Int("fits", 1_000, "how many of them fit it")
	sellers  = flag.Int("clients", 64, "how many ask at once")
)

// refusals are how each door words that a limit has no room.
var refusals = map[string]struct {
	status       int
	header, body string // expressions
}{
	"native":    {402, `application/problem\+json`, `"title":"Over a limit"`},
	"outposts":  {402, `X-Amzn-Errortype: ServiceQuotaExceededException`, `^\{"Message":`},
	"ard":       {400, `application/json`, `"code": ?"limit_exceeded"`},
	"modelarts": {400, `application/json`, `"error_code":"ModelArts.0118"`},
	"waldur":    {400, `application/json`, `^\["The money limit`},
}

// Every order costs 1.00, whatever it is of, and all count against one limit.
func TestALimitThatFitsAThousandTakesAThousandOfTenThousand(t *testing.T) {
	rig.Needed(t)
	d := rig.New(t, rig.Options{World: func(w *client.World) { w.Customers[0].Limits = []client.Limit{rig.Money(fmt.Sprint(*fits))} }})
	d.Start(t)
	doors := rig.Doors(t, d)
	imagery := rig.DoorOf(doors, "ard").(interface {
		Reprice(testing.TB) // so that what was selected costs 1.00
	})
	imagery.Reprice(t)
	s := &sale{t: t, accepted: map[string]int{}, refused: map[string]int{}}
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for c := range *sellers {
		door := doors[c%len(doors)]
		all.Go(func() {
			for n := next.Add(1); n <= int64(*attempts); n = next.Add(1) {
				r := door.Place(t.Context(), fmt.Sprintf("%s-%06d", door.Name()[:1], n), 1, false)
				for range 10 { // a desk that is busy says so, and is asked again
					if r.Outcome != rig.Unknown {
						break
					}
					r = door.Place(t.Context(), fmt.Sprintf("%s-%06d", door.Name()[:1], n), 1, true)
				}
				s.hear(door.Name(), r)
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	total := 0
	for _, n := range s.accepted {
		total += n
	}
	if total != *fits {
		t.Errorf("%d orders were accepted, want %d: %v", total, *fits, s.accepted)
	}
	s.compare(d, total)
	t.Logf("%s: %d attempts by %d clients in %s; accepted %v, refused %v", d, *attempts, *sellers, took.Round(time.Millisecond), s.accepted, s.refused)
}

type sale struct {
	t                 *testing.T
	mu                sync.Mutex
	accepted, refused map[string]int
}

// hear counts an answer, and looks at a refusal: its door's own, and its figures full.
func (s *sale) hear(door string, r rig.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Outcome == rig.Done {
		s.accepted[door]++
		return
	}
	s.refused[door]++
	want := refusals[door]
	var header strings.Builder
	if err := r.Header.Write(&header); err != nil {
		s.t.Error(err)
	}
	if r.Status != want.status || !regexp.MustCompile(want.header).MatchString(header.String()) || !regexp.MustCompile(want.body).MatchString(r.Body) {
		s.t.Errorf("%s refuses with %s\n%s", door, r, header.String())
	}
	told := rig.Breaches(r.Body)
	if len(told) != 1 || told[0].Measure != "money" || told[0].Scope != "customer" || told[0].Limit != fmt.Sprint(*fits) || told[0].Asked != "1" {
		s.t.Errorf("%s refuses for %+v", door, told)
		return
	}
	var used, held int
	if _, err := fmt.Sscan(told[0].Used+" "+told[0].Held, &used, &held); err != nil || used+held != *fits {
		s.t.Errorf("%s refuses with %s used and %s held of %d: there was room", door, told[0].Used, told[0].Held, *fits)
	}
}

// compare holds the desk's own list and books to what was answered.
func (s *sale) compare(d *rig.Desk, accepted int) {
	have, err := d.Orders(s.t.Context(), client.OrderQuery{})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(have) != accepted {
		s.t.Errorf("%d orders are there, %d were accepted", len(have), accepted)
	}
	byDoor := map[string]int{}
	for _, o := range have {
		byDoor[o.Door]++
		if o.Due != "1" {
			b, _ := json.Marshal(o) // to show
			s.t.Errorf("an order is due %s, want 1: %s", o.Due, b)
		}
	}
	for door, n := range s.accepted {
		if byDoor[door] != n {
			s.t.Errorf("%s answered %d orders, %d are there", door, n, byDoor[door])
		}
		if n == 0 || s.refused[door] == 0 {
			s.t.Errorf("%s accepted %d and refused %d: it was not in it", door, n, s.refused[door])
		}
	}
	d.Verify(s.t)
}
