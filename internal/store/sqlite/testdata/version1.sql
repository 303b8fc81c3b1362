-- A database of version 1, with a month-plan resource whose first period alone was charged.
-- The schema of docket. Types are those PostgreSQL has too: integers, text, blobs.
-- Instants are microseconds since 1970, UTC, and days are days since then; an
-- instant or a day that may be absent is null. Amounts are millionths, prices
-- 10⁻¹⁰. An id that may be absent is 0. JSON is text, null where there is none.
-- Small numbers for states and kinds are those of codes.go; where an index names
-- one, a comment says which. An index by (x, id) is declared as (x): the rowid is in
-- it anyway, and is written twice if spelled. There are no foreign keys.

-- Small tables, set up by people.

CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE customers (
	id           INTEGER PRIMARY KEY,
	name         TEXT    NOT NULL,
	slug         TEXT    NOT NULL UNIQUE,
	number       TEXT    NOT NULL UNIQUE,
	currency     TEXT    NOT NULL,
	year_from    INTEGER NOT NULL,
	approve_over INTEGER,
	expire_after INTEGER NOT NULL, -- nanoseconds, as are deadline and sliding below
	blocked      INTEGER NOT NULL,
	archived     INTEGER NOT NULL,
	attrs        TEXT,
	foreign_id   TEXT    NOT NULL,
	rev          INTEGER NOT NULL
) STRICT;

CREATE TABLE contracts (
	customer_id INTEGER NOT NULL,
	from_day    INTEGER NOT NULL,
	to_day      INTEGER NOT NULL,
	PRIMARY KEY (customer_id, from_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL,
	name        TEXT    NOT NULL,
	slug        TEXT    NOT NULL,
	is_default  INTEGER NOT NULL,
	start_on    INTEGER,
	end_on      INTEGER,
	backend_id  TEXT    NOT NULL,
	removed_at  INTEGER,
	attrs       TEXT
) STRICT;
CREATE INDEX projects_customer ON projects (customer_id);
CREATE UNIQUE INDEX projects_slug ON projects (customer_id, slug) WHERE slug <> '';

CREATE TABLE users (
	id        INTEGER PRIMARY KEY,
	login     TEXT    NOT NULL UNIQUE,
	email     TEXT    NOT NULL,
	full_name TEXT    NOT NULL,
	home_id   INTEGER NOT NULL,
	active    INTEGER NOT NULL,
	staff     INTEGER NOT NULL,
	support   INTEGER NOT NULL,
	attrs     TEXT
) STRICT;

CREATE TABLE grants (
	id         INTEGER PRIMARY KEY,
	user_id    INTEGER NOT NULL,
	role       TEXT    NOT NULL,
	scope      TEXT    NOT NULL,
	scope_id   INTEGER NOT NULL,
	made_by    INTEGER NOT NULL,
	until      INTEGER,
	revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX grants_unrevoked ON grants (user_id, role, scope, scope_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_scope ON grants (scope, scope_id);

CREATE TABLE keys (
	id         INTEGER PRIMARY KEY,
	user_id    INTEGER NOT NULL,
	kind       TEXT    NOT NULL,
	verifier   BLOB,
	secret     BLOB,
	project_id INTEGER NOT NULL,
	read_only  INTEGER NOT NULL,
	expires_at INTEGER,
	sliding    INTEGER NOT NULL,
	epoch      INTEGER NOT NULL,
	revoked_at INTEGER
) STRICT;
CREATE INDEX keys_user ON keys (user_id);

CREATE TABLE providers (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TABLE offerings (
	id          INTEGER PRIMARY KEY,
	provider_id INTEGER NOT NULL,
	code        TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	slug        TEXT    NOT NULL,
	description TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	measure     TEXT    NOT NULL,
	fulfilment  TEXT    NOT NULL,
	consent     TEXT    NOT NULL,
	approval    TEXT    NOT NULL,
	cancel      TEXT    NOT NULL,
	charged     TEXT    NOT NULL,
	shared      INTEGER NOT NULL,
	private_to  INTEGER NOT NULL,
	for_project INTEGER NOT NULL,
	deadline    INTEGER NOT NULL,
	attrs       TEXT,
	rev         INTEGER NOT NULL,
	UNIQUE (provider_id, code)
) STRICT;

CREATE TABLE components (
	id          INTEGER PRIMARY KEY,
	offering_id INTEGER NOT NULL,
	code        TEXT    NOT NULL,
	name        TEXT    NOT NULL,
	unit        TEXT    NOT NULL,
	billing     TEXT    NOT NULL,
	stock       INTEGER NOT NULL,
	least       INTEGER,
	most        INTEGER,
	attrs       TEXT,
	UNIQUE (offering_id, code)
) STRICT;

CREATE TABLE plans (
	id            INTEGER PRIMARY KEY,
	offering_id   INTEGER NOT NULL,
	customer_id   INTEGER NOT NULL,
	code          TEXT    NOT NULL,
	name          TEXT    NOT NULL,
	unit          TEXT    NOT NULL,
	option        TEXT    NOT NULL,
	term_months   INTEGER NOT NULL,
	prepaid       INTEGER NOT NULL,
	currency      TEXT    NOT NULL,
	max_resources INTEGER NOT NULL,
	archived_at   INTEGER,
	attrs         TEXT,
	rev           INTEGER NOT NULL,
	UNIQUE (offering_id, customer_id, code)
) STRICT;

CREATE TABLE prices (
	plan_id      INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	from_day     INTEGER NOT NULL,
	once         INTEGER NOT NULL,
	each         INTEGER NOT NULL,
	amount       INTEGER NOT NULL,
	PRIMARY KEY (plan_id, component_id, from_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE limits (
	id           INTEGER PRIMARY KEY,
	scope        TEXT    NOT NULL,
	scope_id     INTEGER NOT NULL,
	customer_id  INTEGER NOT NULL,
	measure      TEXT    NOT NULL,
	offering_id  INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	period       TEXT    NOT NULL,
	value        INTEGER NOT NULL,
	rev          INTEGER NOT NULL,
	UNIQUE (scope, scope_id, customer_id, measure, offering_id, component_id, period)
) STRICT;

CREATE TABLE balances (
	limit_id   INTEGER NOT NULL,
	window_day INTEGER NOT NULL,
	used       INTEGER NOT NULL,
	held       INTEGER NOT NULL,
	PRIMARY KEY (limit_id, window_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL,
	name        TEXT    NOT NULL,
	kind        TEXT    NOT NULL,
	url         TEXT    NOT NULL,
	secret      BLOB,
	UNIQUE (customer_id, name)
) STRICT;

-- Tables without bound: each index below is one that measuring left.

CREATE TABLE orders (
	id          INTEGER PRIMARY KEY,
	type        INTEGER NOT NULL,
	state       INTEGER NOT NULL,
	outcome     INTEGER NOT NULL,
	customer_id INTEGER NOT NULL,
	project_id  INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	provider_id INTEGER NOT NULL,
	offering_id INTEGER NOT NULL,
	resource_id INTEGER NOT NULL,
	plan_id     INTEGER NOT NULL,
	ref         INTEGER NOT NULL,
	previous_id INTEGER NOT NULL,
	gates       INTEGER NOT NULL,
	periods     INTEGER NOT NULL,
	starts_on   INTEGER,
	counts_on   INTEGER NOT NULL,
	currency    TEXT    NOT NULL,
	due         INTEGER NOT NULL,
	held        INTEGER NOT NULL,
	charged     INTEGER NOT NULL,
	door        TEXT    NOT NULL,
	key_id      INTEGER NOT NULL,
	request     TEXT,
	name        TEXT    NOT NULL,
	consumer_by INTEGER NOT NULL,
	consumer_at INTEGER,
	provider_by INTEGER NOT NULL,
	provider_at INTEGER,
	began_at    INTEGER,
	ended_at    INTEGER,
	message     TEXT    NOT NULL,
	notes       TEXT,
	hidden_at   INTEGER,
	rev         INTEGER NOT NULL
) STRICT;
-- The id stands in the middle, so it is spelled: what is filtered by project or user skips inside the index.
CREATE INDEX orders_customer ON orders (customer_id, id, project_id, user_id);
CREATE INDEX orders_provider ON orders (provider_id);
CREATE INDEX orders_open ON orders (offering_id) WHERE state <= 5;   -- up to executing
CREATE INDEX orders_resource ON orders (resource_id) WHERE type > 1; -- all but creates, whose id is the resource's

-- To whom orders and resources belong and whence they come, each combination once:
-- these lead from a project or a user to the customers, and from an offering to the
-- provider, by which orders are indexed.
CREATE TABLE order_owners (
	project_id  INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	customer_id INTEGER NOT NULL,
	PRIMARY KEY (project_id, user_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_owners_user ON order_owners (user_id, customer_id);
CREATE TABLE order_sources (
	offering_id INTEGER NOT NULL,
	provider_id INTEGER NOT NULL,
	PRIMARY KEY (offering_id, provider_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (
	order_id     INTEGER NOT NULL,
	n            INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	label        TEXT    NOT NULL,
	detail       TEXT,
	before       INTEGER NOT NULL,
	quantity     INTEGER NOT NULL,
	delivered    INTEGER NOT NULL,
	once         INTEGER NOT NULL,
	each         INTEGER NOT NULL,
	due          INTEGER NOT NULL,
	charged      INTEGER NOT NULL,
	state        INTEGER NOT NULL,
	shipment     TEXT,
	replaces     TEXT    NOT NULL,
	message      TEXT    NOT NULL,
	PRIMARY KEY (order_id, n)
) STRICT, WITHOUT ROWID;

-- A customer's resources are read through orders_customer, joined by id.
CREATE TABLE resources (
	id          INTEGER PRIMARY KEY,
	customer_id INTEGER NOT NULL,
	project_id  INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	provider_id INTEGER NOT NULL,
	offering_id INTEGER NOT NULL,
	plan_id     INTEGER NOT NULL,
	ref         INTEGER NOT NULL,
	name        TEXT    NOT NULL,
	slug        TEXT    NOT NULL,
	state       INTEGER NOT NULL,
	quantities  TEXT,
	reported    TEXT,
	backend_id  TEXT    NOT NULL,
	open_order  INTEGER NOT NULL,
	paid_until  INTEGER,
	ends_on     INTEGER,
	attrs       TEXT,
	live        INTEGER NOT NULL,
	rev         INTEGER NOT NULL
) STRICT;
CREATE INDEX resources_offering ON resources (offering_id);
CREATE INDEX resources_ref ON resources (ref) WHERE ref <> 0;
CREATE UNIQUE INDEX resources_live ON resources (customer_id, name) WHERE live = 1 AND state < 6; -- not terminated

CREATE TABLE terms (
	id          INTEGER PRIMARY KEY,
	resource_id INTEGER NOT NULL,
	from_at     INTEGER NOT NULL,
	until_at    INTEGER,
	plan_id     INTEGER NOT NULL,
	quantities  TEXT,
	UNIQUE (resource_id, from_at)
) STRICT;

CREATE TABLE assets (
	id           INTEGER PRIMARY KEY,
	resource_id  INTEGER NOT NULL,
	line         INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	name         TEXT    NOT NULL,
	state        TEXT    NOT NULL,
	attrs        TEXT
) STRICT;
CREATE INDEX assets_resource ON assets (resource_id);

CREATE TABLE usages (
	id           INTEGER PRIMARY KEY,
	resource_id  INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	period       INTEGER NOT NULL,
	reported     INTEGER,
	recurring    INTEGER NOT NULL,
	quantity     INTEGER NOT NULL,
	amount       INTEGER NOT NULL,
	counts_on    INTEGER NOT NULL,
	note         TEXT    NOT NULL,
	updated_at   INTEGER NOT NULL,
	UNIQUE (resource_id, period, component_id)
) STRICT;

CREATE TABLE user_usages (
	usage_id INTEGER NOT NULL,
	username TEXT    NOT NULL,
	quantity INTEGER NOT NULL,
	PRIMARY KEY (usage_id, username)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
	subject_id   INTEGER NOT NULL,
	n            INTEGER NOT NULL,
	posting      INTEGER NOT NULL,
	kind         INTEGER NOT NULL,
	amount       INTEGER NOT NULL,
	quantity     INTEGER NOT NULL,
	component_id INTEGER NOT NULL,
	currency     TEXT    NOT NULL,
	customer_id  INTEGER NOT NULL,
	project_id   INTEGER NOT NULL,
	user_id      INTEGER NOT NULL,
	provider_id  INTEGER NOT NULL,
	offering_id  INTEGER NOT NULL,
	resource_id  INTEGER NOT NULL,
	usage_id     INTEGER NOT NULL,
	counts_on    INTEGER NOT NULL,
	at           INTEGER NOT NULL,
	made_by      INTEGER NOT NULL,
	reason       TEXT    NOT NULL,
	PRIMARY KEY (subject_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_spent ON entries (customer_id, at, component_id, amount, quantity, kind) WHERE kind >= 3; -- capture, charge, refund

CREATE TABLE events (
	pos         INTEGER PRIMARY KEY,
	at          INTEGER NOT NULL,
	kind        TEXT    NOT NULL,
	customer_id INTEGER NOT NULL,
	subject_id  INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	made_by     INTEGER NOT NULL,
	body        TEXT
) STRICT;
CREATE INDEX events_subject ON events (subject_id);

CREATE TABLE jobs (
	subject_id INTEGER NOT NULL,
	kind       TEXT    NOT NULL,
	run_at     INTEGER NOT NULL,
	attempt    INTEGER NOT NULL,
	last_error TEXT    NOT NULL,
	PRIMARY KEY (subject_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_run_at ON jobs (run_at);

-- Appended in order of time, without a key by hash: a random key is a page of its own
-- for each order. The writer keeps the hashes in memory instead.
CREATE TABLE idem (
	seq      INTEGER PRIMARY KEY,
	day      INTEGER NOT NULL,
	hash     BLOB    NOT NULL,
	body     BLOB    NOT NULL,
	about_id INTEGER NOT NULL,
	at       INTEGER NOT NULL
) STRICT;

CREATE TABLE documents (
	id          INTEGER PRIMARY KEY,
	kind        TEXT    NOT NULL,
	customer_id INTEGER NOT NULL,
	project_id  INTEGER NOT NULL,
	parent_id   INTEGER NOT NULL,
	name        TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	rev         INTEGER NOT NULL,
	body        TEXT,
	removed_at  INTEGER
) STRICT;
CREATE INDEX documents_customer ON documents (kind, customer_id);
CREATE INDEX documents_parent ON documents (parent_id) WHERE parent_id <> 0;
CREATE UNIQUE INDEX documents_name ON documents (kind, customer_id, name) WHERE name <> '' AND removed_at IS NULL;

CREATE TABLE acquisitions (
	id          INTEGER PRIMARY KEY,
	catalog_id  TEXT    NOT NULL UNIQUE,
	acquired_at INTEGER NOT NULL,
	platform    TEXT    NOT NULL,
	footprint   BLOB,
	attrs       TEXT
) STRICT;
CREATE INDEX acquisitions_acquired_at ON acquisitions (acquired_at);

CREATE TABLE tiles (
	cell           INTEGER NOT NULL,
	acquisition_id INTEGER NOT NULL,
	at             INTEGER NOT NULL,
	data           BLOB,
	outline        BLOB,
	properties     TEXT,
	PRIMARY KEY (cell, acquisition_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tiles_acquisition ON tiles (acquisition_id); -- the cell is in it

CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;
INSERT INTO schema_version (version) VALUES (1);

INSERT INTO resources (id, customer_id, project_id, user_id, provider_id, offering_id, plan_id, ref, name, slug, state, backend_id, open_order, live, rev)
VALUES (7, 1, 2, 3, 4, 5, 6, 0, 'r', 'r', 2, '', 8, 0, 1);
INSERT INTO terms (id, resource_id, from_at, until_at, plan_id, quantities) VALUES
	(20, 7, 1767225600000000, 1768435200000000, 6, '{"9":5000000}'), -- 2026-01-01 to 15
	(21, 7, 1768435200000000, NULL, 6, '{"9":8000000}');
INSERT INTO usages (id, resource_id, component_id, period, reported, recurring, quantity, amount, counts_on, note, updated_at) VALUES
	(30, 7, 10, 20454, 1000000, 0, 1000000, 10000, 20454, '', 0),  -- January 2026
	(31, 7, 10, 20423, 1000000, 0, 0, 0, 20454, '', 0);            -- December: before it began
INSERT INTO documents (id, kind, customer_id, project_id, parent_id, name, state, rev, body, removed_at) VALUES
	(40, 'waldur.account', 1, 0, 5, '5/3', 'OK', 1, '{"offering":5,"user":3,"username":"ada"}', NULL),
	(41, 'waldur.account', 1, 0, 5, '5/4', 'Requested', 1, '{"offering":5,"user":4}', NULL),
	(42, 'test.shed', 1, 0, 5, '', '', 1, '{"username":"ada"}', NULL);
