package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// gives grants somebody a role in the project, which is an event where they had none.
func (d *desk) gives(t *testing.T, login string) {
	t.Helper()
	must(d.Apply(ctx, core.System(), core.World{Users: []core.UserSpec{{Login: login, Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: d.project.Slug}}}}}))(t)
}

func TestAReaderOfTheFeedGetsEachEventAtLeastOnceAndInOrder(t *testing.T) {
	d := newDesk(t)
	var got []int64
	failing := false
	r := core.Reaction{Name: "test", Kinds: []string{core.EventGranted}, Most: 2, FromEnd: true, Do: func(_ context.Context, events []core.Event) error {
		if failing {
			return errors.New("killed")
		}
		for _, e := range events {
			var c core.RoleChange
			if err := json.Unmarshal(e.Body, &c); err != nil || c.User == 0 || c.Scope != tenant.OnProject || e.Subject != d.project.ID || e.Customer != d.buyer.ID {
				t.Errorf("the event says %s (%v)", e.Body, err)
			}
			got = append(got, e.Pos)
		}
		return nil
	}}
	follow := func(want int) {
		t.Helper()
		if n, err := d.Follow(ctx, r); err != nil || n != want {
			t.Fatalf("%d events, %v, want %d", n, err, want)
		}
	}
	follow(0) // what was before is not asked for
	for _, login := range []string{"one", "two", "three"} {
		d.gives(t, login)
	}
	failing = true
	if _, err := d.Follow(ctx, r); err == nil {
		t.Fatal("a reader that failed did not say so")
	}
	failing = false
	follow(2)
	follow(1)
	follow(0)
	d.gives(t, "three") // which changes nothing and is no event
	follow(0)
	if len(got) != 3 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 3 {
		t.Errorf("handed over were the positions %v", got)
	}
	again := core.Reaction{Name: "another", Kinds: r.Kinds, Most: 100, Do: func(context.Context, []core.Event) error { return nil }}
	if n, err := d.Follow(ctx, again); err != nil || n < 3 {
		t.Errorf("a reader from the start got %d, %v", n, err)
	}
}

func TestADocumentUnderANaturalKeyIsMadeOnce(t *testing.T) {
	d := newDesk(t)
	key := core.DocumentKey{Kind: "test.kept", Customer: d.buyer.ID, Name: "one"}
	var all sync.WaitGroup
	var mu sync.Mutex
	made, ids := 0, map[id.ID]bool{}
	for range 8 {
		all.Go(func() {
			doc, new, err := d.KeepDocument(ctx, core.System(), key, func(_ *core.Scene, doc *core.Document) error {
				var n int
				if doc.Rev != 0 {
					if err := json.Unmarshal(doc.Body, &n); err != nil {
						return err
					}
				}
				var err error
				doc.Body, err = json.Marshal(n + 1)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			ids[doc.ID] = true
			if new {
				made++
			}
		})
	}
	all.Wait()
	same := func(*core.Scene, *core.Document) error { return nil }
	doc, new, err := d.KeepDocument(ctx, core.System(), key, same)
	if err != nil || new || made != 1 || len(ids) != 1 || string(doc.Body) != "8" || doc.Rev != 8 {
		t.Errorf("eight at once made %d of %d ids; it is %+v (%v)", made, len(ids), doc, err)
	}
	reader := d.owner
	reader.ReadOnly = true
	if _, _, err := d.KeepDocument(ctx, reader, key, same); core.KindOf(err) != core.Forbidden {
		t.Errorf("a key that may only read: %v", err)
	}
	refused := errors.New("no")
	if _, _, err := d.KeepDocument(ctx, core.System(), core.DocumentKey{Kind: "test.kept", Customer: d.buyer.ID, Name: "two"}, func(*core.Scene, *core.Document) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("a refusal came back as %v", err)
	}
}
