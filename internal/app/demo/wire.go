package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/docket-desk/docket/client"
)

// wire asks the desk over its ports and nothing else.
type wire struct {
	env      env
	http     *http.Client
	operator *client.Client
}

func newWire(e env) (*wire, error) {
	pem, err := os.ReadFile(e["DOCKET_CA_FILE"])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", e["DOCKET_CA_FILE"])
	}
	h := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	return &wire{env: e, http: h, operator: &client.Client{Base: e["DOCKET_URL"], Token: e["DOCKET_TOKEN"], HTTP: h}}, nil
}

// answers waits until both ports answer that the desk is ready.
func (w *wire) answers(ctx context.Context) error {
	for _, root := range []string{w.env["DOCKET_URL"], w.env["DOCKET_HTTPS_URL"]} {
		for tries := 0; ; tries++ {
			_, err := w.ask(ctx, request{method: http.MethodGet, url: root + "/readyz"})
			if err == nil {
				break
			}
			if tries == 100 || ctx.Err() != nil {
				return fmt.Errorf("the desk does not answer at %s: %w", root, err)
			}
			if err := pause(ctx, pollEvery); err != nil {
				return err
			}
		}
	}
	return nil
}

// request is one call. body is written as JSON unless it is url.Values, a form.
type request struct {
	method, url string
	header      map[string]string
	body        any
	sign        func(*http.Request) error
}

// refused is an answer that is no success.
type refused struct {
	status int
	said   string
}

func (r *refused) Error() string { return fmt.Sprintf("answered %d: %s", r.status, r.said) }

// notFound reports whether the answer was that there is no such thing.
func notFound(err error) bool {
	var r *refused
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// ask makes a call and returns the body of a success.
func (w *wire) ask(ctx context.Context, q request) ([]byte, error) {
	var body []byte
	kind := ""
	switch b := q.body.(type) {
	case nil:
	case url.Values:
		body, kind = []byte(b.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			return nil, err
		}
		kind = "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, v := range q.header {
		r.Header.Set(name, v)
	}
	if q.sign != nil {
		if err := q.sign(r); err != nil {
			return nil, err
		}
	}
	answer, err := w.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s %w", q.method, r.URL.Path, &refused{answer.StatusCode, string(b[:min(len(b), 500)])})
	}
	return b, nil
}

// get is ask with the answer read as JSON.
func (w *wire) get(ctx context.Context, q request, into any) error {
	b, err := w.ask(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s %s: %w", q.method, q.url, err)
	}
	return nil
}
