package core

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// kindPublicKey is the kind of the documents that users' public keys are kept in: their
// parent is the user, their name the user's and the key's together.
const kindPublicKey = "public key"

type publicKey struct {
	Name   string `json:"name,omitempty"`
	Line   string `json:"line"`
	Shared bool   `json:"shared,omitempty"`
}

func publicKeyOf(d Document) (tenant.PublicKey, error) {
	var k publicKey
	err := json.Unmarshal(d.Body, &k)
	return tenant.PublicKey{ID: d.ID, User: d.Parent, Name: k.Name, Line: k.Line, Shared: k.Shared}, err
}

// desksOwn is the customer of documents that belong to none.
var desksOwn = []id.ID{0}

// MostPublicKeys is how many keys a user has at most.
const MostPublicKeys = 100

// sharedKey is the state of the document of a key that everybody sees.
const sharedKey = "shared"

func publicKeys(r Reader, q DocumentQuery) ([]tenant.PublicKey, error) {
	q.Kind, q.Page = kindPublicKey, Page{Limit: math.MaxInt32, Ascending: true}
	if q.Parents == nil {
		q.Customers = desksOwn
	}
	docs, err := r.Documents(q)
	if err != nil {
		return nil, err
	}
	out := make([]tenant.PublicKey, len(docs))
	for n, d := range docs {
		if out[n], err = publicKeyOf(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PublicKeys lists the keys that the actor may see: their own and shared ones; staff and
// support see all.
func (s *Scene) PublicKeys() ([]tenant.PublicKey, error) {
	if s.seesKeys() {
		return publicKeys(s.r, DocumentQuery{})
	}
	mine, err := publicKeys(s.r, DocumentQuery{Parent: s.who.User.ID})
	if err != nil {
		return nil, err
	}
	shared, err := publicKeys(s.r, DocumentQuery{State: sharedKey})
	mine = append(mine, slices.DeleteFunc(shared, func(k tenant.PublicKey) bool { return k.User == s.who.User.ID })...)
	slices.SortFunc(mine, func(a, b tenant.PublicKey) int { return cmp.Compare(a.ID, b.ID) })
	return mine, err
}

// seesKeys reports whether the actor sees everybody's keys.
func (s *Scene) seesKeys() bool { return s.who.SeesAll() && s.who.SeesWide() }

func (s *Scene) seesKey(k tenant.PublicKey) bool {
	return s.seesKeys() || k.Shared || k.User == s.who.User.ID
}

// PublicKeysOf lists the keys of people whom the caller was shown as those they serve.
func (s *Scene) PublicKeysOf(users ...id.ID) ([]tenant.PublicKey, error) {
	if len(users) == 0 { // a query without ids would not narrow
		return nil, nil
	}
	return publicKeys(s.r, DocumentQuery{Parents: users})
}

// PublicKey returns a key that the actor may see.
func (s *Scene) PublicKey(i id.ID) (tenant.PublicKey, error) {
	d, err := s.r.Document(i)
	if err != nil && KindOf(err) != NotFound {
		return tenant.PublicKey{}, err
	}
	if err != nil || d.Kind != kindPublicKey || d.RemovedAt != nil {
		return tenant.PublicKey{}, notFound("public key", i)
	}
	k, err := publicKeyOf(d)
	if err == nil && !s.seesKey(k) {
		err = notFound("public key", i)
	}
	return k, err
}

// AddPublicKey keeps a key of the actor's own. Invalid, with Field line where it is no key
// or one they have already or one too many, with Field name where they have one of that name. Staff alone
// share one. Keys that are narrowed are refused.
func (c *Core) AddPublicKey(ctx context.Context, who Actor, k tenant.PublicKey) (tenant.PublicKey, error) {
	if err := who.writeWide(); err != nil {
		return k, err
	}
	var err error
	if k.Line, err = tenant.ParsePublicKey(k.Line); err != nil {
		return k, invalid("line", "Key is not valid: %s.", err)
	}
	k.ID, k.User, k.Shared = c.NewID(), who.User.ID, k.Shared && who.IsStaff()
	body, err := json.Marshal(publicKey{k.Name, k.Line, k.Shared})
	if err != nil {
		return k, err
	}
	_, print, _ := k.Fingerprints()
	doc := Document{ID: k.ID, Kind: kindPublicKey, Parent: k.User, Name: k.User.Decimal() + " " + print, Body: body}
	if k.Shared {
		doc.State = sharedKey
	}
	err = c.store.Update(ctx, Touch{Scan: true}, func(tx Tx) error {
		mine, err := publicKeys(tx, DocumentQuery{Parent: k.User})
		if err != nil {
			return err
		}
		for _, have := range mine {
			if k.Name != "" && have.Name == k.Name {
				return invalid("name", "This field must be unique.").because(ReasonName)
			}
			if _, p, _ := have.Fingerprints(); p == print {
				return invalid("line", "You have this key already.").because(ReasonName)
			}
		}
		if len(mine) >= MostPublicKeys {
			return invalid("line", "You have %d keys, the most there can be: remove one first.", MostPublicKeys)
		}
		return tx.PutDocument(doc)
	})
	return k, err
}

// RemovePublicKey ends a key: staff any, others their own that are not shared.
// Keys that are narrowed are refused.
func (c *Core) RemovePublicKey(ctx context.Context, who Actor, i id.ID) error {
	if err := who.writeWide(); err != nil {
		return err
	}
	return c.store.Update(ctx, Touch{Documents: []id.ID{i}}, func(tx Tx) error {
		k, err := (&Scene{c: c, r: tx, who: who}).PublicKey(i)
		if err != nil {
			return err
		}
		if !who.IsStaff() && (k.Shared || k.User != who.User.ID) {
			return forbidden("Only staff users are allowed to delete shared SSH public key.")
		}
		d, err := tx.Document(i)
		if err != nil {
			return err
		}
		now := c.Now()
		d.RemovedAt = &now
		return tx.PutDocument(d)
	})
}
