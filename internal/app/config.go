package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/docket-desk/docket/internal/clock"
	"github.com/docket-desk/docket/internal/door/ard"
	"github.com/docket-desk/docket/internal/door/modelarts"
	"github.com/docket-desk/docket/internal/door/native"
	"github.com/docket-desk/docket/internal/door/outposts"
	"github.com/docket-desk/docket/internal/door/waldur"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/store"
)

// Config is what a deployment decides. Texts that are empty take their defaults from Load.
type Config struct {
	Data      string // the data directory: database, keys, certificates, folders of buckets
	HTTP      string // address of the http port; port 0 takes a free one
	HTTPS     string
	DB        string // another database than the data directory's own; see Open
	MasterKey string // file of the key that seals secrets
	Public    string // origin written into absolute links; "": the one that the request came to
	Cert      string // PEM files of a certificate for the https port; none: one of the desk's own
	CertKey   string
	LogLevel  string // debug, info, warn or error
	SameBody  string // doors where the same body is the same order, and for how long: "ard=1h,waldur=10m"
	Roles     string // file that says what roles may do; "": roles.yaml in the data directory, if it is there
	Clock     string // where the desk's clock starts, for tests and sandboxes; "": true time, which cannot be turned

	Log *slog.Logger
}

// Setting is one thing that can be said by a flag, in the environment or in docket.yaml.
type Setting struct {
	Flag, Env, File string // its name in each; File is a member of docket.yaml
	Default         string
	Help            string
	Field           func(c *Config) *string
}

// Settings lists all but the data directory, which says where docket.yaml is.
func Settings() []Setting {
	return []Setting{
		{"http", "DOCKET_HTTP", "http", "127.0.0.1:8080", "address of the http port; port 0 takes a free one", func(c *Config) *string { return &c.HTTP }},
		{"https", "DOCKET_HTTPS", "https", "127.0.0.1:8443", "address of the https port", func(c *Config) *string { return &c.HTTPS }},
		{"db", "DOCKET_DB", "db", "", "database, postgres://user:password@host:5432/name; by default SQLite in the data directory", func(c *Config) *string { return &c.DB }},
		{"master-key-file", "DOCKET_MASTER_KEY_FILE", "master_key_file", "", "file of the key that seals secrets; by default master.key in the data directory, made at the first start", func(c *Config) *string { return &c.MasterKey }},
		{"public-url", "DOCKET_PUBLIC_URL", "public_url", "", "origin written into absolute links, such as https://desk.example; by default the one that the request came to", func(c *Config) *string { return &c.Public }},
		{"tls-cert", "DOCKET_TLS_CERT", "tls_cert", "", "PEM file of a certificate for the https port; by default the desk makes a CA and a certificate of its own", func(c *Config) *string { return &c.Cert }},
		{"tls-key", "DOCKET_TLS_KEY", "tls_key", "", "PEM file of the certificate's key", func(c *Config) *string { return &c.CertKey }},
		{"same-body", "DOCKET_SAME_BODY", "same_body", "ard=1h", "doors (ard, outposts, modelarts, waldur, native) where an order with the same body from the same key is the same order while that has not failed, and for how long, such as ard=1h,waldur=10m; none: nowhere. A request with Docket-Repeat: new is always an order of its own. Keys that a client sends (Idempotency-Key, amz-sdk-invocation-id) count for a day whatever this says", func(c *Config) *string { return &c.SameBody }},
		{"roles", "DOCKET_ROLES", "roles", "", "file that says what roles may do and which can be given, such as project.manager: {add: [order.approve]}; by default roles.yaml in the data directory, if there is one. It is read when the desk opens, and again at a SIGHUP to docket serve", func(c *Config) *string { return &c.Roles }},
		{"log-level", "DOCKET_LOG_LEVEL", "log_level", "info", "debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }},
		{"clock", "DOCKET_CLOCK", "clock", "", "for tests and sandboxes: the instant at which the desk's clock starts, such as 2031-03-01T12:00:00Z, or how far it is from true time, such as +36h; it can then be turned with docket clock", func(c *Config) *string { return &c.Clock }},
	}
}

// Load fills a Config: what set says was given by flag, then the environment, then
// docket.yaml in the data directory, then defaults.
func Load(data string, set map[string]string, env func(string) string) (Config, error) {
	c := Config{Data: data}
	file, err := readFile(filepath.Join(data, "docket.yaml"))
	if err != nil {
		return c, err
	}
	for _, s := range Settings() {
		field := s.Field(&c)
		*field = s.Default
		if v, ok := file[s.File]; ok {
			*field = v
			delete(file, s.File)
		}
		if v := env(s.Env); v != "" {
			*field = v
		}
		if v, ok := set[s.Flag]; ok {
			*field = v
		}
	}
	for name := range file {
		return c, fmt.Errorf("%s: there is no setting %q", filepath.Join(data, "docket.yaml"), name)
	}
	if c.MasterKey == "" {
		c.MasterKey = filepath.Join(data, masterName)
	}
	return c, c.check()
}

func readFile(name string) (map[string]string, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out map[string]string
	if err := yaml.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("%s: want settings and their values, a line each: %w", name, err)
	}
	return out, nil
}

func (c *Config) check() error {
	if c.Data == "" {
		return errors.New("say where the data directory is: --data DIR")
	}
	if err := store.CheckAddress(c.DB); err != nil {
		return err
	}
	if c.Public != "" {
		u, err := url.Parse(c.Public)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("the public URL %q is no origin: write https://desk.example", c.Public)
		}
	}
	if (c.Cert == "") != (c.CertKey == "") {
		return errors.New("a certificate needs its key: give both --tls-cert and --tls-key, or neither")
	}
	if _, err := c.sameBody(); err != nil {
		return err
	}
	if _, err := c.clock(); err != nil {
		return fmt.Errorf("the clock: %w", err)
	}
	if _, err := c.policy(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("%q is no log level: debug, info, warn or error", c.LogLevel)
	}
	return nil
}

// sameBody reads SameBody, by door.
func (c *Config) sameBody() (map[string]front.SameBody, error) {
	if c.SameBody == "" { // nobody said: as the doors are by themselves
		return nil, nil
	}
	out := map[string]front.SameBody{ard.Name: -1} // which by itself has it for an hour
	if c.SameBody == "none" {
		return out, nil
	}
	for _, part := range strings.Split(c.SameBody, ",") {
		door, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		span, err := time.ParseDuration(text)
		if !slices.Contains([]string{ard.Name, outposts.Name, modelarts.Name, waldur.Name, native.Name}, door) || err != nil || span < 0 || span > mostRepeat {
			return nil, fmt.Errorf("%q says of no door for how long, up to %s, the same body is the same order: write ard=1h,waldur=10m, or none", part, mostRepeat)
		}
		if span > 0 {
			out[door] = front.SameBody(span)
		}
	}
	return out, nil
}

// mostRepeat is for how long requests are remembered at least.
const mostRepeat = 24 * time.Hour

// clock is the desk's clock, where it is one that can be turned.
func (c *Config) clock() (*clock.Clock, error) {
	if c.Clock == "" {
		return nil, nil
	}
	return clock.Parse(c.Clock)
}

// Buckets is the folder in which each bucket that is a folder lies.
func (c Config) Buckets() string { return filepath.Join(c.Data, "buckets") }

// CAFile is the certificate of the desk's own CA, for clients to trust.
func (c Config) CAFile() string { return filepath.Join(c.Data, "tls", "ca.pem") }

// TrustLine is what to type so that clients trust the desk's own CA; "" where it has none.
func (c Config) TrustLine() string {
	if c.Cert != "" {
		return ""
	}
	file, err := filepath.Abs(c.CAFile())
	if err != nil {
		file = c.CAFile()
	}
	return "export REQUESTS_CA_BUNDLE='" + file + "' SSL_CERT_FILE='" + file + "'"
}
