package tenant

import (
	"fmt"
	"strings"

	"github.com/docket-desk/docket/internal/id"
)

// accessPrefix makes an access key 20 characters long, the length that vendors' tools
// expect of one.
const accessPrefix = "AKDOCKET"

// AccessKey spells the id of a pair as its access key: 20 characters of A–Z and 0–9, the
// same for every scheme that signs with the pair.
func (k Key) AccessKey() string { return AccessKey(k.ID) }

// AccessKey spells the id of a pair.
func AccessKey(i id.ID) string {
	digits := strings.ToUpper(i.Base36())
	return accessPrefix + strings.Repeat("0", 12-len(digits)) + digits
}

// ParseAccessKey reads AccessKey's spelling and nothing else.
func ParseAccessKey(s string) (id.ID, error) {
	digits, ok := strings.CutPrefix(s, accessPrefix)
	if !ok || len(digits) != 12 || strings.ToUpper(s) != s {
		return 0, fmt.Errorf("%.40q is no access key", s)
	}
	i, err := id.ParseBase36(strings.TrimLeft(digits, "0"))
	if err != nil || AccessKey(i) != s {
		return 0, fmt.Errorf("%.40q is no access key", s)
	}
	return i, nil
}

// ParseToken returns the id of the key that an API token names: its first 16 of 40 hex
// digits. Whether the token opens it is for its hash to say.
func ParseToken(s string) (id.ID, error) {
	var n uint64
	if len(s) != 40 || strings.Trim(s, "0123456789abcdef") != "" {
		return 0, fmt.Errorf("a token is 40 hex digits")
	}
	if _, err := fmt.Sscanf(s[:16], "%016x", &n); err != nil {
		return 0, err
	}
	if n > uint64(id.Max) || n == 0 {
		return 0, fmt.Errorf("the token names no key")
	}
	return id.ID(n), nil
}
