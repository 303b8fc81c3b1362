package modelarts

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// Names that hold an id end in it, behind what people call the record. Only the id counts
// when one is read: a record that was renamed since is still found by the name it had.

const hexDigits = 32

// named spells NAME-<32 hex digits>: pools, networks, and the resources of other doors.
func named(name string, kind id.Kind, i id.ID) string { return name + "-" + i.UUID(kind) }

// parseNamed reads named's spelling.
func parseNamed(kind id.Kind, s string) (id.ID, error) {
	n := len(s) - hexDigits
	if n < 1 || s[n-1] != '-' {
		return 0, fmt.Errorf("%q ends in no id", clip(s))
	}
	return id.ParseUUID(kind, s[n:])
}

func poolName(r order.Resource) string { return named(r.Name, id.Resource, r.ID) }

const (
	orderPrefix   = "order."
	paymentPrefix = "CS"
	maosPrefix    = "maos-"
)

// orderName spells order.<name>-<base 36>.
func orderName(o order.Order) string { return orderPrefix + plain(o.Name) + "-" + o.ID.Base36() }

func parseOrderName(s string) (id.ID, error) {
	rest, ok := strings.CutPrefix(s, orderPrefix)
	n := strings.LastIndexByte(rest, '-')
	if !ok || n < 1 {
		return 0, fmt.Errorf("%q is no order's name", clip(s))
	}
	return id.ParseBase36(rest[n+1:])
}

// paymentID is an order's id at the billing centre.
func paymentID(i id.ID) string { return paymentPrefix + strings.ToUpper(i.Base36()) }

func parsePaymentID(s string) (id.ID, error) {
	rest, ok := strings.CutPrefix(s, paymentPrefix)
	if !ok {
		return 0, fmt.Errorf("%q is no order's id", clip(s))
	}
	return id.ParseBase36(rest)
}

// subscriptionID is a pool's id at the billing centre: maos-<name>-<base 36>.
func subscriptionID(r order.Resource) string { return maosPrefix + plain(r.Name) + "-" + r.ID.Base36() }

func parseSubscriptionID(s string) (id.ID, error) {
	rest, ok := strings.CutPrefix(s, maosPrefix)
	n := strings.LastIndexByte(rest, '-')
	if !ok || n < 1 {
		return 0, fmt.Errorf("%q is no resource's id", clip(s))
	}
	return id.ParseBase36(rest[n+1:])
}

// plain writes a name in the letters that pools' names have; theirs stay as they are.
func plain(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	if len(s) > 60 {
		s = s[:60]
	}
	if s == "" {
		return "order"
	}
	return s
}

// millis is an instant on the wire of orders; 0 is none.
func millis(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}

func millisText(n int64) string { return strconv.FormatInt(n, 10) }

// stamp is an instant on the wire of everything else.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
