package front

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

func TestTheSameBodyHasTheSameKeyWhateverItsSpaces(t *testing.T) {
	keyOf := func(s SameBody, body, header string) *core.IdemKey {
		var k *core.IdemKey
		f := &Frame{Scheme: anyone{}, Fail: func(w http.ResponseWriter, _ *http.Request, e *core.Error) { t.Errorf("refused: %v", e) }}
		f.Handle("POST /", func(w http.ResponseWriter, r *http.Request, _ core.Actor) (err error) {
			k, err = s.Key(r)
			return err
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(RepeatHeader, header)
		f.ServeHTTP(httptest.NewRecorder(), r)
		return k
	}
	first := keyOf(SameBody(time.Hour), `{"a": 1, "b": [2]}`, "")
	if first == nil || first.Window != time.Hour || !first.WhileGood {
		t.Fatalf("the key is %+v", first)
	}
	if again := keyOf(SameBody(time.Hour), `{"b":[2],"a":1}`, ""); again == nil || again.Key != first.Key || string(again.Body) != string(first.Body) {
		t.Errorf("in another spelling it is %+v", again)
	}
	if other := keyOf(SameBody(time.Hour), `{"a": 1, "b": [2.0]}`, ""); other == nil || other.Key == first.Key {
		t.Errorf("another body has the key %+v", other)
	}
	for what, k := range map[string]*core.IdemKey{"switched off": keyOf(0, `{}`, ""), "never": keyOf(-1, `{}`, ""), "asked to be new": keyOf(SameBody(time.Hour), `{}`, "new")} {
		if k != nil {
			t.Errorf("%s it has the key %+v", what, k)
		}
	}
}

type anyone struct{}

func (anyone) Authenticate(*http.Request) (core.Actor, error) { return core.Actor{}, nil }
