package native

import (
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// failure is the status and title of each kind of refusal.
var failure = map[core.Kind]struct {
	status int
	title  string
}{
	core.Invalid:         {http.StatusUnprocessableEntity, "The request does not make sense"},
	core.Unauthenticated: {http.StatusUnauthorized, "Who is asking?"},
	core.Forbidden:       {http.StatusForbidden, "Not allowed"},
	core.NotFound:        {http.StatusNotFound, "Not found"},
	core.Conflict:        {http.StatusConflict, "Not in this state"},
	core.Unsupported:     {http.StatusConflict, "Not with this offering"},
	core.LimitExceeded:   {http.StatusPaymentRequired, "Over a limit"},
	core.TooLarge:        {http.StatusRequestEntityTooLarge, "Too large"},
	core.Unavailable:     {http.StatusServiceUnavailable, "Not now"},
	core.Internal:        {http.StatusInternalServerError, "Something went wrong inside"},
}

// lineStates are the words for states of lines: the core's own.
var lineStates = func() map[string]order.LineState {
	out := map[string]order.LineState{}
	for _, s := range order.LineStates() {
		out[string(s)] = s
	}
	return out
}()

// spellings are how each door writes an order's id. The pool door's holds the name of
// what was ordered too, in the letters that its names have; reading it back, only the id
// counts.
func spellings(i id.ID, name string) map[string]string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return map[string]string{
		"ard":       i.Decimal(),
		"outposts":  i.Hex17("oo-"),
		"modelarts": "order." + plain + "-" + i.Base36(),
		"waldur":    i.UUID(id.Order),
	}
}

// parseOrder reads an order's id in any door's spelling; what is none names no order.
func parseOrder(s string) (id.ID, error) {
	tail := s[strings.LastIndexByte(s, '-')+1:]
	for _, read := range []func() (id.ID, error){
		func() (id.ID, error) { return id.ParseDecimal(s) },
		func() (id.ID, error) { return id.ParseHex17("oo-", s) },
		func() (id.ID, error) { return id.ParseUUID(id.Order, s) },
		func() (id.ID, error) { return behind("order.", s, tail) },
		func() (id.ID, error) { return behind("CS", s, strings.TrimPrefix(s, "CS")) },
		func() (id.ID, error) { return id.ParseBase36(s) }, // what stands behind both of the pool door's prefixes
	} {
		if i, err := read(); err == nil {
			return i, nil
		}
	}
	return 0, &core.Error{Kind: core.NotFound, Reason: "order", Msg: "There is no order " + clip(s) + "."}
}

// behind reads the pool door's two spellings: base 36 behind a prefix.
func behind(prefix, s, digits string) (id.ID, error) {
	if !strings.HasPrefix(s, prefix) {
		return 0, core.NotFound
	}
	return id.ParseBase36(digits)
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
