package core_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// publicKeyLine is a key of its own for each number.
func publicKeyLine(n int) string {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, uint64(n))
	blob := []byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20")
	blob = append(blob, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)...)
	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob)
}

// TestAUsersPublicKeysHaveABound: the last one that there may be is kept, and another again
// when one is removed.
func TestAUsersPublicKeysHaveABound(t *testing.T) {
	d := newDesk(t)
	var first tenant.PublicKey
	for n := range core.MostPublicKeys {
		k := must(d.AddPublicKey(ctx, d.owner, tenant.PublicKey{Line: publicKeyLine(n)}))(t)
		if n == 0 {
			first = k
		}
	}
	another := tenant.PublicKey{Line: publicKeyLine(core.MostPublicKeys)}
	if _, err := d.AddPublicKey(ctx, d.owner, another); core.KindOf(err) != core.Invalid || core.AsError(err).Field != "line" {
		t.Errorf("one too many: %v, want its line refused", err)
	}
	if err := d.RemovePublicKey(ctx, d.owner, first.ID); err != nil {
		t.Fatal(err)
	}
	must(d.AddPublicKey(ctx, d.owner, another))(t)
}

func TestWhoSeesWhichPublicKeys(t *testing.T) {
	d := newDesk(t)
	keys := map[string]id.ID{}
	for n, k := range []struct {
		name   string
		who    core.Actor
		shared bool
	}{{"shared", d.staff, true}, {"staff", d.staff, false}, {"owner", d.owner, false}, {"member, who cannot share", d.member, true}} {
		keys[k.name] = must(d.AddPublicKey(ctx, k.who, tenant.PublicKey{Name: k.name, Line: publicKeyLine(n), Shared: k.shared}))(t).ID
	}
	names := func(who core.Actor, list func(s *core.Scene) ([]tenant.PublicKey, error)) []string {
		t.Helper()
		out := []string{}
		if err := d.View(ctx, who, func(s *core.Scene) error {
			ks, err := list(s)
			for _, k := range ks {
				if k.ID != keys[k.Name] {
					t.Errorf("%s is %v, want %v", k.Name, k.ID, keys[k.Name])
				}
				out = append(out, k.Name)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := []string{"shared", "staff", "owner", "member, who cannot share"}
	for _, tt := range []struct {
		who  core.Actor
		want []string
	}{{d.staff, all}, {d.owner, []string{all[0], all[2]}}, {d.member, []string{all[0], all[3]}}, {d.outsider, all[:1]}} {
		if got := names(tt.who, (*core.Scene).PublicKeys); !slices.Equal(got, tt.want) {
			t.Errorf("%s sees %q, want %q", tt.who.User.Login, got, tt.want)
		}
	}
	for _, tt := range []struct {
		users []id.ID
		want  []string
	}{{nil, []string{}}, {[]id.ID{d.owner.User.ID}, all[2:3]}, {[]id.ID{d.member.User.ID, d.owner.User.ID, d.member.User.ID}, all[2:]}} {
		got := names(d.seller, func(s *core.Scene) ([]tenant.PublicKey, error) { return s.PublicKeysOf(tt.users...) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("of %v there are %q, want %q", tt.users, got, tt.want)
		}
	}
}
