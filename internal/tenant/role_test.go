package tenant

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/roles.md anew")

func TestEveryRoleHasItsPlaceAndEveryRightItsName(t *testing.T) {
	p := DefaultPolicy()
	for role := range Roles() {
		has, ok := p.Rights[role]
		if !ok {
			t.Errorf("%s is not in the table", role)
		}
		for n, right := range has {
			if !slices.Contains(AllRights(), right) || slices.Contains(has[:n], right) {
				t.Errorf("%s has %q, which is no right or is there twice", role, right)
			}
		}
	}
	for role := range p.Rights {
		if _, ok := Roles()[role]; !ok {
			t.Errorf("%s is in the table and no role", role)
		}
	}
}

func TestAPolicyIsChangedWithoutItsParts(t *testing.T) {
	was := DefaultPolicy()
	yes := true
	now := was.Change(map[Role]Change{
		ProjectMember: {Enabled: &yes, Add: []Right{ListOrders, ListOrders}, Remove: []Right{PlaceOrder}},
		ProjectAdmin:  {Rights: []Right{}},
	})
	if want := []Right{ListResources, ListProjects, ListOrders}; !slices.Equal(now.Rights[ProjectMember], want) || now.Closed[ProjectMember] {
		t.Errorf("a member may %v, want %v; closed: %t", now.Rights[ProjectMember], want, now.Closed[ProjectMember])
	}
	if len(now.Rights[ProjectAdmin]) != 0 || !now.Closed[CustomerSupport] {
		t.Errorf("an administrator may %v; support is closed: %t", now.Rights[ProjectAdmin], now.Closed[CustomerSupport])
	}
	if d := DefaultPolicy(); !maps.EqualFunc(was.Rights, d.Rights, slices.Equal) || !maps.Equal(was.Closed, d.Closed) {
		t.Error("the policy it was made from has changed with it")
	}
}

// The page's table is what the code says.
func TestTheRolesPageIsTheTable(t *testing.T) {
	const file, begin = "../../docs/roles.md", "<!-- table: written by go test ./internal/tenant -update -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, ok := strings.Cut(string(b), begin)
	if !ok {
		t.Fatalf("%s has no line %q", file, begin)
	}
	want := prose + begin + table()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(b) != want {
		t.Error("docs/roles.md is not what the table says: go test ./internal/tenant -update")
	}
}

func table() string {
	var b strings.Builder
	p := DefaultPolicy()
	roles := []Role{CustomerOwner, CustomerManager, CustomerSupport, OfferingManager, ProjectManager, ProjectAdmin, ProjectMember}
	b.WriteString("\n| right |")
	for _, r := range roles {
		b.WriteString(" " + string(r) + " |")
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(roles)) + "\n")
	for _, right := range AllRights() {
		b.WriteString("| " + string(right) + " |")
		for _, r := range roles {
			mark := " – |"
			if p.Rights.Allow(r, right) {
				mark = " ✓ |"
			}
			b.WriteString(mark)
		}
		b.WriteString("\n")
	}
	b.WriteString("| *given by others than staff* |")
	for _, r := range roles {
		mark := " yes |"
		if p.Closed[r] {
			mark = " once enabled |"
		}
		b.WriteString(mark)
	}
	return b.String() + "\n"
}
