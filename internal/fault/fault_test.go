package fault

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func arm(t *testing.T, spec string) {
	t.Helper()
	if err := Arm(spec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { armed.Store(nil) })
}

func TestNothingHappensUntilAskedFor(t *testing.T) {
	for _, p := range Points() {
		if err := At(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = At(CommitBefore) }); n != 0 {
		t.Errorf("a point that is not armed costs %v allocations", n)
	}
}

func TestAnErrorComesOnceAtTheTimeNamed(t *testing.T) {
	arm(t, CommitBefore+":3:error")
	for n, want := range []error{nil, nil, ErrInjected, nil} {
		if err := At(CommitBefore); !errors.Is(err, want) {
			t.Errorf("time %d: %v, want %v", n+1, err, want)
		}
		if err := At(CommitAfter); err != nil {
			t.Errorf("another point: %v", err)
		}
	}
}

func TestAFullDiskStaysFull(t *testing.T) {
	arm(t, UploadHalf+":2:full")
	for n, want := range []bool{false, true, true} {
		if err := At(UploadHalf); errors.Is(err, syscall.ENOSPC) != want {
			t.Errorf("time %d: %v", n+1, err)
		}
	}
}

func TestAnyCountsAllPoints(t *testing.T) {
	arm(t, Any+":3:error,"+JobRead+":2:error")
	got := []error{At(CommitBefore), At(JobRead), At(RenameAfter), At(JobRead)}
	for n, want := range []error{nil, nil, ErrInjected, ErrInjected} {
		if !errors.Is(got[n], want) {
			t.Errorf("pass %d: %v, want %v", n+1, got[n], want)
		}
	}
}

func TestWhatIsNoFaultIsSaidToBeNone(t *testing.T) {
	for spec, want := range map[string]string{
		"commit.before":          "write point:count:what",
		"commit.before:0:kill":   "the first time is 1",
		"commit.before:x:kill":   "the first time is 1",
		"commit.beside:1:kill":   "there is no point",
		"commit.before:1:shout":  "nothing that could happen",
		"any:1:kill,nothing:1:x": "there is no point",
	} {
		if err := Arm(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
}

// The test's own program, started again, dies at the point.
func TestAKilledProcessRunsNothingThatWasDeferred(t *testing.T) {
	if os.Getenv(Env) != "" {
		if err := Arm(os.Getenv(Env)); err != nil {
			t.Fatal(err)
		}
		defer os.Stdout.WriteString("deferred\n")
		_ = At(CommitAfter)
		os.Stdout.WriteString("went on\n")
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^TestAKilledProcessRunsNothingThatWasDeferred$")
	c.Env = append(os.Environ(), Env+"="+CommitAfter+":1:kill")
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Success() {
		t.Fatalf("it ended with %v: %s", err, out)
	}
	if s := string(out); !strings.Contains(s, "killed at commit.after") || strings.Contains(s, "went on") || strings.Contains(s, "deferred") {
		t.Errorf("it said %q", s)
	}
}
