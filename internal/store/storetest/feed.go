package storetest

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
)

func eventFilters(t *testing.T, s core.Store) {
	kinds := []string{"order.placed", "order.done", "line.moved"}
	var all []core.Event
	update(t, s, func(tx core.Tx) error {
		for i := range 150 {
			e := core.Event{At: began.Add(time.Duration(i) * time.Second), Kind: kinds[i%3], Customer: id.ID(i%4 + 1), Subject: id.ID(i%7 + 1)}
			if err := tx.InsertEvent(e); err != nil {
				return err
			}
			e.Pos = int64(i + 1)
			all = append(all, e)
		}
		return nil
	})
	view(t, s, func(r core.Reader) error {
		if last, err := r.LastEvent(); err != nil || last != int64(len(all)) {
			t.Errorf("the last event's position is %d (%v), want %d", last, err, len(all))
		}
		return nil
	})
	for name, tt := range map[string]struct {
		q    core.EventQuery
		keep func(core.Event) bool
	}{
		"all, the first hundred":   {core.EventQuery{}, func(core.Event) bool { return true }},
		"after a position":         {core.EventQuery{After: 60, Limit: 20}, func(e core.Event) bool { return e.Pos > 60 }},
		"of customers":             {core.EventQuery{Customers: []id.ID{2, 4}}, func(e core.Event) bool { return e.Customer%2 == 0 }},
		"of a subject":             {core.EventQuery{Subject: 3}, func(e core.Event) bool { return e.Subject == 3 }},
		"of a kind":                {core.EventQuery{Kinds: kinds[:1]}, func(e core.Event) bool { return e.Kind == kinds[0] }},
		"of kinds, after, bounded": {core.EventQuery{Kinds: kinds[1:], After: 9, Limit: 7}, func(e core.Event) bool { return e.Pos > 9 && e.Kind != kinds[0] }},
	} {
		t.Run(name, func(t *testing.T) {
			want := filter(all, tt.keep)
			if tt.q.Limit == 0 {
				tt.q.Limit = 100
			}
			want = want[:min(len(want), tt.q.Limit)]
			view(t, s, func(r core.Reader) error {
				got, err := r.Events(tt.q)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %d events %v\nwant %d %v", len(got), got, len(want), want)
				}
				return err
			})
		})
	}
}

func filter[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, v := range list {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

func dueJobs(t *testing.T, s core.Store) {
	at := func(i int) time.Time { return began.Add(time.Duration(i) * time.Minute) }
	put := []core.Job{
		{Subject: 1, Kind: "delivery", RunAt: at(5)}, {Subject: 2, Kind: "delivery", RunAt: at(1)},
		{Subject: 1, Kind: "expire", RunAt: at(3)}, {Subject: 3, Kind: "webhook", RunAt: at(4), Attempt: 2, LastError: "refused"},
		{Subject: 3, Kind: "delivery", RunAt: at(9)},
	}
	update(t, s, func(tx core.Tx) error {
		var err error
		for _, j := range put {
			err = errors.Join(err, tx.PutJob(j))
		}
		return err
	})
	view(t, s, func(r core.Reader) error {
		for name, tt := range map[string]struct {
			kinds []string
			now   time.Time
			n     int
			want  []core.Job
		}{
			"none is due":         {nil, at(0), 10, nil},
			"due at that instant": {nil, at(1), 10, []core.Job{put[1]}},
			"of all kinds":        {nil, at(5), 10, []core.Job{put[1], put[2], put[3], put[0]}},
			"of a kind":           {[]string{"delivery"}, at(8), 10, []core.Job{put[1], put[0]}},
			"of kinds, bounded":   {[]string{"webhook", "expire"}, at(8), 1, []core.Job{put[2]}},
		} {
			t.Run(name, func(t *testing.T) {
				got, err := r.DueJobs(tt.kinds, tt.now, tt.n)
				if err != nil || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %v, %v\nwant %v", got, err, tt.want)
				}
			})
		}
		next, err := r.NextJob([]string{"webhook", "none"})
		if !next.Equal(at(4)) {
			t.Errorf("the next webhook is due at %v", next)
		}
		first, err2 := r.NextJob(nil)
		if !first.Equal(at(1)) {
			t.Errorf("the next of all is due at %v", first)
		}
		_, err3 := r.NextJob([]string{"none"})
		wantNotFound(t, err3)
		return errors.Join(err, err2)
	})
}

func deleteJob(t *testing.T, s core.Store) {
	job := core.Job{Subject: 1, Kind: "delivery", RunAt: began, Attempt: 2}
	update(t, s, func(tx core.Tx) error { return tx.PutJob(job) })
	for _, step := range []struct {
		name    string
		attempt int
		again   bool
		want    bool
	}{
		{"an earlier attempt", 1, false, false},
		{"its attempt", 2, false, true},
		{"it is gone", 2, false, false},
		{"any attempt", -1, true, true},
		{"any attempt of what is gone", -1, false, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			var was bool
			update(t, s, func(tx core.Tx) (err error) {
				if step.again {
					if err := tx.PutJob(job); err != nil {
						return err
					}
				}
				was, err = tx.DeleteJob(1, "delivery", step.attempt)
				return err
			})
			if was != step.want {
				t.Errorf("was there: %v, want %v", was, step.want)
			}
		})
	}
}

func idem(d day.Day, hash byte) core.Idem {
	return core.Idem{Day: d, Hash: [16]byte{hash, 15: 1}, Body: [8]byte{hash}, About: id.ID(hash), At: d.Time()}
}

// wantIdem fails the test unless what is remembered for the hash among the days is want.
func wantIdem(t *testing.T, s core.Store, days []day.Day, hash byte, want *core.Idem) {
	t.Helper()
	view(t, s, func(r core.Reader) error {
		got, err := r.Idem(days, [16]byte{hash, 15: 1})
		if want == nil {
			wantNotFound(t, err)
			return nil
		}
		if got != *want {
			t.Errorf("got %v, want %v", got, *want)
		}
		return err
	})
}

func idemDays(t *testing.T, s core.Store) {
	one, two := idem(100, 1), idem(101, 2)
	update(t, s, func(tx core.Tx) error {
		if err := errors.Join(tx.PutIdem(one), tx.PutIdem(two)); err != nil {
			return err
		}
		got, err := tx.Idem([]day.Day{100}, one.Hash)
		if got != one {
			t.Errorf("within its transaction: %v", got)
		}
		return err
	})
	wantIdem(t, s, []day.Day{100, 101, 102}, 1, &one)
	wantIdem(t, s, []day.Day{100, 101, 102}, 2, &two)
	wantIdem(t, s, []day.Day{101, 102}, 1, nil)
	wantIdem(t, s, []day.Day{100, 101, 102}, 3, nil)
	wantIdem(t, s, nil, 1, nil)
}

func idemReplaced(t *testing.T, s core.Store) {
	one := idem(100, 1)
	update(t, s, func(tx core.Tx) error { return tx.PutIdem(one) })
	again := idem(101, 1)
	again.About, again.Body = 77, [8]byte{9}
	update(t, s, func(tx core.Tx) error { return tx.PutIdem(again) })
	wantIdem(t, s, []day.Day{100, 101}, 1, &again)
	wantIdem(t, s, []day.Day{100}, 1, nil)
	update(t, s, func(tx core.Tx) error {
		third := again
		third.About = 78
		again = third
		return errors.Join(tx.PutIdem(idem(101, 1)), tx.PutIdem(third))
	})
	wantIdem(t, s, []day.Day{101}, 1, &again)
}

func idemRolledBack(t *testing.T, s core.Store) {
	one := idem(100, 1)
	update(t, s, func(tx core.Tx) error { return tx.PutIdem(one) })
	err := tryUpdate(s, func(tx core.Tx) error {
		_, dropped := tx.DropIdem(101, 9)
		return errors.Join(tx.PutIdem(idem(100, 2)), tx.PutIdem(idem(101, 1)), dropped, errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	wantIdem(t, s, []day.Day{100, 101}, 1, &one)
	wantIdem(t, s, []day.Day{100, 101}, 2, nil)
	two := idem(100, 2)
	two.About = 5
	update(t, s, func(tx core.Tx) error { return tx.PutIdem(two) })
	wantIdem(t, s, []day.Day{100}, 2, &two)
}

func idemDropped(t *testing.T, s core.Store) {
	late := idem(102, 3)
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.PutIdem(idem(100, 1)), tx.PutIdem(idem(101, 2)), tx.PutIdem(late))
	})
	days := []day.Day{100, 101, 102}
	again := idem(102, 2)
	update(t, s, func(tx core.Tx) error {
		if err := tx.PutIdem(idem(100, 4)); err != nil {
			return err
		}
		for _, want := range []int{2, 1, 0} { // in pieces
			n, err := tx.DropIdem(102, 2)
			if err != nil {
				return err
			}
			if n != want {
				t.Errorf("%d were dropped, want %d", n, want)
			}
		}
		for _, hash := range []byte{1, 2, 4} {
			_, err := tx.Idem(days, [16]byte{hash, 15: 1})
			wantNotFound(t, err)
		}
		return tx.PutIdem(again)
	})
	wantIdem(t, s, days, 1, nil)
	wantIdem(t, s, days, 2, &again)
	wantIdem(t, s, days, 3, &late)
	wantIdem(t, s, days, 4, nil)
	update(t, s, func(tx core.Tx) error {
		n, err := tx.DropIdem(200, 100)
		if err == nil && n != 2 {
			t.Errorf("%d were dropped, want 2", n)
		}
		return err
	})
	one := idem(200, 1)
	update(t, s, func(tx core.Tx) error { return tx.PutIdem(one) })
	wantIdem(t, s, []day.Day{200}, 1, &one)
	wantIdem(t, s, append(slices.Clone(days), 200), 3, nil)
}
