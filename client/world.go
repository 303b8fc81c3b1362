package client

// World is what an operator sets up. Records are matched by their natural keys: what is
// there is changed, what is not is made, what is not named stays as it is.
type World struct {
	Customers []Customer `json:"customers,omitempty" doc:"Who pays."`
	Users     []User     `json:"users,omitempty" doc:"Who asks."`
	Providers []Provider `json:"providers,omitempty" doc:"Who delivers, and what."`
	Resources []Limited  `json:"resources,omitempty" doc:"What orders have made, with limits of its own."`
	Archive   *Archive   `json:"archive,omitempty" doc:"What is added to the imagery archive."`
}

// Customer is who pays.
type Customer struct {
	Slug        string         `json:"slug" doc:"The key: a–z, 0–9 and hyphens."`
	Name        string         `json:"name,omitempty"`
	Number      string         `json:"number,omitempty" doc:"12 digits; made at random where none is named, and never changed."`
	Currency    string         `json:"currency,omitempty" doc:"ISO 4217; USD for a new customer. Fixed once there are orders."`
	YearFrom    string         `json:"year_from,omitempty" doc:"The day that limits' years are reckoned from; by default the first contract's start, else 1 January."`
	ApproveOver string         `json:"approve_over,omitempty" doc:"An owner must approve what is due more than this."`
	ExpireAfter string         `json:"expire_after,omitempty" doc:"A pending order older than this is canceled, such as 720h."`
	Blocked     *bool          `json:"blocked,omitempty"`
	Archived    *bool          `json:"archived,omitempty"`
	Attrs       map[string]any `json:"attrs,omitempty" doc:"What one door alone knows."`
	ForeignID   string         `json:"foreign_id,omitempty"`
	Contracts   []Contract     `json:"contracts,omitempty" doc:"A customer that has any orders only for days that one covers."`
	Projects    []Project      `json:"projects,omitempty"`
	Buckets     []Bucket       `json:"buckets,omitempty"`
	Limits      []Limit        `json:"limits,omitempty"`
}

// Contract is a span of days; To is its first day after the end.
type Contract struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Project is what an order is for.
type Project struct {
	Slug      string         `json:"slug" doc:"The key, unique on the whole desk."`
	Name      string         `json:"name,omitempty"`
	Default   *bool          `json:"default,omitempty" doc:"What doors without projects order for: the customer's first one until another is named."`
	StartOn   string         `json:"start_on,omitempty" doc:"Orders wait until this day."`
	EndOn     string         `json:"end_on,omitempty"`
	BackendID string         `json:"backend_id,omitempty"`
	Attrs     map[string]any `json:"attrs,omitempty"`
	Limits    []Limit        `json:"limits,omitempty"`
}

// Bucket is where deliveries may go.
type Bucket struct {
	Name   string `json:"name" doc:"The key: what orders call it."`
	Kind   string `json:"kind,omitempty" doc:"folder (the default), s3, gcs or azure."`
	URL    string `json:"url,omitempty" doc:"As gocloud.dev/blob opens it, such as s3://name?region=eu-north-1; a folder needs none."`
	Secret string `json:"secret,omitempty" doc:"Credentials, sealed before they are kept."`
}

// Limit bounds what is used and held. Its key is everything but the value.
type Limit struct {
	Customer  string `json:"customer,omitempty" doc:"Of a user's limit: the customer it is within; by default the user's home."`
	Measure   string `json:"measure" doc:"money or quantity."`
	Offering  string `json:"offering,omitempty" doc:"What it is about: an offering's code, or provider/code. None: everything."`
	Component string `json:"component,omitempty" doc:"A component's code, of that offering."`
	Period    string `json:"period" doc:"contract, year, quarter, month or total."`
	Value     string `json:"value" doc:"A decimal, or none: the limit is taken away."`
}

// Limited is a resource that has limits of its own.
type Limited struct {
	ID     string  `json:"id" doc:"The key: the id of its first order, in any spelling."`
	Limits []Limit `json:"limits,omitempty" doc:"On top of those of its customer, project and user."`
}

// User is a person or a program.
type User struct {
	Login    string         `json:"login" doc:"The key."`
	Name     string         `json:"name,omitempty"`
	Email    string         `json:"email,omitempty"`
	Home     string         `json:"home,omitempty" doc:"The customer that doors without a choice act for: its slug."`
	Active   *bool          `json:"active,omitempty"`
	Staff    *bool          `json:"staff,omitempty" doc:"May do everything."`
	Support  *bool          `json:"support,omitempty" doc:"May see everything."`
	Attrs    map[string]any `json:"attrs,omitempty"`
	Roles    []Role         `json:"roles,omitempty"`
	Password *Password      `json:"password,omitempty" doc:"Not named: as it is."`
	Tokens   []Token        `json:"tokens,omitempty"`
	Pairs    []Pair         `json:"pairs,omitempty"`
	Limits   []Limit        `json:"limits,omitempty" doc:"Within one customer, on top of the customer's own."`
}

// Role is granted in the one scope that it is made for.
type Role struct {
	Role     string `json:"role" doc:"Such as customer.owner or project.member."`
	Customer string `json:"customer,omitempty"`
	Project  string `json:"project,omitempty"`
	Offering string `json:"offering,omitempty"`
	Until    string `json:"until,omitempty" doc:"The instant at which it ends."`
}

// Password lets a user in by login and password.
type Password struct {
	Value string `json:"value,omitempty" doc:"None: made and told once, where the user has no password."`
}

// Token is an API token of 40 hex digits.
type Token struct {
	Value     string `json:"value,omitempty" doc:"None: made and told once, where the user has fewer such tokens than are named."`
	Project   string `json:"project,omitempty" doc:"Narrowed to this project."`
	ReadOnly  bool   `json:"read_only,omitempty" doc:"Narrowed to reading."`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// Pair is an access key with its secret, for SigV4 and SDK-HMAC-SHA256 alike.
type Pair struct {
	AccessKey string `json:"access_key,omitempty" doc:"None: made and told once, like a token."`
	Secret    string `json:"secret,omitempty"`
	Project   string `json:"project,omitempty"`
	ReadOnly  bool   `json:"read_only,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// Provider is a customer that delivers.
type Provider struct {
	Customer  string     `json:"customer" doc:"The key: the customer's slug."`
	Offerings []Offering `json:"offerings,omitempty"`
}

// Offering is what can be ordered.
type Offering struct {
	Code        string         `json:"code" doc:"The key, with the provider."`
	Name        string         `json:"name,omitempty"`
	Slug        string         `json:"slug,omitempty" doc:"By default the code."`
	Description string         `json:"description,omitempty"`
	State       string         `json:"state,omitempty" doc:"draft, active, paused, archived or unavailable; active for a new one."`
	Measure     string         `json:"measure,omitempty" doc:"count, limits or imagery."`
	Fulfilment  string         `json:"fulfilment,omitempty" doc:"delivery, shipment, manual, webhook or instant."`
	Consent     string         `json:"consent,omitempty" doc:"roles or never: whether the paying side's roles decide who may spend."`
	Approval    string         `json:"approval,omitempty" doc:"always, outsiders or never: whether the provider approves."`
	Cancel      string         `json:"cancel,omitempty" doc:"preparing, pending or never: until when the consumer may cancel."`
	Charged     string         `json:"charged,omitempty" doc:"done or placing."`
	Shared      *bool          `json:"shared,omitempty" doc:"Anyone may order it."`
	PrivateTo   string         `json:"private_to,omitempty" doc:"A customer's slug."`
	ForProject  string         `json:"for_project,omitempty" doc:"A project's slug."`
	Deadline    string         `json:"deadline,omitempty" doc:"An order open longer is told as stuck, such as 48h."`
	Attrs       map[string]any `json:"attrs,omitempty"`
	Components  []Component    `json:"components,omitempty"`
	Plans       []Plan         `json:"plans,omitempty"`
	Limits      []Limit        `json:"limits,omitempty" doc:"Capacity, of all customers together."`
}

// Component is what is measured.
type Component struct {
	Code    string         `json:"code" doc:"The key, with the offering."`
	Name    string         `json:"name,omitempty"`
	Unit    string         `json:"unit,omitempty"`
	Billing string         `json:"billing,omitempty" doc:"usage, limit, fixed, one or few; limit for a new one."`
	Stock   *bool          `json:"stock,omitempty" doc:"It comes back when the resource shrinks or ends: racks, nodes, TB."`
	Min     string         `json:"min,omitempty"`
	Max     string         `json:"max,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
}

// Plan prices the components of one offering.
type Plan struct {
	Code         string         `json:"code" doc:"The key, with the offering and the customer."`
	Customer     string         `json:"customer,omitempty" doc:"Agreed with this customer alone."`
	Name         string         `json:"name,omitempty"`
	Unit         string         `json:"unit,omitempty" doc:"hour, day, half_month, month, quarter or quantity; month for a new one."`
	Option       string         `json:"option,omitempty" doc:"all upfront, partial upfront or no upfront."`
	TermMonths   *int           `json:"term_months,omitempty"`
	Prepaid      *bool          `json:"prepaid,omitempty"`
	Currency     string         `json:"currency,omitempty" doc:"USD for a new one."`
	MaxResources *int           `json:"max_resources,omitempty"`
	Archived     *bool          `json:"archived,omitempty"`
	Attrs        map[string]any `json:"attrs,omitempty"`
	Prices       []Price        `json:"prices,omitempty"`
}

// Price is what a component costs from a day on. One that differs from the price valid
// on that day is added to the list; past prices stay.
type Price struct {
	Component string `json:"component"`
	From      string `json:"from,omitempty" doc:"By default today."`
	Once      string `json:"once,omitempty" doc:"For one unit, once."`
	Each      string `json:"each,omitempty" doc:"For one unit, each unit of the plan; of usage, for one unit reported."`
	Amount    string `json:"amount,omitempty" doc:"The quantity of a fixed component; by default 1."`
}

// Archive adds to the imagery archive.
type Archive struct {
	Generated     bool     `json:"generated,omitempty" doc:"The demo's acquisitions, with dates relative to today."`
	Imports       []string `json:"imports,omitempty" doc:"Paths or URLs of GeoJSON and STAC documents. A file's are read by the program that sends the world; the API itself takes collections."`
	StandInPixels bool     `json:"stand_in_pixels,omitempty" doc:"Tiles whose pixels cannot be had get small stand-ins."`
	Collections   []any    `json:"collections,omitempty" doc:"FeatureCollections of tiles."`
}

// Applied is what became of a World.
type Applied struct {
	Changes []Change  `json:"changes"`
	Keys    []MadeKey `json:"keys,omitempty" doc:"Shown once: what opens them is not kept."`
	Tiles   int       `json:"tiles,omitempty" doc:"Added to the archive or replaced."`
}

// Change is one record of a World.
type Change struct {
	Path string `json:"path" doc:"Where the world names it, such as customers[0].projects[1]."`
	Kind string `json:"kind"`
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
	Did  string `json:"did" doc:"made, changed or kept."`
}

// MadeKey is a key that the desk made.
type MadeKey struct {
	Login     string `json:"login"`
	Kind      string `json:"kind" doc:"password, token or pair."`
	AccessKey string `json:"access_key,omitempty"`
	Secret    string `json:"secret"`
	ReadOnly  bool   `json:"read_only,omitempty"`
	Project   string `json:"project,omitempty"`
}
