package seal

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/fault"
)

func TestAKeyIsMadeOnceWhoeverStartsFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "master.key")
	keys := make([]Key, 8)
	var all sync.WaitGroup
	for n := range keys {
		all.Go(func() {
			var err error
			if keys[n], err = LoadOrMake(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || k == (Key{}) {
			t.Fatalf("those who started at once have the keys %x", keys)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != 1 {
		t.Errorf("%d files are left, %v", len(list), err)
	}
}

func TestAKeyIsWrittenWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	t.Cleanup(func() { _ = fault.Arm("") })
	if err := fault.Arm(fault.RenameBefore + ":1:error"); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrMake(path); !errors.Is(err, fault.ErrInjected) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key that was not made lies in its place: %v", err)
	}
	first, err := LoadOrMake(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LoadOrMake(path); err != nil || again != first {
		t.Errorf("read again it is another: %v", err)
	}
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrMake(path); err == nil {
		t.Error("half a key was taken for one")
	}
}
