package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/backup"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store"
	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// busy places orders until it is told to stop; it fails the test where one is refused.
func (b sandbox) busy(t *testing.T) (orders *atomic.Int64, stop func()) {
	t.Helper()
	orders = &atomic.Int64{}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := b.buyer.Place(ctx, client.Placement{Offering: "desks", Amounts: map[string]string{"desk": "1"}}, "")
				if err != nil && ctx.Err() == nil {
					t.Errorf("an order is refused: %v", err)
					return
				}
				orders.Add(1)
			}
		})
	}
	return orders, func() { cancel(); all.Wait() }
}

// passed waits until so many more orders were placed.
func passed(t *testing.T, orders *atomic.Int64, n int64) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for until := orders.Load() + n; orders.Load() < until && !t.Failed(); {
		<-tick.C
	}
}

// restored makes a desk of a backup and says how many orders it has; its books are clean.
func restored(t *testing.T, file, data, db string) int {
	t.Helper()
	src, err := BackupSource(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	done, err := Restore(t.Context(), Config{Data: data, DB: db, MasterKey: filepath.Join(data, masterName)}, src, Carrying{})
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Verified.Disagrees) > 0 || done.Rows != src.Manifest.Rows {
		t.Errorf("%d rows, and the books say %v", done.Rows, done.Verified.Disagrees)
	}
	return done.Verified.Orders
}

func TestARunningDeskIsBackedUpWhileItTakesOrders(t *testing.T) {
	b := newSandbox(t, "")
	orders, stop := b.busy(t)
	defer stop()
	passed(t, orders, 20)
	dir := t.TempDir()
	over, beside := filepath.Join(dir, "over.tar"), filepath.Join(dir, "beside.tar")

	place, err := BackupPlace(t.Context(), over)
	if err != nil {
		t.Fatal(err)
	}
	before := orders.Load()
	got, err := b.staff.Backup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := backup.Receive(t.Context(), got, place, got.Rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != m.Rows || m.Source != "sqlite" || m.MasterKey != b.Desk.Master.Fingerprint() || m.Docket != Version() {
		t.Errorf("%d rows are said; the manifest says %+v", got.Rows, m)
	}
	got.Close()

	passed(t, orders, 5)
	look, err := Look(b.Desk.Config)
	if err != nil {
		t.Fatal(err)
	}
	if place, err = BackupPlace(t.Context(), "file://"+filepath.ToSlash(beside)); err != nil {
		t.Fatal(err)
	}
	if _, err := look.Backup(t.Context(), place, time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	if err := look.Close(); err != nil {
		t.Fatal(err)
	}
	passed(t, orders, 5)
	stop()

	first, second := restored(t, over, filepath.Join(dir, "one"), ""), restored(t, beside, filepath.Join(dir, "two"), "")
	if first < int(before) || second < first+5 || second >= int(orders.Load()) {
		t.Errorf("%d orders were placed when the first backup began, and %d in all; they have %d and %d", before, orders.Load(), first, second)
	}
	t.Run("and goes on as a desk, with the same master key", func(t *testing.T) {
		cfg := config(t, filepath.Join(dir, "one"))
		if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "another master key") {
			t.Errorf("without it, it says %v", err)
		}
		key, err := os.ReadFile(b.Desk.Config.MasterKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cfg.MasterKey, key, 0o600); err != nil {
			t.Fatal(err)
		}
		again := serve(t, cfg)
		defer again.Stop()
		buyer := client.New("http://"+again.HTTPAddr, b.buyer.Token)
		if _, err := buyer.Place(t.Context(), client.Placement{Offering: "desks", Amounts: map[string]string{"desk": "1"}}, ""); err != nil {
			t.Error(err)
		}
		if r, err := client.New("http://"+again.HTTPAddr, b.staff.Token).Verify(t.Context()); err != nil || len(r.Disagrees) > 0 || r.Orders != first+1 {
			t.Errorf("its books say %+v, %v", r, err)
		}
	})
}

func TestABackupOverTheWireIsForStaffAndEndsWithItsCaller(t *testing.T) {
	b := newSandbox(t, "")
	_, err := b.buyer.Backup(t.Context())
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != http.StatusForbidden {
		t.Errorf("a buyer is told %v", err)
	}
	b.buyer.Token = ""
	if _, err := b.buyer.Backup(t.Context()); !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("nobody is told %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, err := b.staff.Backup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(got, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	got.Close()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); ; { // until the desk has seen that nobody takes it any more
		if got, err = b.staff.Backup(t.Context()); err == nil {
			break
		}
		if !errors.As(err, &p) || p.Status != http.StatusConflict {
			t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(io.Discard, got); err != nil {
		t.Error(err)
	}
	got.Close()
}

// filled is a desk at rest with some orders, and its configuration.
func filled(t *testing.T) Config {
	t.Helper()
	b := newSandbox(t, "")
	for range 5 {
		b.place(t, "")
	}
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	return b.Desk.Config
}

// backedUp is the backup of a desk.
func backedUp(t *testing.T, cfg Config) (file string, m backup.Manifest) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "desk.tar")
	place, err := BackupPlace(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Look(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if m, err = d.Backup(t.Context(), place, time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	return file, m
}

func TestARestoreTouchesNothingUnlessItCanEndWell(t *testing.T) {
	cfg := filled(t)
	file, m := backedUp(t, cfg)
	try := func(file string, cfg Config) error {
		src, err := BackupSource(t.Context(), file)
		if err != nil {
			return err
		}
		defer src.Close()
		_, err = Restore(t.Context(), cfg, src, Carrying{})
		return err
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	piece := m.Tables[slices.IndexFunc(m.Tables, func(t backup.Table) bool { return t.Name == "orders" })].Pieces[0].Name
	spoiled := filepath.Join(t.TempDir(), "spoiled.tar")
	b := []byte(string(whole))
	b[strings.Index(string(whole), piece)+600] ^= 1
	if err := os.WriteFile(spoiled, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, masterName), []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file, data, db, say string
	}{
		"over a desk":          {file, cfg.Data, "", "there is a desk in " + cfg.Data + " already"},
		"a piece spoiled":      {spoiled, filepath.Join(other, "a"), "", piece},
		"half of one":          {cut, filepath.Join(other, "b"), "", "is not whole"},
		"no backup":            {cfg.MasterKey, filepath.Join(other, "c"), "", "is no backup"},
		"nothing there":        {filepath.Join(other, "none.tar"), filepath.Join(other, "d"), "", "no such file"},
		"another master key":   {file, other, "", "another master key than the one in " + filepath.Join(other, masterName)},
		"a database of others": {file, filepath.Join(other, "e"), "mysql://a/b", "postgres://user:password@host"},
	} {
		t.Run(name, func(t *testing.T) {
			err := try(tt.file, Config{Data: tt.data, DB: tt.db, MasterKey: filepath.Join(tt.data, masterName)})
			if err == nil || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("it says %v, want %q", err, tt.say)
			}
		})
	}
	left, err := os.ReadDir(other)
	if err != nil || len(left) != 1 {
		t.Errorf("there is %v, %v", left, err)
	}
	d, err := Look(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if v, err := d.Verify(t.Context(), func(client.Report) {}); err != nil || len(v.Disagrees) > 0 || v.Orders != 5 {
		t.Errorf("the desk that was there says %+v, %v", v, err)
	}
}

func TestADeskWhoseBooksDisagreeIsKeptOnlyIfSoAsked(t *testing.T) {
	cfg := filled(t)
	s, err := store.Open(t.Context(), cfg.Data, "", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), core.Touch{}, func(tx core.Tx) error {
		return tx.SetBalance(limit.Balance{Key: limit.Key{Limit: 99, Window: 3}, Used: 7})
	}); err != nil {
		t.Fatal(err)
	}
	limits := func(tx core.Tx) error {
		all, err := tx.Customers(core.CustomerQuery{})
		if err != nil {
			return err
		}
		l := limit.Limit{ID: 99, Scope: "customer", ScopeID: all[0].ID, Customer: all[0].ID, Measure: limit.Money, Period: limit.Total, Value: 1}
		return tx.PutLimit(l)
	}
	if err := errors.Join(s.Update(t.Context(), core.Touch{}, limits), s.Close()); err != nil {
		t.Fatal(err)
	}
	file, _ := backedUp(t, cfg)
	src, err := BackupSource(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	to := Config{Data: filepath.Join(t.TempDir(), "desk")}
	done, err := Restore(t.Context(), to, src, Carrying{})
	if !errors.Is(err, ErrDisagrees) || len(done.Verified.Disagrees) == 0 {
		t.Errorf("it says %v, %v", err, done.Verified.Disagrees)
	}
	if _, err := Look(to); err == nil || !strings.Contains(err.Error(), "is not whole") {
		t.Errorf("opened it says %v", err)
	}
	if _, err := Restore(t.Context(), to, src, Carrying{Anyway: true}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("restored over it says %v", err)
	}
	if err := os.RemoveAll(to.Data); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), to, src, Carrying{Anyway: true}); err != nil {
		t.Fatal(err)
	}
	d, err := Look(to)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
}

func TestADeskMovedThereAndBackIsTheSameDesk(t *testing.T) {
	cfg := filled(t)
	_, was := backedUp(t, cfg)
	there, back := pgtest.Database(t), filepath.Join(t.TempDir(), "back")
	move := func(from, to string) error {
		done, err := Move(t.Context(), from, to, Carrying{})
		if err == nil && (len(done.Verified.Disagrees) > 0 || done.Rows != was.Rows || done.Verified.Orders != 5) {
			t.Errorf("from %s: %+v", from, done)
		}
		return err
	}
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := move(cfg.Data, there); err == nil || !strings.Contains(err.Error(), "in use by another docket") {
		t.Errorf("of a desk that is open it says %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	_, was = backedUp(t, cfg)
	if err := move(cfg.Data, there); err != nil {
		t.Fatal(err)
	}
	if err := move(cfg.Data, there); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("over a desk it says %v", err)
	}
	if err := move(there, back); err != nil {
		t.Fatal(err)
	}
	if err := move(there, back); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("over a desk it says %v", err)
	}
	if err := move(filepath.Join(back, "none"), pgtest.Database(t)); err == nil || !strings.Contains(err.Error(), "there is no desk in") {
		t.Errorf("from nowhere it says %v", err)
	}
	_, half := backedUp(t, Config{DB: there})
	_, is := backedUp(t, Config{Data: back})
	for name, m := range map[string]backup.Manifest{"there": half, "back": is} {
		if m.Floor != was.Floor || m.Events != was.Events || m.MasterKey != was.MasterKey {
			t.Errorf("%s it is %+v, was %+v", name, m, was)
		}
		for n, table := range was.Tables {
			if got := m.Tables[n]; got.Name != table.Name || got.Sum != table.Sum || got.Rows != table.Rows {
				t.Errorf("%s: %s has %d rows, %s; had %d, %s", name, got.Name, got.Rows, got.Sum, table.Rows, table.Sum)
			}
		}
	}
	if half.Source != "postgres" || is.Source != "sqlite" {
		t.Errorf("they come from %s and %s", half.Source, is.Source)
	}
}

func TestABackupGoesWhereItIsTold(t *testing.T) {
	dir := t.TempDir()
	for to, say := range map[string]string{
		dir:                                "is a folder",
		filepath.Join(dir, "none", "b"):    "no such file",
		"nowhere://bucket/x":               "nowhere://bucket/x cannot be opened",
		"file://" + filepath.Join(dir, ""): "",
	} {
		p, err := BackupPlace(t.Context(), to)
		if say == "" && err != nil || say != "" && (err == nil || !strings.Contains(err.Error(), say)) {
			t.Errorf("%s: %v", to, err)
		}
		if err == nil {
			if err := p.Drop(); err != nil {
				t.Error(err)
			}
		}
	}
}
