package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
)

// Signed gives out tokens that no row remembers, and takes them back: JSON web tokens
// signed with HS256, which name a key and its epoch. They end when their time is up, when
// the key ends, is revoked or gets another epoch, and when its user is no longer active.
// A token of one purpose opens nothing of another.
type Signed struct {
	Core    Keys
	Key     seal.Key // the master key; what signs is derived from it
	Purpose string   // such as "ard access"
	// Header carries the bare token, such as X-Auth-Token. "": the Authorization header
	// after the word Bearer.
	Header string
	// Cookie carries the token instead, where it is not "". Whoever takes cookies sees to
	// it that other sites cannot make a browser send requests.
	Cookie string
	Now    func() time.Time // nil: the core's clock
}

// Extra is what a token says beside whom it lets in. A project narrows the actor to it.
type Extra struct {
	Project id.ID
	Data    map[string]string // the door's own, and readable by whoever holds the token
}

// Ticket is a token read back.
type Ticket struct {
	Holder core.Holder // its Actor is narrowed to the token's project
	Extra
	Issued, Expires time.Time // UTC, whole seconds
}

type claims struct {
	jwt.RegisteredClaims
	KeyID   string            `json:"key"` // a string: it does not fit a JSON number everywhere
	Epoch   int64             `json:"epoch"`
	Project string            `json:"project,omitempty"`
	Data    map[string]string `json:"data,omitempty"`
}

func (s Signed) now() time.Time {
	if s.Now == nil {
		return s.Core.Now()
	}
	return s.Now().UTC()
}

func (s Signed) signingKey() []byte {
	k := s.Key.Derive("signed token: " + s.Purpose)
	return k[:]
}

// Issue makes a token for whoever holds the key; it ends at now + ttl. One Extra at most.
func (s Signed) Issue(h core.Holder, ttl time.Duration, extra ...Extra) (string, error) {
	now := s.now()
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   h.Actor.User.ID.Decimal(),
			Audience:  jwt.ClaimStrings{s.Purpose},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		KeyID: h.Key.ID.Decimal(),
		Epoch: h.Key.Epoch,
	}
	for _, e := range extra {
		if e.Project != 0 {
			c.Project = e.Project.Decimal()
		}
		c.Data = e.Data
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(s.signingKey())
}

// Parse reads a token back. Unauthenticated with reason expired where its time is up, with
// reason token where it is none of this purpose, or opens nothing any more.
func (s Signed) Parse(ctx context.Context, token string) (Ticket, error) {
	bad := refuse(ReasonToken, "The token is invalid.")
	expired := refuse(core.ReasonExpired, "The token has expired.")
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.signingKey(), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(s.Purpose),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return Ticket{}, expired
	}
	if err != nil || c.IssuedAt == nil {
		return Ticket{}, bad
	}
	key, err := id.ParseDecimal(c.KeyID)
	if err != nil {
		return Ticket{}, bad
	}
	h, err := s.Core.Holder(ctx, key)
	var fate *core.Error
	if err != nil && (!errors.As(err, &fate) || fate.Kind != core.Unauthenticated) {
		return Ticket{}, err
	}
	switch {
	case h.Key.ID != key || h.Key.Epoch != c.Epoch || h.Key.User.Decimal() != c.Subject:
		return Ticket{}, bad
	case fate != nil && fate.Reason == core.ReasonExpired:
		return Ticket{}, expired
	case fate != nil && fate.Reason == core.ReasonInactive:
		return Ticket{}, refuse(core.ReasonInactive, "This user is not active.")
	case fate != nil:
		return Ticket{}, bad
	}
	t := Ticket{Holder: h, Extra: Extra{Data: c.Data}, Issued: c.IssuedAt.UTC(), Expires: c.ExpiresAt.UTC()}
	if c.Project == "" {
		return t, nil
	}
	if t.Project, err = id.ParseDecimal(c.Project); err != nil {
		return Ticket{}, bad
	}
	if own := h.Actor.Project; own != 0 && own != t.Project { // narrowed elsewhere since
		return Ticket{}, bad
	}
	t.Holder.Actor.Project = t.Project
	return t, nil
}

// Authenticate implements front.Scheme.
func (s Signed) Authenticate(r *http.Request) (core.Actor, error) {
	token, err := s.Token(r)
	if err != nil {
		return core.Actor{}, err
	}
	t, err := s.Parse(r.Context(), token)
	return t.Holder.Actor, err
}

// Token finds the token in a request, unread: core.ErrAbsent where there is none. An API
// token after Bearer is left to TokenKey.
func (s Signed) Token(r *http.Request) (string, error) {
	switch {
	case s.Cookie != "":
		c, err := r.Cookie(s.Cookie)
		if err != nil || c.Value == "" {
			return "", core.ErrAbsent
		}
		return c.Value, nil
	case s.Header != "":
		if v := strings.TrimSpace(r.Header.Get(s.Header)); v != "" {
			return v, nil
		}
		return "", core.ErrAbsent
	}
	word, token := credentials(r)
	switch {
	case !strings.EqualFold(word, "Bearer") || looksOpaque(token):
		return "", core.ErrAbsent
	case token == "":
		return "", refuse(ReasonSchemeAlone, "The token is missing.")
	}
	return token, nil
}
