package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
)

// Receive takes a backup that comes as a tar file over a wire into a place, and looks at
// each piece on the way, so that nothing is kept that could not be restored. rows is how many
// are expected; 0: nobody said.
func Receive(ctx context.Context, from io.Reader, place Place, rows int64, tell Tell) (Manifest, error) {
	r := &receiver{ctx: ctx, place: place, meter: metering(tell, "backup", rows), got: map[string]Piece{}}
	m, err := r.run(tar.NewReader(from))
	if err != nil {
		_ = place.Drop() // why there is no backup is what counts
	}
	return m, err
}

type receiver struct {
	ctx   context.Context
	place Place
	meter meter
	got   map[string]Piece
}

func (r *receiver) run(t *tar.Reader) (m Manifest, err error) {
	var manifest []byte
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, fmt.Errorf("the backup broke off on its way: %w", err)
		}
		if manifest != nil || h.Size > mostSize {
			return m, fmt.Errorf("what came is no backup: it has %s where it should have ended", h.Name)
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return m, fmt.Errorf("the backup broke off on its way, in piece %s: %w", h.Name, err)
		}
		if h.Name == ManifestName {
			manifest = b
		} else if err := r.take(h.Name, b); err != nil {
			return m, err
		}
	}
	if manifest == nil {
		return m, errors.New("the backup broke off on its way: its " + ManifestName + " never came")
	}
	if m, err = readManifest(manifest); err != nil {
		return m, fmt.Errorf("what came cannot be used: %w", err)
	}
	if err := r.compare(m); err != nil {
		return m, err
	}
	if err := r.place.Put(r.ctx, ManifestName, manifest); err != nil {
		return m, err
	}
	return m, r.place.Keep(r.ctx)
}

func (r *receiver) take(name string, b []byte) error {
	if err := r.place.Put(r.ctx, name, b); err != nil {
		return err
	}
	r.got[name] = Piece{Name: name, Bytes: int64(len(b)), Sum: sum(b)}
	r.meter.add(rowsOf(name))
	return nil
}

// compare refuses what is not what the manifest says.
func (r *receiver) compare(m Manifest) error {
	n := 0
	for _, t := range m.Tables {
		for _, p := range t.Pieces {
			got, ok := r.got[p.Name]
			if !ok || got.Bytes != p.Bytes || got.Sum != p.Sum {
				return fmt.Errorf("piece %s did not come as it was written", p.Name)
			}
			n++
		}
	}
	if n != len(r.got) {
		return fmt.Errorf("%d pieces came, and %d were written", len(r.got), n)
	}
	return nil
}
