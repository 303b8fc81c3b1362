// Package id makes and spells the one number that names a record. An ID has at
// most 62 bits: 42 of milliseconds since 2020-01-01, 8 of node and 12 of
// sequence, so it sorts by time and is the integer primary key of its table.
// Each front door spells the same number in its vendor's way; there is no table
// of aliases. What kind of record an ID names is said by where it stands.
package id

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ID names one record. Zero means none.
type ID int64

const (
	nodeBits = 8
	seqBits  = 12
	// Max is the largest ID: 62 bits.
	Max ID = 1<<62 - 1
)

// Epoch is the instant whose first ID is 0.
var Epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Time returns the millisecond in which the ID was made.
func (i ID) Time() time.Time {
	return Epoch.Add(time.Duration(i>>(nodeBits+seqBits)) * time.Millisecond)
}

// Since returns the later of when the ID was made and an instant.
func (i ID) Since(t time.Time) time.Time {
	if made := i.Time(); t.Before(made) {
		return made
	}
	return t
}

// At returns the lowest ID of an instant, for lists bounded by time. Instants
// before Epoch give 0, those beyond the range Max.
func At(t time.Time) ID {
	ms := t.Sub(Epoch).Milliseconds()
	if ms < 0 {
		return 0
	}
	if ms >= 1<<42 {
		return Max
	}
	return ID(ms << (nodeBits + seqBits))
}

// Valid reports whether the number can name a record.
func (i ID) Valid() bool { return i > 0 && i <= Max }

// Decimal is the ARD spelling: up to 19 digits.
func (i ID) Decimal() string { return strconv.FormatInt(int64(i), 10) }

// String is Decimal.
func (i ID) String() string { return i.Decimal() }

// ParseDecimal reads Decimal's spelling and nothing else (no sign, no leading zero).
func ParseDecimal(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || !ID(n).Valid() || ID(n).Decimal() != s {
		return 0, fmt.Errorf("%q is no id", clip(s))
	}
	return ID(n), nil
}

// Hex17 is the Outposts spelling: a prefix such as "oo-" and 17 hex digits.
func (i ID) Hex17(prefix string) string { return fmt.Sprintf("%s%017x", prefix, int64(i)) }

// ParseHex17 reads Hex17's spelling with that prefix.
func ParseHex17(prefix, s string) (ID, error) {
	h, ok := strings.CutPrefix(s, prefix)
	if !ok || len(h) != 17 || strings.ToLower(h) != h {
		return 0, fmt.Errorf("%q is no %s id", clip(s), prefix)
	}
	n, err := strconv.ParseUint(h, 16, 64)
	if err != nil || !ID(n).Valid() {
		return 0, fmt.Errorf("%q is no %s id", clip(s), prefix)
	}
	return ID(n), nil
}

// LineHex17 spells a line of an order, (order, n) with n below 64, in 68 bits.
func LineHex17(prefix string, order ID, n int) string {
	return fmt.Sprintf("%s%x%016x", prefix, uint64(order)>>58, uint64(order)<<6|uint64(n&63))
}

// Base36 is the ModelArts spelling behind a prefix: lower case, at most 12 characters.
func (i ID) Base36() string { return strconv.FormatInt(int64(i), 36) }

// ParseBase36 reads Base36's spelling, in either case.
func ParseBase36(s string) (ID, error) {
	n, err := strconv.ParseInt(strings.ToLower(s), 36, 64)
	if err != nil || !ID(n).Valid() || ID(n).Base36() != strings.ToLower(s) {
		return 0, fmt.Errorf("%q is no id", clip(s))
	}
	return ID(n), nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// Source hands out IDs for one node. The zero value is not usable; see NewSource.
type Source struct {
	mu   sync.Mutex
	now  func() time.Time
	node ID
	last ID // the last (milliseconds, sequence), node bits zero
}

// NewSource returns a source for a node number. floor is an ID in whose millisecond, but
// not later, an earlier source may have handed out others, of that node too: after a restart,
// or when the clock was set back, the source goes on in the next one. (It is no use to compare
// IDs of one millisecond: their node comes before their sequence.)
func NewSource(now func() time.Time, node uint8, floor ID) *Source {
	s := &Source{now: now, node: ID(node) << seqBits}
	if floor > 0 {
		s.last = floor&^(1<<(nodeBits+seqBits)-1) | (1<<seqBits - 1)
	}
	return s
}

// Next returns an ID above every one it returned before. It never waits: when a
// millisecond is used up, or the clock goes back, it counts on.
func (s *Source) Next() ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := At(s.now())
	if at <= s.last {
		at = s.last + 1
		if at&(1<<seqBits-1) == 0 || at&(0xff<<seqBits) != 0 { // sequence ran over: next millisecond
			at = (s.last>>(nodeBits+seqBits) + 1) << (nodeBits + seqBits)
		}
	}
	s.last = at
	return at | s.node
}
