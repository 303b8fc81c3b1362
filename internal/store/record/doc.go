// Package record says how each record is kept, once for all stores: its table and
// columns, the statements that write it, and the queries that doors' filters shape, in
// SQL that SQLite and PostgreSQL both run. It holds no rule and opens nothing: a store
// gives it an Engine, which runs statements within one transaction.
//
// A record is a Table with one function over its columns, for both ways. A query is a
// constant or, where filters shape it, a where (where.go) and, for lists of orders and
// resources, the indexes to read by (reach.go). States and kinds are small numbers
// by the maps of codes.go.
//
// Parameters are written ? in order or ?N by number. Two spellings stand for what the
// engines have no common word for: "= ANY (?)", one of a list, which is one parameter
// whatever its length, and fold(text), lower case in every script.
package record
