-- Charges over time. A stretch keeps the prices that its first period was promised; a
-- report says by which stretch's plan it is priced; a job that is done again and again
-- says until when it has been done.
ALTER TABLE terms ADD COLUMN once TEXT;
ALTER TABLE terms ADD COLUMN each TEXT;
ALTER TABLE usages ADD COLUMN term_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN since INTEGER;

-- What was reported was priced by the latest stretch that overlaps its month.
UPDATE usages SET term_id = coalesce((
	SELECT t.id FROM terms t
	WHERE t.resource_id = usages.resource_id
		AND t.from_at < unixepoch(usages.period * 86400, 'unixepoch', '+1 month') * 1000000
		AND (t.until_at IS NULL OR t.until_at > usages.period * 86400000000)
	ORDER BY t.from_at DESC LIMIT 1), 0)
WHERE reported IS NOT NULL;

-- An open update of a resource whose plan stays pays nothing ahead (2: update; 5 is the last open state).
UPDATE orders SET periods = 0
WHERE type = 2 AND state <= 5 AND plan_id = (SELECT r.plan_id FROM resources r WHERE r.id = orders.resource_id);

-- Until now orders alone were charged for: what has run since is charged from the first stretch on, as the
-- job has never been done.
INSERT INTO jobs (subject_id, kind, run_at, attempt, last_error)
SELECT DISTINCT resource_id, 'bill', 0, 0, '' FROM terms;
