// Package tenant holds who pays, who asks and what they may do: customers,
// projects, users, keys, roles. It decides rights from grants alone; which right
// an act needs is said by the lifecycle table and the core.
package tenant

import (
	"encoding/json"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// Customer is who pays.
type Customer struct {
	ID          id.ID
	Name        string
	Slug        string         // unique
	Number      string         // 12 digits, unique, made once at random
	Currency    money.Currency // fixed once it has an entry
	YearFrom    day.Day        // anchor of limits' years
	ApproveOver *money.Micro   // an owner must approve an order that is due more
	ExpireAfter time.Duration  // a pending order older than this expires; 0: never
	Blocked     bool
	Archived    bool
	Attrs       json.RawMessage
	ForeignID   string
	Rev         int64
}

// Contract is a span of days that `contract` limits count in. Contracts of one
// customer do not overlap; To is exclusive.
type Contract struct {
	Customer id.ID
	From, To day.Day
}

// Project is what an order is for.
type Project struct {
	ID        id.ID
	Customer  id.ID
	Name      string
	Slug      string
	Default   bool // one per customer: what doors without projects order for
	StartOn   *day.Day
	EndOn     *day.Day
	BackendID string
	RemovedAt *time.Time
	Attrs     json.RawMessage
	ChangedAt time.Time // zero: not since it was made
}

// Changed is when the project last changed.
func (p Project) Changed() time.Time { return p.ID.Since(p.ChangedAt) }

// User is a person or a program.
type User struct {
	ID        id.ID
	Login     string // unique
	Email     string
	FullName  string
	Home      id.ID // the customer that doors without a choice act for; 0: none
	Active    bool
	Staff     bool
	Support   bool
	Attrs     json.RawMessage
	ChangedAt time.Time // zero: not since it was made
}

// Changed is when the user last changed.
func (u User) Changed() time.Time { return u.ID.Since(u.ChangedAt) }

// Scope is what a grant or a limit stands on.
type Scope string

// The scopes. Only limits stand on users and resources.
const (
	OnCustomer Scope = "customer"
	OnProject  Scope = "project"
	OnOffering Scope = "offering"
	OnUser     Scope = "user"
	OnResource Scope = "resource"
)

// Grant gives a user a role in one customer, project or offering.
type Grant struct {
	ID        id.ID
	User      id.ID
	Role      Role
	Scope     Scope
	ScopeID   id.ID
	By        id.ID
	Until     *time.Time
	RevokedAt *time.Time
	ChangedAt time.Time // zero: not since it was given
}

// Changed is when the grant last changed.
func (g Grant) Changed() time.Time { return g.ID.Since(g.ChangedAt) }

// Live reports whether the grant counts at an instant.
func (g Grant) Live(at time.Time) bool {
	return g.RevokedAt == nil && (g.Until == nil || at.Before(*g.Until))
}

// KeyKind is what a key is.
type KeyKind string

// A password is kept as an argon2id hash, a token as its SHA-256, a pair's
// secret sealed under the master key.
const (
	Password KeyKind = "password"
	Token    KeyKind = "token"
	Pair     KeyKind = "pair"
)

// Key lets a user in.
type Key struct {
	ID        id.ID
	User      id.ID
	Kind      KeyKind
	Verifier  []byte // password: encoded argon2id; token: SHA-256
	Secret    []byte // pair: sealed
	Project   id.ID  // narrowed to this project; 0: not narrowed
	ReadOnly  bool
	ExpiresAt *time.Time
	Sliding   time.Duration // each use moves ExpiresAt this far ahead; 0: it does not move
	Epoch     int64         // signed tokens name it: revoking all of them adds one
	RevokedAt *time.Time
}

// Live reports whether the key opens anything at an instant.
func (k Key) Live(at time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || at.Before(*k.ExpiresAt))
}

// Provider is a customer that delivers.
type Provider struct {
	ID       id.ID
	Customer id.ID // unique
}
