package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/order"
)

// pile lets acts gather in the line while the writer is held, lets them go and returns
// how each ended. They are in the line in their order.
func pile(t *testing.T, s *Store, acts ...func(tx core.Tx) error) []error {
	t.Helper()
	return pileOn(t, s, core.Touch{}, -1, acts...)
}

// pileOn is pile where one act, by its place, has another Touch.
func pileOn(t *testing.T, s *Store, on core.Touch, which int, acts ...func(tx core.Tx) error) []error {
	t.Helper()
	ended := make([]error, len(acts))
	var all sync.WaitGroup
	keep(t, s, func(core.Tx) error {
		for i, act := range acts {
			was, touch := s.line.Waiting(), core.Touch{}
			if i == which {
				touch = on
			}
			all.Go(func() {
				defer func() {
					if p := recover(); p != nil {
						ended[i] = fmt.Errorf("panic: %v", p)
					}
				}()
				ended[i] = s.Update(t.Context(), touch, act)
			})
			for s.line.Waiting() == was {
				runtime.Gosched()
			}
		}
		return nil
	})
	all.Wait()
	return ended
}

// commits counts the transactions that were committed.
func commits(s *Store, during func()) int64 {
	before := s.commits.Load()
	during()
	return s.commits.Load() - before
}

var orderOfNobody = order.Order{ID: 9, Type: order.Create, State: order.Done, Rev: 1}

func event(kind string) func(tx core.Tx) error {
	return func(tx core.Tx) error { return tx.InsertEvent(core.Event{Kind: kind}) }
}

// keepEvent keeps an event and returns its position.
func keepEvent(t *testing.T, s *Store, kind string) int64 {
	t.Helper()
	keep(t, s, event(kind))
	var last int64
	if err := s.View(t.Context(), func(r core.Reader) error {
		list, err := r.Events(core.EventQuery{Limit: 1000})
		last = list[len(list)-1].Pos
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return last
}

func put(name string) func(tx core.Tx) error {
	return func(tx core.Tx) error { return tx.PutMeta(name, "kept") }
}

// kept are the names among these that were put.
func kept(t *testing.T, s *Store, names ...string) string {
	t.Helper()
	var got []string
	if err := s.View(t.Context(), func(r core.Reader) error {
		for _, n := range names {
			v, err := r.Meta(n)
			if err != nil {
				return err
			}
			if v == "kept" {
				got = append(got, n)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

var errNo = errors.New("no")

func TestWhoWaitsTogetherSharesOneCommit(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	var acts []func(tx core.Tx) error
	for i := range 50 {
		acts = append(acts, put(fmt.Sprint(i)))
	}
	if n := commits(s, func() {
		for i, err := range pile(t, s, acts...) {
			if err != nil {
				t.Errorf("act %d: %v", i, err)
			}
		}
	}); n != 1 {
		t.Errorf("%d commits for acts that waited together", n)
	}
	if got := kept(t, s, "0", "25", "49"); got != "0 25 49" {
		t.Errorf("kept is %q", got)
	}
}

func TestAnActSeesThoseBeforeItInItsBatch(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	seen := ""
	pile(t, s, put("a"), func(tx core.Tx) error {
		var err error
		seen, err = tx.Meta("a")
		return err
	})
	if seen != "kept" {
		t.Errorf("the second act of a batch read %q", seen)
	}
}

func TestARefusalBeforeAnyWriteLeavesTheOthersInTheirBatch(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	runs := 0
	n := commits(s, func() {
		ended := pile(t, s, put("a"), func(core.Tx) error { runs++; return errNo }, put("b"))
		if ended[0] != nil || !errors.Is(ended[1], errNo) || ended[2] != nil {
			t.Errorf("they ended %v", ended)
		}
	})
	if n != 1 || runs != 1 {
		t.Errorf("%d commits, the refused act ran %d times", n, runs)
	}
	if got := kept(t, s, "a", "b"); got != "a b" {
		t.Errorf("kept is %q", got)
	}
}

func TestAnActThatFailsAfterAWriteFailsAlone(t *testing.T) {
	for name, fail := range map[string]func(tx core.Tx) error{
		"by an error":                func(tx core.Tx) error { return errors.Join(put("c")(tx), errNo) },
		"by a panic":                 func(tx core.Tx) error { _ = put("c")(tx); panic("no") },
		"by a failed write":          func(tx core.Tx) error { return errors.Join(put("c")(tx), tx.UpdateOrder(orderOfNobody)) },
		"by a failed write it hides": func(tx core.Tx) error { _ = tx.UpdateOrder(orderOfNobody); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := openIn(t, t.TempDir(), Options{})
			first := keepEvent(t, s, "first")
			ended := pile(t, s, put("a"), fail, event("second"), put("b"))
			if ended[0] != nil || ended[1] == nil || ended[2] != nil || ended[3] != nil {
				t.Errorf("they ended %v", ended)
			}
			if got := kept(t, s, "a", "b", "c"); got != "a b" {
				t.Errorf("kept is %q", got)
			}
			if second := keepEvent(t, s, "third") - 1; second != first+1 {
				t.Errorf("positions %d and %d are not next to each other", first, second)
			}
		})
	}
}

func TestAPanicAloneIsItsOwn(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	ended := pile(t, s, put("a"), func(core.Tx) error { panic("before any write") })
	if ended[0] != nil || ended[1] == nil || !strings.Contains(ended[1].Error(), "before any write") || !strings.Contains(ended[1].Error(), "writer_test.go") {
		t.Errorf("they ended %v", ended)
	}
	if got := kept(t, s, "a"); got != "a" {
		t.Errorf("kept is %q", got)
	}
}

func TestAnActThatScansHasABatchOfItsOwn(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	n := commits(s, func() {
		for _, err := range pileOn(t, s, core.Touch{Scan: true}, 2, put("a"), put("b"), put("c"), put("d"), put("e")) {
			if err != nil {
				t.Error(err)
			}
		}
	})
	if n != 3 {
		t.Errorf("%d commits, want one before the scan, its own, and one after", n)
	}
}

func TestWhatCannotBeCommittedIsAnsweredToAllOfTheBatch(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	if err := s.writer.script("PRAGMA max_page_count = 1"); err != nil { // no less than it has now
		t.Fatal(err)
	}
	big := func(tx core.Tx) error { return tx.PutMeta("c", strings.Repeat("x", 1<<20)) }
	ended := pile(t, s, big, big)
	for _, err := range ended {
		if !errors.Is(err, core.Unavailable) {
			t.Errorf("it ended %v", err)
		}
	}
	if err := s.writer.script("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	keep(t, s, put("a"))
	if got := kept(t, s, "a"); got != "a" {
		t.Errorf("kept is %q", got)
	}
}

func TestWhoWaitsWhenTheDeskClosesIsToldSo(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	late := make(chan error, 1)
	keep(t, s, func(core.Tx) error {
		go func() { late <- s.Close() }()
		<-s.closed
		return nil
	})
	if err := <-late; err != nil {
		t.Error(err)
	}
	wantRefused(t, s.line.Wait(context.Background(), core.Touch{}, put("a")).Err, "closing")
}

func TestTheLogIsTakenIntoTheFileAndBeginsAgain(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	most := 0
	for i := range 60 { // each some 1 000 frames: without a checkpoint the log would have 60 000
		keep(t, s, func(tx core.Tx) error { return tx.PutMeta(fmt.Sprint(i%4), strings.Repeat("x", 4<<20)) })
		most = max(most, s.log.length())
	}
	if most > 3*overlong {
		t.Errorf("the log grew to %d frames", most)
	}
}
