package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/seal"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
	"github.com/docket-desk/docket/internal/tenant"
)

// desk is a core over a real store, with an archive, a buyer who has a bucket, a clock
// that tests turn, and a runner that delivers.
type desk struct {
	*core.Core
	*Runner
	delivery *Delivery
	buyer    core.Actor
	archive  id.ID
	folder   string // of the buyer's bucket
	mu       sync.Mutex
	now      time.Time
}

func (d *desk) clock() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }

func (d *desk) ahead(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.now = d.now.Add(by) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	store := fresh.Store(t, d.clock)
	log := slog.New(slog.DiscardHandler)
	d.Core = core.New(store, d.clock, id.NewSource(d.clock, 0, 0), seal.Key{1}, log, core.Config{})
	made, err := d.Apply(t.Context(), core.System(), core.World{
		Customers: []core.CustomerSpec{{Slug: "buyer", Projects: []core.ProjectSpec{{Slug: "lab"}}, Buckets: []core.BucketSpec{{Name: "box"}}}, {Slug: "seller"}},
		Providers: []core.ProviderSpec{{Customer: "seller", Offerings: []core.OfferingSpec{{Code: "archive", Measure: catalog.Imagery, Fulfilment: catalog.Delivery,
			Components: []core.ComponentSpec{{Code: "fresh", Unit: "km²"}, {Code: "standard", Unit: "km²"}, {Code: "training", Unit: "km²"}},
			Plans:      []core.PlanSpec{{Code: "list", Unit: catalog.Quantity, Prices: []core.PriceSpec{{Component: "fresh", Once: 25e10}, {Component: "standard", Once: 20e10}, {Component: "training", Once: 5e10}}}}}}}},
		Users:   []core.UserSpec{{Login: "olive", Home: "buyer", Password: &core.PasswordSpec{}, Roles: []core.RoleSpec{{Role: tenant.CustomerOwner, Customer: "buyer"}}}},
		Archive: core.ArchiveSpec{Generated: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := d.PasswordHolder(t.Context(), "olive")
	if err != nil {
		t.Fatal(err)
	}
	d.buyer, d.archive = h.Actor, made.ID("offering", "seller/archive")
	buckets := t.TempDir()
	d.folder = filepath.Join(buckets, "box")
	d.delivery = &Delivery{Core: d.Core, Buckets: Buckets{Dir: buckets}, Log: log}
	d.Runner = &Runner{Core: d.Core, Log: log, Works: map[string]Work{core.JobDelivery: d.delivery.Do}}
	return d
}

// place orders one cell of each of the first acquisitions of the archive.
func (d *desk) place(t *testing.T, acquisitions int) id.ID {
	t.Helper()
	asks := []core.AcquisitionAsk{}
	err := d.View(t.Context(), d.buyer, func(s *core.Scene) error {
		list, err := s.Acquisitions(core.AcquisitionQuery{Page: core.Page{Ascending: true, Limit: acquisitions}})
		for _, a := range list {
			tiles, err := s.Tiles(core.TileQuery{Acquisitions: []id.ID{a.ID}})
			if err != nil {
				return err
			}
			asks = append(asks, core.AcquisitionAsk{CatalogID: a.CatalogID, Cells: []string{tiles[0].Cell.String()}})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.order(t, asks...)
}

func (d *desk) order(t *testing.T, asks ...core.AcquisitionAsk) id.ID {
	t.Helper()
	request, err := core.DeliveryRequest{Bucket: "box", Prefix: "a/b", Settings: imagery.DefaultSettings(), Document: json.RawMessage(`{"metadata":{"x":1}}`)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.PlaceOrder(t.Context(), d.buyer, core.Placement{Offering: d.archive, Imagery: &core.ImageryAsk{Acquisitions: asks}, Request: request})
	if err != nil {
		t.Fatal(err)
	}
	return p.Order.ID
}

func (d *desk) once(t *testing.T) int {
	t.Helper()
	n, err := d.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *desk) placed(t *testing.T, i id.ID) core.Placed {
	t.Helper()
	var p core.Placed
	if err := d.View(t.Context(), d.buyer, func(s *core.Scene) (err error) { p, err = s.Order(i); return err }); err != nil {
		t.Fatal(err)
	}
	return p
}

// files lists what lies in the bucket, by path.
func (d *desk) files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(d.folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(d.folder, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestADeliveryIsWrittenWithItsDocumentsAndCharged(t *testing.T) {
	d := newDesk(t)
	i := d.place(t, 2)
	if n := d.once(t); n != 1 {
		t.Fatalf("a round did %d jobs, want 1", n)
	}
	p := d.placed(t, i)
	if p.Order.State != order.Done || p.Order.Outcome != order.Full || p.Order.Held != 0 || p.Order.Charged != p.Order.Due {
		t.Errorf("the order is %s %s, held %s, charged %s of %s", p.Order.State, p.Order.Outcome, p.Order.Held, p.Order.Charged, p.Order.Due)
	}
	files := d.files(t)
	name := i.Decimal()
	for _, want := range []string{"a/b/order_collections/" + name + "_root_collection.json", "a/b/" + name + "-request.json", "a/b/" + name + "-manifest.json",
		"a/b/acquisition_collections/" + p.Lines[0].Label + "_collection.json", "a/b/acquisition_collections/" + p.Lines[1].Label + "_collection.json"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s was not delivered", want)
		}
	}
	items := 0
	for _, f := range files {
		if ok, _ := filepath.Match("a/b/*/*/*/*.json", f); ok {
			items++
		}
		if strings.HasSuffix(f, ".tmp") || strings.HasSuffix(f, ".attrs") || !strings.HasPrefix(f, "a/b/") {
			t.Errorf("%s does not belong there", f)
		}
	}
	if items != 2 {
		t.Errorf("%d items lie where the client looks for them, want 2", items)
	}
	d.checksums(t, "a/b/", name+"-manifest.json", files)
	if n := d.once(t); n != 0 {
		t.Errorf("a second round did %d jobs", n)
	}
}

// checksums compares the manifest with every file there is.
func (d *desk) checksums(t *testing.T, prefix, manifest string, files []string) {
	t.Helper()
	var m struct{ Files []written }
	b, err := os.ReadFile(filepath.Join(d.folder, prefix, manifest))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != len(files)-1 {
		t.Errorf("the manifest lists %d files, and %d lie beside it", len(m.Files), len(files)-1)
	}
	for _, f := range m.Files {
		content, err := os.ReadFile(filepath.Join(d.folder, prefix, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(content)) != f.Bytes {
			t.Errorf("%s is another than the manifest says", f.Path)
		}
	}
}

func TestALineThatCannotBeDeliveredErrsAlone(t *testing.T) {
	d := newDesk(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	i := d.place(t, 2)
	bad := d.placed(t, i).Lines[1].Label
	d.source(t, bad, gone.URL+"/v.tif")
	d.once(t)
	p := d.placed(t, i)
	if p.Order.State != order.Done || p.Order.Outcome != order.Partial || p.Lines[0].State != order.Delivered || p.Lines[1].State != order.LineErred {
		t.Fatalf("the order is %s %s, its lines %s and %s", p.Order.State, p.Order.Outcome, p.Lines[0].State, p.Lines[1].State)
	}
	if p.Lines[1].Message != "The archive's file v.tif is gone." || p.Order.Charged != p.Lines[0].Due || p.Lines[1].Charged != 0 || p.Order.Held != 0 {
		t.Errorf("line 2 says %q; charged %s, and %s is due for line 1", p.Lines[1].Message, p.Order.Charged, p.Lines[0].Due)
	}
	root, err := os.ReadFile(filepath.Join(d.folder, "a/b", imagery.RootPath(i.Decimal())))
	if err != nil || strings.Contains(string(root), bad) || !strings.Contains(string(root), p.Lines[0].Label) {
		t.Errorf("the root document tells of what was not delivered: %s, %v", root, err)
	}
}

// source says where the archive has the visual file of every tile of an acquisition.
func (d *desk) source(t *testing.T, catalogID, address string) {
	t.Helper()
	var a imagery.Archive
	err := d.View(t.Context(), d.buyer, func(s *core.Scene) error {
		list, err := s.Acquisitions(core.AcquisitionQuery{CatalogIDs: []string{catalogID}})
		if err != nil {
			return err
		}
		a.Acquisitions = list
		a.Tiles, err = s.Tiles(core.TileQuery{Acquisitions: []id.ID{list[0].ID}})
		for n := range a.Tiles {
			a.Tiles[n].Properties.Assets = map[string]string{"visual": address}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ImportArchive(t.Context(), core.System(), a); err != nil {
		t.Fatal(err)
	}
}

func TestAnOrderOfWhichNothingCanBeDeliveredFailsAndIsFree(t *testing.T) {
	d := newDesk(t)
	i := d.place(t, 1)
	d.source(t, d.placed(t, i).Lines[0].Label, filepath.Join(t.TempDir(), "none.tif"))
	d.once(t)
	if p := d.placed(t, i); p.Order.State != order.Erred || p.Order.Charged != 0 || p.Order.Held != 0 || p.Order.Message != "The archive's file none.tif is gone." {
		t.Errorf("the order is %s (%s), charged %s, held %s", p.Order.State, p.Order.Message, p.Order.Charged, p.Order.Held)
	}
}

func TestTheArchivesOwnFilesAreCopied(t *testing.T) {
	d := newDesk(t)
	name := filepath.Join(t.TempDir(), "pixels.tif")
	if err := os.WriteFile(name, []byte("II*\x00 pixels"), 0o600); err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(name))))
	defer served.Close()
	for _, address := range []string{name, "file://" + name, served.URL + "/pixels.tif", "file:///" + strings.TrimPrefix(name, "/")} {
		i := d.place(t, 1)
		label := d.placed(t, i).Lines[0].Label
		d.source(t, label, address)
		d.once(t)
		if p := d.placed(t, i); p.Order.State != order.Done {
			t.Fatalf("from %s: the order is %s: %s", address, p.Order.State, p.Order.Message)
		}
		for _, f := range d.files(t) {
			if strings.HasSuffix(f, label+"-visual.tif") {
				if b, err := os.ReadFile(filepath.Join(d.folder, f)); err != nil || string(b) != "II*\x00 pixels" {
					t.Errorf("from %s: %q, %v", address, b, err)
				}
			}
		}
	}
}

func TestAFailureThatMayPassIsTriedAgain(t *testing.T) {
	d := newDesk(t)
	if err := os.WriteFile(d.folder, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := d.place(t, 1)
	if n := d.once(t); n != 1 || d.placed(t, i).Order.State != order.Executing {
		t.Fatalf("%d jobs; the order is %s", n, d.placed(t, i).Order.State)
	}
	if n := d.once(t); n != 0 {
		t.Error("the job ran again at once")
	}
	if err := os.Remove(d.folder); err != nil {
		t.Fatal(err)
	}
	d.ahead(time.Minute)
	d.once(t)
	if s := d.placed(t, i).Order.State; s != order.Done {
		t.Errorf("once the bucket can be written the order is %s", s)
	}
}

func TestADeliveryGivesUpAfterADay(t *testing.T) {
	d := newDesk(t)
	if err := os.WriteFile(d.folder, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := d.place(t, 1)
	for range 40 {
		d.once(t)
		if p := d.placed(t, i); p.Order.State == order.Erred {
			if waited := d.clock().Sub(i.Time()); waited < 24*time.Hour || waited > 27*time.Hour || !strings.HasPrefix(p.Order.Message, "The delivery could not be written for 24 hours") {
				t.Errorf("gave up after %s: %s", waited, p.Order.Message)
			}
			return
		}
		d.ahead(90 * time.Minute)
	}
	t.Error("never gave up")
}

func TestAWorkerThatDiedIsFollowedByAnother(t *testing.T) {
	d := newDesk(t)
	i := d.place(t, 2)
	stuck := errors.New("killed")
	dying, cancel := context.WithCancelCause(t.Context())
	// The first worker is killed while it writes: it has left files, one of them half.
	jobs, err := d.ClaimJobs(t.Context(), []string{core.JobDelivery}, 1)
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	one, err := d.delivery.read(t.Context(), jobs[0])
	if err != nil {
		t.Fatal(err)
	}
	first := one.lines[1][0]
	half := filepath.Join(d.folder, "a/b", filepath.FromSlash(imagery.ItemPath(first))+".18a0b1c2d3e4f506.tmp")
	if err := os.MkdirAll(filepath.Dir(half), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, []byte(`{"type":`), 0o600); err != nil {
		t.Fatal(err)
	}
	cancel(stuck)
	if err := d.delivery.Do(dying, jobs[0]); err == nil {
		t.Fatal("a worker whose context has ended reported success")
	}
	if n := d.once(t); n != 0 {
		t.Error("another worker took the job up while the lease lasted")
	}
	d.ahead(d.Lease() + time.Second)
	if n := d.once(t); n != 1 {
		t.Fatalf("the job was taken up %d times", n)
	}
	if p := d.placed(t, i); p.Order.State != order.Done || p.Order.Charged != p.Order.Due {
		t.Errorf("the order is %s and charged %s of %s", p.Order.State, p.Order.Charged, p.Order.Due)
	}
	for _, f := range d.files(t) {
		if strings.HasSuffix(f, ".tmp") {
			t.Errorf("%s is left", f)
		}
	}
	// The first one wakes up and reports, too late.
	if err := d.delivery.Do(t.Context(), jobs[0]); err != nil && !lost(err) {
		t.Errorf("the late worker ended with %v", err)
	}
	v, err := d.Verify(t.Context(), core.System(), nil)
	if err != nil || len(v.Disagrees) > 0 {
		t.Errorf("the books: %v, %v", v.Disagrees, err)
	}
}

func TestTwoWorkersOnOneOrderReportOnce(t *testing.T) {
	d := newDesk(t)
	i := d.place(t, 1)
	late, err := d.ClaimJobs(t.Context(), []string{core.JobDelivery}, 1)
	if err != nil || len(late) != 1 {
		t.Fatal(late, err)
	}
	d.ahead(d.Lease() + time.Second)
	now, err := d.ClaimJobs(t.Context(), []string{core.JobDelivery}, 1)
	if err != nil || len(now) != 1 {
		t.Fatal(now, err)
	}
	if err := d.delivery.Do(t.Context(), late[0]); !lost(err) {
		t.Errorf("the worker without the lease ended with %v", err)
	}
	if s := d.placed(t, i).Order.State; s != order.Executing {
		t.Errorf("its report made the order %s", s)
	}
	if err := d.delivery.Do(t.Context(), now[0]); err != nil {
		t.Error(err)
	}
	if p := d.placed(t, i); p.Order.State != order.Done || p.Order.Charged != p.Order.Due {
		t.Errorf("the order is %s, charged %s of %s", p.Order.State, p.Order.Charged, p.Order.Due)
	}
}

func TestAnOrderWithoutADestinationFails(t *testing.T) {
	d := newDesk(t)
	for name, request := range map[string]string{"nothing said": `{}`, "a bucket that is gone": `{"delivery":{"bucket":"lost","prefix":""}}`} {
		t.Run(name, func(t *testing.T) {
			var first core.AcquisitionAsk
			if err := d.View(t.Context(), d.buyer, func(s *core.Scene) error {
				list, err := s.Acquisitions(core.AcquisitionQuery{Page: core.Page{Limit: 1}})
				first.CatalogID = list[0].CatalogID
				return err
			}); err != nil {
				t.Fatal(err)
			}
			p, err := d.PlaceOrder(t.Context(), d.buyer, core.Placement{Offering: d.archive, Imagery: &core.ImageryAsk{Acquisitions: []core.AcquisitionAsk{first}}, Request: json.RawMessage(request)})
			if err != nil {
				t.Fatal(err)
			}
			d.once(t)
			if got := d.placed(t, p.Order.ID); got.Order.State != order.Erred || got.Order.Message == "" || got.Order.Held != 0 {
				t.Errorf("the order is %s: %s", got.Order.State, got.Order.Message)
			}
		})
	}
}

func TestARunnerWorksUntilItIsToldToEnd(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	i := d.place(t, 1)
	late := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for d.placed(t, i).Order.State != order.Done {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the order is %s", d.placed(t, i).Order.State)
		}
	}
	cancel()
	select {
	case <-done:
	case <-late:
		t.Error("the runner goes on after its end")
	}
}
