package auth

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// TokenKey takes API tokens: `Authorization: Token <40 hex digits>`, or the same after
// Bearer, the word in any case. The first 16 digits are the key's id. Anything else after
// Bearer is left to the next scheme; after Token it is an invalid token. Each use moves a
// sliding key's end ahead. Messages are those of Waldur's server.
type TokenKey struct{ Core Keys }

// Authenticate implements front.Scheme.
func (t TokenKey) Authenticate(r *http.Request) (core.Actor, error) {
	word, token := credentials(r)
	own, bearer := strings.EqualFold(word, "Token"), strings.EqualFold(word, "Bearer")
	switch {
	case own && token == "":
		return core.Actor{}, refuse(ReasonSchemeAlone, "Invalid token. No credentials provided.")
	case own && strings.ContainsAny(token, " \t"):
		return core.Actor{}, refuse(ReasonMalformed, "Invalid token. Token string should not contain spaces.")
	case own || bearer && looksOpaque(token):
		return t.authenticate(r, token)
	}
	return core.Actor{}, core.ErrAbsent
}

func (t TokenKey) authenticate(r *http.Request, token string) (core.Actor, error) {
	unknown := refuse(ReasonToken, "Invalid token.")
	i, err := tenant.ParseToken(token)
	if err != nil {
		return core.Actor{}, unknown
	}
	h, ok, fate, err := held(r.Context(), t.Core, i, tenant.Token)
	if err != nil {
		return core.Actor{}, err
	}
	if !ok || subtle.ConstantTimeCompare(h.Key.Verifier, seal.Hash(token)) != 1 {
		return core.Actor{}, unknown
	}
	if fate != nil {
		switch fate.Reason {
		case core.ReasonExpired:
			return core.Actor{}, refuse(core.ReasonExpired, "Token has expired.")
		case core.ReasonInactive:
			return core.Actor{}, refuse(core.ReasonInactive, "User inactive or deleted.")
		}
		return core.Actor{}, unknown
	}
	return h.Actor, touched(r.Context(), t.Core, h.Key)
}

// credentials cuts the Authorization header into its scheme's word and the rest.
func credentials(r *http.Request) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	return word, strings.TrimSpace(rest)
}

// looksOpaque reports whether a string has an API token's form.
func looksOpaque(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}
