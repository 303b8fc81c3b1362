package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// What both signing schemes share: the parts of a request in the one spelling that client
// and server both sign.

// stamp is how both schemes write an instant.
const stamp = "20060102T150405Z"

// maxSigned bounds the headers a signature may cover, so that checking one costs little.
const maxSigned = 64

// rawTarget returns a request's path and query as they were received, whatever a mux has
// made of r.URL since.
func rawTarget(r *http.Request) (path, query string) {
	target := r.RequestURI
	if target == "" { // a client's request, about to be signed
		path = r.URL.EscapedPath()
		query = r.URL.RawQuery
	} else {
		if !strings.HasPrefix(target, "/") { // the absolute form that proxies send
			if _, rest, ok := strings.Cut(target, "://"); ok {
				n := strings.IndexAny(rest, "/?")
				if n < 0 {
					n = len(rest)
				}
				target = rest[n:]
			}
		}
		path, query, _ = strings.Cut(target, "?")
	}
	if path == "" {
		path = "/"
	}
	return path, query
}

// encode percent-encodes all but RFC 3986's unreserved characters and those of also.
func encode(s, also string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for n := 0; n < len(s); n++ {
		c := s[n]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 || strings.IndexByte(also, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

type pair struct{ name, value string }

// pairs decodes a query as handlers do: names and values, a plus sign a blank.
func pairs(query string) ([]pair, bool) {
	var out []pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		out = append(out, pair{name, value})
	}
	return out, true
}

func joined(list []pair) string {
	var b strings.Builder
	for n, p := range list {
		if n > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

func encoded(list []pair) []pair {
	out := make([]pair, len(list))
	for n, p := range list {
		out[n] = pair{encode(p.name, ""), encode(p.value, "")}
	}
	return out
}

func sorted(list []pair) []pair {
	slices.SortFunc(list, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	return list
}

// header returns a header's values, those too that net/http keeps elsewhere.
func header(r *http.Request, name string) []string {
	if v := r.Header.Values(name); len(v) > 0 {
		return v
	}
	switch {
	case name == "host" && r.Host != "":
		return []string{r.Host}
	case name == "host" && r.URL != nil:
		return []string{r.URL.Host}
	case name == "content-length" && r.ContentLength >= 0:
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	return nil
}

// body returns the request's whole body and leaves it to be read again. Whoever runs the
// scheme has bounded it.
func body(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &core.Error{Kind: core.Invalid, Reason: "body", Msg: "The request's body could not be read whole.", Err: err}
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b, nil
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func mac(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(s))
	return m.Sum(nil)
}

// same compares a signature in hex with the one that is right, in constant time.
func same(got string, want []byte) bool {
	b, err := hex.DecodeString(got)
	return err == nil && hmac.Equal(b, want)
}

// signedNames reads a SignedHeaders list; no header may be named twice.
func signedNames(list string) ([]string, bool) {
	names := strings.Split(list, ";")
	if len(names) > maxSigned {
		return nil, false
	}
	for n, name := range names {
		if name == "" || name != strings.ToLower(name) || slices.Contains(names[:n], name) {
			return nil, false
		}
	}
	return names, true
}

// fields reads the parts `Name=value` of an Authorization header, parted by commas.
func fields(rest string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			continue
		}
		if _, twice := out[name]; twice {
			return nil
		}
		out[name] = value
	}
	return out
}

// wholeSignature reports whether s is what HMAC-SHA256 looks like in hex.
func wholeSignature(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

func clock(now func() time.Time) time.Time {
	if now == nil {
		return time.Now().UTC()
	}
	return now().UTC()
}

func window(d time.Duration) time.Duration {
	if d == 0 {
		return 15 * time.Minute
	}
	return d
}
