package native

import (
	"context"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/imagery"
)

type applyInput struct{ Body client.World }

func (d *door) apply(ctx context.Context, who core.Actor, in *applyInput) (client.Applied, error) {
	w, err := World(in.Body)
	if err != nil {
		return client.Applied{}, err
	}
	made, err := d.core.Apply(ctx, who, w)
	if err != nil {
		return client.Applied{}, err
	}
	return Applied(made), nil
}

// Applied is what Apply did, as this API tells it.
func Applied(made core.Made) client.Applied {
	out := client.Applied{Changes: []client.Change{}, Tiles: made.Tiles}
	for _, c := range made.Changes {
		one := client.Change{Path: c.Path, Kind: c.Kind, Name: c.Name, Did: string(c.What)}
		if c.ID != 0 {
			one.ID = c.ID.Decimal()
		}
		out.Changes = append(out.Changes, one)
	}
	for _, k := range made.Keys {
		out.Keys = append(out.Keys, client.MadeKey{Login: k.Login, Kind: string(k.Kind), AccessKey: k.AccessKey, Secret: k.Secret, ReadOnly: k.ReadOnly, Project: k.Project})
	}
	return out
}

type archiveInput struct{ Body client.Archive }

func (d *door) importArchive(ctx context.Context, who core.Actor, in *archiveInput) (client.Imported, error) {
	r := &reader{}
	spec := r.archive("archive", in.Body)
	if r.err != nil {
		return client.Imported{}, r.err
	}
	var all imagery.Archive
	for _, a := range spec.Tiles {
		all.Acquisitions = append(all.Acquisitions, a.Acquisitions...)
		all.Tiles = append(all.Tiles, a.Tiles...)
	}
	if spec.Generated {
		made, err := d.core.Apply(ctx, who, core.World{Archive: core.ArchiveSpec{Generated: true}})
		return client.Imported{Tiles: made.Tiles}, err
	}
	n, err := d.core.ImportArchive(ctx, who, all)
	return client.Imported{Acquisitions: len(all.Acquisitions), Tiles: n}, err
}
