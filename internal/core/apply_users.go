package core

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// verifier is what is to be kept of a user's password.
type verifier struct {
	hash []byte
	made string // the password, where the desk made it
	same bool   // the one that is kept already opens by the World's password
}

// passwords hashes before the transaction begins: it takes long on purpose, and the
// writer waits for nobody.
func (c *Core) passwords(ctx context.Context, w World) (map[string]verifier, error) {
	out := map[string]verifier{}
	for n, s := range w.Users {
		if s.Password == nil {
			continue
		}
		h, err := c.PasswordHolder(ctx, s.Login)
		kept := h.Key.Verifier
		if err != nil {
			if KindOf(err) != Unauthenticated {
				return nil, err
			}
			if kept, err = c.idlePassword(ctx, s.Login); err != nil {
				return nil, err
			}
		}
		password, v := s.Password.Value, verifier{}
		if len(password) > 1024 {
			return nil, invalid(at("users", n)+".password.value", "A password may have at most 1024 bytes.")
		}
		if kept != nil {
			if v.same = password == ""; !v.same {
				if v.same, err = seal.IsPassword(kept, password); err != nil {
					return nil, err
				}
			}
		}
		if password == "" && !v.same {
			password = seal.Random(12)
			v.made = password
		}
		if !v.same {
			v.hash = seal.Password(password)
		}
		out[s.Login] = v
	}
	return out, nil
}

// idlePassword is the verifier of a user who is not active now.
func (c *Core) idlePassword(ctx context.Context, login string) ([]byte, error) {
	var kept []byte
	err := c.store.View(ctx, func(r Reader) error {
		u, err := r.UserByLogin(login)
		if KindOf(err) == NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		keys, err := r.Keys(u.ID)
		for _, k := range keys {
			if k.Kind == tenant.Password && k.Live(c.Now()) {
				kept = k.Verifier
			}
		}
		return err
	})
	return kept, err
}

func (a *applier) user(path string, s UserSpec) error {
	if s.Login == "" || len(s.Login) > 150 || strings.ContainsAny(s.Login, " \t\n\x00") {
		return invalid(path+".login", "%.80q is no login: it may have no blanks and at most 150 characters.", s.Login)
	}
	old, err := a.tx.UserByLogin(s.Login)
	found := err == nil
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	u := old
	if !found {
		u = tenant.User{ID: a.c.NewID(), Login: s.Login, FullName: s.Login, Active: true}
	}
	name(&u.FullName, s.Name)
	name(&u.Email, s.Email)
	set(&u.Active, s.Active)
	set(&u.Staff, s.Staff)
	set(&u.Support, s.Support)
	attrs(&u.Attrs, s.Attrs)
	if s.Home != "" {
		c, err := a.customerAt(path+".home", s.Home)
		if err != nil {
			return err
		}
		u.Home = c.ID
	}
	same := found && reflect.DeepEqual(old, u)
	if !same {
		if found {
			u.ChangedAt = a.now
		}
		if err := a.tx.PutUser(u); err != nil {
			return within(path, err)
		}
	}
	a.did(path, "user", u.Login, u.ID, became(found, same))
	for n, r := range s.Roles {
		if err := a.role(at(path+".roles", n), u, r); err != nil {
			return err
		}
	}
	return a.keys(path, u, s)
}

func (a *applier) role(path string, u tenant.User, s RoleSpec) error {
	scope, ok := tenant.Roles()[s.Role]
	if !ok {
		return invalid(path+".role", "%.80q is no role.", s.Role)
	}
	g := tenant.Grant{User: u.ID, Role: s.Role, Scope: scope, By: a.by, Until: s.Until}
	named := map[tenant.Scope]string{tenant.OnCustomer: s.Customer, tenant.OnProject: s.Project, tenant.OnOffering: s.Offering}
	for other, ref := range named {
		if (other == scope) != (ref != "") {
			return invalid(path, "The role %s is granted in one %s: name that and nothing else.", s.Role, scope)
		}
	}
	if err := a.grantScope(path, &g, named[scope]); err != nil {
		return err
	}
	found, same, err := a.grant(path, &g)
	if err != nil {
		return err
	}
	a.did(path, "role", u.Login+" "+string(g.Role)+" "+named[scope], g.ID, became(found, same))
	return nil
}

// grant gives a role, or gives the one that is there another end. One that ended by its
// date is closed first: there is one open row to a user, role and scope.
func (a *applier) grant(path string, g *tenant.Grant) (found, same bool, err error) {
	have, err := a.tx.Grants(GrantQuery{Users: []id.ID{g.User}, Scope: g.Scope, ScopeIDs: []id.ID{g.ScopeID}, All: true})
	if err != nil {
		return false, false, err
	}
	for _, h := range have {
		switch {
		case h.Role != g.Role || h.RevokedAt != nil:
		case h.Live(a.now):
			found = true
			g.ID, g.By, g.ChangedAt = h.ID, h.By, a.now
			same = sameEnd(h.Until, g.Until)
		default:
			h.RevokedAt, h.ChangedAt = h.Until, a.now
			if err := a.tx.PutGrant(h); err != nil {
				return false, false, within(path, err)
			}
		}
	}
	if !found {
		g.ID = a.c.NewID()
	}
	if !same {
		if err := within(path, a.tx.PutGrant(*g)); err != nil {
			return found, same, err
		}
		err = within(path, a.c.tellRole(a.tx, EventGranted, *g, a.by))
	}
	return found, same, err
}

func sameEnd(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func (a *applier) grantScope(path string, g *tenant.Grant, ref string) error {
	switch g.Scope {
	case tenant.OnCustomer:
		c, err := a.customerAt(path+".customer", ref)
		g.ScopeID = c.ID
		return err
	case tenant.OnProject:
		p, err := a.projectAt(path+".project", ref)
		g.ScopeID = p.ID
		return err
	case tenant.OnOffering:
		o, err := a.offeringAt(path+".offering", ref)
		if err == nil {
			g.ScopeID = o.Offering.ID
		}
		return err
	case tenant.OnUser, tenant.OnResource: // only limits stand there
	}
	return invalid(path, "No role is granted on a %s.", g.Scope)
}

func (a *applier) keys(path string, u tenant.User, s UserSpec) error {
	have, err := a.tx.Keys(u.ID)
	if err != nil {
		return err
	}
	live := []tenant.Key{}
	for _, k := range have {
		if k.Live(a.now) {
			live = append(live, k)
		}
	}
	if s.Password != nil {
		if err := a.password(path+".password", u, live); err != nil {
			return err
		}
	}
	taken := map[id.ID]bool{} // a live key stands for one of those the World names
	for n, t := range s.Tokens {
		if err := a.givenOrMade(at(path+".tokens", n), u, tokenKey(t), live, taken); err != nil {
			return err
		}
	}
	for n, p := range s.Pairs {
		if err := a.givenOrMade(at(path+".pairs", n), u, pairKey(p), live, taken); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) password(path string, u tenant.User, live []tenant.Key) error {
	v := a.verifiers[u.Login]
	k := tenant.Key{User: u.ID, Kind: tenant.Password}
	found := false
	for _, h := range live {
		if h.Kind == tenant.Password {
			k, found = h, true
		}
	}
	a.did(path, "key", u.Login+" password", k.ID, became(found, v.same))
	if v.same {
		return nil
	}
	if !found {
		k.ID = a.c.NewID()
	}
	k.Verifier = v.hash
	k.Epoch++ // what was signed under the old password opens nothing any more
	if v.made != "" {
		a.made.Keys = append(a.made.Keys, MadeKey{Login: u.Login, Kind: tenant.Password, Secret: v.made})
	}
	return within(path, a.tx.PutKey(k))
}

// wanted is a token or a pair as a World names it.
type wanted struct {
	kind   tenant.KeyKind
	given  string // the token or the access key; "": to be made
	secret string // of a given pair
	Narrowing
}

func tokenKey(s TokenSpec) wanted { return wanted{tenant.Token, s.Value, "", s.Narrowing} }
func pairKey(s PairSpec) wanted   { return wanted{tenant.Pair, s.AccessKey, s.Secret, s.Narrowing} }

func (a *applier) givenOrMade(path string, u tenant.User, w wanted, live []tenant.Key, taken map[id.ID]bool) error {
	k := tenant.Key{User: u.ID, Kind: w.kind, ReadOnly: w.ReadOnly, ExpiresAt: w.ExpiresAt}
	if w.Project != "" {
		p, err := a.projectAt(path+".project", w.Project)
		if err != nil {
			return err
		}
		k.Project = p.ID
	}
	if w.given != "" {
		return a.given(path, k, w, u)
	}
	for _, h := range live {
		if h.Kind == k.Kind && h.Project == k.Project && h.ReadOnly == k.ReadOnly && !taken[h.ID] {
			taken[h.ID] = true
			a.did(path, "key", u.Login+" "+string(k.Kind), h.ID, DidKeep)
			return nil
		}
	}
	made := MadeKey{Login: u.Login, Kind: k.Kind, ReadOnly: k.ReadOnly, Project: w.Project}
	if k.Kind == tenant.Token {
		t, token := a.c.token(u.ID)
		k.ID, k.Verifier, made.Secret = t.ID, t.Verifier, token
	} else {
		k.ID, made.Secret = a.c.NewID(), seal.Random(20)
		made.AccessKey = k.AccessKey()
		sealed, err := a.c.master.Seal([]byte(made.Secret))
		if err != nil {
			return err
		}
		k.Secret = sealed
	}
	a.made.Keys = append(a.made.Keys, made)
	a.did(path, "key", u.Login+" "+string(k.Kind), k.ID, DidMake)
	return within(path, a.tx.PutKey(k))
}

// given keeps a key whose value is the World's: one that moved here from another desk.
func (a *applier) given(path string, k tenant.Key, w wanted, u tenant.User) error {
	var err error
	if w.kind == tenant.Token {
		if k.ID, err = tenant.ParseToken(w.given); err != nil {
			return invalid(path+".value", "This is no token: want 40 hex digits, the first 16 of which are its id.")
		}
		k.Verifier = seal.Hash(w.given)
	} else {
		if k.ID, err = tenant.ParseAccessKey(w.given); err != nil {
			return invalid(path+".access_key", "%.40q is no access key of this desk's: want %s… of 20 characters.", w.given, tenant.AccessKey(1)[:8])
		}
		if len(w.secret) < 20 {
			return invalid(path+".secret", "The secret of a pair has 20 characters or more.")
		}
	}
	old, err := a.tx.Key(k.ID)
	found := err == nil
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	if found && (old.User != u.ID || old.Kind != k.Kind) {
		return invalid(path, "This key's id is taken by another key.").because(ReasonName)
	}
	same := found && old.Project == k.Project && old.ReadOnly == k.ReadOnly && reflect.DeepEqual(old.ExpiresAt, k.ExpiresAt) && old.RevokedAt == nil
	if w.kind == tenant.Token {
		same = same && bytes.Equal(old.Verifier, k.Verifier)
	} else if was, err := a.c.master.Open(old.Secret); same && (err != nil || string(was) != w.secret) {
		same = false
	}
	a.did(path, "key", u.Login+" "+string(k.Kind), k.ID, became(found, same))
	if same {
		return nil
	}
	if w.kind == tenant.Pair {
		if k.Secret, err = a.c.master.Seal([]byte(w.secret)); err != nil {
			return err
		}
	}
	k.Epoch = old.Epoch
	return within(path, a.tx.PutKey(k))
}
