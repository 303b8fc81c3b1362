-- The schema of docket: the tables, columns and keys of the SQLite store's migration of
-- the same number, where the comments on them stand; here is what differs. Types are as
-- small as their values; text sorts by its bytes; an index by x that is read in order of
-- id spells the id, which a rowid is in SQLite. idem has its key, for no process
-- remembers all of it. Tables that only several processes need stand at the end.

-- Small tables, set up by people.

CREATE TABLE meta (
	name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE customers (
	id           BIGINT PRIMARY KEY,
	name         TEXT COLLATE "C" NOT NULL,
	slug         TEXT COLLATE "C" NOT NULL UNIQUE,
	number       TEXT COLLATE "C" NOT NULL UNIQUE,
	currency     TEXT COLLATE "C" NOT NULL,
	year_from    INTEGER NOT NULL,
	approve_over BIGINT,
	expire_after BIGINT NOT NULL,
	blocked      SMALLINT NOT NULL,
	archived     SMALLINT NOT NULL,
	attrs        TEXT COLLATE "C",
	foreign_id   TEXT COLLATE "C" NOT NULL,
	rev          BIGINT NOT NULL
);

CREATE TABLE contracts (
	customer_id BIGINT NOT NULL,
	from_day    INTEGER NOT NULL,
	to_day      INTEGER NOT NULL,
	PRIMARY KEY (customer_id, from_day)
);

CREATE TABLE projects (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	slug        TEXT COLLATE "C" NOT NULL,
	is_default  SMALLINT NOT NULL,
	start_on    INTEGER,
	end_on      INTEGER,
	backend_id  TEXT COLLATE "C" NOT NULL,
	removed_at  BIGINT,
	attrs       TEXT COLLATE "C"
);
CREATE INDEX projects_customer ON projects (customer_id, id);
CREATE UNIQUE INDEX projects_slug ON projects (customer_id, slug) WHERE slug <> '';

CREATE TABLE users (
	id        BIGINT PRIMARY KEY,
	login     TEXT COLLATE "C" NOT NULL UNIQUE,
	email     TEXT COLLATE "C" NOT NULL,
	full_name TEXT COLLATE "C" NOT NULL,
	home_id   BIGINT NOT NULL,
	active    SMALLINT NOT NULL,
	staff     SMALLINT NOT NULL,
	support   SMALLINT NOT NULL,
	attrs     TEXT COLLATE "C"
);

CREATE TABLE grants (
	id         BIGINT PRIMARY KEY,
	user_id    BIGINT NOT NULL,
	role       TEXT COLLATE "C" NOT NULL,
	scope      TEXT COLLATE "C" NOT NULL,
	scope_id   BIGINT NOT NULL,
	made_by    BIGINT NOT NULL,
	until      BIGINT,
	revoked_at BIGINT
);
CREATE UNIQUE INDEX grants_unrevoked ON grants (user_id, role, scope, scope_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_user ON grants (user_id, id);
CREATE INDEX grants_scope ON grants (scope, scope_id);

CREATE TABLE keys (
	id         BIGINT PRIMARY KEY,
	user_id    BIGINT NOT NULL,
	kind       TEXT COLLATE "C" NOT NULL,
	verifier   BYTEA,
	secret     BYTEA,
	project_id BIGINT NOT NULL,
	read_only  SMALLINT NOT NULL,
	expires_at BIGINT,
	sliding    BIGINT NOT NULL,
	epoch      BIGINT NOT NULL,
	revoked_at BIGINT
);
CREATE INDEX keys_user ON keys (user_id, id);

CREATE TABLE providers (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL UNIQUE
);

CREATE TABLE offerings (
	id          BIGINT PRIMARY KEY,
	provider_id BIGINT NOT NULL,
	code        TEXT COLLATE "C" NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	slug        TEXT COLLATE "C" NOT NULL,
	description TEXT COLLATE "C" NOT NULL,
	state       TEXT COLLATE "C" NOT NULL,
	measure     TEXT COLLATE "C" NOT NULL,
	fulfilment  TEXT COLLATE "C" NOT NULL,
	consent     TEXT COLLATE "C" NOT NULL,
	approval    TEXT COLLATE "C" NOT NULL,
	cancel      TEXT COLLATE "C" NOT NULL,
	charged     TEXT COLLATE "C" NOT NULL,
	shared      SMALLINT NOT NULL,
	private_to  BIGINT NOT NULL,
	for_project BIGINT NOT NULL,
	deadline    BIGINT NOT NULL,
	attrs       TEXT COLLATE "C",
	rev         BIGINT NOT NULL,
	UNIQUE (provider_id, code)
);

CREATE TABLE components (
	id          BIGINT PRIMARY KEY,
	offering_id BIGINT NOT NULL,
	code        TEXT COLLATE "C" NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	unit        TEXT COLLATE "C" NOT NULL,
	billing     TEXT COLLATE "C" NOT NULL,
	stock       SMALLINT NOT NULL,
	least       BIGINT,
	most        BIGINT,
	attrs       TEXT COLLATE "C",
	UNIQUE (offering_id, code)
);

CREATE TABLE plans (
	id            BIGINT PRIMARY KEY,
	offering_id   BIGINT NOT NULL,
	customer_id   BIGINT NOT NULL,
	code          TEXT COLLATE "C" NOT NULL,
	name          TEXT COLLATE "C" NOT NULL,
	unit          TEXT COLLATE "C" NOT NULL,
	option        TEXT COLLATE "C" NOT NULL,
	term_months   BIGINT NOT NULL,
	prepaid       SMALLINT NOT NULL,
	currency      TEXT COLLATE "C" NOT NULL,
	max_resources BIGINT NOT NULL,
	archived_at   BIGINT,
	attrs         TEXT COLLATE "C",
	rev           BIGINT NOT NULL,
	UNIQUE (offering_id, customer_id, code)
);

CREATE TABLE prices (
	plan_id      BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	from_day     INTEGER NOT NULL,
	once         BIGINT NOT NULL,
	each         BIGINT NOT NULL,
	amount       BIGINT NOT NULL,
	PRIMARY KEY (plan_id, component_id, from_day)
);

CREATE TABLE limits (
	id           BIGINT PRIMARY KEY,
	scope        TEXT COLLATE "C" NOT NULL,
	scope_id     BIGINT NOT NULL,
	customer_id  BIGINT NOT NULL,
	measure      TEXT COLLATE "C" NOT NULL,
	offering_id  BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	period       TEXT COLLATE "C" NOT NULL,
	value        BIGINT NOT NULL,
	rev          BIGINT NOT NULL,
	UNIQUE (scope, scope_id, customer_id, measure, offering_id, component_id, period)
);

CREATE TABLE balances (
	limit_id   BIGINT NOT NULL,
	window_day INTEGER NOT NULL,
	used       BIGINT NOT NULL,
	held       BIGINT NOT NULL,
	PRIMARY KEY (limit_id, window_day)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000); -- a hot one is updated by every batch

CREATE TABLE buckets (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	kind        TEXT COLLATE "C" NOT NULL,
	url         TEXT COLLATE "C" NOT NULL,
	secret      BYTEA,
	UNIQUE (customer_id, name)
);

-- Tables without bound: each index below is one that measuring left.

CREATE TABLE orders (
	id          BIGINT PRIMARY KEY,
	type        SMALLINT NOT NULL,
	state       SMALLINT NOT NULL,
	outcome     SMALLINT NOT NULL,
	customer_id BIGINT NOT NULL,
	project_id  BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	provider_id BIGINT NOT NULL,
	offering_id BIGINT NOT NULL,
	resource_id BIGINT NOT NULL,
	plan_id     BIGINT NOT NULL,
	ref         BIGINT NOT NULL,
	previous_id BIGINT NOT NULL,
	gates       INTEGER NOT NULL,
	periods     BIGINT NOT NULL,
	starts_on   INTEGER,
	counts_on   INTEGER NOT NULL,
	currency    TEXT COLLATE "C" NOT NULL,
	due         BIGINT NOT NULL,
	held        BIGINT NOT NULL,
	charged     BIGINT NOT NULL,
	door        TEXT COLLATE "C" NOT NULL,
	key_id      BIGINT NOT NULL,
	request     TEXT COLLATE "C",
	name        TEXT COLLATE "C" NOT NULL,
	consumer_by BIGINT NOT NULL,
	consumer_at BIGINT,
	provider_by BIGINT NOT NULL,
	provider_at BIGINT,
	began_at    BIGINT,
	ended_at    BIGINT,
	message     TEXT COLLATE "C" NOT NULL,
	notes       TEXT COLLATE "C",
	hidden_at   BIGINT,
	rev         BIGINT NOT NULL
);
CREATE INDEX orders_customer ON orders (customer_id, id, project_id, user_id);
CREATE INDEX orders_provider ON orders (provider_id, id);
CREATE INDEX orders_open ON orders (offering_id, id) WHERE state <= 5;
CREATE INDEX orders_resource ON orders (resource_id, id) WHERE type > 1;

CREATE TABLE order_owners (
	project_id  BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	customer_id BIGINT NOT NULL,
	PRIMARY KEY (project_id, user_id, customer_id)
);
CREATE INDEX order_owners_user ON order_owners (user_id, customer_id);
CREATE TABLE order_sources (
	offering_id BIGINT NOT NULL,
	provider_id BIGINT NOT NULL,
	PRIMARY KEY (offering_id, provider_id)
);

CREATE TABLE lines (
	order_id     BIGINT NOT NULL,
	n            BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	label        TEXT COLLATE "C" NOT NULL,
	detail       TEXT COLLATE "C",
	before       BIGINT NOT NULL,
	quantity     BIGINT NOT NULL,
	delivered    BIGINT NOT NULL,
	once         BIGINT NOT NULL,
	each         BIGINT NOT NULL,
	due          BIGINT NOT NULL,
	charged      BIGINT NOT NULL,
	state        SMALLINT NOT NULL,
	shipment     TEXT COLLATE "C",
	replaces     TEXT COLLATE "C" NOT NULL,
	message      TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (order_id, n)
);

CREATE TABLE resources (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL,
	project_id  BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	provider_id BIGINT NOT NULL,
	offering_id BIGINT NOT NULL,
	plan_id     BIGINT NOT NULL,
	ref         BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	slug        TEXT COLLATE "C" NOT NULL,
	state       SMALLINT NOT NULL,
	quantities  TEXT COLLATE "C",
	reported    TEXT COLLATE "C",
	backend_id  TEXT COLLATE "C" NOT NULL,
	open_order  BIGINT NOT NULL,
	paid_until  BIGINT,
	ends_on     INTEGER,
	attrs       TEXT COLLATE "C",
	live        SMALLINT NOT NULL,
	rev         BIGINT NOT NULL
);
CREATE INDEX resources_offering ON resources (offering_id, id);
CREATE INDEX resources_ref ON resources (ref) WHERE ref <> 0;
CREATE UNIQUE INDEX resources_live ON resources (customer_id, name) WHERE live = 1 AND state < 6;

CREATE TABLE terms (
	id          BIGINT PRIMARY KEY,
	resource_id BIGINT NOT NULL,
	from_at     BIGINT NOT NULL,
	until_at    BIGINT,
	plan_id     BIGINT NOT NULL,
	quantities  TEXT COLLATE "C",
	UNIQUE (resource_id, from_at)
);

CREATE TABLE assets (
	id           BIGINT PRIMARY KEY,
	resource_id  BIGINT NOT NULL,
	line         BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	name         TEXT COLLATE "C" NOT NULL,
	state        TEXT COLLATE "C" NOT NULL,
	attrs        TEXT COLLATE "C"
);
CREATE INDEX assets_resource ON assets (resource_id, id);

CREATE TABLE usages (
	id           BIGINT PRIMARY KEY,
	resource_id  BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	period       INTEGER NOT NULL,
	reported     BIGINT,
	recurring    SMALLINT NOT NULL,
	quantity     BIGINT NOT NULL,
	amount       BIGINT NOT NULL,
	counts_on    INTEGER NOT NULL,
	note         TEXT COLLATE "C" NOT NULL,
	updated_at   BIGINT NOT NULL,
	UNIQUE (resource_id, period, component_id)
);

CREATE TABLE user_usages (
	usage_id BIGINT NOT NULL,
	username TEXT COLLATE "C" NOT NULL,
	quantity BIGINT NOT NULL,
	PRIMARY KEY (usage_id, username)
);

CREATE TABLE entries (
	subject_id   BIGINT NOT NULL,
	n            BIGINT NOT NULL,
	posting      BIGINT NOT NULL,
	kind         SMALLINT NOT NULL,
	amount       BIGINT NOT NULL,
	quantity     BIGINT NOT NULL,
	component_id BIGINT NOT NULL,
	currency     TEXT COLLATE "C" NOT NULL,
	customer_id  BIGINT NOT NULL,
	project_id   BIGINT NOT NULL,
	user_id      BIGINT NOT NULL,
	provider_id  BIGINT NOT NULL,
	offering_id  BIGINT NOT NULL,
	resource_id  BIGINT NOT NULL,
	usage_id     BIGINT NOT NULL,
	counts_on    INTEGER NOT NULL,
	at           BIGINT NOT NULL,
	made_by      BIGINT NOT NULL,
	reason       TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (subject_id, n)
);
CREATE INDEX entries_spent ON entries (customer_id, at, component_id, amount, quantity, kind) WHERE kind >= 3;

CREATE TABLE events (
	pos         BIGINT PRIMARY KEY,
	at          BIGINT NOT NULL,
	kind        TEXT COLLATE "C" NOT NULL,
	customer_id BIGINT NOT NULL,
	subject_id  BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	made_by     BIGINT NOT NULL,
	body        TEXT COLLATE "C"
);
CREATE INDEX events_subject ON events (subject_id, pos);

CREATE TABLE jobs (
	subject_id BIGINT NOT NULL,
	kind       TEXT COLLATE "C" NOT NULL,
	run_at     BIGINT NOT NULL,
	attempt    BIGINT NOT NULL,
	last_error TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (subject_id, kind)
);
CREATE INDEX jobs_run_at ON jobs (run_at);

CREATE TABLE idem (
	day      INTEGER NOT NULL,
	hash     BYTEA NOT NULL,
	body     BYTEA NOT NULL,
	about_id BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (day, hash)
);

CREATE TABLE documents (
	id          BIGINT PRIMARY KEY,
	kind        TEXT COLLATE "C" NOT NULL,
	customer_id BIGINT NOT NULL,
	project_id  BIGINT NOT NULL,
	parent_id   BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	state       TEXT COLLATE "C" NOT NULL,
	rev         BIGINT NOT NULL,
	body        TEXT COLLATE "C",
	removed_at  BIGINT
);
CREATE INDEX documents_customer ON documents (kind, customer_id, id);
CREATE INDEX documents_parent ON documents (parent_id, id) WHERE parent_id <> 0;
CREATE UNIQUE INDEX documents_name ON documents (kind, customer_id, name) WHERE name <> '' AND removed_at IS NULL;

CREATE TABLE acquisitions (
	id          BIGINT PRIMARY KEY,
	catalog_id  TEXT COLLATE "C" NOT NULL UNIQUE,
	acquired_at BIGINT NOT NULL,
	platform    TEXT COLLATE "C" NOT NULL,
	footprint   BYTEA,
	attrs       TEXT COLLATE "C"
);
CREATE INDEX acquisitions_acquired_at ON acquisitions (acquired_at);

CREATE TABLE tiles (
	cell           BIGINT NOT NULL,
	acquisition_id BIGINT NOT NULL,
	at             BIGINT NOT NULL,
	data           BYTEA,
	outline        BYTEA,
	properties     TEXT COLLATE "C",
	PRIMARY KEY (cell, acquisition_id)
);
CREATE INDEX tiles_acquisition ON tiles (acquisition_id, cell);

-- What the processes that share this database need of each other.

-- A row of each transaction that wrote. Whose outcome is unknown is settled by who
-- inserts the row first: see outcome.go. Dropped after a day.
CREATE TABLE batches (
	id   BIGINT PRIMARY KEY,
	done SMALLINT NOT NULL
);

-- The numbers that ids are told apart by, each leased to one process. floor: no id below
-- it may be drawn again under this number.
CREATE TABLE nodes (
	number INTEGER PRIMARY KEY,
	holder TEXT COLLATE "C" NOT NULL,
	until  BIGINT NOT NULL,
	floor  BIGINT NOT NULL
);
INSERT INTO nodes (number, holder, until, floor) SELECT n, '', 0, 0 FROM generate_series(0, 255) AS n;

-- One row: its number moves with every commit that changes what processes keep of the
-- small tables in memory.
CREATE TABLE shelf (
	id  INTEGER PRIMARY KEY,
	rev BIGINT NOT NULL
);
INSERT INTO shelf (id, rev) VALUES (1, 1);

-- Lower case in every script, whatever the database's own locale.
CREATE FUNCTION fold(t TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT lower(t COLLATE "und-x-icu") COLLATE "C"';
