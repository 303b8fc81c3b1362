package demo

import (
	"encoding/hex"
	"fmt"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// give gives every key of the demo's users its value, made from the master key: the same
// each time the demo runs over a folder, though the desk keeps none of them readable. Their
// ids are lower than any that the desk draws.
func give(w *core.World, master seal.Key) {
	next := id.ID(1)
	for n := range w.Users {
		u := &w.Users[n]
		secret := func(kind string, i, digits int) string {
			k := master.Derive(fmt.Sprintf("demo %s %s %d", u.Login, kind, i))
			return hex.EncodeToString(k[:])[:digits]
		}
		if u.Password != nil {
			u.Password.Value = secret("password", 0, 20)
		}
		for i := range u.Tokens {
			u.Tokens[i].Value = fmt.Sprintf("%016x", int64(next)) + secret("token", i, 24)
			next++
		}
		for i := range u.Pairs {
			u.Pairs[i].AccessKey, u.Pairs[i].Secret = tenant.AccessKey(next), secret("pair", i, 40)
			next++
		}
	}
}
