package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// Apply makes or changes what a World names, in one transaction: all of it or nothing.
// It can be repeated; the second time nothing changes. An error's Field is the path of
// the member at fault, such as customers[1].projects[0].slug. Staff only.
func (c *Core) Apply(ctx context.Context, who Actor, w World) (Made, error) {
	if err := who.write(); err != nil {
		return Made{}, err
	}
	if !who.IsStaff() && !who.desk() {
		return Made{}, forbidden("Only staff may change what the desk offers and to whom.")
	}
	verifiers, err := c.passwords(ctx, w)
	if err != nil {
		return Made{}, err
	}
	var made Made
	err = c.store.Update(ctx, Touch{Scan: true, Exclusive: true}, func(tx Tx) error {
		a := c.applier(tx, who)
		a.verifiers = verifiers
		if err := a.apply(w); err != nil {
			return err
		}
		made = a.made
		return nil
	})
	if err != nil {
		return Made{}, err
	}
	return made, nil
}

// applier is one run of Apply: what it has read and put, by natural key, so that a
// record made a moment ago is found without reading it back.
type applier struct {
	c         *Core
	tx        Tx
	by        id.ID
	now       time.Time
	today     day.Day
	verifiers map[string]verifier // by login

	customers map[string]tenant.Customer
	projects  map[string]tenant.Project
	offerings map[string]*catalog.Sheet // by provider/code
	prices    map[*catalog.Sheet]map[pair][]catalog.Price
	fresh     []limit.Limit         // new limits: their balances are summed up from the entries
	lowered   []limit.Limit         // limits that a balance may now be above
	was       map[id.ID]money.Micro // what limits were before they were lowered or raised
	moved     map[id.ID]bool        // customers whose windows moved
	again     map[onPlan]bool       // plans whose resources are billed again
	changed   map[changes][]id.ID   // resources that orders have changed since

	components []componentPut       // whose ceilings are to be kept as limits
	named      map[limit.Limit]bool // keys of the limits that were put

	made Made
}

func (c *Core) applier(tx Tx, who Actor) *applier {
	now := c.Now()
	return &applier{c: c, tx: tx, by: who.User.ID, now: now, today: day.Of(now),
		customers: map[string]tenant.Customer{}, projects: map[string]tenant.Project{}, offerings: map[string]*catalog.Sheet{}, prices: map[*catalog.Sheet]map[pair][]catalog.Price{}, moved: map[id.ID]bool{}, was: map[id.ID]money.Micro{}, named: map[limit.Limit]bool{}}
}

func (a *applier) apply(w World) error {
	for n, s := range w.Customers {
		if err := a.customer(at("customers", n), s); err != nil {
			return err
		}
	}
	for n, s := range w.Providers {
		if err := a.provider(at("providers", n), s); err != nil {
			return err
		}
	}
	for n, s := range w.Users {
		if err := a.user(at("users", n), s); err != nil {
			return err
		}
	}
	if err := a.limits(w); err != nil {
		return err
	}
	if err := a.rebuild(); err != nil {
		return err
	}
	return a.archive(w.Archive)
}

// archive replaces the demo's acquisitions only when their dates moved: otherwise each
// start of the demo would write the whole archive again.
func (a *applier) archive(s ArchiveSpec) error {
	archives := slices.Clone(s.Tiles)
	if s.Generated {
		made, err := a.tx.Meta(metaGenerated)
		if err != nil {
			return err
		}
		if made != a.today.String() {
			acquisitions, tiles := imagery.Demo(a.now)
			archives = append(archives, imagery.Archive{Acquisitions: acquisitions, Tiles: tiles})
			if err := a.tx.PutMeta(metaGenerated, a.today.String()); err != nil {
				return err
			}
		}
	}
	for _, one := range archives {
		if err := a.c.importArchive(a.tx, one); err != nil {
			return err
		}
		a.made.Tiles += len(one.Tiles)
	}
	return nil
}

const metaGenerated = "archive generated"

func (a *applier) did(path, kind, name string, i id.ID, what Did) {
	a.made.Changes = append(a.made.Changes, Change{path, kind, name, i, what})
}

// became says what writing a record did, from what was there before.
func became(found, same bool) Did {
	switch {
	case !found:
		return DidMake
	case same:
		return DidKeep
	}
	return DidChange
}

func at(path string, n int) string { return fmt.Sprintf("%s[%d]", path, n) }

// set overwrites a field that the World names.
func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

// name overwrites a field that the World names by a text.
func name[T ~string](field *T, v T) {
	if v != "" {
		*field = v
	}
}

func attrs(field *json.RawMessage, v json.RawMessage) {
	if v != nil {
		*field = v
	}
}

// slugs are what people type and what stands in addresses.
var slugs = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func checkSlug(path, s string) error {
	if !slugs.MatchString(s) {
		return invalid(path, "%.80q is no slug: want up to 63 of a–z, 0–9 and hyphens, a hyphen not in front.", s)
	}
	return nil
}

// oneOf refuses a word that is none of those there are.
func oneOf[T ~string](path string, v T, words ...T) error {
	if slices.Contains(words, v) {
		return nil
	}
	return invalid(path, "%.80q is none of %v.", v, words)
}

// within words a store's Conflict, or another refusal, as one about a member of the World.
func within(path string, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Field != "" {
		return err
	}
	named := *e
	named.Field = path
	return &named
}

// findCustomer returns a customer by slug; found is false where there is none.
func (a *applier) findCustomer(slug string) (tenant.Customer, bool, error) {
	if c, ok := a.customers[slug]; ok {
		return c, true, nil
	}
	list, err := a.tx.Customers(CustomerQuery{Slug: slug, Page: Page{Limit: 1}})
	if err != nil || len(list) == 0 {
		return tenant.Customer{}, false, err
	}
	a.customers[slug] = list[0]
	return list[0], true, nil
}

// customerAt returns the customer that a member of the World refers to.
func (a *applier) customerAt(path, slug string) (tenant.Customer, error) {
	c, found, err := a.findCustomer(slug)
	if err == nil && !found {
		err = invalid(path, "There is no customer %.80q.", slug)
	}
	return c, err
}

func (a *applier) findProject(slug string) (tenant.Project, bool, error) {
	if p, ok := a.projects[slug]; ok {
		return p, true, nil
	}
	list, err := a.tx.Projects(ProjectQuery{Slug: slug, Page: Page{Limit: 1}})
	if err != nil || len(list) == 0 {
		return tenant.Project{}, false, err
	}
	a.projects[slug] = list[0]
	return list[0], true, nil
}

func (a *applier) projectAt(path, slug string) (tenant.Project, error) {
	p, found, err := a.findProject(slug)
	if err == nil && !found {
		err = invalid(path, "There is no project %.80q.", slug)
	}
	return p, err
}

func (a *applier) hasOrders(q OrderQuery) (bool, error) {
	q.Any, q.Hidden = &Sight{All: true}, true
	n, err := a.tx.CountOrders(q)
	return n > 0, err
}
