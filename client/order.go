package client

import "time"

// Order is one order, with its lines.
type Order struct {
	ID        string            `json:"id" doc:"Up to 19 digits."`
	Spellings map[string]string `json:"spellings,omitempty" doc:"The same id as each door spells it."`
	Type      string            `json:"type" doc:"create, update, terminate or restore."`
	State     string            `json:"state"`
	Outcome   string            `json:"outcome,omitempty" doc:"Of a done order: full or partial."`
	Door      string            `json:"door,omitempty" doc:"Through which door it was placed."`
	Name      string            `json:"name,omitempty" doc:"The resource's name."`
	Customer  Named             `json:"customer"`
	Project   Named             `json:"project"`
	User      Named             `json:"user"`
	Provider  Named             `json:"provider"`
	Offering  Named             `json:"offering"`
	Plan      Named             `json:"plan,omitzero"`
	Resource  Resource          `json:"resource,omitzero"`
	Currency  string            `json:"currency"`
	Due       string            `json:"due" doc:"What completion will charge."`
	Held      string            `json:"held"`
	Charged   string            `json:"charged"`
	Lines     []Line            `json:"lines"`
	Message   string            `json:"message,omitempty"`
	CreatedAt time.Time         `json:"created_at"`
	BeganAt   *time.Time        `json:"began_at,omitempty"`
	EndedAt   *time.Time        `json:"ended_at,omitempty"`
	StartsOn  string            `json:"starts_on,omitempty"`
	CountsOn  string            `json:"counts_on" doc:"The day whose windows of limits it counts in."`
	Entries   []Entry           `json:"entries,omitempty" doc:"Of a single order: what the ledger has of it."`
}

// Named is another record, by its id, its key and its name.
type Named struct {
	ID   string `json:"id"`
	Key  string `json:"key,omitempty" doc:"Slug, login or code."`
	Name string `json:"name,omitempty"`
}

// Resource is what an order made or changes.
type Resource struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	State     string `json:"state"`
	BackendID string `json:"backend_id,omitempty"`
}

// Line is one thing ordered.
type Line struct {
	N         int       `json:"n"`
	Component string    `json:"component" doc:"Its code."`
	Unit      string    `json:"unit"`
	Label     string    `json:"label,omitempty"`
	Before    string    `json:"before"`
	Quantity  string    `json:"quantity" doc:"What it comes to."`
	Delivered string    `json:"delivered"`
	Due       string    `json:"due"`
	Charged   string    `json:"charged"`
	State     string    `json:"state"`
	Shipment  *Shipment `json:"shipment,omitempty"`
	Message   string    `json:"message,omitempty"`
}

// Shipment is what is known of a line on its way.
type Shipment struct {
	Carrier  string  `json:"carrier,omitempty"`
	Tracking string  `json:"tracking,omitempty"`
	Assets   []Asset `json:"assets,omitempty"`
}

// Asset is a thing that came with a line.
type Asset struct {
	Name string   `json:"name"`
	MACs []string `json:"macs,omitempty"`
}

// Entry is one row of the ledger.
type Entry struct {
	N         int       `json:"n"`
	Posting   int       `json:"posting" doc:"Entries written together."`
	Kind      string    `json:"kind" doc:"hold, release, capture, charge or refund."`
	Component string    `json:"component"`
	Amount    string    `json:"amount"`
	Quantity  string    `json:"quantity"`
	CountsOn  string    `json:"counts_on"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason,omitempty"`
}

// Charges is what a resource was charged, period by period.
type Charges struct {
	Resource Resource `json:"resource"`
	Currency string   `json:"currency"`
	Charges  []Charge `json:"charges" doc:"The rows made last come first."`
	Next     string   `json:"next,omitempty" doc:"The after of the next page; empty at the end."`
}

// Charge is what one component of a resource came to in one period.
type Charge struct {
	ID        string    `json:"id"`
	Period    string    `json:"period" doc:"The period's first day."`
	Component string    `json:"component"`
	Reported  string    `json:"reported,omitempty" doc:"The provider's latest report of the month."`
	Quantity  string    `json:"quantity" doc:"What the amount is for: the most there was, or what was reported."`
	Amount    string    `json:"amount" doc:"What the period was charged in all."`
	ByOrders  string    `json:"by_orders" doc:"The part of the amount that orders took; the entries make up the rest."`
	CountsOn  string    `json:"counts_on"`
	UpdatedAt time.Time `json:"updated_at"`
	Entries   []Entry   `json:"entries" doc:"What was charged and given back since."`
}

// Orders is a page of orders.
type Orders struct {
	Orders []Order `json:"orders" doc:"Newest first."`
	Next   string  `json:"next,omitempty" doc:"Ask again with after set to this for older ones; absent on the last page."`
}

// OrderQuery narrows a list of orders. Zero fields do not narrow.
type OrderQuery struct {
	States   []string // any of these
	Customer string   // slug
	Project  string   // slug
	Offering string   // code
	Door     string
	After    string // an order's id: older ones than this
	Limit    int    // 0: 100; at most 1000
}

// Placement asks for an order of an offering that is measured by count or by requested
// amounts.
type Placement struct {
	Type     string            `json:"type,omitempty" doc:"create (the default), update, terminate or restore."`
	Offering string            `json:"offering,omitempty" doc:"Of a create: the offering's code."`
	Plan     string            `json:"plan,omitempty" doc:"The plan's code; may be left out where there is only one."`
	Project  string            `json:"project,omitempty" doc:"Slug; by default the caller's default project."`
	Resource string            `json:"resource,omitempty" doc:"Of all but a create: the resource's id."`
	Name     string            `json:"name,omitempty"`
	Amounts  map[string]string `json:"amounts,omitempty" doc:"Quantity by component code; of an update the target."`
	Periods  int               `json:"periods,omitempty" doc:"Plan units paid ahead."`
	StartsOn string            `json:"starts_on,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty" doc:"Everything but the write: the same refusals, nothing kept."`
}

// Verdict comes with an act on an order.
type Verdict struct {
	Message string `json:"message,omitempty" doc:"Shown to all who see the order."`
	Side    string `json:"side,omitempty" doc:"Of approve and reject: consumer or provider. None: the side the order waits for."`
}

// Move moves lines of an order on.
type Move struct {
	Lines     []int   `json:"lines,omitempty" doc:"Their numbers; none: every line still open."`
	State     string  `json:"state" doc:"building, shipped, delivered, installing, installed, erred or canceled."`
	Carrier   string  `json:"carrier,omitempty"`
	Tracking  string  `json:"tracking,omitempty"`
	Assets    []Asset `json:"assets,omitempty" doc:"What came; of one line, or of each where several are named."`
	Delivered string  `json:"delivered,omitempty" doc:"How much arrived, where a line ends well with less than all."`
	Message   string  `json:"message,omitempty"`
}

// Adjustment corrects what an ended order was charged.
type Adjustment struct {
	Amount   string `json:"amount" doc:"To charge; below zero to refund."`
	Quantity string `json:"quantity,omitempty"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message" doc:"Why: it stays in the ledger."`
}

// Report is what verifying the books found.
type Report struct {
	Orders    int      `json:"orders"`
	Entries   int      `json:"entries"`
	Limits    int      `json:"limits"`
	Events    int64    `json:"events"`
	Rows      int64    `json:"rows" doc:"Read, of every kind."`
	Seconds   float64  `json:"seconds"`
	Rate      float64  `json:"rows_per_second"`
	Doing     string   `json:"doing,omitempty" doc:"What is looked through at the moment; nothing at the end."`
	Disagrees []string `json:"disagrees" doc:"A sentence for each thing that does not add up; none: all is well."`
}

// Imported is what became of an archive import.
type Imported struct {
	Acquisitions int `json:"acquisitions"`
	Tiles        int `json:"tiles"`
}

// Clock is what the clock of a test or a sandbox shows.
type Clock struct {
	Now time.Time `json:"now"`
}

// Turn says how to turn the clock: one of both.
type Turn struct {
	Set     string `json:"set,omitempty" doc:"The instant to turn it to, such as 2031-03-01T12:00:00Z; a day alone is its midnight, UTC."`
	Advance string `json:"advance,omitempty" doc:"How far to turn it on, such as 36h or 30d; back, where it is below zero."`
}
