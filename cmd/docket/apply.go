package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/app/archive"
	"github.com/docket-desk/docket/internal/app/world"
)

func applyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply FILE.yaml…",
		Short: "Make or change what an operator sets up, in one transaction",
		Long: `Makes or changes customers, projects, users with roles and keys, providers, offerings with
plans, components and prices, limits, buckets and archive imports: all that the files name,
or nothing. It can be repeated as often as one likes. What the files do not name stays as it
is; a price that changes becomes a new row from today. Keys that the files do not give are
made and printed once. A mistake names file, line and member. With --data it makes the desk,
too, where there is none.

Limits stand on customers, projects, users, resources (by the id of the order that made
one) and, as a capacity for all customers, on offerings:

  customers: [{slug: aurora, limits: [{measure: money, period: year, value: 15000}]}]
  resources: [{id: oo-0c999905700000801, limits: [{measure: quantity, component: node, period: total, value: 16}]}]`,
		Example: `  docket apply world.yaml
  docket apply --data /var/lib/docket customers.yaml offerings.yaml
  docket apply --json world.yaml | jq .keys`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
	}
	asking(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		doc, err := world.Read(files...)
		if err != nil {
			return err
		}
		if err := gather(cmd.Context(), &doc.World, files); err != nil {
			return err
		}
		return ask(cmd, func(ctx context.Context, c *client.Client) error {
			done, err := c.Apply(ctx, doc.World)
			if err != nil {
				return doc.Locate(err)
			}
			if *asJSON {
				return printJSON(cmd, done)
			}
			tellApplied(cmd.OutOrStdout(), done)
			return nil
		})
	}
	return cmd
}

// gather reads the archives that a world names; paths are relative to the first file.
func gather(ctx context.Context, w *client.World, files []string) error {
	if w.Archive == nil || len(w.Archive.Imports) == 0 {
		return nil
	}
	found, err := archive.Gather(ctx, filepath.Dir(files[0]), w.Archive.Imports...)
	w.Archive.Imports, w.Archive.Collections = nil, append(w.Archive.Collections, found...)
	return err
}

func tellApplied(out io.Writer, done client.Applied) {
	kept := 0
	for _, c := range done.Changes {
		if c.Did == "kept" {
			kept++
			continue
		}
		fmt.Fprintf(out, "%-7s %s %s\n", c.Did, c.Kind, c.Name)
	}
	if kept > 0 {
		fmt.Fprintf(out, "kept    %d as they were\n", kept)
	}
	if done.Tiles > 0 {
		fmt.Fprintf(out, "%d tiles in the archive added or replaced\n", done.Tiles)
	}
	if len(done.Keys) > 0 {
		fmt.Fprintln(out, "\nKeys, shown this once:")
	}
	for _, k := range done.Keys {
		about := k.Login + "'s " + k.Kind
		if k.Project != "" {
			about += " for " + k.Project
		}
		if k.ReadOnly {
			about += ", reading only"
		}
		fmt.Fprintf(out, "  %s: %s\n", about, strings.TrimSpace(k.AccessKey+" "+k.Secret))
	}
}

func archiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "The imagery archive",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	asking(cmd)
	cmd.AddCommand(archiveImportCommand())
	return cmd
}

func archiveImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import PATH|URL…",
		Short: "Add tiles from GeoJSON or STAC to the archive",
		Long: `Adds the tiles of GeoJSON FeatureCollections, STAC items and STAC catalogs, or replaces
those of the same acquisition and cell, in one transaction. Tiles whose pixels cannot be
had are refused by name, unless small stand-ins may be delivered for them.`,
		Example: `  docket archive import tiles.geojson --stand-in-pixels
  docket archive import https://imagery.example/catalog.json`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
	}
	standIns := cmd.Flags().Bool("stand-in-pixels", false, "deliver small stand-ins for tiles whose pixels cannot be had")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, addresses []string) error {
		found, err := archive.Gather(cmd.Context(), ".", addresses...)
		if err != nil {
			return err
		}
		return ask(cmd, func(ctx context.Context, c *client.Client) error {
			done, err := c.ImportArchive(ctx, client.Archive{Collections: found, StandInPixels: *standIns})
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(cmd, done)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d tiles of %d acquisitions are in the archive.\n", done.Tiles, done.Acquisitions)
			return err
		})
	}
	return cmd
}
