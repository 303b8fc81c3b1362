package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Source is a backup as it lies somewhere.
type Source struct {
	Name     string // what people call it
	Manifest Manifest
	piece    func(ctx context.Context, name string, size int64) ([]byte, error)
	close    func() error
}

// Close lets go of it.
func (s *Source) Close() error { return s.close() }

// Piece reads a piece, and refuses one that is not what was written.
func (s *Source) Piece(ctx context.Context, p Piece) ([]byte, error) {
	b, err := s.piece(ctx, p.Name, p.Bytes)
	if err != nil {
		return nil, fmt.Errorf("piece %s of %s cannot be read: %w", p.Name, s.Name, err)
	}
	return b, s.sound(p, b)
}

func (s *Source) sound(p Piece, b []byte) error {
	if got := sum(b); int64(len(b)) != p.Bytes || got != p.Sum {
		return fmt.Errorf("piece %s of %s is not what was written: it has %d bytes with the SHA-256 %s, and %d with %s were written", p.Name, s.Name, len(b), got, p.Bytes, p.Sum)
	}
	return nil
}

var errMissing = errors.New("it is missing")

func noManifest(name string) error {
	return fmt.Errorf("%s is no backup, or one that was never finished: there is no %s in it", name, ManifestName)
}

// OpenBucket opens a backup in a bucket, or in a folder of one.
func OpenBucket(ctx context.Context, b *blob.Bucket, name string) (*Source, error) {
	s := &Source{Name: name, close: b.Close}
	s.piece = func(ctx context.Context, name string, _ int64) ([]byte, error) {
		got, err := b.ReadAll(ctx, name)
		if gcerrors.Code(err) == gcerrors.NotFound {
			err = errMissing
		}
		return got, err
	}
	m, err := s.piece(ctx, ManifestName, 0)
	if errors.Is(err, errMissing) {
		return nil, noManifest(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be looked into: %w", name, err)
	}
	return s, s.read(m)
}

func (s *Source) read(manifest []byte) (err error) {
	if s.Manifest, err = readManifest(manifest); err != nil {
		return fmt.Errorf("%s cannot be used: %w", s.Name, err)
	}
	return nil
}

// OpenFile opens a backup that is a file.
func OpenFile(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &Source{Name: path, close: f.Close}
	if err := s.index(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// index finds where in a tar file each piece lies, without reading it.
func (s *Source) index(f *os.File) error {
	type span struct{ at, size int64 }
	spans := map[string]span{}
	var manifest []byte
	last := ""
	for t := tar.NewReader(f); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && last == "" {
			return noManifest(s.Name)
		}
		if err != nil {
			return fmt.Errorf("%s is not whole: it breaks off in piece %s or after it (%w)", s.Name, last, err)
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		last, spans[h.Name] = h.Name, span{at, h.Size}
		if h.Name == ManifestName && h.Size <= mostSize {
			if manifest, err = io.ReadAll(t); err != nil {
				return fmt.Errorf("%s is not whole: it breaks off in its %s (%w)", s.Name, ManifestName, err)
			}
		}
	}
	if manifest == nil {
		return noManifest(s.Name)
	}
	s.piece = func(_ context.Context, name string, size int64) ([]byte, error) {
		where, ok := spans[name]
		if !ok {
			return nil, errMissing
		}
		b := make([]byte, min(where.size, size+1)) // as much as was written, or too much
		_, err := f.ReadAt(b, where.at)
		return b, err
	}
	return s.read(manifest)
}
