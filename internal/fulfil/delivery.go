package fulfil

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gocloud.dev/blob"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// Delivery writes orders of imagery to their buckets.
type Delivery struct {
	Core    *core.Core
	Buckets Buckets
	Sources Sources
	Log     *slog.Logger
}

// giveUpAfter bounds how long a delivery is tried: a bucket that cannot be written for a
// day will not be.
const giveUpAfter = 24 * time.Hour

// permanent is a failure that trying again will not mend.
type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

func never(format string, args ...any) error { return permanent{fmt.Errorf(format, args...)} }

func isPermanent(err error) bool { return errors.As(err, new(permanent)) }

// job is one order being delivered.
type job struct {
	core.Job
	placed  core.Placed
	request core.DeliveryRequest
	bucket  core.Bucket
	lines   map[int][]imagery.Tile // those still open, by number
}

// Do delivers one order. Work.
func (d *Delivery) Do(ctx context.Context, j core.Job) error {
	if err := fault.At(fault.JobClaimed); err != nil {
		return err
	}
	one, err := d.read(ctx, j)
	if err == nil {
		err = fault.At(fault.JobRead)
	}
	if err == nil && one.placed.Order.State != order.Executing {
		return nil // canceled meanwhile; its job went with it
	}
	if err == nil {
		err = d.deliver(ctx, one)
	}
	if err == nil || ctx.Err() != nil || lost(err) {
		return err
	}
	if isPermanent(err) {
		return d.fail(ctx, j, err.Error())
	}
	if began := one.placed.Order.BeganAt; began != nil && d.Core.Now().Sub(*began) > giveUpAfter {
		return d.fail(ctx, j, "The delivery could not be written for 24 hours: "+err.Error())
	}
	return err
}

func (d *Delivery) fail(ctx context.Context, j core.Job, why string) error {
	d.Log.Warn("an order cannot be delivered", "order", j.Subject, "why", why)
	_, err := d.Core.Act(ctx, core.WorkerActor(), j.Subject, order.Fail, core.Verdict{Job: j.Kind, Attempt: j.Attempt, Message: why})
	return err
}

// read gathers what is to be delivered.
func (d *Delivery) read(ctx context.Context, j core.Job) (one job, err error) {
	one = job{Job: j, lines: map[int][]imagery.Tile{}}
	err = d.Core.View(ctx, core.WorkerActor(), func(s *core.Scene) error {
		if one.placed, err = s.Order(j.Subject); err != nil {
			return err
		}
		var ok bool
		if one.request, ok, err = core.ParseDelivery(one.placed.Order.Request); err != nil {
			return never("The order's request cannot be read: %w", err)
		}
		if !ok {
			return never("Nobody said where to deliver to.")
		}
		if one.bucket, err = bucket(s, one); err != nil {
			return err
		}
		for _, l := range one.placed.Lines {
			if ended, _ := order.At(l.State, order.Delivered); ended {
				continue
			}
			tiles, err := lineTiles(s, l)
			if err != nil {
				return err
			}
			one.lines[l.N] = tiles
		}
		return nil
	})
	return one, err
}

// bucket is the customer's, by the name that the order gives.
func bucket(s *core.Scene, one job) (core.Bucket, error) {
	all, err := s.Buckets(one.placed.Order.Customer)
	if err != nil {
		return core.Bucket{}, err
	}
	for _, b := range all {
		if b.Name == one.request.Bucket {
			return b, nil
		}
	}
	return core.Bucket{}, never("There is no bucket %.80q to deliver to.", one.request.Bucket)
}

// lineTiles returns the tiles of a line; none where the archive has not all of them.
func lineTiles(s *core.Scene, l order.Line) ([]imagery.Tile, error) {
	detail, err := core.ParseLineCells(l.Detail)
	if err != nil {
		return nil, nil // the line errs alone
	}
	var q core.TileQuery
	for _, name := range detail.Cells {
		c, err := imagery.ParseCell(name)
		if err != nil {
			return nil, nil
		}
		q.Cells = append(q.Cells, c)
	}
	found, err := s.Acquisitions(core.AcquisitionQuery{CatalogIDs: []string{l.Label}, Page: core.Page{Limit: 1}})
	if err != nil || len(found) == 0 || len(q.Cells) == 0 {
		return nil, err
	}
	q.Acquisitions = append(q.Acquisitions, found[0].ID)
	tiles, err := s.Tiles(q)
	if len(tiles) != len(q.Cells) {
		return nil, err
	}
	return tiles, err
}

// deliver writes line by line. A line that cannot be delivered errs at once and alone.
func (d *Delivery) deliver(ctx context.Context, one job) error {
	to, err := d.Buckets.Open(ctx, one.bucket)
	if err != nil {
		return err
	}
	defer to.Close()
	w := &writer{to: to, prefix: one.request.Prefix, again: one.Attempt > 1}
	about := imagery.Delivery{Order: one.placed.Order.ID.Decimal(), Settings: one.request.Settings}
	for _, l := range one.placed.Lines {
		tiles, open := one.lines[l.N]
		if !open {
			continue
		}
		err := d.line(ctx, w, about, l, tiles)
		if isPermanent(err) {
			if over, err := d.lineFailed(ctx, one, l, err); err != nil || over {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		about.Tiles = append(about.Tiles, tiles...)
		if err := fault.At(fault.JobLine); err != nil {
			return err
		}
	}
	if err := w.documents(ctx, about, one.request.Document); err != nil {
		return err
	}
	if err := fault.At(fault.JobEffect); err != nil {
		return err
	}
	_, err = d.Core.Act(ctx, core.WorkerActor(), one.Subject, order.Fulfil, core.Verdict{Job: one.Kind, Attempt: one.Attempt})
	if err == nil {
		err = fault.At(fault.JobReported)
	}
	return err
}

// lineFailed errs a line. over: it was the last one, and the order has ended with it.
func (d *Delivery) lineFailed(ctx context.Context, one job, l order.Line, why error) (over bool, err error) {
	d.Log.Warn("a line cannot be delivered", "order", one.Subject, "line", l.N, "why", why)
	none := money.Micro(0)
	p, err := d.Core.Act(ctx, core.WorkerActor(), one.Subject, order.MoveLine, core.Verdict{Job: one.Kind, Attempt: one.Attempt,
		Lines: []core.Moved{{Line: l.N, To: order.LineErred, Delivered: &none, Message: why.Error()}}})
	return err == nil && p.Order.State != order.Executing, err
}

// line writes the files and items of one line's tiles.
func (d *Delivery) line(ctx context.Context, w *writer, about imagery.Delivery, l order.Line, tiles []imagery.Tile) error {
	if len(tiles) == 0 {
		return never("The archive has not all that was ordered of %s any more.", l.Label)
	}
	for _, t := range tiles {
		for _, f := range imagery.Files(t, about.Settings) {
			if err := d.file(ctx, w, t, f); err != nil {
				return err
			}
		}
		item, err := about.Item(t)
		if err != nil {
			return permanent{err}
		}
		if err := w.write(ctx, imagery.ItemPath(t), "application/json", bytes.NewReader(item)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Delivery) file(ctx context.Context, w *writer, t imagery.Tile, f imagery.File) error {
	if f.Source == "" {
		content, err := f.Bytes()
		if err != nil {
			return permanent{err}
		}
		return w.write(ctx, imagery.FilePath(t, f), f.MediaType, bytes.NewReader(content))
	}
	from, err := d.Sources.Open(ctx, f.Source)
	if err != nil {
		return err
	}
	defer from.Close()
	return w.write(ctx, imagery.FilePath(t, f), f.MediaType, from)
}

// writer writes objects below a prefix, at fixed paths, whole or not at all, and keeps
// their checksums.
type writer struct {
	to     *blob.Bucket
	prefix string
	again  bool // another attempt may have left half a file behind
	files  []written
}

type written struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func (w *writer) write(ctx context.Context, path, mediaType string, content io.Reader) error {
	key := path
	if w.prefix != "" {
		key = w.prefix + "/" + path
	}
	if w.again {
		if err := sweep(ctx, w.to, key); err != nil {
			return err
		}
	}
	if err := fault.At(fault.UploadBefore); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	// An object is there only once Close has succeeded; a context that ends before undoes it.
	ctx, undo := context.WithCancel(ctx)
	defer undo()
	out, err := w.to.NewWriter(ctx, key, &blob.WriterOptions{ContentType: mediaType})
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), content)
	if err == nil {
		err = fault.At(fault.UploadHalf)
	}
	if err != nil {
		undo()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = fault.At(fault.UploadAfter)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	w.files = append(w.files, written{path, n, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// documents writes what stands around the tiles; the one that a client opens first is
// written last but for the checksums.
func (w *writer) documents(ctx context.Context, about imagery.Delivery, request json.RawMessage) error {
	type doc struct {
		path    string
		content []byte
	}
	var docs []doc
	for _, name := range about.CatalogIDs() {
		c, err := about.AcquisitionCollection(name)
		if err != nil {
			return permanent{err}
		}
		docs = append(docs, doc{imagery.AcquisitionPath(name), c})
	}
	var asked bytes.Buffer
	if err := json.Indent(&asked, request, "", "  "); err != nil {
		return never("The order's request cannot be copied: %w", err)
	}
	asked.WriteByte('\n')
	root, err := about.RootCollection()
	if err != nil {
		return permanent{err}
	}
	docs = append(docs, doc{imagery.RequestPath(about.Order), asked.Bytes()}, doc{imagery.RootPath(about.Order), root})
	for _, one := range docs {
		if err := w.write(ctx, one.path, "application/json", bytes.NewReader(one.content)); err != nil {
			return err
		}
	}
	return w.manifest(ctx, about.Order)
}

// manifest lists every file with its checksum. It lies beside the request, not four
// folders deep: there the vendor's client takes JSON for an item.
func (w *writer) manifest(ctx context.Context, order string) error {
	files := w.files
	content, err := json.MarshalIndent(map[string]any{"order": order, "files": files}, "", "  ")
	if err != nil {
		return err
	}
	return w.write(ctx, order+"-manifest.json", "application/json", bytes.NewReader(append(content, '\n')))
}
