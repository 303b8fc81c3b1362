package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

// Carrier hands a whole desk over and takes one in, in a form that is the same for every
// store: tables of rows of values. Which tables and columns there are is the stores' affair.
type Carrier interface {
	// Dump hands over all that is kept, from one snapshot: first what it is, then each
	// table, its rows in order of their key. What only this store knows of itself (leases,
	// numbers of processes) is left out. It runs until it has been taken or ctx ends, holds
	// a bounded part of it in memory, and keeps nobody from reading or writing.
	Dump(ctx context.Context, to Taker) error
	// Load takes in a desk that a store of this schema handed over. It migrates a store that
	// never was, and refuses one in which anything is or that another process has open. It
	// marks the store, and only Loaded takes the mark away: until then no store opens it but
	// one that was told to. The store is of no other use afterwards: it is opened anew.
	Load(ctx context.Context, from Giver) error
	Loaded(ctx context.Context) error
	// Still keeps everybody from writing until release is called. It refuses where another
	// process has the store open.
	Still(ctx context.Context) (release func(), err error)
}

// Snapshot is what a Dump says of itself before it begins.
type Snapshot struct {
	Source string // what kind of store it comes from
	Schema int    // its version
	Taken  time.Time
	Pos    int64  // of the last event
	Floor  id.ID  // no id up to this one may be drawn again
	Master string // fingerprint of the key that secrets are sealed under; "" where none was claimed
	Tables []Table
}

// Table is one table, as it is handed over.
type Table struct {
	Name    string
	Columns []string
	Rows    int64
}

// Rows counts the rows of all tables.
func (s Snapshot) Rows() (n int64) {
	for _, t := range s.Tables {
		n += t.Rows
	}
	return n
}

// Value is what a row has in one column.
type Value struct {
	Kind  ValueKind
	Int   int64
	Bytes []byte // of a text or octets
}

// ValueKind says what a value is. The zero value is null.
type ValueKind uint8

// The kinds of values. They are written down in backups: a number is never given to
// another kind.
const (
	Null    ValueKind = 0
	Integer ValueKind = 1
	Text    ValueKind = 2
	Octets  ValueKind = 3
)

// Taker takes what a Dump hands over. An error of its own ends the Dump, which returns it.
type Taker interface {
	Begin(s Snapshot) error
	Table(t Table) error      // whose rows follow
	Row(values []Value) error // good until it returns
	End() error               // that was all
}

// Giver gives what a Load takes in.
type Giver interface {
	Snapshot() Snapshot
	Table() (Table, error) // the next one; io.EOF: that was all
	Row() ([]Value, error) // of that table, good until the next call; io.EOF: that was all of it
}

// MetaMaster is the setting that holds the fingerprint of the key that secrets are sealed
// under.
const MetaMaster = "master"

// CarryWithin bounds how long a desk that serves may take to be handed over: while its
// snapshot is kept, what was written since cannot be tidied away.
const CarryWithin = time.Hour

// Backup hands the whole desk over, as it was at one instant, while it goes on serving. Staff
// only, and one at a time; that it was asked for is told in the feed.
func (c *Core) Backup(ctx context.Context, who Actor, to Taker) error {
	if !who.IsStaff() && !who.desk() {
		return forbidden("Only staff may take the whole desk with them.")
	}
	if err := who.write(); err != nil { // a key narrowed to reading is none for all that there is
		return err
	}
	if who.Project != 0 {
		return forbidden("This key is narrowed to one project.")
	}
	if !c.carrying.CompareAndSwap(false, true) {
		return &Error{Kind: Conflict, Reason: "backup", Msg: "A backup of this desk is being taken already: wait until it has ended."}
	}
	defer c.carrying.Store(false)
	body, err := json.Marshal(map[string]string{"door": who.Door, "login": who.User.Login})
	if err != nil { // texts
		panic(err)
	}
	e := Event{At: c.Now(), Kind: "backup.begun", By: who.User.ID, Body: body}
	if err := c.store.Update(ctx, Touch{}, func(tx Tx) error { return tx.InsertEvent(e) }); err != nil {
		return err
	}
	c.log.Info("a backup is being taken", "by", who.User.Login)
	return DumpWithin(ctx, c.store, CarryWithin, to)
}

// DumpWithin hands a desk over within a bound.
func DumpWithin(ctx context.Context, s Carrier, bound time.Duration, to Taker) error {
	within, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	err := s.Dump(within, to)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return &Error{Kind: Unavailable, Op: "backup", Msg: "The desk was not handed over within " + bound.String() +
			", which is as long as its snapshot may be kept: what is written meanwhile cannot be tidied away.", Err: err}
	}
	return err
}
