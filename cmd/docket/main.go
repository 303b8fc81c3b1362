// Docket is one order desk in one program: it serves the desk, plays the demo, and is the
// operator's command line, which asks a running desk through package client or, with
// --data, a desk at rest by the same use cases in process.
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
	"github.com/docket-desk/docket/internal/fault"
)

// Exit codes, as the root command's help lists them.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitDisagrees = 3
)

// exit is an error with a code of its own.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string { return e.err.Error() }
func (e exit) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	if err := fault.Arm(os.Getenv(fault.Env)); err != nil {
		fmt.Fprintln(os.Stderr, "docket: "+err.Error())
		return exitUsage
	}
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var e exit
	if !errors.As(err, &e) {
		e = exit{exitFailed, err}
	}
	if text := e.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "docket: "+text)
	}
	return e.code
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "docket",
		Short: "One order desk behind the APIs that its users' programs already speak",
		Long: `Docket takes orders for things that are measured, holds their cost against limits, walks
them through approval and fulfilment, and charges what was delivered. Four vendors' own
clients order from it, unmodified.

The verbs for orders, worlds and the archive ask the running desk that DOCKET_URL and
DOCKET_TOKEN name (and DOCKET_CA_FILE, where its https port has a CA of its own), or, with
--data, the desk at rest in that folder.

Exit codes: 0 it is done; 1 it was refused or failed; 2 the command line is wrong;
3 the books disagree (verify, restore, move).`,
		Example: `  docket demo                          # a world, one order through each door, and a server
  docket serve --data /var/lib/docket
  docket apply world.yaml
  docket order list --state executing`,
		Version:       app.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("docket {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.AddCommand(serveCommand(), demoCommand(), applyCommand(), archiveCommand(), orderCommand(), verifyCommand(), backupCommand(), restoreCommand(), moveCommand(), clockCommand(), migrateCommand(), versionCommand())
	return root
}

// usage is a mistake on the command line.
func usage(cmd *cobra.Command, err error) error {
	return exit{exitUsage, fmt.Errorf("%w; `%s --help` says more", err, cmd.CommandPath())}
}

// usageArgs makes what cobra says of arguments a mistake on the command line.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which version this is",
		Example: "  docket version",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "docket "+app.Version())
			return err
		},
	}
}
