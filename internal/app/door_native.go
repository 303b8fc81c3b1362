package app

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/door/native"
	"github.com/docket-desk/docket/internal/front"
)

func openNative(d *Desk) ([]string, http.Handler, error) {
	repeat, err := d.Config.sameBody()
	return native.Prefixes, d.native(auth.TokenKey{Core: d.Core}, repeat[native.Name]), err
}

func (d *Desk) native(scheme front.Scheme, repeat front.SameBody) http.Handler {
	return native.New(d.Core, native.Options{Log: d.log, Public: d.Config.Public, Scheme: scheme, Version: Version(), Repeat: repeat})
}

// Client asks the desk itself, as the operator, without a port: the command line's verbs
// are the same over a running desk and over one at rest.
func (d *Desk) Client() *client.Client {
	c := client.New("http://desk", "")
	c.HTTP = &http.Client{Transport: inProcess{d.native(operator{}, 0)}}
	return c
}

// Verify recomputes the books without a port; tell hears how far it is.
func (d *Desk) Verify(ctx context.Context, tell func(client.Report)) (client.Report, error) {
	v, err := d.Core.Verify(ctx, Operator(), func(v core.Verification) { tell(native.Report(v)) })
	return native.Report(v), plain(err)
}

type operator struct{}

// Authenticate implements front.Scheme.
func (operator) Authenticate(*http.Request) (core.Actor, error) { return Operator(), nil }

// inProcess answers requests by a handler.
type inProcess struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RequestURI = r.URL.RequestURI()
	w := &recorded{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}

type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorded) Header() http.Header         { return w.header }
func (w *recorded) WriteHeader(status int)      { w.status = status }
func (w *recorded) Write(b []byte) (int, error) { return w.body.Write(b) }
