package postgres

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/store/postgres/pgtest"
)

// The judge is worth nothing unless it sees what it is there for: each rule that is left
// out must show within a few short runs.
func TestTheJudgeSeesARuleThatIsLeftOut(t *testing.T) {
	pgtest.Long(t)
	for name, x := range map[string]struct {
		rule *bool
		cuts int
	}{
		"requests are not locked":            {&leftOut.requestLocks, 0},
		"limits change while orders come":    {&leftOut.deskLock, 0},
		"a lost commit counts as not done":   {&leftOut.batchRows, 10},
		"balances are not locked":            {&leftOut.balanceLocks, 0},
		"limits are believed without a look": {&leftOut.shelf, 0},
	} {
		t.Run(name, func(t *testing.T) {
			*x.rule = true
			defer func() { *x.rule = false }()
			for range 8 {
				f := begin(t, perils{cuts: x.cuts}, 1500*time.Millisecond)
				f.burnInside()
				if j := judged(t, f.run); len(j.found) > 0 {
					t.Logf("%v, such as %s", slices.Sorted(maps.Keys(j.found)), j.wrong()[0])
					return
				}
			}
			t.Error("the judge saw nothing")
		})
	}
}

// burnInside runs three desks, all within the test's own process.
func (f *fire) burnInside() {
	var desks sync.WaitGroup
	for n := range 3 {
		r := f.run
		r.Process, r.Ahead = n+1, time.Duration(n)*300*time.Millisecond
		p, through := newProxy(f.t, f.dsn)
		p.set(f.misfortune)
		r.DSN = through
		desks.Go(func() { f.inside(context.Background(), r, n == 0) })
	}
	f.drain(&desks)
}
