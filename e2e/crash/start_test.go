package crash

import (
	"strconv"
	"strings"
	"testing"

	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/fault"
)

// A newcomer's first start may be cut off anywhere: between making a key and keeping it,
// in the middle of the schema.
func TestAFirstStartThatIsKilledAnywhereIsFollowedByOneThatServes(t *testing.T) {
	rig.Needed(t)
	if rig.OnServer() {
		t.Skip("there is one database, and it can be new once")
	}
	for _, point := range []string{fault.RenameBefore, fault.RenameAfter, fault.CommitBefore, fault.CommitAfter} {
		t.Run(point, func(t *testing.T) {
			killed := 0
			for {
				d := rig.Empty(t.TempDir())
				d.Start(t, point+":"+strconv.Itoa(killed+1)+":"+fault.Kill)
				if d.Root() != "" { // it passes the point no more often than that before it serves
					d.Kill()
					break
				}
				killed++
				d.Start(t)
				if d.Root() == "" {
					t.Fatalf("killed at %s the %dth time, it never starts again:\n%s", point, killed, d.Processes()[0].Said())
				}
				d.Stop(t)
				d.VerifyAtRest(t)
			}
			if killed < 3 {
				t.Errorf("a first start passes %s %d times: was it killed at all?", point, killed)
			}
		})
	}
}

func TestASecondProcessOnOneFolderIsRefusedAndTheFirstGoesOn(t *testing.T) {
	rig.Needed(t)
	if rig.OnServer() {
		t.Skip("any number of processes may serve one PostgreSQL")
	}
	d := rig.New(t, rig.Options{})
	d.Start(t)
	for name, args := range map[string][]string{
		"serve":   {"serve", "--data", d.Dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"},
		"demo":    {"demo", "--data", d.Dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--exit"},
		"migrate": {"migrate", "--data", d.Dir},
	} {
		code, said := rig.Run(t, nil, args...)
		if code != 1 || !strings.Contains(said, "in use by another docket") || !strings.Contains(said, d.Dir) || strings.Count(strings.TrimSpace(said), "\n") > 0 {
			t.Errorf("%s ends with %d and says\n%s", name, code, said)
		}
	}
	d.Verify(t)
	d.Kill() // what was killed holds no lock
	d.Start(t)
	d.Verify(t)
}
