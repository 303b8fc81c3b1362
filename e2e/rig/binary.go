package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

var built atomic.Pointer[string]

// binary builds docket once for all tests of a package.
var binary = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "docket-rig-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "docket")
	built.Store(&path)
	build := exec.Command("go", "build", "-o", path, "./cmd/docket")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/docket: %w\n%s", err, out)
	}
	return path, nil
})

// Binary is the program under test.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
