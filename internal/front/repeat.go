package front

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// RepeatHeader turns SameBody off for one request: "Docket-Repeat: new" is an order of
// its own, whatever its body.
const RepeatHeader = "Docket-Repeat"

// SameBody is for how long an order with the same body from the same key counts as the
// same order, for clients that name no key of their own; 0: it never does.
type SameBody time.Duration

// Key makes a placement safe to repeat by its body, in whatever spaces and order of
// members; nil where this request is one of its own. A first order that has failed does
// not stand in the way.
func (s SameBody) Key(r *http.Request) (*core.IdemKey, error) {
	if s <= 0 || r.Header.Get(RepeatHeader) == "new" {
		return nil, nil
	}
	body, err := Canonical(Body(r))
	if err != nil {
		return nil, err
	}
	return s.Of(body), nil
}

// Of is Key of a body that is canonical already.
func (s SameBody) Of(body []byte) *core.IdemKey {
	if s <= 0 {
		return nil
	}
	sum := sha256.Sum256(body)
	return &core.IdemKey{Key: "body:" + hex.EncodeToString(sum[:]), Body: body, Window: time.Duration(s), WhileGood: true}
}

// Canonical is the same for JSON that differs in spaces and in the order of members.
func Canonical(body []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // so that no two numbers become one
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, &core.Error{Kind: core.Invalid, Reason: ReasonSyntax, Msg: "The body is no valid JSON.", Err: err}
	}
	return json.Marshal(v)
}
