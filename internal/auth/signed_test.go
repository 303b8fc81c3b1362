package auth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

var master = seal.Key{1, 2, 3}

func issued(t *testing.T, s Signed, keys *ring, extra ...Extra) string {
	t.Helper()
	h, err := keys.holder(keys.keys[43])
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Issue(h, time.Hour, extra...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestASignedTokenComesBackAsWhatWasIssued(t *testing.T) {
	keys := newRing()
	s := Signed{Core: keys, Key: master, Purpose: "iam"}
	token := issued(t, s, keys, Extra{Project: 5, Data: map[string]string{"scope": "project"}})
	got, err := s.Parse(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if got.Holder.Key.ID != 43 || got.Holder.Actor.User.Login != "alice" || got.Project != 5 || got.Holder.Actor.Project != 5 || got.Data["scope"] != "project" {
		t.Errorf("got %+v", got)
	}
	if !got.Issued.Equal(start) || !got.Expires.Equal(start.Add(time.Hour)) {
		t.Errorf("issued %s, expires %s", got.Issued, got.Expires)
	}
}

func TestASignedTokenIsFoundWhereItsSchemeLooks(t *testing.T) {
	keys := newRing()
	bearer := Signed{Core: keys, Key: master, Purpose: "p"}
	header, cookie := bearer, bearer
	header.Header, cookie.Cookie = "X-Auth-Token", "desk"
	token := issued(t, bearer, keys)
	for name, tt := range map[string]struct {
		scheme Signed
		set    [2]string
	}{
		"the Authorization header": {bearer, [2]string{"Authorization", "bearer " + token}},
		"a header of its own":      {header, [2]string{"X-Auth-Token", token}},
		"a cookie":                 {cookie, [2]string{"Cookie", "a=b; desk=" + token}},
	} {
		who, err := tt.scheme.Authenticate(request("GET", "/", tt.set[0], tt.set[1]))
		if err != nil || who.Key != 43 {
			t.Errorf("%s: %v, %v", name, who, err)
		}
	}
	_, err := bearer.Authenticate(request("GET", "/", "Authorization", "Bearer"))
	refused(t, err, ReasonSchemeAlone, "missing")
	_, err = bearer.Authenticate(request("GET", "/", "Authorization", "Bearer "+aliceToken))
	refused(t, err, core.ReasonAbsent, "")
	if who, err := First(bearer, TokenKey{keys}).Authenticate(request("GET", "/", "Authorization", "Bearer "+aliceToken)); err != nil || who.Key != 41 {
		t.Errorf("an API token after a signed one's scheme: %v, %v", who, err)
	}
}

func TestASignedTokenThatOpensNothingIsRefused(t *testing.T) {
	own := func(keys *ring) Signed { return Signed{Core: keys, Key: master, Purpose: "p"} }
	forged := func(method jwt.SigningMethod, key any, edit func(*claims)) func(*testing.T, *ring) string {
		return func(t *testing.T, keys *ring) string {
			c := claims{RegisteredClaims: jwt.RegisteredClaims{Subject: "7", Audience: jwt.ClaimStrings{"p"}, IssuedAt: jwt.NewNumericDate(start), ExpiresAt: jwt.NewNumericDate(start.Add(time.Hour))}, KeyID: "43"}
			edit(&c)
			token, err := jwt.NewWithClaims(method, c).SignedString(key)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
	}
	right := own(nil).signingKey()
	after := func(f func(*ring)) func(*testing.T, *ring) string {
		return func(t *testing.T, keys *ring) string {
			token := issued(t, own(keys), keys, Extra{Project: 5})
			f(keys)
			return token
		}
	}
	for name, tt := range map[string]struct {
		token  func(*testing.T, *ring) string
		reason string
	}{
		"its time is up":           {after(func(r *ring) { r.at = start.Add(time.Hour) }), core.ReasonExpired},
		"the key's time is up":     {after(func(r *ring) { r.expire(43) }), core.ReasonExpired},
		"the key was revoked":      {after(func(r *ring) { r.revoke(43) }), ReasonToken},
		"the epoch has moved on":   {after(func(r *ring) { r.change(43, func(k *tenant.Key) { k.Epoch++ }) }), ReasonToken},
		"the key is gone":          {after(func(r *ring) { delete(r.keys, 43) }), ReasonToken},
		"the user is not active":   {after(func(r *ring) { r.dismiss() }), core.ReasonInactive},
		"narrowed elsewhere since": {after(func(r *ring) { r.change(43, func(k *tenant.Key) { k.Project = 6 }) }), ReasonToken},
		"of another purpose": {func(t *testing.T, keys *ring) string {
			return issued(t, Signed{Core: keys, Key: master, Purpose: "q"}, keys)
		}, ReasonToken},
		"of another master key": {func(t *testing.T, keys *ring) string {
			return issued(t, Signed{Core: keys, Key: seal.Key{9}, Purpose: "p"}, keys)
		}, ReasonToken},
		"nonsense":            {func(*testing.T, *ring) string { return "a.b.c" }, ReasonToken},
		"empty":               {func(*testing.T, *ring) string { return "" }, ReasonToken},
		"not signed":          {forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(*claims) {}), ReasonToken},
		"signed another way":  {forged(jwt.SigningMethodHS512, right, func(*claims) {}), ReasonToken},
		"of no end":           {forged(jwt.SigningMethodHS256, right, func(c *claims) { c.ExpiresAt = nil }), ReasonToken},
		"of another audience": {forged(jwt.SigningMethodHS256, right, func(c *claims) { c.Audience = jwt.ClaimStrings{"q"} }), ReasonToken},
		"of another user":     {forged(jwt.SigningMethodHS256, right, func(c *claims) { c.Subject = "8" }), ReasonToken},
		"of no key":           {forged(jwt.SigningMethodHS256, right, func(c *claims) { c.KeyID = "" }), ReasonToken},
		"of no project":       {forged(jwt.SigningMethodHS256, right, func(c *claims) { c.Project = "x" }), ReasonToken},
	} {
		t.Run(name, func(t *testing.T) {
			keys := newRing()
			got, err := own(keys).Parse(t.Context(), tt.token(t, keys))
			refused(t, err, tt.reason, "")
			if got.Holder.Actor.User.ID != 0 {
				t.Errorf("it let %v in", got.Holder.Actor)
			}
		})
	}
	honest := forged(jwt.SigningMethodHS256, right, func(*claims) {})(t, nil)
	if _, err := own(newRing()).Parse(t.Context(), honest); err != nil {
		t.Errorf("the forger makes no good token, so the test above shows nothing: %v", err)
	}
}

func TestAnARDClientCanReadWhenATokenEnds(t *testing.T) {
	keys := newRing()
	token := issued(t, Signed{Core: keys, Key: master, Purpose: "ard"}, keys)
	var c jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil || !c.ExpiresAt.Equal(start.Add(time.Hour)) {
		t.Errorf("exp is %v, %v", c.ExpiresAt, err)
	}
	if strings.Count(token, ".") != 2 {
		t.Errorf("%s has not three parts", token)
	}
}

func TestALinkOpensItsOwnPathUntilItExpires(t *testing.T) {
	keys := newRing()
	l := Link{Core: keys, Key: master}
	for _, target := range []string{"/select/1.geojson", "/api/v1/select/a%2Fb?format=stac&link-by=1"} {
		link := l.Sign(target, 41, start.Add(time.Hour))
		if who, err := l.Authenticate(request("GET", link)); err != nil || who.Key != 41 {
			t.Errorf("%s: %v, %v", link, who, err)
		}
		if by, err := l.Verify(request("HEAD", "https://desk.example"+link)); err != nil || by != 41 {
			t.Errorf("%s: %v, %v", link, by, err)
		}
	}
	link := l.Sign("/select/1.geojson", 41, start.Add(time.Hour))
	for name, tt := range map[string]struct {
		request *http.Request
		change  func(*ring)
		reason  string
	}{
		"another path":          {request("GET", strings.Replace(link, "/1.", "/2.", 1)), nil, ReasonSignature},
		"another key":           {request("GET", strings.Replace(link, linkBy+"=", linkBy+"=1", 1)), nil, ReasonSignature},
		"a later end":           {request("GET", strings.Replace(link, linkExpires+"=1", linkExpires+"=2", 1)), nil, ReasonSignature},
		"something added":       {request("GET", link+"&x=1"), nil, ReasonSignature},
		"no signature":          {request("GET", strings.Split(link, "&"+linkSeal)[0]), nil, core.ReasonAbsent},
		"an empty signature":    {request("GET", strings.Split(link, "&"+linkSeal)[0]+"&"+linkSeal+"="), nil, ReasonSignature},
		"a writing method":      {request("DELETE", link), nil, ReasonSignature},
		"its time is up":        {request("GET", link), func(r *ring) { r.at = start.Add(time.Hour) }, core.ReasonExpired},
		"the key was revoked":   {request("GET", link), func(r *ring) { r.revoke(41) }, core.ReasonExpired},
		"the user is no longer": {request("GET", link), func(r *ring) { r.dismiss() }, core.ReasonExpired},
	} {
		t.Run(name, func(t *testing.T) {
			keys := newRing()
			if tt.change != nil {
				tt.change(keys)
			}
			who, err := Link{Core: keys, Key: master}.Authenticate(tt.request)
			refused(t, err, tt.reason, "")
			if who.User.ID != 0 {
				t.Errorf("it let %v in", who)
			}
		})
	}
	if _, err := (Link{Core: keys, Key: seal.Key{9}}).Authenticate(request("GET", link)); core.KindOf(err) != core.Unauthenticated {
		t.Errorf("another desk's link: %v", err)
	}
}

func FuzzNoLinkOfAStrangerOpens(f *testing.F) {
	f.Add("/a", Link{Key: seal.Key{9}}.Sign("/a", 41, start.Add(time.Hour)))
	f.Fuzz(func(t *testing.T, path, target string) {
		r := &http.Request{Method: "GET", URL: new(url.URL), RequestURI: target}
		if by, err := (Link{Key: master, Now: func() time.Time { return start }}).Verify(r); err == nil || by != id.ID(0) {
			t.Errorf("%q of %q opens for %d", target, path, by)
		}
	})
}
