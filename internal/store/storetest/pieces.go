package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

// customerEntries: two customers' orders interleave; each third order is a create with
// usages, whose ids lie among those of orders.
func customerEntries(t *testing.T, s core.Store) {
	f := newFiller(61)
	want := map[id.ID][]ledger.Entry{}
	entry := func(subject id.ID, n int, customer, usage id.ID) ledger.Entry {
		var e ledger.Entry
		fill(f, &e)
		e.Subject, e.N, e.Customer, e.Usage = subject, n, customer, usage
		return e
	}
	update(t, s, func(tx core.Tx) error {
		clear(want) // it may run again
		ofUsages := map[id.ID][]ledger.Entry{}
		for i := range 24 {
			o := anOrder(madeID(i * 10))
			o.Customer, o.Resource, o.Type = id.ID(7+i%2), o.ID, order.Create
			if i%3 != 0 {
				o.Type, o.Resource = order.Update, madeID(0)
			}
			if err := tx.InsertOrder(o); err != nil {
				return err
			}
			for n := range i % 4 {
				want[o.Customer] = append(want[o.Customer], entry(o.ID, n+1, o.Customer, 0))
			}
			if o.Type != order.Create {
				continue
			}
			// Later periods under earlier ids: pieces go by resource and period.
			for p := range 3 {
				u := order.Usage{ID: madeID(i*10 + 5 - p), Resource: o.ID, Component: 3, Period: day.Day(20000 + 30*p)}
				if err := tx.PutUsage(u); err != nil {
					return err
				}
				for n := range 2 {
					ofUsages[o.Customer] = append(ofUsages[o.Customer], entry(u.ID, n+1, o.Customer, u.ID))
				}
			}
		}
		for c := range want {
			want[c] = append(want[c], ofUsages[c]...)
			if err := tx.InsertEntries(shuffled(want[c])); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(r core.Reader) error {
		for _, size := range []int{1, 4, 1000} {
			for c := range want {
				var got []ledger.Entry
				for after := (core.EntryKey{}); ; {
					piece, err := r.CustomerEntries(c, after, size)
					if err != nil || len(piece) > size {
						t.Fatalf("a piece of %d, %v", len(piece), err)
					}
					if len(piece) == 0 {
						break
					}
					got = append(got, piece...)
					last := piece[len(piece)-1]
					after = core.EntryKey{Subject: last.Subject, N: last.N}
				}
				if !reflect.DeepEqual(got, want[c]) {
					t.Errorf("customer %d in pieces of %d: %v, want %v", c, size, keysOf(got), keysOf(want[c]))
				}
			}
		}
		none, err := r.CustomerEntries(99, core.EntryKey{}, 10)
		if len(none) != 0 {
			t.Errorf("entries of nobody: %v", keysOf(none))
		}
		return err
	})
}

func keysOf(list []ledger.Entry) []string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s/%d", e.Subject, e.N))
	}
	return out
}

// shuffled is a list in another order, always the same one.
func shuffled[T any](list []T) []T {
	out := slices.Clone(list)
	newFiller(uint64(len(list))).rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func otherPieces(t *testing.T, s core.Store) {
	var jobs []core.Job
	want := map[[16]byte]core.Idem{}
	update(t, s, func(tx core.Tx) error {
		jobs = nil // it may run again
		for i := range 23 {
			j := core.Job{Subject: madeID(i / 2), Kind: []string{"a", "b"}[i%2], RunAt: began, Attempt: i}
			jobs = append(jobs, j)
			m := core.Idem{Day: day.Day(20000 + i%2), Hash: [16]byte{byte(i * 7)}, Body: [8]byte{1}, About: madeID(i), At: began}
			want[m.Hash] = m
			if err := tx.PutIdem(m); err != nil {
				return err
			}
		}
		for _, j := range shuffled(jobs) {
			if err := tx.PutJob(j); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(r core.Reader) error {
		var got []core.Job
		for {
			var after core.Job
			if len(got) > 0 {
				after = got[len(got)-1]
			}
			piece, err := r.AllJobs(after, 5)
			if err != nil || len(piece) > 5 {
				t.Fatalf("a piece of %d, %v", len(piece), err)
			}
			if got = append(got, piece...); len(piece) == 0 {
				break
			}
		}
		if !reflect.DeepEqual(got, jobs) {
			t.Errorf("jobs %v, want %v", got, jobs)
		}
		had := map[[16]byte]core.Idem{}
		for after := ""; ; {
			piece, next, err := r.AllIdem(after, 5)
			if err != nil || len(piece) > 5 {
				t.Fatalf("a piece of %d, %v", len(piece), err)
			}
			if len(piece) == 0 {
				break
			}
			for _, m := range piece {
				if _, twice := had[m.Hash]; twice {
					t.Fatalf("the request %x comes twice", m.Hash)
				}
				had[m.Hash] = m
			}
			after = next
		}
		if !reflect.DeepEqual(had, want) {
			t.Errorf("requests %v, want %v", had, want)
		}
		return nil
	})
}
