package main

import (
	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/internal/app/demo"
)

func demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a world, place one order through each door, and serve",
		Long: `Makes the demo's world in the data directory, serves it, places one order through each
door over the wire, as each vendor's client writes it, follows each to its end and prints
what became of it. Then it goes on serving until SIGINT or SIGTERM, and ends within five
seconds with nothing lost. A folder that holds the four orders gets none anew: they are
followed on.

When both ports answer it writes DIR/demo.env, to source, and then DIR/demo.json: where the
desk is and the keys of its users. The demo plays the other sides for its own four orders
alone; all other orders wait for their provider or the operator.

Exit codes: 0 it was asked to end or, with --exit, each order ended as it should; 1 it
failed, or an order did not; 2 the command line is wrong.`,
		Example: `  docket demo
  docket demo --data /tmp/desk --http 127.0.0.1:0 --https 127.0.0.1:0
  docket demo --exit && echo every order ended as it should`,
		Args: usageArgs(cobra.NoArgs),
	}
	config := settings(cmd, "./docket-data")
	opt := demo.Options{}
	cmd.Flags().BoolVar(&opt.NoOrders, "no-orders", false, "leave out the four orders")
	cmd.Flags().BoolVar(&opt.Exit, "exit", false, "end when the four orders have ended")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := config()
		if err != nil {
			return err
		}
		opt.Out = cmd.OutOrStdout()
		return demo.Run(cmd.Context(), cfg, opt)
	}
	return cmd
}
