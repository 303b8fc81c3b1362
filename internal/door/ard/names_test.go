package ard

import (
	"net/http"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/order"
)

func TestEveryStateHasAWordAndASentence(t *testing.T) {
	known := map[string]bool{running: true, succeeded: true, failed: true}
	for _, s := range order.States() {
		if !known[stateName[s]] || stateSays[s] == "" {
			t.Errorf("%s is called %q and told as %q", s, stateName[s], stateSays[s])
		}
		if s.Open() != (stateName[s] == running) {
			t.Errorf("%s is open: %v, and the client polls until it is not RUNNING: %q", s, s.Open(), stateName[s])
		}
	}
	if len(stateName) != len(order.States()) || len(stateSays) != len(order.States()) {
		t.Error("a table has states that no order has")
	}
}

func TestEveryTypeAndLineStateHasARow(t *testing.T) {
	for _, typ := range order.Types() {
		if _, ok := typeSays[typ]; !ok {
			t.Errorf("nothing is said of an order of type %s", typ)
		}
	}
	for _, s := range order.LineStates() {
		if _, ok := undelivered[s]; !ok {
			t.Errorf("whether a line that is %s was delivered is not said", s)
		}
	}
}

func TestEveryKindOfErrorHasAStatusThatTheClientMakesTheRightExceptionOf(t *testing.T) {
	for _, k := range core.Kinds() {
		f, ok := failures[k]
		if !ok || f.status < 400 || f.code == "" || f.typ == "" || f.says == "" {
			t.Errorf("%s is answered with %+v", k, f)
		}
	}
	for kind, status := range map[core.Kind]int{core.Invalid: 400, core.LimitExceeded: 400, core.Unauthenticated: 401, core.Forbidden: 403,
		core.NotFound: 404, core.TooLarge: 413, core.Unavailable: 503, core.Internal: 500} {
		if got := failures[kind].status; got != status {
			t.Errorf("%s is answered with %d %s, want %d", kind, got, http.StatusText(got), status)
		}
	}
}
