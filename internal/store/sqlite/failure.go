package sqlite

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
)

// failure turns what the driver answers into the core's error, by code alone.
func failure(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	code := sqlite.ErrCode(err)
	e := &core.Error{Kind: core.Internal, Op: op, Err: err}
	switch {
	case code == sqlite.ResultConstraintUnique || code == sqlite.ResultConstraintPrimaryKey || code == sqlite.ResultConstraintRowID:
		e.Kind, e.Reason, e.Msg = core.Conflict, core.ReasonName, "That name is taken."
	case code.ToPrimary() == sqlite.ResultInterrupt && ctx.Err() != nil:
		e.Kind, e.Msg, e.Err = core.Unavailable, "The request ended before its answer.", ctx.Err()
	case unavailable[code.ToPrimary()]:
		e.Kind, e.Msg = core.Unavailable, "The desk's storage cannot be used just now. Try again later."
	case code.ToPrimary() == sqlite.ResultTooBig:
		e.Kind, e.Msg = core.TooLarge, "That is too large to be kept."
	}
	return e
}

// unavailable are the codes that time or an operator mends.
var unavailable = map[sqlite.ResultCode]bool{
	sqlite.ResultFull:      true,
	sqlite.ResultReadOnly:  true,
	sqlite.ResultIOErr:     true,
	sqlite.ResultBusy:      true,
	sqlite.ResultLocked:    true,
	sqlite.ResultProtocol:  true,
	sqlite.ResultCantOpen:  true,
	sqlite.ResultNoMem:     true,
	sqlite.ResultPerm:      true,
	sqlite.ResultInterrupt: true,
}

func unusable(op, msg string, err error) error {
	return &core.Error{Kind: core.Unavailable, Op: op, Msg: msg, Err: err}
}
