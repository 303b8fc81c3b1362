package waldur

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// AccountKeeper keeps accounts in step with roles and resources: it reads the event feed,
// and looks at everything now and then, for roles end by their own dates and resources
// become OK by hand without an event. Whatever made it look, it decides by how things are
// when it writes: killed anywhere and run again, or run by several processes, it ends the
// same.
type AccountKeeper struct {
	Core *core.Core
	Log  *slog.Logger
}

const (
	keeperName  = "waldur accounts"
	followEvery = time.Second // how long an event waits at most to be seen
	sweepEvery  = time.Minute
)

// eventsAtOnce bounds what is read of the feed in one go.
const eventsAtOnce = 2000

// Run keeps accounts until ctx ends.
func (k *AccountKeeper) Run(ctx context.Context) {
	look := time.NewTicker(followEvery)
	defer look.Stop()
	var swept time.Time
	for ctx.Err() == nil {
		_, err := k.Once(ctx)
		if time.Since(swept) >= sweepEvery { // whatever the feed has: one does not wait for the other
			swept, err = time.Now(), errors.Join(err, k.Sweep(ctx))
		}
		if err != nil && ctx.Err() == nil {
			k.Log.Warn("accounts in offerings could not be brought up to date; it is tried again", "error", err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// Once reads the feed to its end and says how many events there were. A keeper that never
// read it begins at its end: what was before, it sweeps.
func (k *AccountKeeper) Once(ctx context.Context) (int, error) {
	all := 0
	for {
		n, err := k.Core.Follow(ctx, core.Reaction{Name: keeperName, Kinds: []string{"order.done", core.EventGranted, core.EventRevoked},
			Most: eventsAtOnce, FromEnd: true, Do: k.react})
		all += n
		if err != nil || n < eventsAtOnce {
			return all, err
		}
	}
}

// pairing is a user whose account in an offering is to be looked at.
type pairing struct {
	offering catalog.Offering
	user     id.ID
}

func (k *AccountKeeper) react(ctx context.Context, events []core.Event) error {
	var due []pairing
	err := k.Core.View(ctx, core.System(), func(s *core.Scene) error {
		offerings, err := accountOfferings(s)
		if err != nil || len(offerings) == 0 {
			return err
		}
		if due, err = ofOrders(s, offerings, events); err != nil {
			return err
		}
		for _, e := range events {
			var c core.RoleChange
			if e.Kind != core.EventGranted && e.Kind != core.EventRevoked || json.Unmarshal(e.Body, &c) != nil || c.Scope != tenant.OnProject {
				continue
			}
			for _, o := range offerings {
				due = append(due, pairing{o, c.User})
			}
		}
		due, err = k.moving(s, onceEach(due), true)
		return err
	})
	if err != nil {
		return err
	}
	return k.settle(ctx, due, true)
}

// accountOfferings lists those in which accounts are made by themselves.
func accountOfferings(s *core.Scene) ([]catalog.Offering, error) {
	all, err := s.Offerings(core.OfferingQuery{Page: everything})
	return slices.DeleteFunc(all, func(o catalog.Offering) bool { return !keepsAccounts(o) }), err
}

// ofOrders pairs an offering with a project's people where an order has brought a resource
// of it there.
func ofOrders(s *core.Scene, offerings []catalog.Offering, events []core.Event) ([]pairing, error) {
	q := core.OrderQuery{Page: everything, Types: []order.Type{order.Create, order.Restore}, Hidden: true}
	for _, e := range events {
		var b struct {
			Type order.Type `json:"type"`
		}
		if e.Kind == "order.done" && json.Unmarshal(e.Body, &b) == nil && slices.Contains(q.Types, b.Type) {
			q.IDs = append(q.IDs, e.Order)
		}
	}
	if len(q.IDs) == 0 {
		return nil, nil
	}
	by := map[id.ID]catalog.Offering{}
	for _, o := range offerings {
		q.Offerings = append(q.Offerings, o.ID)
		by[o.ID] = o
	}
	orders, err := s.Orders(q)
	if err != nil {
		return nil, err
	}
	var out []pairing
	for _, p := range orders {
		grants, err := s.GrantsIn(tenant.OnProject, p.Order.Project)
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			out = append(out, pairing{by[p.Order.Offering], g.User})
		}
	}
	return out, nil
}

func onceEach(all []pairing) []pairing {
	type pair struct{ offering, user id.ID }
	seen := map[pair]bool{}
	return slices.DeleteFunc(all, func(p pairing) bool {
		key := pair{p.offering.ID, p.user}
		was := seen[key]
		seen[key] = true
		return was
	})
}

// Sweep looks at every offering in which accounts are made by themselves.
func (k *AccountKeeper) Sweep(ctx context.Context) error {
	var due []pairing
	err := k.Core.View(ctx, core.System(), func(s *core.Scene) error {
		offerings, err := accountOfferings(s)
		for _, o := range offerings {
			if err == nil {
				var more []pairing
				more, err = k.suspects(s, o)
				due = append(due, more...)
			}
		}
		if err == nil {
			due, err = k.moving(s, due, false)
		}
		return err
	})
	if err != nil {
		return err
	}
	return k.settle(ctx, due, false)
}

// suspects are the users of an offering with whom something may be amiss: those in a
// project with a resource who never had an account, and accounts that look out of step.
func (k *AccountKeeper) suspects(s *core.Scene, o catalog.Offering) ([]pairing, error) {
	tallies, err := s.Tally(core.ResourceQuery{Offerings: []id.ID{o.ID}, States: usable})
	if err != nil {
		return nil, err
	}
	projects := make([]id.ID, len(tallies)) // one for each: they are all of one offering
	for n, t := range tallies {
		projects[n] = t.Project
	}
	grants, err := s.GrantsIn(tenant.OnProject, projects...)
	if err != nil {
		return nil, err
	}
	uses := map[id.ID]bool{}
	for _, g := range grants {
		uses[g.User] = true
	}
	docs, err := s.ShownDocuments(core.DocumentQuery{Kind: kindAccount, Parent: o.ID, Removed: true, Page: everything})
	if err != nil {
		return nil, err
	}
	var out []pairing
	had := map[id.ID]bool{}
	for _, d := range docs {
		a := accountOf(d)
		had[a.User] = true
		if d.RemovedAt == nil && a.Held != uses[a.User] {
			out = append(out, pairing{o, a.User})
		}
	}
	for u := range uses {
		if !had[u] {
			out = append(out, pairing{o, u})
		}
	}
	return out, nil
}

// usable are the states of resources whose project's people have accounts.
var usable = []order.ResourceState{order.OK, order.ResourceErred, order.Updating, order.Terminating}

// moving keeps the pairings in which something is to be done as things are now.
func (k *AccountKeeper) moving(s *core.Scene, all []pairing, fresh bool) ([]pairing, error) {
	var out []pairing
	seen := uses{}
	for _, p := range all {
		moves, err := k.moves(s, p, fresh, seen)
		if err = k.passed(p, err); err != nil {
			return nil, err
		}
		if moves {
			out = append(out, p)
		}
	}
	return out, nil
}

func (k *AccountKeeper) moves(s *core.Scene, p pairing, fresh bool, seen uses) (bool, error) {
	provider, err := s.Provider(p.offering.Provider)
	if err != nil {
		return false, err
	}
	key := accountKey(provider, p.offering.ID, p.user)
	docs, err := s.ShownDocuments(core.DocumentQuery{Kind: key.Kind, Customers: []id.ID{key.Customer}, Name: key.Name, Page: core.Page{Limit: 1}})
	if err != nil {
		return false, err
	}
	var d core.Document
	if len(docs) > 0 {
		d = docs[0]
	}
	return k.decide(s, p, &d, fresh, seen)
}

// passed logs what is wrong with one account alone and passes it by, so that it does not stop
// all others; what may be better the next time comes back.
func (k *AccountKeeper) passed(p pairing, err error) error {
	if err == nil {
		return nil
	}
	e := core.AsError(err)
	switch e.Kind {
	case core.Invalid, core.Forbidden, core.NotFound, core.TooLarge, core.Unsupported:
	case core.Conflict:
		if e.Reason == core.ReasonStale || e.Reason == core.ReasonName { // others write it at this moment
			return err
		}
	case core.Unauthenticated, core.LimitExceeded, core.Unavailable, core.Internal:
		return err
	}
	k.Log.Warn("an account in an offering could not be brought up to date; the others are", "offering", p.offering.ID.UUID(id.Offering), "user", p.user.UUID(id.User), "error", err)
	return nil
}

// errSettled says that nothing is to be done after all.
var errSettled = errors.New("the account is in step")

func (k *AccountKeeper) settle(ctx context.Context, due []pairing, fresh bool) error {
	for _, p := range due {
		err := k.keep(ctx, p, fresh)
		if errors.Is(err, errSettled) {
			continue
		}
		if err = k.passed(p, err); err != nil {
			return err
		}
	}
	return nil
}

func (k *AccountKeeper) keep(ctx context.Context, p pairing, fresh bool) error {
	var provider tenant.Provider
	if err := k.Core.View(ctx, core.System(), func(s *core.Scene) (err error) { provider, err = s.Provider(p.offering.Provider); return err }); err != nil {
		return err
	}
	_, _, err := k.Core.KeepDocument(ctx, core.System(), accountKey(provider, p.offering.ID, p.user), func(s *core.Scene, d *core.Document) error {
		moves, err := k.decide(s, p, d, fresh, nil)
		if err == nil && !moves {
			err = errSettled
		}
		return err
	})
	return err
}

// decide edits a user's account, or a new one of Rev 0, as roles and resources are now, and
// says whether it had to. fresh: an event speaks of the user, so that an account which its
// provider ended or removed begins again; without one it is left as it is. seen, if not nil,
// remembers what projects have, for a snapshot: then it is only asked whether, and a name
// is not looked for.
func (k *AccountKeeper) decide(s *core.Scene, p pairing, d *core.Document, fresh bool, seen uses) (bool, error) {
	access, use, err := standing(s, p, seen)
	if err != nil {
		return false, err
	}
	a := accountOf(*d)
	isNew, options := d.Rev == 0, accountOptionsOf(p.offering)
	begin := k.begin
	if seen != nil {
		begin = func(*core.Scene, pairing, *account) error { return nil }
	}
	moves := true
	switch {
	case isNew && !use:
		return false, nil
	case isNew:
		a.doc.Parent, a.Offering, a.User = p.offering.ID, p.offering.ID, p.user
		err = begin(s, p, &a)
	case use && (fresh || !a.Held) && a.state() == accountDeleted:
		err = begin(s, p, &a)
	case use && (fresh || !a.Held) && a.state() == accountDeletionRequested:
		a.set(accountRequested)
		a.name(a.Username)
	case use: // one whose end has begun comes to it first
		moves = !a.Held && a.state() != accountDeleting && a.state() != accountErrorDeleting
	case !access && a.Held:
		if options.AutoDeletion == nil || *options.AutoDeletion {
			a.leave()
		}
	default:
		moves = false
	}
	if !moves || err != nil {
		return false, err
	}
	a.Held, a.Modified = use, k.Core.Now()
	*d = a.pack()
	return true, nil
}

// begin makes an account anew: by the offering's policy it has a name, and is OK, or waits
// for its provider.
func (k *AccountKeeper) begin(s *core.Scene, p pairing, a *account) error {
	var failed error
	taken := func(username string) bool {
		same, err := s.ShownDocuments(core.DocumentQuery{Kind: kindAccount, Parent: p.offering.ID, Alias: username, Page: core.Page{Limit: 2}})
		failed = errors.Join(failed, err)
		return slices.ContainsFunc(same, func(d core.Document) bool { return accountOf(d).User != p.user })
	}
	u, err := s.UserName(p.user)
	if err != nil {
		return err
	}
	options := accountOptionsOf(p.offering)
	name, known := namings[options.Policy]
	if !known {
		name = noName
	}
	a.set(accountRequested)
	a.name(cut(name(options, u, taken), mostUsername))
	return failed
}

// leave asks for the account's end: one that its provider never began has nothing to end.
func (a *account) leave() {
	switch a.state() {
	case accountRequested, accountErrorCreating:
		a.set(accountDeleted)
	case accountOK, accountCreating, accountLinking, accountValidating:
		a.set(accountDeletionRequested)
	case accountDeletionRequested, accountDeleting, accountDeleted, accountErrorDeleting:
	}
}

// uses remembers what a project has of an offering.
type uses map[[2]id.ID]holding

// standing says whether a user has a role in a project that has, or had, a resource of the
// offering, and whether one of those is in use.
func standing(s *core.Scene, p pairing, seen uses) (access, use bool, err error) {
	u, err := s.UserName(p.user)
	if err != nil || !u.Active {
		return false, false, err
	}
	grants, err := s.GrantsOf(p.user)
	if err != nil {
		return false, false, err
	}
	for _, g := range grants {
		if g.Scope != tenant.OnProject || use {
			continue
		}
		key := [2]id.ID{p.offering.ID, g.ScopeID}
		of, known := seen[key]
		if !known {
			if of, err = usesOf(s, key); err != nil {
				return false, false, err
			}
			if seen != nil {
				seen[key] = of
			}
		}
		access, use = access || of.any, use || of.inUse
	}
	return access, use, nil
}

// holding is whether a project has any resource of an offering, ended ones too, and one in use.
type holding struct{ any, inUse bool }

func usesOf(s *core.Scene, key [2]id.ID) (holding, error) {
	q := core.ResourceQuery{Offerings: key[:1], Projects: key[1:], States: usable, Page: core.Page{Limit: 1}}
	some, err := s.Resources(q)
	if err != nil || len(some) > 0 {
		return holding{len(some) > 0, len(some) > 0}, err
	}
	q.States = nil
	some, err = s.Resources(q)
	return holding{any: len(some) > 0}, err
}
