// Package arch says which package may import which: a package imports only packages of
// lower levels. Its test reads the imports of the whole module and fails where one
// points the wrong way, or where a vendor's word has come into the core.
package arch

// Levels are the packages of the module, lowest first; docs/architecture.md draws them.
// Packages of one level do not see each other, but for the pairs in Beside.
var Levels = [][]string{
	0: {"internal/id", "internal/money", "internal/day", "internal/clock", "internal/fault", "internal/flock", "internal/seal"},
	1: {"internal/tenant"},
	2: {"internal/catalog", "internal/ledger", "internal/imagery"},
	3: {"internal/price", "internal/limit"},
	4: {"internal/order"},
	5: {"internal/core"},
	6: {"internal/front", "internal/front/fronttest", "internal/auth", "internal/fulfil", "internal/backup", "internal/store/line", "internal/store/record", "internal/store/sqlite", "internal/store/postgres", "internal/store", "internal/store/storetest"},
	7: {"internal/door/ard", "internal/door/outposts", "internal/door/modelarts", "internal/door/waldur", "internal/door/native"},
	8: {"internal/app"},
	9: {"cmd/docket"},
}

// Beside lists what a package may import of its own level or, like client, of none.
var Beside = map[string][]string{
	"internal/seal":            {"internal/fault"},
	"internal/door/native":     {"client"},
	"internal/app":             {"client"},
	"cmd/docket":               {"client"},
	"internal/front/fronttest": {"internal/front"},
	"internal/store/sqlite":    {"internal/store/line", "internal/store/record"},
	"internal/store/postgres":  {"internal/store/line", "internal/store/record"},
	"internal/store":           {"internal/store/sqlite", "internal/store/postgres"},
	"internal/store/storetest": {"internal/store", "internal/store/postgres", "internal/store/postgres/pgtest"},
}

// Words are those of vendors, which the levels up to CoreLevel know nothing of.
var Words = []string{"outposts", "modelarts", "waldur", "maxar", "huawei", "amazon", "aws"}

// CoreLevel is the highest level that is free of vendors' words.
const CoreLevel = 5
