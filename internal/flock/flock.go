// Package flock locks files among processes: a data directory has one SQLite database, and
// one maker of certificates at a time. The system lets go of a lock when the process ends,
// however it ends, so none is ever left behind.
package flock
