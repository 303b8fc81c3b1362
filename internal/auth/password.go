package auth

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/seal"
)

const (
	maxFailures = 5                // wrong passwords for one login before it is locked
	lockedFor   = 10 * time.Minute // and how long they count, and the lock lasts
	maxLogins   = 1 << 16          // logins remembered; at the rate of argon2 no lock is pushed out early
	maxPassword = 1024             // bytes
	maxWait     = 10 * time.Second // for a turn at hashing
)

// turns bounds how many hashes are computed at once: each takes 19 MiB and a core.
var turns = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// HashPassword hashes a password for keeping, waiting for its turn.
func HashPassword(ctx context.Context, password string) ([]byte, error) {
	if len(password) > maxPassword {
		return nil, &core.Error{Kind: core.Invalid, Field: "password", Msg: "A password may have at most 1024 bytes."}
	}
	leave, err := turn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return seal.Password(password), nil
}

// CheckPassword reports whether a password is the hashed one, waiting for its turn.
func CheckPassword(ctx context.Context, hashed []byte, password string) (bool, error) {
	leave, err := turn(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	return check(hashed, password)
}

func check(hashed []byte, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	return seal.IsPassword(hashed, password)
}

func turn(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, &core.Error{Kind: core.Unavailable, Msg: "Too many log-ins at once. Try again.", Err: ctx.Err()}
	}
}

// decoy is hashed against where there is no such user, so that the answer takes as long.
var decoy = sync.OnceValue(func() []byte { return seal.Password(seal.Random(16)) })

// Login lets a user in by password. Unauthenticated with reason password where there is no
// such user, the password is another or the user is not active, all in about the same time;
// with reason locked, for ten minutes, after five wrong passwords for one login, whatever
// the address and whether or not there is such a user. Failures are counted by each process
// for itself: behind several, a login takes that many times more.
func Login(ctx context.Context, keys Keys, login, password string) (core.Holder, error) {
	who := guess{keys, sha256.Sum256([]byte(login))}
	if failures.locked(who, keys.Now()) {
		return core.Holder{}, locked()
	}
	h, err := keys.PasswordHolder(ctx, login)
	if err != nil && core.KindOf(err) != core.Unauthenticated {
		return core.Holder{}, err
	}
	known := err == nil
	hashed := decoy()
	if known {
		hashed = h.Key.Verifier
	}
	leave, err := turn(ctx)
	if err != nil {
		return core.Holder{}, err
	}
	defer leave()
	if failures.locked(who, keys.Now()) { // by those who were waiting before
		return core.Holder{}, locked()
	}
	right, err := check(hashed, password)
	if err != nil {
		return core.Holder{}, err
	}
	// Guesses that ran side by side end here one by one: once the lock has shut, even the
	// right one is refused.
	if !failures.note(who, keys.Now(), right && known) {
		return core.Holder{}, locked()
	}
	if !right || !known {
		return core.Holder{}, refuse(ReasonPassword, "Invalid username/password.")
	}
	return h, nil
}

func locked() error {
	return refuse(ReasonLocked, "Too many failed log-ins for this user. Try again in ten minutes.")
}

// guess is a login at one desk. Its hash, so that long ones take no room.
type guess struct {
	keys  Keys
	login [sha256.Size]byte
}

// tally is how often a login failed of late.
type tally struct {
	n     int
	until time.Time // when it is forgotten
}

type tallies struct {
	mu sync.Mutex
	of map[guess]tally
}

var failures = &tallies{of: map[guess]tally{}}

func (t *tallies) locked(g guess, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.of[g]
	return got.n >= maxFailures && now.Before(got.until)
}

// note counts an attempt that has ended, unless the login is locked by now.
func (t *tallies) note(g guess, now time.Time, right bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.of[g]
	if !now.Before(got.until) {
		got = tally{}
	}
	if got.n >= maxFailures {
		return false
	}
	if right {
		delete(t.of, g)
		return true
	}
	if _, there := t.of[g]; !there && len(t.of) >= maxLogins {
		t.forget(now)
	}
	t.of[g] = tally{got.n + 1, now.Add(lockedFor)}
	return true
}

// forget makes room: those whose time is up, or else the one that is up first.
func (t *tallies) forget(now time.Time) {
	var first guess
	var at time.Time
	for g, one := range t.of {
		if !now.Before(one.until) {
			delete(t.of, g)
		} else if at.IsZero() || one.until.Before(at) {
			first, at = g, one.until
		}
	}
	if len(t.of) >= maxLogins {
		delete(t.of, first)
	}
}
