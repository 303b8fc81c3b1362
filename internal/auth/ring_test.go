package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/tenant"
)

// ring is a few keys in memory, with the core's promises about them.
type ring struct {
	at      time.Time
	users   map[id.ID]tenant.User
	keys    map[id.ID]tenant.Key
	touched []id.ID
	opened  int   // secrets opened
	down    error // what every call answers
	full    error // what a write answers
}

var start = time.Date(2026, 11, 24, 10, 20, 30, 0, time.UTC)

const secretKey = "3f0c6c0f2a7f4a43b6d1f3a9c1e5b7d9+/SECRET" // of the vectors' pair

// newRing holds alice (7) with a token (41), the vectors' pair (42) and a password (43).
func newRing() *ring {
	r := &ring{at: start, users: map[id.ID]tenant.User{7: {ID: 7, Login: "alice", Active: true}}, keys: map[id.ID]tenant.Key{}}
	r.keys[41] = tenant.Key{ID: 41, User: 7, Kind: tenant.Token, Verifier: seal.Hash(aliceToken)}
	r.keys[42] = tenant.Key{ID: 42, User: 7, Kind: tenant.Pair, Secret: []byte(secretKey)}
	r.keys[43] = tenant.Key{ID: 43, User: 7, Kind: tenant.Password, Verifier: cheap("correct horse")}
	return r
}

const aliceToken = "0000000000000029" + "0123456789abcdef01234567"

func (r *ring) Now() time.Time { return r.at }

func (r *ring) Holder(_ context.Context, i id.ID) (core.Holder, error) {
	if r.down != nil {
		return core.Holder{}, r.down
	}
	k, ok := r.keys[i]
	if !ok {
		return core.Holder{}, &core.Error{Kind: core.Unauthenticated}
	}
	return r.holder(k)
}

func (r *ring) holder(k tenant.Key) (core.Holder, error) {
	reason := ""
	switch {
	case k.RevokedAt != nil:
		reason = core.ReasonRevoked
	case !k.Live(r.at):
		reason = core.ReasonExpired
	case !r.users[k.User].Active:
		reason = core.ReasonInactive
	default:
		return core.Holder{Key: k, Actor: core.Actor{User: r.users[k.User], Key: k.ID, Project: k.Project, ReadOnly: k.ReadOnly}}, nil
	}
	return core.Holder{Key: k}, &core.Error{Kind: core.Unauthenticated, Reason: reason}
}

func (r *ring) PasswordHolder(_ context.Context, login string) (core.Holder, error) {
	if r.down != nil {
		return core.Holder{}, r.down
	}
	for _, k := range r.keys {
		if k.Kind == tenant.Password && r.users[k.User].Login == login {
			return r.holder(k)
		}
	}
	return core.Holder{}, &core.Error{Kind: core.Unauthenticated}
}

func (r *ring) Secret(k tenant.Key) (string, error) { r.opened++; return string(k.Secret), nil }

func (r *ring) Touched(_ context.Context, k tenant.Key) error {
	r.touched = append(r.touched, k.ID)
	return r.full
}

// change edits a key.
func (r *ring) change(i id.ID, f func(*tenant.Key)) {
	k := r.keys[i]
	f(&k)
	r.keys[i] = k
}

func (r *ring) revoke(i id.ID) { r.change(i, func(k *tenant.Key) { k.RevokedAt = &start; k.Epoch++ }) }
func (r *ring) expire(i id.ID) { r.change(i, func(k *tenant.Key) { k.ExpiresAt = &start }) }
func (r *ring) dismiss()       { r.users[7] = tenant.User{ID: 7, Login: "alice"} }

func request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	return r
}

// refused checks that an error is a refusal for a reason.
func refused(t *testing.T, err error, reason, msg string) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Kind != core.Unauthenticated || e.Reason != reason || !strings.Contains(e.Msg, msg) {
		t.Errorf("got %v, want a refusal for %q that says %q", err, reason, msg)
	}
}

func TestTheSchemesAreWhatADoorTakes(t *testing.T) {
	for _, s := range []Scheme{TokenKey{}, &SigV4{}, SDKHMAC{}, Signed{}, Signed{Header: "X-Auth-Token"}, Signed{Cookie: "c"}, Link{}, First()} {
		who, err := s.Authenticate(request("GET", "/"))
		if !errors.Is(err, core.Unauthenticated) || !absent(err) || who.User.ID != 0 {
			t.Errorf("%T finds %v, %v in a request without credentials", s, who, err)
		}
	}
}

type always struct {
	user id.ID
	err  error
}

func (a always) Authenticate(*http.Request) (core.Actor, error) {
	return core.Actor{User: tenant.User{ID: a.user}}, a.err
}

func TestFirstGoesOnWhereNothingIsFoundAndEndsAtBadCredentials(t *testing.T) {
	none, bad := always{err: core.ErrAbsent}, always{err: refuse(ReasonToken, "bad")}
	if who, err := First(none, always{user: 3}, bad).Authenticate(request("GET", "/")); err != nil || who.User.ID != 3 {
		t.Errorf("got %v, %v", who, err)
	}
	_, err := First(none, bad, always{user: 3}).Authenticate(request("GET", "/"))
	refused(t, err, ReasonToken, "bad")
	_, err = First(none, none).Authenticate(request("GET", "/"))
	refused(t, err, core.ReasonAbsent, "not provided")
}
