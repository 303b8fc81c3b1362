package fulfil

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	// Buckets of these kinds are opened by their URLs.
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"

	"github.com/docket-desk/docket/internal/core"
)

// Buckets opens where deliveries go.
type Buckets struct {
	Dir string // in which each bucket without a URL is a folder of its name
}

// Open opens a bucket: by its URL, else as a folder, which is made if it is not there.
// Credentials of clouds come from the environment, as their own SDKs read them.
func (b Buckets) Open(ctx context.Context, to core.Bucket) (*blob.Bucket, error) {
	if to.URL == "" || strings.HasPrefix(to.URL, "file://") {
		dir := filepath.Join(b.Dir, to.Name)
		if to.URL != "" {
			u, err := url.Parse(to.URL)
			if err != nil {
				return nil, never("The bucket %s has a URL that is none.", to.Name)
			}
			dir = filepath.FromSlash(u.Path)
		}
		// Plain files and nothing beside them; half-written ones lie next to their place,
		// since the system's temporary folder may be on another disk.
		return fileblob.OpenBucket(dir, &fileblob.Options{CreateDir: true, NoTempDir: true, DirFileMode: 0o755, Metadata: fileblob.MetadataDontWrite})
	}
	return blob.OpenBucket(ctx, to.URL)
}

// OpenFolder opens a folder of a bucket by its URL, whose path is the folder: such as
// s3://bucket/desk/monday?region=eu-north-1, or file:///backups/monday, which is made if it
// is not there and make says so.
func OpenFolder(ctx context.Context, address string, make bool) (*blob.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		return fileblob.OpenBucket(filepath.FromSlash(u.Path), &fileblob.Options{CreateDir: make, NoTempDir: true, DirFileMode: 0o700, Metadata: fileblob.MetadataDontWrite})
	}
	b, err := blob.OpenBucket(ctx, u.Scheme+"://"+u.Host+"?"+u.RawQuery)
	folder := strings.Trim(u.Path, "/")
	if err != nil || folder == "" {
		return b, err
	}
	return blob.PrefixedBucket(b, folder+"/"), nil
}

// sweep removes what an attempt that was killed left next to an object's place.
func sweep(ctx context.Context, b *blob.Bucket, key string) error {
	list := b.List(&blob.ListOptions{Prefix: key + "."})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		half, ok := strings.CutSuffix(strings.TrimPrefix(o.Key, key+"."), ".tmp")
		if _, err := hex.DecodeString(half); !ok || err != nil || len(half) != 16 {
			continue
		}
		if err := b.Delete(ctx, o.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
	}
}

// Sources opens the files that the archive names.
type Sources struct {
	HTTP *http.Client // nil: http.DefaultClient
}

// Open opens a file by its address: a path, a file, http or https URL, or a bucket's URL
// with the file's name as path, such as s3://bucket/folder/file.tif. What is not there is
// a permanent failure.
func (s Sources) Open(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, never("%.200q is no address.", address)
	}
	switch u.Scheme {
	case "", "file":
		name := address
		if u.Scheme == "file" {
			name = filepath.FromSlash(u.Path)
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, never("The archive's file %s is gone.", path.Base(name))
		}
		return f, err
	case "http", "https":
		return s.fetch(ctx, u)
	}
	b, err := blob.OpenBucket(ctx, u.Scheme+"://"+u.Host+"?"+u.RawQuery)
	if err != nil {
		return nil, err
	}
	r, err := b.NewReader(ctx, strings.TrimPrefix(u.Path, "/"), nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		err = never("The archive's file %s is gone.", path.Base(u.Path))
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return closing{r, b}, nil
}

type closing struct {
	io.ReadCloser
	also io.Closer
}

func (c closing) Close() error { return errors.Join(c.ReadCloser.Close(), c.also.Close()) }

func (s Sources) fetch(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, permanent{err}
	}
	h := s.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	answer, err := h.Do(r)
	if err != nil {
		return nil, err
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		return answer.Body, nil
	case answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone:
		err = never("The archive's file %s is gone.", path.Base(u.Path))
	default:
		err = fmt.Errorf("%s answered %s for %s", u.Host, answer.Status, path.Base(u.Path))
	}
	return nil, errors.Join(err, answer.Body.Close())
}
