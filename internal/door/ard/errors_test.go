package ard

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/imagery"
)

func TestEachErrorIsToldInWordsTheClientKnows(t *testing.T) {
	for name, tt := range map[string]struct {
		err  *core.Error
		want string // contained in the message
		not  string
		code string
	}{
		"a geometry":              {&core.Error{Kind: core.Invalid, Reason: core.ReasonArea, Msg: "It is empty."}, "Problem with intersects/bbox: It is empty.", "", "invalid_geometry"},
		"nothing in an area":      {&core.Error{Kind: core.Invalid, Reason: core.ReasonNothing, Msg: "No data."}, "No data.", "Problem with", "invalid_parameters"},
		"a size":                  {&core.Error{Kind: core.TooLarge, Msg: "The document is too large."}, "Request Entity Too Large: The document", "", "too_large"},
		"a size without a word":   {&core.Error{Kind: core.TooLarge}, "Request Entity Too Large.", "", "too_large"},
		"an error inside":         {&core.Error{Kind: core.Internal, Msg: "secret", Err: errors.New("disk I/O error")}, "Something went wrong", "secret", "internal_error"},
		"an error without a word": {&core.Error{Kind: core.Conflict}, "present state", "", "conflict"},
		"an unknown kind":         {&core.Error{Kind: "new", Msg: "secret"}, "Something went wrong", "secret", "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			fail(w, httptest.NewRequest("GET", "/order", nil), tt.err)
			var got failureOutput
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.Message, tt.want) || (tt.not != "" && strings.Contains(got.Message, tt.not)) || got.Code != tt.code || got.Type == "" {
				t.Errorf("got %d %+v", w.Code, got)
			}
		})
	}
}

func TestAnUnavailableServerSaysWhenToAskAgain(t *testing.T) {
	w := httptest.NewRecorder()
	fail(w, httptest.NewRequest("GET", "/order", nil), &core.Error{Kind: core.Unavailable})
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("got %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

func TestOrdersAreRefusedWithWhatTheCommandLineCatches(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want core.Kind
	}{
		"a select that is not there":  {noSuch("select"), core.Invalid},
		"a resource in another state": {&core.Error{Kind: core.Conflict}, core.Invalid},
		"a key used for another body": {&core.Error{Kind: core.Conflict, Reason: core.ReasonIdempotency}, core.Conflict},
		"a role":                      {&core.Error{Kind: core.Forbidden}, core.Forbidden},
		"a limit":                     {&core.Error{Kind: core.LimitExceeded}, core.LimitExceeded},
		"an error inside":             {errors.New("disk I/O error"), core.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			if got := core.KindOf(refusal(tt.err)); got != tt.want {
				t.Errorf("refused as %s, want %s", got, tt.want)
			}
		})
	}
}

func TestImagerysOwnErrorsBecomeTheCores(t *testing.T) {
	area := core.AsError(coreError(&imagery.AOIError{Reason: imagery.AOITooSmall, Msg: "It is small."}))
	if area.Kind != core.Invalid || area.Reason != core.ReasonArea {
		t.Errorf("an area became %+v", area)
	}
	query := core.AsError(coreError(&imagery.QueryError{Field: "datetime", Msg: "it is no time"}))
	if query.Kind != core.Invalid || query.Field != "datetime" || query.Msg != "datetime: it is no time." {
		t.Errorf("a query became %+v", query)
	}
	if coreError(nil) != nil {
		t.Error("no error became one")
	}
}
