// Package archive gathers what an import of the imagery archive names: GeoJSON files,
// STAC items and item collections, and STAC catalogs, whose links it follows, from paths
// and URLs. Addresses of pixels come out absolute, so that the desk's workers find them.
// What the documents mean is package imagery's to say.
package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of what one import gathers.
const (
	maxDocument  = 64 << 20
	maxDocuments = 50_000
)

// Gather returns FeatureCollections of tiles, one for each address; dir is what relative
// paths are relative to.
func Gather(ctx context.Context, dir string, addresses ...string) ([]any, error) {
	g := &gatherer{http: &http.Client{Timeout: time.Minute}, seen: map[string]bool{}}
	var out []any
	for _, a := range addresses {
		if !remote(a) {
			if !filepath.IsAbs(a) {
				a = filepath.Join(dir, a)
			}
			abs, err := filepath.Abs(a)
			if err != nil {
				return nil, err
			}
			a = abs
		}
		g.features = []any{}
		if err := g.document(ctx, a); err != nil {
			return nil, err
		}
		if len(g.features) == 0 {
			return nil, fmt.Errorf("%s names no tile", a)
		}
		out = append(out, map[string]any{"type": "FeatureCollection", "features": g.features})
	}
	return out, nil
}

func remote(a string) bool {
	return strings.HasPrefix(a, "http://") || strings.HasPrefix(a, "https://")
}

type gatherer struct {
	http     *http.Client
	seen     map[string]bool
	features []any
}

// document reads one address, once, and what it links to.
func (g *gatherer) document(ctx context.Context, at string) error {
	if g.seen[at] {
		return nil
	}
	g.seen[at] = true
	if len(g.seen) > maxDocuments {
		return fmt.Errorf("more than %d documents: import the catalog in parts", maxDocuments)
	}
	b, err := g.read(ctx, at)
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("%s is no JSON object: %w", at, err)
	}
	switch doc["type"] {
	case "Feature":
		return g.feature(at, doc)
	case "FeatureCollection":
		features, ok := doc["features"].([]any)
		if !ok {
			return fmt.Errorf("%s: a FeatureCollection has a list of features", at)
		}
		for n, f := range features {
			one, ok := f.(map[string]any)
			if !ok {
				return fmt.Errorf("%s: feature %d is no object", at, n)
			}
			if err := g.feature(at, one); err != nil {
				return err
			}
		}
		return nil
	}
	return g.catalog(ctx, at, doc)
}

// catalog follows a catalog's or a collection's links to its parts.
func (g *gatherer) catalog(ctx context.Context, at string, doc map[string]any) error {
	links, ok := doc["links"].([]any)
	if !ok {
		return fmt.Errorf("%s is no GeoJSON of tiles, no STAC item and no STAC catalog", at)
	}
	for _, l := range links {
		link, _ := l.(map[string]any)
		href, _ := link["href"].(string)
		if rel := link["rel"]; href == "" || rel != "child" && rel != "item" && rel != "items" {
			continue
		}
		next, err := resolve(at, href)
		if err != nil {
			return err
		}
		if remote(at) && !remote(next) {
			return fmt.Errorf("%s links to %s: what is remote may not name files of this machine", at, href)
		}
		if err := g.document(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// feature takes one tile, the addresses of its pixels made absolute.
func (g *gatherer) feature(at string, f map[string]any) error {
	assets, _ := f["assets"].(map[string]any)
	for key, a := range assets {
		asset, _ := a.(map[string]any)
		href, _ := asset["href"].(string)
		if href == "" {
			continue
		}
		abs, err := resolve(at, href)
		if err != nil {
			return err
		}
		if remote(at) && !strings.Contains(abs, "://") {
			return fmt.Errorf("%s: the pixels of %s are said to be at %s: what is remote may not name files of this machine", at, key, href)
		}
		asset["href"] = abs
	}
	g.features = append(g.features, f)
	return nil
}

// resolve makes an address absolute, as seen from the document that holds it.
func resolve(from, href string) (string, error) {
	u, err := url.Parse(href)
	if err != nil {
		return "", fmt.Errorf("%s: %q is no address", from, href)
	}
	if u.Scheme != "" {
		return href, nil
	}
	if remote(from) {
		base, err := url.Parse(from)
		if err != nil {
			return "", err
		}
		return base.ResolveReference(u).String(), nil
	}
	if filepath.IsAbs(href) {
		return href, nil
	}
	return filepath.Join(filepath.Dir(from), filepath.FromSlash(href)), nil
}

func (g *gatherer) read(ctx context.Context, at string) ([]byte, error) {
	if !remote(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("there is no file %s", at)
		case err != nil:
			return nil, err
		case info.Size() > maxDocument:
			return nil, fmt.Errorf("%s is larger than %d MiB: import it in parts", at, maxDocument>>20)
		}
		return os.ReadFile(at)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	answer, err := g.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", at, answer.Status)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = fmt.Errorf("%s is larger than %d MiB: import it in parts", at, maxDocument>>20)
	}
	return b, err
}
