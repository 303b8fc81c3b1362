package record

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

var customers = newTable("customers", 1,
	"id, name, slug, number, currency, year_from, approve_over, expire_after, blocked, archived, attrs, foreign_id, rev",
	func(f *Fields, c *tenant.Customer) {
		num(f, &c.ID)
		text(f, &c.Name)
		text(f, &c.Slug)
		text(f, &c.Number)
		text(f, &c.Currency)
		num(f, &c.YearFrom)
		opt(f, &c.ApproveOver)
		num(f, &c.ExpireAfter)
		flag(f, &c.Blocked)
		flag(f, &c.Archived)
		raw(f, &c.Attrs)
		text(f, &c.ForeignID)
		num(f, &c.Rev)
	})

var customerByID = customers.where("WHERE id = ?1")

func (r *Reader) Customer(i id.ID) (tenant.Customer, error) {
	return customerByID.byID(r, "customer", i)
}

func (r *Reader) Customers(q core.CustomerQuery) ([]tenant.Customer, error) {
	var w where
	in(&w, "c.id", q.IDs)
	w.text("c.slug", q.Slug)
	w.text("c.number", q.Number)
	w.text("c.name", q.Name)
	w.contains(q.Words, "c.name", "c.slug", "c.number")
	w.yes("c.archived", q.Archived)
	return list(r, customers, "c", "customers c", &w, q.Page, sorting{id: "c.id"})
}

func (tx *Tx) PutCustomer(c tenant.Customer) error {
	return putRev(tx, customers, &c, &c.Rev, core.Ref{Kind: "customer", ID: c.ID})
}

var contracts = newTable("contracts", 2, "customer_id, from_day, to_day", func(f *Fields, c *tenant.Contract) {
	num(f, &c.Customer)
	num(f, &c.From)
	num(f, &c.To)
})

var (
	contractsOf     = contracts.where("WHERE customer_id = ?1 ORDER BY from_day")
	contractsOfMany = contracts.where("WHERE customer_id = ANY (?1) ORDER BY from_day")
)

func (r *Reader) Contracts(customer id.ID) ([]tenant.Contract, error) {
	return contractsOf.all(r, num64(customer))
}

func (tx *Tx) PutContract(c tenant.Contract) error { return put(tx, contracts, &c) }

var projects = newTable("projects", 1, "id, customer_id, name, slug, is_default, start_on, end_on, backend_id, removed_at, attrs, changed_at",
	func(f *Fields, p *tenant.Project) {
		num(f, &p.ID)
		num(f, &p.Customer)
		text(f, &p.Name)
		text(f, &p.Slug)
		flag(f, &p.Default)
		opt(f, &p.StartOn)
		opt(f, &p.EndOn)
		text(f, &p.BackendID)
		optAt(f, &p.RemovedAt)
		raw(f, &p.Attrs)
		since(f, &p.ChangedAt)
	})

var projectByID = projects.where("WHERE id = ?1")

func (r *Reader) Project(i id.ID) (tenant.Project, error) { return projectByID.byID(r, "project", i) }

func (r *Reader) Projects(q core.ProjectQuery) ([]tenant.Project, error) {
	var w where
	in(&w, "p.id", q.IDs)
	in(&w, "p.customer_id", q.Customers)
	w.sight(q.Any, owners{customer: "p.customer_id", project: "p.id"})
	w.text("p.name", q.Name)
	w.text("p.slug", q.Slug)
	w.contains(q.Words, "p.name", "p.slug")
	w.text("p.backend_id", q.BackendID)
	if q.Default {
		w.and("p.is_default = 1")
	}
	switch {
	case q.IncludeWithRemoved:
	case q.Removed:
		w.and("p.removed_at IS NOT NULL")
	default:
		w.and("p.removed_at IS NULL")
	}
	return list(r, projects, "p", "projects p", &w, q.Page, sorting{id: "p.id"})
}

func (tx *Tx) PutProject(p tenant.Project) error { return put(tx, projects, &p) }

var users = newTable("users", 1, "id, login, email, full_name, home_id, active, staff, support, attrs, changed_at", func(f *Fields, u *tenant.User) {
	num(f, &u.ID)
	text(f, &u.Login)
	text(f, &u.Email)
	text(f, &u.FullName)
	num(f, &u.Home)
	flag(f, &u.Active)
	flag(f, &u.Staff)
	flag(f, &u.Support)
	raw(f, &u.Attrs)
	since(f, &u.ChangedAt)
})

var (
	userByID    = users.where("WHERE id = ?1")
	userByLogin = users.where("WHERE login = ?1")
)

func (r *Reader) User(i id.ID) (tenant.User, error) { return userByID.byID(r, "user", i) }

func (r *Reader) UserByLogin(login string) (tenant.User, error) {
	return userByLogin.one(r, "user", 0, str(login))
}

func (r *Reader) Users(q core.UserQuery) ([]tenant.User, error) {
	var w where
	in(&w, "u.id", q.IDs)
	w.text("u.login", q.Login)
	w.contains(q.Words, "u.login", "u.full_name", "u.email")
	w.text("u.email", q.Email)
	is(&w, "u.home_id", q.Home)
	w.yes("u.active", q.Active)
	return list(r, users, "u", "users u", &w, q.Page, sorting{id: "u.id"})
}

func (tx *Tx) PutUser(u tenant.User) error { return put(tx, users, &u) }

var grants = newTable("grants", 1, "id, user_id, role, scope, scope_id, made_by, until, revoked_at, changed_at", func(f *Fields, g *tenant.Grant) {
	num(f, &g.ID)
	num(f, &g.User)
	text(f, &g.Role)
	text(f, &g.Scope)
	num(f, &g.ScopeID)
	num(f, &g.By)
	optAt(f, &g.Until)
	optAt(f, &g.RevokedAt)
	since(f, &g.ChangedAt)
})

func (r *Reader) Grants(q core.GrantQuery) ([]tenant.Grant, error) {
	var w where
	in(&w, "g.user_id", q.Users)
	w.text("g.scope", string(q.Scope))
	in(&w, "g.scope_id", q.ScopeIDs)
	if !q.All {
		w.and("g.revoked_at IS NULL")
		w.and("(g.until IS NULL OR g.until > ?)", num64(r.Now().UnixMicro()))
	}
	return shaped(r, grants, "g", "grants g", &w, " ORDER BY g.id")
}

func (tx *Tx) PutGrant(g tenant.Grant) error { return put(tx, grants, &g) }

var keys = newTable("keys", 1, "id, user_id, kind, verifier, secret, project_id, read_only, expires_at, sliding, epoch, revoked_at",
	func(f *Fields, k *tenant.Key) {
		num(f, &k.ID)
		num(f, &k.User)
		text(f, &k.Kind)
		blob(f, &k.Verifier)
		blob(f, &k.Secret)
		num(f, &k.Project)
		flag(f, &k.ReadOnly)
		optAt(f, &k.ExpiresAt)
		num(f, &k.Sliding)
		num(f, &k.Epoch)
		optAt(f, &k.RevokedAt)
	})

var (
	keyByID    = keys.guard("WHERE id = ?1")
	keysOfUser = keys.where("WHERE user_id = ?1 ORDER BY id")
)

func (r *Reader) Key(i id.ID) (tenant.Key, error)       { return keyByID.byID(r, "key", i) }
func (r *Reader) Keys(user id.ID) ([]tenant.Key, error) { return keysOfUser.all(r, num64(user)) }
func (tx *Tx) PutKey(k tenant.Key) error                { return put(tx, keys, &k) }

var providers = newTable("providers", 1, "id, customer_id", func(f *Fields, p *tenant.Provider) {
	num(f, &p.ID)
	num(f, &p.Customer)
})

var (
	providerByID = providers.where("WHERE id = ?1")
	allProviders = providers.where("ORDER BY id")
)

func (r *Reader) Provider(i id.ID) (tenant.Provider, error) {
	return providerByID.byID(r, "provider", i)
}
func (r *Reader) Providers() ([]tenant.Provider, error) { return allProviders.all(r) }
func (tx *Tx) PutProvider(p tenant.Provider) error      { return put(tx, providers, &p) }
