// Package postgres is core.Store over a PostgreSQL database: for many processes, all
// alike, over one. It remembers and decides nothing; package storetest holds what it
// promises, and package record what it keeps.
//
// Each process writes in batches (writer.go): it locks all that its acts named, in one
// order for all processes (lock.go), reads what lies under the locks, lets each act
// decide in turn on what it keeps in memory (act.go, write.go), and writes everything in
// one pipeline (flush.go). Acts that read or write what a batch does not keep run alone, in a
// transaction of their own under the same locks (alone.go). Whether a commit whose answer
// was lost took place is settled by a row of the batch (outcome.go). Each process has a
// number on lease, and ends transactions that nobody is at any more (node.go). Nothing that
// a process keeps in memory matters when it is gone.
//
// The tests set all this on fire (fire_test.go) and leave rules out to see that they would
// notice (mutant.go).
package postgres
