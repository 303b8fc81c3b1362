package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/docket-desk/docket/internal/fault"
)

// stream is a Place that is one tar file on its way to somebody.
type stream struct{ tar *tar.Writer }

// NewStream returns a place that writes a backup as one tar file. What was cut off is none,
// for its manifest is missing.
func NewStream(w io.Writer) Place { return &stream{tar.NewWriter(w)} }

func (s *stream) Put(_ context.Context, name string, b []byte) error {
	// Every desk's backup looks the same but for what is in it.
	if err := s.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	_, err := s.tar.Write(b)
	return err
}

func (s *stream) Keep(context.Context) error { return s.tar.Close() }
func (s *stream) Drop() error                { return nil }

// file is a Place that is a tar file, under another name until it is whole.
type file struct {
	stream
	f    *os.File
	path string
	kept bool
}

// NewFile returns a place that is a file. It refuses one that is there.
func NewFile(path string) (Place, error) {
	if err := vacant(path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // of mode 0600
	if err != nil {
		return nil, err
	}
	return &file{stream: stream{tar.NewWriter(f)}, f: f, path: path}, nil
}

func vacant(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already, and a backup is never written over anything: choose another name, or take it away first", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// Keep gives the file its name, once all of it lies on the disk.
func (p *file) Keep(ctx context.Context) error {
	if err := errors.Join(p.stream.Keep(ctx), p.f.Sync(), p.f.Close()); err != nil {
		return err
	}
	if err := fault.At(fault.RenameBefore); err != nil {
		return err
	}
	if err := vacant(p.path); err != nil { // by now
		return err
	}
	if err := os.Rename(p.f.Name(), p.path); err != nil {
		return err
	}
	p.kept = true
	_ = fault.At(fault.RenameAfter) // an error here would deny what is done
	dir, err := os.Open(filepath.Dir(p.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (p *file) Drop() error {
	if p.kept {
		return nil
	}
	return errors.Join(p.f.Close(), os.Remove(p.f.Name()))
}

// bucket is a Place that is a folder of a bucket.
type bucket struct {
	b    *blob.Bucket
	name string
	put  []string
	kept bool
}

// NewBucket returns a place that is a bucket, or a folder of one; name is what people call
// it. It refuses one that holds a backup.
func NewBucket(ctx context.Context, b *blob.Bucket, name string) (Place, error) {
	there, err := b.Exists(ctx, ManifestName)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be looked into: %w", name, err)
	}
	if there {
		return nil, fmt.Errorf("%s holds a backup already, and none is ever written over: choose another folder of it", name)
	}
	return &bucket{b: b, name: name}, nil
}

func (p *bucket) Put(ctx context.Context, name string, b []byte) error {
	if err := fault.At(fault.UploadBefore); err != nil {
		return err
	}
	p.put = append(p.put, name)
	if err := p.b.WriteAll(ctx, name, b, &blob.WriterOptions{ContentType: "application/octet-stream"}); err != nil {
		return fmt.Errorf("%s was not written to %s: %w", name, p.name, err)
	}
	_ = fault.At(fault.UploadAfter) // an error here would deny what is done
	return nil
}

// Keep has nothing to do: the manifest came last.
func (p *bucket) Keep(context.Context) error { p.kept = true; return nil }

// Drop removes what was put, the manifest first.
func (p *bucket) Drop() error {
	if p.kept {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all error
	for n := len(p.put) - 1; n >= 0; n-- {
		if err := p.b.Delete(ctx, p.put[n]); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			all = errors.Join(all, err)
		}
	}
	return all
}
