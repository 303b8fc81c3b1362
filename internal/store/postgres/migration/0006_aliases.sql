-- A document is found beside its parent by an alias: whether an account's username is taken is a look into an index.
ALTER TABLE documents ADD COLUMN alias TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE documents SET alias = coalesce(body::jsonb ->> 'username', '') WHERE kind = 'waldur.account';
CREATE INDEX documents_alias ON documents (parent_id, alias, id) WHERE alias <> '';
