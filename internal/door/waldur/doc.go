// Package waldur speaks the marketplace part of the Waldur REST API, as the Python
// package waldur-api-client and the programs built on it use it. Prices, limits, rights
// and states are the core's; this package only names them.
//
// Each list is a table of filters, a table of orderings and a model; a model is a table
// of keys, each with how it is read, so that a sparse answer reads no more than it was
// asked for. docs/doors/waldur.md lists each place where the server differs from Waldur.
package waldur
