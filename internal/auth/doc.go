// Package auth says who is calling: each scheme turns a request's credentials into a
// core.Actor, or says that there are none of its kind (core.ErrAbsent), or that they are
// bad (an *core.Error of kind Unauthenticated whose Reason is one of this package's and
// whose Msg is the sentence that the scheme's vendor uses). What the actor may do is the
// core's to decide; how a refusal looks on the wire is the door's.
//
// A key's fate (expired, revoked, its user inactive) is told only to those who proved that
// they hold the key.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// Keys is what schemes ask of the core.
type Keys interface {
	Holder(ctx context.Context, key id.ID) (core.Holder, error)
	PasswordHolder(ctx context.Context, login string) (core.Holder, error)
	Secret(k tenant.Key) (string, error)
	Touched(ctx context.Context, k tenant.Key) error
	Now() time.Time
}

var _ Keys = (*core.Core)(nil)

// Scheme is what this package's schemes are: front.Scheme by another name, since neither
// package may see the other.
type Scheme interface {
	Authenticate(r *http.Request) (core.Actor, error)
}

// Reasons of a refusal, beside core.ReasonAbsent (nothing of the scheme's kind was sent),
// core.ReasonExpired (the key or the signed token has ended) and core.ReasonInactive (the
// user is not active). A revoked key is answered like an unknown one.
const (
	ReasonSchemeAlone = "scheme alone"  // the scheme's word, and nothing after it
	ReasonMalformed   = "malformed"     // a part of the credentials is missing or no such thing
	ReasonUnknownKey  = "unknown key"   // no such access key
	ReasonToken       = "token"         // no such token, or none that this desk made
	ReasonSignature   = "signature"     // it does not match, or is for another day, service or place
	ReasonSkew        = "skew"          // signed too long ago, or ahead of this desk's clock
	ReasonSession     = "session token" // a session token, none of which this desk gives out
	ReasonPassword    = "password"      // no such user, or another password
	ReasonLocked      = "locked"        // too many wrong passwords for this login of late
)

func refuse(reason, format string, args ...any) *core.Error {
	return &core.Error{Kind: core.Unauthenticated, Reason: reason, Msg: fmt.Sprintf(format, args...)}
}

// held looks a key up for a scheme that takes keys of one kind. ok reports whether there is
// such a key, live or not; fate says, to those who prove that they hold it, why it opens
// nothing; err is anything else that went wrong.
func held(ctx context.Context, keys Keys, i id.ID, kind tenant.KeyKind) (h core.Holder, ok bool, fate *core.Error, err error) {
	h, err = keys.Holder(ctx, i)
	if err != nil {
		if !errors.As(err, &fate) || fate.Kind != core.Unauthenticated {
			return core.Holder{}, false, nil, err
		}
	}
	if h.Key.ID != i || h.Key.Kind != kind {
		return core.Holder{}, false, nil, nil
	}
	return h, true, fate, nil
}

// First tries schemes in turn: one that finds nothing of its kind passes the request on,
// one that finds bad credentials ends it. None at all: core.ErrAbsent.
func First(schemes ...Scheme) Scheme { return first(schemes) }

type first []Scheme

func (f first) Authenticate(r *http.Request) (core.Actor, error) {
	for _, s := range f {
		who, err := s.Authenticate(r)
		if absent(err) {
			continue
		}
		return who, err
	}
	return core.Actor{}, core.ErrAbsent
}

func absent(err error) bool {
	var e *core.Error
	return errors.As(err, &e) && e.Kind == core.Unauthenticated && e.Reason == core.ReasonAbsent
}
