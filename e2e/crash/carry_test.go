package crash

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/store/storetest/fresh"
)

// newPlace is where a desk may be restored to, as flags.
func newPlace(t *testing.T) []string {
	if rig.OnServer() {
		return []string{"--db", fresh.Address(t)}
	}
	return []string{"--data", filepath.Join(t.TempDir(), "desk")}
}

func TestARestoreThatIsKilledAnywhereIsNeverTakenForADesk(t *testing.T) {
	rig.Needed(t)
	if *rig.DB != "" {
		t.Skip("there is one database, and it can be empty once")
	}
	d := rig.New(t, rig.Options{})
	d.Start(t)
	l := &load{t: t, d: d, book: newBook(), doors: rig.Doors(t, d)}
	for _, door := range l.doors {
		l.place(t.Context(), door, 1)
	}
	file := filepath.Join(t.TempDir(), "desk.tar")
	d.Backup(t, file)
	d.Kill()
	killed := 0
	for _, point := range []string{fault.CommitBefore, fault.CommitAfter} {
		for n := 1; ; n += 6 {
			to := newPlace(t)
			code, said := rig.Run(t, []string{fault.Env + "=" + point + ":" + strconv.Itoa(n) + ":" + fault.Kill}, append(append([]string{"restore"}, to...), file)...)
			if code == 0 { // it passes the point no more often than that
				break
			}
			killed++
			if !strings.Contains(said, "killed at "+point) {
				t.Fatalf("it ends with %d and says\n%s", code, said)
			}
			code, said = rig.Run(t, nil, append(append([]string{"backup"}, to...), file+".none")...)
			whole := code == 0 && point == fault.CommitAfter && lastCommit(t, file, n)
			if !whole && (code != 1 || !strings.Contains(said, "is not whole") && !strings.Contains(said, "older than this program's")) {
				t.Errorf("killed at %s the %dth time, what is left is taken for a desk: %d\n%s", point, n, code, said)
			}
			again := append(append([]string{"restore"}, to...), file)
			code, said = rig.Run(t, nil, again...)
			nothing := code == 0 && rig.OnServer() // was there yet
			if !nothing && (code != 1 || !strings.Contains(said, "already") && !strings.Contains(said, "is not whole")) {
				t.Errorf("restored over half a desk it ends with %d and says\n%s", code, said)
			}
			if !rig.OnServer() {
				if err := os.RemoveAll(to[1]); err != nil {
					t.Fatal(err)
				}
				if code, said := rig.Run(t, nil, again...); code != 0 || !strings.Contains(said, "the books agree") {
					t.Errorf("restored after that was taken away it ends with %d and says\n%s", code, said)
				}
			}
		}
	}
	if killed < 8 {
		t.Errorf("it was killed %d times", killed)
	}
}

// lastCommit reports whether a restore commits no more than n times: killed after that, it
// has done all there is to do.
func lastCommit(t *testing.T, file string, n int) bool {
	code, _ := rig.Run(t, []string{fault.Env + "=" + fault.CommitAfter + ":" + strconv.Itoa(n+1) + ":" + fault.Kill}, append(append([]string{"restore"}, newPlace(t)...), file)...)
	return code == 0
}

func TestABackupThatIsKilledLeavesNothingUnderItsName(t *testing.T) {
	rig.Needed(t)
	d := rig.New(t, rig.Options{})
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "desk.tar"), filepath.Join(dir, "pieces")
	for to, point := range map[string]string{file: fault.RenameBefore, "file://" + folder: fault.UploadBefore} {
		for n := 1; n < 40; n += 3 {
			code, said := d.Try(t, []string{fault.Env + "=" + point + ":" + strconv.Itoa(n) + ":" + fault.Kill}, "backup", "--data", d.Dir, to)
			if code == 0 {
				break
			}
			if !strings.Contains(said, "killed at "+point) {
				t.Fatalf("it ends with %d and says\n%s", code, said)
			}
			if code, said := rig.Run(t, nil, "restore", "--check", strings.TrimPrefix(to, "file://")); code != 1 || !strings.Contains(said, "no such file") && !strings.Contains(said, "is no backup, or one that was never finished") {
				t.Errorf("killed at %s the %dth time, what is left is a backup: %d\n%s", point, n, code, said)
			}
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
}
