package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

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
		{"log-level", "DOCKET_LOG_LEVEL", "log_level", "info", "debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }},
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
		c.MasterKey = filepath.Join(data, "master.key")
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
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("%q is no log level: debug, info, warn or error", c.LogLevel)
	}
	return nil
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
