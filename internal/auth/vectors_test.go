package auth

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// recorded is testdata/vectors.json: what the vendors' clients sent, byte for byte.
type recorded struct {
	Access, Secret string
	At             string
	Vectors        []vector
}

type vector struct {
	Scheme, Name string
	Raw          string // one byte a character
}

func vectors(t testing.TB) recorded {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var out recorded
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.Secret != secretKey || out.At != start.Format(stamp) || len(out.Vectors) < 25 {
		t.Fatal("the vectors are of another pair or another day")
	}
	return out
}

// heard reads a request as a server would.
func heard(t testing.TB, raw string) *http.Request {
	t.Helper()
	b := make([]byte, 0, len(raw))
	for _, c := range raw { // one byte each
		b = append(b, byte(c))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(b))))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func schemes(keys Keys) map[string]Scheme {
	now := func() time.Time { return start }
	return map[string]Scheme{
		"sigv4":   &SigV4{Core: keys, Service: "outposts", Now: now},
		"sdkhmac": SDKHMAC{Core: keys, Now: now},
	}
}

func TestWhatTheVendorsOwnClientsSignedIsTaken(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		t.Run(v.Scheme+", "+v.Name, func(t *testing.T) {
			if v.Scheme == "sigv4 session" {
				_, err := schemes(newRing())["sigv4"].Authenticate(heard(t, v.Raw))
				refused(t, err, ReasonSession, "token")
				return
			}
			who, err := schemes(newRing())[v.Scheme].Authenticate(heard(t, v.Raw))
			if err != nil || who.Key != 42 {
				t.Errorf("got %v, %v", who, err)
			}
			for other, s := range schemes(newRing()) {
				if other == v.Scheme {
					continue
				}
				if _, err := s.Authenticate(heard(t, v.Raw)); !absent(err) {
					t.Errorf("%s answers %v", other, err)
				}
			}
		})
	}
}

// One client sends its query sorted, another signs it sorted and sends it as its caller
// wrote it: both signatures are over the same text.
func TestTheOrderInWhichAQueryWasSentDoesNotCount(t *testing.T) {
	turned := 0
	for _, v := range vectors(t).Vectors {
		r := heard(t, v.Raw)
		path, query, _ := strings.Cut(r.RequestURI, "?")
		parts := strings.Split(query, "&")
		if len(parts) < 2 || v.Scheme == "sigv4 session" {
			continue
		}
		slices.Reverse(parts)
		r.RequestURI = path + "?" + strings.Join(parts, "&")
		turned++
		if who, err := schemes(newRing())[v.Scheme].Authenticate(r); err != nil || who.Key != 42 {
			t.Errorf("%s, %s: %v, %v", v.Scheme, v.Name, who, err)
		}
	}
	if turned < 6 {
		t.Errorf("only %d queries had an order", turned)
	}
}

func TestWhatWasChangedOnTheWayIsRefused(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		if v.Scheme == "sigv4 session" {
			continue
		}
		for what, change := range map[string]func(r *http.Request) bool{
			"the method": func(r *http.Request) bool { r.Method = "PUT"; return !strings.HasPrefix(v.Raw, "PUT") },
			"the path":   func(r *http.Request) bool { r.RequestURI = "/x" + r.RequestURI; return true },
			"the query": func(r *http.Request) bool {
				if strings.Contains(r.RequestURI, "?") {
					r.RequestURI += "&"
				} else {
					r.RequestURI += "?"
				}
				r.RequestURI += "x=1"
				return true
			},
			"the body": func(r *http.Request) bool {
				r.Body = io.NopCloser(strings.NewReader(`{"x":1}`))
				return !strings.Contains(v.Raw, unsigned) // where the client says so, the body is free
			},
			"the host":       func(r *http.Request) bool { r.Host = "elsewhere.example"; return true },
			"the date":       func(r *http.Request) bool { return moved(r, "20261124T102031Z") },
			"the signature":  func(r *http.Request) bool { return sealed(r, "Signature=", "Signature=0") },
			"what is signed": func(r *http.Request) bool { return sealed(r, ";host", "") || sealed(r, "host;", "") },
		} {
			t.Run(v.Scheme+", "+v.Name+", "+what, func(t *testing.T) {
				r := heard(t, v.Raw)
				if !change(r) {
					t.Skip("this change means nothing here")
				}
				who, err := schemes(newRing())[v.Scheme].Authenticate(r)
				if core.KindOf(err) != core.Unauthenticated || absent(err) || who.Key != 0 {
					t.Errorf("got %v, %v", who, err)
				}
			})
		}
	}
}

func moved(r *http.Request, to string) bool {
	for _, name := range []string{dateV4, dateSDK} {
		if r.Header.Get(name) != "" {
			r.Header.Set(name, to)
			return true
		}
	}
	return false
}

// sealed edits the Authorization header; a signature keeps its length.
func sealed(r *http.Request, old, with string) bool {
	was := r.Header.Get("Authorization")
	now := strings.Replace(was, old, with, 1)
	if len(now) > len(was) {
		now = now[:len(was)]
	}
	r.Header.Set("Authorization", now)
	return was != now
}
