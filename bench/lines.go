//go:build linux

package main

import (
	"fmt"
	"strings"
)

// line is one line of a table. Of a target, Least is what must be, Aim what is hoped for.
type line struct {
	Key, What  string
	Unit       string // "" of a ratio
	Least, Aim float64
	Lower      bool   // lower is better
	Absent     string // why nothing measures it
}

// postgres reports whether a line is one of PostgreSQL's.
func (l line) postgres() bool { return strings.HasPrefix(l.Key, "postgres.") }

// stored are the sizes of desks: what most lines are measured at, what lists and starts
// are measured at, and a small one beside it.
type stored struct{ Small, Base, Most int }

// targets are the lines of the table, in its order.
func targets(n stored) []line {
	base, most, small := count(n.Base), count(n.Most), count(n.Small)
	const csv = "there is no CSV export yet"
	return []line{
		{Key: "sqlite.place/f1", What: "SQLite: placed orders/s, store alone, 64 submitters ÷ F1", Least: .8, Aim: 1.4},
		{Key: "sqlite.cpu/s1", What: "SQLite: CPU for each order ÷ S1's", Least: 6, Aim: 4.5, Lower: true},
		{Key: "sqlite.kb", What: "SQLite: KB written for each order, log and file, at " + base + " stored", Unit: "KB", Least: 30, Aim: 20, Lower: true},
		{Key: "sqlite.bytes", What: "SQLite: bytes stored for each order", Unit: "B", Least: 1250, Aim: 1050, Lower: true},
		{Key: "sqlite.most/empty", What: "SQLite: with " + most + " orders stored ÷ empty", Least: .5, Aim: .75},
		{Key: "sqlite.most.p99", What: "SQLite: store alone, 64 submitters, " + most + " stored, p99", Unit: "ms", Least: 60, Aim: 25, Lower: true},
		{Key: "sqlite.post/f1", What: "SQLite: whole POST over HTTP ÷ F1", Least: .4, Aim: .7},
		{Key: "sqlite.post/place", What: "SQLite: whole POST ÷ store alone", Least: .45, Aim: .6},
		{Key: "sqlite.hot/place", What: "SQLite: one hot account ÷ 1000 accounts", Least: .9, Aim: 1},
		{Key: "sqlite.post.p99", What: "SQLite: whole POST, 64 clients, p99", Unit: "ms", Least: 40, Aim: 15, Lower: true},
		{Key: "postgres.place/f1", What: "PostgreSQL: store alone ÷ F1, one process", Least: .9, Aim: 1.3},
		{Key: "postgres.three/one", What: "PostgreSQL: three processes ÷ one", Least: 1.25, Aim: 1.5},
		{Key: "postgres.cpu", What: "PostgreSQL: CPU for each order, database and process", Unit: "µs", Least: 300, Aim: 200, Lower: true},
		{Key: "postgres.post/f1", What: "PostgreSQL: whole POST ÷ F1", Least: .4, Aim: .7},
		{Key: "postgres.hot/place", What: "PostgreSQL: one hot account ÷ 1000 accounts", Least: .9, Aim: 1},
		{Key: "postgres.post.p99", What: "PostgreSQL: whole POST, 64 clients, p99", Unit: "ms", Least: 40, Aim: 15, Lower: true},
		{Key: "get.token/bare", What: "GET order with token ÷ bare (rate)", Least: .4, Aim: .6},
		{Key: "get.sigv4/bare", What: "GET order with SigV4 ÷ bare", Least: .35, Aim: .5},
		{Key: "list.most/small", What: "list page of 100 at " + most + " rows ÷ at " + small + " (cost)", Least: 1.6, Aim: 1.2, Lower: true},
		{Key: "export/cursor", What: "CSV export ÷ bare cursor", Least: .4, Aim: .7, Absent: csv},
		{Key: "export.resident", What: "export, resident memory above idle, " + most + " rows", Unit: "MiB", Least: 64, Aim: 32, Lower: true, Absent: csv},
		{Key: "idle.resident", What: "idle server, resident", Unit: "MiB", Least: 80, Aim: 40, Lower: true},
		{Key: "start", What: "start to first answer, " + most + " orders stored", Unit: "s", Least: 1, Aim: .2, Lower: true},
	}
}

// readings are what the lines were made of: good to know, and no measure of anything
// beyond this machine on this day.
func readings(n stored) []line {
	most, small := count(n.Most), count(n.Small)
	return []line{
		{Key: "f1", What: "F1: records of 500 bytes appended and synced", Unit: "/s"},
		{Key: "s1", What: "S1: order rows alone, without secondary indexes, 64 submitters", Unit: "/s"},
		{Key: "s1.cpu", What: "S1: CPU for each row", Unit: "µs"},
		{Key: "bare", What: "bare: net/http, 1 KB, 64 connections", Unit: "/s"},
		{Key: "sqlite.place", What: "SQLite: placed orders, store alone", Unit: "/s"},
		{Key: "sqlite.place.p50", What: "SQLite: store alone, p50", Unit: "ms"},
		{Key: "sqlite.place.p99", What: "SQLite: store alone, p99", Unit: "ms"},
		{Key: "sqlite.cpu", What: "SQLite: CPU for each order, store alone", Unit: "µs"},
		{Key: "sqlite.hot", What: "SQLite: one hot account, store alone", Unit: "/s"},
		{Key: "sqlite.empty", What: "SQLite: store alone, empty", Unit: "/s"},
		{Key: "sqlite.most", What: "SQLite: store alone, " + most + " stored", Unit: "/s"},
		{Key: "sqlite.most.p50", What: "SQLite: store alone, " + most + " stored, p50", Unit: "ms"},
		{Key: "sqlite.post", What: "SQLite: whole POST, 64 clients", Unit: "/s"},
		{Key: "sqlite.post.p50", What: "SQLite: whole POST, p50", Unit: "ms"},
		{Key: "sqlite.post.cpu", What: "SQLite: CPU of the server for each POST", Unit: "µs"},
		{Key: "sqlite.settled", What: "SQLite: bytes stored for each order that was filled in, settled", Unit: "B"},
		{Key: "postgres.place", What: "PostgreSQL: placed orders, store alone", Unit: "/s"},
		{Key: "postgres.place.p50", What: "PostgreSQL: store alone, p50", Unit: "ms"},
		{Key: "postgres.place.p99", What: "PostgreSQL: store alone, p99", Unit: "ms"},
		{Key: "postgres.cpu.process", What: "PostgreSQL: CPU for each order, docket's process alone", Unit: "µs"},
		{Key: "postgres.hot", What: "PostgreSQL: one hot account, store alone", Unit: "/s"},
		{Key: "postgres.three", What: "PostgreSQL: three processes, store alone", Unit: "/s"},
		{Key: "postgres.post", What: "PostgreSQL: whole POST, 64 clients", Unit: "/s"},
		{Key: "postgres.post.cpu", What: "PostgreSQL: CPU of the server for each POST, without the database", Unit: "µs"},
		{Key: "postgres.post/place", What: "PostgreSQL: whole POST ÷ store alone"},
		{Key: "postgres.post.p50", What: "PostgreSQL: whole POST, p50", Unit: "ms"},
		{Key: "get.token", What: "GET order with token, 64 connections", Unit: "/s"},
		{Key: "get.token.cpu", What: "GET order with token: CPU of the server", Unit: "µs"},
		{Key: "get.sigv4", What: "GET order with SigV4, 64 connections", Unit: "/s"},
		{Key: "get.sigv4.cpu", What: "GET order with SigV4: CPU of the server", Unit: "µs"},
		{Key: "list.small", What: "list page of 100 at " + small + " rows", Unit: "ms"},
		{Key: "list.most", What: "list page of 100 at " + most + " rows", Unit: "ms"},
		{Key: "idle.anonymous", What: "idle server, resident, without pages of files", Unit: "MiB"},
		{Key: "idle.most", What: "idle server with " + most + " orders stored, resident", Unit: "MiB"},
		{Key: "idle.most.anonymous", What: "idle server with " + most + " orders stored, without pages of files", Unit: "MiB"},
	}
}

// count spells a number of orders as people say it.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}
