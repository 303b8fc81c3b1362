// Package backup is the form in which a whole desk lies outside of its store, whichever
// that is: pieces of some megabytes and a manifest, in one tar file or as objects of a
// bucket. It writes what a store hands over, reads it for a store that takes it in, and
// compares; what is in it, and that it is of one instant, is the store's affair. docs/backup.md
// has the form.
//
// A piece is rows of one table, packed by gzip. The manifest lists the pieces with their
// SHA-256, and the tables with that of all their rows, which is the same for the same rows
// whatever store they come from. The manifest is written last: what has none is no backup.
package backup
