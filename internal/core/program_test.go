package core_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/tenant"
)

// programs asks for as many as there are logins, for the buyer's project; most -1: there may be
// any number.
func (d *desk) programs(most int, logins ...string) core.Programs {
	p := core.Programs{Right: tenant.ServiceAccounts, Customer: d.buyer.ID, Project: d.project.ID, Kind: "test.program", State: "OK", Keyed: true}
	if most >= 0 {
		p.Most = &most
	}
	for _, l := range logins {
		p.Each = append(p.Each, core.ProgramSpec{Login: l, Body: json.RawMessage("{}")})
	}
	return p
}

func TestOfProgramsThatAreMadeAtOnceAsManyAreTakenAsThereMayBe(t *testing.T) {
	d := newDesk(t)
	var mu sync.Mutex
	var all sync.WaitGroup
	var logins []string
	for n := range 6 {
		all.Go(func() {
			made, err := d.MakePrograms(ctx, d.owner, d.programs(4, fmt.Sprint("batch ", n%2)))
			mu.Lock()
			defer mu.Unlock()
			if err != nil && core.AsError(err).Field != "most" {
				t.Error(err)
			}
			for _, m := range made {
				logins = append(logins, m.User.Login)
			}
		})
	}
	all.Wait()
	slices.Sort(logins)
	if len(logins) != 4 || len(slices.Compact(slices.Clone(logins))) != 4 {
		t.Errorf("made are %v, want 4 with names of their own", logins)
	}
}

func TestProgramsAreMadeAllOrNone(t *testing.T) {
	d := newDesk(t)
	must(d.MakePrograms(ctx, d.owner, d.programs(-1, "one")))(t)
	if made, err := d.MakePrograms(ctx, d.owner, d.programs(3, "two", "two", "three")); core.KindOf(err) != core.Invalid {
		t.Fatalf("four of three: %v %v", made, err)
	}
	if err := d.View(ctx, d.staff, func(s *core.Scene) error {
		n, err := s.CountDocuments(core.DocumentQuery{Kind: "test.program"})
		users, err2 := s.Users(core.UserQuery{Words: "tw", Page: core.Page{Limit: 10}})
		if n != 1 || len(users) != 0 {
			t.Errorf("there are %d, and %v of those that were refused", n, users)
		}
		return errorsOr(err, err2)
	}); err != nil {
		t.Fatal(err)
	}
	if made, err := d.MakePrograms(ctx, d.owner, d.programs(0, "two")); core.KindOf(err) != core.Invalid {
		t.Fatalf("one of none: %v %v", made, err)
	}
	made := must(d.MakePrograms(ctx, d.owner, d.programs(3, "two", "two")))(t)
	if made[0].User.Login != "two" || made[1].User.Login != "two-2" {
		t.Errorf("they are %s and %s", made[0].User.Login, made[1].User.Login)
	}
}

func TestWhoMayHavePrograms(t *testing.T) {
	d := newDesk(t)
	p := must(d.MakePrograms(ctx, d.owner, d.programs(-1, "one")))(t)[0]
	narrowed, reader := d.owner, d.owner
	narrowed.Project, reader.ReadOnly = d.project.ID, true
	for name, tt := range map[string]struct {
		who          core.Actor
		make, change core.Kind
	}{
		"owner": {d.owner, "", ""}, "staff": {d.staff, "", ""}, "member": {d.member, core.Forbidden, core.NotFound}, "seller": {d.seller, core.NotFound, core.NotFound},
		"outsider": {d.outsider, core.NotFound, core.NotFound}, "a narrowed key": {narrowed, core.Forbidden, core.Forbidden}, "a key that only reads": {reader, core.Forbidden, core.Forbidden},
	} {
		if _, err := d.MakePrograms(ctx, tt.who, d.programs(-1, "more")); core.KindOf(err) != tt.make {
			t.Errorf("made by %s: %v, want %q", name, err, tt.make)
		}
		same := func(*core.Program) (bool, error) { return false, nil }
		if _, err := d.ChangeProgram(ctx, tt.who, tenant.ServiceAccounts, "test.program", p.Document.ID, same); core.KindOf(err) != tt.change {
			t.Errorf("changed by %s: %v, want %q", name, err, tt.change)
		}
	}
}

// A program has one key, for its project; another takes its place, and none is left when it ends.
func TestAProgramsKeyIsTheLatestOne(t *testing.T) {
	d := newDesk(t)
	p := must(d.MakePrograms(ctx, d.owner, d.programs(-1, "one")))(t)[0]
	opens := func(token string) core.Kind {
		i := must(tenant.ParseToken(token))(t)
		h, err := d.Holder(ctx, i)
		if err == nil && (h.Actor.Project != d.project.ID || h.Actor.User.ID != p.User.ID || h.Actor.ReadOnly) {
			t.Errorf("the key lets in %+v", h.Actor)
		}
		return core.KindOf(err)
	}
	change := func(edit func(*core.Program) bool) core.Program {
		return must(d.ChangeProgram(ctx, d.owner, tenant.ServiceAccounts, "test.program", p.Document.ID, func(p *core.Program) (bool, error) { return edit(p), nil }))(t)
	}
	if k := opens(p.Token); k != "" {
		t.Errorf("the first key: %s", k)
	}
	d.clock.ahead(aDay)
	if same := change(func(*core.Program) bool { return false }); !same.User.Changed().Equal(p.User.Changed()) {
		t.Errorf("nothing of the user has changed at %s", same.User.Changed())
	}
	kept := change(func(p *core.Program) bool { p.User.Email = "one@example.org"; return false })
	if !kept.User.Changed().Equal(d.clock.now()) {
		t.Errorf("the user's e-mail has changed at %s", kept.User.Changed())
	}
	if k := opens(p.Token); k != "" || kept.Token != "" {
		t.Errorf("after a change of its e-mail the key: %q, and %q is told", k, kept.Token)
	}
	anew := change(func(*core.Program) bool { return true })
	if a, b := opens(p.Token), opens(anew.Token); a != core.Unauthenticated || b != "" {
		t.Errorf("the old key: %q, the new one: %q", a, b)
	}
	change(func(p *core.Program) bool { p.User.Active, p.Document.State = false, "Closed"; return false })
	if k := opens(anew.Token); k != core.Unauthenticated {
		t.Errorf("after its end: %q", k)
	}
}
