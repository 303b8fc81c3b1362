// Package sqlite is core.Store over one SQLite file: the default, for one machine. It
// remembers and decides nothing; package storetest holds what it promises.
//
// One connection writes, one transaction at a time, each synced before Update
// returns. Readers have connections of their own, and each View is a read transaction,
// so a reader sees one snapshot and never waits for the writer. A lock on the data
// directory keeps a second process from writing.
//
// A record is a table (tables.go, and records_*.go for what each is made of), a query is a
// constant or, where a door's filters shape it, a where (where.go). States and kinds
// are small numbers by the maps of codes.go. What the driver answers becomes the
// core's error in one function (failure.go).
package sqlite
