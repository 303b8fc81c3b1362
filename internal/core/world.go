package core

import (
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// World is what an operator sets up, as Apply makes or changes it. Records are matched
// by their natural keys: customers and projects by slug, users by login, providers by
// their customer, offerings, components and plans by code, buckets by name. What a
// World does not name stays as it is: a nil pointer, an empty text, a record left out.
type World struct {
	Customers []CustomerSpec
	Users     []UserSpec
	Providers []ProviderSpec
	Resources []ResourceSpec
	Archive   ArchiveSpec
}

// CustomerSpec is a customer with what is its own.
type CustomerSpec struct {
	Slug        string // the key
	Name        string
	Number      string         // 12 digits; "": made at random, once
	Currency    money.Currency // "": USD for a new one; fixed once there are orders
	YearFrom    *day.Day       // nil: the first contract's start, else 1 January
	ApproveOver *money.Micro
	ExpireAfter *time.Duration
	Blocked     *bool
	Archived    *bool
	Attrs       json.RawMessage
	ForeignID   string
	Contracts   []ContractSpec
	Projects    []ProjectSpec
	Buckets     []BucketSpec
	Limits      []LimitSpec
}

// ContractSpec is a contract; its key is (customer, From). To is exclusive.
type ContractSpec struct{ From, To day.Day }

// ProjectSpec is a project. A customer's first one is its default until another is named.
type ProjectSpec struct {
	Slug      string // the key
	Name      string
	Default   *bool
	StartOn   *day.Day
	EndOn     *day.Day
	BackendID string
	Attrs     json.RawMessage
	Limits    []LimitSpec
}

// BucketSpec is where a customer's deliveries may go.
type BucketSpec struct {
	Name   string // the key, with the customer
	Kind   string // s3, gcs, azure, folder; "": folder
	URL    string // "": a folder of that name among the desk's buckets
	Secret string // sealed before it is kept
}

// LimitSpec is a limit on the record it stands under. Its key is everything but Value.
type LimitSpec struct {
	Customer  string // a user's limit is within one customer: its slug; "": the user's home
	Measure   limit.Measure
	Offering  string // what it is about: an offering's code, or provider/code; "": everything, on a resource its own
	Component string // a component's code, of that offering
	Period    limit.Period
	Value     *money.Micro // nil: no limit; one that is there is taken away
}

// ResourceSpec sets limits on a resource that an order has made.
type ResourceSpec struct {
	ID     id.ID // the key
	Limits []LimitSpec
}

// UserSpec is a user with roles, keys and limits.
type UserSpec struct {
	Login    string // the key
	Name     string
	Email    string
	Home     string // a customer's slug
	Active   *bool
	Staff    *bool
	Support  *bool
	Attrs    json.RawMessage
	Roles    []RoleSpec
	Password *PasswordSpec // nil: as it is
	Tokens   []TokenSpec
	Pairs    []PairSpec
	Limits   []LimitSpec
}

// RoleSpec grants a role in the one scope that it is made for.
type RoleSpec struct {
	Role     tenant.Role
	Customer string // slug
	Project  string // slug
	Offering string // code, or provider/code
	Until    *time.Time
}

// PasswordSpec is the user's password. Value "": made, where the user has none.
type PasswordSpec struct{ Value string }

// TokenSpec is an API token. Value "": made, where the user has fewer live ones of this
// narrowing than the World names.
type TokenSpec struct {
	Value string
	Narrowing
}

// PairSpec is an access key pair, given or made like a token.
type PairSpec struct {
	AccessKey string
	Secret    string
	Narrowing
}

// Narrowing is what a key may not do, and until when it opens.
type Narrowing struct {
	Project   string // slug; "": not narrowed
	ReadOnly  bool
	ExpiresAt *time.Time
}

// ProviderSpec is a customer that delivers, with its offerings.
type ProviderSpec struct {
	Customer  string // slug: the key
	Offerings []OfferingSpec
}

// OfferingSpec is an offering. For a new one, what is not named comes from its measure
// and fulfilment: allocations ask for the payer's consent, what people deliver waits for
// the provider.
type OfferingSpec struct {
	Code        string // the key, with the provider
	Name        string
	Slug        string // "": the code
	Description string
	State       catalog.State // "": active
	Measure     catalog.Measuring
	Fulfilment  catalog.Fulfilment
	Consent     catalog.Consent
	Approval    catalog.Approval
	Cancel      catalog.Cancelling
	Charged     catalog.Charging
	Shared      *bool  // nil: shared, unless PrivateTo
	PrivateTo   string // customer's slug
	ForProject  string // project's slug
	Deadline    *time.Duration
	Attrs       json.RawMessage
	Components  []ComponentSpec
	Plans       []PlanSpec
	Limits      []LimitSpec // capacity, of all customers together
}

// ComponentSpec is a component.
type ComponentSpec struct {
	ID       id.ID  // the key instead, where it is not 0: the component gets this code
	Code     string // the key, with the offering
	Name     string
	Unit     string
	Billing  catalog.Billing // "": limit
	Stock    *bool
	Min, Max *money.Micro
	NoMin    bool // take the bound away
	NoMax    bool
	Attrs    json.RawMessage
}

// PlanSpec is a plan with its prices.
type PlanSpec struct {
	Code         string // the key, with the offering and the customer
	Customer     string // slug, where the prices are agreed with one customer
	Name         string
	Unit         catalog.Unit // "": month
	Option       string
	TermMonths   *int
	Prepaid      *bool
	Currency     money.Currency // "": USD
	MaxResources *int
	Archived     *bool
	Attrs        json.RawMessage
	Prices       []PriceSpec
	Free         bool // components that it does not price cost nothing, instead of being for no order
}

// PriceSpec is what a component costs. One that differs from the price valid on From
// becomes a new row; past ones stay.
type PriceSpec struct {
	Component string // code
	From      *day.Day
	Once      money.Rate
	Each      money.Rate
	Amount    *money.Micro // the quantity of a fixed component; nil: one unit
}

// ArchiveSpec adds to the imagery archive.
type ArchiveSpec struct {
	Generated bool // the demo's acquisitions, with dates relative to today
	Tiles     []imagery.Archive
}

// Made says what Apply did.
type Made struct {
	Changes []Change
	Keys    []MadeKey // shown once: what opens them is not kept
	Tiles   int       // added to the archive or replaced
}

// Change is one record of a World.
type Change struct {
	Path string // where the World names it, such as customers[0].projects[1]
	Kind string // "customer", "project", "user", "offering" …
	Name string // its natural key
	ID   id.ID  // 0 where the record has none
	What Did
}

// Did says what became of a record.
type Did string

// A record was made, changed, or was already so.
const (
	DidMake   Did = "made"
	DidChange Did = "changed"
	DidKeep   Did = "kept"
)

// MadeKey is a key that the desk made.
type MadeKey struct {
	Login     string
	Kind      tenant.KeyKind
	AccessKey string // of a pair
	Secret    string // the password, the token, the pair's secret
	ReadOnly  bool
	Project   string // slug
}

// ID returns the id of the record named at a path, 0 where there is none.
func (m Made) ID(kind, name string) id.ID {
	for _, c := range m.Changes {
		if c.Kind == kind && c.Name == name {
			return c.ID
		}
	}
	return 0
}
