package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// taker counts what it is handed; begun is run when that begins.
type taker struct {
	begun func() error
	shot  core.Snapshot
	rows  int64
}

func (h *taker) Begin(s core.Snapshot) error {
	h.shot = s
	if h.begun != nil {
		return h.begun()
	}
	return nil
}

func (h *taker) Table(core.Table) error { return nil }
func (h *taker) Row([]core.Value) error { h.rows++; return nil }
func (h *taker) End() error             { return nil }

func TestTheWholeDeskIsHandedToStaffAloneAndTheFeedTells(t *testing.T) {
	d := newDesk(t)
	narrowed, reading := d.staff, d.staff
	narrowed.Project, reading.ReadOnly = d.project.ID, true
	for name, who := range map[string]core.Actor{"an owner": d.owner, "a provider": d.seller, "nobody": {}, "a key for reading": reading, "a key for one project": narrowed} {
		if err := d.Backup(t.Context(), who, &taker{}); core.KindOf(err) != core.Forbidden {
			t.Errorf("%s is told %v", name, err)
		}
	}
	told := func() (events []core.Event) {
		if err := d.store.View(t.Context(), func(r core.Reader) (err error) {
			events, err = r.Events(core.EventQuery{Kinds: []string{"backup.begun"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return events
	}
	if e := told(); len(e) > 0 {
		t.Errorf("what was refused is told as %v", e)
	}
	h := &taker{}
	if err := d.Backup(t.Context(), d.staff, h); err != nil {
		t.Fatal(err)
	}
	e := told()
	if len(e) != 1 || e[0].By != d.staff.User.ID || !strings.Contains(string(e[0].Body), `"login":"`+d.staff.User.Login+`"`) {
		t.Errorf("it is told as %v", e)
	}
	if h.rows != h.shot.Rows() || h.rows < 20 || h.shot.Pos != e[0].Pos {
		t.Errorf("%d rows were handed over of %d, up to event %d", h.rows, h.shot.Rows(), h.shot.Pos)
	}
}

func TestOneBackupIsTakenAtATimeAndTheNextAfterIt(t *testing.T) {
	d := newDesk(t)
	h := &taker{}
	h.begun = func() error {
		if err := d.Backup(t.Context(), d.staff, &taker{}); core.KindOf(err) != core.Conflict {
			t.Errorf("meanwhile a second one is told %v", err)
		}
		return errors.New("the caller has gone")
	}
	if err := d.Backup(t.Context(), d.staff, h); err == nil || err.Error() != "the caller has gone" {
		t.Errorf("it says %v", err)
	}
	if err := d.Backup(t.Context(), d.staff, &taker{}); err != nil {
		t.Errorf("the next one says %v", err)
	}
}

func TestADeskIsHandedOverWithinABound(t *testing.T) {
	d := newDesk(t)
	h := &taker{}
	err := core.DumpWithin(t.Context(), d.store, time.Nanosecond, h)
	if core.KindOf(err) != core.Unavailable || !strings.Contains(core.AsError(err).Msg, "not handed over within 1ns") {
		t.Errorf("it says %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := core.DumpWithin(ctx, d.store, time.Hour, h); err == nil || strings.Contains(core.AsError(err).Msg, "within") {
		t.Errorf("a caller that has gone is told %v", err)
	}
	if err := core.DumpWithin(t.Context(), d.store, time.Hour, h); err != nil {
		t.Error(err)
	}
}
