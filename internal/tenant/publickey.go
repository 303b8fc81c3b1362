package tenant

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/docket-desk/docket/internal/id"
)

// PublicKey is an SSH key of a user's: whom providers let in to what they deliver. It
// opens nothing here.
type PublicKey struct {
	ID     id.ID
	User   id.ID
	Name   string // unique among the user's, where not empty
	Line   string // "type base64 comment"
	Shared bool   // everybody may see it
}

// ParsePublicKey reads one line as OpenSSH writes it to a .pub file, and returns it
// without blanks around it. Options, certificates and what is no key are refused.
func ParsePublicKey(line string) (string, error) {
	line = strings.TrimSpace(line)
	if strings.ContainsAny(line, "\r\n\x00") {
		return "", fmt.Errorf("it should be single line")
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 || !strings.HasPrefix(line, key.Type()+" ") {
		return "", fmt.Errorf("it should be the line of a .pub file: type, key and comment")
	}
	if _, signed := key.(*ssh.Certificate); signed {
		return "", fmt.Errorf("it is a certificate, not a key")
	}
	return line, nil
}

// Type is the key's algorithm, its line's first word.
func (k PublicKey) Type() string { t, _, _ := strings.Cut(k.Line, " "); return t }

// Fingerprints are those that OpenSSH shows: MD5 in pairs of digits, SHA-256 and SHA-512
// in base64 without padding, with their names in front. Empty where the line is no key.
func (k PublicKey) Fingerprints() (md5, sha256, sha512sum string) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.Line))
	if err != nil {
		return "", "", ""
	}
	sum := sha512.Sum512(key.Marshal())
	return ssh.FingerprintLegacyMD5(key), ssh.FingerprintSHA256(key), "SHA512:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
