package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
)

func clockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Say what a sandbox's clock shows, or turn it",
		Long: `Says what the clock of a running test or sandbox shows. Its verbs turn it. Only a desk that
was started with --clock has one: any other goes by the true time. Of several processes over
one database each has its own, and is asked by its own --url.

Turned on, leases end, jobs fall due, keys and grants expire; turned back, ids go on from the
last one and jobs wait until the clock shows again what it showed when they were put. The
Date header, certificates and the windows of signatures stay with the true time.`,
		Example: `  docket serve --data ./sandbox --clock 2031-03-01T12:00:00Z
  docket clock
  docket clock advance 36h`,
		Args: usageArgs(cobra.NoArgs),
	}
	reaching(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return turn(cmd, (*client.Client).Clock)
	}
	cmd.AddCommand(turnCommand("set INSTANT", "Turn the clock to an instant", "  docket clock set 2031-03-01T12:00:00Z\n  docket clock set 2031-04-01",
		func(text string) client.Turn { return client.Turn{Set: text} }))
	cmd.AddCommand(turnCommand("advance SPAN", "Turn the clock on", "  docket clock advance 36h\n  docket clock advance 30d\n  docket clock advance -- -1h",
		func(text string) client.Turn { return client.Turn{Advance: text} }))
	return cmd
}

func turnCommand(use, short, example string, how func(text string) client.Turn) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: usageArgs(cobra.ExactArgs(1))}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return turn(cmd, func(c *client.Client, ctx context.Context) (client.Clock, error) {
			return c.TurnClock(ctx, how(args[0]))
		})
	}
	return cmd
}

// turn asks the running desk about its clock and prints what it shows.
func turn(cmd *cobra.Command, ask func(*client.Client, context.Context) (client.Clock, error)) error {
	c, err := remote(cmd)
	if err != nil {
		return err
	}
	shows, err := ask(c, cmd.Context())
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusNotFound {
		return fmt.Errorf("the clock of %s cannot be turned: start a sandbox with `docket serve --clock +0s`", c.Base)
	}
	if err != nil {
		return advise(err, c)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), shows.Now.UTC().Format(time.RFC3339))
	return err
}
