package sqlite

import (
	"context"
	"errors"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
)

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
