package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/front"
)

func config(t *testing.T, dir string) Config {
	t.Helper()
	cfg, err := Load(dir, map[string]string{"http": "127.0.0.1:0", "https": "127.0.0.1:0"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	return cfg
}

func serve(t *testing.T, cfg Config) *Server {
	t.Helper()
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trusting is a client that trusts the desk's own CA by its file, and nothing else.
func trusting(t *testing.T, cfg Config) *http.Client {
	t.Helper()
	b, err := os.ReadFile(cfg.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		t.Fatal("the CA's file holds no certificate")
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
}

func fetch(t *testing.T, h *http.Client, method, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

func TestBothPortsAnswerAndEndInTime(t *testing.T) {
	cfg := config(t, t.TempDir())
	s := serve(t, cfg)
	h := trusting(t, cfg)
	for _, root := range []string{"http://" + s.HTTPAddr, "https://" + s.HTTPSAddr} {
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 200, "/nothing": 404, "/docket/v1/openapi.json": 200,
			"/docket/v1/orders": 401, "/api/v1/order/": 401, "/orders/oo-00000000000000001": 403, "/api/marketplace-orders/": 401, "/v1/x/orders": 401} {
			if answer, body := fetch(t, h, http.MethodGet, root+path); answer.StatusCode != want {
				t.Errorf("%s%s: %d %s, want %d", root, path, answer.StatusCode, body, want)
			}
		}
	}
	began := time.Now()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("ended after %s", took)
	}
	if _, err := net.DialTimeout("tcp", s.HTTPAddr, time.Second); err == nil {
		t.Error("the port still answers")
	}
}

func TestEachPathGoesToItsDoorInItsVendorsShape(t *testing.T) {
	s := serve(t, config(t, t.TempDir()))
	defer s.Stop()
	for path, want := range map[string]string{
		"/api/v1/order/status/1":        `"message"`,
		"/order/status/1":               `"message"`,
		"/list-orders":                  `"Message"`,
		"/outpost/x/renewal-pricing":    `"Message"`,
		"/v2/x/pools":                   `"error_code"`,
		"/api/users/me/":                `"detail"`,
		"/docket/v1/orders/1":           `"title"`,
		"/api/v12/is-no-door-of-images": `"detail"`,
	} {
		if _, body := fetch(t, http.DefaultClient, http.MethodGet, "http://"+s.HTTPAddr+path); !strings.Contains(body, want) {
			t.Errorf("%s is answered %s, want %s in it", path, body, want)
		}
	}
}

func TestADeskThatCannotReadSaysSo(t *testing.T) {
	s := serve(t, config(t, t.TempDir()))
	if err := s.Desk.store.Close(); err != nil {
		t.Fatal(err)
	}
	answer, body := fetch(t, http.DefaultClient, http.MethodGet, "http://"+s.HTTPAddr+"/readyz")
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "closing") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	if answer, _ := fetch(t, http.DefaultClient, http.MethodGet, "http://"+s.HTTPAddr+"/healthz"); answer.StatusCode != 200 {
		t.Errorf("the process itself is well, and answers %d", answer.StatusCode)
	}
	_ = s.Stop() // its books are closed already
}

func TestHeadersAreBounded(t *testing.T) {
	s := serve(t, config(t, t.TempDir()))
	defer s.Stop()
	c, err := net.Dial("tcp", s.HTTPAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 200<<10))
	b := make([]byte, 64)
	n, _ := io.ReadFull(c, b)
	if !strings.Contains(string(b[:n]), " 431 ") {
		t.Errorf("answered %q, want 431", b[:n])
	}
}

func TestADeskOfOneFolderIsServedOnce(t *testing.T) {
	cfg := config(t, t.TempDir())
	s := serve(t, cfg)
	defer s.Stop()
	if d, err := Open(t.Context(), cfg); err == nil {
		d.Close()
		t.Error("the same folder was opened twice")
	} else if !strings.Contains(err.Error(), "in use by another docket") {
		t.Errorf("got %v", err)
	}
	look, err := Look(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if r, err := look.Client().Verify(t.Context()); err != nil || len(r.Disagrees) > 0 {
		t.Errorf("beside it the books say %v, %v", r.Disagrees, err)
	}
	if _, err := look.Client().Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "x"}}}); err == nil {
		t.Error("what was opened for reading could be written")
	}
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	cfg := config(t, t.TempDir())
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	other := cfg
	other.MasterKey = filepath.Join(t.TempDir(), "other.key")
	if d, err := Open(t.Context(), other); err == nil {
		d.Close()
		t.Error("the desk was opened under another master key")
	} else if !strings.Contains(err.Error(), "another master key") {
		t.Errorf("got %v", err)
	}
	if d, err = Open(t.Context(), cfg); err != nil {
		t.Fatalf("with its own key again: %v", err)
	}
	d.Close()
}

func TestIdsGoOnThoughTheClockIsSetBack(t *testing.T) {
	cfg := config(t, t.TempDir())
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	last := d.NewID()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	node, err := d.store.Node(t.Context())
	if err != nil || node.Floor <= last {
		t.Errorf("after %d, ids go on above %d, %v", last, node.Floor, err)
	}
}

func TestACertificateIsMadeAnewWhenItEndsOrTheAddressChanges(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	c := &certificates{dir: dir, names: []string{"localhost", "127.0.0.1"}, now: func() time.Time { return now }}
	first, err := c.current()
	if err != nil {
		t.Fatal(err)
	}
	ca := readCA(t, dir)
	same := &certificates{dir: dir, names: c.names, now: c.now}
	if kept, err := same.current(); err != nil || !kept.Leaf.Equal(first.Leaf) {
		t.Errorf("a restart made another certificate: %v", err)
	}
	moved := &certificates{dir: dir, names: []string{"127.0.0.1", "desk.example"}, now: c.now}
	second, err := moved.current()
	if err != nil || second.Leaf.Equal(first.Leaf) {
		t.Fatalf("the address changed and the certificate did not: %v", err)
	}
	now = now.Add(certFor - certEarly + time.Hour)
	third, err := moved.current()
	if err != nil || third.Leaf.Equal(second.Leaf) {
		t.Fatalf("the certificate is about to end and was kept: %v", err)
	}
	if again := readCA(t, dir); !again.Equal(ca) {
		t.Error("the CA that clients trust was replaced")
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	if _, err := third.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "desk.example", CurrentTime: now}); err != nil {
		t.Errorf("a client that trusts the CA does not take it: %v", err)
	}
	for name, mode := range map[string]os.FileMode{"ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestThoseWhoStartAtOnceShowCertificatesOfOneCA(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	shown := make([]*tls.Certificate, 8)
	var all sync.WaitGroup
	for n := range shown {
		all.Go(func() {
			var err error
			if shown[n], err = (&certificates{dir: dir, names: []string{"localhost"}, now: time.Now}).current(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ca := readCA(t, dir)
	for _, c := range shown {
		if c == nil || c.Leaf.CheckSignatureFrom(ca) != nil {
			t.Fatal("one of them shows a certificate of another CA than clients trust")
		}
	}
}

func readCA(t *testing.T, dir string) *x509.Certificate {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestAFlagGoesBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "docket.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("http: file:1\nhttps: file:2\npublic_url: https://file.example\n")
	env := func(name string) string {
		return map[string]string{"DOCKET_HTTPS": "env:2", "DOCKET_HTTP": "env:1"}[name]
	}
	cfg, err := Load(dir, map[string]string{"http": "flag:1"}, env)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP != "flag:1" || cfg.HTTPS != "env:2" || cfg.Public != "https://file.example" || cfg.LogLevel != "info" || cfg.MasterKey != filepath.Join(dir, "master.key") {
		t.Errorf("got %+v", cfg)
	}
	for text, want := range map[string]string{
		"htp: x\n":           `there is no setting "htp"`,
		"db: mysql://h/d\n":  "no database that this docket can open",
		"public_url: desk\n": "no origin",
		"public_url: https://desk.example/deeper\n": "no origin",
		"tls_cert: a.pem\n":                         "a certificate needs its key",
		"log_level: loud\n":                         "no log level",
		"same_body: mail=1h\n":                      "mail=1h",
		"same_body: waldur\n":                       "write ard=1h,waldur=10m",
		"same_body: ard=90h\n":                      "up to 24h0m0s",
		"- a list\n":                                "want settings and their values",
	} {
		write(text)
		if _, err := Load(dir, nil, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read as %v, want %q", text, err, want)
		}
	}
}

func TestTheDeskIsAskedInProcessAsOverAPort(t *testing.T) {
	cfg := config(t, t.TempDir())
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c := d.Client()
	if _, err := c.Apply(t.Context(), client.World{Customers: []client.Customer{{Slug: "new"}}}); err != nil {
		t.Fatal(err)
	}
	_, err = c.Order(t.Context(), "12345")
	if p, ok := err.(*client.Problem); !ok || p.Status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Orders(ctx, client.OrderQuery{}); err == nil {
		t.Error("a call whose context had ended was answered")
	}
}

func TestAFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	for _, content := range []string{"one", "two"} {
		if err := WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(name); err != nil || !bytes.Equal(b, []byte(content)) {
			t.Errorf("%q, %v", b, err)
		}
	}
	if err := WriteFile(filepath.Join(dir, "none", "x"), nil, 0o600); err == nil {
		t.Error("a file in no folder was written")
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("%d files are left, %v", len(list), err)
	}
}

func TestTheDoorsWhereTheSameBodyIsTheSameOrderAreSaid(t *testing.T) {
	for said, want := range map[string]map[string]front.SameBody{
		"":                    {"ard": 0},
		"none":                {"ard": -1},
		"waldur=10m":          {"ard": -1, "waldur": front.SameBody(10 * time.Minute)},
		"ard=2h, native=90s":  {"ard": front.SameBody(2 * time.Hour), "native": front.SameBody(90 * time.Second)},
		"ard=0s,outposts=24h": {"ard": -1, "outposts": front.SameBody(24 * time.Hour)},
	} {
		c := Config{SameBody: said}
		got, err := c.sameBody()
		if err != nil {
			t.Errorf("%q: %v", said, err)
		}
		for _, door := range []string{"ard", "outposts", "modelarts", "waldur", "native"} {
			if got[door] != want[door] {
				t.Errorf("%q says %v of %s, want %v", said, got[door], door, want[door])
			}
		}
	}
}
