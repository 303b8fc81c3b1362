package record

import (
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// Engine runs statements within one transaction. Its errors are the core's.
type Engine interface {
	// Query runs a query and hands each row to each, which keeps nothing of it. shaped
	// says that filters made the text: there is no end to such texts, and each may run long.
	Query(sql string, shaped bool, args []Arg, each func(Row)) error
	// Exec runs a statement that writes, with the parameters that bind gives, and returns
	// how many rows it changed. A failure, bind's too, spoils the transaction.
	Exec(op, sql string, bind func(Params) error) (int, error)
	// Spoil remembers a failure: whatever follows, nothing is kept.
	Spoil(err error) error
	// RequestContains is the condition that an order's request (alias o) has a text, number
	// or truth value at a path of keys, none of which needs escaping, and that this
	// contains words, in any case.
	RequestContains(path []string, words string) (string, []Arg)
}

// Row is one row of a result, its columns counted from 0.
type Row interface {
	Null(i int) bool
	Int(i int) int64
	Text(i int) string
	Bytes(i int) []byte // its own copy; nil where null or empty
}

// Params takes the parameters of a statement, counted from 0.
type Params interface {
	Int(i int, v int64)
	Text(i int, v string)
	Bytes(i int, v []byte)
	Null(i int)
}

// Arg is one parameter of a query.
type Arg struct {
	Kind  ArgKind
	Int   int64
	Text  string // octets, too
	Ints  []int64
	Texts []string
}

// ArgKind says which member of an Arg is meant.
type ArgKind uint8

// The kinds of parameters.
const (
	Int ArgKind = iota
	Text
	Octets
	Ints  // of = ANY (?)
	Texts // of = ANY (?)
)

func num64[T integer](v T) Arg { return Arg{Kind: Int, Int: int64(v)} }
func str[T ~string](v T) Arg   { return Arg{Kind: Text, Text: string(v)} }

// Number and Word are parameters of a store's own queries.
func Number[T integer](v T) Arg { return num64(v) }

// Word is a text.
func Word(v string) Arg { return str(v) }

// Blob is octets.
func Blob(b []byte) Arg { return Arg{Kind: Octets, Text: string(b)} }

// Reader is the part of core.Reader that is the same in every store, over an engine.
type Reader struct {
	Engine
	Now   func() time.Time // tells which grants have expired
	Guard string           // follows the text of a reading by key, such as FOR UPDATE
	// What is remembered of lists, and the snapshot that is read; both nil where it is not one.
	Lists    *Lists
	Snapshot Snapshot
}

// Tx is the part of core.Tx that is the same in every store.
type Tx struct {
	Reader
	Owners *Owners // those that are known
	Added          // and those that this transaction adds
}

// Stale says that a row's rev has moved.
func Stale(about core.Ref) error {
	return &core.Error{Kind: core.Conflict, Reason: core.ReasonStale, About: about, Msg: "The " + about.Kind + " was changed by someone else in the meantime."}
}

// Nothing says that a single record that was asked for is not there.
func Nothing(about core.Ref) error {
	return &core.Error{Kind: core.NotFound, About: about, Msg: "There is no such " + about.Kind + "."}
}
