package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/docket-desk/docket/internal/backup"
	"github.com/docket-desk/docket/internal/core"
)

// shelf is a store of made up rows: two tables, and one that is empty.
type shelf struct {
	rows int
	seed uint64
	stop int // the row at which it fails; 0: none
}

var errStop = errors.New("the store fails here")

func (s shelf) snapshot() core.Snapshot {
	return core.Snapshot{Source: "shelf", Schema: 3, Taken: time.Date(2026, 5, 1, 2, 3, 4, 5000, time.UTC), Pos: 9, Floor: 1 << 60, Master: "print", Tables: []core.Table{
		{Name: "bare", Columns: []string{"a"}}, {Name: "long", Columns: []string{"id", "note", "what", "none"}, Rows: int64(s.rows)}, {Name: "short", Columns: []string{"n"}, Rows: 1}}}
}

func (s shelf) Dump(ctx context.Context, to core.Taker) error {
	shot := s.snapshot()
	if err := to.Begin(shot); err != nil {
		return err
	}
	for _, t := range shot.Tables {
		if err := to.Table(t); err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(s.seed, 1))
		row := make([]core.Value, len(t.Columns))
		for n := range t.Rows {
			if err := ctx.Err(); err != nil {
				return err
			}
			if s.stop > 0 && int(n) == s.stop {
				return errStop
			}
			fill(r, row, n)
			if err := to.Row(row); err != nil {
				return err
			}
		}
	}
	return to.End()
}

// fill makes up a row with values of each kind; half of it is noise that does not shrink.
func fill(r *rand.Rand, row []core.Value, n int64) {
	row[0] = core.Value{Kind: core.Integer, Int: []int64{n, -n, math.MaxInt64, math.MinInt64}[n%4]}
	if len(row) == 1 {
		return
	}
	row[1] = core.Value{Kind: core.Text, Bytes: []byte(strings.Repeat("é漢 ", int(n%40)))}
	noise := make([]byte, r.IntN(200))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	row[2] = core.Value{Kind: core.Octets, Bytes: noise}
	row[3] = core.Value{}
}

func write(t *testing.T, place backup.Place, s shelf) backup.Manifest {
	t.Helper()
	m, err := backup.Write(t.Context(), backup.Request{Place: place, Docket: "1.2", Read: s.Dump})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// many is enough rows for several pieces.
var many = shelf{rows: 70_000, seed: 5}

func inFile(t *testing.T, s shelf) (path string, m backup.Manifest) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "desk.tar")
	p, err := backup.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, write(t, p, s)
}

func open(t *testing.T, path string) (*backup.Source, error) {
	t.Helper()
	src, err := backup.OpenFile(path)
	if err == nil {
		t.Cleanup(func() { src.Close() })
	}
	return src, err
}

// check opens a file and reads it to its end.
func check(t *testing.T, path string) error {
	t.Helper()
	src, err := open(t, path)
	if err != nil {
		return err
	}
	return backup.Check(t.Context(), src, nil)
}

// sameRows fails the test unless a backup gives what the store handed over.
func sameRows(t *testing.T, src *backup.Source, s shelf) {
	t.Helper()
	r, err := backup.NewReader(t.Context(), src, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := s.snapshot()
	if got := r.Snapshot(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the snapshot is %+v, was %+v", got, want)
	}
	for _, table := range want.Tables {
		if got, err := r.Table(); err != nil || got.Name != table.Name {
			t.Fatalf("table %v, %v; want %s", got, err, table.Name)
		}
		rnd := rand.New(rand.NewPCG(s.seed, 1))
		row := make([]core.Value, len(table.Columns))
		for n := range table.Rows {
			fill(rnd, row, n)
			got, err := r.Row()
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range row {
				if g := got[i]; g.Kind != v.Kind || v.Kind == core.Integer && g.Int != v.Int || v.Kind > core.Integer && !bytes.Equal(g.Bytes, v.Bytes) {
					t.Fatalf("%s, row %d: %v, want %v", table.Name, n, got[i], v)
				}
			}
		}
		if row, err := r.Row(); err != io.EOF {
			t.Errorf("after the last row of %s comes %v, %v", table.Name, row, err)
		}
	}
	if more, err := r.Table(); err != io.EOF {
		t.Errorf("after the last table comes %v, %v", more, err)
	}
}

func TestWhatWasHandedOverIsGivenBackFromAFile(t *testing.T) {
	path, m := inFile(t, many)
	if len(m.Tables[1].Pieces) < 3 || m.Rows != 70_001 || m.Docket != "1.2" || m.Floor != "1152921504606846976" {
		t.Errorf("the manifest says %d pieces, %d rows, %s, %s", len(m.Tables[1].Pieces), m.Rows, m.Docket, m.Floor)
	}
	src, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, src, many)
	if err := check(t, path); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside it lie %v", left)
	}
}

// buckets are of the kinds that need nothing outside this process.
func buckets(t *testing.T) map[string]*blob.Bucket {
	folder, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	memory := memblob.OpenBucket(nil)
	return map[string]*blob.Bucket{"folder": folder, "memory": memory, "a folder of it": blob.PrefixedBucket(memblob.OpenBucket(nil), "desk/monday/")}
}

func TestWhatWasHandedOverIsGivenBackFromABucket(t *testing.T) {
	for name, b := range buckets(t) {
		t.Run(name, func(t *testing.T) {
			defer b.Close()
			p, err := backup.NewBucket(t.Context(), b, name)
			if err != nil {
				t.Fatal(err)
			}
			m := write(t, p, many)
			src, err := backup.OpenBucket(t.Context(), b, name)
			if err != nil {
				t.Fatal(err)
			}
			sameRows(t, src, many)
			if _, err := backup.NewBucket(t.Context(), b, name); err == nil || !strings.Contains(err.Error(), "holds a backup already") {
				t.Errorf("a second one is refused with %v", err)
			}
			piece := m.Tables[1].Pieces[1].Name
			good, err := b.ReadAll(t.Context(), piece)
			if err != nil {
				t.Fatal(err)
			}
			for what, spoil := range map[string]func() error{
				"is missing":       func() error { return b.Delete(t.Context(), piece) },
				"not what was":     func() error { return b.WriteAll(t.Context(), piece, append([]byte{good[0] ^ 1}, good[1:]...), nil) },
				"it has 100 bytes": func() error { return b.WriteAll(t.Context(), piece, good[:100], nil) },
			} {
				if err := spoil(); err != nil {
					t.Fatal(err)
				}
				if err := backup.Check(t.Context(), src, nil); err == nil || !strings.Contains(err.Error(), piece) || !strings.Contains(err.Error(), what) {
					t.Errorf("it says %v, want %s and %s", err, piece, what)
				}
				if err := b.WriteAll(t.Context(), piece, good, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.Delete(t.Context(), backup.ManifestName); err != nil {
				t.Fatal(err)
			}
			if _, err := backup.OpenBucket(t.Context(), b, name); err == nil || !strings.Contains(err.Error(), "is no backup, or one that was never finished") {
				t.Errorf("without a manifest it says %v", err)
			}
		})
	}
}

func TestTheSameRowsHaveTheSameSumsHoweverTheyCome(t *testing.T) {
	_, m := inFile(t, many)
	d, err := backup.Read(t.Context(), "compare", nil, many.Dump)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Same(m.Tables, d); err != nil {
		t.Error(err)
	}
	through, err := backup.Through(t.Context(), nil, many.Dump, drain)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Same(m.Tables, through); err != nil {
		t.Error(err)
	}
	for name, other := range map[string]shelf{"other values": {rows: many.rows, seed: 6}, "a row fewer": {rows: many.rows - 1, seed: 5}} {
		d, err := backup.Read(t.Context(), "compare", nil, other.Dump)
		if err != nil {
			t.Fatal(err)
		}
		if err := backup.Same(m.Tables, d); err == nil || !strings.Contains(err.Error(), "table long") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// drain is a store's Load that keeps nothing.
func drain(_ context.Context, g core.Giver) error {
	for {
		if _, err := g.Table(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		for {
			if _, err := g.Row(); err == io.EOF {
				break
			} else if err != nil {
				return err
			}
		}
	}
}

func TestWhereOneStoreFailsTheOtherStops(t *testing.T) {
	stops := many
	stops.stop = 60_000
	if _, err := backup.Through(t.Context(), nil, stops.Dump, drain); !errors.Is(err, errStop) {
		t.Errorf("the one that hands over fails with %v", err)
	}
	if _, err := backup.Through(t.Context(), nil, func(context.Context, core.Taker) error { return errStop }, drain); !errors.Is(err, errStop) {
		t.Errorf("before it begins it fails with %v", err)
	}
	full := errors.New("there is no room")
	if _, err := backup.Through(t.Context(), nil, many.Dump, func(_ context.Context, g core.Giver) error {
		for range 2 {
			if _, err := g.Table(); err != nil {
				return err
			}
		}
		return full
	}); !errors.Is(err, full) {
		t.Errorf("the one that takes in fails with %v", err)
	}
}

func TestAFileThatIsNotWholeIsRefusedByThePieceAtWhichItEnds(t *testing.T) {
	path, m := inFile(t, many)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int{0, 100, 5000, len(whole) / 3, len(whole) / 2, len(whole) - 5000, len(whole) - 2048} {
		if err := os.WriteFile(path, whole[:part], 0o600); err != nil {
			t.Fatal(err)
		}
		err := check(t, path)
		if err == nil {
			t.Fatalf("%d bytes of %d pass", part, len(whole))
		}
		named := slices.ContainsFunc(m.Tables[1].Pieces, func(p backup.Piece) bool { return strings.Contains(err.Error(), p.Name) })
		if part > 5000 && !named && !strings.Contains(err.Error(), backup.ManifestName) {
			t.Errorf("of %d bytes of %d it says %v", part, len(whole), err)
		}
	}
	if _, err := open(t, filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no file it says %v", err)
	}
}

func TestAFlippedByteIsRefusedByItsPiece(t *testing.T) {
	path, m := inFile(t, many)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{} // where each piece begins
	f := bytes.NewReader(whole)
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at[h.Name] = int(f.Size()) - f.Len()
	}
	flip := func(n int, bit byte) error {
		b := bytes.Clone(whole)
		b[n] ^= bit
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return check(t, path)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, table := range m.Tables {
		for _, p := range table.Pieces {
			if err := flip(at[p.Name]+r.IntN(int(p.Bytes)), 1<<r.IntN(8)); err == nil || !strings.Contains(err.Error(), p.Name) {
				t.Errorf("a byte of %s is flipped, and it says %v", p.Name, err)
			}
		}
	}
	size := bytes.LastIndexByte(whole, '}') - at[backup.ManifestName]
	for range 20 {
		n := at[backup.ManifestName] + r.IntN(size)
		if err := flip(n, 1<<r.IntN(8)); err == nil || !strings.Contains(err.Error(), backup.ManifestName) {
			t.Errorf("byte %d of the manifest is flipped (%q), and it says %v", n-at[backup.ManifestName], whole[n-10:n+10], err)
		}
	}
	// Anywhere else it is refused too, or changes nothing that is read.
	for range 20 {
		n := at[m.Tables[1].Pieces[0].Name] - 1 - r.IntN(512)
		if err := flip(n, 1<<r.IntN(8)); err != nil {
			continue
		}
		src, err := open(t, path)
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, src, many)
	}
}

func TestABackupIsNeverWrittenOverAnything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.tar")
	p, err := backup.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil { // while it is written
		t.Fatal(err)
	}
	if _, err := backup.Write(t.Context(), backup.Request{Place: p, Read: many.Dump}); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("it says %v", err)
	}
	if _, err := backup.NewFile(path); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("it says %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Errorf("it was written over: %q", b)
	}
	alone(t, filepath.Dir(path), "desk.tar")
}

// alone fails the test unless a folder holds just these files.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range left {
		got = append(got, f.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("the folder holds %v, want %v", got, names)
	}
}

// limited is a place with room for so many pieces.
type limited struct {
	backup.Place
	room int
}

var errFull = errors.New("no space left")

func (p *limited) Put(ctx context.Context, name string, b []byte) error {
	if p.room--; p.room < 0 {
		return errFull
	}
	return p.Place.Put(ctx, name, b)
}

func TestWhereABackupFailsNothingIsLeft(t *testing.T) {
	pieces := func() int {
		_, m := inFile(t, many)
		n := 0
		for _, table := range m.Tables {
			n += len(table.Pieces)
		}
		return n
	}()
	for room := range pieces + 1 { // the last has none for the manifest
		dir := t.TempDir()
		p, err := backup.NewFile(filepath.Join(dir, "desk.tar"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Write(t.Context(), backup.Request{Place: &limited{p, room}, Read: many.Dump}); !errors.Is(err, errFull) {
			t.Errorf("with room for %d pieces it says %v", room, err)
		}
		alone(t, dir)
		b := memblob.OpenBucket(nil)
		q, err := backup.NewBucket(t.Context(), b, "b")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Write(t.Context(), backup.Request{Place: &limited{q, room}, Read: many.Dump}); !errors.Is(err, errFull) {
			t.Errorf("with room for %d pieces it says %v", room, err)
		}
		if o, err := b.List(nil).Next(t.Context()); err != io.EOF {
			t.Errorf("the bucket holds %v, %v", o, err)
		}
	}
}

func TestABackupThatIsStoppedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		read func(context.Context, core.Taker) error
		say  string
	}{
		"the store fails":             {shelf{rows: 70_000, stop: 60_000}.Dump, errStop.Error()},
		"the store fails at once":     {func(context.Context, core.Taker) error { return errStop }, errStop.Error()},
		"the store forgets to finish": {func(_ context.Context, to core.Taker) error { return to.Begin(many.snapshot()) }, "stopped before all"},
	} {
		p, err := backup.NewFile(filepath.Join(dir, "desk.tar"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Write(t.Context(), backup.Request{Place: p, Read: tt.read}); err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s: %v", name, err)
		}
		alone(t, dir)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := backup.NewFile(filepath.Join(dir, "desk.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Write(ctx, backup.Request{Place: p, Read: many.Dump, Tell: func(backup.Progress) { cancel() }}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled it says %v", err)
	}
	alone(t, dir)
}

func TestWhatComesOverAWireIsKeptOnlyWhole(t *testing.T) {
	var sent bytes.Buffer
	m := write(t, backup.NewStream(&sent), many)
	dir := t.TempDir()
	path := filepath.Join(dir, "desk.tar")
	receive := func(from []byte) error {
		p, err := backup.NewFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = backup.Receive(t.Context(), bytes.NewReader(from), p, m.Rows, nil)
		return err
	}
	piece := bytes.Index(sent.Bytes(), []byte(m.Tables[1].Pieces[1].Name))
	flipped := bytes.Clone(sent.Bytes())
	flipped[piece+2000] ^= 4
	for what, b := range map[string][]byte{
		"broke off":                         sent.Bytes()[:sent.Len()/2],
		"its manifest.json never":           sent.Bytes()[:bytes.Index(sent.Bytes(), []byte(backup.ManifestName))],
		m.Tables[1].Pieces[1].Name + " did": flipped,
		"never came":                        nil,
	} {
		if err := receive(b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("it says %v, want %q", err, what)
		}
		alone(t, dir)
	}
	var told backup.Progress
	p, err := backup.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Receive(t.Context(), &sent, p, m.Rows, func(p backup.Progress) { told = p }); err != nil {
		t.Fatal(err)
	}
	if told.Rows != m.Rows || told.Of != m.Rows {
		t.Errorf("it told of %d rows of %d, and %d came", told.Rows, told.Of, m.Rows)
	}
	if err := check(t, path); err != nil {
		t.Error(err)
	}
}

func TestMemoryDoesNotGrowWithTheDesk(t *testing.T) {
	var most uint64
	large := shelf{rows: 300_000, seed: 8} // about 60 MB
	watch := func(backup.Progress) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
	}
	path := filepath.Join(t.TempDir(), "desk.tar")
	p, err := backup.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Write(t.Context(), backup.Request{Place: p, Read: large.Dump, Tell: watch}); err != nil {
		t.Fatal(err)
	}
	src, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Check(t.Context(), src, watch); err != nil {
		t.Fatal(err)
	}
	if most == 0 || most > 48<<20 {
		t.Errorf("%d MB of memory for a backup of %d MB", most>>20, src.Manifest.Bytes>>20)
	}
}

func TestWhatIsLeftIsToldFromTheRate(t *testing.T) {
	p := backup.Progress{Rows: 250, Of: 1000, Took: 5 * time.Second}
	if p.Rate() != 50 || p.Left() != 15*time.Second {
		t.Errorf("%v a second, %v left", p.Rate(), p.Left())
	}
	for _, p := range []backup.Progress{{}, {Rows: 5, Took: time.Second}, {Rows: 5, Of: 5, Took: time.Second}} {
		if p.Left() != 0 {
			t.Errorf("%+v: %v left", p, p.Left())
		}
	}
}
