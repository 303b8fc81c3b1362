package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
)

func orderCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "order",
		Short: "Look at orders and move them on",
		Long: `Looks at orders and moves them on, as the operator or as whoever's token DOCKET_TOKEN is.
An order's id is taken in every spelling: 228249619660800018, oo-032ae1a2b3c4d5e6f,
order.pool-5ed5-w4l2n, CS…, a UUID.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	asking(cmd)
	cmd.AddCommand(listCommand(), showCommand(), chargesCommand(), shipCommand(), adjustCommand())
	type act func(*client.Client, context.Context, string, client.Verdict) (client.Order, error)
	for _, v := range []struct {
		name, short, long string
		sided             bool
		act               act
	}{
		{"approve", "Let an order pass the gate that it waits for", "Lets an order pass the consumer's or the provider's gate: the one it waits for, or --side.", true, (*client.Client).Approve},
		{"reject", "End an order at the gate that it waits for", "Ends an order at the consumer's or the provider's gate. What was held is released.", true, (*client.Client).Reject},
		{"cancel", "Cancel an order", "Cancels an order that is pending, or whose lines are all still preparing where its\noffering allows that. What was held is released.", false, (*client.Client).Cancel},
		{"done", "Fulfil an order", "Fulfils an executing order: every open line ends well, in full, and is charged.", false, (*client.Client).Done},
		{"fail", "End an order as erred", "Ends an order as erred. What was held is released: a failed order is free.", false, (*client.Client).Fail},
		{"retry", "Take an erred order up again", "Takes an erred order up again at the prices promised; its cost is held anew, and may be\nrefused.", false, (*client.Client).Retry},
	} {
		cmd.AddCommand(verdictCommand(v.name, v.short, v.long, v.sided, v.act))
	}
	return cmd
}

func verdictCommand(name, short, long string, sided bool, act func(*client.Client, context.Context, string, client.Verdict) (client.Order, error)) *cobra.Command {
	cmd := &cobra.Command{Use: name + " ORDER", Short: short, Long: long, Example: "  docket order " + name + " 228249619660800018 --message \"as agreed\"", Args: usageArgs(cobra.ExactArgs(1))}
	var v client.Verdict
	cmd.Flags().StringVar(&v.Message, "message", "", "a word on it, shown to all who see the order")
	if sided {
		cmd.Flags().StringVar(&v.Side, "side", "", "consumer or provider; by default the side that the order waits for")
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return one(cmd, *asJSON, func(ctx context.Context, c *client.Client) (client.Order, error) { return act(c, ctx, args[0], v) })
	}
	return cmd
}

// one prints what became of an order.
func one(cmd *cobra.Command, asJSON bool, fn func(context.Context, *client.Client) (client.Order, error)) error {
	return ask(cmd, func(ctx context.Context, c *client.Client) error {
		o, err := fn(ctx, c)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd, o)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Order %s is %s: due %s %s, held %s, charged %s.\n", o.ID, state(o), o.Due, o.Currency, o.Held, o.Charged)
		return err
	})
}

func state(o client.Order) string {
	if o.Outcome == "partial" {
		return o.State + " in part"
	}
	return o.State
}

func listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List orders, newest first",
		Example: `  docket order list
  docket order list --state pending-provider,executing --offering hardware
  docket order list --limit 500 --json`,
		Args: usageArgs(cobra.NoArgs),
	}
	var q client.OrderQuery
	f := cmd.Flags()
	f.StringSliceVar(&q.States, "state", nil, "in any of these states")
	f.StringVar(&q.Customer, "customer", "", "of this customer (slug)")
	f.StringVar(&q.Project, "project", "", "for this project (slug)")
	f.StringVar(&q.Offering, "offering", "", "of this offering (code)")
	f.StringVar(&q.Door, "door", "", "placed through this door: ard, outposts, modelarts, waldur, native")
	f.StringVar(&q.After, "after", "", "older ones than this order")
	f.IntVar(&q.Limit, "limit", 50, "at most so many, up to 1000")
	asJSON := f.Bool("json", false, "print JSON: a list")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.Limit < 1 || q.Limit > 1000 {
			return usage(cmd, errors.New("--limit is from 1 to 1000"))
		}
		return ask(cmd, func(ctx context.Context, c *client.Client) error {
			list, err := c.Orders(ctx, q)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, list.Orders)
			}
			return tellList(cmd.OutOrStdout(), list)
		})
	}
	return cmd
}

func tellList(out io.Writer, list client.Orders) error {
	if len(list.Orders) == 0 {
		_, err := fmt.Fprintln(out, "There are no such orders.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ORDER\tSTATE\tTYPE\tOFFERING\tCUSTOMER\tDUE\tCHARGED\tPLACED")
	for _, o := range list.Orders {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s %s\t%s\t%s\n", o.ID, state(o), o.Type, o.Offering.Key, o.Customer.Key, o.Due, o.Currency, o.Charged, o.CreatedAt.Local().Format(time.DateTime))
	}
	if list.Next != "" {
		fmt.Fprintf(w, "There are more: --after %s\n", list.Next)
	}
	return w.Flush()
}

func showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ORDER",
		Short:   "Show one order, with its lines and what the ledger has of it",
		Example: "  docket order show oo-032ae1a2b3c4d5e6f\n  docket order show 228249619660800018 --json",
		Args:    usageArgs(cobra.ExactArgs(1)),
	}
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return ask(cmd, func(ctx context.Context, c *client.Client) error {
			o, err := c.Order(ctx, args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, o)
			}
			return tellOrder(cmd.OutOrStdout(), o)
		})
	}
	return cmd
}

func tellOrder(out io.Writer, o client.Order) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, v ...string) {
		if text := strings.Join(v, " "); strings.TrimSpace(text) != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, text)
		}
	}
	row("order", o.ID)
	for _, door := range []string{"outposts", "modelarts", "waldur"} {
		row("  for "+door, o.Spellings[door])
	}
	row("state", state(o))
	row("type", o.Type)
	row("what", o.Offering.Name, o.Plan.Name)
	row("for", o.Customer.Name+",", o.Project.Name+",", o.User.Name)
	row("from", o.Provider.Name)
	row("resource", o.Resource.Name, o.Resource.State)
	row("money", "due", o.Due, o.Currency+", held", o.Held+", charged", o.Charged)
	row("placed", o.CreatedAt.Local().Format(time.DateTime), "through", o.Door)
	if o.EndedAt != nil {
		row("ended", o.EndedAt.Local().Format(time.DateTime))
	}
	row("message", o.Message)
	fmt.Fprintln(w, "\nLINE\tWHAT\tQUANTITY\tDELIVERED\tDUE\tCHARGED\tSTATE\t")
	for _, l := range o.Lines {
		fmt.Fprintf(w, "%d\t%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", l.N, strings.TrimSpace(l.Component+" "+l.Label), l.Quantity, l.Unit, l.Delivered, l.Due, l.Charged, l.State, l.Message)
	}
	if len(o.Entries) > 0 {
		fmt.Fprintln(w, "\nENTRY\tWHAT\tAMOUNT\tQUANTITY\tCOUNTS ON\tAT\t")
	}
	for _, e := range o.Entries {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Kind, e.Component, e.Amount, e.Quantity, e.CountsOn, e.At.Local().Format(time.DateTime), e.Reason)
	}
	return w.Flush()
}

func chargesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "charges ORDER",
		Short: "Show what the resource of an order was charged, period by period",
		Long: `Shows what each component of an order's resource was charged in each period: the amount,
the part of it that orders took, and the entries that make up the rest. docs/billing.md
has the rules and worked examples.`,
		Example: "  docket order charges 228249619660800018\n  docket order charges 228249619660800018 --json",
		Args:    usageArgs(cobra.ExactArgs(1)),
	}
	var after string
	cmd.Flags().StringVar(&after, "after", "", "rows made before this one")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return ask(cmd, func(ctx context.Context, c *client.Client) error {
			list, err := c.Charges(ctx, args[0], after)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, list)
			}
			return tellCharges(cmd.OutOrStdout(), list)
		})
	}
	return cmd
}

func tellCharges(out io.Writer, list client.Charges) error {
	if len(list.Charges) == 0 {
		_, err := fmt.Fprintln(out, "Nothing was charged by the period.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PERIOD FROM\tWHAT\tREPORTED\tQUANTITY\tAMOUNT\tBY ORDERS\tSINCE\tCOUNTS ON")
	for _, c := range list.Charges {
		var since []string
		for _, e := range c.Entries {
			since = append(since, e.Kind+" "+e.Amount)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n", c.Period, c.Component, c.Reported, c.Quantity, c.Amount, list.Currency, c.ByOrders, strings.Join(since, ", "), c.CountsOn)
	}
	if list.Next != "" {
		fmt.Fprintf(w, "There are more: --after %s\n", list.Next)
	}
	return w.Flush()
}

func shipCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ship ORDER --state STATE",
		Short: "Move lines of an order on: building, shipped, delivered, installing, installed",
		Long: `Moves lines of an executing order on, forward only: building, shipped, delivered,
installing, installed; or erred, from which they can go back to building, or canceled.
When no line is left open the order ends, and what was delivered is charged.`,
		Example: `  docket order ship oo-032ae1a2b3c4d5e6f --line 1 --state building
  docket order ship oo-032ae1a2b3c4d5e6f --state shipped --carrier UPS --tracking 1Z999AA10123456784
  docket order ship oo-032ae1a2b3c4d5e6f --line 2 --state installed --asset 4409876543:0a:1b:2c:3d:4e:5f`,
		Args: usageArgs(cobra.ExactArgs(1)),
	}
	var m client.Move
	var assets []string
	f := cmd.Flags()
	f.IntSliceVar(&m.Lines, "line", nil, "number of a line; by default every line still open")
	f.StringVar(&m.State, "state", "", "the state to move to")
	f.StringVar(&m.Carrier, "carrier", "", "who carries it, such as UPS")
	f.StringVar(&m.Tracking, "tracking", "", "the carrier's number")
	f.StringArrayVar(&assets, "asset", nil, "what comes: NAME, or NAME:MAC,MAC…")
	f.StringVar(&m.Delivered, "delivered", "", "how much arrived, if not all")
	f.StringVar(&m.Message, "message", "", "a word on it")
	asJSON := f.Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if m.State == "" {
			return usage(cmd, errors.New("say to which state: --state shipped"))
		}
		for _, a := range assets {
			name, macs, _ := strings.Cut(a, ":")
			one := client.Asset{Name: name}
			if macs != "" {
				one.MACs = strings.Split(macs, ",")
			}
			m.Assets = append(m.Assets, one)
		}
		return one(cmd, *asJSON, func(ctx context.Context, c *client.Client) (client.Order, error) { return c.Ship(ctx, args[0], m) })
	}
	return cmd
}

func adjustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "adjust ORDER --amount AMOUNT --message WHY",
		Short:   "Correct what an ended order was charged",
		Long:    "Charges or, with an amount below zero, refunds an ended order by hand. What is charged asks\nthe limits; no more is refunded than was charged.",
		Example: "  docket order adjust 228249619660800018 --amount=-12.50 --message \"two days late\"",
		Args:    usageArgs(cobra.ExactArgs(1)),
	}
	var a client.Adjustment
	f := cmd.Flags()
	f.StringVar(&a.Amount, "amount", "", "what to charge; below zero to refund")
	f.StringVar(&a.Quantity, "quantity", "", "the quantity that goes with it")
	f.IntVar(&a.Line, "line", 1, "the line that it is about")
	f.StringVar(&a.Message, "message", "", "why: it stays in the ledger")
	asJSON := f.Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if a.Amount == "" || a.Message == "" {
			return usage(cmd, errors.New("say how much and why: --amount and --message"))
		}
		return one(cmd, *asJSON, func(ctx context.Context, c *client.Client) (client.Order, error) { return c.Adjust(ctx, args[0], a) })
	}
	return cmd
}
