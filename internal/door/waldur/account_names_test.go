package waldur

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
)

// reading is a store that counts the rows of accounts which its transactions read.
type reading struct {
	core.Store
	rows int
}

type readingTx struct {
	core.Tx
	rows *int
}

func (s *reading) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	return s.Store.Update(ctx, on, func(tx core.Tx) error { return fn(&readingTx{tx, &s.rows}) })
}

func (t *readingTx) Documents(q core.DocumentQuery) ([]core.Document, error) {
	docs, err := t.Tx.Documents(q)
	if q.Kind == kindAccount {
		*t.rows += len(docs)
	}
	return docs, err
}

// TestANewNameIsFoundInAFewLooks: however many have an account, the next one's name asks for
// few of theirs.
func TestANewNameIsFoundInAFewLooks(t *testing.T) {
	for policy, want := range map[string]string{"anonymized": "waldur_%05d", "full_name": "same_name_%02d"} {
		t.Run(policy, func(t *testing.T) {
			const people = 130
			d := newDesk(t)
			s := &reading{Store: fresh.Store(t, d.now)}
			d.core = core.New(s, d.now, id.NewSource(d.now, 0, 0), seal.Key{1}, nil, core.Config{})
			var err error
			if d.made, err = d.core.Apply(ctx, core.System(), world()); err != nil {
				t.Fatal(err)
			}
			d.handler = New(d.core, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: d.core}, Version: "1.2.3"})
			d.setOptions(`{"service_provider_can_create_offering_user":true,"username_generation_policy":"` + policy + `"}`)
			d.allocate("one")
			d.kept()
			first := len(d.told())
			var w core.World
			for n := range people {
				u := join(fmt.Sprint("user", n), "aurora").Users[0]
				u.Name = "Same Name"
				w.Users = append(w.Users, u)
			}
			d.applied(w)
			d.kept()
			next := join("last", "aurora")
			next.Users[0].Name = "Same Name"
			d.applied(next)
			s.rows = 0
			d.kept()
			if s.rows > 40 {
				t.Errorf("the name behind %d others took %d rows of theirs", people, s.rows)
			}
			number := people
			if policy == "anonymized" {
				number += first
			}
			if got := d.accountNamed("last").Username; got != fmt.Sprintf(want, number) {
				t.Errorf("the last is called %s, want %s", got, fmt.Sprintf(want, number))
			}
			if all := d.told(); len(all) != first+people+1 || strings.Contains(fmt.Sprint(all), " Requested") {
				t.Errorf("%d accounts: %v", len(all), all)
			}
		})
	}
}

// TestANumberIsOneThatNobodyHas: also where what is taken has gaps.
func TestANumberIsOneThatNobodyHas(t *testing.T) {
	for n := range 200 {
		used := map[string]bool{}
		for i := range n {
			used[fmt.Sprintf("x%03d", i)] = true
		}
		looks := 0
		has := func(s string) bool { looks++; return used[s] }
		if got := numbered("x", 3, has); got != fmt.Sprintf("x%03d", n) || looks > 20 {
			t.Errorf("behind %d others it is %s after %d looks", n, got, looks)
		}
		delete(used, "x000")
		delete(used, "x007")
		if got := numbered("x", 3, has); used[got] {
			t.Errorf("%s is taken", got)
		}
	}
}
