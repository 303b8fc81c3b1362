package crash

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docket-desk/docket/e2e/rig"
)

// disk is a place for a desk's folder that can be full.
type disk struct {
	dir  string
	wrap []string // the command line before docket's
	fill func(t *testing.T, d *rig.Desk)
	free func(t *testing.T, d *rig.Desk)
}

const roomFor = 48 << 20 // bytes

// smallDisk is a file system of its own, where one may be mounted.
func smallDisk(t *testing.T) (disk, error) {
	dir := t.TempDir()
	if err := mount(dir, roomFor); err != nil {
		return disk{}, err
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Error(err)
		}
	})
	filler, desk := filepath.Join(dir, "filler"), filepath.Join(dir, "desk")
	if err := os.Mkdir(desk, 0o700); err != nil {
		return disk{}, err
	}
	return disk{dir: desk,
		fill: func(t *testing.T, _ *rig.Desk) {
			f, err := os.Create(filler)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, size := range []int{1 << 20, 4096, 1} { // to the last byte
				b := make([]byte, size)
				for err = nil; err == nil; {
					_, err = f.Write(b)
				}
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
			}
		},
		free: func(t *testing.T, _ *rig.Desk) {
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		}}, nil
}

// smallFiles is a bound on the size of any one file: what every user may set.
func smallFiles(t *testing.T) disk {
	set := func(bound string) func(*testing.T, *rig.Desk) {
		return func(t *testing.T, d *rig.Desk) {
			if out, err := exec.Command("prlimit", "--pid", strconv.Itoa(d.Processes()[0].PID()), "--fsize="+bound+":").CombinedOutput(); err != nil {
				t.Fatalf("prlimit: %v: %s", err, out)
			}
		}
	}
	return disk{dir: t.TempDir(), fill: set("4096"), free: set("unlimited")}
}

func TestAFullDiskRefusesWritesInEachDoorsShapeAndReadsGoOn(t *testing.T) {
	rig.Needed(t)
	if rig.OnServer() {
		t.Skip("the database's disk is another's")
	}
	t.Run("a file system without room", func(t *testing.T) {
		small, err := smallDisk(t)
		if err != nil {
			t.Logf("none may be mounted here (%v): a bound on the size of files stands in for one", err)
			small = smallFiles(t)
		}
		onFullDisk(t, small)
	})
	t.Run("a bound on the size of files", func(t *testing.T) { onFullDisk(t, smallFiles(t)) })
}

// unavailable is how each door says that it cannot now.
var unavailable = map[string]struct {
	status       int
	header, body string // expressions
}{
	"native":    {503, `application/problem\+json`, `"title":`},
	"outposts":  {503, `ServiceUnavailableException`, `^\{"Message":"[^"]+"\}`},
	"ard":       {503, `application/json`, `"message": ?"[^"]+".*"code":.*"type":`},
	"modelarts": {503, `application/json`, `"error_msg":"[^"]+","error_code":"[^"]+"`},
	"waldur":    {503, `application/json`, `"detail": ?"[^"]+"`},
}

func onFullDisk(t *testing.T, small disk) {
	d := rig.New(t, rig.Options{Dir: small.dir, Clocked: true})
	d.Start(t)
	l := &load{t: t, d: d, book: newBook(), doors: rig.Doors(t, d)}
	for _, door := range l.doors {
		l.place(t.Context(), door, 1)
	}
	ready(t, d, http.StatusOK, "ready")
	small.fill(t, d)

	refusing(t, l)
	for _, o := range l.book.orders[:len(l.doors)] {
		if r := o.door.Place(t.Context(), o.key, o.many, true); r.Outcome != rig.Done || r.ID != o.id {
			t.Errorf("%s's order, asked for again, is answered %s", o.door.Name(), r)
		}
		if _, err := d.Staff().Order(t.Context(), o.id.Decimal()); err != nil {
			t.Errorf("%s's order cannot be read: %v", o.door.Name(), err)
		}
	}
	ready(t, d, http.StatusServiceUnavailable, "cannot be used just now")
	d.Verify(t)

	small.free(t, d)
	ready(t, d, http.StatusOK, "ready")
	for _, door := range l.doors {
		if r := door.Place(t.Context(), l.book.key("again"), 1, false); r.Outcome != rig.Done {
			t.Errorf("with room again, %s answers %s", door.Name(), r)
		} else {
			l.hear(l.book.asking(door, "again "+door.Name(), 1, 1), r)
		}
	}
	l.settle(&tally{})
	d.Kill()
	d.VerifyAtRest(t)
}

// refusing asks each door for orders until it cannot take one, and looks at how it says so.
func refusing(t *testing.T, l *load) {
	for _, door := range l.doors {
		var r rig.Result
		for range 10_000 { // the log has room of its own
			o := l.book.asking(door, l.book.key(door.Name()[:1]), 1, l.round)
			if r = door.Place(t.Context(), o.key, 1, false); r.Outcome == rig.Unknown {
				break
			}
			l.hear(o, r)
		}
		want := unavailable[door.Name()]
		var header strings.Builder
		if err := r.Header.Write(&header); err != nil {
			t.Fatal(err)
		}
		if r.Status != want.status || !regexp.MustCompile(want.header).MatchString(header.String()) || !regexp.MustCompile("(?s)"+want.body).MatchString(r.Body) {
			t.Errorf("on a full disk %s answers %s\n%s", door.Name(), r, header.String())
		}
	}
}

// ready asks /readyz until it says what it should, within what it may go on believing.
func ready(t *testing.T, d *rig.Desk, status int, says string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(15 * time.Second)
	for {
		code, body := get(t, d.Root()+"/readyz")
		if code == status && strings.Contains(body, says) {
			break
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("/readyz says %d %s, want %d and %q", code, body, status, says)
		}
	}
	if code, body := get(t, d.Root()+"/healthz"); code != http.StatusOK {
		t.Errorf("the process is well, and says %d %s", code, body)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := rig.HTTP.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}
