package record

// The tables that a store which writes many rows at once needs by name.
var (
	Orders     = orders
	Lines      = lines
	Resources  = resources
	Terms      = terms
	Assets     = assets
	Usages     = usages
	UserUsages = userUsages
	Entries    = entries
	Balances   = balances
	Events     = events
	Jobs       = jobs
	Documents  = documents
	Ownerships = ownerships.Layout
	Sources    = sources.Layout
)
