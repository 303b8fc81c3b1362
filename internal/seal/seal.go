// Package seal keeps secrets that must be read again (secret keys, stored cloud
// credentials) encrypted under the desk's master key, and makes the random
// strings that keys are.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docket-desk/docket/internal/fault"
)

// Key is a master key of 32 bytes.
type Key [32]byte

// ErrOpen says that a sealed value does not open under this key.
var ErrOpen = errors.New("the sealed value does not open under this master key")

// LoadOrMake reads the key file, or makes one (0600) where there is none.
func LoadOrMake(path string) (Key, error) {
	var k Key
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := rand.Read(k[:]); err != nil {
			return k, err
		}
		if err := keep(path, base64.StdEncoding.EncodeToString(k[:])+"\n"); err != nil {
			return k, err
		}
		// Read back: another process that starts just now may have been first.
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return k, err
	}
	raw, err := base64.StdEncoding.DecodeString(string(trimmed(b)))
	if err != nil || len(raw) != 32 {
		return k, fmt.Errorf("%s holds no master key: 32 bytes in base64 are wanted", path)
	}
	copy(k[:], raw)
	return k, nil
}

// keep writes a new key file, whole or not at all, and lets be one that is there by then.
// Half a key would be worse than none: no desk starts with it.
func keep(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = fault.At(fault.RenameBefore)
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if err == nil {
		err = fault.At(fault.RenameAfter)
	}
	_ = os.Remove(f.Name()) // it has its name, or is of no use
	return errors.Join(err, settle(dir))
}

// place gives a file its name, unless there is one of that name. Where the file system
// has no links, two processes that start at once may end up with two keys; the one that
// comes to the database second is refused there.
func place(from, path string) error {
	err := os.Link(from, path)
	switch {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return os.Rename(from, path)
	}
	return nil
}

// settle has a folder remember the names in it over a power cut. Not every system can.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

func trimmed(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return b
}

// Derive returns a key for one purpose, so that no two uses share one.
func (k Key) Derive(purpose string) Key {
	m := hmac.New(sha256.New, k[:])
	m.Write([]byte(purpose))
	return Key(m.Sum(nil))
}

// Fingerprint names the key without telling it: a process with another master
// key than the one a database was sealed under refuses to start.
func (k Key) Fingerprint() string {
	d := k.Derive("fingerprint")
	return hex.EncodeToString(d[:8])
}

// Seal encrypts with AES-256-GCM under a fresh nonce, which stands in front.
func (k Key) Seal(plain []byte) ([]byte, error) {
	g, err := k.gcm()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, g.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return g.Seal(nonce, nonce, plain, nil), nil
}

// Open decrypts what Seal made, or returns ErrOpen.
func (k Key) Open(sealed []byte) ([]byte, error) {
	g, err := k.gcm()
	if err != nil {
		return nil, err
	}
	if len(sealed) < g.NonceSize() {
		return nil, ErrOpen
	}
	plain, err := g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], nil)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func (k Key) gcm() (cipher.AEAD, error) {
	b, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// Random returns n random bytes in hex.
func Random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// Hash is what is kept of a token: a token has entropy enough that a plain
// SHA-256 cannot be searched.
func Hash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}
