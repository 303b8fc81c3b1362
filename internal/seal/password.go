package seal

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a new password's hash costs: OWASP's second choice for argon2id, 19 MiB and two
// passes, some 30 ms. A hash names its own figures, so raising these leaves old ones good.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	hashBytes = 32
)

// Bounds on the figures of a stored hash, so that one from elsewhere cannot stop the desk.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
)

// ErrPassword says that a stored password hash is none that Password makes or reads.
var ErrPassword = errors.New("this is no argon2id password hash")

// Password hashes a password with argon2id and a fresh salt, in the PHC form
// $argon2id$v=19$m=…,t=…,p=…$salt$hash. Each call takes 19 MiB while it runs.
func Password(password string) []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	h := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashBytes)
	return fmt.Appendf(nil, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(h))
}

// IsPassword reports whether a password is the hashed one, or that the hash is none
// (ErrPassword). It takes the memory that the hash names.
func IsPassword(hashed []byte, password string) (bool, error) {
	part := strings.Split(string(hashed), "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, ErrPassword
	}
	var m, t, p uint32
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || n != 3 || part[3] != fmt.Sprintf("m=%d,t=%d,p=%d", m, t, p) {
		return false, ErrPassword
	}
	if m == 0 || m > maxMemoryKiB || t == 0 || t > maxPasses || p == 0 || p > maxLanes {
		return false, ErrPassword
	}
	salt, err := base64.RawStdEncoding.DecodeString(part[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 {
		return false, ErrPassword
	}
	want, err := base64.RawStdEncoding.DecodeString(part[5])
	if err != nil || len(want) < 16 || len(want) > 64 {
		return false, ErrPassword
	}
	got := argon2.IDKey([]byte(password), salt, t, m, uint8(p), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
