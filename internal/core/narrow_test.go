package core_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

const aPublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPx0BYpRtUYRgxL2eGWUb2n4tNnhaGq8BzqYt3cKkQ9G mary"

// TestANarrowedKeyWritesNothingBesideItsProject: what belongs to no project is not written
// by a key that is narrowed to one, whoever's it is.
func TestANarrowedKeyWritesNothingBesideItsProject(t *testing.T) {
	d := newDesk(t)
	kept := func(who core.Actor, body string) (core.Document, error) {
		doc, _, err := d.KeepDocument(ctx, who, core.DocumentKey{Kind: "note", Customer: d.buyer.ID, Name: "a"}, func(_ *core.Scene, doc *core.Document) error {
			doc.Body = json.RawMessage(body)
			return nil
		})
		return doc, err
	}
	doc := must(kept(d.owner, `1`))(t)
	for name, who := range map[string]core.Actor{"owner": d.owner, "staff": d.staff} {
		key := must(d.AddPublicKey(ctx, who, tenant.PublicKey{Name: "one", Line: aPublicKey}))(t)
		narrowed := who
		narrowed.Project = d.project.ID
		for act, do := range map[string]func() error{
			"keep": func() error { _, err := kept(narrowed, `2`); return err },
			"new": func() error {
				_, err := d.NewShownDocument(ctx, narrowed, core.Document{Kind: "note", Customer: d.buyer.ID, Name: "b", Body: json.RawMessage(`2`)})
				return err
			},
			"change": func() error {
				_, err := d.ChangeShownDocument(ctx, narrowed, "note", doc.ID, func(_ *core.Scene, doc *core.Document) error {
					doc.Body = json.RawMessage(`2`)
					return nil
				})
				return err
			},
			"new of the desk": func() error {
				_, err := d.NewDeskDocument(ctx, narrowed, core.Document{Kind: "note", Name: "c", Body: json.RawMessage(`2`)})
				return err
			},
			"add a key": func() error {
				_, err := d.AddPublicKey(ctx, narrowed, tenant.PublicKey{Name: "two", Line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBd1zHmDYQlvZpTqV9x3o6nF0sQm1J2kWc8eRr5uLt7Y"})
				return err
			},
			"remove a key": func() error { return d.RemovePublicKey(ctx, narrowed, key.ID) },
		} {
			if e := core.AsError(do()); e.Kind != core.Forbidden || e.Reason != core.ReasonWrongProject {
				t.Errorf("%s, %s: %v, want it refused for the key's project", name, act, e)
			}
		}
	}
	err := d.View(ctx, d.staff, func(s *core.Scene) error {
		docs, err := s.ShownDocuments(core.DocumentQuery{Kind: "note", Page: core.Page{Limit: 10}})
		if err == nil && (len(docs) != 1 || string(docs[0].Body) != "1") {
			t.Errorf("kept is %v", docs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	narrowed := d.staff
	narrowed.Project = d.project.ID
	for want, who := range map[int]core.Actor{2: d.staff, 1: narrowed} {
		err := d.View(ctx, who, func(s *core.Scene) error {
			keys, err := s.PublicKeys()
			if err == nil && len(keys) != want {
				t.Errorf("staff see %d keys with project %v, want %d", len(keys), who.Project, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestANarrowedKeySeesTheDocumentsOfItsProjectAlone: neither those of another project nor
// those of the whole customer; what it makes is of its project.
func TestANarrowedKeySeesTheDocumentsOfItsProjectAlone(t *testing.T) {
	d := newDesk(t)
	must(d.MakeProject(ctx, d.staff, d.buyer.ID, core.ProjectSpec{Slug: "plant", Name: "Plant"}))(t)
	d.load(t)
	shed := func(who core.Actor, project id.ID) id.ID {
		doc := d.shed("one")
		doc.Project = project
		return must(d.NewDocument(ctx, who, doc, nil))(t).ID
	}
	for name, who := range map[string]core.Actor{"owner": d.owner, "staff": d.staff} {
		narrowed := who
		narrowed.Project = d.project.ID
		wide, here, beside, own := shed(d.owner, 0), shed(d.owner, d.project.ID), shed(d.owner, d.projectOf(t, "plant")), shed(narrowed, 0)
		for i, want := range map[id.ID]bool{wide: false, here: true, beside: false, own: true} {
			_, err := d.ChangeDocument(ctx, narrowed, "test.shed", i, func(_ *core.Scene, doc *core.Document) error {
				doc.Body = json.RawMessage(`{}`)
				return nil
			})
			if want != (err == nil) || !want && core.KindOf(err) != core.NotFound {
				t.Errorf("%s changes document %d: %v, want it there: %v", name, i, err, want)
			}
			err = d.View(ctx, narrowed, func(s *core.Scene) error {
				_, err := s.Document("test.shed", i)
				list, failed := s.Documents(core.DocumentQuery{Kind: "test.shed", Page: core.Page{Limit: 100}})
				n, failedToo := s.CountDocuments(core.DocumentQuery{Kind: "test.shed"})
				listed := slices.ContainsFunc(list, func(doc core.Document) bool { return doc.ID == i })
				if want != (err == nil) || listed != want || n != len(list) {
					t.Errorf("%s sees document %d: %v, in the list: %v of %d, want %v", name, i, err, listed, n, want)
				}
				return errors.Join(failed, failedToo)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		elsewhere := d.shed("two")
		elsewhere.Project = d.projectOf(t, "plant")
		if _, err := d.NewDocument(ctx, narrowed, elsewhere, nil); core.KindOf(err) != core.NotFound {
			t.Errorf("%s makes a document beside its project: %v", name, err)
		}
		rack := core.Placement{Offering: d.sheets["rack"].Offering.ID, Project: d.project.ID, Ref: wide, Asks: []core.Ask{{Component: "big", Quantity: units(1)}}}
		if _, err := d.PlaceOrder(ctx, narrowed, rack); core.KindOf(err) != core.NotFound {
			t.Errorf("%s orders for a document beside its project: %v", name, err)
		}
		rack.Ref = own
		must(d.PlaceOrder(ctx, narrowed, rack))(t)
	}
	ours := d.shed("three")
	ours.Project = d.projectOf(t, "theirs")
	if _, err := d.NewDocument(ctx, d.staff, ours, nil); core.KindOf(err) != core.NotFound {
		t.Errorf("a document is of another customer's project: %v", err)
	}
}

// projectOf is the id of a project by its slug.
func (d *desk) projectOf(t *testing.T, slug string) id.ID {
	t.Helper()
	var out id.ID
	must(struct{}{}, d.View(ctx, d.staff, func(s *core.Scene) error {
		list, err := s.Projects(core.ProjectQuery{Slug: slug, Page: core.Page{Limit: 1}})
		if len(list) > 0 {
			out = list[0].ID
		}
		return err
	}))(t)
	return out
}
