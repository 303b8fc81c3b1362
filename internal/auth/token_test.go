package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

func TestATokenIsTakenAfterEitherWordInAnyCase(t *testing.T) {
	for _, word := range []string{"Token", "token", "TOKEN", "Bearer", "bEARER"} {
		keys := newRing()
		who, err := TokenKey{keys}.Authenticate(request("GET", "/", "Authorization", word+"  "+aliceToken+" "))
		if err != nil || who.User.Login != "alice" || who.Key != 41 {
			t.Errorf("%s: %v, %v", word, who, err)
		}
		if len(keys.touched) != 1 || keys.touched[0] != 41 {
			t.Errorf("%s: its use was noted for %v", word, keys.touched)
		}
	}
}

func TestABadTokenIsRefusedInTheWordsOfItsVendor(t *testing.T) {
	for name, tt := range map[string]struct {
		header string
		change func(*ring)
		reason string
		msg    string
	}{
		"the word alone":            {"Token", nil, ReasonSchemeAlone, "Invalid token. No credentials provided."},
		"the word and a blank":      {"token ", nil, ReasonSchemeAlone, "Invalid token. No credentials provided."},
		"two words after it":        {"Token a b", nil, ReasonMalformed, "should not contain spaces"},
		"no token at all":           {"Token abc", nil, ReasonToken, "Invalid token."},
		"an unknown key":            {"Token 00000000000000ff0123456789abcdef01234567", nil, ReasonToken, "Invalid token."},
		"another's secret":          {"Token 0000000000000029ffffffffffffffffffffffff", nil, ReasonToken, "Invalid token."},
		"upper case":                {"Token 0000000000000029" + "0123456789ABCDEF01234567", nil, ReasonToken, "Invalid token."},
		"a pair's id":               {"Token 000000000000002a0123456789abcdef01234567", nil, ReasonToken, "Invalid token."},
		"revoked":                   {"Token " + aliceToken, func(r *ring) { r.revoke(41) }, ReasonToken, "Invalid token."},
		"expired":                   {"Token " + aliceToken, func(r *ring) { r.expire(41) }, core.ReasonExpired, "Token has expired."},
		"expired, after Bearer":     {"Bearer " + aliceToken, func(r *ring) { r.expire(41) }, core.ReasonExpired, "Token has expired."},
		"inactive":                  {"Token " + aliceToken, func(r *ring) { r.dismiss() }, core.ReasonInactive, "User inactive or deleted."},
		"expired, wrong secret":     {"Token 0000000000000029ffffffffffffffffffffffff", func(r *ring) { r.expire(41) }, ReasonToken, "Invalid token."},
		"inactive, wrong secret":    {"Token 0000000000000029ffffffffffffffffffffffff", func(r *ring) { r.dismiss() }, ReasonToken, "Invalid token."},
		"another scheme":            {"Basic YTpi", nil, core.ReasonAbsent, "not provided"},
		"a bare key":                {aliceToken, nil, core.ReasonAbsent, "not provided"},
		"Bearer and something else": {"Bearer a.b.c", nil, core.ReasonAbsent, "not provided"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := newRing()
			if tt.change != nil {
				tt.change(keys)
			}
			who, err := TokenKey{keys}.Authenticate(request("GET", "/", "Authorization", tt.header))
			refused(t, err, tt.reason, tt.msg)
			if who.User.ID != 0 || len(keys.touched) > 0 {
				t.Errorf("it let %v in, noted use of %v", who, keys.touched)
			}
		})
	}
}

func TestAStoreThatFailsIsNoBadToken(t *testing.T) {
	keys := newRing()
	keys.down = errors.New("the disk is gone")
	for _, s := range []Scheme{TokenKey{keys}, Signed{Core: keys, Purpose: "p"}} {
		token := aliceToken
		if signed, ok := s.(Signed); ok {
			token, _ = signed.Issue(core.Holder{Key: tenant.Key{ID: 41}, Actor: core.Actor{User: tenant.User{ID: 7}}}, time.Hour)
		}
		if _, err := s.Authenticate(request("GET", "/", "Authorization", "Bearer "+token)); !errors.Is(err, keys.down) {
			t.Errorf("%T answers %v", s, err)
		}
	}
	if _, err := Login(t.Context(), keys, "alice", "x"); !errors.Is(err, keys.down) {
		t.Errorf("a log-in answers %v", err)
	}
}

func TestADeskThatCannotWriteStillAnswersReaders(t *testing.T) {
	keys := newRing()
	keys.full = &core.Error{Kind: core.Unavailable}
	if who, err := (TokenKey{keys}).Authenticate(request("GET", "/", "Authorization", "Token "+aliceToken)); err != nil || who.Key != 41 {
		t.Errorf("got %v, %v", who, err)
	}
	keys.full = errors.New("broken")
	if _, err := (TokenKey{keys}).Authenticate(request("GET", "/", "Authorization", "Token "+aliceToken)); !errors.Is(err, keys.full) {
		t.Errorf("got %v", err)
	}
}

func TestATokenMadeByTheCoreHasTheFormThatIsLookedFor(t *testing.T) {
	if !looksOpaque(aliceToken) || looksOpaque(aliceToken[1:]) || looksOpaque(seal.Random(20)+"g") || !looksOpaque(seal.Random(20)) {
		t.Error("40 hex digits and nothing else look like a token")
	}
}
