package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/seal"
)

// fillable is a store whose disk can be full.
type fillable struct {
	core.Store
	full  bool
	tried int
}

func (s *fillable) Update(ctx context.Context, on core.Touch, fn func(tx core.Tx) error) error {
	s.tried++
	if s.full {
		return &core.Error{Kind: core.Unavailable, Op: "commit", Msg: "The desk's storage cannot be used just now.", Err: errors.New("disk is full")}
	}
	return s.Store.Update(ctx, on, fn)
}

type fillingDesk struct{ *desk }

func onADiskThatFills(t *testing.T) (fillingDesk, *fillable) {
	d := newDesk(t)
	disk := &fillable{Store: d.store}
	d.Core = core.New(disk, d.clock.now, id.NewSource(d.clock.now, 0, d.NewID()), seal.Key{1}, nil, core.Config{})
	return fillingDesk{d}, disk
}

// write does something that has to be kept.
func (d fillingDesk) write(ctx context.Context) error {
	_, err := d.Apply(ctx, core.System(), core.World{})
	return err
}

func TestReadinessFindsAFullDiskAndRoomOnItBeforeAnyOrderDoes(t *testing.T) {
	d, disk := onADiskThatFills(t)
	ready := func(want string) {
		t.Helper()
		err := d.Ready(t.Context())
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("readiness says %v, want %q", err, want)
		}
	}
	ready("")
	disk.full = true
	ready("") // just tried
	d.clock.ahead(10 * time.Second)
	ready("disk is full") // nobody else has tried to write
	ready("disk is full")
	disk.full = false
	ready("")
	disk.full = true
	if err := d.write(t.Context()); core.KindOf(err) != core.Unavailable {
		t.Fatal(err)
	}
	ready("disk is full") // at once: a write has failed
	disk.full = false
	ready("")
	before := disk.tried
	for range 5 {
		ready("")
	}
	d.clock.ahead(-time.Hour) // a clock set back is no reason not to try again
	ready("")
	if disk.tried != before+1 {
		t.Errorf("asked six times it wrote %d times, want once", disk.tried-before)
	}
}

func TestARequestThatEndedPutsNoWriteInDoubt(t *testing.T) {
	d, disk := onADiskThatFills(t)
	if err := d.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.write(ctx); core.KindOf(err) != core.Unavailable {
		t.Fatalf("got %v", err)
	}
	tried := disk.tried
	if err := d.Ready(t.Context()); err != nil || disk.tried != tried {
		t.Errorf("%v after %d writes", err, disk.tried-tried)
	}
}
