package auth

import (
	"crypto/hmac"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
)

// Link makes and takes links that work without credentials until they expire: path and
// query are signed, together with the key on whose behalf the link was made. Authenticate
// makes a link's reader that key's actor; it ends with the key, too.
type Link struct {
	Core Keys     // of Authenticate, and of the clock
	Key  seal.Key // the master key; what signs is derived from it
	Now  func() time.Time
}

const (
	linkBy      = "link-by"
	linkExpires = "link-expires"
	linkSeal    = "link-signature"
)

func (l Link) now() time.Time {
	if l.Now == nil && l.Core != nil {
		return l.Core.Now()
	}
	return clock(l.Now)
}

// Sign adds to a target (a path, perhaps with a query) what makes it a link: who made it,
// until when it works, the signature. Cut to whole seconds. The target must be spelt as
// clients will ask for it, any prefix included; an origin may be put before it afterwards.
func (l Link) Sign(target string, by id.ID, until time.Time) string {
	join := "?"
	if strings.Contains(target, "?") {
		join = "&"
	}
	target += join + linkBy + "=" + by.Base36() + "&" + linkExpires + "=" + strconv.FormatInt(until.Unix(), 10)
	return target + "&" + linkSeal + "=" + hex.EncodeToString(l.seal(target))
}

func (l Link) seal(target string) []byte {
	k := l.Key.Derive("signed link")
	return mac(k[:], target)
}

// Verify returns the key that a request's link was made by. core.ErrAbsent where the
// request is of no link; Unauthenticated with reason signature or expired where it is bad.
// A link is for reading: GET and HEAD.
func (l Link) Verify(r *http.Request) (id.ID, error) {
	path, query := rawTarget(r)
	target, signature, ok := strings.Cut(path+"?"+query, "&"+linkSeal+"=")
	if !ok {
		return 0, core.ErrAbsent
	}
	got, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(got, l.seal(target)) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return 0, refuse(ReasonSignature, "The link is invalid.")
	}
	// What the seal covers was written by Sign, so its last two parameters are well formed.
	_, query, _ = strings.Cut(target, "?")
	last := query[strings.LastIndex(query, linkBy+"="):]
	v, err := url.ParseQuery(last)
	if err != nil {
		return 0, refuse(ReasonSignature, "The link is invalid.")
	}
	until, err := strconv.ParseInt(v.Get(linkExpires), 10, 64)
	if err != nil || l.now().Unix() >= until {
		return 0, refuse(core.ReasonExpired, "The link has expired.")
	}
	return id.ParseBase36(v.Get(linkBy))
}

// Authenticate implements front.Scheme.
func (l Link) Authenticate(r *http.Request) (core.Actor, error) {
	by, err := l.Verify(r)
	if err != nil {
		return core.Actor{}, err
	}
	h, err := l.Core.Holder(r.Context(), by)
	if err != nil && core.KindOf(err) == core.Unauthenticated {
		return core.Actor{}, refuse(core.ReasonExpired, "The link has expired.")
	}
	return h.Actor, err
}
