package sqlite

import (
	"context"
	"errors"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

func TestFiltersBecomeConditions(t *testing.T) {
	never := false
	for name, tt := range map[string]struct {
		filter func(w *where)
		want   string
		args   int
	}{
		"nothing narrows nothing": {func(w *where) {
			in(w, "a", []id.ID(nil))
			is(w, "b", id.ID(0))
			w.text("c", "")
			w.yes("d", nil)
			words(w, "e", []string(nil))
			w.contains("", "f")
			w.between("g", nil, nil)
			w.sight(nil, owners{customer: "h"})
			w.sight(&core.Sight{All: true}, owners{customer: "h"})
		}, "", 0},
		"one of a list is compared": {func(w *where) { in(w, "a", []id.ID{4}) }, " WHERE a = ?", 1},
		"many are one parameter":    {func(w *where) { in(w, "a", []id.ID{4, 5, 6}) }, " WHERE a IN (SELECT value FROM json_each(?))", 1},
		"conditions hold together":  {func(w *where) { w.text("a", "x"); w.yes("b", &never) }, " WHERE a = ? AND b = ?", 2},
		"parts of a sight each show": {func(w *where) {
			w.sight(&core.Sight{Customers: []id.ID{1}, Users: []id.ID{2}}, owners{customer: "c", user: "u"})
		}, " WHERE (c = ? OR u = ?)", 2},
		"a sight of nothing shows none": {func(w *where) { w.sight(&core.Sight{}, owners{customer: "c"}) }, " WHERE (1 = 0)", 0},
		"a part the record has not":     {func(w *where) { w.sight(&core.Sight{Users: []id.ID{2}}, owners{customer: "c"}) }, " WHERE (1 = 0)", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var w where
			tt.filter(&w)
			if w.sql() != tt.want || len(w.args) != tt.args {
				t.Errorf("got %q with %d parameters, want %q with %d", w.sql(), len(w.args), tt.want, tt.args)
			}
		})
	}
}

func TestPatternsMatchTheirTextAlone(t *testing.T) {
	if got, want := pattern(`50%_Off\`).s, `%50\%\_off\\%`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnswersOfTheDriverBecomeErrorsByCode(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx    context.Context
		code   sqlite.ResultCode
		kind   core.Kind
		reason string
	}{
		"a unique index":            {t.Context(), sqlite.ResultConstraintUnique, core.Conflict, core.ReasonName},
		"a primary key":             {t.Context(), sqlite.ResultConstraintPrimaryKey, core.Conflict, core.ReasonName},
		"an id":                     {t.Context(), sqlite.ResultConstraintRowID, core.Conflict, core.ReasonName},
		"another constraint":        {t.Context(), sqlite.ResultConstraintNotNull, core.Internal, ""},
		"a full disk":               {t.Context(), sqlite.ResultFull, core.Unavailable, ""},
		"a disk for reading only":   {t.Context(), sqlite.ResultReadOnlyDBMoved, core.Unavailable, ""},
		"a disk that fails":         {t.Context(), sqlite.ResultIOErrFsync, core.Unavailable, ""},
		"somebody else's lock":      {t.Context(), sqlite.ResultBusySnapshot, core.Unavailable, ""},
		"a value too large":         {t.Context(), sqlite.ResultTooBig, core.TooLarge, ""},
		"a file that is none of it": {t.Context(), sqlite.ResultNotADB, core.Internal, ""},
		"a context that ended":      {ended, sqlite.ResultInterrupt, core.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var e *core.Error
			err := failure(tt.ctx, "op", tt.code.ToError())
			if !errors.As(err, &e) || e.Kind != tt.kind || e.Reason != tt.reason {
				t.Errorf("got %v, want %s %s", err, tt.kind, tt.reason)
			}
		})
	}
	if failure(t.Context(), "op", nil) != nil {
		t.Error("no failure became one")
	}
}
