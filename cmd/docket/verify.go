package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/app"
)

func verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute the books and say what disagrees",
		Long: `Recomputes from the ledger's entries what every order holds and was charged, what its
lines add up to, what usage was billed and every balance of every limit, and looks for
missing events. Changes nothing. With --data it reads beside a desk that is running, too.

Exit codes: 0 everything agrees; 3 something does not, each in a line; 1 the books could
not be read.`,
		Example: `  docket verify --data /var/lib/docket
  docket verify                         # the running desk that DOCKET_URL names`,
		Args: usageArgs(cobra.NoArgs),
	}
	asking(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, err := report(cmd)
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(cmd, r)
		} else {
			err = tellReport(cmd, r)
		}
		if err == nil && len(r.Disagrees) > 0 {
			return exit{exitDisagrees, fmt.Errorf("the books disagree in %d places", len(r.Disagrees))}
		}
		return err
	}
	return cmd
}

func report(cmd *cobra.Command) (r client.Report, err error) {
	data := cmd.Flag("data").Value.String()
	if data == "" {
		err = ask(cmd, func(ctx context.Context, c *client.Client) error { r, err = c.Verify(ctx); return err })
		return r, err
	}
	cfg, err := app.Load(data, nil, os.Getenv)
	if err != nil {
		return r, usage(cmd, err)
	}
	if err := there(cfg); err != nil {
		return r, err
	}
	d, err := app.Look(cfg)
	if err != nil {
		return r, err
	}
	r, err = d.Client().Verify(cmd.Context())
	return r, errors.Join(err, d.Close())
}

func tellReport(cmd *cobra.Command, r client.Report) error {
	for _, s := range r.Disagrees {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), s); err != nil {
			return err
		}
	}
	if len(r.Disagrees) > 0 {
		return nil
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "All is well: %d orders, %d entries, %d limits, %d events.\n", r.Orders, r.Entries, r.Limits, r.Events)
	return err
}
