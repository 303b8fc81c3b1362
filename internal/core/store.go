package core

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Store remembers. It decides nothing: a method is a statement or two. Driver
// errors come out as *Error: NotFound where a single record is asked for and is
// not there, Conflict (reason stale) where a write's rev has moved or a unique
// key is taken (reason name), Unavailable where nothing can be written now.
// Package storetest holds each promise as a subtest that every store runs.
type Store interface {
	// View reads a consistent snapshot. Readers never wait for the writer.
	View(ctx context.Context, fn func(r Reader) error) error
	// Update keeps all of fn's writes if it returns nil and none otherwise. A failed
	// write spoils the transaction even if fn goes on. Update runs fn again after a
	// clash, so fn touches nothing but tx. It may share its commit with others: decide
	// by reading first, and write only what will stand. on names what fn will rest on,
	// so that a store which locks can do so in one order.
	Update(ctx context.Context, on Touch, fn func(tx Tx) error) error
	// Node says how the ids of this process are told from those of others over the same
	// store; KeepFloor remembers that ids up to one may have been drawn, so that they go on
	// above it after a restart though the clock be set back.
	Node(ctx context.Context) (Node, error)
	KeepFloor(ctx context.Context, floor id.ID) error
	// Migrate brings the schema to this program's version; it only goes forward.
	Migrate(ctx context.Context) error
	Carrier
	Close() error
}

// Node is one process among those that share a store.
type Node struct {
	Number int   // 0 to 255
	Floor  id.ID // no id up to this one may be drawn again
}

// Page bounds a list, by id: newest first unless Ascending. After and Before are
// exclusive and speak of places in the list as it is sorted; Before alone gives the
// last Limit rows that stand before it, so that a page back is the page next to this
// one. Skip is for doors that page by number; Limit 0 means 100.
type Page struct {
	After, Before id.ID
	Skip, Limit   int
	Ascending     bool
}

// Sight is what a reader may see; a row passes if any of its parts names it.
type Sight struct {
	All       bool
	Customers []id.ID
	Projects  []id.ID
	Providers []id.ID
	Offerings []id.ID
	Users     []id.ID // rows of these users
}

// Queries: zero fields do not narrow. Lists narrow to any of their members.
type (
	// CustomerQuery narrows customers; Words is contained in name, slug or number.
	CustomerQuery struct {
		Page
		IDs                       []id.ID
		Slug, Number, Name, Words string
		Archived                  *bool
	}
	// ProjectQuery narrows projects; removed ones only with Removed.
	ProjectQuery struct {
		Page
		IDs, Customers     []id.ID
		Any                *Sight // visible by customer or project
		Name, Slug, Words  string
		BackendID          string
		Default, Removed   bool
		IncludeWithRemoved bool
	}
	// UserQuery narrows users; Words is contained in login, name or e-mail.
	UserQuery struct {
		Page
		IDs          []id.ID
		Login, Words string
		Email        string
		Home         id.ID
		Active       *bool
	}
	// GrantQuery narrows grants; revoked and expired ones only with All. Expired is told
	// by the clock that the store was opened with.
	GrantQuery struct {
		Users    []id.ID
		Scope    tenant.Scope
		ScopeIDs []id.ID
		All      bool
	}
	// OfferingQuery narrows offerings.
	OfferingQuery struct {
		Page
		IDs, Providers  []id.ID
		Any             *Sight // shared ones, private ones of these customers and projects, those of these providers
		Code, Name      string
		Words           string
		States          []catalog.State
		Measure         catalog.Measuring
		Shared          *bool
		AscendingByName bool
	}
	// OrderQuery narrows orders; hidden ones only with Hidden.
	OrderQuery struct {
		Page
		Any                             *Sight
		IDs                             []id.ID
		Customers, Projects, Users      []id.ID
		Providers, Offerings, Resources []id.ID
		Plans                           []id.ID // that they were ordered on
		Ref                             id.ID
		States                          []order.State
		Outcomes                        []order.Outcome // of done ones
		Types                           []order.Type
		Name, Words                     string // exact; contained in name or resource's name
		Doors                           []string
		From, Until                     *time.Time // placed in [From, Until)
		OpenOrEndedSince                *time.Time
		ResourceName                    string   // the resource's name, exactly
		RequestPath                     []string // there is a text, number or truth value at these keys of the request
		RequestContains                 string   // and, as text in any case, it contains this
		Hidden                          bool
		SortBy                          string // "" by id; "cost", "state" (as order.States lists them), "consumer-at" (never is earliest): then by id
	}
	// ResourceQuery narrows resources; unlinked ones only with Hidden.
	ResourceQuery struct {
		Page
		Any                          *Sight
		IDs                          []id.ID
		Customers, Projects          []id.ID
		Providers, Offerings, Plans  []id.ID
		Ref                          id.ID
		States                       []order.ResourceState
		Name, Words, BackendID, Slug string // exact but Words: contained in name, slug or backend id
		NameContains                 string
		Live                         *bool
		Hidden                       bool       // unlinked ones too
		From, Until                  *time.Time // made in [From, Until)
		ChangedFrom, ChangedUntil    *time.Time // last changed in [ChangedFrom, ChangedUntil)
		SortBy                       string     // "" by id; "name" (by bytes), "state" (as order.ResourceStates lists them): then by id
	}
	// UsageQuery narrows usage rows.
	UsageQuery struct {
		Page
		Any                                       *Sight
		IDs                                       []id.ID
		Resources, Components                     []id.ID
		Customers, Projects, Providers, Offerings []id.ID
		From, To                                  *day.Day // period in [From, To]
		ReportedOnly                              bool
	}
	// UserUsageQuery narrows users' parts of the usage rows that UsageQuery lets through. Its
	// pages are told by Skip and Limit alone: parts have no id.
	UserUsageQuery struct {
		UsageQuery
		Usernames []string
	}
	// SpendQuery sums captures, charges and refunds by At in [From, Until).
	SpendQuery struct {
		Customer, Project, User, Offering id.ID
		From, Until                       *time.Time
	}
	// EventQuery narrows the feed.
	EventQuery struct {
		After     int64 // position
		Customers []id.ID
		Subject   id.ID
		Kinds     []string
		Limit     int
	}
	// DocumentQuery narrows documents; removed ones only with Removed.
	DocumentQuery struct {
		Page
		Kind      string
		Customers []id.ID
		Projects  []id.ID
		Parent    id.ID
		Parents   []id.ID // any of these, if any are named
		Name      string
		Alias     string
		State     string
		Removed   bool
	}
	// TileQuery finds tiles of the archive.
	TileQuery struct {
		Acquisitions []id.ID
		Cells        []imagery.Cell
		From, Until  *time.Time // of the acquisition
	}
	// AcquisitionQuery finds acquisitions.
	AcquisitionQuery struct {
		Page
		IDs         []id.ID
		CatalogIDs  []string
		From, Until *time.Time
	}
)

// Records that the core alone knows.
type (
	// Tally is how many resources of one offering a project has.
	Tally struct {
		Project, Offering id.ID
		Resources         int
	}
	// Spent is a sum of what was charged and refunded for one component.
	Spent struct {
		Component id.ID
		Kind      ledger.Kind
		ledger.Sums
	}
	// Event is a row of the feed. Pos is set by the store: the highest there plus
	// one, without gaps, in the order of commits.
	Event struct {
		Pos      int64
		At       time.Time
		Kind     string
		Customer id.ID
		Subject  id.ID
		Order    id.ID
		By       id.ID
		Body     json.RawMessage
	}
	// Job asks a worker for something. Its key is (Subject, Kind).
	Job struct {
		Subject   id.ID
		Kind      string
		RunAt     time.Time
		Attempt   int
		LastError string
		Since     *time.Time // until when it has been done, where it is done again and again
	}
	// Idem remembers a request so that its repeat gets the same order.
	Idem struct {
		Day   day.Day
		Hash  [16]byte // of key id, door and key
		Body  [8]byte  // hash of the body
		About id.ID
		At    time.Time
	}
	// Document is a door's own record: owned, versioned JSON.
	Document struct {
		ID        id.ID
		Kind      string
		Customer  id.ID
		Project   id.ID
		Parent    id.ID
		Name      string // unique among live documents of (kind, customer) where not empty
		State     string
		Rev       int64
		Body      json.RawMessage // at most 64 KiB
		RemovedAt *time.Time
		Alias     string // by which it is found beside its parent; others may have the same
	}
	// Bucket is where deliveries may go.
	Bucket struct {
		ID       id.ID
		Customer id.ID
		Name     string // unique with the customer
		Kind     string // "s3", "gcs", "azure", "folder"
		URL      string // as gocloud.dev/blob opens it; "" : a folder of that name in the desk's bucket directory
		Secret   []byte // sealed
	}
)

// Reader reads one snapshot.
type Reader interface {
	Customer(i id.ID) (tenant.Customer, error)
	Customers(q CustomerQuery) ([]tenant.Customer, error)
	Contracts(customer id.ID) ([]tenant.Contract, error)
	Project(i id.ID) (tenant.Project, error)
	Projects(q ProjectQuery) ([]tenant.Project, error)
	User(i id.ID) (tenant.User, error)
	UserByLogin(login string) (tenant.User, error)
	Users(q UserQuery) ([]tenant.User, error)
	Grants(q GrantQuery) ([]tenant.Grant, error)
	Key(i id.ID) (tenant.Key, error)
	Keys(user id.ID) ([]tenant.Key, error)
	Provider(i id.ID) (tenant.Provider, error)
	Providers() ([]tenant.Provider, error)

	Offering(i id.ID) (catalog.Offering, error)
	Offerings(q OfferingQuery) ([]catalog.Offering, error)
	Components(offering id.ID) ([]catalog.Component, error)
	Component(i id.ID) (catalog.Component, error)
	Plans(offering id.ID) ([]catalog.Plan, error)
	Plan(i id.ID) (catalog.Plan, error)
	Prices(offering id.ID) ([]catalog.Price, error) // of all its plans, ascending by From

	// Limits returns the limits that stand on any of these, by (scope, scope id).
	Limits(on []LimitScope) ([]limit.Limit, error)
	// Balance returns a zero balance where there is no row.
	Balance(k limit.Key) (limit.Balance, error)
	Balances(limits []id.ID) ([]limit.Balance, error)
	Bucket(customer id.ID, name string) (Bucket, error)
	Buckets(customer id.ID) ([]Bucket, error)

	Order(i id.ID) (order.Order, error) // hidden ones too
	Orders(q OrderQuery) ([]order.Order, error)
	CountOrders(q OrderQuery) (int, error)
	Lines(orders ...id.ID) ([]order.Line, error) // by (order, n)
	Resource(i id.ID) (order.Resource, error)    // unlinked ones too
	Resources(q ResourceQuery) ([]order.Resource, error)
	CountResources(q ResourceQuery) (int, error)
	Tally(q ResourceQuery) ([]Tally, error) // counts what Resources lists without its page, by (project, offering)
	Term(i id.ID) (order.Term, error)
	Terms(resource id.ID) ([]order.Term, error) // ascending by From
	Assets(resources ...id.ID) ([]order.Asset, error)
	Usage(i id.ID) (order.Usage, error)
	Usages(q UsageQuery) ([]order.Usage, error)
	CountUsages(q UsageQuery) (int, error)
	UserUsages(usages ...id.ID) ([]order.UserUsage, error)
	UserUsageList(q UserUsageQuery) ([]order.UserUsage, error) // by (usage, name)
	CountUserUsages(q UserUsageQuery) (int, error)
	Entries(subject id.ID) ([]ledger.Entry, error) // by n
	Spent(q SpendQuery) ([]Spent, error)

	Events(q EventQuery) ([]Event, error) // ascending by Pos
	LastEvent() (int64, error)            // the highest position; 0 where the feed is empty
	Job(subject id.ID, kind string) (Job, error)
	DueJobs(kinds []string, now time.Time, limit int) ([]Job, error)
	NextJob(kinds []string) (time.Time, error) // when the next one is due; NotFound where there is none
	// Idem looks a hash up among the days given; NotFound where it is in none.
	Idem(days []day.Day, hash [16]byte) (Idem, error)
	Document(i id.ID) (Document, error) // removed ones too
	Documents(q DocumentQuery) ([]Document, error)
	CountDocuments(q DocumentQuery) (int, error)
	Acquisitions(q AcquisitionQuery) ([]imagery.Acquisition, error)
	Tiles(q TileQuery) ([]imagery.Tile, error) // by (cell, acquisition)
	Meta(name string) (string, error)          // "" where unset
	Newest() (id.ID, error)                    // the highest id of any record; 0 where there is none

	// Everything, in bounded pages, for verify: ascending by id, at most n.
	AllOrders(after id.ID, n int) ([]order.Order, error)
	AllLimits() ([]limit.Limit, error)
	AllEntries(after EntryKey, n int) ([]ledger.Entry, error) // ascending by (subject, n)
	// CustomerEntries returns at most n entries of one customer that follow the one of a
	// key: first those of its orders, by (order, n), then those of the usages of the
	// resources its orders made, resource by resource. The zero key: from the start.
	CustomerEntries(customer id.ID, after EntryKey, n int) ([]ledger.Entry, error)
	AllJobs(after Job, n int) ([]Job, error) // ascending by (subject, kind)
	// AllIdem returns remembered requests, each once, in an order of the store's own; the
	// place it returns is where the next page follows. "": from the start.
	AllIdem(after string, n int) ([]Idem, string, error)
}

// EntryKey is an entry's key.
type EntryKey struct {
	Subject id.ID
	N       int
}

// LimitScope is what limits are looked up by.
type LimitScope struct {
	Scope tenant.Scope
	ID    id.ID
}

// Tx reads and writes. Put inserts or replaces by primary key; where the record has
// a Rev, a Put with Rev 0 inserts (Rev 1 is stored) and any other replaces the row of
// exactly that Rev (Rev+1 is stored) or is a Conflict. Insert is for what must be new.
type Tx interface {
	Reader

	PutCustomer(c tenant.Customer) error
	PutContract(c tenant.Contract) error
	PutProject(p tenant.Project) error
	PutUser(u tenant.User) error
	PutGrant(g tenant.Grant) error
	PutKey(k tenant.Key) error
	PutProvider(p tenant.Provider) error
	// PutOffering goes with every write of its components, plans and prices: its rev
	// tells those who have read them.
	PutOffering(o catalog.Offering) error
	PutComponent(c catalog.Component) error
	DeleteComponent(i id.ID) error
	PutPlan(p catalog.Plan) error
	PutPrice(p catalog.Price) error
	PutLimit(l limit.Limit) error
	DeleteLimit(i id.ID) error // and its balances
	PutBucket(b Bucket) error

	InsertOrder(o order.Order) error
	UpdateOrder(o order.Order) error // by rev
	InsertLines(lines []order.Line) error
	UpdateLine(l order.Line) error
	InsertResource(r order.Resource) error
	UpdateResource(r order.Resource) error // by rev
	PutTerm(t order.Term) error
	PutAsset(a order.Asset) error
	PutUsage(u order.Usage) error
	PutUserUsage(u order.UserUsage) error
	InsertEntries(entries []ledger.Entry) error
	// AddBalance adds to used and held, making the row where there is none.
	AddBalance(delta limit.Balance) error
	SetBalance(b limit.Balance) error // of a rebuild

	InsertEvent(e Event) error // sets the position
	PutJob(j Job) error
	// DeleteJob deletes the job if its attempt is still the one given (negative: any
	// attempt) and reports whether it was there.
	DeleteJob(subject id.ID, kind string, attempt int) (bool, error)
	PutIdem(i Idem) error // replaces the row of that hash within the days kept
	// DropIdem forgets at most a number of requests of days before, and says how many.
	DropIdem(before day.Day, most int) (int, error)
	PutDocument(d Document) error // by rev; Conflict, reason name, where the name is taken
	PutAcquisition(a imagery.Acquisition) error
	PutTile(t imagery.Tile) error
	PutMeta(name, value string) error
}

// Amount is a sum of money with its currency.
type Amount struct {
	Currency money.Currency
	Micro    money.Micro
}
