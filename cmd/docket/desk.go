package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/app"
)

// settings adds the flags of a desk's configuration and returns how to read them.
func settings(cmd *cobra.Command, data string) func() (app.Config, error) {
	cmd.Flags().String("data", data, "the data directory; made if absent, gone on with if present")
	for _, s := range app.Settings() {
		cmd.Flags().String(s.Flag, s.Default, s.Help+" ("+s.Env+")")
	}
	return func() (app.Config, error) {
		set := map[string]string{}
		for _, s := range app.Settings() {
			if f := cmd.Flags().Lookup(s.Flag); f.Changed {
				set[s.Flag] = f.Value.String()
			}
		}
		cfg, err := app.Load(cmd.Flag("data").Value.String(), set, os.Getenv)
		if err != nil {
			return cfg, usage(cmd, err)
		}
		return cfg, nil
	}
}

// asking adds the flags by which a verb names the desk that it asks.
func asking(cmd *cobra.Command) {
	cmd.PersistentFlags().String("data", "", "ask the desk at rest in this folder, instead of a running one")
	reaching(cmd)
}

// reaching adds the flags by which a verb names a running desk.
func reaching(cmd *cobra.Command) {
	cmd.PersistentFlags().String("url", "", "the running desk's root (DOCKET_URL)")
	cmd.PersistentFlags().String("token", "", "an API token (DOCKET_TOKEN)")
}

// ask runs fn with the desk that the flags or the environment name.
func ask(cmd *cobra.Command, fn func(ctx context.Context, c *client.Client) error) error {
	if data := cmd.Flag("data").Value.String(); data != "" {
		cfg, err := app.Load(data, nil, os.Getenv)
		if err != nil {
			return usage(cmd, err)
		}
		if cmd.Name() != "apply" { // which sets a desk up, from the first thing on
			if err := there(cfg); err != nil {
				return err
			}
		}
		cfg.LogLevel = "warn"
		d, err := app.Open(cmd.Context(), cfg)
		if err != nil {
			return fmt.Errorf("%w If a desk is running there, ask it: set DOCKET_URL and DOCKET_TOKEN and leave --data out", sentence(err))
		}
		return errors.Join(fn(cmd.Context(), d.Client()), d.Close())
	}
	c, err := remote(cmd)
	if err != nil {
		return err
	}
	return advise(fn(cmd.Context(), c), c)
}

// there refuses to make a desk by asking one.
func there(cfg app.Config) error {
	if !cfg.There() {
		return fmt.Errorf("there is no desk in %s: `docket serve --data %s` and `docket apply --data %s FILE.yaml` make one", cfg.Data, cfg.Data, cfg.Data)
	}
	return nil
}

func sentence(err error) error {
	text := err.Error()
	if text != "" && text[len(text)-1] != '.' {
		text += "."
	}
	return errors.New(text)
}

func flagOr(cmd *cobra.Command, flag, env string) string {
	if v := cmd.Flag(flag).Value.String(); v != "" {
		return v
	}
	return os.Getenv(env)
}

func remote(cmd *cobra.Command) (*client.Client, error) {
	base, token := flagOr(cmd, "url", "DOCKET_URL"), flagOr(cmd, "token", "DOCKET_TOKEN")
	if base == "" {
		return nil, usage(cmd, errors.New("which desk? Set DOCKET_URL and DOCKET_TOKEN (a demo writes both into demo.env in its folder: `set -a; . docket-data/demo.env`), or name a folder with --data"))
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, usage(cmd, fmt.Errorf("%q is no URL of a desk: write http://127.0.0.1:8080", base))
	}
	c := client.New(base, token)
	if name := os.Getenv("DOCKET_CA_FILE"); name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("DOCKET_CA_FILE: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("DOCKET_CA_FILE: %s holds no certificate", name)
		}
		c.HTTP = &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	}
	return c, nil
}

// advise adds what to do next to the failures that are not about the request itself.
func advise(err error, c *client.Client) error {
	var p *client.Problem
	var net *url.Error
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s shows a certificate that is not trusted here: set DOCKET_CA_FILE to the desk's tls/ca.pem", c.Base)
	case errors.As(err, &p) && p.Status == http.StatusUnauthorized:
		return fmt.Errorf("%s does not let this token in (%w): set DOCKET_TOKEN to an API token of that desk", c.Base, err)
	case errors.As(err, &net) && !errors.Is(err, context.Canceled):
		return fmt.Errorf("nothing answers at %s (%w): start the desk with `docket serve`, or name another with DOCKET_URL", c.Base, net.Err)
	}
	return err
}

// printJSON writes a value as people and jq read it.
func printJSON(cmd *cobra.Command, v any) error {
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
