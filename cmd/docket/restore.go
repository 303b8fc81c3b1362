package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/internal/app"
)

func restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FROM",
		Short: "Make a desk of a backup, where there is none",
		Long: `Reads a backup that docket backup wrote, from a file or a bucket, whichever kind of
database it came from, and makes a desk of it: in SQLite in a data directory or, with --db,
in a PostgreSQL database in which nothing is. It never writes over a desk.

The backup is read to its end first: a piece that is missing or not what was written is
named, and nothing is touched. What was restored is then compared with what was backed up,
row by row, and its books are verified. Until all that is done the desk refuses to open, and
says what to do.

Exit codes: 0 it is there and verified; 3 it is there as it was, and its books disagree, as
they did when the backup was taken: --anyway keeps such a desk; 1 it was refused or failed.`,
		Example: `  docket restore --data /var/lib/docket /backups/monday.tar
  docket restore --db postgres://docket@127.0.0.1:5432/docket s3://backups/docket/monday?region=eu-north-1
  docket restore --check /backups/monday.tar        # reads it, and restores nothing`,
		Args: usageArgs(cobra.ExactArgs(1)),
	}
	cmd.Flags().String("data", "", "the data directory that the desk is for; made if absent")
	cmd.Flags().String("db", "", "database to restore into, postgres://user:password@host:5432/name; by default SQLite in the data directory")
	check := cmd.Flags().Bool("check", false, "read the backup to its end, and restore nothing")
	anyway := cmd.Flags().Bool("anyway", false, "keep a desk whose books disagree")
	progress := cmd.Flags().Bool("progress", false, "tell how far it is though no terminal is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		tell, told := progressOn(cmd.ErrOrStderr(), *progress)
		if *check {
			began := time.Now()
			m, err := readBackup(cmd.Context(), args[0], tellingRows(tell))
			told()
			return tellBackup(cmd, m, err, false, "%s is whole: %s, taken %s, read in %.1f s.\n", args[0], sizeOf(m), m.Taken.Format(time.RFC3339), time.Since(began).Seconds())
		}
		data, db := cmd.Flag("data").Value.String(), cmd.Flag("db").Value.String()
		if data == "" && db == "" {
			return usage(cmd, errors.New("where to? Name a folder with --data, or a database with --db"))
		}
		cfg, err := configOf(cmd, data, db)
		if err != nil {
			return err
		}
		src, err := app.BackupSource(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		done, err := app.Restore(cmd.Context(), cfg, src, app.Carrying{Anyway: *anyway, Tell: tellingRows(tell)})
		told()
		if err := errors.Join(err, src.Close()); err != nil {
			return disagreeing(cmd, done, err)
		}
		where := cfg.DB
		if where == "" {
			where = cfg.Data
		}
		return tellCarried(cmd, done, where, cfg.Data)
	}
	return cmd
}

func moveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "move --from DESK --to DESK",
		Short: "Carry a whole desk at rest from SQLite to PostgreSQL, or back",
		Long: `Carries everything that a desk's database holds into another, in which nothing is yet: each
is a data directory, whose SQLite is meant whatever its docket.yaml says, or the address of a
PostgreSQL database. Nobody may have either open; while it lasts nobody can write.

What arrived is compared with what was there, row by row, and its books are verified. Until
that is done the new desk refuses to open. The old one is left as it is: serve only one of
them, for two that go on by themselves can never be made one again.

What lies beside the books stays where it is: master.key, docket.yaml, roles.yaml, tls/ and buckets/. Both
desks need the same master key.

Exit codes: as of docket restore.`,
		Example: `  docket move --from /var/lib/docket --to postgres://docket@127.0.0.1:5432/docket
  docket serve --data /var/lib/docket --db postgres://docket@127.0.0.1:5432/docket
  docket move --from postgres://docket@127.0.0.1:5432/docket --to /var/lib/docket-again`,
		Args: usageArgs(cobra.NoArgs),
	}
	from := cmd.Flags().String("from", "", "the desk as it is: a data directory, or postgres://user:password@host:5432/name")
	to := cmd.Flags().String("to", "", "where it shall be, in the same way")
	anyway := cmd.Flags().Bool("anyway", false, "keep a desk whose books disagree")
	progress := cmd.Flags().Bool("progress", false, "tell how far it is though no terminal is there")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *from == "" || *to == "" {
			return usage(cmd, errors.New("say --from and --to"))
		}
		tell, told := progressOn(cmd.ErrOrStderr(), *progress)
		done, err := app.Move(cmd.Context(), *from, *to, app.Carrying{Anyway: *anyway, Tell: tellingRows(tell)})
		told()
		if err != nil {
			return disagreeing(cmd, done, err)
		}
		if err := tellCarried(cmd, done, *to, ""); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is as it was. Serve only one of them.\n", app.Named(*from))
		return err
	}
	return cmd
}

// disagreeing says in what the books disagree, where that is what was found.
func disagreeing(cmd *cobra.Command, done app.Carried, err error) error {
	if !errors.Is(err, app.ErrDisagrees) {
		return err
	}
	for _, s := range done.Verified.Disagrees {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), s); err != nil {
			return err
		}
	}
	return exit{exitDisagrees, fmt.Errorf("%w in %d places: it refuses to open. Take it away and say --anyway to have it as it is", err, len(done.Verified.Disagrees))}
}

func tellCarried(cmd *cobra.Command, done app.Carried, where, data string) error {
	v := done.Verified
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "%d rows from %s are in %s, in %.1f s: row by row what they were, and the books agree (%d orders, %d entries, %d limits, %d events).\n",
		done.Rows, done.Source, app.Named(where), done.Took.Seconds(), v.Orders, v.Entries, v.Limits, v.Events); err != nil {
		return err
	}
	if done.Master == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "It needs the master key with the fingerprint %s.\n", done.Master)
	return err
}
