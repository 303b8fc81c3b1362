package core_test

import (
	"encoding/json"
	"testing"

	"github.com/docket-desk/docket/internal/core"
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
