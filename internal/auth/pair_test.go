package auth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/tenant"
)

// pairSchemes are the two that sign, each with what signs for it.
var pairSchemes = map[string]struct {
	sign func(*http.Request, Credentials, time.Time) error
	date string
}{
	"sigv4":   {SignV4, dateV4},
	"sdkhmac": {SignSDK, dateSDK},
}

var alicePair = Credentials{Access: tenant.AccessKey(42), Secret: secretKey, Region: "eu-north-1", Service: "outposts"}

func signedRequest(t *testing.T, scheme string, with Credentials, at time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequest("POST", "http://desk.example:8080/a%2Fb/c d?x=2&x=1&y=%20", strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if err := pairSchemes[scheme].sign(r, with, at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsSignedHereIsTakenHereAndItsBodyIsStillThere(t *testing.T) {
	for name := range pairSchemes {
		r := signedRequest(t, name, alicePair, start)
		keys := newRing()
		who, err := schemes(keys)[name].Authenticate(r)
		if err != nil || who.Key != 42 || who.User.Login != "alice" || len(keys.touched) != 1 {
			t.Errorf("%s: %v, %v, touched %v", name, who, err, keys.touched)
		}
		if b, err := io.ReadAll(r.Body); string(b) != `{"a":1}` || err != nil {
			t.Errorf("%s leaves %q, %v of the body", name, b, err)
		}
	}
}

func TestABadPairIsRefusedForWhatIsWrongWithIt(t *testing.T) {
	as := func(access, secret string) Credentials {
		c := alicePair
		c.Access, c.Secret = access, secret
		return c
	}
	for name, tt := range map[string]struct {
		with   Credentials
		at     time.Time
		change func(*ring)
		reason string
	}{
		"another secret":                {as(alicePair.Access, "wrong"), start, nil, ReasonSignature},
		"an unknown pair":               {as(tenant.AccessKey(99), secretKey), start, nil, ReasonUnknownKey},
		"a token's id as a pair":        {as(tenant.AccessKey(41), secretKey), start, nil, ReasonUnknownKey},
		"no access key of this desk":    {as("AKIAIOSFODNN7EXAMPLE", secretKey), start, nil, ReasonUnknownKey},
		"just in time":                  {alicePair, start.Add(-15 * time.Minute), nil, ""},
		"just ahead":                    {alicePair, start.Add(15 * time.Minute), nil, ""},
		"too old":                       {alicePair, start.Add(-15*time.Minute - time.Second), nil, ReasonSkew},
		"too far ahead":                 {alicePair, start.Add(15*time.Minute + time.Second), nil, ReasonSkew},
		"revoked":                       {alicePair, start, func(r *ring) { r.revoke(42) }, ReasonUnknownKey},
		"expired":                       {alicePair, start, func(r *ring) { r.expire(42) }, core.ReasonExpired},
		"inactive":                      {alicePair, start, func(r *ring) { r.dismiss() }, ReasonUnknownKey},
		"expired, but with wrong proof": {as(alicePair.Access, "wrong"), start, func(r *ring) { r.expire(42) }, ReasonSignature},
	} {
		for scheme := range pairSchemes {
			t.Run(name+", "+scheme, func(t *testing.T) {
				keys := newRing()
				if tt.change != nil {
					tt.change(keys)
				}
				who, err := schemes(keys)[scheme].Authenticate(signedRequest(t, scheme, tt.with, tt.at))
				if tt.reason == "" {
					if err != nil || who.Key != 42 {
						t.Errorf("got %v, %v", who, err)
					}
					return
				}
				refused(t, err, tt.reason, "")
				if who.Key != 0 {
					t.Errorf("it let %v in", who)
				}
			})
		}
	}
}

func TestAnIncompleteSignatureIsToldFromAWrongOne(t *testing.T) {
	edit := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
		}
	}
	both := map[string]func(*http.Request){
		"no signature":           edit(", Signature=", ", Signatur="),
		"a short signature":      func(r *http.Request) { h := r.Header.Get("Authorization"); r.Header.Set("Authorization", h[:len(h)-1]) },
		"no headers named":       edit("SignedHeaders=", "Signed="),
		"a header named twice":   edit("host;", "host;host;"),
		"a header in upper case": edit("host;", "Host;"),
		"too many headers":       edit("host;", "host;"+strings.Repeat("a;", maxSigned)),
		"nothing but its word":   func(r *http.Request) { w, _ := credentials(r); r.Header.Set("Authorization", w) },
		"two signatures":         edit("SignedHeaders=", "Signature="+strings.Repeat("0", 64)+", SignedHeaders="),
		"no date":                func(r *http.Request) { r.Header.Del(dateV4); r.Header.Del(dateSDK) },
		"a date that is none":    func(r *http.Request) { moved(r, "Tue, 24 Nov 2026 10:20:30 GMT") },
	}
	v4 := map[string]func(*http.Request){
		"a short credential":             edit("/aws4_request", ""),
		"an empty region":                edit("/eu-north-1/", "//"),
		"host not signed":                edit("host;", ""),
		"date not signed":                edit(";x-amz-date", ""),
		"a session token that is loose":  func(r *http.Request) { r.Header.Set(tokenV4, "x") },
		"a credential of another ending": edit("aws4_request", "aws5_request"),
	}
	for scheme := range pairSchemes {
		for _, changes := range []map[string]func(*http.Request){both, v4} {
			for name, change := range changes {
				if _, own := v4[name]; own && scheme != "sigv4" {
					continue
				}
				t.Run(name+", "+scheme, func(t *testing.T) {
					r := signedRequest(t, scheme, alicePair, start)
					change(r)
					_, err := schemes(newRing())[scheme].Authenticate(r)
					refused(t, err, ReasonMalformed, "")
				})
			}
		}
	}
}

func TestASignatureForAnotherServiceOrDayIsRefused(t *testing.T) {
	elsewhere := alicePair
	elsewhere.Service = "ec2"
	_, err := schemes(newRing())["sigv4"].Authenticate(signedRequest(t, "sigv4", elsewhere, start))
	refused(t, err, ReasonSignature, "correct service: 'outposts'")
	r := signedRequest(t, "sigv4", alicePair, start)
	sealed(r, "/20261124/", "/20261123/")
	_, err = schemes(newRing())["sigv4"].Authenticate(r)
	refused(t, err, ReasonSignature, "'20261123' != '20261124'")
}

func TestSkewIsToldInTheVendorsWords(t *testing.T) {
	_, err := schemes(newRing())["sigv4"].Authenticate(signedRequest(t, "sigv4", alicePair, start.Add(-time.Hour)))
	refused(t, err, ReasonSkew, "Signature expired: 20261124T092030Z is now earlier than 20261124T100530Z (20261124T102030Z - 15 min.)")
	_, err = schemes(newRing())["sigv4"].Authenticate(signedRequest(t, "sigv4", alicePair, start.Add(time.Hour)))
	refused(t, err, ReasonSkew, "Signature not yet current: 20261124T112030Z is still later than 20261124T103530Z (20261124T102030Z + 15 min.)")
	_, err = schemes(newRing())["sdkhmac"].Authenticate(signedRequest(t, "sdkhmac", alicePair, start.Add(-time.Hour)))
	refused(t, err, ReasonSkew, "signature expired, signature time:20261124T092030Z,server time:20261124T102030Z")
}

func TestASignedHashThatIsNotTheBodysIsNeverBelieved(t *testing.T) {
	for scheme, name := range map[string]string{"sigv4": contentV4, "sdkhmac": contentSDK} {
		r := signedRequest(t, scheme, alicePair, start)
		r.Header.Set(name, digest([]byte(`{"a":1}`)))
		if err := pairSchemes[scheme].sign(r, alicePair, start); err != nil {
			t.Fatal(err)
		}
		if _, err := schemes(newRing())[scheme].Authenticate(r); err != nil {
			t.Errorf("%s refuses the true hash: %v", scheme, err)
		}
		r.Body = io.NopCloser(strings.NewReader(`{"a":2}`))
		_, err := schemes(newRing())[scheme].Authenticate(r)
		refused(t, err, ReasonSignature, "")

		r = signedRequest(t, scheme, alicePair, start)
		r.Header.Set(name, digest([]byte("something else"))) // signed over the true body all the same
		if err := pairSchemes[scheme].sign(r, alicePair, start); err != nil {
			t.Fatal(err)
		}
		_, err = schemes(newRing())[scheme].Authenticate(r)
		refused(t, err, ReasonSignature, "")
	}
}

func TestTheServersPathCountsNotWhatAMuxMadeOfIt(t *testing.T) {
	r := signedRequest(t, "sigv4", alicePair, start)
	r.RequestURI = r.URL.RequestURI()
	r.URL.Path, r.URL.RawPath = "/c d", "" // a prefix stripped
	if _, err := schemes(newRing())["sigv4"].Authenticate(r); err != nil {
		t.Error(err)
	}
	r.RequestURI = "http://desk.example:8080" + r.RequestURI // the form that proxies send
	if _, err := schemes(newRing())["sigv4"].Authenticate(r); err != nil {
		t.Error(err)
	}
}

func TestASigningKeyIsKeptForTheDayAndNotBeyondItsSecret(t *testing.T) {
	keys := newRing()
	s := schemes(keys)["sigv4"].(*SigV4)
	bad := alicePair
	bad.Secret = "wrong"
	for range 3 {
		if _, err := s.Authenticate(signedRequest(t, "sigv4", bad, start)); err == nil {
			t.Fatal("a wrong secret opens")
		}
	}
	if len(s.keys) != 0 {
		t.Errorf("strangers made it keep %d keys", len(s.keys))
	}
	keys.opened = 0
	for range 3 {
		if _, err := s.Authenticate(signedRequest(t, "sigv4", alicePair, start)); err != nil {
			t.Fatal(err)
		}
	}
	if keys.opened != 1 || len(s.keys) != 1 {
		t.Errorf("the secret was opened %d times, %d keys are kept", keys.opened, len(s.keys))
	}
	keys.change(42, func(k *tenant.Key) { k.Secret = []byte("new") })
	_, err := s.Authenticate(signedRequest(t, "sigv4", alicePair, start))
	refused(t, err, ReasonSignature, "")
	renewed := alicePair
	renewed.Secret = "new"
	if _, err := s.Authenticate(signedRequest(t, "sigv4", renewed, start)); err != nil {
		t.Error(err)
	}
	for day := range 3 * maxSigningKeys {
		s.keep(keyV4{42, "d", strings.Repeat("r", day)}, signingV4{})
	}
	if len(s.keys) > maxSigningKeys {
		t.Errorf("%d keys are kept", len(s.keys))
	}
}

func TestASessionTokenIsRefusedOnceItsRequestIsProved(t *testing.T) {
	for scheme, name := range map[string]string{"sigv4": tokenV4, "sdkhmac": tokenSDK} {
		r := signedRequest(t, scheme, alicePair, start)
		r.Header.Set(name, "session")
		if err := pairSchemes[scheme].sign(r, alicePair, start); err != nil {
			t.Fatal(err)
		}
		_, err := schemes(newRing())[scheme].Authenticate(r)
		refused(t, err, ReasonSession, "")
	}
}

func TestABodyThatBreaksOffIsNoBadSignature(t *testing.T) {
	for scheme := range pairSchemes {
		r := signedRequest(t, scheme, alicePair, start)
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{}))
		if _, err := schemes(newRing())[scheme].Authenticate(r); core.KindOf(err) != core.Invalid {
			t.Errorf("%s: got %v", scheme, err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reset") }

func FuzzNoSignatureOfAStrangerOpens(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		r := heard(f, v.Raw)
		f.Add(r.Header.Get("Authorization"), r.RequestURI, r.Header.Get(dateV4)+r.Header.Get(dateSDK))
	}
	f.Fuzz(func(t *testing.T, authorization, target, date string) {
		r := &http.Request{Method: "GET", URL: new(url.URL), RequestURI: target, Host: "h", Body: http.NoBody, Header: http.Header{"Authorization": {authorization}, dateV4: {date}, dateSDK: {date}}}
		keys := newRing()
		keys.change(42, func(k *tenant.Key) { k.Secret = []byte("not the vectors' secret") })
		for name, s := range schemes(keys) {
			if who, err := s.Authenticate(r); err == nil || who.Key != 0 || core.KindOf(err) != core.Unauthenticated {
				t.Errorf("%s: %v, %v", name, who, err)
			}
		}
	})
}
