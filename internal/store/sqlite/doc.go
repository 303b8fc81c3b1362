// Package sqlite is core.Store over one SQLite file: the default, for one machine. It
// remembers and decides nothing; package storetest holds what it promises.
//
// One goroutine writes on one connection. It takes the acts that wait, runs each in turn
// in one transaction, syncs once and answers them all (writer.go); the log is taken into
// the file off its path (checkpoint.go). Readers have connections of their own, and
// each View is a read transaction, so a reader sees one snapshot and never waits for
// the writer. A lock on the data directory keeps a second process from writing.
//
// Tables and queries are package record's, which this package runs (engine.go). What the
// driver answers becomes the core's error in one function (failure.go).
package sqlite
