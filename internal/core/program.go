package core

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Programs asks for users who are no people: a customer or a project has them for a program
// or a course, and a door keeps a document beside each. A program signs in by its key alone,
// and has no role until somebody gives it one.
type Programs struct {
	Right    tenant.Right // to have them, on the project or its customer
	Customer id.ID        // of the project, where there is one
	Project  id.ID        // 0: they are the customer's own
	Kind     string       // of the documents
	State    string       // of the documents
	Most     *int         // how many of that state there may be, where they are; nil: any number
	Keyed    bool         // each gets a key, for the project where there is one
	Each     []ProgramSpec
}

// ProgramSpec is one of them. The login is the first free one like that which is wished for.
type ProgramSpec struct {
	Login, Email string
	Body         json.RawMessage // of its document
}

// Program is one as it stands. Its document has the user's id, in base 36, for a name; it is
// beside the project, or else the customer.
type Program struct {
	User     tenant.User
	Document Document
	Token    string // of a key that was made just now: it is told once
}

// ProgramOf is the user whom a program's document is about.
func ProgramOf(d Document) id.ID {
	i, err := id.ParseBase36(d.Name)
	if err != nil {
		return 0
	}
	return i
}

func (p Programs) parent() id.ID {
	if p.Project != 0 {
		return p.Project
	}
	return p.Customer
}

// MakePrograms makes programs, all or none. Invalid, field most, where there would be too
// many. Keys that are narrowed are refused.
func (c *Core) MakePrograms(ctx context.Context, who Actor, p Programs) ([]Program, error) {
	if err := who.writeWide(); err != nil {
		return nil, err
	}
	for _, s := range p.Each {
		if err := checkBody(s.Body); err != nil {
			return nil, err
		}
	}
	var out []Program
	on := Touch{Customers: []id.ID{p.Customer}, Exclusive: true, Scan: true}
	err := c.untilKept(ctx, on, func(tx Tx) error {
		out = nil
		s := &Scene{c: c, r: tx, who: who}
		if err := s.hasPrograms(p); err != nil {
			return err
		}
		if p.Most != nil {
			n, err := tx.CountDocuments(DocumentQuery{Kind: p.Kind, Parent: p.parent(), State: p.State})
			if err != nil {
				return err
			}
			if n+len(p.Each) > *p.Most {
				return invalid("most", "There are %d, and there may be %d.", n, *p.Most).because(ReasonQuantity)
			}
		}
		taken := map[string]bool{}
		for _, spec := range p.Each {
			made, err := c.newProgram(tx, p, spec, taken)
			if err != nil {
				return err
			}
			out = append(out, made)
		}
		return c.putPrograms(tx, p, out)
	})
	return out, err
}

// hasPrograms refuses those who may not have any there.
func (s *Scene) hasPrograms(p Programs) error {
	scopes := []id.ID{p.Customer}
	if p.Project != 0 {
		pr, err := s.Project(p.Project)
		if err != nil {
			return err
		}
		if pr.Customer != p.Customer {
			return notFound("project", p.Project)
		}
		scopes = append(scopes, p.Project)
	} else if _, err := s.Customer(p.Customer); err != nil {
		return err
	}
	if err := s.c.may(s.who, p.Right, scopes...); err != nil {
		return err
	}
	of, err := s.r.Customer(p.Customer)
	return cmp.Or(err, open(of))
}

func (c *Core) newProgram(r Reader, p Programs, spec ProgramSpec, taken map[string]bool) (Program, error) {
	login, err := c.free(Slug(spec.Login, "account"), func(login string) (bool, error) {
		_, err := r.UserByLogin(login)
		return taken[login] || err == nil, missing(err)
	})
	if err != nil {
		return Program{}, err
	}
	taken[login] = true
	u := tenant.User{ID: c.NewID(), Login: login, FullName: login, Email: spec.Email, Active: true}
	d := Document{ID: c.NewID(), Kind: p.Kind, Customer: p.Customer, Project: p.Project, Parent: p.parent(), Name: u.ID.Base36(), State: p.State, Body: spec.Body}
	return Program{User: u, Document: d}, nil
}

func (c *Core) putPrograms(tx Tx, p Programs, made []Program) error {
	for n := range made {
		m := &made[n]
		if err := tx.PutUser(m.User); err != nil {
			return err
		}
		if err := tx.PutDocument(m.Document); err != nil {
			return err
		}
		m.Document.Rev = 1
		if !p.Keyed {
			continue
		}
		if err := c.newKey(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// newKey gives a program a key, for its project where it has one.
func (c *Core) newKey(tx Tx, p *Program) error {
	var k tenant.Key
	k, p.Token = c.token(p.User.ID)
	k.Project = p.Document.Project
	return tx.PutKey(k)
}

// ChangeProgram changes a program and its document: change may edit the user's names but
// the login, e-mail and whether it is active, and the document's state and body; anew says that its keys end
// and it gets another. One that is not active any more has no keys. Who may not change it does
// not see it, but for those who see all.
func (c *Core) ChangeProgram(ctx context.Context, who Actor, right tenant.Right, kind string, i id.ID, change func(p *Program) (anew bool, err error)) (Program, error) {
	var out Program
	if err := who.writeWide(); err != nil {
		return out, err
	}
	on := Touch{Documents: []id.ID{i}, Exclusive: true, Scan: true}
	if err := c.store.View(ctx, func(r Reader) error {
		d, err := r.Document(i)
		on.Customers, on.Users = []id.ID{d.Customer}, []id.ID{ProgramOf(d)}
		return missing(err)
	}); err != nil {
		return out, err
	}
	err := c.store.Update(ctx, on, func(tx Tx) error {
		var err error
		if out, err = c.program(&Scene{c: c, r: tx, who: who}, right, kind, i); err != nil {
			return err
		}
		was := out
		anew, err := change(&out)
		if err != nil {
			return err
		}
		out.User.ID, out.User.Login, out.User.Staff, out.User.Support = was.User.ID, was.User.Login, was.User.Staff, was.User.Support
		out.Document.ID, out.Document.Kind, out.Document.Customer, out.Document.Project = was.Document.ID, was.Document.Kind, was.Document.Customer, was.Document.Project
		out.Document.Name, out.Document.Parent, out.Document.Rev = was.Document.Name, was.Document.Parent, was.Document.Rev
		if !reflect.DeepEqual(out.User, was.User) {
			out.User.ChangedAt = c.Now()
		}
		return c.putProgram(tx, &out, anew)
	})
	return out, err
}

func (c *Core) program(s *Scene, right tenant.Right, kind string, i id.ID) (Program, error) {
	d, err := s.ShownDocument(kind, i)
	if err != nil {
		return Program{}, err
	}
	if !s.c.May(s.who, right, d.Customer, d.Parent) {
		if s.who.SeesAll() {
			return Program{}, forbidden("You do not have permission to perform this action.")
		}
		return Program{}, notFound(kind, i)
	}
	u, err := s.r.User(ProgramOf(d))
	return Program{User: u, Document: d}, err
}

func (c *Core) putProgram(tx Tx, p *Program, anew bool) error {
	if err := checkBody(p.Document.Body); err != nil {
		return err
	}
	if err := tx.PutUser(p.User); err != nil {
		return err
	}
	if err := tx.PutDocument(p.Document); err != nil {
		return err
	}
	p.Document.Rev++
	if p.User.Active && !anew {
		return nil
	}
	keys, err := tx.Keys(p.User.ID)
	if err != nil {
		return err
	}
	now := c.Now()
	keys = slices.DeleteFunc(keys, func(k tenant.Key) bool { return !k.Live(now) })
	for _, k := range keys {
		k.RevokedAt = &now
		k.Epoch++
		if err := tx.PutKey(k); err != nil {
			return err
		}
	}
	if !p.User.Active {
		return nil
	}
	return c.newKey(tx, p)
}
