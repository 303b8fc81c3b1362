package front

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/tenant"
)

// gate lets alice in, refuses whoever says that they are bad, and finds nobody else.
type gate struct{}

func (gate) Authenticate(r *http.Request) (core.Actor, error) {
	switch r.Header.Get("Who") {
	case "alice":
		return core.Actor{User: tenant.User{Login: "alice"}}, nil
	case "bad":
		return core.Actor{}, &core.Error{Kind: core.Unauthenticated, Reason: "bad", Msg: "Bad."}
	}
	return core.Actor{}, ErrAbsent
}

// desk is a frame whose failures are "kind reason field", and what it logged.
func desk() (*Frame, *bytes.Buffer) {
	var log bytes.Buffer
	f := &Frame{Door: "test", Scheme: gate{}, MaxBody: 100, Log: slog.New(slog.NewTextHandler(&log, nil))}
	f.Fail = func(w http.ResponseWriter, _ *http.Request, e *core.Error) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s|%s|%s", e.Kind, e.Reason, e.Field)
	}
	f.Handle("POST /echo", func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s by %s at %s, %t", b, who.User.Login, who.Door, bytes.Equal(b, Body(r)))
		return err
	})
	f.HandleSized("POST /large", 1000, func(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
		fmt.Fprint(w, len(Body(r)))
		return nil
	})
	f.HandleOpen("GET /open", func(w http.ResponseWriter, _ *http.Request, who core.Actor) error {
		fmt.Fprintf(w, "%q", who.User.Login)
		return nil
	})
	f.Handle("GET /slash/{$}", func(w http.ResponseWriter, _ *http.Request, _ core.Actor) error {
		fmt.Fprint(w, "slash")
		return nil
	})
	f.Handle("GET /panic", func(http.ResponseWriter, *http.Request, core.Actor) error { panic("a secret") })
	f.Handle("GET /abort", func(http.ResponseWriter, *http.Request, core.Actor) error { panic(http.ErrAbortHandler) })
	f.Handle("GET /late", func(w http.ResponseWriter, _ *http.Request, _ core.Actor) error {
		fmt.Fprint(w, "begun")
		panic("too late")
	})
	f.Handle("GET /plain", func(http.ResponseWriter, *http.Request, core.Actor) error { return errors.New("driver: a secret") })
	f.Handle("GET /item/{id}", func(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
		fmt.Fprint(w, r.PathValue("id"))
		return nil
	})
	f.Else(func(_ http.ResponseWriter, r *http.Request, _ core.Actor) error {
		return &core.Error{Kind: core.NotFound, Reason: "route"}
	})
	return f, &log
}

func ask(f *Frame, method, target, body, who string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Who", who)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func TestTheFrameBoundsReadsAndAuthenticatesBeforeTheHandler(t *testing.T) {
	for name, tt := range map[string]struct{ method, target, body, who, want string }{
		"a body is read twice if need be": {"POST", "/echo", "hello", "alice", "hello by alice at test, true"},
		"no body":                         {"POST", "/echo", "", "alice", " by alice at test, true"},
		"as large as may be":              {"POST", "/echo", strings.Repeat("x", 100), "alice", strings.Repeat("x", 100) + " by alice at test, true"},
		"a byte too many":                 {"POST", "/echo", strings.Repeat("x", 101), "alice", "too large||"},
		"a route of its own size":         {"POST", "/large", strings.Repeat("x", 1000), "alice", "1000"},
		"and a byte more":                 {"POST", "/large", strings.Repeat("x", 1001), "alice", "too large||"},
		"nobody":                          {"POST", "/echo", "hello", "", "unauthenticated|absent|"},
		"bad credentials":                 {"POST", "/echo", "hello", "bad", "unauthenticated|bad|"},
		"an open route, nobody":           {"GET", "/open", "", "", `""`},
		"an open route, bad credentials":  {"GET", "/open", "", "bad", `""`},
		"no such route":                   {"GET", "/nowhere", "", "alice", "not found|route|"},
		"no such route, nobody":           {"GET", "/nowhere", "", "", "unauthenticated|absent|"},
		"a method that no route takes":    {"DELETE", "/echo", "", "alice", "not found|route|"},
		"an error that is not the core's": {"GET", "/plain", "", "alice", "internal||"},
		"a panic":                         {"GET", "/panic", "", "alice", "internal||"},
		"a panic after the answer began":  {"GET", "/late", "", "alice", "begun"},
		"an escaped slash is one segment": {"GET", "/item/arn%3Aaws%2Fx", "", "alice", "arn:aws/x"},
		"an empty segment":                {"POST", "//echo", "hello", "alice", "not found|route|"},
		"a dotted segment":                {"POST", "/x/../echo", "hello", "alice", "not found|route|"},
		"the route with a slash":          {"GET", "/slash/", "", "alice", "slash"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := desk()
			if got := ask(f, tt.method, tt.target, tt.body, tt.who).Body.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestARedirectToThePathWithASlashCarriesNoPage(t *testing.T) {
	f, _ := desk()
	w := ask(f, "GET", "/slash", "", "alice")
	if w.Code/100 != 3 || w.Header().Get("Location") != "/slash/" || w.Body.Len() != 0 {
		t.Errorf("got %d to %q with %q", w.Code, w.Header().Get("Location"), w.Body)
	}
}

func TestWhatFailedInsideIsLoggedAndNotTold(t *testing.T) {
	for _, target := range []string{"/panic", "/plain"} {
		f, log := desk()
		w := ask(f, "GET", target, "", "alice")
		if strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "a secret") || !strings.Contains(log.String(), "door=test") {
			t.Errorf("%s tells %q and logs %q", target, w.Body, log)
		}
	}
	f, log := desk()
	if ask(f, "GET", "/nowhere", "", "alice"); log.Len() != 0 {
		t.Errorf("what the caller did wrong is logged as an error: %s", log)
	}
}

func TestAnAbortedHandlerAbortsTheConnection(t *testing.T) {
	f, _ := desk()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("the panic that reached the server is %v", p)
		}
	}()
	ask(f, "GET", "/abort", "", "alice")
	t.Error("nothing reached the server")
}

func TestABodyThatBreaksOffIsTheCallersFault(t *testing.T) {
	f, _ := desk()
	r := httptest.NewRequest("POST", "/echo", io.MultiReader(strings.NewReader("x"), broken{}))
	r.Header.Set("Who", "alice")
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Body.String() != "invalid|body|" {
		t.Errorf("got %q", w.Body)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reset") }

func TestABoundThatIsNotSetIsOneMebibyte(t *testing.T) {
	for size, want := range map[int]bool{1 << 20: true, 1<<20 + 1: false} {
		_, err := WithBody(httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size))), 0)
		if (err == nil) != want || err != nil && !errors.Is(err, core.TooLarge) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestTheOriginIsTheConfiguredOneOrTheOneAskedFor(t *testing.T) {
	plain, tls := httptest.NewRequest("GET", "http://a.example:1/", nil), httptest.NewRequest("GET", "https://b.example/", nil)
	f := &Frame{}
	if f.Origin(plain) != "http://a.example:1" || f.Origin(tls) != "https://b.example" {
		t.Errorf("got %s, %s", f.Origin(plain), f.Origin(tls))
	}
	f.Public = "https://desk.example/"
	if f.Origin(plain) != "https://desk.example" {
		t.Errorf("got %s", f.Origin(plain))
	}
}
