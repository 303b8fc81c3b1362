package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/seal"
)

// cheap hashes for tests: as little memory as argon2 takes.
func cheap(password string) []byte {
	salt := []byte("saltsalt")
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Appendf(nil, "$argon2id$v=19$m=8,t=1,p=1$%s$%s", enc(salt), enc(argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)))
}

func TestAPasswordLetsItsUserIn(t *testing.T) {
	keys := newRing()
	h, err := Login(t.Context(), keys, "alice", "correct horse")
	if err != nil || h.Actor.User.Login != "alice" || h.Key.ID != 43 {
		t.Errorf("got %v, %v", h, err)
	}
	for name, tt := range map[string]struct{ login, password string }{
		"another password": {"alice", "correct hors"},
		"none":             {"alice", ""},
		"a huge one":       {"alice", strings.Repeat("x", 1<<20)},
		"no such user":     {"nobody", "correct horse"},
		"the hash itself":  {"alice", string(cheap("correct horse"))},
	} {
		h, err := Login(t.Context(), newRing(), tt.login, tt.password)
		refused(t, err, ReasonPassword, "Invalid username/password.")
		if h.Actor.User.ID != 0 {
			t.Errorf("%s let %v in", name, h)
		}
	}
	keys.dismiss()
	_, err = Login(t.Context(), keys, "alice", "correct horse")
	refused(t, err, ReasonPassword, "")
}

func TestFiveWrongPasswordsLockALoginForTenMinutes(t *testing.T) {
	for _, login := range []string{"alice", "nobody"} {
		keys := newRing()
		for range maxFailures {
			_, err := Login(t.Context(), keys, login, "wrong")
			refused(t, err, ReasonPassword, "")
			keys.at = keys.at.Add(time.Minute)
		}
		_, err := Login(t.Context(), keys, login, "correct horse")
		refused(t, err, ReasonLocked, "ten minutes")
		if _, err := Login(t.Context(), newRing(), login, "wrong"); err == nil || core.AsError(err).Reason != ReasonPassword {
			t.Errorf("another desk answers %v", err)
		}
		keys.at = keys.at.Add(lockedFor - time.Minute) // since the last of them
		if login == "alice" {
			if _, err := Login(t.Context(), keys, login, "correct horse"); err != nil {
				t.Errorf("after the lock: %v", err)
			}
			continue
		}
		_, err = Login(t.Context(), keys, login, "wrong")
		refused(t, err, ReasonPassword, "")
	}
}

func TestARightPasswordForgetsTheWrongOnes(t *testing.T) {
	keys := newRing()
	for range 3 {
		for range maxFailures - 1 {
			_, err := Login(t.Context(), keys, "alice", "wrong")
			refused(t, err, ReasonPassword, "")
		}
		if _, err := Login(t.Context(), keys, "alice", "correct horse"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGuessesSideBySideAreNoMoreThanFive(t *testing.T) {
	keys := newRing()
	var mu sync.Mutex
	var wg sync.WaitGroup
	reasons := map[string]int{}
	for range 40 {
		wg.Go(func() {
			_, err := Login(t.Context(), keys, "alice", "wrong")
			mu.Lock()
			defer mu.Unlock()
			reasons[core.AsError(err).Reason]++
		})
	}
	wg.Wait()
	if reasons[ReasonPassword] != maxFailures || reasons[ReasonLocked] != 40-maxFailures {
		t.Errorf("got %v", reasons)
	}
}

func TestWhatIsRememberedOfFailuresIsBounded(t *testing.T) {
	all := &tallies{of: map[guess]tally{}}
	key := func(n int) guess { return guess{login: [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}} }
	for n := range maxLogins {
		all.note(key(n), start.Add(time.Duration(n)), false)
	}
	all.note(key(maxLogins), start.Add(time.Second), false)
	if _, there := all.of[key(0)]; there || len(all.of) != maxLogins {
		t.Errorf("%d are remembered, the first of them: %t", len(all.of), there)
	}
	all.note(key(maxLogins+1), start.Add(2*lockedFor), false)
	if len(all.of) != 1 {
		t.Errorf("%d are remembered after their time", len(all.of))
	}
}

func TestWhoeverWaitsTooLongForATurnIsToldToTryAgain(t *testing.T) {
	for range cap(turns) {
		turns <- struct{}{}
	}
	defer func() {
		for range cap(turns) {
			<-turns
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Login(ctx, newRing(), "alice", "correct horse")
	if core.KindOf(err) != core.Unavailable {
		t.Errorf("a log-in answers %v", err)
	}
	if _, err := HashPassword(ctx, "x"); core.KindOf(err) != core.Unavailable {
		t.Errorf("hashing answers %v", err)
	}
	if _, err := CheckPassword(ctx, cheap("x"), "x"); core.KindOf(err) != core.Unavailable {
		t.Errorf("checking answers %v", err)
	}
}

func TestAHashedPasswordIsKnownAgain(t *testing.T) {
	h, err := HashPassword(t.Context(), "pässword")
	if err != nil || !strings.HasPrefix(string(h), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %v", h, err)
	}
	for password, want := range map[string]bool{"pässword": true, "password": false} {
		if ok, err := CheckPassword(t.Context(), h, password); ok != want || err != nil {
			t.Errorf("%s: %t, %v", password, ok, err)
		}
	}
	if _, err := HashPassword(t.Context(), strings.Repeat("x", maxPassword+1)); core.KindOf(err) != core.Invalid {
		t.Errorf("a huge password: %v", err)
	}
	if _, err := CheckPassword(t.Context(), []byte("plain"), "plain"); !errors.Is(err, seal.ErrPassword) {
		t.Errorf("a hash that is none: %v", err)
	}
}
