package waldur

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// shownAccount is what tests read of an account.
type shownAccount struct {
	UUID     string
	Username string
	State    string
	User     string `json:"user_username"`
	Comment  string `json:"service_provider_comment"`
}

// allocate orders an allocation of the cluster and has its provider finish it.
func (d *desk) allocate(name string) (resource string) {
	d.t.Helper()
	v := d.vars()
	var made struct {
		UUID     string
		Resource string `json:"marketplace_resource_uuid"`
	}
	d.did("alice", http.MethodPost, "/api/marketplace-orders/", fmt.Sprintf(`{"offering": "/api/marketplace-public-offerings/%s/", "project": "/api/projects/%s/", "plan": "/api/marketplace-plans/%s/", "attributes": {"name": %q}, "limits": {"storage": 1}}`,
		v["hpc"], v["project"], v["standard"], name), http.StatusCreated, &made)
	d.did("pat", http.MethodPost, "/api/marketplace-orders/"+made.UUID+"/approve_by_provider/", "{}", http.StatusOK, nil)
	d.did("pat", http.MethodPost, "/api/marketplace-orders/"+made.UUID+"/set_state_done/", "", http.StatusOK, nil)
	return made.Resource
}

// did sends a request that must be answered with a status.
func (d *desk) did(who, method, path, body string, want int, into any) {
	d.t.Helper()
	res, b := d.ask(who, method, path, body)
	if res.StatusCode != want {
		d.t.Fatalf("%s %s %s: %d %s, want %d", who, method, path, res.StatusCode, b, want)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			d.t.Fatalf("%s %s: %v\n%s", method, path, err, b)
		}
	}
}

func (d *desk) keeper() *AccountKeeper {
	return &AccountKeeper{Core: d.core, Log: slog.New(slog.DiscardHandler)}
}

// kept lets the accounts' keeper read the feed to its end.
func (d *desk) kept() {
	d.t.Helper()
	if _, err := d.keeper().Once(ctx); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) accountsOf(who string) []shownAccount {
	d.t.Helper()
	var out []shownAccount
	d.get(who, "/api/marketplace-offering-users/?page_size=300", &out)
	return out
}

// told is who has which account in which state.
func (d *desk) told() map[string]string {
	d.t.Helper()
	out := map[string]string{}
	for _, a := range d.accountsOf("pat") {
		if _, twice := out[a.User]; twice {
			d.t.Errorf("%s has two accounts", a.User)
		}
		out[a.User] = a.Username + " " + a.State
	}
	return out
}

func wantAccounts(t *testing.T, d *desk, want map[string]string) {
	t.Helper()
	if got := d.told(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("accounts are %v, want %v", got, want)
	}
}

func (d *desk) applied(w core.World) {
	d.t.Helper()
	if _, err := d.core.Apply(ctx, core.System(), w); err != nil {
		d.t.Fatal(err)
	}
}

// setOptions sets the cluster's plugin options.
func (d *desk) setOptions(options string) {
	d.t.Helper()
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","category":"HPC","plugin_options":` + options + `}`)}}}}})
}

func join(login, project string) core.World {
	return core.World{Users: []core.UserSpec{{Login: login, Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: project}}}}}
}

func TestAccountsFollowResourcesAndRoles(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.place("lab", 1) // of an offering without accounts
	d.allocate("one")
	wantAccounts(t, d, map[string]string{})
	d.kept()
	wantAccounts(t, d, map[string]string{"mary": " Requested", "carol": " Requested"})
	d.kept()
	wantAccounts(t, d, map[string]string{"mary": " Requested", "carol": " Requested"})

	d.applied(join("bob", "aurora"))
	d.applied(join("nobody", "borealis")) // where there is no resource of the cluster
	d.kept()
	wantAccounts(t, d, map[string]string{"mary": " Requested", "carol": " Requested", "bob": " Requested"})
}

func TestAnAccountIsAskedToEndWithItsUsersLastRole(t *testing.T) {
	d := newDesk(t)
	d.kept()
	resource := d.allocate("one")
	until := d.now().Add(24 * time.Hour)
	d.applied(core.World{Users: []core.UserSpec{{Login: "bob", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora", Until: &until}}}}})
	d.kept()
	bob := d.accountNamed("bob")
	d.did("pat", http.MethodPatch, "/api/marketplace-offering-users/"+bob.UUID+"/", `{"username": "bborg"}`, http.StatusOK, nil)
	d.later(25 * time.Hour)
	d.swept()
	if got := d.told()["bob"]; got != "bborg Requested deletion" {
		t.Errorf("after his role ended bob's account is %q", got)
	}
	if team := d.team(resource); strings.Contains(fmt.Sprint(team), "bborg") {
		t.Errorf("the team still is %v", team)
	}
	d.applied(core.World{Users: []core.UserSpec{{Login: "bob", Roles: []core.RoleSpec{{Role: tenant.ProjectAdmin, Project: "aurora"}}}}})
	d.kept()
	if got := d.told()["bob"]; got != "bborg OK" {
		t.Errorf("with a role again bob's account is %q", got)
	}
}

func TestAnAccountThatItsProviderEndsStaysEnded(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.allocate("one")
	d.kept()
	carol, mary := d.accountNamed("carol"), d.accountNamed("mary")
	d.did("pat", http.MethodPatch, "/api/marketplace-offering-users/"+carol.UUID+"/", `{"username": "cc"}`, http.StatusOK, nil)
	for _, act := range []string{"request_deletion", "set_deleting", "set_deleted"} {
		d.did("pat", http.MethodPost, "/api/marketplace-offering-users/"+carol.UUID+"/"+act+"/", "", http.StatusOK, nil)
		d.swept()
	}
	d.did("pat", http.MethodDelete, "/api/marketplace-offering-users/"+mary.UUID+"/", "", http.StatusNoContent, nil)
	d.swept()
	wantAccounts(t, d, map[string]string{"carol": "cc Deleted"})
	d.allocate("two") // now they have a new use for one
	d.kept()
	wantAccounts(t, d, map[string]string{"carol": " Requested", "mary": " Requested"})
}

func TestAnAccountMadeForSomebodyWithoutARoleIsLeftAlone(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.allocate("one")
	v := d.vars()
	d.did("operator", http.MethodPost, "/api/marketplace-offering-users/", fmt.Sprintf(`{"offering_uuid": %q, "user_uuid": %q, "username": "guest"}`, v["hpc"], v["bob"]), http.StatusCreated, nil)
	d.swept()
	if got := d.told()["bob"]; got != "guest OK" {
		t.Errorf("bob's account is %q", got)
	}
}

func TestUsernamesFollowThePolicy(t *testing.T) {
	for policy, want := range map[string]map[string]string{
		`"username_generation_policy":"service_provider"`:                                   {"carol": " Requested", "mary": " Requested"},
		`"username_generation_policy":"waldur_username"`:                                    {"carol": "carol OK", "mary": "mary OK"},
		`"username_generation_policy":"full_name"`:                                          {"carol": "carol_member_00 OK", "mary": "mary_manager_00 OK"},
		`"username_generation_policy":"anonymized","username_anonymized_prefix":"u"`:        {"carol": "u00001 OK", "mary": "u00000 OK"},
		`"username_generation_policy":"freeipa"`:                                            {"carol": " Requested", "mary": "mfree OK"},
		`"username_generation_policy":"what the next version brings"`:                       {"carol": " Requested", "mary": " Requested"},
		`"username_generation_policy":"waldur_username","offering_user_auto_deletion":true`: {"carol": "carol OK", "mary": "mary OK"},
	} {
		t.Run(policy, func(t *testing.T) {
			d := newDesk(t)
			d.setOptions(`{"service_provider_can_create_offering_user":true,` + policy + `}`)
			d.applied(core.World{Users: []core.UserSpec{{Login: "mary", Attrs: json.RawMessage(`{"freeipa_username":"mfree"}`)}}})
			d.kept()
			d.allocate("one")
			d.kept()
			wantAccounts(t, d, want)
		})
	}
}

// TestUsernamesHaveABound: an operator's file may say anything.
func TestUsernamesHaveABound(t *testing.T) {
	long := strings.Repeat("ä", 70_000)
	for policy, want := range map[string]map[string]string{
		`"username_generation_policy":"anonymized","username_anonymized_prefix":"` + long + `"`: {"carol": long[:2*95] + "00001 OK", "mary": long[:2*95] + "00000 OK"},
		`"username_generation_policy":"freeipa"`:                                                {"carol": " Requested", "mary": long[:2*100] + " OK"},
	} {
		d := newDesk(t)
		d.setOptions(`{"service_provider_can_create_offering_user":true,` + policy + `}`)
		d.applied(core.World{Users: []core.UserSpec{{Login: "mary", Attrs: json.RawMessage(`{"freeipa_username":"` + long + `"}`)}}})
		d.kept()
		d.allocate("one")
		d.kept()
		wantAccounts(t, d, want)
	}
	d := newDesk(t)
	var shelf []struct{ URL string }
	d.get("pat", "/api/marketplace-categories/?title=HPC", &shelf)
	for length, status := range map[int]int{mostPrefix: http.StatusCreated, mostPrefix + 1: http.StatusBadRequest} {
		d.did("pat", http.MethodPost, "/api/marketplace-provider-offerings/", fmt.Sprintf(`{"name": "Prefix %d", "category": %q, "customer": "/api/customers/%s/", "type": "Marketplace.Slurm",
			"plugin_options": {"username_anonymized_prefix": %q}}`, length, shelf[0].URL, d.vars()["nordic"], long[:2*length]), status, nil)
	}
}

// TestAnAccountThatCannotBeKeptStopsNoOther: one document has no room for another word; the
// keeper reads on, by the feed and by a sweep.
func TestAnAccountThatCannotBeKeptStopsNoOther(t *testing.T) {
	for name, look := range map[string]func(d *desk){"feed": (*desk).kept, "sweep": (*desk).swept} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.setOptions(`{"service_provider_can_create_offering_user":true}`)
			d.kept()
			carol, err := id.ParseUUID(id.User, d.vars()["carol"])
			if err != nil {
				t.Fatal(err)
			}
			d.filled("hpc", carol)
			d.allocate("one")
			look(d)
			look(d)
			wantAccounts(t, d, map[string]string{"carol": " OK", "mary": " Requested"})
			d.kept()
			if n, err := d.keeper().Once(ctx); n != 0 || err != nil {
				t.Errorf("%d events are read again (%v)", n, err)
			}
		})
	}
}

// filled makes an account whose document has no room for another word.
func (d *desk) filled(offering string, user id.ID) {
	d.t.Helper()
	var key core.DocumentKey
	err := d.core.View(ctx, core.System(), func(s *core.Scene) error {
		sh, err := s.OfferingByCode(offering)
		if err != nil {
			return err
		}
		p, err := s.Provider(sh.Offering.Provider)
		key = accountKey(p, sh.Offering.ID, user)
		return err
	})
	if err == nil {
		_, _, err = d.core.KeepDocument(ctx, core.System(), key, func(_ *core.Scene, doc *core.Document) error {
			a := account{doc: *doc, accountBody: accountBody{Offering: key.Beside, User: user, Modified: d.core.Now()}}
			a.doc.Parent = key.Beside
			a.set(accountOK)
			a.Comment = strings.Repeat("x", core.MaxDocument-len(a.pack().Body)-len(`,"comment":""`))
			*doc = a.pack()
			return nil
		})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestWithoutTheOptionThereAreNoAccounts(t *testing.T) {
	d := newDesk(t)
	d.setOptions(`{}`)
	d.kept()
	d.allocate("one")
	d.kept()
	d.swept()
	wantAccounts(t, d, map[string]string{})
}

// A keeper that was killed before its place was kept is handed the same events again, and
// one that was killed before it wrote anything finds in its sweep what it missed.
func TestAKeeperThatReadsTwiceOrNeverEndsTheSame(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.allocate("one")
	var all sync.WaitGroup
	for range 4 { // as processes beside each other would
		all.Go(func() {
			if _, err := d.keeper().Once(ctx); err != nil {
				t.Error(err)
			}
			if err := d.keeper().Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantAccounts(t, d, map[string]string{"mary": " Requested", "carol": " Requested"})
	d.setOptions(`{"service_provider_can_create_offering_user":true,"username_generation_policy":"anonymized"}`)
	for n := range 6 {
		d.applied(core.World{Users: []core.UserSpec{{Login: fmt.Sprintf("u%d", n), Name: "U", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora"}}}}})
	}
	for range 4 {
		all.Go(func() {
			if err := d.keeper().Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	names := map[string]bool{}
	for who, a := range d.told() {
		if strings.HasPrefix(who, "u") {
			names[a] = true
		}
	}
	if len(names) != 6 {
		t.Errorf("six users have the names %v", names)
	}
}

// Desks beside each other over one database, each with its keeper, end with one account a
// user, one number a name, and one of each thing that two agents register.
func TestTwoProcessesKeepOneAccountForAUser(t *testing.T) {
	d := &desk{t: t, at: time.Date(2026, 11, 10, 9, 30, 0, 0, time.UTC)}
	one, two := fresh.Pair(t, d.now)
	var keepers []*AccountKeeper
	for n, s := range []core.Store{one, two} {
		node, err := s.Node(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c := core.New(s, d.now, id.NewSource(d.now, uint8(node.Number)+uint8(n), node.Floor), seal.Key{1}, nil, core.Config{})
		keepers = append(keepers, &AccountKeeper{Core: c, Log: slog.New(slog.DiscardHandler)})
		if n == 0 {
			d.core = c
			if d.made, err = c.Apply(ctx, core.System(), world()); err != nil {
				t.Fatal(err)
			}
			d.handler = New(c, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: c}})
		}
	}
	other := New(keepers[1].Core, Options{Public: "https://desk.example", Scheme: auth.TokenKey{Core: keepers[1].Core}})
	d.setOptions(`{"service_provider_can_create_offering_user":true,"username_generation_policy":"anonymized"}`)
	d.kept()
	d.allocate("one")
	for n := range 12 {
		d.applied(core.World{Users: []core.UserSpec{{Login: fmt.Sprintf("u%d", n), Name: "U", Roles: []core.RoleSpec{{Role: tenant.ProjectMember, Project: "aurora"}}}}})
	}
	var all sync.WaitGroup
	for _, k := range keepers {
		for range 2 {
			all.Go(func() {
				if _, err := k.Once(ctx); err != nil {
					t.Error(err)
				}
				if err := k.Sweep(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
	seen, mu := map[string]bool{}, sync.Mutex{}
	for _, h := range []http.Handler{d.handler, other, d.handler, other} {
		all.Go(func() {
			at := &desk{t: t, handler: h}
			var made namedAnswer
			res, b := at.ask("pat", http.MethodPost, "/api/marketplace-site-agent-identities/", fmt.Sprintf(`{"offering": %q, "name": "agent"}`, d.vars()["hpc"]))
			if res.StatusCode != http.StatusCreated || json.Unmarshal(b, &made) != nil {
				t.Errorf("an identity: %d %s", res.StatusCode, b)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[made.UUID] = true
		})
	}
	all.Wait()
	told := d.told() // which fails where somebody has two
	names := map[string]bool{}
	for _, a := range told {
		names[a] = true
	}
	if len(told) != 14 || len(names) != 14 {
		t.Errorf("14 members have the accounts %v", told)
	}
	if len(seen) != 1 {
		t.Errorf("four agents made %d identities", len(seen))
	}
}

// Every move from every state, as the table says.
func TestEveryMoveOfAnAccountFromEveryState(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.allocate("one")
	d.kept()
	a := d.accountNamed("carol")
	i, err := id.ParseUUID(id.Document, a.UUID)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range accountMoves {
		for _, from := range accountStates {
			put := func() {
				if _, err := d.core.ChangeShownDocument(ctx, core.System(), kindAccount, i, func(_ *core.Scene, doc *core.Document) error {
					acc := accountOf(*doc)
					acc.set(from)
					*doc = acc.pack()
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			put()
			want, then := http.StatusOK, m.to
			if !slices.Contains(m.from, from) {
				want, then = http.StatusBadRequest, from
				if from == accountOK && strings.HasPrefix(m.act, "set_delet") || from == accountOK && m.act == "set_error_deleting" {
					want = http.StatusConflict
				}
			}
			path := "/api/marketplace-offering-users/" + a.UUID + "/" + m.act + "/"
			for who, status := range map[string]int{"carol": 403, "alice": 404, "bob": 404, "olga": 403} {
				if res, b := d.ask(who, http.MethodPost, path, ""); res.StatusCode != status {
					t.Errorf("%s %s from %s: %d %s, want %d", who, m.act, from, res.StatusCode, b, status)
				}
			}
			res, b := d.ask("sam", http.MethodPost, path, `{"comment": "see there"}`)
			if res.StatusCode != want {
				t.Errorf("%s from %s: %d %s, want %d", m.act, from, res.StatusCode, b, want)
			}
			got := d.accountNamed("carol")
			if got.State != string(then) || (got.Comment == "see there") != (want == 200 && m.comment) {
				t.Errorf("%s from %s left it %+v, want %s", m.act, from, got, then)
			}
		}
	}
}

func TestWhoSeesAnAccount(t *testing.T) {
	d := newDesk(t)
	d.kept()
	d.allocate("one")
	d.kept()
	for who, want := range map[string]int{"pat": 2, "sam": 2, "olga": 2, "operator": 2, "sue": 2, "carol": 1, "mary": 1, "alice": 0, "bob": 0, "nobody": 0} {
		if got := d.accountsOf(who); len(got) != want {
			t.Errorf("%s sees %d accounts, want %d", who, len(got), want)
		}
	}
}

func TestTermsKeepTheirUsersFromTheProviderUntilTheyAgree(t *testing.T) {
	d := newDesk(t)
	d.applied(core.World{Providers: []core.ProviderSpec{{Customer: "nordic", Offerings: []core.OfferingSpec{{Code: "hpc",
		Attrs: json.RawMessage(`{"type":"Marketplace.Slurm","terms_of_service":{"text":"Be kind.","version":"1","requires_reconsent":true},"plugin_options":{"service_provider_can_create_offering_user":true}}`)}}}}})
	d.kept()
	consent := fmt.Sprintf(`{"offering": %q}`, d.vars()["hpc"])
	d.did("alice", http.MethodPost, "/api/marketplace-user-offering-consents/", consent, http.StatusCreated, nil) // or she could not order
	resource := d.allocate("one")
	d.kept()
	wantAccounts(t, d, map[string]string{})
	d.did("carol", http.MethodPost, "/api/marketplace-user-offering-consents/", consent, http.StatusCreated, nil)
	d.did("carol", http.MethodPost, "/api/marketplace-user-offering-consents/", consent, http.StatusCreated, nil)
	wantAccounts(t, d, map[string]string{"carol": " Requested"})
	if team := d.team(resource + "/team/?has_consent=true"); len(team) != 1 {
		t.Errorf("those who agreed are %v", team)
	}
	if team := d.team(resource + "/team/?has_consent=false"); len(team) != 1 {
		t.Errorf("those who did not are %v", team)
	}
	var mine []struct{ UUID string }
	d.get("carol", "/api/marketplace-user-offering-consents/", &mine)
	if len(mine) != 1 {
		t.Fatalf("carol gave %d consents", len(mine))
	}
	d.did("mary", http.MethodPost, "/api/marketplace-user-offering-consents/"+mine[0].UUID+"/revoke/", "", http.StatusNotFound, nil)
	d.did("carol", http.MethodPost, "/api/marketplace-user-offering-consents/"+mine[0].UUID+"/revoke/", "", http.StatusOK, nil)
	wantAccounts(t, d, map[string]string{})
}

func (d *desk) accountNamed(user string) shownAccount {
	d.t.Helper()
	for _, a := range d.accountsOf("pat") {
		if a.User == user {
			return a
		}
	}
	d.t.Fatalf("%s has no account among %v", user, d.told())
	return shownAccount{}
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

func (d *desk) swept() {
	d.t.Helper()
	if err := d.keeper().Sweep(ctx); err != nil {
		d.t.Fatal(err)
	}
}

// team is who is in a resource's team, under which name.
func (d *desk) team(resource string) map[string]string {
	d.t.Helper()
	var rows []struct {
		Username string
		Account  *string `json:"offering_user_username"`
		State    *string `json:"offering_user_state"`
	}
	if !strings.Contains(resource, "/") {
		resource += "/team/"
	}
	d.get("pat", "/api/marketplace-provider-resources/"+resource, &rows)
	out := map[string]string{}
	for _, r := range rows {
		out[r.Username] = ""
		if r.Account != nil {
			out[r.Username] = *r.Account
		}
	}
	return out
}

// TestAnAccountIsMadeForKnownUsersAlone: whose UUID a provider merely has, they learn nothing
// of by an account.
func TestAnAccountIsMadeForKnownUsersAlone(t *testing.T) {
	d := newDesk(t)
	d.setOptions(`{"service_provider_can_create_offering_user":true}`)
	v := d.vars()
	post := func(who, user string) (int, string) {
		res, b := d.ask(who, http.MethodPost, "/api/marketplace-offering-users/", fmt.Sprintf(`{"offering_uuid": %q, "user_uuid": %q}`, v["hpc"], user))
		return res.StatusCode, string(b)
	}
	nobody := id.ID(1).UUID(id.User)
	_, unknown := post("pat", nobody)
	refused := func(who, user string) {
		t.Helper()
		if status, b := post(who, v[user]); status != http.StatusBadRequest || b != unknown {
			t.Errorf("%s for %s: %d %s, want 400 %s", who, user, status, b, unknown)
		}
	}
	refused("pat", "carol") // nothing of the offering is in her project yet
	refused("pat", "alice")
	d.allocate("one")
	refused("pat", "bob")
	refused("carol", "pat")
	for user, who := range map[string]string{"carol": "pat", "alice": "pat", "pat": "pat", "bob": "operator"} {
		if status, b := post(who, v[user]); status != http.StatusCreated {
			t.Errorf("%s for %s: %d %s, want 201", who, user, status, b)
		}
	}
}
