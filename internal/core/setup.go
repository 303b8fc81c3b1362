package core

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// What an operator applies as a World, others may do in part: owners make projects and
// give roles, providers say what they offer. Each such act runs the rules of Apply over
// the one record it is about, in one transaction.

// setUp runs one act. on names the customers or offerings that it is about, which nothing
// else moves meanwhile, and the names that it gives out. No act here has the desk to itself.
func (c *Core) setUp(ctx context.Context, who Actor, on Touch, act func(s *Scene, a *applier) error) error {
	if err := who.write(); err != nil {
		return err
	}
	on.Scan, on.Exclusive = true, len(on.Customers)+len(on.Offerings) > 0
	return c.store.Update(ctx, on, func(tx Tx) error {
		a := c.applier(tx, who)
		if err := act(&Scene{c: c, r: tx, who: who}, a); err != nil {
			return err
		}
		return a.rebuild()
	})
}

// wide refuses a key that is narrowed to a project where something else is set up.
func (a Actor) wide(within id.ID) error {
	if a.Project != 0 && a.Project != within {
		return forbidden("This key is narrowed to a project.").because(ReasonWrongProject)
	}
	return nil
}

// writeWide refuses keys that are narrowed, to reading or to a project: for what belongs to
// no project.
func (a Actor) writeWide() error {
	if err := a.write(); err != nil {
		return err
	}
	return a.wide(0)
}

// may refuses an actor without a right in any of the scopes.
func (c *Core) may(who Actor, right tenant.Right, scopes ...id.ID) error {
	if !c.May(who, right, scopes...) {
		return forbidden("You do not have permission to perform this action.")
	}
	return nil
}

// Holds reports whether the actor has a right in any scope at all.
func (c *Core) Holds(who Actor, right tenant.Right) bool {
	return who.desk() || who.IsStaff() || slices.ContainsFunc(who.Grants, func(g tenant.Grant) bool { return c.policy.Load().Rights.Allow(g.Role, right) })
}

// open refuses a customer that takes no part for now.
func open(c tenant.Customer) error {
	switch {
	case c.Blocked:
		return invalid("", "Blocked organization is not available.").because(ReasonBlocked)
	case c.Archived:
		return invalid("", "Archived organization is not available.").because(ReasonArchived)
	}
	return nil
}

// longestSlug leaves room for a number behind it.
const longestSlug = 40

// setsUp finds the customer for whom the caller sets something up: by a key that is not
// narrowed, with a right there, while the customer takes part.
func (s *Scene) setsUp(customer id.ID, right tenant.Right) (tenant.Customer, error) {
	of, err := s.Customer(customer)
	if err != nil {
		return of, err
	}
	if err := s.who.wide(0); err != nil {
		return of, err
	}
	if err := s.c.may(s.who, right, of.ID); err != nil {
		return of, err
	}
	return of, open(of)
}

// Slug spells a name in lower case letters, digits and hyphens; otherwise is for a name
// that has none of them.
func Slug(name, otherwise string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == longestSlug {
			break
		}
	}
	if s := strings.TrimSuffix(b.String(), "-"); s != "" {
		return s
	}
	return otherwise
}

// mostNumbered bounds how many records are told apart by a number behind their slug.
const mostNumbered = 20

// free is the first of slug, slug-2, slug-3 … that is not taken, else one with an id of
// its own behind it.
func (c *Core) free(slug string, taken func(slug string) (bool, error)) (string, error) {
	for n := 1; n <= mostNumbered; n++ {
		s := slug
		if n > 1 {
			s += "-" + strconv.Itoa(n)
		}
		if is, err := taken(s); err != nil || !is {
			return s, err
		}
	}
	return slug + "-" + c.NewID().Base36(), nil
}

// given is the slug that was asked for, which must not be taken, else a free one made of
// the name.
func (c *Core) given(asked, name, otherwise string, taken func(slug string) (bool, error)) (string, error) {
	if asked == "" {
		return c.free(Slug(name, otherwise), taken)
	}
	if is, err := taken(asked); err != nil || is {
		return "", orErr(err, invalid("slug", "The slug %.80q is taken.", asked).because(ReasonName))
	}
	return asked, nil
}
