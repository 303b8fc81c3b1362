package front

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

type input struct {
	Name  string
	Count int
	Own   mine
	Inner struct {
		Items []struct{ Size int }
		On    bool
	}
}

// mine reads only "yes".
type mine string

func (m *mine) UnmarshalJSON(b []byte) error {
	if string(b) != `"yes"` {
		return &core.Error{Kind: core.Invalid, Reason: "own", Field: "Own"}
	}
	*m = "yes"
	return nil
}

func TestJSONIsReadOrRefusedByWhatIsWrongWithIt(t *testing.T) {
	for name, tt := range map[string]struct{ body, reason, field string }{
		"everything":                   {`{"Name":"a","Count":1,"Own":"yes","Inner":{"Items":[{"Size":1}],"On":true}}`, "", ""},
		"nothing":                      {`{}`, "", ""},
		"null members":                 {`{"Name":null,"Inner":null}`, "", ""},
		"members nobody knows":         {`{"What":[1,{"x":null}],"Name":"a"}`, "", ""},
		"a member twice":               {`{"Count":2,"Count":1}`, "", ""},
		"blanks around":                {" \n{}\t ", "", ""},
		"brackets inside a text":       {`{"Name":"` + strings.Repeat("[{", 200) + `"}`, "", ""},
		"an escaped quote":             {`{"Name":"\"` + strings.Repeat("[", 200) + `\\"}`, "", ""},
		"as deep as may be":            {`{"x":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`, "", ""},
		"a level too deep":             {`{"x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`, ReasonSyntax, ""},
		"absurdly deep":                {strings.Repeat("[", 1<<20), ReasonSyntax, ""},
		"no body":                      {"", ReasonSyntax, ""},
		"broken off":                   {`{"Name":"a"`, ReasonSyntax, ""},
		"two values":                   {`{} {}`, ReasonSyntax, ""},
		"something behind":             {`{}]`, ReasonSyntax, ""},
		"no JSON":                      {`Name=a&Count=1`, ReasonSyntax, ""},
		"bad UTF-8":                    {"{\"Name\":\"\xff\"}", ReasonSyntax, ""},
		"a list":                       {`[]`, ReasonType, ""},
		"a text":                       {`"x"`, ReasonType, ""},
		"a number for a text":          {`{"Name":1}`, ReasonType, "Name"},
		"a text for a number":          {`{"Count":"1"}`, ReasonType, "Count"},
		"a fraction":                   {`{"Count":1.5}`, ReasonType, "Count"},
		"a fraction that is whole":     {`{"Count":1.0}`, ReasonType, "Count"},
		"a number beyond all integers": {`{"Count":1e400}`, ReasonType, "Count"},
		"a wrong member further in":    {`{"Inner":{"On":"true"}}`, ReasonType, "Inner.On"},
		"a wrong member in a list":     {`{"Inner":{"Items":[{"Size":1},{"Size":{}}]}}`, ReasonType, "Inner.Items.Size"},
		"a type's own refusal":         {`{"Own":"no"}`, "own", "Own"},
	} {
		t.Run(name, func(t *testing.T) {
			var in input
			err := DecodeJSON([]byte(tt.body), &in)
			if tt.reason == "" {
				if err != nil || tt.field != "" {
					t.Errorf("got %v", err)
				}
				return
			}
			var e *core.Error
			if !errors.As(err, &e) || e.Kind != core.Invalid || e.Reason != tt.reason || e.Field != tt.field {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheLastOfTwoMembersCounts(t *testing.T) {
	var in input
	if err := DecodeJSON([]byte(`{"Count":2,"Count":1}`), &in); err != nil || in.Count != 1 {
		t.Errorf("got %d, %v", in.Count, err)
	}
}

func TestAnOptionalBodyMayBeMissingButNotBroken(t *testing.T) {
	for body, want := range map[string]string{"": "", " \n": "", `{"Name":"a"}`: "a"} {
		r, err := WithBody(httptest.NewRequest("POST", "/", strings.NewReader(body)), 0)
		if err != nil {
			t.Fatal(err)
		}
		var in input
		if err := ReadOptionalJSON(r, &in); err != nil || in.Name != want {
			t.Errorf("%q: %q, %v", body, in.Name, err)
		}
	}
	r, err := WithBody(httptest.NewRequest("POST", "/", strings.NewReader("{")), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := ReadOptionalJSON(r, new(input)); !errors.Is(err, core.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerIsWrittenAsItIs(t *testing.T) {
	w := httptest.NewRecorder()
	if err := WriteJSON(w, 201, map[string]string{"a": "<&>é"}); err != nil {
		t.Fatal(err)
	}
	if w.Code != 201 || w.Body.String() != `{"a":"<&>é"}` || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/geo+json")
	if err := WriteJSON(w, 200, 1); err != nil || w.Header().Get("Content-Type") != "application/geo+json" {
		t.Errorf("got %v, %v", err, w.Header())
	}
	w = httptest.NewRecorder()
	if err := WriteJSON(w, 200, make(chan int)); err == nil || w.Body.Len() > 0 {
		t.Errorf("what is no JSON was written as %q", w.Body)
	}
}

func TestATableTurnedRoundNamesAllThatShareAWord(t *testing.T) {
	got := Invert(map[int]string{1: "one", 2: "two"})
	if !reflect.DeepEqual(got, map[string][]int{"one": {1}, "two": {2}}) || len(Invert(map[int]string{1: "x", 2: "x"})["x"]) != 2 {
		t.Errorf("got %v", got)
	}
}

func FuzzABodyIsReadOrRefusedAndNothingElse(f *testing.F) {
	for _, s := range []string{`{"Name":"a"}`, `{"Own":"yes"}`, `[`, `{"Count":1e9}`, "\xff", `{"Inner":{"Items":[{}]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in input
		err := DecodeJSON(b, &in)
		if err != nil && core.KindOf(err) != core.Invalid {
			t.Error(err)
		}
		if err == nil && !json.Valid(b) {
			t.Errorf("%q was read as %s", b, fmt.Sprint(in))
		}
	})
}
