package fronttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// counter is a small desk: POST /notes makes a note, GET /notes/{id} shows it, everything
// else echoes what was sent.
type counter struct {
	n     int
	notes map[string]string
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	switch {
	case r.URL.Path == "/panic":
		panic("at once")
	case r.URL.Path == "/bytes":
		_, _ = w.Write([]byte{0, 1, 2})
	case r.URL.Path == "/text":
		_, _ = io.WriteString(w, "one\ntwo")
	case r.URL.Path == "/none":
		w.WriteHeader(http.StatusNoContent)
	case r.Method == "POST" && r.URL.Path == "/notes":
		c.n++
		name := fmt.Sprintf("note-%06d", c.n)
		c.notes[name] = string(b)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Subject-Token", "secret-"+name)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"note":{"id":%q,"n":%d},"list":[{"a.b":"dotted value"}],"other":"x%sx"}`, name, c.n, name)
	case strings.HasPrefix(r.URL.Path, "/notes/"):
		fmt.Fprintf(w, `{"id":%q,"text":%q}`, strings.TrimPrefix(r.URL.Path, "/notes/"), c.notes[strings.TrimPrefix(r.URL.Path, "/notes/")])
	default:
		sent := map[string]any{"method": r.Method, "target": r.RequestURI, "host": r.Host, "length": r.ContentLength, "size": len(b), "by": r.Header.Get("X-By"), "header": r.Header}
		_ = json.NewEncoder(w).Encode(sent)
	}
}

func options() (http.Handler, Options) {
	return &counter{notes: map[string]string{}}, Options{
		Headers: []string{"Content-Type", "X-Subject-Token"},
		Vars:    map[string]string{"greeting": "hello there", "short": "n"},
		Sign: func(r *http.Request, who string) error {
			b, err := io.ReadAll(r.Body)
			if who == "nobody" {
				return errors.New("a stranger")
			}
			r.Header.Set("X-By", fmt.Sprintf("%s over %d bytes", who, len(b)))
			return err
		},
		Do: map[string]func(args ...string) error{
			"fail": func(args ...string) error { return errors.New(strings.Join(args, "+")) },
			"good": func(...string) error { return nil },
		},
	}
}

func played(t *testing.T, text string, update bool) (string, []string) {
	t.Helper()
	h, opt := options()
	a := txtar.Parse([]byte(text))
	faults := play(a, h, opt, update)
	return string(txtar.Format(a)), faults
}

const asked = `A note is made and read again.
-- 1 do --
good
-- 1 request --
POST /notes

{{greeting}}
-- 1 capture --
note = note.id
number = note.n
token = header X-Subject-Token
dotted = list.0.a\.b
-- 2 request --
GET /notes/{{note}}?n={{number}} HTTP/1.1
`

const answered = `A note is made and read again.
-- 1 do --
good
-- 1 request --
POST /notes

{{greeting}}
-- 1 response --
201
Content-Type: application/json
X-Subject-Token: {{token}}

{
  "note": {
    "id": "{{note}}",
    "n": 1
  },
  "list": [
    {
      "a.b": "{{dotted}}"
    }
  ],
  "other": "xnote-000001x"
}
-- 1 capture --
note = note.id
number = note.n
token = header X-Subject-Token
dotted = list.0.a\.b
-- 2 request --
GET /notes/{{note}}?n={{number}} HTTP/1.1
-- 2 response --
200
Content-Type: text/plain; charset=utf-8

{
  "id": "{{note}}",
  "text": "{{greeting}}"
}
`

func TestUpdateWritesAnswersThatThenHold(t *testing.T) {
	got, faults := played(t, asked, true)
	if got != answered || len(faults) > 0 {
		t.Fatalf("wrote\n%s\nwith %q", got, faults)
	}
	if again, faults := played(t, got, false); again != got || len(faults) > 0 {
		t.Errorf("the second time:\n%s\n%q", again, faults)
	}
	stale := strings.Replace(answered, "\"n\": 1", "\"n\": 7", 1)
	if mended, faults := played(t, stale, true); mended != answered || len(faults) > 0 {
		t.Errorf("mended to\n%s\nwith %q", mended, faults)
	}
}

func TestEveryDifferenceIsAFault(t *testing.T) {
	if _, faults := played(t, answered, false); len(faults) > 0 {
		t.Fatalf("the right answers are wrong: %q", faults)
	}
	for name, change := range map[string][2]string{
		"a status":               {"201", "200"},
		"a header's value":       {"application/json", "text/html"},
		"a header missing":       {"Content-Type: application/json\n", ""},
		"a header too many":      {"X-Subject-Token: {{token}}", "X-Subject-Token: {{token}}\nX-More: 1"},
		"a member's value":       {`"n": 1`, `"n": 2`},
		"a number's spelling":    {`"n": 1`, `"n": 1.0`},
		"a number for text":      {`"n": 1`, `"n": "1"`},
		"a member missing":       {",\n    \"n\": 1", ""},
		"a member too many":      {"\"n\": 1", "\"n\": 1,\n    \"m\": null"},
		"null for a value":       {`"text": "{{greeting}}"`, `"text": null`},
		"a value not captured":   {`"id": "{{note}}",` + "\n  \"text\"", `"id": "note-000002",` + "\n  \"text\""},
		"another request's body": {"\n\n{{greeting}}", "\n\ngood bye"},
	} {
		text := strings.Replace(answered, change[0], change[1], 1)
		if text == answered {
			t.Fatalf("%s changes nothing", name)
		}
		if _, faults := played(t, text, false); len(faults) == 0 {
			t.Errorf("%s passes", name)
		}
	}
}

func TestWhatCannotBePlayedIsAFaultAndNotPassedOver(t *testing.T) {
	for name, text := range map[string]string{
		"nothing asked":               "words alone\n",
		"an unknown section":          "-- 1 reqest --\nGET /\n",
		"a section without a number":  "-- request --\nGET /\n",
		"a response of no request":    "-- 1 response --\n200\n",
		"a response of another":       "-- 1 request --\nGET /none\n-- 2 response --\n204\n",
		"a capture before its answer": "-- 1 capture --\na = b\n-- 1 request --\nGET /none\n-- 1 response --\n204\n",
		"a section twice":             "-- 1 request --\nGET /none\n-- 1 response --\n204\n-- 1 response --\n204\n",
		"no answer written down":      "-- 1 request --\nGET /none\n",
		"no request line":             "-- 1 request --\nGET\n-- 1 response --\n204\n",
		"a header that is none":       "-- 1 request --\nGET /none\nnonsense\n-- 1 response --\n204\n",
		"an unknown variable":         "-- 1 request --\nGET /{{who}}\n-- 1 response --\n204\n",
		"one in the answer":           "-- 1 request --\nGET /none\n-- 1 response --\n204\nA: {{who}}\n",
		"an unknown thing to do":      "-- 1 do --\nsleep\n-- 1 request --\nGET /none\n-- 1 response --\n204\n",
		"a thing that fails":          "-- 1 do --\nfail a b\n-- 1 request --\nGET /none\n-- 1 response --\n204\n",
		"a signer that refuses":       "-- 1 request --\nGET /none\nSign-As: nobody\n-- 1 response --\n204\n",
		"a capture of nothing":        "-- 1 request --\nGET /echo\n-- 1 response --\n200\n-- 1 capture --\na = no.such\n",
		"a capture of no element":     "-- 1 request --\nGET /echo\n-- 1 response --\n200\n-- 1 capture --\na = header.X.4\n",
		"a capture of an object":      "-- 1 request --\nGET /echo\n-- 1 response --\n200\n-- 1 capture --\na = header\n",
		"a capture of no header":      "-- 1 request --\nGET /echo\n-- 1 response --\n200\n-- 1 capture --\na = header X-None\n",
		"a capture without a name":    "-- 1 request --\nGET /echo\n-- 1 response --\n200\n-- 1 capture --\nnote.id\n",
		"a handler that panics":       "-- 1 request --\nGET /panic\n-- 1 response --\n500\n",
		"a body larger than its size": "-- 1 request --\nPOST /echo\nBody-Size: 2\n\nabc\n-- 1 response --\n200\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, update := range []bool{false, true} {
				if update && (name == "no answer written down" || name == "one in the answer") {
					continue // that is what update is for
				}
				if _, faults := played(t, text, update); len(faults) == 0 {
					t.Errorf("it passes (update %t)", update)
				}
			}
		})
	}
}

func TestARequestIsSentAsAServerWouldReadIt(t *testing.T) {
	got, faults := played(t, "-- 1 request --\nPATCH /echo/a%2Fb?x=%20&{{short}}\nSign-As: alice\nBody-Size: 2000000\n\n{\n}\n-- 2 request --\nGET /text\n-- 3 request --\nGET /bytes\n-- 4 request --\nGET /none\n", true)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, want := range []string{
		`"by": "alice over 2000000 bytes"`, `"size": 2000000`, `"length": 2000000`, `"host": "desk.example"`, `"target": "/echo/a%2Fb?x=%20\u0026n"`,
		"-- 2 response --\n200\n", "\none\ntwo\n-- 3 request --", "(3 bytes, SHA-256 ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc)", "-- 4 response --\n204\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Sign-As\"") || strings.Contains(got, "Body-Size\"") {
		t.Errorf("what says how to send was sent:\n%s", got)
	}
}

func TestMaskedHeadersAreThereButNotCompared(t *testing.T) {
	h, opt := options()
	opt.Masked = []string{"x-subject-token"}
	a := txtar.Parse([]byte("-- 1 request --\nPOST /notes\n"))
	if faults := play(a, h, opt, true); len(faults) > 0 || !strings.Contains(string(txtar.Format(a)), "X-Subject-Token: …\n") {
		t.Errorf("wrote\n%s\n%q", txtar.Format(a), faults)
	}
	h, opt = options()
	opt.Masked = []string{"x-subject-token"}
	opt.Headers = []string{"Content-Type"}
	if faults := play(a, h, opt, false); len(faults) == 0 {
		t.Error("the masked header's absence passes")
	}
}

func TestEachFileHasAWorldOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	text := "-- 1 request --\nPOST /notes\n\n{{own}}\n-- 1 capture --\nid = note.n\n-- 1 response --\n201\nContent-Type: application/json\n\n" +
		"{\n  \"note\": {\n    \"id\": \"note-000001\",\n    \"n\": 1\n  },\n  \"list\": [\n    {\n      \"a.b\": \"dotted value\"\n    }\n  ],\n  \"other\": \"xnote-000001x\"\n}\n"
	for _, name := range []string{"a.txtar", "b.txtar"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	worlds := 0
	Replay(t, nil, filepath.Join(dir, "*.txtar"), Options{New: func(*testing.T) (http.Handler, Options) {
		worlds++
		h, _ := options()
		return h, Options{Vars: map[string]string{"own": "a note"}, Headers: []string{"Content-Type"}}
	}})
	if worlds != 2 {
		t.Errorf("%d worlds were made", worlds)
	}
}

func TestTheFlagRewritesTheFileAndOnlyThen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.txtar")
	if err := os.WriteFile(file, []byte(asked), 0o600); err != nil {
		t.Fatal(err)
	}
	was := *update
	defer func() { *update = was }()
	for _, on := range []bool{true, false} {
		*update = on
		h, opt := options()
		Replay(t, h, file, opt)
		if got, err := os.ReadFile(file); string(got) != answered || err != nil {
			t.Errorf("update %t left\n%s\n%v", on, got, err)
		}
	}
}
