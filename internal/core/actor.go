package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// Actor is who asks: a user, the key that let them in, and what was granted to them.
// The zero Actor may do nothing; System and Worker act for the desk itself.
type Actor struct {
	User     tenant.User
	Grants   []tenant.Grant // live ones
	Key      id.ID          // 0: no key of its own
	Door     string         // through which door, such as "ard"; "" for none
	Project  id.ID          // the key is narrowed to this project
	ReadOnly bool           // the key is narrowed to reading
	System   bool
	Worker   bool
}

// System acts for the desk itself: expiry, opening of projects, ends.
func System() Actor { return Actor{System: true} }

// WorkerActor acts for a fulfilment's worker.
func WorkerActor() Actor { return Actor{Worker: true} }

func (a Actor) desk() bool { return a.System || a.Worker }

// IsStaff reports whether the actor may do everything.
func (a Actor) IsStaff() bool { return a.User.Staff }

// SeesAll reports whether the actor sees every customer's records.
func (a Actor) SeesAll() bool { return a.desk() || a.User.Staff || a.User.Support }

// SeesWide reports whether the actor sees what belongs to no project: a key that is narrowed
// to one shows nothing beside it but what is its user's own.
func (a Actor) SeesWide() bool { return a.Project == 0 }

// Delivers reports whether the actor is on the delivering side of an offering: one of its
// provider's people, or of its own; never by a key that is narrowed to a project.
func (a Actor) Delivers(o catalog.Offering, p tenant.Provider) bool {
	return a.SeesWide() && (a.SeesAll() || slices.Contains(a.Customers(), p.Customer) || slices.Contains(a.scopes(tenant.OnOffering), o.ID))
}

// Customers lists the customers in which the actor has a role of their own.
func (a Actor) Customers() []id.ID { return a.scopes(tenant.OnCustomer) }

// Projects lists the projects in which the actor has a role of their own.
func (a Actor) Projects() []id.ID { return a.scopes(tenant.OnProject) }

func (a Actor) scopes(s tenant.Scope) []id.ID {
	var out []id.ID
	for _, g := range a.Grants {
		if g.Scope == s && !slices.Contains(out, g.ScopeID) {
			out = append(out, g.ScopeID)
		}
	}
	return out
}

// HasRole reports whether the actor holds a role in a scope.
func (a Actor) HasRole(role tenant.Role, scope id.ID) bool {
	return slices.ContainsFunc(a.Grants, func(g tenant.Grant) bool { return g.Role == role && g.ScopeID == scope })
}

// May reports whether the actor has a right in any of the scopes named (a project,
// its customer, an offering, its customer). Staff and the desk itself may all.
func (c *Core) May(a Actor, right tenant.Right, scopes ...id.ID) bool {
	if a.desk() || a.User.Staff {
		return true
	}
	return slices.ContainsFunc(a.Grants, func(g tenant.Grant) bool {
		return slices.Contains(scopes, g.ScopeID) && c.policy.Load().Rights.Allow(g.Role, right)
	})
}

// Rights lists what a role may do here.
func (c *Core) Rights(role tenant.Role) []tenant.Right { return c.policy.Load().Rights[role] }

// where lists the scopes of one kind in which the actor has a right.
func (c *Core) where(a Actor, right tenant.Right, s tenant.Scope) []id.ID {
	var out []id.ID
	for _, g := range a.Grants {
		if g.Scope == s && c.policy.Load().Rights.Allow(g.Role, right) && !slices.Contains(out, g.ScopeID) {
			out = append(out, g.ScopeID)
		}
	}
	return out
}

// write refuses a key that is narrowed to reading.
func (a Actor) write() error {
	if a.ReadOnly {
		return forbidden("This key may only read.").because(ReasonReadOnly)
	}
	return nil
}

// sight is what an actor may see of records that have a customer, a project and a
// provider, by a listing right. providing adds what the actor's own customers deliver.
func (c *Core) sight(r Reader, a Actor, right tenant.Right) (*Sight, error) {
	if a.Project != 0 { // a narrowed key sees that project only, if its user may
		p, err := r.Project(a.Project)
		if err != nil {
			return nil, err
		}
		if !a.SeesAll() && !c.May(a, right, p.ID, p.Customer) {
			return &Sight{}, nil
		}
		return &Sight{Projects: []id.ID{p.ID}}, nil
	}
	if a.SeesAll() {
		return &Sight{All: true}, nil
	}
	s := &Sight{Customers: c.where(a, right, tenant.OnCustomer), Projects: c.where(a, right, tenant.OnProject), Users: []id.ID{a.User.ID}}
	providers, err := r.Providers()
	if err != nil {
		return nil, err
	}
	for _, p := range providers {
		if c.May(a, right, p.Customer) || c.May(a, tenant.ListProvided, p.Customer) {
			s.Providers = append(s.Providers, p.ID)
		}
	}
	for _, g := range a.Grants {
		if g.Scope == tenant.OnOffering {
			s.Offerings = append(s.Offerings, g.ScopeID)
		}
	}
	return s, nil
}

// sees reports whether a record with these owners is inside what s shows.
func (s *Sight) sees(customer, project, provider, offering, user id.ID) bool {
	return s.All || slices.Contains(s.Customers, customer) || slices.Contains(s.Projects, project) ||
		slices.Contains(s.Providers, provider) || slices.Contains(s.Offerings, offering) || (user != 0 && slices.Contains(s.Users, user))
}

// Holder is a key with the user it lets in.
type Holder struct {
	Key   tenant.Key
	Actor Actor
}

// Holder returns a live key and whom it lets in; what proves possession of the key
// (hash, signature) is the caller's to check, with Secret for pairs. Unauthenticated
// where there is no such key; where it has ended or the user is not active too (reason
// expired, revoked or inactive), and then Key is set all the same, so that a caller can
// ask for proof before telling a stranger what became of it.
func (c *Core) Holder(ctx context.Context, key id.ID) (Holder, error) {
	var h Holder
	err := c.store.View(ctx, func(r Reader) error {
		k, err := r.Key(key)
		if errors.Is(err, NotFound) {
			return &Error{Kind: Unauthenticated, Msg: "There is no such key.", Err: err}
		}
		if err != nil {
			return err
		}
		h, err = c.holder(r, k)
		return err
	})
	return h, err
}

// PasswordHolder returns the password key of a login. The caller checks the hash,
// and spends as long where there is none.
func (c *Core) PasswordHolder(ctx context.Context, login string) (Holder, error) {
	var h Holder
	err := c.store.View(ctx, func(r Reader) error {
		u, err := r.UserByLogin(login)
		if errors.Is(err, NotFound) {
			return &Error{Kind: Unauthenticated, Msg: "There is no such user.", Err: err}
		}
		if err != nil {
			return err
		}
		keys, err := r.Keys(u.ID)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Kind == tenant.Password && k.Live(c.Now()) {
				h, err = c.holder(r, k)
				return err
			}
		}
		return &Error{Kind: Unauthenticated, Msg: "There is no such password."}
	})
	return h, err
}

func (c *Core) holder(r Reader, k tenant.Key) (Holder, error) {
	if k.RevokedAt != nil {
		return Holder{Key: k}, &Error{Kind: Unauthenticated, Reason: ReasonRevoked, Msg: "This key was revoked."}
	}
	if !k.Live(c.Now()) {
		return Holder{Key: k}, &Error{Kind: Unauthenticated, Reason: ReasonExpired, Msg: "This key has expired."}
	}
	u, err := r.User(k.User)
	if err != nil {
		return Holder{}, err
	}
	if !u.Active {
		return Holder{Key: k}, &Error{Kind: Unauthenticated, Reason: ReasonInactive, Msg: "This user is not active."}
	}
	grants, err := r.Grants(GrantQuery{Users: []id.ID{u.ID}})
	if err != nil {
		return Holder{}, err
	}
	now := c.Now()
	grants = slices.DeleteFunc(grants, func(g tenant.Grant) bool { return !g.Live(now) })
	return Holder{k, Actor{User: u, Grants: grants, Key: k.ID, Project: k.Project, ReadOnly: k.ReadOnly}}, nil
}

// Secret opens a pair's secret key.
func (c *Core) Secret(k tenant.Key) (string, error) {
	b, err := c.master.Open(k.Secret)
	return string(b), err
}

// Touched moves a sliding key's end ahead. It writes at most once a minute for a key.
func (c *Core) Touched(ctx context.Context, k tenant.Key) error {
	now := c.Now()
	if k.Sliding == 0 || (k.ExpiresAt != nil && k.ExpiresAt.Sub(now) > k.Sliding-time.Minute) {
		return nil
	}
	return c.store.Update(ctx, Touch{Users: []id.ID{k.User}}, func(tx Tx) error {
		k, err := tx.Key(k.ID)
		if err != nil || !k.Live(now) {
			return err
		}
		end := now.Add(k.Sliding)
		k.ExpiresAt = &end
		return tx.PutKey(k)
	})
}

// NewToken makes an API token for a user and returns its 40 hex digits, the first 16 of
// which are the key's id. It is shown once. lifetime 0: it does not end.
func (c *Core) NewToken(ctx context.Context, who Actor, user id.ID, lifetime time.Duration) (string, error) {
	if err := who.write(); err != nil {
		return "", err
	}
	if !who.IsStaff() && !who.desk() && who.User.ID != user {
		return "", notFound("user", user)
	}
	k, token := c.token(user)
	if lifetime > 0 {
		end := c.Now().Add(lifetime)
		k.ExpiresAt, k.Sliding = &end, lifetime
	}
	return token, c.store.Update(ctx, Touch{Users: []id.ID{user}}, func(tx Tx) error { return tx.PutKey(k) })
}

// RevokeKey ends a key at once, with every signed token that names it.
func (c *Core) RevokeKey(ctx context.Context, who Actor, key id.ID) error {
	if err := who.write(); err != nil {
		return err
	}
	var on Touch
	if err := c.store.View(ctx, func(r Reader) error {
		k, err := r.Key(key)
		on.Users = []id.ID{k.User}
		return err
	}); err != nil {
		return err
	}
	return c.store.Update(ctx, on, func(tx Tx) error {
		k, err := tx.Key(key)
		if err != nil {
			return err
		}
		if !who.IsStaff() && who.User.ID != k.User {
			return notFound("key", key)
		}
		now := c.Now()
		k.RevokedAt = &now
		k.Epoch++
		return tx.PutKey(k)
	})
}

// token makes an API token's key and its spelling.
func (c *Core) token(user id.ID) (tenant.Key, string) {
	k := tenant.Key{ID: c.NewID(), User: user, Kind: tenant.Token}
	token := fmt.Sprintf("%016x", int64(k.ID)) + seal.Random(12)
	k.Verifier = seal.Hash(token)
	return k, token
}
