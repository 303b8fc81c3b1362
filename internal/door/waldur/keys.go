package waldur

import (
	"net/http"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

func (d *door) keyOperations() []operation {
	return []operation{
		{"keys_list", "GET", "/api/keys/", keys.open(d), false},
		{"keys_create", "POST", "/api/keys/", create(d, d.createKey, (*view).keyLink, (*view).PublicKey, keyModel), false},
		{"keys_retrieve", "GET", "/api/keys/{uuid}/", retrieve(d, id.Key, (*view).PublicKey, keyModel), false},
		{"keys_destroy", "DELETE", "/api/keys/{uuid}/", d.destroyKey(), false},
		{"marketplace_service_providers_keys_list", "GET", "/api/marketplace-service-providers/{uuid}/keys/", servedKeys.serve(d, served), false},
	}
}

func (v *view) keyLink(i id.ID) string { return v.origin + "/api/keys/" + i.UUID(id.Key) + "/" }

func fingerprint(n int) func(*view, tenant.PublicKey) string {
	return func(_ *view, k tenant.PublicKey) string {
		md5, sha256, sha512 := k.Fingerprints()
		return [3]string{md5, sha256, sha512}[n]
	}
}

var keyModel = model[tenant.PublicKey]{
	{name: "url", value: func(v *view, k tenant.PublicKey) any { return v.keyLink(k.ID) }},
	{name: "uuid", value: func(_ *view, k tenant.PublicKey) any { return k.ID.UUID(id.Key) }},
	{name: "name", value: func(_ *view, k tenant.PublicKey) any { return k.Name }},
	{name: "public_key", value: func(_ *view, k tenant.PublicKey) any { return k.Line }},
	asKey("fingerprint_md5", fingerprint(0)),
	asKey("fingerprint_sha256", fingerprint(1)),
	asKey("fingerprint_sha512", fingerprint(2)),
	{name: "user_uuid", value: func(_ *view, k tenant.PublicKey) any { return k.User.UUID(id.User) }},
	{name: "is_shared", value: func(_ *view, k tenant.PublicKey) any { return k.Shared }},
	{name: "type", value: func(_ *view, k tenant.PublicKey) any { return k.Type() }},
}

func keyName(_ *view, k tenant.PublicKey) string    { return k.Name }
func keyMade(_ *view, k tenant.PublicKey) time.Time { return k.ID.Time() }

func keyFilters[Q any]() map[string]filter[Q, tenant.PublicKey] {
	return map[string]filter[Q, tenant.PublicKey]{
		"name":               contains[Q](keyName),
		"name_exact":         equals[Q](keyName),
		"fingerprint_md5":    equals[Q](fingerprint(0)),
		"fingerprint_sha256": equals[Q](fingerprint(1)),
		"fingerprint_sha512": equals[Q](fingerprint(2)),
		"is_shared":          is[Q](func(_ *view, k tenant.PublicKey) bool { return k.Shared }),
		"user_uuid":          idIn[Q](id.User, func(_ *view, k tenant.PublicKey) id.ID { return k.User }),
		"created":            since[Q](keyMade),
		"created_before":     until[Q](keyMade),
		"modified":           since[Q](keyMade), // a key is never changed
		"modified_before":    until[Q](keyMade),
	}
}

func keySorts[Q any]() map[string]sorting[Q, tenant.PublicKey] {
	return map[string]sorting[Q, tenant.PublicKey]{"name": sortedBy[Q](keyName)}
}

var keys = list[few, tenant.PublicKey]{
	rows:    whole(func(v *view) ([]tenant.PublicKey, error) { return v.PublicKeys() }),
	filters: keyFilters[few](),
	sorts:   keySorts[few](),
	model:   keyModel,
}

// servedKeys are those of the people a provider serves.
var servedKeys = list[serving, tenant.PublicKey]{
	rows: func(v *view, s serving, _, _ int) ([]tenant.PublicKey, error) {
		grants, err := s.roles(v)
		if err != nil {
			return nil, err
		}
		users := make([]id.ID, len(grants))
		for n, g := range grants {
			users[n] = g.User
		}
		return v.PublicKeysOf(users...)
	},
	filters: keyFilters[serving](),
	sorts:   keySorts[serving](),
	model:   keyModel,
}

// createKey keeps a key of the caller's own; staff may share theirs with everybody.
func (d *door) createKey(r *http.Request, who core.Actor, b *body) (id.ID, error) {
	k := tenant.PublicKey{Name: b.text("name", false, 150), Line: b.text("public_key", true, 2000), Shared: b.flag("is_shared")}
	if err := b.done(); err != nil {
		return 0, err
	}
	made, err := d.core.AddPublicKey(r.Context(), who, k)
	return made.ID, fieldRefused(err, map[string]string{"line": "public_key", "name": "name"})
}

func (d *door) destroyKey() front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		if err := d.core.RemovePublicKey(r.Context(), who, named(r, id.Key)); err != nil {
			return err
		}
		return empty(w, http.StatusNoContent)
	}
}
