package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/internal/app"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Serve a desk until SIGINT or SIGTERM",
		Long: `Serves the desk in a data directory, and makes it where there is none: its database, the
key that seals secrets, and a CA and certificate for the https port where none is given.
Every setting can also be said in the environment or in DIR/docket.yaml; a flag goes before
the environment, that before the file. Ends within five seconds of SIGINT or SIGTERM, with
nothing lost. SIGHUP has it read the file about roles again; a wrong one is logged and not taken.`,
		Example: `  docket apply --data /var/lib/docket world.yaml   # while it is at rest: prints the first keys
  docket serve --data /var/lib/docket --http :8080 --https :8443
  DOCKET_PUBLIC_URL=https://desk.example docket serve --data /var/lib/docket`,
		Args: usageArgs(cobra.NoArgs),
	}
	config := settings(cmd, "")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config()
		if err != nil {
			return err
		}
		d, err := app.Open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGHUP)
		defer signal.Stop(asked)
		s, err := d.Serve(cmd.Context())
		if err != nil {
			return err
		}
		go rereadRoles(cmd.Context(), d, asked)
		out := cmd.OutOrStdout()
		fmt.Fprintf(out, "The desk in %s answers at http://%s and https://%s\n", cfg.Data, s.HTTPAddr, s.HTTPSAddr)
		if line := cfg.TrustLine(); line != "" {
			fmt.Fprintln(out, "To make a client trust the https port:  "+line)
		}
		return errors.Join(s.Wait(cmd.Context()), s.Stop())
	}
	return cmd
}

// rereadRoles has a desk read its file about roles whenever it is asked to. What is wrong with
// it, the desk logs.
func rereadRoles(ctx context.Context, d *app.Desk, asked <-chan os.Signal) {
	for {
		select {
		case <-asked:
			_ = d.RereadRoles()
		case <-ctx.Done():
			return
		}
	}
}

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "migrate --data DIR",
		Short:   "Bring the database of a desk at rest to this program's version",
		Long:    "Brings the database of a desk at rest to this program's version, in one transaction.\nIt only goes forward. `docket serve` does the same when it starts.",
		Example: "  docket migrate --data /var/lib/docket",
		Args:    usageArgs(cobra.NoArgs),
	}
	config := settings(cmd, "")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config()
		if err != nil {
			return err
		}
		if err := there(cfg); err != nil {
			return err
		}
		d, err := app.Open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if err := d.Close(); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "The database in %s is at the version of docket %s.\n", cfg.Data, app.Version())
		return err
	}
	return cmd
}
