package backup_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/docket-desk/docket/internal/backup"
)

// TestOnAFullDiskABackupLeavesNothing has the system refuse files of more than some size, as
// a disk without room does in the middle of a file.
func TestOnAFullDiskABackupLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	p, err := backup.NewFile(filepath.Join(dir, "desk.tar"))
	if err != nil {
		t.Fatal(err)
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 5 << 20, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	_, err = backup.Write(t.Context(), backup.Request{Place: p, Read: many.Dump})
	if again := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); again != nil {
		t.Fatal(again)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("it says %v", err)
	}
	alone(t, dir)
}
