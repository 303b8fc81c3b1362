package flock

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestALockIsOnesUntilItIsClosed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	take := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second := take(), take()
	defer second.Close()
	if held, err := Try(first); held || err != nil {
		t.Fatalf("%v, %v", held, err)
	}
	if held, err := Try(second); !held || err != nil {
		t.Errorf("taken twice: %v, %v", held, err)
	}
	got := make(chan error)
	third := take()
	defer third.Close()
	go func() { got <- Wait(third) }()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("who waits for a lock that is free waits on")
	}
	if held, err := Try(second); !held || err != nil {
		t.Errorf("taken beside who waited: %v, %v", held, err)
	}
}
