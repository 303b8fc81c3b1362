package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/docket-desk/docket/internal/core"
)

// Codes of PostgreSQL, by its appendix A.
const (
	codeUnique      = "23505"
	codeSerialize   = "40001"
	codeDeadlock    = "40P01"
	codeLockTimeout = "55P03"
	codeCanceled    = "57014"
	codeEncoding    = "22021"
	codeEscape      = "22P05"
	codeTooLarge    = "54000"
	codeReadOnly    = "25006"
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
	e := &core.Error{Kind: core.Internal, Op: op, Err: err}
	code := codeOf(err)
	switch {
	case code == codeUnique:
		e.Kind, e.Reason, e.Msg = core.Conflict, core.ReasonName, "That name is taken."
	case ctx.Err() != nil && (code == codeCanceled || code == ""):
		e.Kind, e.Msg, e.Err = core.Unavailable, "The request ended before its answer.", ctx.Err()
	case code == codeEncoding, code == codeEscape:
		e.Kind, e.Msg = core.Invalid, "A text has a character that cannot be kept."
	case code == codeTooLarge:
		e.Kind, e.Msg = core.TooLarge, "That is too large to be kept."
	case code == "", unavailable[code], unavailable[code[:2]]:
		e.Kind, e.Msg = core.Unavailable, "The desk's storage cannot be used just now. Try again later."
	}
	return e
}

// codeOf is the code that the server gave; "" where it was not the server that failed.
func codeOf(err error) string {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// fatal reports whether the connection is of no use any more.
func fatal(err error) bool {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.SeverityUnlocalized != "ERROR"
	}
	var ours *core.Error // what was read or is to be written is at fault
	return err != nil && !errors.As(err, &ours)
}

// spent reports whether another connection may do better: it is lost, or was made while
// the database was for reading only, which it goes on to be for as long as it lives.
func spent(err error) bool { return fatal(err) || codeOf(err) == codeReadOnly }

// again reports whether the act may succeed when it is run again.
func again(err error) bool {
	switch codeOf(err) {
	case codeSerialize, codeDeadlock, codeLockTimeout:
		return true
	}
	return false
}

// unavailable are the codes, or the classes of codes, that time or an operator mends.
var unavailable = map[string]bool{
	"08":            true, // connection
	codeReadOnly:    true, // a database for reading only
	"25P03":         true, // idle in transaction for too long
	"53":            true, // out of disk, memory, connections
	"57":            true, // shut down, cannot connect now
	"58":            true, // the system's own failures
	codeLockTimeout: true,
	codeSerialize:   true,
	codeDeadlock:    true,
	"28":            true, // who we are
	"3D":            true, // there is no such database
}

// mayCome reports whether a database that could not be reached may be, in a moment.
func mayCome(err error) bool {
	code := codeOf(err)
	return code == "" || unavailable[code] || unavailable[code[:2]]
}

func unusable(op, msg string, err error) error {
	return &core.Error{Kind: core.Unavailable, Op: op, Msg: msg, Err: err}
}

func ended(ctx context.Context) error {
	return unusable("store", "The request ended before its turn.", ctx.Err())
}

var errOver = &core.Error{Kind: core.Internal, Op: "store", Msg: "The transaction is over."}
