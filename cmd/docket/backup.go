package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/backup"
	"github.com/docket-desk/docket/internal/core"
)

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup TO",
		Short: "Write the whole desk to a file or a bucket, while it runs",
		Long: `Writes everything that the desk's database holds, as it is at one instant, to a file, or to
a folder of a bucket by its URL. The desk may be running: nobody waits for a backup. Which desk:
with --data the one in that folder, at rest or beside a docket that serves it; with --db the
one in that database, a standby too; else the running one that DOCKET_URL names, over the
wire, for staff alone, and told in its feed.

A backup is written under another name, or its manifest last, so that what was broken off
is none. It is never written over anything. --verify reads one to its end instead: every
checksum, every row.

NOT in a backup: the master key (keep it apart: without it the desk's secrets are lost, and
with it they are open), docket.yaml, the certificates, and the folders of buckets, which are
goods that were delivered. docs/backup.md says more.`,
		Example: `  docket backup --data /var/lib/docket /backups/monday.tar
  docket backup --db postgres://docket@standby:5432/docket s3://backups/docket/monday?region=eu-north-1
  docket backup monday.tar                  # of the running desk that DOCKET_URL names
  docket backup --verify /backups/monday.tar`,
		Args: usageArgs(cobra.ExactArgs(1)),
	}
	cmd.Flags().String("data", "", "the desk in this folder, at rest or running")
	cmd.Flags().String("db", "", "the desk in this database, postgres://user:password@host:5432/name")
	reaching(cmd)
	within := cmd.Flags().Duration("within", core.CarryWithin, "how long it may take with --data or --db: while it is read, the log of the database cannot begin again")
	verify := cmd.Flags().Bool("verify", false, "read the backup TO to its end, and write none")
	asJSON := cmd.Flags().Bool("json", false, "print the manifest as JSON")
	progress := cmd.Flags().Bool("progress", false, "tell how far it is though no terminal is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		tell, told := progressOn(cmd.ErrOrStderr(), *progress)
		began := time.Now()
		if *verify {
			m, err := readBackup(cmd.Context(), args[0], tellingRows(tell))
			told()
			return tellBackup(cmd, m, err, *asJSON, "%s is whole: %s, taken %s, read in %.1f s.\n", args[0], sizeOf(m), m.Taken.Format(time.RFC3339), time.Since(began).Seconds())
		}
		m, err := takeBackup(cmd, args[0], *within, tellingRows(tell))
		told()
		if err := tellBackup(cmd, m, err, *asJSON, "%s in %s, as of %s, in %.1f s.\n", sizeOf(m), args[0], m.Taken.Format(time.RFC3339), time.Since(began).Seconds()); err != nil || *asJSON {
			return err
		}
		tellBeside(cmd.OutOrStdout(), cmd.Flag("data").Value.String(), m.MasterKey)
		return nil
	}
	return cmd
}

func sizeOf(m backup.Manifest) string {
	return fmt.Sprintf("%d rows, %.1f MB", m.Rows, float64(m.Bytes)/1e6)
}

func tellBackup(cmd *cobra.Command, m backup.Manifest, err error, asJSON bool, format string, args ...any) error {
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd, m)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), format, args...)
	return err
}

// tellBeside says what a desk needs that is not in its database.
func tellBeside(out io.Writer, data, fingerprint string) {
	if data == "" {
		data = "the data directory"
	}
	fmt.Fprintf(out, "Not in it: the master key (its fingerprint is %s; by default %s), without which the\ndesk's secrets are lost. Keep it apart. Nor docket.yaml, roles.yaml, tls/ and buckets/ of %s.\n", fingerprint, filepath.Join(data, "master.key"), data)
}

func readBackup(ctx context.Context, from string, tell backup.Tell) (backup.Manifest, error) {
	src, err := app.BackupSource(ctx, from)
	if err != nil {
		return backup.Manifest{}, err
	}
	return src.Manifest, errors.Join(backup.Check(ctx, src, tell), src.Close())
}

// takeBackup takes the backup of the desk that the flags or the environment name.
func takeBackup(cmd *cobra.Command, to string, within time.Duration, tell backup.Tell) (m backup.Manifest, err error) {
	data, db := cmd.Flag("data").Value.String(), cmd.Flag("db").Value.String()
	if within <= 0 {
		return m, usage(cmd, errors.New("--within must be longer than nothing"))
	}
	if data == "" && db == "" {
		return askBackup(cmd, to, tell)
	}
	cfg, err := configOf(cmd, data, db)
	if err != nil {
		return m, err
	}
	if err := there(cfg); err != nil {
		return m, err
	}
	d, err := app.Look(cfg)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	place, err := app.BackupPlace(cmd.Context(), to)
	if err != nil {
		return m, err
	}
	return d.Backup(cmd.Context(), place, within, tell)
}

// configOf is the configuration of a desk named by a data directory, a database, or both.
func configOf(cmd *cobra.Command, data, db string) (app.Config, error) {
	if data == "" {
		return app.Config{DB: db, MasterKey: os.Getenv("DOCKET_MASTER_KEY_FILE"), LogLevel: "warn"}, nil
	}
	set := map[string]string{}
	if db != "" {
		set["db"] = db
	}
	cfg, err := app.Load(data, set, os.Getenv)
	if err != nil {
		return cfg, usage(cmd, err)
	}
	cfg.LogLevel = "warn"
	return cfg, nil
}

// askBackup has the running desk send its backup.
func askBackup(cmd *cobra.Command, to string, tell backup.Tell) (m backup.Manifest, err error) {
	c, err := remote(cmd)
	if err != nil {
		return m, err
	}
	place, err := app.BackupPlace(cmd.Context(), to)
	if err != nil {
		return m, err
	}
	got, err := c.Backup(cmd.Context())
	if err != nil {
		return m, errors.Join(advise(err, c), place.Drop())
	}
	m, err = backup.Receive(cmd.Context(), got, place, got.Rows, tell)
	return m, errors.Join(err, got.Close())
}
