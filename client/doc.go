// Package client speaks Docket's native API, /docket/v1: the operator's side of the
// desk. It holds the wire types that the server itself answers with, and a Client for
// them. It imports the standard library alone, so that a program can use it without
// taking on the desk's dependencies.
//
// Amounts, quantities and prices are decimal texts, never floats; days are YYYY-MM-DD;
// instants are RFC 3339 in UTC; an order's id is taken in every spelling that any of the
// desk's doors uses for it.
//
// The vendors' own APIs are for the vendors' own clients and not spoken here.
package client
